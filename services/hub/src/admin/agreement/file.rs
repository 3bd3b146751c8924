//! An agreement as a person writes it down.

use std::path::Path;

use anyhow::{Context as _, bail};
use mash_domain::{
    agreement::{AgreementKind, Frequency, PartyRole},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{sharing::v1 as wire, r#type::v1 as common};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: String,
    title: String,
    #[serde(default)]
    title_cy: String,
    reference: String,
    valid_from: String,
    valid_until: String,
    #[serde(default)]
    supersedes: String,
    #[serde(default)]
    party: Vec<Party>,
    #[serde(default)]
    clause: Vec<Clause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Party {
    organisation: String,
    role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clause {
    id: String,
    flow: String,
    #[serde(default)]
    purpose: String,
    classes: Vec<String>,
    frequency: String,
    from: Vec<String>,
    to: Vec<String>,
    bases: Vec<String>,
}

/// Reads a file. Flows, classes and bases are left for the hub to judge, which tells every fault at once.
pub(super) fn read(path: &Path) -> anyhow::Result<wire::AgreementTerms> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

pub(super) fn parse(text: &str) -> anyhow::Result<wire::AgreementTerms> {
    let file: File = toml::from_str(text)?;
    let kind = one_of(&file.kind, AgreementKind::ALL, AgreementKind::word).context("kind")?;
    let parties = file.party.iter().enumerate();
    let parties =
        parties.map(|(index, one)| party(one).with_context(|| format!("party {}", index + 1)));
    let clauses = file.clause.into_iter().map(|one| {
        let named = format!("clause {}", one.id);
        clause(one).context(named)
    });
    Ok(wire::AgreementTerms {
        kind: wire::AgreementKind::from(kind).into(),
        title: file.title,
        title_cy: file.title_cy,
        reference: file.reference,
        parties: parties.collect::<anyhow::Result<_>>()?,
        clauses: clauses.collect::<anyhow::Result<_>>()?,
        valid_from: Some(day(&file.valid_from).context("valid_from")?),
        valid_until: Some(day(&file.valid_until).context("valid_until")?),
        supersedes: file.supersedes,
    })
}

/// The value that a word stands for; the error lists the words there are.
pub(super) fn one_of<T: Copy>(
    word: &str,
    all: &[T],
    of: fn(T) -> &'static str,
) -> anyhow::Result<T> {
    let found = all.iter().copied().find(|known| of(*known) == word);
    found.with_context(|| {
        let words: Vec<&str> = all.iter().map(|known| of(*known)).collect();
        format!("`{word}` is none of {}", words.join(", "))
    })
}

fn party(party: &Party) -> anyhow::Result<wire::AgreementParty> {
    let text = &party.organisation;
    let organisation: OrganisationId =
        text.parse().with_context(|| format!("`{text}` is no organisation such as police/62"))?;
    let role = one_of(&party.role, PartyRole::ALL, PartyRole::word)?;
    let role = wire::AgreementPartyRole::from(role).into();
    Ok(wire::AgreementParty { organisation: Some((&organisation).into()), role })
}

fn clause(clause: Clause) -> anyhow::Result<wire::AgreementClause> {
    let Clause { id, flow, purpose, classes, frequency, from, to, bases } = clause;
    let frequency = one_of(&frequency, Frequency::ALL, Frequency::word)?;
    let classes: anyhow::Result<Vec<i32>> = classes.iter().map(|class| number(class)).collect();
    Ok(wire::AgreementClause {
        id,
        flow,
        data_classes: classes?,
        frequency: wire::AgreementFrequency::from(frequency).into(),
        from: side(&from).context("from")?,
        to: side(&to).context("to")?,
        basis_codes: bases,
        purpose,
    })
}

/// `F5`.
fn number(class: &str) -> anyhow::Result<i32> {
    let number = class.strip_prefix('F').and_then(|number| number.parse().ok());
    number.with_context(|| format!("`{class}` is no class of data such as F5"))
}

fn side(side: &[String]) -> anyhow::Result<Vec<wire::PartySelector>> {
    side.iter().map(|one| selector(one)).collect()
}

/// A party, or a kind of organisation.
fn selector(text: &str) -> anyhow::Result<wire::PartySelector> {
    use wire::party_selector::Selector;
    let kind = OrganisationKind::ALL.into_iter().find(|kind| kind.word() == text);
    let selector = match (kind, text.parse::<OrganisationId>()) {
        (Some(kind), _) => Selector::Kind(common::OrganisationKind::from(kind).into()),
        (None, Ok(organisation)) => Selector::Organisation((&organisation).into()),
        (None, Err(_)) => {
            bail!("`{text}` is no organisation such as police/62, and no kind of them")
        }
    };
    Ok(wire::PartySelector { selector: Some(selector) })
}

fn day(text: &str) -> anyhow::Result<common::Date> {
    let day: jiff::civil::Date =
        text.parse().with_context(|| format!("`{text}` is no day such as 2026-11-01"))?;
    Ok(day.into())
}

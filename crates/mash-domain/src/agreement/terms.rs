//! What is agreed: parties, clauses and days, checked once and never changed.

use std::{cmp::Ordering, collections::BTreeSet, fmt};

use jiff::civil::Date;

use super::{AgreementId, AgreementKind, BasisCode, Frequency, PartyRole};
use crate::{
    data_class::ClassSet,
    organisation::{OrganisationId, OrganisationKind},
    sharing::Flow,
};

/// At most so many parties.
const MAX_PARTIES: usize = 64;
/// At most so many clauses.
const MAX_CLAUSES: usize = 64;
/// At most so many selectors on one side of a clause.
const MAX_SELECTORS: usize = 64;
/// At most so many lawful bases for a clause.
const MAX_BASES: usize = 12;
/// At most so many characters in a title.
const MAX_TITLE: usize = 160;
/// At most so many characters in a reference.
const MAX_REFERENCE: usize = 64;
/// Nothing is agreed for longer than this without somebody looking at it again.
const MAX_YEARS: i16 = 10;

/// A party, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// Which organisation.
    pub organisation: OrganisationId,
    /// What it does.
    pub role: PartyRole,
}

/// Some of the parties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// Every party of this kind.
    Kind(OrganisationKind),
    /// This one.
    One(OrganisationId),
}

impl Selector {
    fn fits(&self, organisation: &OrganisationId) -> bool {
        match self {
            Self::Kind(kind) => organisation.kind() == *kind,
            Self::One(one) => one == organisation,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => formatter.write_str(kind.word()),
            Self::One(organisation) => fmt::Display::fmt(organisation, formatter),
        }
    }
}

/// The number of a clause, such as `4.2`: one to four numbers of up to three digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClauseId(String);

impl ClauseId {
    /// A clause of this number, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let number = |part: &&str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        ((1..=4).contains(&parts.len()) && parts.iter().all(number)).then(|| Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClauseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One line of the data-flow table: who gives what to whom, how often, and on what footing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number.
    pub id: ClauseId,
    /// The flow; the purpose follows from it.
    pub flow: Flow,
    /// What may go.
    pub classes: ClassSet,
    /// How often.
    pub frequency: Frequency,
    /// Which parties give.
    pub from: Vec<Selector>,
    /// Which parties receive.
    pub to: Vec<Selector>,
    /// On what footing.
    pub bases: Vec<BasisCode>,
}

/// What somebody wants to agree, not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The form.
    pub kind: AgreementKind,
    /// Its title in English.
    pub title: String,
    /// Its title in Welsh, or empty.
    pub title_cy: String,
    /// The parties' own reference.
    pub reference: String,
    /// Who.
    pub parties: Vec<Party>,
    /// What.
    pub clauses: Vec<Clause>,
    /// The first day.
    pub valid_from: Date,
    /// The last day.
    pub valid_until: Date,
    /// The agreement whose place it takes.
    pub supersedes: Option<AgreementId>,
}

/// What is agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms(Draft); // INVARIANT: without a fault; parties, sides and bases in order.

/// One thing that is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `clauses[1].from`.
    pub field: String,
    /// What.
    pub kind: FaultKind,
}

/// What can be wrong with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FaultKind {
    /// A title or reference is empty, too long, or has other characters.
    #[error("is empty, too long, or has characters that do not belong there")]
    Text,
    /// Fewer than two parties.
    #[error("an agreement has at least two parties")]
    TooFewParties,
    /// More of something than an agreement may hold.
    #[error("there are too many of these")]
    TooMany,
    /// The same one twice.
    #[error("appears twice")]
    Twice,
    /// The operator of the hub never receives content.
    #[error("the operator of the hub shares nothing and is no party")]
    Operator,
    /// Nobody gives, or nobody else receives.
    #[error("one party must disclose and another must receive")]
    OneWay,
    /// No clause.
    #[error("an agreement has at least one clause")]
    NoClause,
    /// No class of data.
    #[error("name at least one class of data")]
    NoClass,
    /// No lawful basis.
    #[error("name at least one lawful basis")]
    NoBasis,
    /// The side of a clause names nobody.
    #[error("name at least one party or kind of organisation")]
    NoSide,
    /// The side of a clause fits no party that does this.
    #[error("fits no party of this agreement with that role")]
    NoSuchParty,
    /// The last day is before the first.
    #[error("the last day is before the first")]
    Reversed,
    /// Longer than ten years.
    #[error("an agreement holds for at most ten years")]
    TooLong,
}

impl Terms {
    /// Checks a draft.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once.
    pub fn new(mut draft: Draft) -> Result<Self, Vec<Fault>> {
        let faults = Checking::all(&draft);
        if !faults.is_empty() {
            return Err(faults);
        }
        draft.parties.sort_unstable();
        for clause in &mut draft.clauses {
            clause.from.sort_unstable();
            clause.to.sort_unstable();
            clause.bases.sort_unstable();
        }
        Ok(Self(draft))
    }

    /// The form.
    #[must_use]
    pub const fn kind(&self) -> AgreementKind {
        self.0.kind
    }

    /// The title in English.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The title in Welsh, or empty.
    #[must_use]
    pub fn title_cy(&self) -> &str {
        &self.0.title_cy
    }

    /// The parties' own reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.0.reference
    }

    /// The parties, in order.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.0.parties
    }

    /// The clauses, as they were written down.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.0.clauses
    }

    /// The first day.
    #[must_use]
    pub const fn valid_from(&self) -> Date {
        self.0.valid_from
    }

    /// The last day.
    #[must_use]
    pub const fn valid_until(&self) -> Date {
        self.0.valid_until
    }

    /// The agreement whose place it takes.
    #[must_use]
    pub const fn supersedes(&self) -> Option<AgreementId> {
        self.0.supersedes
    }

    /// The party that this organisation is, if it is one.
    #[must_use]
    pub fn party(&self, organisation: &OrganisationId) -> Option<&Party> {
        self.0.parties.iter().find(|party| party.organisation == *organisation)
    }

    /// Whether the clause lets the one give to the other.
    #[must_use]
    pub fn reaches(&self, clause: &Clause, from: &OrganisationId, to: &OrganisationId) -> bool {
        let does = |organisation, role: fn(PartyRole) -> bool| {
            self.party(organisation).is_some_and(|party| role(party.role))
        };
        let fits = |side: &[Selector], organisation| side.iter().any(|one| one.fits(organisation));
        from != to
            && does(from, PartyRole::discloses)
            && does(to, PartyRole::receives)
            && fits(&clause.from, from)
            && fits(&clause.to, to)
    }

    /// The terms as bytes: the same for the same terms, different for different ones. Every part is preceded by its
    /// length, so that no two parts can run into one another. A digest of it is what parties sign.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let Draft { kind, title, title_cy, reference, parties, clauses, .. } = &self.0;
        let Draft { valid_from, valid_until, supersedes, .. } = &self.0;
        let mut out = Canonical(b"mash-agreement-1\n".to_vec());
        for text in [kind.word(), title, title_cy, reference] {
            out.text(text);
        }
        out.text(&valid_from.to_string());
        out.text(&valid_until.to_string());
        out.text(&supersedes.map_or(String::new(), |id| id.to_string()));
        out.list(parties, |out, party| {
            out.text(&party.organisation.to_string());
            out.text(party.role.word());
        });
        out.list(clauses, |out, clause| {
            out.text(clause.id.as_str());
            out.text(clause.flow.word());
            out.text(clause.frequency.word());
            out.list(&clause.classes.iter().collect::<Vec<_>>(), |out, class| {
                out.text(&class.to_string());
            });
            out.list(&clause.from, |out, side| out.text(&side.to_string()));
            out.list(&clause.to, |out, side| out.text(&side.to_string()));
            out.list(&clause.bases, |out, basis| out.text(basis.word()));
        });
        out.0
    }
}

struct Canonical(Vec<u8>);

impl Canonical {
    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        for each in items {
            item(self, each);
        }
    }

    fn length(&mut self, length: usize) {
        self.0.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// Collects what is wrong with a draft.
struct Checking<'a> {
    draft: &'a Draft,
    faults: Vec<Fault>,
}

impl<'a> Checking<'a> {
    fn all(draft: &'a Draft) -> Vec<Fault> {
        let mut checking = Self { draft, faults: Vec::new() };
        checking.texts();
        checking.parties();
        checking.clauses();
        checking.days();
        checking.faults
    }

    fn fault(&mut self, field: impl Into<String>, kind: FaultKind) {
        self.faults.push(Fault { field: field.into(), kind });
    }

    fn texts(&mut self) {
        let title =
            |text: &str| text.chars().count() <= MAX_TITLE && !text.chars().any(char::is_control);
        if self.draft.title.trim().is_empty() || !title(&self.draft.title) {
            self.fault("title", FaultKind::Text);
        }
        if !title(&self.draft.title_cy) {
            self.fault("title_cy", FaultKind::Text);
        }
        let reference = &self.draft.reference;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-. ".contains(&byte);
        let well = reference.len() <= MAX_REFERENCE && reference.bytes().all(fits);
        if reference.trim().is_empty() || !well {
            self.fault("reference", FaultKind::Text);
        }
    }

    fn parties(&mut self) {
        let parties = &self.draft.parties;
        match parties.len() {
            0 | 1 => self.fault("parties", FaultKind::TooFewParties),
            2..=MAX_PARTIES => {}
            _ => return self.fault("parties", FaultKind::TooMany),
        }
        let mut known = BTreeSet::new();
        for (index, party) in parties.iter().enumerate() {
            if !known.insert(&party.organisation) {
                self.fault(format!("parties[{index}]"), FaultKind::Twice);
            }
            if party.organisation.kind() == OrganisationKind::Operator {
                self.fault(format!("parties[{index}]"), FaultKind::Operator);
            }
        }
        let reached = parties.iter().any(|one| {
            let other = |it: &&Party| it.organisation != one.organisation && it.role.receives();
            one.role.discloses() && parties.iter().any(|it| other(&it))
        });
        if known.len() >= 2 && !reached {
            self.fault("parties", FaultKind::OneWay);
        }
    }

    fn clauses(&mut self) {
        match self.draft.clauses.len() {
            0 => self.fault("clauses", FaultKind::NoClause),
            1..=MAX_CLAUSES => {}
            _ => return self.fault("clauses", FaultKind::TooMany),
        }
        let mut known = BTreeSet::new();
        for (index, clause) in self.draft.clauses.iter().enumerate() {
            let at = |part: &str| format!("clauses[{index}].{part}");
            if !known.insert(&clause.id) {
                self.fault(at("id"), FaultKind::Twice);
            }
            if clause.classes.is_empty() {
                self.fault(at("data_classes"), FaultKind::NoClass);
            }
            match clause.bases.len() {
                0 => self.fault(at("basis_codes"), FaultKind::NoBasis),
                1..=MAX_BASES => {}
                _ => self.fault(at("basis_codes"), FaultKind::TooMany),
            }
            if clause.bases.iter().collect::<BTreeSet<_>>().len() < clause.bases.len() {
                self.fault(at("basis_codes"), FaultKind::Twice);
            }
            self.side(&at("from"), &clause.from, PartyRole::discloses);
            self.side(&at("to"), &clause.to, PartyRole::receives);
        }
    }

    fn side(&mut self, field: &str, side: &[Selector], does: fn(PartyRole) -> bool) {
        match side.len() {
            0 => self.fault(field, FaultKind::NoSide),
            1..=MAX_SELECTORS => {}
            _ => return self.fault(field, FaultKind::TooMany),
        }
        if side.iter().collect::<BTreeSet<_>>().len() < side.len() {
            self.fault(field, FaultKind::Twice);
        }
        let parties = &self.draft.parties;
        let fits = |one: &Selector| {
            parties.iter().any(|party| does(party.role) && one.fits(&party.organisation))
        };
        if !side.iter().all(fits) {
            self.fault(field, FaultKind::NoSuchParty);
        }
    }

    fn days(&mut self) {
        let Draft { valid_from, valid_until, .. } = *self.draft;
        if valid_until < valid_from {
            return self.fault("valid_until", FaultKind::Reversed);
        }
        let latest = (valid_from.year() + MAX_YEARS, valid_from.month(), valid_from.day());
        let last = (valid_until.year(), valid_until.month(), valid_until.day());
        if last.cmp(&latest) == Ordering::Greater {
            self.fault("valid_until", FaultKind::TooLong);
        }
    }
}

//! An agreement as a document: everything that was agreed, in words, with places to sign.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use mash_domain::{
    agreement::{BasisCode, Clause, Party, Selector, SignatoryRole, TerminationReason, Terms},
    organisation::OrganisationId,
    sharing::{Flow, Ground},
};
use mash_policy::{Language, LawfulBasis, Words};
use mash_proto::{
    convert::{agreement::terms_from_wire, time_from_wire, word_from_wire},
    sharing::v1::{self as wire, Agreement},
};

use super::{
    digits,
    document::{Block, Document},
    names::name,
    state,
};

const ENGLISH: &str = include_str!("../../../locales/en/agreement.ftl");
const WELSH: &str = include_str!("../../../locales/cy/agreement.ftl");

/// The forms of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Plain text.
    Text,
    /// A page to print.
    Html,
}

/// How an agreement is to be printed.
#[derive(Clone, Copy, Debug)]
pub struct Rendering {
    /// The language.
    pub language: Language,
    /// The form.
    pub format: Format,
}

impl Rendering {
    /// Prints an agreement.
    ///
    /// # Errors
    ///
    /// If what the hub sent does not hold together, or a word is missing.
    pub fn of(self, agreement: &Agreement) -> anyhow::Result<String> {
        let terms = agreement.terms.clone().context("the hub sent no terms")?;
        let terms = terms_from_wire(terms).map_err(|_| anyhow!("the terms do not read"))?;
        let words = Words::of(self.language, self.language.choose(ENGLISH, WELSH))?;
        let codes = Words::of_codes(self.language)?;
        let writer = Writer { agreement, terms: &terms, words, codes, how: self };
        let document = writer.document()?;
        Ok(match self.format {
            Format::Text => document.text(),
            Format::Html => document.html(),
        })
    }
}

struct Writer<'a> {
    agreement: &'a Agreement,
    terms: &'a Terms,
    words: Words,
    codes: Words,
    how: Rendering,
}

impl Writer<'_> {
    fn document(&self) -> anyhow::Result<Document> {
        let language = self.how.language;
        let (english, welsh) = (self.terms.title(), self.terms.title_cy());
        let title = if welsh.is_empty() { english } else { language.choose(english, welsh) };
        let mut blocks = vec![Block::Facts(self.head()?)];
        blocks.extend(self.parties()?);
        blocks.extend(self.validity()?);
        blocks.extend(self.purposes()?);
        blocks.extend(self.clauses()?);
        blocks.extend(self.signatures()?);
        Ok(Document {
            language: language.tag(),
            kind: self.word("kind", self.terms.kind().word())?,
            title: title.to_owned(),
            page: self.say("page")?,
            blocks,
        })
    }

    fn head(&self) -> anyhow::Result<Vec<(String, String)>> {
        // The day by the hub's calendar, of which the state speaks.
        let left = Span::new().try_days(self.agreement.days_left)?;
        let today = self.day(self.terms.valid_until().checked_sub(left)?)?;
        let state = self.word("state", state(self.agreement)?.word())?;
        let mut facts = vec![
            (self.say("reference")?, self.terms.reference().to_owned()),
            (self.say("name")?, self.agreement.name.clone()),
            (self.words.say("state", &[("day", &today)])?, state),
        ];
        if let Some(supersedes) = self.terms.supersedes() {
            facts.push((self.say("supersedes")?, supersedes.name()));
        }
        Ok(facts)
    }

    fn parties(&self) -> anyhow::Result<Vec<Block>> {
        let row = |party: &Party| {
            let role = self.word("role", party.role.word())?;
            anyhow::Ok(vec![name(&party.organisation, self.how.language), role])
        };
        let rows = self.terms.parties().iter().map(row).collect::<anyhow::Result<_>>()?;
        let head = vec![self.say("party")?, self.say("role")?];
        Ok(vec![Block::Heading(self.say("parties")?), Block::Table(head, rows)])
    }

    fn validity(&self) -> anyhow::Result<Vec<Block>> {
        let from = self.day(self.terms.valid_from())?;
        let until = self.day(self.terms.valid_until())?;
        let valid = self.words.say("valid", &[("from", &from), ("until", &until)])?;
        let mut blocks = vec![Block::Heading(self.say("validity")?), Block::Line(valid)];
        for line in ["binds", "warned", "unchanged"] {
            blocks.push(Block::Line(self.say(line)?));
        }
        if let Some(day) = self.agreement.superseded_date {
            let day = self.day(day.try_into()?)?;
            let other = self.agreement.superseded_by.as_str();
            let told = [("day", day.as_str()), ("other", other)];
            blocks.push(Block::Line(self.words.say("superseded", &told)?));
        }
        if let Some(end) = &self.agreement.termination {
            blocks.push(Block::Line(self.terminated(end)?));
        }
        Ok(blocks)
    }

    fn terminated(&self, end: &wire::AgreementTermination) -> anyhow::Result<String> {
        let reason: TerminationReason = word_from_wire::<wire::TerminationReason, _>(end.reason)?;
        let reason = self.word("reason", reason.word())?;
        let party: OrganisationId = end.party.clone().context("nobody ended it")?.try_into()?;
        let party = name(&party, self.how.language);
        let day = self.time(end.terminate_time.as_ref())?;
        let told = [("day", day.as_str()), ("party", &party), ("reason", &reason)];
        Ok(self.words.say("terminated", &told)?)
    }

    /// Each flow of the clauses once: what it is for, and on what footing.
    fn purposes(&self) -> anyhow::Result<Vec<Block>> {
        let flows: BTreeSet<Flow> = self.terms.clauses().iter().map(|clause| clause.flow).collect();
        let row = |flow: Flow| {
            let consent = if flow.asks_consent() { "consent-yes" } else { "consent-no" };
            let ground = match flow.ground() {
                Ground::Duty => "ground-duty",
                Ground::Power => "ground-power",
            };
            let purpose = self.word("purpose", flow.purpose().word())?;
            anyhow::Ok(vec![self.flow(flow)?, purpose, self.say(ground)?, self.say(consent)?])
        };
        let rows = flows.into_iter().map(row).collect::<anyhow::Result<_>>()?;
        let head = ["flow", "purpose", "ground", "consent"].map(|word| self.say(word));
        let head = head.into_iter().collect::<anyhow::Result<_>>()?;
        Ok(vec![Block::Heading(self.say("purposes")?), Block::Table(head, rows)])
    }

    fn clauses(&self) -> anyhow::Result<Vec<Block>> {
        let mut blocks = vec![Block::Heading(self.say("clauses")?)];
        for clause in self.terms.clauses() {
            let flow = self.flow(clause.flow)?;
            let told = [("id", clause.id.as_str()), ("flow", &flow)];
            blocks.push(Block::Subheading(self.words.say("clause", &told)?));
            blocks.push(Block::Facts(self.clause(clause)?));
        }
        Ok(blocks)
    }

    fn clause(&self, clause: &Clause) -> anyhow::Result<Vec<(String, String)>> {
        let side = |side: &[Selector]| -> anyhow::Result<String> {
            let names = side.iter().map(|one| self.selector(one));
            Ok(names.collect::<anyhow::Result<Vec<_>>>()?.join("; "))
        };
        let classes =
            clause.classes.iter().map(|it| self.codes.say(&format!("class-{}", it.number()), &[]));
        let classes = classes.collect::<Result<Vec<_>, _>>()?.join("; ");
        let bases: Vec<String> = clause.bases.iter().map(|basis| self.basis(*basis)).collect();
        Ok(vec![
            (self.say("from")?, side(&clause.from)?),
            (self.say("to")?, side(&clause.to)?),
            (self.say("data")?, classes),
            (self.say("often")?, self.word("frequency", clause.frequency.word())?),
            (self.say("bases")?, bases.join("; ")),
        ])
    }

    fn selector(&self, selector: &Selector) -> anyhow::Result<String> {
        match selector {
            Selector::One(organisation) => Ok(name(organisation, self.how.language)),
            Selector::Kind(kind) => {
                let kind = self.word("organisation", kind.word())?;
                Ok(self.words.say("every", &[("kind", &kind)])?)
            }
        }
    }

    fn basis(&self, basis: BasisCode) -> String {
        let known = LawfulBasis::from_word(basis.word());
        let title = known.map(|known| known.title(self.how.language));
        title.unwrap_or_else(|| basis.word()).to_owned()
    }

    fn signatures(&self) -> anyhow::Result<Vec<Block>> {
        let mut blocks = vec![
            Block::Heading(self.say("signatures")?),
            Block::Line(self.say("digest-why")?),
            Block::Code(self.say("digest")?, digits(&self.agreement.digest)),
        ];
        let fields = ["sign-name", "sign-office", "sign-signature", "sign-date"];
        let fields =
            fields.map(|field| self.say(field)).into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        for party in self.terms.parties() {
            let who = name(&party.organisation, self.how.language);
            let wire = (&party.organisation).into();
            let mut signatures = self.agreement.signatures.iter();
            blocks.push(match signatures.find(|it| it.party.as_ref() == Some(&wire)) {
                Some(signature) => Block::Signature(who, self.signed(signature)?, Vec::new()),
                None => Block::Signature(who, self.say("unsigned")?, fields.clone()),
            });
        }
        Ok(blocks)
    }

    fn signed(&self, signature: &wire::AgreementSignature) -> anyhow::Result<String> {
        let role: SignatoryRole = word_from_wire::<wire::SignatoryRole, _>(signature.role)?;
        let office = self.word("office", role.word())?;
        let time = self.time(signature.sign_time.as_ref())?;
        let practitioner = signature.practitioner.as_str();
        let told = [("time", time.as_str()), ("practitioner", practitioner), ("office", &office)];
        Ok(self.words.say("signed", &told)?)
    }

    fn flow(&self, flow: Flow) -> anyhow::Result<String> {
        Ok(self.codes.say(&format!("flow-{}", flow.word()), &[])?)
    }

    fn say(&self, text: &str) -> anyhow::Result<String> {
        Ok(self.words.say(text, &[])?)
    }

    fn word(&self, sort: &str, code: &str) -> anyhow::Result<String> {
        self.say(&format!("{sort}-{code}"))
    }

    fn day(&self, day: Date) -> anyhow::Result<String> {
        let month = self.say(&format!("month-{}", day.month()))?;
        Ok(format!("{} {month} {}", day.day(), day.year()))
    }

    fn time(&self, time: Option<&prost_types::Timestamp>) -> anyhow::Result<String> {
        let time: Timestamp = time_from_wire(time.context("a time is missing")?)?;
        let local = time.to_zoned(TimeZone::get("Europe/London")?);
        Ok(format!("{}, {:02}:{:02}", self.day(local.date())?, local.hour(), local.minute()))
    }
}

//! Agreements, wire to domain and back.

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    agreement::{
        self as domain, Agreement, AgreementId, BasisCode, Clause, ClauseId, Draft, Party,
        Selector, Terms,
    },
    data_class::{ClassSet, DataClass},
    incident::rules::day_of,
    organisation::{OrganisationId, OrganisationKind},
    sharing::{Flow, Purpose},
};

use super::{ConvertError, Violation, time_to_wire, word_from_wire};
use crate::{sharing::v1 as wire, r#type::v1 as common};

/// The codes of what can be wrong with terms.
pub mod codes {
    /// The terms are not there.
    pub const MISSING: &str = "MASH-R100";
    /// Parties.
    pub const PARTIES: &str = "MASH-R101";
    /// A flow or a purpose that nobody listed.
    pub const FLOW: &str = "MASH-R102";
    /// A class of data that does not exist.
    pub const CLASS: &str = "MASH-R103";
    /// A lawful basis that nobody listed.
    pub const BASIS: &str = "MASH-R104";
    /// Days.
    pub const DAYS: &str = "MASH-R105";
    /// A clause.
    pub const CLAUSE: &str = "MASH-R106";
    /// Title, reference or another coded field.
    pub const TEXT: &str = "MASH-R107";
}

words! {
    wire::AgreementKind => domain::AgreementKind {
        InformationSharingProtocol, DataDisclosureAgreement, InformationSharingAgreement
    }
    wire::AgreementPartyRole => domain::PartyRole { Discloser, Recipient, Both }
    wire::AgreementFrequency => domain::Frequency { PerEvent, Daily, Weekly, OnRequest }
    wire::SignatoryRole => domain::SignatoryRole {
        ChiefExecutive, ChiefOfficer, DirectorOfSocialServices, HeadTeacher, CaldicottGuardian,
        SeniorInformationRiskOwner, DataProtectionOfficer
    }
    wire::TerminationReason => domain::TerminationReason {
        PartyWithdraws, Breach, LawChanged, EnteredByMistake
    }
    wire::AgreementState => domain::Lifecycle {
        Draft, PartlySigned, Agreed, Live, Expired, Terminated, Superseded
    }
}

/// Terms from the wire.
///
/// # Errors
///
/// Everything that is wrong with them, at once.
pub fn terms_from_wire(terms: wire::AgreementTerms) -> Result<Terms, Vec<Violation>> {
    let mut reading = Reading::default();
    let draft = reading.draft(terms);
    let checked = match Terms::new(draft) {
        Ok(terms) if reading.0.is_empty() => return Ok(terms),
        Ok(_) => Vec::new(),
        Err(faults) => faults,
    };
    for fault in checked {
        let field = format!("terms.{}", fault.field);
        // What could not be read stands in for something else, about which there is nothing more to say.
        if !reading.0.iter().any(|known| known.field.starts_with(&field)) {
            reading.fault(&fault.field, code_of(&fault.field), fault.kind.to_string());
        }
    }
    Err(reading.0)
}

fn code_of(field: &str) -> &'static str {
    let last = field.rsplit('.').next().unwrap_or_default();
    match last {
        "data_classes" => codes::CLASS,
        "basis_codes" => codes::BASIS,
        "valid_from" | "valid_until" => codes::DAYS,
        _ if field.starts_with("parties") => codes::PARTIES,
        _ if field.starts_with("clauses") => codes::CLAUSE,
        _ => codes::TEXT,
    }
}

/// Reads field after field. What cannot be read leaves a violation, and something harmless in its place.
#[derive(Default)]
struct Reading(Vec<Violation>);

impl Reading {
    fn fault(&mut self, field: &str, code: &'static str, description: impl Into<String>) {
        let field = format!("terms.{field}");
        self.0.push(Violation { field, code, description: description.into() });
    }

    fn coded<T>(&mut self, field: &str, read: Result<T, ConvertError>, otherwise: T) -> T {
        read.unwrap_or_else(|error| {
            self.fault(field, code_of(field), error.to_string());
            otherwise
        })
    }

    fn draft(&mut self, terms: wire::AgreementTerms) -> Draft {
        let wire::AgreementTerms {
            kind,
            title,
            title_cy,
            reference,
            parties,
            clauses,
            valid_from,
            valid_until,
            supersedes,
        } = terms;
        let kind = word_from_wire::<wire::AgreementKind, _>(kind);
        let days = (self.day("valid_from", valid_from), self.day("valid_until", valid_until));
        let (valid_from, valid_until) = match days {
            (Some(from), Some(until)) => (from, until),
            // One day is as long as it needs to be for the rest to be checked.
            (Some(day), None) | (None, Some(day)) => (day, day),
            (None, None) => (Date::ZERO, Date::ZERO),
        };
        let parties = parties.into_iter().enumerate();
        let clauses = clauses.into_iter().enumerate();
        Draft {
            kind: self.coded("kind", kind, domain::AgreementKind::InformationSharingProtocol),
            title,
            title_cy,
            reference,
            parties: parties.filter_map(|(index, party)| self.party(index, party)).collect(),
            clauses: clauses.filter_map(|(index, clause)| self.clause(index, clause)).collect(),
            valid_from,
            valid_until,
            supersedes: self.supersedes(&supersedes),
        }
    }

    fn day(&mut self, field: &str, day: Option<common::Date>) -> Option<Date> {
        let read = day.ok_or(ConvertError::Date).and_then(TryInto::try_into);
        read.map_err(|error| self.fault(field, codes::DAYS, error.to_string())).ok()
    }

    fn supersedes(&mut self, name: &str) -> Option<AgreementId> {
        if name.is_empty() {
            return None;
        }
        let read = AgreementId::from_name(name);
        read.map_err(|error| self.fault("supersedes", codes::TEXT, error.to_string())).ok()
    }

    fn party(&mut self, index: usize, party: wire::AgreementParty) -> Option<Party> {
        let wire::AgreementParty { organisation, role } = party;
        let field = format!("parties[{index}]");
        let role = word_from_wire::<wire::AgreementPartyRole, _>(role);
        let role = self.coded(&format!("{field}.role"), role, domain::PartyRole::Both);
        // A party that cannot be read is a fault already, and the terms are refused; this one stands in for it so that
        // the clauses that name the other parties are looked at as well.
        let stand_in =
            OrganisationId::new(OrganisationKind::Provider, format!("unreadable-{index}")).ok()?;
        let organisation = self.organisation(&field, organisation).unwrap_or(stand_in);
        Some(Party { organisation, role })
    }

    fn organisation(
        &mut self,
        field: &str,
        wire: Option<common::Organisation>,
    ) -> Option<OrganisationId> {
        let read = wire.ok_or(ConvertError::Enum).and_then(TryInto::try_into);
        read.map_err(|error| {
            self.fault(&format!("{field}.organisation"), code_of(field), error.to_string());
        })
        .ok()
    }

    fn clause(&mut self, index: usize, clause: wire::AgreementClause) -> Option<Clause> {
        let wire::AgreementClause {
            id,
            flow,
            data_classes,
            frequency,
            from,
            to,
            basis_codes,
            purpose,
        } = clause;
        let at = |part: &str| format!("clauses[{index}].{part}");
        let frequency = word_from_wire::<wire::AgreementFrequency, _>(frequency);
        let id = match ClauseId::parse(&id) {
            Some(id) => id,
            None => {
                self.fault(&at("id"), codes::CLAUSE, "must be numbers such as `4.2`");
                ClauseId::parse(&format!("999.{index}"))?
            }
        };
        Some(Clause {
            id,
            flow: self.flow(index, (&flow, &purpose)),
            classes: self.classes(&at("data_classes"), &data_classes),
            frequency: self.coded(&at("frequency"), frequency, domain::Frequency::PerEvent),
            from: self.side(&at("from"), from),
            to: self.side(&at("to"), to),
            bases: self.bases(&at("basis_codes"), &basis_codes),
        })
    }

    fn flow(&mut self, index: usize, (flow, purpose): (&str, &str)) -> Flow {
        let read = Flow::from_word(flow);
        if read.is_none() {
            let field = format!("clauses[{index}].flow");
            self.fault(&field, codes::FLOW, "is no flow that is listed");
        }
        let field = format!("clauses[{index}].purpose");
        match (Purpose::from_word(purpose), read) {
            (None, _) if !purpose.is_empty() => {
                self.fault(&field, codes::FLOW, "is no purpose that is listed");
            }
            (Some(purpose), Some(flow)) if flow.purpose() != purpose => {
                self.fault(&field, codes::FLOW, "is not the purpose of this flow");
            }
            (Some(_) | None, Some(_) | None) => {}
        }
        read.unwrap_or(Flow::Record)
    }

    fn classes(&mut self, field: &str, numbers: &[i32]) -> ClassSet {
        let mut classes = ClassSet::EMPTY;
        for (index, number) in numbers.iter().enumerate() {
            match u8::try_from(*number).ok().and_then(DataClass::from_number) {
                Some(class) => classes = classes.with(class),
                None => {
                    let field = format!("{field}[{index}]");
                    self.fault(&field, codes::CLASS, "is no class of data; they are 1 to 18");
                }
            }
        }
        classes
    }

    fn bases(&mut self, field: &str, words: &[String]) -> Vec<BasisCode> {
        let mut bases = Vec::new();
        for (index, word) in words.iter().enumerate() {
            match BasisCode::from_word(word) {
                Some(basis) => bases.push(basis),
                None => {
                    let field = format!("{field}[{index}]");
                    self.fault(&field, codes::BASIS, "is no lawful basis that is listed");
                }
            }
        }
        bases
    }

    fn side(&mut self, field: &str, side: Vec<wire::PartySelector>) -> Vec<Selector> {
        use wire::party_selector::Selector as Wire;
        let mut selectors = Vec::new();
        for (index, wire::PartySelector { selector }) in side.into_iter().enumerate() {
            let read = match selector {
                Some(Wire::Kind(number)) => kind_from_wire(number).map(Selector::Kind),
                Some(Wire::Organisation(one)) => one.try_into().map(Selector::One),
                None => Err(ConvertError::Enum),
            };
            match read {
                Ok(selector) => selectors.push(selector),
                Err(error) => {
                    self.fault(&format!("{field}[{index}]"), codes::CLAUSE, error.to_string());
                }
            }
        }
        selectors
    }
}

fn kind_from_wire(number: i32) -> Result<OrganisationKind, ConvertError> {
    common::OrganisationKind::try_from(number).map_err(|_| ConvertError::Enum)?.try_into()
}

/// Terms, for the wire.
#[must_use]
pub fn terms_to_wire(terms: &Terms) -> wire::AgreementTerms {
    let party = |party: &Party| wire::AgreementParty {
        organisation: Some((&party.organisation).into()),
        role: wire::AgreementPartyRole::from(party.role).into(),
    };
    wire::AgreementTerms {
        kind: wire::AgreementKind::from(terms.kind()).into(),
        title: terms.title().to_owned(),
        title_cy: terms.title_cy().to_owned(),
        reference: terms.reference().to_owned(),
        parties: terms.parties().iter().map(party).collect(),
        clauses: terms.clauses().iter().map(clause_to_wire).collect(),
        valid_from: Some(terms.valid_from().into()),
        valid_until: Some(terms.valid_until().into()),
        supersedes: terms.supersedes().map(AgreementId::name).unwrap_or_default(),
    }
}

fn clause_to_wire(clause: &Clause) -> wire::AgreementClause {
    let side = |side: &[Selector]| side.iter().map(selector_to_wire).collect();
    wire::AgreementClause {
        id: clause.id.as_str().to_owned(),
        flow: clause.flow.word().to_owned(),
        data_classes: clause.classes.iter().map(|class| i32::from(class.number())).collect(),
        frequency: wire::AgreementFrequency::from(clause.frequency).into(),
        from: side(&clause.from),
        to: side(&clause.to),
        basis_codes: clause.bases.iter().map(ToString::to_string).collect(),
        purpose: clause.flow.purpose().word().to_owned(),
    }
}

fn selector_to_wire(selector: &Selector) -> wire::PartySelector {
    use wire::party_selector::Selector as Wire;
    let selector = match selector {
        Selector::Kind(kind) => Wire::Kind(common::OrganisationKind::from(*kind).into()),
        Selector::One(organisation) => Wire::Organisation(organisation.into()),
    };
    wire::PartySelector { selector: Some(selector) }
}

/// An agreement as it stands at this time, for the wire.
#[must_use]
pub fn agreement_to_wire(agreement: &Agreement, now: Timestamp) -> wire::Agreement {
    let today = day_of(now);
    let signature = |signature: &domain::Signature| wire::AgreementSignature {
        party: Some((&signature.party).into()),
        practitioner: signature.practitioner.clone(),
        role: wire::SignatoryRole::from(signature.role).into(),
        sign_time: Some(time_to_wire(signature.at)),
        digest: signature.digest.as_bytes().to_vec(),
    };
    let warning = |warning: &domain::Warning| wire::ExpiryWarning {
        days: warning.days,
        warn_time: Some(time_to_wire(warning.at)),
    };
    let termination = |end: &domain::Termination| wire::AgreementTermination {
        party: Some((&end.party).into()),
        reason: wire::TerminationReason::from(end.reason).into(),
        terminate_time: Some(time_to_wire(end.at)),
    };
    wire::Agreement {
        name: agreement.id.name(),
        terms: Some(terms_to_wire(&agreement.terms)),
        digest: agreement.digest.as_bytes().to_vec(),
        state: wire::AgreementState::from(agreement.state_on(today)).into(),
        signatures: agreement.signatures.iter().map(signature).collect(),
        proposer: Some((&agreement.proposed_by).into()),
        propose_time: Some(time_to_wire(agreement.proposed_at)),
        warnings: agreement.warnings.iter().map(warning).collect(),
        days_left: agreement.days_left(today),
        termination: agreement.termination.as_ref().map(termination),
        superseded_by: agreement.superseded.map(|it| it.by.name()).unwrap_or_default(),
        superseded_date: agreement.superseded.map(|it| it.from.into()),
    }
}

/// A citation, for the wire.
#[must_use]
pub fn citation_to_wire(citation: &domain::Citation) -> wire::Citation {
    wire::Citation {
        agreement: citation.agreement.name(),
        clause: citation.clause.as_str().to_owned(),
        digest: citation.digest.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests;

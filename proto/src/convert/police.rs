//! Incidents, wire to domain and back.
//!
//! Reading reports every violation at once. An incident that was accepted before is read with
//! [`Checks::stored`]: what held then is not held against today's clock.

use jiff::{SignedDuration, Timestamp};
use mash_domain::{
    identifier::ForceCode,
    incident::{
        Adult, CaseId, Child, DashRisk, Incident, IncidentState, IncidentType, Limit, Officer,
        ParentContactAdvice, Private, RecordedIncident, SexualOffence, WithdrawalReason,
        rules::{self, Likeness, SameBy},
    },
};

use self::{people::Days, words::word_from_wire as word};
use crate::{
    convert::{
        Violation, answer_from_wire,
        read::{At, Reader},
        time_from_wire,
    },
    police::v1 as wire,
};

pub mod codes;
mod people;
#[cfg(test)]
mod tests;
pub mod words;
mod write;

/// How far a sender's clock may be ahead of the hub's.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How old an attendance may be when it is first reported.
const OLDEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// What an incident is held against besides itself.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    now: Option<Timestamp>,
    oldest: Option<Timestamp>,
    force: Option<ForceCode>,
}

impl Checks {
    /// A first report by this force at this time.
    #[must_use]
    pub fn report(now: Timestamp, force: ForceCode) -> Self {
        Self { now: Some(now), oldest: now.checked_sub(OLDEST).ok(), force: Some(force) }
    }

    /// An amendment by this force at this time: the incident may have grown old since it was reported.
    #[must_use]
    pub fn amendment(now: Timestamp, force: ForceCode) -> Self {
        Self { now: Some(now), oldest: None, force: Some(force) }
    }

    /// An incident that was accepted before.
    #[must_use]
    pub fn stored() -> Self {
        Self::default()
    }
}

/// The incident could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} fields of the incident cannot be read", .0.len())]
pub struct IncidentFaults(pub Vec<Violation>);

/// Reads what was reported. What the hub sets itself is ignored.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn incident_from_wire(
    wire: wire::Incident,
    checks: &Checks,
) -> Result<Incident, Vec<Violation>> {
    let mut reader = Reader::new(&codes::READING);
    let incident = read_incident(&mut reader, wire, checks);
    reader.finish(incident)
}

/// Reads an incident that was accepted before, with what the hub has set.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn recorded_from_wire(wire: wire::Incident) -> Result<RecordedIncident, Vec<Violation>> {
    let mut reader = Reader::new(&codes::READING);
    let at = At::root("incident");
    let case_id = case_id(&mut reader, &at, &wire.name);
    let revision = u32::try_from(wire.revision).ok().filter(|revision| *revision > 0);
    let revision = reader.present(&at.field("revision"), revision);
    let state = state(&mut reader, &at, wire.state, wire.withdrawal_reason);
    let reported = time(&mut reader, &at.field("reported_time"), wire.reported_time);
    let incident = read_incident(&mut reader, wire, &Checks::stored());
    let build = || {
        Some(RecordedIncident {
            case_id: case_id?,
            revision: revision?,
            state: state?,
            reported: reported?,
            incident: incident?,
        })
    };
    let recorded = build();
    reader.finish(recorded)
}

impl TryFrom<wire::Incident> for RecordedIncident {
    type Error = IncidentFaults;

    fn try_from(wire: wire::Incident) -> Result<Self, IncidentFaults> {
        recorded_from_wire(wire).map_err(IncidentFaults)
    }
}

fn read_incident(reader: &mut Reader, wire: wire::Incident, checks: &Checks) -> Option<Incident> {
    let at = At::root("incident");
    let occurrence = at.field("occurrence_number");
    let occurrence_number =
        reader.required(&occurrence, &wire.occurrence_number, codes::OCCURRENCE_NUMBER);
    let force = force(reader, &at, &wire.force_code, checks);
    let attended = attended(reader, &at, wire.attended_time, checks);
    let days = Days { attended: attended.map(rules::day_of), today: checks.now.map(rules::day_of) };
    let references: Vec<_> =
        wire.children.iter().take(rules::MOST_CHILDREN).map(|child| child.r#ref.clone()).collect();
    // Children that are missing or too many are one fault, not another one for each relationship.
    let counted = (1..=rules::MOST_CHILDREN).contains(&wire.children.len());
    let adults = read_adults(reader, &at, wire.adults, counted.then_some(&references), days);
    let children = read_children(reader, &at, wire.children, days);
    let risk = word::<wire::DashRisk, DashRisk>(wire.dash_risk);
    let dash_risk = reader.coded(&at.field("dash_risk"), risk);
    let kind =
        reader.coded(&at.field("type"), word::<wire::IncidentType, IncidentType>(wire.r#type));
    let narrative = reader.text(&at.field("narrative"), &wire.narrative, Limit::paragraphs(8_000));
    let advice = word::<wire::ParentContactAdvice, ParentContactAdvice>(wire.parent_contact_advice);
    let parent_contact_advice = reader.coded(&at.field("parent_contact_advice"), advice);
    let sexual_offence = wire.sexual_offence.map(|offence| sexual_offence(reader, &at, &offence));
    let offences = read_offences(reader, &at, &wire.offences);
    let actions = reader.text(&at.field("actions"), &wire.actions, Limit::paragraphs(4_000));
    let collection_risk =
        reader.coded(&at.field("collection_risk"), answer_from_wire(wire.collection_risk));
    let authority = at.field("place_authority_code");
    let place_authority = reader.optional(&authority, &wire.place_authority_code, codes::AUTHORITY);
    let officer = wire.officer.map(|officer| read_officer(reader, &at, &officer));
    Some(Incident {
        occurrence_number: occurrence_number?,
        force: force?,
        attended: attended?,
        adults: adults?,
        children: children?,
        dash_risk: dash_risk?,
        kind: kind?,
        narrative,
        live_investigation: wire.live_investigation,
        do_not_inform_parent: wire.do_not_inform_parent,
        parent_contact_advice: parent_contact_advice?,
        sexual_offence,
        offences,
        actions,
        collection_risk: collection_risk?,
        place_authority,
        officer,
    })
}

fn force(reader: &mut Reader, at: &At<'_>, code: &str, checks: &Checks) -> Option<ForceCode> {
    let at = at.field("force_code");
    let force: ForceCode = reader.required(&at, code, codes::FORCE)?;
    if checks.force.as_ref().is_some_and(|caller| *caller != force) {
        reader.fault(&at, codes::OTHER_FORCE, "is not the caller's force");
        return None;
    }
    Some(force)
}

fn time(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<prost_types::Timestamp>,
) -> Option<Timestamp> {
    let wire = reader.present(at, wire)?;
    time_from_wire(&wire).map_err(|error| reader.fault(at, codes::DATE, error.to_string())).ok()
}

fn attended(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<prost_types::Timestamp>,
    checks: &Checks,
) -> Option<Timestamp> {
    let at = at.field("attended_time");
    let attended = time(reader, &at, wire)?;
    if checks.now.is_some_and(|now| attended.duration_since(now) > SKEW) {
        reader.fault(&at, codes::FUTURE, "is in the future");
        return None;
    }
    if checks.oldest.is_some_and(|oldest| attended < oldest) {
        reader.fault(&at, codes::TOO_OLD, "is more than 366 days ago");
        return None;
    }
    Some(attended)
}

fn read_adults(
    reader: &mut Reader,
    at: &At<'_>,
    adults: Vec<wire::Adult>,
    children: Option<&Vec<String>>,
    days: Days,
) -> Option<Vec<Adult>> {
    let field = at.field("adults");
    if adults.is_empty() {
        reader.fault(&field, codes::MISSING, "at least one adult is required");
        return None;
    }
    if !reader.fits(&field, &adults, rules::MOST_ADULTS) {
        return None;
    }
    let mut references: Vec<String> = Vec::with_capacity(adults.len());
    let mut read = Vec::with_capacity(adults.len());
    for (index, adult) in adults.into_iter().enumerate() {
        let at = at.item("adults", index);
        if !adult.r#ref.is_empty() && references.contains(&adult.r#ref) {
            reader.fault(
                &at.field("ref"),
                codes::SAME_REFERENCE,
                "another adult has the same reference",
            );
        }
        references.push(adult.r#ref.clone());
        read.push(people::adult(reader, &at, adult, children.map(Vec::as_slice), days));
    }
    read.into_iter().collect()
}

fn read_children(
    reader: &mut Reader,
    at: &At<'_>,
    children: Vec<wire::Child>,
    days: Days,
) -> Option<Vec<Child>> {
    let field = at.field("children");
    if children.is_empty() {
        reader.fault(&field, codes::MISSING, "at least one child is required");
        return None;
    }
    if !reader.fits(&field, &children, rules::MOST_CHILDREN) {
        return None;
    }
    let mut seen: Vec<Likeness> = Vec::with_capacity(children.len());
    let mut read = Vec::with_capacity(children.len());
    for (index, child) in children.into_iter().enumerate() {
        let at = at.item("children", index);
        let (likeness, child) = people::child(reader, &at, child, days);
        let twin = seen
            .iter()
            .enumerate()
            .find_map(|(index, other)| Some((index, other.same_by(&likeness)?)));
        if let Some((first, by)) = twin {
            same_child(reader, &at, first, by);
        }
        seen.push(likeness);
        read.push(child);
    }
    read.into_iter().collect()
}

fn same_child(reader: &mut Reader, at: &At<'_>, first: usize, by: SameBy) {
    let (field, what) = match by {
        SameBy::Reference => ("ref", "reference"),
        SameBy::NhsNumber => ("nhs_number", "NHS number"),
        SameBy::Upn => ("upn", "unique pupil number"),
        SameBy::NameAndBirth => ("given_names", "name and date of birth"),
    };
    reader.fault(
        &at.field(field),
        codes::SAME_CHILD,
        format!("children[{first}] has the same {what}"),
    );
}

fn sexual_offence(reader: &mut Reader, at: &At<'_>, wire: &wire::SexualOffence) -> SexualOffence {
    let wire::SexualOffence { detail } = wire;
    let above = at.field("sexual_offence");
    SexualOffence { detail: reader.text(&above.field("detail"), detail, Limit::paragraphs(4_000)) }
}

fn read_offences(reader: &mut Reader, at: &At<'_>, offences: &[String]) -> Vec<Private> {
    if !reader.fits(&at.field("offences"), offences, rules::MOST_OFFENCES) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(offences.len());
    for (index, offence) in offences.iter().enumerate() {
        read.push(reader.text(&at.item("offences", index), offence, Limit::line(200)));
    }
    read
}

fn read_officer(reader: &mut Reader, at: &At<'_>, wire: &wire::OfficerContact) -> Officer {
    let wire::OfficerContact { reference, telephone } = wire;
    let at = at.field("officer");
    Officer {
        reference: people::officer_text(reader, &at.field("reference"), reference),
        telephone: people::officer_text(reader, &at.field("telephone"), telephone),
    }
}

fn case_id(reader: &mut Reader, at: &At<'_>, name: &str) -> Option<CaseId> {
    let at = at.field("name");
    CaseId::from_name(name).map_err(|error| reader.fault(&at, codes::NAME, error.to_string())).ok()
}

fn state(reader: &mut Reader, at: &At<'_>, state: i32, reason: i32) -> Option<IncidentState> {
    match wire::IncidentState::try_from(state) {
        Ok(wire::IncidentState::Active) => Some(IncidentState::Active),
        Ok(wire::IncidentState::Withdrawn) => {
            let reason = word::<wire::WithdrawalReason, WithdrawalReason>(reason);
            reader.coded(&at.field("withdrawal_reason"), reason).map(IncidentState::Withdrawn)
        }
        Ok(wire::IncidentState::Unspecified) | Err(_) => reader.coded(&at.field("state"), Err(())),
    }
}

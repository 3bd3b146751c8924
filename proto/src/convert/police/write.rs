//! Domain to wire.

use mash_domain::incident::{
    Address, Adult, Child, Incident, IncidentState, Officer, Private, RecordedIncident,
    Relationship, SexualOffence, StatedEstablishment, Voice,
};

use crate::{
    convert::{answer_to_wire, time_to_wire},
    police::v1 as wire,
    r#type::v1 as common,
};

impl From<&RecordedIncident> for wire::Incident {
    fn from(recorded: &RecordedIncident) -> Self {
        let RecordedIncident { case_id, revision, state, reported, incident } = recorded;
        let (state, reason) = match state {
            IncidentState::Active => {
                (wire::IncidentState::Active, wire::WithdrawalReason::Unspecified)
            }
            IncidentState::Withdrawn(reason) => (wire::IncidentState::Withdrawn, (*reason).into()),
        };
        Self {
            name: case_id.name(),
            revision: i32::try_from(*revision).unwrap_or(i32::MAX),
            state: state.into(),
            reported_time: Some(time_to_wire(*reported)),
            withdrawal_reason: reason.into(),
            ..Self::from(incident)
        }
    }
}

impl From<&Incident> for wire::Incident {
    fn from(incident: &Incident) -> Self {
        Self {
            name: String::new(),
            occurrence_number: incident.occurrence_number.as_str().to_owned(),
            force_code: incident.force.as_str().to_owned(),
            revision: 0,
            attended_time: Some(time_to_wire(incident.attended)),
            adults: incident.adults.iter().map(wire::Adult::from).collect(),
            children: incident.children.iter().map(wire::Child::from).collect(),
            dash_risk: wire::DashRisk::from(incident.dash_risk).into(),
            r#type: wire::IncidentType::from(incident.kind).into(),
            narrative: text(&incident.narrative),
            live_investigation: incident.live_investigation,
            do_not_inform_parent: incident.do_not_inform_parent,
            parent_contact_advice: wire::ParentContactAdvice::from(incident.parent_contact_advice)
                .into(),
            sexual_offence: incident.sexual_offence.as_ref().map(wire::SexualOffence::from),
            offences: incident.offences.iter().map(text).collect(),
            actions: text(&incident.actions),
            collection_risk: answer_to_wire(incident.collection_risk),
            place_authority_code: code(incident.place_authority.as_ref().map(|code| code.as_str())),
            officer: incident.officer.as_ref().map(wire::OfficerContact::from),
            state: wire::IncidentState::Unspecified.into(),
            reported_time: None,
            withdrawal_reason: wire::WithdrawalReason::Unspecified.into(),
        }
    }
}

impl From<&Adult> for wire::Adult {
    fn from(adult: &Adult) -> Self {
        Self {
            r#ref: adult.reference.to_string(),
            given_names: text(&adult.given_names),
            family_name: text(&adult.family_name),
            date_of_birth: adult.date_of_birth.map(|born| born.date().into()),
            role: wire::AdultRole::from(adult.role).into(),
            relationships: adult.relationships.iter().map(wire::Relationship::from).collect(),
            works_at: adult.works_at.as_ref().map(wire::StatedEstablishment::from),
            no_contact_at_address: adult.no_contact_at_address,
            telephone: text(&adult.telephone),
        }
    }
}

impl From<&Relationship> for wire::Relationship {
    fn from(Relationship { child, kind }: &Relationship) -> Self {
        Self { child_ref: child.to_string(), kind: wire::RelationshipKind::from(*kind).into() }
    }
}

impl From<&Child> for wire::Child {
    fn from(child: &Child) -> Self {
        Self {
            r#ref: child.reference.to_string(),
            given_names: text(&child.given_names),
            family_name: text(&child.family_name),
            date_of_birth: Some(child.date_of_birth.date().into()),
            sex: child.sex.map_or(common::Sex::Unspecified, common::Sex::from).into(),
            nhs_number: code(child.nhs_number.as_ref().map(|number| number.as_str())),
            upn: code(child.upn.as_ref().map(|upn| upn.as_str())),
            address: child.address.as_ref().map(wire::Address::from),
            stated_establishment: child
                .stated_establishment
                .as_ref()
                .map(wire::StatedEstablishment::from),
            present: answer_to_wire(child.present),
            whereabouts: text(&child.whereabouts),
            voice: Some(wire::Voice::from(&child.voice)),
            welfare_check: answer_to_wire(child.welfare_check),
            home_force_code: code(child.home_force.as_ref().map(|force| force.as_str())),
        }
    }
}

impl From<&Voice> for wire::Voice {
    fn from(Voice { spoken_to, words, alone, not_spoken_to_reason }: &Voice) -> Self {
        Self {
            spoken_to: answer_to_wire(*spoken_to),
            words: text(words),
            alone: answer_to_wire(*alone),
            not_spoken_to_reason: text(not_spoken_to_reason),
        }
    }
}

impl From<&Address> for wire::Address {
    fn from(Address { lines, postcode, protect, authority }: &Address) -> Self {
        Self {
            lines: lines.iter().map(text).collect(),
            postcode: text(postcode),
            protect: answer_to_wire(*protect),
            authority_code: code(authority.as_ref().map(|code| code.as_str())),
        }
    }
}

impl From<&StatedEstablishment> for wire::StatedEstablishment {
    fn from(StatedEstablishment { stated_name, laestab }: &StatedEstablishment) -> Self {
        Self {
            stated_name: text(stated_name),
            laestab: code(laestab.as_ref().map(|code| code.as_str())),
        }
    }
}

impl From<&SexualOffence> for wire::SexualOffence {
    fn from(SexualOffence { detail }: &SexualOffence) -> Self {
        Self { detail: text(detail) }
    }
}

impl From<&Officer> for wire::OfficerContact {
    fn from(Officer { reference, telephone }: &Officer) -> Self {
        Self { reference: text(reference), telephone: text(telephone) }
    }
}

fn text(text: &Private) -> String {
    text.as_str().to_owned()
}

fn code(code: Option<&str>) -> String {
    code.unwrap_or_default().to_owned()
}

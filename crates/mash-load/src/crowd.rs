//! The children about whom load is sent: of one force's area, with a school that has a trained key adult.

use std::collections::BTreeMap;

use mash_proto::{
    police::v1::{
        Address, Adult, AdultRole, Child, DashRisk, Incident, IncidentType, OfficerContact,
        ParentContactAdvice, Relationship, RelationshipKind, ReportDomesticAbuseIncidentRequest,
        Voice,
    },
    r#type::v1::{Answer, Date},
};
use mash_synth::{
    identifiers::request_id,
    wales::{
        Wales,
        families::{Family, FamilyKind, Pupil},
    },
};

/// Children and their schools.
pub struct Crowd {
    force: String,
    children: Vec<Child>,
    /// LAESTAB and key adult of each school that a child of the crowd attends.
    schools: BTreeMap<String, String>,
}

impl Crowd {
    /// Children of an invented Wales, at no more than so many schools of the area of one force.
    #[must_use]
    pub fn of_wales(wales: &Wales, force: &str, schools: usize) -> Self {
        let mut crowd =
            Self { force: force.to_owned(), children: Vec::new(), schools: BTreeMap::new() };
        for family in &wales.families {
            if wales.force_of(family.authority_code) != force || family.kind == FamilyKind::Refuge {
                continue;
            }
            for pupil in family.children.iter().filter_map(|at| wales.pupils.get(*at)) {
                crowd.take(wales, family, pupil, schools);
            }
        }
        crowd
    }

    /// The schools, as LAESTAB and the id of the key adult.
    pub fn schools(&self) -> impl Iterator<Item = (&str, &str)> {
        self.schools.iter().map(|(laestab, contact)| (laestab.as_str(), contact.as_str()))
    }

    /// How many children there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// Takes a child whose one open place is at a school with a trained key adult.
    fn take(&mut self, wales: &Wales, family: &Family, pupil: &Pupil, limit: usize) {
        let [only] = pupil.enrolments.as_slice() else { return };
        let Some(school) = wales.school(&only.laestab) else { return };
        let Some(key_adult) =
            school.contacts.first().filter(|contact| contact.training_date.is_some())
        else {
            return;
        };
        // A setting that is not a school is told nothing, which is right and would count as lost.
        let setting = school.laestab.get(3..4) == Some("9");
        let known = self.schools.contains_key(&school.laestab);
        if pupil.upn.is_none() || setting || (!known && self.schools.len() >= limit) {
            return;
        }
        self.schools.insert(school.laestab.clone(), key_adult.id.clone());
        self.children.push(child(family, pupil));
    }

    /// Report number `serial` of a run, about one child.
    pub(crate) fn report(
        &self,
        label: &str,
        serial: usize,
        attended: i64,
    ) -> ReportDomesticAbuseIncidentRequest {
        let at = serial.checked_rem(self.children.len()).unwrap_or_default();
        let mut child = self.children.get(at).cloned().unwrap_or_default();
        // A third each of UPN, NHS number, and name with date of birth and postcode alone.
        let known = serial % 3;
        if known != 0 {
            child.upn.clear();
        }
        if known != 1 {
            child.nhs_number.clear();
        }
        ReportDomesticAbuseIncidentRequest {
            request_id: request_id(&format!("load/{label}/{serial}")),
            incident: Some(self.incident(reference(label, serial), child, attended)),
        }
    }

    fn incident(&self, occurrence_number: String, child: Child, attended: i64) -> Incident {
        Incident {
            occurrence_number,
            force_code: self.force.clone(),
            attended_time: Some(prost_types::Timestamp { seconds: attended, nanos: 0 }),
            adults: vec![
                adult("a1", "Xanthe", AdultRole::Victim, RelationshipKind::Mother),
                adult("a2", "Zephyr", AdultRole::Suspect, RelationshipKind::Father),
            ],
            narrative: NARRATIVE.to_owned(),
            children: vec![child],
            dash_risk: DashRisk::Medium.into(),
            r#type: IncidentType::Verbal.into(),
            parent_contact_advice: ParentContactAdvice::DoNotContact.into(),
            actions: "Safeguarding advice given. Invented for a measurement.".to_owned(),
            collection_risk: Answer::No.into(),
            officer: Some(OfficerContact {
                reference: format!("{}-0000", self.force),
                telephone: "01632 960300".to_owned(),
            }),
            ..Incident::default()
        }
    }
}

/// The occurrence number of report number `serial` of a run.
pub(crate) fn reference(label: &str, serial: usize) -> String {
    format!("{label}-{serial:07}")
}

/// About the length of a real one.
const NARRATIVE: &str = "Zephyr Quillfeather came to the house in the evening and would not leave. He shouted at Xanthe \
    Quillfeather in the kitchen for about twenty minutes, threw a plate at the wall and took her telephone so that she \
    could not call anybody. The child of the house came down when the plate broke and was sent back upstairs. A door \
    was damaged. He had left when officers came, and was found at his brother's address. This report is synthetic; \
    nobody in it exists.";

fn adult(adult_ref: &str, given: &str, role: AdultRole, kind: RelationshipKind) -> Adult {
    Adult {
        r#ref: adult_ref.to_owned(),
        given_names: given.to_owned(),
        // No key adult is called that, so that nobody is passed over as a party.
        family_name: "Quillfeather".to_owned(),
        role: role.into(),
        relationships: vec![Relationship { child_ref: "c1".to_owned(), kind: kind.into() }],
        ..Adult::default()
    }
}

fn child(family: &Family, pupil: &Pupil) -> Child {
    let born = pupil.date_of_birth;
    Child {
        r#ref: "c1".to_owned(),
        given_names: pupil.given_names.clone().into_owned(),
        family_name: pupil.family_name.clone().into_owned(),
        date_of_birth: Some(Date {
            year: born.year().into(),
            month: born.month().into(),
            day: born.day().into(),
        }),
        sex: pupil.sex.into(),
        nhs_number: pupil.nhs_number.clone().unwrap_or_default(),
        upn: pupil.upn.clone().unwrap_or_default(),
        address: Some(Address {
            lines: family.home.lines.clone(),
            postcode: family.home.postcode.clone(),
            protect: Answer::No.into(),
            authority_code: family.authority_code.to_owned(),
        }),
        present: Answer::Yes.into(),
        whereabouts: "Upstairs".to_owned(),
        voice: Some(Voice {
            spoken_to: Answer::Yes.into(),
            words: "I heard the plate break and I came down.".to_owned(),
            alone: Answer::Yes.into(),
            not_spoken_to_reason: String::new(),
        }),
        welfare_check: Answer::Yes.into(),
        ..Child::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mash_proto::convert::police::{Checks, incident_from_wire};
    use mash_synth::wales::Scale;

    use super::*;

    #[test]
    fn every_report_is_one_that_the_contract_accepts() {
        let wales = Wales::generate(1, Scale::new(0.01).unwrap());
        let crowd = Crowd::of_wales(&wales, "62", 10);
        assert_eq!(crowd.schools().count(), 10);
        assert!(crowd.len() > 100);
        let now = Wales::week();
        let mut seen = BTreeSet::new();
        for serial in 0..1_000 {
            let request = crowd.report("t1", serial, now.as_second() - 1_800);
            assert!(seen.insert(request.request_id.clone()));
            let incident = request.incident.unwrap();
            assert!(seen.insert(incident.occurrence_number.clone()));
            let read = incident_from_wire(incident, &Checks::report(now, "62".parse().unwrap()));
            assert!(read.is_ok(), "{:?}", read.err());
        }
    }

    #[test]
    fn children_stay_within_the_force_and_the_schools() {
        let wales = Wales::generate(1, Scale::new(0.01).unwrap());
        let crowd = Crowd::of_wales(&wales, "61", 5);
        for child in &crowd.children {
            let code = &child.address.as_ref().unwrap().authority_code;
            assert_eq!(wales.force_of(code), "61");
        }
        assert!(Crowd::of_wales(&wales, "01", 5).is_empty());
    }
}

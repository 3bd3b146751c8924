//! What police report, I1 to I12. The texts hold traps: names and schools of siblings, suspects, a refuge.

mod evening;
mod morning;

use jiff::Timestamp;
use mash_proto::{
    police::v1::{
        Adult, AdultRole, Child, DashRisk, Incident, IncidentType, OfficerContact,
        ParentContactAdvice, Relationship, RelationshipKind, StatedEstablishment, Voice,
    },
    r#type::v1::Answer,
};

use super::people::{self, Pupil};

/// One incident, as reported and, where that happens, as amended.
pub struct IncidentReport {
    /// `I1` to `I12`.
    pub key: &'static str,
    /// The two-digit code of the reporting force.
    pub force: &'static str,
    /// The scenario's keys of the children, in the order of the report: the first one is `c1`.
    pub children: Vec<&'static str>,
    /// The first revision.
    pub first: Incident,
    /// The second revision, where there is one.
    pub amended: Option<Incident>,
}

impl IncidentReport {
    /// The reference of this child within the report, such as `c1`.
    #[must_use]
    pub fn child_ref(&self, child: &str) -> Option<String> {
        let position = self.children.iter().position(|key| *key == child)?;
        Some(format!("c{}", position + 1))
    }
}

pub(super) fn incidents() -> Vec<IncidentReport> {
    let people = People(people::pupils());
    let mut reports = evening::incidents(&people);
    reports.extend(morning::incidents(&people));
    reports
}

/// Looks children up by their keys.
struct People(Vec<Pupil>);

impl People {
    /// The child as reported; an unknown key gives an empty child, which the tests refuse.
    fn child(&self, key: &str, child_ref: &str) -> Child {
        self.0
            .iter()
            .find(|pupil| pupil.key == key)
            .map(|pupil| pupil.as_child(child_ref))
            .unwrap_or_default()
    }

    /// The child with neither UPN nor NHS number: officers seldom have them at hand.
    fn unnumbered(&self, key: &str, child_ref: &str) -> Child {
        Child { nhs_number: String::new(), upn: String::new(), ..self.child(key, child_ref) }
    }
}

/// An incident of South Wales Police with the usual answers.
fn incident(
    number: &str,
    attended: Timestamp,
    adults: Vec<Adult>,
    children: Vec<Child>,
) -> Incident {
    Incident {
        occurrence_number: number.to_owned(),
        force_code: "62".to_owned(),
        attended_time: Some(prost_types::Timestamp { seconds: attended.as_second(), nanos: 0 }),
        adults,
        children,
        dash_risk: DashRisk::Medium.into(),
        r#type: IncidentType::Verbal.into(),
        parent_contact_advice: ParentContactAdvice::DoNotContact.into(),
        actions:
            "Safeguarding advice given. Referred to the independent domestic violence adviser."
                .to_owned(),
        collection_risk: Answer::No.into(),
        officer: Some(OfficerContact {
            reference: format!("62-{}", number.get(6..).unwrap_or_default()),
            telephone: "01632 960300".to_owned(),
        }),
        ..Incident::default()
    }
}

fn adult(
    adult_ref: &str,
    name: (&str, &str),
    role: AdultRole,
    to: &[(&str, RelationshipKind)],
) -> Adult {
    Adult {
        r#ref: adult_ref.to_owned(),
        given_names: name.0.to_owned(),
        family_name: name.1.to_owned(),
        role: role.into(),
        relationships: to
            .iter()
            .map(|(child_ref, kind)| Relationship {
                child_ref: (*child_ref).to_owned(),
                kind: (*kind).into(),
            })
            .collect(),
        ..Adult::default()
    }
}

fn stated(name: &str, laestab: &str) -> Option<StatedEstablishment> {
    Some(StatedEstablishment { stated_name: name.to_owned(), laestab: laestab.to_owned() })
}

fn spoke(words: &str, alone: Answer) -> Option<Voice> {
    Some(Voice {
        spoken_to: Answer::Yes.into(),
        words: words.to_owned(),
        alone: alone.into(),
        not_spoken_to_reason: String::new(),
    })
}

fn not_spoken_to(reason: &str) -> Option<Voice> {
    Some(Voice {
        spoken_to: Answer::No.into(),
        words: String::new(),
        alone: Answer::Unknown.into(),
        not_spoken_to_reason: reason.to_owned(),
    })
}

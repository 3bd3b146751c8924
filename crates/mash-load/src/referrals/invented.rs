//! Invented children: no two with a name, a birthday, a house or a street in common.

use jiff::Timestamp;
use mash_proto::{
    convert::{
        referral::{content_of, report_from_wire},
        time_to_wire,
    },
    disclosure::v1::EvidenceClass,
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    referral::v1::{
        Address, Concern, ItemKind, ItemReleased, Referrer, Report, ReportKind, Subject, Urgency,
    },
    r#type::v1::{Answer, Date, Organisation, OrganisationKind, Sex},
};
use prost::Message as _;

/// One child of a run, by its number.
#[derive(Clone, Copy, Debug)]
pub struct Invented(pub usize);

const LETTERS: [char; 20] = [
    'a', 'b', 'd', 'e', 'f', 'g', 'h', 'j', 'l', 'n', 'p', 'q', 'r', 's', 't', 'u', 'w', 'x', 'y',
    'z',
];

impl Invented {
    /// A report of the public about this child, in the area of this authority.
    #[must_use]
    pub fn report(self, authority: &str) -> Report {
        Report {
            form_version: 1,
            kind: ReportKind::Public.into(),
            urgency: Urgency::SameDay.into(),
            child: Some(self.child(authority)),
            concerns: vec![Concern {
                what: CONCERN.to_owned(),
                when: "Yesterday evening".to_owned(),
                evidence: EvidenceClass::Observation.into(),
                ..Concern::default()
            }],
            harm_suspected: Answer::Yes.into(),
            parent_informed: Answer::Unknown.into(),
            risk_to_visitors: Answer::Unknown.into(),
            referrer: Some(Referrer {
                name: "A neighbour".to_owned(),
                role: "member of the public".to_owned(),
                ..Referrer::default()
            }),
            place_authority_code: authority.to_owned(),
            ..Report::default()
        }
    }

    fn child(self, authority: &str) -> Subject {
        let Self(number) = self;
        Subject {
            given_names: format!("Q{}", self.word(0)),
            family_name: format!("Quill{}", self.word(7)),
            date_of_birth: Some(Date {
                year: small(2_010 + number % 13),
                month: small(1 + number / 13 % 12),
                day: small(1 + number / 156 % 28),
            }),
            sex: Sex::Female.into(),
            address: Some(Address {
                lines: vec![format!("{} Invented {} Road", number + 1, self.word(3))],
                postcode: self.postcode(),
                protect: Answer::No.into(),
                authority_code: authority.to_owned(),
            }),
            ..Subject::default()
        }
    }

    /// A word without meaning, another one for each number and salt.
    fn word(self, salt: usize) -> String {
        let mut rest = self.0.wrapping_mul(7_919).wrapping_add(salt * 1_000_003);
        let mut word = String::new();
        for _ in 0..6 {
            word.extend(LETTERS.get(rest % LETTERS.len()));
            rest /= LETTERS.len();
        }
        word
    }

    fn postcode(self) -> String {
        let Self(number) = self;
        let letter =
            |at: usize| LETTERS.get(at % LETTERS.len()).map_or('A', char::to_ascii_uppercase);
        format!(
            "CF{} {}{}{}",
            31 + number / 4_000 % 6,
            number / 400 % 10,
            letter(number / 20),
            letter(number)
        )
    }
}

const CONCERN: &str = "The caller has heard an adult shout at the child on most evenings of the last two weeks, and \
    yesterday saw her sit on the step in the rain without a coat. She did not want to say why. This report is \
    synthetic; nobody in it exists.";

fn small(number: usize) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

/// What routing releases to a hub about this child, as an id and an envelope: for filling a queue without the way there.
#[must_use]
pub fn released(
    hub: &Organisation,
    label: &str,
    number: usize,
    now: Timestamp,
) -> (String, Envelope) {
    let report = Invented(number).report(&hub.code);
    let content = report_from_wire(report, now).map(|report| content_of(&report));
    let key = format!("{label}/{}/{number}", hub.code);
    let case_id = event_id(&["load", "case", &key]).to_string();
    let event = ItemReleased {
        release_id: event_id(&["load", "release", &key]).to_string(),
        item_id: event_id(&["load", "item", &key]).to_string(),
        case_id: case_id.clone(),
        kind: ItemKind::Referral.into(),
        recipient: Some(hub.clone()),
        from: Some(Organisation {
            kind: OrganisationKind::PoliceForce.into(),
            code: "62".to_owned(),
        }),
        revision: 1,
        content: content.unwrap_or_default().encode_to_vec(),
        classes: vec![1, 3, 6, 17, 18],
        rule_ids: vec!["R06".to_owned()],
        flow: "concern".to_owned(),
        submit_time: Some(time_to_wire(now)),
        reference: format!("{label}-{number}"),
        report_kind: ReportKind::PoliceNotice.into(),
        urgency: Urgency::SameDay.into(),
        harm_suspected: Answer::Yes.into(),
        ..ItemReleased::default()
    };
    let id = event_id(&["load", "event", &key]);
    let attributes =
        Attributes { id, source: "mash/load", subject: &case_id, time: now, cause: None };
    (id.to_string(), wrap(&event, &attributes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_report_is_one_that_the_contract_accepts_and_no_two_children_are_alike() {
        let now: Timestamp = "2026-11-19T09:00:00Z".parse().unwrap();
        let mut seen = BTreeSet::new();
        for number in 0..20_000 {
            let wire = Invented(number).report("672");
            let child = wire.child.clone().unwrap();
            let address = child.address.unwrap();
            for part in
                [child.given_names, child.family_name, address.lines.concat(), address.postcode]
            {
                assert!(seen.insert(part.clone()), "{part} comes twice");
            }
            let read = report_from_wire(wire, now);
            assert!(read.is_ok(), "{:?}", read.err());
        }
    }
}

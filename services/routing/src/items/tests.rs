//! Items on files without a store.

use jiff::Timestamp;
use mash_domain::{
    authority::Authorities, incident::CaseId, incident::rules::day_of, organisation::OrganisationId,
};
use mash_policy::Ruleset;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{self as disclosure, Content, ReceiptKind},
    envelope::{event_id, holds, unwrap},
    event::v1::Envelope,
    referral::v1::{
        ItemKind, ItemRecalled, ItemReceiptRecorded, ItemReleased, ItemSubmitted, StatedFacts,
    },
    r#type::v1::Answer,
};
use prost::Message as _;

use super::{
    file::{CaseFile, Release, ReleaseState, release_id},
    plan::Consulted,
    receive::receive,
    submission::Submission,
    take_in::{Changes, TakeInError, Tools, take_in},
};
use crate::{
    app::effects::{Cause, Effects},
    pseudonym::Pseudonymiser,
};

mod facts;
mod masks;
mod receipts;
mod revisions;
mod silence;
mod table;
mod ways;

const SCHOOL: &str = "school/6722951";
const FORCE: &str = "police/62";
const BOARD: &str = "health-board/7A5";
const BRIDGEND: &str = "authority/672";
const CARDIFF: &str = "authority/681";
const BRISTOL: &str = "authority/801";

fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn case() -> String {
    CaseId::from_mac(&[9; 32]).to_string()
}

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// An item of this name, in its first revision.
fn item(name: &str, kind: ItemKind, flow: &str, from: &str, to: &[&str]) -> ItemSubmitted {
    ItemSubmitted {
        case_id: case(),
        item_id: event_id(&["test-item", name]).to_string(),
        revision: 1,
        kind: kind.into(),
        flow: flow.to_owned(),
        from: Some((&id(from)).into()),
        to: to.iter().map(|to| (&id(to)).into()).collect(),
        content: Some(content()),
        facts: Some(stated()),
        submit_time: Some(time_to_wire(now())),
        reference: name.to_owned(),
        practitioner: "p-1".to_owned(),
        ..ItemSubmitted::default()
    }
}

/// A concern of a school, about a child in Bridgend.
fn referral() -> ItemSubmitted {
    ItemSubmitted {
        place_authority_code: "672".to_owned(),
        report_kind: 6,
        urgency: 2,
        ..item("referral", ItemKind::Referral, "concern", SCHOOL, &[])
    }
}

fn enquiry(to: &str) -> ItemSubmitted {
    item(&format!("enquiry-{to}"), ItemKind::Enquiry, "enquiry", BRIDGEND, &[to])
}

fn reply(kind: ItemKind, flow: &str, from: &str, asked: &ItemSubmitted) -> ItemSubmitted {
    ItemSubmitted {
        reply_to: asked.item_id.clone(),
        ..item(&format!("reply-{from}"), kind, flow, from, &[BRIDGEND])
    }
}

fn stated() -> StatedFacts {
    StatedFacts {
        child_under_18: true,
        harm_suspected: Answer::Yes.into(),
        address_protect: Answer::No.into(),
        do_not_inform_parent: Answer::No.into(),
        ..StatedFacts::default()
    }
}

/// Something of every class that a referral may hold.
fn content() -> Content {
    Content {
        child: Some(disclosure::ChildIdentity {
            given_names: "Cadi".to_owned(),
            family_name: "Enghraifft".to_owned(),
            ..disclosure::ChildIdentity::default()
        }),
        incident: Some(disclosure::IncidentStub::default()),
        narrative: Some(disclosure::Narrative {
            circumstances: "A bruise that nobody explained.".to_owned(),
            concerns: vec![disclosure::ReportedConcern {
                what: "Cadi flinched.".to_owned(),
                r#where: "In the hall.".to_owned(),
                ..disclosure::ReportedConcern::default()
            }],
            ..disclosure::Narrative::default()
        }),
        voice: Some(disclosure::ChildVoice {
            words: "I want to stay.".to_owned(),
            ..disclosure::ChildVoice::default()
        }),
        risk_grade: "high".to_owned(),
        address: Some(disclosure::ChildAddress {
            lines: vec!["1 Heol yr Enghraifft".to_owned(), "Pen-y-bont".to_owned()],
            postcode: "CF99 9XX".to_owned(),
            ..disclosure::ChildAddress::default()
        }),
        suspects: vec![disclosure::Suspect {
            given_names: "Dilwyn".to_owned(),
            family_name: "Neb".to_owned(),
            relationship: "step-parent".to_owned(),
        }],
        offences: vec!["an offence".to_owned()],
        household: Some(disclosure::Household {
            people: vec![disclosure::HouseholdPerson {
                given_names: "Eluned".to_owned(),
                family_name: "Enghraifft".to_owned(),
                relationship: "mother".to_owned(),
                ..disclosure::HouseholdPerson::default()
            }],
            ..disclosure::Household::default()
        }),
        immigration: "A status.".to_owned(),
        officer: Some(disclosure::ProfessionalContact {
            telephone: "01656 900001".to_owned(),
            ..disclosure::ProfessionalContact::default()
        }),
        actions: "Her mother was rung.".to_owned(),
        ..Content::default()
    }
}

/// One case, and everything that came of it.
struct Hub {
    file: CaseFile,
    ruleset: std::sync::Arc<Ruleset>,
    pseudonymiser: Pseudonymiser,
    now: Timestamp,
    events: usize,
}

impl Hub {
    fn new() -> Self {
        Self {
            file: CaseFile::default(),
            ruleset: Ruleset::builtin().unwrap(),
            pseudonymiser: Pseudonymiser::new(b"test"),
            now: now(),
            events: 0,
        }
    }

    /// With a referral of the school that Bridgend has.
    fn with_referral() -> Self {
        let mut hub = Self::new();
        hub.take(&referral());
        hub
    }

    fn try_take(&mut self, wire: &ItemSubmitted) -> Result<Effects, TakeInError> {
        self.events += 1;
        let event = Envelope {
            id: event_id(&["test", &self.events.to_string()]).to_string(),
            ..Envelope::default()
        };
        let item = Submission::read(wire.clone()).unwrap();
        let consulted = Consulted {
            authorities: Authorities::builtin(),
            ruleset: &self.ruleset,
            agreements: &[],
            consents: None,
            now: self.now,
            today: day_of(self.now),
        };
        let cause = Cause { event: &event, now: self.now };
        let tools = Tools { consulted, pseudonymiser: &self.pseudonymiser, cause };
        let mut changes = Changes::default();
        take_in(&item, &wire.encode_to_vec(), &mut self.file, tools, &mut changes)?;
        Ok(changes.effects)
    }

    fn take(&mut self, wire: &ItemSubmitted) -> Effects {
        self.try_take(wire).unwrap()
    }

    fn receive(&mut self, item: &ItemSubmitted, to: &str, kind: ReceiptKind) -> Effects {
        let event = Envelope::default();
        let receipt = ItemReceiptRecorded {
            release_id: release_id(&item.item_id, &id(to)),
            item_id: item.item_id.clone(),
            case_id: item.case_id.clone(),
            recipient: Some((&id(to)).into()),
            kind: kind.into(),
            receipt_time: Some(time_to_wire(self.now)),
            ..ItemReceiptRecorded::default()
        };
        let mut effects = Effects::default();
        let cause = Cause { event: &event, now: self.now };
        receive(&receipt, &mut self.file, &mut effects, cause);
        effects
    }

    fn release(&self, item: &ItemSubmitted, to: &str) -> &Release {
        self.file.release(&release_id(&item.item_id, &id(to))).unwrap()
    }
}

fn envelopes(effects: &Effects) -> Vec<(&'static str, String, Envelope)> {
    let read = |sent: &mash_store::outbox::OutboxMessage| {
        let envelope = Envelope::decode(sent.payload.as_slice()).unwrap();
        (sent.topic, sent.key.clone(), envelope)
    };
    effects.messages.iter().map(read).collect()
}

/// What was released, to whom and where.
fn released(effects: &Effects) -> Vec<(&'static str, ItemReleased)> {
    let found = envelopes(effects).into_iter();
    let found = found.filter(|(_, _, envelope)| holds::<ItemReleased>(envelope));
    let read = |(topic, key, envelope): (&'static str, String, Envelope)| {
        let event: ItemReleased = unwrap(&envelope).unwrap();
        let to = OrganisationId::try_from(event.recipient.clone().unwrap()).unwrap();
        assert_eq!(key, to.to_string(), "keyed by recipient");
        (topic, event)
    };
    found.map(read).collect()
}

fn recalled(effects: &Effects) -> Vec<ItemRecalled> {
    let found = envelopes(effects).into_iter();
    let found = found.filter(|(_, _, envelope)| holds::<ItemRecalled>(envelope));
    found.map(|(_, _, envelope)| unwrap(&envelope).unwrap()).collect()
}

fn to(event: &ItemReleased) -> String {
    OrganisationId::try_from(event.recipient.clone().unwrap()).unwrap().to_string()
}

/// To whom, what kind of item, and the code of a non-delivery report.
fn told(effects: &Effects) -> Vec<(String, &'static str, String)> {
    let released = released(effects).into_iter();
    let word = |event: &ItemReleased| super::submission::kind_word(event.kind());
    released.map(|(_, it)| (to(&it), word(&it), it.non_delivery_code)).collect()
}

fn told_of(to: &str, kind: &'static str) -> (String, &'static str, String) {
    (to.to_owned(), kind, String::new())
}

fn not_delivered(to: &str, code: &str) -> (String, &'static str, String) {
    (to.to_owned(), "non-delivery", code.to_owned())
}

fn what(event: &ItemReleased) -> Content {
    Content::decode(event.content.as_slice()).unwrap()
}

fn reasons(effects: &Effects) -> Vec<String> {
    effects.decisions.iter().flat_map(|decision| decision.reason_codes.clone()).collect()
}

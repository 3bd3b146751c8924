//! What police hear back: decisions and receipts become outcomes, whatever the order they come in.

use std::time::Duration;

use mash_bus::{BusMessage, topics};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1 as disclosure,
    police::v1 as wire,
    sharing::v1 as sharing,
    r#type::v1::{Organisation, OrganisationKind},
};

use crate::support::{Client, Hub, by, case_of, incident, reported};

on_both! {
    a_duty_is_followed_from_release_to_acknowledgement,
    a_receipt_before_its_decision_counts,
    a_rerouted_duty_is_shown_with_its_new_recipient,
    a_refusal_and_a_recall_are_withheld_with_their_reason,
    a_watcher_sees_every_duty_and_then_the_changes,
    an_event_that_cannot_be_read_does_not_stop_the_others,
    other_cases_and_other_forces_are_not_shown,
    many_duties_are_listed_whole,
}

const SCHOOL: &str = "6722301";
const OTHER_SCHOOL: &str = "6722302";

fn school(code: &str) -> Option<Organisation> {
    Some(Organisation { kind: OrganisationKind::School.into(), code: code.to_owned() })
}

/// A duty to tell a school of a child.
struct Duty<'a> {
    hub: &'a Hub,
    case_id: String,
    id: &'a str,
}

impl Duty<'_> {
    async fn decide(&self, school_code: &str, effect: sharing::Effect, reasons: &[&str]) {
        let permitted = effect == sharing::Effect::Permit;
        let decision = sharing::Decision {
            name: format!("decisions/{}", uuid::Uuid::new_v4()),
            case_id: self.case_id.clone(),
            duty_id: self.id.to_owned(),
            recipient: school(school_code),
            effect: effect.into(),
            decide_time: Some(self.now()),
            reason_codes: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
            duty_kind: "school".into(),
            child_ref: "c1".into(),
            incident_revision: 1,
            disclosure_id: if permitted { self.disclosure(school_code) } else { String::new() },
            ..sharing::Decision::default()
        };
        let identity = decision.name.clone();
        let event = sharing::DecisionRecorded { decision: Some(decision) };
        self.hub.publish(topics::DECISIONS, &self.case_id, &identity, &event).await;
    }

    async fn receive(&self, school_code: &str, kind: disclosure::ReceiptKind, reason: &str) {
        let event = disclosure::ReceiptRecorded {
            disclosure_id: self.disclosure(school_code),
            duty_id: self.id.to_owned(),
            case_id: self.case_id.clone(),
            recipient: school(school_code),
            kind: kind.into(),
            receipt_time: Some(self.now()),
            reason_code: reason.to_owned(),
            revision: 1,
            ..disclosure::ReceiptRecorded::default()
        };
        let identity = uuid::Uuid::new_v4().to_string();
        self.hub.publish(topics::RECEIPTS, &self.case_id, &identity, &event).await;
    }

    fn disclosure(&self, school_code: &str) -> String {
        format!("{}-{school_code}", self.id)
    }

    /// Each thing happens a second after the one before.
    fn now(&self) -> prost_types::Timestamp {
        self.hub.clock.advance(jiff::SignedDuration::from_secs(1));
        time_to_wire(mash_chassis::Clock::now(&self.hub.clock))
    }
}

async fn duty<'a>(hub: &'a Hub, client: &mut Client, occurrence: &str, id: &'a str) -> Duty<'a> {
    let stored = reported(client, incident(occurrence)).await;
    Duty { hub, case_id: case_of(&stored), id }
}

use disclosure::ReceiptKind::{Acknowledged, Deleted, Delivered, Escalated, Opened, Rejected};
use sharing::Effect::{Permit, Refuse};

async fn a_duty_is_followed_from_release_to_acknowledgement(hub: Hub) {
    let mut client = hub.client("police/62");
    let duty = duty(&hub, &mut client, "2700000001", "d1").await;
    assert!(hub.outcomes(&mut client).await.is_empty(), "routing has not answered");
    duty.decide(SCHOOL, Permit, &[]).await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_RELEASED").await;
    assert!(outcome.recipient == school(SCHOOL));
    assert_eq!((outcome.child_ref.as_str(), outcome.duty_kind.as_str()), ("c1", "school"));
    assert_eq!(outcome.occurrence_number, "2700000001");
    assert_eq!(outcome.incident, format!("incidents/{}", duty.case_id));
    duty.receive(SCHOOL, Delivered, "").await;
    hub.until(&mut client, "d1", "DUTY_STATE_DELIVERED").await;
    duty.receive(SCHOOL, Escalated, "no-answer").await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_ESCALATED").await;
    assert_eq!(outcome.reason_code, "no-answer");
    duty.receive(SCHOOL, Acknowledged, "").await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_ACKNOWLEDGED").await;
    assert!(outcome.reason_code.is_empty() && !outcome.late);
    let counts = hub.police.reconcile().await.unwrap();
    assert_eq!(
        (counts.children, counts.children_without_outcome),
        (2, 1),
        "nobody answered for c2"
    );
}

async fn a_receipt_before_its_decision_counts(hub: Hub) {
    let mut client = hub.client("police/62");
    let duty = duty(&hub, &mut client, "2700000002", "d1").await;
    duty.receive(SCHOOL, Acknowledged, "").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(hub.outcomes(&mut client).await.is_empty());
    assert_eq!(hub.police.reconcile().await.unwrap().children_without_outcome, 2);
    duty.decide(SCHOOL, Permit, &[]).await;
    hub.until(&mut client, "d1", "DUTY_STATE_ACKNOWLEDGED").await;
}

async fn a_rerouted_duty_is_shown_with_its_new_recipient(hub: Hub) {
    let mut client = hub.client("police/62");
    let duty = duty(&hub, &mut client, "2700000003", "d1").await;
    duty.decide(SCHOOL, Permit, &[]).await;
    duty.receive(SCHOOL, Rejected, "not-on-roll").await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_REROUTING").await;
    assert_eq!(outcome.reason_code, "not-on-roll");
    duty.decide(OTHER_SCHOOL, Permit, &["re-routed"]).await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_RELEASED").await;
    assert!(outcome.recipient == school(OTHER_SCHOOL));
    duty.receive(SCHOOL, Opened, "").await;
    duty.receive(OTHER_SCHOOL, Acknowledged, "").await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_ACKNOWLEDGED").await;
    assert!(outcome.recipient == school(OTHER_SCHOOL));
    assert_eq!(hub.outcomes(&mut client).await.len(), 1, "one duty, one row");
}

async fn a_refusal_and_a_recall_are_withheld_with_their_reason(hub: Hub) {
    let mut client = hub.client("police/62");
    let playgroup = duty(&hub, &mut client, "2700000004", "d1").await;
    playgroup.decide(SCHOOL, Refuse, &["force-not-opted-in"]).await;
    let outcome = hub.until(&mut client, "d1", "DUTY_STATE_WITHHELD").await;
    assert_eq!(outcome.reason_code, "force-not-opted-in");
    let recalled = duty(&hub, &mut client, "2700000005", "d2").await;
    recalled.decide(SCHOOL, Permit, &[]).await;
    recalled.receive(SCHOOL, Acknowledged, "").await;
    hub.until(&mut client, "d2", "DUTY_STATE_ACKNOWLEDGED").await;
    recalled.decide(SCHOOL, Refuse, &["withdrawn"]).await;
    recalled.receive(SCHOOL, Deleted, "").await;
    let outcome = hub.until(&mut client, "d2", "DUTY_STATE_WITHHELD").await;
    assert_eq!(outcome.reason_code, "withdrawn");
}

async fn a_watcher_sees_every_duty_and_then_the_changes(hub: Hub) {
    let mut client = hub.client("police/62");
    let first = duty(&hub, &mut client, "2700000006", "d1").await;
    let second = duty(&hub, &mut client, "2700000007", "d2").await;
    first.decide(SCHOOL, Permit, &[]).await;
    hub.until(&mut client, "d1", "DUTY_STATE_RELEASED").await;
    let watch =
        |incident: String| by(wire::WatchOutcomesRequest { incident, snapshot_only: false });
    let mut all = client.watch_outcomes(watch(String::new())).await.unwrap().into_inner();
    let only = format!("incidents/{}", second.case_id);
    let mut only_second = client.watch_outcomes(watch(only)).await.unwrap().into_inner();
    let next = async |stream: &mut tonic::Streaming<wire::WatchOutcomesResponse>| {
        let message =
            tokio::time::timeout(Duration::from_secs(10), stream.message()).await.unwrap();
        let outcome = message.unwrap().unwrap().outcome.unwrap();
        (outcome.duty.clone(), outcome.state().as_str_name())
    };
    assert_eq!(next(&mut all).await, ("d1".to_owned(), "DUTY_STATE_RELEASED"));
    first.receive(SCHOOL, Acknowledged, "").await;
    assert_eq!(next(&mut all).await, ("d1".to_owned(), "DUTY_STATE_ACKNOWLEDGED"));
    second.decide(SCHOOL, Refuse, &["force-not-opted-in"]).await;
    assert_eq!(next(&mut all).await, ("d2".to_owned(), "DUTY_STATE_WITHHELD"));
    assert_eq!(next(&mut only_second).await, ("d2".to_owned(), "DUTY_STATE_WITHHELD"));
}

async fn an_event_that_cannot_be_read_does_not_stop_the_others(hub: Hub) {
    let mut client = hub.client("police/62");
    let duty = duty(&hub, &mut client, "2700000008", "d1").await;
    let bytes = BusMessage {
        topic: topics::DECISIONS.to_owned(),
        key: duty.case_id.clone(),
        event_id: "x".into(),
        payload: vec![0xff; 40].into(),
    };
    hub.bus.publish(&[bytes]).await.unwrap();
    let nobody = sharing::DecisionRecorded { decision: Some(sharing::Decision::default()) };
    hub.publish(topics::DECISIONS, &duty.case_id, "nobody", &nobody).await;
    duty.decide(SCHOOL, Permit, &[]).await;
    hub.until(&mut client, "d1", "DUTY_STATE_RELEASED").await;
    let mut conn = hub.store.read().await.unwrap();
    let codes: Vec<(String, String)> =
        sqlx::query_as("SELECT code, owner FROM dead_letters ORDER BY code")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    let letter = |code: &str| (code.to_owned(), "police".to_owned());
    assert_eq!(codes, [letter("MASH-B001"), letter("MASH-P010")]);
}

async fn other_cases_and_other_forces_are_not_shown(hub: Hub) {
    let mut client = hub.client("police/62");
    let own = duty(&hub, &mut client, "2700000009", "d1").await;
    let case_id = uuid::Uuid::new_v4().to_string();
    let foreign = Duty { hub: &hub, case_id, id: "d2" };
    foreign.decide(SCHOOL, Permit, &[]).await;
    own.decide(SCHOOL, Permit, &[]).await;
    hub.until(&mut client, "d1", "DUTY_STATE_RELEASED").await;
    assert_eq!(hub.outcomes(&mut client).await.len(), 1);
    assert!(hub.outcomes(&mut hub.client("police/61")).await.is_empty());
}

/// More than a page of the store and more than a batch of the intake.
async fn many_duties_are_listed_whole(hub: Hub) {
    let mut client = hub.client("police/62");
    let case_id = case_of(&reported(&mut client, incident("2700000010")).await);
    let ids: Vec<String> = (0..1_203).map(|number| format!("d{number}")).collect();
    for id in &ids {
        Duty { hub: &hub, case_id: case_id.clone(), id }.decide(SCHOOL, Permit, &[]).await;
    }
    hub.until(&mut client, "d1202", "DUTY_STATE_RELEASED").await;
    assert_eq!(hub.outcomes(&mut client).await.len(), 1_203);
}

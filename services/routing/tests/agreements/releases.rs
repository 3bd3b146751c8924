//! A health board hears of an incident while an agreement is live, and not a moment before or after.

use std::time::Duration;

use mash_bus::{BusMessage, topics};
use mash_chassis::Clock as _;
use mash_domain::incident::CaseId;
use mash_proto::{
    disclosure::v1::DisclosureReleased,
    envelope::{Attributes, event_id, unwrap, wrap},
    event::v1::Envelope,
    police::v1::IncidentReported,
    sharing::v1::{self as wire, Effect},
};
use mash_store::Dialect;
use mash_synth::night::Night;
use prost::Message as _;

use crate::support::{BOARD, FORCE, Hub, by, terms};

on_both!(
    a_board_hears_while_an_agreement_is_live_and_only_then,
    nothing_reaches_the_board_once_termination_has_returned,
);

/// A child of Bridgend whose school nobody knows: the desk is told, and the health board if that is agreed.
pub(crate) async fn report(hub: &Hub, number: u8) -> CaseId {
    let case = CaseId::from_mac(&[number; 32]);
    let mut incident = Night::new().incident("I1").unwrap().first.clone();
    incident.children.truncate(1);
    let child = &mut incident.children[0];
    child.address.as_mut().unwrap().authority_code = "672".to_owned();
    let only = child.r#ref.clone();
    for adult in &mut incident.adults {
        adult.relationships.retain(|relationship| relationship.child_ref == only);
    }
    let event = IncidentReported { case_id: case.to_string(), incident: Some(incident) };
    let id = event_id(&["test", &case.to_string()]);
    let subject = case.to_string();
    let time = hub.clock.now();
    let attributes = Attributes { id, source: "test", subject: &subject, time, cause: None };
    let payload = wrap(&event, &attributes).encode_to_vec().into();
    let (topic, key) = (topics::SUBMITTED.to_owned(), case.to_string());
    let message = BusMessage { topic, key, event_id: id.to_string(), payload };
    hub.bus.publish(&[message]).await.unwrap();
    case
}

/// The decisions on a case, once there are any.
pub(crate) async fn decided(hub: &Hub, case: CaseId) -> Vec<wire::Decision> {
    let incident = format!("incidents/{case}");
    for _ in 0..400 {
        let request =
            wire::ListDecisionsRequest { incident: incident.clone(), ..Default::default() };
        let answer = hub.decisions(FORCE).list_decisions(by("p1", request)).await;
        let decisions = answer.map(|answer| answer.into_inner().decisions).unwrap_or_default();
        if !decisions.is_empty() {
            return decisions;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing was decided")
}

/// What reaches the health board: as many as are wanted, and whatever else comes within a moment.
async fn heard(hub: &Hub, group: &str, wanted: usize) -> Vec<DisclosureReleased> {
    let mut subscription = hub.bus.subscribe(group, &[topics::DISCLOSED_HEALTH]).await.unwrap();
    let mut found = Vec::new();
    for _ in 0..20 {
        let next = subscription.next_batch(100);
        match tokio::time::timeout(Duration::from_millis(500), next).await {
            Ok(batch) => found.extend(batch.unwrap().into_iter().map(|delivery| {
                let envelope = Envelope::decode(delivery.payload.as_ref()).unwrap();
                unwrap::<DisclosureReleased>(&envelope).ok().unwrap()
            })),
            Err(_) if found.len() >= wanted => break,
            Err(_) => (),
        }
    }
    found
}

async fn a_board_hears_while_an_agreement_is_live_and_only_then(dialect: Dialect) {
    let hub = Hub::running(dialect).await;
    let of_board = |decisions: &[wire::Decision]| -> Vec<wire::Decision> {
        let health = |it: &&wire::Decision| it.duty_kind == "health-notice";
        decisions.iter().filter(health).cloned().collect()
    };
    assert!(of_board(&decided(&hub, report(&hub, 1).await).await).is_empty());
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    hub.sign(FORCE, &draft).await.unwrap();
    let half = decided(&hub, report(&hub, 2).await).await;
    assert!(of_board(&half).is_empty(), "one signature releases nothing");

    hub.sign(BOARD, &draft).await.unwrap();
    let live = of_board(&decided(&hub, report(&hub, 3).await).await);
    assert_eq!(live.len(), 1);
    assert!(live[0].effect() == Effect::Permit && live[0].second_recipient);
    assert_eq!(live[0].citations[0].agreement, draft.name);
    assert_eq!(live[0].citations[0].clause, "4.2");
    assert_eq!(live[0].citations[0].digest, draft.digest);

    let [released] = &heard(&hub, "while-live", 1).await[..] else { panic!("one notice") };
    assert_eq!(released.decision_id, live[0].name.trim_start_matches("decisions/"));
    assert!(released.classes.iter().all(|class| [1, 2, 3, 5, 12].contains(class)));

    hub.terminate(BOARD, &draft).await.unwrap();
    let ended = of_board(&decided(&hub, report(&hub, 4).await).await);
    assert_eq!(ended.len(), 1, "the refusal is on record");
    assert!(ended[0].effect() == Effect::Refuse);
    assert_eq!(ended[0].reason_codes, ["agreement-not-live"]);

    assert_eq!(heard(&hub, "afterwards", 1).await.len(), 1, "nothing more");
}

/// How many notices the health board's topic holds at this moment.
async fn on_the_topic(hub: &Hub) -> i64 {
    let mut read = hub.store.read().await.unwrap();
    let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM bus_log WHERE topic = $1";
    let row = sqlx::query(count).bind(topics::DISCLOSED_HEALTH).fetch_one(&mut *read).await;
    sqlx::Row::get(&row.unwrap(), 0)
}

async fn nothing_reaches_the_board_once_termination_has_returned(dialect: Dialect) {
    let hub = Hub::running(dialect).await;
    let (mut released, mut all) = (0, Vec::new());
    for round in 0..6 {
        let live = hub.live(terms()).await;
        let before = on_the_topic(&hub).await;
        let reports = async {
            let mut cases = Vec::new();
            for number in 0..20 {
                cases.push(report(&hub, round * 20 + number + 1).await);
            }
            cases
        };
        // Each round ends the agreement a little later in the flood.
        let end = async {
            tokio::time::sleep(Duration::from_millis(10 * u64::from(round))).await;
            hub.terminate(BOARD, &live).await.unwrap();
            on_the_topic(&hub).await
        };
        let (cases, at_return) = tokio::join!(reports, end);
        for case in &cases {
            decided(&hub, *case).await;
        }
        all.extend(cases);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(on_the_topic(&hub).await, at_return, "round {round}");
        released += at_return - before;
    }
    assert!(released < 120, "no termination ever came in time");
    // The record says the same: a permit whose release never left is followed by a refusal.
    for attempt in 0..40 {
        let standing = standing(&hub, &all).await;
        if standing == released {
            return;
        }
        assert!(attempt < 39, "{standing} permits stand, and {released} releases left");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// How many permits for the board stand: those that no later refusal of the same disclosure has taken back.
async fn standing(hub: &Hub, cases: &[CaseId]) -> i64 {
    let mut standing = 0;
    for case in cases {
        let decisions = decided(hub, *case).await;
        let of_board = decisions.iter().filter(|it| it.duty_kind == "health-notice");
        let of = |effect| of_board.clone().filter(move |it| it.effect() == effect);
        for permit in of(Effect::Permit) {
            let taken_back = of(Effect::Refuse).any(|it| {
                it.disclosure_id == permit.disclosure_id
                    && it.reason_codes == ["agreement-not-live"]
            });
            standing += i64::from(!taken_back);
        }
    }
    standing
}

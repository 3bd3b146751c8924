//! Warnings and ends: told once, durably, and on the bus.

use mash_bus::topics;
use mash_chassis::Clock as _;
use mash_proto::{
    envelope::{holds, unwrap},
    event::v1::Envelope,
    sharing::v1::{self as wire, AgreementState},
};
use mash_routing::{agreements::sweep::sweep, store::COMPONENT};
use mash_store::Dialect;
use prost::Message as _;

use crate::support::{BOARD, FORCE, Hub, terms};

on_both!(
    warnings_are_given_once_and_survive_a_restart,
    replicas_that_sweep_together_warn_once,
    a_draft_is_never_warned_of,
);

/// What waits to be published on the topic of agreements.
async fn told(hub: &Hub) -> Vec<Envelope> {
    let waiting = mash_store::outbox::take(&hub.store, COMPONENT, 100).await.unwrap();
    waiting
        .into_iter()
        .filter(|message| message.topic == topics::AGREEMENTS)
        .map(|message| Envelope::decode(message.payload.as_slice()).unwrap())
        .collect()
}

async fn warnings_are_given_once_and_survive_a_restart(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let live = hub.live(terms()).await;
    let days = |agreement: &wire::Agreement| -> Vec<i32> {
        agreement.warnings.iter().map(|warning| warning.days).collect()
    };
    // An instant, whether the sweep has something to say, and the warnings that show then.
    let table: &[(&str, usize, &[i32])] = &[
        ("2027-01-29T12:00:00Z", 0, &[]),
        ("2027-01-30T00:00:00Z", 1, &[60]),
        ("2027-01-30T00:01:00Z", 0, &[60]),
        ("2027-03-01T00:00:00Z", 1, &[60, 30]),
        ("2027-03-24T09:00:00Z", 1, &[60, 30, 7]),
        ("2027-03-31T22:59:59Z", 0, &[60, 30, 7]),
        ("2027-03-31T23:00:00Z", 1, &[60, 30, 7]),
        ("2027-04-02T23:00:00Z", 0, &[60, 30, 7]),
    ];
    for (instant, spoke, expected) in table {
        hub.at(instant);
        assert_eq!(sweep(&hub.store, hub.clock.now()).await, *spoke, "{instant}");
        let seen = hub.get(BOARD, &live).await.unwrap();
        assert_eq!(days(&seen), *expected, "{instant}");
    }
    assert!(hub.get(FORCE, &live).await.unwrap().state() == AgreementState::Expired);
    let told = told(&hub).await;
    let warned: Vec<i32> = told
        .iter()
        .filter(|event| holds::<wire::AgreementExpiryWarned>(event))
        .map(|event| unwrap::<wire::AgreementExpiryWarned>(event).ok().unwrap().days)
        .collect();
    assert_eq!(warned, [60, 30, 7]);
    assert!(holds::<wire::AgreementActivated>(&told[0]));
    let ended: wire::AgreementEnded = unwrap(told.last().unwrap()).ok().unwrap();
    assert!(ended.state() == AgreementState::Expired);
    assert_eq!(ended.agreement, live.name);
    assert_eq!(told.len(), 5);
}

async fn replicas_that_sweep_together_warn_once(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.live(terms()).await;
    hub.at("2027-03-20T12:00:00Z");
    let now = hub.clock.now();
    let (one, other) = tokio::join!(sweep(&hub.store, now), sweep(&hub.store, now));
    assert_eq!(one + other, 1);
    let told = told(&hub).await;
    assert_eq!(told.iter().filter(|it| holds::<wire::AgreementExpiryWarned>(it)).count(), 1);
    drop(hub.bus.clone());
}

async fn a_draft_is_never_warned_of(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    hub.sign(FORCE, &draft).await.unwrap();
    hub.at("2027-03-30T12:00:00Z");
    assert_eq!(sweep(&hub.store, hub.clock.now()).await, 0);
    assert!(told(&hub).await.is_empty());
}

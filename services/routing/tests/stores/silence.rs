//! What a recipient may not know leaves no trace in what is published to the recipient, store and outbox included.

use std::sync::Arc;

use mash_bus::Handler as _;
use mash_chassis::ManualClock;
use mash_domain::incident::CaseId;
use mash_policy::Ruleset;
use mash_proto::{
    convert::time_to_wire,
    envelope::{Attributes, event_id, wrap},
    police::v1::{Incident, IncidentReported},
};
use mash_routing::{
    events::Cases,
    pseudonym::Pseudonymiser,
    rulesets::{Rulesets, app},
    store,
};
use mash_store::{Dialect, outbox, testing::TestDatabase};
use mash_synth::night::Night;

on_both!(hidden_fields_and_hidden_revisions_leave_no_trace);

/// The first child of the night, whose school nobody knows: the desk and the queue hear F1, F2 and F12.
fn reported() -> Incident {
    let mut incident = Night::new().incident("I1").unwrap().first.clone();
    incident.children.truncate(1);
    incident.children[0].stated_establishment = None;
    let only = incident.children[0].r#ref.clone();
    for adult in &mut incident.adults {
        adult.relationships.retain(|relationship| relationship.child_ref == only);
    }
    incident
}

/// Plays the revisions, each at its minute, and returns what each recipient gets.
async fn play(dialect: Dialect, revisions: Vec<(i64, Incident)>) -> Vec<(String, Vec<u8>)> {
    let database = TestDatabase::create(dialect).await;
    let store = database.store().await;
    store.migrate(store::COMPONENT, store::MIGRATIONS).await.unwrap();
    let start: jiff::Timestamp = "2026-11-19T02:10:00Z".parse().unwrap();
    app::start(&store, &Ruleset::builtin().unwrap(), start).await.unwrap();
    let clock = ManualClock::new(start);
    let cases = Cases {
        pseudonymiser: Pseudonymiser::new(&[7; 32]),
        rulesets: Arc::new(Rulesets::default()),
        clock: Arc::new(clock.clone()),
    };
    let case = CaseId::from_mac(&[7; 32]).to_string();
    for (revision, (minute, mut incident)) in (1..).zip(revisions) {
        let now = start + jiff::SignedDuration::from_mins(minute);
        clock.set(now);
        incident.revision = revision;
        incident.reported_time = Some(time_to_wire(start));
        let event = IncidentReported { case_id: case.clone(), incident: Some(incident) };
        let id = event_id(&["reported", &case, &revision.to_string()]);
        let attributes =
            Attributes { id, source: "mash/police", subject: &case, time: now, cause: None };
        let mut tx = store.begin().await.unwrap();
        cases.handle(&mut tx, &[wrap(&event, &attributes)]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let rows = outbox::take(&store, store::COMPONENT, 1_000).await.unwrap();
    rows.into_iter()
        .filter(|row| row.topic.starts_with("mash.disclosed."))
        .map(|row| (format!("{} {} {}", row.topic, row.key, row.event_id), row.payload))
        .collect()
}

async fn hidden_fields_and_hidden_revisions_leave_no_trace(dialect: Dialect) {
    let hide = |which: &str| {
        let mut incident = reported();
        incident.narrative = format!("{which}: {} struck her.", incident.adults[0].given_names);
        incident.offences = vec![which.to_owned(); which.len()];
        incident.actions = format!("{which} was rung.");
        incident.adults[0].given_names = which.to_owned();
        incident.adults[1].telephone = format!("0770090000{}", which.len() % 10);
        incident
    };
    let seen = |mut incident: Incident| {
        incident.children[0].welfare_check = 2;
        incident
    };
    let short = vec![(0, hide("Gethin")), (50, seen(hide("Ifor")))];
    let long = vec![
        (0, hide("Rhodri Wyn")),
        (10, hide("Emyr")),
        (20, hide("Derfel")),
        (50, seen(hide("Macsen"))),
    ];
    let (short, long) = (play(dialect, short).await, play(dialect, long).await);
    assert_eq!(short.len(), 4, "the desk and the queue, and once more what changed for them");
    assert!(short == long, "the recipients can tell one history from the other");
}

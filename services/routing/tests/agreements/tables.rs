//! What a decision reads, on both databases.

use std::collections::BTreeSet;

use jiff::civil::date;
use mash_domain::{
    agreement::{Cover, Question},
    organisation::OrganisationId,
    sharing::{AgreementState, Flow},
};
use mash_routing::store::agreements::of_organisations;
use mash_store::Dialect;

use crate::support::{BOARD, FORCE, Hub, terms};

on_both!(a_decision_reads_what_is_signed, a_hand_in_the_table_shows);

async fn cover(hub: &Hub, of: &str) -> (usize, Cover) {
    let organisation = |text: &str| text.parse::<OrganisationId>().unwrap();
    let mut tx = hub.store.begin().await.unwrap();
    let found = of_organisations(&mut tx, &BTreeSet::from([organisation(of)])).await.unwrap();
    tx.rollback().await.unwrap();
    let (from, to) = (organisation(FORCE), organisation(BOARD));
    let question = Question { flow: Flow::HealthNotice, from: &from, to: &to };
    (found.len(), Cover::of(&found, question, date(2026, 5, 1)))
}

async fn a_decision_reads_what_is_signed(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    assert_eq!(cover(&hub, FORCE).await, (0, Cover::ABSENT));
    let draft = hub.propose(FORCE, terms()).await.unwrap();
    hub.sign(FORCE, &draft).await.unwrap();
    assert_eq!(cover(&hub, FORCE).await, (0, Cover::ABSENT), "one signature releases nothing");
    hub.sign(BOARD, &draft).await.unwrap();
    for of in [FORCE, BOARD] {
        let (count, cover) = cover(&hub, of).await;
        assert_eq!((count, cover.state), (1, AgreementState::Live), "{of}");
        let cited: Vec<String> = cover.citations().map(|one| one.clause.to_string()).collect();
        assert_eq!(cited, ["4.2"]);
        let numbers: Vec<u8> = cover.classes.iter().map(|class| class.number()).collect();
        assert_eq!(numbers, [1, 2, 3, 5, 12]);
    }
    assert_eq!(cover(&hub, "police/61").await, (0, Cover::ABSENT));
    hub.terminate(BOARD, &draft).await.unwrap();
    let (_, ended) = cover(&hub, FORCE).await;
    assert_eq!(ended.state, AgreementState::Expired);
    assert!(ended.classes.is_empty());
}

async fn a_hand_in_the_table_shows(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let live = hub.live(terms()).await;
    let mut tx = hub.store.begin().await.unwrap();
    sqlx::query("UPDATE routing_agreements SET digest = $1")
        .bind([9_u8; 32].as_slice())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(cover(&hub, FORCE).await, (0, Cover::ABSENT), "nobody signed these terms");
    assert_eq!(crate::support::refused(hub.get(FORCE, &live).await).1, "MASH-R012");
}

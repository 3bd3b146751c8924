//! Requests of which nothing is claimed before they are done.

use mash_store::{
    Store,
    requests::{self, Prior},
    testing::TestDatabase,
};

use super::{answer, count, with_things};

async fn first(store: &Store, method: &str, hash: &[u8], response: &[u8]) -> Prior {
    let mut tx = store.begin().await.unwrap();
    if requests::record_first(&mut tx, "62", "request-1", method, hash, response, 1).await.unwrap()
    {
        tx.commit().await.unwrap();
        return Prior::Fresh;
    }
    tx.rollback().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    requests::find(&mut tx, "62", "request-1", method, hash).await.unwrap()
}

pub(super) async fn a_request_nobody_claimed_is_answered_once(database: TestDatabase) {
    let store = database.store().await;
    let mut tx = store.begin().await.unwrap();
    let unknown = requests::find(&mut tx, "62", "request-1", "Report", b"hash").await.unwrap();
    assert_eq!(unknown, Prior::Fresh);
    drop(tx);
    assert_eq!(first(&store, "Report", b"hash", b"first").await, Prior::Fresh);
    let replayed = Prior::Replay(b"first".to_vec());
    assert_eq!(first(&store, "Report", b"hash", b"second").await, replayed);
    assert_eq!(answer(&store, "62", "Report", b"hash", b"third").await, replayed, "nor claimed");
    assert_eq!(first(&store, "Report", b"other", b"").await, Prior::Conflict);
    assert_eq!(first(&store, "Amend", b"hash", b"").await, Prior::Conflict);
}

pub(super) async fn sixty_four_racing_copies_that_claim_nothing_have_one_effect(
    database: TestDatabase,
) {
    let store = with_things(&database).await;
    let copies = (0..64).map(|copy| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            sqlx::query("INSERT INTO things (name) VALUES ($1)")
                .bind(format!("effect of copy {copy}"))
                .execute(tx.conn())
                .await
                .unwrap();
            let response = format!("copy {copy}").into_bytes();
            let kept =
                requests::record_first(&mut tx, "62", "racing", "Report", b"hash", &response, 1);
            if kept.await.unwrap() {
                tx.commit().await.unwrap();
                return response;
            }
            tx.rollback().await.unwrap();
            let mut tx = store.begin().await.unwrap();
            match requests::find(&mut tx, "62", "racing", "Report", b"hash").await.unwrap() {
                Prior::Replay(response) => response,
                other @ (Prior::Fresh | Prior::Conflict) => panic!("{other:?}"),
            }
        })
    });
    let answers: std::collections::HashSet<_> =
        futures::future::join_all(copies).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.len(), 1, "everybody got the one answer");
    assert_eq!(count(&store).await, 1);
}

//! Writers that queue, and connections that break.

use mash_store::{Dialect, StoreError, testing::TestDatabase};

use super::{add, count, with_things};

pub(super) async fn writers_queue_and_none_is_turned_away(database: TestDatabase) {
    let store = with_things(&database).await;
    // Two stores on one database stand for two processes.
    let other = database.store().await;
    let writers = (0..60).map(|writer| {
        let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for number in 0..5 {
                add(&store, &format!("{writer}/{number}")).await.unwrap();
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(count(&store).await, 300);
}

pub(super) async fn a_connection_at_hand_holds_nothing_open(database: TestDatabase) {
    let store = with_things(&database).await;
    // More than there are connections, so that each of them has been left in every way.
    for round in 0..30 {
        let mut left = store.begin().await.unwrap();
        sqlx::query("INSERT INTO things (name) VALUES ($1)")
            .bind(format!("left {round}"))
            .execute(left.conn())
            .await
            .unwrap();
        match round % 3 {
            0 => drop(left),
            1 => left.rollback().await.unwrap(),
            _ => {
                // A statement that failed spoils a transaction on PostgreSQL, and no later one.
                let wrong = sqlx::query("INSERT INTO nowhere (name) VALUES ('x')");
                assert!(wrong.execute(left.conn()).await.is_err());
                drop(left);
            }
        }
        add(&store, &format!("kept {round}")).await.unwrap();
        let mut conn = store.read().await.unwrap();
        let seen: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM things").fetch_one(&mut *conn).await.unwrap();
        conn.done();
        assert_eq!(seen, round + 1, "what was committed, and nothing else");
    }
    // Another store sees the same, so that nothing of it waits in a transaction.
    assert_eq!(count(&database.store().await).await, 30);
    store.close().await;
    assert!(store.begin().await.is_err(), "closed");
}

pub(super) async fn lost_connections_are_replaced(database: TestDatabase) {
    let store = with_things(&database).await;
    if store.dialect() == Dialect::Sqlite {
        // A file has no connection to lose; a second process that comes and goes is the nearest thing.
        database.store().await.close().await;
        add(&store, "still there").await.unwrap();
        return;
    }
    let cut = async || {
        let admin = database.store().await;
        let mut conn = admin.read().await.unwrap();
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    };
    let mut tx = store.begin().await.unwrap();
    sqlx::query("INSERT INTO things (name) VALUES ('lost')").execute(tx.conn()).await.unwrap();
    cut().await;
    let error =
        match sqlx::query("INSERT INTO things (name) VALUES ('lost too')").execute(tx.conn()).await
        {
            Err(error) => StoreError::from(error),
            Ok(_) => panic!("the connection was cut"),
        };
    assert!(error.is_transient(), "worth another try: {error:?}");
    drop(tx);
    add(&store, "after the cut").await.unwrap();
    cut().await;
    add(&store, "after another cut").await.unwrap();

    // All that the pool can hold, broken at once: nobody is told of a connection that she never used.
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(store.begin().await.unwrap());
    }
    for tx in held {
        tx.rollback().await.unwrap();
    }
    cut().await;
    let names: Vec<String> = (0..12).map(|n| format!("after all were cut {n}")).collect();
    let after = futures::future::join_all(names.iter().map(|name| add(&store, name))).await;
    assert!(after.iter().all(Result::is_ok), "{after:?}");
    assert_eq!(count(&store).await, 14);
}

//! The tables of this service. Nothing else in it knows SQL.

pub(crate) mod directory;
pub(crate) mod duties;
pub(crate) mod freshness;
pub(crate) mod ladder;
pub(crate) mod notes;
pub(crate) mod notices;
pub(crate) mod roll;
pub(crate) mod statements;

use mash_store::{Look, Migration, Store, StoreError, Tx};
use sqlx::Row as _;

/// A connection, for those who only pass it on.
pub(crate) type Conn = dyn Look;

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "directory, roll and notices",
        sql: include_str!("store/0001_education.sql"),
    },
    Migration {
        version: 2,
        name: "sealed until the roll is confirmed, notes, accesses",
        sql: include_str!("store/0002_seal.sql"),
    },
    Migration {
        version: 3,
        name: "notices that are left alone for a while",
        sql: include_str!("store/0003_left_alone.sql"),
    },
    Migration {
        version: 4,
        name: "the ladder: looks, nudges, why late",
        sql: include_str!("store/0004_ladder.sql"),
    },
    Migration {
        version: 5,
        name: "statements of authorities",
        sql: include_str!("store/0005_statements.sql"),
    },
    Migration {
        version: 6,
        name: "what desks have taken, what was sent back, mailboxes that bounced",
        sql: include_str!("store/0006_desk.sql"),
    },
];

/// Rows of wide tables per statement, far below the parameter limits of both databases.
const CHUNK: usize = 200;

/// Brings the tables up to date.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    store.migrate(crate::COMPONENT, MIGRATIONS).await
}

/// A single value by its name.
pub(crate) async fn setting(conn: &mut Conn, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT content FROM education_settings WHERE name = $1")
        .bind(name)
        .fetch_optional(conn.conn());
    Ok(row.await?.map(|row| row.try_get(0)).transpose()?)
}

/// Sets a single value.
pub(crate) async fn set(tx: &mut Tx, name: &str, content: &[u8]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_settings (name, content) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET content = excluded.content",
    )
    .bind(name)
    .bind(content)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Sets a single value unless it is there already, and tells which one it is.
pub(crate) async fn set_once(
    tx: &mut Tx,
    name: &str,
    content: &[u8],
) -> Result<Vec<u8>, StoreError> {
    sqlx::query(
        "INSERT INTO education_settings (name, content) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(name)
    .bind(content)
    .execute(tx.conn())
    .await?;
    setting(tx, name).await?.ok_or(StoreError::Corrupt("a setting that was just made"))
}

fn corrupt<E>(what: &'static str) -> impl FnOnce(E) -> StoreError {
    move |_| StoreError::Corrupt(what)
}

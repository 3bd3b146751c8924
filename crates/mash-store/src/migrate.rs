//! Migrations, one line of versions for each component.

use sqlx::{AssertSqlSafe, Row as _};

use crate::{Store, StoreError, Tx};

/// One step of a component's tables, in the portable dialect.
///
/// `BIGSERIAL PRIMARY KEY` gives a rising number on both databases. Never edit one that was released: add the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Rises by one from 1.
    pub version: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// Statements, separated by `;`.
    pub sql: &'static str,
}

/// The tables of this crate.
pub(crate) const OWN: &[Migration] = &[
    Migration {
        version: 1,
        name: "shared tables",
        sql: include_str!("migrate/0001_shared_tables.sql"),
    },
    Migration { version: 2, name: "guards", sql: include_str!("migrate/0002_guards.sql") },
    Migration { version: 3, name: "evidence", sql: include_str!("migrate/0003_evidence.sql") },
    Migration { version: 4, name: "keys", sql: include_str!("migrate/0004_keys.sql") },
];

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    component TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, fingerprint BIGINT NOT NULL,
    PRIMARY KEY (component, version))";

pub(crate) async fn run(
    store: &Store,
    component: &'static str,
    migrations: &'static [Migration],
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    if let Some(lock) = tx.dialect().migration_lock() {
        sqlx::query(lock).execute(tx.conn()).await?;
    }
    sqlx::query(VERSIONS).execute(tx.conn()).await?;
    for migration in migrations {
        match applied(&mut tx, component, migration.version).await? {
            None => apply(&mut tx, component, migration).await?,
            Some(known) if known == fingerprint(migration.sql) => (),
            Some(_) => {
                return Err(StoreError::MigrationChanged { component, version: migration.version });
            }
        }
    }
    tx.commit().await
}

async fn applied(tx: &mut Tx, component: &str, version: i64) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "SELECT fingerprint FROM schema_versions WHERE component = $1 AND version = $2",
    )
    .bind(component)
    .bind(version)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn apply(
    tx: &mut Tx,
    component: &'static str,
    migration: &Migration,
) -> Result<(), StoreError> {
    let sql = tx.dialect().schema(migration.sql);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(tx.conn()).await?;
    sqlx::query("INSERT INTO schema_versions (component, version, name, fingerprint) VALUES ($1, $2, $3, $4)")
        .bind(component)
        .bind(migration.version)
        .bind(migration.name)
        .bind(fingerprint(migration.sql))
        .execute(tx.conn())
        .await?;
    tracing::info!(
        component,
        version = migration.version,
        name = migration.name,
        "migration applied"
    );
    Ok(())
}

/// FNV-1a over the words, so that a change of white space alone is no change.
fn fingerprint(sql: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in sql.split_whitespace().flat_map(|word| word.bytes().chain([b' '])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.cast_signed()
}

//! A fresh database for each test.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use it, and they should fail loudly"
)]

use std::{collections::BTreeMap, sync::Arc};

use mash_keys::FileKeys;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::{Dialect, Store, StoreError, keys::rotation};

pub mod scan;

/// The variable that names the PostgreSQL server of the tests.
pub const POSTGRES_URL: &str = "MASH_TEST_POSTGRES_URL";

/// A database of its own, and the address to open it a second time.
#[derive(Debug)]
pub struct TestDatabase {
    /// For `Store::connect`.
    pub url: String,
    /// Where its wrapping keys are, if it is opened with keys.
    pub keys: std::path::PathBuf,
    clean_up: CleanUp,
}

#[derive(Debug)]
enum CleanUp {
    Folder(std::path::PathBuf),
    Database { server: String, name: String },
}

impl TestDatabase {
    /// A new, empty database of this kind.
    ///
    /// # Panics
    /// When it cannot be made; for PostgreSQL that is when no server is named or running.
    pub async fn create(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::sqlite(),
            Dialect::Postgres => Self::postgres().await,
        }
    }

    /// Opens it.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn store(&self) -> Store {
        Store::connect(&self.url).await.expect("the test database opens")
    }

    /// Opens it as a store that seals. All processes of one database share its wrapping keys.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn sealed_store(&self) -> Store {
        let keys = FileKeys::open(&self.keys).expect("the folder of keys opens");
        rotation::make(&keys).await.expect("the wrapping keys are made");
        Store::connect_sealed(&self.url, Arc::new(keys)).await.expect("the test database opens")
    }

    fn sqlite() -> Self {
        let folder =
            std::env::temp_dir().join(format!("mash-test-{}", uuid::Uuid::new_v4().simple()));
        let url = format!("sqlite:{}", folder.join("store.db").display());
        Self { url, keys: keys_folder(), clean_up: CleanUp::Folder(folder) }
    }

    async fn postgres() -> Self {
        let Ok(server) = std::env::var(POSTGRES_URL) else {
            panic!(
                "{POSTGRES_URL} is not set, so nothing would be tested on PostgreSQL. `cargo xtask services up` \
                 starts a server and prints the line to set it."
            );
        };
        sqlx::any::install_default_drivers();
        let name = format!("mash_test_{}", uuid::Uuid::new_v4().simple());
        let mut admin = sqlx::AnyConnection::connect(&server)
            .await
            .expect("the PostgreSQL server of MASH_TEST_POSTGRES_URL answers; see `cargo xtask services up`");
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut admin)
            .await
            .expect("the test role may create databases");
        admin.close().await.expect("the connection closes");
        let (address, options) = server.split_once('?').unwrap_or((&server, ""));
        let (host, _) = address.rsplit_once('/').expect("the address names a database");
        let separator = if options.is_empty() { "" } else { "?" };
        let url = format!("{host}/{name}{separator}{options}");
        Self { url, keys: keys_folder(), clean_up: CleanUp::Database { server, name } }
    }
}

/// Lets the times of the database's own clock pass: leases and flights of dead processes have run out afterwards.
///
/// # Errors
/// When the store fails.
pub async fn let_time_pass(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for sql in ["UPDATE leases SET expires_ms = 0", "UPDATE outbox_flights SET until_ms = 0"] {
        sqlx::query(sql).execute(tx.conn()).await?;
    }
    tx.commit().await
}

/// Runs one statement, to prepare what a service would otherwise draw by lot.
///
/// # Errors
/// When the store fails.
pub async fn execute(store: &Store, sql: &'static str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    sqlx::query(sql).execute(tx.conn()).await?;
    tx.commit().await
}

/// Every table of a SQLite store with its rows as texts, sorted, without these columns and tables: what two runs must
/// have in common.
///
/// # Errors
/// When the store fails.
pub async fn contents(
    store: &Store,
    leave_out: impl Fn(&str, &str) -> bool,
) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let mut conn = store.read().await?;
    let mut tables = BTreeMap::new();
    let names = sqlx::query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    for row in names.fetch_all(&mut *conn).await? {
        let table: String = row.try_get(0)?;
        let columns = format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid");
        let columns = sqlx::query(AssertSqlSafe(columns)).fetch_all(&mut *conn).await?;
        let columns =
            columns.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
        let quoted: Vec<_> = columns
            .iter()
            .filter(|column| !leave_out(&table, column))
            .map(|column| format!("'{column}=' || quote(\"{column}\")"))
            .collect();
        if quoted.is_empty() {
            continue;
        }
        let sql = format!("SELECT {} FROM \"{table}\" ORDER BY 1", quoted.join(" || ' ' || "));
        let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut *conn).await?;
        let rows = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        tables.insert(table, rows);
    }
    Ok(tables)
}

fn keys_folder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("mash-test-keys-{}", uuid::Uuid::new_v4().simple()))
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.keys));
        match &self.clean_up {
            CleanUp::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            CleanUp::Database { server, name } => drop_database(server.clone(), name.clone()),
        }
    }
}

/// In a thread of its own, since a destructor cannot wait inside the runtime of the test.
fn drop_database(server: String, name: String) {
    let clean = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            if let Ok(mut admin) = sqlx::AnyConnection::connect(&server).await {
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await);
            }
        });
    };
    drop(std::thread::spawn(clean).join());
}

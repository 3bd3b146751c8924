//! A fresh database for each test.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use it, and they should fail loudly"
)]

use sqlx::{AssertSqlSafe, Connection as _};

use crate::{Dialect, Store};

/// The variable that names the PostgreSQL server of the tests.
pub const POSTGRES_URL: &str = "MASH_TEST_POSTGRES_URL";

/// A database of its own, and the address to open it a second time.
#[derive(Debug)]
pub struct TestDatabase {
    /// For `Store::connect`.
    pub url: String,
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

    fn sqlite() -> Self {
        let folder =
            std::env::temp_dir().join(format!("mash-test-{}", uuid::Uuid::new_v4().simple()));
        let url = format!("sqlite:{}", folder.join("store.db").display());
        Self { url, clean_up: CleanUp::Folder(folder) }
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
        Self { url, clean_up: CleanUp::Database { server, name } }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
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

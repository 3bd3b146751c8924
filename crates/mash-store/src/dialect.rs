//! Everything that SQLite and PostgreSQL do not say in the same words.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sqlx::{Connection as _, any::AnyPoolOptions};

use crate::{StoreError, connections::Hand};

/// Which database a store stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file on this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// The pool that writes and the pool that reads.
pub(crate) struct Pools {
    pub(crate) writer: Arc<Hand>,
    pub(crate) reader: Arc<Hand>,
}

impl Dialect {
    pub(crate) fn of(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Ok(Self::Postgres)
        } else {
            Err(StoreError::Url("it must begin with `sqlite:` or `postgres://`"))
        }
    }

    /// How a write transaction begins. SQLite takes its write lock at once, so a transaction never fails half-way for it.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Milliseconds since the epoch by the clock of the database, which all processes share.
    pub(crate) fn now_ms(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// Makes two processes that migrate at once take turns. SQLite's write lock already does.
    pub(crate) fn migration_lock(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(5570233861)"),
        }
    }

    /// Ends a `SELECT` whose rows this transaction is going to change.
    pub(crate) fn update_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Ends a `SELECT` whose rows nobody may change before this transaction ends. SQLite has one writer anyway.
    pub(crate) fn share_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
        }
    }

    /// Migrations say `BIGSERIAL PRIMARY KEY` for a number that the database gives out and never uses again.
    pub(crate) fn schema(self, sql: &str) -> String {
        match self {
            Self::Sqlite => {
                sql.replace("BIGSERIAL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT")
            }
            Self::Postgres => sql.to_owned(),
        }
    }

    /// Connects and sets what each connection needs for durability and for failing in time.
    pub(crate) async fn pools(self, url: &str) -> Result<Pools, StoreError> {
        match self {
            Self::Sqlite => sqlite_pools(url).await,
            Self::Postgres => postgres_pools(url).await,
        }
    }
}

/// `synchronous=FULL` because NORMAL may lose an acknowledged commit when the power fails.
const SQLITE_WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 15000; \
     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;";
const SQLITE_READER: &str =
    "PRAGMA busy_timeout = 15000; PRAGMA foreign_keys = ON; PRAGMA query_only = ON;";
/// A process that hangs inside a transaction must not hold its row locks for ever.
const POSTGRES_SESSION: &str = "SET statement_timeout = '60s'; SET lock_timeout = '20s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'warning';";

/// Connections that write.
pub(crate) const WRITERS: u32 = 12;

async fn sqlite_pools(url: &str) -> Result<Pools, StoreError> {
    prepare_file(url)?;
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}mode=rwc");
    // INVARIANT: one writer connection per process. SQLite has one writer anyway; a queue in front of it is fair,
    // its busy handler is not.
    let writer = AnyPoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(session(connection, SQLITE_WRITER)))
        .connect(&url)
        .await?;
    let reader = AnyPoolOptions::new()
        .max_connections(6)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(session(connection, SQLITE_READER)))
        .connect(&url)
        .await?;
    // A file goes nowhere, and asking is a word within the process.
    Ok(Pools { writer: Hand::of(writer, false), reader: Hand::of(reader, false) })
}

async fn postgres_pools(url: &str) -> Result<Pools, StoreError> {
    // All services of a process share the pool. With the driver's usual hundred they would push one another's prepared
    // statements out, and have them parsed and planned again and again.
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = &format!("{url}{separator}statement-cache-capacity=1000");
    // Two pools, so that a task that reads while it holds a transaction cannot starve itself.
    let options = || {
        AnyPoolOptions::new()
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_secs(300))
            .max_lifetime(Duration::from_secs(1800))
            .after_connect(|connection, _| Box::pin(session(connection, POSTGRES_SESSION)))
    };
    // Whoever writes begins with a statement that can be tried again, so that a connection which was used a moment ago
    // need not be asked first whether it is still there: that would be a journey for each transaction.
    let writer = options()
        .max_connections(WRITERS)
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                let fresh = used.idle_for < Duration::from_secs(1);
                Ok(fresh || connection.ping().await.is_ok())
            })
        })
        .connect(url)
        .await?;
    let reader = options().max_connections(8).connect_lazy(url)?;
    Ok(Pools { writer: Hand::of(writer, true), reader: Hand::of(reader, true) })
}

async fn session(
    connection: &mut sqlx::AnyConnection,
    settings: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(settings).execute(connection).await.map(|_| ())
}

/// Creates the file before SQLite does, so that only its owner can ever read it.
fn prepare_file(url: &str) -> Result<(), StoreError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = PathBuf::from(path.split('?').next().unwrap_or_default());
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return Err(StoreError::Url(
            "SQLite needs the path of a file, as in `sqlite:data/mash.db`",
        ));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(StoreError::file)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ()).map_err(StoreError::file)
}

//! The ledger from outside: real gRPC over real TLS, on SQLite and on PostgreSQL, and an attacker in the database.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

/// Runs each test on both stores.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(mash_store::Dialect::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(mash_store::Dialect::Postgres).await;
            })+
        }
    };
}

mod appended;
mod attacker;
mod cases;
mod erasure;
mod key_file;
mod python;
mod refused;
mod support;
mod witnesses;

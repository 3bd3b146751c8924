//! The service from outside: real gRPC over real TLS, on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

/// Runs each test on both databases.
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

mod away;
mod climb;
mod desk;
mod directory;
mod freshness;
mod ladder;
mod notices;
mod referrals;
mod roll;
mod seal;
mod support;

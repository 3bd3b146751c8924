//! Subject access, who looked, misdirections and broken glass, over real gRPC, with a real ledger, on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

/// Runs each test on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(mash_store::Dialect::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(mash_store::Dialect::Postgres).await;
            })+
        }
    };
}

mod broken;
mod clock;
mod erased;
mod looked;
mod misdirected;
mod others;
mod released;
mod support;

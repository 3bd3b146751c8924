//! The police service from outside: a real server with mutual TLS on a real port, a real client, the embedded bus, on
//! SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

/// Runs each of these tests on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::Hub::start(mash_store::Dialect::Sqlite).await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::Hub::start(mash_store::Dialect::Postgres).await).await;
            })+
        }
    };
}

mod handovers;
mod outcomes;
mod protection;
mod reports;
mod support;

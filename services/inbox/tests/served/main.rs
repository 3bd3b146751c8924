//! The inbox as a browser meets it, over real HTTP, on both stores.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod desk;
mod forgery;
mod notices;
mod passkeys;
mod provider;
mod providers;
mod sign_in;
mod statement;
mod support;
mod tls;

/// Runs each test on both databases.
macro_rules! on_both_stores {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(mash_store::Dialect::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(mash_store::Dialect::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_both_stores;

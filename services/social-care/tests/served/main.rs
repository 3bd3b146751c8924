//! The service from outside: real gRPC over real TLS, on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
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

/// As `assert_eq`, for what has no `Debug` because it may hold personal data.
macro_rules! same {
    ($one:expr, $two:expr $(, $why:expr)? $(,)?) => { assert!($one == $two $(, "{}", $why)?) };
}

mod arrival;
mod bad_input;
mod clocks;
mod decisions;
mod disagreements;
mod enquiries;
mod meetings;
mod people;
mod support;
mod transfers;

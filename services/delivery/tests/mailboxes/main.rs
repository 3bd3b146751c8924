//! The mailboxes from outside: real gRPC over real TLS, on SQLite with the embedded bus and on PostgreSQL with Kafka.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

/// Runs each test on both pairs of store and bus.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::Pair::Embedded).await;
            })+
        }
        mod production {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::support::Pair::Production).await;
            })+
        }
    };
}

mod interleaved;
mod killed;
mod minimised;
mod receipts;
mod receive;
mod refused;
mod slow;
mod support;

//! `cargo xtask`: the command line of the tooling.

use anyhow::Result;
use clap::{Parser, Subcommand};

use xtask::{kafka, postgres, services};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tooling of the MASH Hub workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start or stop a real Apache Kafka (KRaft), resolved from Maven Central.
    Kafka {
        #[command(subcommand)]
        action: kafka::Action,
    },
    /// Start or stop a private PostgreSQL cluster.
    Postgres {
        #[command(subcommand)]
        action: postgres::Action,
    },
    /// Kafka and PostgreSQL together; writes `.mash/test-env` for the tests.
    Services {
        #[command(subcommand)]
        action: services::Action,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Kafka { action } => kafka::run(&action),
        Task::Postgres { action } => postgres::run(&action),
        Task::Services { action } => services::run(&action),
    }
}

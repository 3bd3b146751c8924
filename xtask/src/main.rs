//! `cargo xtask`: the command line of the tooling.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use xtask::{assets, check, kafka, matrix, mutants, postgres, services, setup, simulate};

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
    /// Install the tools the checks need (buf, cargo-deny) into `.tools`; run deploy/setup.sh first on a fresh machine.
    Setup,
    /// Make the style sheet of the inbox from GOV.UK Frontend, which the next build takes in.
    Assets,
    /// Print who may know what, and fail where the committed page differs or something is not covered.
    Matrix {
        /// Write `policy/matrix.golden.txt` instead of comparing with it.
        #[arg(long)]
        bless: bool,
    },
    /// Spoil the rule set in a hundred ways and tell what catches each; fail where nothing does.
    Mutants {
        /// Draw `policy/mutants.toml` anew first, from its seed.
        #[arg(long)]
        generate: bool,
    },
    /// Simulate months of South Wales and Gwent from one seed, with everything that can go wrong, and check the promises.
    Simulate {
        /// As for the program itself: `--seed 1 --days 91`; with `year` first, a school year of Operation Encompass in
        /// all of Wales: `year --seed 1`; `--help` and `year --help` tell the rest.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every check and every test; each step timed, all failures listed at the end.
    Check {
        /// Only these steps: tidy, alike, fmt, "buf lint", deny, advisories, clippy, doc, test.
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Kafka { action } => kafka::run(&action),
        Task::Postgres { action } => postgres::run(&action),
        Task::Services { action } => services::run(&action),
        Task::Setup => setup::run(),
        Task::Assets => assets::run(),
        Task::Matrix { bless } => matrix::run(bless),
        Task::Mutants { generate } => mutants::run(generate),
        Task::Simulate { arguments } => simulate::run(&arguments),
        Task::Check { only } => check::run(&only),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes and no stack: what failed here is a program or a machine, not a line of this code.
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! `mash`: serve the hub, administer it, or watch it play one night.

use std::process::ExitCode;

use clap::Parser as _;
use mash_hub::{cli::Cli, refused};

/// A hub makes very many small and short-lived things on all cores.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "a command line reports on standard error")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("mash: {}", refused::in_words(error));
    ExitCode::FAILURE
}

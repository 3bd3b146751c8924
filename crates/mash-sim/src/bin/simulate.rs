//! Months of a region with everything that can go wrong, from one seed.

#![expect(clippy::print_stdout, reason = "it prints a report")]

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use jiff::civil::Date;
use mash_sim::{
    pulse::{Death, Place},
    run::{Report, side_by_side},
    world::{Faults, Settings},
};
use mash_synth::months::REGIONS;

#[derive(Parser)]
#[command(about = "Simulates months of South Wales and Gwent and checks the promises")]
struct Arguments {
    /// One seed is one run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days, after which everything comes to rest.
    #[arg(long, default_value_t = 91)]
    days: u32,
    /// The first day. The usual three months hold half-term and a change of the clock.
    #[arg(long, default_value = "2026-09-07")]
    first: Date,
    /// The part of the real volume, of a thousand.
    #[arg(long, default_value_t = 1_000)]
    share: u32,
    /// Worlds at a time.
    #[arg(long, default_value_t = 4)]
    threads: usize,
    /// Only the regions whose name holds this.
    #[arg(long, default_value = "")]
    only: String,
    /// How many broken promises to print.
    #[arg(long, default_value_t = 20)]
    show: usize,
    /// Deaths in a million steps; with 0, only copies and delays go wrong.
    #[arg(long, default_value_t = 700)]
    deaths: u32,
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the simulation failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let Arguments { seed, days, first, share, .. } = *arguments;
    let death = match arguments.deaths {
        0 => Death::Never,
        share => Death::Sometimes(share),
    };
    let faults = Faults { death, ..Faults::ALL };
    let worlds: Vec<_> = REGIONS
        .into_iter()
        .filter(|region| region.name.contains(&arguments.only))
        .map(|region| Settings { seed, region, first, days, share, faults })
        .collect();
    println!("seed {seed}: {days} days from {first}, {} regions", worlds.len());
    let began = Instant::now();
    let each_day = |region: &'static str, day: Date| {
        if day.day() == 1 || day.day() == 15 {
            println!("  {:>6.1} s  {region}: {day}", began.elapsed().as_secs_f64());
        }
    };
    let reports = side_by_side(&worlds, arguments.threads, &each_day)?;
    table(&reports, began.elapsed());
    let found = |report: &'_ Report| {
        let region = report.region;
        let words = report.findings.broken.iter().map(move |words| format!("{region}: {words}"));
        words.collect::<Vec<_>>()
    };
    let broken: Vec<String> = reports.iter().flat_map(found).collect();
    for words in broken.iter().take(arguments.show) {
        println!("BROKEN  {words}");
    }
    if broken.is_empty() {
        println!("P1, P2, P5 and P6 held.");
    } else {
        println!("{} broken; run again with --seed {seed}", broken.len());
    }
    Ok(broken.is_empty())
}

fn table(reports: &[Report], took: Duration) {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut deaths: BTreeMap<Place, u64> = BTreeMap::new();
    let (mut steps, mut releases, mut on_consent, mut items) = (0, 0, 0, 0);
    for report in reports {
        println!(
            "  {:<36} {:>8.1} s  {:>9} durable steps  {:>5} deaths",
            report.region,
            report.took.as_secs_f64(),
            report.steps,
            report.deaths.values().sum::<u64>()
        );
        for (what, count) in &report.counts {
            *counts.entry(what).or_default() += count;
        }
        for (place, count) in &report.deaths {
            *deaths.entry(*place).or_default() += count;
        }
        steps += report.steps;
        releases += report.findings.releases;
        on_consent += report.findings.on_consent;
        items += report.findings.items;
    }
    println!();
    counts.insert("durable steps", steps);
    counts.insert("releases held against their decision", releases);
    counts.insert("  of them items of referrals", items);
    counts.insert("  of them resting on a consent", on_consent);
    for (what, count) in &counts {
        println!("  {what:<44} {count:>10}");
    }
    println!("  deaths, by place");
    for (place, count) in &deaths {
        println!("    {:<42} {count:>10}", place.words());
    }
    println!("  {:<44} {:>8.1} s", "altogether", took.as_secs_f64());
}

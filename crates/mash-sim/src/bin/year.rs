//! A school year of Operation Encompass in Wales, from one seed, held against the promises.

#![expect(clippy::print_stdout, reason = "it prints a report")]
#![expect(clippy::print_stderr, reason = "it tells how far it is")]

use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use clap::Parser;
use jiff::civil::Date;
use mash_sim::year::{
    calendar::{DAYS, FIRST},
    regions::REGIONS,
    report::YearReport,
    run::side_by_side,
    trace::Extent,
};
use mash_synth::wales::Scale;

#[derive(Parser)]
#[command(
    about = "Plays a school year of Operation Encompass in all of Wales and checks the promises"
)]
struct Arguments {
    /// One seed is one year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first day; calendars reach from September 2026 to October 2027.
    #[arg(long, default_value_t = FIRST)]
    first: Date,
    /// How many days.
    #[arg(long, default_value_t = DAYS)]
    days: u32,
    /// The part of the real volume, of a thousand.
    #[arg(long, default_value_t = 1_000)]
    share: u32,
    /// Outages of an hour of bus, database and mail server, of each.
    #[arg(long, default_value_t = 24)]
    outages: u32,
    /// Mornings with snow.
    #[arg(long, default_value_t = 4)]
    snow: u32,
    /// Deaths in a million durable steps.
    #[arg(long, default_value_t = 100)]
    deaths: u32,
    /// Regions at a time.
    #[arg(long, default_value_t = 4)]
    threads: usize,
    /// Only the regions whose name holds this.
    #[arg(long, default_value = "")]
    only: String,
    /// How many broken promises to print.
    #[arg(long, default_value_t = 20)]
    show: usize,
    /// One line of JSON instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the simulation failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let Arguments { seed, first, days, share, outages, snow, .. } = *arguments;
    let extent = Extent { seed, first, days, scale: Scale::WHOLE, share, outages, snow };
    let regions: Vec<_> =
        REGIONS.into_iter().filter(|region| region.name.contains(&arguments.only)).collect();
    let (began, played) = (Instant::now(), AtomicU64::new(0));
    let whole = u64::from(days) * u64::try_from(regions.len()).unwrap_or(1);
    let each_day = |region: &'static str, day: Date| {
        let played = played.fetch_add(1, Ordering::Relaxed) + 1;
        if day.day() == 1 {
            let done = played * 100 / whole.max(1);
            eprintln!("{:>7.1} s {done:>3} %  {region}: {day}", began.elapsed().as_secs_f64());
        }
    };
    let with = (arguments.deaths, arguments.threads);
    let reports = side_by_side(&regions, extent, with, &each_day)?;
    let report = YearReport::of(&extent, &reports, began.elapsed().as_secs_f64());
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
        for region in &reports {
            println!(
                "  {:<40} {:>8.1} s, {:.1} s to prepare",
                region.region, region.took_s, region.prepared_s
            );
        }
    }
    for words in report.tally.missed.iter().take(arguments.show) {
        eprintln!("MISSED  {words}");
    }
    for words in report.tally.broken.iter().take(arguments.show) {
        eprintln!("BROKEN  {words}");
    }
    match report.tally.broken.len() {
        0 => eprintln!("every promise was kept"),
        count => eprintln!("{count} broken; run again with --seed {seed}"),
    }
    Ok(report.tally.broken.is_empty())
}

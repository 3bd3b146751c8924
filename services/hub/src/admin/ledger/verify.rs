//! Checking an export without the hub.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mash_ledger::{
    Fault,
    export::LONGEST_LINE,
    verify::{Broken, Report, Trust, Verifier},
};
use serde::Serialize;

use super::{broken, keys, note_in};

/// A file that is smaller is read before anybody sees a bar.
const LONG: u64 = 32 * 1_024 * 1_024;

/// `mash ledger verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The export.
    file: PathBuf,
    /// A key of the ledger, or a file of keys, from anywhere but the export. Without one, the keys in the export are
    /// taken, which shows that it is whole, and not whose it is.
    #[arg(long = "key", value_name = "KEY|FILE")]
    keys: Vec<String>,
    /// A key of a witness, or a file of them; without one, those in the export are taken.
    #[arg(long = "witness", value_name = "KEY|FILE")]
    witnesses: Vec<String>,
    /// How many witnesses must have co-signed the last checkpoint.
    #[arg(long, default_value_t = 0)]
    quorum: usize,
    /// A checkpoint that you had before, from a witness or an earlier day: the export must continue it.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// One line of JSON.
    #[arg(long)]
    json: bool,
}

impl VerifyArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let known = self.checkpoint.as_deref().map(note_in).transpose()?;
        let (keys, witnesses) = (keys(&self.keys)?, keys(&self.witnesses)?);
        let trust = Trust { keys, witnesses, quorum: self.quorum, known };
        let outcome = verify_file(&self.file, trust)?;
        if self.json {
            println!("{}", json(&outcome)?);
        } else {
            print!("{}", text(&outcome));
        }
        if outcome.is_ok() { Ok(()) } else { broken() }
    }
}

/// Checks the export in this file.
///
/// # Errors
///
/// If the file cannot be read. What is wrong with the export itself is in the answer.
pub fn verify_file(path: &Path, trust: Trust) -> anyhow::Result<Result<Report, Broken>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let length = file.metadata().with_context(cannot)?.len();
    let bar = if length < LONG { ProgressBar::hidden() } else { ProgressBar::new(length) };
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}")?;
    bar.set_style(style);
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut verifier, mut line) = (Verifier::new(trust), Vec::new());
    let longest = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX).saturating_add(2);
    loop {
        line.clear();
        // Not more than a line can have: a file without line feeds would fill the memory.
        let read = reader.by_ref().take(longest).read_until(b'\n', &mut line);
        let read = u64::try_from(read.with_context(cannot)?).unwrap_or_default();
        if read == 0 {
            bar.finish_and_clear();
            return Ok(verifier.finish());
        }
        bar.inc(read);
        if let Err(broken) = verifier.line(line.strip_suffix(b"\n").unwrap_or(&line)) {
            bar.finish_and_clear();
            return Ok(Err(broken));
        }
    }
}

fn text(outcome: &Result<Report, Broken>) -> String {
    let report = match outcome {
        Ok(report) => report,
        Err(Broken { line, faults }) => {
            let mut text = format!("BROKEN, found at line {line}:\n");
            for fault in faults {
                text.push_str(&format!("  {}: {fault}\n", fault.code()));
            }
            return text;
        }
    };
    let mut text = format!(
        "in order: {} entries, {} to before {}, of {}\n  root {}\n  {} checkpoint(s) signed with {}\n",
        report.entries.end - report.entries.start,
        report.entries.start,
        report.entries.end,
        report.origin,
        report.root.to_base64(),
        report.checkpoints,
        report.keys.join(", ")
    );
    for (witness, at) in &report.witnesses {
        let at = i64::try_from(*at).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
        let at = at.map_or_else(String::new, |at| at.to_string());
        text.push_str(&format!("  co-signed by {witness} at {at}\n"));
    }
    for (kind, count) in &report.kinds {
        text.push_str(&format!("  {count:>10} {}\n", kind.word()));
    }
    if report.late > 0 {
        text.push_str(&format!(
            "  {} of them written late, after the ledger was out of reach\n",
            report.late
        ));
    }
    if report.on_first_use {
        text.push_str(
            "  The keys come from the export itself: it is whole, and this does not show whose it is. Give --key.\n",
        );
    }
    text
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Good {
        verified: bool,
        origin: &'a str,
        from: u64,
        entries: u64,
        root: String,
        checkpoints: u64,
        late: u64,
        keys: &'a [String],
        keys_from_export: bool,
        witnesses: Vec<&'a str>,
        kinds: std::collections::BTreeMap<&'static str, u64>,
    },
    Bad {
        verified: bool,
        line: u64,
        faults: Vec<Found>,
    },
}

#[derive(Serialize)]
struct Found {
    code: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<u64>,
}

fn json(outcome: &Result<Report, Broken>) -> serde_json::Result<String> {
    let line = match outcome {
        Ok(report) => Line::Good {
            verified: true,
            origin: &report.origin,
            from: report.entries.start,
            entries: report.entries.end - report.entries.start,
            root: report.root.to_base64(),
            checkpoints: report.checkpoints,
            late: report.late,
            keys: &report.keys,
            keys_from_export: report.on_first_use,
            witnesses: report.witnesses.iter().map(|(name, _)| name.as_str()).collect(),
            kinds: report.kinds.iter().map(|(kind, count)| (kind.word(), *count)).collect(),
        },
        Err(Broken { line, faults }) => {
            let found = |fault: &Fault| Found {
                code: fault.code(),
                text: fault.to_string(),
                entries: fault.entries().to_vec(),
            };
            Line::Bad { verified: false, line: *line, faults: faults.iter().map(found).collect() }
        }
    };
    serde_json::to_string(&line)
}

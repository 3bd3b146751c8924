//! `mash directory` and `mash roll`: imports, over the same calls that an authority's system makes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use jiff::civil::Date;
use mash_proto::education::v1::{
    ImportBankHolidaysRequest, ImportEstablishmentsHeader, ImportEstablishmentsRequest,
    ImportReport, ImportRollHeader, ImportRollRequest, RegisterLayout,
    import_establishments_request, import_roll_request,
};
use tokio_stream::iter;

use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    people::{Endpoints, People},
};

/// Bytes per message of an import.
const CHUNK: usize = 1 << 20;

/// Where to import to.
#[derive(Debug, Args)]
pub struct Target {
    /// The data folder with the operator's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The education service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
}

/// The layouts of registers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Layout {
    /// England's register (GIAS).
    Gias,
    /// The Welsh address list.
    Wales,
}

/// What can be done with the directory.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// Import a register of establishments: every row or none.
    Import {
        #[command(flatten)]
        target: Target,
        /// Its layout.
        #[arg(long)]
        layout: Layout,
        /// The date of the register.
        #[arg(long)]
        date: Date,
        /// The CSV file, UTF-8 or Windows-1252.
        file: PathBuf,
    },
    /// Import bank holidays in the JSON format of GOV.UK.
    BankHolidays {
        #[command(flatten)]
        target: Target,
        /// The JSON file.
        file: PathBuf,
    },
}

/// What can be done with rolls.
#[derive(Debug, Subcommand)]
pub enum RollCommand {
    /// Import the whole roll of an authority: every row or none; who is missing from it leaves.
    Import {
        #[command(flatten)]
        target: Target,
        /// The three-digit code of the authority.
        #[arg(long)]
        authority: String,
        /// The day for which it holds.
        #[arg(long)]
        date: Date,
        /// The CSV file.
        file: PathBuf,
    },
}

impl Target {
    fn people(&self) -> anyhow::Result<People> {
        Ok(People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint)))
    }
}

impl DirectoryCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or a row is refused.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Import { target, layout, date, file } => {
                use import_establishments_request::Part;
                let layout = match layout {
                    Layout::Gias => RegisterLayout::Gias,
                    Layout::Wales => RegisterLayout::Wales,
                };
                let header = ImportEstablishmentsHeader {
                    layout: layout.into(),
                    register_date: Some(date.into()),
                };
                let chunks = chunks(&file)?.into_iter().map(Part::Chunk);
                let parts: Vec<_> = std::iter::once(Part::Header(header)).chain(chunks).collect();
                let parts =
                    parts.into_iter().map(|part| ImportEstablishmentsRequest { part: Some(part) });
                let answer = target
                    .people()?
                    .directory(OPERATOR)?
                    .import_establishments(iter(parts))
                    .await?;
                report(answer.into_inner().report)
            }
            Self::BankHolidays { target, file } => {
                let document = std::fs::read(&file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let request = ImportBankHolidaysRequest { document };
                let answer =
                    target.people()?.directory(OPERATOR)?.import_bank_holidays(request).await?;
                println!("{} bank holidays of England and Wales", answer.into_inner().days);
                Ok(())
            }
        }
    }
}

impl RollCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or a row is refused.
    pub async fn run(self) -> anyhow::Result<()> {
        use import_roll_request::Part;
        let Self::Import { target, authority, date, file } = self;
        let header = ImportRollHeader { authority_code: authority, roll_date: Some(date.into()) };
        let chunks = chunks(&file)?.into_iter().map(Part::Chunk);
        let parts: Vec<_> = std::iter::once(Part::Header(header)).chain(chunks).collect();
        let parts = shown(parts).map(|part| ImportRollRequest { part: Some(part) });
        let answer = target.people()?.rolls(OPERATOR)?.import_roll(iter(parts)).await?;
        report(answer.into_inner().report)
    }
}

/// The parts of a file, with a bar that shows how many have gone.
fn shown<T>(parts: Vec<T>) -> impl Iterator<Item = T> {
    let bar = ProgressBar::new(parts.len() as u64);
    parts.into_iter().inspect(move |_| bar.inc(1))
}

fn chunks(file: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(bytes.chunks(CHUNK).map(<[u8]>::to_vec).collect())
}

fn report(report: Option<ImportReport>) -> anyhow::Result<()> {
    let report = report.context("the service returned no report")?;
    for problem in &report.problems {
        println!(
            "line {}, {}: {} ({})",
            problem.line, problem.column, problem.description, problem.code
        );
    }
    ensure!(
        report.problems_total == 0,
        "nothing was imported: {} problem(s) in {} row(s)",
        report.problems_total,
        report.rows
    );
    println!(
        "{} row(s), {}: {} created, {} changed, {} unchanged",
        report.rows, report.encoding, report.created, report.changed, report.unchanged
    );
    Ok(())
}

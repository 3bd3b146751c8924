//! `mash directory` and `mash roll`: imports, over the same calls that an authority's system makes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use jiff::civil::Date;
use mash_proto::education::v1::{
    ImportBankHolidaysRequest, ImportReport, ListDirectoryFindingsRequest, RegisterLayout,
};

use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    imports,
    people::{Endpoints, People, on_behalf},
};

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
    /// List what is stale in the directory of an authority, the most pressing first.
    Stale {
        #[command(flatten)]
        target: Target,
        /// The three-digit code of the authority.
        #[arg(long)]
        authority: String,
        /// Who asks, for the record.
        #[arg(long = "as", default_value = "operator")]
        practitioner: String,
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
                let layout = match layout {
                    Layout::Gias => RegisterLayout::Gias,
                    Layout::Wales => RegisterLayout::Wales,
                };
                let (people, file, bar) =
                    (target.people()?, read(&file)?, ProgressBar::new_spinner());
                let (header, gone) = ((layout, date.into()), move |parts| bar.inc(parts));
                report(&imports::register(&people, OPERATOR, header, &file, gone).await?)
            }
            Self::Stale { target, authority, practitioner } => {
                stale(&target.people()?, &authority, &practitioner).await
            }
            Self::BankHolidays { target, file } => {
                let request = ImportBankHolidaysRequest { document: read(&file)? };
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
        let Self::Import { target, authority, date, file } = self;
        let (people, file, bar) = (target.people()?, read(&file)?, ProgressBar::new_spinner());
        let (header, gone) = ((authority.as_str(), date.into()), move |parts| bar.inc(parts));
        report(&imports::roll(&people, OPERATOR, header, &file, gone).await?)
    }
}

/// One line for each, without names: what, where, whom by id, since when.
async fn stale(people: &People, authority: &str, practitioner: &str) -> anyhow::Result<()> {
    let mut request = ListDirectoryFindingsRequest {
        authority_code: authority.to_owned(),
        page_size: 500,
        page_token: String::new(),
    };
    loop {
        let asked = on_behalf(practitioner, request.clone())?;
        let answer = people.directory(OPERATOR)?.list_directory_findings(asked).await?.into_inner();
        for finding in &answer.findings {
            let since = finding
                .since_date
                .map(|day| format!("  since {:04}-{:02}-{:02}", day.year, day.month, day.day));
            let contact = if finding.contact.is_empty() { "-" } else { finding.contact.as_str() };
            println!(
                "{:<14} {}  {contact}{}",
                finding.finding_code,
                finding.establishment,
                since.unwrap_or_default()
            );
        }
        if answer.next_page_token.is_empty() {
            for count in &answer.counts {
                println!("{} {}", count.count, count.finding_code);
            }
            return Ok(());
        }
        request.page_token = answer.next_page_token;
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn report(report: &ImportReport) -> anyhow::Result<()> {
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

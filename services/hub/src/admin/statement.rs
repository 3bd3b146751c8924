//! `mash statement`: the statement of a school morning, over the call that a force's or an authority's own system makes;
//! and its signature, verified without asking anybody.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use mash_chassis::verify_record;
use mash_inbox::{extract, public_csv, public_html, statement_csv, statement_html};
use mash_policy::Language;
use mash_proto::sharing::v1::{
    GetPublicFiguresRequest, GetStatementRequest, PublicFigures, SignedRecord, Statement,
};
use prost::{Message as _, Name as _};

use crate::{
    data::{Data, hex},
    demo::prepare::OPERATOR,
    people::{Endpoints, People},
};

/// Which statement, and where to write it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct StatementArgs {
    #[command(subcommand)]
    verify: Option<StatementCommand>,
    #[command(flatten)]
    fetch: Fetch,
}

/// What can be done without a hub.
#[derive(Debug, Subcommand)]
pub enum StatementCommand {
    /// Verify a page or a table that was written earlier: that the hub signed its record, and that it shows that record
    /// and nothing else. Nobody is asked.
    Verify {
        /// The HTML or CSV file.
        file: PathBuf,
        /// The hub's public key, as `mash init` wrote it.
        #[arg(long, default_value = ".mash/data/records.pub")]
        key: PathBuf,
    },
}

/// The languages of pages.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Tongue {
    /// English.
    En,
    /// Welsh.
    Cy,
}

#[derive(Debug, Args)]
struct Fetch {
    /// The data folder with the certificates.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The routing service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation that calls: the force or authority itself, or the operator.
    #[arg(long = "as", default_value = OPERATOR)]
    organisation: String,
    /// The force whose statement it is, such as `62`.
    #[arg(long, group = "whose")]
    force: Option<String>,
    /// The authority whose statement it is, such as `672`.
    #[arg(long, group = "whose")]
    authority: Option<String>,
    /// The public figures of a closed month, such as `2026-11`, instead of a statement.
    #[arg(long, group = "whose", value_name = "MONTH")]
    public: Option<String>,
    /// The school morning; without it, the latest.
    #[arg(long, conflicts_with = "public")]
    day: Option<Date>,
    /// Write a page there.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a table there.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// The language of the page.
    #[arg(long, visible_alias = "language", default_value = "en")]
    lang: Tongue,
}

impl StatementArgs {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the hub refuses, a file cannot be read or written, or what it shows was not signed.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.verify {
            Some(StatementCommand::Verify { file, key }) => verify(&file, &key),
            None => self.fetch.run().await,
        }
    }
}

impl Tongue {
    /// The language.
    #[must_use]
    pub const fn language(self) -> Language {
        match self {
            Self::En => Language::English,
            Self::Cy => Language::Welsh,
        }
    }
}

impl Fetch {
    async fn run(self) -> anyhow::Result<()> {
        let data = Data::open(&self.data)?;
        let public = data.record_public_key();
        let signed = self.fetch(data).await?;
        // Whoever has no key yet is shown what the hub sent, and told so.
        let checked = public.exists();
        if checked {
            check(&signed, &key_in(&public)?)?;
        }
        if let Some(path) = &self.html {
            let page = page(&signed, self.lang.language())?;
            fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if let Some(path) = &self.csv {
            let table = table(&signed)?;
            fs::write(path, table).with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!("{}", said(&signed)?);
        let how = if checked { "verified with" } else { "not verified: there is no" };
        println!("signature {how} {}", public.display());
        Ok(())
    }

    async fn fetch(&self, data: Data) -> anyhow::Result<SignedRecord> {
        let people = People::new(data, Endpoints::all_at(&self.endpoint));
        let mut hub = people.statements(&self.organisation)?;
        let day = self.day.map_or_else(|| "latest".to_owned(), |day| day.to_string());
        let name = match (&self.force, &self.authority, &self.public) {
            (Some(force), _, _) => format!("statements/police/{force}/{day}"),
            (None, Some(authority), _) => format!("statements/authority/{authority}/{day}"),
            (None, None, Some(month)) => {
                let request = GetPublicFiguresRequest { name: format!("publicFigures/{month}") };
                let answer = hub.get_public_figures(request).await?.into_inner();
                return answer.signed.context("the hub sent no signature");
            }
            (None, None, None) => bail!("whose? --force, --authority, or --public with a month"),
        };
        let answer = hub.get_statement(GetStatementRequest { name }).await?.into_inner();
        answer.signed.context("the hub sent no signature")
    }
}

/// One line about a record.
fn said(signed: &SignedRecord) -> anyhow::Result<String> {
    if signed.schema == PublicFigures::full_name() {
        let figures = PublicFigures::decode(signed.record.as_slice())?;
        return Ok(format!("{}: {} lines", figures.name, figures.lines.len()));
    }
    let made = Statement::decode(signed.record.as_slice())?;
    let total = made.total.unwrap_or_default();
    let into = total.carried + total.arrived + total.returned;
    Ok(format!(
        "{}: in {into} = acknowledged {} + escalated {} + withheld {} + moved {} + waiting {}; missing {}; {}",
        made.name,
        total.acknowledged,
        total.escalated,
        total.withheld,
        total.moved,
        total.waiting,
        total.missing,
        if made.balanced { "balanced" } else { "NOT BALANCED" }
    ))
}

fn page(signed: &SignedRecord, language: Language) -> anyhow::Result<String> {
    Ok(if signed.schema == PublicFigures::full_name() {
        public_html(signed, language)?
    } else {
        statement_html(signed, language)?
    })
}

fn table(signed: &SignedRecord) -> anyhow::Result<String> {
    Ok(if signed.schema == PublicFigures::full_name() {
        public_csv(signed)?
    } else {
        statement_csv(signed)?
    })
}

/// A page or a table of this morning, for whoever has the hub at hand. Returns what it says in one line.
///
/// # Errors
///
/// If the hub refuses or a file cannot be written.
pub async fn write(
    people: &People,
    name: &str,
    pages: &[(Language, PathBuf)],
    csv: &std::path::Path,
) -> anyhow::Result<String> {
    let request = GetStatementRequest { name: name.to_owned() };
    let answer = people.statements(OPERATOR)?.get_statement(request).await?.into_inner();
    let signed = answer.signed.context("the hub sent no signature")?;
    for (language, path) in pages {
        fs::write(path, page(&signed, *language)?)?;
    }
    fs::write(csv, table(&signed)?)?;
    said(&signed)
}

fn verify(file: &std::path::Path, key: &std::path::Path) -> anyhow::Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = extract(&text)?;
    check(&found.signed, &key_in(key)?)?;
    let again = match found.language {
        Some(language) => page(&found.signed, language)?,
        None => table(&found.signed)?,
    };
    ensure!(
        again == text,
        "MASH-E043: the record in {} is signed, and the file shows something else: it was changed, or written by \
         another version of mash",
        file.display()
    );
    println!("{}", said(&found.signed)?);
    println!("signed by {}, and shown as signed", hex(&found.signed.public_key));
    Ok(())
}

/// The signature is of the hub's key, whatever key the record itself names.
fn check(signed: &SignedRecord, key: &[u8]) -> anyhow::Result<()> {
    let SignedRecord { record, schema, signature, .. } = signed;
    let known = [Statement::full_name(), PublicFigures::full_name()];
    ensure!(known.contains(schema), "MASH-E042: `{schema}` is no record that is known here");
    verify_record(key, schema, record, signature)
        .context("MASH-E042: the record was not signed with this key")
}

fn key_in(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim();
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes
        .filter(|bytes| bytes.len() == 32)
        .with_context(|| format!("{} holds no public key: 64 hexadecimal digits", path.display()))
}

//! `mash ledger`: what an auditor, a witness and the keeper of the key do.

mod key;
mod verify;
mod witness;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use mash_ledger::{Checkpoint, Entry, Fault, Hash, Note, VerifierKey, hash, proof};
use mash_proto::audit::v1::{ExportLedgerRequest, GetCheckpointRequest, GetInclusionProofRequest};

use crate::{
    data::Data,
    demo::prepare::OPERATOR,
    people::{Endpoints, People, on_behalf},
};

pub use verify::{VerifyArgs, verify_file};

/// What can be done with the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Write the ledger to a file.
    Export(ExportArgs),
    /// Check an export, with nothing but the file and a key. Exits with 1 if it is broken, and says where.
    Verify(VerifyArgs),
    /// Print the newest checkpoint, or an earlier one.
    Checkpoint(CheckpointArgs),
    /// Ask for an entry and its proof, and check the proof here.
    Proof(ProofArgs),
    /// Look at the ledger as a witness: check that it continues what was seen last, and co-sign it.
    Witness(witness::WitnessArgs),
    /// Put a new key beside the ledger's key; both sign from the next start on.
    Rotate(key::KeyArgs),
    /// Retire every key but the newest; they sign nothing from the next start on.
    Retire(key::KeyArgs),
    /// Print the ledger's keys as others need them to verify.
    Keys(key::KeyArgs),
}

impl LedgerCommand {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If the server refuses, a file cannot be read or written, or what was checked is broken.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Export(args) => args.run().await,
            Self::Verify(args) => args.run(),
            Self::Checkpoint(args) => args.run().await,
            Self::Proof(args) => args.run().await,
            Self::Witness(args) => args.run().await,
            Self::Rotate(args) => args.rotate(),
            Self::Retire(args) => args.retire(),
            Self::Keys(args) => args.print(),
        }
    }
}

/// Whom to ask, and as whom.
#[derive(Debug, Args)]
struct Asking {
    /// The data folder with the organisation's certificate.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
    /// The audit service.
    #[arg(long, default_value = "https://localhost:7443")]
    endpoint: String,
    /// The organisation that asks.
    #[arg(long = "as", default_value = OPERATOR, value_name = "KIND/CODE")]
    organisation: String,
    /// Its practitioner.
    #[arg(long, default_value = "administrator")]
    practitioner: String,
}

impl Asking {
    fn people(&self) -> anyhow::Result<People> {
        Ok(People::new(Data::open(&self.data)?, Endpoints::all_at(&self.endpoint)))
    }
}

/// `mash ledger export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    asking: Asking,
    /// Where to write it.
    file: PathBuf,
    /// From which entry on.
    #[arg(long, default_value_t = 0)]
    from: i64,
}

impl ExportArgs {
    async fn run(self) -> anyhow::Result<()> {
        let people = self.asking.people()?;
        let practitioner = &self.asking.practitioner;
        export(&people, practitioner, self.from, &self.file).await?;
        println!("{}", self.file.display());
        Ok(())
    }
}

/// Writes the ledger to a file, whole or not at all.
///
/// # Errors
///
/// If the server refuses or the file cannot be written.
pub async fn export(
    people: &People,
    practitioner: &str,
    from: i64,
    file: &Path,
) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let next = file.with_extension("part");
    let mut written = fs::File::create(&next).with_context(cannot)?;
    let request = on_behalf(practitioner, ExportLedgerRequest { from })?;
    let mut pieces = people.ledger(OPERATOR)?.export_ledger(request).await?.into_inner();
    let bar = ProgressBar::new_spinner();
    while let Some(piece) = pieces.message().await? {
        written.write_all(&piece.chunk).with_context(cannot)?;
        bar.inc(u64::try_from(piece.chunk.len()).unwrap_or_default());
    }
    bar.finish_and_clear();
    written.sync_all().with_context(cannot)?;
    fs::rename(next, file).with_context(cannot)
}

/// `mash ledger checkpoint`.
#[derive(Debug, Args)]
pub struct CheckpointArgs {
    #[command(flatten)]
    asking: Asking,
    /// Of which size; without it, the newest.
    #[arg(long, default_value_t = 0)]
    size: i64,
}

impl CheckpointArgs {
    async fn run(self) -> anyhow::Result<()> {
        let mut ledger = self.asking.people()?.ledger(&self.asking.organisation)?;
        let answer = ledger.get_checkpoint(GetCheckpointRequest { size: self.size }).await?;
        print!("{}", answer.into_inner().checkpoint);
        Ok(())
    }
}

/// `mash ledger proof`.
#[derive(Debug, Args)]
pub struct ProofArgs {
    #[command(flatten)]
    asking: Asking,
    /// The id of the entry, or words that give it, such as `permitted decisions/…`.
    #[arg(required = true)]
    entry: Vec<String>,
    /// A key of the ledger, or a file of keys. Without one, nothing is known of who signed.
    #[arg(long = "key", value_name = "KEY|FILE")]
    keys: Vec<String>,
}

impl ProofArgs {
    async fn run(self) -> anyhow::Result<()> {
        let entry_id = match self.entry.as_slice() {
            [one] => one.clone(),
            words => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                Entry::id_of(&words).to_string()
            }
        };
        let mut ledger = self.asking.people()?.ledger(&self.asking.organisation)?;
        let request = GetInclusionProofRequest { entry_id, size: 0 };
        let found = ledger.get_inclusion_proof(request).await?.into_inner();
        let note = Note::parse(&found.checkpoint).map_err(told)?;
        let keys = keys(&self.keys)?;
        let says = Checkpoint::of(&note).map_err(told)?;
        if !keys.is_empty() {
            Checkpoint::verified(&note, &says.origin, &keys).map_err(told)?;
        }
        let path: Option<Vec<Hash>> = found.hashes.iter().map(|it| Hash::from_slice(it)).collect();
        let path = path.context("the proof holds what is no hash")?;
        let (index, size) = (u64::try_from(found.index)?, u64::try_from(found.size)?);
        anyhow::ensure!(size == says.size, "the proof is not for the size of the checkpoint");
        let leaf = hash::leaf(&found.entry);
        proof::inclusion(index, size, &leaf, &path, &says.root).map_err(told)?;
        let entry = Entry::decode(&found.entry).map_err(told)?;
        println!("entry {index} of {size} of {}", says.origin);
        println!("{}", line_of(&entry));
        println!("the proof is good; the checkpoint:\n\n{note}");
        if keys.is_empty() {
            println!("No key was given, so nothing is said of who signed the checkpoint.");
        }
        Ok(())
    }
}

/// An entry in one line.
fn line_of(entry: &Entry) -> String {
    let at =
        i64::try_from(entry.at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let at = at.map_or_else(String::new, |at| at.to_string());
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    format!(
        "{at}  {}{}  {}  case {}  {}  rules {}  commitment {}",
        entry.kind.word(),
        if entry.late { " (late)" } else { "" },
        dash(&entry.organisation),
        dash(&entry.case),
        dash(&entry.subject),
        dash(&entry.ruleset),
        entry.commitment
    )
}

/// Keys from the command line: each a verifier key, or a file of them.
pub(crate) fn keys(given: &[String]) -> anyhow::Result<Vec<VerifierKey>> {
    let mut keys = Vec::new();
    for given in given {
        if let Ok(key) = VerifierKey::parse(given) {
            keys.push(key);
            continue;
        }
        let text = fs::read_to_string(given)
            .with_context(|| format!("`{given}` is neither a key nor a file of keys"))?;
        for line in text.lines().filter(|line| !line.is_empty()) {
            keys.push(VerifierKey::parse(line).map_err(told)?);
        }
    }
    Ok(keys)
}

/// A note in a file.
fn note_in(path: &Path) -> anyhow::Result<Note> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Note::parse(&text).map_err(told)
}

/// A fault, for the person at the terminal.
#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by value")]
pub(crate) fn told(fault: Fault) -> anyhow::Error {
    anyhow::anyhow!("{}: {fault}", fault.code())
}

/// Ends with an error that was told already.
fn broken() -> anyhow::Result<()> {
    bail!("the ledger does not verify")
}

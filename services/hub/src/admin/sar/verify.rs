//! Checking an answer without the hub.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use mash_inbox::{subject_access_html, subject_access_of_page};
use mash_ledger::{Checkpoint, Entry, Hash, Note, VerifierKey, hash, proof};
use mash_proto::sharing::v1::{AccessRecord, LedgerProof};

use crate::admin::ledger::{keys, told};

/// `mash sar verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The page.
    file: PathBuf,
    /// A key of the ledger, or a file of keys, from anywhere but whoever gave you the page.
    #[arg(long = "key", value_name = "KEY|FILE", required = true)]
    keys: Vec<String>,
}

impl VerifyArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let text = fs::read_to_string(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let (record, language) = subject_access_of_page(&text)?;
        ensure!(
            subject_access_html(&record, language)? == text,
            "MASH-A011: the page shows something else than its record, or was written by another version of mash"
        );
        let proved = proved(&record, &keys(&self.keys)?)?;
        println!("{proved} of {} lines are proved, and shown as recorded", record.lines.len());
        Ok(())
    }
}

/// How many lines of a record are proved by the ledger with these keys.
///
/// # Errors
///
/// If the checkpoint was not signed with any of them, or a proof is not good.
pub fn proved(record: &AccessRecord, keys: &[VerifierKey]) -> anyhow::Result<usize> {
    let proofs: Vec<&LedgerProof> =
        record.lines.iter().filter_map(|line| line.proof.as_ref()).collect();
    if proofs.is_empty() {
        return Ok(0);
    }
    let broken = "MASH-A011: a line is not proved by the ledger";
    let note = Note::parse(&record.checkpoint).map_err(told).context(broken)?;
    let origin = Checkpoint::of(&note).map_err(told).context(broken)?.origin;
    let says = Checkpoint::verified(&note, &origin, keys).map_err(told).context(broken)?;
    for found in &proofs {
        Entry::decode(&found.entry).map_err(told).context(broken)?;
        let path: Option<Vec<Hash>> = found.hashes.iter().map(|it| Hash::from_slice(it)).collect();
        let path = path.context(broken)?;
        let index = u64::try_from(found.index).context(broken)?;
        let leaf = hash::leaf(&found.entry);
        proof::inclusion(index, says.size, &leaf, &path, &says.root)
            .map_err(told)
            .context(broken)?;
    }
    Ok(proofs.len())
}

//! What a witness does: remember, compare, co-sign.
//!
//! The witness runs this on its own machine, with a key and a memory of its own. It believes nothing of the hub but what
//! continues what it has seen before.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use jiff::Timestamp;
use mash_ledger::{Checkpoint, Hash, Note, SigningKey, Use, VerifierKey, proof};
use mash_proto::audit::v1::{
    AddCosignatureRequest, GetCheckpointRequest, GetConsistencyProofRequest, RegisterWitnessRequest,
};

use super::{Asking, keys, note_in, told};
use crate::{data::drawn, people::on_behalf};

/// `mash ledger witness`.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    #[command(flatten)]
    asking: Asking,
    /// The witness's own folder: its key, the ledger's keys, and the last checkpoint that it has seen. Made on first use.
    #[arg(long, default_value = ".mash/witness")]
    folder: PathBuf,
    /// A key of the ledger, or a file of keys, for the first look; from then on the folder has them.
    #[arg(long = "key", value_name = "KEY|FILE")]
    keys: Vec<String>,
    /// Look again and again, after so many seconds; without it, once.
    #[arg(long, value_name = "SECONDS")]
    every: Option<u64>,
}

impl WitnessArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let key = self.key().await?;
        let trusted = self.trusted()?;
        loop {
            self.look(&key, &trusted).await?;
            match self.every {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds.max(1))).await,
                None => return Ok(()),
            }
        }
    }

    /// The witness's key, made and registered on first use.
    async fn key(&self) -> anyhow::Result<SigningKey> {
        let path = self.folder.join("witness.key");
        if path.exists() {
            let text = fs::read_to_string(&path).context("the witness's key cannot be read")?;
            return SigningKey::parse(text.trim()).map_err(told);
        }
        let name = format!("witness/{}", self.asking.organisation);
        let key = SigningKey::from_seed(&name, Use::Cosignature, drawn()?).map_err(told)?;
        let request = RegisterWitnessRequest { verifier_key: key.verifier().to_string() };
        let request = on_behalf(&self.asking.practitioner, request)?;
        self.asking.people()?.ledger(&self.asking.organisation)?.register_witness(request).await?;
        mash_audit::write_keys(&path, &[key.secret_line()])?;
        println!("registered {}", key.verifier());
        Ok(key)
    }

    /// The ledger's keys, as they were given at the first look.
    fn trusted(&self) -> anyhow::Result<Vec<VerifierKey>> {
        let path = self.folder.join("ledger.pub");
        let given = keys(&self.keys)?;
        if !given.is_empty() {
            let lines: Vec<String> = given.iter().map(ToString::to_string).collect();
            fs::write(&path, format!("{}\n", lines.join("\n")))?;
            return Ok(given);
        }
        ensure!(path.exists(), "give the ledger's key with --key at the first look");
        keys(&[path.display().to_string()])
    }

    async fn look(&self, key: &SigningKey, trusted: &[VerifierKey]) -> anyhow::Result<()> {
        let mut ledger = self.asking.people()?.ledger(&self.asking.organisation)?;
        let answer = ledger.get_checkpoint(GetCheckpointRequest { size: 0 }).await?.into_inner();
        let mut note = Note::parse(&answer.checkpoint).map_err(told)?;
        let origin = trusted.first().map(VerifierKey::name).unwrap_or_default();
        let now = Checkpoint::verified(&note, origin, trusted).map_err(told)?;
        let path = self.folder.join("last.checkpoint");
        if path.exists() {
            let before = Checkpoint::of(&note_in(&path)?).map_err(told)?;
            let (old_size, new_size) = (i64::try_from(before.size)?, i64::try_from(now.size)?);
            let hashes = if before.size < now.size {
                let request = GetConsistencyProofRequest { old_size, new_size };
                ledger.get_consistency_proof(request).await?.into_inner().hashes
            } else {
                Vec::new()
            };
            let hashes: Option<Vec<Hash>> = hashes.iter().map(|it| Hash::from_slice(it)).collect();
            let hashes = hashes.context("the proof holds what is no hash")?;
            let (old, new) = ((before.size, &before.root), (now.size, &now.root));
            if let Err(fault) = proof::consistency(old, new, &hashes) {
                let kept = self.folder.join("refused.checkpoint");
                fs::write(&kept, note.to_string())?;
                return Err(told(fault)).with_context(|| {
                    format!(
                        "NOT co-signed. Keep {} and {}: together they are the evidence",
                        path.display(),
                        kept.display()
                    )
                });
            }
        }
        // Remembered first: what was co-signed must never be forgotten.
        replace(&path, &note.to_string())?;
        let seconds = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        note.add(note.cosign(key, seconds));
        let request = AddCosignatureRequest { checkpoint: note.to_string() };
        let witnesses = ledger.add_cosignature(request).await?.into_inner().witnesses;
        println!("co-signed {} entries of {}; {witnesses} witness(es)", now.size, now.origin);
        Ok(())
    }
}

fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, text)?;
    Ok(fs::rename(next, path)?)
}

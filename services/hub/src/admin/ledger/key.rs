//! The ledger's key: a new one beside it, the old one retired, and what others need to verify.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use mash_audit::Signer;
use mash_ledger::SigningKey;

use super::told;
use crate::data::{Data, new_ledger_key};

/// Where the key is.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The data folder of the process that signs.
    #[arg(long, env = "MASH_DATA", default_value = ".mash/data")]
    data: PathBuf,
}

impl KeyArgs {
    pub(super) fn rotate(&self) -> anyhow::Result<()> {
        let (path, lines) = self.lines()?;
        let signer = Signer::read(&path)?;
        anyhow::ensure!(
            signer.in_use().len() == 1,
            "two keys sign already: retire the older one first, once a checkpoint has been signed with both"
        );
        let key = new_ledger_key(signer.origin())?;
        let lines: Vec<String> = [key.secret_line()].into_iter().chain(lines).collect();
        mash_audit::write_keys(&path, &lines)?;
        println!("{}", key.verifier());
        println!("Start every process of `audit` again; from then on both keys sign.");
        Ok(())
    }

    pub(super) fn retire(&self) -> anyhow::Result<()> {
        let (path, lines) = self.lines()?;
        let mut kept = Vec::new();
        let mut retired = 0;
        for (number, line) in lines.into_iter().enumerate() {
            if number > 0 && line.starts_with("PRIVATE+KEY+") {
                kept.push(SigningKey::parse(&line).map_err(told)?.verifier().to_string());
                retired += 1;
            } else {
                kept.push(line);
            }
        }
        mash_audit::write_keys(&path, &kept)?;
        println!("{retired} key(s) retired. Start every process of `audit` again.");
        Ok(())
    }

    pub(super) fn print(&self) -> anyhow::Result<()> {
        let signer = Data::open(&self.data)?.signer()?;
        signer.in_use().iter().chain(signer.retired()).for_each(|key| println!("{key}"));
        Ok(())
    }

    fn lines(&self) -> anyhow::Result<(PathBuf, Vec<String>)> {
        let data = Data::open(&self.data)?;
        data.signer()?;
        let path = data.ledger_key();
        let text = fs::read_to_string(&path).context("the ledger's key cannot be read")?;
        Ok((path, text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()))
    }
}

//! The end of the demonstration: its ledger, exported and checked without the hub.

use anyhow::bail;
use mash_ledger::{
    Kind,
    verify::{Broken, Report, Trust},
};

use crate::{
    admin::ledger::{export, verify_file},
    data::Data,
    people::People,
};

/// Who asks for the export.
const AUDITOR: &str = "auditor";

/// Exports the ledger into the data folder, verifies the file with the ledger's key, and prints one line.
///
/// # Errors
///
/// If it cannot be exported, or does not verify.
pub async fn verified_offline(people: &People, data: &Data) -> anyhow::Result<Report> {
    let file = data.folder().join("ledger.txt");
    export(people, AUDITOR, 0, &file).await?;
    let keys = data.signer()?.in_use().to_vec();
    let report = match verify_file(&file, Trust { keys, ..Trust::default() })? {
        Ok(report) => report,
        Err(Broken { line, faults }) => {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            bail!("the ledger does not verify, at line {line}: {}", told.join("; "))
        }
    };
    let count = |kind| report.kinds.get(&kind).copied().unwrap_or_default();
    println!(
        "Ledger: {} entries ({} permitted, {} refused) exported to {} and verified offline against {} checkpoint(s).",
        report.entries.end,
        count(Kind::Permitted),
        count(Kind::Refused),
        file.display(),
        report.checkpoints
    );
    Ok(report)
}

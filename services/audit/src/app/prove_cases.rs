//! Every entry about a case, proved: what a subject access rests on.

use std::ops::Range;

use mash_ledger::{Entry, tree};

use super::{App, hashes, prove::Included};
use crate::{
    error::Refusal,
    store::{checkpoints::Signed, entries},
};

/// Cases in one call.
const MOST_CASES: usize = 200;
/// Entries in one answer.
const MOST_ENTRIES: u64 = 20_000;
/// Rows that are filled in at once.
const FILLED: u64 = 1_000;

impl App {
    /// The entries about these cases with their proofs, all to the newest checkpoint.
    pub(crate) async fn prove_cases(
        &self,
        cases: &[String],
    ) -> Result<(Signed, Vec<Included>), Refusal> {
        if !(1..=MOST_CASES).contains(&cases.len()) {
            return Err(Refusal::field("case_ids", "1 to 200 cases in one call"));
        }
        if cases.iter().any(String::is_empty) {
            return Err(Refusal::field("case_ids", "the id of a case is not empty"));
        }
        let newest = self.newest().await?;
        let mut conn = self.store.read().await?;
        let found = entries::of_cases(&mut conn, cases, newest.size, MOST_ENTRIES + 1).await?;
        if found.len() as u64 > MOST_ENTRIES {
            return Err(Refusal::field("case_ids", "more than 20,000 entries are about them"));
        }
        let ranges: Option<Vec<Vec<Range<u64>>>> =
            found.iter().map(|placed| tree::inclusion(placed.index, newest.size)).collect();
        let ranges = ranges.ok_or(Refusal::Corrupt("an entry stands behind the last"))?;
        let all: Vec<Range<u64>> = ranges.iter().flatten().cloned().collect();
        // Proofs of one case have most of their hashes in common: every tile is read once.
        let mut resolved = hashes(&mut conn, &all).await?.into_iter();
        let proved: Vec<Included> = found
            .into_iter()
            .zip(ranges)
            .map(|(placed, ranges)| {
                let path = resolved.by_ref().take(ranges.len()).collect();
                Included { placed, size: newest.size, path }
            })
            .collect();
        Ok((newest, proved))
    }

    /// Fills in about which case entries are that were written before that was kept beside them.
    pub(crate) async fn find_cases_of_old_entries(&self) -> Result<(), Refusal> {
        loop {
            let mut tx = self.store.begin().await?;
            let rows = entries::without_case(&mut tx, FILLED).await?;
            for row in &rows {
                // What cannot be read is about no case; the verifier tells of it.
                let case = Entry::decode(&row.encoded).map(|entry| entry.case).unwrap_or_default();
                entries::set_case(&mut tx, row.index, &case).await?;
            }
            tx.commit().await?;
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}

//! How long records are kept, from `reference/retention.toml`, and the look that keeps to it.

use std::{sync::OnceLock, time::Duration};

use anyhow::{Context as _, ensure};
use mash_chassis::{Clock as _, SystemClock};
use mash_store::{
    Store,
    erasure::{self, Rule},
    keys::rotation,
    leases,
};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

const TEXT: &str = include_str!("../../../reference/retention.toml");
const DAY_MS: i64 = 24 * 3600 * 1000;
/// How often the clocks of keys are looked at.
const EVERY: Duration = Duration::from_secs(60);
/// Keys that one look wraps anew.
const REWRAP: u32 = 2_000;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The wrapping keys.
    pub wrapping_keys: WrappingKeys,
    /// Kinds of record.
    pub record: Vec<Record>,
}

/// How long a version of a wrapping key serves.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappingKeys {
    /// Days after which the next version is made.
    pub rotate_days: u16,
    /// Days for which backups are kept: so long after its successor a version is retired.
    pub backup_days: u16,
}

/// A kind of record.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// As keys name it.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Days from when content was sealed last; none while what it belongs to lasts.
    pub days: Option<u16>,
    /// How it goes.
    pub by: By,
    /// Where the period comes from.
    pub source: String,
}

/// How a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Its key is destroyed.
    Key,
    /// Its rows are deleted by the service that has them.
    Rows,
}

/// The file of this build.
///
/// # Errors
///
/// If it cannot be read, which a test looks after.
pub fn builtin() -> anyhow::Result<&'static Retention> {
    static READ: OnceLock<Retention> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let read: Retention = toml::from_str(TEXT).context("reference/retention.toml")?;
    ensure!(read.wrapping_keys.rotate_days > 0, "wrapping keys are rotated after a day at least");
    Ok(READ.get_or_init(|| read))
}

impl Retention {
    /// The rules by which keys are destroyed.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let keyed = self.record.iter().filter(|record| record.by == By::Key);
        keyed
            .filter_map(|record| {
                let keep_ms = i64::from(record.days?) * DAY_MS;
                Some(Rule { record: record.id.clone(), keep_ms })
            })
            .collect()
    }
}

/// Looks at the clocks of keys until told to stop. Any number of processes may: a lease lets one look at a time.
pub async fn watch(store: Store, shutdown: CancellationToken) {
    let holder = uuid::Uuid::new_v4().to_string();
    mash_bus::every(EVERY, &shutdown, "the clocks of keys", || look(&store, &holder)).await;
}

async fn look(store: &Store, holder: &str) -> Result<(), mash_store::StoreError> {
    let Ok(retention) = builtin() else { return Ok(()) };
    if !leases::acquire(store, "keys", holder, EVERY * 2).await? {
        return Ok(());
    }
    once(store, retention, SystemClock.now().as_millisecond()).await
}

/// One look: closes, destroys, wraps anew, rotates and retires what is due at this time.
///
/// # Errors
///
/// If the store or the keys are away; the next look goes on.
pub async fn once(
    store: &Store,
    retention: &Retention,
    now_ms: i64,
) -> Result<(), mash_store::StoreError> {
    let swept = erasure::sweep(store, &retention.rules(), now_ms).await?;
    if swept.closed + swept.destroyed > 0 {
        tracing::info!(closed = swept.closed, destroyed = swept.destroyed, "keys of content went");
    }
    rotation::rewrap(store, REWRAP).await?;
    let WrappingKeys { rotate_days, backup_days } = retention.wrapping_keys;
    let (rotate, backups) = (i64::from(rotate_days) * DAY_MS, i64::from(backup_days) * DAY_MS);
    rotation::keep_young(store, rotate, backups, now_ms).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_each_kind_once_with_its_source() {
        let retention = builtin().unwrap();
        let mut ids: Vec<_> = retention.record.iter().map(|record| record.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), retention.record.len());
        for record in &retention.record {
            assert!(!record.title.is_empty() && !record.source.is_empty(), "{}", record.id);
        }
        let payload = retention.rules().into_iter().find(|rule| rule.record == "payload").unwrap();
        assert_eq!(payload.keep_ms, 90 * DAY_MS);
        assert!(
            retention
                .record
                .iter()
                .any(|record| record.id == "decision" && record.days == Some(2_557))
        );
    }

    #[test]
    fn every_kind_that_keys_are_made_for_has_a_row() {
        for made in [
            mash_store::keys::PAYLOAD,
            "referral",
            "police",
            "health",
            "social-care",
            "decision",
            "consent",
            "roll",
            "directory",
            "agreement",
        ] {
            assert!(
                builtin().unwrap().record.iter().any(|it| it.id == made && it.by == By::Key),
                "{made}"
            );
        }
    }
}

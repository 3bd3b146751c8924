//! What forces have agreed to share.

use std::collections::BTreeMap;

use mash_domain::{identifier::ForceCode, organisation::OrganisationKind};
use mash_policy::Profile;
use mash_store::{StoreError, Tx};
use sqlx::Row as _;

use super::{corrupt, load::parse};
use crate::world::Agreed;

/// What every force has agreed with schools.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn all(tx: &mut Tx) -> Result<BTreeMap<ForceCode, Agreed>, StoreError> {
    let rows = sqlx::query(
        "SELECT force, profile, early_years, version FROM routing_profiles WHERE recipient_kind = $1",
    )
    .bind(OrganisationKind::School.word())
    .fetch_all(tx.conn())
    .await?;
    let mut agreed = BTreeMap::new();
    for row in rows {
        let word: String = row.try_get(1)?;
        let profile = Profile::from_word(&word).ok_or_else(|| corrupt("routing_profiles"))?;
        let version =
            i32::try_from(row.try_get::<i64, _>(3)?).map_err(|_| corrupt("routing_profiles"))?;
        let early_years = row.try_get::<i64, _>(2)? != 0;
        agreed.insert(parse(&row, 0)?, Agreed { profile, early_years, version });
    }
    Ok(agreed)
}

/// Keeps what a force has agreed with schools, as the next version, and returns that.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put(
    tx: &mut Tx,
    force: &ForceCode,
    profile: Profile,
    early_years: bool,
) -> Result<i32, StoreError> {
    let row = sqlx::query(
        "INSERT INTO routing_profiles (force, recipient_kind, profile, early_years, version)
         VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (force, recipient_kind) DO UPDATE SET profile = excluded.profile,
         early_years = excluded.early_years, version = routing_profiles.version + 1
         RETURNING version",
    )
    .bind(force.as_str())
    .bind(OrganisationKind::School.word())
    .bind(profile.word())
    .bind(i64::from(early_years))
    .fetch_one(tx.conn())
    .await?;
    Ok(i32::try_from(row.try_get::<i64, _>(0)?).map_err(|_| corrupt("routing_profiles"))?)
}

//! Versions of the sharing rules, and which one is in force.

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_proto::sharing::v1::{RulesetFiles, RulesetState};
use mash_store::StoreError;
use prost::Message;
use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{
    corrupt,
    load::{instant, parse},
};

const COLUMNS: &str = "version, digest, files, state, proposed_by, proposer, proposed_ms, approved_by, approver, \
     activated_ms";

/// A version as it is kept. Its files and digest never change.
#[derive(Clone)]
pub struct StoredRuleset {
    /// The version.
    pub version: String,
    /// Over its files.
    pub digest: Vec<u8>,
    /// Its files.
    pub files: RulesetFiles,
    /// Where it stands.
    pub state: RulesetState,
    /// Whose practitioner proposed it.
    pub proposed_by: OrganisationId,
    /// That practitioner; empty for the one that the program carries.
    pub proposer: String,
    /// When.
    pub proposed: Timestamp,
    /// Whose practitioner approved it, and who, once somebody has.
    pub approved: Option<(OrganisationId, String)>,
    /// When it was put in force last.
    pub activated: Option<Timestamp>,
}

/// The version with this name.
///
/// # Errors
///
/// [`StoreError`] if the store fails or the row does not read back.
pub async fn find(
    conn: &mut AnyConnection,
    version: &str,
) -> Result<Option<StoredRuleset>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM routing_rulesets WHERE version = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(version).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// Versions after this one, the latest proposal first.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn list(
    conn: &mut AnyConnection,
    (before_ms, before): (i64, &str),
    limit: i64,
) -> Result<Vec<StoredRuleset>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM routing_rulesets
         WHERE proposed_ms < $1 OR (proposed_ms = $1 AND version < $2)
         ORDER BY proposed_ms DESC, version DESC LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(before_ms)
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

/// The version that is in force.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn in_force(conn: &mut AnyConnection) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT version FROM routing_ruleset_in_force WHERE place = 1")
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Keeps a proposal: a new version, or one that was in force before and is proposed again.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn propose(conn: &mut AnyConnection, row: &StoredRuleset) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO routing_rulesets (version, digest, files, state, proposed_by, proposer, proposed_ms,
         approved_by, approver, activated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0)
         ON CONFLICT (version) DO UPDATE SET state = excluded.state, proposed_by = excluded.proposed_by,
         proposer = excluded.proposer, proposed_ms = excluded.proposed_ms, approved_by = '', approver = ''
         WHERE routing_rulesets.digest = excluded.digest AND routing_rulesets.state = 'retired'",
    )
    .bind(&row.version)
    .bind(row.digest.as_slice())
    .bind(row.files.encode_to_vec())
    .bind(state_word(row.state))
    .bind(row.proposed_by.to_string())
    .bind(&row.proposer)
    .bind(row.proposed.as_millisecond())
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a version in force, and retires the one before it.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put_in_force(
    conn: &mut AnyConnection,
    version: &str,
    (organisation, practitioner): (&OrganisationId, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    // First, so that whoever else does the same waits here.
    sqlx::query(
        "INSERT INTO routing_ruleset_in_force (place, version) VALUES (1, $1)
         ON CONFLICT (place) DO UPDATE SET version = excluded.version",
    )
    .bind(version)
    .execute(&mut *conn)
    .await?;
    sqlx::query("UPDATE routing_rulesets SET state = 'retired' WHERE state = 'active'")
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "UPDATE routing_rulesets SET state = 'active', approved_by = $2, approver = $3, activated_ms = $4
         WHERE version = $1",
    )
    .bind(version)
    .bind(organisation.to_string())
    .bind(practitioner)
    .bind(at.as_millisecond())
    .execute(conn)
    .await?;
    Ok(())
}

const fn state_word(state: RulesetState) -> &'static str {
    match state {
        RulesetState::Unspecified | RulesetState::Proposed => "proposed",
        RulesetState::Active => "active",
        RulesetState::Retired => "retired",
    }
}

fn read(row: &AnyRow) -> Result<StoredRuleset, StoreError> {
    let (files, state): (Vec<u8>, String) = (row.try_get(2)?, row.try_get(3)?);
    let states = [RulesetState::Proposed, RulesetState::Active, RulesetState::Retired];
    let approver: String = row.try_get(8)?;
    let approved_by: String = row.try_get(7)?;
    Ok(StoredRuleset {
        version: row.try_get(0)?,
        digest: row.try_get(1)?,
        files: RulesetFiles::decode(files.as_slice()).map_err(|_| corrupt("routing_rulesets"))?,
        state: states
            .into_iter()
            .find(|known| state_word(*known) == state)
            .ok_or_else(|| corrupt("routing_rulesets"))?,
        proposed_by: parse(row, 4)?,
        proposer: row.try_get(5)?,
        proposed: instant(row, 6)?,
        approved: approved_by.parse().ok().map(|organisation| (organisation, approver)),
        activated: match row.try_get::<i64, _>(9)? {
            0 => None,
            _ => Some(instant(row, 9)?),
        },
    })
}

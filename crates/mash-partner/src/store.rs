//! The tables of this crate. Nothing else in it knows SQL.

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_store::{Look, Migration, Store, StoreError, Tx};

pub(crate) mod clocks;
pub(crate) mod disagreements;
pub(crate) mod enquiries;
pub(crate) mod feedback;
pub(crate) mod invitations;
pub(crate) mod prompts;
pub(crate) mod referrals;

/// A connection, for those who only pass it on.
pub(crate) type Conn = dyn Look;

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "referrals, enquiries, invitations, feedback and prompts",
    sql: include_str!("store/0001_partner.sql"),
}];

/// The kind of record under which what organisations sent and were told is kept.
const RECORD: &str = "referral";

/// Brings the tables up to date. Every service that uses the library does it, and the first one counts.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    store.migrate("partner", MIGRATIONS).await
}

/// Whose rows: the service, and an organisation of it.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// The service.
    pub(crate) agency: &'a str,
    /// The organisation.
    pub(crate) organisation: &'a str,
}

/// Who did what.
pub(crate) struct Access<'a> {
    pub(crate) owner: Owner<'a>,
    pub(crate) practitioner: &'a str,
    pub(crate) action: &'a str,
    pub(crate) subject: &'a str,
}

/// Records an access.
pub(crate) async fn record(tx: &mut Tx, at_ms: i64, access: Access<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO partner_accesses (at_ms, agency, organisation, practitioner, action, subject)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(at_ms)
    .bind(access.owner.agency)
    .bind(access.owner.organisation)
    .bind(access.practitioner)
    .bind(access.action)
    .bind(access.subject)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn instant(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt("a time"))
}

fn organisation(text: &str) -> Result<OrganisationId, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt("an organisation"))
}

/// Codes and names in one column. None of them holds a comma.
fn joined(words: &[String]) -> String {
    words.join(",")
}

fn split(words: &str) -> Vec<String> {
    words.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

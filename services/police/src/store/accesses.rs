//! Who read or changed what, on whose behalf.

use mash_chassis::Caller;
use mash_store::{StoreError, Tx, is_kept, placeholders};
use sqlx::AssertSqlSafe;

use super::CHUNK;

/// One access.
#[derive(Clone)]
pub(crate) struct Access {
    organisation: String,
    practitioner: String,
    action: &'static str,
    subject: String,
}

impl Access {
    /// The caller does this to that.
    pub(crate) fn new(caller: &Caller, action: &'static str, subject: impl Into<String>) -> Self {
        Self {
            organisation: caller.organisation.to_string(),
            practitioner: caller.practitioner.clone().unwrap_or_default(),
            action,
            subject: subject.into(),
        }
    }
}

/// Records accesses.
pub(crate) async fn record(
    tx: &mut Tx,
    at_ms: i64,
    accesses: &[&Access],
) -> Result<(), StoreError> {
    for chunk in accesses.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO police_accesses (at_ms, organisation, practitioner, action, subject) VALUES {}",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for Access { organisation, practitioner, action, subject } in chunk {
            query =
                query.bind(at_ms).bind(organisation).bind(practitioner).bind(*action).bind(subject);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

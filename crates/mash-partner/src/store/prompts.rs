//! What somebody has to do.

use jiff::Timestamp;
use mash_store::{StoreError, Tx, pieces, placeholders};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Owner, count, instant};

/// A prompt that is open.
pub(crate) struct PromptRow {
    pub(crate) seq: i64,
    pub(crate) subject: String,
    pub(crate) kind: String,
    pub(crate) practitioner: String,
    pub(crate) raised: Timestamp,
    pub(crate) due: Option<Timestamp>,
}

fn read(row: &AnyRow) -> Result<PromptRow, StoreError> {
    let due: Option<i64> = row.try_get(5)?;
    Ok(PromptRow {
        seq: row.try_get(0)?,
        subject: row.try_get(1)?,
        kind: row.try_get(2)?,
        practitioner: row.try_get(3)?,
        raised: instant(row.try_get(4)?)?,
        due: due.map(instant).transpose()?,
    })
}

/// Raises prompts of organisations. One that is open already stays as it is; one that was closed opens again.
pub(crate) async fn raise(
    tx: &mut Tx,
    agency: &str,
    prompts: &[(&str, PromptRow)],
) -> Result<(), StoreError> {
    for chunk in pieces(prompts) {
        let sql = format!(
            "INSERT INTO partner_prompts (agency, organisation, subject, kind, practitioner, raised_ms, due_ms,
             closed_by, reason) VALUES {}
             ON CONFLICT (agency, organisation, subject, kind) DO UPDATE SET practitioner = excluded.practitioner,
             raised_ms = excluded.raised_ms, due_ms = excluded.due_ms, closed_ms = NULL, closed_by = '', reason = ''
             WHERE partner_prompts.closed_ms IS NOT NULL",
            placeholders(chunk.len(), 9)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (organisation, prompt) in chunk {
            query = query
                .bind(agency)
                .bind(*organisation)
                .bind(&prompt.subject)
                .bind(&prompt.kind)
                .bind(&prompt.practitioner)
                .bind(prompt.raised.as_millisecond())
                .bind(prompt.due.map(Timestamp::as_millisecond))
                .bind("")
                .bind("");
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Closes a prompt, if it is open.
pub(crate) async fn close(
    tx: &mut Tx,
    owner: Owner<'_>,
    (subject, kind): (&str, &str),
    (at, by, reason): (Timestamp, &str, &str),
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE partner_prompts SET closed_ms = $5, closed_by = $6, reason = $7
         WHERE agency = $1 AND organisation = $2 AND subject = $3 AND kind = $4 AND closed_ms IS NULL",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(subject)
    .bind(kind)
    .bind(at.as_millisecond())
    .bind(by)
    .bind(reason)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The open prompts of the organisation after this number, oldest first.
pub(crate) async fn list(
    conn: &mut Conn,
    owner: Owner<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<PromptRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, subject, kind, practitioner, raised_ms, due_ms FROM partner_prompts
         WHERE agency = $1 AND organisation = $2 AND closed_ms IS NULL AND seq > $3 ORDER BY seq LIMIT $4",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(after)
    .bind(count(limit))
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(read).collect()
}

/// The open prompt of this number.
pub(crate) async fn find(
    conn: &mut Conn,
    owner: Owner<'_>,
    seq: i64,
) -> Result<Option<PromptRow>, StoreError> {
    let row = sqlx::query(
        "SELECT seq, subject, kind, practitioner, raised_ms, due_ms FROM partner_prompts
         WHERE agency = $1 AND organisation = $2 AND closed_ms IS NULL AND seq = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(seq)
    .fetch_optional(conn.conn())
    .await?;
    row.as_ref().map(read).transpose()
}

/// The kinds of prompt that are open about this, in the order in which they were raised.
pub(crate) async fn of_subject(
    conn: &mut Conn,
    owner: Owner<'_>,
    subject: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind FROM partner_prompts WHERE agency = $1 AND organisation = $2 AND subject = $3
         AND closed_ms IS NULL ORDER BY seq",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(subject)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

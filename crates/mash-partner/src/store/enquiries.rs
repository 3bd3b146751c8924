//! Questions of the hub, and what was answered.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use mash_store::{Column, StoreError, Tx, keys::Opening, listed, opening, pieces, placeholders};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{Conn, Owner, RECORD, count, instant, joined, organisation, split};
use crate::names::Page;

/// Rows of one statement.
const CHUNK: usize = 200;

/// A question.
pub(crate) struct EnquiryRow {
    pub(crate) seq: i64,
    pub(crate) organisation: String,
    pub(crate) item_id: String,
    pub(crate) release_id: String,
    pub(crate) case_id: String,
    pub(crate) from: OrganisationId,
    pub(crate) revision: i64,
    /// How often it was answered or refused.
    pub(crate) answered: i64,
    /// The last answer was a refusal.
    pub(crate) refused: bool,
    pub(crate) closed: Option<Timestamp>,
    /// The bytes of a `Content`; empty once it was closed.
    pub(crate) content: Vec<u8>,
    pub(crate) rule_ids: Vec<String>,
    pub(crate) reference: String,
    pub(crate) received: Timestamp,
    pub(crate) due: Timestamp,
    /// When somebody has to be told next.
    pub(crate) next: Option<Timestamp>,
}

/// An answer as it was given.
pub(crate) struct AnswerRow {
    pub(crate) revision: i64,
    pub(crate) at: Timestamp,
    pub(crate) late: bool,
    pub(crate) refusal_code: String,
    pub(crate) practitioner: String,
    /// The bytes of the `ItemSubmitted`.
    pub(crate) event: Vec<u8>,
}

const CONTENT: Column = Column::new(RECORD, "partner_enquiries.content");
const ANSWER: Column = Column::new(RECORD, "partner_answers.submitted");

const COLUMNS: &str = "seq, organisation, item_id, release_id, case_id, from_organisation, revision, answered, \
     refused, closed_ms, content, rule_ids, reference, received_ms, due_ms, next_ms";

/// A question whose content was erased still has to be answered: it stays, and says nothing.
fn read(row: &AnyRow, open: &Opening) -> Result<EnquiryRow, StoreError> {
    let item_id: String = row.try_get(2)?;
    let content = open.column_or_none(&CONTENT, &item_id, row.try_get(10)?)?;
    let (from, rules): (String, String) = (row.try_get(5)?, row.try_get(11)?);
    let refused: i64 = row.try_get(8)?;
    let (closed, next): (Option<i64>, Option<i64>) = (row.try_get(9)?, row.try_get(15)?);
    Ok(EnquiryRow {
        seq: row.try_get(0)?,
        organisation: row.try_get(1)?,
        item_id,
        release_id: row.try_get(3)?,
        case_id: row.try_get(4)?,
        from: organisation(&from)?,
        revision: row.try_get(6)?,
        answered: row.try_get(7)?,
        refused: refused != 0,
        closed: closed.map(instant).transpose()?,
        content,
        rule_ids: split(&rules),
        reference: row.try_get(12)?,
        received: instant(row.try_get(13)?)?,
        due: instant(row.try_get(14)?)?,
        next: next.map(instant).transpose()?,
    })
}

/// Writes a question, new or changed.
pub(crate) async fn put(tx: &mut Tx, agency: &str, row: &EnquiryRow) -> Result<(), StoreError> {
    put_many(tx, agency, std::slice::from_ref(row)).await
}

/// Writes questions, new or changed, with few statements.
pub(crate) async fn put_many(
    tx: &mut Tx,
    agency: &str,
    rows: &[EnquiryRow],
) -> Result<(), StoreError> {
    let keys = CONTENT.keys(tx, rows.iter().map(|row| row.case_id.as_str())).await?;
    for chunk in pieces(rows) {
        let sql = format!(
            "INSERT INTO partner_enquiries (agency, organisation, item_id, release_id, case_id, from_organisation,
             revision, answered, refused, closed_ms, content, rule_ids, reference, received_ms, due_ms, next_ms)
             VALUES {}
             ON CONFLICT (agency, organisation, item_id) DO UPDATE SET revision = excluded.revision,
             answered = excluded.answered, refused = excluded.refused, closed_ms = excluded.closed_ms,
             content = excluded.content, rule_ids = excluded.rule_ids, due_ms = excluded.due_ms,
             next_ms = excluded.next_ms",
            placeholders(chunk.len(), 16)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in chunk {
            query = query
                .bind(agency)
                .bind(&row.organisation)
                .bind(&row.item_id)
                .bind(&row.release_id)
                .bind(&row.case_id)
                .bind(row.from.to_string())
                .bind(row.revision)
                .bind(row.answered)
                .bind(i64::from(row.refused))
                .bind(row.closed.map(Timestamp::as_millisecond))
                .bind(keys.column(&CONTENT, &row.case_id, &row.item_id, &row.content)?)
                .bind(joined(&row.rule_ids))
                .bind(&row.reference)
                .bind(row.received.as_millisecond())
                .bind(row.due.as_millisecond())
                .bind(row.next.map(Timestamp::as_millisecond));
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// The questions of these organisations and items, by both, which nobody else changes until the transaction ends.
pub(crate) async fn lock_many(
    tx: &mut Tx,
    agency: &str,
    of: &BTreeSet<(&str, &str)>,
) -> Result<HashMap<(String, String), EnquiryRow>, StoreError> {
    let mut found = HashMap::new();
    let organisations: BTreeSet<&str> = of.iter().map(|(organisation, _)| *organisation).collect();
    let items: Vec<&str> = of.iter().map(|(_, item)| *item).collect();
    let organisations: Vec<&str> = organisations.into_iter().collect();
    for chunk in items.chunks(CHUNK) {
        let (theirs, whose) = listed(2, &organisations);
        let (list, items) = listed(2 + organisations.len().next_power_of_two(), chunk);
        // In order, so that two transactions that take the same rows take turns.
        let sql = format!(
            "SELECT {COLUMNS} FROM partner_enquiries
             WHERE agency = $1 AND organisation IN ({theirs}) AND item_id IN ({list})
             ORDER BY organisation, item_id{}",
            tx.for_update()
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(agency);
        for part in whose.chain(items) {
            query = query.bind(*part);
        }
        let rows = query.fetch_all(tx.conn()).await?;
        let open = opening(tx, &rows, &[10]).await?;
        for row in &rows {
            let row = read(row, &open)?;
            found.insert((row.organisation.clone(), row.item_id.clone()), row);
        }
    }
    Ok(found)
}

/// The question of this id, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<EnquiryRow>, StoreError> {
    sqlx::query(
        "UPDATE partner_enquiries SET revision = revision WHERE agency = $1 AND organisation = $2 AND item_id = $3",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(item_id)
    .execute(tx.conn())
    .await?;
    find(tx, owner, item_id).await
}

/// The question of this id.
pub(crate) async fn find(
    conn: &mut Conn,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Option<EnquiryRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_enquiries WHERE agency = $1 AND organisation = $2 AND item_id = $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(item_id)
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[10]).await?;
    rows.first().map(|row| read(row, &open)).transpose()
}

/// Questions to the organisation on this page, oldest first; if asked, only those that nobody has dealt with.
pub(crate) async fn list(
    conn: &mut Conn,
    owner: Owner<'_>,
    page: Page,
    open_only: bool,
) -> Result<Vec<EnquiryRow>, StoreError> {
    let open = if open_only { "AND answered = 0 AND closed_ms IS NULL" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM partner_enquiries WHERE agency = $1 AND organisation = $2 AND seq > $3 {open}
         ORDER BY seq LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(owner.agency)
        .bind(owner.organisation)
        .bind(page.after)
        .bind(count(page.limit()))
        .fetch_all(conn.conn())
        .await?;
    let open = opening(conn, &rows, &[10]).await?;
    rows.iter().map(|row| read(row, &open)).collect()
}

/// Whose questions somebody has to be told about by now: organisation and id.
pub(crate) async fn due(
    conn: &mut Conn,
    agency: &str,
    now_ms: i64,
    limit: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT organisation, item_id FROM partner_enquiries WHERE agency = $1 AND next_ms <= $2
         ORDER BY next_ms, seq LIMIT $3",
    )
    .bind(agency)
    .bind(now_ms)
    .bind(count(limit))
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Leaves a question that somebody has to be told about by now alone until then. False if it is not one.
pub(crate) async fn put_off(
    tx: &mut Tx,
    owner: Owner<'_>,
    item_id: &str,
    (now_ms, until_ms): (i64, i64),
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE partner_enquiries SET next_ms = $5
         WHERE agency = $1 AND organisation = $2 AND item_id = $3 AND next_ms <= $4",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(item_id)
    .bind(now_ms)
    .bind(until_ms)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps an answer.
pub(crate) async fn put_answer(
    tx: &mut Tx,
    owner: Owner<'_>,
    (case_id, item_id): (&str, &str),
    row: &AnswerRow,
) -> Result<(), StoreError> {
    let event = ANSWER.seal(tx, case_id, item_id, &row.event).await?;
    sqlx::query(
        "INSERT INTO partner_answers (agency, organisation, item_id, revision, at_ms, late, refusal_code, practitioner,
         submitted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(item_id)
    .bind(row.revision)
    .bind(row.at.as_millisecond())
    .bind(i64::from(row.late))
    .bind(&row.refusal_code)
    .bind(&row.practitioner)
    .bind(event)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The answers to a question, oldest first.
pub(crate) async fn answers(
    conn: &mut Conn,
    owner: Owner<'_>,
    item_id: &str,
) -> Result<Vec<AnswerRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT revision, at_ms, late, refusal_code, practitioner, submitted FROM partner_answers
         WHERE agency = $1 AND organisation = $2 AND item_id = $3 ORDER BY revision",
    )
    .bind(owner.agency)
    .bind(owner.organisation)
    .bind(item_id)
    .fetch_all(conn.conn())
    .await?;
    let open = opening(conn, &rows, &[5]).await?;
    rows.iter()
        .map(|row| {
            let late: i64 = row.try_get(2)?;
            Ok(AnswerRow {
                revision: row.try_get(0)?,
                at: instant(row.try_get(1)?)?,
                late: late != 0,
                refusal_code: row.try_get(3)?,
                practitioner: row.try_get(4)?,
                event: open.column_or_none(&ANSWER, item_id, row.try_get(5)?)?,
            })
        })
        .collect()
}

//! Notices and who may read them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use mash_domain::notice::{Acknowledgement, Notice, NoticeState, Seal};
use mash_proto::{disclosure::v1::Desk, event::v1::Envelope};
use mash_store::{
    Column, StoreError, Tx, in_list, is_kept,
    keys::{Opening, PAYLOAD},
    opening, placeholders,
};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, Conn, corrupt};
use crate::{
    access::{Reader, View},
    record::Record,
};

const COLUMNS: &str = "id, recipient, desk, escalated_authority, state, revision, deliver_by_ms, uncertain, accept_ms, \
     receive_ms, acknowledged_by, acknowledge_ms, acknowledged_revision, escalated_to, recall_reason, recall_ms, \
     released, content, roll_confirmed_by, roll_confirm_ms, sort_ms, version";
const WIDTH: usize = 22;
const CONTENT: Column = Column::new(PAYLOAD, "education_notices.content");

/// The same without content, which lists never need.
const COLUMNS_OF_LIST: &str = "id, recipient, desk, escalated_authority, state, revision, deliver_by_ms, uncertain, \
     accept_ms, receive_ms, acknowledged_by, acknowledge_ms, acknowledged_revision, escalated_to, recall_reason, \
     recall_ms, released, '' AS content, roll_confirmed_by, roll_confirm_ms";

/// Where a page begins: after this notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) sort_ms: i64,
    pub(crate) id: String,
}

impl After {
    /// After everything.
    pub(crate) const fn end() -> Self {
        Self { sort_ms: i64::MAX, id: String::new() }
    }

    /// Before everything.
    pub(crate) const fn start() -> Self {
        Self { sort_ms: i64::MIN, id: String::new() }
    }
}

/// Loads notices, and keeps everybody else from changing them until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, ids: &[&str]) -> Result<HashMap<String, Record>, StoreError> {
    let mut records = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let list = in_list(1, ids.len());
        // Writing first takes the row locks on PostgreSQL; SQLite has one writer anyway.
        let touch =
            format!("UPDATE education_notices SET version = version + 1 WHERE id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(touch));
        for id in ids {
            query = query.bind(*id);
        }
        query.execute(tx.conn()).await?;
        let sql = format!("SELECT {COLUMNS} FROM education_notices WHERE id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(*id);
        }
        let rows = query.fetch_all(tx.conn()).await?;
        let open = opening(tx, &rows, &[17]).await?;
        for row in &rows {
            let record = record(row, Some(&open))?;
            records.insert(record.id.clone(), record);
        }
    }
    Ok(records)
}

/// Writes notices, new or changed.
pub(crate) async fn put(tx: &mut Tx, records: &[&Record]) -> Result<(), StoreError> {
    let filled = records.iter().filter(|record| !record.content.is_empty());
    let keys = CONTENT.keys(tx, filled.map(|record| record.case_id())).await?;
    for records in records.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_notices ({COLUMNS}) VALUES {}
             ON CONFLICT (id) DO UPDATE SET recipient = excluded.recipient, desk = excluded.desk,
             escalated_authority = excluded.escalated_authority, state = excluded.state,
             revision = excluded.revision, deliver_by_ms = excluded.deliver_by_ms, uncertain = excluded.uncertain,
             accept_ms = excluded.accept_ms, receive_ms = excluded.receive_ms,
             acknowledged_by = excluded.acknowledged_by, acknowledge_ms = excluded.acknowledge_ms,
             acknowledged_revision = excluded.acknowledged_revision, escalated_to = excluded.escalated_to,
             recall_reason = excluded.recall_reason, recall_ms = excluded.recall_ms, released = excluded.released,
             content = excluded.content, roll_confirmed_by = excluded.roll_confirmed_by,
             roll_confirm_ms = excluded.roll_confirm_ms, sort_ms = excluded.sort_ms",
            placeholders(records.len(), WIDTH)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(records.len()));
        for record in records {
            let Notice {
                state,
                revision,
                deliver_by,
                acknowledgement,
                escalated_to,
                recall_reason,
                seal,
            } = &record.notice;
            let acknowledged = acknowledgement.as_ref();
            let confirmed = match seal {
                Seal::Confirmed { by, at } => Some((by.clone(), *at)),
                Seal::None | Seal::Sealed => None,
            };
            query = query
                .bind(&record.id)
                .bind(record.recipient.to_string())
                .bind(i64::from(i32::from(record.desk)))
                .bind(record.escalated_authority.clone().unwrap_or_default())
                .bind(state.word())
                .bind(i64::from(*revision))
                .bind(ms(*deliver_by))
                .bind(i64::from(record.uncertain))
                .bind(record.accepted.as_millisecond())
                .bind(record.received.as_millisecond())
                .bind(acknowledged.map(|it| it.by.clone()).unwrap_or_default())
                .bind(ms(acknowledged.map(|it| it.at)))
                .bind(acknowledged.map_or(0, |it| i64::from(it.revision)))
                .bind(escalated_to.clone().unwrap_or_default())
                .bind(recall_reason.clone().unwrap_or_default())
                .bind(ms(record.recalled))
                .bind(record.released.encode_to_vec())
                .bind(keys.column(&CONTENT, record.case_id(), &record.id, &record.content)?)
                .bind(confirmed.as_ref().map(|(by, _)| by.clone()).unwrap_or_default())
                .bind(ms(confirmed.map(|(_, at)| at)))
                .bind(record.sort_ms())
                .bind(0_i64);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Says who at a school may read these notices, and nobody else.
pub(crate) async fn put_readers(
    tx: &mut Tx,
    readers: &[(&str, Vec<String>)],
) -> Result<(), StoreError> {
    for chunk in readers.chunks(CHUNK) {
        let sql = format!(
            "DELETE FROM education_notice_readers WHERE notice IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (notice, _) in chunk {
            query = query.bind(*notice);
        }
        query.execute(tx.conn()).await?;
    }
    let pairs: Vec<(&str, &str)> = readers
        .iter()
        .flat_map(|(notice, readers)| readers.iter().map(|reader| (*notice, reader.as_str())))
        .collect();
    for chunk in pairs.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_notice_readers (notice, practitioner) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (notice, practitioner) in chunk {
            query = query.bind(*notice).bind(*practitioner);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Who at a school may read a notice.
pub(crate) async fn readers(conn: &mut Conn, notice: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("SELECT practitioner FROM education_notice_readers WHERE notice = $1");
    let rows = rows.bind(notice).fetch_all(conn.conn()).await?;
    ids(&rows)
}

/// One notice, if this reader may see it, with its content.
pub(crate) async fn visible(
    conn: &mut Conn,
    view: &View,
    id: &str,
) -> Result<Option<Record>, StoreError> {
    let Some((condition, binds)) = condition(view, 2) else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM education_notices WHERE id = $1 AND {condition}");
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(id);
    for bind in binds {
        query = query.bind(bind);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    let open = opening(conn, &rows, &[17]).await?;
    rows.first().map(|row| record(row, Some(&open))).transpose()
}

/// Those of these notices that this reader may see, with their content, by id.
pub(crate) async fn all_visible(
    conn: &mut Conn,
    view: &View,
    ids: &[&str],
) -> Result<HashMap<String, Record>, StoreError> {
    let mut records = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let Some((condition, binds)) = condition(view, ids.len() + 1) else { break };
        let list = in_list(1, ids.len());
        let sql =
            format!("SELECT {COLUMNS} FROM education_notices WHERE id IN ({list}) AND {condition}");
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(ids.len()));
        for id in ids {
            query = query.bind(*id);
        }
        for bind in binds {
            query = query.bind(bind);
        }
        let rows = query.fetch_all(conn.conn()).await?;
        let open = opening(conn, &rows, &[17]).await?;
        for row in &rows {
            let record = record(row, Some(&open))?;
            records.insert(record.id.clone(), record);
        }
    }
    Ok(records)
}

/// Notices that this reader may see, the earliest bell first, without content.
pub(crate) async fn list(
    conn: &mut Conn,
    view: &View,
    after: &After,
    open_only: bool,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let Some((condition, binds)) = condition(view, 4) else { return Ok(Vec::new()) };
    let open = if open_only { " AND state IN ('delivered', 'opened', 'escalated')" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS_OF_LIST} FROM education_notices
         WHERE (sort_ms > $1 OR (sort_ms = $1 AND id > $2)) AND {condition}{open} ORDER BY sort_ms, id LIMIT $3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(after.sort_ms).bind(&after.id).bind(limit);
    for bind in binds {
        query = query.bind(bind);
    }
    query.fetch_all(conn.conn()).await?.iter().map(|row| record(row, None)).collect()
}

/// Notices that this reader may see, the latest bell first, from before this place on, without content.
pub(crate) async fn recent(
    conn: &mut Conn,
    view: &View,
    before: &After,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let Some((condition, binds)) = condition(view, 4) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {COLUMNS_OF_LIST} FROM education_notices
         WHERE (sort_ms < $1 OR (sort_ms = $1 AND id < $2)) AND {condition}
         ORDER BY sort_ms DESC, id DESC LIMIT $3"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query =
        sqlx::query(AssertSqlSafe(sql)).bind(before.sort_ms).bind(&before.id).bind(limit);
    for bind in binds {
        query = query.bind(bind);
    }
    query.fetch_all(conn.conn()).await?.iter().map(|row| record(row, None)).collect()
}

// INVARIANT: the only place that says which notices a reader may see. Numbers of desks are written out, since they are ours.
fn condition(view: &View, first: usize) -> Option<(String, Vec<String>)> {
    let (one, two) = (first, first + 1);
    match &view.reader {
        Reader::School { practitioner } => {
            let condition = format!(
                "recipient = ${one} AND EXISTS (SELECT 1 FROM education_notice_readers
                 WHERE notice = education_notices.id AND practitioner = ${two})"
            );
            Some((condition, vec![view.organisation.to_string(), practitioner.clone()]))
        }
        Reader::Desks { desks } if desks.is_empty() => None,
        Reader::Desks { desks } => {
            let numbers: Vec<String> =
                desks.iter().map(|desk| i32::from(*desk).to_string()).collect();
            let own = format!("(recipient = ${one} AND desk IN ({}))", numbers.join(","));
            if !desks.contains(&Desk::EducationDuty) {
                return Some((own, vec![view.organisation.to_string()]));
            }
            let condition = format!("({own} OR escalated_authority = ${two})");
            Some((
                condition,
                vec![view.organisation.to_string(), view.organisation.code().to_owned()],
            ))
        }
    }
}

/// Notices with a bell that wait, of recipients that begin like this: `school/6722301`, `school/672`, `school/`.
pub(crate) async fn waiting(conn: &mut Conn, recipients: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT id FROM education_notices WHERE state IN ('delivered', 'opened') AND deliver_by_ms > 0
         AND recipient LIKE $1 ORDER BY id",
    )
    .bind(format!("{recipients}%"))
    .fetch_all(conn.conn())
    .await?;
    ids(&rows)
}

/// How many wait, and the earliest bell of them, by authority.
pub(crate) async fn outlook(conn: &mut Conn) -> Result<BTreeMap<String, (u64, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT substr(recipient, 8, 3), COUNT(*), MIN(deliver_by_ms) FROM education_notices
         WHERE state IN ('delivered', 'opened') AND deliver_by_ms > 0 GROUP BY 1",
    )
    .fetch_all(conn.conn())
    .await?;
    rows.iter()
        .map(|row| {
            let (authority, count, bell): (String, i64, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok((authority, (u64::try_from(count).unwrap_or_default(), bell)))
        })
        .collect()
}

fn ids(rows: &[AnyRow]) -> Result<Vec<String>, StoreError> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

fn ms(time: Option<Timestamp>) -> i64 {
    time.map_or(0, Timestamp::as_millisecond)
}

fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(corrupt("the time of a notice"))
}

fn optional_time(ms: i64) -> Result<Option<Timestamp>, StoreError> {
    if ms == 0 { Ok(None) } else { time(ms).map(Some) }
}

fn optional(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn revision(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(corrupt("the revision of a notice"))
}

/// Without an opening, without content. A notice whose content was erased still has to be acknowledged or escalated: it
/// stays, and says nothing.
fn record(row: &AnyRow, open: Option<&Opening>) -> Result<Record, StoreError> {
    let text = |column| -> Result<String, StoreError> { Ok(row.try_get(column)?) };
    let number = |column| -> Result<i64, StoreError> { Ok(row.try_get(column)?) };
    let acknowledgement = match optional_time(number(11)?)? {
        None => None,
        Some(at) => Some(Acknowledgement { by: text(10)?, at, revision: revision(number(12)?)? }),
    };
    let deliver_by = optional_time(number(6)?)?;
    let seal = match (optional_time(number(19)?)?, deliver_by) {
        (Some(at), _) => Seal::Confirmed { by: text(18)?, at },
        (None, Some(_)) => Seal::Sealed,
        (None, None) => Seal::None,
    };
    let notice = Notice {
        state: NoticeState::from_word(&text(4)?)
            .ok_or(StoreError::Corrupt("the state of a notice"))?,
        revision: revision(number(5)?)?,
        deliver_by,
        acknowledgement,
        escalated_to: optional(text(13)?),
        recall_reason: optional(text(14)?),
        seal,
    };
    let released: Vec<u8> = row.try_get(16)?;
    let id = text(0)?;
    let content = match open {
        Some(open) => open.column_or_none(&CONTENT, &id, row.try_get(17)?)?,
        None => Vec::new(),
    };
    let desk = i32::try_from(number(2)?).ok().and_then(|desk| Desk::try_from(desk).ok());
    Ok(Record {
        id,
        recipient: text(1)?.parse().map_err(corrupt("the recipient of a notice"))?,
        desk: desk.ok_or(StoreError::Corrupt("the desk of a notice"))?,
        escalated_authority: optional(text(3)?),
        notice,
        uncertain: number(7)? != 0,
        accepted: time(number(8)?)?,
        received: time(number(9)?)?,
        recalled: optional_time(number(15)?)?,
        released: Envelope::decode(released.as_slice())
            .map_err(corrupt("the release of a notice"))?,
        content,
    })
}

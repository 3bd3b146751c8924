//! Items: what arrived in a mailbox, until it is acknowledged.

use jiff::Timestamp;
use mash_store::{
    Column, Store, StoreError, Tx,
    keys::{Opening, PAYLOAD as RECORD},
    listed, opening, pieces, placeholders, present,
};
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, instant, number, optional_instant};
use crate::item::{Kind, View, Waiting};

const PAYLOAD: Column = Column::new(RECORD, "delivery_items.payload");

/// An item that arrives.
pub(crate) struct NewItem {
    pub(crate) id: String,
    pub(crate) organisation: String,
    pub(crate) seq: i64,
    pub(crate) kind: Kind,
    pub(crate) release_id: String,
    pub(crate) item_id: String,
    pub(crate) case_id: String,
    pub(crate) revision: u32,
    /// Who may see it; nobody named means everyone at the organisation.
    pub(crate) readers: Vec<String>,
    pub(crate) acknowledge_by: Option<Timestamp>,
    /// Whether nobody has to acknowledge in time, or somebody did already.
    pub(crate) settled: bool,
    /// Why it ended before it was ever shown, if it did.
    pub(crate) ended: Option<Ending>,
    /// The encoded envelope without its content.
    pub(crate) cause: Vec<u8>,
    /// The encoded event.
    pub(crate) payload: Vec<u8>,
}

/// Why an item waits no longer, apart from an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A newer revision arrived.
    Replaced,
    /// It was recalled.
    Recalled,
    /// Nobody has fetched it for too long.
    Expired,
}

impl Ending {
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Replaced => 2,
            Self::Recalled => 3,
            Self::Expired => 4,
        }
    }
}

/// What was acknowledged just now.
pub(crate) struct Acknowledged {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) release_id: String,
    pub(crate) item_id: String,
    pub(crate) case_id: String,
    pub(crate) revision: u32,
    pub(crate) cause: Vec<u8>,
}

/// What a mailbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) waiting: i64,
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) undelivered: i64,
}

/// Restricts a statement on `delivery_items` to what a caller may see: organisation is $1, practitioner $2.
const VISIBLE: &str = "delivery_items.organisation = $1 AND (delivery_items.everyone = 1 OR EXISTS
    (SELECT 1 FROM delivery_readers r WHERE r.item = delivery_items.id AND r.practitioner = $2))";

/// Puts items into their mailboxes.
pub(crate) async fn insert(
    tx: &mut Tx,
    items: &[NewItem],
    now: Timestamp,
) -> Result<(), StoreError> {
    let now = now.as_millisecond();
    let keys = PAYLOAD.keys(tx, items.iter().map(|item| item.case_id.as_str())).await?;
    for chunk in pieces(items) {
        let sql = format!(
            "INSERT INTO delivery_items (id, organisation, seq, kind, release_id, item_id, case_id, revision, everyone,
             arrive_ms, acknowledge_by_ms, settled, undelivered_ms, state, end_ms, acknowledged_by, sent, cause, payload)
             VALUES {}",
            placeholders(chunk.len(), 19)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for item in chunk {
            let payload = item.ended.map_or(item.payload.as_slice(), |_| &[]);
            let payload = keys.column(&PAYLOAD, &item.case_id, &item.id, payload)?;
            query = query
                .bind(&item.id)
                .bind(&item.organisation)
                .bind(item.seq)
                .bind(item.kind.number())
                .bind(&item.release_id)
                .bind(&item.item_id)
                .bind(&item.case_id)
                .bind(i64::from(item.revision))
                .bind(i64::from(item.readers.is_empty()))
                .bind(now)
                .bind(item.acknowledge_by.map_or(0, Timestamp::as_millisecond))
                .bind(i64::from(item.settled))
                .bind(0_i64)
                .bind(item.ended.map_or(0, Ending::number))
                .bind(item.ended.map_or(0, |_| now))
                .bind("")
                .bind(0_i64)
                .bind(item.cause.as_slice())
                .bind(payload);
        }
        query.execute(tx.conn()).await?;
    }
    let readers: Vec<(&str, &str)> = items
        .iter()
        .flat_map(|item| item.readers.iter().map(|reader| (item.id.as_str(), reader.as_str())))
        .collect();
    for chunk in pieces(&readers) {
        let sql = format!(
            "INSERT INTO delivery_readers (item, practitioner) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(chunk.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (item, reader) in chunk {
            query = query.bind(*item).bind(*reader);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// The contacts who may see an item; nobody if everyone may, or if it is not known.
pub(crate) async fn readers(tx: &mut Tx, item: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT practitioner FROM delivery_readers WHERE item = $1 ORDER BY practitioner";
    Ok(sqlx::query_scalar(sql).bind(item).fetch_all(tx.conn()).await?)
}

/// Ends what waits of these releases, and takes the content away.
pub(crate) async fn end(
    tx: &mut Tx,
    releases: &[&str],
    why: Ending,
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in releases.chunks(CHUNK) {
        let (list, releases) = listed(4, chunk);
        let sql = format!(
            "UPDATE delivery_items SET state = $1, end_ms = $2, payload = $3, settled = 1
             WHERE state = 0 AND release_id IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(why.number())
            .bind(now.as_millisecond())
            .bind(&[][..]);
        for release in releases {
            query = query.bind(*release);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// What waits after this number, oldest first. What was erased is passed over: nobody can hand it over any more, and
/// whoever counts what waits still finds it.
pub(crate) async fn waiting(
    store: &Store,
    view: &View,
    after: i64,
    until: i64,
    limit: usize,
) -> Result<Vec<Waiting>, StoreError> {
    let mut conn = store.read().await?;
    let sql = format!(
        "SELECT id, seq, kind, arrive_ms, acknowledge_by_ms, sent, payload FROM delivery_items
         WHERE {VISIBLE} AND state = 0 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5"
    );
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let room = limit - found.len();
        let rows = sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(&view.organisation)
            .bind(view.practitioner())
            .bind(after)
            .bind(until)
            .bind(number(room))
            .fetch_all(&mut *conn)
            .await?;
        let open = opening(&mut conn, &rows, &[6]).await?;
        for row in &rows {
            after = row.try_get(1)?;
            found.extend(present(read(row, &open)).transpose()?);
        }
        if rows.len() < room || found.len() >= limit {
            conn.done();
            return Ok(found);
        }
    }
}

fn read(row: &AnyRow, open: &Opening) -> Result<Waiting, StoreError> {
    let id: String = row.try_get(0)?;
    Ok(Waiting {
        seq: row.try_get(1)?,
        kind: kind(row.try_get(2)?)?,
        arrived: instant(row.try_get(3)?)?,
        acknowledge_by: optional_instant(row.try_get(4)?)?,
        sent: row.try_get(5)?,
        payload: open.column(&PAYLOAD, &id, row.try_get(6)?)?,
        id,
    })
}

/// Which of the numbers in this range still wait.
pub(crate) async fn still_waiting(
    store: &Store,
    organisation: &str,
    (first, last): (i64, i64),
) -> Result<Vec<i64>, StoreError> {
    let mut conn = store.read().await?;
    let sql = "SELECT seq FROM delivery_items
         WHERE organisation = $1 AND state = 0 AND seq >= $2 AND seq <= $3 ORDER BY seq";
    let found = sqlx::query_scalar(sql)
        .bind(organisation)
        .bind(first)
        .bind(last)
        .fetch_all(&mut *conn)
        .await?;
    conn.done();
    Ok(found)
}

/// How many of these items there are in the mailbox, as far as the caller may know, whatever became of them.
pub(crate) async fn count_known(
    tx: &mut Tx,
    view: &View,
    ids: &[String],
) -> Result<usize, StoreError> {
    let mut known = 0;
    for chunk in ids.chunks(CHUNK) {
        let (list, ids) = listed(3, chunk);
        let sql = format!("SELECT COUNT(*) FROM delivery_items WHERE {VISIBLE} AND id IN ({list})");
        let mut query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql))
            .bind(&view.organisation)
            .bind(view.practitioner());
        for id in ids {
            query = query.bind(id);
        }
        known += usize::try_from(query.fetch_one(tx.conn()).await?).unwrap_or(0);
    }
    Ok(known)
}

/// Acknowledges what waits of these items, takes the content away, and tells what they were.
pub(crate) async fn acknowledge(
    tx: &mut Tx,
    view: &View,
    ids: &[String],
    now: Timestamp,
) -> Result<Vec<Acknowledged>, StoreError> {
    let mut done = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let (list, ids) = listed(5, chunk);
        let sql = format!(
            "UPDATE delivery_items SET state = 1, settled = 1, end_ms = $3, acknowledged_by = $2, payload = $4
             WHERE {VISIBLE} AND state = 0 AND id IN ({list})
             RETURNING id, kind, release_id, item_id, case_id, revision, cause"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(&view.organisation)
            .bind(view.practitioner())
            .bind(now.as_millisecond())
            .bind(&[][..]);
        for id in ids {
            query = query.bind(id);
        }
        for row in query.fetch_all(tx.conn()).await? {
            done.push(acknowledged(&row)?);
        }
    }
    // The databases return them in any order.
    done.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    Ok(done)
}

/// Reads what a statement returned about items that were settled.
pub(super) fn acknowledged(row: &AnyRow) -> Result<Acknowledged, StoreError> {
    let revision: i64 = row.try_get(5)?;
    Ok(Acknowledged {
        id: row.try_get(0)?,
        kind: kind(row.try_get(1)?)?,
        release_id: row.try_get(2)?,
        item_id: row.try_get(3)?,
        case_id: row.try_get(4)?,
        revision: u32::try_from(revision)
            .map_err(|_| StoreError::Corrupt("the revision of an item"))?,
        cause: row.try_get(6)?,
    })
}

/// Counts once more for what was sent in this range and still waits.
pub(crate) async fn mark_sent(
    tx: &mut Tx,
    organisation: &str,
    seqs: &[i64],
) -> Result<(), StoreError> {
    for chunk in seqs.chunks(CHUNK) {
        let (list, seqs) = listed(2, chunk);
        let sql = format!(
            "UPDATE delivery_items SET sent = sent + 1 WHERE organisation = $1 AND state = 0 AND seq IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(organisation);
        for seq in seqs {
            query = query.bind(*seq);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// How full a mailbox is, as far as the caller may know.
pub(crate) async fn fill(conn: &mut AnyConnection, view: &View) -> Result<Fill, StoreError> {
    let sql = format!(
        "SELECT COUNT(*), COALESCE(MIN(arrive_ms), 0),
            CAST(COALESCE(SUM(CASE WHEN undelivered_ms > 0 THEN 1 ELSE 0 END), 0) AS BIGINT)
         FROM delivery_items WHERE {VISIBLE} AND state = 0"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&view.organisation)
        .bind(view.practitioner())
        .fetch_one(conn)
        .await?;
    Ok(Fill {
        waiting: row.try_get(0)?,
        oldest: optional_instant(row.try_get(1)?)?,
        undelivered: row.try_get(2)?,
    })
}

fn kind(number: i64) -> Result<Kind, StoreError> {
    Kind::from_number(number).ok_or(StoreError::Corrupt("the kind of an item"))
}

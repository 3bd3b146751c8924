//! Items and where each stands for each recipient.

use std::collections::{BTreeMap, BTreeSet};

use mash_domain::sharing::Flow;
use mash_proto::referral::v1::{ItemKind, StatedFacts};
use mash_store::{
    Column, Look, StoreError, Tx,
    keys::{Opening, PAYLOAD as RECORD},
    listed, opening, pieces, placeholders,
};
use prost::Message;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    CHUNK, corrupt,
    load::{instant, lock, parse},
};
use crate::{
    app::effects::RestingItem,
    items::{
        facts::Stated,
        file::{CaseFile, Item, Release, ReleaseState},
        submission::{kind_of_word, kind_word},
    },
};

const ITEMS: &str = "routing_items";
const RELEASES: &str = "routing_item_releases";
const FACTS: Column = Column::new(RECORD, "routing_items.facts");
const PAYLOAD: Column = Column::new(RECORD, "routing_items.payload");

/// The files of these cases, which nobody else changes until the transaction ends. A case without items has an empty one.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn load(
    tx: &mut Tx,
    cases: &BTreeSet<String>,
) -> Result<BTreeMap<String, CaseFile>, StoreError> {
    let ids: Vec<String> = cases.iter().cloned().collect();
    lock(tx, &ids).await?;
    read(tx, &ids).await
}

/// As [`load`], without the items, which need to be opened: for what only changes where each of them stands.
///
/// # Errors
///
/// As [`load`].
pub async fn load_releases(
    tx: &mut Tx,
    cases: &BTreeSet<String>,
) -> Result<BTreeMap<String, CaseFile>, StoreError> {
    let ids: Vec<String> = cases.iter().cloned().collect();
    lock(tx, &ids).await?;
    let mut releases = releases(tx, &ids).await?;
    let file = |case: String| {
        let releases = releases.remove(&case).unwrap_or_default();
        (case, CaseFile::restore(Vec::new(), releases))
    };
    Ok(ids.into_iter().map(file).collect())
}

/// The files of these cases, as they stand.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn read(
    conn: &mut dyn Look,
    cases: &[String],
) -> Result<BTreeMap<String, CaseFile>, StoreError> {
    let mut items: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    const ITEM: &str = "SELECT case_id, item_id, revision, kind, flow, sender, reply_to, reference, submitted_ms, withdrawn, facts, payload FROM routing_items WHERE case_id";
    let found = rows(conn, ITEM, cases).await?;
    let open = opening(conn, &found, &[10, 11]).await?;
    for row in &found {
        items.entry(row.try_get(0)?).or_default().push(item_of(row, &open)?);
    }
    let mut releases = releases(conn, cases).await?;
    let file = |case: &String| {
        let items = items.remove(case).unwrap_or_default();
        CaseFile::restore(items, releases.remove(case).unwrap_or_default())
    };
    let mut file = file;
    Ok(cases.iter().map(|case| (case.clone(), file(case))).collect())
}

/// Where the items of these cases stand, by case.
async fn releases(
    conn: &mut dyn Look,
    cases: &[String],
) -> Result<BTreeMap<String, Vec<Release>>, StoreError> {
    let mut kept_back: BTreeSet<String> = BTreeSet::new();
    const EVENTS: &str = "SELECT event_id FROM routing_item_events WHERE kept_back = 1 AND case_id";
    for row in rows(conn, EVENTS, cases).await? {
        kept_back.insert(row.try_get(0)?);
    }
    let mut releases: BTreeMap<String, Vec<Release>> = BTreeMap::new();
    const RELEASE: &str = "SELECT case_id, release_id, item_id, kind, flow, recipient, revision, digest, is_copy, live, state, state_ms, reason, told, sent, stated_guard FROM routing_item_releases WHERE case_id";
    for row in rows(conn, RELEASE, cases).await? {
        let release = release_of(&row, &kept_back)?;
        releases.entry(row.try_get(0)?).or_default().push(release);
    }
    Ok(releases)
}

async fn rows(
    conn: &mut dyn Look,
    select: &str,
    cases: &[String],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut found = Vec::new();
    for chunk in cases.chunks(CHUNK) {
        let (list, cases) = listed(1, chunk);
        let mut query = sqlx::query(AssertSqlSafe(format!("{select} IN ({list})")));
        for case in cases {
            query = query.bind(case);
        }
        found.extend(query.fetch_all(conn.conn()).await?);
    }
    Ok(found)
}

/// An item whose content was erased was sent all the same: it stays, states nothing, and can be released to nobody else.
fn item_of(row: &AnyRow, open: &Opening) -> Result<Item, StoreError> {
    let bad = || corrupt(ITEMS);
    let (id, kind, flow): (String, String, String) =
        (row.try_get(1)?, row.try_get(3)?, row.try_get(4)?);
    let facts = open.column_or_none(&FACTS, &id, row.try_get(10)?)?;
    let payload = open.column_or_none(&PAYLOAD, &id, row.try_get(11)?)?;
    let facts = StatedFacts::decode(facts.as_slice()).map_err(|_| bad())?;
    Ok(Item {
        id,
        revision: i32::try_from(row.try_get::<i64, _>(2)?).map_err(|_| bad())?,
        kind: kind_of_word(&kind).ok_or_else(bad)?,
        flow: Flow::from_word(&flow).ok_or_else(bad)?,
        from: parse(row, 5)?,
        reply_to: row.try_get(6)?,
        reference: row.try_get(7)?,
        submitted_at: instant(row, 8)?,
        withdrawn: row.try_get::<i64, _>(9)? != 0,
        facts: Stated::from_wire(&facts).ok_or_else(bad)?,
        payload,
    })
}

fn release_of(row: &AnyRow, kept_back: &BTreeSet<String>) -> Result<Release, StoreError> {
    let bad = || corrupt(RELEASES);
    let text = |column: usize| row.try_get::<String, _>(column);
    Ok(Release {
        id: text(1)?,
        item_id: text(2)?,
        kind: kind_of_word(&text(3)?).ok_or_else(bad)?,
        flow: Flow::from_word(&text(4)?).ok_or_else(bad)?,
        recipient: parse(row, 5)?,
        revision: i32::try_from(row.try_get::<i64, _>(6)?).map_err(|_| bad())?,
        digest: row.try_get(7)?,
        copy: row.try_get::<i64, _>(8)? != 0,
        live: row.try_get::<i64, _>(9)? != 0,
        state: ReleaseState::of_word(&text(10)?).ok_or_else(bad)?,
        state_at: instant(row, 11)?,
        reason: text(12)?,
        told: text(13)?,
        sent: text(14)?
            .split(',')
            .filter(|event| !event.is_empty() && !kept_back.contains(*event))
            .map(str::to_owned)
            .collect(),
        stated_guard: text(15)?,
    })
}

/// Keeps what has changed of these cases.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn save(tx: &mut Tx, files: &BTreeMap<String, CaseFile>) -> Result<(), StoreError> {
    let changed = files.iter().flat_map(|(case, file)| {
        file.changed_items.iter().filter_map(move |id| Some((case, file.item(id)?)))
    });
    save_items(tx, &changed.collect::<Vec<_>>()).await?;
    let changed = files.iter().flat_map(|(case, file)| {
        file.changed_releases.iter().filter_map(move |id| Some((case, file.release(id)?)))
    });
    save_releases(tx, &changed.collect::<Vec<_>>()).await
}

async fn save_items(tx: &mut Tx, items: &[(&String, &Item)]) -> Result<(), StoreError> {
    let keys = PAYLOAD.keys(tx, items.iter().map(|(case, _)| case.as_str())).await?;
    for chunk in pieces(items) {
        let sql = format!(
            "INSERT INTO routing_items
             (item_id, case_id, revision, kind, flow, sender, reply_to, reference, submitted_ms, withdrawn, facts,
              payload) VALUES {}
             ON CONFLICT (item_id) DO UPDATE SET revision = excluded.revision, flow = excluded.flow,
             reply_to = excluded.reply_to, reference = excluded.reference, withdrawn = excluded.withdrawn,
             facts = excluded.facts, payload = excluded.payload",
            placeholders(chunk.len(), 12)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (case, item) in chunk {
            let facts = item.facts.to_wire().encode_to_vec();
            let facts = keys.column(&FACTS, case, &item.id, &facts)?;
            let payload = keys.column(&PAYLOAD, case, &item.id, &item.payload)?;
            query = query
                .bind(&item.id)
                .bind(*case)
                .bind(i64::from(item.revision))
                .bind(kind_word(item.kind))
                .bind(item.flow.word())
                .bind(item.from.to_string())
                .bind(&item.reply_to)
                .bind(&item.reference)
                .bind(item.submitted_at.as_millisecond())
                .bind(i64::from(item.withdrawn))
                .bind(facts)
                .bind(payload);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn save_releases(tx: &mut Tx, releases: &[(&String, &Release)]) -> Result<(), StoreError> {
    for chunk in pieces(releases) {
        let sql = format!(
            "INSERT INTO routing_item_releases
             (release_id, item_id, case_id, kind, flow, recipient, revision, digest, is_copy, live, state, state_ms,
              reason, told, sent, stated_guard) VALUES {}
             ON CONFLICT (release_id) DO UPDATE SET flow = excluded.flow, revision = excluded.revision,
             digest = excluded.digest, is_copy = excluded.is_copy, live = excluded.live, state = excluded.state,
             state_ms = excluded.state_ms, reason = excluded.reason, told = excluded.told, sent = excluded.sent,
             stated_guard = excluded.stated_guard",
            placeholders(chunk.len(), 16)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (case, release) in chunk {
            let sent: Vec<&str> = release.sent.iter().map(String::as_str).collect();
            query = query
                .bind(&release.id)
                .bind(&release.item_id)
                .bind(*case)
                .bind(kind_word(release.kind))
                .bind(release.flow.word())
                .bind(release.recipient.to_string())
                .bind(i64::from(release.revision))
                .bind(release.digest.as_slice())
                .bind(i64::from(release.copy))
                .bind(i64::from(release.live))
                .bind(release.state.word())
                .bind(release.state_at.as_millisecond())
                .bind(&release.reason)
                .bind(&release.told)
                .bind(sent.join(","))
                .bind(&release.stated_guard);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Remembers which events rest on guards.
pub(super) async fn put_resting(tx: &mut Tx, resting: &[RestingItem]) -> Result<(), StoreError> {
    for chunk in pieces(resting) {
        let sql = format!(
            "INSERT INTO routing_item_events (event_id, release_id, case_id, kept_back) VALUES {}
             ON CONFLICT (event_id) DO NOTHING",
            placeholders(chunk.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for it in chunk {
            query = query.bind(&it.event_id).bind(&it.release_id).bind(&it.case_id).bind(0_i64);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Marks releases of items that never left, to be put on record soon.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn keep_back(tx: &mut Tx, events: &[String]) -> Result<(), StoreError> {
    for chunk in events.chunks(CHUNK) {
        let (list, events) = listed(1, chunk);
        let sql =
            format!("UPDATE routing_item_events SET kept_back = 1 WHERE event_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for event in events {
            query = query.bind(event);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Releases of items that were kept back and are not on record as such yet, at most so many.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn kept_back(
    conn: &mut AnyConnection,
    limit: usize,
) -> Result<Vec<RestingItem>, StoreError> {
    let rows = sqlx::query(
        "SELECT event_id, release_id, case_id FROM routing_item_events WHERE kept_back = 1
         ORDER BY case_id, event_id LIMIT $1",
    )
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let resting = |row: &AnyRow| -> Result<RestingItem, StoreError> {
        Ok(RestingItem {
            event_id: row.try_get(0)?,
            release_id: row.try_get(1)?,
            case_id: row.try_get(2)?,
        })
    };
    rows.iter().map(resting).collect()
}

/// Forgets events that are on record.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn forget(tx: &mut Tx, events: &[String]) -> Result<(), StoreError> {
    for chunk in events.chunks(CHUNK) {
        let (list, events) = listed(1, chunk);
        let sql = format!("DELETE FROM routing_item_events WHERE event_id IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for event in events {
            query = query.bind(event);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// How many releases of a kind stand in a state.
pub struct Count {
    /// The kind.
    pub kind: ItemKind,
    /// The state.
    pub state: ReleaseState,
    /// How many.
    pub number: i64,
}

/// Counts every release that is counted, by kind and state, and the items of each kind.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn count(
    conn: &mut AnyConnection,
) -> Result<(Vec<Count>, Vec<(ItemKind, i64)>), StoreError> {
    let by_state = sqlx::query(
        "SELECT kind, state, CAST(COUNT(*) AS BIGINT) FROM routing_item_releases WHERE is_copy = 0
         GROUP BY kind, state",
    )
    .fetch_all(&mut *conn)
    .await?;
    let counts = by_state.iter().map(|row| {
        let (kind, state): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Count {
            kind: kind_of_word(&kind).ok_or_else(|| corrupt(RELEASES))?,
            state: ReleaseState::of_word(&state).ok_or_else(|| corrupt(RELEASES))?,
            number: row.try_get(2)?,
        })
    });
    let counts = counts.collect::<Result<Vec<Count>, StoreError>>()?;
    let items =
        sqlx::query("SELECT kind, CAST(COUNT(*) AS BIGINT) FROM routing_items GROUP BY kind")
            .fetch_all(conn)
            .await?;
    let items = items.iter().map(|row| {
        let kind: String = row.try_get(0)?;
        Ok((kind_of_word(&kind).ok_or_else(|| corrupt(ITEMS))?, row.try_get(1)?))
    });
    Ok((counts, items.collect::<Result<Vec<_>, StoreError>>()?))
}

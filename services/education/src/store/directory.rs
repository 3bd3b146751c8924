//! Establishments, desks, calendars and closures.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use mash_proto::education::v1 as wire;
use mash_store::{StoreError, Tx, in_list, is_kept, placeholders};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, Conn, corrupt};

/// An establishment as it is kept.
#[derive(Clone)]
pub(crate) struct StoredEstablishment {
    /// With its contacts.
    pub(crate) establishment: wire::Establishment,
    /// One more with each change.
    pub(crate) version: i64,
}

impl StoredEstablishment {
    /// Its number.
    pub(crate) fn laestab(&self) -> &str {
        self.establishment.name.strip_prefix("establishments/").unwrap_or_default()
    }
}

const COLUMNS: &str = "version, establishment, contacts";

fn establishment(row: &AnyRow) -> Result<StoredEstablishment, StoreError> {
    let (bytes, contacts): (Vec<u8>, Vec<u8>) = (row.try_get(1)?, row.try_get(2)?);
    let decode =
        |bytes: &[u8]| wire::Establishment::decode(bytes).map_err(corrupt("an establishment"));
    let establishment =
        wire::Establishment { contacts: decode(&contacts)?.contacts, ..decode(&bytes)? };
    Ok(StoredEstablishment { establishment, version: row.try_get(0)? })
}

/// One establishment.
pub(crate) async fn get(
    conn: &mut Conn,
    laestab: &str,
) -> Result<Option<StoredEstablishment>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM education_establishments WHERE laestab = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(laestab).fetch_optional(conn.conn()).await?;
    row.as_ref().map(establishment).transpose()
}

/// One establishment, which nobody else changes until the transaction ends.
pub(crate) async fn lock(
    tx: &mut Tx,
    laestab: &str,
) -> Result<Option<StoredEstablishment>, StoreError> {
    sqlx::query("UPDATE education_establishments SET version = version + 1 WHERE laestab = $1")
        .bind(laestab)
        .execute(tx.conn())
        .await?;
    get(tx, laestab).await
}

/// Every establishment, by its number.
pub(crate) async fn all(
    conn: &mut Conn,
) -> Result<HashMap<String, StoredEstablishment>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM education_establishments");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(conn.conn()).await?;
    rows.iter()
        .map(|row| establishment(row).map(|stored| (stored.laestab().to_owned(), stored)))
        .collect()
}

/// Establishments of an authority, or of all if it is empty, by number, after this one.
pub(crate) async fn list(
    conn: &mut Conn,
    authority: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<StoredEstablishment>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM education_establishments WHERE ($1 = '' OR authority = $1) AND laestab > $2
         ORDER BY laestab LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(authority)
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn.conn())
        .await?;
    rows.iter().map(establishment).collect()
}

/// Writes establishments, new or changed, with their contacts.
pub(crate) async fn put(tx: &mut Tx, changed: &[StoredEstablishment]) -> Result<(), StoreError> {
    for chunk in changed.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_establishments (laestab, authority, version, establishment, contacts) VALUES {}
             ON CONFLICT (laestab) DO UPDATE SET version = excluded.version, establishment = excluded.establishment,
             contacts = excluded.contacts",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for stored in chunk {
            let contacts = wire::Establishment {
                contacts: stored.establishment.contacts.clone(),
                ..wire::Establishment::default()
            };
            let bare = wire::Establishment { contacts: Vec::new(), ..stored.establishment.clone() };
            query = query
                .bind(stored.laestab().to_owned())
                .bind(stored.establishment.authority_code.clone())
                .bind(stored.version)
                .bind(bare.encode_to_vec())
                .bind(contacts.encode_to_vec());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// The desks of an authority, by name, with their officers in order.
pub(crate) async fn desks(
    conn: &mut Conn,
    authority: &str,
) -> Result<BTreeMap<String, (i64, Vec<wire::Contact>)>, StoreError> {
    let rows =
        sqlx::query("SELECT desk, version, contacts FROM education_desks WHERE authority = $1")
            .bind(authority)
            .fetch_all(conn.conn())
            .await?;
    rows.iter()
        .map(|row| {
            let contacts: Vec<u8> = row.try_get(2)?;
            let desk = wire::DeskChanged::decode(contacts.as_slice()).map_err(corrupt("a desk"))?;
            Ok((row.try_get(0)?, (row.try_get(1)?, desk.contacts)))
        })
        .collect()
}

/// Replaces the officers of a desk, and tells the version that it now has.
pub(crate) async fn put_desk(tx: &mut Tx, desk: &wire::DeskChanged) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO education_desks (authority, desk, version, contacts) VALUES ($1, $2, 1, $3)
         ON CONFLICT (authority, desk) DO UPDATE SET version = education_desks.version + 1,
         contacts = excluded.contacts RETURNING version",
    )
    .bind(&desk.authority_code)
    .bind(&desk.desk)
    .bind(desk.encode_to_vec())
    .fetch_one(tx.conn())
    .await?;
    Ok(row.try_get(0)?)
}

/// Replaces the calendar of an establishment or an authority.
pub(crate) async fn put_calendar(
    tx: &mut Tx,
    owner: &str,
    calendar: &wire::Calendar,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_calendars (owner, calendar) VALUES ($1, $2)
         ON CONFLICT (owner) DO UPDATE SET calendar = excluded.calendar",
    )
    .bind(owner)
    .bind(calendar.encode_to_vec())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The calendars of these owners, by owner.
pub(crate) async fn calendars(
    conn: &mut Conn,
    owners: &[String],
) -> Result<HashMap<String, wire::Calendar>, StoreError> {
    let mut calendars = HashMap::with_capacity(owners.len());
    for owners in owners.chunks(CHUNK) {
        let list = in_list(1, owners.len());
        let sql =
            format!("SELECT owner, calendar FROM education_calendars WHERE owner IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for owner in owners {
            query = query.bind(owner);
        }
        for row in query.fetch_all(conn.conn()).await? {
            let calendar: Vec<u8> = row.try_get(1)?;
            let calendar =
                wire::Calendar::decode(calendar.as_slice()).map_err(corrupt("a calendar"))?;
            calendars.insert(row.try_get(0)?, calendar);
        }
    }
    Ok(calendars)
}

/// Keeps that an establishment is closed on a day.
pub(crate) async fn put_closure(
    tx: &mut Tx,
    laestab: &str,
    day: Date,
    reason: &str,
    practitioner: &str,
    at_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_closures (laestab, day, reason, practitioner, at_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (laestab, day) DO UPDATE SET reason = excluded.reason",
    )
    .bind(laestab)
    .bind(day.to_string())
    .bind(reason)
    .bind(practitioner)
    .bind(at_ms)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The days on which these establishments are closed, by number.
pub(crate) async fn closures(
    conn: &mut Conn,
    laestabs: &[String],
) -> Result<HashMap<String, Vec<Date>>, StoreError> {
    let mut closures: HashMap<String, Vec<Date>> = HashMap::new();
    for laestabs in laestabs.chunks(CHUNK) {
        let list = in_list(1, laestabs.len());
        let sql = format!("SELECT laestab, day FROM education_closures WHERE laestab IN ({list})");
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for laestab in laestabs {
            query = query.bind(laestab);
        }
        for row in query.fetch_all(conn.conn()).await? {
            let day: String = row.try_get(1)?;
            closures
                .entry(row.try_get(0)?)
                .or_default()
                .push(day.parse().map_err(corrupt("a closure"))?);
        }
    }
    Ok(closures)
}

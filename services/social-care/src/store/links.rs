//! Marks by which referrals are found to have to do with each other, and the links between them.

use std::collections::HashMap;

use mash_store::{Column, StoreError, Tx, keys::Opening, opening};
use sqlx::{Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of,
    rows::{Known, Table, Value, by_ids},
};

const MARKS: Table = Table {
    name: "social_care_marks",
    columns: &["authority", "mac", "referral", "kind", "at_ms"],
    key: 3,
};
const LINKS: Table = Table {
    name: "social_care_links",
    columns: &["one", "other", "kinds", "apart", "reason"],
    key: 2,
};

const REASON: Column = Column::new(RECORD, "social_care_links.reason");

/// A keyed hash of something that a referral names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) authority: String,
    pub(crate) mac: String,
    pub(crate) referral: String,
    /// The bit of the kind of link.
    pub(crate) kind: i64,
    pub(crate) at_ms: i64,
}

/// Two referrals that have to do with each other, seen from the first.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) one: String,
    pub(crate) other: String,
    /// The bits of the kinds of link.
    pub(crate) kinds: i64,
    /// A worker took it apart.
    pub(crate) apart: bool,
    pub(crate) reason: String,
}

/// Keeps marks.
pub(crate) async fn mark(tx: &mut Tx, marks: &[Mark]) -> Result<(), StoreError> {
    let rows = marks.iter().map(|mark| -> Vec<Value> {
        let Mark { authority, mac, referral, kind, at_ms } = mark;
        vec![
            authority.as_str().into(),
            mac.as_str().into(),
            referral.as_str().into(),
            (*kind).into(),
            (*at_ms).into(),
        ]
    });
    MARKS.put(tx, Known::Replaced, rows.collect()).await
}

/// Where these marks of a hub were seen, the last 100 places of each batch first.
pub(crate) async fn seen(
    conn: &mut Conn,
    authority: &str,
    macs: &[&str],
) -> Result<Vec<Mark>, StoreError> {
    let sql = "SELECT authority, mac, referral, kind, at_ms FROM social_care_marks
               WHERE authority = $1 AND mac";
    let rows = by_ids(conn, sql, Some(authority), macs).await?;
    rows.iter()
        .map(|row| {
            Ok(Mark {
                authority: row.try_get(0)?,
                mac: row.try_get(1)?,
                referral: row.try_get(2)?,
                kind: row.try_get(3)?,
                at_ms: row.try_get(4)?,
            })
        })
        .collect()
}

/// Writes links, each both ways.
pub(crate) async fn put(tx: &mut Tx, links: &[Link]) -> Result<(), StoreError> {
    let rows = links.iter().flat_map(|link| {
        let way = |one: &str, other: &str| -> Vec<Value> {
            vec![
                one.into(),
                other.into(),
                link.kinds.into(),
                link.apart.into(),
                Value::SealedText(&REASON, case_of(one, one).to_owned(), link.reason.clone()),
            ]
        };
        [way(&link.one, &link.other), way(&link.other, &link.one)]
    });
    LINKS.put(tx, Known::Replaced, rows.collect()).await
}

/// The links of these referrals, also those that were taken apart.
pub(crate) async fn of(conn: &mut Conn, referrals: &[&str]) -> Result<Vec<Link>, StoreError> {
    let sql = "SELECT 0, one, other, reason, kinds, apart FROM social_care_links WHERE one";
    let rows = by_ids(conn, sql, None, referrals).await?;
    let open = opening(conn, &rows, &[3]).await?;
    rows.iter().map(|row| link(row, &open)).collect()
}

/// From the two, the reason, the kinds and whether they were taken apart.
pub(super) fn link(row: &AnyRow, open: &Opening) -> Result<Link, StoreError> {
    let other: String = row.try_get(2)?;
    // That two were taken apart stays; why may be erased.
    let reason = match open.text(&REASON, &other, row.try_get(3)?) {
        Err(StoreError::Erased) => String::new(),
        read => read?,
    };
    Ok(Link {
        one: row.try_get(1)?,
        kinds: row.try_get(4)?,
        apart: row.try_get::<i64, _>(5)? != 0,
        reason,
        other,
    })
}

/// How many referrals each of these is linked with.
pub(crate) async fn counts(
    conn: &mut Conn,
    referrals: &[&str],
) -> Result<HashMap<String, i32>, StoreError> {
    let mut counts = HashMap::new();
    for link in of(conn, referrals).await?.into_iter().filter(|link| !link.apart) {
        *counts.entry(link.one).or_insert(0) += 1;
    }
    Ok(counts)
}

//! The consent register, and what was released on the strength of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{
    consent::{Consent, ConsentId, RecordedView, Register},
    organisation::OrganisationId,
};
use mash_proto::{
    convert::consent::{
        About, consent_from_stored, stored_consent, view_from_stored, view_to_wire,
    },
    sharing::v1 as wire,
};
use mash_store::{Column, Look, StoreError, Tx, in_list, opening};
use prost::Message;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, corrupt, load::parse};

const CONSENT: Column = Column::new("consent", "routing_consents.payload");
const VIEW: Column = Column::new("consent", "routing_child_views.payload");

/// A child of a case, by the child's reference within the report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChildKey {
    /// The case id.
    pub case_id: String,
    /// The child's reference.
    pub child_ref: String,
}

/// Everything about consent for one child.
#[derive(Default)]
pub struct ChildFile {
    /// What is on record.
    pub register: Register,
    /// Who put which record there.
    pub about: BTreeMap<ConsentId, About>,
    /// What was released on the strength of it.
    pub releases: Vec<Release>,
}

/// A disclosure that rests on consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its opaque id: the same for every revision to this recipient.
    pub id: String,
    /// Who receives.
    pub recipient: OrganisationId,
    /// How often what the recipient may know has changed, from 1.
    pub revision: i32,
    /// A keyed digest of what the recipient was given.
    pub digest: Vec<u8>,
    /// Whether it stands: not stopped.
    pub live: bool,
    /// The event of its last revision.
    pub event_id: String,
    /// Its events since it last stopped that are not known to have been kept back.
    pub sent: Vec<String>,
}

impl Release {
    /// Whether its last revision is not known to have been kept back.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.sent.contains(&self.event_id)
    }
}

/// The files of all children of these cases that have one.
///
/// Where a record does not read back the whole register of that child counts for nothing, and somebody must look: what is
/// not recorded is not released, and no duty waits for it (P3).
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn files(
    conn: &mut dyn Look,
    cases: &[String],
) -> Result<BTreeMap<ChildKey, ChildFile>, StoreError> {
    let mut consents: BTreeMap<ChildKey, Vec<(Consent, About)>> = BTreeMap::new();
    let mut views: BTreeMap<ChildKey, Vec<RecordedView>> = BTreeMap::new();
    let mut illegible: BTreeSet<ChildKey> = BTreeSet::new();
    let select =
        "SELECT case_id, child_ref, payload, consent_id FROM routing_consents WHERE case_id";
    let found = rows(conn, select, "change_number, consent_id", cases).await?;
    let open = opening(conn, &found, &[2]).await?;
    for row in &found {
        let key = key_of(row)?;
        let id: String = row.try_get(3)?;
        let payload = open.column_or_none(&CONSENT, &id, row.try_get(2)?)?;
        let wire = wire::Consent::decode(payload.as_slice()).ok();
        match wire.as_ref().and_then(consent_from_stored) {
            Some(consent) => consents.entry(key).or_default().push(consent),
            None => drop(illegible.insert(key)),
        }
    }
    let select = "SELECT case_id, child_ref, payload FROM routing_child_views WHERE case_id";
    let found = rows(conn, select, "number", cases).await?;
    let open = opening(conn, &found, &[2]).await?;
    for row in &found {
        let key = key_of(row)?;
        let payload = open.column_or_none(&VIEW, &key.child_ref, row.try_get(2)?)?;
        let wire = wire::ChildViewRecord::decode(payload.as_slice()).ok();
        match wire.as_ref().and_then(view_from_stored) {
            Some(view) => views.entry(key).or_default().push(view),
            None => drop(illegible.insert(key)),
        }
    }
    let mut files: BTreeMap<ChildKey, ChildFile> = BTreeMap::new();
    for key in illegible {
        tracing::error!(case.id = key.case_id, "a record about consent does not read back");
        // What cannot be read may have been a refusal: nothing of the register counts then.
        consents.remove(&key);
        views.remove(&key);
        files.entry(key).or_default();
    }
    for (key, found) in consents {
        let file = files.entry(key.clone()).or_default();
        file.about = found.iter().map(|(consent, about)| (consent.id, about.clone())).collect();
        let mut found: Vec<Consent> = found.into_iter().map(|(consent, _)| consent).collect();
        found.sort_by_key(|consent| (consent.recorded_at, consent.id));
        file.register = Register::restore(found, views.remove(&key).unwrap_or_default());
    }
    for (key, views) in views {
        files.entry(key).or_default().register = Register::restore(Vec::new(), views);
    }
    releases(conn, cases, &mut files).await?;
    Ok(files)
}

async fn releases(
    conn: &mut dyn Look,
    cases: &[String],
    files: &mut BTreeMap<ChildKey, ChildFile>,
) -> Result<(), StoreError> {
    if files.is_empty() {
        return Ok(());
    }
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let select = "SELECT event_id, disclosure_id FROM routing_consent_events WHERE case_id";
    for row in rows(conn, select, "event_id", cases).await? {
        sent.entry(row.try_get(1)?).or_default().push(row.try_get(0)?);
    }
    let select =
        "SELECT case_id, child_ref, disclosure_id, recipient, revision, digest, live, event_id
                  FROM routing_consent_releases WHERE case_id";
    for row in rows(conn, select, "disclosure_id", cases).await? {
        let id: String = row.try_get(2)?;
        let revision = i32::try_from(row.try_get::<i64, _>(4)?);
        let release = Release {
            recipient: parse(&row, 3)?,
            revision: revision.map_err(|_| corrupt("routing_consent_releases"))?,
            digest: row.try_get(5)?,
            live: row.try_get::<i64, _>(6)? != 0,
            event_id: row.try_get(7)?,
            sent: sent.remove(&id).unwrap_or_default(),
            id,
        };
        files.entry(key_of(&row)?).or_default().releases.push(release);
    }
    Ok(())
}

/// Whose register a record is in.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn child_of(
    conn: &mut AnyConnection,
    id: ConsentId,
) -> Result<Option<ChildKey>, StoreError> {
    let row = sqlx::query("SELECT case_id, child_ref FROM routing_consents WHERE consent_id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(key_of).transpose()
}

/// Given consents whose time has come, the oldest first.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn overdue(
    conn: &mut AnyConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ConsentId>, StoreError> {
    let rows = sqlx::query(
        "SELECT consent_id FROM routing_consents WHERE state = 'given' AND until_ms <= $1
         ORDER BY until_ms LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| parse(row, 0)).collect()
}

/// Keeps a record as it now stands.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_consent(
    tx: &mut Tx,
    key: &ChildKey,
    consent: &Consent,
    about: &About,
) -> Result<(), StoreError> {
    let until = consent.until().map_or(i64::MAX, Timestamp::as_millisecond);
    let id = consent.id.to_string();
    let payload = stored_consent(consent, about).encode_to_vec();
    let payload = CONSENT.seal(tx, &key.case_id, &id, &payload).await?;
    sqlx::query(
        "INSERT INTO routing_consents (consent_id, case_id, child_ref, state, until_ms, change_number, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (consent_id) DO UPDATE SET state = excluded.state, change_number = excluded.change_number,
         payload = excluded.payload",
    )
    .bind(id)
    .bind(&key.case_id)
    .bind(&key.child_ref)
    .bind(consent.state.word())
    .bind(until)
    .bind(i64::try_from(consent.changed).unwrap_or(i64::MAX))
    .bind(payload)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps a child's view.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn add_view(
    tx: &mut Tx,
    key: &ChildKey,
    number: usize,
    view: &RecordedView,
) -> Result<(), StoreError> {
    let payload = view_to_wire(view).encode_to_vec();
    let payload = VIEW.seal(tx, &key.case_id, &key.child_ref, &payload).await?;
    sqlx::query(
        "INSERT INTO routing_child_views (case_id, child_ref, number, payload) VALUES ($1, $2, $3, $4)",
    )
    .bind(&key.case_id)
    .bind(&key.child_ref)
    .bind(i64::try_from(number).unwrap_or(i64::MAX))
    .bind(payload)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps a release as it now stands.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn put_release(tx: &mut Tx, key: &ChildKey, release: &Release) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO routing_consent_releases
         (disclosure_id, case_id, child_ref, recipient, revision, digest, live, event_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (disclosure_id) DO UPDATE SET revision = excluded.revision, digest = excluded.digest,
         live = excluded.live, event_id = excluded.event_id",
    )
    .bind(&release.id)
    .bind(&key.case_id)
    .bind(&key.child_ref)
    .bind(release.recipient.to_string())
    .bind(i64::from(release.revision))
    .bind(release.digest.as_slice())
    .bind(i64::from(release.live))
    .bind(&release.event_id)
    .execute(tx.conn())
    .await?;
    if release.sent.is_empty() {
        sqlx::query("DELETE FROM routing_consent_events WHERE disclosure_id = $1")
            .bind(&release.id)
            .execute(tx.conn())
            .await?;
    }
    for event_id in &release.sent {
        sqlx::query(
            "INSERT INTO routing_consent_events (event_id, disclosure_id, case_id, child_ref)
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(event_id)
        .bind(&release.id)
        .bind(&key.case_id)
        .bind(&key.child_ref)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// These events were kept back: they went to nobody. Returns the children whom they were about.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn keep_back(tx: &mut Tx, events: &[String]) -> Result<Vec<ChildKey>, StoreError> {
    let mut keys = Vec::new();
    for event_id in events {
        let row = sqlx::query(
            "DELETE FROM routing_consent_events WHERE event_id = $1 RETURNING case_id, child_ref",
        )
        .bind(event_id)
        .fetch_optional(tx.conn())
        .await?;
        keys.extend(row.as_ref().map(key_of).transpose()?);
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The child whom an event was about.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn child_of_event(
    conn: &mut AnyConnection,
    event_id: &str,
) -> Result<Option<ChildKey>, StoreError> {
    let row =
        sqlx::query("SELECT case_id, child_ref FROM routing_consent_events WHERE event_id = $1")
            .bind(event_id)
            .fetch_optional(conn)
            .await?;
    row.as_ref().map(key_of).transpose()
}

fn key_of(row: &AnyRow) -> Result<ChildKey, StoreError> {
    Ok(ChildKey { case_id: row.try_get(0)?, child_ref: row.try_get(1)? })
}

async fn rows(
    conn: &mut dyn Look,
    select: &str,
    order: &str,
    cases: &[String],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut found = Vec::new();
    for chunk in cases.chunks(CHUNK) {
        let sql = format!("{select} IN ({}) ORDER BY {order}", in_list(1, chunk.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for case in chunk {
            query = query.bind(case);
        }
        found.extend(query.fetch_all(conn.conn()).await?);
    }
    Ok(found)
}

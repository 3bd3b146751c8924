//! Agreements, their parties, signatures and warnings.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use mash_domain::{
    agreement::{
        Agreement, AgreementId, Digest, SignatoryRole, Signature, Supersession, Termination,
        TerminationReason, Warning,
    },
    organisation::OrganisationId,
};
use mash_proto::{
    convert::agreement::{terms_from_wire, terms_to_wire},
    sharing::v1 as wire,
};
use mash_store::{StoreError, Tx, in_list};
use prost::Message;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    CHUNK, corrupt,
    load::{instant, parse},
};
use crate::agreements::digest_of;

const TABLE: &str = "routing_agreements";
const COLUMNS: &str = "a.agreement_id, a.proposed_ms, a.proposed_by, a.digest, a.terms, a.ended_ms, a.ended_by, \
                       a.ended_reason, a.superseded_by, a.superseded_from, a.activated, a.expired";

/// Keeps a new agreement.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn insert(tx: &mut Tx, agreement: &Agreement) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO routing_agreements
         (agreement_id, proposed_ms, proposed_by, valid_until, digest, terms, activated, expired)
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
    )
    .bind(agreement.id.to_string())
    .bind(agreement.proposed_at.as_millisecond())
    .bind(agreement.proposed_by.to_string())
    .bind(agreement.terms.valid_until().to_string())
    .bind(agreement.digest.as_bytes().as_slice())
    .bind(terms_to_wire(&agreement.terms).encode_to_vec())
    .execute(tx.conn())
    .await?;
    for party in agreement.terms.parties() {
        sqlx::query(
            "INSERT INTO routing_agreement_parties (organisation, agreement_id) VALUES ($1, $2)",
        )
        .bind(party.organisation.to_string())
        .bind(agreement.id.to_string())
        .execute(tx.conn())
        .await?;
    }
    put(tx, agreement).await
}

/// Keeps what has become of an agreement. The terms, and signatures and warnings that are there, never change.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put(tx: &mut Tx, agreement: &Agreement) -> Result<(), StoreError> {
    let (id, end) = (agreement.id.to_string(), agreement.termination.as_ref());
    sqlx::query(
        "UPDATE routing_agreements SET ended_ms = $2, ended_by = $3, ended_reason = $4, superseded_by = $5,
         superseded_from = $6, activated = $7, expired = $8 WHERE agreement_id = $1",
    )
    .bind(&id)
    .bind(end.map(|end| end.at.as_millisecond()))
    .bind(end.map(|end| end.party.to_string()))
    .bind(end.map(|end| end.reason.word()))
    .bind(agreement.superseded.map(|it| it.by.to_string()))
    .bind(agreement.superseded.map(|it| it.from.to_string()))
    .bind(i64::from(agreement.activated))
    .bind(i64::from(agreement.expired))
    .execute(tx.conn())
    .await?;
    for signature in &agreement.signatures {
        sqlx::query(
            "INSERT INTO routing_agreement_signatures (agreement_id, party, practitioner, role, at_ms, digest)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agreement_id, party) DO NOTHING",
        )
        .bind(&id)
        .bind(signature.party.to_string())
        .bind(&signature.practitioner)
        .bind(signature.role.word())
        .bind(signature.at.as_millisecond())
        .bind(signature.digest.as_bytes().as_slice())
        .execute(tx.conn())
        .await?;
    }
    for warning in &agreement.warnings {
        sqlx::query(
            "INSERT INTO routing_agreement_warnings (agreement_id, days, at_ms) VALUES ($1, $2, $3)
             ON CONFLICT (agreement_id, days) DO NOTHING",
        )
        .bind(&id)
        .bind(i64::from(warning.days))
        .bind(warning.at.as_millisecond())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// An agreement that nobody else changes until the transaction ends.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn lock(tx: &mut Tx, id: AgreementId) -> Result<Option<Agreement>, StoreError> {
    let locked =
        sqlx::query("UPDATE routing_agreements SET expired = expired WHERE agreement_id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
    if locked.rows_affected() == 0 {
        return Ok(None);
    }
    get(tx.conn(), id).await
}

/// An agreement.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn get(
    conn: &mut AnyConnection,
    id: AgreementId,
) -> Result<Option<Agreement>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM routing_agreements a WHERE a.agreement_id = $1");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).fetch_all(&mut *conn).await?;
    Ok(whole(conn, &rows).await?.pop())
}

/// Where a page of agreements starts: after this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// When that one was proposed, in milliseconds since the epoch.
    pub proposed_ms: i64,
    /// Its id.
    pub id: String,
}

/// Agreements in order of their proposal: those of one party, or all.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn list(
    conn: &mut AnyConnection,
    party: Option<&OrganisationId>,
    after: &After,
    limit: i64,
) -> Result<Vec<Agreement>, StoreError> {
    let whose = match party {
        Some(_) => {
            "JOIN routing_agreement_parties p ON p.agreement_id = a.agreement_id AND p.organisation = $4"
        }
        None => "",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM routing_agreements a {whose}
         WHERE a.proposed_ms > $1 OR (a.proposed_ms = $1 AND a.agreement_id > $2)
         ORDER BY a.proposed_ms, a.agreement_id LIMIT $3"
    );
    let mut query =
        sqlx::query(AssertSqlSafe(sql)).bind(after.proposed_ms).bind(&after.id).bind(limit);
    if let Some(party) = party {
        query = query.bind(party.to_string());
    }
    let rows = query.fetch_all(&mut *conn).await?;
    whole(conn, &rows).await
}

/// The agreements of which any of these organisations is a party, for the world of a decision. One statement where
/// there are none.
///
/// An agreement that does not read back covers nothing, and somebody must look; the duties of the batch do not wait for
/// that (P3).
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn of_organisations(
    tx: &mut Tx,
    organisations: &BTreeSet<OrganisationId>,
) -> Result<Vec<Agreement>, StoreError> {
    let organisations: Vec<String> = organisations.iter().map(ToString::to_string).collect();
    let mut found = BTreeMap::new();
    for chunk in organisations.chunks(CHUNK) {
        // Nothing can come of an agreement that fewer than two have signed.
        let sql = format!(
            "SELECT {COLUMNS} FROM routing_agreements a WHERE a.agreement_id IN
             (SELECT agreement_id FROM routing_agreement_parties WHERE organisation IN ({}))
             AND (SELECT COUNT(*) FROM routing_agreement_signatures s WHERE s.agreement_id = a.agreement_id) >= 2",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for organisation in chunk {
            query = query.bind(organisation);
        }
        let rows = query.fetch_all(tx.conn()).await?;
        let read: Vec<Agreement> = rows.iter().filter_map(legible).collect();
        for agreement in with_signatures(tx.conn(), read).await? {
            found.insert(agreement.id, agreement);
        }
    }
    Ok(found.into_values().collect())
}

/// Agreements about which the calendar may have something to say up to this day of the warnings.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn to_look_at(
    conn: &mut AnyConnection,
    until: Date,
) -> Result<Vec<AgreementId>, StoreError> {
    let rows = sqlx::query(
        "SELECT agreement_id FROM routing_agreements
         WHERE expired = 0 AND ended_ms IS NULL AND (activated = 0 OR valid_until <= $1) ORDER BY agreement_id",
    )
    .bind(until.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| parse(row, 0)).collect()
}

fn legible(row: &AnyRow) -> Option<Agreement> {
    match agreement_of(row) {
        Ok(agreement) => Some(agreement),
        Err(error) => {
            let id: String = row.try_get(0).unwrap_or_default();
            let error: &dyn std::error::Error = &error;
            tracing::error!(
                error,
                agreement.id = id,
                "an agreement does not read back and covers nothing"
            );
            None
        }
    }
}

/// Agreements from their rows, with signatures and warnings.
async fn whole(conn: &mut AnyConnection, rows: &[AnyRow]) -> Result<Vec<Agreement>, StoreError> {
    let agreements = rows.iter().map(agreement_of).collect::<Result<Vec<_>, _>>()?;
    with_signatures(conn, agreements).await
}

async fn with_signatures(
    conn: &mut AnyConnection,
    mut agreements: Vec<Agreement>,
) -> Result<Vec<Agreement>, StoreError> {
    let ids: Vec<String> = agreements.iter().map(|agreement| agreement.id.to_string()).collect();
    let mut signatures: BTreeMap<AgreementId, Vec<Signature>> = BTreeMap::new();
    let select = "SELECT agreement_id, party, practitioner, role, at_ms, digest FROM routing_agreement_signatures
                  WHERE agreement_id";
    for row in rows_of(conn, select, "at_ms, party", &ids).await? {
        signatures.entry(parse(&row, 0)?).or_default().push(signature_of(&row)?);
    }
    let mut warnings: BTreeMap<AgreementId, Vec<Warning>> = BTreeMap::new();
    let select =
        "SELECT agreement_id, days, at_ms FROM routing_agreement_warnings WHERE agreement_id";
    for row in rows_of(conn, select, "at_ms, days DESC", &ids).await? {
        let days = i32::try_from(row.try_get::<i64, _>(1)?).map_err(|_| corrupt(TABLE))?;
        let warning = Warning { days, at: instant(&row, 2)? };
        warnings.entry(parse(&row, 0)?).or_default().push(warning);
    }
    for agreement in &mut agreements {
        agreement.signatures = signatures.remove(&agreement.id).unwrap_or_default();
        agreement.warnings = warnings.remove(&agreement.id).unwrap_or_default();
    }
    Ok(agreements)
}

async fn rows_of(
    conn: &mut AnyConnection,
    select: &str,
    order: &str,
    ids: &[String],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let sql = format!("{select} IN ({}) ORDER BY {order}", in_list(1, chunk.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in chunk {
            query = query.bind(id);
        }
        found.extend(query.fetch_all(&mut *conn).await?);
    }
    Ok(found)
}

fn agreement_of(row: &AnyRow) -> Result<Agreement, StoreError> {
    let (digest, terms): (Vec<u8>, Vec<u8>) = (row.try_get(3)?, row.try_get(4)?);
    let digest = Digest::from_slice(&digest).ok_or_else(|| corrupt(TABLE))?;
    let terms = wire::AgreementTerms::decode(terms.as_slice()).map_err(|_| corrupt(TABLE))?;
    let terms = terms_from_wire(terms).map_err(|_| corrupt(TABLE))?;
    // Somebody's hand in the table would show here: what was signed is the digest.
    if digest_of(&terms) != digest {
        return Err(corrupt(TABLE).into());
    }
    Ok(Agreement {
        id: parse(row, 0)?,
        digest,
        terms,
        proposed_by: parse(row, 2)?,
        proposed_at: instant(row, 1)?,
        signatures: Vec::new(),
        termination: termination_of(row)?,
        superseded: supersession_of(row)?,
        warnings: Vec::new(),
        activated: row.try_get::<i64, _>(10)? != 0,
        expired: row.try_get::<i64, _>(11)? != 0,
    })
}

fn termination_of(row: &AnyRow) -> Result<Option<Termination>, StoreError> {
    if row.try_get::<Option<i64>, _>(5)?.is_none() {
        return Ok(None);
    }
    let reason: String = row.try_get(7)?;
    let reason = TerminationReason::from_word(&reason).ok_or_else(|| corrupt(TABLE))?;
    Ok(Some(Termination { party: parse(row, 6)?, reason, at: instant(row, 5)? }))
}

fn supersession_of(row: &AnyRow) -> Result<Option<Supersession>, StoreError> {
    if row.try_get::<Option<String>, _>(8)?.is_none() {
        return Ok(None);
    }
    Ok(Some(Supersession { by: parse(row, 8)?, from: parse(row, 9)? }))
}

fn signature_of(row: &AnyRow) -> Result<Signature, StoreError> {
    let (role, digest): (String, Vec<u8>) = (row.try_get(3)?, row.try_get(5)?);
    Ok(Signature {
        party: parse(row, 1)?,
        practitioner: row.try_get(2)?,
        role: SignatoryRole::from_word(&role).ok_or_else(|| corrupt(TABLE))?,
        at: instant(row, 4)?,
        digest: Digest::from_slice(&digest).ok_or_else(|| corrupt(TABLE))?,
    })
}

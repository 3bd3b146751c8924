//! What statements are made of, and the statements that were made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    calendar::Calendar,
    identifier::{AuthorityCode, ForceCode},
    organisation::{OrganisationId, OrganisationKind},
    statement::{Before, End},
};
use mash_proto::{
    convert::education::calendar_from_wire,
    education::v1::{self as education, CalendarChanged},
    police::v1 as police,
    sharing::v1::SignedRecord,
};
use mash_store::{
    Look, Store, StoreError, Tx,
    dead_letters::{self, DeadLetter},
    is_kept, keys, opening, placeholders,
};
use prost::Message;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    CHUNK, INCIDENT, corrupt,
    load::{bell, instant, parse},
};
use crate::duty::DutyState;

/// The most dead letters that are looked through.
const LETTERS: usize = 1_000;

/// A duty with what a statement wants to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its opaque id.
    pub duty_id: String,
    /// The case.
    pub case_id: String,
    /// The child within it.
    pub child_ref: String,
    /// Where it stands.
    pub state: DutyState,
    /// Since when.
    pub state_at: Timestamp,
    /// A coded reason, or empty.
    pub reason: String,
    /// Whether it ended late.
    pub late: bool,
    /// Why, or empty.
    pub late_cause: String,
    /// Who has it, or empty.
    pub escalated_to: String,
    /// By when it must be answered.
    pub bell: Option<Timestamp>,
    /// The force that reported.
    pub force: OrganisationId,
    /// Whoever has it, or had it last: an authority for its schools and desks, or a force.
    pub holder: Option<OrganisationId>,
}

/// Keeps the calendar of an authority as it now stands.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put_calendar(tx: &mut Tx, changed: &CalendarChanged) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO routing_calendars (authority, calendar) VALUES ($1, $2)
         ON CONFLICT (authority) DO UPDATE SET calendar = excluded.calendar",
    )
    .bind(&changed.authority_code)
    .bind(changed.calendar.clone().unwrap_or_default().encode_to_vec())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Every authority with an establishment, and its calendar if it is known and can be read.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn authorities(
    conn: &mut AnyConnection,
) -> Result<BTreeMap<AuthorityCode, Option<Calendar>>, StoreError> {
    let mut found = BTreeMap::new();
    let known = "SELECT DISTINCT authority FROM routing_establishments";
    for row in sqlx::query(known).fetch_all(&mut *conn).await? {
        found.insert(parse(&row, 0)?, None);
    }
    let calendars = "SELECT authority, calendar FROM routing_calendars";
    for row in sqlx::query(calendars).fetch_all(&mut *conn).await? {
        let calendar: Vec<u8> = row.try_get(1)?;
        let calendar = education::Calendar::decode(calendar.as_slice()).ok();
        found.insert(parse(&row, 0)?, calendar.and_then(|it| calendar_from_wire(it).ok()));
    }
    Ok(found)
}

/// The owners whose statement of a day was made.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn made_on(
    conn: &mut AnyConnection,
    day: Date,
) -> Result<BTreeSet<OrganisationId>, StoreError> {
    let made = sqlx::query("SELECT owner FROM routing_statements WHERE day = $1")
        .bind(day.to_string())
        .fetch_all(conn);
    made.await?.iter().map(|row| parse(row, 0)).collect()
}

/// Every duty that has changed since, that is not over, or that a statement has left open. In one statement, so that all
/// of it was true at one moment.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn duties(conn: &mut AnyConnection, since: Timestamp) -> Result<Vec<Found>, StoreError> {
    let rows = sqlx::query(
        "SELECT d.duty_id, d.case_id, d.child_ref, d.state, d.state_ms, d.reason, d.late, d.late_cause,
                d.escalated_to, d.bell_ms, c.force, x.recipient
         FROM routing_duties d JOIN routing_cases c ON c.case_id = d.case_id
         LEFT JOIN routing_disclosures x
            ON x.case_id = d.case_id AND x.duty_id = d.duty_id AND x.is_copy = 0
         WHERE d.state_ms >= $1 OR d.state IN ('released', 'delivered', 'opened')
            OR d.duty_id IN (SELECT duty_id FROM routing_stated WHERE outcome = '')
         ORDER BY d.duty_id, x.live DESC, x.disclosure_id",
    )
    .bind(since.as_millisecond())
    .fetch_all(conn)
    .await?;
    let mut found: Vec<Found> = Vec::with_capacity(rows.len());
    for row in &rows {
        let one = found_of(row)?;
        // The first disclosure of a duty is the one that is live; a dead one only tells who had it last.
        if found.last().is_none_or(|last| last.duty_id != one.duty_id) {
            found.push(one);
        }
    }
    Ok(found)
}

fn found_of(row: &AnyRow) -> Result<Found, StoreError> {
    let state: String = row.try_get(3)?;
    let force: ForceCode = parse(row, 10)?;
    let recipient: Option<String> = row.try_get(11)?;
    let recipient = recipient.map(|text| text.parse::<OrganisationId>()).transpose();
    let recipient = recipient.map_err(|_| corrupt("routing_disclosures"))?;
    Ok(Found {
        duty_id: row.try_get(0)?,
        case_id: row.try_get(1)?,
        child_ref: row.try_get(2)?,
        state: DutyState::of_word(&state).ok_or_else(|| corrupt("routing_duties"))?,
        state_at: instant(row, 4)?,
        reason: row.try_get(5)?,
        late: row.try_get::<i64, _>(6)? != 0,
        late_cause: row.try_get(7)?,
        escalated_to: row.try_get(8)?,
        bell: bell(row, 9)?,
        force: OrganisationId::new(OrganisationKind::PoliceForce, force.as_str())
            .map_err(|_| corrupt("routing_cases"))?,
        holder: recipient.as_ref().map(holder).transpose()?,
    })
}

/// A school's notices are in the statement of its authority.
fn holder(recipient: &OrganisationId) -> Result<OrganisationId, StoreError> {
    if recipient.kind() != OrganisationKind::School {
        return Ok(recipient.clone());
    }
    let code: String = recipient.code().chars().take(3).collect();
    let authority = OrganisationId::new(OrganisationKind::LocalAuthority, code);
    Ok(authority.map_err(|_| corrupt("routing_disclosures"))?)
}

/// What statements have said last, by owner and duty.
pub type Stated = BTreeMap<OrganisationId, BTreeMap<String, Before>>;

/// What statements have said last.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn stated(conn: &mut AnyConnection) -> Result<Stated, StoreError> {
    let rows = sqlx::query("SELECT owner, duty_id, outcome FROM routing_stated");
    let mut stated = Stated::new();
    for row in rows.fetch_all(conn).await? {
        let outcome: String = row.try_get(2)?;
        let before = match outcome.as_str() {
            "" => Before::Open,
            word => Before::Over(End::from_word(word).ok_or_else(|| corrupt("routing_stated"))?),
        };
        stated.entry(parse(&row, 0)?).or_default().insert(row.try_get(1)?, before);
    }
    Ok(stated)
}

/// Keeps what a statement says of duties.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn state(
    tx: &mut Tx,
    owner: &OrganisationId,
    said: &[(&str, Option<End>)],
    at: Timestamp,
) -> Result<(), StoreError> {
    for chunk in said.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO routing_stated (owner, duty_id, outcome, stated_ms) VALUES {}
             ON CONFLICT (owner, duty_id) DO UPDATE SET outcome = excluded.outcome,
             stated_ms = excluded.stated_ms",
            placeholders(chunk.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for (duty, end) in chunk {
            query = query
                .bind(owner.to_string())
                .bind(*duty)
                .bind(end.map_or("", End::word))
                .bind(at.as_millisecond());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Forgets what an owner's statements have said of what was over before this.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn forget(
    tx: &mut Tx,
    owner: &OrganisationId,
    before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM routing_stated WHERE owner = $1 AND outcome <> '' AND stated_ms < $2")
        .bind(owner.to_string())
        .bind(before.as_millisecond())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A statement as it is kept.
#[derive(Clone, PartialEq)]
pub struct Kept {
    /// The school morning.
    pub day: Date,
    /// Until when it reaches.
    pub until: Timestamp,
    /// As it was signed.
    pub signed: SignedRecord,
}

/// Keeps a statement. `false` if there is one of that owner and day: then that one stands.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put(tx: &mut Tx, owner: &OrganisationId, kept: &Kept) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO routing_statements (owner, day, until_ms, record, signature, public_key)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(owner.to_string())
    .bind(kept.day.to_string())
    .bind(kept.until.as_millisecond())
    .bind(kept.signed.record.as_slice())
    .bind(kept.signed.signature.as_slice())
    .bind(kept.signed.public_key.as_slice())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The statements of an owner before a day, the latest first.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn before(
    conn: &mut AnyConnection,
    owner: &OrganisationId,
    day: &str,
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "SELECT day, until_ms, record, signature, public_key FROM routing_statements
         WHERE owner = $1 AND day < $2 ORDER BY day DESC LIMIT $3",
    )
    .bind(owner.to_string())
    .bind(day)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(kept_of).collect()
}

/// The statement of an owner of one day.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn of_day(
    conn: &mut AnyConnection,
    owner: &OrganisationId,
    day: &str,
) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query(
        "SELECT day, until_ms, record, signature, public_key FROM routing_statements
         WHERE owner = $1 AND day = $2",
    )
    .bind(owner.to_string())
    .bind(day)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(kept_of).transpose()
}

/// The statements of forces from a day to a day, both included.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn of_forces(
    conn: &mut AnyConnection,
    (first, last): (Date, Date),
) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "SELECT day, until_ms, record, signature, public_key FROM routing_statements
         WHERE owner LIKE 'police/%' AND day >= $1 AND day <= $2 ORDER BY owner, day",
    )
    .bind(first.to_string())
    .bind(last.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(kept_of).collect()
}

fn kept_of(row: &AnyRow) -> Result<Kept, StoreError> {
    Ok(Kept {
        day: parse(row, 0)?,
        until: instant(row, 1)?,
        signed: SignedRecord {
            record: row.try_get(2)?,
            schema: crate::statements::SCHEMA.to_owned(),
            signature: row.try_get(3)?,
            public_key: row.try_get(4)?,
        },
    })
}

/// Keeps the public figures of a month. `false` if they are there: then those stand.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put_public(
    tx: &mut Tx,
    month: &str,
    signed: &SignedRecord,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO routing_public_figures (month, record, signature, public_key)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(month)
    .bind(signed.record.as_slice())
    .bind(signed.signature.as_slice())
    .bind(signed.public_key.as_slice())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The public figures of a month.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn public(
    conn: &mut AnyConnection,
    month: &str,
) -> Result<Option<SignedRecord>, StoreError> {
    let row = sqlx::query(
        "SELECT record, signature, public_key FROM routing_public_figures WHERE month = $1",
    )
    .bind(month)
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(SignedRecord {
            record: row.try_get(0)?,
            schema: crate::statements::PUBLIC_SCHEMA.to_owned(),
            signature: row.try_get(1)?,
            public_key: row.try_get(2)?,
        })
    })
    .transpose()
}

/// An accepted report, as far as a statement has to look at it.
pub struct Report {
    /// The case.
    pub case_id: String,
    /// The force.
    pub force: ForceCode,
    /// The children, as the latest revision names them.
    pub children: Vec<String>,
}

/// The reports that were accepted since. One that was withdrawn has nobody to be told.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn reports(conn: &mut dyn Look, since: Timestamp) -> Result<Vec<Report>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_id, force, incident FROM routing_cases WHERE accepted_ms >= $1 AND withdrawn = 0",
    )
    .bind(since.as_millisecond())
    .fetch_all(conn.conn())
    .await?;
    let open = opening(conn, &rows, &[2]).await?;
    rows.iter()
        .map(|row| {
            let case_id: String = row.try_get(0)?;
            // What was erased names no children any more, and nobody waits for it.
            let incident = open.column_or_none(&INCIDENT, &case_id, row.try_get(2)?)?;
            let incident = police::Incident::decode(incident.as_slice())
                .map_err(|_| corrupt("routing_cases"))?;
            let children = incident.children.into_iter().map(|child| child.r#ref).collect();
            Ok(Report { case_id, force: parse(row, 1)?, children })
        })
        .collect()
}

/// The messages that lie with the dead letters of this group: their ids, and what they hold.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn dead_letters_of(
    store: &Store,
    group: &str,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let letters = dead_letters::list(store, Some(dead_letters::State::Open), LETTERS).await?;
    let ours: Vec<_> = letters.into_iter().filter(|letter| letter.group == group).collect();
    let keys =
        keys::to_open_here(store, ours.iter().map(|letter| letter.payload.as_slice())).await?;
    // One that cannot be opened says as little as one that cannot be read.
    let open = |letter: DeadLetter| {
        (letter.id, keys.open(&letter.topic, letter.payload).unwrap_or_default())
    };
    Ok(ours.into_iter().map(open).collect())
}

//! What the ladder did with notices, and when it looks again.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use mash_domain::ladder::{LateCause, Outcome, Taken};
use mash_proto::education::v1 as wire;
use mash_store::{StoreError, Tx, in_list, is_kept, placeholders};
use prost::Message as _;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, Conn, corrupt};
use crate::record::Record;

/// The word of the step above all others.
pub(crate) const DESK: &str = "desk/task";

/// A step that was taken, as it is kept.
#[derive(Clone)]
pub(crate) struct Nudge {
    /// Its word.
    pub(crate) step: String,
    /// How many came before it.
    pub(crate) place: i64,
    /// Whom it was for; empty if there is nobody.
    pub(crate) practitioner: String,
    /// When it was taken.
    pub(crate) at: Timestamp,
    /// Since when somebody is about to send it.
    pub(crate) claimed: Timestamp,
    /// 1, or 2 if whoever claimed it first has never been heard of again.
    pub(crate) attempt: i64,
    /// A code; empty while it is in flight.
    pub(crate) outcome: String,
}

impl Nudge {
    /// For the domain; nothing for the desk's own.
    pub(crate) fn taken(&self) -> Option<Taken> {
        let outcome = Outcome::from_word(&self.outcome);
        (self.step != DESK).then(|| Taken { step: self.step.clone(), outcome })
    }
}

/// Notices whose ladder must be looked at: those that wait before others, the earliest bell first.
pub(crate) async fn due(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT notice FROM education_looks JOIN education_notices ON id = notice WHERE next_ms <= $1
         ORDER BY CASE WHEN state IN ('delivered', 'opened') THEN 0 ELSE 1 END, sort_ms, id LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(limit)
    .fetch_all(conn.conn())
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Looks at these notices not before then.
pub(crate) async fn look_at(
    tx: &mut Tx,
    notices: &[&str],
    next: Timestamp,
) -> Result<(), StoreError> {
    for chunk in notices.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_looks (notice, next_ms) VALUES {}
             ON CONFLICT (notice) DO UPDATE SET next_ms = excluded.next_ms",
            placeholders(chunk.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for notice in chunk {
            query = query.bind(*notice).bind(next.as_millisecond());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Leaves a notice alone until then, and tells whose it is; none if it is left alone already.
pub(crate) async fn put_off(
    tx: &mut Tx,
    notice: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<Option<String>, StoreError> {
    let put_off =
        sqlx::query("UPDATE education_looks SET next_ms = $3 WHERE notice = $1 AND next_ms <= $2")
            .bind(notice)
            .bind(now.as_millisecond())
            .bind(until.as_millisecond())
            .execute(tx.conn())
            .await?;
    if put_off.rows_affected() == 0 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT recipient FROM education_notices WHERE id = $1")
        .bind(notice)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Never looks at this notice again.
pub(crate) async fn look_no_more(tx: &mut Tx, notice: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM education_looks WHERE notice = $1")
        .bind(notice)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The steps that notices have climbed since they arrived, in order, by notice.
pub(crate) async fn climbed(
    conn: &mut Conn,
    records: &[&Record],
) -> Result<HashMap<String, Vec<Nudge>>, StoreError> {
    let mut climbed: HashMap<String, Vec<Nudge>> = HashMap::with_capacity(records.len());
    let rounds: HashMap<&str, i64> =
        records.iter().map(|it| (it.id.as_str(), it.received.as_millisecond())).collect();
    for chunk in records.chunks(CHUNK) {
        let sql = format!(
            "SELECT notice, round_ms, step, place, practitioner, at_ms, claim_ms, attempt, outcome
             FROM education_nudges WHERE notice IN ({}) ORDER BY notice, place",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for record in chunk {
            query = query.bind(&record.id);
        }
        for row in query.fetch_all(conn.conn()).await? {
            let (notice, round): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            if rounds.get(notice.as_str()) == Some(&round) {
                climbed.entry(notice).or_default().push(nudge(&row)?);
            }
        }
    }
    Ok(climbed)
}

fn nudge(row: &AnyRow) -> Result<Nudge, StoreError> {
    let time = |column| -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(row.try_get(column)?).map_err(corrupt("the time of a nudge"))
    };
    Ok(Nudge {
        step: row.try_get(2)?,
        place: row.try_get(3)?,
        practitioner: row.try_get(4)?,
        at: time(5)?,
        claimed: time(6)?,
        attempt: row.try_get(7)?,
        outcome: row.try_get(8)?,
    })
}

/// Keeps steps that are taken. One that another process has taken is an error, and nothing of the transaction holds.
pub(crate) async fn claim(
    tx: &mut Tx,
    record: &Record,
    nudges: &[&Nudge],
) -> Result<(), StoreError> {
    for chunk in nudges.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_nudges
             (notice, round_ms, step, place, practitioner, at_ms, claim_ms, attempt, outcome) VALUES {}",
            placeholders(chunk.len(), 9)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for nudge in chunk {
            query = query
                .bind(&record.id)
                .bind(record.received.as_millisecond())
                .bind(&nudge.step)
                .bind(nudge.place)
                .bind(&nudge.practitioner)
                .bind(nudge.at.as_millisecond())
                .bind(nudge.claimed.as_millisecond())
                .bind(nudge.attempt)
                .bind(&nudge.outcome);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Claims a step again, or settles it, of which nothing was heard.
pub(crate) async fn change(tx: &mut Tx, record: &Record, nudge: &Nudge) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE education_nudges SET claim_ms = $1, attempt = $2, outcome = $3, practitioner = $4
         WHERE notice = $5 AND round_ms = $6 AND step = $7 AND outcome = ''",
    )
    .bind(nudge.claimed.as_millisecond())
    .bind(nudge.attempt)
    .bind(&nudge.outcome)
    .bind(&nudge.practitioner)
    .bind(&record.id)
    .bind(record.received.as_millisecond())
    .bind(&nudge.step)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Which claim somebody has of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) notice: String,
    pub(crate) round_ms: i64,
    pub(crate) step: String,
    pub(crate) attempt: i64,
}

/// The word of the notice's state, if the claim is still good.
pub(crate) async fn still_claimed(
    conn: &mut Conn,
    claim: &Claim,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT state FROM education_nudges JOIN education_notices ON id = notice
         WHERE notice = $1 AND round_ms = $2 AND step = $3 AND attempt = $4 AND outcome = ''",
    )
    .bind(&claim.notice)
    .bind(claim.round_ms)
    .bind(&claim.step)
    .bind(claim.attempt)
    .fetch_optional(conn.conn())
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Makes claims good from now on that have not ended yet.
pub(crate) async fn renew(
    tx: &mut Tx,
    claims: &[&Claim],
    now: Timestamp,
    good_for: SignedDuration,
) -> Result<(), StoreError> {
    let since = now.checked_sub(good_for).unwrap_or(Timestamp::MIN);
    for chunk in claims.chunks(CHUNK) {
        // By notice: nearly always it has one step in flight, and another one of it that is would wait a little longer.
        let sql = format!(
            "UPDATE education_nudges SET claim_ms = $1 WHERE outcome = '' AND claim_ms > $2 AND notice IN ({})",
            in_list(3, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .bind(now.as_millisecond())
            .bind(since.as_millisecond());
        for claim in chunk {
            query = query.bind(&claim.notice);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Keeps what came of a claimed step.
pub(crate) async fn settle(tx: &mut Tx, claim: &Claim, outcome: Outcome) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE education_nudges SET outcome = $1
         WHERE notice = $2 AND round_ms = $3 AND step = $4 AND attempt = $5 AND outcome = ''",
    )
    .bind(outcome.word())
    .bind(&claim.notice)
    .bind(claim.round_ms)
    .bind(&claim.step)
    .bind(claim.attempt)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps why a notice was late, the first time.
pub(crate) async fn put_late(
    tx: &mut Tx,
    record: &Record,
    cause: LateCause,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_late (notice, round_ms, cause, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(&record.id)
    .bind(record.received.as_millisecond())
    .bind(cause.word())
    .bind(at.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Why notices were late, by notice; nothing for those that were not.
pub(crate) async fn late(
    conn: &mut Conn,
    records: &[&Record],
) -> Result<HashMap<String, String>, StoreError> {
    let mut causes = HashMap::new();
    for chunk in records.chunks(CHUNK) {
        let sql = format!(
            "SELECT notice, round_ms, cause FROM education_late WHERE notice IN ({})",
            in_list(1, chunk.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for record in chunk {
            query = query.bind(&record.id);
        }
        for row in query.fetch_all(conn.conn()).await? {
            let (notice, round): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let is_this = |it: &&&Record| it.id == notice && it.received.as_millisecond() == round;
            if chunk.iter().any(|record| is_this(&record)) {
                causes.insert(notice, row.try_get(2)?);
            }
        }
    }
    Ok(causes)
}

/// The ladder of an authority, if it has one of its own.
pub(crate) async fn of_authority(
    conn: &mut Conn,
    authority: &str,
) -> Result<Option<wire::Ladder>, StoreError> {
    let row = sqlx::query("SELECT ladder FROM education_ladders WHERE authority = $1")
        .bind(authority)
        .fetch_optional(conn.conn())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let ladder: Vec<u8> = row.try_get(0)?;
    wire::Ladder::decode(ladder.as_slice()).map(Some).map_err(corrupt("a ladder"))
}

/// Replaces the ladder of an authority.
pub(crate) async fn put_ladder(
    tx: &mut Tx,
    authority: &str,
    ladder: &wire::Ladder,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO education_ladders (authority, ladder) VALUES ($1, $2)
         ON CONFLICT (authority) DO UPDATE SET ladder = excluded.ladder",
    )
    .bind(authority)
    .bind(ladder.encode_to_vec())
    .execute(tx.conn())
    .await?;
    Ok(())
}

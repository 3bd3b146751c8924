//! Guards: what a message in the outbox may rest on, so that nothing is published once that is gone.
//!
//! A guard is open, until a time, or closed for good. A relay asks [`clear`] before it publishes a message that rests
//! on guards; [`close`] takes away the messages that still wait, and the commit of its transaction returns only when
//! none that rests on the guard is being published any more. So whoever sees that commit return knows that nothing goes
//! from then on, however many relays there are and whatever has become of them.
//!
//! Two ways lead there. A bus that lives in this very database is written in the transaction that cleared the message
//! and holds the guard. A bus elsewhere cannot take part in a transaction, and a row lock that is held while the
//! network is slow is lost with the connection, when the message is not: so the relay first commits a *flight*, a row
//! that says until when it may be publishing, gives up before that time, and lands the flight when it is done. Closing
//! waits for flights to land, or for their time to pass. Times of flights are those of the database's clock.
//!
//! This module knows no business noun: what a guard stands for is its owner's affair.

use std::{collections::BTreeSet, time::Duration};

use sqlx::{AssertSqlSafe, Row as _};

use crate::{
    Store, StoreError, Tx, outbox,
    sql::{CHUNK, listed},
};

/// How long a relay may at most be publishing a flight: what closing a guard waits for when a relay has died.
pub const FLIGHT: Duration = Duration::from_secs(12);
/// How long a relay itself tries. The rest of [`FLIGHT`] is for what a broker received before and has not yet written.
pub const ATTEMPT: Duration = Duration::from_secs(5);
/// A guard that stays open until it is closed.
pub const FOR_EVER: i64 = i64::MAX;

/// What closing a guard has kept back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Ids of the events that waited, were never handed to the bus and never will be.
    pub dropped: Vec<String>,
    /// Ids of the events that a relay is handing to the bus, or was when it was last heard of: they may arrive until
    /// the commit returns, or have arrived, and never will afterwards.
    pub in_doubt: Vec<String>,
}

/// Why a message was barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The guard is closed.
    Closed,
    /// The guard's time has passed.
    Expired,
    /// There is no such guard, which is as good as closed.
    Unknown,
}

impl Why {
    const ALL: [Self; 3] = [Self::Closed, Self::Expired, Self::Unknown];

    const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

/// A message that a relay found barred and took out of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barred {
    /// Its event id.
    pub event_id: String,
    /// The guard that barred it.
    pub guard: String,
    /// Why.
    pub why: Why,
    /// Whether an earlier attempt to publish it ended without an answer, so that it may have arrived.
    pub in_doubt: bool,
}

/// Opens a guard until this time, or moves the time of one that is open. False means that it was closed before, and it
/// stays closed.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn open(tx: &mut Tx, id: &str, until_ms: i64) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO guards (guard_id, open, until_ms) VALUES ($1, 1, $2)
         ON CONFLICT (guard_id) DO UPDATE SET until_ms = excluded.until_ms WHERE guards.open = 1",
    )
    .bind(id)
    .bind(until_ms)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes a guard for good and takes the messages that rest on it out of the outbox.
///
/// Once [`Tx::commit`] has returned, nothing that rests on the guard is published. It waits for what is being published
/// at this moment, at most [`FLIGHT`] if a relay died or the bus does not answer.
///
/// # Errors
/// When the store fails; the transaction should be dropped then, and nothing has changed.
pub async fn close(tx: &mut Tx, id: &str) -> Result<Closed, StoreError> {
    // First of all the guard: whoever clears a message now waits for us, or we for him.
    sqlx::query(
        "INSERT INTO guards (guard_id, open, until_ms) VALUES ($1, 0, 0)
         ON CONFLICT (guard_id) DO UPDATE SET open = 0",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    tx.settle_on_commit(id);
    let sql = format!(
        "SELECT o.seq, o.event_id,
            (SELECT COUNT(*) FROM outbox_flights f WHERE f.seq = o.seq),
            (SELECT COUNT(*) FROM outbox_flights f WHERE f.seq = o.seq AND f.until_ms > {})
         FROM outbox_guards g JOIN outbox o ON o.seq = g.seq WHERE g.guard_id = $1 ORDER BY o.seq",
        tx.dialect().now_ms()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_all(tx.conn()).await?;
    let mut closed = Closed::default();
    let mut gone = Vec::new();
    for row in rows {
        let (seq, flights, flying): (i64, i64, i64) =
            (row.try_get(0)?, row.try_get(2)?, row.try_get(3)?);
        // What flies is left to its relay: it lands, or is found barred.
        if flying == 0 {
            gone.push(seq);
        }
        let ids = if flights == 0 { &mut closed.dropped } else { &mut closed.in_doubt };
        ids.push(row.try_get(1)?);
    }
    outbox::remove(tx, &gone).await?;
    forget(tx, &gone).await?;
    Ok(closed)
}

/// Waits until nothing that rests on these guards is being published. [`Tx::commit`] does it for the guards that it
/// closes; whoever answers a second time for a guard that is closed already asks once more.
pub async fn settle(store: &Store, guards: &[String]) {
    // Should the store be away, the flights run out by themselves.
    let deadline = tokio::time::Instant::now() + FLIGHT;
    let mut pause = Duration::from_millis(2);
    while tokio::time::Instant::now() < deadline {
        match flying(store, guards).await {
            Ok(false) => return,
            Ok(true) => (),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "waiting for flights whose landing cannot be seen");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(25));
    }
}

async fn flying(store: &Store, guards: &[String]) -> Result<bool, StoreError> {
    let now = store.dialect().now_ms();
    let mut conn = store.read().await?;
    for chunk in guards.chunks(CHUNK) {
        let (list, guards) = listed(1, chunk);
        let sql = format!(
            "SELECT COUNT(*) FROM outbox_flights WHERE until_ms > {now} AND guard_id IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for guard in guards {
            query = query.bind(guard);
        }
        let count: i64 = query.fetch_one(&mut *conn).await?.try_get(0)?;
        if count > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// For a relay: which of these guarded messages may be published now. The others are taken out of the outbox: each
/// leaves a [`Barred`] for its owner, or was taken away by [`close`] before.
///
/// Until the transaction ends nobody closes a guard of a cleared message. `now_ms` is the time by which guards expire;
/// without one it is the clock of the database.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn clear(
    tx: &mut Tx,
    seqs: &[i64],
    now_ms: Option<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let mut rests = resting(tx, seqs).await?;
    let wanted: BTreeSet<String> = rests.iter().map(|rest| rest.guard.clone()).collect();
    let standing = standing(tx, &wanted, now_ms).await?;
    // Read once more under the locks: what a closing took away in between must not go.
    if !wanted.is_empty() {
        rests = resting(tx, seqs).await?;
    }
    let mut cleared: BTreeSet<i64> = rests.iter().map(|rest| rest.seq).collect();
    let mut barred = Vec::new();
    for rest in &rests {
        let why = standing.iter().find(|(guard, _)| *guard == rest.guard);
        let why = why.map_or(Some(Why::Unknown), |(_, why)| *why);
        if let Some(why) = why
            && cleared.remove(&rest.seq)
        {
            leave_trace(tx, rest, why).await?;
            barred.push(rest.seq);
        }
    }
    outbox::remove(tx, &barred).await?;
    forget(tx, &barred).await?;
    Ok(cleared)
}

/// A message and one guard that it rests on.
struct Rest {
    seq: i64,
    guard: String,
}

async fn resting(tx: &mut Tx, seqs: &[i64]) -> Result<Vec<Rest>, StoreError> {
    let mut found = Vec::new();
    for chunk in seqs.chunks(CHUNK) {
        let (list, seqs) = listed(1, chunk);
        let sql = format!(
            "SELECT g.seq, g.guard_id FROM outbox_guards g JOIN outbox o ON o.seq = g.seq
             WHERE g.seq IN ({list}) ORDER BY g.seq, g.guard_id"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for seq in seqs {
            query = query.bind(*seq);
        }
        for row in query.fetch_all(tx.conn()).await? {
            found.push(Rest { seq: row.try_get(0)?, guard: row.try_get(1)? });
        }
    }
    Ok(found)
}

/// How each guard stands: `None` is open. They are locked in order until the transaction ends.
async fn standing(
    tx: &mut Tx,
    guards: &BTreeSet<String>,
    now_ms: Option<i64>,
) -> Result<Vec<(String, Option<Why>)>, StoreError> {
    let now = now_ms.map_or_else(|| tx.dialect().now_ms().to_owned(), |now| now.to_string());
    let guards: Vec<&String> = guards.iter().collect();
    let mut found = Vec::new();
    for chunk in guards.chunks(CHUNK) {
        let (list, guards) = listed(1, chunk);
        let sql = format!(
            "SELECT guard_id, open, CAST(CASE WHEN until_ms > {now} THEN 1 ELSE 0 END AS BIGINT) FROM guards
             WHERE guard_id IN ({list}) ORDER BY guard_id{}",
            tx.dialect().share_lock()
        );
        // A time that is given is part of the text, which is then never the same again.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(now_ms.is_none());
        for guard in guards {
            query = query.bind(*guard);
        }
        for row in query.fetch_all(tx.conn()).await? {
            let (open, in_time): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
            let why = match (open, in_time) {
                (0, _) => Some(Why::Closed),
                (_, 0) => Some(Why::Expired),
                _ => None,
            };
            found.push((row.try_get(0)?, why));
        }
    }
    Ok(found)
}

async fn leave_trace(tx: &mut Tx, rest: &Rest, why: Why) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO outbox_barred (seq, component, event_id, guard_id, why, in_doubt, at_ms)
         SELECT seq, component, event_id, $2, $3,
            CASE WHEN EXISTS (SELECT 1 FROM outbox_flights f WHERE f.seq = outbox.seq) THEN 1 ELSE 0 END, {}
         FROM outbox WHERE seq = $1 ON CONFLICT DO NOTHING",
        tx.dialect().now_ms()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(rest.seq)
        .bind(&rest.guard)
        .bind(why.word())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// For a relay whose bus is elsewhere: marks cleared messages as being published from now on, for [`FLIGHT`] at most.
/// Only what is committed counts: publish afterwards, and give up [`ATTEMPT`] after this call.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn take_off(
    tx: &mut Tx,
    flight: &str,
    cleared: &BTreeSet<i64>,
) -> Result<(), StoreError> {
    let lasts = i64::try_from(FLIGHT.as_millis()).unwrap_or(i64::MAX);
    let now = tx.dialect().now_ms();
    let seqs: Vec<i64> = cleared.iter().copied().collect();
    for chunk in seqs.chunks(CHUNK) {
        let (list, seqs) = listed(3, chunk);
        let sql = format!(
            "INSERT INTO outbox_flights (flight, seq, guard_id, until_ms)
             SELECT $1, seq, guard_id, {now} + $2 FROM outbox_guards WHERE seq IN ({list})"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(flight).bind(lasts);
        for seq in seqs {
            query = query.bind(*seq);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// For a relay: what it has published rests on nothing any more, and the flight, if there was one, has landed.
///
/// # Errors
/// When the store fails; the transaction should be dropped then, and the flight runs out by itself.
pub async fn land(tx: &mut Tx, flight: Option<&str>, seqs: &[i64]) -> Result<(), StoreError> {
    if let Some(flight) = flight {
        sqlx::query("DELETE FROM outbox_flights WHERE flight = $1")
            .bind(flight)
            .execute(tx.conn())
            .await?;
    }
    forget(tx, seqs).await
}

/// Forgets what these messages rested on, and flights of theirs that have run out. One that has not is another relay's.
async fn forget(tx: &mut Tx, seqs: &[i64]) -> Result<(), StoreError> {
    let now = tx.dialect().now_ms();
    for chunk in seqs.chunks(CHUNK) {
        let (list, _) = listed(1, chunk);
        let statements = [
            format!("DELETE FROM outbox_guards WHERE seq IN ({list})"),
            format!("DELETE FROM outbox_flights WHERE seq IN ({list}) AND until_ms <= {now}"),
        ];
        for sql in statements {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for seq in listed(1, chunk).1 {
                query = query.bind(*seq);
            }
            query.execute(tx.conn()).await?;
        }
    }
    Ok(())
}

/// For the owner of messages: takes what relays of this component have found barred, to put it on record in the same
/// transaction. Oldest first.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn take_barred(
    tx: &mut Tx,
    component: &str,
    limit: usize,
) -> Result<Vec<Barred>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, event_id, guard_id, why, in_doubt FROM outbox_barred WHERE component = $1 ORDER BY seq LIMIT $2",
    )
    .bind(component)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(tx.conn())
    .await?;
    let mut barred = Vec::new();
    for row in rows {
        let seq: i64 = row.try_get(0)?;
        // Whoever deletes the row has it: two owners at once do not both put it on record.
        let done = sqlx::query("DELETE FROM outbox_barred WHERE seq = $1")
            .bind(seq)
            .execute(tx.conn())
            .await?;
        let word: String = row.try_get(3)?;
        let why = Why::ALL.into_iter().find(|why| why.word() == word);
        if done.rows_affected() == 1 {
            barred.push(Barred {
                event_id: row.try_get(1)?,
                guard: row.try_get(2)?,
                why: why.ok_or(StoreError::Corrupt("why a message was barred"))?,
                in_doubt: row.try_get::<i64, _>(4)? != 0,
            });
        }
    }
    Ok(barred)
}

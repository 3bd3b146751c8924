//! The outbox: events written in the transaction of the state that they tell of, and published afterwards by a relay.
//!
//! Order is kept per key as long as transactions on the same aggregate lock its row before they enqueue, for then
//! their numbers rise in the order of their commits.

use std::borrow::Cow;

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::{
    Store, StoreError, Tx,
    keys::{self, Scope},
    sql::{CHUNK, in_list, listed, pieces},
};

/// A message to publish once its transaction is committed.
#[derive(Clone)]
pub struct OutboxMessage {
    /// Where it goes.
    pub topic: &'static str,
    /// The pseudonym by which it is ordered; never an NHS number or UPN.
    pub key: String,
    /// The id that stays the same however often it is published.
    pub event_id: String,
    /// The encoded envelope.
    pub payload: Vec<u8>,
    /// What it rests on: it is published only while every one of these [`guards`](crate::guards) is open.
    pub guards: Vec<String>,
    /// What its content belongs to, by which it is sealed and erased; none for what tells of no person.
    pub scope: Option<Scope>,
}

/// A message that waits for the relay.
#[derive(Clone)]
pub struct PendingMessage {
    /// Its number in the outbox.
    pub seq: i64,
    /// Where it goes.
    pub topic: String,
    /// The pseudonym by which it is ordered.
    pub key: String,
    /// The id that stays the same however often it is published.
    pub event_id: String,
    /// The encoded envelope.
    pub payload: Vec<u8>,
    /// Whether it rests on a guard.
    pub guarded: bool,
}

/// How much waits in an outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages.
    pub messages: u64,
    /// Milliseconds that the oldest of them has waited.
    pub oldest_ms: u64,
}

pub(crate) fn signal_name(component: &str) -> String {
    format!("outbox/{component}")
}

/// Adds messages to the outbox of a component, and wakes its relay once the transaction is committed.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn enqueue(
    tx: &mut Tx,
    component: &str,
    messages: &[OutboxMessage],
) -> Result<(), StoreError> {
    enqueue_urgent(tx, component, messages, |_| false).await
}

/// As [`enqueue`]. Those of the messages that are urgent, and rest on no guard, do not wait for a ledger that is out of
/// reach: they may overtake others under one key then.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn enqueue_urgent(
    tx: &mut Tx,
    component: &str,
    messages: &[OutboxMessage],
    is_urgent: impl Fn(&OutboxMessage) -> bool + Send + Sync,
) -> Result<(), StoreError> {
    let sealed = seal(tx, messages).await?;
    let messages: Vec<_> = messages.iter().zip(&sealed).collect();
    // Runs of one kind, one after the other, so that the numbers rise in the order of the messages.
    for run in
        messages.chunk_by(|(one, _), (next, _)| one.guards.is_empty() && next.guards.is_empty())
    {
        match run {
            [(message, payload)] if !message.guards.is_empty() => {
                enqueue_guarded(tx, component, message, payload).await?;
            }
            run => {
                let rows =
                    run.iter().map(|(message, it)| (row_of(message, it), is_urgent(message)));
                insert(tx, component, &rows.collect::<Vec<_>>()).await?;
            }
        }
    }
    Ok(())
}

/// What is sealed here stays so until its consumer takes it in: in this table, on the bus, and as a dead letter.
async fn seal<'a>(
    tx: &mut Tx,
    messages: &'a [OutboxMessage],
) -> Result<Vec<Cow<'a, [u8]>>, StoreError> {
    let keys =
        keys::to_seal(tx, messages.iter().filter_map(|message| message.scope.as_ref())).await?;
    messages
        .iter()
        .map(|message| match &message.scope {
            Some(scope) => keys.seal(scope, message.topic, &message.payload).map(Cow::Owned),
            None => Ok(Cow::Borrowed(message.payload.as_slice())),
        })
        .collect()
}

/// Topic, key, event id, payload.
type OutboxRow<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

fn row_of<'a>(message: &'a OutboxMessage, payload: &'a [u8]) -> OutboxRow<'a> {
    (message.topic, message.key.as_str(), message.event_id.as_str(), payload)
}

/// One row, since what it rests on is kept under its number.
async fn enqueue_guarded(
    tx: &mut Tx,
    component: &str,
    message: &OutboxMessage,
    payload: &[u8],
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO outbox (component, topic, msg_key, event_id, payload, at_ms, guarded)
         VALUES ($1, $2, $3, $4, $5, {}, 1) RETURNING seq",
        tx.dialect().now_ms()
    );
    let (topic, key, event_id, payload) = row_of(message, payload);
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(component)
        .bind(topic)
        .bind(key)
        .bind(event_id)
        .bind(payload)
        .fetch_one(tx.conn())
        .await?;
    let seq: i64 = row.try_get(0)?;
    for guard in &message.guards {
        sqlx::query(
            "INSERT INTO outbox_guards (guard_id, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(guard)
        .bind(seq)
        .execute(tx.conn())
        .await?;
    }
    tx.signal_on_commit(&signal_name(component));
    Ok(())
}

/// As [`enqueue`], for topics that are known only at run time: (topic, key, event id, payload). Payloads are taken as
/// they are: what was sealed once, and goes round again, stays sealed.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn enqueue_rows(
    tx: &mut Tx,
    component: &str,
    rows: &[OutboxRow<'_>],
) -> Result<(), StoreError> {
    let rows: Vec<_> = rows.iter().map(|row| (*row, false)).collect();
    insert(tx, component, &rows).await
}

async fn insert(
    tx: &mut Tx,
    component: &str,
    rows: &[(OutboxRow<'_>, bool)],
) -> Result<(), StoreError> {
    let now = tx.dialect().now_ms();
    for chunk in pieces(rows) {
        let mut values = String::new();
        for row in 0..chunk.len() {
            let separator = if row == 0 { "" } else { "," };
            values.push_str(&format!("{separator}({}, {now})", in_list(row * 6 + 1, 6)));
        }
        let sql = format!(
            "INSERT INTO outbox (component, topic, msg_key, event_id, payload, urgent, at_ms) VALUES {values}"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for ((topic, key, event_id, payload), urgent) in chunk {
            query = query.bind(component).bind(*topic).bind(*key).bind(*event_id).bind(*payload);
            query = query.bind(i64::from(*urgent));
        }
        query.execute(tx.conn()).await?;
    }
    if !rows.is_empty() {
        tx.signal_on_commit(&signal_name(component));
    }
    Ok(())
}

/// The oldest messages of a component, in order. They stay until [`delete`] takes them away.
///
/// # Errors
/// When the store fails.
pub async fn take(
    store: &Store,
    component: &str,
    limit: usize,
) -> Result<Vec<PendingMessage>, StoreError> {
    take_where(store, component, "", limit).await
}

/// As [`take`], only those of [`enqueue_urgent`].
///
/// # Errors
/// When the store fails.
pub async fn take_urgent(
    store: &Store,
    component: &str,
    limit: usize,
) -> Result<Vec<PendingMessage>, StoreError> {
    take_where(store, component, "AND urgent = 1", limit).await
}

async fn take_where(
    store: &Store,
    component: &str,
    condition: &str,
    limit: usize,
) -> Result<Vec<PendingMessage>, StoreError> {
    let mut conn = store.read().await?;
    let sql = format!(
        "SELECT seq, topic, msg_key, event_id, payload, guarded FROM outbox WHERE component = $1 {condition}
         ORDER BY seq LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(component)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *conn)
        .await?;
    conn.done();
    rows.iter()
        .map(|row| {
            Ok(PendingMessage {
                seq: row.try_get(0)?,
                topic: row.try_get(1)?,
                key: row.try_get(2)?,
                event_id: row.try_get(3)?,
                payload: row.try_get(4)?,
                guarded: row.try_get::<i64, _>(5)? != 0,
            })
        })
        .collect()
}

/// Removes published messages.
///
/// # Errors
/// When the store fails; then none of them is removed, and they may be published once more.
pub async fn delete(store: &Store, seqs: &[i64]) -> Result<(), StoreError> {
    if seqs.len() <= CHUNK {
        let mut single = store.single().await?;
        take_away(single.conn(), seqs).await?;
        return single.done();
    }
    let mut tx = store.begin().await?;
    remove(&mut tx, seqs).await?;
    tx.commit().await
}

/// As [`delete`], within a transaction.
///
/// # Errors
/// When the store fails; the transaction should be dropped then.
pub async fn remove(tx: &mut Tx, seqs: &[i64]) -> Result<(), StoreError> {
    for chunk in seqs.chunks(CHUNK) {
        take_away(tx.conn(), chunk).await?;
    }
    Ok(())
}

/// In one statement.
async fn take_away(conn: &mut AnyConnection, seqs: &[i64]) -> Result<(), StoreError> {
    let (list, seqs) = listed(1, seqs);
    let sql = format!("DELETE FROM outbox WHERE seq IN ({list})");
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for seq in seqs {
        query = query.bind(*seq);
    }
    query.execute(conn).await?;
    Ok(())
}

/// What waits for the relay of a component: the number to alarm on.
///
/// # Errors
/// When the store fails.
pub async fn backlog(store: &Store, component: &str) -> Result<Backlog, StoreError> {
    let now = store.dialect().now_ms();
    let mut conn = store.read().await?;
    let sql = format!(
        "SELECT COUNT(*), COALESCE(({now}) - MIN(at_ms), 0) FROM outbox WHERE component = $1"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(component).fetch_one(&mut *conn).await?;
    let (messages, oldest): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Backlog {
        messages: u64::try_from(messages).unwrap_or(0),
        oldest_ms: u64::try_from(oldest).unwrap_or(0),
    })
}

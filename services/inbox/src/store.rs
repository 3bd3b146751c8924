//! The tables of the inbox: accounts, links, codes, sessions, attempts. Nothing else in it knows SQL.

use jiff::{SignedDuration, Timestamp};
use mash_store::{Migration, Store, StoreError, Tx};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

mod ways;

pub(crate) use ways::{
    KeptPasskey, add_passkey, passkey, passkeys, put_challenge, remove_passkey, remove_passkeys,
    spend, take_challenge, use_passkey,
};

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "accounts and sessions",
        sql: include_str!("store/0001_inbox.sql"),
    },
    Migration {
        version: 2,
        name: "providers and passkeys",
        sql: include_str!("store/0002_ways_in.sql"),
    },
];

/// How long what has ended is kept.
const KEEP: SignedDuration = SignedDuration::from_hours(24);

/// Brings the tables up to date.
pub(crate) async fn migrate(store: &Store) -> Result<(), StoreError> {
    store.migrate(crate::COMPONENT, MIGRATIONS).await
}

/// Somebody who may sign in.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) organisation: String,
    pub(crate) practitioner: String,
    /// The tag of her language; empty if she has chosen none.
    pub(crate) language: String,
}

const ACCOUNT: &str = "a.id, a.organisation, a.practitioner, a.language";

fn account(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.try_get(0)?,
        organisation: row.try_get(1)?,
        practitioner: row.try_get(2)?,
        language: row.try_get(3)?,
    })
}

/// Makes an account, or gives one that is there another address.
pub(crate) async fn put_account(
    tx: &mut Tx,
    account: &Account,
    email_key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inbox_accounts (id, organisation, practitioner, language, email_key, invite_ms)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (organisation, practitioner) DO UPDATE SET email_key = excluded.email_key",
    )
    .bind(&account.id)
    .bind(&account.organisation)
    .bind(&account.practitioner)
    .bind(&account.language)
    .bind(email_key)
    .bind(now.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The account of a practitioner.
pub(crate) async fn account_of(
    conn: &mut AnyConnection,
    organisation: &str,
    practitioner: &str,
) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {ACCOUNT} FROM inbox_accounts a WHERE a.organisation = $1 AND a.practitioner = $2"
    )))
    .bind(organisation)
    .bind(practitioner)
    .fetch_optional(conn);
    row.await?.as_ref().map(account).transpose()
}

/// The account with this address.
pub(crate) async fn account_by_email(
    conn: &mut AnyConnection,
    email_key: &str,
) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {ACCOUNT} FROM inbox_accounts a WHERE a.email_key = $1"
    )))
    .bind(email_key)
    .fetch_optional(conn);
    row.await?.as_ref().map(account).transpose()
}

/// Sets the language of an account.
pub(crate) async fn set_language(tx: &mut Tx, id: &str, tag: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE inbox_accounts SET language = $1 WHERE id = $2")
        .bind(tag)
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps a one-time link.
pub(crate) async fn put_link(
    tx: &mut Tx,
    token_key: &str,
    account: &str,
    ends: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inbox_links (token_key, account, end_ms, used_ms) VALUES ($1, $2, $3, 0)",
    )
    .bind(token_key)
    .bind(account)
    .bind(ends.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Uses a link up. Of two who try at once one succeeds.
pub(crate) async fn use_link(
    tx: &mut Tx,
    token_key: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let used = sqlx::query(
        "UPDATE inbox_links SET used_ms = $1 WHERE token_key = $2 AND used_ms = 0 AND end_ms > $1",
    )
    .bind(now.as_millisecond())
    .bind(token_key)
    .execute(tx.conn())
    .await?;
    if used.rows_affected() != 1 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT account FROM inbox_links WHERE token_key = $1")
        .bind(token_key)
        .fetch_one(tx.conn())
        .await?;
    Ok(Some(row.try_get(0)?))
}

/// Keeps the code that a browser asked for, in place of an earlier one. An account of the empty name is nobody's: it is
/// kept all the same, so that asking takes as long for a stranger.
pub(crate) async fn put_code(
    tx: &mut Tx,
    asker_key: &str,
    account: &str,
    code_key: &str,
    ends: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inbox_codes (asker_key, account, code_key, end_ms, tries) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (asker_key) DO UPDATE SET account = excluded.account, code_key = excluded.code_key,
         end_ms = excluded.end_ms, tries = 0",
    )
    .bind(asker_key)
    .bind(account)
    .bind(code_key)
    .bind(ends.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Counts a try at the code of a browser, and gives the account and what is stored of the code while it is good.
pub(crate) async fn try_code(
    tx: &mut Tx,
    asker_key: &str,
    now: Timestamp,
    most: i64,
) -> Result<Option<(String, String)>, StoreError> {
    let tried = sqlx::query(
        "UPDATE inbox_codes SET tries = tries + 1 WHERE asker_key = $1 AND end_ms > $2 AND tries < $3",
    )
    .bind(asker_key)
    .bind(now.as_millisecond())
    .bind(most)
    .execute(tx.conn())
    .await?;
    if tried.rows_affected() != 1 {
        return Ok(None);
    }
    let row = sqlx::query("SELECT account, code_key FROM inbox_codes WHERE asker_key = $1")
        .bind(asker_key)
        .fetch_one(tx.conn())
        .await?;
    Ok(Some((row.try_get(0)?, row.try_get(1)?)))
}

/// A code was used, or may not be any more.
pub(crate) async fn drop_code(tx: &mut Tx, asker_key: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM inbox_codes WHERE asker_key = $1")
        .bind(asker_key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Counts an attempt of somebody in a stretch of time, and tells how many there were in it.
pub(crate) async fn attempt(
    tx: &mut Tx,
    subject: &str,
    window: Timestamp,
) -> Result<i64, StoreError> {
    sqlx::query(
        "INSERT INTO inbox_attempts (subject, window_ms, attempts) VALUES ($1, $2, 1)
         ON CONFLICT (subject, window_ms) DO UPDATE SET attempts = inbox_attempts.attempts + 1",
    )
    .bind(subject)
    .bind(window.as_millisecond())
    .execute(tx.conn())
    .await?;
    let row =
        sqlx::query("SELECT attempts FROM inbox_attempts WHERE subject = $1 AND window_ms = $2")
            .bind(subject)
            .bind(window.as_millisecond())
            .fetch_one(tx.conn())
            .await?;
    Ok(row.try_get(0)?)
}

/// A session, as it is kept.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) account: Account,
    pub(crate) agent_key: String,
    pub(crate) seen: Timestamp,
    pub(crate) opened: Timestamp,
}

/// Keeps a new session.
pub(crate) async fn put_session(
    tx: &mut Tx,
    token_key: &str,
    (account, agent_key): (&str, &str),
    (now, ends): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inbox_sessions (token_key, account, agent_key, create_ms, seen_ms, end_ms)
         VALUES ($1, $2, $3, $4, $4, $5)",
    )
    .bind(token_key)
    .bind(account)
    .bind(agent_key)
    .bind(now.as_millisecond())
    .bind(ends.as_millisecond())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The session of a token, while it lasts.
pub(crate) async fn session(
    conn: &mut AnyConnection,
    token_key: &str,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {ACCOUNT}, s.agent_key, s.seen_ms, s.create_ms FROM inbox_sessions s JOIN inbox_accounts a ON a.id = s.account
         WHERE s.token_key = $1 AND s.end_ms > $2 AND s.seen_ms > $3"
    )))
    .bind(token_key)
    .bind(now.as_millisecond())
    .bind(idle_since.as_millisecond())
    .fetch_optional(conn)
    .await?;
    let stored = |row: AnyRow| {
        let time = |at: usize| {
            Timestamp::from_millisecond(row.try_get(at)?)
                .map_err(|_| StoreError::Corrupt("the time of a session"))
        };
        let (agent_key, seen, opened) = (row.try_get(4)?, time(5)?, time(6)?);
        Ok(Stored { account: account(&row)?, agent_key, seen, opened })
    };
    row.map(stored).transpose()
}

/// A session was used.
pub(crate) async fn touch(tx: &mut Tx, token_key: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE inbox_sessions SET seen_ms = $1 WHERE token_key = $2")
        .bind(now.as_millisecond())
        .bind(token_key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a session.
pub(crate) async fn end_session(tx: &mut Tx, token_key: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM inbox_sessions WHERE token_key = $1")
        .bind(token_key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends every session of an account.
pub(crate) async fn end_sessions(tx: &mut Tx, account: &str) -> Result<u64, StoreError> {
    let ended = sqlx::query("DELETE FROM inbox_sessions WHERE account = $1")
        .bind(account)
        .execute(tx.conn())
        .await?;
    Ok(ended.rows_affected())
}

/// Forgets what ended a day ago.
pub(crate) async fn forget(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let Ok(before) = now.saturating_sub(KEEP) else { return Ok(()) };
    let mut tx = store.begin().await?;
    for sql in [
        "DELETE FROM inbox_sessions WHERE end_ms < $1",
        "DELETE FROM inbox_links WHERE end_ms < $1",
        "DELETE FROM inbox_codes WHERE end_ms < $1",
        "DELETE FROM inbox_attempts WHERE window_ms < $1",
        "DELETE FROM inbox_spent WHERE end_ms < $1",
        "DELETE FROM inbox_challenges WHERE end_ms < $1",
    ] {
        sqlx::query(sql).bind(before.as_millisecond()).execute(tx.conn()).await?;
    }
    tx.commit().await
}

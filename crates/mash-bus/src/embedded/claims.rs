//! Who reads which partition.
//!
//! Members tell that they are alive by moving their expiry; a claim stands as long as its member does. Each member
//! looks for itself how many partitions are its fair share, gives back what is too much and takes what is free.
//! Two members may read the same partition for a moment, when one was held up for longer than its expiry. That is
//! harmless: the seen-events table gives each event one effect, and committed positions only ever rise.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Row as _};

use mash_store::{Store, StoreError, Tx, in_list};

use super::Partition;

/// How long a member that died keeps its partitions.
pub(super) const EXPIRY: Duration = Duration::from_secs(4);
/// How often members say that they are alive, and look whether the shares have changed.
pub(super) const BEAT: Duration = Duration::from_secs(1);

/// A member of a group.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) group: String,
    pub(super) id: String,
}

/// Claims of a group, as they stand.
struct Standing {
    members: BTreeSet<String>,
    /// Partitions and the living member that reads them.
    claims: BTreeMap<Partition, Option<String>>,
}

/// What a member should change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) release: Vec<Partition>,
    pub(super) claim: Vec<Partition>,
}

/// The embedded bus serves one machine, so all its members read the same clock.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn expiry_ms() -> i64 {
    now_ms() + i64::try_from(EXPIRY.as_millis()).unwrap_or(i64::MAX)
}

/// Says that the member is alive, and clears away members that are long gone.
pub(super) async fn beat(store: &Store, member: &Member) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    say_alive(&mut tx, member).await?;
    tx.commit().await
}

async fn say_alive(tx: &mut Tx, member: &Member) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bus_members (grp, member, expires_ms) VALUES ($1, $2, $3)
         ON CONFLICT (grp, member) DO UPDATE SET expires_ms = excluded.expires_ms",
    )
    .bind(&member.group)
    .bind(&member.id)
    .bind(expiry_ms())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Leaves the group at once, so that the others need not wait for the expiry.
pub(super) async fn leave(store: &Store, member: &Member) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for sql in [
        "DELETE FROM bus_claims WHERE grp = $1 AND member = $2",
        "DELETE FROM bus_members WHERE grp = $1 AND member = $2",
    ] {
        sqlx::query(sql).bind(&member.group).bind(&member.id).execute(tx.conn()).await?;
    }
    tx.commit().await
}

/// Brings the member's claims to its fair share, and returns the partitions that it holds with their committed offsets.
/// Returns `None` when nothing has changed since it held `held`.
pub(super) async fn balance(
    store: &Store,
    member: &Member,
    topics: &[String],
    held: &BTreeSet<Partition>,
) -> Result<Option<BTreeMap<Partition, i64>>, StoreError> {
    let standing = look(store, member, topics).await?;
    let change = fair_share(&standing, &member.id);
    let holds: BTreeSet<_> = standing.held_by(&member.id);
    if change == Change::default() && holds == *held {
        return Ok(None);
    }
    let mut tx = store.begin().await?;
    say_alive(&mut tx, member).await?;
    for partition in &change.release {
        sqlx::query(
            "DELETE FROM bus_claims WHERE grp = $1 AND member = $2 AND topic = $3 AND part = $4",
        )
        .bind(&member.group)
        .bind(&member.id)
        .bind(&partition.0)
        .bind(partition.1)
        .execute(tx.conn())
        .await?;
    }
    for partition in &change.claim {
        claim(&mut tx, member, partition).await?;
    }
    let holds = positions(&mut tx, member, topics).await?;
    tx.commit().await?;
    tracing::debug!(group = member.group, partitions = holds.len(), "partitions shared out");
    Ok(Some(holds))
}

impl Standing {
    fn held_by(&self, member: &str) -> BTreeSet<Partition> {
        let mine = self.claims.iter().filter(|(_, holder)| holder.as_deref() == Some(member));
        mine.map(|(partition, _)| partition.clone()).collect()
    }
}

async fn look(store: &Store, member: &Member, topics: &[String]) -> Result<Standing, StoreError> {
    let mut conn = store.read().await?;
    let now = now_ms();
    let rows = sqlx::query("SELECT member FROM bus_members WHERE grp = $1 AND expires_ms > $2")
        .bind(&member.group)
        .bind(now)
        .fetch_all(&mut *conn)
        .await?;
    let mut members = BTreeSet::from([member.id.clone()]);
    for row in rows {
        members.insert(row.try_get(0)?);
    }
    let sql = format!(
        "SELECT h.topic, h.part, c.member FROM bus_heads h
         LEFT JOIN bus_claims c ON c.grp = $1 AND c.topic = h.topic AND c.part = h.part
         WHERE h.topic IN ({})",
        in_list(2, topics.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(&member.group);
    for topic in topics {
        query = query.bind(topic);
    }
    let mut claims = BTreeMap::new();
    for row in query.fetch_all(&mut *conn).await? {
        let holder: Option<String> = row.try_get(2)?;
        // A claim of a member that is gone is no claim.
        claims.insert(
            (row.try_get(0)?, row.try_get(1)?),
            holder.filter(|holder| members.contains(holder)),
        );
    }
    Ok(Standing { members, claims })
}

/// Rounded up, so that all partitions are read; members beyond the last share stand by.
fn fair_share(standing: &Standing, member: &str) -> Change {
    let share = standing.claims.len().div_ceil(standing.members.len().max(1));
    let mine = standing.held_by(member);
    let free = standing.claims.iter().filter(|(_, holder)| holder.is_none());
    Change {
        claim: free
            .map(|(partition, _)| partition.clone())
            .take(share.saturating_sub(mine.len()))
            .collect(),
        release: mine.into_iter().skip(share).collect(),
    }
}

async fn claim(tx: &mut Tx, member: &Member, partition: &Partition) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bus_claims (grp, topic, part, member) VALUES ($1, $2, $3, $4)
         ON CONFLICT (grp, topic, part) DO UPDATE SET member = excluded.member
         WHERE bus_claims.member NOT IN (SELECT member FROM bus_members WHERE grp = $1 AND expires_ms > $5)",
    )
    .bind(&member.group)
    .bind(&partition.0)
    .bind(partition.1)
    .bind(&member.id)
    .bind(now_ms())
    .execute(tx.conn())
    .await?;
    // From now on nothing is tidied away that this group has not read.
    sqlx::query("INSERT INTO bus_offsets (grp, topic, part, committed) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING")
        .bind(&member.group)
        .bind(&partition.0)
        .bind(partition.1)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn positions(
    tx: &mut Tx,
    member: &Member,
    topics: &[String],
) -> Result<BTreeMap<Partition, i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT c.topic, c.part, o.committed FROM bus_claims c
         JOIN bus_offsets o ON o.grp = c.grp AND o.topic = c.topic AND o.part = c.part
         WHERE c.grp = $1 AND c.member = $2",
    )
    .bind(&member.group)
    .bind(&member.id)
    .fetch_all(tx.conn())
    .await?;
    let mut positions = BTreeMap::new();
    for row in rows {
        let topic: String = row.try_get(0)?;
        if topics.contains(&topic) {
            positions.insert((topic, row.try_get(1)?), row.try_get(2)?);
        }
    }
    Ok(positions)
}

/// Commits positions. They only ever rise, so a member that was held up cannot undo what another has committed.
pub(super) async fn commit(
    store: &Store,
    group: &str,
    positions: &BTreeMap<Partition, i64>,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for ((topic, part), committed) in positions {
        sqlx::query(
            "INSERT INTO bus_offsets (grp, topic, part, committed) VALUES ($1, $2, $3, $4)
             ON CONFLICT (grp, topic, part) DO UPDATE SET committed = excluded.committed
             WHERE bus_offsets.committed < excluded.committed",
        )
        .bind(group)
        .bind(topic)
        .bind(*part)
        .bind(*committed)
        .execute(tx.conn())
        .await?;
    }
    tx.commit().await
}

/// Forgets members that have been gone for an hour, and their claims.
pub(super) async fn forget_the_gone(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM bus_members WHERE expires_ms < $1")
        .bind(now_ms() - 3_600_000)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "DELETE FROM bus_claims WHERE NOT EXISTS
            (SELECT 1 FROM bus_members m WHERE m.grp = bus_claims.grp AND m.member = bus_claims.member)",
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(members: &[&str], holders: &[Option<&str>]) -> Standing {
        let claims = (0..)
            .zip(holders)
            .map(|(part, holder)| (("t".to_owned(), part), holder.map(str::to_owned)));
        Standing {
            members: members.iter().map(|m| (*m).to_owned()).collect(),
            claims: claims.collect(),
        }
    }

    #[test]
    fn shares_are_fair_and_leave_nothing_unread() {
        let table = [
            (vec!["a"], vec![None, None, None], 3, 0, "alone: everything"),
            (vec!["a", "b"], vec![None, None, None], 2, 0, "rounded up"),
            (vec!["a", "b"], vec![Some("a"), Some("a"), Some("a")], 0, 1, "a second member came"),
            (vec!["a", "b"], vec![Some("b"), Some("b"), None], 1, 0, "takes what is free"),
            (vec!["a", "b", "c"], vec![Some("b"), Some("c")], 0, 0, "more members than partitions"),
        ];
        for (members, holders, claim, release, why) in table {
            let change = fair_share(&standing(&members, &holders), "a");
            assert_eq!((change.claim.len(), change.release.len()), (claim, release), "{why}");
        }
    }
}

//! Meetings, disagreements and transfers: three tables of one shape.

use jiff::Timestamp;
use mash_proto::social_care::v1 as wire;
use mash_store::{Column, StoreError, Tx, in_list, keys::Opening, opening, present};
use prost::Message;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of, corrupt, limit,
    referrals::After,
    rows::{Known, Table, Value, by_ids},
    time,
};

const COLUMNS: &[&str] =
    &["authority", "id", "referral", "state", "waiting", "at_ms", "beside", "payload"];

/// Something that is kept beside a referral.
pub(crate) trait Matter: Message + Default + Clone {
    /// Its table.
    const TABLE: &'static str;
    /// What is told of it.
    const PAYLOAD: &'static Column;

    /// The word of its state, by which lists choose.
    fn state_word(&self) -> &'static str;

    /// Whether somebody has not answered.
    fn is_waiting(&self) -> bool;
}

impl Matter for wire::Meeting {
    const TABLE: &'static str = "social_care_meetings";
    const PAYLOAD: &'static Column = &Column::new(RECORD, "social_care_meetings.payload");

    fn state_word(&self) -> &'static str {
        self.state().as_str_name()
    }

    fn is_waiting(&self) -> bool {
        self.state() == wire::MeetingState::Called
            && self
                .invitations
                .iter()
                .any(|invitation| invitation.standing() == wire::InvitationStanding::Invited)
    }
}

impl Matter for wire::Disagreement {
    const TABLE: &'static str = "social_care_disagreements";
    const PAYLOAD: &'static Column = &Column::new(RECORD, "social_care_disagreements.payload");

    fn state_word(&self) -> &'static str {
        self.state().as_str_name()
    }

    fn is_waiting(&self) -> bool {
        self.state() == wire::DisagreementState::Open
    }
}

impl Matter for wire::Transfer {
    const TABLE: &'static str = "social_care_transfers";
    const PAYLOAD: &'static Column = &Column::new(RECORD, "social_care_transfers.payload");

    fn state_word(&self) -> &'static str {
        self.state().as_str_name()
    }

    fn is_waiting(&self) -> bool {
        self.state() == wire::TransferState::Offered
    }
}

/// One of them, as it is kept.
#[derive(Clone)]
pub(crate) struct Kept<M> {
    /// Whose.
    pub(crate) authority: String,
    /// Its id.
    pub(crate) id: String,
    /// The id of the referral.
    pub(crate) referral: String,
    /// When it began.
    pub(crate) at: Timestamp,
    /// What is not told of it.
    pub(crate) beside: String,
    /// What is told of it, but its clocks.
    pub(crate) wire: M,
}

/// Which ones.
pub(crate) struct Filter<'a> {
    pub(crate) authority: &'a str,
    /// The id of a referral.
    pub(crate) referral: Option<&'a str>,
    /// The word of a state.
    pub(crate) state: Option<&'a str>,
    pub(crate) waiting_only: bool,
}

/// Writes one, new or changed.
pub(crate) async fn put<M: Matter>(tx: &mut Tx, kept: &Kept<M>) -> Result<(), StoreError> {
    let table = Table { name: M::TABLE, columns: COLUMNS, key: 2 };
    let row: Vec<Value> = vec![
        kept.authority.as_str().into(),
        kept.id.as_str().into(),
        kept.referral.as_str().into(),
        kept.wire.state_word().into(),
        kept.wire.is_waiting().into(),
        kept.at.as_millisecond().into(),
        kept.beside.as_str().into(),
        Value::sealed(M::PAYLOAD, case_of(&kept.referral, &kept.id), kept.wire.encode_to_vec()),
    ];
    table.put(tx, Known::Replaced, vec![row]).await
}

fn read<M: Matter>() -> String {
    format!("SELECT authority, id, referral, at_ms, beside, payload FROM {}", M::TABLE)
}

/// One of them.
pub(crate) async fn get<M: Matter>(
    conn: &mut Conn,
    authority: &str,
    id: &str,
) -> Result<Option<Kept<M>>, StoreError> {
    let sql = format!("{} WHERE authority = $1 AND id", read::<M>());
    let rows = by_ids(conn, &sql, Some(authority), &[id]).await?;
    Ok(all(conn, rows).await?.pop())
}

/// Those of a referral, oldest first.
pub(crate) async fn of<M: Matter>(
    conn: &mut Conn,
    referral: &str,
) -> Result<Vec<Kept<M>>, StoreError> {
    let sql = format!("{} WHERE referral = $1 ORDER BY at_ms, id", read::<M>());
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(referral).fetch_all(conn.conn()).await?;
    all(conn, rows).await
}

/// A page, oldest first.
pub(crate) async fn list<M: Matter>(
    conn: &mut Conn,
    filter: &Filter<'_>,
    after: &After,
    size: usize,
) -> Result<Vec<Kept<M>>, StoreError> {
    let mut sql = format!("{} WHERE authority = $1 AND (at_ms, id) > ($2, $3)", read::<M>());
    if filter.waiting_only {
        sql.push_str(" AND waiting = 1");
    }
    let mut texts = Vec::new();
    for (column, text) in [("referral", filter.referral), ("state", filter.state)] {
        if let Some(text) = text {
            texts.push(text);
            sql.push_str(&format!(" AND {column} = {}", in_list(4 + texts.len(), 1)));
        }
    }
    sql.push_str(" ORDER BY at_ms, id LIMIT $4");
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(filter.authority)
        .bind(after.ms)
        .bind(&after.id)
        .bind(limit(size));
    for text in texts {
        query = query.bind(text);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    all(conn, rows).await
}

async fn all<M: Matter>(conn: &mut Conn, rows: Vec<AnyRow>) -> Result<Vec<Kept<M>>, StoreError> {
    let open = opening(conn, &rows, &[5]).await?;
    rows.iter().filter_map(|row| present(kept(row, &open))).collect()
}

fn kept<M: Matter>(row: &AnyRow, open: &Opening) -> Result<Kept<M>, StoreError> {
    let id: String = row.try_get(1)?;
    let payload = open.column(M::PAYLOAD, &id, row.try_get(5)?)?;
    Ok(Kept {
        authority: row.try_get(0)?,
        id,
        referral: row.try_get(2)?,
        at: time(row.try_get(3)?)?,
        beside: row.try_get(4)?,
        wire: M::decode(payload.as_slice())
            .map_err(corrupt("a meeting, disagreement or transfer"))?,
    })
}

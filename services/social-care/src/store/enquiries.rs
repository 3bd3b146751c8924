//! Questions to partners.

use std::collections::HashMap;

use jiff::Timestamp;
use mash_domain::referral::enquiry::{Command, Enquiry, Event, Refusal};
use mash_proto::{
    convert::social_care::{enquiry_from_wire, enquiry_to_wire},
    social_care::v1 as wire,
};
use mash_store::{Column, StoreError, Tx, keys::Opening, opening, present};
use prost::Message as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    Conn, RECORD, case_of, corrupt,
    rows::{Known, Table, Value, by_ids},
};

const TABLE: Table = Table {
    name: "social_care_enquiries",
    columns: &[
        "id",
        "referral",
        "authority",
        "partner",
        "state",
        "ask_ms",
        "due_ms",
        "end_ms",
        "payload",
    ],
    key: 1,
};

/// A question as it is kept.
#[derive(Clone)]
pub(crate) struct KeptEnquiry {
    /// The item that carries it.
    pub(crate) id: String,
    /// The referral that it belongs to.
    pub(crate) referral: String,
    /// Whose it is.
    pub(crate) authority: String,
    /// Who is asked, as `police/62`.
    pub(crate) partner: String,
    /// What is kept, and told.
    pub(crate) enquiry: wire::Enquiry,
    /// The same as a state machine.
    pub(crate) state: Enquiry,
}

impl KeptEnquiry {
    /// Applies a command, and says what happened.
    pub(crate) fn apply(
        &mut self,
        command: &Command,
        now: Timestamp,
    ) -> Result<Option<Event>, Refusal> {
        let event = self.state.apply(command, now)?;
        if let Some(event) = &event {
            self.state = self.state.clone().with(event, now);
            enquiry_to_wire(&self.state, &mut self.enquiry);
        }
        Ok(event)
    }
}

/// Writes questions, new or changed.
pub(crate) async fn put(tx: &mut Tx, enquiries: &[&KeptEnquiry]) -> Result<(), StoreError> {
    let rows = enquiries.iter().map(|kept| -> Vec<Value> {
        let KeptEnquiry { id, referral, authority, partner, enquiry, state } = kept;
        vec![
            id.as_str().into(),
            referral.as_str().into(),
            authority.as_str().into(),
            partner.as_str().into(),
            state.state.word().into(),
            state.asked.as_millisecond().into(),
            state.due.as_millisecond().into(),
            state.ended.map_or(0, Timestamp::as_millisecond).into(),
            Value::sealed(&PAYLOAD, case_of(referral, id), enquiry.encode_to_vec()),
        ]
    });
    TABLE.put(tx, Known::Replaced, rows.collect()).await
}

const PAYLOAD: Column = Column::new(RECORD, "social_care_enquiries.payload");
const READ: &str =
    "SELECT 0, referral, id, authority || ' ' || partner, 0, 0, payload FROM social_care_enquiries";

/// These questions.
pub(crate) async fn get(
    conn: &mut Conn,
    ids: &[&str],
) -> Result<HashMap<String, KeptEnquiry>, StoreError> {
    let rows = by_ids(conn, &format!("{READ} WHERE id"), None, ids).await?;
    Ok(all(conn, rows).await?.into_iter().map(|kept| (kept.id.clone(), kept)).collect())
}

/// Oldest first.
pub(super) fn sort(enquiries: &mut [KeptEnquiry]) {
    enquiries.sort_by(|one, other| (one.state.asked, &one.id).cmp(&(other.state.asked, &other.id)));
}

/// When questions of a hub were asked, due and ended: (partner, state, asked, due, ended).
pub(crate) async fn times(
    conn: &mut Conn,
    authority: &str,
    since: Timestamp,
) -> Result<Vec<(String, String, i64, i64, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT partner, state, ask_ms, due_ms, end_ms FROM social_care_enquiries
         WHERE authority = $1 AND ask_ms >= $2 ORDER BY partner",
    )
    .bind(authority)
    .bind(since.as_millisecond())
    .fetch_all(conn.conn())
    .await?;
    rows.iter()
        .map(|row| {
            let number = |column| -> Result<i64, StoreError> { Ok(row.try_get(column)?) };
            Ok((row.try_get(0)?, row.try_get(1)?, number(2)?, number(3)?, number(4)?))
        })
        .collect()
}

/// How many questions of a hub wait for an answer.
pub(crate) async fn waiting(conn: &mut Conn, authority: &str) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM social_care_enquiries WHERE authority = $1 AND state = 'open'",
    )
    .bind(authority)
    .fetch_one(conn.conn())
    .await?;
    Ok(row.try_get(0)?)
}

async fn all(conn: &mut Conn, rows: Vec<AnyRow>) -> Result<Vec<KeptEnquiry>, StoreError> {
    let open = opening(conn, &rows, &[6]).await?;
    rows.iter().filter_map(|row| present(kept(row, &open))).collect()
}

/// From referral, id, whose it is and who is asked, and the question.
pub(super) fn kept(row: &AnyRow, open: &Opening) -> Result<KeptEnquiry, StoreError> {
    let (id, both): (String, String) = (row.try_get(2)?, row.try_get(3)?);
    let payload = open.column(&PAYLOAD, &id, row.try_get(6)?)?;
    let enquiry = wire::Enquiry::decode(payload.as_slice()).map_err(corrupt("a question"))?;
    // Neither has a space in it.
    let (authority, partner) = both.split_once(' ').unwrap_or_default();
    Ok(KeptEnquiry {
        id,
        referral: row.try_get(1)?,
        authority: authority.to_owned(),
        partner: partner.to_owned(),
        state: enquiry_from_wire(&enquiry).map_err(corrupt("the state of a question"))?,
        enquiry,
    })
}

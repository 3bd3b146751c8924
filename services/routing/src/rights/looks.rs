//! Who looked at a child's record: kept here and in the ledger, in the transaction in which it is shown.
//!
//! One row for each person, record and hour: a system that asks again every minute is one look an hour, and no look is
//! lost among a thousand.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::rights::looked::Look;
use mash_ledger::Kind;
use mash_proto::{convert::time_to_wire, envelope::event_id, sharing::v1::Looked};
use mash_store::{StoreError, Tx};
use prost::Message as _;

use crate::store::{
    evidence::{self, Happening},
    rights::{self as store, LookRow},
    subjects::CaseChild,
};

const HOUR_MS: i64 = 3_600_000;

/// Keeps that somebody looks at these children's records, in the ledger too.
///
/// # Errors
///
/// [`StoreError`] if the store fails; then nothing may be shown.
pub async fn looks(
    tx: &mut Tx,
    caller: &Caller,
    look: Look,
    children: &[CaseChild],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows: Vec<LookRow> = children.iter().map(|child| row(caller, look, child, now)).collect();
    let happenings: Vec<Happening> = rows.iter().map(happening).collect();
    store::put_looks(tx, &rows).await?;
    evidence::record(tx, &happenings).await
}

/// Keeps that somebody opened what was sent: it is in the ledger as the recipient's own receipt.
///
/// # Errors
///
/// [`StoreError`] if the store fails; the transaction should be dropped then.
pub async fn opened(tx: &mut Tx, opened: &[Opened]) -> Result<(), StoreError> {
    let rows = opened.iter().map(|it| row(&it.by, it.look, &it.child, it.at));
    store::put_looks(tx, &rows.collect::<Vec<_>>()).await
}

/// Somebody opened what was sent about a child.
pub struct Opened {
    /// Who.
    pub by: Caller,
    /// What it was.
    pub look: Look,
    /// The child.
    pub child: CaseChild,
    /// When.
    pub at: Timestamp,
}

fn row(caller: &Caller, look: Look, child: &CaseChild, now: Timestamp) -> LookRow {
    let organisation = caller.organisation.to_string();
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let CaseChild { case_id, child_ref } = child.clone();
    let hour = now.as_millisecond().div_euclid(HOUR_MS).to_string();
    let words = ["look", &organisation, &practitioner, look.word(), &case_id, &child_ref, &hour];
    LookRow {
        id: event_id(&words).to_string(),
        case_id,
        child_ref,
        organisation: caller.organisation.clone(),
        practitioner,
        look,
        at: now,
    }
}

fn happening(row: &LookRow) -> Happening {
    Happening {
        kind: Kind::Accessed,
        at: row.at,
        organisation: row.organisation.to_string(),
        case: row.case_id.clone(),
        subject: subject(&row.id),
        ruleset: String::new(),
        nonce: String::new(),
        content: to_wire(row).encode_to_vec(),
    }
}

/// How a look is called in the ledger.
#[must_use]
pub fn subject(id: &str) -> String {
    format!("looks/{id}")
}

/// A look, for the wire.
#[must_use]
pub fn to_wire(row: &LookRow) -> Looked {
    Looked {
        time: Some(time_to_wire(row.at)),
        organisation: Some((&row.organisation).into()),
        practitioner: row.practitioner.clone(),
        what: row.look.word().to_owned(),
        child_ref: row.child_ref.clone(),
        case_id: row.case_id.clone(),
    }
}

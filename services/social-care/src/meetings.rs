//! Strategy discussions, conferences, disagreements and transfers.

use jiff::Timestamp;
use mash_domain::clock::Ring;
use mash_store::{StoreError, Tx};

use crate::{case::Case, effects::Effects, record::KeptClock, store::items::Kept};

/// A partner answered an invitation, or disagrees.
#[expect(clippy::unused_async, reason = "meetings are kept in tables of their own")]
pub(crate) async fn arrived(
    _tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    kept: &Kept,
    now: Timestamp,
) -> Result<(), StoreError> {
    let person = case.record.person(&case.hub.duty_manager);
    let about = ("correspondence", kept.release.release_id.as_str());
    effects.prompt(&case.record, about, &person, now);
    Ok(())
}

/// A clock with a subject that is no question has rung. True means that it was seen to here.
#[expect(clippy::unused_async, reason = "meetings are kept in tables of their own")]
pub(crate) async fn rang(
    _tx: &mut Tx,
    _case: &mut Case,
    _effects: &mut Effects,
    _clock: &KeptClock,
    _ring: Ring,
    _now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(false)
}

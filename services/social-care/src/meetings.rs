//! Strategy discussions, conferences, disagreements and transfers.
//!
//! Each is kept beside its referral and changed under its lock. Their clocks are clocks of the referral with a subject of
//! their own. What partners answer comes in through the intake ([`arrived`]), and what the hub tells them goes out as items,
//! for routing to decide what each may know.

mod arrive;
mod call_meeting;
mod disagreements;
mod grpc;
mod list_meetings;
mod outgoing;
mod outside_clock;
mod pause_clock;
mod record_meeting;
pub(crate) mod refusal;
mod timekeeping;
mod transfers;

use jiff::Timestamp;
use mash_domain::{
    clock::{Ring, ids},
    referral::{
        meeting::disagreement::Stage,
        work::{Decision, Outcome},
    },
};
use mash_proto::social_care::v1 as wire;
use mash_store::{StoreError, Tx};

pub(crate) use self::arrive::{arrived, offered, recalled};
pub use self::grpc::MeetingApi;
use self::timekeeping::{OUTSIDE, TO_BE_HELD};
use crate::{
    call::Call,
    case::Case,
    effects::Effects,
    error::Refusal,
    record::KeptClock,
    store::matters::{self, Kept, Matter},
};

/// A referral was decided: a discussion that is due from then on has its clock, and one that is not needed loses it.
pub(crate) fn decided(case: &mut Case, effects: &mut Effects, decision: &Decision, now: Timestamp) {
    let discussed =
        matches!(decision.ruling.outcome, Outcome::StrategyDiscussion | Outcome::Section47);
    let rule = ids::STRATEGY_DISCUSSION;
    let person = case.record.person(&case.hub.duty_manager);
    if discussed {
        timekeeping::start(case, effects, (rule, TO_BE_HELD), &person, now);
    } else {
        timekeeping::change(case, effects, (Some(rule), TO_BE_HELD), |clock| clock.cancel(now));
    }
    match decision.ruling.outcome {
        Outcome::Assessment => {
            let received = case.record.received;
            timekeeping::start(case, effects, (ids::ASSESSMENT, OUTSIDE), &person, received);
        }
        // No limit that ran here is carried over.
        Outcome::Transferred => {
            for subject in [TO_BE_HELD, OUTSIDE] {
                timekeeping::change(case, effects, (None, subject), |clock| clock.cancel(now));
            }
        }
        Outcome::StrategyDiscussion
        | Outcome::Section47
        | Outcome::EarlyHelp
        | Outcome::Advice
        | Outcome::OtherAgency
        | Outcome::NoFurtherAction
        | Outcome::OpenCase => (),
    }
}

/// Whether a clock with this subject is one of the referral as a whole.
pub(crate) fn is_of_referral(subject: &str) -> bool {
    matches!(subject, "" | TO_BE_HELD | OUTSIDE)
}

/// A clock with a subject that is no question has rung. True means that it was seen to here.
#[expect(clippy::unused_async, reason = "whoever looks does not know what a clock needs to ring")]
pub(crate) async fn rang(
    _tx: &mut Tx,
    case: &mut Case,
    effects: &mut Effects,
    clock: &KeptClock,
    ring: Ring,
    now: Timestamp,
) -> Result<bool, StoreError> {
    timekeeping::tell(case, effects, clock, ring, now);
    Ok(true)
}

/// Something of the caller's hub by its id, and its referral, which nobody changes until the call ends.
async fn locked<M: Matter>(call: &mut Call, id: &str) -> Result<(Case, Kept<M>), Refusal> {
    let authority = call.authority.clone();
    let found = matters::get::<M>(&mut call.tx, &authority, id).await?;
    let referral = found.ok_or(Refusal::NotFound)?.referral;
    let case = Case::lock_many(&mut call.tx, &[&referral]).await?.remove(&referral);
    // It is read again under the lock of its referral.
    let found = matters::get::<M>(&mut call.tx, &authority, id).await?;
    Ok((case.ok_or(Refusal::NotFound)?, found.ok_or(Refusal::NotFound)?))
}

/// A meeting with its clocks.
fn show_meeting(case: &Case, kept: &Kept<wire::Meeting>, now: Timestamp) -> wire::Meeting {
    let mut meeting = kept.wire.clone();
    meeting.clocks = timekeeping::shown(case, &[&meeting.name, TO_BE_HELD], now);
    meeting
}

/// A disagreement with the clock of its stage.
fn show_disagreement(
    case: &Case,
    kept: &Kept<wire::Disagreement>,
    now: Timestamp,
) -> wire::Disagreement {
    let mut disagreement = kept.wire.clone();
    let mut clocks = timekeeping::shown(case, &[&disagreement.name], now);
    // By stage and not by time: two stages can begin within one instant, and rows come in any order.
    clocks.sort_by_key(|clock| Stage::ALL.iter().position(|stage| stage.clock() == clock.rule));
    disagreement.clock = clocks.pop();
    disagreement
}

/// A transfer with its clocks.
fn show_transfer(case: &Case, kept: &Kept<wire::Transfer>, now: Timestamp) -> wire::Transfer {
    let mut transfer = kept.wire.clone();
    transfer.clocks = timekeeping::shown(case, &[&transfer.name, TO_BE_HELD], now);
    transfer
}

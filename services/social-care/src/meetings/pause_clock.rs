//! A clock stands still, for a reason, and runs on with exactly what was left of its time.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::clock::{Clock, ClockRefusal};
use mash_proto::{
    convert::clock::clock_to_wire, referral::v1 as referral, social_care::v1 as wire,
};

use super::{
    refusal::Refused,
    timekeeping::{OUTSIDE, TO_BE_HELD},
};
use crate::{
    Service, access,
    call::{Call, fresh},
    case::Case,
    error::{NAME, Refusal},
    record::KeptClock,
    timing,
};

impl Service {
    pub(crate) async fn pause_clock(
        &self,
        caller: &Caller,
        request: wire::PauseClockRequest,
    ) -> Result<wire::PauseClockResponse, Refusal> {
        let mut texts = access::Texts::default();
        let reason = texts.required("reason", &request.reason, 400);
        texts.required("rule", &request.rule, 60);
        texts.check()?;
        let mut call =
            fresh!(self.begin(caller, ("PauseClock", &request.request_id), &request).await?);
        let clock = change(&mut call, (&request.subject, &request.rule), |clock, now, _| {
            clock.pause(&reason, now)
        })
        .await?;
        call.finish(wire::PauseClockResponse { clock: Some(clock) }).await
    }

    pub(crate) async fn resume_clock(
        &self,
        caller: &Caller,
        request: wire::ResumeClockRequest,
    ) -> Result<wire::ResumeClockResponse, Refusal> {
        let mut call =
            fresh!(self.begin(caller, ("ResumeClock", &request.request_id), &request).await?);
        let clock =
            change(&mut call, (&request.subject, &request.rule), |clock, now, authority| {
                clock.resume(now, timing::clocks_of(authority).calendars())
            })
            .await?;
        call.finish(wire::ResumeClockResponse { clock: Some(clock) }).await
    }
}

async fn change(
    call: &mut Call,
    (subject, rule): (&str, &str),
    with: impl FnOnce(&mut Clock, Timestamp, &str) -> Result<(), ClockRefusal>,
) -> Result<referral::Clock, Refusal> {
    let (mut case, subjects) = subject_of(call, subject).await?;
    let now = call.now;
    let meant = |kept: &&mut KeptClock| {
        kept.clock.rule() == rule && subjects.contains(&kept.subject.as_str())
    };
    let kept = case.clocks.iter_mut().find(meant).ok_or(Refusal::NotFound)?;
    with(&mut kept.clock, now, &call.authority).map_err(Refused::from)?;
    call.effects.keep_clock(kept);
    let shown = clock_to_wire(&kept.clock, now);
    case.record.order(&case.clocks, now);
    call.effects.keep(&case.record);
    Ok(shown)
}

/// The referral whose clock it is, and the subjects under which it may be kept.
async fn subject_of<'a>(
    call: &mut Call,
    subject: &'a str,
) -> Result<(Case, Vec<&'a str>), Refusal> {
    match subject.split_once('/') {
        Some(("referrals", _)) => {
            Ok((call.case("subject", subject).await?, vec!["", TO_BE_HELD, OUTSIDE]))
        }
        Some(("meetings", id)) => {
            let (case, _) = super::locked::<wire::Meeting>(call, id).await?;
            Ok((case, vec![subject, TO_BE_HELD]))
        }
        Some(("disagreements", id)) => {
            Ok((super::locked::<wire::Disagreement>(call, id).await?.0, vec![subject]))
        }
        Some(("transfers", id)) => {
            Ok((super::locked::<wire::Transfer>(call, id).await?.0, vec![subject, TO_BE_HELD]))
        }
        Some(_) | None => {
            let words = "a meeting, a disagreement, a transfer or a referral";
            Err(Refusal::field("subject", NAME, words))
        }
    }
}

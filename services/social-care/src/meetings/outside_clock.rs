//! Limits that run for something that happens outside of the hub: a worker says when it began, and when it has happened.

use mash_chassis::Caller;
use mash_domain::clock::{Role, ids};
use mash_proto::{
    convert::clock::clock_to_wire, referral::v1 as referral, social_care::v1 as wire,
};

use super::timekeeping::{self, OUTSIDE};
use crate::{
    Service, access,
    call::{Call, fresh},
    case::Case,
    error::{Refusal, TIME, WORD},
    timing,
};

const STARTED: [&str; 2] = [ids::MECHANISM_DECISION, ids::DESIGNATED_OFFICER];
const MET: [&str; 3] = [ids::ASSESSMENT, ids::MECHANISM_DECISION, ids::DESIGNATED_OFFICER];

impl Service {
    pub(crate) async fn start_clock(
        &self,
        caller: &Caller,
        request: wire::StartClockRequest,
    ) -> Result<wire::StartClockResponse, Refusal> {
        let rule = known(&request.rule, &STARTED)?;
        let start = access::time("start_time", request.start_time.as_ref())?;
        let mut call =
            fresh!(self.begin(caller, ("StartClock", &request.request_id), &request).await?);
        if start.is_some_and(|start| start > call.now) {
            return Err(Refusal::field("start_time", TIME, "does not lie ahead"));
        }
        let mut case = call.case("referral", &request.referral).await?;
        let start = start.unwrap_or(call.now);
        let limit = timing::clocks_of(&case.record.authority).rule(rule);
        let person = match limit.map(|limit| limit.warns) {
            Some(Role::HubManager) => case.hub.manager().to_owned(),
            Some(_) | None => call.by.clone(),
        };
        timekeeping::start(&mut case, &mut call.effects, (rule, OUTSIDE), &person, start);
        let clock = Some(shown(&call, &case, rule)?);
        call.finish(wire::StartClockResponse { clock }).await
    }

    pub(crate) async fn meet_clock(
        &self,
        caller: &Caller,
        request: wire::MeetClockRequest,
    ) -> Result<wire::MeetClockResponse, Refusal> {
        let rule = known(&request.rule, &MET)?;
        let mut call =
            fresh!(self.begin(caller, ("MeetClock", &request.request_id), &request).await?);
        let mut case = call.case("referral", &request.referral).await?;
        let now = call.now;
        timekeeping::change(&mut case, &mut call.effects, (Some(rule), OUTSIDE), |clock| {
            clock.meet(now);
        });
        let clock = Some(shown(&call, &case, rule)?);
        call.finish(wire::MeetClockResponse { clock }).await
    }
}

fn known(rule: &str, rules: &'static [&'static str]) -> Result<&'static str, Refusal> {
    rules.iter().copied().find(|known| *known == rule).ok_or_else(|| {
        Refusal::field("rule", WORD, "a limit for something that happens outside of the hub")
    })
}

fn shown(call: &Call, case: &Case, rule: &str) -> Result<referral::Clock, Refusal> {
    let found =
        case.clocks.iter().find(|kept| kept.subject == OUTSIDE && kept.clock.rule() == rule);
    found.map(|kept| clock_to_wire(&kept.clock, call.now)).ok_or(Refusal::NotFound)
}

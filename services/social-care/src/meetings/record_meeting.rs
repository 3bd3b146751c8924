//! What came of a meeting: it was held, cancelled, or its enquiry was concluded.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_domain::{
    clock::ids,
    incident::Private,
    organisation::OrganisationId,
    referral::meeting::{
        Command, Exception, Held, Meeting, MeetingEvent, MeetingKind, MeetingOutcome, REASON,
        section47::{EnquiryOutcome, Section47},
    },
};
use mash_proto::{
    convert::meetings::{
        meeting_from_wire, meeting_to_wire, section47_from_wire, section47_to_wire,
    },
    social_care::v1 as wire,
};
use mash_store::StoreError;

use super::{
    outgoing::invite,
    refusal::{INVITEE, Refused},
    show_meeting,
    timekeeping::{self, TO_BE_HELD},
};
use crate::{
    Service, access,
    call::{Call, fresh},
    case::Case,
    error::{Refusal, TEXT, TIME},
    record::organisation,
    store::matters::{self, Kept},
    timing,
};

impl Service {
    pub(crate) async fn record_meeting(
        &self,
        caller: &Caller,
        request: wire::RecordMeetingRequest,
    ) -> Result<wire::RecordMeetingResponse, Refusal> {
        let expected = request.expected_revision;
        let mut held = checked(&request)?;
        let mut call =
            fresh!(self.begin(caller, ("RecordMeeting", &request.request_id), &request).await?);
        let (mut case, mut kept) = meeting(&mut call, &request.name).await?;
        if kept.wire.revision != expected {
            return Err(Refused::Stale.into());
        }
        let state = state_of(&kept)?;
        held.attended.insert(state.authority.clone());
        let (next, events) = state.apply(Command::Hold(held), call.now).map_err(Refused::from)?;
        for event in events {
            follow(&mut call, &mut case, &mut kept, (&next, &event));
        }
        let meeting = keep(&mut call, &case, &mut kept, &next).await?;
        call.finish(wire::RecordMeetingResponse { meeting: Some(meeting) }).await
    }

    pub(crate) async fn cancel_meeting(
        &self,
        caller: &Caller,
        request: wire::CancelMeetingRequest,
    ) -> Result<wire::CancelMeetingResponse, Refusal> {
        let reason = private("reason", &request.reason)?;
        let mut call =
            fresh!(self.begin(caller, ("CancelMeeting", &request.request_id), &request).await?);
        let (mut case, mut kept) = meeting(&mut call, &request.name).await?;
        let (next, events) =
            state_of(&kept)?.apply(Command::Cancel { reason }, call.now).map_err(Refused::from)?;
        for event in events {
            follow(&mut call, &mut case, &mut kept, (&next, &event));
        }
        let meeting = keep(&mut call, &case, &mut kept, &next).await?;
        call.finish(wire::CancelMeetingResponse { meeting: Some(meeting) }).await
    }

    pub(crate) async fn conclude_enquiry(
        &self,
        caller: &Caller,
        request: wire::ConcludeEnquiryRequest,
    ) -> Result<wire::ConcludeEnquiryResponse, Refusal> {
        let outcome =
            access::word::<wire::EnquiryOutcome, EnquiryOutcome>("outcome", request.outcome)?;
        let reason = private("reason", &request.reason)?;
        let mut call =
            fresh!(self.begin(caller, ("ConcludeEnquiry", &request.request_id), &request).await?);
        let (mut case, mut kept) = meeting(&mut call, &request.name).await?;
        if kept.wire.revision != request.expected_revision {
            return Err(Refused::Stale.into());
        }
        let enquiry = kept.wire.enquiry.as_ref().ok_or(Refused::NoEnquiry)?;
        let enquiry =
            section47_from_wire(enquiry).map_err(|_| StoreError::Corrupt("an enquiry"))?;
        let concluded =
            enquiry.conclude(outcome, &call.by, reason, call.now).map_err(Refused::from)?;
        if outcome != EnquiryOutcome::Conference {
            let now = call.now;
            let conference = (Some(ids::INITIAL_CONFERENCE), TO_BE_HELD);
            timekeeping::change(&mut case, &mut call.effects, conference, |clock| {
                clock.cancel(now);
            });
        }
        let nation = timing::nation_of(&kept.authority);
        kept.wire.enquiry = Some(section47_to_wire(&concluded, nation));
        let state = state_of(&kept)?;
        let meeting = keep(&mut call, &case, &mut kept, &state).await?;
        call.finish(wire::ConcludeEnquiryResponse { meeting: Some(meeting) }).await
    }
}

/// A meeting of the caller, and its referral, which nobody changes until the call ends.
async fn meeting(call: &mut Call, name: &str) -> Result<(Case, Kept<wire::Meeting>), Refusal> {
    let id = access::id("name", "meetings", name)?;
    super::locked(call, id).await
}

pub(super) fn state_of(kept: &Kept<wire::Meeting>) -> Result<Meeting, StoreError> {
    let corrupt = StoreError::Corrupt("a meeting");
    let Some(authority) = organisation(&kept.authority) else { return Err(corrupt) };
    let nation = timing::nation_of(&kept.authority);
    meeting_from_wire(&kept.wire, authority, nation).map_err(|_| corrupt)
}

/// Writes the meeting, and shows it.
pub(super) async fn keep(
    call: &mut Call,
    case: &Case,
    kept: &mut Kept<wire::Meeting>,
    next: &Meeting,
) -> Result<wire::Meeting, Refusal> {
    meeting_to_wire(next, &mut kept.wire);
    kept.wire.revision = kept.wire.revision.saturating_add(1);
    matters::put(&mut call.tx, kept).await?;
    Ok(show_meeting(case, kept, call.now))
}

fn follow(
    call: &mut Call,
    case: &mut Case,
    kept: &mut Kept<wire::Meeting>,
    (next, event): (&Meeting, &MeetingEvent),
) {
    let now = call.now;
    meeting_to_wire(next, &mut kept.wire);
    let answers = (None, kept.wire.name.as_str());
    match event {
        MeetingEvent::Responded { .. } => (),
        MeetingEvent::Cancelled => {
            timekeeping::change(case, &mut call.effects, answers, |clock| clock.cancel(now));
            for invitation in &kept.wire.invitations {
                invite(case, &mut call.effects, (kept, invitation), &call.by, now);
            }
        }
        MeetingEvent::Held { enquiry, .. } => {
            timekeeping::change(case, &mut call.effects, answers, |clock| clock.cancel(now));
            let Some(held) = &next.held else { return };
            let to_be_held = (next.kind.clock(), TO_BE_HELD);
            if next.kind.clock().is_some() {
                timekeeping::change(case, &mut call.effects, to_be_held, |clock| {
                    clock.meet(held.at);
                });
            }
            if let Some(conduct) = enquiry {
                let begun = Section47::begin(*conduct, held.at);
                kept.wire.enquiry = Some(section47_to_wire(&begun, next.nation));
            }
            let leads = next.kind == MeetingKind::StrategyDiscussion
                && (enquiry.is_some() || held.outcome == MeetingOutcome::Conference);
            if leads {
                let rule = (ids::INITIAL_CONFERENCE, TO_BE_HELD);
                timekeeping::start(case, &mut call.effects, rule, &next.chair, held.at);
            }
            if held.exception.is_some() {
                let manager = case.hub.manager().to_owned();
                let about = ("held-by-exception", kept.wire.name.as_str());
                call.effects.prompt(&case.record, about, &manager, now);
            }
        }
    }
}

fn checked(request: &wire::RecordMeetingRequest) -> Result<Held, Refusal> {
    let outcome = access::word::<wire::MeetingOutcome, MeetingOutcome>("outcome", request.outcome)?;
    let at: Option<Timestamp> = access::time("held_time", request.held_time.as_ref())?;
    let at = at.ok_or_else(|| Refusal::field("held_time", TIME, "when it was held"))?;
    let attended: Result<BTreeSet<OrganisationId>, _> =
        request.attended.iter().take(100).cloned().map(OrganisationId::try_from).collect();
    let attended = attended
        .map_err(|_| Refusal::field("attended", INVITEE, "organisations that were invited"))?;
    let exception = match &request.exception {
        None => None,
        Some(exception) => Some(Exception {
            signed_by: access::practitioner("exception.signed_by", &exception.signed_by)?,
            senior: exception.senior_manager,
            reason: private("exception.reason", &exception.reason)?,
        }),
    };
    let reason = private("reason", &request.reason)?;
    Ok(Held { at, attended, outcome, reason, exception })
}

/// A reason in words.
pub(super) fn private(field: &str, text: &str) -> Result<Private, Refusal> {
    Private::new(text, REASON).map_err(|_| {
        Refusal::field(field, TEXT, "at most 2,000 characters, none of them invisible")
    })
}

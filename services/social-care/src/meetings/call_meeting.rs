//! A meeting is called, and partners are invited: each told what the rules let through, without what the chair keeps back.

use std::collections::BTreeSet;

use mash_chassis::{Caller, fault::Violation};
use mash_domain::{
    clock::ids,
    data_class::DataClass,
    organisation::{OrganisationId, OrganisationKind},
    referral::{
        meeting::{Meeting, MeetingKind},
        work::WorkState,
    },
};
use mash_proto::{
    convert::{meetings::meeting_to_wire, time_to_wire},
    envelope::event_id,
    social_care::v1 as wire,
};

use super::{
    outgoing::{invitation_id, invite},
    refusal::{CLASS, INVITEE, Refused},
    show_meeting,
    timekeeping::{self, TO_BE_HELD},
};
use crate::{
    Service, access,
    call::fresh,
    case::Case,
    error::{Refusal, TIME},
    record::organisation,
    store::matters::{self, Kept},
    timing,
};

impl Service {
    pub(crate) async fn call_meeting(
        &self,
        caller: &Caller,
        request: wire::CallMeetingRequest,
    ) -> Result<wire::CallMeetingResponse, Refusal> {
        let kind = access::word::<wire::MeetingKind, MeetingKind>("kind", request.kind)?;
        let invitees = checked(&request.invitees)?;
        let time = access::time("time", request.time.as_ref())?;
        let time = time.ok_or_else(|| Refusal::field("time", TIME, "when it is held"))?;
        let mut texts = access::Texts::default();
        let place = texts.optional("place", &request.place, 400);
        texts.check()?;
        let chair = if request.chair.is_empty() {
            caller.practitioner.clone().unwrap_or_default()
        } else {
            access::practitioner("chair", &request.chair)?
        };
        let mut call =
            fresh!(self.begin(caller, ("CallMeeting", &request.request_id), &request).await?);
        let mut case = call.case("referral", &request.referral).await?;
        if matches!(case.record.work.state, WorkState::Withdrawn | WorkState::Transferred) {
            return Err(Refused::Referral.into());
        }
        let known = matters::of::<wire::Meeting>(&mut call.tx, &case.record.id).await?;
        let moved_in = moved_in(&case);
        if !is_led_to(kind, &known, moved_in) {
            return Err(Refused::NotLed.into());
        }
        let authority = organisation(&case.record.authority).ok_or(Refusal::NotFound)?;
        let nation = timing::nation_of(&case.record.authority);
        let invited: BTreeSet<OrganisationId> =
            invitees.iter().map(|(partner, _)| partner.clone()).collect();
        let meeting = Meeting::call(kind, nation, authority, chair.clone(), invited)
            .map_err(Refused::from)?;
        let id = event_id(&["social-care", "meeting", &case.record.id, &request.request_id]);
        let id = id.to_string();
        let mut wire = wire::Meeting {
            name: format!("meetings/{id}"),
            revision: 1,
            referral: format!("referrals/{}", case.record.case_id),
            time: Some(time_to_wire(time)),
            place,
            call_time: Some(time_to_wire(call.now)),
            ..wire::Meeting::default()
        };
        let invitation =
            |(partner, kept_back_classes)| invitation_to(&id, &partner, kept_back_classes);
        wire.invitations.extend(invitees.into_iter().map(invitation));
        meeting_to_wire(&meeting, &mut wire);
        let kept = Kept {
            authority: case.record.authority.clone(),
            id,
            referral: case.record.id.clone(),
            at: call.now,
            beside: String::new(),
            wire,
        };
        for invitation in &kept.wire.invitations {
            invite(&case, &mut call.effects, (&kept, invitation), &call.by, call.now);
        }
        let answers = (ids::ANSWER_INVITATION, kept.wire.name.as_str());
        timekeeping::start(&mut case, &mut call.effects, answers, &chair, call.now);
        if kind == MeetingKind::StrategyDiscussion {
            let held = (ids::STRATEGY_DISCUSSION, TO_BE_HELD);
            timekeeping::start(&mut case, &mut call.effects, held, &chair, call.now);
        }
        // From now on the chair hears of it.
        timekeeping::change(&mut case, &mut call.effects, (kind.clock(), TO_BE_HELD), |clock| {
            clock.hand_to(chair.clone());
        });
        matters::put(&mut call.tx, &kept).await?;
        let meeting = Some(show_meeting(&case, &kept, call.now));
        call.finish(wire::CallMeetingResponse { meeting }).await
    }
}

/// Whether the child moved in from an authority where she was on a plan.
fn moved_in(case: &Case) -> bool {
    case.clocks
        .iter()
        .any(|kept| kept.subject == TO_BE_HELD && kept.clock.rule() == ids::TRANSFER_IN_CONFERENCE)
        || case.record.referral.report_kind
            == i32::from(mash_proto::referral::v1::ReportKind::Transfer)
}

/// Whether what was held before leads to such a meeting. A strategy discussion needs nothing before it.
fn is_led_to(kind: MeetingKind, known: &[Kept<wire::Meeting>], moved_in: bool) -> bool {
    use wire::MeetingOutcome as Outcome;
    let held = |outcomes: &[Outcome]| {
        known.iter().any(|kept| {
            kept.wire.state() == wire::MeetingState::Held && outcomes.contains(&kept.wire.outcome())
        })
    };
    match kind {
        MeetingKind::StrategyDiscussion => true,
        MeetingKind::InitialConference => {
            let concluded = known.iter().filter_map(|kept| kept.wire.enquiry.as_ref());
            held(&[Outcome::Conference])
                || concluded
                    .into_iter()
                    .any(|enquiry| enquiry.outcome() == wire::EnquiryOutcome::Conference)
        }
        MeetingKind::ReviewConference => {
            held(&[Outcome::ProtectionPlan, Outcome::Registered, Outcome::PlanGoesOn])
        }
        MeetingKind::TransferInConference => moved_in,
    }
}

/// Who is invited, and what the chair keeps back from each.
fn checked(invitees: &[wire::Invitee]) -> Result<Vec<(OrganisationId, Vec<i32>)>, Refusal> {
    let mut found: Vec<(OrganisationId, Vec<i32>)> = Vec::new();
    let mut faults = Vec::new();
    for (place, invitee) in invitees.iter().enumerate().take(100) {
        let field = format!("invitees[{place}].partner");
        let mut classes = invitee.kept_back_classes.clone();
        classes.sort_unstable();
        classes.dedup();
        let known =
            |class: &i32| u8::try_from(*class).ok().and_then(DataClass::from_number).is_some();
        if !classes.iter().all(known) {
            let field = format!("invitees[{place}].kept_back_classes");
            faults.push(Violation::new(field, CLASS, "1 to 18"));
        }
        match partner(invitee) {
            None => {
                let words = "a police force, a health board, a school or another authority";
                faults.push(Violation::new(field, INVITEE, words));
            }
            Some(partner) if found.iter().any(|(known, _)| *known == partner) => {
                faults.push(Violation::new(field, INVITEE, "is invited twice"));
            }
            Some(partner) => found.push((partner, classes)),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(Refusal::Invalid(faults)) }
}

fn partner(invitee: &wire::Invitee) -> Option<OrganisationId> {
    let partner = OrganisationId::try_from(invitee.partner.clone()?).ok()?;
    match partner.kind() {
        OrganisationKind::PoliceForce
        | OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::LocalAuthority => Some(partner),
        OrganisationKind::Provider | OrganisationKind::Operator => None,
    }
}

/// A place at the meeting for somebody who has not answered yet.
fn invitation_to(meeting: &str, partner: &OrganisationId, kept_back: Vec<i32>) -> wire::Invitation {
    wire::Invitation {
        item_id: invitation_id(meeting, partner),
        partner: Some(partner.into()),
        kept_back_classes: kept_back,
        ..wire::Invitation::default()
    }
}

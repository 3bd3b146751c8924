//! Discussions and conferences: who is told what, who came, what came of it, and their clocks.

use mash_chassis::CaseSecret;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, Meeting as Said},
    referral::v1::{Clock, ClockState, ItemKind, ItemReleased},
    social_care::v1 as wire,
};
use mash_social_care::SocialCare;
use mash_store::Dialect;
use prost::Message;
use tonic::{Code, Status};

use crate::support::{BRIDGEND, HEALTH, Hub, POLICE, SCHOOL, by, child, id, organisation, refused};

mod limits;

on_both!(
    a_discussion_is_called_within_its_clock_and_each_partner_is_told_without_what_the_chair_keeps_back,
    without_police_it_is_held_only_by_the_signature_of_a_senior_manager,
    an_enquiry_leads_to_a_conference_within_fifteen_working_days,
    p18_invitations_are_tracked_and_counted,
    a_cancelled_meeting_is_told_to_whoever_was_invited,
    a_late_answer_and_a_refusal_reach_the_chair,
    bad_input_about_meetings_is_refused_and_changes_nothing,
    of_two_who_record_one_is_told,
    another_authority_sees_nothing,
);

pub(crate) fn at(text: &str) -> Option<prost_types::Timestamp> {
    Some(time_to_wire(text.parse().unwrap()))
}

fn invitee(partner: &str, kept_back: &[i32]) -> wire::Invitee {
    wire::Invitee { partner: Some(organisation(partner)), kept_back_classes: kept_back.to_vec() }
}

fn calling(referral: &str, kind: wire::MeetingKind) -> wire::CallMeetingRequest {
    wire::CallMeetingRequest {
        request_id: id(),
        referral: referral.to_owned(),
        kind: kind.into(),
        time: at("2026-11-18T15:00:00Z"),
        place: "room 2".into(),
        chair: "chair-3".into(),
        invitees: vec![invitee(POLICE, &[]), invitee(HEALTH, &[]), invitee(SCHOOL, &[6, 12])],
    }
}

async fn call(hub: &Hub, request: wire::CallMeetingRequest) -> Result<wire::Meeting, Status> {
    let answer = hub.meetings(BRIDGEND).call_meeting(by("worker-1", request)).await?;
    Ok(answer.into_inner().meeting.unwrap())
}

fn recording(meeting: &wire::Meeting, attended: &[&str]) -> wire::RecordMeetingRequest {
    wire::RecordMeetingRequest {
        request_id: id(),
        name: meeting.name.clone(),
        expected_revision: meeting.revision,
        held_time: at("2026-11-18T15:00:00Z"),
        attended: attended.iter().map(|who| organisation(who)).collect(),
        outcome: wire::MeetingOutcome::Section47Joint.into(),
        reason: "the injuries are not explained".into(),
        exception: None,
    }
}

async fn record(hub: &Hub, request: wire::RecordMeetingRequest) -> Result<wire::Meeting, Status> {
    let answer = hub.meetings(BRIDGEND).record_meeting(by("chair-3", request)).await?;
    Ok(answer.into_inner().meeting.unwrap())
}

async fn listed(hub: &Hub, request: wire::ListMeetingsRequest) -> Vec<wire::Meeting> {
    let answer = hub.meetings(BRIDGEND).list_meetings(by("chair-3", request)).await.unwrap();
    answer.into_inner().meetings
}

fn clock<'a>(meeting: &'a wire::Meeting, rule: &str) -> Option<&'a Clock> {
    meeting.clocks.iter().find(|clock| clock.rule == rule)
}

fn state(meeting: &wire::Meeting, rule: &str) -> Option<ClockState> {
    clock(meeting, rule).map(Clock::state)
}

async fn respond(hub: &Hub, meeting: &wire::Meeting, partner: &str, standing: &str, reason: &str) {
    let invited = meeting
        .invitations
        .iter()
        .find(|known| known.partner == Some(organisation(partner)))
        .unwrap();
    let said = Said { standing: standing.to_owned(), reason: reason.to_owned(), ..Said::default() };
    let content = Content { meeting: Some(said), ..Content::default() };
    let nonce = format!("{}-{standing}", invited.item_id);
    hub.release(&ItemReleased {
        release_id: format!("response-{nonce}"),
        item_id: format!("response-item-{nonce}"),
        case_id: meeting.referral.trim_start_matches("referrals/").to_owned(),
        kind: ItemKind::Response.into(),
        recipient: Some(organisation(BRIDGEND)),
        from: Some(organisation(partner)),
        revision: 1,
        content: content.encode_to_vec(),
        classes: vec![18],
        flow: "correspondence".into(),
        reply_to: invited.item_id.clone(),
        ..ItemReleased::default()
    })
    .await;
}

async fn until(hub: &Hub, fits: impl Fn(&wire::Meeting) -> bool) -> wire::Meeting {
    for _ in 0..500 {
        let found = listed(hub, wire::ListMeetingsRequest::default()).await;
        if let Some(found) = found.into_iter().find(&fits) {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the meeting looks as it should in time");
}

/// A referral on which a strategy discussion was decided on Wednesday at 10:00.
async fn decided(hub: &Hub) -> String {
    let name = hub.referred("c-1", SCHOOL, child("Carys", "9990000018")).await;
    hub.grade(&name, wire::Grade::Amber, "").await.unwrap();
    let request = hub.decision(&name, wire::Outcome::StrategyDiscussion).await;
    hub.decide(request).await.unwrap();
    name
}

async fn a_discussion_is_called_within_its_clock_and_each_partner_is_told_without_what_the_chair_keeps_back(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let referral = hub.until("c-1", |_| true).await.referral.unwrap();
    let running = referral.clocks.iter().find(|clock| clock.rule == "strategy-discussion").unwrap();
    assert_eq!(running.due_time, at("2026-11-19T10:00:00Z"), "24 hours that run on");
    let request = calling(&name, wire::MeetingKind::StrategyDiscussion);
    let meeting = call(&hub, request.clone()).await.unwrap();
    same!(call(&hub, request).await.unwrap(), meeting, "a repeat has one effect");
    assert_eq!(clock(&meeting, "strategy-discussion").unwrap().warns, "chair-3");
    assert_eq!(clock(&meeting, "answer-invitation").unwrap().due_time, at("2026-11-18T14:00:00Z"));
    let mut items = hub.sent(ItemKind::Invitation, 3).await;
    assert_eq!(items.len(), 3);
    items.sort_by_key(|item| item.to[0].kind);
    for item in &items {
        assert_eq!(
            (item.flow.as_str(), item.to.len(), item.case_id.as_str()),
            ("strategy", 1, "c-1")
        );
        let facts = item.facts.clone().unwrap();
        assert!(facts.section_47 && facts.invited);
        let content = item.content.clone().unwrap();
        assert_eq!(content.child.unwrap().given_names, "Carys");
        assert_eq!(content.meeting.unwrap().standing, "invited");
    }
    let kept_back: Vec<Vec<i32>> =
        items.iter().map(|item| item.facts.clone().unwrap().kept_back_by_chair).collect();
    assert_eq!(kept_back, [vec![], vec![6, 12], vec![]], "from the school alone");
    hub.at("2026-11-18T15:30:00Z");
    let held = record(&hub, recording(&meeting, &[POLICE, HEALTH])).await.unwrap();
    assert!(held.quorate);
    same!(state(&held, "strategy-discussion"), Some(ClockState::Met));
    same!(state(&held, "answer-invitation"), Some(ClockState::Cancelled));
}

async fn without_police_it_is_held_only_by_the_signature_of_a_senior_manager(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    hub.at("2026-11-18T15:30:00Z");
    let signed = |by: &str, senior_manager, reason: &str| wire::RecordMeetingRequest {
        exception: Some(wire::QuorumException {
            signed_by: by.into(),
            senior_manager,
            reason: reason.into(),
        }),
        ..recording(&meeting, &[HEALTH])
    };
    let table = [
        (recording(&meeting, &[HEALTH]), "MASH-S052"),
        (signed("worker-1", false, "police are at a major incident"), "MASH-S053"),
        (signed("chair-3", true, "police are at a major incident"), "MASH-S053"),
        (signed("head-1", true, " "), "MASH-S059"),
    ];
    for (request, code) in table {
        let answer = record(&hub, request).await;
        assert_eq!(refused(answer), (Code::FailedPrecondition, code.to_owned()));
    }
    let request = signed("head-1", true, "police are at a major incident");
    let held = record(&hub, request).await.unwrap();
    assert!(!held.quorate);
    assert_eq!(held.exception.unwrap().signed_by, "head-1");
    assert_eq!(hub.until_prompt("held-by-exception").await.subject, meeting.name);
}

async fn an_enquiry_leads_to_a_conference_within_fifteen_working_days(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let early = calling(&name, wire::MeetingKind::InitialConference);
    assert_eq!(refused(call(&hub, early.clone()).await).1, "MASH-S055", "nothing leads to it");
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    hub.at("2026-11-18T15:30:00Z");
    let held = record(&hub, recording(&meeting, &[POLICE])).await.unwrap();
    assert!(held.enquiry.as_ref().unwrap().joint);
    // Fifteen working days after Wednesday 18 November.
    assert_eq!(clock(&held, "initial-conference").unwrap().due_time, at("2026-12-09T17:00:00Z"));
    assert_eq!(refused(call(&hub, early.clone()).await).1, "MASH-S055", "not concluded yet");
    let conclude = wire::ConcludeEnquiryRequest {
        request_id: id(),
        name: meeting.name.clone(),
        expected_revision: held.revision,
        outcome: wire::EnquiryOutcome::Conference.into(),
        reason: "harm is likely to go on".into(),
    };
    let mut client = hub.meetings(BRIDGEND);
    let concluded = client.conclude_enquiry(by("worker-1", conclude)).await.unwrap().into_inner();
    let concluded = concluded.meeting.unwrap().enquiry.unwrap();
    assert_eq!(concluded.outcome_words, "substantiated, and continuing harm is likely: conference");
    hub.at("2026-12-02T17:00:00Z");
    hub.care.tick().await.unwrap();
    let warned = hub.prompts("clock-warning").await;
    let warned = warned.iter().find(|one| one.subject.starts_with("initial-conference")).unwrap();
    assert_eq!(warned.to, "chair-3");
    let conference =
        call(&hub, wire::CallMeetingRequest { request_id: id(), ..early.clone() }).await.unwrap();
    let english = wire::RecordMeetingRequest {
        outcome: wire::MeetingOutcome::ProtectionPlan.into(),
        ..recording(&conference, &[POLICE, HEALTH])
    };
    assert_eq!(refused(record(&hub, english.clone()).await).1, "MASH-S056", "Wales has a register");
    let welsh = wire::RecordMeetingRequest {
        request_id: id(),
        held_time: at("2026-12-02T16:00:00Z"),
        outcome: wire::MeetingOutcome::Registered.into(),
        ..english
    };
    let done = record(&hub, welsh).await.unwrap();
    same!(state(&done, "initial-conference"), Some(ClockState::Met));
    let review = calling(&name, wire::MeetingKind::ReviewConference);
    call(&hub, review).await.unwrap();
}

async fn p18_invitations_are_tracked_and_counted(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    respond(&hub, &meeting, POLICE, "accepts", "").await;
    respond(&hub, &meeting, HEALTH, "declines", "nobody is on duty").await;
    let standing = |meeting: &wire::Meeting, of: &str| {
        let found = meeting.invitations.iter().find(|one| one.partner == Some(organisation(of)));
        found.unwrap().standing()
    };
    use wire::InvitationStanding as Standing;
    let found = until(&hub, |meeting| {
        standing(meeting, HEALTH) == Standing::Declines
            && standing(meeting, POLICE) == Standing::Accepts
    })
    .await;
    same!(standing(&found, SCHOOL), Standing::Invited);
    let waiting = wire::ListMeetingsRequest { unanswered_only: true, ..Default::default() };
    assert_eq!(listed(&hub, waiting.clone()).await.len(), 1);
    // Nobody hears of it twice, and the manager hears of it too.
    hub.at("2026-11-18T14:00:00Z");
    hub.care.tick().await.unwrap();
    hub.care.tick().await.unwrap();
    let mut told: Vec<String> =
        hub.prompts("invitations-unanswered").await.into_iter().map(|one| one.to).collect();
    told.sort();
    assert_eq!(told, ["chair-3", "duty-manager"]);
    respond(&hub, &found, SCHOOL, "sends-report", "").await;
    let found = until(&hub, |meeting| standing(meeting, SCHOOL) == Standing::SendsReport).await;
    same!(state(&found, "answer-invitation"), Some(ClockState::MetLate));
    assert_eq!(listed(&hub, waiting).await.len(), 0);
    hub.at("2026-11-18T15:30:00Z");
    record(&hub, recording(&found, &[POLICE])).await.unwrap();
    let count = wire::CountInvitationsRequest { since_time: None };
    let count = hub.meetings(BRIDGEND).count_invitations(by("manager", count)).await.unwrap();
    let counts: Vec<_> = count
        .into_inner()
        .partners
        .into_iter()
        .map(|one| {
            (
                one.partner.unwrap().code,
                one.accepted,
                one.declined,
                one.reports,
                one.attended,
                one.absent,
            )
        })
        .collect();
    assert_eq!(
        counts,
        [
            ("62".into(), 1, 0, 0, 1, 0),
            ("6722301".into(), 0, 0, 1, 0, 1),
            ("7A5".into(), 0, 1, 0, 0, 1)
        ]
    );
}

async fn a_cancelled_meeting_is_told_to_whoever_was_invited(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    let cancel = wire::CancelMeetingRequest {
        request_id: id(),
        name: meeting.name.clone(),
        reason: "another is called".into(),
    };
    let mut client = hub.meetings(BRIDGEND);
    let cancelled = client.cancel_meeting(by("chair-3", cancel)).await.unwrap().into_inner();
    let cancelled = cancelled.meeting.unwrap();
    same!(cancelled.state(), wire::MeetingState::Cancelled);
    same!(
        state(&cancelled, "strategy-discussion"),
        Some(ClockState::Running),
        "a discussion is still due"
    );
    let items = hub.sent(ItemKind::Invitation, 6).await;
    let told: Vec<_> = items.iter().filter(|item| item.revision == 2).collect();
    assert_eq!(told.len(), 3);
    for item in told {
        let content = item.content.clone().unwrap();
        assert_eq!(content.meeting.unwrap().standing, "cancelled");
        assert!(content.child.is_none(), "they need not have it again");
    }
    let answer = record(&hub, recording(&cancelled, &[POLICE])).await;
    assert_eq!(refused(answer).1, "MASH-S050");
    hub.at("2026-11-19T10:00:00Z");
    hub.care.tick().await.unwrap();
    let breached = hub.prompts("clock-breached").await;
    assert!(breached.iter().any(|one| one.subject.starts_with("strategy-discussion")));
}

async fn a_late_answer_and_a_refusal_reach_the_chair(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    respond(&hub, &meeting, HEALTH, "declines", "nobody is on duty").await;
    assert_eq!(hub.until_prompt("invitation-declined").await.to, "chair-3");
    hub.at("2026-11-18T15:30:00Z");
    let meeting = until(&hub, |meeting| meeting.revision > 1).await;
    record(&hub, recording(&meeting, &[POLICE])).await.unwrap();
    respond(&hub, &meeting, SCHOOL, "accepts", "").await;
    assert_eq!(hub.until_prompt("response-late").await.to, "chair-3");
    let found = until(&hub, |meeting| meeting.invitations.iter().any(|one| one.late)).await;
    same!(found.state(), wire::MeetingState::Held, "kept and shown, and nothing else");
}

async fn bad_input_about_meetings_is_refused_and_changes_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let good = || calling(&name, wire::MeetingKind::StrategyDiscussion);
    type Change = fn(&mut wire::CallMeetingRequest);
    let table: [(Change, Code, &str, &str); 9] = [
        (|it| it.request_id = "x".into(), Code::InvalidArgument, "MASH-S001", "no UUID"),
        (|it| it.kind = 0, Code::InvalidArgument, "MASH-S001", "no kind"),
        (|it| it.time = None, Code::InvalidArgument, "MASH-S001", "no time"),
        (
            |it| it.invitees = vec![invitee("provider/barnardos", &[])],
            Code::InvalidArgument,
            "MASH-S001",
            "a provider",
        ),
        (
            |it| it.invitees = vec![invitee(POLICE, &[]); 2],
            Code::InvalidArgument,
            "MASH-S001",
            "twice",
        ),
        (
            |it| it.invitees = vec![invitee(POLICE, &[19])],
            Code::InvalidArgument,
            "MASH-S001",
            "no class",
        ),
        (|it| it.invitees.clear(), Code::FailedPrecondition, "MASH-S057", "nobody"),
        (
            |it| it.invitees = vec![invitee(BRIDGEND, &[])],
            Code::FailedPrecondition,
            "MASH-S057",
            "itself",
        ),
        (|it| it.referral = "referrals/none".into(), Code::NotFound, "MASH-C009", "no referral"),
    ];
    for (change, code, reason, why) in table {
        let mut request = good();
        change(&mut request);
        assert_eq!(refused(call(&hub, request).await), (code, reason.to_owned()), "{why}");
    }
    assert!(listed(&hub, wire::ListMeetingsRequest::default()).await.is_empty());
    let meeting = call(&hub, good()).await.unwrap();
    let unknown =
        wire::RecordMeetingRequest { name: "meetings/none".into(), ..recording(&meeting, &[]) };
    assert_eq!(refused(record(&hub, unknown).await).0, Code::NotFound);
    let ahead = record(&hub, recording(&meeting, &[POLICE])).await;
    assert_eq!(refused(ahead).1, "MASH-S050", "it has not been held yet");
    hub.at("2026-11-18T15:30:00Z");
    let stranger = record(&hub, recording(&meeting, &["police/61"])).await;
    assert_eq!(refused(stranger).1, "MASH-S057");
    let conclude = wire::ConcludeEnquiryRequest {
        request_id: id(),
        name: meeting.name.clone(),
        expected_revision: meeting.revision,
        outcome: wire::EnquiryOutcome::NotSubstantiated.into(),
        reason: "nothing was found".into(),
    };
    let answer = hub.meetings(BRIDGEND).conclude_enquiry(by("worker-1", conclude)).await;
    assert_eq!(refused(answer).1, "MASH-S058", "no enquiry has begun");
    let found = listed(&hub, wire::ListMeetingsRequest::default()).await;
    same!(found, [wire::Meeting { clocks: found[0].clocks.clone(), ..meeting }]);
}

async fn of_two_who_record_one_is_told(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    hub.at("2026-11-18T15:30:00Z");
    let other = wire::RecordMeetingRequest {
        outcome: wire::MeetingOutcome::NoFurther.into(),
        ..recording(&meeting, &[POLICE])
    };
    let (one, two) =
        tokio::join!(record(&hub, recording(&meeting, &[POLICE])), record(&hub, other));
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    let (won, lost) = (won.unwrap(), refused(lost));
    assert_eq!(lost, (Code::Aborted, "MASH-S051".to_owned()));
    let found = listed(&hub, wire::ListMeetingsRequest::default()).await;
    assert_eq!(found[0].outcome, won.outcome);
}

async fn another_authority_sees_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = decided(&hub).await;
    let meeting = call(&hub, calling(&name, wire::MeetingKind::StrategyDiscussion)).await.unwrap();
    let mut other = hub.meetings("authority/681");
    let request = wire::ListMeetingsRequest::default();
    let found = other.list_meetings(by("worker-1", request)).await.unwrap().into_inner();
    assert!(found.meetings.is_empty());
    let request = recording(&meeting, &[POLICE]);
    assert_eq!(refused(other.record_meeting(by("worker-1", request)).await).0, Code::NotFound);
    let request = wire::ListMeetingsRequest::default();
    let police = hub.meetings(POLICE).list_meetings(by("officer-1", request)).await;
    assert_eq!(refused(police).0, Code::PermissionDenied);
}

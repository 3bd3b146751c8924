//! Every outcome of a referral, from the report to what the referrer hears.

use mash_proto::{
    police::v1 as police,
    referral::v1::ReportKind,
    social_care::v1::{self as care, Grade, Outcome, ReferralState},
};
use mash_tests::hub::{
    BOARD, FORCE, HUB, Hub, OFFICER, SCHOOL, WORKER, by, id, organisation, refused, until,
};

async fn graded(hub: &Hub) -> String {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, Grade::Amber).await;
    name
}

/// Decides so, and reads what the force hears of it.
async fn told(hub: &Hub, outcome: Outcome, word: &str) {
    let name = graded(hub).await;
    hub.decide(&name, outcome).await;
    let heard = hub.heard(&name, "decided").await.feedback.unwrap();
    assert_eq!(heard.outcome, word);
    assert_eq!(heard.reason, "the threshold was weighed");
    assert_eq!(heard.what_would_change_it, "a second report");
}

pub(crate) async fn a_strategy_discussion_is_called_and_needs_its_quorum(hub: &Hub) {
    let name = graded(hub).await;
    hub.decide(&name, Outcome::StrategyDiscussion).await;
    let mut meetings = hub.people.meetings(HUB).unwrap();
    let invite = |partner: &str| care::Invitee {
        partner: Some(organisation(partner)),
        kept_back_classes: Vec::new(),
    };
    let request = care::CallMeetingRequest {
        request_id: id(),
        referral: name.clone(),
        kind: care::MeetingKind::StrategyDiscussion.into(),
        time: Some(prost_types::Timestamp { seconds: 1_795_096_800, nanos: 0 }),
        place: "by telephone".to_owned(),
        chair: String::new(),
        invitees: vec![invite(FORCE), invite(BOARD), invite(SCHOOL.0)],
    };
    let called = meetings.call_meeting(by(WORKER, request)).await.unwrap().into_inner();
    let meeting = called.meeting.unwrap();
    let invitation = until("the invitation to police", async || {
        let request = police::ListInvitationsRequest { page_size: 200, ..Default::default() };
        let mut force = hub.people.protection(FORCE).unwrap();
        let listed = force.list_invitations(by(OFFICER, request)).await.ok()?.into_inner();
        listed.invitations.into_iter().find(|one| is_of(one, &meeting))
    })
    .await;
    let respond = police::RespondToInvitationRequest {
        request_id: id(),
        name: invitation.name,
        standing: "accepts".to_owned(),
        reason: String::new(),
        by: None,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.respond_to_invitation(by(OFFICER, respond)).await.unwrap();
    // Police and social services at least: without police it is no discussion.
    let record = |attended: &[&str], revision| care::RecordMeetingRequest {
        request_id: id(),
        name: meeting.name.clone(),
        expected_revision: revision,
        held_time: Some(prost_types::Timestamp { seconds: 1_795_082_400, nanos: 0 }),
        attended: attended.iter().map(|one| organisation(one)).collect(),
        outcome: care::MeetingOutcome::Section47Joint.into(),
        reason: "the bruises are not explained".to_owned(),
        exception: None,
    };
    let revision = until("the answer of police", async || {
        let request = care::ListMeetingsRequest { referral: name.clone(), ..Default::default() };
        let mut meetings = hub.people.meetings(HUB).unwrap();
        let listed = meetings.list_meetings(by(WORKER, request)).await.ok()?.into_inner();
        let accepted = |one: &care::Meeting| {
            one.invitations.iter().any(|it| it.standing() == care::InvitationStanding::Accepts)
        };
        listed.meetings.iter().find(|one| accepted(one)).map(|one| one.revision)
    })
    .await;
    let alone = meetings.record_meeting(by(WORKER, record(&[HUB, BOARD], revision))).await;
    assert!(refused(alone).starts_with("MASH-S0"), "no quorum");
    let both = meetings.record_meeting(by(WORKER, record(&[HUB, FORCE], revision))).await;
    let held = both.unwrap().into_inner().meeting.unwrap();
    assert!(held.quorate && held.state() == care::MeetingState::Held);
}

fn is_of(one: &mash_proto::referral::v1::ReceivedInvitation, meeting: &care::Meeting) -> bool {
    meeting.invitations.iter().any(|it| one.name == format!("invitations/{}", it.item_id))
}

pub(crate) async fn an_enquiry_under_section_47_is_told_to_the_referrer(hub: &Hub) {
    told(hub, Outcome::Section47, "section-47").await;
}

pub(crate) async fn an_assessment_is_told_to_the_referrer(hub: &Hub) {
    told(hub, Outcome::Assessment, "assessment").await;
}

pub(crate) async fn advice_another_agency_and_nothing_further_are_told_with_reasons(hub: &Hub) {
    told(hub, Outcome::Advice, "advice").await;
    told(hub, Outcome::OtherAgency, "other-agency").await;
    told(hub, Outcome::NoFurtherAction, "no-further-action").await;
}

pub(crate) async fn early_help_needs_consent(hub: &Hub) {
    let name = graded(hub).await;
    let mut queue = hub.people.queue(HUB).unwrap();
    let early = hub.decision(&name, Outcome::EarlyHelp).await;
    assert_eq!(refused(queue.decide_referral(by(WORKER, early)).await), "MASH-S009");
    let request = care::RecordHelpConsentRequest {
        request_id: id(),
        name: name.clone(),
        expected_revision: hub.arrived(&name).await.revision,
        answer: care::HelpConsent::Given.into(),
        of: "mother".to_owned(),
        covers: "a family worker".to_owned(),
    };
    queue.record_help_consent(by(WORKER, request)).await.unwrap();
    hub.decide(&name, Outcome::EarlyHelp).await;
    assert_eq!(hub.heard(&name, "decided").await.feedback.unwrap().outcome, "early-help");
}

pub(crate) async fn an_open_case_goes_straight_to_its_worker(hub: &Hub) {
    let report = hub.report(ReportKind::PoliceNotice);
    let child = report.child.clone().unwrap();
    let request = care::RecordOpenCaseRequest {
        request_id: id(),
        child: Some(mash_proto::disclosure::v1::ChildIdentity {
            given_names: child.given_names,
            family_name: child.family_name,
            date_of_birth: child.date_of_birth,
            nhs_number: child.nhs_number,
            ..Default::default()
        }),
        worker: "sw-7".to_owned(),
    };
    let mut queue = hub.people.queue(HUB).unwrap();
    queue.record_open_case(by(WORKER, request)).await.unwrap();
    let name = hub.notify(report).await;
    let passed = hub
        .until(&name, |found| {
            found.referral.as_ref().is_some_and(|it| it.state() == ReferralState::Passed)
        })
        .await;
    assert_eq!(passed.referral.unwrap().worker, "sw-7");
    assert_eq!(hub.heard(&name, "decided").await.feedback.unwrap().outcome, "open-case");
}

pub(crate) async fn a_step_up_and_a_step_down_are_told_each(hub: &Hub) {
    let name = graded(hub).await;
    hub.decide(&name, Outcome::Advice).await;
    hub.heard(&name, "decided").await;
    let step =
        |direction: care::StepDirection, outcome: Outcome, revision| care::StepReferralRequest {
            request_id: id(),
            name: name.clone(),
            expected_revision: revision,
            direction: direction.into(),
            outcome: outcome.into(),
            reason: "more is known".to_owned(),
            what_would_change_it: "less harm".to_owned(),
            next_step: String::new(),
        };
    let mut queue = hub.people.queue(HUB).unwrap();
    let revision = hub.arrived(&name).await.revision;
    let down = step(care::StepDirection::Down, Outcome::Section47, revision);
    assert!(!refused(queue.step_referral(by(WORKER, down)).await).is_empty(), "that is up");
    let up = step(care::StepDirection::Up, Outcome::Section47, revision);
    queue.step_referral(by(WORKER, up)).await.unwrap();
    let outcomes = |sent: &mash_proto::referral::v1::SentReferral| {
        sent.feedback
            .iter()
            .filter_map(|one| one.feedback.as_ref())
            .filter(|told| told.stage == "decided")
            .map(|told| told.outcome.clone())
            .collect::<Vec<_>>()
    };
    let sent = hub.sent(&name, |sent| outcomes(sent).contains(&"section-47".to_owned())).await;
    assert_eq!(outcomes(&sent).len(), 2);
}

pub(crate) async fn a_transfer_goes_to_the_other_authority(hub: &Hub) {
    let name = graded(hub).await;
    let mut ours = hub.people.meetings(HUB).unwrap();
    let request = care::TransferReferralRequest {
        request_id: id(),
        referral: name.clone(),
        to: Some(organisation("authority/673")),
        on_plan: false,
        reason: "the family has moved to Barry".to_owned(),
    };
    let offered = ours.transfer_referral(by(WORKER, request)).await.unwrap().into_inner();
    let offered = offered.transfer.unwrap();
    assert!(offered.state() == care::TransferState::Offered, "until it is accepted, it is ours");
    let theirs = until("the transfer at the other authority", async || {
        let request = care::ListTransfersRequest { page_size: 50, ..Default::default() };
        let mut other = hub.people.meetings("authority/673").unwrap();
        let listed = other.list_transfers(by(WORKER, request)).await.ok()?.into_inner();
        listed.transfers.into_iter().find(|one| one.name == offered.name)
    })
    .await;
    assert_ne!(theirs.referral, name, "each authority has a case of its own");
    let request = care::AcceptTransferRequest { request_id: id(), name: theirs.name };
    let mut other = hub.people.meetings("authority/673").unwrap();
    other.accept_transfer(by(WORKER, request)).await.unwrap();
    hub.until(&name, |found| {
        found.referral.as_ref().is_some_and(|it| it.state() == ReferralState::Transferred)
    })
    .await;
}

//! The complaints of the field, by number, and what the hub does about each.

use mash_proto::{
    disclosure::v1::{Attendance, EvidenceClass},
    education::v1 as education,
    health::v1 as health,
    police::v1 as police,
    referral::v1::{ClockState, EnquiryState, ReportKind, SentReferral, SentState},
    social_care::v1::{self as care, Grade, Outcome},
    r#type::v1::Answer,
};
use mash_tests::hub::{
    BOARD, FORCE, HUB, Hub, NURSE, OFFICER, SCHOOL, WORKER, by, id, refused, until,
};

/// Each handover has an owner, a deadline and an acknowledgement: nothing is done until whoever receives says so.
pub(crate) async fn p01_a_handover_is_not_done_until_the_receiver_accepts_it(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    let chase = |sent: &SentReferral, state: ClockState| {
        sent.clocks.iter().any(|it| it.rule == "chase-acknowledgement" && it.state() == state)
    };
    hub.sent(&name, |sent| sent.state() == SentState::Received && chase(sent, ClockState::Met))
        .await;
    let referral = hub.arrived(&name).await;
    let decide = referral.clocks.iter().find(|it| it.rule == "decide-referral").unwrap();
    assert!(decide.due_time.is_some() && decide.state() == ClockState::Running, "a deadline");
    assert_eq!(decide.warns_role, "hub-manager", "an owner");
    hub.grade(&name, Grade::Green).await;
    hub.decide(&name, Outcome::Advice).await;
    let heard = hub.heard(&name, "decided").await;
    let waits = hub.arrived(&name).await;
    assert!(
        waits.state() == care::ReferralState::Decided,
        "it was delivered, and nobody has read it"
    );
    let request =
        police::AcknowledgeFeedbackRequest { request_id: id(), release_id: heard.release_id };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.acknowledge_feedback(by(OFFICER, request)).await.unwrap();
    let informed = |found: &care::GetReferralResponse| {
        found.referral.as_ref().is_some_and(|it| it.state() == care::ReferralState::Informed)
    };
    hub.until(&name, informed).await;
}

/// What police typed is what the hub reads.
pub(crate) async fn p02_nothing_is_typed_twice(hub: &Hub) {
    let report = hub.report(ReportKind::PoliceNotice);
    let child = report.child.clone().unwrap();
    let name = hub.notify(report).await;
    let found = hub.until(&name, |found| !found.items.is_empty()).await;
    let content = found.items[0].content.clone().unwrap();
    let read = content.child.unwrap();
    assert_eq!((read.given_names, read.nhs_number), (child.given_names, child.nhs_number));
    let concern = &content.narrative.unwrap().concerns[0];
    assert_eq!(concern.what, "Alone at home all night.");
    assert!(concern.evidence() == EvidenceClass::Observation, "fact and opinion are told apart");
    assert_eq!(content.voice.unwrap().words, "I was scared.");
}

pub(crate) async fn p03_a_duty_says_why_no_consent_is_needed(hub: &Hub) {
    let mut report = hub.report(ReportKind::PoliceNotice);
    report.consent = Some(mash_proto::referral::v1::ConsentAsked {
        asked: Answer::No.into(),
        why_not: "asking would raise the risk".to_owned(),
        ..Default::default()
    });
    let name = hub.notify(report).await;
    let found = hub.until(&name, |found| !found.items.is_empty()).await;
    let item = &found.items[0];
    assert_eq!(item.consent_code, "duty");
    assert!(item.rule_ids.iter().any(|rule| rule == "R06"), "{:?}", item.rule_ids);
    assert!(
        !item.basis_codes.is_empty() && !item.consent_words.is_empty() && !item.ruleset.is_empty()
    );
}

pub(crate) async fn p04_an_unexplained_injury_cannot_be_closed_in_silence(hub: &Hub) {
    let report = hub.report(ReportKind::Clinical);
    let child = report.child.clone().unwrap();
    let nurse = || health::Professional {
        name: "Invented Nurse".to_owned(),
        role: health::Role::Nurse.into(),
        telephone: "01632 960441".to_owned(),
        ..health::Professional::default()
    };
    let bruise = |site: health::BodySite| health::BodyMapEntry {
        site: site.into(),
        kind: health::InjuryKind::Bruise.into(),
        description: "a bruise".to_owned(),
        explained: Answer::No.into(),
        ..health::BodyMapEntry::default()
    };
    let request = health::RecordInjuriesRequest {
        request_id: id(),
        reference: hub.reference(),
        patient: Some(health::Patient {
            nhs_number: child.nhs_number.clone(),
            given_names: child.given_names.clone(),
            family_name: child.family_name.clone(),
            date_of_birth: child.date_of_birth,
        }),
        mobile: Answer::Yes.into(),
        injuries: vec![bruise(health::BodySite::Ear), bruise(health::BodySite::Back)],
        examine_time: Some(prost_types::Timestamp { seconds: 1_795_080_000, nanos: 0 }),
        professional: Some(nurse()),
    };
    let mut board = hub.people.health(BOARD).unwrap();
    let recorded = board.record_injuries(by(NURSE, request)).await.unwrap().into_inner();
    let prompt = recorded.prompt.unwrap();
    let resolve = |resolution| health::ResolveInjuryPromptRequest {
        request_id: id(),
        name: prompt.name.clone(),
        revision: prompt.revision,
        professional: Some(nurse()),
        resolution,
    };
    use health::resolve_injury_prompt_request::Resolution;
    let silent = board.resolve_injury_prompt(by(NURSE, resolve(None))).await;
    assert!(refused(silent).starts_with("MASH-H"));
    let dot = health::InjuryReason { code: "other".to_owned(), text: ".".to_owned() };
    let dot = board.resolve_injury_prompt(by(NURSE, resolve(Some(Resolution::Reason(dot))))).await;
    assert!(refused(dot).starts_with("MASH-H"), "a full stop is no reason");
    let refer = health::InjuryReferral { reference: hub.reference(), report: Some(report) };
    let refer = resolve(Some(Resolution::Referral(refer)));
    let answer = board.resolve_injury_prompt(by(NURSE, refer)).await.unwrap().into_inner();
    let name = answer.referral.unwrap().name;
    let found = hub.until(&name, |found| !found.items.is_empty()).await;
    let seen = found.items[0].content.clone().unwrap().health.unwrap();
    assert_eq!(seen.injuries.len(), 2, "the whole body map reaches the hub");
}

pub(crate) async fn p08_gaps_are_shown_before_grading_and_frozen_with_the_decision(hub: &Hub) {
    let mut report = hub.report(ReportKind::PoliceNotice);
    report.voice = None;
    let name = hub.notify(report).await;
    let graded = hub.grade(&name, Grade::Red).await;
    assert!(graded.gaps.iter().any(|gap| gap == "voice-of-child"), "{:?}", graded.gaps);
    let asked = hub.ask(&name, &[FORCE, BOARD]).await;
    assert_eq!(asked.len(), 2);
    let enquiry = hub.asked(&name).await;
    let refuse = police::RefuseEnquiryRequest {
        request_id: id(),
        name: enquiry.name,
        code: "live-investigation".to_owned(),
        reason: "an arrest is planned".to_owned(),
        by: None,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.refuse_enquiry(by(OFFICER, refuse)).await.unwrap();
    hub.until(&name, |found| found.referral.as_ref().is_some_and(|it| it.unanswered == 1)).await;
    let mut queue = hub.people.queue(HUB).unwrap();
    let unaware = care::DecideReferralRequest {
        decide_with_gaps: false,
        ..hub.decision(&name, Outcome::StrategyDiscussion).await
    };
    assert_eq!(refused(queue.decide_referral(by(WORKER, unaware)).await), "MASH-S012");
    let decided = hub.decide(&name, Outcome::StrategyDiscussion).await;
    let request = care::GetSnapshotRequest { name: decided.snapshot };
    let frozen = queue.get_snapshot(by(WORKER, request)).await.unwrap().into_inner();
    let snapshot = frozen.snapshot.unwrap();
    assert_eq!((snapshot.unanswered.len(), snapshot.refused.len()), (1, 1));
    assert_eq!(snapshot.refused[0].refusal_reason, "an arrest is planned");
    assert!(snapshot.decision.unwrap().with_gaps);
}

pub(crate) async fn p09_three_green_notices_in_three_months_are_no_green(hub: &Hub) {
    let report = hub.report(ReportKind::PoliceNotice);
    let mut last = String::new();
    for _ in 0..3 {
        last = hub.notify_as(report.clone(), police::NoticeGrade::Green).await;
        hub.grade(&last, Grade::Green).await;
    }
    let prompts = hub.prompts(&last, "three-greens").await;
    assert!(!prompts[0].to.is_empty(), "a named person is told");
}

pub(crate) async fn p10_a_repeat_is_linked_with_its_history(hub: &Hub) {
    let report = hub.report(ReportKind::PoliceNotice);
    let first = hub.notify(report.clone()).await;
    hub.arrived(&first).await;
    let mut sibling = hub.report(ReportKind::PoliceNotice);
    sibling.child.as_mut().unwrap().address = report.child.clone().unwrap().address;
    let second = hub.notify(report).await;
    let found = hub.until(&second, |found| !found.history.is_empty()).await;
    assert_eq!(found.history[0].referral, first);
    assert!(found.history[0].kinds().any(|kind| kind == care::LinkKind::Child));
    let third = hub.notify(sibling).await;
    let found = hub.until(&third, |found| !found.history.is_empty()).await;
    assert!(found.history[0].kinds().any(|kind| kind == care::LinkKind::Address));
}

/// Each partner sees its own question and what it may know of the child, and its answer reaches the hub.
pub(crate) async fn p17_health_and_schools_are_asked_and_answer(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, Grade::Amber).await;
    hub.ask(&name, &[BOARD, SCHOOL.0]).await;
    let case = name.trim_start_matches("referrals/").to_owned();
    let of_school = until("the question to the school", async || {
        let request = education::ListEnquiriesRequest { page_size: 200, ..Default::default() };
        let mut school = hub.people.school_referrals(SCHOOL.0).unwrap();
        let listed = school.list_enquiries(by(SCHOOL.1, request)).await.ok()?.into_inner();
        listed.enquiries.into_iter().find(|one| one.case_id == case)
    })
    .await;
    let content = of_school.content.unwrap();
    assert!(content.child.is_some() && content.question.is_some());
    assert!(content.narrative.is_none() && content.address.is_none(), "a question tells little");
    let request = education::AnswerEnquiryRequest {
        request_id: id(),
        name: of_school.name,
        answer: Some(education::SchoolAnswer {
            attendance: Some(Attendance {
                sessions_possible: 100,
                sessions_attended: 80,
                ..Attendance::default()
            }),
            presentation: "tired".to_owned(),
            ..education::SchoolAnswer::default()
        }),
    };
    let mut school = hub.people.school_referrals(SCHOOL.0).unwrap();
    school.answer_enquiry(by(SCHOOL.1, request)).await.unwrap();
    let of_board = until("the question to health", async || {
        let request = health::ListEnquiriesRequest { page_size: 100, ..Default::default() };
        let mut board = hub.people.health(BOARD).unwrap();
        let listed = board.list_enquiries(by(NURSE, request)).await.ok()?.into_inner();
        listed.enquiries.into_iter().filter_map(|one| one.enquiry).find(|one| one.case_id == case)
    })
    .await;
    let request = health::AnswerEnquiryRequest {
        request_id: id(),
        name: of_board.name,
        professional: Some(health::Professional {
            name: "Named Nurse".to_owned(),
            role: health::Role::NamedNurse.into(),
            telephone: "01632 960442".to_owned(),
            ..health::Professional::default()
        }),
        nothing_known: true,
        ..health::AnswerEnquiryRequest::default()
    };
    let mut board = hub.people.health(BOARD).unwrap();
    board.answer_enquiry(by(NURSE, request)).await.unwrap();
    let found = hub
        .until(&name, |found| found.referral.as_ref().is_some_and(|it| it.unanswered == 0))
        .await;
    assert_eq!(found.items.len(), 3, "the report and two answers");
}

pub(crate) async fn p18_workload_and_invitations_are_counted(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.arrived(&name).await;
    let mut queue = hub.people.queue(HUB).unwrap();
    let summary = queue.queue_summary(by(WORKER, care::QueueSummaryRequest {})).await.unwrap();
    let summary = summary.into_inner();
    assert!(summary.open > 0 && summary.oldest_receive_time.is_some());
    let mut meetings = hub.people.meetings(HUB).unwrap();
    let request = care::CountInvitationsRequest { since_time: None };
    meetings.count_invitations(by(WORKER, request)).await.unwrap();
}

pub(crate) async fn p19_the_referrer_hears_at_once_and_then_the_decision(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.heard(&name, "received").await;
    hub.grade(&name, Grade::Amber).await;
    hub.decide(&name, Outcome::Advice).await;
    let heard = hub.heard(&name, "decided").await;
    let request =
        police::AcknowledgeFeedbackRequest { request_id: id(), release_id: heard.release_id };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.acknowledge_feedback(by(OFFICER, request)).await.unwrap();
    hub.until(&name, |found| {
        found.referral.as_ref().is_some_and(|it| it.feedback() == care::FeedbackState::Acknowledged)
    })
    .await;
}

pub(crate) async fn p20_a_school_hears_the_threshold_decision_and_what_would_change_it(hub: &Hub) {
    let request = education::SubmitReferralRequest {
        request_id: id(),
        reference: hub.reference(),
        report: Some(hub.report(ReportKind::School)),
    };
    let mut school = hub.people.school_referrals(SCHOOL.0).unwrap();
    let sent = school.submit_referral(by(SCHOOL.1, request)).await.unwrap().into_inner();
    let name = sent.referral.unwrap().name;
    hub.grade(&name, Grade::Green).await;
    hub.decide(&name, Outcome::NoFurtherAction).await;
    let told = until("the decision at the school", async || {
        let request = education::GetReferralRequest { name: name.clone() };
        let mut school = hub.people.school_referrals(SCHOOL.0).unwrap();
        let sent = school.get_referral(by(SCHOOL.1, request)).await.ok()?.into_inner();
        let feedback = sent.referral?.feedback.into_iter().filter_map(|one| one.feedback);
        feedback.into_iter().find(|told| told.stage == "decided")
    })
    .await;
    assert_eq!(told.outcome, "no-further-action");
    assert_eq!(told.reason, "the threshold was weighed");
    assert_eq!(told.what_would_change_it, "a second report");
}

pub(crate) async fn p21_a_disagreement_climbs_to_a_named_decider(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, Grade::Green).await;
    hub.decide(&name, Outcome::NoFurtherAction).await;
    hub.heard(&name, "decided").await;
    let request = police::RaiseDisagreementRequest {
        request_id: id(),
        subject: name.clone(),
        grounds: "The third notice in a month.".to_owned(),
        sought: "An assessment.".to_owned(),
        by: None,
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.raise_disagreement(by(OFFICER, request)).await.unwrap();
    let found = until("the disagreement at the hub", async || {
        let request = care::ListDisagreementsRequest {
            page_size: 50,
            referral: name.clone(),
            ..care::ListDisagreementsRequest::default()
        };
        let mut meetings = hub.people.meetings(HUB).unwrap();
        let listed = meetings.list_disagreements(by(WORKER, request)).await.ok()?.into_inner();
        listed.disagreements.into_iter().next()
    })
    .await;
    assert!(found.clock.is_some(), "each stage has its time");
    let mut meetings = hub.people.meetings(HUB).unwrap();
    let climb = care::RecordDisagreementStepRequest {
        request_id: id(),
        name: found.name.clone(),
        expected_revision: found.revision,
        escalate: true,
        reason: "no agreement between practitioners".to_owned(),
        decider: "team-manager-2".to_owned(),
        decider_organisation: None,
    };
    let climbed = meetings.record_disagreement_step(by(WORKER, climb)).await.unwrap().into_inner();
    let climbed = climbed.disagreement.unwrap();
    let last = climbed.steps.last().unwrap();
    assert!(last.stage() == care::DisagreementStage::FirstLine);
    assert_eq!(last.decider, "team-manager-2");
    let resolve = care::ResolveDisagreementRequest {
        request_id: id(),
        name: climbed.name,
        expected_revision: climbed.revision,
        answer: care::DisagreementAnswer::Changed.into(),
        reason: "three notices weigh more than one".to_owned(),
    };
    let ended = meetings.resolve_disagreement(by("team-manager-2", resolve)).await.unwrap();
    let ended = ended.into_inner().disagreement.unwrap();
    assert!(ended.state() == care::DisagreementState::Resolved);
}

pub(crate) async fn p28_a_child_who_was_not_heard_is_a_fault_or_a_gap(hub: &Hub) {
    let mut report = hub.report(ReportKind::PoliceNotice);
    report.voice = Some(mash_proto::referral::v1::Voice {
        spoken_to: Answer::No.into(),
        ..Default::default()
    });
    let request = police::SubmitProtectionNoticeRequest {
        request_id: id(),
        notice: Some(police::ProtectionNotice {
            reference: hub.reference(),
            report: Some(report.clone()),
            grade: police::NoticeGrade::Green.into(),
            ..police::ProtectionNotice::default()
        }),
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    let silent = force.submit_protection_notice(by(OFFICER, request)).await;
    assert!(!refused(silent).is_empty(), "not spoken to, and not why");
    // Nothing said of it never stops a report; the officer is asked for it.
    report.voice = None;
    let name = hub.notify(report).await;
    let sent = hub.sent(&name, |sent| !sent.prompts.is_empty()).await;
    assert!(sent.prompts.iter().any(|prompt| prompt == "record-voice"), "{:?}", sent.prompts);
}

pub(crate) async fn p29_partners_response_times_are_shown(hub: &Hub) {
    let name = hub.notify(hub.report(ReportKind::PoliceNotice)).await;
    hub.grade(&name, Grade::Amber).await;
    hub.ask(&name, &[FORCE]).await;
    let asked = hub.asked(&name).await;
    assert!(asked.state() == EnquiryState::Open);
    let request = police::AnswerEnquiryRequest {
        request_id: id(),
        name: asked.name,
        answer: Some(police::PoliceAnswer { nothing_known: true, ..Default::default() }),
    };
    let mut force = hub.people.protection(FORCE).unwrap();
    force.answer_enquiry(by(OFFICER, request)).await.unwrap();
    hub.until(&name, |found| found.referral.as_ref().is_some_and(|it| it.unanswered == 0)).await;
    let mut queue = hub.people.queue(HUB).unwrap();
    let request = care::PartnerResponseTimesRequest::default();
    let times = queue.partner_response_times(by(WORKER, request)).await.unwrap().into_inner();
    assert!(!times.partners.is_empty());
}

//! Public protection: notices, custody, missing children, police protection, and what hubs ask.

use mash_bus::topics;
use mash_proto::{
    disclosure::v1::{Content, EvidenceClass, Feedback, Question, ReceiptKind},
    envelope::unwrap,
    police::v1::{self as wire, protection_service_client::ProtectionServiceClient},
    referral::v1::{self as referral, ItemKind, ItemReceiptRecorded, ItemSubmitted, SentState},
    r#type::v1 as common,
};
use prost::Message as _;
use tonic::{Code, transport::Channel};

use crate::support::{Hub, by, id, time, told, violations};

type Client = ProtectionServiceClient<Channel>;

/// As `assert_eq!`, for what has no `Debug`: wire types hold personal data.
macro_rules! same {
    ($left:expr, $right:expr $(, $why:literal)? $(,)?) => {
        assert!($left == $right, "{} is not {}", stringify!($left), stringify!($right))
    };
}

/// Waits until something holds.
macro_rules! until {
    ($holds:expr) => {{
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
        while !$holds {
            assert!(tokio::time::Instant::now() < deadline, "in time: {}", stringify!($holds));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }};
}

mod asked;
mod records;
mod told;

on_both!(
    a_notice_is_submitted_once_and_tells_what_it_gives,
    a_reference_is_used_once_and_a_request_id_for_one_content,
    a_missing_detail_never_stops_a_notice,
    what_is_wrong_with_a_notice_is_told_at_once,
    a_stale_revision_is_refused_and_a_withdrawn_notice_stays_so,
    a_telephoned_report_is_confirmed_in_writing_or_prompts,
    silence_for_seven_working_days_prompts_a_chase_and_feedback_ends_it,
    feedback_is_read_by_a_person_and_by_nobody_else,
    another_force_sees_nothing,
);

const FORCE: &str = "police/62";

fn client(hub: &Hub, organisation: &str) -> Client {
    ProtectionServiceClient::new(hub.channel(organisation))
}

fn report(name: &str) -> referral::Report {
    referral::Report {
        form_version: 1,
        urgency: referral::Urgency::SameDay.into(),
        child: Some(referral::Subject {
            given_names: name.into(),
            family_name: "Enghraifft".into(),
            date_of_birth: Some(common::Date { year: 2015, month: 3, day: 4 }),
            address: Some(referral::Address {
                lines: vec!["1 Heol yr Enghraifft".into()],
                protect: common::Answer::No.into(),
                authority_code: "672".into(),
                ..referral::Address::default()
            }),
            ..referral::Subject::default()
        }),
        concerns: vec![referral::Concern {
            what: "Alone at home all night.".into(),
            evidence: EvidenceClass::Observation.into(),
            ..referral::Concern::default()
        }],
        voice: Some(referral::Voice {
            spoken_to: common::Answer::Yes.into(),
            words: "I was not scared.".into(),
            ..referral::Voice::default()
        }),
        harm_suspected: common::Answer::Yes.into(),
        referrer: Some(referral::Referrer {
            name: "PC Rees".into(),
            ..referral::Referrer::default()
        }),
        place_authority_code: "672".into(),
        ..referral::Report::default()
    }
}

fn notice(reference: &str) -> wire::ProtectionNotice {
    wire::ProtectionNotice {
        reference: reference.into(),
        report: Some(report("Cadi")),
        grade: wire::NoticeGrade::Amber.into(),
        ..wire::ProtectionNotice::default()
    }
}

fn submit(notice: wire::ProtectionNotice) -> wire::SubmitProtectionNoticeRequest {
    wire::SubmitProtectionNoticeRequest { request_id: id(), notice: Some(notice) }
}

async fn submitted(client: &mut Client, notice: wire::ProtectionNotice) -> referral::SentReferral {
    let answer = client.submit_protection_notice(by(submit(notice))).await;
    answer.unwrap().into_inner().referral.unwrap()
}

async fn items(hub: &Hub, count: usize) -> Vec<ItemSubmitted> {
    let events = hub.events(topics::SUBMITTED, count).await;
    events.iter().filter_map(|event| unwrap(event).ok()).collect()
}

async fn receipts(hub: &Hub, count: usize) -> Vec<(ReceiptKind, String)> {
    let events = hub.events(topics::RECEIPTS, count).await;
    let read = events.iter().filter_map(|event| unwrap::<ItemReceiptRecorded>(event).ok());
    read.map(|receipt| (receipt.kind(), receipt.practitioner)).collect()
}

fn organisation(text: &str) -> Option<common::Organisation> {
    let id: mash_domain::organisation::OrganisationId = text.parse().unwrap();
    Some((&id).into())
}

/// An item of Bridgend's hub for South Wales Police.
fn released(
    kind: ItemKind,
    name: &str,
    reply_to: &str,
    content: &Content,
) -> referral::ItemReleased {
    referral::ItemReleased {
        release_id: format!("release-{name}"),
        item_id: format!("item-{name}"),
        case_id: format!("case-{name}"),
        kind: kind.into(),
        recipient: organisation(FORCE),
        from: organisation("authority/672"),
        revision: 1,
        content: content.encode_to_vec(),
        rule_ids: vec!["R08".into()],
        reply_to: reply_to.into(),
        ..referral::ItemReleased::default()
    }
}

async fn release(hub: &Hub, item: &referral::ItemReleased) {
    let identity = format!("{}-{}", item.release_id, item.revision);
    hub.publish(topics::DISCLOSED_POLICE, FORCE, &identity, item).await;
}

fn question(due: &str) -> Content {
    Content {
        question: Some(Question {
            topics: vec!["police-history".into()],
            text: "What do you know?".into(),
            due_time: time(due),
            ..Question::default()
        }),
        ..Content::default()
    }
}

fn feedback(stage: &str) -> Content {
    let feedback = Feedback { stage: stage.into(), ..Feedback::default() };
    Content { feedback: Some(feedback), ..Content::default() }
}

/// Feedback on a referral: its case and its item are those of the referral.
fn on(sent: &ItemSubmitted, name: &str, stage: &str) -> referral::ItemReleased {
    let case_id = sent.case_id.clone();
    referral::ItemReleased {
        case_id,
        ..released(ItemKind::Feedback, name, &sent.item_id, &feedback(stage))
    }
}

async fn prompts(client: &mut Client) -> Vec<String> {
    let answer = client.list_prompts(by(wire::ListPromptsRequest::default())).await.unwrap();
    answer.into_inner().prompts.into_iter().map(|prompt| prompt.kind).collect()
}

/// What each prompt is, and what it is about.
async fn prompts_about(client: &mut Client) -> Vec<(String, String)> {
    let answer = client.list_prompts(by(wire::ListPromptsRequest::default())).await.unwrap();
    answer.into_inner().prompts.into_iter().map(|prompt| (prompt.kind, prompt.subject)).collect()
}

async fn enquiries(client: &mut Client) -> Vec<referral::ReceivedEnquiry> {
    let answer = client.list_enquiries(by(wire::ListEnquiriesRequest::default())).await.unwrap();
    answer.into_inner().enquiries
}

async fn referral_of(client: &mut Client, name: &str) -> referral::SentReferral {
    let request = wire::GetReferralRequest { name: name.into() };
    client.get_referral(by(request)).await.unwrap().into_inner().referral.unwrap()
}

async fn a_notice_is_submitted_once_and_tells_what_it_gives(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let request = submit(notice("PPN-1"));
    let first = client.submit_protection_notice(by(request.clone())).await.unwrap().into_inner();
    let again = client.submit_protection_notice(by(request)).await.unwrap().into_inner();
    assert!(first == again, "a repeat gets the first answer");
    let sent = first.referral.unwrap();
    same!((sent.revision, sent.state()), (1, SentState::Submitted));
    assert_eq!(sent.clocks.first().map(|clock| clock.rule.as_str()), Some("chase-acknowledgement"));
    let items = items(&hub, 1).await;
    assert_eq!(items.len(), 1, "one effect");
    let item = &items[0];
    same!((item.kind(), item.flow.as_str()), (ItemKind::Referral, "concern"));
    assert_eq!(format!("referrals/{}", item.case_id), sent.name);
    assert_eq!(
        (item.place_authority_code.as_str(), item.home_authority_code.as_str()),
        ("672", "672")
    );
    let content = item.content.as_ref().unwrap();
    assert_eq!(content.risk_grade, "amber");
    assert_eq!(content.child.as_ref().unwrap().given_names, "Cadi");
    assert_eq!(content.officer.as_ref().unwrap().reference, "PC-4711");
    assert!(item.facts.as_ref().unwrap().child_under_18);
}

async fn a_reference_is_used_once_and_a_request_id_for_one_content(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let request = submit(notice("PPN-1"));
    client.submit_protection_notice(by(request.clone())).await.unwrap();
    let second = client.submit_protection_notice(by(submit(notice("ppn-1")))).await;
    assert_eq!(
        told(second),
        (Code::AlreadyExists, "MASH-T004".into()),
        "the case of it does not matter"
    );
    let other = wire::SubmitProtectionNoticeRequest { notice: Some(notice("PPN-2")), ..request };
    let reused = client.submit_protection_notice(by(other)).await;
    assert_eq!(told(reused), (Code::AlreadyExists, "MASH-T002".into()));
}

async fn a_missing_detail_never_stops_a_notice(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let full = report("x");
    let least = referral::Report {
        child: Some(referral::Subject {
            given_names: "unknown child, about six".into(),
            ..referral::Subject::default()
        }),
        urgency: full.urgency,
        concerns: full.concerns,
        referrer: full.referrer,
        ..referral::Report::default()
    };
    let notice = wire::ProtectionNotice { report: Some(least), ..notice("PPN-3") };
    let sent = submitted(&mut client, notice).await;
    assert_eq!(sent.prompts, ["record-voice"], "a gap is prompted for, and blocks nothing");
    let items = items(&hub, 1).await;
    same!(items[0].facts.as_ref().unwrap().harm_suspected(), common::Answer::Unknown);
}

async fn what_is_wrong_with_a_notice_is_told_at_once(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let mut bad = report("Cadi");
    let child = bad.child.as_mut().unwrap();
    child.date_of_birth = Some(common::Date { year: 1990, month: 1, day: 1 });
    child.nhs_number = "9434765918".into();
    bad.concerns[0].evidence = 0;
    bad.voice = Some(referral::Voice {
        spoken_to: common::Answer::No.into(),
        ..referral::Voice::default()
    });
    bad.parent_informed = common::Answer::No.into();
    bad.marks = Some(referral::Marks {
        sexual_exploitation: common::Answer::Yes.into(),
        ..referral::Marks::default()
    });
    bad.consent = Some(referral::ConsentAsked {
        asked: common::Answer::Yes.into(),
        of: "the child".into(),
        given: common::Answer::Yes.into(),
        ..referral::ConsentAsked::default()
    });
    bad.kind = referral::ReportKind::Clinical.into();
    let notice = wire::ProtectionNotice { report: Some(bad), grade: 0, ..notice("PPN 4") };
    let mut found = violations(client.submit_protection_notice(by(submit(notice))).await);
    found.sort();
    let expected = [
        ("notice.grade", "MASH-P131"),
        ("notice.reference", "MASH-T022"),
        ("notice.report.child.date_of_birth", "MASH-T107"),
        ("notice.report.child.nhs_number", "MASH-T106"),
        ("notice.report.concerns[0].evidence", "MASH-T111"),
        ("notice.report.consent.given", "MASH-T115"),
        ("notice.report.kind", "MASH-P130"),
        ("notice.report.parent_not_informed_reason", "MASH-T114"),
        ("notice.report.voice.not_spoken_to_reason", "MASH-T113"),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code.to_owned()));
    assert_eq!(found, expected);
    let nothing = violations(
        client
            .submit_protection_notice(by(wire::SubmitProtectionNoticeRequest {
                request_id: id(),
                notice: None,
            }))
            .await,
    );
    let fields: Vec<_> = nothing.iter().map(|(_, code)| code.as_str()).collect();
    for code in ["MASH-P131", "MASH-T109", "MASH-T110", "MASH-T112"] {
        assert!(fields.contains(&code), "{code} in {fields:?}");
    }
}

async fn a_stale_revision_is_refused_and_a_withdrawn_notice_stays_so(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let sent = submitted(&mut client, notice("PPN-1")).await;
    let amend = |expected_revision| wire::AmendProtectionNoticeRequest {
        request_id: id(),
        name: sent.name.clone(),
        expected_revision,
        notice: Some(notice("PPN-1")),
    };
    let amended = client.amend_protection_notice(by(amend(1))).await.unwrap().into_inner();
    assert_eq!(amended.referral.unwrap().revision, 2);
    let stale = client.amend_protection_notice(by(amend(1))).await;
    assert_eq!(told(stale), (Code::Aborted, "MASH-T003".into()));
    let withdraw = || wire::WithdrawReferralRequest { request_id: id(), name: sent.name.clone() };
    let gone = client.withdraw_referral(by(withdraw())).await.unwrap().into_inner();
    same!(gone.referral.unwrap().state(), SentState::Withdrawn);
    let again = client.withdraw_referral(by(withdraw())).await;
    assert_eq!(told(again), (Code::FailedPrecondition, "MASH-T005".into()));
    let amended = client.amend_protection_notice(by(amend(3))).await;
    assert_eq!(told(amended), (Code::FailedPrecondition, "MASH-T005".into()));
    let items = items(&hub, 3).await;
    let last = items.last().unwrap();
    assert!(last.withdrawn && last.content.is_none() && last.revision == 3);
    assert_eq!(items[0].item_id, last.item_id, "one item, whatever its revision");
}

async fn a_telephoned_report_is_confirmed_in_writing_or_prompts(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let mut called = notice("PPN-1");
    called.report.as_mut().unwrap().telephoned = Some(referral::Telephoned {
        time: time("2026-11-18T02:20:00Z"),
        to_be_confirmed: true,
        ..referral::Telephoned::default()
    });
    let sent = submitted(&mut client, called).await;
    same!(sent.state(), SentState::Telephoned);
    hub.clock.set("2026-11-19T17:30:00Z".parse().unwrap());
    hub.police.tick().await.unwrap();
    assert!(prompts(&mut client).await.contains(&"confirm-in-writing".to_owned()));
    let written = wire::AmendProtectionNoticeRequest {
        request_id: id(),
        name: sent.name.clone(),
        expected_revision: 1,
        notice: Some(notice("PPN-1")),
    };
    let written = client.amend_protection_notice(by(written)).await.unwrap().into_inner();
    let written = written.referral.unwrap();
    same!(written.state(), SentState::Submitted);
    assert_eq!(written.prompts, Vec::<String>::new());
    let clock = written.clocks.iter().find(|clock| clock.rule == "written-confirmation").unwrap();
    same!(clock.state(), referral::ClockState::MetLate);
}

async fn silence_for_seven_working_days_prompts_a_chase_and_feedback_ends_it(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let sent = submitted(&mut client, notice("PPN-1")).await;
    hub.clock.set("2026-11-27T12:00:00Z".parse().unwrap());
    hub.police.tick().await.unwrap();
    assert_eq!(prompts(&mut client).await, Vec::<String>::new(), "not before the time");
    hub.clock.set("2026-11-27T17:00:00Z".parse().unwrap());
    hub.police.tick().await.unwrap();
    assert_eq!(prompts(&mut client).await, ["chase"]);
    let item = items(&hub, 1).await.remove(0);
    release(&hub, &on(&item, "f1", "received")).await;
    until!(referral_of(&mut client, &sent.name).await.state() == SentState::Received);
    assert_eq!(prompts(&mut client).await, Vec::<String>::new());
    // That it arrived asks nothing of a person.
    let expected =
        [(ReceiptKind::Delivered, String::new()), (ReceiptKind::Acknowledged, String::new())];
    same!(receipts(&hub, 2).await, expected);
}

async fn feedback_is_read_by_a_person_and_by_nobody_else(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let sent = submitted(&mut client, notice("PPN-1")).await;
    let item = items(&hub, 1).await.remove(0);
    release(&hub, &on(&item, "f1", "decided")).await;
    until!(referral_of(&mut client, &sent.name).await.state() == SentState::Decided);
    assert_eq!(prompts(&mut client).await, ["read-feedback"]);
    let request =
        || wire::AcknowledgeFeedbackRequest { request_id: id(), release_id: "release-f1".into() };
    let foreign = self::client(&hub, "police/61").acknowledge_feedback(by(request())).await;
    assert_eq!(told(foreign), (Code::NotFound, "MASH-C009".into()));
    let read = client.acknowledge_feedback(by(request())).await.unwrap().into_inner();
    assert!(read.feedback.unwrap().acknowledged);
    client.acknowledge_feedback(by(request())).await.unwrap();
    assert_eq!(prompts(&mut client).await, Vec::<String>::new());
    let expected =
        [(ReceiptKind::Delivered, String::new()), (ReceiptKind::Acknowledged, "PC-4711".into())];
    same!(receipts(&hub, 2).await, expected, "once, and by whom");
}

async fn another_force_sees_nothing(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let sent = submitted(&mut client, notice("PPN-1")).await;
    let mut gwent = self::client(&hub, "police/61");
    let foreign = gwent.get_referral(by(wire::GetReferralRequest { name: sent.name })).await;
    assert_eq!(told(foreign), (Code::NotFound, "MASH-C009".into()));
    let list = gwent.list_referrals(by(wire::ListReferralsRequest::default())).await.unwrap();
    assert!(list.into_inner().referrals.is_empty());
    let school = self::client(&hub, "school/6722301");
    let refused = school.clone().list_prompts(by(wire::ListPromptsRequest::default())).await;
    assert_eq!(told(refused), (Code::PermissionDenied, "MASH-C002".into()));
}

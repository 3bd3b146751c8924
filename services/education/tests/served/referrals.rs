//! Referrals of schools, children missing education, and what hubs ask schools.

use mash_bus::topics;
use mash_proto::{
    disclosure::v1::{Attendance, Content, EvidenceClass, Feedback, Question},
    education::v1 as wire,
    referral::v1::{self as referral, ItemKind, ItemSubmitted, SentState},
    r#type::v1 as common,
};
use mash_store::Dialect;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{BRIDGEND, E1, Hub, by, contact, id, refused};

/// As `assert_eq!`, for what has no `Debug`: wire types hold personal data.
macro_rules! same {
    ($left:expr, $right:expr $(, $why:literal)? $(,)?) => {
        assert!($left == $right, "{} is not {}", stringify!($left), stringify!($right))
    };
}

on_both!(
    a_designated_person_refers_and_hears_back,
    somebody_who_is_no_contact_is_told_what_to_do,
    a_school_makes_a_schools_report_and_nothing_else,
    a_child_missing_education_is_reported_by_school_and_desk,
    an_enquiry_is_answered_with_attendance,
    a_school_sees_its_own_and_nothing_else,
);

const DSP: &str = "mair";
const E2: &str = "school/6722302";

async fn with_contacts(hub: &Hub) {
    let contacts = vec![contact(DSP, wire::ContactRole::KeyAdult)];
    let parent = "establishments/6722301".to_owned();
    let request = wire::ReplaceContactsRequest { request_id: id(), parent, contacts };
    hub.directory(E1).replace_contacts(by("head", request)).await.unwrap();
}

fn report() -> referral::Report {
    referral::Report {
        urgency: referral::Urgency::SameDay.into(),
        child: Some(referral::Subject {
            given_names: "Cadi".into(),
            ..referral::Subject::default()
        }),
        concerns: vec![referral::Concern {
            what: "Came without a coat again.".into(),
            evidence: EvidenceClass::Observation.into(),
            ..referral::Concern::default()
        }],
        referrer: Some(referral::Referrer {
            name: "M Rees".into(),
            ..referral::Referrer::default()
        }),
        place_authority_code: "672".into(),
        ..referral::Report::default()
    }
}

fn submit(reference: &str) -> wire::SubmitReferralRequest {
    wire::SubmitReferralRequest {
        request_id: id(),
        reference: reference.into(),
        report: Some(report()),
    }
}

fn violations<T>(answer: Result<T, Status>) -> Vec<(String, String)> {
    let status = answer.err().unwrap();
    assert_eq!(status.code(), Code::InvalidArgument, "{}", status.message());
    let details = status.get_error_details();
    let all = &details.bad_request().unwrap().field_violations;
    all.iter().map(|one| (one.field.clone(), one.reason.clone())).collect()
}

fn organisation(text: &str) -> Option<common::Organisation> {
    let id: mash_domain::organisation::OrganisationId = text.parse().unwrap();
    Some((&id).into())
}

fn released(
    kind: ItemKind,
    name: &str,
    recipient: &str,
    content: &Content,
) -> referral::ItemReleased {
    referral::ItemReleased {
        release_id: format!("release-{name}"),
        item_id: format!("item-{name}"),
        case_id: format!("case-{name}"),
        kind: kind.into(),
        recipient: organisation(recipient),
        from: organisation(BRIDGEND),
        revision: 1,
        content: content.encode_to_vec(),
        ..referral::ItemReleased::default()
    }
}

async fn state(hub: &Hub, organisation: &str, practitioner: &str) -> Vec<SentState> {
    let request = by(practitioner, wire::ListReferralsRequest::default());
    let answer = hub.referrals(organisation).list_referrals(request).await.unwrap();
    answer.into_inner().referrals.iter().map(referral::SentReferral::state).collect()
}

async fn until_state(hub: &Hub, organisation: &str, practitioner: &str, wanted: SentState) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while state(hub, organisation, practitioner).await != [wanted] {
        assert!(tokio::time::Instant::now() < deadline, "in time");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn feedback(item: &ItemSubmitted, recipient: &str) -> referral::ItemReleased {
    let told = Feedback {
        stage: "decided".into(),
        reason: "Below the threshold.".into(),
        ..Feedback::default()
    };
    let content = Content { feedback: Some(told), ..Content::default() };
    referral::ItemReleased {
        case_id: item.case_id.clone(),
        reply_to: item.item_id.clone(),
        ..released(ItemKind::Feedback, "f1", recipient, &content)
    }
}

async fn a_designated_person_refers_and_hears_back(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    with_contacts(&hub).await;
    let request = submit("CP/1");
    let first = hub.referrals(E1).submit_referral(by(DSP, request.clone())).await.unwrap();
    let again = hub.referrals(E1).submit_referral(by(DSP, request)).await.unwrap();
    assert!(first.get_ref() == again.get_ref(), "a repeat gets the first answer");
    let items: Vec<ItemSubmitted> = hub.published(topics::SUBMITTED, 1).await;
    assert_eq!(items.len(), 1, "one effect");
    let item = &items[0];
    assert_eq!(item.report_kind, i32::from(referral::ReportKind::School));
    same!(item.from, organisation(E1));
    hub.publish(E1, "f1", &feedback(item, E1)).await;
    until_state(&hub, E1, DSP, SentState::Decided).await;
    let acknowledge =
        wire::AcknowledgeFeedbackRequest { request_id: id(), release_id: "release-f1".into() };
    let read = hub.referrals(E1).acknowledge_feedback(by(DSP, acknowledge)).await.unwrap();
    let told = read.into_inner().feedback.unwrap();
    assert_eq!(
        (told.acknowledged, told.feedback.unwrap().reason.as_str()),
        (true, "Below the threshold.")
    );
}

async fn somebody_who_is_no_contact_is_told_what_to_do(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    with_contacts(&hub).await;
    let answer = hub.referrals(E1).submit_referral(by("stranger", submit("CP/1"))).await;
    let status = answer.err().unwrap();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("ReplaceContacts"), "{}", status.message());
    assert_eq!(refused::<()>(Err(status)).1, "MASH-E030");
    let request = by("stranger", wire::ListEnquiriesRequest::default());
    let list = hub.referrals(E1).list_enquiries(request).await;
    assert_eq!(refused(list).1, "MASH-E030", "nor does a stranger read");
}

async fn a_school_makes_a_schools_report_and_nothing_else(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    with_contacts(&hub).await;
    let of = |kind: referral::ReportKind| {
        let mut request = submit("CP/1");
        request.report.as_mut().unwrap().kind = kind.into();
        request
    };
    let custody = of(referral::ReportKind::Custody);
    let answer = hub.referrals(E1).submit_referral(by(DSP, custody)).await;
    assert_eq!(violations(answer), [("report.kind".to_owned(), "MASH-E031".to_owned())]);
    let early = of(referral::ReportKind::EarlyHelp);
    hub.referrals(E1).submit_referral(by(DSP, early)).await.unwrap();
    let items: Vec<ItemSubmitted> = hub.published(topics::SUBMITTED, 1).await;
    assert_eq!(items[0].flow, "early-help");
    let adult = {
        let mut request = submit("CP/2");
        let child = request.report.as_mut().unwrap().child.as_mut().unwrap();
        child.date_of_birth = Some(common::Date { year: 2000, month: 1, day: 1 });
        request
    };
    let answer = hub.referrals(E1).submit_referral(by(DSP, adult)).await;
    let expected = [("report.child.date_of_birth".to_owned(), "MASH-T107".to_owned())];
    assert_eq!(violations(answer), expected);
}

fn missing(reference: &str) -> wire::ReportMissingEducationRequest {
    wire::ReportMissingEducationRequest {
        request_id: id(),
        reference: reference.into(),
        missing: Some(wire::MissingEducation {
            report: Some(referral::Report { concerns: Vec::new(), ..report() }),
            last_seen_date: Some(common::Date { year: 2026, month: 11, day: 2 }),
            attempts: vec![wire::ContactAttempt {
                date: Some(common::Date { year: 2026, month: 11, day: 9 }),
                what: "home visit".into(),
                outcome: "nobody there".into(),
            }],
            destination: "Swansea".into(),
            off_roll_date: None,
        }),
    }
}

async fn a_child_missing_education_is_reported_by_school_and_desk(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    with_contacts(&hub).await;
    hub.officers("education-duty", &["olwen"]).await;
    hub.referrals(E1).report_missing_education(by(DSP, missing("CME/1"))).await.unwrap();
    let stranger =
        hub.referrals(BRIDGEND).report_missing_education(by(DSP, missing("CME/2"))).await;
    assert_eq!(refused(stranger), (Code::PermissionDenied, "MASH-E030".into()));
    let desk =
        hub.referrals(BRIDGEND).report_missing_education(by("olwen", missing("CME/2"))).await;
    desk.unwrap();
    let mut items: Vec<ItemSubmitted> = hub.published(topics::SUBMITTED, 2).await;
    items.sort_by(|one, other| one.reference.cmp(&other.reference));
    let content = items[0].content.clone().unwrap();
    let concern = &content.narrative.unwrap().concerns[0];
    assert!(
        concern.what.contains("2026-11-02") && concern.what.contains("Swansea"),
        "{}",
        concern.what
    );
    assert!(content.actions.contains("2026-11-09: home visit"), "{}", content.actions);
    // The desk hears on the topic of its authority, which its hub reads too: what is not the desk's is left alone.
    let told = feedback(&items[1], BRIDGEND);
    let foreign = referral::ItemReleased {
        release_id: "release-f9".into(),
        case_id: "case-9".into(),
        reply_to: "item-9".into(),
        ..told.clone()
    };
    hub.publish_to(topics::DISCLOSED_SOCIAL_CARE, BRIDGEND, "f9", &foreign).await;
    hub.publish_to(topics::DISCLOSED_SOCIAL_CARE, BRIDGEND, "f1", &told).await;
    until_state(&hub, BRIDGEND, "olwen", SentState::Decided).await;
    let letters = mash_store::dead_letters::list(&hub.store, None, 10).await.unwrap();
    assert!(letters.is_empty());
    let mut future = missing("CME/3");
    future.missing.as_mut().unwrap().last_seen_date =
        Some(common::Date { year: 2027, month: 1, day: 1 });
    let answer = hub.referrals(E1).report_missing_education(by(DSP, future)).await;
    let expected = [("missing.last_seen_date".to_owned(), "MASH-E032".to_owned())];
    assert_eq!(violations(answer), expected);
}

async fn an_enquiry_is_answered_with_attendance(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    with_contacts(&hub).await;
    let question = Question { topics: vec!["attendance".into()], ..Question::default() };
    let content = Content { question: Some(question), ..Content::default() };
    hub.publish(E1, "e1", &released(ItemKind::Enquiry, "e1", E1, &content)).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let request = by(DSP, wire::ListEnquiriesRequest::default());
        let enquiries =
            hub.referrals(E1).list_enquiries(request).await.unwrap().into_inner().enquiries;
        if !enquiries.is_empty() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "in time");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let answer = |possible, attended| wire::AnswerEnquiryRequest {
        request_id: id(),
        name: "enquiries/item-e1".into(),
        answer: Some(wire::SchoolAnswer {
            attendance: Some(Attendance {
                sessions_possible: possible,
                sessions_attended: attended,
                ..Attendance::default()
            }),
            ..wire::SchoolAnswer::default()
        }),
    };
    let odd = hub.referrals(E1).answer_enquiry(by(DSP, answer(10, 11))).await;
    assert_eq!(violations(odd), [("answer.attendance".to_owned(), "MASH-E033".to_owned())]);
    hub.referrals(E1).answer_enquiry(by(DSP, answer(100, 61))).await.unwrap();
    let items: Vec<ItemSubmitted> = hub.published(topics::SUBMITTED, 1).await;
    let told = items[0].content.clone().unwrap().narrative.unwrap().attendance.unwrap();
    same!((items[0].kind(), told.sessions_attended), (ItemKind::Answer, 61));
    let never = wire::AnswerEnquiryRequest { name: "enquiries/item-e2".into(), ..answer(100, 61) };
    let never = hub.referrals(E1).answer_enquiry(by(DSP, never)).await;
    assert_eq!(refused(never), (Code::NotFound, "MASH-C009".into()));
}

async fn a_school_sees_its_own_and_nothing_else(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    with_contacts(&hub).await;
    hub.import_wales(&crate::support::wales_row("2302", "Ysgol y Bryn")).await;
    let contacts = vec![contact("nia", wire::ContactRole::KeyAdult)];
    let parent = "establishments/6722302".to_owned();
    let request = wire::ReplaceContactsRequest { request_id: id(), parent, contacts };
    hub.directory(E2).replace_contacts(by("head", request)).await.unwrap();
    let sent = hub.referrals(E1).submit_referral(by(DSP, submit("CP/1"))).await.unwrap();
    let name = sent.into_inner().referral.unwrap().name;
    let request = by("nia", wire::GetReferralRequest { name });
    let foreign = hub.referrals(E2).get_referral(request).await;
    assert_eq!(refused(foreign), (Code::NotFound, "MASH-C009".into()));
    assert!(state(&hub, E2, "nia").await.is_empty());
    let force = hub.referrals("police/62").submit_referral(by("PC-1", submit("CP/1"))).await;
    assert_eq!(refused(force), (Code::PermissionDenied, "MASH-C002".into()));
}

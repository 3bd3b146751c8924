//! What concerns people beside the queue: reports of the public, protection and who looks it up.

use mash_proto::{
    disclosure::v1::{Content, EvidenceClass, ProfessionalContact, ProtectionStatus},
    referral::v1::{
        Concern, ItemKind, ItemReleased, Referrer, Report, ReportKind, Subject, Telephoned,
        Urgency, Voice,
    },
    social_care::v1 as wire,
    r#type::v1::{Answer, Date},
};
use mash_store::Dialect;
use prost::Message as _;

use crate::support::{BRIDGEND, HEALTH, Hub, SCHOOL, by, child, id, organisation, refused};

on_both!(
    a_report_of_the_public_goes_the_way_of_every_referral_and_is_confirmed,
    p1_a_report_of_the_public_that_nobody_may_have_is_put_to_the_manager,
    protection_is_told_to_every_board_and_the_lead_worker_hears_who_looked,
    a_worker_links_and_takes_apart,
);

fn report(kind: ReportKind) -> Report {
    Report {
        form_version: 1,
        kind: kind.into(),
        urgency: Urgency::SameDay.into(),
        child: Some(Subject {
            given_names: "Carys".into(),
            family_name: "Evans".into(),
            date_of_birth: Some(Date { year: 2018, month: 3, day: 4 }),
            ..Subject::default()
        }),
        concerns: vec![Concern {
            what: "shouting every night".into(),
            evidence: EvidenceClass::Observation.into(),
            ..Concern::default()
        }],
        voice: Some(Voice {
            spoken_to: Answer::No.into(),
            not_spoken_to_reason: "a neighbour telephoned".into(),
            ..Voice::default()
        }),
        parent_informed: Answer::No.into(),
        parent_not_informed_reason: "not safe".into(),
        harm_suspected: Answer::Yes.into(),
        risk_to_visitors: Answer::Unknown.into(),
        referrer: Some(Referrer {
            name: "A. Worker".into(),
            role: "duty".into(),
            ..Referrer::default()
        }),
        place_authority_code: "672".into(),
        ..Report::default()
    }
}

async fn p1_a_report_of_the_public_that_nobody_may_have_is_put_to_the_manager(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let request = wire::RecordPublicReportRequest {
        request_id: id(),
        reference: "PUB-1".into(),
        report: Some(report(ReportKind::Public)),
    };
    let taken = hub.queue().record_public_report(by("worker-1", request)).await.unwrap();
    let taken = taken.into_inner().sent.unwrap();
    let sent = hub.sent(ItemKind::Referral, 1).await.remove(0);
    hub.not_delivered(&sent, "withheld").await;
    let prompt = hub.until_prompt("item-undelivered").await;
    assert_eq!((prompt.referral, prompt.subject), (taken.name, sent.item_id));
    assert_eq!((prompt.to.as_str(), prompt.open), ("duty-manager", true));
}

async fn a_report_of_the_public_goes_the_way_of_every_referral_and_is_confirmed(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let at = mash_chassis::Clock::now(&hub.clock);
    let telephoned = Telephoned {
        time: Some(mash_proto::convert::time_to_wire(at)),
        taken_by: "duty desk".into(),
        to_be_confirmed: true,
    };
    let request = wire::RecordPublicReportRequest {
        request_id: id(),
        reference: "PUB-1".into(),
        report: Some(Report { telephoned: Some(telephoned), ..report(ReportKind::Public) }),
    };
    let first = hub.queue().record_public_report(by("worker-1", request.clone())).await;
    let first = first.unwrap().into_inner().sent.unwrap();
    let again = hub.queue().record_public_report(by("worker-1", request.clone())).await.unwrap();
    assert!(again.into_inner().sent.unwrap() == first);
    let sent = hub.sent(ItemKind::Referral, 1).await;
    assert!((sent.len(), sent[0].from.clone()) == (1, Some(organisation(BRIDGEND))));
    let wrong = wire::RecordPublicReportRequest {
        request_id: id(),
        reference: "PUB-2".into(),
        report: Some(report(ReportKind::School)),
    };
    let answer = refused(hub.queue().record_public_report(by("worker-1", wrong)).await);
    assert_eq!(answer.0, tonic::Code::InvalidArgument);
    let confirm = wire::ConfirmInWritingRequest {
        request_id: id(),
        reference: "PUB-1".into(),
        expected_revision: 1,
        report: Some(report(ReportKind::Public)),
    };
    let done = hub.queue().confirm_in_writing(by("worker-1", confirm)).await.unwrap();
    assert_eq!(done.into_inner().sent.unwrap().revision, 2);
    assert_eq!(hub.sent(ItemKind::Referral, 2).await.len(), 2);
    let moved = wire::RecordTransferInRequest {
        request_id: id(),
        reference: "IN-1".into(),
        report: Some(report(ReportKind::Transfer)),
    };
    hub.queue().record_transfer_in(by("worker-1", moved)).await.unwrap();
    assert_eq!(hub.sent(ItemKind::Referral, 3).await.len(), 3);
}

async fn protection_is_told_to_every_board_and_the_lead_worker_hears_who_looked(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let set = |status, nhs: &str| wire::SetProtectionStatusRequest {
        request_id: id(),
        child: child("Carys", nhs).child,
        status: Some(status),
        lead_worker: "lead-3".into(),
    };
    let plan = ProtectionStatus { plan: true, ..ProtectionStatus::default() };
    let unnumbered = hub.queue().set_protection_status(by("manager", set(plan, ""))).await;
    assert_eq!(refused(unnumbered).1, "MASH-S001");
    let nothing = set(ProtectionStatus::default(), "9990000018");
    assert_eq!(refused(hub.queue().set_protection_status(by("m", nothing)).await).1, "MASH-S001");
    let done = hub.queue().set_protection_status(by("m", set(plan, "9990000018"))).await.unwrap();
    let done = done.into_inner();
    let sent = hub.sent(ItemKind::ProtectionStatus, 1).await;
    assert!(sent[0].to.len() >= 7, "every board of the reference data");
    assert_eq!(sent[0].item_id, done.item_id);
    assert!(sent[0].content.clone().unwrap().protection.unwrap().plan);
    let who = ProfessionalContact { name: "Sister Rees".into(), ..Default::default() };
    let content = Content { officer: Some(who), ..Content::default() };
    hub.release(&ItemReleased {
        release_id: "look-1".into(),
        item_id: "look-item-1".into(),
        case_id: sent[0].case_id.clone(),
        kind: ItemKind::Lookup.into(),
        recipient: Some(organisation(BRIDGEND)),
        from: Some(organisation(HEALTH)),
        revision: 1,
        content: content.encode_to_vec(),
        ..ItemReleased::default()
    })
    .await;
    let prompt = hub.until_prompt("looked-up").await;
    assert_eq!(prompt.to, "lead-3");
    let request = wire::ListLookupsRequest { child: done.child.clone(), ..Default::default() };
    let lookups = hub.queue().list_lookups(by("lead-3", request)).await.unwrap().into_inner();
    assert_eq!(lookups.lookups[0].who.as_ref().unwrap().name, "Sister Rees");
    // It ends, under the same item in its next revision.
    let ended = ProtectionStatus { ended: true, ..ProtectionStatus::default() };
    hub.queue().set_protection_status(by("m", set(ended, "9990000018"))).await.unwrap();
    let sent = hub.sent(ItemKind::ProtectionStatus, 2).await;
    assert_eq!((sent[1].item_id.clone(), sent[1].revision), (done.item_id, 2));
}

async fn a_worker_links_and_takes_apart(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut stranger = child("Elin", "");
    stranger.address = None;
    stranger.household = None;
    let one = hub.referred("c-1", SCHOOL, child("Carys", "")).await;
    let other = hub.referred("c-2", SCHOOL, stranger).await;
    let link = wire::LinkReferralsRequest {
        request_id: id(),
        one: one.clone(),
        other: other.clone(),
        reason: "cousins".into(),
    };
    let linked = hub.queue().link_referrals(by("worker-1", link)).await.unwrap().into_inner();
    assert_eq!(linked.history[0].kinds, [i32::from(wire::LinkKind::Worker)]);
    let unlink =
        wire::UnlinkReferralsRequest { request_id: id(), one, other, reason: "no cousins".into() };
    let apart = hub.queue().unlink_referrals(by("worker-1", unlink)).await.unwrap().into_inner();
    assert!(apart.history.is_empty());
}

//! A school's notice is sealed until somebody there has confirmed that the child is on its roll.

use mash_proto::{
    disclosure::v1::{ChildIdentity, Content, DisclosureReleased, IncidentStub, Narrative},
    education::v1 as wire,
};
use mash_store::Dialect;
use prost::Message as _;
use tonic::Code;

use crate::support::{BRIDGEND, E1, Hub, by, id, refused, to_school};

on_both!(
    before_the_roll_is_confirmed_a_notice_says_who_the_child_is_and_nothing_else,
    only_whoever_was_told_can_unseal,
    support_is_kept_with_the_notice_and_goes_with_it,
    what_is_noted_is_checked,
);

/// A notice with the child's identity in full, a stub and a story.
async fn told(hub: &Hub) -> DisclosureReleased {
    let child = ChildIdentity {
        given_names: "Carys".to_owned(),
        family_name: "Example".to_owned(),
        date_of_birth: Some(jiff::civil::date(2018, 3, 4).into()),
        upn: "A123456789012".to_owned(),
        nhs_number: "9990000018".to_owned(),
        aliases: vec!["Cari".to_owned()],
        ..ChildIdentity::default()
    };
    let incident = IncidentStub { police_reference: "SWP-1".to_owned(), ..Default::default() };
    let narrative = Narrative { circumstances: "the door".to_owned(), ..Default::default() };
    let content = Content {
        child: Some(child),
        incident: Some(incident),
        narrative: Some(narrative),
        ..Content::default()
    };
    let release =
        DisclosureReleased { content: content.encode_to_vec(), ..to_school("n1", &["mair"]) };
    hub.release(&release).await;
    hub.until(E1, "mair", |notices| notices.len() == 1).await;
    release
}

async fn before_the_roll_is_confirmed_a_notice_says_who_the_child_is_and_nothing_else(
    dialect: Dialect,
) {
    let hub = Hub::with_school(dialect).await;
    let release = told(&hub).await;
    hub.at("2026-11-19T07:45");
    let sealed = hub.get(E1, "mair", "n1").await.unwrap();
    let only = ChildIdentity {
        given_names: "Carys".to_owned(),
        family_name: "Example".to_owned(),
        date_of_birth: Some(jiff::civil::date(2018, 3, 4).into()),
        ..ChildIdentity::default()
    };
    assert!(sealed.rule_ids.is_empty(), "they would tell what it is about");
    assert!(sealed.sealed && sealed.roll_confirmed_by.is_empty());
    assert!(sealed.content == Some(Content { child: Some(only), ..Content::default() }));
    let name = "notices/n1".to_owned();
    let request = wire::AcknowledgeNoticeRequest {
        request_id: id(),
        name,
        revision: 1,
        ..wire::AcknowledgeNoticeRequest::default()
    };
    let unseen = hub.notices(E1).acknowledge_notice(by("mair", request)).await;
    assert_eq!(refused(unseen), (Code::FailedPrecondition, "MASH-E028".to_owned()));

    let confirmed = hub.confirm_roll((E1, "mair"), "n1").await.unwrap();
    assert!(!confirmed.sealed && confirmed.content.is_none());
    assert_eq!(confirmed.roll_confirmed_by, "mair");
    assert!(confirmed.roll_confirm_time.is_some());
    let open = hub.get(E1, "mair", "n1").await.unwrap();
    assert_eq!(open.rule_ids, ["R01"]);
    assert!(open.content == Content::decode(release.content.as_slice()).ok(), "all of it");

    // A correction is about the same child.
    hub.release(&DisclosureReleased { revision: 2, ..release }).await;
    hub.until(E1, "mair", |notices| notices[0].revision == 2).await;
    assert!(hub.get(E1, "mair", "n1").await.unwrap().content.unwrap().incident.is_some());
}

async fn only_whoever_was_told_can_unseal(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    told(&hub).await;
    for practitioner in ["owen", "a-teacher"] {
        let answer = refused(hub.confirm_roll((E1, practitioner), "n1").await);
        assert_eq!(answer.0, Code::NotFound, "{practitioner}");
    }
    let answer = refused(hub.confirm_roll(("school/6722302", "mair"), "n1").await);
    assert_eq!(answer.0, Code::NotFound);
    let answer = refused(hub.confirm_roll((BRIDGEND, "mair"), "n1").await);
    assert_eq!(answer.0, Code::PermissionDenied);
    assert!(hub.get(E1, "mair", "n1").await.unwrap().sealed);
}

fn support(codes: &[&str], note: &str) -> wire::RecordSupportRequest {
    wire::RecordSupportRequest {
        request_id: id(),
        name: "notices/n1".to_owned(),
        support_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        note: note.to_owned(),
    }
}

async fn support_is_kept_with_the_notice_and_goes_with_it(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let release = told(&hub).await;
    let early = hub.notices(E1).record_support(by("mair", support(&["talked"], ""))).await;
    assert_eq!(refused(early), (Code::FailedPrecondition, "MASH-E028".to_owned()));
    hub.confirm_roll((E1, "mair"), "n1").await.unwrap();
    hub.get(E1, "mair", "n1").await.unwrap();
    hub.acknowledge((E1, "mair"), "n1", 1, &id()).await.unwrap();
    let request = support(&["talked", "adjusted", "talked"], "a uniform was lent");
    for _ in 0..2 {
        hub.notices(E1).record_support(by("mair", request.clone())).await.unwrap();
    }
    let notes = hub.get(E1, "mair", "n1").await.unwrap().notes;
    assert_eq!(notes.len(), 1, "a repeat has one effect");
    assert_eq!((notes[0].kind.as_str(), notes[0].practitioner.as_str()), ("support", "mair"));
    assert_eq!(notes[0].support_codes, ["adjusted", "talked"]);
    assert_eq!(notes[0].note, "a uniform was lent");
    assert!(hub.list(E1, "mair").await[0].notes.is_empty(), "a list tells nothing");

    hub.recall(&release).await;
    let recalled = i32::from(wire::NoticeState::Recalled);
    hub.until(E1, "mair", |notices| notices[0].state == recalled).await;
    let gone = hub.get(E1, "mair", "n1").await.unwrap();
    assert!(gone.notes.is_empty() && gone.content.is_none(), "a note may say what it said");
}

async fn what_is_noted_is_checked(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    told(&hub).await;
    let long = "x".repeat(2_001);
    for (codes, note) in [(&[][..], " "), (&["shouted"][..], ""), (&["talked"][..], &long)] {
        let request = support(codes, note);
        let answer = refused(hub.notices(E1).record_support(by("mair", request)).await);
        assert_eq!(answer, (Code::InvalidArgument, "MASH-E020".to_owned()), "{codes:?}");
    }
    let request = wire::AcknowledgeNoticeRequest {
        request_id: id(),
        name: "notices/n1".to_owned(),
        revision: 1,
        note: long,
    };
    let answer = refused(hub.notices(E1).acknowledge_notice(by("mair", request)).await);
    assert_eq!(answer.0, Code::InvalidArgument);
}

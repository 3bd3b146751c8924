//! Glass broken over a child whom police have reported and referred: a whole hub, real clients, a real bus, the ledger.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use mash_hub::{data::Data, demo::prepare::OPERATOR};
use mash_ledger::{Checkpoint, Entry, Hash, Kind, Note, hash, proof};
use mash_proto::{
    audit::v1::ProveCasesRequest,
    police::v1::{Incident, ReportDomesticAbuseIncidentRequest},
    referral::v1::ReportKind,
    sharing::v1::{
        AcknowledgeBreakGlassRequest, BreakGlass, BreakGlassRequest, BreakGlassVerdict,
        ChildSelector, ListDecisionsRequest, ReadBehindGlassRequest, ReadBehindGlassResponse,
        ReviewBreakGlassRequest, SetOfficerRequest, WatchBreakGlassRequest,
        WatchBreakGlassResponse, child_selector::Child,
    },
};
use mash_store::Dialect;
use mash_synth::night::Night;
use mash_tests::{
    OnBus, Stage,
    hub::{BOARD, FORCE, HUB, Hub, OFFICER, SCHOOL, by, id, refused, until},
};
use tonic::{Code, Status, Streaming};

const DOCTOR: &str = "dr-1";
const REVIEWER: &str = "dpo-1";
const WHY: &str = "She rang from a bridge, and nobody knows where she lives.";

#[tokio::test(flavor = "multi_thread")]
async fn glass_is_broken_and_answered_for_on_sqlite_and_the_embedded_bus() {
    Box::pin(glass_is_broken_and_answered_for(Dialect::Sqlite, OnBus::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn glass_is_broken_and_answered_for_on_postgres_and_kafka() {
    Box::pin(glass_is_broken_and_answered_for(Dialect::Postgres, OnBus::Kafka)).await;
}

async fn report(hub: &Hub, incident: Incident) -> Incident {
    let request = ReportDomesticAbuseIncidentRequest { request_id: id(), incident: Some(incident) };
    let mut police = hub.people.police(FORCE).unwrap();
    let answer = police.report_domestic_abuse_incident(by(OFFICER, request)).await.unwrap();
    answer.into_inner().incident.unwrap()
}

async fn break_it(hub: &Hub, number: &str, life_at_risk: bool) -> Result<BreakGlass, Status> {
    let child = Child::NhsNumber(number.to_owned());
    let request = BreakGlassRequest {
        request_id: id(),
        child: Some(ChildSelector { child: Some(child) }),
        reason: WHY.to_owned(),
        life_at_risk,
    };
    let mut board = hub.people.break_glass(BOARD).unwrap();
    let answer = board.break_glass(by(DOCTOR, request)).await?;
    Ok(answer.into_inner().break_glass.unwrap())
}

async fn read(hub: &Hub, name: &str) -> Result<ReadBehindGlassResponse, Status> {
    let request = ReadBehindGlassRequest { name: name.to_owned() };
    let mut board = hub.people.break_glass(BOARD).unwrap();
    Ok(board.read_behind_glass(by(DOCTOR, request)).await?.into_inner())
}

async fn appoint(hub: &Hub) {
    let mut officers = hub.people.rights(BOARD).unwrap();
    let (request_id, practitioner) = (id(), REVIEWER.to_owned());
    let officer = SetOfficerRequest { request_id, practitioner, appointed: true };
    officers.set_officer(by("head-1", officer)).await.unwrap();
}

async fn review(hub: &Hub, name: &str) {
    let request = ReviewBreakGlassRequest {
        request_id: id(),
        name: name.to_owned(),
        verdict: BreakGlassVerdict::Justified.into(),
        reason: "I heard the call.".to_owned(),
    };
    let mut board = hub.people.break_glass(BOARD).unwrap();
    board.review_break_glass(by(REVIEWER, request)).await.unwrap();
}

async fn watch(hub: &Hub, organisation: &str) -> Streaming<WatchBreakGlassResponse> {
    let mut desk = hub.people.break_glass(organisation).unwrap();
    let request = by(OFFICER, WatchBreakGlassRequest {});
    desk.watch_break_glass(request).await.unwrap().into_inner()
}

async fn told(desk: &mut Streaming<WatchBreakGlassResponse>) -> BreakGlass {
    let told = tokio::time::timeout(Duration::from_secs(60), desk.message()).await;
    told.unwrap_or_else(|_| panic!("nobody told the desk")).unwrap().unwrap().break_glass.unwrap()
}

/// Until routing has taken in both: the decisions on the incident are there, and the referral is in the queue.
async fn taken_in(hub: &Hub, incident: &str, referral: &str) {
    hub.arrived(referral).await;
    until("decisions on the incident", async || {
        let incident = incident.to_owned();
        let request = ListDecisionsRequest { incident, ..ListDecisionsRequest::default() };
        let mut force = hub.people.sharing(FORCE).unwrap();
        let listed = force.list_decisions(by(OFFICER, request)).await.ok()?.into_inner();
        (!listed.decisions.is_empty()).then_some(())
    })
    .await;
}

/// The entries about a use in the ledger, by case, as somebody proves them who has the ledger's key and nothing else.
async fn proved(hub: &Hub, name: &str, cases: &[&str]) -> Vec<Entry> {
    let signer = Data::open(&hub.options().data).unwrap().signer().unwrap();
    let (origin, keys) = (signer.origin().to_owned(), signer.in_use().to_vec());
    until(&format!("{name} in the ledger"), async || {
        let case_ids = cases.iter().map(|case| (*case).to_owned()).collect();
        let mut operator = hub.people.ledger(OPERATOR).unwrap();
        let answer = operator.prove_cases(by(REVIEWER, ProveCasesRequest { case_ids })).await;
        let proofs = answer.unwrap().into_inner();
        let note = Note::parse(&proofs.checkpoint).unwrap();
        let says = Checkpoint::verified(&note, &origin, &keys).unwrap();
        let mut found = Vec::new();
        for it in proofs.entries {
            let entry = Entry::decode(&it.entry).unwrap();
            if entry.subject != name {
                continue;
            }
            let path: Vec<Hash> =
                it.hashes.iter().map(|it| Hash::from_slice(it).unwrap()).collect();
            let index = u64::try_from(it.index).unwrap();
            let holds = |bytes: &[u8]| {
                proof::inclusion(index, says.size, &hash::leaf(bytes), &path, &says.root)
            };
            holds(&it.entry).unwrap();
            let mut forged = it.entry.clone();
            *forged.last_mut().unwrap() ^= 1;
            assert!(holds(&forged).is_err(), "another entry in its place");
            found.push(entry);
        }
        (found.len() >= cases.len()).then_some(found)
    })
    .await
}

/// Neither a colleague nor a school, and the desk itself only by a use of its own.
async fn nobody_else_reads(hub: &Hub, name: &str) {
    let request = || ReadBehindGlassRequest { name: name.to_owned() };
    for (organisation, practitioner) in [(BOARD, "dr-2"), (FORCE, OFFICER), (HUB, DOCTOR)] {
        let mut other = hub.people.break_glass(organisation).unwrap();
        let answer = other.read_behind_glass(by(practitioner, request())).await;
        assert_eq!(answer.err().unwrap().code(), Code::NotFound, "{organisation}");
    }
    let mut school = hub.people.break_glass(SCHOOL.0).unwrap();
    let answer = school.read_behind_glass(by(SCHOOL.1, request())).await;
    assert_eq!(answer.err().unwrap().code(), Code::PermissionDenied);
}

async fn glass_is_broken_and_answered_for(dialect: Dialect, bus: OnBus) {
    let mut hub = Hub::start(Stage::new(dialect, bus).await).await;
    let mut incident = Night::new().incident("I1").unwrap().first.clone();
    incident.occurrence_number = hub.reference();
    let mut notice = hub.report(ReportKind::PoliceNotice);
    // A number of her own, so that nothing else of the night is about her.
    let number = notice.child.as_ref().unwrap().nhs_number.clone();
    incident.children[0].nhs_number.clone_from(&number);
    notice.child.as_mut().unwrap().given_names.clone_from(&incident.children[0].given_names);
    let (child_ref, children) = (incident.children[0].r#ref.clone(), incident.children.len());
    assert!(children > 1, "somebody has to be left out");
    let others: Vec<String> =
        incident.children[1..].iter().map(|it| it.given_names.clone()).collect();
    let incident = report(&hub, incident).await;
    let referral = hub.notify(notice).await;
    taken_in(&hub, &incident.name, &referral).await;

    // The desk of the force hears of it at once.
    let mut desk = watch(&hub, FORCE).await;
    let first = break_it(&hub, &number, false).await.unwrap();
    assert_eq!(first.case_children.len(), 2, "{:?}", first.case_children);
    let heard = told(&mut desk).await;
    assert_eq!((heard.name.as_str(), heard.reason.as_str()), (first.name.as_str(), WHY));
    assert_eq!(heard.case_children, first.case_children, "the force has a part in both");
    assert_eq!(
        told(&mut watch(&hub, HUB).await).await.case_children,
        std::slice::from_ref(&referral)
    );

    let behind = read(&hub, &first.name).await.unwrap();
    let [read_incident] = &behind.incidents[..] else { panic!("one incident") };
    assert_eq!(read_incident.narrative, incident.narrative);
    let [child] = &read_incident.children[..] else { panic!("one child") };
    assert_eq!((&child.r#ref, &child.nhs_number), (&child_ref, &number));
    let shown = |name: &String| read_incident.children.iter().any(|it| it.given_names == *name);
    assert!(!others.iter().any(shown));
    let holders: Vec<&str> = behind.holders.iter().map(|it| it.code.as_str()).collect();
    assert!(holders.contains(&"62") && holders.contains(&"672"), "{holders:?}");

    nobody_else_reads(&hub, &first.name).await;

    // The ledger has it, for each of her cases, and it can be proved.
    let cases =
        [incident.name.trim_start_matches("incidents/"), referral.trim_start_matches("referrals/")];
    let entries = proved(&hub, &first.name, &cases).await;
    for case in cases {
        let [entry] = entries.iter().filter(|it| it.case == case).collect::<Vec<_>>()[..] else {
            panic!("one entry for each case")
        };
        assert_eq!((entry.kind, entry.organisation.as_str()), (Kind::BrokeGlass, BOARD));
    }

    // What is only pressing waits for the review, whatever becomes of the process; a life does not.
    assert_eq!(refused(break_it(&hub, &number, false).await), "MASH-A030");
    let acknowledged = AcknowledgeBreakGlassRequest { name: first.name.clone() };
    let mut force = hub.people.break_glass(FORCE).unwrap();
    force.acknowledge_break_glass(by(OFFICER, acknowledged)).await.unwrap();
    drop((desk, force));
    hub.restart_at("2026-11-19T10:59:00Z").await;
    assert_eq!(read(&hub, &first.name).await.unwrap().incidents.len(), 1);
    assert_eq!(refused(break_it(&hub, &number, false).await), "MASH-A030");
    let second = break_it(&hub, &number, true).await.unwrap();
    assert_eq!(told(&mut watch(&hub, FORCE).await).await.name, second.name, "the first was heard");
    hub.at("2026-11-19T11:30:00Z");
    assert_eq!(refused(read(&hub, &first.name).await), "MASH-A031");
    read(&hub, &second.name).await.unwrap();

    appoint(&hub).await;
    review(&hub, &first.name).await;
    assert_eq!(refused(break_it(&hub, &number, false).await), "MASH-A030", "the second waits too");
    review(&hub, &second.name).await;
    let third = break_it(&hub, &number, false).await.unwrap();
    assert!(third.name != first.name);
    proved(&hub, &third.name, &cases).await;
    hub.stop().await;
}

//! What is left of a case when it was erased: a hub with everything in it, and a scanner that takes each table, topic, file,
//! log and backup and tries every key that is left. The same scanner finds the case before.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use mash_bus::topics;
use mash_hub::demo::prepare::OPERATOR;
use mash_keys::FileKeys;
use mash_proto::{
    audit::v1::{EraseCaseRequest, ListErasuresRequest},
    education::v1::ListNoticesRequest,
    police::v1::ReportDomesticAbuseIncidentRequest,
    referral::v1::ReportKind,
    sharing::v1::{
        ApplyHarmTestRequest, AssembleSubjectAccessRequest, BreakGlassRequest, ChildSelector,
        HarmOutcome, RequestSubjectAccessRequest, SetOfficerRequest, child_selector::Child,
    },
    social_care::v1::{Grade, Outcome},
};
use mash_store::{
    Dialect, Store, erasure,
    keys::{BUS, CASES, rotation},
    testing::scan::{Found, Scan},
};
use mash_synth::night::Night;
use mash_tests::{
    OnBus, Stage,
    hub::{BOARD, FORCE, Hub, OFFICER, SCHOOL, by, id, until},
};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_case_is_left_on_sqlite_and_the_embedded_bus() {
    Box::pin(nothing_is_left(Dialect::Sqlite, OnBus::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_case_is_left_on_postgres_and_kafka() {
    Box::pin(nothing_is_left(Dialect::Postgres, OnBus::Kafka)).await;
}

/// What every process of this test has logged.
fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    struct Keep;
    impl io::Write for Keep {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            LOG.get_or_init(Mutex::default).lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(|| Keep).init();
    });
    LOG.get_or_init(Mutex::default)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A referral with this word in it, worked to its end. The id of its case.
async fn referral(hub: &Hub, word: &str) -> String {
    let mut report = hub.report(ReportKind::PoliceNotice);
    let child = report.child.as_mut().unwrap();
    child.family_name = format!("Scenario{word}");
    report.concerns[0].what = format!("Alone at home all night: {word}.");
    report.voice.as_mut().unwrap().words = format!("I was scared of {word}.");
    let name = hub.notify(report).await;
    hub.grade(&name, Grade::Amber).await;
    hub.decide(&name, Outcome::Advice).await;
    name.trim_start_matches("referrals/").to_owned()
}

/// An incident with this word in it, with a notice at the school. The id of its case.
async fn incident(hub: &Hub, word: &str) -> String {
    let night = Night::new();
    let mut incident = night.incident("I1").unwrap().first.clone();
    incident.occurrence_number = hub.reference();
    incident.narrative = format!("{} {word}", incident.narrative);
    for child in &mut incident.children {
        child.family_name.push_str(word);
    }
    let request = ReportDomesticAbuseIncidentRequest { request_id: id(), incident: Some(incident) };
    let mut police = hub.people.police(FORCE).unwrap();
    let answer = police.report_domestic_abuse_incident(by(OFFICER, request)).await.unwrap();
    answer.into_inner().incident.unwrap().name.trim_start_matches("incidents/").to_owned()
}

/// Glass that was broken over a child of an incident, and a subject access about her, each with this word in its reasons.
async fn reasons(hub: &Hub, case: &str, word: &str) {
    let (child_ref, why) = ("c1", format!("Nobody can find her: {word}."));
    let child = || {
        let name = format!("incidents/{case}/children/{child_ref}");
        Some(ChildSelector { child: Some(Child::CaseChild(name)) })
    };
    let reason = why.clone();
    let request =
        BreakGlassRequest { request_id: id(), child: child(), reason, life_at_risk: true };
    hub.people.break_glass(BOARD).unwrap().break_glass(by("dr-1", request)).await.unwrap();
    let mut force = hub.people.rights(FORCE).unwrap();
    let (request_id, practitioner) = (id(), "dpo-1".to_owned());
    let request = SetOfficerRequest { request_id, practitioner, appointed: true };
    force.set_officer(by("head-1", request)).await.unwrap();
    let request =
        RequestSubjectAccessRequest { request_id: id(), child: child(), received_date: None };
    let asked = force.request_subject_access(by("dpo-1", request)).await.unwrap().into_inner();
    let name = asked.subject_access.unwrap().name;
    let request = AssembleSubjectAccessRequest { request_id: id(), name: name.clone() };
    force.assemble_subject_access(by("dpo-1", request)).await.unwrap();
    let request = ApplyHarmTestRequest {
        request_id: id(),
        name,
        line: 0,
        outcome: HarmOutcome::HandOver.into(),
        reason: why,
    };
    force.apply_harm_test(by("dpo-1", request)).await.unwrap();
}

async fn notices(hub: &Hub) -> usize {
    let request = ListNoticesRequest { page_size: 100, ..ListNoticesRequest::default() };
    let mut school = hub.people.notices(SCHOOL.0).unwrap();
    school.list_notices(by(SCHOOL.1, request)).await.unwrap().into_inner().notices.len()
}

/// The store as the hub has it, beside it.
async fn store(hub: &Hub) -> Store {
    let options = hub.options();
    let keys = FileKeys::open(options.data.join("keys")).unwrap();
    Store::connect_sealed(&options.database.unwrap(), Arc::new(keys)).await.unwrap()
}

/// Everything that there is now.
async fn everything(hub: &Hub, bus: OnBus) -> Scan {
    let options = hub.options();
    let url = options.database.clone().unwrap();
    let bare = Store::connect(&url).await.unwrap();
    let mut all = Scan::of(&bare).await;
    if bus == OnBus::Kafka {
        let broker = mash_bus::connect(&options.bus, &bare).await.unwrap();
        for topic in topics::all() {
            let group = format!("scanner-{}", Uuid::new_v4().simple());
            let mut left = broker.lag(&group, &[topic.name]).await.unwrap();
            let mut reading = broker.subscribe(&group, &[topic.name]).await.unwrap();
            while left > 0 {
                let batch = tokio::time::timeout(Duration::from_secs(30), reading.next_batch(100));
                for it in batch.await.unwrap().unwrap() {
                    all.add_message(topic.name, &it.key, it.payload.to_vec());
                    left -= 1;
                }
            }
        }
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        files(&mut all, Path::new(path).parent().unwrap());
    }
    files(&mut all, &options.data);
    all.add_bytes("log", log().lock().unwrap().clone());
    bare.close().await;
    all
}

/// Every file beneath this folder, pages that are free included.
fn files(all: &mut Scan, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(all, &path);
        } else {
            all.add_bytes(&format!("file {}", path.display()), std::fs::read(&path).unwrap());
        }
    }
}

async fn find(all: &[Scan], hub: &Hub, word: &str) -> Found {
    let topics: Vec<&str> = topics::all().into_iter().map(|topic| topic.name).collect();
    Scan::find(all, &hub.options().data.join("keys"), word, &topics).await
}

async fn nothing_is_left(dialect: Dialect, bus: OnBus) {
    log();
    let mut hub = Hub::start(Stage::new(dialect, bus).await).await;
    let [gone, kept] = [Uuid::new_v4(), Uuid::new_v4()].map(|word| word.simple().to_string());
    let cases = [referral(&hub, &gone).await, incident(&hub, &gone).await];
    referral(&hub, &kept).await;
    incident(&hub, &kept).await;
    until("two notices at the school", async || (notices(&hub).await >= 2).then_some(())).await;

    reasons(&hub, &cases[1], &gone).await;

    let backup = everything(&hub, bus).await;
    let before = find(std::slice::from_ref(&backup), &hub, &gone).await;
    assert_eq!(before.in_the_clear(), Vec::<&str>::new(), "whoever has it without the keys");
    assert_eq!(before.blind, Vec::<String>::new());
    for table in [
        "police_incidents",
        "partner_referrals",
        "routing_cases",
        "routing_break_glass",
        "routing_subject_access",
        "education_notices",
        "social_care_items",
        "social_care_snapshots",
        match bus {
            OnBus::Embedded => "bus_log",
            OnBus::Kafka => "topic mash.submitted.v1",
        },
    ] {
        assert!(
            before.in_table(table),
            "{table} holds it, and the scanner must see it: {before:?}"
        );
    }

    let store = store(&hub).await;
    for case_id in cases {
        let order = EraseCaseRequest { request_id: id(), case_id, reason: "a test".to_owned() };
        let mut operator = hub.people.erasures(OPERATOR).unwrap();
        assert!(operator.erase_case(by("dpo-1", order)).await.unwrap().into_inner().keys > 0);
    }
    let closed = everything(&hub, bus).await;
    assert!(
        find(&[closed], &hub, &gone).await.in_table("police_incidents"),
        "closed is not erased"
    );
    assert_eq!(notices(&hub).await, 2, "the duty stands, whatever is left of what it was about");
    let swept = erasure::sweep(&store, &[], now() + erasure::GRACE_MS + 1).await.unwrap();
    assert!(swept.destroyed > 0);
    let live = everything(&hub, bus).await;
    assert_eq!(find(std::slice::from_ref(&live), &hub, &gone).await.text, []);
    assert!(!find(&[live, backup.clone()], &hub, &gone).await.text.is_empty(), "not yet final");
    until("a certificate in the ledger for each key", async || {
        let request = by("dpo-1", ListErasuresRequest::default());
        let mut operator = hub.people.erasures(OPERATOR).unwrap();
        let listed = operator.list_erasures(request).await.unwrap().into_inner().erasures;
        let entered = listed.iter().filter(|one| !one.entry_id.is_empty()).count();
        (u64::try_from(entered).unwrap() == swept.destroyed).then_some(())
    })
    .await;

    hub.halt().await;
    rotation::rotate(&store, now()).await.unwrap();
    rotation::rewrap(&store, 100_000).await.unwrap();
    rotation::retire(&store, CASES, 1, now()).await.unwrap();
    rotation::retire(&store, BUS, 1, now()).await.unwrap();
    let all = [backup, everything(&hub, bus).await];
    let after = find(&all, &hub, &gone).await;
    assert_eq!(after, Found::default(), "nothing anywhere, with every key that is left");
    let other = find(&all, &hub, &kept).await;
    assert!(other.in_table("police_incidents") && other.in_table("education_notices"), "{other:?}");
    store.close().await;
}

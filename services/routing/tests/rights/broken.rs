//! Broken glass: never refused to a life, an hour, one child, told at once, reviewed by somebody else, in the ledger.

use std::time::Duration;

use mash_chassis::testing::Edge;
use mash_ledger::{Entry, Kind, entry::commitment};
use mash_proto::sharing::v1::{
    AcknowledgeBreakGlassRequest, BreakGlass, BreakGlassRequest, BreakGlassVerdict, ChildSelector,
    ListBreakGlassRequest, ListLooksRequest, ReadBehindGlassRequest, ReadBehindGlassResponse,
    ReviewBreakGlassRequest, SetOfficerRequest, WatchBreakGlassRequest, WatchBreakGlassResponse,
    break_glass_service_client::BreakGlassServiceClient, child_selector::Child,
};
use mash_routing::rulesets::Rulesets;
use mash_store::{Dialect, evidence, testing::execute};
use prost::Message as _;
use sqlx::AssertSqlSafe;
use tonic::{Code, Request, Status, Streaming};

use crate::support::{
    AUTHORITY, BOARD, FORCE, Hub, OFFICER, OTHER_FORCE, SCHOOL, at, by, faults, id, refused,
};

on_both!(
    a_life_at_risk_is_never_refused_and_what_is_only_pressing_waits_for_a_review,
    of_two_pressing_uses_at_once_one_opens,
    it_is_open_for_an_hour_to_whoever_broke_it_and_to_nobody_else,
    what_is_read_is_hers_and_no_other_childs,
    whoever_has_a_part_hears_at_once_until_it_says_that_it_heard,
    another_process_tells_it_too_and_none_is_left_out_of_many,
    each_use_and_review_is_in_the_ledger_for_each_case_without_its_words,
    it_opens_while_nobody_can_ask_the_rules,
    every_fault_is_told_at_once_and_nothing_is_kept,
    an_officer_reviews_once_and_nobody_her_own_use,
    a_repeated_request_has_one_effect,
    uses_and_what_they_wait_for_outlive_the_process,
);

pub(crate) const WHY: &str = "She rang from a bridge, and nobody knows where she lives.";

fn request(child: Child, life_at_risk: bool) -> BreakGlassRequest {
    BreakGlassRequest {
        request_id: id(),
        child: Some(ChildSelector { child: Some(child) }),
        reason: WHY.to_owned(),
        life_at_risk,
    }
}

impl Hub {
    fn child(&self, place: usize) -> Child {
        Child::NhsNumber(self.numbers[place].clone())
    }

    pub(crate) async fn broken(
        &self,
        (organisation, practitioner): (&str, &str),
        place: usize,
        life_at_risk: bool,
    ) -> Result<BreakGlass, Status> {
        let request = request(self.child(place), life_at_risk);
        let answer = self.glass(organisation).break_glass(by(practitioner, request)).await?;
        Ok(answer.into_inner().break_glass.unwrap())
    }

    pub(crate) async fn behind(
        &self,
        (organisation, practitioner): (&str, &str),
        name: &str,
    ) -> Result<ReadBehindGlassResponse, Status> {
        let request = ReadBehindGlassRequest { name: name.to_owned() };
        let answer = self.glass(organisation).read_behind_glass(by(practitioner, request)).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn reviewed(
        &self,
        (organisation, practitioner): (&str, &str),
        name: &str,
    ) -> Result<BreakGlass, Status> {
        let request = ReviewBreakGlassRequest {
            request_id: id(),
            name: name.to_owned(),
            verdict: BreakGlassVerdict::Justified.into(),
            reason: "I heard the call.".to_owned(),
        };
        let answer = self.glass(organisation).review_break_glass(by(practitioner, request)).await?;
        Ok(answer.into_inner().break_glass.unwrap())
    }

    pub(crate) async fn uses(&self, organisation: &str) -> Vec<BreakGlass> {
        let request = Request::new(ListBreakGlassRequest::default());
        let answer = self.glass(organisation).list_break_glass(request).await.unwrap();
        answer.into_inner().break_glass
    }

    async fn watch(&self, organisation: &str) -> Streaming<WatchBreakGlassResponse> {
        let request = Request::new(WatchBreakGlassRequest {});
        self.glass(organisation).watch_break_glass(request).await.unwrap().into_inner()
    }

    async fn heard(&self, organisation: &str, name: &str) -> Result<(), Status> {
        let request = Request::new(AcknowledgeBreakGlassRequest { name: name.to_owned() });
        self.glass(organisation).acknowledge_break_glass(request).await.map(|_| ())
    }

    async fn rows(&self, table: &str) -> i64 {
        let mut conn = self.store.read().await.unwrap();
        let sql = AssertSqlSafe(format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut *conn).await.unwrap()
    }
}

async fn next(stream: &mut Streaming<WatchBreakGlassResponse>) -> BreakGlass {
    let told = tokio::time::timeout(Duration::from_secs(60), stream.message());
    let told = told.await.unwrap_or_else(|_| panic!("nothing was told"));
    told.unwrap().unwrap().break_glass.unwrap()
}

async fn a_life_at_risk_is_never_refused_and_what_is_only_pressing_waits_for_a_review(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    hub.appoint(BOARD).await;
    let first = hub.broken((BOARD, "dr-1"), 0, false).await.unwrap();
    assert!(!first.life_at_risk && first.verdict() == BreakGlassVerdict::Unspecified);
    let (opened, ends) = (first.open_time.unwrap(), first.end_time.unwrap());
    assert_eq!(ends.seconds - opened.seconds, 3_600);

    hub.clock.set(at("2026-11-20T09:30:00Z"));
    // Whoever of the organisation it is, and whichever child.
    for (practitioner, place) in [("dr-1", 0), ("dr-2", 1)] {
        let (code, mash, text) = refused(hub.broken((BOARD, practitioner), place, false).await);
        assert_eq!((code, mash.as_str()), (Code::FailedPrecondition, "MASH-A030"));
        assert!(text.contains("2026-11-20T09:00:00Z") && text.contains("life"), "{text}");
    }
    assert_eq!(hub.uses(BOARD).await.len(), 1, "what was refused is nothing");
    // Another organisation answers for its own uses.
    let other = hub.broken((AUTHORITY, "sw-1"), 0, false).await.unwrap();
    let second = hub.broken((BOARD, "dr-2"), 0, true).await.unwrap();
    let third = hub.broken((BOARD, "dr-2"), 1, true).await.unwrap();
    assert!(second.life_at_risk && second.name != third.name && other.name != first.name);
    hub.behind((BOARD, "dr-2"), &third.name).await.unwrap();

    for use_of in [&first, &second] {
        let reviewed = hub.reviewed((BOARD, OFFICER), &use_of.name).await.unwrap();
        assert!(reviewed.verdict() == BreakGlassVerdict::Justified);
    }
    let still = refused(hub.broken((BOARD, "dr-1"), 0, false).await);
    assert_eq!(still.1, "MASH-A030", "each of them waits");
    hub.reviewed((BOARD, OFFICER), &third.name).await.unwrap();
    hub.broken((BOARD, "dr-1"), 0, false).await.unwrap();
}

async fn of_two_pressing_uses_at_once_one_opens(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let (one, other) =
        tokio::join!(hub.broken((BOARD, "dr-1"), 0, false), hub.broken((BOARD, "dr-2"), 1, false));
    let lost = if one.is_ok() { other } else { one };
    assert_eq!(refused(lost).1, "MASH-A030");
    assert_eq!(hub.uses(BOARD).await.len(), 1);
    let (one, other) =
        tokio::join!(hub.broken((BOARD, "dr-1"), 0, true), hub.broken((BOARD, "dr-2"), 1, true));
    assert!(one.is_ok() && other.is_ok());
}

async fn it_is_open_for_an_hour_to_whoever_broke_it_and_to_nobody_else(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.broken((BOARD, "dr-1"), 0, true).await.unwrap().name;
    let nowhere = refused(hub.behind((BOARD, "dr-1"), "breakGlass/nowhere").await);
    assert_eq!((nowhere.0, nowhere.1.as_str()), (Code::NotFound, "MASH-C009"));
    for stranger in [(BOARD, "dr-2"), (AUTHORITY, "dr-1"), (FORCE, "dr-1")] {
        assert_eq!(refused(hub.behind(stranger, &name).await), nowhere, "{stranger:?}");
    }
    let unnamed = Request::new(ReadBehindGlassRequest { name: name.clone() });
    let unnamed = hub.glass(BOARD).read_behind_glass(unnamed).await;
    assert_ne!(refused(unnamed).0, Code::Ok, "somebody has to be named");

    hub.clock.set(at("2026-11-20T09:59:59Z"));
    hub.behind((BOARD, "dr-1"), &name).await.unwrap();
    hub.clock.set(at("2026-11-20T10:00:00Z"));
    let (code, mash, text) = refused(hub.behind((BOARD, "dr-1"), &name).await);
    assert_eq!((code, mash.as_str()), (Code::FailedPrecondition, "MASH-A031"));
    assert!(text.contains("2026-11-20T10:00:00Z"), "{text}");
    assert_eq!(refused(hub.behind((BOARD, "dr-2"), &name).await), nowhere, "nor is she told");
}

async fn what_is_read_is_hers_and_no_other_childs(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let referrals = [hub.refer(&hub.numbers[0]).await, hub.ask_for_help(&hub.numbers[0]).await];
    hub.refer(&hub.numbers[1]).await;
    hub.ask_for_help(&hub.numbers[1]).await;
    let broken = hub.broken((OTHER_FORCE, "sgt-9"), 0, true).await.unwrap();
    let [incident] =
        broken.case_children.iter().filter(|it| !referrals.contains(it)).collect::<Vec<_>>()[..]
    else {
        panic!("{:?}", broken.case_children)
    };
    assert_eq!(broken.case_children.len(), 3);
    let (case, child_ref) = incident.split_once("/children/").unwrap();
    assert_eq!(case, hub.case.name());

    let behind = hub.behind((OTHER_FORCE, "sgt-9"), &broken.name).await.unwrap();
    let [incident] = &behind.incidents[..] else { panic!("one incident") };
    assert!(!incident.narrative.is_empty());
    let children: Vec<&str> = incident.children.iter().map(|it| it.r#ref.as_str()).collect();
    assert_eq!(children, [child_ref]);
    for relationship in incident.adults.iter().flat_map(|adult| &adult.relationships) {
        assert_eq!(relationship.child_ref, child_ref);
    }
    let [item] = &behind.items[..] else { panic!("her request for help alone") };
    assert_eq!(item.from.as_ref().unwrap().code, "7A5");
    assert!(item.content.as_ref().unwrap().narrative.is_some());
    let other = hub.numbers[1].as_bytes();
    let read = behind.encode_to_vec();
    assert!(!read.windows(other.len()).any(|part| part == other), "the other child's number");
    let hers = hub.numbers[0].as_bytes();
    assert!(read.windows(hers.len()).any(|part| part == hers));
    let holders: Vec<&str> = behind.holders.iter().map(|it| it.code.as_str()).collect();
    assert!(holders.contains(&"62") && holders.contains(&"7A5"), "{holders:?}");

    // By the case it is the same child.
    let named = Child::CaseChild(format!("{}/children/{child_ref}", hub.case.name()));
    let named = by("sgt-9", request(named, true));
    let named = hub.glass(OTHER_FORCE).break_glass(named).await.unwrap().into_inner();
    assert_eq!(named.break_glass.unwrap().case_children, broken.case_children);

    // Whoever leads the case sees the look, with the others.
    let request = ListLooksRequest { case_name: hub.case.name(), ..ListLooksRequest::default() };
    let looks = hub.of(FORCE).list_looks(by("lead-1", request)).await.unwrap().into_inner().looks;
    let [look] = &looks[..] else { panic!("one look, of one child: {}", looks.len()) };
    assert_eq!((look.what.as_str(), look.child_ref.as_str()), ("behind-glass", child_ref));
    assert_eq!(look.practitioner, "sgt-9");
}

async fn whoever_has_a_part_hears_at_once_until_it_says_that_it_heard(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let referral = hub.refer(&hub.numbers[0]).await;
    let mut force = hub.watch(FORCE).await;
    let broken = hub.broken((OTHER_FORCE, "sgt-9"), 0, true).await.unwrap();
    let told = next(&mut force).await;
    assert_eq!(
        (told.name.as_str(), told.practitioner.as_str(), told.reason.as_str()),
        (broken.name.as_str(), "sgt-9", WHY)
    );
    assert!(told.life_at_risk && told.case_children.len() == 1, "its own case alone");
    assert!(told.case_children[0].starts_with(&hub.case.name()));
    // Whoever sent the referral, and whoever works it, hear of that.
    for organisation in [BOARD, AUTHORITY] {
        let mut stream = hub.watch(organisation).await;
        let told = next(&mut stream).await;
        assert_eq!((told.name, told.case_children), (broken.name.clone(), vec![referral.clone()]));
    }
    // Whoever has no part hears nothing, and cannot say that it heard.
    assert!(hub.uses(SCHOOL).await.is_empty());
    assert_eq!(refused(hub.heard(SCHOOL, &broken.name).await).0, Code::NotFound);
    assert_eq!(refused(hub.heard(FORCE, "breakGlass/nowhere").await).0, Code::NotFound);

    // Who lost the connection before it said so is told again, and afterwards not.
    drop(force);
    assert_eq!(next(&mut hub.watch(FORCE).await).await.name, broken.name);
    hub.heard(FORCE, &broken.name).await.unwrap();
    hub.heard(FORCE, &broken.name).await.unwrap();
    let mut force = hub.watch(FORCE).await;
    let later = hub.broken((OTHER_FORCE, "sgt-9"), 1, true).await.unwrap();
    assert_eq!(next(&mut force).await.name, later.name, "what it has heard is not told again");
    // Both stand in the list, the latest first, with what becomes of them.
    hub.appoint(OTHER_FORCE).await;
    hub.reviewed((OTHER_FORCE, OFFICER), &broken.name).await.unwrap();
    let listed = hub.uses(FORCE).await;
    assert_eq!(listed.len(), 2);
    let first = listed.iter().find(|it| it.name == broken.name).unwrap();
    assert!(first.verdict() == BreakGlassVerdict::Justified && first.review_time.is_some());
}

async fn another_process_tells_it_too_and_none_is_left_out_of_many(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let replica: Edge = hub.replica().await;
    let mut elsewhere = BreakGlassServiceClient::new(replica.channel(FORCE));
    let request = Request::new(WatchBreakGlassRequest {});
    let mut elsewhere = elsewhere.watch_break_glass(request).await.unwrap().into_inner();
    let broken = hub.broken((BOARD, "dr-1"), 0, true).await.unwrap();
    assert_eq!(next(&mut elsewhere).await.name, broken.name);
    // More than are read at a time, each at another time.
    let mut tx = hub.store.begin().await.unwrap();
    for number in 1..=450_i64 {
        for sql in [
            "INSERT INTO routing_break_glass SELECT glass_id || '-' || CAST($1 AS TEXT), organisation, practitioner,
             life_at_risk, open_ms - CAST($2 AS BIGINT), reason, verdict, reviewer, review_ms, review_reason
             FROM routing_break_glass WHERE glass_id = $3",
            "INSERT INTO routing_break_glass_told SELECT organisation, glass_id || '-' || CAST($1 AS TEXT),
             open_ms - CAST($2 AS BIGINT), 0, cases FROM routing_break_glass_told
             WHERE organisation = 'police/62' AND glass_id = $3",
        ] {
            let id = broken.name.trim_start_matches("breakGlass/");
            let query = sqlx::query(sql).bind(number.to_string()).bind(number).bind(id);
            query.execute(tx.conn()).await.unwrap();
        }
    }
    // Copies cannot be opened: their words are bound to the use.
    sqlx::query("UPDATE routing_break_glass SET reason = $1 WHERE glass_id LIKE '%-%-%-%-%-%'")
        .bind(Vec::<u8>::new())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut stream = hub.watch(FORCE).await;
    let mut opened = Vec::new();
    for _ in 0..=450 {
        let time = next(&mut stream).await.open_time.unwrap();
        opened.push((time.seconds, time.nanos));
    }
    assert!(opened.is_sorted(), "the oldest first");
    let page = ListBreakGlassRequest { page_size: 200, page_token: String::new() };
    let mut pages = vec![hub.glass(FORCE).list_break_glass(page).await.unwrap().into_inner()];
    while let Some(page_token) =
        pages.last().map(|page| page.next_page_token.clone()).filter(|token| !token.is_empty())
    {
        let page = ListBreakGlassRequest { page_size: 200, page_token };
        pages.push(hub.glass(FORCE).list_break_glass(page).await.unwrap().into_inner());
    }
    let sizes: Vec<usize> = pages.iter().map(|page| page.break_glass.len()).collect();
    assert_eq!(sizes, [200, 200, 51]);
}

async fn each_use_and_review_is_in_the_ledger_for_each_case_without_its_words(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.refer(&hub.numbers[0]).await;
    hub.appoint(BOARD).await;
    let broken = hub.broken((BOARD, "dr-1"), 0, true).await.unwrap();
    let reviewed = hub.reviewed((BOARD, OFFICER), &broken.name).await.unwrap();
    hub.settled().await;
    let mut conn = hub.store.read().await.unwrap();
    let sql = "SELECT entry FROM audit_entries ORDER BY idx";
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await.unwrap();
    drop(conn);
    let entries = rows.iter().map(|row| Entry::decode(row).unwrap());
    let entries: Vec<Entry> = entries.filter(|entry| entry.kind == Kind::BrokeGlass).collect();
    assert_eq!(entries.len(), 4, "a use and a review, in two cases");
    assert_eq!(entries.iter().filter(|entry| entry.case == hub.case.to_string()).count(), 2);
    let mut shown = Vec::new();
    for entry in &entries {
        assert_eq!(
            (entry.subject.as_str(), entry.organisation.as_str()),
            (broken.name.as_str(), BOARD)
        );
        let salt = evidence::salt(&hub.store, &entry.id.to_string()).await.unwrap().unwrap();
        let salt: [u8; 32] = salt.try_into().unwrap();
        let is = |it: &BreakGlass| commitment(&salt, &it.encode_to_vec()) == entry.commitment;
        shown.push((is(&broken), is(&reviewed)));
        let bytes = String::from_utf8_lossy(&entry.encode().unwrap()).into_owned();
        assert!(!bytes.contains("dr-1") && !bytes.contains("bridge"), "{bytes}");
    }
    shown.sort_unstable();
    assert_eq!(shown, [(false, true), (false, true), (true, false), (true, false)]);
}

async fn it_opens_while_nobody_can_ask_the_rules(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    for sql in ["DROP TABLE routing_ruleset_in_force", "DROP TABLE routing_rulesets"] {
        execute(&hub.store, sql).await.unwrap();
    }
    let mut tx = hub.store.begin().await.unwrap();
    assert!(Rulesets::default().in_force(&mut tx).await.is_err(), "whoever asks fails");
    tx.rollback().await.unwrap();
    let name = hub.broken((BOARD, "dr-1"), 0, true).await.unwrap().name;
    let behind = hub.behind((BOARD, "dr-1"), &name).await.unwrap();
    assert_eq!((behind.incidents.len(), behind.incidents[0].children.len()), (1, 1));
    assert_eq!(next(&mut hub.watch(FORCE).await).await.name, name);
    hub.heard(FORCE, &name).await.unwrap();
    hub.appoint(BOARD).await;
    hub.reviewed((BOARD, OFFICER), &name).await.unwrap();
    hub.settled().await;
}

async fn every_fault_is_told_at_once_and_nothing_is_kept(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.appoint(BOARD).await;
    let mut board = hub.glass(BOARD);
    let told = |fields: &[&str]| -> Vec<(String, String)> {
        fields.iter().map(|field| ((*field).to_owned(), "MASH-A034".to_owned())).collect()
    };
    let empty = BreakGlassRequest { life_at_risk: true, ..BreakGlassRequest::default() };
    let answer = board.break_glass(by("dr-1", empty)).await;
    assert_eq!(faults(answer), told(&["request_id", "child", "reason"]));
    for (child, field) in [
        (Child::Subject("subjects/all".to_owned()), "child.subject"),
        (Child::Subject("*".to_owned()), "child.subject"),
        (Child::NhsNumber("all".to_owned()), "child.nhs_number"),
        (Child::Upn("%".to_owned()), "child.upn"),
        (Child::CaseChild(hub.case.name()), "child.case_child"),
        (Child::CaseChild(format!("{}/children/*", hub.case.name())), "child.case_child"),
    ] {
        for reason in ["", " \n ", "\u{7}", &"x".repeat(1_001)] {
            let all = request(child.clone(), true);
            let all = BreakGlassRequest { reason: reason.to_owned(), ..all };
            let answer = board.break_glass(by("dr-1", all)).await;
            assert_eq!(faults(answer), told(&[field, "reason"]), "{reason:?}");
        }
    }
    // Nor is there a way by a child whom nobody knows to a case that somebody has.
    let mut numbers = mash_synth::identifiers::nhs_numbers(980_000);
    let (nowhere, elsewhere) = (numbers.next().unwrap(), numbers.next().unwrap());
    hub.elsewhere(&elsewhere).await;
    for child in [
        Child::NhsNumber(nowhere),
        Child::NhsNumber(elsewhere),
        Child::CaseChild(format!("{}/children/c99", hub.case.name())),
        Child::CaseChild(format!("referrals/{}", hub.case)),
    ] {
        let answer = board.break_glass(by("dr-1", request(child, true))).await;
        let (code, mash, _) = refused(answer);
        assert_eq!((code, mash.as_str()), (Code::NotFound, "MASH-C009"));
    }
    let school = by("head-1", request(hub.child(0), true));
    let school = refused(hub.glass(SCHOOL).break_glass(school).await);
    assert_eq!(school.0, Code::PermissionDenied);
    let unnamed = Request::new(request(hub.child(0), true));
    assert_ne!(refused(board.break_glass(unnamed).await).0, Code::Ok);

    let review = ReviewBreakGlassRequest { name: "breakGlass/x".to_owned(), ..Default::default() };
    let answer = board.review_break_glass(by(OFFICER, review)).await;
    assert_eq!(faults(answer), told(&["request_id", "verdict", "reason"]));
    let page = ListBreakGlassRequest { page_size: 201, page_token: "x".to_owned() };
    assert_eq!(faults(board.list_break_glass(page).await), told(&["page_size", "page_token"]));
    for table in ["routing_break_glass", "routing_break_glass_children", "routing_break_glass_told"]
    {
        assert_eq!(hub.rows(table).await, 0, "{table}");
    }
    assert_eq!(hub.rows("routing_looks").await, 0);
    assert_eq!(hub.rows("requests WHERE method = 'BreakGlass'").await, 0);
}

async fn an_officer_reviews_once_and_nobody_her_own_use(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let name = hub.broken((BOARD, OFFICER), 0, true).await.unwrap().name;
    let (code, mash, _) = refused(hub.reviewed((BOARD, "dr-2"), &name).await);
    assert_eq!((code, mash.as_str()), (Code::PermissionDenied, "MASH-A001"));
    hub.appoint(BOARD).await;
    let (code, mash, _) = refused(hub.reviewed((BOARD, OFFICER), &name).await);
    assert_eq!((code, mash.as_str()), (Code::PermissionDenied, "MASH-A032"));
    // Officers of others, those who were told too, find none to review.
    hub.appoint(AUTHORITY).await;
    for stranger in [FORCE, AUTHORITY] {
        assert_eq!(refused(hub.reviewed((stranger, OFFICER), &name).await).0, Code::NotFound);
    }
    assert!(hub.uses(BOARD).await[0].verdict() == BreakGlassVerdict::Unspecified);
    let second =
        SetOfficerRequest { request_id: id(), practitioner: "dpo-2".to_owned(), appointed: true };
    hub.of(BOARD).set_officer(by("head-1", second)).await.unwrap();
    hub.reviewed((BOARD, "dpo-2"), &name).await.unwrap();
    let (code, mash, _) = refused(hub.reviewed((BOARD, "dpo-2"), &name).await);
    assert_eq!((code, mash.as_str()), (Code::FailedPrecondition, "MASH-A033"));
}

async fn a_repeated_request_has_one_effect(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let asked = request(hub.child(0), false);
    let mut board = hub.glass(BOARD);
    let first = board.break_glass(by("dr-1", asked.clone())).await.unwrap().into_inner();
    hub.clock.set(at("2026-11-20T09:10:00Z"));
    // The answer of before, though a use waits for its review by now.
    let again = board.break_glass(by("dr-1", asked.clone())).await.unwrap().into_inner();
    assert!(first == again);
    let changed = BreakGlassRequest { reason: "Another one.".to_owned(), ..asked.clone() };
    assert_eq!(refused(board.break_glass(by("dr-1", changed)).await).0, Code::AlreadyExists);
    let another = BreakGlassRequest { child: request(hub.child(1), false).child, ..asked };
    assert_eq!(refused(board.break_glass(by("dr-1", another)).await).0, Code::AlreadyExists);
    assert_eq!((hub.uses(BOARD).await.len(), hub.uses(FORCE).await.len()), (1, 1));
    hub.settled().await;
    assert_eq!(hub.rows("audit_entries WHERE case_id <> ''").await, {
        // Nothing but the use has come since: the incident's decisions were there before.
        let before = Hub::start(dialect).await;
        before.settled().await;
        before.rows("audit_entries WHERE case_id <> ''").await + 1
    });
}

async fn uses_and_what_they_wait_for_outlive_the_process(dialect: Dialect) {
    let mut hub = Hub::start(dialect).await;
    let broken = hub.broken((BOARD, "dr-1"), 0, false).await.unwrap();
    hub.restart().await;
    hub.clock.set(at("2026-11-20T09:59:59Z"));
    hub.behind((BOARD, "dr-1"), &broken.name).await.unwrap();
    assert_eq!(refused(hub.broken((BOARD, "dr-2"), 1, false).await).1, "MASH-A030");
    assert_eq!(next(&mut hub.watch(FORCE).await).await.name, broken.name);
    assert!(hub.uses(BOARD).await == [broken.clone()]);
    hub.restart().await;
    hub.clock.set(at("2026-11-20T10:00:00Z"));
    assert_eq!(refused(hub.behind((BOARD, "dr-1"), &broken.name).await).1, "MASH-A031");
    hub.appoint(BOARD).await;
    hub.reviewed((BOARD, OFFICER), &broken.name).await.unwrap();
    hub.restart().await;
    hub.broken((BOARD, "dr-2"), 1, false).await.unwrap();
    hub.settled().await;
}

//! Who looked, and who is told.

use std::collections::BTreeMap;

use mash_ledger::{Entry, Kind};
use mash_policy::{Flow, RecipientFacts, RecipientKind};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    sharing::v1::{
        Decision, Effect, ExplainDecisionRequest, ListDecisionsRequest, ListLooksRequest, Looked,
        child_selector::Child,
    },
};
use mash_routing::{app::effects::Effects, facts, rights::looks, store::save::save, world::World};
use mash_store::{Dialect, evidence};
use tonic::{Code, Status};

use crate::{
    released::decision,
    support::{FORCE, Hub, OTHER_FORCE, SCHOOL, at, by, refused},
};

on_both!(
    the_force_that_reported_hears_who_looked_once_an_hour_and_nobody_else_does,
    a_notice_that_was_opened_is_told_with_who_opened_it,
    a_look_of_another_force_while_police_investigate_is_on_record_and_not_told,
);

async fn looked(hub: &Hub, organisation: &str) -> Result<Vec<Looked>, Status> {
    let request = ListLooksRequest { case_name: hub.case.name(), ..ListLooksRequest::default() };
    let answer = hub.of(organisation).list_looks(by("lead-1", request)).await?;
    Ok(answer.into_inner().looks)
}

async fn explain(hub: &Hub, organisation: &str, practitioner: &str, name: &str) {
    let request = ExplainDecisionRequest { name: name.to_owned(), language: "en".to_owned() };
    hub.decisions(organisation).explain_decision(by(practitioner, request)).await.unwrap();
}

fn told(looks: &[Looked]) -> Vec<(String, String)> {
    let who = |look: &Looked| look.organisation.as_ref().map(|it| it.code.clone()).unwrap();
    looks.iter().map(|look| (who(look), look.what.clone())).collect()
}

async fn the_force_that_reported_hears_who_looked_once_an_hour_and_nobody_else_does(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    hub.decide(vec![decision(&hub, "given", "c1", Effect::Permit)]).await;
    explain(&hub, SCHOOL, "head-7", "decisions/given").await;
    explain(&hub, SCHOOL, "head-7", "decisions/given").await;
    let request =
        ListDecisionsRequest { incident: hub.case.name(), ..ListDecisionsRequest::default() };
    hub.clock.set("2026-11-20T10:00:00Z".parse().unwrap());
    hub.decisions(FORCE).list_decisions(by("sgt-2", request)).await.unwrap();
    hub.clock.set("2026-11-20T11:00:00Z".parse().unwrap());
    hub.ask(FORCE, Child::NhsNumber(hub.numbers[0].clone())).await.unwrap();

    let looks = looked(&hub, FORCE).await.unwrap();
    let expected = [("62", "subject-access"), ("62", "explanation"), ("6722951", "explanation")];
    assert_eq!(told(&looks), expected.map(|(who, what)| (who.to_owned(), what.to_owned())));
    assert_eq!(looks[2].practitioner, "head-7");
    for stranger in [OTHER_FORCE, "authority/672"] {
        assert_eq!(refused(looked(&hub, stranger).await).0, Code::NotFound);
    }
    let page = ListLooksRequest { page_size: 2, ..ListLooksRequest::default() };
    let page = ListLooksRequest { case_name: hub.case.name(), ..page };
    let first = hub.of(FORCE).list_looks(by("lead-1", page.clone())).await.unwrap().into_inner();
    let rest = ListLooksRequest { page_token: first.next_page_token, ..page };
    let rest = hub.of(FORCE).list_looks(by("lead-1", rest)).await.unwrap().into_inner();
    assert_eq!((first.looks.len(), rest.looks.len()), (2, 1));
    assert!(rest.next_page_token.is_empty());

    // Each is in the ledger, and none of them says who the practitioner is.
    hub.settled().await;
    let mut conn = hub.store.read().await.unwrap();
    let sql = "SELECT entry FROM audit_entries WHERE case_id = $1 ORDER BY idx";
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar(sql).bind(hub.case.to_string()).fetch_all(&mut *conn).await.unwrap();
    let entries: Vec<Entry> = rows.iter().map(|row| Entry::decode(row).unwrap()).collect();
    let accesses: Vec<&Entry> =
        entries.iter().filter(|entry| entry.kind == Kind::Accessed).collect();
    assert_eq!(accesses.len(), 3);
    for entry in accesses {
        assert!(entry.subject.starts_with("looks/"));
        assert!(!entry.subject.contains("head-7"));
        let salt = evidence::salt(&hub.store, &entry.id.to_string()).await.unwrap();
        assert!(salt.is_some(), "what it commits to can be shown");
    }
}

/// Facts on record that say whether an investigation is live.
async fn on_record(hub: &Hub, decision: Decision, live_investigation: bool) {
    let day = jiff::civil::date(2026, 11, 19);
    let nation = mash_domain::nation::Nation::Wales;
    let facts = RecipientFacts::cautious(Flow::School, RecipientKind::School, nation, day);
    let facts = RecipientFacts { live_investigation, ..facts };
    assert_eq!(facts::from_wire(&facts::to_wire(&facts)), Ok(facts));
    let mut effects = Effects::default();
    effects.facts = BTreeMap::from([(decision.name.clone(), facts)]);
    effects.decisions = vec![decision];
    let mut tx = hub.store.begin().await.unwrap();
    save(&mut tx, &World::default(), &effects).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_look_of_another_force_while_police_investigate_is_on_record_and_not_told(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    let other: mash_domain::organisation::OrganisationId = OTHER_FORCE.parse().unwrap();
    let handed = decision(&hub, "handed-over", "c1", Effect::Permit);
    let handed = Decision { recipient: Some((&other).into()), ..handed };
    on_record(&hub, handed, false).await;
    explain(&hub, OTHER_FORCE, "dc-9", "decisions/handed-over").await;
    let expected = [("61".to_owned(), "explanation".to_owned())];
    assert_eq!(told(&looked(&hub, FORCE).await.unwrap()), expected);
    on_record(&hub, decision(&hub, "tipped", "c1", Effect::Refuse), true).await;
    assert!(looked(&hub, FORCE).await.unwrap().is_empty(), "told by nothing, not by a count");
    assert_eq!(told(&looked(&hub, "operator/hub").await.unwrap()), expected, "it is on record");
    assert!(looks::subject("x").starts_with("looks/"));
}

async fn a_notice_that_was_opened_is_told_with_who_opened_it(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let mut conn = hub.store.read().await.unwrap();
    let sql = "SELECT d.duty_id, d.disclosure_id, d.recipient FROM routing_disclosures d
        JOIN routing_duties t ON t.duty_id = d.duty_id WHERE d.live = 1 ORDER BY d.disclosure_id LIMIT 1";
    let row = sqlx::query(sql).fetch_one(&mut *conn).await.unwrap();
    let text = |column: usize| sqlx::Row::get::<String, _>(&row, column);
    let (duty_id, disclosure_id, recipient) = (text(0), text(1), text(2));
    drop(conn);
    let to: mash_domain::organisation::OrganisationId = recipient.parse().unwrap();
    let receipt = ReceiptRecorded {
        disclosure_id,
        duty_id,
        case_id: hub.case.to_string(),
        recipient: Some((&to).into()),
        kind: ReceiptKind::Opened.into(),
        practitioner: "key-adult-3".to_owned(),
        receipt_time: Some(time_to_wire(at("2026-11-19T07:40:00Z"))),
        revision: 1,
        ..ReceiptRecorded::default()
    };
    hub.take_in(&receipt, "opened").await;
    hub.take_in(&receipt, "opened once more").await;
    let looks = looked(&hub, FORCE).await.unwrap();
    assert_eq!(told(&looks), [(to.code().to_owned(), "notice".to_owned())]);
    assert_eq!(looks[0].practitioner, "key-adult-3");
    assert!(!looks[0].child_ref.is_empty());
}

//! A report that was misdirected: called back, its deletion receipted, its 72 hours counted.

use mash_ledger::{Entry, Kind};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ReceiptKind, ReceiptRecorded},
    police::v1::{IncidentWithdrawn, WithdrawalReason},
    sharing::v1::{
        ListMisdirectionsRequest, Misdirection, MisdirectionRuling, RuleOnMisdirectionRequest,
    },
};
use mash_store::Dialect;
use tonic::{Code, Status};

use crate::support::{FORCE, Hub, OFFICER, OTHER_FORCE, at, by, faults, id, refused};

on_both!(
    every_copy_is_called_back_and_its_deletion_receipted_and_the_72_hours_run,
    a_report_that_was_entered_by_mistake_is_no_misdirection,
);

async fn listed(hub: &Hub, organisation: &str) -> Vec<Misdirection> {
    let request = ListMisdirectionsRequest::default();
    let answer = hub.of(organisation).list_misdirections(by(OFFICER, request)).await.unwrap();
    answer.into_inner().misdirections
}

async fn rule(
    hub: &Hub,
    (name, ruling, reason): (&str, MisdirectionRuling, &str),
) -> Result<Misdirection, Status> {
    let request = RuleOnMisdirectionRequest {
        request_id: id(),
        name: name.to_owned(),
        ruling: ruling.into(),
        reason: reason.to_owned(),
    };
    let answer = hub.of(FORCE).rule_on_misdirection(by(OFFICER, request)).await?;
    Ok(answer.into_inner().misdirection.unwrap())
}

fn withdrawn(hub: &Hub, reason: WithdrawalReason) -> IncidentWithdrawn {
    IncidentWithdrawn {
        case_id: hub.case.to_string(),
        revision: 2,
        reason: reason.into(),
        ..IncidentWithdrawn::default()
    }
}

async fn every_copy_is_called_back_and_its_deletion_receipted_and_the_72_hours_run(
    dialect: Dialect,
) {
    let hub = Hub::start(dialect).await;
    hub.appoint(OTHER_FORCE).await;
    assert!(listed(&hub, FORCE).await.is_empty());
    hub.take_in(&withdrawn(&hub, WithdrawalReason::Misdirected), "withdrawn").await;
    hub.take_in(&withdrawn(&hub, WithdrawalReason::Misdirected), "withdrawn once more").await;
    let found = listed(&hub, FORCE).await.remove(0);
    let copies = found.copies.len();
    assert!(copies > 0 && found.outstanding == i32::try_from(copies).unwrap());
    assert!(!found.overdue && found.ruling() == MisdirectionRuling::Unspecified);
    let [aware, due] = [found.aware_time.unwrap(), found.due_time.unwrap()];
    assert_eq!(due.seconds - aware.seconds, 72 * 3_600);

    let first = found.copies[0].clone();
    let receipt = ReceiptRecorded {
        disclosure_id: first.disclosure_id.clone(),
        case_id: hub.case.to_string(),
        recipient: first.recipient.clone(),
        kind: ReceiptKind::Deleted.into(),
        receipt_time: Some(time_to_wire(at("2026-11-19T09:00:00Z"))),
        ..ReceiptRecorded::default()
    };
    hub.take_in(&receipt, "deleted").await;
    let found = listed(&hub, FORCE).await.remove(0);
    assert_eq!(found.outstanding, i32::try_from(copies - 1).unwrap());
    assert!(found.copies[0].delete_time.is_some());
    // A recipient sees its own copy alone; who had none sees nothing, and cannot rule.
    assert!(listed(&hub, OTHER_FORCE).await.is_empty());
    let recipient: mash_domain::organisation::OrganisationId =
        first.recipient.unwrap().try_into().unwrap();
    hub.appoint(&recipient.to_string()).await;
    let own = listed(&hub, &recipient.to_string()).await.remove(0);
    assert!(own.copies.iter().all(|copy| copy.recipient == Some((&recipient).into())));

    hub.clock.set(at("2026-11-22T09:00:00Z"));
    assert!(listed(&hub, FORCE).await[0].overdue, "nobody decided within 72 hours");
    let name = found.name;
    let unsaid = rule(&hub, (&name, MisdirectionRuling::NoRisk, " ")).await;
    assert_eq!(faults(unsaid), [("reason".to_owned(), "MASH-A002".to_owned())]);
    let elsewhere = ("misdirections/x", MisdirectionRuling::Told, "why");
    assert_eq!(refused(rule(&hub, elsewhere).await).0, Code::NotFound);
    let told = (name.as_str(), MisdirectionRuling::Told, "Told by telephone, reference 1.");
    let ruled = rule(&hub, told).await.unwrap();
    assert!(!ruled.overdue && ruled.ruling() == MisdirectionRuling::Told);
    assert_eq!(refused(rule(&hub, told).await).1, "MASH-A020");

    hub.settled().await;
    let mut conn = hub.store.read().await.unwrap();
    let sql = "SELECT entry FROM audit_entries WHERE case_id = $1 ORDER BY idx";
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar(sql).bind(hub.case.to_string()).fetch_all(&mut *conn).await.unwrap();
    let entries: Vec<Entry> = rows.iter().map(|row| Entry::decode(row).unwrap()).collect();
    let recalls = entries.iter().filter(|it| it.kind == Kind::Recalled);
    let (recalls, rulings): (Vec<&Entry>, Vec<&Entry>) =
        recalls.partition(|it| it.subject.starts_with("recalls/"));
    assert_eq!(recalls.len(), copies, "each copy that was called back is in the ledger, once");
    assert_eq!(rulings.len(), 1, "and what was decided");
}

async fn a_report_that_was_entered_by_mistake_is_no_misdirection(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.take_in(&withdrawn(&hub, WithdrawalReason::EnteredByMistake), "withdrawn").await;
    assert!(listed(&hub, FORCE).await.is_empty());
}

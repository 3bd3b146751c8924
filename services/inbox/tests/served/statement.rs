//! The statement of a school morning: officers of the authority's desk read it, and nobody else.

use mash_proto::{
    education::v1::{Contact, ContactRole, DeskChanged},
    sharing::v1::{SignedRecord, Statement, StatementFigures, StatementMade},
    r#type::v1::{Date, Organisation, OrganisationKind},
};
use mash_store::Dialect;
use prost::Message as _;

use crate::{
    on_both_stores,
    support::{Hub, SCHOOL},
};

on_both_stores!(an_officer_reads_her_authoritys_statement_and_a_school_does_not);

const AUTHORITY: &str = "authority/672";

fn made(code: &str, day: i32, balanced: bool) -> StatementMade {
    let owner =
        Organisation { kind: OrganisationKind::LocalAuthority.into(), code: code.to_owned() };
    let name = format!("statements/authority/{code}/2026-11-{day}");
    let figures = StatementFigures { arrived: 4711, acknowledged: 4711, ..Default::default() };
    let statement = Statement {
        name: name.clone(),
        owner: Some(owner.clone()),
        day: Some(Date { year: 2026, month: 11, day }),
        balanced,
        total: Some(figures),
        ..Statement::default()
    };
    let record = statement.encode_to_vec();
    let signed = SignedRecord { record, ..SignedRecord::default() };
    StatementMade { name, owner: Some(owner), signed: Some(signed) }
}

async fn an_officer_reads_her_authoritys_statement_and_a_school_does_not(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let officer = Contact {
        id: "nia".to_owned(),
        full_name: "Person nia".to_owned(),
        role: ContactRole::DeskOfficer.into(),
        email: "nia.x@authority.example".to_owned(),
        ..Contact::default()
    };
    let desk = DeskChanged {
        authority_code: "672".to_owned(),
        desk: "education-duty".to_owned(),
        contacts: vec![officer],
    };
    hub.desk(&desk).await;
    let mut officer = hub.signed_in(AUTHORITY, "nia").await;
    let none = officer.get("/statement").await;
    assert_eq!(none.status, 200);
    assert!(none.body.contains("There is no statement yet"));

    hub.stated(&[made("672", 18, true), made("672", 19, false), made("681", 19, true)]).await;
    let latest = officer.get("/statement").await;
    assert!(latest.body.contains("Thursday 19 November 2026") && latest.body.contains("4711"));
    assert!(latest.body.contains("This statement does not balance"));
    let earlier = officer.get("/statement/2026-11-18").await;
    assert!(earlier.body.contains("everything that came in is accounted for"));
    for missing in ["/statement/2026-11-17", "/statement/never", "/statement/2026-11-31"] {
        assert_eq!(officer.get(missing).await.status, 404, "{missing}");
    }
    officer.get("/language/cy?to=/statement").await;
    assert!(officer.get("/statement").await.body.contains("cydbwyso"));

    let mut school = hub.signed_in(SCHOOL, "mair").await;
    for path in ["/statement", "/statement/2026-11-18"] {
        assert_eq!(school.get(path).await.status, 404, "{path}");
    }
    assert!(!school.get("/notices").await.body.contains("href=\"/statement\""));
}

//! The directory: registers, contacts, desks.

use mash_bus::topics;
use mash_proto::education::v1 as wire;
use mash_store::Dialect;
use tonic::Code;

use crate::support::{BRIDGEND, E1, Hub, OPERATOR, by, contact, id, refused, wales_row};

on_both!(
    a_register_is_taken_in_whole_or_not_at_all,
    only_what_changed_is_told,
    each_sees_its_own,
    a_shared_mailbox_is_refused_with_every_other_fault,
    contacts_are_replaced_once,
);

async fn a_register_is_taken_in_whole_or_not_at_all(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let bad = format!(
        "{}672,23,Short,Primary,CF31 1AA,Open,\n672,2303,,Academy,CF31 1AA,Open,\n",
        wales_row("2301", "A")
    );
    let report = hub.import_wales(&bad).await;
    assert_eq!((report.rows, report.created, report.problems_total), (3, 0, 3));
    let problems: Vec<_> =
        report.problems.iter().map(|it| (it.line, it.column.as_str(), it.code.as_str())).collect();
    assert_eq!(
        problems,
        [
            (3, "School Number", "MASH-E003"),
            (4, "School Name", "MASH-E009"),
            (4, "Sector", "MASH-E004"),
        ]
    );
    let list = wire::ListEstablishmentsRequest::default();
    let listed =
        hub.directory(OPERATOR).list_establishments(list.clone()).await.unwrap().into_inner();
    assert_eq!(listed.establishments.len(), 0, "nothing of a bad file");

    let gias = "URN,LA (code),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (code),\
                EstablishmentStatus (code),Postcode\n\
                999001,801,2301,Severn Meadows Primary School,34,3,BS1 1AA\n";
    let report = hub.import(wire::RegisterLayout::Gias, gias).await;
    assert_eq!((report.created, report.encoding.as_str()), (1, "utf-8"));
    let report = hub.import_wales(&(wales_row("2301", "A") + &wales_row("2302", "B"))).await;
    assert_eq!((report.created, report.changed, report.unchanged), (2, 0, 0));
    let listed = hub.directory(OPERATOR).list_establishments(list).await.unwrap().into_inner();
    assert_eq!(listed.establishments.len(), 3);
    assert!(
        listed.establishments[2].state == i32::from(wire::EstablishmentState::Open),
        "proposed to close is open"
    );

    let duplicate = hub.import_wales(&wales_row("2305", "X").repeat(2)).await;
    assert_eq!(duplicate.problems[0].code, "MASH-E002");
    let unknown = wire::ImportEstablishmentsHeader { layout: 0, register_date: None };
    let part = wire::import_establishments_request::Part::Header(unknown);
    let messages = [wire::ImportEstablishmentsRequest { part: Some(part) }];
    let answer = hub.directory(OPERATOR).import_establishments(tokio_stream::iter(messages)).await;
    assert_eq!(refused(answer).0, Code::InvalidArgument);
    let nobody = hub.directory(BRIDGEND).import_establishments(tokio_stream::iter([])).await;
    assert_eq!(refused(nobody).1, "MASH-C002", "the register is the operator's");
}

async fn only_what_changed_is_told(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.import_wales(&(wales_row("2301", "A") + &wales_row("2302", "B"))).await;
    let mair = contact("mair", wire::ContactRole::KeyAdult);
    let request = wire::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722301".into(),
        contacts: vec![mair.clone()],
    };
    hub.directory(E1).replace_contacts(by("head", request)).await.unwrap();
    let report =
        hub.import_wales(&(wales_row("2301", "A New Name") + &wales_row("2302", "B"))).await;
    assert_eq!((report.created, report.changed, report.unchanged), (0, 1, 1));
    let events: Vec<wire::EstablishmentChanged> = hub.published(topics::DIRECTORY, 4).await;
    assert_eq!(events.len(), 4, "two created, one given contacts, one renamed");
    let renamed = events
        .into_iter()
        .filter_map(|event| event.establishment)
        .find(|it| it.display_name == "A New Name");
    assert!(
        renamed.unwrap().contacts == [mair],
        "the register does not know contacts, and does not lose them"
    );
}

async fn each_sees_its_own(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let request =
        || by("somebody", wire::GetEstablishmentRequest { name: "establishments/6722301".into() });
    for organisation in [E1, BRIDGEND, OPERATOR] {
        let found =
            hub.directory(organisation).get_establishment(request()).await.unwrap().into_inner();
        assert_eq!(found.establishment.unwrap().display_name, "Ysgol Gynradd Pont-y-Bryn");
    }
    for organisation in ["school/6722302", "authority/673"] {
        let answer = hub.directory(organisation).get_establishment(request()).await;
        assert_eq!(refused(answer).0, Code::NotFound, "{organisation}");
    }
    assert_eq!(
        refused(hub.directory("police/62").get_establishment(request()).await).1,
        "MASH-C002"
    );
    let list = |code: &str| wire::ListEstablishmentsRequest {
        authority_code: code.to_owned(),
        ..wire::ListEstablishmentsRequest::default()
    };
    let own = hub.directory(BRIDGEND).list_establishments(list("672")).await.unwrap().into_inner();
    assert_eq!(own.establishments.len(), 1);
    assert_eq!(
        refused(hub.directory(BRIDGEND).list_establishments(list("673")).await).0,
        Code::NotFound
    );
    assert_eq!(
        refused(hub.directory(BRIDGEND).list_establishments(list("")).await).0,
        Code::InvalidArgument
    );
}

async fn a_shared_mailbox_is_refused_with_every_other_fault(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let office = wire::Contact {
        email: "office@pontybryn.example".into(),
        telephone: "ring".into(),
        ..contact("mair", wire::ContactRole::KeyAdult)
    };
    let request = wire::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722301".into(),
        contacts: vec![office],
    };
    let status = hub.directory(E1).replace_contacts(by("head", request)).await.err().unwrap();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = tonic_types::StatusExt::get_error_details(&status);
    let reasons: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|it| (it.field.as_str(), it.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [("contacts[0].email", "MASH-E011"), ("contacts[0].telephone", "MASH-E010")]
    );
    assert!(!status.message().contains("pontybryn"), "nothing is repeated");
}

async fn contacts_are_replaced_once(dialect: Dialect) {
    let hub = Hub::with_school(dialect).await;
    let mair = contact("mair", wire::ContactRole::KeyAdult);
    let request = wire::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722301".into(),
        contacts: vec![mair.clone()],
    };
    for _ in 0..2 {
        let answer = hub
            .directory(E1)
            .replace_contacts(by("head", request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert!(answer.contacts == [mair.clone()]);
    }
    let other = wire::ReplaceContactsRequest { contacts: vec![], ..request.clone() };
    let answer = refused(hub.directory(E1).replace_contacts(by("head", other)).await);
    assert_eq!(answer, (Code::AlreadyExists, "MASH-E023".to_owned()));
    let events: Vec<wire::EstablishmentChanged> = hub.published(topics::DIRECTORY, 2).await;
    assert_eq!(events.len(), 2, "created, and given contacts once");

    let unknown = wire::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722399".into(),
        ..request.clone()
    };
    let answer = hub.directory("school/6722399").replace_contacts(by("head", unknown)).await;
    assert_eq!(refused(answer).0, Code::NotFound);
    for organisation in ["school/6722302", "authority/673"] {
        let answer =
            hub.directory(organisation).replace_contacts(by("head", request.clone())).await;
        assert_eq!(refused(answer).0, Code::NotFound, "{organisation}");
    }
    hub.officers("mash", &["nia"]).await;
    hub.officers("mash", &["nia"]).await;
    let desks: Vec<wire::DeskChanged> = hub.published(topics::DIRECTORY, 1).await;
    assert_eq!(desks.len(), 1, "the same officers are no change");
    assert_eq!((desks[0].authority_code.as_str(), desks[0].desk.as_str()), ("672", "mash"));
}

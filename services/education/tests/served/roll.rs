//! The roll: who is enrolled where.

use mash_bus::topics;
use mash_proto::education::v1 as wire;
use mash_store::Dialect;
use tonic::Code;

use crate::support::{BRIDGEND, E1, Hub, OPERATOR, by, id, refused};

on_both!(
    a_roll_is_taken_in_as_a_whole,
    a_pupil_moves,
    a_bad_roll_changes_nothing,
    nobody_speaks_for_another_schools_pupil,
);

const HEADER: &str = "UPN,NHS Number,Local Id,Given Names,Family Name,Date of Birth,Postcode,LAESTAB,Enrolment,Start Date,End Date";

async fn import(
    hub: &Hub,
    organisation: &str,
    rows: &str,
) -> Result<wire::ImportReport, tonic::Status> {
    use wire::import_roll_request::Part;
    let header = wire::ImportRollHeader { authority_code: "672".into(), roll_date: None };
    let file = format!("{HEADER}\n{rows}").into_bytes();
    let parts = [Part::Header(header), Part::Chunk(file)]
        .map(|part| wire::ImportRollRequest { part: Some(part) });
    let answer = hub.roll(organisation).import_roll(tokio_stream::iter(parts)).await?;
    Ok(answer.into_inner().report.unwrap())
}

const CARYS: &str = "H672230126001,9990000018,P1,Carys,Rees,2018-03-04,CF31 1AA,6722301,main,,\n";
const CERYS: &str = "X672230126002,9990000026,P2,Cerys,Rees,2018-03-04,CF31 1AA,6722308,main,,\n";

async fn a_roll_is_taken_in_as_a_whole(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let report = import(&hub, BRIDGEND, &format!("{CARYS}{CERYS}")).await.unwrap();
    assert_eq!((report.rows, report.created), (2, 2));
    let report = import(&hub, OPERATOR, &format!("{CARYS}{CERYS}")).await.unwrap();
    assert_eq!((report.created, report.changed, report.unchanged), (0, 0, 2));
    let report = import(&hub, BRIDGEND, &CARYS.replace("CF31 1AA", "CF31 1AB")).await.unwrap();
    assert_eq!(
        (report.created, report.changed, report.unchanged),
        (0, 2, 0),
        "one moved house, one left"
    );
    let report = import(&hub, BRIDGEND, &format!("{CARYS}{CERYS}")).await.unwrap();
    assert_eq!((report.created, report.changed), (1, 1));
    let events: Vec<wire::PupilChanged> = hub.published(topics::ROLL, 6).await;
    assert_eq!(events.len(), 6);
    let mut ids: Vec<_> = events.iter().map(|event| event.pupil_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2, "who comes back has the same id");
    assert!(ids.iter().all(|id| id.len() == 32 && !id.contains("P1")));
    assert_eq!(events.iter().filter(|event| event.pupil.is_none()).count(), 1);
    let other = refused(import(&hub, "authority/673", CARYS).await);
    assert_eq!(other.0, Code::NotFound, "another authority's roll");
}

fn pupil(local_id: &str, laestab: &str) -> wire::Pupil {
    wire::Pupil {
        authority_code: "672".into(),
        local_id: local_id.into(),
        given_names: "Llŷr".into(),
        family_name: "O’Brien".into(),
        date_of_birth: Some(jiff::civil::date(2018, 3, 4).into()),
        enrolments: vec![wire::Enrolment {
            kind: wire::EnrolmentKind::Main.into(),
            laestab: laestab.into(),
            ..wire::Enrolment::default()
        }],
        ..wire::Pupil::default()
    }
}

async fn replace(
    hub: &Hub,
    organisation: &str,
    pupil: wire::Pupil,
) -> Result<wire::Pupil, tonic::Status> {
    let request = wire::ReplaceEnrolmentsRequest { request_id: id(), pupil: Some(pupil) };
    let answer = hub.roll(organisation).replace_enrolments(by("clerk", request)).await?;
    Ok(answer.into_inner().pupil.unwrap())
}

async fn a_pupil_moves(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    replace(&hub, BRIDGEND, pupil("P1", "6722308")).await.unwrap();
    let moved = replace(&hub, BRIDGEND, pupil("P1", "6722301")).await.unwrap();
    assert!(moved == pupil("P1", "6722301"), "names as given");
    replace(&hub, BRIDGEND, pupil("P1", "6722301")).await.unwrap();
    let events: Vec<wire::PupilChanged> = hub.published(topics::ROLL, 2).await;
    assert_eq!(events.len(), 2, "the third changed nothing");

    import(&hub, BRIDGEND, CARYS).await.unwrap();
    let by_upn = wire::Pupil { upn: "H672230126001".into(), ..pupil("", "6722301") };
    assert_eq!(replace(&hub, BRIDGEND, by_upn.clone()).await.unwrap().local_id, "P1");
    let unknown = wire::Pupil { upn: "X672230126002".into(), ..by_upn.clone() };
    assert_eq!(refused(replace(&hub, BRIDGEND, unknown).await).0, Code::NotFound);
    let same_upn = wire::Pupil { local_id: "P9".into(), ..by_upn };
    assert_eq!(refused(replace(&hub, BRIDGEND, same_upn).await).0, Code::InvalidArgument);
    let odd = wire::Pupil {
        nhs_number: "9990000019".into(),
        date_of_birth: None,
        ..pupil("P1", "6722301")
    };
    let status = replace(&hub, BRIDGEND, odd).await.err().unwrap();
    assert!(status.message().contains("2 faults"), "{}", status.message());
}

async fn a_bad_roll_changes_nothing(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    import(&hub, BRIDGEND, CARYS).await.unwrap();
    let bad = format!("{CERYS}{}", CARYS.replace("9990000018", "9990000019"));
    let report = import(&hub, BRIDGEND, &bad).await.unwrap();
    assert_eq!((report.created, report.changed, report.problems_total), (0, 0, 1));
    assert_eq!((report.problems[0].line, report.problems[0].code.as_str()), (3, "MASH-E015"));
    assert!(!report.problems[0].description.contains("999"), "nothing is repeated");
    let events: Vec<wire::PupilChanged> = hub.published(topics::ROLL, 1).await;
    assert_eq!(events.len(), 1);
}

async fn nobody_speaks_for_another_schools_pupil(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    replace(&hub, BRIDGEND, pupil("P1", "6722308")).await.unwrap();
    assert_eq!(
        refused(replace(&hub, E1, pupil("P1", "6722301")).await).0,
        Code::NotFound,
        "not hers to take"
    );
    assert_eq!(
        refused(replace(&hub, E1, pupil("P2", "6722308")).await).0,
        Code::NotFound,
        "nor to place elsewhere"
    );
    replace(&hub, E1, pupil("P2", "6722301")).await.unwrap();
    replace(&hub, "school/6722308", pupil("P1", "6722301")).await.unwrap();
    assert_eq!(
        refused(replace(&hub, "authority/673", pupil("P1", "6722301")).await).0,
        Code::NotFound
    );
    assert_eq!(
        refused(replace(&hub, "school/6732301", pupil("P1", "6722301")).await).0,
        Code::NotFound
    );
}

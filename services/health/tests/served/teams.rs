//! Teams and their ages.

use mash_proto::health::v1 as wire;
use mash_store::Dialect;
use tonic::Code;

use crate::support::{BOARD, Hub, by, faults, id, inbox, pairs, refused};

on_both!(teams_are_set_as_a_whole, teams_that_are_none_are_refused);

async fn teams_are_set_as_a_whole(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    hub.team(wire::Team::HealthVisiting).await;
    let request = wire::SetTeamsRequest {
        request_id: id(),
        version: 1,
        inboxes: vec![
            inbox(wire::Team::Midwifery, &["m-1"]),
            inbox(wire::Team::GeneralPractice, &[]),
        ],
        thresholds: Some(wire::AgeThresholds { midwifery_days: 28, school_age_years: 4 }),
    };
    hub.client(BOARD).set_teams(by("manager", request.clone())).await.unwrap();
    let again = hub.client(BOARD).set_teams(by("manager", request.clone())).await.unwrap();
    assert_eq!(again.into_inner().teams.unwrap().version, 2, "a repeat has one effect");
    let stale = wire::SetTeamsRequest { request_id: id(), ..request };
    let stale = refused(hub.client(BOARD).set_teams(by("manager", stale)).await);
    assert_eq!(stale, (Code::Aborted, "MASH-H003".to_owned()));
    let shown = hub.client(BOARD).list_teams(by("nurse", wire::ListTeamsRequest {})).await.unwrap();
    let shown = shown.into_inner().teams.unwrap();
    assert_eq!((shown.version, shown.inboxes.len()), (2, 2));
    assert_eq!(shown.thresholds.unwrap().midwifery_days, 28);
}

async fn teams_that_are_none_are_refused(dialect: Dialect) {
    let hub = Hub::start(dialect).await;
    let nobody =
        wire::TeamInbox { lead: String::new(), ..inbox(wire::Team::Midwifery, &["", "m-1"]) };
    let request = wire::SetTeamsRequest {
        request_id: id(),
        version: -1,
        inboxes: vec![
            inbox(wire::Team::Midwifery, &[]),
            nobody,
            inbox(wire::Team::Unspecified, &[]),
        ],
        thresholds: Some(wire::AgeThresholds { midwifery_days: 90, school_age_years: 5 }),
    };
    let told = faults(hub.client(BOARD).set_teams(by("manager", request)).await);
    assert_eq!(
        pairs(&told),
        [
            ("version", "MASH-H029"),
            ("inboxes[1].team", "MASH-H023"),
            ("inboxes[1].members[0]", "MASH-H023"),
            ("inboxes[1].lead", "MASH-H023"),
            ("inboxes[2].team", "MASH-H011"),
            ("thresholds", "MASH-H024"),
        ]
    );
}

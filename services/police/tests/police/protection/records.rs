//! Custody, missing children, police protection.

use jiff::SignedDuration;
use mash_proto::{
    convert::time_to_wire, police::v1 as wire, referral::v1 as referral, r#type::v1 as common,
};

use super::{FORCE, client, items, on, prompts, release, report};
use crate::support::{Hub, by, id, time, violations};

on_both!(
    custody_counts_minutes_and_alerts_when_nobody_was_told,
    missing_episodes_of_a_child_are_counted_and_screened,
    police_protection_lasts_72_hours,
);

fn custody(expected_revision: i32) -> wire::RecordCustodyRequest {
    wire::RecordCustodyRequest {
        request_id: id(),
        custody: Some(wire::CustodyRecord {
            reference: "62CB/1".into(),
            report: Some(report("Cai")),
            detain_time: time("2026-11-18T02:00:00Z"),
            suite: "Bridgend".into(),
            arrest_offence: "Theft".into(),
            adult_request_time: time("2026-11-18T02:10:00Z"),
            ..wire::CustodyRecord::default()
        }),
        expected_revision,
    }
}

async fn custody_counts_minutes_and_alerts_when_nobody_was_told(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let first = client.record_custody(by(custody(0))).await.unwrap().into_inner();
    assert_eq!((first.minutes_detained, first.minutes_waiting_for_adult), (30, 20));
    hub.clock.advance(SignedDuration::from_mins(31));
    hub.police.tick().await.unwrap();
    assert_eq!(prompts(&mut client).await, ["custody-not-told"]);
    let mut later = custody(1);
    let record = later.custody.as_mut().unwrap();
    record.adult_arrive_time = time("2026-11-18T02:40:00Z");
    record.release_time = time("2026-11-18T03:00:00Z");
    record.accommodation = Some(wire::AccommodationRequest {
        request_time: time("2026-11-18T02:45:00Z"),
        answer: wire::AccommodationAnswer::NoneAvailable.into(),
        ..wire::AccommodationRequest::default()
    });
    let silent = client.record_custody(by(later.clone())).await;
    let expected = [("custody.accommodation.reason".to_owned(), "MASH-P133".to_owned())];
    assert_eq!(violations(silent), expected);
    let bed = later.custody.as_mut().unwrap().accommodation.as_mut().unwrap();
    bed.reason = "No bed within fifty miles.".into();
    later.request_id = id();
    let second = client.record_custody(by(later)).await.unwrap().into_inner();
    assert_eq!((second.minutes_detained, second.minutes_waiting_for_adult), (60, 30));
    let items = items(&hub, 2).await;
    assert_eq!(items[0].report_kind, i32::from(referral::ReportKind::Custody));
    let content = items[1].content.as_ref().unwrap();
    assert_eq!(content.offences, ["Theft"]);
    assert!(content.actions.contains("none available") && content.actions.contains("No bed"));
    // The hub has it: the alert ends.
    release(&hub, &on(&items[0], "f1", "received")).await;
    until!(prompts(&mut client).await.is_empty());
}

async fn missing_episodes_of_a_child_are_counted_and_screened(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let episode = |reference: &str, expected_revision| wire::RecordMissingEpisodeRequest {
        request_id: id(),
        episode: Some(wire::MissingEpisode {
            reference: reference.into(),
            report: Some(report("Catrin")),
            report_time: time("2026-11-17T20:00:00Z"),
            return_time: time("2026-11-18T01:00:00Z"),
            ..wire::MissingEpisode::default()
        }),
        expected_revision,
    };
    let first = client.record_missing_episode(by(episode("MP-1", 0))).await.unwrap().into_inner();
    assert_eq!(first.episode_number, 1);
    let mut second = episode("MP-2", 0);
    second.episode.as_mut().unwrap().report_time = time("2026-11-17T22:00:00Z");
    let second = client.record_missing_episode(by(second)).await.unwrap().into_inner();
    assert_eq!(second.episode_number, 2, "of the same child");
    let mut other = episode("MP-3", 0);
    other.episode.as_mut().unwrap().report = Some(report("Cerys"));
    let other = client.record_missing_episode(by(other)).await.unwrap().into_inner();
    assert_eq!(other.episode_number, 1, "of another child");
    assert_eq!(prompts(&mut client).await, ["screen-exploitation"; 3]);
    hub.clock.advance(SignedDuration::from_hours(72));
    hub.police.tick().await.unwrap();
    assert!(prompts(&mut client).await.contains(&"offer-interview".to_owned()));
    let mut closed = episode("MP-1", 1);
    let record = closed.episode.as_mut().unwrap();
    record.screened = common::Answer::Yes.into();
    let interview = wire::ReturnInterview {
        state: wire::InterviewState::NotOffered.into(),
        ..wire::ReturnInterview::default()
    };
    record.interview = Some(interview);
    let silent = client.record_missing_episode(by(closed.clone())).await;
    let expected = [("episode.interview.reason".to_owned(), "MASH-P133".to_owned())];
    assert_eq!(violations(silent), expected);
    closed.request_id = id();
    closed.episode.as_mut().unwrap().interview.as_mut().unwrap().reason = "She moved away.".into();
    let closed = client.record_missing_episode(by(closed)).await.unwrap().into_inner();
    assert_eq!(closed.referral.unwrap().prompts, Vec::<String>::new());
}

async fn police_protection_lasts_72_hours(hub: Hub) {
    let mut client = client(&hub, FORCE);
    let protection = |expected_revision, end_time| wire::RecordPoliceProtectionRequest {
        request_id: id(),
        protection: Some(wire::PoliceProtection {
            reference: "PP-1".into(),
            report: Some(report("Cai")),
            take_time: time("2026-11-18T02:00:00Z"),
            end_time,
            ..wire::PoliceProtection::default()
        }),
        expected_revision,
    };
    let future = protection(0, time("2026-11-19T02:00:00Z"));
    let future = violations(client.record_police_protection(by(future)).await);
    assert_eq!(future, [("protection.end_time".to_owned(), "MASH-P132".to_owned())]);
    client.record_police_protection(by(protection(0, None))).await.unwrap();
    hub.clock.set("2026-11-21T02:00:00Z".parse().unwrap());
    hub.police.tick().await.unwrap();
    assert_eq!(prompts(&mut client).await, ["protection-ending"]);
    let ended = protection(1, time("2026-11-21T01:00:00Z"));
    let ended = client.record_police_protection(by(ended)).await.unwrap().into_inner();
    let ended = ended.referral.unwrap();
    let clock = ended.clocks.iter().find(|clock| clock.rule == "police-protection").unwrap();
    same!((clock.state(), ended.prompts.len()), (referral::ClockState::Met, 0));
    assert_eq!(clock.due_time, Some(time_to_wire("2026-11-21T02:00:00Z".parse().unwrap())));
    assert_eq!(items(&hub, 1).await[0].flow, "concern", "harm is likely where it is taken");
}

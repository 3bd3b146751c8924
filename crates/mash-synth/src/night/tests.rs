use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use mash_domain::{
    identifier::{Laestab, NhsNumber, Upn},
    organisation::OrganisationId,
};
use mash_proto::convert::police::{Checks, incident_from_wire};
use prost::Message;

use super::{
    expected::{Duty, End},
    timeline::Action,
    *,
};

#[test]
fn the_table_adds_up_to_the_closing_line() {
    let night = Night::new();
    let mut ends = BTreeMap::new();
    for expectation in &night.expected {
        let end = match expectation.ends {
            End::Acknowledged { .. } => "acknowledged",
            End::Escalated { .. } => "escalated",
            End::Refused { .. } | End::Recalled => "withheld",
        };
        *ends.entry(end).or_insert(0_u32) += 1;
    }
    let closing = night.closing;
    assert_eq!(night.expected.len(), usize::try_from(closing.accepted).unwrap());
    assert_eq!(ends["acknowledged"], closing.acknowledged);
    assert_eq!(ends["escalated"], closing.escalated);
    assert_eq!(ends["withheld"], closing.withheld);
    assert_eq!(closing.accepted, closing.acknowledged + closing.escalated + closing.withheld);
}

#[test]
fn every_identifier_holds_and_belongs_to_one_child() {
    let night = Night::new();
    let mut seen = BTreeSet::new();
    for pupil in &night.pupils {
        assert!(seen.insert(pupil.key.to_owned()));
        if let Some(number) = &pupil.nhs_number {
            assert!(number.starts_with("999") && number.parse::<NhsNumber>().is_ok());
            assert!(seen.insert(number.clone()));
        }
        if let Some(upn) = &pupil.upn {
            assert!(upn.parse::<Upn>().is_ok(), "{}", pupil.key);
            assert!(seen.insert(upn.clone()));
        }
    }
    let nowhere = night.pupil("C6").unwrap();
    assert_eq!((&nowhere.nhs_number, &nowhere.upn), (&None, &None));
    for place in &night.establishments {
        assert!(place.laestab.parse::<Laestab>().is_ok());
        assert!(place.organisation().parse::<OrganisationId>().is_ok());
    }
}

#[test]
fn every_reported_child_stands_in_the_table_with_the_reference_of_the_report() {
    let night = Night::new();
    let mut told = BTreeSet::new();
    for expectation in &night.expected {
        let report = night.incident(expectation.incident).unwrap();
        assert_eq!(report.child_ref(expectation.child).as_deref(), Some(expectation.child_ref));
        assert!(expectation.recipient.parse::<OrganisationId>().is_ok(), "{}", expectation.child);
        told.insert(expectation.child);
    }
    let reported: BTreeSet<_> =
        night.incidents.iter().flat_map(|report| report.children.clone()).collect();
    assert_eq!(told, reported);
    assert_eq!(told.len(), 15);
    for report in &night.incidents {
        for (child, key) in report.first.children.iter().zip(&report.children) {
            assert_eq!(Some(child.r#ref.clone()), report.child_ref(key));
            assert_eq!(child.given_names, night.pupil(key).unwrap().given_names);
        }
    }
}

#[test]
fn steps_are_in_order_and_every_acknowledgement_of_the_table_has_one() {
    let night = Night::new();
    assert!(night.steps.is_sorted_by_key(|step| step.at));
    assert!(
        night.steps.iter().all(|step| (Night::starts_at()..Night::ends_at()).contains(&step.at))
    );
    for expectation in &night.expected {
        let End::Acknowledged { at, by } = expectation.ends else { continue };
        let found = night.steps.iter().any(|step| {
            step.at == at
                && match &step.action {
                    Action::Acknowledge(answer) => {
                        answer.child == expectation.child
                            && answer.organisation == expectation.recipient
                            && answer.contact == by
                    }
                    Action::AcknowledgeHandover { practitioner, child, .. } => {
                        expectation.duty == Duty::HomeForce
                            && *practitioner == by
                            && *child == expectation.child
                    }
                    Action::Report(_)
                    | Action::ReportAgain(_)
                    | Action::DuplicateDelivery { .. }
                    | Action::PoisonBeforeNext { .. }
                    | Action::Amend { .. }
                    | Action::Withdraw { .. }
                    | Action::Reject(_) => false,
                }
        });
        assert!(found, "{} {:?}", expectation.child, expectation.duty);
        assert!(expectation.deliver_by.is_none_or(|by| at < by), "{}", expectation.child);
    }
}

#[test]
fn people_report_what_has_happened_and_answer_before_the_bell() {
    let night = Night::new();
    for step in &night.steps {
        let Action::Report(submission) = &step.action else { continue };
        let request = night.report_request(submission).unwrap();
        let incident = request.incident.unwrap();
        let attended = incident.attended_time.unwrap().seconds;
        assert!(attended < step.at.as_second(), "{}", submission.incident);
        assert!(step.at.as_second() - attended < 2 * 3_600, "{}", submission.incident);
    }
    let london = TimeZone::get("Europe/London").unwrap();
    assert_eq!(
        thursday(8, 55).to_zoned(london).strftime("%a %F %H:%M").to_string(),
        "Thu 2026-11-19 08:55"
    );
}

#[test]
fn every_addressee_is_a_contact_of_the_recipient() {
    let night = Night::new();
    for expectation in &night.expected {
        let Some(addressee) = expectation.addressee else { continue };
        let place = night
            .establishments
            .iter()
            .find(|place| place.organisation() == expectation.recipient)
            .unwrap();
        assert!(
            place.contacts.iter().any(|contact| contact.id == addressee),
            "{}",
            expectation.child
        );
    }
    for expectation in &night.expected {
        let End::Escalated { to } = expectation.ends else { continue };
        let desk = night.desks.iter().find(|desk| {
            desk.organisation() == expectation.recipient && Some(desk.desk) == expectation.desk
        });
        assert_eq!(desk.unwrap().officers[0].id, to);
    }
}

#[test]
fn every_trap_is_really_in_the_report() {
    let night = Night::new();
    for expectation in &night.expected {
        let report = &night.incident(expectation.incident).unwrap().first;
        let bytes = report.encode_to_vec();
        let text = String::from_utf8_lossy(&bytes);
        for trap in &expectation.must_not_read {
            let coded = ["sexual"].contains(trap);
            assert!(coded || text.contains(trap), "{}: {trap}", expectation.child);
        }
    }
}

#[test]
fn the_correction_touches_the_second_child_only() {
    let night = Night::new();
    let report = night.incident("I1").unwrap();
    let amended = night.amended("I1", "incidents/x").unwrap();
    assert_eq!(amended.name, "incidents/x");
    assert!(amended.children[0] == report.first.children[0]);
    assert!(amended.children[1] != report.first.children[1]);
    assert_eq!(amended.narrative, report.first.narrative);
}

#[test]
fn the_files_hold_everybody_who_stands_on_a_roll() {
    let night = Night::new();
    assert_eq!(night.gias_csv().lines().count(), 2);
    assert_eq!(night.wales_csv().lines().count(), 7);
    let rows: usize =
        night.roll_authorities().iter().map(|code| night.roll_csv(code).lines().count() - 1).sum();
    assert_eq!(rows, night.pupils.len() - 1, "everybody but C6");
    assert!(night.roll_csv("672").contains("Siôn Wyn,Morgan,2021-01-15"));
    assert!(night.roll_csv("801").contains("Maisie,Okafor"));
    assert!(!night.roll_csv("673").contains("2011-07-22,CF63 9ZB"));
}

#[test]
fn the_night_is_the_same_in_every_run() {
    let bytes = |night: &Night| -> Vec<u8> {
        night.incidents.iter().flat_map(|report| report.first.encode_to_vec()).collect()
    };
    assert_eq!(bytes(&Night::new()), bytes(&Night::new()));
    let numbers: Vec<_> =
        Night::new().pupils.iter().filter_map(|pupil| pupil.nhs_number.clone()).collect();
    assert_eq!(numbers[0], "9999900003");
}

#[test]
fn the_contract_accepts_every_report_and_the_correction() {
    let night = Night::new();
    let mut read = 0;
    for step in &night.steps {
        let (incident, checks): (_, fn(_, _) -> _) = match &step.action {
            Action::Report(submission) => {
                (night.incident(submission.incident).unwrap().first.clone(), Checks::report)
            }
            Action::Amend { submission, .. } => {
                (night.amended(submission.incident, "").unwrap(), Checks::amendment)
            }
            Action::ReportAgain(_)
            | Action::DuplicateDelivery { .. }
            | Action::PoisonBeforeNext { .. }
            | Action::Withdraw { .. }
            | Action::Acknowledge(_)
            | Action::Reject(_)
            | Action::AcknowledgeHandover { .. } => continue,
        };
        let faults = incident_from_wire(incident, &checks(step.at, "62".parse().unwrap())).err();
        assert_eq!(faults, None);
        read += 1;
    }
    assert_eq!(read, 13);
}

use jiff::{SignedDuration, civil};
use proptest::prelude::*;

use super::*;
use crate::{bank_holidays::BankHolidays, calendar::london, nation::Nation};

mod page;
mod parsing;
mod properties;

/// `2026-11-19T02:10` London time; a suffix is refused, so that a table cannot mean two things.
fn local(text: &str) -> Timestamp {
    text.parse::<civil::DateTime>().unwrap().to_zoned(london().clone()).unwrap().timestamp()
}

fn shown(at: Timestamp) -> String {
    at.to_zoned(london().clone()).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn hub(nation: Nation) -> HubClocks {
    ClockRules::builtin().of_nation(nation)
}

fn due(hub: &HubClocks, id: &str, start: &str) -> String {
    shown(hub.start(id, local(start)).unwrap().due())
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn every_limit_is_due_when_its_words_say() {
    let (wales, england) = (hub(Nation::Wales), hub(Nation::England));
    let table = [
        (&wales, ids::DECIDE_REFERRAL, "2026-11-19T10:00", "2026-11-20T17:00", "the next day"),
        (&wales, ids::DECIDE_REFERRAL, "2026-11-20T16:59", "2026-11-23T17:00", "over a weekend"),
        (&wales, ids::DECIDE_REFERRAL, "2026-11-21T03:00", "2026-11-23T17:00", "on a Saturday"),
        (
            &wales,
            ids::DECIDE_REFERRAL,
            "2026-12-24T12:00",
            "2026-12-29T17:00",
            "Christmas on a Friday, and Boxing Day made up for on the Monday",
        ),
        (&england, ids::DECIDE_REFERRAL, "2026-04-02T12:00", "2026-04-07T17:00", "Easter"),
        (
            &wales,
            ids::ACKNOWLEDGE_REFERRAL,
            "2026-11-19T10:00",
            "2026-11-20T17:00",
            "as the decision",
        ),
        (
            &wales,
            ids::GRADE_REFERRAL,
            "2026-11-20T16:30",
            "2026-11-23T10:30",
            "hub hours, over a weekend",
        ),
        (
            &wales,
            ids::CHASE_ACKNOWLEDGEMENT,
            "2026-11-19T10:00",
            "2026-11-30T17:00",
            "seven working days",
        ),
        (
            &wales,
            ids::WRITTEN_CONFIRMATION,
            "2026-11-20T18:00",
            "2026-11-23T17:00",
            "Wales: a working day",
        ),
        (
            &england,
            ids::WRITTEN_CONFIRMATION,
            "2026-11-20T18:00",
            "2026-11-21T18:00",
            "England: 24 hours",
        ),
        (&wales, ids::TRIAGE_RED, "2026-11-20T16:00", "2026-11-20T20:00", "runs on into the night"),
        (&wales, ids::TRIAGE_AMBER, "2026-11-20T16:00", "2026-11-23T14:00", "hub hours"),
        (&wales, ids::TRIAGE_GREEN, "2026-11-20T16:00", "2026-11-23T16:00", "hub hours"),
        (&wales, ids::ENQUIRY_RED, "2026-11-20T16:00", "2026-11-20T18:00", "runs on"),
        (&wales, ids::ENQUIRY_AMBER, "2026-11-20T16:00", "2026-11-23T12:00", "hub hours"),
        (&wales, ids::ENQUIRY_GREEN, "2026-11-20T16:00", "2026-11-23T14:00", "hub hours"),
        (&wales, ids::STRATEGY_DISCUSSION, "2026-11-20T16:00", "2026-11-21T16:00", "runs on"),
        (&wales, ids::ANSWER_INVITATION, "2026-11-20T16:00", "2026-11-23T12:00", "hub hours"),
        (
            &wales,
            ids::INITIAL_CONFERENCE,
            "2026-12-14T10:00",
            "2027-01-07T17:00",
            "fifteen working days over Christmas",
        ),
        (
            &wales,
            ids::TRANSFER_IN_CONFERENCE,
            "2026-11-20T16:00",
            "2026-12-05T16:00",
            "days that run on",
        ),
        (&wales, ids::ACCEPT_TRANSFER, "2026-11-20T16:00", "2026-11-23T17:00", "a working day"),
        (&wales, ids::ASSESSMENT, "2026-09-01T10:00", "2026-10-29T17:00", "Wales: 42 working days"),
        (
            &england,
            ids::ASSESSMENT,
            "2026-09-01T10:00",
            "2026-11-03T17:00",
            "England: 45 working days",
        ),
        (
            &wales,
            ids::DISAGREEMENT_PRACTITIONERS,
            "2026-11-19T10:00",
            "2026-11-26T17:00",
            "a working week",
        ),
        (
            &wales,
            ids::DISAGREEMENT_FIRST_LINE,
            "2026-11-19T10:00",
            "2026-11-23T17:00",
            "two working days",
        ),
        (
            &wales,
            ids::DISAGREEMENT_SENIOR,
            "2026-11-19T10:00",
            "2026-11-23T17:00",
            "two working days",
        ),
        (
            &wales,
            ids::DISAGREEMENT_DIRECTOR,
            "2026-11-19T10:00",
            "2026-11-23T17:00",
            "two working days",
        ),
        (&wales, ids::POLICE_PROTECTION, "2026-11-20T16:00", "2026-11-23T16:00", "72 hours"),
        (&england, ids::RETURN_INTERVIEW, "2026-11-20T16:00", "2026-11-23T16:00", "72 hours"),
        (&wales, ids::CUSTODY_REFERRAL, "2026-11-20T23:30", "2026-11-21T00:30", "an hour"),
        (
            &wales,
            ids::MECHANISM_DECISION,
            "2026-11-19T10:00",
            "2026-11-26T17:00",
            "five working days",
        ),
        (
            &wales,
            ids::DESIGNATED_OFFICER,
            "2026-11-20T23:30",
            "2026-11-23T17:00",
            "the next working day",
        ),
        (
            &wales,
            ids::CLINICAL_ACKNOWLEDGEMENT,
            "2026-11-20T16:00",
            "2026-11-23T12:00",
            "office hours",
        ),
        (&wales, ids::INJURY_PROMPT, "2026-11-20T23:30", "2026-11-21T03:30", "runs on at night"),
    ];
    for (hub, id, start, expected, why) in table {
        assert_eq!(due(hub, id, start), expected, "{id}: {why}");
    }
    for id in ids::ALL {
        assert!(table.iter().any(|(_, known, ..)| *known == id), "{id} is not tried");
    }
}

#[test]
fn both_changes_of_the_clock_leave_hours_and_hub_hours_right() {
    let wales = hub(Nation::Wales);
    let table = [
        // The clocks go back on Sunday 25 October 2026 at 02:00, and forward on 28 March 2027 at 01:00.
        (
            ids::TRIAGE_RED,
            "2026-10-24T23:30",
            "2026-10-25T02:30",
            "a red clock through the hour that comes twice",
        ),
        (
            ids::TRIAGE_RED,
            "2027-03-27T23:30",
            "2027-03-28T04:30",
            "and through the one that is missing",
        ),
        (ids::POLICE_PROTECTION, "2026-10-24T10:00", "2026-10-27T09:00", "72 hours are 72 hours"),
        (ids::POLICE_PROTECTION, "2027-03-27T10:00", "2027-03-30T11:00", "and not three mornings"),
        (ids::STRATEGY_DISCUSSION, "2026-10-24T12:00", "2026-10-25T11:00", "24 hours"),
        (ids::STRATEGY_DISCUSSION, "2027-03-27T12:00", "2027-03-28T13:00", "24 hours"),
        (
            ids::TRANSFER_IN_CONFERENCE,
            "2026-10-20T10:00",
            "2026-11-04T10:00",
            "days end at the same time of day",
        ),
        (ids::TRIAGE_AMBER, "2026-10-23T16:00", "2026-10-26T14:00", "hub hours know no night"),
        (ids::TRIAGE_AMBER, "2027-03-25T16:00", "2027-03-30T14:00", "nor Easter"),
        (
            ids::DECIDE_REFERRAL,
            "2026-10-23T16:00",
            "2026-10-26T17:00",
            "a working day ends at the close of the hub",
        ),
    ];
    for (id, start, expected, why) in table {
        assert_eq!(due(&wales, id, start), expected, "{id}: {why}");
    }
    let all_day =
        ClockRules::builtin().of_profile("round-the-clock", BankHolidays::builtin()).unwrap();
    let begin = local("2026-10-25T00:00");
    let end = local("2026-10-26T00:00");
    let counted = all_day.calendars().counted(begin, end, Counting::HubHours);
    assert_eq!(counted, SignedDuration::from_hours(25), "a hub that never closes works 25 hours");
}

#[test]
fn hubs_keep_the_clocks_that_they_have_published() {
    let table = [
        ("surrey", ids::TRIAGE_RED, "2026-11-20T16:00", "2026-11-23T12:00"),
        ("surrey", ids::TRIAGE_AMBER, "2026-11-20T16:00", "2026-11-25T16:00"),
        ("surrey", ids::TRIAGE_GREEN, "2026-11-20T16:00", "2026-11-23T16:00"),
        ("luton", ids::TRIAGE_RED, "2026-11-20T16:00", "2026-11-20T20:00"),
        ("merton", ids::ENQUIRY_RED, "2026-11-20T16:00", "2026-11-20T18:00"),
        ("merton", ids::ENQUIRY_AMBER, "2026-11-20T16:00", "2026-11-23T14:00"),
        ("merton", ids::ENQUIRY_GREEN, "2026-11-20T16:00", "2026-11-25T16:00"),
        ("tri-borough", ids::TRIAGE_GREEN, "2026-11-20T16:00", "2026-11-21T16:00"),
        ("sandwell", ids::WRITTEN_CONFIRMATION, "2026-11-20T16:00", "2026-11-21T16:00"),
        ("written-in-two-days", ids::WRITTEN_CONFIRMATION, "2026-11-20T16:00", "2026-11-22T16:00"),
        ("herefordshire", ids::WRITTEN_CONFIRMATION, "2026-11-20T16:00", "2026-11-24T17:00"),
    ];
    for (profile, id, start, expected) in table {
        let hub = ClockRules::builtin().of_profile(profile, BankHolidays::builtin()).unwrap();
        assert_eq!(due(&hub, id, start), expected, "{profile} {id}");
    }
    assert!(ClockRules::builtin().of_profile("nowhere", BankHolidays::builtin()).is_none());
    assert!(hub(Nation::Wales).start("triage-blue", local("2026-11-20T16:00")).is_none());
}

#[test]
fn days_beyond_the_list_of_bank_holidays_are_said_not_assumed() {
    let wales = hub(Nation::Wales);
    let near = wales.start(ids::ASSESSMENT, local("2026-11-19T10:00")).unwrap();
    assert!(!near.is_uncertain());
    // The list ends with 2027.
    let far = wales.start(ids::ASSESSMENT, local("2027-12-01T10:00")).unwrap();
    assert!(far.is_uncertain(), "the new year is not in the list");
    let hours = wales.start(ids::TRIAGE_AMBER, local("2027-12-31T16:30")).unwrap();
    assert!(hours.is_uncertain());
    let running = wales.start(ids::POLICE_PROTECTION, local("2027-12-31T16:30")).unwrap();
    assert!(!running.is_uncertain(), "what runs on needs no list");
    // What is certain when it starts may stop being so when it is resumed.
    let mut long = wales.start(ids::ASSESSMENT, local("2027-09-01T10:00")).unwrap();
    assert!(!long.is_uncertain());
    long.pause("abroad", local("2027-09-02T10:00")).unwrap();
    long.resume(local("2027-12-20T10:00"), wales.calendars()).unwrap();
    assert!(long.is_uncertain());
}

#[test]
fn a_clock_is_warned_breached_and_told_once() {
    let wales = hub(Nation::Wales);
    let mut clock = wales.start(ids::DECIDE_REFERRAL, local("2026-11-19T10:00")).unwrap();
    assert_eq!(clock.next_ring(), Some(local("2026-11-20T13:00")), "four hours before the close");
    let table = [
        ("2026-11-20T12:59", ClockState::Running, None),
        ("2026-11-20T13:00", ClockState::Warned, Some(Ring::Warning)),
        ("2026-11-20T16:59", ClockState::Warned, None),
        ("2026-11-20T17:00", ClockState::Breached, Some(Ring::Breach)),
        ("2026-11-20T18:00", ClockState::Breached, None),
    ];
    for (now, state, ring) in table {
        assert_eq!((clock.state(local(now)), clock.ring(local(now))), (state, ring), "{now}");
    }
    assert_eq!(clock.next_ring(), None);
    clock.meet(local("2026-11-20T18:00"));
    assert_eq!(clock.state(local("2026-11-21T10:00")), ClockState::MetLate);
    let mut slept = wales.start(ids::DECIDE_REFERRAL, local("2026-11-19T10:00")).unwrap();
    assert_eq!(slept.ring(local("2026-11-25T10:00")), Some(Ring::Breach), "without a late warning");
    assert_eq!(slept.ring(local("2026-11-25T10:00")), None);
}

#[test]
fn a_pause_needs_a_reason_and_what_is_missed_stays_missed() {
    let wales = hub(Nation::Wales);
    let start = local("2026-11-19T10:00");
    let mut clock = wales.start(ids::DECIDE_REFERRAL, start).unwrap();
    assert_eq!(clock.pause(" ", start), Err(ClockRefusal::Reason));
    assert_eq!(clock.pause(&"x".repeat(401), start), Err(ClockRefusal::Reason));
    assert_eq!(clock.pause("early", local("2026-11-19T09:00")), Err(ClockRefusal::Order));
    assert_eq!(
        clock.resume(start, wales.calendars()),
        Err(ClockRefusal::State(ClockState::Running))
    );
    let late = local("2026-11-20T17:00");
    assert_eq!(clock.pause("too late", late), Err(ClockRefusal::State(ClockState::Breached)));
    clock.pause("the police ask us to wait", local("2026-11-20T16:00")).unwrap();
    assert_eq!(
        clock.pause("again", late),
        Err(ClockRefusal::State(ClockState::Paused)),
        "and time stands still"
    );
    assert_eq!((clock.next_ring(), clock.ring(late)), (None, None), "nobody is warned meanwhile");
    assert_eq!(
        clock.resume(local("2026-11-20T15:00"), wales.calendars()),
        Err(ClockRefusal::Order)
    );
    clock.resume(local("2026-11-23T09:00"), wales.calendars()).unwrap();
    assert_eq!(shown(clock.due()), "2026-11-23T10:00", "an hour was left");
    assert_eq!(clock.pauses().len(), 1);
    let mut met = clock.clone();
    met.pause("waiting", local("2026-11-23T09:30")).unwrap();
    met.meet(local("2026-11-23T12:00"));
    assert_eq!(met.state(local("2026-11-23T12:00")), ClockState::Met, "in a pause nothing counts");
    met.cancel(local("2026-11-23T13:00"));
    assert_eq!(met.cancelled(), None, "a clock that has ended stays as it ended");
    clock.cancel(local("2026-11-23T09:30"));
    clock.meet(local("2026-11-23T09:31"));
    assert_eq!(clock.state(local("2026-11-24T09:31")), ClockState::Cancelled);
    assert_eq!(
        clock.pause("over", local("2026-11-23T09:32")),
        Err(ClockRefusal::State(ClockState::Cancelled))
    );
    let shown = format!("{clock:?}");
    assert!(!shown.contains("police ask"), "a reason may speak of a person: {shown}");
}

#[test]
fn hub_hours_that_cannot_be_are_refused() {
    assert!(HubHours::new([], 0, 60, false).is_none());
    assert!(HubHours::new([0], 0, 60, false).is_none());
    assert!(HubHours::new([8], 0, 60, false).is_none());
    assert!(HubHours::new([1], 60, 60, false).is_none());
    assert!(HubHours::new([1], 0, 1441, false).is_none());
    assert!(HubHours::new([7], 0, 1440, true).is_some());
}

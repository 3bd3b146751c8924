use jiff::civil::date;

use super::*;

const TODAY: Date = date(2026, 11, 20);

fn because() -> Because {
    let reason = Reason::new("read line by line").unwrap();
    Because { by: "dpo-1".to_owned(), at: Timestamp::UNIX_EPOCH, reason }
}

fn test_of(part: Part, outcome: Outcome) -> Command {
    Command::Test { part, test: HarmTest { outcome, because: because() } }
}

fn release() -> Command {
    Command::Release { by: "dpo-1".to_owned(), at: Timestamp::UNIX_EPOCH }
}

fn extension(months: u8) -> Command {
    Command::Extend(Extension { months, because: because() })
}

fn refusal() -> Command {
    Command::Refuse(Refusal { ground: RefusalGround::IdentityNotShown, because: because() })
}

fn obey(request: &mut SubjectAccess, command: Command) -> Result<(), SubjectAccessError> {
    request.obey(command, TODAY, BankHolidays::builtin())
}

fn standing(state: State) -> SubjectAccess {
    let mut request = SubjectAccess::received(TODAY);
    let way: &[Command] = match state {
        State::Requested => &[],
        State::Assembled => &[Command::Assemble { lines: 2 }],
        State::Tested => &[Command::Assemble { lines: 2 }, test_of(Part::Whole, Outcome::HandOver)],
        State::Released => {
            &[Command::Assemble { lines: 2 }, test_of(Part::Whole, Outcome::HandOver), release()]
        }
        State::Refused => &[refusal()],
    };
    way.iter().for_each(|command| obey(&mut request, command.clone()).unwrap());
    assert_eq!(request.state, state);
    request
}

#[test]
fn each_command_is_obeyed_where_it_follows_and_refused_with_its_code_elsewhere() {
    // Assemble, test, extend, release, refuse.
    let table = [
        (State::Requested, ["assembled", "MASH-A003", "requested", "MASH-A003", "refused"]),
        (State::Assembled, ["MASH-A003", "tested", "assembled", "MASH-A004", "refused"]),
        (State::Tested, ["MASH-A003", "tested", "tested", "released", "refused"]),
        (State::Released, ["MASH-A003"; 5]),
        (State::Refused, ["MASH-A003"; 5]),
    ];
    for (from, expected) in table {
        let commands = [
            Command::Assemble { lines: 1 },
            test_of(Part::Whole, Outcome::HandOver),
            extension(2),
            release(),
            refusal(),
        ];
        for (command, expected) in commands.into_iter().zip(expected) {
            let (mut request, word) = (standing(from), command.word());
            let before = request.clone();
            match obey(&mut request, command) {
                Ok(()) => assert_eq!(request.state.word(), expected, "{from:?} {word}"),
                Err(error) => {
                    assert_eq!(error.code(), expected, "{from:?} {word}");
                    assert!(error.to_string().starts_with(error.code()));
                    assert_eq!(request, before, "a refused command changes nothing");
                }
            }
        }
    }
}

#[test]
fn nothing_is_handed_over_before_every_line_was_tested() {
    let mut request = standing(State::Assembled);
    let withhold = Outcome::Withhold(Exemption::SeriousHarm);
    obey(&mut request, test_of(Part::Line(1), withhold)).unwrap();
    assert_eq!(obey(&mut request, release()), Err(SubjectAccessError::Untested { untested: 1 }));
    let none = test_of(Part::Line(3), Outcome::HandOver);
    assert_eq!(obey(&mut request, none), Err(SubjectAccessError::NoSuchLine));
    obey(&mut request, test_of(Part::Line(2), Outcome::HandOver)).unwrap();
    obey(&mut request, release()).unwrap();
    assert_eq!(request.outcome_of(1), Some(withhold));
    assert_eq!(request.outcome_of(2), Some(Outcome::HandOver));
}

#[test]
fn a_line_of_its_own_goes_before_the_whole_and_an_empty_answer_is_looked_at_too() {
    let mut request = standing(State::Assembled);
    let withhold = Outcome::Withhold(Exemption::Crime);
    obey(&mut request, test_of(Part::Whole, Outcome::HandOver)).unwrap();
    obey(&mut request, test_of(Part::Line(2), withhold)).unwrap();
    assert_eq!(request.outcome_of(1), Some(Outcome::HandOver));
    assert_eq!(request.outcome_of(2), Some(withhold));

    let mut empty = SubjectAccess::received(TODAY);
    obey(&mut empty, Command::Assemble { lines: 0 }).unwrap();
    assert_eq!(empty.state, State::Assembled);
    assert!(obey(&mut empty, release()).is_err());
    obey(&mut empty, test_of(Part::Whole, Outcome::HandOver)).unwrap();
    obey(&mut empty, release()).unwrap();
}

#[test]
fn the_month_ends_on_the_same_day_or_the_last_or_the_next_working_one() {
    let table = [
        ("2026-11-20", 1, "2026-12-21", "a Sunday moves to Monday"),
        ("2026-11-19", 1, "2026-12-21", "a Saturday too"),
        ("2027-01-29", 1, "2027-03-01", "28 February 2027 is a Sunday"),
        ("2026-08-31", 1, "2026-09-30", "September has no 31st"),
        ("2026-11-25", 1, "2026-12-29", "Christmas, Boxing Day and its substitute"),
        ("2026-11-20", 2, "2027-01-20", "one month more"),
        ("2026-11-20", 3, "2027-02-22", "two months more, and 20 February is a Saturday"),
    ];
    for (received, months, expected, why) in table {
        let found = due_on(received.parse().unwrap(), months, BankHolidays::builtin());
        assert_eq!(found.to_string(), expected, "{received} {months}: {why}");
    }
}

#[test]
fn time_is_extended_once_within_the_first_month_and_by_no_more_than_two() {
    let holidays = BankHolidays::builtin();
    for months in [0, 3] {
        let mut request = standing(State::Assembled);
        assert_eq!(obey(&mut request, extension(months)), Err(SubjectAccessError::Extension));
    }
    let mut request = standing(State::Assembled);
    let late = date(2026, 12, 22);
    assert_eq!(request.obey(extension(1), late, holidays), Err(SubjectAccessError::Extension));
    request.obey(extension(2), date(2026, 12, 21), holidays).unwrap();
    assert_eq!(request.due_on(holidays), date(2027, 2, 22));
    assert_eq!(obey(&mut request, extension(1)), Err(SubjectAccessError::Extension));
}

#[test]
fn a_reason_says_something_and_is_not_told_by_debug() {
    for text in ["", "  \n ", "a\u{7}b", &"x".repeat(LONGEST_REASON + 1)] {
        assert!(Reason::new(text).is_none());
    }
    let elsewhere = Reason::new("one\r\ntwo\tthree\rfour").unwrap();
    assert_eq!(elsewhere.as_str(), "one\ntwo three\nfour");
    let reason = Reason::new(" her mother's new address ").unwrap();
    assert_eq!(reason.as_str(), "her mother's new address");
    assert!(!format!("{reason:?}").contains("mother"));
}

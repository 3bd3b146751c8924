//! A request for subject access, from its receipt to its answer (UK GDPR Arts 12 and 15; DPA 2018 Schs 2 and 3).
//!
//! Nothing is handed over before a named person has applied the serious-harm test to every line and said why. The clock
//! is that of Art 12(3): one calendar month, and up to two more where that was decided and justified within the first.

use std::{collections::BTreeMap, fmt};

use jiff::{
    Span, Timestamp, ToSpan as _,
    civil::{Date, Weekday},
};

use crate::bank_holidays::BankHolidays;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 1_000;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Received.
    Requested,
    /// What is on record was put together, and waits for the serious-harm test.
    Assembled,
    /// The test was applied to every line.
    Tested,
    /// Handed over.
    Released,
    /// Refused, with a reason.
    Refused,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Requested, Self::Assembled, Self::Tested, Self::Released, Self::Refused];

    /// The word that stands for it in the store and in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Assembled => "assembled",
            Self::Tested => "tested",
            Self::Released => "released",
            Self::Refused => "refused",
        }
    }

    /// Whether nothing can come of it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Released | Self::Refused => true,
            Self::Requested | Self::Assembled | Self::Tested => false,
        }
    }
}

/// On what ground a line is not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exemption {
    /// It would be likely to cause serious harm to the child or to somebody else (DPA 2018 Sch 3 paras 5, 11 and 19).
    SeriousHarm,
    /// It is child abuse data, and the child's interest is against it (DPA 2018 Sch 3 para 21).
    ChildAbuseData,
    /// It would prejudice the prevention or detection of crime (DPA 2018 Sch 2 para 2).
    Crime,
    /// It is about somebody else who has not consented (DPA 2018 Sch 2 para 16).
    ThirdParty,
}

impl Exemption {
    /// Each of them.
    pub const ALL: [Self; 4] =
        [Self::SeriousHarm, Self::ChildAbuseData, Self::Crime, Self::ThirdParty];

    /// The code that is recorded.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SeriousHarm => "serious-harm",
            Self::ChildAbuseData => "child-abuse-data",
            Self::Crime => "crime",
            Self::ThirdParty => "third-party",
        }
    }
}

/// On what ground a request is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalGround {
    /// Nobody could show who asks, or that they may act for the child (Art 12(6)).
    IdentityNotShown,
    /// Manifestly unfounded (Art 12(5)(b)).
    ManifestlyUnfounded,
    /// Manifestly excessive (Art 12(5)(b)).
    ManifestlyExcessive,
    /// An exemption covers all of it.
    Exempt,
}

impl RefusalGround {
    /// Each of them.
    pub const ALL: [Self; 4] = [
        Self::IdentityNotShown,
        Self::ManifestlyUnfounded,
        Self::ManifestlyExcessive,
        Self::Exempt,
    ];

    /// The code that is recorded.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::IdentityNotShown => "identity-not-shown",
            Self::ManifestlyUnfounded => "manifestly-unfounded",
            Self::ManifestlyExcessive => "manifestly-excessive",
            Self::Exempt => "exempt",
        }
    }
}

/// Why somebody decided something: never empty, never long, and without control characters but line breaks.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(String); // INVARIANT: 1 to `LONGEST_REASON` characters, of which one at least is not white.

impl Reason {
    /// A reason; `None` if it says nothing, is too long, or has characters that cannot be shown.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        // Whoever writes it in a file on another system has other ends of lines, and must not be refused for a life for it.
        let text = text.trim().replace("\r\n", "\n").replace('\r', "\n").replace('\t', " ");
        let shown = text.chars().all(|letter| !letter.is_control() || letter == '\n');
        let fits = !text.is_empty() && text.chars().count() <= LONGEST_REASON;
        (fits && shown).then_some(Self(text))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reason {
    /// Without its text, which may tell of a child.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reason(…)")
    }
}

/// Who decided, when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// The practitioner, as her organisation knows her.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// What the serious-harm test came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It may be handed over.
    HandOver,
    /// It may not.
    Withhold(Exemption),
}

/// The test, as it was applied by a named person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HarmTest {
    /// What it came to.
    pub outcome: Outcome,
    /// Who applied it, when and why.
    pub because: Because,
}

/// To what the test is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To everything that no test of its own was applied to.
    Whole,
    /// To one line, from 1.
    Line(u32),
}

/// More time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// How many months more: 1 or 2.
    pub months: u8,
    /// Who decided, when and why.
    pub because: Because,
}

/// A refusal of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// On what ground.
    pub ground: RefusalGround,
    /// Who decided, when and why.
    pub because: Because,
}

/// Something that is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What is on record was put together: so many lines.
    Assemble {
        /// How many.
        lines: u32,
    },
    /// A named person applied the serious-harm test.
    Test {
        /// To what.
        part: Part,
        /// The test.
        test: HarmTest,
    },
    /// A named person took more time.
    Extend(Extension),
    /// It was handed over.
    Release {
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// It was refused.
    Refuse(Refusal),
}

impl Command {
    /// What it is called in an error.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Assemble { .. } => "assemble",
            Self::Test { .. } => "test",
            Self::Extend(_) => "extend",
            Self::Release { .. } => "release",
            Self::Refuse(_) => "refuse",
        }
    }
}

/// Why a command cannot be obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectAccessError {
    /// It does not follow from where the request stands.
    #[error("MASH-A003: a request that is {} cannot be followed by `{command}`", .from.word())]
    Transition {
        /// Where it stands.
        from: State,
        /// What was asked.
        command: &'static str,
    },
    /// Lines are left to which nobody has applied the serious-harm test.
    #[error("MASH-A004: the serious-harm test was not applied to {untested} of its lines")]
    Untested {
        /// How many.
        untested: u32,
    },
    /// It has no such line.
    #[error("MASH-A005: the request has no such line")]
    NoSuchLine,
    /// It was extended before, the first month is over, or it is not for one or two months.
    #[error("MASH-A006: time can be extended once, by one or two months, within the first month")]
    Extension,
}

impl SubjectAccessError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transition { .. } => "MASH-A003",
            Self::Untested { .. } => "MASH-A004",
            Self::NoSuchLine => "MASH-A005",
            Self::Extension => "MASH-A006",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectAccess {
    /// The day on which the organisation received it.
    pub received_on: Date,
    /// Where it stands.
    pub state: State,
    /// How many lines it has; 0 before it was assembled.
    pub lines: u32,
    /// The test of everything that has none of its own.
    pub whole: Option<HarmTest>,
    /// Tests of lines.
    pub by_line: BTreeMap<u32, HarmTest>,
    /// More time, if somebody took it.
    pub extension: Option<Extension>,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Who handed it over and when, if somebody did.
    pub released: Option<(String, Timestamp)>,
}

impl SubjectAccess {
    /// A request that was received on this day.
    #[must_use]
    pub const fn received(on: Date) -> Self {
        Self {
            received_on: on,
            state: State::Requested,
            lines: 0,
            whole: None,
            by_line: BTreeMap::new(),
            extension: None,
            refusal: None,
            released: None,
        }
    }

    /// Obeys a command, or says why not and stays as it was.
    ///
    /// # Errors
    ///
    /// [`SubjectAccessError`].
    pub fn obey(
        &mut self,
        command: Command,
        today: Date,
        holidays: &BankHolidays,
    ) -> Result<(), SubjectAccessError> {
        let wrong = SubjectAccessError::Transition { from: self.state, command: command.word() };
        match (self.state, command) {
            (State::Requested, Command::Assemble { lines }) => {
                self.lines = lines;
                self.state = State::Assembled;
                Ok(())
            }
            (State::Assembled | State::Tested, Command::Test { part, test }) => {
                self.test(part, test)
            }
            (State::Requested | State::Assembled | State::Tested, Command::Extend(extension)) => {
                self.extend(extension, today, holidays)
            }
            (State::Assembled, Command::Release { .. }) => {
                Err(SubjectAccessError::Untested { untested: self.untested() })
            }
            (State::Tested, Command::Release { by, at }) => {
                self.released = Some((by, at));
                self.state = State::Released;
                Ok(())
            }
            (State::Requested | State::Assembled | State::Tested, Command::Refuse(refusal)) => {
                self.refusal = Some(refusal);
                self.state = State::Refused;
                Ok(())
            }
            (
                State::Requested | State::Released | State::Refused,
                Command::Test { .. } | Command::Release { .. },
            )
            | (
                State::Assembled | State::Tested | State::Released | State::Refused,
                Command::Assemble { .. },
            )
            | (State::Released | State::Refused, Command::Extend(_) | Command::Refuse(_)) => {
                Err(wrong)
            }
        }
    }

    fn test(&mut self, part: Part, test: HarmTest) -> Result<(), SubjectAccessError> {
        match part {
            Part::Whole => self.whole = Some(test),
            Part::Line(line) if (1..=self.lines).contains(&line) => {
                self.by_line.insert(line, test);
            }
            Part::Line(_) => return Err(SubjectAccessError::NoSuchLine),
        }
        if self.untested() == 0 {
            self.state = State::Tested;
        }
        Ok(())
    }

    fn extend(
        &mut self,
        extension: Extension,
        today: Date,
        holidays: &BankHolidays,
    ) -> Result<(), SubjectAccessError> {
        let in_time = today <= self.due_on(holidays);
        if self.extension.is_some() || !in_time || !(1..=2).contains(&extension.months) {
            return Err(SubjectAccessError::Extension);
        }
        self.extension = Some(extension);
        Ok(())
    }

    /// To how many lines nobody has applied the test. A request without a line needs the test of the whole: somebody has
    /// to look before it is said that there is nothing.
    #[must_use]
    pub fn untested(&self) -> u32 {
        if self.whole.is_some() {
            return 0;
        }
        let tested = u32::try_from(self.by_line.len()).unwrap_or(u32::MAX);
        self.lines.saturating_sub(tested).max(u32::from(self.lines == 0))
    }

    /// What the test of this line came to: its own, or that of the whole; `None` before somebody applied one.
    #[must_use]
    pub fn outcome_of(&self, line: u32) -> Option<Outcome> {
        self.by_line.get(&line).or(self.whole.as_ref()).map(|test| test.outcome)
    }

    /// The last day for the answer: the same day of the next month, or of one or two months later, or the last day of a
    /// month that has no such day; the next working day where that is none.
    #[must_use]
    pub fn due_on(&self, holidays: &BankHolidays) -> Date {
        let extra = self.extension.as_ref().map_or(0, |extension| i64::from(extension.months));
        due_on(self.received_on, 1 + extra, holidays)
    }
}

fn due_on(received: Date, months: i64, holidays: &BankHolidays) -> Date {
    let mut day = received.checked_add(Span::new().months(months)).unwrap_or(Date::MAX);
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) || holidays.contains(day) {
        let Ok(next) = day.checked_add(1.day()) else { break };
        day = next;
    }
    day
}

#[cfg(test)]
mod tests;

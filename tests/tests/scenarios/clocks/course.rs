//! A clock that a scenario has started, where it is read, and what has to be seen of it as time goes on.

use jiff::{SignedDuration, Timestamp};
use mash_proto::{convert::time_to_wire, referral::v1 as referral, social_care::v1::Outcome};
use mash_tests::hub::Hub;

pub(crate) use mash_proto::referral::v1::ClockState;

use super::read;

/// When a clock was started, when somebody is warned, and when it is due: counted by hand, never by the code under test.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) started: &'static str,
    pub(crate) warned: &'static str,
    pub(crate) due: &'static str,
}

/// Who shows a clock, and under which name.
#[derive(Clone)]
pub(crate) enum Place {
    /// A referral at this authority.
    Referral(&'static str, String),
    /// The question about a referral.
    Enquiry(String),
    /// The meeting of a referral.
    Meeting(String),
    /// The disagreement about a referral.
    Disagreement(String),
    /// The transfer of a referral.
    Transfer(String),
    /// A referral at the force that sent it.
    Force(String),
    /// Injuries at the health board.
    Injury(String),
    /// A notice at the health board.
    Notice(String),
}

/// What somebody by this id is told: the code of a prompt, and how the words of what it is about begin.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) code: &'static str,
    pub(crate) about: String,
    pub(crate) to: &'static str,
}

/// What somebody does while clocks run.
#[derive(Clone)]
pub(crate) enum Act {
    /// The hub decides.
    Decide(Outcome),
    /// What the clock was for has happened, outside of the hub.
    Meet,
    /// A clock that stood still runs on, and is due then.
    Resume(&'static str),
}

/// What has to be seen, or is done, at an instant.
#[derive(Clone)]
pub(crate) enum Step {
    /// The clock stands so.
    Stands(ClockState),
    /// Nobody has been told this.
    Untold(Told),
    /// Somebody is told this, once, before that instant.
    Told(Told, Timestamp),
    /// Somebody does this.
    Act(Act),
}

/// A clock of a scenario.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) rule: &'static str,
    pub(crate) place: Place,
    pub(crate) steps: Vec<(Timestamp, Step)>,
    times: Times,
    warns: (&'static str, &'static str),
    begins: ClockState,
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

impl Course {
    /// A clock of this rule, which warns a person in a role.
    pub(crate) fn new(
        rule: &'static str,
        place: Place,
        times: Times,
        warns: (&'static str, &'static str),
    ) -> Self {
        Self { rule, place, steps: Vec::new(), times, warns, begins: ClockState::Running }
    }

    /// Nobody sees to it: it runs, is warned of, and passes.
    pub(crate) fn passes(mut self, warning: Option<&Told>, breach: &Told) -> Self {
        let (warned, due) = (instant(self.times.warned), instant(self.times.due));
        self.at(warned - MINUTE, Step::Stands(ClockState::Running));
        self.at(warned, Step::Stands(ClockState::Warned));
        self.at(due - MINUTE, Step::Stands(ClockState::Warned));
        self.at(due, Step::Stands(ClockState::Breached));
        if let Some(warning) = warning {
            self.at(warned - MINUTE, Step::Untold(warning.clone()));
            self.at(warned, Step::Told(warning.clone(), due));
        }
        // Some are told of both by one prompt, which stays until it is seen to.
        if warning.is_none_or(|warning| warning.code != breach.code) {
            self.at(due - MINUTE, Step::Untold(breach.clone()));
        }
        self.at(due, Step::Told(breach.clone(), Timestamp::MAX));
        self
    }

    /// What it was for has happened already: nobody is told when its time comes.
    pub(crate) fn met(mut self, breach: Told) -> Self {
        self.begins = ClockState::Met;
        let due = instant(self.times.due);
        self.at(due, Step::Stands(ClockState::Met));
        self.at(due + MINUTE, Step::Untold(breach));
        self
    }

    /// It stands still: until somebody lets it run on, and is due then.
    pub(crate) fn stands_still(mut self, until: &str, (warned, due): (&str, &'static str)) -> Self {
        self.begins = ClockState::Paused;
        let (until, warned) = (instant(until), instant(warned));
        self.at(until - MINUTE, Step::Stands(ClockState::Paused));
        self.at(until, Step::Act(Act::Resume(due)));
        self.at(until, Step::Stands(ClockState::Running));
        // By then it would have been warned of, and would have passed.
        self.at(warned - MINUTE, Step::Stands(ClockState::Running));
        self.at(warned, Step::Stands(ClockState::Warned));
        self.at(instant(due) - MINUTE, Step::Stands(ClockState::Warned));
        self.at(instant(due), Step::Stands(ClockState::Breached));
        self
    }

    /// After its time somebody does this at last.
    pub(crate) fn then_late(mut self, at: &str, act: Act) -> Self {
        self.at(instant(at), Step::Act(act));
        self.at(instant(at), Step::Stands(ClockState::MetLate));
        self
    }

    /// When its time has passed, somebody is told this too.
    pub(crate) fn and_tells(mut self, told: Told) -> Self {
        let due = instant(self.times.due);
        self.at(due - MINUTE, Step::Untold(told.clone()));
        self.at(due, Step::Told(told, Timestamp::MAX));
        self
    }

    fn at(&mut self, at: Timestamp, step: Step) {
        self.steps.push((at, step));
    }

    /// Whether the clock is on the wire as it was counted by hand.
    pub(crate) async fn has_begun(&self, hub: &Hub) -> Result<(), String> {
        let mut stands = format!("there is no clock {}", self.rule);
        for _ in 0..400 {
            if let Some(clock) = read::clock(hub, self).await {
                let begun = self.is_as_counted(&clock);
                if begun.is_ok() && clock.state() == self.begins {
                    return Ok(());
                }
                let state = clock.state().as_str_name();
                stands = begun.err().unwrap_or_else(|| format!("{} is {state}", self.rule));
            }
            tokio::time::sleep(std::time::Duration::from_millis(75)).await;
        }
        Err(stands)
    }

    fn is_as_counted(&self, clock: &referral::Clock) -> Result<(), String> {
        let Times { started, warned, due } = self.times;
        for (what, shown, counted) in [
            ("started", clock.start_time, started),
            ("warned of", clock.warn_time, warned),
            ("due", clock.due_time, due),
        ] {
            let wanted = Some(time_to_wire(instant(counted)));
            if shown != wanted {
                let rule = self.rule;
                let shown = shown.map(|it| Timestamp::from_second(it.seconds).unwrap());
                return Err(format!("{rule} is {what} {shown:?}, counted by hand {counted}"));
            }
        }
        let warns = (clock.warns_role.as_str(), clock.warns.as_str());
        if warns == self.warns {
            return Ok(());
        }
        Err(format!("{} warns {warns:?} and not {:?}", self.rule, self.warns))
    }
}

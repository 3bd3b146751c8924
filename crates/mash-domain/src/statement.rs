//! The statement of a school morning: what came in since the last one, and what became of it.
//!
//! In = out by construction: every notice is counted once on each side, and whatever cannot be counted as acknowledged,
//! escalated, withheld, moved or rightly waiting is missing, with its cause and its opaque id. A notice that an earlier
//! statement left open and that is nowhere to be found is missing too: nothing drops out by not being looked at.
//!
//! | it was \ it is | acknowledged, escalated, withheld | waiting | missing | another authority's |
//! |---|---|---|---|---|
//! | nowhere | arrived, out | arrived, waiting | arrived, missing | – |
//! | open | carried, out | carried, waiting | carried, missing | carried, moved |
//! | over | a change, if it is over otherwise | returned, waiting | returned, missing | a change |
//!
//! What is over stays in the statement that said so. What becomes of it later is a change in the next one.

mod morning;
pub mod public;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::organisation::{OrganisationId, OrganisationKind};

pub use self::{
    morning::{AT, is_due, is_school_morning},
    standing::{DESK_PATIENCE, Progress, Seen, TRANSIT, standing},
};

/// The most ids that are named for one cause; the count is whole.
pub const IDS_LIMIT: usize = 100;

/// How a notice ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Acknowledged by a person.
    Acknowledged,
    /// With a named person of the authority.
    Escalated,
    /// Lawfully withheld.
    Withheld,
    /// Another authority's by now.
    Moved,
}

impl End {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Acknowledged, Self::Escalated, Self::Withheld, Self::Moved];

    /// The word that stands for it in tables and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Withheld => "withheld",
            Self::Moved => "moved",
        }
    }

    /// The one with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.word() == word)
    }
}

/// Why something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A report was accepted and could not be taken in: it lies with the dead letters.
    NotTakenIn,
    /// A child of an accepted report of whom nobody is to be told.
    NoDuty,
    /// Released, and no service of a recipient has it.
    NotDelivered,
    /// Nobody acknowledged it before the bell, and it did not go up.
    PastBell,
    /// A desk or a force has had it for longer than a day.
    Unanswered,
    /// It went up to a desk on which there is nobody.
    NoOfficer,
    /// An earlier statement left it open, and there is no trace of it.
    Gone,
}

impl Cause {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::NotTakenIn,
        Self::NoDuty,
        Self::NotDelivered,
        Self::PastBell,
        Self::Unanswered,
        Self::NoOfficer,
        Self::Gone,
    ];

    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotTakenIn => "not-taken-in",
            Self::NoDuty => "no-duty",
            Self::NotDelivered => "not-delivered",
            Self::PastBell => "past-bell",
            Self::Unanswered => "unanswered",
            Self::NoOfficer => "no-officer",
            Self::Gone => "gone",
        }
    }
}

/// Where a notice stands, as a statement counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Acknowledged.
    Acknowledged {
        /// Why after the bell, if it was.
        late: Option<String>,
    },
    /// With a named person.
    Escalated {
        /// The authority whose desk has it.
        authority: Option<OrganisationId>,
        /// The officer, by contact id.
        officer: String,
        /// A coded reason.
        reason: String,
        /// Why after the bell, if it was.
        late: Option<String>,
    },
    /// Withheld.
    Withheld {
        /// A coded reason.
        reason: String,
    },
    /// Another authority has it.
    Moved,
    /// Its time has not come.
    Waiting,
    /// Its time has come, and nothing of the above is true.
    Missing(Cause),
}

impl Standing {
    /// How it ended, if it has.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        match self {
            Self::Acknowledged { .. } => Some(End::Acknowledged),
            Self::Escalated { .. } => Some(End::Escalated),
            Self::Withheld { .. } => Some(End::Withheld),
            Self::Moved => Some(End::Moved),
            Self::Waiting | Self::Missing(_) => None,
        }
    }
}

/// What earlier statements of the owner said of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// That it waits, or is missing.
    Open,
    /// That it is over.
    Over(End),
}

/// A notice of the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The opaque id of the duty.
    pub id: String,
    /// The opaque id of the case.
    pub case_id: String,
    /// The child within the case.
    pub child: String,
    /// The other side: of a force's statement whoever has it, of an authority's the force.
    pub counterpart: Option<OrganisationId>,
    /// What was said of it.
    pub before: Before,
    /// Where it stands.
    pub now: Standing,
}

/// Something that never became a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// An opaque id by which whoever runs the hub finds it.
    pub id: String,
    /// Why.
    pub cause: Cause,
    /// Whether the last statement named it already.
    pub known: bool,
}

/// The figures of a statement or of a line of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Incidents of which something arrived.
    pub incidents: i64,
    /// Children of them, once for each incident.
    pub children: i64,
    /// Open since an earlier statement.
    pub carried: i64,
    /// New.
    pub arrived: i64,
    /// Over once, and open again.
    pub returned: i64,
    /// Acknowledged.
    pub acknowledged: i64,
    /// Of those, after the bell.
    pub acknowledged_late: i64,
    /// Escalated.
    pub escalated: i64,
    /// Of those, after the bell.
    pub escalated_late: i64,
    /// Withheld.
    pub withheld: i64,
    /// Gone on to another authority.
    pub moved: i64,
    /// Waiting.
    pub waiting: i64,
    /// Missing.
    pub missing: i64,
}

impl Figures {
    /// What came in.
    #[must_use]
    pub const fn came_in(&self) -> i64 {
        self.carried + self.arrived + self.returned
    }

    /// What can be accounted for.
    #[must_use]
    pub const fn went_out(&self) -> i64 {
        self.acknowledged + self.escalated + self.withheld + self.moved + self.waiting
    }

    /// Whether in = out, without anything missing.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.came_in() == self.went_out() && self.missing == 0
    }

    fn enter(&mut self, before: Before) {
        match before {
            Before::Nothing => self.arrived += 1,
            Before::Open => self.carried += 1,
            Before::Over(_) => self.returned += 1,
        }
    }

    fn leave(&mut self, now: &Standing) {
        match now {
            Standing::Acknowledged { late } => {
                self.acknowledged += 1;
                self.acknowledged_late += i64::from(late.is_some());
            }
            Standing::Escalated { late, .. } => {
                self.escalated += 1;
                self.escalated_late += i64::from(late.is_some());
            }
            Standing::Withheld { .. } => self.withheld += 1,
            Standing::Moved => self.moved += 1,
            Standing::Waiting => self.waiting += 1,
            Standing::Missing(_) => self.missing += 1,
        }
    }
}

/// To whom something went up, and why: authority, officer, reason.
pub type To = (Option<OrganisationId>, String, String);

/// A statement, without its name and its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Everything together.
    pub total: Figures,
    /// By counterpart.
    pub lines: BTreeMap<Option<OrganisationId>, Figures>,
    /// What went up, by whom it went to.
    pub escalated: BTreeMap<To, i64>,
    /// What was withheld, by reason.
    pub withheld: BTreeMap<String, i64>,
    /// What was late, by cause.
    pub late: BTreeMap<String, i64>,
    /// What is missing, by cause, with the ids of all.
    pub missing: BTreeMap<Cause, BTreeSet<String>>,
    /// What has become of what was over.
    pub changed: BTreeMap<(End, End), i64>,
}

impl Statement {
    /// Whether in = out and nothing is missing.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.total.balances() && self.missing.is_empty()
    }
}

/// Makes the statement of an owner. `open` are the ids of all that its last statement left open.
#[must_use]
pub fn statement(
    owner: &OrganisationId,
    rows: &[Row],
    open: &BTreeSet<String>,
    strays: &[Stray],
) -> Statement {
    let mut made = Statement::default();
    let mut seen: BTreeMap<Option<OrganisationId>, Arrivals<'_>> = BTreeMap::new();
    let mut all = Arrivals::default();
    let names_officers = owner.kind() == OrganisationKind::LocalAuthority;
    for row in rows {
        if let (Before::Over(from), Some(to)) = (row.before, row.now.end()) {
            if from != to {
                *made.changed.entry((from, to)).or_default() += 1;
            }
            continue;
        }
        let line = made.lines.entry(row.counterpart.clone()).or_default();
        for figures in [&mut made.total, line] {
            figures.enter(row.before);
            figures.leave(&row.now);
        }
        if row.before == Before::Nothing {
            seen.entry(row.counterpart.clone()).or_default().add(row);
            all.add(row);
        }
        made.note(row, names_officers);
    }
    let found: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    for id in open.iter().filter(|id| !found.contains(id.as_str())) {
        made.stray(id, Cause::Gone, Before::Open);
    }
    for stray in strays {
        let before = if stray.known { Before::Open } else { Before::Nothing };
        made.stray(&stray.id, stray.cause, before);
    }
    (made.total.incidents, made.total.children) = all.counts();
    for (counterpart, arrivals) in &seen {
        let line = made.lines.entry(counterpart.clone()).or_default();
        (line.incidents, line.children) = arrivals.counts();
    }
    made
}

impl Statement {
    fn note(&mut self, row: &Row, names_officers: bool) {
        let late = match &row.now {
            Standing::Acknowledged { late } => late,
            Standing::Escalated { authority, officer, reason, late } => {
                let officer = if names_officers { officer.clone() } else { String::new() };
                let to = (authority.clone(), officer, reason.clone());
                *self.escalated.entry(to).or_default() += 1;
                late
            }
            Standing::Withheld { reason } => {
                *self.withheld.entry(reason.clone()).or_default() += 1;
                return;
            }
            Standing::Missing(cause) => {
                self.missing.entry(*cause).or_default().insert(row.id.clone());
                return;
            }
            Standing::Moved | Standing::Waiting => return,
        };
        if let Some(cause) = late {
            *self.late.entry(cause.clone()).or_default() += 1;
        }
    }

    fn stray(&mut self, id: &str, cause: Cause, before: Before) {
        let line = self.lines.entry(None).or_default();
        for figures in [&mut self.total, line] {
            figures.enter(before);
            figures.leave(&Standing::Missing(cause));
        }
        self.missing.entry(cause).or_default().insert(id.to_owned());
    }
}

/// Incidents and children of which something arrived.
#[derive(Default)]
struct Arrivals<'a> {
    cases: BTreeSet<&'a str>,
    children: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Arrivals<'a> {
    fn add(&mut self, row: &'a Row) {
        self.cases.insert(&row.case_id);
        self.children.insert((&row.case_id, &row.child));
    }

    fn counts(&self) -> (i64, i64) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        (number(self.cases.len()), number(self.children.len()))
    }
}

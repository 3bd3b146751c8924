//! Where a notice stands at the moment of the statement.

use jiff::{SignedDuration, Timestamp};

use super::{Cause, Standing};
use crate::organisation::OrganisationId;

/// How long a release may be on its way to the service of its recipient.
pub const TRANSIT: SignedDuration = SignedDuration::from_mins(10);
/// How long a desk or a force, which have no bell, may have a notice: a day, and two hours for its own clock to act.
pub const DESK_PATIENCE: SignedDuration = SignedDuration::from_hours(26);

/// How far a notice has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Decided, and on its way.
    Released,
    /// With the recipient.
    Delivered,
    /// Opened.
    Opened,
    /// Went up.
    Escalated,
    /// Acknowledged.
    Acknowledged,
    /// Withheld.
    Withheld,
}

/// A notice as it is found.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// How far it has come.
    pub progress: Progress,
    /// Since when.
    pub since: Timestamp,
    /// By when it must be acknowledged; none for a desk or a force.
    pub bell: Option<Timestamp>,
    /// A coded reason for being withheld or escalated, or empty.
    pub reason: &'a str,
    /// Whether it came to its end after the bell.
    pub late: bool,
    /// Why, or empty.
    pub late_cause: &'a str,
    /// The officer to whom it went up, or empty.
    pub officer: &'a str,
    /// The authority whose desk she is on.
    pub authority: Option<&'a OrganisationId>,
}

/// Where it stands now.
#[must_use]
pub fn standing(seen: &Seen<'_>, now: Timestamp) -> Standing {
    let age = now.duration_since(seen.since);
    let late = || seen.late.then(|| or(seen.late_cause, "not-recorded"));
    match seen.progress {
        Progress::Acknowledged => Standing::Acknowledged { late: late() },
        Progress::Withheld => Standing::Withheld { reason: or(seen.reason, "not-recorded") },
        // Up means to a person. A desk without anybody is a desk that nobody reads.
        Progress::Escalated if seen.officer.is_empty() => Standing::Missing(Cause::NoOfficer),
        Progress::Escalated => Standing::Escalated {
            authority: seen.authority.cloned(),
            officer: seen.officer.to_owned(),
            reason: or(seen.reason, "not-recorded"),
            late: late(),
        },
        Progress::Released if age > TRANSIT => Standing::Missing(Cause::NotDelivered),
        Progress::Released => Standing::Waiting,
        Progress::Delivered | Progress::Opened => match seen.bell {
            Some(bell) if bell <= now => Standing::Missing(Cause::PastBell),
            None if age > DESK_PATIENCE => Standing::Missing(Cause::Unanswered),
            Some(_) | None => Standing::Waiting,
        },
    }
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

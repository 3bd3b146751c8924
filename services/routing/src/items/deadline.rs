//! By when a recipient has to acknowledge: the hub's own times, in one place.
//!
//! Authorities have none: their hubs have clocks of their own. A time is worked out from what the recipient may know
//! anyway, or it would tell what was taken out.

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use mash_domain::{
    bank_holidays::BankHolidays,
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{convert::time_from_wire, disclosure::v1::Content, referral::v1::ItemKind};

/// A time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// None.
    Never,
    /// So many hours after it was submitted.
    Hours(i64),
    /// The end of the working day so many working days later.
    WorkingDays(u8),
    /// When the answer is due, else as the other limit says.
    Answer(u8),
    /// So many minutes before the meeting, else so many hours after it was submitted.
    Meeting(i64, i64),
}

/// The limit of a kind.
#[must_use]
pub const fn limit(kind: ItemKind) -> Limit {
    match kind {
        ItemKind::Enquiry => Limit::Answer(2),
        ItemKind::Invitation => Limit::Meeting(60, 24),
        ItemKind::Feedback => Limit::WorkingDays(3),
        ItemKind::ProtectionStatus => Limit::Hours(24),
        // A police force that is told of exploitation.
        ItemKind::Referral => Limit::Hours(24),
        ItemKind::Answer
        | ItemKind::Response
        | ItemKind::Disagreement
        | ItemKind::Lookup
        | ItemKind::NonDelivery
        | ItemKind::Unspecified => Limit::Never,
    }
}

/// Nobody is given less than this.
const LEAST: SignedDuration = SignedDuration::from_mins(30);
/// When a working day ends.
const CLOSE_OF_PLAY: i8 = 17;

/// By when the recipient has to acknowledge, if by any time.
#[must_use]
pub fn acknowledge_by(
    kind: ItemKind,
    recipient: &OrganisationId,
    stated: Option<Timestamp>,
    content: &Content,
    submitted: Timestamp,
) -> Option<Timestamp> {
    match recipient.kind() {
        OrganisationKind::LocalAuthority | OrganisationKind::Operator => return None,
        OrganisationKind::PoliceForce
        | OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider => {}
    }
    let later = |after: SignedDuration| submitted.checked_add(after).ok();
    let hours = |hours| later(SignedDuration::from_hours(hours));
    let own = match limit(kind) {
        Limit::Never => None,
        Limit::Hours(number) => hours(number),
        Limit::WorkingDays(days) => working_days_later(submitted, days),
        Limit::Answer(days) => {
            let due = content.question.as_ref().and_then(|it| it.due_time.as_ref());
            let due = due.and_then(|it| time_from_wire(it).ok());
            due.or_else(|| working_days_later(submitted, days))
        }
        Limit::Meeting(minutes, otherwise) => {
            let meeting = content.meeting.as_ref().and_then(|it| it.time.as_ref());
            let before = SignedDuration::from_mins(minutes);
            let meeting = meeting.and_then(|it| time_from_wire(it).ok());
            meeting.and_then(|at| at.checked_sub(before).ok()).or_else(|| hours(otherwise))
        }
    };
    Some(stated.or(own)?.max(later(LEAST)?))
}

/// The end of the working day so many working days after this instant's day.
fn working_days_later(from: Timestamp, days: u8) -> Option<Timestamp> {
    let zone = TimeZone::get("Europe/London").ok()?;
    let holidays = BankHolidays::builtin();
    let mut day = from.to_zoned(zone.clone()).date();
    for _ in 0..days {
        day = day.tomorrow().ok()?;
        while day.weekday().to_monday_one_offset() > 5 || holidays.contains(day) {
            day = day.tomorrow().ok()?;
        }
    }
    let at = day.to_datetime(Time::new(CLOSE_OF_PLAY, 0, 0, 0).ok()?);
    Some(at.to_zoned(zone).ok()?.timestamp())
}

//! Which clocks run for a referral, by the law of its nation and the hours of its hub.

use jiff::Timestamp;
use mash_domain::{
    authority::Authorities,
    clock::{Clock, ClockRule, ClockRules, Counting, HubClocks, Length, ids},
    identifier::AuthorityCode,
    nation::Nation,
    referral::work::Grade,
};

use crate::record::KeptClock;

/// Where the authority is not in the reference data, Wales is assumed: the hub stands there.
pub(crate) fn nation_of(authority: &str) -> Nation {
    let code: Option<AuthorityCode> = authority.parse().ok();
    let known = code.and_then(|code| Authorities::builtin().by_code(&code));
    known.map_or(Nation::Wales, |authority| authority.nation)
}

/// The clocks of a hub.
pub(crate) fn clocks_of(authority: &str) -> HubClocks {
    ClockRules::builtin().of_nation(nation_of(authority))
}

/// Starts a clock of a referral, if the hub has such a limit.
pub(crate) fn start(
    (hub, rule): (&HubClocks, &str),
    (referral, subject): (&str, &str),
    person: &str,
    at: Timestamp,
) -> Option<KeptClock> {
    Some(KeptClock {
        referral: referral.to_owned(),
        subject: subject.to_owned(),
        clock: hub.start(rule, at)?.warning(person),
    })
}

/// Starts a clock that somebody has set by hand to this time: it runs on, day and night.
pub(crate) fn start_until(
    (hub, rule): (&HubClocks, &str),
    (referral, subject): (&str, &str),
    person: &str,
    (at, due): (Timestamp, Timestamp),
) -> Option<KeptClock> {
    let minutes = due.duration_since(at).as_secs().saturating_add(59).div_euclid(60).max(1);
    let length = Length::Minutes(u32::try_from(minutes).unwrap_or(u32::MAX));
    let rule = ClockRule { length, counting: Counting::Running, ..hub.rule(rule)?.clone() };
    Some(KeptClock {
        referral: referral.to_owned(),
        subject: subject.to_owned(),
        clock: Clock::start(&rule, at, hub.calendars()).warning(person),
    })
}

/// The rule that says how soon a referral of this grade is worked; blue has none.
pub(crate) const fn triage(grade: Grade) -> Option<&'static str> {
    match grade {
        Grade::Red => Some(ids::TRIAGE_RED),
        Grade::Amber => Some(ids::TRIAGE_AMBER),
        Grade::Green => Some(ids::TRIAGE_GREEN),
        Grade::Blue => None,
    }
}

/// The rule that says how soon a partner answers.
pub(crate) const fn answer(grade: Option<Grade>) -> &'static str {
    match grade {
        Some(Grade::Red) => ids::ENQUIRY_RED,
        Some(Grade::Amber) => ids::ENQUIRY_AMBER,
        Some(Grade::Green | Grade::Blue) | None => ids::ENQUIRY_GREEN,
    }
}

//! The clocks of meetings, disagreements and transfers. They are kept with those of the referral, under a subject of their
//! own, so that one look finds them all.

use jiff::Timestamp;
use mash_domain::clock::{Clock, Ring, ids};
use mash_proto::{convert::clock::clock_to_wire, referral::v1 as wire};

use crate::{case::Case, effects::Effects, record::KeptClock, timing};

/// The subject of the clocks of a referral by which meetings have to be held.
pub(super) const TO_BE_HELD: &str = "meetings";

/// The subject of the clocks of a referral that run for something that happens outside of the hub.
pub(super) const OUTSIDE: &str = "outside";

/// Starts a clock. One that runs already runs on.
pub(super) fn start(
    case: &mut Case,
    effects: &mut Effects,
    (rule, subject): (&str, &str),
    person: &str,
    at: Timestamp,
) {
    let runs = |kept: &KeptClock| {
        kept.subject == subject && kept.clock.rule() == rule && !kept.clock.has_ended()
    };
    if case.clocks.iter().any(runs) {
        return;
    }
    let hub = timing::clocks_of(&case.record.authority);
    let Some(kept) = timing::start((&hub, rule), (&case.record.id, subject), person, at) else {
        return;
    };
    case.clocks.retain(|known| !(known.subject == subject && known.clock.rule() == rule));
    effects.keep_clock(&kept);
    case.clocks.push(kept);
}

/// Changes the clocks of a subject that have not ended.
pub(super) fn change(
    case: &mut Case,
    effects: &mut Effects,
    (rule, subject): (Option<&str>, &str),
    with: impl Fn(&mut Clock),
) {
    for kept in &mut case.clocks {
        let meant = kept.subject == subject && rule.is_none_or(|rule| kept.clock.rule() == rule);
        if meant && !kept.clock.has_ended() {
            with(&mut kept.clock);
            effects.keep_clock(kept);
        }
    }
}

/// The clocks of these subjects, for the wire.
pub(super) fn shown(case: &Case, subjects: &[&str], now: Timestamp) -> Vec<wire::Clock> {
    let of = |kept: &&KeptClock| subjects.contains(&kept.subject.as_str());
    case.clocks.iter().filter(of).map(|kept| clock_to_wire(&kept.clock, now)).collect()
}

/// A clock of these has something to say: the person whom it names is told, and of a breach the manager too.
pub(super) fn tell(
    case: &Case,
    effects: &mut Effects,
    kept: &KeptClock,
    ring: Ring,
    now: Timestamp,
) {
    let rule = kept.clock.rule();
    let about = format!("{rule}:{}@{}", kept.subject, kept.clock.started());
    let person = kept.clock.warns().filter(|person| !person.is_empty());
    let person =
        person.map_or_else(|| case.record.person(&case.hub.duty_manager), ToOwned::to_owned);
    match ring {
        Ring::Warning => effects.prompt(&case.record, ("clock-warning", &about), &person, now),
        Ring::Breach => {
            let code = if rule == ids::ANSWER_INVITATION {
                "invitations-unanswered"
            } else {
                "clock-breached"
            };
            effects.prompt(&case.record, (code, &about), &person, now);
            let manager = case.hub.manager();
            if manager != person {
                let about = format!("{about} (manager)");
                effects.prompt(&case.record, (code, &about), manager, now);
            }
        }
    }
}

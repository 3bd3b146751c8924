//! Clocks, domain to wire.

use jiff::Timestamp;
use mash_domain::clock::{Clock, ClockState};

use super::{ConvertError, time_to_wire};
use crate::referral::v1 as wire;

words! {
    wire::ClockState => ClockState { Running, Warned, Paused, Met, Breached, MetLate, Cancelled }
}

/// A clock as it stands now.
#[must_use]
pub fn clock_to_wire(clock: &Clock, now: Timestamp) -> wire::Clock {
    wire::Clock {
        rule: clock.rule().to_owned(),
        start_time: Some(time_to_wire(clock.started())),
        due_time: Some(time_to_wire(clock.due())),
        warn_time: Some(time_to_wire(clock.warn_at())),
        state: wire::ClockState::from(clock.state(now)).into(),
        pause_reason: clock
            .pauses()
            .last()
            .map(|pause| pause.reason.as_str().to_owned())
            .unwrap_or_default(),
        met_time: clock.met().map(time_to_wire),
        warns: clock.warns().unwrap_or_default().to_owned(),
        warns_role: clock.role().word().to_owned(),
        uncertain: clock.is_uncertain(),
    }
}

/// Where a clock stands, from the number of a wire field.
///
/// # Errors
///
/// [`ConvertError::Enum`] if it is unspecified or not known.
pub fn clock_state_from_wire(number: i32) -> Result<ClockState, ConvertError> {
    wire::ClockState::try_from(number).map_err(|_| ConvertError::Enum)?.try_into()
}

#[cfg(test)]
mod tests {
    use mash_domain::{
        clock::{ClockRules, ids},
        nation::Nation,
    };

    use super::*;

    #[test]
    fn a_clock_shows_started_due_warned_paused_and_met() {
        let hub = ClockRules::builtin().of_nation(Nation::Wales);
        let start: Timestamp = "2026-11-19T10:00:00Z".parse().unwrap();
        let mut clock = hub.start(ids::DECIDE_REFERRAL, start).unwrap().warning("sw-7");
        let wire = clock_to_wire(&clock, start);
        assert_eq!(wire.rule, "decide-referral");
        assert_eq!(wire.start_time, Some(time_to_wire(start)));
        assert_eq!(wire.due_time, Some(time_to_wire("2026-11-20T17:00:00Z".parse().unwrap())));
        assert_eq!(wire.warn_time, Some(time_to_wire("2026-11-20T13:00:00Z".parse().unwrap())));
        assert_eq!(wire.state, i32::from(wire::ClockState::Running));
        assert_eq!((wire.warns.as_str(), wire.warns_role.as_str()), ("sw-7", "hub-manager"));
        let noon: Timestamp = "2026-11-19T12:00:00Z".parse().unwrap();
        clock.pause("the family is abroad", noon).unwrap();
        let wire = clock_to_wire(&clock, noon);
        assert_eq!(wire.state, i32::from(wire::ClockState::Paused));
        assert_eq!(wire.pause_reason, "the family is abroad");
        clock.meet(noon);
        let wire = clock_to_wire(&clock, noon);
        assert_eq!(wire.state, i32::from(wire::ClockState::Met));
        assert_eq!(wire.met_time, Some(time_to_wire(noon)));
    }

    #[test]
    fn every_state_reads_back() {
        for state in ClockState::ALL {
            let number = i32::from(wire::ClockState::from(state));
            assert_eq!(clock_state_from_wire(number), Ok(state));
        }
        assert_eq!(clock_state_from_wire(0), Err(ConvertError::Enum));
        assert_eq!(clock_state_from_wire(99), Err(ConvertError::Enum));
    }
}

//! Whether a child is on a plan or looked after, from what authorities have told, and how often somebody may ask.

use jiff::{SignedDuration, Timestamp};

use super::worded;

worded! {
    /// What a look-up is answered.
    Answer {
        /// Subject to a plan.
        Plan = "plan",
        /// Looked after.
        LookedAfter = "looked-after",
        /// A plan for an unborn child.
        UnbornPlan = "unborn-plan",
        /// No authority has told of anything.
        NotOnFile = "not-on-file",
        /// Too long nothing was heard of any authority.
        CannotSay = "cannot-say",
    }
}

/// What one authority has said of one child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Subject to a plan.
    pub plan: bool,
    /// Looked after.
    pub looked_after: bool,
    /// The child is not born yet.
    pub unborn: bool,
    /// Nothing stands any more.
    pub ended: bool,
}

impl Standing {
    /// What it amounts to; nothing if it has ended.
    #[must_use]
    pub fn answers(self) -> Vec<Answer> {
        let Self { plan, looked_after, unborn, ended } = self;
        let mut answers = Vec::new();
        if ended {
            return answers;
        }
        if unborn {
            // Whatever else is said: there is a plan, and it is not the mother's.
            answers.push(Answer::UnbornPlan);
        } else if plan {
            answers.push(Answer::Plan);
        }
        if looked_after && !unborn {
            answers.push(Answer::LookedAfter);
        }
        answers
    }
}

/// How long nothing may be heard of any authority before silence stops meaning "not on file".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub SignedDuration);

impl Default for Patience {
    /// Three days: a long weekend without a change anywhere.
    fn default() -> Self {
        Self(SignedDuration::from_hours(72))
    }
}

/// The answer to a look-up.
///
/// What an authority has said stands until it takes it back, however long ago that was: to forget a plan is worse than to
/// name one that has ended. Only "not on file" needs an index that is alive.
#[must_use]
pub fn answer(
    standings: &[Standing],
    heard: Option<Timestamp>,
    now: Timestamp,
    patience: Patience,
) -> Vec<Answer> {
    let mut answers: Vec<Answer> =
        standings.iter().flat_map(|standing| standing.answers()).collect();
    answers.sort_unstable();
    answers.dedup();
    if !answers.is_empty() {
        return answers;
    }
    let alive = heard.is_some_and(|heard| now.duration_since(heard) <= patience.0);
    vec![if alive { Answer::NotOnFile } else { Answer::CannotSay }]
}

/// How many look-ups one practitioner and one board may make in a minute. Nobody needs more to care for a child, and who
/// wants a list of children does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Of one practitioner.
    pub practitioner: u32,
    /// Of everybody at the board.
    pub board: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { practitioner: 10, board: 120 }
    }
}

/// The span over which look-ups are counted.
pub const QUOTA_SPAN: SignedDuration = SignedDuration::from_mins(1);

impl Quota {
    /// Whether one more is allowed after so many in the last minute.
    #[must_use]
    pub const fn allows(self, of_practitioner: u32, of_board: u32) -> bool {
        of_practitioner < self.practitioner && of_board < self.board
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDED: Standing = Standing { plan: true, looked_after: true, unborn: false, ended: true };

    #[test]
    fn what_an_authority_said_is_what_is_answered() {
        let now: Timestamp = "2026-11-19T03:00:00Z".parse().unwrap();
        let ask = |standings: &[Standing]| answer(standings, Some(now), now, Patience::default());
        let plan = Standing { plan: true, looked_after: false, unborn: false, ended: false };
        let looked_after = Standing { looked_after: true, plan: false, ..plan };
        assert_eq!(ask(&[plan]), [Answer::Plan]);
        assert_eq!(ask(&[looked_after, plan]), [Answer::Plan, Answer::LookedAfter]);
        assert_eq!(ask(&[Standing { unborn: true, ..plan }]), [Answer::UnbornPlan]);
        assert_eq!(ask(&[ENDED]), [Answer::NotOnFile]);
        assert_eq!(ask(&[ENDED, plan]), [Answer::Plan], "another authority's stands");
    }

    #[test]
    fn silence_is_not_read_as_not_on_file() {
        let now: Timestamp = "2026-11-19T03:00:00Z".parse().unwrap();
        let ask = |standings: &[Standing], hours: Option<i64>| {
            let heard = hours.map(|hours| now - SignedDuration::from_hours(hours));
            answer(standings, heard, now, Patience::default())
        };
        assert_eq!(ask(&[], None), [Answer::CannotSay]);
        assert_eq!(ask(&[], Some(73)), [Answer::CannotSay]);
        assert_eq!(ask(&[], Some(72)), [Answer::NotOnFile]);
        let plan = Standing { plan: true, looked_after: false, unborn: false, ended: false };
        assert_eq!(ask(&[plan], Some(10_000)), [Answer::Plan], "a plan is never forgotten");
        assert_eq!(ask(&[ENDED], None), [Answer::CannotSay]);
    }

    #[test]
    fn every_combination_has_an_answer_and_never_two_that_contradict() {
        let now: Timestamp = "2026-11-19T03:00:00Z".parse().unwrap();
        for bits in 0..16_u8 {
            let standing = Standing {
                plan: bits & 1 != 0,
                looked_after: bits & 2 != 0,
                unborn: bits & 4 != 0,
                ended: bits & 8 != 0,
            };
            let answers = answer(&[standing], Some(now), now, Patience::default());
            assert!(!answers.is_empty(), "{standing:?}");
            let negative = answers.contains(&Answer::NotOnFile);
            assert!(!negative || answers.len() == 1, "{standing:?}");
            let stands =
                !standing.ended && (standing.plan || standing.looked_after || standing.unborn);
            assert_eq!(negative, !stands, "{standing:?}");
        }
    }

    #[test]
    fn the_quota_counts_the_practitioner_and_the_board() {
        let quota = Quota { practitioner: 2, board: 3 };
        assert!(quota.allows(1, 2));
        assert!(!quota.allows(2, 2));
        assert!(!quota.allows(0, 3));
    }
}

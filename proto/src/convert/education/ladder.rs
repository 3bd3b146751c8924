//! Ladders: wire to domain, and back.

use mash_domain::ladder::{Ladder, LadderFault, LadderParts, StepParts};

use super::{Violation, fault};
use crate::education::v1 as wire;

/// Reads a ladder and checks that it can be climbed.
///
/// # Errors
///
/// Every violation; there is at least one.
pub fn ladder_from_wire(ladder: &wire::Ladder) -> Result<Ladder, Vec<Violation>> {
    let wire::Ladder { desk_minutes, wake_minutes, steps } = ladder;
    let step = |wire::LadderStep { to, by, before_minutes }: &wire::LadderStep| StepParts {
        to: to.clone(),
        by: by.clone(),
        before: (*before_minutes != 0).then_some(i64::from(*before_minutes)),
    };
    let parts = LadderParts {
        desk: i64::from(*desk_minutes),
        wake: i64::from(*wake_minutes),
        steps: steps.iter().map(step).collect(),
    };
    Ladder::new(&parts).map_err(|faults| {
        let field = |field: &str| match field.rsplit_once('.') {
            Some((step, "before")) => format!("ladder.{step}.before_minutes"),
            None if field != "steps" => format!("ladder.{field}_minutes"),
            Some(_) | None => format!("ladder.{field}"),
        };
        let told = |found: LadderFault| fault(field(&found.field), found.code, found.description);
        faults.into_iter().map(told).collect()
    })
}

impl From<&Ladder> for wire::Ladder {
    fn from(ladder: &Ladder) -> Self {
        let minutes = |minutes: i64| i32::try_from(minutes).unwrap_or(i32::MAX);
        let step = |step: &mash_domain::ladder::Step| wire::LadderStep {
            to: step.to.word().to_owned(),
            by: step.by.word().to_owned(),
            before_minutes: step.lead.map_or(0, |lead| minutes(lead.as_mins())),
        };
        Self {
            desk_minutes: minutes(ladder.desk_lead().as_mins()),
            wake_minutes: minutes(ladder.wake().as_mins()),
            steps: ladder.steps().iter().map(step).collect(),
        }
    }
}

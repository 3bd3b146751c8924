//! A ladder from parts or from a file, with everything that is wrong with it told at once.

use jiff::SignedDuration;
use toml::{Table, Value};

use super::{Channel, Ladder, Rung, STEPS_LIMIT, Step};

/// The largest file that is read, in bytes.
const FILE_LIMIT: usize = 64 << 10;
const CODE: &str = "MASH-E034";
const DAY: i64 = 24 * 60;

/// One thing that is wrong with a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LadderFault {
    /// Where, such as `steps[0].to`.
    pub field: String,
    /// A code with a page in `docs/errors`.
    pub code: &'static str,
    /// What is wrong, without the value.
    pub description: &'static str,
}

/// A ladder as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LadderParts {
    /// Minutes before the bell at which the desk has it, 5 to 120.
    pub desk: i64,
    /// Minutes before the bell before which no text message goes out: at least those of the desk, at most a day.
    pub wake: i64,
    /// The steps below the desk, 1 to 12.
    pub steps: Vec<StepParts>,
}

/// A step as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepParts {
    /// The word of a [`Rung`].
    pub to: String,
    /// The word of a [`Channel`].
    pub by: String,
    /// Minutes before the bell, more than those of the desk and at most a day; on release if none.
    pub before: Option<i64>,
}

struct Faults(Vec<LadderFault>);

impl Faults {
    fn unless(&mut self, fine: bool, field: impl Into<String>, description: &'static str) {
        if !fine {
            self.0.push(LadderFault { field: field.into(), code: CODE, description });
        }
    }
}

pub(super) fn check(parts: &LadderParts) -> Result<Ladder, Vec<LadderFault>> {
    let LadderParts { desk, wake, steps } = parts;
    let mut faults = Faults(Vec::new());
    faults.unless((5..=120).contains(desk), "desk", "5 to 120 minutes before the bell");
    faults.unless(
        *wake >= *desk && *wake <= DAY,
        "wake",
        "at least the minutes of the desk, and at most a day",
    );
    faults.unless((1..=STEPS_LIMIT).contains(&steps.len()), "steps", "1 to 12 steps");
    let mut read: Vec<Step> = Vec::new();
    for (index, step) in steps.iter().take(STEPS_LIMIT).enumerate() {
        let at = |field: &str| format!("steps[{index}].{field}");
        let (to, by) = (Rung::from_word(&step.to), Channel::from_word(&step.by));
        faults.unless(to.is_some(), at("to"), "`key-adult`, `deputy`, `second-deputy` or `head`");
        faults.unless(by.is_some(), at("by"), "`email` or `sms`");
        let fits = step.before.is_none_or(|minutes| minutes > *desk && minutes <= DAY);
        faults.unless(fits, at("before"), "more minutes than the desk has, and at most a day");
        let (Some(to), Some(by), true) = (to, by, fits) else { continue };
        let wakes = by == Channel::Sms && step.before.is_none_or(|minutes| minutes > *wake);
        faults.unless(!wakes, at("before"), "no text message before `wake`, and none on release");
        let lead = step.before.map(SignedDuration::from_mins);
        let last = read.last();
        let climbs = last.is_none_or(|last| last.to <= to);
        faults.unless(climbs, at("to"), "the ladder climbs, and never comes back to somebody");
        let later = match (last.map(|last| last.lead), lead) {
            (None | Some(None), _) => true,
            (Some(Some(_)), None) => false,
            (Some(Some(earlier)), Some(lead)) => lead <= earlier,
        };
        faults.unless(later, at("before"), "no step before the one above it in the list");
        let again = read.iter().any(|it| it.to == to && it.by == by);
        faults.unless(!again, at("by"), "this person is told in this way already");
        read.push(Step { to, by, lead });
    }
    let (desk, wake) = (SignedDuration::from_mins(*desk), SignedDuration::from_mins(*wake));
    if faults.0.is_empty() { Ok(Ladder { steps: read, desk, wake }) } else { Err(faults.0) }
}

pub(super) fn read(text: &str) -> Result<Ladder, Vec<LadderFault>> {
    let mut faults = Faults(Vec::new());
    let table = if text.len() <= FILE_LIMIT { text.parse::<Table>().ok() } else { None };
    let Some(table) = table else {
        faults.unless(false, "file", "TOML of at most 64 KiB");
        return Err(faults.0);
    };
    let minutes = |table: &Table, key: &str| table.get(key).and_then(Value::as_integer);
    known(&mut faults, &table, "", &["desk", "wake", "step"]);
    let mut parts = LadderParts {
        desk: minutes(&table, "desk").unwrap_or_default(),
        wake: minutes(&table, "wake").unwrap_or_default(),
        steps: Vec::new(),
    };
    let steps = table.get("step").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, step) in steps.iter().take(STEPS_LIMIT + 1).enumerate() {
        let path = format!("steps[{index}].");
        let Some(step) = step.as_table() else {
            faults.unless(false, path, "a table");
            continue;
        };
        known(&mut faults, step, &path, &["to", "by", "before"]);
        let word = |key| step.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let before = minutes(step, "before");
        // A time that is no number must not become a step on release.
        let readable = before.is_some() == step.contains_key("before");
        faults.unless(readable, format!("{path}before"), "whole minutes");
        parts.steps.push(StepParts { to: word("to"), by: word("by"), before });
    }
    match check(&parts) {
        Ok(ladder) if faults.0.is_empty() => Ok(ladder),
        Ok(_) => Err(faults.0),
        Err(more) => Err([faults.0, more].concat()),
    }
}

/// A slip of the keys must not lose a step.
fn known(faults: &mut Faults, table: &Table, path: &str, keys: &[&str]) {
    for key in table.keys().filter(|key| !keys.contains(&key.as_str())) {
        faults.unless(false, format!("{path}{key}"), "nobody knows this key");
    }
}

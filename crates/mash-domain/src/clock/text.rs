//! A clock as text, for stores.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Clock, Counting, Pause, REASON, Role};
use crate::incident::Private;

/// A text that is not a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a clock")]
pub struct ClockTextError;

impl Clock {
    /// The clock as one line of JSON, for a store to keep beside [`Clock::next_ring`].
    #[must_use]
    pub fn to_text(&self) -> String {
        let pauses: Vec<Value> = self
            .pauses
            .iter()
            .map(|pause| {
                json!({
                    "from": pause.from.to_string(),
                    "until": pause.until.map(|until| until.to_string()),
                    "reason": pause.reason.as_str(),
                })
            })
            .collect();
        json!({
            "rule": self.rule,
            "counting": self.counting.word(),
            "role": self.role.word(),
            "started": self.started.to_string(),
            "due": self.due.to_string(),
            "warn_at": self.warn_at.to_string(),
            "uncertain": self.uncertain,
            "pauses": pauses,
            "met": self.met.map(|at| at.to_string()),
            "cancelled": self.cancelled.map(|at| at.to_string()),
            "warns": self.warns,
            "warned": self.warned.map(|at| at.to_string()),
            "alarmed": self.alarmed.map(|at| at.to_string()),
        })
        .to_string()
    }

    /// A clock from what [`Clock::to_text`] wrote.
    ///
    /// # Errors
    ///
    /// [`ClockTextError`] if it is anything else.
    pub fn from_text(text: &str) -> Result<Self, ClockTextError> {
        read(text).ok_or(ClockTextError)
    }
}

fn read(text: &str) -> Option<Clock> {
    let value: Value = serde_json::from_str(text).ok()?;
    let map = value.as_object()?;
    let pauses: Option<Vec<Pause>> = map
        .get("pauses")?
        .as_array()?
        .iter()
        .map(|pause| {
            let pause = pause.as_object()?;
            let reason = Private::new(word(pause, "reason")?, REASON).ok()?;
            Some(Pause { from: time(pause, "from")??, until: time(pause, "until")?, reason })
        })
        .collect();
    let warns = map.get("warns").filter(|value| !value.is_null());
    let warns = warns.map(|value| value.as_str().map(str::to_owned));
    Some(Clock {
        rule: word(map, "rule")?.to_owned(),
        counting: Counting::from_word(word(map, "counting")?)?,
        role: Role::from_word(word(map, "role")?)?,
        started: time(map, "started")??,
        due: time(map, "due")??,
        warn_at: time(map, "warn_at")??,
        uncertain: map.get("uncertain")?.as_bool()?,
        pauses: pauses?,
        met: time(map, "met")?,
        cancelled: time(map, "cancelled")?,
        warns: match warns {
            None => None,
            Some(person) => Some(person?),
        },
        warned: time(map, "warned")?,
        alarmed: time(map, "alarmed")?,
    })
}

fn word<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str()
}

// A time, none, or neither.
fn time(map: &Map<String, Value>, key: &str) -> Option<Option<Timestamp>> {
    let value = map.get(key)?;
    if value.is_null() { Some(None) } else { value.as_str()?.parse().ok().map(Some) }
}

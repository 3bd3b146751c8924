//! A file of limits, read with everything that is wrong with it told at once.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{ClockRule, Counting, HubHours, HubProfile, Length, Role, Standing};
use crate::nation::Nation;

/// The largest file that is read, in bytes.
const FILE_LIMIT: usize = 1 << 20;
/// The longest limit: a year, in minutes.
const LONGEST_MINUTES: u64 = 366 * 24 * 60;
const TEXT_LIMIT: usize = 400;

/// What is wrong with a file of limits. `entry` is the id or the name, or the place where there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// Over 1 MiB, or not TOML, or neither rules nor profiles in it.
    #[error("the file is not a list of rules and profiles: {0}")]
    File(String),
    /// A key that nobody knows; a slip of the keys must not lose a limit.
    #[error("`{entry}` has an unknown key `{key}`")]
    Key {
        /// Which.
        entry: String,
        /// The key.
        key: String,
    },
    /// A required text is missing or too long.
    #[error("`{entry}` needs a text `{key}` of at most 400 characters")]
    Text {
        /// Which.
        entry: String,
        /// The key.
        key: &'static str,
    },
    /// The id or name is no code.
    #[error("`{entry}` is not a code of small letters, digits and hyphens")]
    Code {
        /// Which.
        entry: String,
    },
    /// Neither `england`, `wales` nor `both`.
    #[error("`{entry}` has an unknown nation")]
    Nation {
        /// Which.
        entry: String,
    },
    /// Neither `running`, `hub-hours` nor `working-days`.
    #[error("`{entry}` has an unknown calendar `{calendar}`")]
    Calendar {
        /// Which.
        entry: String,
        /// What stands there.
        calendar: String,
    },
    /// No length.
    #[error("`{entry}` has no length")]
    NoLength {
        /// Which.
        entry: String,
    },
    /// Neither minutes, hours nor days.
    #[error("`{entry}` has an unknown unit in `{key}`")]
    Unit {
        /// Which.
        entry: String,
        /// The key.
        key: &'static str,
    },
    /// No number, nothing, or more than a year.
    #[error("`{entry}` has a `{key}` that is not between a minute and a year")]
    Amount {
        /// Which.
        entry: String,
        /// The key.
        key: &'static str,
    },
    /// Working days in hours, or hub hours in days.
    #[error("`{entry}` counts in a unit that its calendar does not have")]
    Mismatch {
        /// Which.
        entry: String,
    },
    /// The warning would come before the start.
    #[error("`{entry}` warns earlier than it starts")]
    Warning {
        /// Which.
        entry: String,
    },
    /// Nobody knows the role.
    #[error("`{entry}` warns an unknown role")]
    Role {
        /// Which.
        entry: String,
    },
    /// Nobody knows the standing.
    #[error("`{entry}` has an unknown standing")]
    Standing {
        /// Which.
        entry: String,
    },
    /// The profile is not in the file.
    #[error("`{entry}` belongs to a profile that is not there")]
    Profile {
        /// Which.
        entry: String,
    },
    /// No hours, or the wrong way round.
    #[error("`{entry}` needs days from 1 to 7 and an opening time before its closing time")]
    Hours {
        /// Which.
        entry: String,
    },
    /// Twice.
    #[error("`{entry}` is there twice")]
    Twice {
        /// Which.
        entry: String,
    },
}

/// What was readable, and what was not.
#[derive(Default)]
pub(super) struct Parsed {
    pub(super) rules: Vec<ClockRule>,
    pub(super) profiles: Vec<HubProfile>,
    pub(super) faults: Vec<ClockFault>,
}

const RULE_KEYS: [&str; 11] = [
    "id", "nation", "profile", "length", "calendar", "warn", "warns", "starts", "met", "standing",
    "source",
];
const PROFILE_KEYS: [&str; 7] =
    ["name", "nation", "days", "open", "close", "bank-holidays", "source"];

pub(super) fn read(text: &str, known: &[HubProfile]) -> Parsed {
    let mut parsed = Parsed::default();
    if text.len() > FILE_LIMIT {
        parsed.faults.push(ClockFault::File("larger than 1 MiB".to_owned()));
        return parsed;
    }
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            parsed.faults.push(ClockFault::File(toml::de::Error::message(&error).to_owned()));
            return parsed;
        }
    };
    for key in table.keys().filter(|key| !["rule", "profile"].contains(&key.as_str())) {
        parsed.faults.push(ClockFault::File(format!("unknown key `{key}`")));
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (index, entry) in entries(&table, "profile", &mut parsed.faults) {
        if let Some(profile) = profile(index, entry, &mut parsed.faults) {
            if !names.insert(profile.name.clone()) {
                parsed.faults.push(ClockFault::Twice { entry: profile.name.clone() });
            }
            parsed.profiles.push(profile);
        }
    }
    names.extend(known.iter().map(|profile| profile.name.clone()));
    let mut places = BTreeSet::new();
    for (index, entry) in entries(&table, "rule", &mut parsed.faults) {
        let Some(rule) = rule(index, entry, &names, &mut parsed.faults) else { continue };
        if !places.insert((rule.id.clone(), rule.nation, rule.profile.clone())) {
            parsed.faults.push(ClockFault::Twice { entry: rule.id.clone() });
        }
        parsed.rules.push(rule);
    }
    parsed
}

fn entries<'a>(
    table: &'a Table,
    key: &'static str,
    faults: &mut Vec<ClockFault>,
) -> Vec<(usize, &'a Table)> {
    let Some(value) = table.get(key) else { return Vec::new() };
    let Some(array) = value.as_array() else {
        faults.push(ClockFault::File(format!("`{key}` is not a list")));
        return Vec::new();
    };
    let mut entries = Vec::new();
    for (index, value) in array.iter().enumerate() {
        match value.as_table() {
            Some(entry) => entries.push((index, entry)),
            None => faults.push(ClockFault::File(format!("`{key}` {index} is not a table"))),
        }
    }
    entries
}

// One entry, and what is wrong with it.
struct Entry<'a> {
    name: String,
    table: &'a Table,
    faults: Vec<ClockFault>,
}

impl<'a> Entry<'a> {
    fn new(kind: &str, index: usize, key: &'static str, table: &'a Table, keys: &[&str]) -> Self {
        let given = table.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut entry = Self { name: given.to_owned(), table, faults: Vec::new() };
        if given.is_empty() {
            entry.name = format!("{kind} {index}");
            entry.faults.push(ClockFault::Text { entry: entry.name.clone(), key });
        } else if !is_code(given) {
            entry.faults.push(ClockFault::Code { entry: entry.name.clone() });
        }
        for unknown in table.keys().filter(|key| !keys.contains(&key.as_str())) {
            entry.faults.push(ClockFault::Key { entry: entry.name.clone(), key: unknown.clone() });
        }
        entry
    }

    fn text(&mut self, key: &'static str) -> String {
        let text = self.table.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        if text.is_empty() || text.chars().count() > TEXT_LIMIT {
            self.faults.push(ClockFault::Text { entry: self.name.clone(), key });
        }
        text.to_owned()
    }

    fn word(&self, key: &str) -> &'a str {
        self.table.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn keep<T>(&mut self, value: Option<T>, fault: impl FnOnce(String) -> ClockFault) -> Option<T> {
        if value.is_none() {
            self.faults.push(fault(self.name.clone()));
        }
        value
    }

    fn length(&mut self, key: &'static str) -> Option<Length> {
        let text = self.word(key);
        let (amount, unit) = text.trim().split_once(' ').unwrap_or((text, ""));
        let amount = amount.parse::<u32>().ok();
        let (length, minutes) = match (amount, unit.trim()) {
            (Some(amount), "minute" | "minutes") => (Length::Minutes(amount), 1),
            (Some(amount), "hour" | "hours") => (Length::Hours(amount), 60),
            (Some(amount), "day" | "days") => (Length::Days(amount), 24 * 60),
            (Some(_), _) => {
                self.faults.push(ClockFault::Unit { entry: self.name.clone(), key });
                return None;
            }
            (None, _) => {
                self.faults.push(ClockFault::Amount { entry: self.name.clone(), key });
                return None;
            }
        };
        let minutes = u64::from(amount.unwrap_or_default()).saturating_mul(minutes);
        let fits = (1..=LONGEST_MINUTES).contains(&minutes);
        self.keep(fits.then_some(length), |entry| ClockFault::Amount { entry, key })
    }
}

fn rule(
    index: usize,
    table: &Table,
    profiles: &BTreeSet<String>,
    faults: &mut Vec<ClockFault>,
) -> Option<ClockRule> {
    let mut entry = Entry::new("rule", index, "id", table, &RULE_KEYS);
    let nation = match entry.word("nation") {
        "both" => Some(None),
        word => Nation::from_word(word).map(Some),
    };
    let nation = entry.keep(nation, |entry| ClockFault::Nation { entry });
    let profile = table.get("profile").map(|_| entry.word("profile").to_owned());
    if profile.as_ref().is_some_and(|name| !profiles.contains(name)) {
        entry.faults.push(ClockFault::Profile { entry: entry.name.clone() });
    }
    let word = entry.word("calendar");
    let counting = entry.keep(Counting::from_word(word), |entry| ClockFault::Calendar {
        entry,
        calendar: word.to_owned(),
    });
    let length = if table.contains_key("length") {
        entry.length("length")
    } else {
        entry.keep(None, |entry| ClockFault::NoLength { entry })
    };
    let warn_before = table.contains_key("warn").then(|| entry.length("warn")).flatten();
    if let (Some(counting), Some(length)) = (counting, length) {
        if !fits(counting, length) {
            entry.faults.push(ClockFault::Mismatch { entry: entry.name.clone() });
        }
        if warn_before.is_some_and(|warn| warn.span() >= length.span()) {
            entry.faults.push(ClockFault::Warning { entry: entry.name.clone() });
        }
    }
    let warns =
        entry.keep(Role::from_word(entry.word("warns")), |entry| ClockFault::Role { entry });
    let standing = entry
        .keep(Standing::from_word(entry.word("standing")), |entry| ClockFault::Standing { entry });
    let (starts, met_by, source) = (entry.text("starts"), entry.text("met"), entry.text("source"));
    let whole = entry.faults.is_empty();
    faults.append(&mut entry.faults);
    whole.then_some(ClockRule {
        id: entry.name,
        nation: nation?,
        profile,
        length: length?,
        counting: counting?,
        warn_before,
        warns: warns?,
        starts,
        met_by,
        standing: standing?,
        source,
    })
}

// A working day has no hours that could be told apart, and the days of a hub are as long as its hours.
const fn fits(counting: Counting, length: Length) -> bool {
    match counting {
        Counting::Running => true,
        Counting::HubHours => matches!(length, Length::Minutes(_) | Length::Hours(_)),
        Counting::WorkingDays => matches!(length, Length::Days(_)),
    }
}

fn profile(index: usize, table: &Table, faults: &mut Vec<ClockFault>) -> Option<HubProfile> {
    let mut entry = Entry::new("profile", index, "name", table, &PROFILE_KEYS);
    let nation =
        entry.keep(Nation::from_word(entry.word("nation")), |entry| ClockFault::Nation { entry });
    let hours = entry.keep(hours(table), |entry| ClockFault::Hours { entry });
    let source = entry.text("source");
    let whole = entry.faults.is_empty();
    faults.append(&mut entry.faults);
    whole.then_some(HubProfile { name: entry.name, nation: nation?, hours: hours?, source })
}

fn hours(table: &Table) -> Option<HubHours> {
    let days: Option<Vec<i8>> = table
        .get("days")?
        .as_array()?
        .iter()
        .map(|day| i8::try_from(day.as_integer()?).ok())
        .collect();
    let bank_holidays = match table.get("bank-holidays") {
        None => false,
        Some(value) => value.as_bool()?,
    };
    HubHours::new(days?, minutes(table, "open")?, minutes(table, "close")?, bank_holidays)
}

// `09:30`; midnight at the end of a day is `24:00`.
fn minutes(table: &Table, key: &str) -> Option<u16> {
    let (hour, minute) = table.get(key)?.as_str()?.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
}

fn is_code(text: &str) -> bool {
    text.len() <= 60
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

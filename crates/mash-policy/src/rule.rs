//! A rule as people read it, and the names of rules and rule sets.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::civil::Date;
use mash_domain::{nation::Nation, sharing::Ground};

use crate::{
    basis::LawfulBasis,
    decision::{Effect, ReasonCode},
    language::Language,
};

/// The name of a rule, such as `R01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u8); // INVARIANT: 1 to 99.

/// The text is not the name of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rule is named `R` and two digits, such as `R01`")]
pub struct RuleIdError;

impl FromStr for RuleId {
    type Err = RuleIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('R').ok_or(RuleIdError)?;
        if digits.len() != 2 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RuleIdError);
        }
        match digits.parse() {
            Ok(number) if number > 0 => Ok(Self(number)),
            Ok(_) | Err(_) => Err(RuleIdError),
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "R{:02}", self.0)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The version of a rule set: the name of its folder, such as `2026-11-22`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulesetVersion(Arc<str>);

impl RulesetVersion {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RulesetVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for RulesetVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Where a rule is law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Jurisdiction {
    /// England and Wales.
    EnglandAndWales,
    /// One nation only.
    Only(Nation),
}

impl Jurisdiction {
    /// The jurisdiction that a rule file writes `E+W`, `E` or `W`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "E+W" => Some(Self::EnglandAndWales),
            "E" => Some(Self::Only(Nation::England)),
            "W" => Some(Self::Only(Nation::Wales)),
            _ => None,
        }
    }

    /// As a rule file writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::EnglandAndWales => "E+W",
            Self::Only(Nation::England) => "E",
            Self::Only(Nation::Wales) => "W",
        }
    }

    /// Whether the rule speaks about recipients in this nation.
    #[must_use]
    pub fn covers(self, nation: Nation) -> bool {
        match self {
            Self::EnglandAndWales => true,
            Self::Only(only) => only == nation,
        }
    }
}

/// From when a clause holds, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The first day; none while a commencement is not confirmed, and then the clause never holds.
    pub from: Option<Date>,
    /// The first day on which it does not hold any more, if it ends.
    pub until: Option<Date>,
}

impl Term {
    /// Whether the clause holds on the day.
    #[must_use]
    pub fn holds_on(self, day: Date) -> bool {
        self.from.is_some_and(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// One text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilingual {
    /// In English.
    pub english: String,
    /// In Welsh.
    pub welsh: String,
}

impl Bilingual {
    /// The text in one language.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        language.choose(self.english.as_str(), self.welsh.as_str())
    }
}

/// One clause of a rule, as people read it. A rule has one or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule, such as `R01`.
    pub id: RuleId,
    /// Which clause of it, such as `statutory`.
    pub clause: String,
    /// What it is about, in a few words of English and of Welsh.
    pub title: Bilingual,
    /// Permits or refuses.
    pub effect: Effect,
    /// The statute, guidance or decision that it rests on.
    pub authority: String,
    /// The lawful bases that a permit cites.
    pub basis: Vec<LawfulBasis>,
    /// Whether a permit of data discharges a duty or uses a power; none for a refusal or a citation.
    pub ground: Option<Ground>,
    /// Where it is law.
    pub jurisdiction: Jurisdiction,
    /// When it holds.
    pub term: Term,
    /// What it says, in plain English and plain Welsh.
    pub statement: Bilingual,
    /// The code of a refusal that it causes, if it refuses everything.
    pub reason: Option<ReasonCode>,
    /// The file and line that it stands on.
    pub source: String,
}

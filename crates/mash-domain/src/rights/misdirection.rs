//! Something went to somebody who should not have had it (R33): it is called back, whoever had it says that it is gone, and
//! within 72 hours somebody decides whether the Information Commissioner is told (UK GDPR Art 33).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::subject_access::Because;
use crate::organisation::OrganisationId;

/// How long the controller has to tell the Commissioner (Art 33(1)).
pub const TIME_TO_TELL: SignedDuration = SignedDuration::from_hours(72);

/// What was decided about telling the Commissioner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ruling {
    /// The Commissioner was told.
    Told,
    /// It is unlikely to result in a risk to anybody, so the Commissioner need not be told.
    NoRisk,
}

impl Ruling {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Told, Self::NoRisk];

    /// The code that is recorded.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::NoRisk => "no-risk",
        }
    }

    /// The ruling with this code.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ruling| ruling.word() == word)
    }
}

/// What a recipient had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Who.
    pub recipient: OrganisationId,
    /// When it said that it is gone, if it did.
    pub deleted_at: Option<Timestamp>,
}

/// It was decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("MASH-A020: it was decided before whether the Commissioner is told")]
pub struct Decided;

/// A misdirected disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misdirection {
    /// When the controller became aware: the clock runs from here.
    pub aware_at: Timestamp,
    /// What recipients had, by disclosure.
    pub copies: BTreeMap<String, Copy>,
    /// What was decided, by whom and why.
    pub ruling: Option<(Ruling, Because)>,
}

impl Misdirection {
    /// Until when somebody has to decide.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        self.aware_at.checked_add(TIME_TO_TELL).unwrap_or(Timestamp::MAX)
    }

    /// Whether the 72 hours are over and nobody has decided.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.ruling.is_none() && self.due_at() < now
    }

    /// How many recipients have not said that it is gone.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.copies.values().filter(|copy| copy.deleted_at.is_none()).count()
    }

    /// Takes in that a recipient has deleted it. The first time counts.
    pub fn deleted(&mut self, disclosure: &str, at: Timestamp) {
        if let Some(copy) = self.copies.get_mut(disclosure) {
            copy.deleted_at.get_or_insert(at);
        }
    }

    /// Decides, once.
    ///
    /// # Errors
    ///
    /// [`Decided`] if somebody has.
    pub fn decide(&mut self, ruling: Ruling, because: Because) -> Result<(), Decided> {
        if self.ruling.is_some() {
            return Err(Decided);
        }
        self.ruling = Some((ruling, because));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::subject_access::Reason, *};

    fn misdirection() -> Misdirection {
        let copy =
            |recipient: &str| Copy { recipient: recipient.parse().unwrap(), deleted_at: None };
        Misdirection {
            aware_at: "2026-11-20T09:00:00Z".parse().unwrap(),
            copies: [("d1", "school/6722951"), ("d2", "authority/672")]
                .map(|(id, who)| (id.to_owned(), copy(who)))
                .into(),
            ruling: None,
        }
    }

    #[test]
    fn the_clock_is_72_hours_by_the_clock_and_a_decision_stops_it() {
        let mut found = misdirection();
        assert_eq!(found.due_at().to_string(), "2026-11-23T09:00:00Z", "over a weekend too");
        assert!(!found.is_overdue(found.due_at()));
        let later = "2026-11-23T09:00:00.001Z".parse().unwrap();
        assert!(found.is_overdue(later));
        let reason = Reason::new("sealed, and deleted unread").unwrap();
        let because = Because { by: "dpo-1".to_owned(), at: later, reason };
        found.decide(Ruling::NoRisk, because.clone()).unwrap();
        assert!(!found.is_overdue(later));
        assert_eq!(found.decide(Ruling::Told, because), Err(Decided));
    }

    #[test]
    fn each_recipient_says_once_that_it_is_gone() {
        let mut found = misdirection();
        let [first, second] =
            ["2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"].map(|at| at.parse().unwrap());
        found.deleted("d1", first);
        found.deleted("d1", second);
        found.deleted("somebody-elses", first);
        assert_eq!(found.outstanding(), 1);
        assert_eq!(found.copies["d1"].deleted_at, Some(first));
    }

    #[test]
    fn a_ruling_reads_back_as_written() {
        for ruling in Ruling::ALL {
            assert_eq!(Ruling::from_word(ruling.word()), Some(ruling));
        }
        assert_eq!(Ruling::from_word("perhaps"), None);
    }
}

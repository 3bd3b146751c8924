//! An enquiry under s.47 of the Children Act 1989: begun by a strategy discussion, and concluded once.
//!
//! Both nations conclude it in one of three ways. The third leads to a conference within fifteen working days of the
//! discussion; the clock of the conference has run since then.

use jiff::Timestamp;

use crate::{incident::Private, nation::Nation};

/// Who makes the enquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conduct {
    /// Social services alone.
    Single,
    /// With police.
    Joint,
}

impl Conduct {
    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Joint => "joint",
        }
    }

    /// The one with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Single, Self::Joint].into_iter().find(|conduct| conduct.word() == word)
    }
}

/// What came of the enquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnquiryOutcome {
    /// The concern is not substantiated.
    NotSubstantiated,
    /// It is, and the child is not likely to suffer continuing harm.
    NoContinuingHarm,
    /// It is, and there is to be a conference.
    Conference,
}

impl EnquiryOutcome {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::NotSubstantiated, Self::NoContinuingHarm, Self::Conference];

    /// The code that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotSubstantiated => "not-substantiated",
            Self::NoContinuingHarm => "no-continuing-harm",
            Self::Conference => "conference",
        }
    }

    /// The one with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// In the words of each nation's procedures.
    #[must_use]
    pub const fn words(self, nation: Nation) -> &'static str {
        match (self, nation) {
            (Self::NotSubstantiated, Nation::Wales) => "not substantiated",
            (Self::NotSubstantiated, Nation::England) => "concerns not substantiated",
            (Self::NoContinuingHarm, Nation::Wales) => {
                "substantiated, but not likely to suffer continuing harm"
            }
            (Self::NoContinuingHarm, Nation::England) => {
                "substantiated, but not judged to be at continuing risk of significant harm"
            }
            (Self::Conference, Nation::Wales) => {
                "substantiated, and continuing harm is likely: conference"
            }
            (Self::Conference, Nation::England) => {
                "substantiated, and at continuing risk: initial child protection conference"
            }
        }
    }
}

/// An enquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section47 {
    /// Who makes it.
    pub conduct: Conduct,
    /// When the strategy discussion was held.
    pub begun: Timestamp,
    /// What came of it.
    pub concluded: Option<Conclusion>,
}

/// What came of an enquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// What.
    pub outcome: EnquiryOutcome,
    /// Who decided.
    pub by: String,
    /// Why.
    pub reason: Private,
    /// When.
    pub at: Timestamp,
}

/// Why an enquiry was not concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnquiryRefusal {
    /// No reason.
    #[error("a reason is needed")]
    Reason,
    /// It was concluded in another way.
    #[error("the enquiry has been concluded already")]
    Concluded,
}

impl Section47 {
    /// Begins with the discussion that decided on it.
    #[must_use]
    pub const fn begin(conduct: Conduct, discussion: Timestamp) -> Self {
        Self { conduct, begun: discussion, concluded: None }
    }

    /// Concludes it. The same conclusion again changes nothing.
    ///
    /// # Errors
    ///
    /// [`EnquiryRefusal`] without a reason, or if it was concluded otherwise.
    pub fn conclude(
        &self,
        outcome: EnquiryOutcome,
        by: &str,
        reason: Private,
        now: Timestamp,
    ) -> Result<Self, EnquiryRefusal> {
        if reason.is_empty() {
            return Err(EnquiryRefusal::Reason);
        }
        match &self.concluded {
            Some(earlier) if (earlier.outcome, &earlier.reason) == (outcome, &reason) => {
                Ok(self.clone())
            }
            Some(_) => Err(EnquiryRefusal::Concluded),
            None => {
                let by = by.to_owned();
                let concluded = Some(Conclusion { outcome, by, reason, at: now });
                Ok(Self { concluded, ..self.clone() })
            }
        }
    }
}

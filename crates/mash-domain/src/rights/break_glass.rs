//! Breaking the glass: life over policy, for one child, for an hour, and never without a trace.
//!
//! What may save a child's life is shared first and answered for afterwards (vital interests, UK GDPR Art 6(1)(d) and
//! 9(2)(c)). So nothing here asks a rule. What it takes is a named practitioner, a
//! reason, and a child; what it costs is a review by somebody else, without which the organisation breaks no further
//! glass unless a life is at risk again.

use jiff::{SignedDuration, Timestamp};

use super::subject_access::{Because, Reason};
use crate::organisation::OrganisationId;

/// How long a record stays open.
pub const LASTS: SignedDuration = SignedDuration::from_mins(60);

/// How pressing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// A life is at risk now: never refused.
    LifeAtRisk,
    /// Serious harm, not this minute.
    Pressing,
}

/// What a review came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was needed.
    Justified,
    /// It was not.
    NotJustified,
}

impl Verdict {
    /// The code that is recorded.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not-justified",
        }
    }

    /// The verdict with this code.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Justified, Self::NotJustified].into_iter().find(|verdict| verdict.word() == word)
    }
}

/// Why something about a broken glass is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreakGlassError {
    /// A use of the organisation waits for its review.
    #[error(
        "MASH-A030: a use since {since} waits for its review; a life at risk would go before it"
    )]
    Unreviewed {
        /// When the glass was broken that time.
        since: Timestamp,
    },
    /// The hour is over.
    #[error("MASH-A031: the record was open until {until}")]
    Over {
        /// Until when.
        until: Timestamp,
    },
    /// Nobody reviews herself.
    #[error("MASH-A032: whoever broke the glass does not review it")]
    OwnUse,
    /// Reviewed before.
    #[error("MASH-A033: the use was reviewed before")]
    Reviewed,
}

impl BreakGlassError {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreviewed { .. } => "MASH-A030",
            Self::Over { .. } => "MASH-A031",
            Self::OwnUse => "MASH-A032",
            Self::Reviewed => "MASH-A033",
        }
    }
}

/// A use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glass {
    /// Whose practitioner broke it.
    pub organisation: OrganisationId,
    /// Who, when, and why.
    pub because: Because,
    /// How pressing it was.
    pub urgency: Urgency,
    /// What somebody else thinks of it, once she has said so.
    pub review: Option<(Verdict, Because)>,
}

impl Glass {
    /// Breaks it. `unreviewed` is the oldest use of the organisation that waits for its review.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError::Unreviewed`], unless a life is at risk.
    pub fn broken(
        organisation: OrganisationId,
        because: Because,
        urgency: Urgency,
        unreviewed: Option<Timestamp>,
    ) -> Result<Self, BreakGlassError> {
        match (urgency, unreviewed) {
            (Urgency::Pressing, Some(since)) => Err(BreakGlassError::Unreviewed { since }),
            (Urgency::LifeAtRisk, _) | (Urgency::Pressing, None) => {
                Ok(Self { organisation, because, urgency, review: None })
            }
        }
    }

    /// Until when the record is open.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.because.at.saturating_add(LASTS).unwrap_or(Timestamp::MAX)
    }

    /// Whether its practitioner may still read. That anybody else may not is no answer of this type: to her there is none.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError::Over`] after an hour, and before it was broken.
    pub fn read(&self, now: Timestamp) -> Result<(), BreakGlassError> {
        let until = self.until();
        if (self.because.at..until).contains(&now) {
            Ok(())
        } else {
            Err(BreakGlassError::Over { until })
        }
    }

    /// Somebody else of the organisation says what she thinks of it.
    ///
    /// # Errors
    ///
    /// [`BreakGlassError::OwnUse`] or [`BreakGlassError::Reviewed`].
    pub fn reviewed(&mut self, verdict: Verdict, because: Because) -> Result<(), BreakGlassError> {
        if because.by == self.because.by {
            return Err(BreakGlassError::OwnUse);
        }
        if self.review.is_some() {
            return Err(BreakGlassError::Reviewed);
        }
        self.review = Some((verdict, because));
        Ok(())
    }

    /// Why it was broken.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.because.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn because(by: &str, when: &str) -> Because {
        Because {
            by: by.to_owned(),
            at: at(when),
            reason: Reason::new("She rang from a bridge.").unwrap(),
        }
    }

    fn broken(urgency: Urgency, unreviewed: Option<Timestamp>) -> Result<Glass, BreakGlassError> {
        let force = "police/62".parse().unwrap();
        Glass::broken(force, because("sgt-1", "2026-11-22T02:10:00Z"), urgency, unreviewed)
    }

    #[test]
    fn a_life_at_risk_goes_before_a_review_that_waits_and_nothing_else_does() {
        let since = at("2026-11-21T02:10:00Z");
        let before = Some(since);
        for (urgency, unreviewed, opens) in [
            (Urgency::LifeAtRisk, None, true),
            (Urgency::LifeAtRisk, before, true),
            (Urgency::Pressing, None, true),
            (Urgency::Pressing, before, false),
        ] {
            assert_eq!(broken(urgency, unreviewed).is_ok(), opens, "{urgency:?} {unreviewed:?}");
        }
        let refused = broken(Urgency::Pressing, before).unwrap_err();
        assert_eq!(refused, BreakGlassError::Unreviewed { since });
    }

    #[test]
    fn a_record_is_open_for_an_hour_to_the_second() {
        let glass = broken(Urgency::LifeAtRisk, None).unwrap();
        for (when, open) in [
            ("2026-11-22T02:09:59Z", false),
            ("2026-11-22T02:10:00Z", true),
            ("2026-11-22T03:09:59Z", true),
            ("2026-11-22T03:10:00Z", false),
        ] {
            assert_eq!(glass.read(at(when)).is_ok(), open, "{when}");
        }
    }

    #[test]
    fn somebody_else_reviews_and_does_so_once() {
        let mut glass = broken(Urgency::LifeAtRisk, None).unwrap();
        let own = glass.reviewed(Verdict::Justified, because("sgt-1", "2026-11-22T09:00:00Z"));
        assert_eq!(own, Err(BreakGlassError::OwnUse));
        glass.reviewed(Verdict::NotJustified, because("dpo-1", "2026-11-22T09:00:00Z")).unwrap();
        let again = glass.reviewed(Verdict::Justified, because("dpo-2", "2026-11-22T10:00:00Z"));
        assert_eq!(again, Err(BreakGlassError::Reviewed));
        assert_eq!(glass.review.map(|(verdict, _)| verdict.word()), Some("not-justified"));
    }

    #[test]
    fn a_verdict_reads_back_as_written() {
        for verdict in [Verdict::Justified, Verdict::NotJustified] {
            assert_eq!(Verdict::from_word(verdict.word()), Some(verdict));
        }
        assert_eq!(Verdict::from_word("perhaps"), None);
    }
}

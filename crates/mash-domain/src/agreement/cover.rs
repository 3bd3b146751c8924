//! Whether agreements cover what somebody wants to share, and by which clauses.

use jiff::civil::Date;

use super::{Agreement, AgreementId, ClauseId, Digest, Lifecycle};
use crate::{
    data_class::ClassSet,
    organisation::OrganisationId,
    sharing::{AgreementState, Flow},
};

/// May this flow go from the one to the other?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The flow.
    pub flow: Flow,
    /// Who would give.
    pub from: &'a OrganisationId,
    /// Who would receive.
    pub to: &'a OrganisationId,
}

/// A clause that a release rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Citation {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its clause.
    pub clause: ClauseId,
    /// The terms that were signed.
    pub digest: Digest,
}

/// What agreements say about a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Live if any clause is; expired if one was; absent otherwise.
    pub state: AgreementState,
    /// What the live clauses cover; empty if none is live.
    pub classes: ClassSet,
    live: Vec<(Citation, ClassSet)>,
}

impl Cover {
    /// Nothing covers it.
    pub const ABSENT: Self =
        Self { state: AgreementState::Absent, classes: ClassSet::EMPTY, live: Vec::new() };

    /// What these agreements say together.
    #[must_use]
    pub fn of<'a>(
        agreements: impl IntoIterator<Item = &'a Agreement>,
        question: Question<'_>,
        day: Date,
    ) -> Self {
        agreements.into_iter().map(|agreement| agreement.covers(question, day)).fold(
            Self::ABSENT,
            |mut all, one| {
                all.state = match (all.state, one.state) {
                    (AgreementState::Live, _) | (_, AgreementState::Live) => AgreementState::Live,
                    (AgreementState::Expired, _) | (_, AgreementState::Expired) => {
                        AgreementState::Expired
                    }
                    (AgreementState::Absent, AgreementState::Absent) => AgreementState::Absent,
                };
                all.classes = all.classes.iter().chain(one.classes.iter()).collect();
                all.live.extend(one.live);
                all
            },
        )
    }

    /// The clauses on which a release of these classes rests. `None` if a class rests on no clause: it must not leave.
    #[must_use]
    pub fn citing(&self, released: ClassSet) -> Option<Vec<Citation>> {
        let cited =
            self.live.iter().filter(|(_, classes)| !classes.intersection(released).is_empty());
        let citations: Vec<Citation> = cited.map(|(citation, _)| citation.clone()).collect();
        (released.is_subset(self.classes) && !citations.is_empty()).then_some(citations)
    }

    /// Every live clause that covers something.
    pub fn citations(&self) -> impl Iterator<Item = &Citation> {
        self.live.iter().map(|(citation, _)| citation)
    }
}

impl Agreement {
    /// What this agreement says about a question on a day. A clause binds those who have signed and nobody else, and
    /// nobody before two have.
    #[must_use]
    pub fn covers(&self, question: Question<'_>, day: Date) -> Cover {
        let Question { flow, from, to } = question;
        let bound = self.is_agreed() && self.is_signed_by(from) && self.is_signed_by(to);
        let clauses = self
            .terms
            .clauses()
            .iter()
            .filter(|clause| clause.flow == flow && self.terms.reaches(clause, from, to));
        let live: Vec<(Citation, ClassSet)> = clauses
            .map(|clause| {
                let clause_id = clause.id.clone();
                let (agreement, digest) = (self.id, self.digest);
                (Citation { agreement, clause: clause_id, digest }, clause.classes)
            })
            .collect();
        if !bound || live.is_empty() || day < self.terms.valid_from() {
            return Cover::ABSENT;
        }
        match self.state_on(day) {
            Lifecycle::Live => {
                let classes = live.iter().flat_map(|(_, classes)| classes.iter()).collect();
                Cover { state: AgreementState::Live, classes, live }
            }
            Lifecycle::Expired | Lifecycle::Terminated | Lifecycle::Superseded => {
                Cover { state: AgreementState::Expired, ..Cover::ABSENT }
            }
            Lifecycle::Draft | Lifecycle::PartlySigned | Lifecycle::Agreed => Cover::ABSENT,
        }
    }
}

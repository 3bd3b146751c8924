//! Who looked at a child's record, and who is told that they did.
//!
//! The lead professional is told, as a social worker is told who looked up a protected child (CP-IS), except where
//! telling would endanger: then the look is on record all the same, for the operator and an auditor.

use crate::organisation::{OrganisationId, OrganisationKind};

/// What somebody did with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// Opened a notice.
    Notice,
    /// Opened a referral or another item.
    Item,
    /// Asked whether a child is protected.
    Status,
    /// Had a decision explained, or listed decisions.
    Explanation,
    /// Put together a subject access, or read one.
    SubjectAccess,
    /// Read what is behind the glass that she broke.
    BehindGlass,
}

impl Look {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::Notice,
        Self::Item,
        Self::Status,
        Self::Explanation,
        Self::SubjectAccess,
        Self::BehindGlass,
    ];

    /// The code that is recorded.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Item => "item",
            Self::Status => "status",
            Self::Explanation => "explanation",
            Self::SubjectAccess => "subject-access",
            Self::BehindGlass => "behind-glass",
        }
    }

    /// The look with this code.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|look| look.word() == word)
    }
}

/// What telling depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who looked.
    pub looked: &'a OrganisationId,
    /// Who would be told.
    pub told: &'a OrganisationId,
    /// Whether a criminal investigation is live in the case, as its force says.
    pub live_investigation: bool,
    /// Whether the child's address must be protected, or nobody could say that it need not be.
    pub hidden_address: bool,
}

/// Why somebody is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untold {
    /// Police looked while they investigate: whoever hears of it hears of the investigation (R23; DPA 2018 Sch 2 para 2).
    Investigation,
    /// A school or provider looked at a child whose address is hidden: which one it is tells where she is (R21).
    Whereabouts,
}

impl Untold {
    /// The code that is recorded.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Investigation => "investigation",
            Self::Whereabouts => "whereabouts",
        }
    }
}

/// Why the lead professional is not told of this look; `None` if she is. An organisation is always told of its own.
#[must_use]
pub fn untold(facts: &Facts<'_>) -> Option<Untold> {
    if facts.looked == facts.told {
        return None;
    }
    match facts.looked.kind() {
        OrganisationKind::PoliceForce => facts.live_investigation.then_some(Untold::Investigation),
        // R21 lets children's social care and police know where a hidden child is, and nobody else.
        OrganisationKind::School | OrganisationKind::Provider => {
            let knows = matches!(
                facts.told.kind(),
                OrganisationKind::LocalAuthority | OrganisationKind::PoliceForce
            );
            (facts.hidden_address && !knows).then_some(Untold::Whereabouts)
        }
        OrganisationKind::LocalAuthority
        | OrganisationKind::HealthBoard
        | OrganisationKind::Operator => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_told_except_where_telling_would_endanger() {
        let id = |text: &str| text.parse::<OrganisationId>().unwrap();
        let (lead, board) = ("authority/672", "health-board/7A5");
        let table = [
            // Who looked, who would be told, live investigation, hidden address, expected.
            ("school/6722951", lead, false, false, None),
            ("school/6722951", lead, true, true, None),
            ("health-board/7A5", lead, true, true, None),
            ("police/62", lead, false, true, None),
            ("police/62", lead, true, false, Some(Untold::Investigation)),
            ("police/62", "police/62", true, true, None),
            ("school/6722951", board, false, true, Some(Untold::Whereabouts)),
            ("provider/llamau", board, false, true, Some(Untold::Whereabouts)),
            ("school/6722951", board, false, false, None),
            ("authority/681", lead, true, true, None),
            ("operator/hub", lead, true, true, None),
        ];
        for (looked, told, live_investigation, hidden_address, expected) in table {
            let (who, whom) = (id(looked), id(told));
            let facts = Facts { looked: &who, told: &whom, live_investigation, hidden_address };
            assert_eq!(untold(&facts), expected, "{looked} -> {told}");
        }
    }

    #[test]
    fn a_look_reads_back_as_written() {
        for look in Look::ALL {
            assert_eq!(Look::from_word(look.word()), Some(look));
        }
        assert_eq!(Look::from_word("glance"), None);
    }
}

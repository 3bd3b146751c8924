//! Public figures, in which no small number can be found.
//!
//! The rule, in this order:
//!
//! 1. Figures are of whole calendar months, made once when the month is over, and never again: no two tables overlap, so
//!    none can be taken from another.
//! 2. The cells of a table are disjoint: one force, one authority, one way in which a notice ended.
//! 3. A cell of 1 to 4 is shown as fewer than five. Nothing is shown as nothing. Every other cell is rounded to the
//!    nearest 5.
//! 4. A total is the sum of what is shown, never the rounded sum of what is true. So a total tells nothing that its cells
//!    have not told, and there is nothing to subtract: that is why no second cell has to be hidden to protect the first.

use std::collections::BTreeMap;

use crate::organisation::OrganisationId;

/// Below this a number is not shown.
pub const SMALLEST: i64 = 5;
/// What others are rounded to.
pub const ROUNDING: i64 = 5;

/// A figure as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Rounded to the nearest 5; nothing is 0.
    About(i64),
    /// 1 to 4.
    FewerThanFive,
}

impl Shown {
    /// How a true number is shown. A number below nothing cannot be, and is shown as nothing.
    #[must_use]
    pub const fn of(count: i64) -> Self {
        match count {
            ..=0 => Self::About(0),
            1..SMALLEST => Self::FewerThanFive,
            _ => Self::About((count.saturating_add(ROUNDING / 2)) / ROUNDING * ROUNDING),
        }
    }
}

/// How notices ended in a month, without overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Acknowledged before the bell.
    pub acknowledged: i64,
    /// Acknowledged after it.
    pub acknowledged_late: i64,
    /// Escalated.
    pub escalated: i64,
    /// Withheld.
    pub withheld: i64,
}

impl Ended {
    /// Adds a line of a force's statement.
    pub fn add(&mut self, figures: &super::Figures) {
        self.acknowledged += figures.acknowledged - figures.acknowledged_late;
        self.acknowledged_late += figures.acknowledged_late;
        self.escalated += figures.escalated;
        self.withheld += figures.withheld;
    }
}

/// Which force and which authority.
pub type Between = (OrganisationId, Option<OrganisationId>);

/// The cells of a line: acknowledged, acknowledged late, escalated, withheld.
pub type Line = [Shown; 4];

/// The table of a month.
#[must_use]
pub fn table(month: &BTreeMap<Between, Ended>) -> BTreeMap<Between, Line> {
    let line = |ended: &Ended| {
        let Ended { acknowledged, acknowledged_late, escalated, withheld } = *ended;
        [acknowledged, acknowledged_late, escalated, withheld].map(Shown::of)
    };
    month.iter().map(|(between, ended)| (between.clone(), line(ended))).collect()
}

/// A total: what the cells that are shown come to, and how many are not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// The sum of the rounded cells.
    pub about: i64,
    /// How many cells are fewer than five, each of which is 1 to 4 more.
    pub not_shown: i64,
}

/// The total of cells that are shown.
#[must_use]
pub fn total(cells: impl IntoIterator<Item = Shown>) -> Total {
    cells.into_iter().fold(Total::default(), |total, cell| match cell {
        Shown::About(about) => Total { about: total.about + about, ..total },
        Shown::FewerThanFive => Total { not_shown: total.not_shown + 1, ..total },
    })
}

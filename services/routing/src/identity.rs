//! Where a child is educated: UPN, then NHS number, then name with date of birth and postcode, against the roll; then
//! what the officer was told; then nobody knows, and the authority finds out (R03).

use jiff::civil::Date;
use mash_domain::identifier::{AuthorityCode, Laestab};

use crate::pseudonym::MatchKey;

/// What a report says of a child, as match keys.
#[derive(Clone, Debug)]
pub struct ChildKeys {
    /// Of the UPN, if reported.
    pub upn: Option<MatchKey>,
    /// Of the NHS number, if reported.
    pub nhs_number: Option<MatchKey>,
    /// Of name, date of birth and postcode, if a postcode was reported.
    pub person: Option<MatchKey>,
    /// Of the date of birth.
    pub birth: MatchKey,
}

/// A pupil on a roll, without identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollEntry {
    /// The opaque pupil id.
    pub pupil_id: String,
    /// Whose roll.
    pub authority: AuthorityCode,
    /// Of the UPN.
    pub upn: Option<MatchKey>,
    /// Of the NHS number.
    pub nhs_number: Option<MatchKey>,
    /// Of name, date of birth and postcode.
    pub person: MatchKey,
    /// Of the date of birth.
    pub birth: MatchKey,
    /// Where and when.
    pub places: Vec<Place>,
}

/// A place on a roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// At an establishment, or at home.
    pub at: PlaceKind,
    /// From, included.
    pub start: Date,
    /// Until, included.
    pub end: Option<Date>,
}

impl Place {
    fn holds_on(&self, day: Date) -> bool {
        self.start <= day && self.end.is_none_or(|end| day <= end)
    }
}

/// How a pupil is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// The main, or only, registration.
    Main(Laestab),
    /// The second registration of a dually registered pupil.
    Subsidiary(Laestab),
    /// Educated at home.
    HomeEducated,
}

/// Where the child is educated, as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// At these establishments: the main one first.
    Establishments(Vec<Laestab>),
    /// At home, known to this authority.
    HomeEducated(AuthorityCode),
    /// Nobody knows.
    Unknown,
}

/// By what the child was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// UPN.
    Upn,
    /// NHS number.
    NhsNumber,
    /// Name, date of birth and postcode.
    Person,
    /// Not on any roll; the officer's word.
    Stated,
    /// Not at all.
    Nothing,
}

/// A difference that a person should see, as a code without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discrepancy {
    /// The officer stated another establishment than the roll.
    StatedOtherEstablishment,
    /// A number matched a pupil with another date of birth, and was not believed.
    NumberOfAnotherChild,
    /// Several rolls claim the child for different establishments.
    SeveralRolls,
    /// The roll named an establishment that says the child is not theirs.
    RollRejected,
}

impl Discrepancy {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::StatedOtherEstablishment => "stated-other-establishment",
            Self::NumberOfAnotherChild => "number-of-another-child",
            Self::SeveralRolls => "several-rolls",
            Self::RollRejected => "roll-rejected",
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Where.
    pub placement: Placement,
    /// By what.
    pub matched_by: MatchedBy,
    /// What does not fit.
    pub discrepancy: Option<Discrepancy>,
}

/// What is asked of [`resolve`].
pub struct Question<'a> {
    /// The child.
    pub keys: &'a ChildKeys,
    /// The establishment that the officer stated, if it is in the directory.
    pub stated: Option<&'a Laestab>,
    /// Establishments that have said that the child is not theirs.
    pub rejected_by: &'a [Laestab],
    /// The day.
    pub on: Date,
}

/// Finds where the child is educated.
#[must_use]
pub fn resolve(question: &Question<'_>, roll: &[RollEntry]) -> Resolution {
    let (entries, matched_by, distrusted) = recognise(question.keys, roll);
    let believed = |laestab: &Laestab| !question.rejected_by.contains(laestab);
    let stated = question.stated.filter(|laestab| believed(laestab)).cloned();
    let doubt = distrusted.then_some(Discrepancy::NumberOfAnotherChild);

    let places: Vec<&PlaceKind> = entries
        .iter()
        .flat_map(|entry| &entry.places)
        .filter(|place| place.holds_on(question.on))
        .map(|place| &place.at)
        .collect();
    let mut mains: Vec<Laestab> =
        places.iter().filter_map(|at| main_of(at)).filter(|l| believed(l)).collect();
    mains.sort();
    mains.dedup();
    if mains.len() > 1 {
        return several(&mains, stated, matched_by);
    }
    let mut establishments = mains;
    for laestab in
        places.iter().filter_map(|at| subsidiary_of(at)).filter(|laestab| believed(laestab))
    {
        if !establishments.contains(&laestab) {
            establishments.push(laestab);
        }
    }
    if !establishments.is_empty() {
        let other = stated.is_some_and(|stated| !establishments.contains(&stated));
        let discrepancy = doubt.or_else(|| other.then_some(Discrepancy::StatedOtherEstablishment));
        return Resolution {
            placement: Placement::Establishments(establishments),
            matched_by,
            discrepancy,
        };
    }
    let at_home = places.iter().any(|at| matches!(at, PlaceKind::HomeEducated));
    if let (true, Some(entry)) = (at_home, entries.first()) {
        let placement = Placement::HomeEducated(entry.authority.clone());
        return Resolution { placement, matched_by, discrepancy: doubt };
    }
    let rejected = (!question.rejected_by.is_empty()).then_some(Discrepancy::RollRejected);
    match stated {
        Some(laestab) => Resolution {
            placement: Placement::Establishments(vec![laestab]),
            matched_by: MatchedBy::Stated,
            discrepancy: doubt.or(rejected),
        },
        None => Resolution {
            placement: Placement::Unknown,
            matched_by: MatchedBy::Nothing,
            discrepancy: doubt.or(rejected),
        },
    }
}

/// Several rolls claim the child. The officer's word decides between them; without it, nobody is told blindly.
fn several(mains: &[Laestab], stated: Option<Laestab>, matched_by: MatchedBy) -> Resolution {
    let chosen = stated.filter(|stated| mains.contains(stated));
    let (placement, matched_by) = match chosen {
        Some(laestab) => (Placement::Establishments(vec![laestab]), matched_by),
        None => (Placement::Unknown, MatchedBy::Nothing),
    };
    Resolution { placement, matched_by, discrepancy: Some(Discrepancy::SeveralRolls) }
}

/// The entries that are this child, by the strongest identifier that finds any, and whether a number was distrusted
/// because it belongs to a pupil with another date of birth.
fn recognise<'a>(keys: &ChildKeys, roll: &'a [RollEntry]) -> (Vec<&'a RollEntry>, MatchedBy, bool) {
    let mut distrusted = false;
    let numbers = [
        (
            MatchedBy::Upn,
            &keys.upn,
            (|entry| entry.upn.as_ref()) as fn(&RollEntry) -> Option<&MatchKey>,
        ),
        (MatchedBy::NhsNumber, &keys.nhs_number, |entry| entry.nhs_number.as_ref()),
    ];
    for (matched_by, key, of) in numbers {
        let Some(key) = key else { continue };
        let (same, other): (Vec<_>, Vec<_>) = roll
            .iter()
            .filter(|entry| of(entry) == Some(key))
            .partition(|entry| entry.birth == keys.birth);
        if !same.is_empty() {
            return (same, matched_by, distrusted);
        }
        distrusted |= !other.is_empty();
    }
    let found: Vec<_> = keys
        .person
        .iter()
        .flat_map(|key| roll.iter().filter(move |entry| &entry.person == key))
        .collect();
    let matched_by = if found.is_empty() { MatchedBy::Nothing } else { MatchedBy::Person };
    (found, matched_by, distrusted)
}

fn main_of(at: &PlaceKind) -> Option<Laestab> {
    match at {
        PlaceKind::Main(laestab) => Some(laestab.clone()),
        PlaceKind::Subsidiary(_) | PlaceKind::HomeEducated => None,
    }
}

fn subsidiary_of(at: &PlaceKind) -> Option<Laestab> {
    match at {
        PlaceKind::Subsidiary(laestab) => Some(laestab.clone()),
        PlaceKind::Main(_) | PlaceKind::HomeEducated => None,
    }
}

#[cfg(test)]
mod tests;

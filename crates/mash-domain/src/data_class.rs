//! The classes of data that sharing rules speak about.

use std::fmt;

/// One class of data, F1 to F18.
///
/// # Examples
///
/// ```
/// use mash_domain::data_class::DataClass;
/// assert_eq!(DataClass::ChildAddress.number(), 6);
/// assert_eq!(DataClass::from_number(6), Some(DataClass::ChildAddress));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DataClass {
    /// F1: name, date of birth, UPN, NHS number.
    ChildIdentity = 1,
    /// F2: police reference, date, time, child present, welfare check, handling advice.
    IncidentStub = 2,
    /// F3: sanitised circumstances and type.
    Narrative = 3,
    /// F4: the voice of the child.
    ChildVoice = 4,
    /// F5: DASH or RAG grade.
    RiskGrade = 5,
    /// F6: where the child lives.
    ChildAddress = 6,
    /// F7: who the adult victim is.
    AdultVictim = 7,
    /// F8: who the alleged perpetrator is.
    Perpetrator = 8,
    /// F9: offence and criminal data.
    Offence = 9,
    /// F10: detail of a sexual offence.
    SexualOffence = 10,
    /// F11: health data.
    Health = 11,
    /// F12: household and siblings.
    Household = 12,
    /// F13: data that a third party supplied.
    ThirdParty = 13,
    /// F14: intelligence.
    Intelligence = 14,
    /// F15: immigration and national referral mechanism data.
    Immigration = 15,
    /// F16: adoption and pre-adoption identity.
    Adoption = 16,
    /// F17: professional contacts.
    ProfessionalContact = 17,
    /// F18: actions and outcome.
    Actions = 18,
}

impl DataClass {
    /// Every class, in order.
    pub const ALL: [Self; 18] = [
        Self::ChildIdentity,
        Self::IncidentStub,
        Self::Narrative,
        Self::ChildVoice,
        Self::RiskGrade,
        Self::ChildAddress,
        Self::AdultVictim,
        Self::Perpetrator,
        Self::Offence,
        Self::SexualOffence,
        Self::Health,
        Self::Household,
        Self::ThirdParty,
        Self::Intelligence,
        Self::Immigration,
        Self::Adoption,
        Self::ProfessionalContact,
        Self::Actions,
    ];

    /// Its number, 1 to 18.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The class with this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "F{}", self.number())
    }
}

/// A set of classes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ClassSet(u32);

impl ClassSet {
    /// No class.
    pub const EMPTY: Self = Self(0);

    /// Whether the class is in the set.
    #[must_use]
    pub const fn contains(self, class: DataClass) -> bool {
        self.0 & (1 << class.number()) != 0
    }

    /// The set with the class added.
    #[must_use]
    pub const fn with(self, class: DataClass) -> Self {
        Self(self.0 | 1 << class.number())
    }

    /// The set with the class taken out.
    #[must_use]
    pub const fn without(self, class: DataClass) -> Self {
        Self(self.0 & !(1 << class.number()))
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether everything here is in the other set too.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The classes, in order.
    pub fn iter(self) -> impl Iterator<Item = DataClass> {
        DataClass::ALL.into_iter().filter(move |class| self.contains(*class))
    }
}

impl FromIterator<DataClass> for ClassSet {
    fn from_iter<I: IntoIterator<Item = DataClass>>(classes: I) -> Self {
        classes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for ClassSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.iter().map(|class| format!("F{}", class.number())))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_keeps_what_was_put_in_and_nothing_else() {
        let set: ClassSet = [DataClass::ChildIdentity, DataClass::Actions].into_iter().collect();
        assert!(set.contains(DataClass::Actions));
        assert!(!set.contains(DataClass::ChildAddress));
        assert_eq!(set.iter().map(DataClass::number).collect::<Vec<_>>(), [1, 18]);
        assert!(set.without(DataClass::Actions).is_subset(set));
        assert!(!set.is_subset(set.without(DataClass::Actions)));
    }
}

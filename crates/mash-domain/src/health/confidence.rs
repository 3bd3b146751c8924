//! What leaves health, and what stays: each piece says how confidential it is, and a third party's leaves only on the word
//! of a doctor or nurse (R25).

use std::fmt;

use super::{staff::Professional, worded};
use crate::{data_class::DataClass, incident::Private};

worded! {
    /// How confidential a piece is.
    Confidentiality {
        /// What the professional saw or was told by the family.
        Observation = "observation",
        /// The child's own health data.
        Clinical = "clinical",
        /// The child's own words.
        ChildVoice = "child-voice",
        /// From or about a third party.
        ThirdParty = "third-party",
        /// Statute forbids passing it on.
        Restricted = "restricted",
    }
}

worded! {
    /// Why a piece stays.
    HeldBack {
        /// Nobody has said that it bears on the enquiry.
        NobodyVouches = "third-party-not-vouched-for",
        /// Statute forbids passing it on.
        Restricted = "restricted",
    }
}

/// The word of a doctor or nurse that third-party data bears directly on the enquiry.
///
/// INVARIANT: private fields; [`BearsOnEnquiry::new`] alone makes one, and asks who says so and how.
#[derive(Clone, PartialEq, Eq)]
pub struct BearsOnEnquiry {
    by: Professional,
    reason: Private,
}

/// Why somebody's word does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWord {
    /// Neither a doctor nor a nurse.
    #[error("a doctor or nurse has to say so")]
    Role,
    /// No reason was given.
    #[error("how it bears on the enquiry has to be said")]
    Reason,
}

impl BearsOnEnquiry {
    /// The word of this professional.
    ///
    /// # Errors
    ///
    /// [`NoWord`] if she is neither doctor nor nurse, or gives no reason.
    pub fn new(by: Professional, reason: Private) -> Result<Self, NoWord> {
        if !by.role.is_doctor_or_nurse() {
            Err(NoWord::Role)
        } else if reason.is_empty() {
            Err(NoWord::Reason)
        } else {
            Ok(Self { by, reason })
        }
    }

    /// Who says so.
    #[must_use]
    pub const fn by(&self) -> &Professional {
        &self.by
    }

    /// How it bears on the enquiry.
    #[must_use]
    pub const fn reason(&self) -> &Private {
        &self.reason
    }
}

impl fmt::Debug for BearsOnEnquiry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BearsOnEnquiry({:?})", self.by)
    }
}

impl Confidentiality {
    /// The class under which a piece leaves, or why it stays. The rules decide afterwards who gets that class.
    ///
    /// # Errors
    ///
    /// [`HeldBack`] if it stays.
    pub const fn class(self, word: Option<&BearsOnEnquiry>) -> Result<DataClass, HeldBack> {
        match (self, word) {
            (Self::Observation, _) => Ok(DataClass::Narrative),
            (Self::Clinical, _) => Ok(DataClass::Health),
            (Self::ChildVoice, _) => Ok(DataClass::ChildVoice),
            (Self::ThirdParty, Some(_)) => Ok(DataClass::ThirdParty),
            (Self::ThirdParty, None) => Err(HeldBack::NobodyVouches),
            (Self::Restricted, _) => Err(HeldBack::Restricted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{health::staff::Role, incident::Limit};

    fn word(role: Role, reason: &str) -> Result<BearsOnEnquiry, NoWord> {
        let text = |text| Private::new(text, Limit::line(200)).unwrap();
        let by = Professional::new("p-1", text("Eleri Prys"), role, text("")).unwrap();
        BearsOnEnquiry::new(by, text(reason))
    }

    #[test]
    fn third_party_data_leaves_on_the_word_of_a_doctor_or_nurse_alone() {
        for role in Role::ALL {
            let given = word(*role, "the uncle lives with the child");
            assert_eq!(given.is_ok(), role.is_doctor_or_nurse(), "{role:?}");
        }
        assert_eq!(word(Role::NamedNurse, " ").err(), Some(NoWord::Reason));
    }

    #[test]
    fn what_leaves_and_what_stays() {
        let given = word(Role::Doctor, "the uncle lives with the child").unwrap();
        for label in Confidentiality::ALL {
            let (silent, vouched) = (label.class(None), label.class(Some(&given)));
            match label {
                Confidentiality::ThirdParty => {
                    assert_eq!(silent, Err(HeldBack::NobodyVouches));
                    assert_eq!(vouched, Ok(DataClass::ThirdParty));
                }
                Confidentiality::Restricted => {
                    assert_eq!((silent, vouched), (Err(HeldBack::Restricted), silent));
                }
                Confidentiality::Observation
                | Confidentiality::Clinical
                | Confidentiality::ChildVoice => {
                    assert!(silent.is_ok());
                    assert_eq!(
                        silent, vouched,
                        "a word changes nothing for what is the child's own"
                    );
                }
            }
        }
    }
}

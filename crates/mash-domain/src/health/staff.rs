//! Professionals of health, and for what each may answer.

use std::fmt;

use super::worded;
use crate::incident::Private;

worded! {
    /// What a professional is.
    Role {
        /// A doctor of a hospital or community service.
        Doctor = "doctor",
        /// A general practitioner.
        GeneralPractitioner = "general-practitioner",
        /// A nurse.
        Nurse = "nurse",
        /// A midwife.
        Midwife = "midwife",
        /// A health visitor.
        HealthVisitor = "health-visitor",
        /// A school nurse.
        SchoolNurse = "school-nurse",
        /// A paramedic or another member of an ambulance crew.
        Paramedic = "paramedic",
        /// A therapist, dentist, pharmacist or another registered professional.
        AlliedProfessional = "allied-professional",
        /// The named doctor for safeguarding.
        NamedDoctor = "named-doctor",
        /// The named nurse for safeguarding.
        NamedNurse = "named-nurse",
        /// The named midwife for safeguarding.
        NamedMidwife = "named-midwife",
        /// A clerk or manager.
        Administrator = "administrator",
    }
}

impl Role {
    /// Whether she may report a child: everybody but a clerk, whose report a clinician makes.
    #[must_use]
    pub const fn is_clinician(self) -> bool {
        !matches!(self, Self::Administrator)
    }

    /// Whether she may answer for what a record says. Health visitors, school nurses and midwives are on the register of
    /// nurses and midwives.
    #[must_use]
    pub const fn is_doctor_or_nurse(self) -> bool {
        match self {
            Self::Doctor
            | Self::GeneralPractitioner
            | Self::Nurse
            | Self::Midwife
            | Self::HealthVisitor
            | Self::SchoolNurse
            | Self::NamedDoctor
            | Self::NamedNurse
            | Self::NamedMidwife => true,
            Self::Paramedic | Self::AlliedProfessional | Self::Administrator => false,
        }
    }

    /// Whether she may say of a baby's injury that no referral is needed.
    #[must_use]
    pub const fn may_reason_for_a_baby(self) -> bool {
        match self {
            Self::Doctor
            | Self::GeneralPractitioner
            | Self::NamedDoctor
            | Self::NamedNurse
            | Self::NamedMidwife => true,
            Self::Nurse
            | Self::Midwife
            | Self::HealthVisitor
            | Self::SchoolNurse
            | Self::Paramedic
            | Self::AlliedProfessional
            | Self::Administrator => false,
        }
    }
}

/// A professional who acts in her name.
#[derive(Clone, PartialEq, Eq)]
pub struct Professional {
    /// Who she is for her board: an opaque id.
    pub practitioner: String,
    /// Her name. INVARIANT: not empty, when it comes from [`Professional::new`].
    pub name: Private,
    /// What she is.
    pub role: Role,
    /// Work telephone; may be empty.
    pub telephone: Private,
}

/// A professional without a name answers for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a professional acts in her name")]
pub struct Nameless;

impl Professional {
    /// A professional.
    ///
    /// # Errors
    ///
    /// [`Nameless`] if there is no name, or nobody on whose behalf the call is made.
    pub fn new(
        practitioner: impl Into<String>,
        name: Private,
        role: Role,
        telephone: Private,
    ) -> Result<Self, Nameless> {
        let practitioner = practitioner.into();
        if name.is_empty() || practitioner.is_empty() {
            return Err(Nameless);
        }
        Ok(Self { practitioner, name, role, telephone })
    }
}

impl fmt::Debug for Professional {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Professional({})", self.role.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Limit;

    #[test]
    fn who_may_answer_for_what() {
        let answering: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| role.is_doctor_or_nurse())
            .map(|role| role.word())
            .collect();
        assert_eq!(
            answering,
            [
                "doctor",
                "general-practitioner",
                "nurse",
                "midwife",
                "health-visitor",
                "school-nurse",
                "named-doctor",
                "named-nurse",
                "named-midwife"
            ]
        );
        for role in Role::ALL {
            assert!(!role.may_reason_for_a_baby() || role.is_doctor_or_nurse(), "{role:?}");
            assert!(!role.is_doctor_or_nurse() || role.is_clinician(), "{role:?}");
            assert_eq!(Role::from_word(role.word()), Some(*role));
        }
    }

    #[test]
    fn nobody_acts_without_a_name() {
        let text = |text| Private::new(text, Limit::line(200)).unwrap();
        assert!(Professional::new("n-1", text("Eleri Prys"), Role::Nurse, text("")).is_ok());
        assert!(Professional::new("n-1", text("  "), Role::Nurse, text("")).is_err());
        assert!(Professional::new("", text("Eleri Prys"), Role::Nurse, text("")).is_err());
        let eleri = Professional::new("n-1", text("Eleri Prys"), Role::Nurse, text("")).unwrap();
        assert_eq!(format!("{eleri:?}"), "Professional(nurse)");
    }
}

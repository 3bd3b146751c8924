//! Codes of what can be wrong with a request of health. Each has a page in `docs/errors`.

/// A required field is empty or missing.
pub const MISSING: &str = "MASH-H010";
/// A coded answer is unspecified or not known.
pub const NOT_AN_ANSWER: &str = "MASH-H011";
/// Too long, or too many.
pub const TOO_LONG: &str = "MASH-H012";
/// A control, direction-changing or invisible character.
pub const CHARACTER: &str = "MASH-H013";
/// No such date or time, or one that cannot be.
pub const DATE: &str = "MASH-H014";
/// Not an NHS number.
pub const NHS_NUMBER: &str = "MASH-H015";
/// A number for a child who is not born.
pub const NUMBER_OF_UNBORN: &str = "MASH-H016";
/// A doctor or nurse has to do this.
pub const NO_DOCTOR_OR_NURSE: &str = "MASH-H017";
/// A clinician has to do this.
pub const NO_CLINICIAN: &str = "MASH-H018";
/// Hardly a reason.
pub const NO_REASON: &str = "MASH-H019";
/// Not a reference.
pub const REFERENCE: &str = "MASH-H020";
/// Not the name of a resource.
pub const NAME: &str = "MASH-H021";
/// A report that is not one of health's.
pub const REPORT_KIND: &str = "MASH-H022";
/// A team that is there twice, or somebody in it who is nobody.
pub const TEAM: &str = "MASH-H023";
/// Ages that no board could mean.
pub const THRESHOLDS: &str = "MASH-H024";
/// Neither a referral nor a reason.
pub const NO_RESOLUTION: &str = "MASH-H025";
/// An answer that says nothing, or says something and that there is nothing.
pub const NO_ANSWER: &str = "MASH-H026";
/// A photograph that cannot be found again.
pub const PHOTOGRAPH: &str = "MASH-H027";
/// Not a page that can be returned.
pub const PAGE: &str = "MASH-H028";
/// Not a revision or version.
pub const REVISION: &str = "MASH-H029";

/// What can be wrong with any field.
pub(super) const READING: crate::convert::read::Codes = crate::convert::read::Codes {
    missing: MISSING,
    not_an_answer: NOT_AN_ANSWER,
    too_long: TOO_LONG,
    character: CHARACTER,
    date: DATE,
};

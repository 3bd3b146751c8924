//! The codes of what can be wrong with a report of a child, each with a page in `docs/errors/`.

/// A required field is empty or missing.
pub const MISSING: &str = "MASH-T101";
/// A coded answer is unspecified or not known.
pub const NOT_AN_ANSWER: &str = "MASH-T102";
/// Too long, or too many.
pub const TOO_LONG: &str = "MASH-T103";
/// A control, direction-changing or invisible character.
pub const CHARACTER: &str = "MASH-T104";
/// No such date or time, or one that cannot be.
pub const DATE: &str = "MASH-T105";
/// Not an NHS number, a unique pupil number, a LAESTAB or the code of an authority.
pub const IDENTIFIER: &str = "MASH-T106";
/// 18 or over.
pub const NOT_A_CHILD: &str = "MASH-T107";
/// A date of birth and an expected one, or one that cannot be.
pub const BIRTH: &str = "MASH-T108";
/// Nothing is said of who the child is.
pub const NO_CHILD: &str = "MASH-T109";
/// No concern.
pub const NO_CONCERN: &str = "MASH-T110";
/// Fact, observation, opinion or hearsay is not said.
pub const NO_EVIDENCE_CLASS: &str = "MASH-T111";
/// Nobody reports.
pub const NO_REFERRER: &str = "MASH-T112";
/// No reason why the child was not spoken to.
pub const NO_VOICE_REASON: &str = "MASH-T113";
/// No reason why a parent was not informed, or not asked.
pub const NO_FAMILY_REASON: &str = "MASH-T114";
/// A child cannot consent to exploitation.
pub const CONSENT_TO_EXPLOITATION: &str = "MASH-T115";
/// A code that the form does not know.
pub const CODE: &str = "MASH-T116";
/// A language, an ethnicity or a media type that cannot be read.
pub const SHAPE: &str = "MASH-T117";
/// A version of the form that the hub does not know.
pub const FORM: &str = "MASH-T118";

/// What can be wrong with any field.
pub(super) const READING: crate::convert::read::Codes = crate::convert::read::Codes {
    missing: MISSING,
    not_an_answer: NOT_AN_ANSWER,
    too_long: TOO_LONG,
    character: CHARACTER,
    date: DATE,
};

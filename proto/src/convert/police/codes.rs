//! The codes of what can be wrong with a field, each with a page in `docs/errors/`.

/// A required field is empty or missing.
pub const MISSING: &str = "MASH-P101";
/// A coded answer is unspecified or not known.
pub const NOT_AN_ANSWER: &str = "MASH-P102";
/// Too long, or too many.
pub const TOO_LONG: &str = "MASH-P103";
/// A control, direction-changing or invisible character.
pub const CHARACTER: &str = "MASH-P104";
/// Not an NHS number.
pub const NHS_NUMBER: &str = "MASH-P105";
/// Not a unique pupil number.
pub const UPN: &str = "MASH-P106";
/// Not a LAESTAB.
pub const LAESTAB: &str = "MASH-P107";
/// No such date or time.
pub const DATE: &str = "MASH-P108";
/// A date of birth in the future or after the incident.
pub const BORN_LATER: &str = "MASH-P109";
/// 18 or over at the incident.
pub const NOT_A_CHILD: &str = "MASH-P110";
/// Attended in the future.
pub const FUTURE: &str = "MASH-P111";
/// Attended too long ago.
pub const TOO_OLD: &str = "MASH-P112";
/// No such force.
pub const FORCE: &str = "MASH-P113";
/// Another force than the caller's.
pub const OTHER_FORCE: &str = "MASH-P114";
/// The same child twice.
pub const SAME_CHILD: &str = "MASH-P115";
/// A reference used twice.
pub const SAME_REFERENCE: &str = "MASH-P116";
/// A relationship to a child that is not in the report.
pub const NO_SUCH_CHILD: &str = "MASH-P117";
/// No reason why the child was not spoken to.
pub const NO_VOICE_REASON: &str = "MASH-P118";
/// Not a UUID.
pub const REQUEST_ID: &str = "MASH-P119";
/// Not the name of a resource.
pub const NAME: &str = "MASH-P120";
/// Not an occurrence number, or not the one of the incident.
pub const OCCURRENCE_NUMBER: &str = "MASH-P121";
/// Not the code of an authority.
pub const AUTHORITY: &str = "MASH-P122";
/// Not a reference within a report.
pub const REFERENCE: &str = "MASH-P123";
/// Not a page that can be returned.
pub const PAGE: &str = "MASH-P124";

/// What can be wrong with any field.
pub(super) const READING: crate::convert::read::Codes = crate::convert::read::Codes {
    missing: MISSING,
    not_an_answer: NOT_AN_ANSWER,
    too_long: TOO_LONG,
    character: CHARACTER,
    date: DATE,
};

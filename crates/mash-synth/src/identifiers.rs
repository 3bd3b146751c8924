//! Identifiers whose check digits hold and which no person has.

use mash_domain::identifier::Upn;
use uuid::Uuid;

/// What each synthetic file says of itself.
pub const BANNER: &str = "Synthetic data. No real person, school contact or incident is described.";

/// How many NHS numbers the 999 range holds before check digits that would be 10 are left out.
pub const NHS_BODIES: u32 = 1_000_000;

/// The NHS number of the 999 range with this six-digit body, or none where the check digit would be 10 or the body
/// does not fit.
///
/// # Examples
///
/// ```
/// assert_eq!(mash_synth::identifiers::nhs_number(1).as_deref(), Some("9990000018"));
/// ```
#[must_use]
pub fn nhs_number(body: u32) -> Option<String> {
    if body >= NHS_BODIES {
        return None;
    }
    let nine = format!("999{body:06}");
    let sum: u32 = (2..=10).rev().zip(nine.bytes()).map(|(w, d)| w * u32::from(d - b'0')).sum();
    match 11 - sum % 11 {
        10 => None,
        11 => Some(format!("{nine}0")),
        digit => Some(format!("{nine}{digit}")),
    }
}

/// Valid NHS numbers from this body on, each one once.
pub fn nhs_numbers(from: u32) -> impl Iterator<Item = String> {
    (from..NHS_BODIES).filter_map(nhs_number)
}

/// The permanent pupil number that a school with this LAESTAB gave in this year, or none if a part does not fit.
///
/// # Examples
///
/// ```
/// assert_eq!(mash_synth::identifiers::upn("8012000", 2005, 1).as_deref(), Some("B801200005001"));
/// ```
#[must_use]
pub fn upn(laestab: &str, year: i16, serial: u32) -> Option<String> {
    if laestab.len() != 7 || serial > 999 {
        return None;
    }
    let rest = format!("{laestab}{:02}{serial:03}", year.rem_euclid(100));
    Upn::check_letter(&rest).map(|letter| format!("{letter}{rest}"))
}

/// A request id that is the same in every run, made from what it is for.
#[must_use]
pub fn request_id(label: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("https://mash.example/synthetic/{label}").as_bytes())
        .to_string()
}

#[cfg(test)]
mod tests {
    use mash_domain::identifier::NhsNumber;

    use super::*;

    #[test]
    fn every_number_of_the_range_is_valid_and_there_are_enough() {
        let mut count = 0_u32;
        for number in nhs_numbers(0).step_by(997) {
            assert!(number.starts_with("999") && number.parse::<NhsNumber>().is_ok(), "{number}");
            count += 1;
        }
        assert!(count > 900, "{count}");
    }

    #[test]
    fn every_upn_is_valid() {
        for serial in 0..1_000 {
            let number = upn("6722951", 2022, serial).unwrap();
            assert!(number.parse::<Upn>().is_ok(), "{number}");
        }
        assert_eq!(upn("6722951", 2022, 1_000), None);
        assert_eq!(upn("672295", 2022, 1), None);
    }

    #[test]
    fn a_request_id_is_the_same_in_every_run() {
        assert_eq!(request_id("I1"), request_id("I1"));
        assert_ne!(request_id("I1"), request_id("I2"));
    }
}

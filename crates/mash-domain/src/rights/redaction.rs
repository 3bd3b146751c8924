//! What of a line of subject access is about somebody else, and is taken out before anybody decides about it (UK GDPR
//! Art 15(4); DPA 2018 Sch 2 para 16; F13).

use crate::{
    data_class::{ClassSet, DataClass},
    organisation::OrganisationId,
};

/// What is taken out of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// These classes, with what was decided on them and why.
    pub classes: ClassSet,
    /// Who sent it: whoever supplied what a third party said could be known from it.
    pub sender: bool,
}

/// Why it is taken out, as a code.
pub const REASON: &str = "third-party";

/// What has to be taken out of a line with these classes, sent by this organisation, that this controller hands over. The
/// controller itself is no secret: whoever asks it knows that it holds something.
#[must_use]
pub fn redaction(
    classes: ClassSet,
    sender: Option<&OrganisationId>,
    controller: &OrganisationId,
) -> Option<Redaction> {
    let third_party = ClassSet::EMPTY.with(DataClass::ThirdParty);
    let taken = classes.intersection(third_party);
    let other = sender.is_some_and(|sender| sender != controller);
    (!taken.is_empty()).then_some(Redaction { classes: taken, sender: other })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_third_party_supplied_goes_with_whoever_supplied_it() {
        let [board, authority] = ["health-board/7A5", "authority/672"]
            .map(|text| text.parse::<OrganisationId>().unwrap());
        let of = |classes: &[DataClass]| classes.iter().copied().collect::<ClassSet>();
        let plain = of(&[DataClass::ChildIdentity, DataClass::Health]);
        let mixed = of(&[DataClass::ChildIdentity, DataClass::ThirdParty]);
        let taken = of(&[DataClass::ThirdParty]);
        let table = [
            (plain, Some(&board), None),
            (ClassSet::EMPTY, Some(&board), None),
            (mixed, Some(&board), Some(Redaction { classes: taken, sender: true })),
            (mixed, Some(&authority), Some(Redaction { classes: taken, sender: false })),
            (taken, None, Some(Redaction { classes: taken, sender: false })),
        ];
        for (classes, sender, expected) in table {
            assert_eq!(redaction(classes, sender, &authority), expected, "{classes:?} {sender:?}");
        }
    }
}

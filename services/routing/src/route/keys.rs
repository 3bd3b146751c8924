//! What a child is recognised by.

use mash_domain::incident::Child;

use crate::{identity::ChildKeys, pseudonym::Pseudonymiser};

/// The match keys of a reported child.
#[must_use]
pub fn child_keys(child: &Child, pseudonymiser: &Pseudonymiser) -> ChildKeys {
    let birth = child.date_of_birth.date();
    let postcode = child.address.as_ref().map(|address| address.postcode.as_str());
    ChildKeys {
        upn: child.upn.as_ref().map(|upn| pseudonymiser.upn(upn)),
        nhs_number: child.nhs_number.as_ref().map(|number| pseudonymiser.nhs_number(number)),
        person: postcode.filter(|postcode| !postcode.is_empty()).map(|postcode| {
            pseudonymiser.person(
                child.given_names.as_str(),
                child.family_name.as_str(),
                birth,
                postcode,
            )
        }),
        birth: pseudonymiser.birth(birth),
    }
}

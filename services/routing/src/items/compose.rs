//! What of an item may go: the details that no rule permits taken out of its fields, and out of its free text what the
//! refused fields would have told.
//!
//! Social care and police read free text as it was written, within the classes that go: they have to find the child.
//! For everybody else the words must not tell what the fields keep back.

use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_policy::{Detail, Permit, RecipientFacts};
use mash_proto::{
    disclosure::v1 as pb,
    minimise::{MinimiseError, minimise},
};
use prost::Message;

use crate::{
    compose::{
        ADDRESS_WITHHELD, ANOTHER_PERSON, ANOTHER_SCHOOL, REFUGE_WORDS, TITLES, distinctive,
        for_each_free_text, mask, without_number,
    },
    sanitise::{Replacement, sanitise, without_ambiguity},
    telephones::without_telephones,
};

/// What the permit lets through of an item, and nothing else.
///
/// # Errors
///
/// [`MinimiseError`]; then nothing goes.
pub fn what_may_go(
    content: &pb::Content,
    recipient: &OrganisationId,
    facts: &RecipientFacts,
    permit: &Permit,
) -> Result<Vec<u8>, MinimiseError> {
    let classes = permit.classes();
    let mut content = content.clone();
    with_marks(&mut content, facts);
    if !reads_as_written(recipient) {
        let told = refused_words(&content, classes, facts, permit);
        for_each_free_text(&mut content, |text| *text = sanitise(text, &told));
        if !classes.contains(DataClass::AdultVictim) {
            for_each_free_text(&mut content, |text| *text = without_telephones(text));
        }
        // The detail is a part of the narrative. Other free text may go without it, and tells as much.
        if !classes.contains(Detail::PlaceNames.class()) && facts.address_protect != Answer::No {
            mask(&mut content, Detail::PlaceNames);
        }
    }
    for detail in permit.masked() {
        mask(&mut content, *detail);
    }
    minimise(&content.encode_to_vec(), classes)
}

/// Police and social care read what was written (R21 to R23 name them together).
const fn reads_as_written(recipient: &OrganisationId) -> bool {
    match recipient.kind() {
        OrganisationKind::PoliceForce | OrganisationKind::LocalAuthority => true,
        OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider
        | OrganisationKind::Operator => false,
    }
}

/// The marks that travel inside a content say what is known of the case, whoever forgot to set them.
fn with_marks(content: &mut pb::Content, facts: &RecipientFacts) {
    if let Some(stub) = &mut content.incident {
        stub.do_not_inform_parent |= facts.do_not_inform_parent == Answer::Yes;
        stub.police_matter |= facts.sexual_offence_alleged || facts.live_investigation;
    }
    if let Some(address) = &mut content.address {
        address.protect = facts.address_protect != Answer::No;
    }
}

/// The words of fields that do not go.
fn refused_words(
    content: &pb::Content,
    classes: ClassSet,
    facts: &RecipientFacts,
    permit: &Permit,
) -> Vec<Replacement> {
    let refused = |class| !classes.contains(class);
    let mut names = Names::of(content);
    if refused(DataClass::Perpetrator) {
        for it in &content.suspects {
            names.hide(&it.given_names, &it.family_name, &it.relationship);
        }
    }
    if refused(DataClass::AdultVictim) {
        for it in &content.victims {
            names.hide(&it.given_names, &it.family_name, &it.relationship);
        }
    }
    let household = content.household.as_ref();
    if refused(DataClass::Household) {
        for it in household.iter().flat_map(|household| &household.people) {
            names.hide(&it.given_names, &it.family_name, &it.relationship);
        }
    }
    let mut found = names.found;
    if refused(DataClass::Household) || permit.masked().contains(&Detail::SiblingSchool) {
        for school in household.iter().flat_map(|household| &household.sibling_establishments) {
            found.extend(Replacement::new(school, ANOTHER_SCHOOL));
            found.extend(Replacement::new(&distinctive(school), ANOTHER_SCHOOL));
        }
    }
    if refused(DataClass::ChildAddress) {
        found.extend(places(content.address.as_ref(), facts.address_protect != Answer::No));
    }
    without_ambiguity(found, ANOTHER_PERSON)
}

/// The names of people whose fields do not go.
struct Names<'a> {
    own: Vec<&'a str>,
    found: Vec<Replacement>,
}

impl<'a> Names<'a> {
    fn of(content: &'a pb::Content) -> Self {
        let child = content.child.as_ref();
        let own = child.map_or_else(Vec::new, |child| {
            child
                .given_names
                .split_whitespace()
                .chain([child.given_names.as_str(), child.family_name.as_str()])
                .collect()
        });
        Self { own, found: Vec::new() }
    }

    fn hide(&mut self, given: &str, family: &str, relationship: &str) {
        let word = relationship.replace('-', " ");
        let with = if word.is_empty() || word == "not stated" {
            ANOTHER_PERSON.to_owned()
        } else {
            format!("the {word}")
        };
        self.found.extend(Replacement::new(&format!("{given} {family}"), &with));
        // A name that the child has too tells nothing of the other one.
        let parts = given.split_whitespace().chain([given, family]);
        let parts = parts.filter(|part| !self.own.contains(part));
        self.found.extend(parts.filter_map(|part| Replacement::new(part, &with)));
        let titles = TITLES.iter().filter(|_| !family.is_empty());
        self.found.extend(
            titles.filter_map(|title| Replacement::new(&format!("{title} {family}"), &with)),
        );
    }
}

/// What in free text tells where the child lives. With protection, the town and the sort of place tell it too.
fn places(address: Option<&pb::ChildAddress>, protect: bool) -> Vec<Replacement> {
    let kept = if protect { usize::MAX } else { 1 };
    let mut told: Vec<String> = Vec::new();
    if let Some(address) = address {
        for line in address.lines.iter().take(kept) {
            told.push(line.clone());
            told.push(without_number(line));
        }
        told.push(address.postcode.clone());
        if protect {
            told.push(address.stated_establishment.clone());
            told.push(distinctive(&address.stated_establishment));
        }
    }
    let sorts = REFUGE_WORDS.into_iter().filter(|_| protect).map(str::to_owned);
    let phrases = told.into_iter().chain(sorts);
    phrases.filter_map(|phrase| Replacement::new(&phrase, ADDRESS_WITHHELD)).collect()
}

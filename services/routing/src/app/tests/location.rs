//! What tells where a protected family is goes from every field that could tell it (R21).

use mash_domain::answer::Answer;
use mash_policy::Profile;
use mash_proto::{convert::answer_to_wire, disclosure::v1::Content};
use prost::Message as _;

use super::{one_notice::releases, *};
use crate::world::Agreed;

/// What the first recipient reads where the address is protected, is not, or nobody knows.
fn read(protect: Answer, school_known: bool) -> Content {
    let mut incident = incident(1);
    let child = &mut incident.children[0];
    child.address.as_mut().unwrap().protect = answer_to_wire(protect);
    child.stated_establishment = None;
    child.voice.as_mut().unwrap().words = "I go to Little Acorns Nursery.".to_owned();
    let mut sibling = child.clone();
    sibling.r#ref = "s".to_owned();
    sibling.given_names = "Efa".to_owned();
    sibling.upn.clear();
    sibling.nhs_number.clear();
    let laestab = THERE.to_owned();
    sibling.stated_establishment =
        Some(pb::StatedEstablishment { stated_name: String::new(), laestab });
    incident.narrative = "Seen at Heol-las Surgery and at Llys Ynadon Caerdydd.".to_owned();
    let mut world =
        world(&incident, &[PlaceKind::Main(at(HERE))], vec![school(HERE), school(THERE)]);
    if !school_known {
        world.roll.clear();
    }
    incident.children.push(sibling);
    let agreed = Agreed { profile: Profile::Full, early_years: false, version: 1 };
    world.agreed.insert("62".parse().unwrap(), agreed);
    let effects = report(&mut world, incident.clone());
    let first = incident.children[0].r#ref.clone();
    let duty = duty_id(case(), &first, Slot::School);
    let released = releases(&effects.messages);
    let released = released.iter().find(|released| released.duty_id == duty).unwrap();
    Content::decode(released.content.as_slice()).unwrap()
}

#[test]
fn a_desk_hears_where_a_sibling_goes_unless_that_tells_where_the_family_is() {
    for (protect, told) in [(Answer::No, 1), (Answer::Yes, 0), (Answer::Unknown, 0)] {
        let household = read(protect, false).household.unwrap();
        assert_eq!(household.sibling_establishments.len(), told, "{protect:?}");
    }
}

#[test]
fn a_school_hears_no_sibling_school_at_all() {
    assert!(read(Answer::No, true).household.is_none());
}

#[test]
fn free_text_names_no_place_unless_the_address_is_known_to_need_no_protection() {
    for (protect, told) in [(Answer::No, true), (Answer::Yes, false), (Answer::Unknown, false)] {
        let content = read(protect, true);
        let circumstances = content.narrative.unwrap().circumstances;
        let words = content.voice.unwrap().words;
        for (text, place) in
            [(&circumstances, "Heol-las"), (&circumstances, "Caerdydd"), (&words, "Little Acorns")]
        {
            assert_eq!(text.contains(place), told, "{protect:?}: {place}");
        }
    }
}

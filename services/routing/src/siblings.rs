//! Which places of education belong to other children of a report, and so are nobody's business at this one's.

use mash_domain::{
    identifier::Laestab,
    incident::{Child, Incident},
    roll::name_key,
};

use crate::{
    identity::{PlaceKind, RollEntry},
    pseudonym::MatchKey,
    route::{Consulted, child_keys},
};

/// The names of establishments that other children of the incident attend, or are said to, and this child does not.
///
/// Which school another child goes to is nobody's business at this one, and with a protected address it tells where
/// the family is (R21).
#[must_use]
pub fn other_schools<'a>(
    incident: &'a Incident,
    child: &Child,
    consulted: &Consulted<'a>,
) -> Vec<&'a str> {
    let own = schools_of(child, consulted);
    let others = incident.children.iter().filter(|other| other.reference != child.reference);
    let mut names: Vec<&str> = others
        .flat_map(|other| {
            let stated =
                other.stated_establishment.iter().filter(|stated| stated.laestab.is_none());
            let stated = stated.map(|stated| stated.stated_name.as_str());
            let known =
                schools_of(other, consulted).into_iter().filter(|laestab| !own.contains(laestab));
            let known = known.filter_map(|laestab| consulted.world.establishments.get(&laestab));
            stated.chain(known.map(|found| found.display_name.as_str())).collect::<Vec<_>>()
        })
        .collect();
    let own_names: Vec<&str> = own
        .iter()
        .filter_map(|laestab| consulted.world.establishments.get(laestab))
        .map(|found| found.display_name.as_str())
        .collect();
    names.retain(|name| !own_names.iter().any(|own| name_key(own) == name_key(name)));
    names.sort_unstable();
    names.dedup();
    names
}

/// Every establishment that the roll or the officer connects with a child, past ones included.
fn schools_of(child: &Child, consulted: &Consulted<'_>) -> Vec<Laestab> {
    let keys = child_keys(child, consulted.means.pseudonymiser);
    let is_child = |entry: &&RollEntry| {
        let number =
            |held: &Option<MatchKey>, given: &Option<MatchKey>| held.is_some() && held == given;
        number(&entry.upn, &keys.upn)
            || number(&entry.nhs_number, &keys.nhs_number)
            || keys.person.as_ref() == Some(&entry.person)
    };
    let on_rolls = consulted.world.roll.iter().filter(is_child).flat_map(|entry| &entry.places);
    let on_rolls = on_rolls.filter_map(|place| match &place.at {
        PlaceKind::Main(laestab) | PlaceKind::Subsidiary(laestab) => Some(laestab.clone()),
        PlaceKind::HomeEducated => None,
    });
    let stated = child.stated_establishment.iter().filter_map(|stated| stated.laestab.clone());
    on_rolls.chain(stated).collect()
}

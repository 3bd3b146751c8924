//! What routing keeps of the directory and the roll, projected from their topics.

use jiff::civil::Date;
use mash_domain::{
    identifier::{Laestab, NhsNumber, Upn},
    nation::Nation,
    roll::name_key,
};
use mash_proto::education::v1 as education;
use mash_store::{StoreError, Tx, in_list, is_kept, placeholders};
use prost::Message;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, corrupt, load::parse};
use crate::{
    conflict::Contact,
    identity::{Place, PlaceKind, RollEntry},
    pseudonym::{MatchKey, Pseudonymiser},
    world::Establishment,
};

/// Keeps establishments as they now stand.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put_establishments(
    tx: &mut Tx,
    establishments: &[(Laestab, education::Establishment)],
) -> Result<(), StoreError> {
    for chunk in establishments.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO routing_establishments (laestab, authority, name_key, contacts, payload) VALUES {}
             ON CONFLICT (laestab) DO UPDATE SET authority = excluded.authority, name_key = excluded.name_key,
             contacts = excluded.contacts, payload = excluded.payload",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for (laestab, wire) in chunk {
            query = query
                .bind(laestab.to_string())
                .bind(laestab.authority().to_string())
                .bind(name_key(&wire.display_name))
                .bind(i64::try_from(wire.contacts.len()).unwrap_or(i64::MAX))
                .bind(wire.encode_to_vec());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Keeps pupils as they now stand, as match keys and places only.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn put_pupils(
    tx: &mut Tx,
    pupils: &[(String, education::Pupil)],
    keys: &Pseudonymiser,
) -> Result<(), StoreError> {
    for chunk in pupils.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO routing_pupils (pupil_id, authority, upn_key, nhs_key, person_key, birth_key, places)
             VALUES {} ON CONFLICT (pupil_id) DO UPDATE SET authority = excluded.authority,
             upn_key = excluded.upn_key, nhs_key = excluded.nhs_key, person_key = excluded.person_key,
             birth_key = excluded.birth_key, places = excluded.places",
            placeholders(chunk.len(), 7)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for (pupil_id, wire) in chunk {
            let row = KeyRow::of(wire, keys);
            query = query
                .bind(pupil_id)
                .bind(&wire.authority_code)
                .bind(row.upn)
                .bind(row.nhs_number)
                .bind(row.person)
                .bind(row.birth)
                .bind(places_only(wire).encode_to_vec());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Forgets pupils who left the roll.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn remove_pupils(tx: &mut Tx, pupil_ids: &[String]) -> Result<(), StoreError> {
    for chunk in pupil_ids.chunks(CHUNK) {
        let sql =
            format!("DELETE FROM routing_pupils WHERE pupil_id IN ({})", in_list(1, chunk.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
        for id in chunk {
            query = query.bind(id);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// The match keys of a pupil, empty where there is nothing to make one of.
struct KeyRow {
    upn: String,
    nhs_number: String,
    person: String,
    birth: String,
}

impl KeyRow {
    fn of(wire: &education::Pupil, keys: &Pseudonymiser) -> Self {
        let text = |key: Option<MatchKey>| key.map_or(String::new(), |key| key.as_str().to_owned());
        let birth = wire.date_of_birth.and_then(|date| Date::try_from(date).ok());
        let person = birth.filter(|_| !wire.postcode.is_empty());
        Self {
            upn: text(wire.upn.parse::<Upn>().ok().map(|upn| keys.upn(&upn))),
            nhs_number: text(
                wire.nhs_number.parse::<NhsNumber>().ok().map(|number| keys.nhs_number(&number)),
            ),
            person: text(person.map(|birth| {
                keys.person(&wire.given_names, &wire.family_name, birth, &wire.postcode)
            })),
            birth: text(birth.map(|birth| keys.birth(birth))),
        }
    }
}

/// A pupil with nothing but the places.
fn places_only(wire: &education::Pupil) -> education::Pupil {
    education::Pupil { enrolments: wire.enrolments.clone(), ..education::Pupil::default() }
}

/// A roll entry from its row.
pub(super) fn entry_of(row: &AnyRow) -> Result<RollEntry, StoreError> {
    let key = |column: usize| -> Result<Option<MatchKey>, StoreError> {
        let text: String = row.try_get(column)?;
        Ok((!text.is_empty()).then(|| MatchKey::from_stored(text)))
    };
    let none = || MatchKey::from_stored(String::new());
    let places: Vec<u8> = row.try_get(6)?;
    let places =
        education::Pupil::decode(places.as_slice()).map_err(|_| corrupt("routing_pupils"))?;
    Ok(RollEntry {
        pupil_id: row.try_get(0)?,
        authority: parse(row, 1)?,
        upn: key(2)?,
        nhs_number: key(3)?,
        person: key(4)?.unwrap_or_else(none),
        birth: key(5)?.unwrap_or_else(none),
        places: places.enrolments.iter().filter_map(place_of).collect(),
    })
}

fn place_of(wire: &education::Enrolment) -> Option<Place> {
    let laestab = || wire.laestab.parse().ok();
    let at = match wire.kind() {
        education::EnrolmentKind::Main => PlaceKind::Main(laestab()?),
        education::EnrolmentKind::Subsidiary => PlaceKind::Subsidiary(laestab()?),
        education::EnrolmentKind::HomeEducated => PlaceKind::HomeEducated,
        education::EnrolmentKind::Unspecified => return None,
    };
    let start = wire.start_date.and_then(|date| date.try_into().ok()).unwrap_or(Date::MIN);
    Some(Place { at, start, end: wire.end_date.and_then(|date| date.try_into().ok()) })
}

/// An establishment as routing needs it.
#[must_use]
pub fn establishment_of(wire: &education::Establishment) -> Option<Establishment> {
    let laestab = wire.name.strip_prefix("establishments/")?.parse().ok()?;
    let nation = match wire.nation() {
        education::Nation::England => Nation::England,
        education::Nation::Wales => Nation::Wales,
        education::Nation::Unspecified => return None,
    };
    Some(Establishment {
        laestab,
        display_name: wire.display_name.clone(),
        nation,
        early_years: wire.r#type() == education::EstablishmentType::EarlyYears,
        open: wire.state() == education::EstablishmentState::Open,
        successors: wire.successors.iter().filter_map(|text| text.parse().ok()).collect(),
        contacts: wire
            .contacts
            .iter()
            .map(|contact| Contact {
                id: contact.id.clone(),
                full_name: contact.full_name.clone(),
                telephone: contact.telephone.clone(),
                trained: contact.training_date.is_some(),
            })
            .collect(),
    })
}

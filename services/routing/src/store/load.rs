//! Gathering what a batch of events may need, in a handful of statements whatever its size.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::{
    identifier::{AuthorityCode, Laestab},
    incident::{CaseId, Incident},
    organisation::{OrganisationId, OrganisationKind},
    roll::name_key,
};
use mash_proto::{
    convert::police::{Checks, incident_from_wire},
    education::v1 as education,
    police::v1 as police,
};
use mash_store::{StoreError, Tx, keys::Opening, listed, opening, pieces, placeholders};
use prost::Message;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{CHUNK, INCIDENT, agreements, corrupt, directory, profiles};
use crate::{
    duty::{Disclosure, Duty, DutyState, Slot},
    identity::{PlaceKind, RollEntry},
    pseudonym::{MatchKey, Pseudonymiser},
    route::child_keys,
    world::{Case, World},
};

/// What a batch is about.
#[derive(Default)]
pub struct Needs {
    /// The cases of its events.
    pub cases: BTreeSet<CaseId>,
    /// The cases that it reports, one for each of the incidents.
    pub reported: Vec<CaseId>,
    /// Incidents that it reports.
    pub incidents: Vec<Incident>,
    /// Cases whose children may have to be routed again.
    pub again: BTreeSet<CaseId>,
}

/// Loads the world for a batch, and keeps others from changing its cases until the transaction ends.
///
/// # Errors
///
/// [`StoreError`] if the store fails or a row does not read back.
pub async fn load(tx: &mut Tx, needs: &Needs, keys: &Pseudonymiser) -> Result<World, StoreError> {
    let ids: Vec<String> = needs.cases.iter().map(ToString::to_string).collect();
    lock(tx, &ids).await?;
    let mut world = World { agreed: profiles::all(tx).await?, ..World::default() };
    let cases = rows(tx, "SELECT case_id, force, revision, accepted_ms, withdrawn, incident FROM routing_cases WHERE case_id", &ids).await?;
    let open = opening(tx, &cases, &[5]).await?;
    for case in &cases {
        let case = case_of(case, &open)?;
        world.cases.insert(case.id, case);
    }
    for duty in rows(tx, "SELECT duty_id, case_id, child_ref, slot, kind, state, state_ms, reason, late, rejected_by, bell_ms, escalated_to, late_cause FROM routing_duties WHERE case_id", &ids).await? {
        let duty = duty_of(&duty)?;
        world.duties.insert(duty.id.clone(), duty);
    }
    for row in rows(tx, "SELECT disclosure_id, duty_id, recipient, desk, revision, digest, is_copy, live FROM routing_disclosures WHERE case_id", &ids).await? {
        let (duty_id, disclosure) = disclosure_of(&row)?;
        if let Some(duty) = world.duties.get_mut(&duty_id) {
            duty.disclosures.push(disclosure);
        }
    }
    let again = needs.again.iter().filter_map(|id| world.cases.get(id));
    let again: Vec<Incident> = again
        .filter_map(|case| incident_from_wire(case.incident.clone(), &Checks::stored()).ok())
        .collect();
    let incidents: Vec<&Incident> = needs.incidents.iter().chain(&again).collect();
    if !incidents.is_empty() {
        load_roll(tx, &incidents, keys, &mut world).await?;
        load_establishments(tx, &incidents, &mut world).await?;
        world.agreements = agreements::of_organisations(tx, &forces(&incidents)).await?;
    }
    Ok(world)
}

/// The forces that report: what they share by power rests on agreements of theirs.
fn forces(incidents: &[&Incident]) -> BTreeSet<OrganisationId> {
    let force = |incident: &&Incident| {
        OrganisationId::new(OrganisationKind::PoliceForce, incident.force.as_str()).ok()
    };
    incidents.iter().filter_map(force).collect()
}

/// Takes the row locks of the cases, in order, so that two replicas never change one case at a time.
pub(super) async fn lock(tx: &mut Tx, ids: &[String]) -> Result<(), StoreError> {
    for chunk in pieces(ids) {
        let sql = format!(
            "INSERT INTO routing_locks (case_id) VALUES {}
             ON CONFLICT (case_id) DO UPDATE SET case_id = excluded.case_id",
            placeholders(chunk.len(), 1)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in chunk {
            query = query.bind(id);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn rows(tx: &mut Tx, select: &str, values: &[String]) -> Result<Vec<AnyRow>, StoreError> {
    let mut found = Vec::new();
    for chunk in values.chunks(CHUNK) {
        let (list, values) = listed(1, chunk);
        let mut query = sqlx::query(AssertSqlSafe(format!("{select} IN ({list})")));
        for value in values {
            query = query.bind(value);
        }
        found.extend(query.fetch_all(tx.conn()).await?);
    }
    Ok(found)
}

async fn load_roll(
    tx: &mut Tx,
    incidents: &[&Incident],
    pseudonymiser: &Pseudonymiser,
    world: &mut World,
) -> Result<(), StoreError> {
    let children = incidents.iter().flat_map(|incident| &incident.children);
    let keys: Vec<_> = children.map(|child| child_keys(child, pseudonymiser)).collect();
    let texts = |of: fn(&crate::identity::ChildKeys) -> Option<&MatchKey>| -> Vec<String> {
        let set: BTreeSet<&str> = keys.iter().filter_map(of).map(MatchKey::as_str).collect();
        set.into_iter().map(str::to_owned).collect()
    };
    let columns = [
        ("upn_key", texts(|keys| keys.upn.as_ref())),
        ("nhs_key", texts(|keys| keys.nhs_number.as_ref())),
        ("person_key", texts(|keys| keys.person.as_ref())),
    ];
    let mut found = BTreeMap::new();
    for (column, values) in columns {
        let select = format!(
            "SELECT pupil_id, authority, upn_key, nhs_key, person_key, birth_key, places FROM routing_pupils
             WHERE {column}"
        );
        for row in rows(tx, &select, &values).await? {
            let entry = directory::entry_of(&row)?;
            found.insert(entry.pupil_id.clone(), entry);
        }
    }
    world.roll = found.into_values().collect();
    Ok(())
}

async fn load_establishments(
    tx: &mut Tx,
    incidents: &[&Incident],
    world: &mut World,
) -> Result<(), StoreError> {
    let children = || incidents.iter().flat_map(|incident| &incident.children);
    let stated = || children().filter_map(|child| child.stated_establishment.as_ref());
    let names: BTreeSet<String> = stated()
        .filter(|stated| stated.laestab.is_none())
        .map(|stated| name_key(stated.stated_name.as_str()))
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    const SELECT: &str =
        "SELECT laestab, authority, name_key, payload FROM routing_establishments WHERE";
    let mut wanted: BTreeSet<Laestab> = world.roll.iter().flat_map(laestabs_of).collect();
    wanted.extend(stated().filter_map(|stated| stated.laestab.clone()));
    for row in rows(tx, &format!("{SELECT} name_key"), &names).await? {
        let laestab: Laestab = parse(&row, 0)?;
        let authority: AuthorityCode = parse(&row, 1)?;
        let key = (authority, row.try_get::<String, _>(2)?);
        world.by_name.entry(key).or_default().push(laestab.clone());
        wanted.insert(laestab);
    }
    // Closed establishments lead on to their successors; the walk in `World::open_successor` is as long.
    for _ in 0..5 {
        let missing: Vec<String> = wanted
            .iter()
            .filter(|laestab| !world.establishments.contains_key(laestab))
            .map(ToString::to_string)
            .collect();
        wanted.clear();
        for row in rows(tx, &format!("{SELECT} laestab"), &missing).await? {
            let payload: Vec<u8> = row.try_get(3)?;
            let wire = education::Establishment::decode(payload.as_slice());
            let wire = wire.map_err(|_| corrupt("routing_establishments"))?;
            let establishment = directory::establishment_of(&wire)
                .ok_or_else(|| corrupt("routing_establishments"))?;
            if !establishment.open {
                wanted.extend(establishment.successors.iter().cloned());
            }
            world.establishments.insert(establishment.laestab.clone(), establishment);
        }
        if wanted.is_empty() {
            break;
        }
    }
    Ok(())
}

fn laestabs_of(entry: &RollEntry) -> impl Iterator<Item = Laestab> {
    entry.places.iter().filter_map(|place| match &place.at {
        PlaceKind::Main(laestab) | PlaceKind::Subsidiary(laestab) => Some(laestab.clone()),
        PlaceKind::HomeEducated => None,
    })
}

/// A case whose report was erased is known, and nobody in it can be routed again until it is reported anew.
fn case_of(row: &AnyRow, open: &Opening) -> Result<Case, StoreError> {
    let incident =
        open.column_or_none(&INCIDENT, &row.try_get::<String, _>(0)?, row.try_get(5)?)?;
    let incident =
        police::Incident::decode(incident.as_slice()).map_err(|_| corrupt("routing_cases"))?;
    Ok(Case {
        id: parse(row, 0)?,
        force: parse(row, 1)?,
        revision: number(row, 2)?,
        accepted_at: instant(row, 3)?,
        withdrawn: row.try_get::<i64, _>(4)? != 0,
        incident,
    })
}

fn duty_of(row: &AnyRow) -> Result<Duty, StoreError> {
    let slot: String = row.try_get(3)?;
    let state: String = row.try_get(5)?;
    let rejected: String = row.try_get(9)?;
    let rejected_by: Result<_, _> =
        rejected.split(',').filter(|text| !text.is_empty()).map(str::parse).collect();
    Ok(Duty {
        id: row.try_get(0)?,
        case_id: row.try_get(1)?,
        child_ref: row.try_get(2)?,
        slot: Slot::of_word(&slot).ok_or_else(|| corrupt("routing_duties"))?,
        kind: row.try_get(4)?,
        disclosures: Vec::new(),
        state: DutyState::of_word(&state).ok_or_else(|| corrupt("routing_duties"))?,
        state_at: instant(row, 6)?,
        reason: row.try_get(7)?,
        late: row.try_get::<i64, _>(8)? != 0,
        rejected_by: rejected_by.map_err(|_| corrupt("routing_duties"))?,
        bell: bell(row, 10)?,
        escalated_to: row.try_get(11)?,
        late_cause: row.try_get(12)?,
    })
}

fn disclosure_of(row: &AnyRow) -> Result<(String, Disclosure), StoreError> {
    let disclosure = Disclosure {
        id: row.try_get(0)?,
        recipient: parse(row, 2)?,
        desk: row.try_get(3)?,
        revision: number(row, 4)?,
        digest: row.try_get(5)?,
        copy: row.try_get::<i64, _>(6)? != 0,
        live: row.try_get::<i64, _>(7)? != 0,
    };
    Ok((row.try_get(1)?, disclosure))
}

/// A column that holds the text of a checked value.
pub(super) fn parse<T: std::str::FromStr>(row: &AnyRow, column: usize) -> Result<T, StoreError> {
    let text: String = row.try_get(column)?;
    Ok(text.parse().map_err(|_| corrupt("routing"))?)
}

/// A column that holds milliseconds since the epoch.
pub(super) fn instant(row: &AnyRow, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millisecond(row.try_get(column)?).map_err(|_| corrupt("routing"))?)
}

/// A column that holds milliseconds since the epoch, or 0 for none.
pub(super) fn bell(row: &AnyRow, column: usize) -> Result<Option<Timestamp>, StoreError> {
    if row.try_get::<i64, _>(column)? == 0 { Ok(None) } else { instant(row, column).map(Some) }
}

fn number(row: &AnyRow, column: usize) -> Result<i32, StoreError> {
    Ok(i32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| corrupt("routing"))?)
}

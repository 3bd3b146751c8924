//! The statement of each school morning, for every force and every authority: what came in, and what became of it.
//!
//! It is made here because duties are counted here: what was withheld never reaches education, and what was lost on the
//! way to it could not be missed there. Once made it is signed and never changes; two replicas make one.

pub mod grpc;
mod public;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Span, Timestamp, civil::Date};
use mash_bus::topics;
use mash_chassis::{Clock, RecordKey};
use mash_domain::{
    authority::Authorities,
    bank_holidays::BankHolidays,
    calendar::{Calendar, london},
    identifier::AuthorityCode,
    organisation::{OrganisationId, OrganisationKind},
    statement::{
        Before, Cause, Progress, Row, Seen, Standing, Stray, is_due, is_school_morning, standing,
        statement,
    },
};
use mash_proto::{
    envelope::{Attributes, event_id, holds, unwrap, wrap},
    event::v1::Envelope,
    police::v1::IncidentReported,
    sharing::v1::{SignedRecord, Statement, StatementMade},
};
use mash_store::{Store, StoreError, outbox::OutboxMessage};
use prost::Message as _;

use crate::{
    duty::DutyState,
    store::{
        COMPONENT,
        statements::{self as store, Found, Kept, Stated},
    },
};

/// The name of what is signed.
pub const SCHEMA: &str = "mash.sharing.v1.Statement";
/// The name of public figures that are signed.
pub const PUBLIC_SCHEMA: &str = "mash.sharing.v1.PublicFigures";

/// The consumer group of reports.
const CASES: &str = "routing-cases";
/// How far back changes are looked for. What is open is looked at however old it is.
const WINDOW: SignedDuration = SignedDuration::from_hours(31 * 24);
/// For how long it is kept what was said of what is over: longer than the window, so that nothing arrives twice.
const KEEP: SignedDuration = SignedDuration::from_hours(40 * 24);
/// How far back reports are looked at again for children without a duty.
const REPORTS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Makes statements.
#[derive(Clone)]
pub struct Statements {
    store: Store,
    clock: Arc<dyn Clock>,
    key: Arc<RecordKey>,
    /// Whom this process has looked at on the day, and how many calendars each had then: who comes later, or with one
    /// more, is looked at once more.
    done: Arc<Mutex<Option<(Date, Looked)>>>,
}

type Looked = BTreeMap<OrganisationId, usize>;

/// Everything that the statements of one morning are made of.
struct World {
    now: Timestamp,
    day: Date,
    duties: Vec<Found>,
    stated: Stated,
    strays: BTreeMap<OrganisationId, Vec<(String, Cause)>>,
}

impl Statements {
    /// Over this store, signed with this key.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, key: Arc<RecordKey>) -> Self {
        Self { store, clock, key, done: Arc::default() }
    }

    /// Makes the statements that are due and are not there yet, and tells how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails; what was made is committed, and the next look goes on.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let Some(day) = is_due(now) else { return Ok(0) };
        let (mut owners, looked) = (self.owners(day).await?, self.looked(day));
        if looked.is_empty() {
            public::close(self, day).await?;
        }
        owners.retain(|owner, calendars| looked.get(owner) != Some(&calendars.len()));
        if owners.is_empty() {
            return Ok(0);
        }
        let seen = owners.iter().map(|(owner, calendars)| (owner.clone(), calendars.len()));
        let seen: Looked = looked.into_iter().chain(seen).collect();
        let due = self.due(owners, (now, day)).await?;
        let mut made = 0;
        if !due.is_empty() {
            let world = self.world(now, day).await?;
            for owner in due {
                made += usize::from(self.make(&owner, &world).await?);
            }
        }
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some((day, seen));
        Ok(made)
    }

    fn looked(&self, day: Date) -> Looked {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.as_ref()
            .filter(|(of, _)| *of == day)
            .map(|(_, looked)| looked.clone())
            .unwrap_or_default()
    }

    /// The authorities of this hub with their calendars, and the forces of their areas.
    async fn owners(
        &self,
        day: Date,
    ) -> Result<BTreeMap<OrganisationId, Vec<Option<Calendar>>>, StoreError> {
        let mut read = self.store.read().await?;
        let authorities = store::authorities(&mut read).await?;
        let made = store::made_on(&mut read, day).await?;
        drop(read);
        let mut owners: BTreeMap<OrganisationId, Vec<Option<Calendar>>> = BTreeMap::new();
        for (code, calendar) in authorities {
            for owner in owners_of(&code) {
                owners.entry(owner).or_default().push(calendar.clone());
            }
        }
        owners.retain(|owner, _| !made.contains(owner));
        Ok(owners)
    }

    /// Those for whom it is a school morning.
    async fn due(
        &self,
        owners: BTreeMap<OrganisationId, Vec<Option<Calendar>>>,
        (now, day): (Timestamp, Date),
    ) -> Result<Vec<OrganisationId>, StoreError> {
        let rings = self.rings(now, day).await?;
        let holidays = BankHolidays::builtin();
        let is_morning = |owner: &OrganisationId, calendars: &[Option<Calendar>]| {
            let rings = rings.contains(owner);
            let school = |calendar: &Option<Calendar>| {
                is_school_morning(day, calendar.as_ref(), holidays, rings)
            };
            calendars.iter().any(school)
        };
        let due = owners.into_iter().filter(|(owner, calendars)| is_morning(owner, calendars));
        Ok(due.map(|(owner, _)| owner).collect())
    }

    /// The owners of notices whose bell rings on the day.
    async fn rings(
        &self,
        now: Timestamp,
        day: Date,
    ) -> Result<BTreeSet<OrganisationId>, StoreError> {
        let since = now.checked_sub(WINDOW).unwrap_or(now);
        let duties = store::duties(&mut *self.store.read().await?, since).await?;
        let on_the_day = |found: &&Found| {
            found.bell.is_some_and(|bell| bell.to_zoned(london().clone()).date() == day)
        };
        let both = |found: &Found| [Some(found.force.clone()), found.holder.clone()];
        Ok(duties.iter().filter(on_the_day).flat_map(both).flatten().collect())
    }

    async fn world(&self, now: Timestamp, day: Date) -> Result<World, StoreError> {
        let since = now.checked_sub(WINDOW).unwrap_or(now);
        let mut read = self.store.read().await?;
        let duties = store::duties(&mut read, since).await?;
        let stated = store::stated(&mut read).await?;
        let reports = store::reports(&mut read, now.checked_sub(REPORTS).unwrap_or(now)).await?;
        drop(read);
        let mut strays: BTreeMap<OrganisationId, Vec<(String, Cause)>> = BTreeMap::new();
        let told: BTreeSet<(&str, &str)> =
            duties.iter().map(|found| (found.case_id.as_str(), found.child_ref.as_str())).collect();
        for report in &reports {
            let force = OrganisationId::new(OrganisationKind::PoliceForce, report.force.as_str());
            let Ok(force) = force else { continue };
            for child in &report.children {
                if !told.contains(&(report.case_id.as_str(), child.as_str())) {
                    let id = format!("{}/{child}", report.case_id);
                    strays.entry(force.clone()).or_default().push((id, Cause::NoDuty));
                }
            }
        }
        for (id, payload) in store::dead_letters_of(&self.store, CASES).await? {
            if let Some(force) = force_of(&payload) {
                strays.entry(force).or_default().push((id, Cause::NotTakenIn));
            }
        }
        Ok(World { now, day, duties, stated, strays })
    }

    /// Makes one, unless another process was faster.
    async fn make(&self, owner: &OrganisationId, world: &World) -> Result<bool, StoreError> {
        let mut tx = self.store.begin().await?;
        let day = world.day.to_string();
        let earlier = store::before(tx.conn(), owner, &day, 31).await?;
        let (last, named) = match earlier.first() {
            Some(last) => (Some(last.until), named_in(&last.signed)),
            None => (None, BTreeSet::new()),
        };
        let stated = world.stated.get(owner);
        let rows = rows(owner, world);
        let open: BTreeSet<String> = stated
            .into_iter()
            .flatten()
            .filter(|(_, before)| **before == Before::Open)
            .map(|(id, _)| id.clone())
            .collect();
        let strays = world.strays.get(owner).into_iter().flatten();
        let strays: Vec<Stray> = strays
            .map(|(id, cause)| Stray { id: id.clone(), cause: *cause, known: named.contains(id) })
            .collect();
        let made = statement(owner, &rows, &open, &strays);
        let month = wire::month(&earlier, world.day);
        let times = (last, world.now);
        let record = wire::statement(owner, world.day, times, &made, month);
        let signed = self.signed(SCHEMA, record.encode_to_vec());
        let kept = Kept { day: world.day, until: world.now, signed };
        if !store::put(&mut tx, owner, &kept).await? {
            return Ok(false);
        }
        let said: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.now.end())).collect();
        store::state(&mut tx, owner, &said, world.now).await?;
        store::forget(&mut tx, owner, world.now.checked_sub(KEEP).unwrap_or(world.now)).await?;
        let message = told(owner, &record.name, kept.signed, world.now);
        mash_store::outbox::enqueue(&mut tx, COMPONENT, &[message]).await?;
        tx.commit().await?;
        tell(&record);
        Ok(true)
    }

    fn signed(&self, schema: &str, record: Vec<u8>) -> SignedRecord {
        SignedRecord {
            signature: self.key.sign(schema, &record),
            public_key: self.key.public(),
            schema: schema.to_owned(),
            record,
        }
    }
}

/// An authority, and the force of its area.
fn owners_of(code: &AuthorityCode) -> impl Iterator<Item = OrganisationId> {
    let force = Authorities::builtin().by_code(code).map(|known| known.force.clone());
    let force = force
        .and_then(|force| OrganisationId::new(OrganisationKind::PoliceForce, force.as_str()).ok());
    let authority = OrganisationId::new(OrganisationKind::LocalAuthority, code.as_str()).ok();
    authority.into_iter().chain(force)
}

/// The notices of an owner: all that a force reported, all that is with an authority, and what has left it.
fn rows(owner: &OrganisationId, world: &World) -> Vec<Row> {
    let stated = world.stated.get(owner);
    // A force's statement is of what it reported; what it was handed over is in that of the force that reported it.
    let holds = owner.kind() == OrganisationKind::LocalAuthority;
    let before = |found: &Found| {
        let said = stated.and_then(|said| said.get(&found.duty_id));
        said.copied().unwrap_or(Before::Nothing)
    };
    let of = |found: &Found| -> Option<Row> {
        let before = before(found);
        let (counterpart, now) = if *owner == found.force {
            (found.holder.clone(), stands(found, world.now))
        } else if holds && found.holder.as_ref() == Some(owner) {
            (Some(found.force.clone()), stands(found, world.now))
        } else if before == Before::Nothing {
            return None;
        } else {
            (Some(found.force.clone()), Standing::Moved)
        };
        Some(Row {
            id: found.duty_id.clone(),
            case_id: found.case_id.clone(),
            child: found.child_ref.clone(),
            counterpart,
            before,
            now,
        })
    };
    world.duties.iter().filter_map(of).collect()
}

fn stands(found: &Found, now: Timestamp) -> Standing {
    let progress = match found.state {
        DutyState::Released => Progress::Released,
        DutyState::Delivered => Progress::Delivered,
        DutyState::Opened => Progress::Opened,
        DutyState::Escalated => Progress::Escalated,
        DutyState::Acknowledged => Progress::Acknowledged,
        DutyState::Withheld => Progress::Withheld,
    };
    let seen = Seen {
        progress,
        since: found.state_at,
        bell: found.bell,
        reason: &found.reason,
        late: found.late,
        late_cause: &found.late_cause,
        officer: &found.escalated_to,
        authority: found.holder.as_ref(),
    };
    standing(&seen, now)
}

/// The force whose report this is, if it can be read at all.
fn force_of(payload: &[u8]) -> Option<OrganisationId> {
    let envelope = Envelope::decode(payload).ok().filter(holds::<IncidentReported>)?;
    let report: IncidentReported = unwrap(&envelope).ok()?;
    OrganisationId::new(OrganisationKind::PoliceForce, report.incident?.force_code).ok()
}

/// The ids that a statement named as missing.
fn named_in(signed: &SignedRecord) -> BTreeSet<String> {
    let record = Statement::decode(signed.record.as_slice()).unwrap_or_default();
    record.missing.into_iter().flat_map(|missing| missing.ids).collect()
}

fn told(owner: &OrganisationId, name: &str, signed: SignedRecord, now: Timestamp) -> OutboxMessage {
    let event =
        StatementMade { name: name.to_owned(), owner: Some(owner.into()), signed: Some(signed) };
    let id = event_id(&["statement", name]);
    let attributes =
        Attributes { id, source: "mash/routing", subject: name, time: now, cause: None };
    OutboxMessage {
        topic: topics::STATEMENTS,
        key: owner.to_string(),
        event_id: id.to_string(),
        payload: wrap(&event, &attributes).encode_to_vec(),
        guards: Vec::new(),
        // Numbers and opaque ids.
        scope: None,
    }
}

fn tell(record: &Statement) {
    let total = record.total.unwrap_or_default();
    let name = &record.name;
    if record.balanced {
        tracing::info!(statement.name = name, waiting = total.waiting, "a statement was made");
    } else {
        tracing::error!(
            statement.name = name,
            missing = total.missing,
            "a statement does not balance; `mash statement` tells what is missing"
        );
    }
}

/// One more or fewer days.
fn days(day: Date, by: i32) -> Date {
    day.checked_add(Span::new().days(by)).unwrap_or(day)
}

//! Takes in what routing has released or recalled for schools and authorities.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use mash_bus::{HandleError, Handler, topics};
use mash_domain::{
    calendar::london,
    notice::{Command, Notice, NoticeEvent, NoticeState},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{
    convert::{education::contact_from_wire, time_from_wire},
    disclosure::v1::{Content, Desk, DisclosureRecalled, DisclosureReleased},
    education::v1::Contact,
    envelope,
    event::v1::Envelope,
};
use mash_store::{
    StoreError, Tx,
    outbox::{self, OutboxMessage},
};
use prost::Message as _;

use crate::{
    COMPONENT, Service,
    access::desk_word,
    bell::Bells,
    receipts::receipt,
    record::Record,
    store::{directory, ladder, notes, notices},
    watch::Changed,
};

/// The event cannot be a notice.
const UNUSABLE: &str = "MASH-E025";

/// The consumer of `mash.disclosed.education.v1`.
pub(crate) struct NoticeIntake(pub(crate) Arc<Service>);

#[async_trait]
impl Handler for NoticeIntake {
    fn group(&self) -> &'static str {
        "education"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DISCLOSED_EDUCATION]
    }

    fn owner(&self) -> &'static str {
        "education"
    }

    // What is said of referrals travels on the same topic, and has a reader of its own.
    fn concerns(&self, event: &Envelope) -> bool {
        !envelope::is_of_referral(event)
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let arrivals = events.iter().map(Arrival::read).collect::<Option<Vec<_>>>();
        let Some(arrivals) = arrivals else { return Err(HandleError::Poison { code: UNUSABLE }) };
        let mut batch = Batch::load(tx, &arrivals, self.0.clock.now()).await?;
        for arrival in arrivals {
            if !batch.take(arrival) {
                return Err(HandleError::Poison { code: UNUSABLE });
            }
        }
        Ok(batch.write(tx).await?)
    }

    async fn committed(&self, events: &[Envelope]) {
        if self.0.watch.nobody() {
            return;
        }
        for arrival in events.iter().filter_map(Arrival::read) {
            self.0.watch.tell(Changed {
                id: arrival.id,
                recipient: arrival.recipient.to_string(),
                authority: String::new(),
            });
        }
    }
}

/// An event that was read.
struct Arrival<'a> {
    envelope: &'a Envelope,
    id: String,
    recipient: OrganisationId,
    time: Timestamp,
    what: What,
}

enum What {
    Release { release: Box<DisclosureReleased>, content: Vec<u8>, desk: Desk, revision: u32 },
    Recall { recall: DisclosureRecalled },
}

impl<'a> Arrival<'a> {
    /// Nothing if it cannot be a notice.
    fn read(envelope: &'a Envelope) -> Option<Self> {
        let time = time_from_wire(envelope.time.as_ref()?).ok()?;
        let (id, recipient, what) = if envelope::holds::<DisclosureReleased>(envelope) {
            let mut release: DisclosureReleased = envelope::unwrap(envelope).ok()?;
            let content = std::mem::take(&mut release.content);
            // Content that cannot be shown must not wait until somebody opens it.
            Content::decode(content.as_slice()).ok()?;
            let desk = Desk::try_from(release.desk).ok()?;
            let revision = u32::try_from(release.revision).ok().filter(|revision| *revision > 0)?;
            let (id, recipient) = (release.disclosure_id.clone(), release.recipient.clone()?);
            (id, recipient, What::Release { release: Box::new(release), content, desk, revision })
        } else {
            let recall: DisclosureRecalled = envelope::unwrap(envelope).ok()?;
            let (id, recipient) = (recall.disclosure_id.clone(), recall.recipient.clone()?);
            (id, recipient, What::Recall { recall })
        };
        let recipient = OrganisationId::try_from(recipient).ok()?;
        let at_desk = matches!(&what, What::Release { desk, .. } if *desk != Desk::Unspecified);
        let fits = match (recipient.kind(), &what) {
            (OrganisationKind::School, _) => !at_desk,
            (OrganisationKind::LocalAuthority, What::Release { .. }) => at_desk,
            (OrganisationKind::LocalAuthority, What::Recall { .. }) => true,
            (
                OrganisationKind::PoliceForce
                | OrganisationKind::HealthBoard
                | OrganisationKind::Provider
                | OrganisationKind::Operator,
                _,
            ) => false,
        };
        let known = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && known).then_some(Self { envelope, id, recipient, time, what })
    }
}

/// The notices of one transaction.
struct Batch {
    now: Timestamp,
    bells: Bells,
    /// The first officer of the duty desk of each authority.
    officers: HashMap<String, Option<String>>,
    records: HashMap<String, Record>,
    touched: BTreeSet<String>,
    readers: BTreeMap<String, Vec<String>>,
    receipts: Vec<OutboxMessage>,
}

impl Batch {
    async fn load(
        tx: &mut Tx,
        arrivals: &[Arrival<'_>],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        // In order, so that two transactions that take the same rows take turns.
        let ids: BTreeSet<&str> = arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
        let records = notices::lock(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        let mut schools = BTreeSet::new();
        let mut authorities = BTreeSet::new();
        for arrival in arrivals {
            match (&arrival.what, arrival.recipient.kind()) {
                (What::Release { .. }, OrganisationKind::School) => {
                    schools.insert(arrival.recipient.code().to_owned())
                }
                (What::Release { .. }, _) => {
                    authorities.insert(arrival.recipient.code().to_owned())
                }
                (What::Recall { .. }, _) => false,
            };
        }
        let bells = Bells::load(tx, &schools.into_iter().collect::<Vec<_>>()).await?;
        let today = now.to_zoned(london().clone()).date();
        let mut officers = HashMap::with_capacity(authorities.len());
        for authority in authorities {
            let officer = duty_officer(tx, &authority, today).await?;
            officers.insert(authority, officer);
        }
        Ok(Self {
            now,
            bells,
            officers,
            records,
            touched: BTreeSet::new(),
            readers: BTreeMap::new(),
            receipts: Vec::new(),
        })
    }

    /// False if the event contradicts what is there.
    fn take(&mut self, arrival: Arrival<'_>) -> bool {
        let known = self.records.get(&arrival.id);
        if known.is_some_and(|record| record.recipient != arrival.recipient) {
            return false;
        }
        match arrival.what {
            What::Release { .. } => self.release(arrival),
            What::Recall { .. } => self.recall(arrival),
        }
        true
    }

    fn release(&mut self, arrival: Arrival<'_>) {
        let Arrival { envelope, id, recipient, time, what } = arrival;
        let What::Release { release, content, desk, revision } = what else { return };
        let addressees = release.addressees.clone();
        let diversion = release.diversion_code.clone();
        let fresh = self.arrived(envelope, &id, recipient, desk, revision, (release, content));
        let Some(mut record) = self.records.remove(&id) else {
            self.tell(&fresh, &[NoticeEvent::Delivered]);
            self.keep(fresh, addressees, &diversion);
            return;
        };
        // Recalled before it arrived, as when a dead letter is sent round again: it stays recalled.
        let overtaken =
            record.notice.revision == 0 && record.recalled.is_some_and(|recalled| time <= recalled);
        let outcome = record.notice.apply(Command::Revise { revision }, self.now);
        match outcome {
            Ok((notice, events)) if !overtaken && !events.is_empty() => {
                if events.contains(&NoticeEvent::Delivered) {
                    record = fresh;
                } else {
                    record = Record {
                        notice,
                        content: fresh.content,
                        released: fresh.released,
                        desk,
                        ..record
                    };
                }
                self.tell(&record, &events);
                self.keep(record, addressees, &diversion);
            }
            // Rejected, older than what is there, or recalled: nothing of it may be shown.
            Ok(_) | Err(_) => _ = self.records.insert(id, record),
        }
    }

    fn arrived(
        &self,
        envelope: &Envelope,
        id: &str,
        recipient: OrganisationId,
        desk: Desk,
        revision: u32,
        (release, content): (Box<DisclosureReleased>, Vec<u8>),
    ) -> Record {
        let accepted = release.accept_time.as_ref().and_then(|time| time_from_wire(time).ok());
        let accepted = accepted.unwrap_or(self.now).min(self.now);
        // A desk has no bell: the duty desk's officer has it at once, home education's has a day.
        let bell = (recipient.kind() == OrganisationKind::School)
            .then(|| self.bells.after(recipient.code(), accepted));
        Record {
            id: id.to_owned(),
            recipient,
            desk,
            escalated_authority: None,
            notice: Notice::delivered(revision, bell.map(|bell| bell.at)),
            uncertain: bell.is_some_and(|bell| bell.uncertain),
            accepted,
            received: self.now,
            recalled: None,
            released: Envelope { data: release.encode_to_vec(), ..envelope.clone() },
            content,
        }
    }

    /// Keeps a notice that is new or changed. What a duty desk gets because no school can, a named officer has at once.
    fn keep(&mut self, mut record: Record, addressees: Vec<String>, diversion: &str) {
        if record.desk == Desk::EducationDuty && record.notice.state == NoticeState::Delivered {
            let to = self.officers.get(record.recipient.code()).cloned().flatten();
            let reason = if to.is_none() { NO_OFFICER } else { diversion_reason(diversion) };
            if let Ok((notice, events)) =
                record.notice.apply(Command::Escalate { to, reason }, self.now)
            {
                record.notice = notice;
                self.tell(&record, &events);
            }
        }
        self.readers.insert(record.id.clone(), addressees);
        self.touched.insert(record.id.clone());
        self.records.insert(record.id.clone(), record);
    }

    fn recall(&mut self, arrival: Arrival<'_>) {
        let Arrival { envelope, id, recipient, what, .. } = arrival;
        let What::Recall { recall } = what else { return };
        let at = recall
            .recall_time
            .as_ref()
            .and_then(|time| time_from_wire(time).ok())
            .unwrap_or(self.now);
        let mut record = self.records.remove(&id).unwrap_or_else(|| {
            // Not here yet: a place is kept, so that it cannot be shown when it comes after all.
            let release = DisclosureReleased {
                duty_id: recall.duty_id.clone(),
                case_id: recall.case_id.clone(),
                ..DisclosureReleased::default()
            };
            let release = Box::new(release);
            let desk = Desk::Unspecified;
            self.arrived(envelope, &id, recipient, desk, 0, (release, Vec::new()))
        });
        if let Ok((notice, events)) =
            record.notice.apply(Command::Recall { reason: recall.reason_code }, self.now)
        {
            record.notice = notice;
            if !events.is_empty() {
                record.recalled = Some(at);
                record.wipe();
                self.touched.insert(id.clone());
                self.tell(&record, &events);
            }
        }
        self.records.insert(id, record);
    }

    fn tell(&mut self, record: &Record, events: &[NoticeEvent]) {
        self.receipts
            .extend(events.iter().filter_map(|event| receipt(record, event, self.now, "")));
    }

    async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        let changed: Vec<&Record> =
            self.touched.iter().filter_map(|id| self.records.get(id)).collect();
        notices::put(tx, &changed).await?;
        let wiped = changed.iter().filter(|record| record.notice.state.is_wiped());
        notes::wipe(tx, &wiped.map(|record| record.id.as_str()).collect::<Vec<_>>()).await?;
        let readers: Vec<(&str, Vec<String>)> =
            self.readers.iter().map(|(id, readers)| (id.as_str(), readers.clone())).collect();
        notices::put_readers(tx, &readers).await?;
        // Whatever waits climbs from now on: where time is short, within seconds.
        let waiting = changed.iter().filter(|record| record.notice.state.is_waiting());
        let waiting: Vec<&str> = waiting.map(|record| record.id.as_str()).collect();
        ladder::look_at(tx, &waiting, self.now).await?;
        outbox::enqueue(tx, COMPONENT, &self.receipts).await
    }
}

/// Why it went up although nobody is there to take it.
pub(crate) const NO_OFFICER: &str = "no-officer";

/// The first officer of the duty desk of an authority who is not away; if all are, the first.
pub(crate) async fn duty_officer(
    tx: &mut Tx,
    authority: &str,
    today: Date,
) -> Result<Option<String>, StoreError> {
    Ok(on_duty(&directory::desks(tx, authority).await?, today))
}

/// The first officer of the education duty desk who is not away, or the first if all are.
pub(crate) fn on_duty(
    desks: &BTreeMap<String, (i64, Vec<Contact>)>,
    today: Date,
) -> Option<String> {
    let officers = desks.get(desk_word(Desk::EducationDuty)).map(|(_, officers)| officers)?;
    let is_there = |officer: &&Contact| {
        contact_from_wire((*officer).clone(), "").is_ok_and(|contact| !contact.is_absent(today))
    };
    let officer = officers.iter().find(is_there).or_else(|| officers.first());
    officer.map(|officer| officer.id.clone())
}

// The codes of the contract; one that is not among them is told as what it is, a diversion.
fn diversion_reason(code: &str) -> &'static str {
    ["no-contact", "conflict", "conflict-unknown", "school-unknown", "closed"]
        .into_iter()
        .find(|known| *known == code)
        .unwrap_or("diverted")
}

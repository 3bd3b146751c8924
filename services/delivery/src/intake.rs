//! Fills the mailboxes from everything that routing discloses.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{HandleError, Handler, topics};
use mash_domain::organisation::OrganisationKind;
use mash_proto::{envelope::event_id, event::v1::Envelope};
use mash_store::{StoreError, Tx};
use prost::Message as _;

use crate::{
    app::App,
    store::{
        items::{self, Ending, NewItem},
        mailboxes::{self, Held},
        releases::{self, ReleaseRow},
    },
};

mod arrival;

use arrival::{Arrival, What};

/// The event belongs into no mailbox.
const UNUSABLE: HandleError = HandleError::Poison { code: crate::error::UNUSABLE };

/// The consumer of everything that is disclosed.
pub(crate) struct Disclosures(pub(crate) Arc<App>);

#[async_trait]
impl Handler for Disclosures {
    fn group(&self) -> &'static str {
        "delivery"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[
            topics::DISCLOSED_POLICE,
            topics::DISCLOSED_EDUCATION,
            topics::DISCLOSED_SOCIAL_CARE,
            topics::DISCLOSED_HEALTH,
            topics::DISCLOSED_PROVIDER,
        ]
    }

    fn owner(&self) -> &'static str {
        "delivery"
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let arrivals = events.iter().map(Arrival::read).collect::<Option<Vec<_>>>();
        let arrivals = arrivals.ok_or(UNUSABLE)?;
        let now = self.0.clock.now();
        let mut batch = Batch::load(tx, &arrivals, now).await?;
        for arrival in arrivals {
            batch.take(tx, arrival).await?;
        }
        Ok(batch.write(tx).await?)
    }

    async fn committed(&self, events: &[Envelope]) {
        if self.0.bells.nobody() {
            return;
        }
        let recipients: BTreeSet<String> = events
            .iter()
            .filter_map(|event| Some(Arrival::read(event)?.recipient.to_string()))
            .collect();
        recipients.iter().for_each(|recipient| self.0.bells.ring(recipient));
    }
}

/// What one transaction changes.
struct Batch {
    now: Timestamp,
    mailboxes: HashMap<String, Held>,
    releases: HashMap<String, ReleaseRow>,
    touched: BTreeSet<String>,
    /// Releases of which something may wait in the store, and why it waits no longer.
    ended: BTreeMap<String, Ending>,
    arrived: Vec<NewItem>,
}

impl Batch {
    async fn load(
        tx: &mut Tx,
        arrivals: &[Arrival<'_>],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for arrival in arrivals {
            *counts.entry(arrival.recipient.to_string()).or_default() += 1;
        }
        let mailboxes = mailboxes::draw(tx, now, &counts).await?;
        let ids: BTreeSet<&str> =
            arrivals.iter().map(|arrival| arrival.release_id.as_str()).collect();
        let releases = releases::load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self {
            now,
            mailboxes,
            releases,
            touched: BTreeSet::new(),
            ended: BTreeMap::new(),
            arrived: Vec::new(),
        })
    }

    async fn take(&mut self, tx: &mut Tx, arrival: Arrival<'_>) -> Result<(), HandleError> {
        let recipient = arrival.recipient.to_string();
        let known = self.releases.get(&arrival.release_id);
        if known.is_some_and(|known| known.organisation != recipient) {
            return Err(UNUSABLE); // A release has one recipient for ever.
        }
        match &arrival.what {
            What::Release { revision, .. } => self.release(&arrival, &recipient, *revision),
            What::End => self.recall(tx, &arrival, &recipient).await?,
        }
        Ok(())
    }

    /// A newer revision takes the place of what waits; what is older than a recall stays recalled, however late it comes.
    fn release(&mut self, arrival: &Arrival<'_>, recipient: &str, revision: u32) {
        let What::Release { readers, hidden, acknowledge_by, .. } = &arrival.what else { return };
        let mut row = self.row(&arrival.release_id, recipient);
        let overtaken = row
            .recalled
            .is_some_and(|recalled| arrival.time.as_millisecond() <= recalled.as_millisecond());
        if revision <= row.revision || overtaken {
            return;
        }
        self.end(&arrival.release_id, Ending::Replaced);
        row.revision = revision;
        row.recalled = None;
        if !hidden {
            let settled = acknowledge_by.is_none() || row.settled_revision >= revision;
            let readers = readers.clone();
            row.last_item =
                self.arrive(arrival, recipient, (readers, revision), (*acknowledge_by, settled));
        }
        self.keep(row);
    }

    /// Takes the content of what waits away, and tells whoever may have had it.
    async fn recall(
        &mut self,
        tx: &mut Tx,
        arrival: &Arrival<'_>,
        recipient: &str,
    ) -> Result<(), StoreError> {
        let mut row = self.row(&arrival.release_id, recipient);
        self.end(&arrival.release_id, Ending::Recalled);
        row.recalled = Some(arrival.time);
        let here = self.arrived.iter().find(|item| item.id == row.last_item);
        let readers = match here {
            Some(item) => item.readers.clone(),
            None if row.last_item.is_empty() => Vec::new(),
            None => items::readers(tx, &row.last_item).await?,
        };
        // At a school, what is not known here may be something that nobody but its addressees may learn of.
        let told = !row.last_item.is_empty()
            || (row.revision == 0 && arrival.recipient.kind() != OrganisationKind::School);
        if told {
            let revision = row.revision;
            row.last_item = self.arrive(arrival, recipient, (readers, revision), (None, true));
        }
        self.keep(row);
        Ok(())
    }

    /// Puts an item into the mailbox, and returns its id.
    fn arrive(
        &mut self,
        arrival: &Arrival<'_>,
        recipient: &str,
        (readers, revision): (Vec<String>, u32),
        (acknowledge_by, settled): (Option<Timestamp>, bool),
    ) -> String {
        // The event's own id may be of any form; this one is a UUID for certain.
        let id = event_id(&["delivery", "item", &arrival.envelope.id]).to_string();
        let mut seq = 0;
        if let Some(held) = self.mailboxes.get_mut(recipient) {
            seq = held.first;
            held.first += 1;
        }
        let cause = Envelope { data: Vec::new(), ..arrival.envelope.clone() };
        self.arrived.push(NewItem {
            id: id.clone(),
            organisation: recipient.to_owned(),
            seq,
            kind: arrival.kind,
            release_id: arrival.release_id.clone(),
            item_id: arrival.item_id.clone(),
            case_id: arrival.case_id.clone(),
            revision,
            readers,
            acknowledge_by,
            settled,
            ended: None,
            cause: cause.encode_to_vec(),
            payload: arrival.envelope.data.clone(),
        });
        id
    }

    fn row(&self, release_id: &str, recipient: &str) -> ReleaseRow {
        let known = self.releases.get(release_id).cloned();
        known.unwrap_or_else(|| ReleaseRow::new(release_id, recipient))
    }

    fn keep(&mut self, row: ReleaseRow) {
        self.touched.insert(row.release_id.clone());
        self.releases.insert(row.release_id.clone(), row);
    }

    /// Ends what waits of a release, in the store and in this batch.
    fn end(&mut self, release_id: &str, why: Ending) {
        if self.releases.get(release_id).is_some_and(|row| !row.last_item.is_empty()) {
            self.ended.entry(release_id.to_owned()).or_insert(why);
        }
        for item in &mut self.arrived {
            if item.release_id == release_id && item.ended.is_none() {
                item.ended = Some(why);
                item.settled = true;
            }
        }
    }

    async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        for why in [Ending::Replaced, Ending::Recalled] {
            let of: Vec<&str> = self
                .ended
                .iter()
                .filter(|(_, ending)| **ending == why)
                .map(|(id, _)| id.as_str())
                .collect();
            items::end(tx, &of, why, self.now).await?;
        }
        items::insert(tx, &self.arrived, self.now).await?;
        let rows: Vec<&ReleaseRow> =
            self.touched.iter().filter_map(|id| self.releases.get(id)).collect();
        releases::save(tx, &rows, self.now).await
    }
}

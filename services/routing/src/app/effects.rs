//! What taking in an event leads to, besides changes of the world: decisions to record and events to publish.
//!
//! What goes to a recipient carries nothing of the event that caused it: its id would tell how often the report was
//! revised, and with it that something changed that the recipient may not know.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_policy::RecipientFacts;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1 as disclosure,
    envelope::{Attributes, event_id, wrap},
    event::v1::Envelope,
    referral::v1 as referral,
    sharing::v1 as sharing,
};
use mash_store::{keys::Scope, outbox::OutboxMessage};
use prost::{Message, Name};

use super::kept_back::Resting;
use crate::route::Desk;

/// The name under which routing publishes.
pub const SOURCE: &str = "mash/routing";

/// How the topics of recipients begin.
const DISCLOSED: &str = "mash.disclosed.";

/// Decisions and events, in the order in which they arose.
#[derive(Default)]
pub struct Effects {
    /// To be recorded before anything is published.
    pub decisions: Vec<sharing::Decision>,
    /// To be published, decisions first.
    pub messages: Vec<OutboxMessage>,
    /// What decisions rested on, by their names. Kept, and never published.
    pub facts: BTreeMap<String, RecipientFacts>,
    /// Releases under a duty that rest on an agreement.
    pub resting: Vec<Resting>,
    /// Releases of items that rest on guards.
    pub resting_items: Vec<RestingItem>,
    recalls: BTreeSet<String>,
    /// Notices under a duty, referrals, and their recalls: they do not wait for a ledger that is out of reach.
    urgent: BTreeSet<String>,
    /// The recalls of items, each with the events that it recalls.
    recalled_items: BTreeMap<String, BTreeSet<String>>,
}

/// A release of an item that rests on guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestingItem {
    /// The event that carries it.
    pub event_id: String,
    /// The release.
    pub release_id: String,
    /// The case.
    pub case_id: String,
}

/// The event being taken in, and when.
#[derive(Clone, Copy)]
pub struct Cause<'a> {
    /// The event.
    pub event: &'a Envelope,
    /// Now.
    pub now: Timestamp,
}

impl Effects {
    /// Records a decision and publishes that it was recorded.
    pub fn decide(&mut self, decision: sharing::Decision, cause: Cause<'_>) {
        let event = sharing::DecisionRecorded { decision: Some(decision.clone()) };
        let id = event_id(&["decided", &decision.name]);
        let (topic, key) = (mash_bus::topics::DECISIONS, decision.case_id.clone());
        self.publish(topic, key, id, &decision.case_id, &event, cause);
        self.decisions.push(decision);
    }

    /// Publishes a disclosure to its recipient.
    pub fn release(
        &mut self,
        released: &disclosure::DisclosureReleased,
        to: &OrganisationId,
        cause: Cause<'_>,
    ) {
        let id = released_id(&released.disclosure_id, released.revision);
        let topic = topic_for(to, released.desk());
        let event = &without_history(cause.event, &released.case_id);
        let cause = Cause { event, ..cause };
        self.urgent.insert(id.to_string());
        self.publish(topic, to.to_string(), id, &released.case_id, released, cause);
    }

    /// Whether a message does not wait for a ledger that is out of reach. What rests on a guard does: a consent, or an
    /// agreement, is a reason to share and no duty to.
    #[must_use]
    pub fn is_urgent(&self, message: &OutboxMessage) -> bool {
        message.guards.is_empty() && self.urgent.contains(&message.event_id)
    }

    /// As [`Effects::release`], as long as all of these guards are open. Returns the id of the event.
    pub fn release_resting_on(
        &mut self,
        guards: Vec<String>,
        released: &disclosure::DisclosureReleased,
        to: &OrganisationId,
        cause: Cause<'_>,
    ) -> String {
        self.release(released, to, cause);
        let message = self.messages.last_mut();
        message.map_or_else(String::new, |message| {
            message.guards = guards;
            message.event_id.clone()
        })
    }

    /// Tells a recipient that what a disclosure rested on has ended.
    pub fn stop(
        &mut self,
        stopped: &disclosure::ConsentStopped,
        to: &OrganisationId,
        revision: i32,
        cause: Cause<'_>,
    ) {
        let id = event_id(&["stopped", &stopped.disclosure_id, &revision.to_string()]);
        let topic = topic_for(to, disclosure::Desk::Unspecified);
        let event = &without_history(cause.event, &stopped.case_id);
        let cause = Cause { event, ..cause };
        self.publish(topic, to.to_string(), id, &stopped.case_id, stopped, cause);
    }

    /// Publishes the recall of a disclosure.
    pub fn recall(&mut self, recall: &Recall<'_>, cause: Cause<'_>) {
        let disclosure = recall.disclosure;
        let event = disclosure::DisclosureRecalled {
            disclosure_id: disclosure.id.clone(),
            duty_id: recall.duty_id.to_owned(),
            case_id: recall.case_id.to_owned(),
            recipient: Some((&disclosure.recipient).into()),
            reason_code: recall.reason.to_owned(),
            recall_time: Some(time_to_wire(cause.now)),
        };
        let revision = disclosure.revision.to_string();
        let id = event_id(&["recalled", &disclosure.id, &revision]);
        self.recalls.insert(id.to_string());
        self.urgent.insert(id.to_string());
        let topic = topic_for(&disclosure.recipient, desk_of_word(&disclosure.desk));
        let cause_of_recall = &without_history(cause.event, recall.case_id);
        let cause = Cause { event: cause_of_recall, ..cause };
        self.publish(topic, disclosure.recipient.to_string(), id, recall.case_id, &event, cause);
    }

    /// Publishes an item to its recipient, as long as all of these guards are open. Returns the id of the event.
    pub fn release_item(
        &mut self,
        released: &referral::ItemReleased,
        guards: Vec<String>,
        cause: Cause<'_>,
    ) -> String {
        let to = released.recipient.clone().and_then(|wire| OrganisationId::try_from(wire).ok());
        let Some(to) = to else { return String::new() };
        let id = event_id(&["item-released", &released.release_id, &released.revision.to_string()]);
        let event = &without_history(cause.event, &released.case_id);
        let cause = Cause { event, ..cause };
        if released.kind() == referral::ItemKind::Referral {
            self.urgent.insert(id.to_string());
        }
        self.publish(topic_of_items(&to), to.to_string(), id, &released.case_id, released, cause);
        if let Some(message) = self.messages.last_mut() {
            message.guards = guards;
        }
        id.to_string()
    }

    /// Publishes the recall of a revision of an item, and so of everything that was sent of it.
    pub fn recall_item(
        &mut self,
        recalled: &referral::ItemRecalled,
        (revision, sent): (i32, &BTreeSet<String>),
        cause: Cause<'_>,
    ) {
        let from = recalled.recipient.clone().and_then(|wire| OrganisationId::try_from(wire).ok());
        let Some(from) = from else { return };
        let id = event_id(&["item-recalled", &recalled.release_id, &revision.to_string()]);
        self.recalls.insert(id.to_string());
        self.recalled_items.insert(id.to_string(), sent.clone());
        let event = &without_history(cause.event, &recalled.case_id);
        let cause = Cause { event, ..cause };
        let topic = topic_of_items(&from);
        self.publish(topic, from.to_string(), id, &recalled.case_id, recalled, cause);
    }

    /// How many recipients of items are told that they may not keep what they have.
    #[must_use]
    pub fn recalls_of_items(&self) -> i32 {
        i32::try_from(self.recalled_items.len()).unwrap_or(i32::MAX)
    }

    /// Takes out what rests on guards that are closed by now, and returns the ids of the events.
    pub fn drop_resting_on(&mut self, closed: &BTreeSet<String>) -> Vec<String> {
        let bars = |message: &OutboxMessage| message.guards.iter().any(|it| closed.contains(it));
        let barred = self.messages.extract_if(.., |message| bars(message));
        let dropped: Vec<String> = barred.map(|message| message.event_id).collect();
        self.resting_items.retain(|it| !dropped.contains(&it.event_id));
        dropped
    }

    /// Takes out the recalls of items of which nothing was sent but these events, which never left.
    pub fn recall_nothing_of(&mut self, kept_back: &BTreeSet<String>) {
        let needless = |message: &OutboxMessage| {
            let sent = self.recalled_items.get(&message.event_id);
            sent.is_some_and(|sent| sent.is_subset(kept_back))
        };
        self.messages.retain(|message| !needless(message));
    }

    /// Hands on what another one has gathered.
    pub fn append(&mut self, other: Self) {
        let Self {
            decisions,
            messages,
            facts,
            resting,
            resting_items,
            recalls,
            urgent,
            recalled_items,
        } = other;
        self.decisions.extend(decisions);
        self.messages.extend(messages);
        self.facts.extend(facts);
        self.resting.extend(resting);
        self.resting_items.extend(resting_items);
        self.recalls.extend(recalls);
        self.urgent.extend(urgent);
        self.recalled_items.extend(recalled_items);
    }

    /// Puts what goes to recipients after the decisions, recalls first, in an order that does not depend on the order
    /// of children in a report: that would tell of children of whom the recipient does not know.
    pub fn in_order_of_recipients(&mut self) {
        let recalls = &self.recalls;
        self.messages.sort_by_cached_key(|sent| {
            let disclosed = sent.topic.starts_with(DISCLOSED);
            disclosed.then(|| {
                let release = !recalls.contains(&sent.event_id);
                (release, sent.topic, sent.key.clone(), sent.event_id.clone())
            })
        });
    }

    fn publish<M: Message + Name>(
        &mut self,
        topic: &'static str,
        key: String,
        id: uuid::Uuid,
        subject: &str,
        event: &M,
        cause: Cause<'_>,
    ) {
        let attributes =
            Attributes { id, source: SOURCE, subject, time: cause.now, cause: Some(cause.event) };
        let payload = wrap(event, &attributes).encode_to_vec();
        self.messages.push(OutboxMessage {
            topic,
            key,
            event_id: id.to_string(),
            payload,
            guards: Vec::new(),
            scope: Some(Scope::payload(subject)),
        });
    }
}

/// What of its cause an event to a recipient may carry: a name for the case, and the trace of the call.
fn without_history(event: &Envelope, case_id: &str) -> Envelope {
    Envelope {
        correlation_id: case_id.to_owned(),
        traceparent: event.traceparent.clone(),
        ..Envelope::default()
    }
}

/// The id of the event that carries a revision of a disclosure: no more than the recipient knows.
#[must_use]
pub fn released_id(disclosure_id: &str, revision: i32) -> uuid::Uuid {
    event_id(&["released", disclosure_id, &revision.to_string()])
}

/// A disclosure to be recalled.
#[derive(Clone, Copy)]
pub struct Recall<'a> {
    /// Which.
    pub disclosure: &'a crate::duty::Disclosure,
    /// Its duty.
    pub duty_id: &'a str,
    /// Its case.
    pub case_id: &'a str,
    /// A coded reason.
    pub reason: &'a str,
}

/// Where a recipient listens.
fn topic_for(recipient: &OrganisationId, desk: disclosure::Desk) -> &'static str {
    use mash_bus::topics;
    match (recipient.kind(), desk) {
        (OrganisationKind::PoliceForce, _) => topics::DISCLOSED_POLICE,
        (OrganisationKind::HealthBoard, _) => topics::DISCLOSED_HEALTH,
        (OrganisationKind::Provider, _) => topics::DISCLOSED_PROVIDER,
        (OrganisationKind::LocalAuthority, disclosure::Desk::Mash) => topics::DISCLOSED_SOCIAL_CARE,
        (
            OrganisationKind::School
            | OrganisationKind::LocalAuthority
            | OrganisationKind::Operator,
            _,
        ) => topics::DISCLOSED_EDUCATION,
    }
}

/// Where a recipient listens for items. What nobody else answers for is looked after with social care's work.
const fn topic_of_items(recipient: &OrganisationId) -> &'static str {
    use mash_bus::topics;
    match recipient.kind() {
        OrganisationKind::PoliceForce => topics::DISCLOSED_POLICE,
        OrganisationKind::HealthBoard => topics::DISCLOSED_HEALTH,
        OrganisationKind::Provider => topics::DISCLOSED_PROVIDER,
        OrganisationKind::School => topics::DISCLOSED_EDUCATION,
        OrganisationKind::LocalAuthority | OrganisationKind::Operator => {
            topics::DISCLOSED_SOCIAL_CARE
        }
    }
}

/// The desk on the wire.
#[must_use]
pub const fn desk_to_wire(desk: Option<Desk>) -> disclosure::Desk {
    match desk {
        None => disclosure::Desk::Unspecified,
        Some(Desk::EducationDuty) => disclosure::Desk::EducationDuty,
        Some(Desk::HomeEducation) => disclosure::Desk::HomeEducation,
        Some(Desk::Mash) => disclosure::Desk::Mash,
    }
}

/// The word of a desk in ids and in the store.
#[must_use]
pub const fn desk_word(desk: Option<Desk>) -> &'static str {
    match desk {
        None => "",
        Some(Desk::EducationDuty) => "education-duty",
        Some(Desk::HomeEducation) => "home-education",
        Some(Desk::Mash) => "mash",
    }
}

fn desk_of_word(word: &str) -> disclosure::Desk {
    let desks = [Desk::EducationDuty, Desk::HomeEducation, Desk::Mash];
    desk_to_wire(desks.into_iter().find(|desk| desk_word(Some(*desk)) == word))
}

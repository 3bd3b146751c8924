//! Who stands beside the log and writes down what leaves routing and what education answers, and nothing that a service
//! says of itself anywhere else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use jiff::Timestamp;
use mash_bus::{BusMessage, topics};
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::{Content, DisclosureReleased, ReceiptKind, ReceiptRecorded},
    envelope::{holds, unwrap},
    event::v1::Envelope,
};
use prost::Message as _;

use super::trace::Identity;
use crate::watch::Watch;

/// A notice: what was released, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// The id of its disclosure.
    pub id: String,
    /// The id of its duty, the same over re-routing.
    pub duty: String,
    /// `school/6722301` or `authority/672`.
    pub recipient: String,
    /// The number of the desk; 0 for a school.
    pub desk: i32,
    /// Who may see it, in order.
    pub addressees: Vec<String>,
    /// Who the child is.
    pub child: Option<Identity>,
    /// When the report was accepted.
    pub accepted: Timestamp,
    /// When it was first released.
    pub released: Timestamp,
    /// When education had it.
    pub delivered: Option<Timestamp>,
    /// The bell, as education last told it.
    pub bell: Option<Timestamp>,
    /// Every bell that was told, and when.
    pub bells: Vec<(Timestamp, Timestamp)>,
    /// When a person acknowledged it first.
    pub acknowledged: Option<Timestamp>,
    /// When it went up to a desk, and to which officer.
    pub escalated: Option<(Timestamp, String)>,
    /// When a school said that the child is not on its roll.
    pub rejected: Option<Timestamp>,
    /// Why it was late, as education says at the end; empty if it was not.
    pub late_code: String,
}

impl Notice {
    /// When a person had it: somebody at the school answered it, or a named officer has a task.
    #[must_use]
    pub fn with_a_person(&self) -> Option<Timestamp> {
        let officer = self.escalated.as_ref().filter(|(_, to)| !to.is_empty()).map(|(at, _)| *at);
        [self.acknowledged, self.rejected, officer].into_iter().flatten().min()
    }
}

/// What was written down.
#[derive(Clone, Default)]
pub struct Written {
    /// By the id of the disclosure.
    pub notices: BTreeMap<String, Notice>,
    /// Those that no person has yet.
    waiting: BTreeSet<String>,
    /// What happened since somebody looked.
    fresh: Vec<Happened>,
    /// What could not be read, which nothing ever may.
    pub unreadable: u64,
}

/// Something that somebody will react to.
#[derive(Clone, Debug)]
pub enum Happened {
    /// Education has a notice for a school, with this bell.
    Delivered(String),
    /// It went up to a desk.
    Escalated(String),
    /// It came to a desk.
    AtDesk(String),
}

/// Writes it down.
#[derive(Default)]
pub struct Ledger(Mutex<Written>);

impl Ledger {
    fn with<T>(&self, act: impl FnOnce(&mut Written) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What happened since the last time.
    pub fn fresh(&self) -> Vec<Happened> {
        self.with(|written| std::mem::take(&mut written.fresh))
    }

    /// One notice.
    #[must_use]
    pub fn notice(&self, id: &str) -> Option<Notice> {
        self.with(|written| written.notices.get(id).cloned())
    }

    /// Everything.
    #[must_use]
    pub fn written(&self) -> Written {
        self.with(|written| written.clone())
    }

    /// The earliest bell of what no person has yet.
    #[must_use]
    pub fn next_bell(&self) -> Option<Timestamp> {
        self.with(|written| {
            let waiting = written.waiting.iter().filter_map(|id| written.notices.get(id));
            waiting.filter_map(|it| it.bell).min()
        })
    }
}

impl Written {
    fn read(&mut self, message: &BusMessage) -> Option<()> {
        let envelope = Envelope::decode(message.payload.clone()).ok()?;
        if message.topic == topics::DISCLOSED_EDUCATION && holds::<DisclosureReleased>(&envelope) {
            let at = time_from_wire(envelope.time.as_ref()?).ok()?;
            return self.released(unwrap(&envelope).ok()?, at);
        }
        if message.topic == topics::RECEIPTS && holds::<ReceiptRecorded>(&envelope) {
            return self.receipt(&unwrap(&envelope).ok()?);
        }
        Some(())
    }

    fn released(&mut self, release: DisclosureReleased, at: Timestamp) -> Option<()> {
        let recipient: mash_domain::organisation::OrganisationId =
            release.recipient.clone()?.try_into().ok()?;
        let child = Content::decode(release.content.as_slice()).ok()?.child.map(|child| {
            let born = child.date_of_birth.unwrap_or_default();
            Identity {
                given: child.given_names,
                family: child.family_name,
                born: (born.year, born.month, born.day),
            }
        });
        let accepted = time_from_wire(release.accept_time.as_ref()?).ok()?;
        let notice = self.notices.entry(release.disclosure_id.clone()).or_default();
        if notice.id.is_empty() {
            notice.released = at;
        }
        notice.id = release.disclosure_id;
        notice.duty = release.duty_id;
        notice.recipient = recipient.to_string();
        notice.desk = release.desk;
        notice.addressees = release.addressees;
        notice.child = child;
        notice.accepted = accepted;
        if notice.with_a_person().is_none() {
            self.waiting.insert(notice.id.clone());
        }
        Some(())
    }

    fn receipt(&mut self, receipt: &ReceiptRecorded) -> Option<()> {
        let at = time_from_wire(receipt.receipt_time.as_ref()?).ok()?;
        // Receipts of referrals are not of these.
        let Some(notice) = self.notices.get_mut(&receipt.disclosure_id) else { return Some(()) };
        if let Some(bell) = receipt.deliver_by_time.as_ref() {
            let bell = time_from_wire(bell).ok()?;
            notice.bell = Some(bell);
            notice.bells.push((at, bell));
        }
        let id = notice.id.clone();
        match receipt.kind() {
            ReceiptKind::Delivered if notice.delivered.is_none() => {
                notice.delivered = Some(at);
                let at_desk = notice.desk != 0;
                self.fresh.push(if at_desk {
                    Happened::AtDesk(id)
                } else {
                    Happened::Delivered(id)
                });
            }
            ReceiptKind::Acknowledged => _ = notice.acknowledged.get_or_insert(at),
            ReceiptKind::Rejected => _ = notice.rejected.get_or_insert(at),
            ReceiptKind::Escalated if notice.escalated.is_none() => {
                notice.escalated = Some((at, receipt.practitioner.clone()));
                self.fresh.push(Happened::Escalated(id));
            }
            ReceiptKind::Delivered
            | ReceiptKind::Escalated
            | ReceiptKind::Unspecified
            | ReceiptKind::Opened
            | ReceiptKind::Deleted
            | ReceiptKind::Undelivered => (),
        }
        if notice.with_a_person().is_some() {
            self.waiting.remove(&notice.id);
        }
        Some(())
    }
}

#[async_trait]
impl Watch for Ledger {
    async fn about_to_be_published(&self, batch: &[BusMessage]) {
        self.with(|written| {
            for message in batch {
                if written.read(message).is_none() {
                    written.unreadable += 1;
                }
            }
        });
    }
}

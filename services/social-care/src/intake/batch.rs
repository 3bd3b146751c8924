//! Everything that the events of one transaction touch, loaded with a handful of statements.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use mash_bus::HandleError;
use mash_proto::{
    disclosure::v1::ReceiptKind,
    referral::v1::{ItemKind, ItemReceiptRecorded},
};
use mash_store::{StoreError, Tx};

use super::{
    arrival::{Arrival, Item},
    receipts::is_feedback,
};
use crate::{
    Service,
    case::Case,
    effects::Effects,
    marks::{CHILD, Marker},
    outgoing,
    record::id_of,
    store::{
        children::{self, Child},
        enquiries,
        hubs::Hub,
        items::Kept,
        links::{self, Link},
        notices::{self, KeptNotice},
        sent::{self, Sent},
    },
};

/// Where a mark was seen: the referral and the kind of mark.
type Places = HashMap<(String, String), Vec<(String, i64)>>;

/// The state of one transaction.
pub(super) struct Batch<'a> {
    pub(super) service: &'a Service,
    pub(super) now: Timestamp,
    pub(super) cases: HashMap<String, Case>,
    pub(super) sent: HashMap<String, Sent>,
    /// The referral of each question that is answered or was not delivered.
    pub(super) asked: HashMap<String, String>,
    pub(super) hubs: HashMap<String, Hub>,
    pub(super) places: Places,
    pub(super) links: Vec<Link>,
    /// Whose mark it is, by authority and mark.
    pub(super) child_of: HashMap<(String, String), String>,
    /// The NHS marks of children, by authority and child.
    pub(super) nhs_of: HashMap<(String, String), BTreeSet<String>>,
    pub(super) children: HashMap<(String, String), Child>,
    pub(super) child_of_case: HashMap<(String, String), Child>,
    pub(super) notices: HashMap<String, KeptNotice>,
    pub(super) effects: Effects,
}

/// What is to be loaded.
#[derive(Default)]
struct Wanted {
    referrals: BTreeSet<String>,
    authorities: BTreeSet<String>,
    replies: BTreeSet<String>,
    sent: BTreeSet<String>,
    notices: BTreeSet<String>,
    marks: BTreeMap<String, BTreeSet<String>>,
    cases: BTreeMap<String, BTreeSet<String>>,
}

impl Wanted {
    fn of(arrivals: &[Arrival], service: &Service) -> Self {
        let mut wanted = Self::default();
        for arrival in arrivals {
            match arrival {
                Arrival::Item(item) => wanted.item(item, service),
                Arrival::Recall { authority, recall } => {
                    wanted.referrals.insert(id_of(authority, &recall.case_id));
                }
                Arrival::Receipt(receipt) => _ = wanted.sent.insert(receipt.item_id.clone()),
                Arrival::Notice { authority, notice, .. } => {
                    wanted.authorities.insert(authority.clone());
                    wanted.notices.insert(notice.disclosure_id.clone());
                }
                Arrival::NoticeRecall { recall } => {
                    wanted.notices.insert(recall.disclosure_id.clone());
                }
            }
        }
        wanted
    }

    fn item(&mut self, item: &Item, service: &Service) {
        let Item { authority, release, content, kind, .. } = item;
        self.authorities.insert(authority.clone());
        match kind {
            ItemKind::Answer => _ = self.replies.insert(release.reply_to.clone()),
            ItemKind::Feedback => _ = self.sent.insert(release.reply_to.clone()),
            ItemKind::NonDelivery => {
                for id in [&release.reply_to, &release.item_id] {
                    self.replies.insert(id.clone());
                    self.sent.insert(id.clone());
                }
            }
            ItemKind::Lookup => {
                let cases = self.cases.entry(authority.clone()).or_default();
                cases.insert(release.case_id.clone());
            }
            ItemKind::Referral => {
                let marker = Marker { secret: &service.secret, authority };
                let marks = self.marks.entry(authority.clone()).or_default();
                marks.extend(marker.of_report(content).into_iter().map(|(mac, _)| mac));
                self.referrals.insert(id_of(authority, &release.case_id));
            }
            ItemKind::Response
            | ItemKind::Disagreement
            | ItemKind::Invitation
            | ItemKind::Enquiry
            | ItemKind::ProtectionStatus
            | ItemKind::Unspecified => {
                self.referrals.insert(id_of(authority, &release.case_id));
            }
        }
    }
}

fn texts(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

impl<'a> Batch<'a> {
    /// Loads what these events touch, and keeps everybody else from changing it.
    pub(super) async fn load(
        tx: &mut Tx,
        service: &'a Service,
        arrivals: &[Arrival],
    ) -> Result<Self, StoreError> {
        let mut wanted = Wanted::of(arrivals, service);
        let conn: &mut crate::store::Conn = tx;
        let sent = sent::get(conn, &texts(&wanted.sent)).await?;
        let asked: HashMap<String, String> = enquiries::get(conn, &texts(&wanted.replies))
            .await?
            .into_iter()
            .map(|(id, kept)| (id, kept.referral))
            .collect();
        wanted.referrals.extend(asked.values().cloned());
        wanted.referrals.extend(told(arrivals, &sent));
        let (ids, authorities) = (texts(&wanted.referrals), texts(&wanted.authorities));
        let (cases, hubs) = Case::lock_with_hubs(tx, &ids, &authorities).await?;
        let links = cases.values().flat_map(|case| case.links.iter().cloned()).collect();
        let conn: &mut crate::store::Conn = tx;
        let mut batch = Self {
            service,
            now: service.clock.now(),
            sent,
            asked,
            hubs,
            links,
            notices: notices::get(conn, &texts(&wanted.notices)).await?,
            places: HashMap::new(),
            child_of: HashMap::new(),
            nhs_of: HashMap::new(),
            children: HashMap::new(),
            child_of_case: HashMap::new(),
            effects: Effects::default(),
            cases,
        };
        for (authority, marks) in &wanted.marks {
            batch.load_marks(tx, authority, &texts(marks)).await?;
        }
        for (authority, cases) in &wanted.cases {
            for (case, child) in children::of_cases(tx, authority, &texts(cases)).await? {
                batch.child_of_case.insert((authority.clone(), case), child);
            }
        }
        Ok(batch)
    }

    async fn load_marks(
        &mut self,
        tx: &mut Tx,
        authority: &str,
        macs: &[&str],
    ) -> Result<(), StoreError> {
        let conn: &mut crate::store::Conn = tx;
        let mut seen = links::seen(conn, authority, macs).await?;
        seen.sort_by_key(|mark| std::cmp::Reverse(mark.at_ms));
        for mark in seen {
            let places = self.places.entry((authority.to_owned(), mark.mac)).or_default();
            places.push((mark.referral, mark.kind));
        }
        let child_of = children::of_marks(conn, authority, macs).await?;
        let mut ids: Vec<&str> = child_of.values().map(String::as_str).collect();
        ids.sort_unstable();
        ids.dedup();
        for (child, mac) in children::marks_of(conn, authority, &ids).await? {
            if mac.starts_with(crate::marks::NHS) {
                self.nhs_of.entry((authority.to_owned(), child)).or_default().insert(mac);
            }
        }
        for (id, child) in children::get(conn, authority, &ids).await? {
            self.children.insert((authority.to_owned(), id), child);
        }
        let owned = child_of.into_iter().map(|(mac, child)| ((authority.to_owned(), mac), child));
        self.child_of.extend(owned);
        Ok(())
    }

    /// Takes one event in.
    pub(super) async fn take(&mut self, tx: &mut Tx, arrival: Arrival) -> Result<(), HandleError> {
        match arrival {
            Arrival::Item(item) if item.authority == crate::OPERATOR => self.nobody_answers(&item),
            Arrival::Item(item) => match item.kind {
                ItemKind::Referral => self.referral(tx, &item).await?,
                ItemKind::Answer => self.answer(&item)?,
                ItemKind::NonDelivery => self.non_delivery(&item),
                ItemKind::Lookup => self.lookup(&item),
                ItemKind::Response
                | ItemKind::Disagreement
                | ItemKind::Invitation
                | ItemKind::Enquiry
                | ItemKind::Feedback
                | ItemKind::ProtectionStatus
                | ItemKind::Unspecified => self.correspondence(tx, &item).await?,
            },
            Arrival::Recall { authority, recall } => self.recall(tx, &authority, &recall).await?,
            Arrival::Receipt(receipt) => self.receipt(&receipt),
            Arrival::Notice { authority, notice, content } => {
                self.notice(&authority, &notice, *content);
            }
            Arrival::NoticeRecall { recall } => self.notice_recall(&recall),
        }
        Ok(())
    }

    /// The people of a hub.
    pub(super) fn hub(&self, authority: &str) -> Hub {
        self.hubs.get(authority).cloned().unwrap_or_default()
    }

    /// Says that an item is here, and that it needs no person to acknowledge it: the hub's own clocks see to it.
    pub(super) fn taken(&mut self, item: &Item) {
        for kind in [ReceiptKind::Delivered, ReceiptKind::Acknowledged] {
            self.effects.outbox.push(outgoing::receipt(&item.release, kind, ("", ""), self.now));
        }
    }

    /// An item as it is kept.
    pub(super) fn kept(&self, item: &Item, referral: &str, after_decision: bool) -> Kept {
        Kept {
            referral: referral.to_owned(),
            release: item.release.clone(),
            content: item.bytes.clone(),
            received: self.now,
            after_decision,
            recall_code: String::new(),
        }
    }
}

/// The mark of a child, of the marks of a report.
pub(super) fn child_marks(marks: &[(String, i64)]) -> Vec<String> {
    marks.iter().filter(|(_, kind)| kind & CHILD != 0).map(|(mac, _)| mac.clone()).collect()
}

/// The referrals of which the referrer says that it knows the decision, or is said not to.
fn told(arrivals: &[Arrival], sent: &HashMap<String, Sent>) -> Vec<String> {
    let referral = |id: &str| sent.get(id).map(|sent| sent.referral.clone());
    let ids = arrivals.iter().flat_map(|arrival| match arrival {
        Arrival::Receipt(receipt) if ends(receipt) => {
            // What becomes of a question is noted beside the referral; only feedback changes it.
            let id = receipt.item_id.as_str();
            sent.get(id).filter(|sent| is_feedback(sent)).map(|_| id).into_iter().collect()
        }
        Arrival::Item(item) if item.kind == ItemKind::NonDelivery => {
            vec![item.release.reply_to.as_str(), item.release.item_id.as_str()]
        }
        Arrival::Item(item) if item.kind == ItemKind::Feedback => {
            vec![item.release.reply_to.as_str()]
        }
        Arrival::Item(_)
        | Arrival::Recall { .. }
        | Arrival::Receipt(_)
        | Arrival::Notice { .. }
        | Arrival::NoticeRecall { .. } => Vec::new(),
    });
    ids.filter_map(referral).filter(|id| !id.is_empty()).collect()
}

/// Whether somebody has the item now.
pub(super) fn ends(receipt: &ItemReceiptRecorded) -> bool {
    matches!(receipt.kind(), ReceiptKind::Acknowledged | ReceiptKind::Escalated)
}

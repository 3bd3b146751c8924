//! Reading what arrives.

use jiff::Timestamp;
use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::{ConsentStopped, Content, DisclosureRecalled, DisclosureReleased},
    envelope::{holds, unwrap},
    event::v1::Envelope,
    referral::v1::{ItemRecalled, ItemReleased},
    r#type::v1::Organisation,
};
use prost::Message as _;

use crate::item::Kind;

/// An event that was read.
pub(super) struct Arrival<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) kind: Kind,
    pub(super) recipient: OrganisationId,
    pub(super) time: Timestamp,
    pub(super) release_id: String,
    pub(super) item_id: String,
    pub(super) case_id: String,
    pub(super) what: What,
}

/// What it does to a mailbox.
pub(super) enum What {
    /// Something new, or a new revision of it.
    Release {
        revision: u32,
        /// Who may see it; nobody named means everyone at the recipient.
        readers: Vec<String>,
        /// Nobody but the readers may learn that it exists.
        hidden: bool,
        acknowledge_by: Option<Timestamp>,
    },
    /// What was released before must not be used any more.
    End,
}

impl<'a> Arrival<'a> {
    /// Nothing if it belongs into no mailbox.
    pub(super) fn read(envelope: &'a Envelope) -> Option<Self> {
        let time = time_from_wire(envelope.time.as_ref()?).ok()?;
        let (kind, recipient, [release_id, item_id, case_id], what) = open(envelope)?;
        let recipient = OrganisationId::try_from(recipient?).ok()?;
        let fits = recipient.kind() != OrganisationKind::Operator
            && is_id(&release_id)
            && is_id(&case_id)
            && (item_id.is_empty() || is_id(&item_id));
        let arrival = Self { envelope, kind, recipient, time, release_id, item_id, case_id, what };
        fits.then_some(arrival)
    }
}

type Opened = (Kind, Option<Organisation>, [String; 3], What);

fn open(envelope: &Envelope) -> Option<Opened> {
    if holds::<ItemReleased>(envelope) {
        let event: ItemReleased = unwrap(envelope).ok()?;
        let acknowledge_by = match &event.acknowledge_by_time {
            Some(time) => Some(time_from_wire(time).ok()?),
            None => None,
        };
        let revision = shown(event.revision, &event.content)?;
        let what = What::Release { revision, readers: Vec::new(), hidden: false, acknowledge_by };
        let ids = [event.release_id, event.item_id, event.case_id];
        Some((Kind::Released, event.recipient, ids, what))
    } else if holds::<DisclosureReleased>(envelope) {
        let event: DisclosureReleased = unwrap(envelope).ok()?;
        let revision = shown(event.revision, &event.content)?;
        let (readers, hidden) = (event.addressees, event.conflict_divert);
        // Nobody's name would be everybody's.
        if !readers.iter().all(|reader| is_id(reader)) {
            return None;
        }
        let what = What::Release { revision, readers, hidden, acknowledge_by: None };
        let ids = [event.disclosure_id, String::new(), event.case_id];
        Some((Kind::Notice, event.recipient, ids, what))
    } else if holds::<ItemRecalled>(envelope) {
        let event: ItemRecalled = unwrap(envelope).ok()?;
        let ids = [event.release_id, event.item_id, event.case_id];
        Some((Kind::Recalled, event.recipient, ids, What::End))
    } else if holds::<DisclosureRecalled>(envelope) {
        let event: DisclosureRecalled = unwrap(envelope).ok()?;
        let ids = [event.disclosure_id, String::new(), event.case_id];
        Some((Kind::NoticeRecalled, event.recipient, ids, What::End))
    } else {
        let event: ConsentStopped = unwrap(envelope).ok()?;
        let ids = [event.disclosure_id, String::new(), event.case_id];
        Some((Kind::NoticeStopped, event.recipient, ids, What::End))
    }
}

/// The revision. Content that cannot be shown must not wait until somebody fetches it.
fn shown(revision: i32, content: &[u8]) -> Option<u32> {
    Content::decode(content).ok()?;
    u32::try_from(revision).ok().filter(|revision| *revision > 0)
}

/// Opaque ids of the hub are short and printable.
fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

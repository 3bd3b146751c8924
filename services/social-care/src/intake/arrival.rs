//! An event that was read.

use mash_domain::organisation::{OrganisationId, OrganisationKind};
use mash_proto::{
    disclosure::v1::{
        ConsentStopped, Content, Desk, DisclosureRecalled, DisclosureReleased, ReceiptRecorded,
    },
    envelope::{holds, unwrap},
    event::v1::Envelope,
    referral::v1::{ItemKind, ItemRecalled, ItemReceiptRecorded, ItemReleased},
};

/// The event cannot be for a hub.
pub(super) struct Unusable;

/// What arrived.
pub(super) enum Arrival {
    /// An item for a hub.
    Item(Box<Item>),
    /// An item is recalled.
    Recall { authority: String, recall: ItemRecalled },
    /// Somebody did something with an item.
    Receipt(ItemReceiptRecorded),
    /// A notice of an incident for the desk of a hub.
    Notice { authority: String, notice: Box<DisclosureReleased>, content: Box<Content> },
    /// A notice is recalled.
    NoticeRecall { recall: DisclosureRecalled },
}

/// An item for a hub.
pub(super) struct Item {
    /// Whose it is.
    pub(super) authority: String,
    /// As it was released, its content cut out.
    pub(super) release: ItemReleased,
    /// The bytes of its content.
    pub(super) bytes: Vec<u8>,
    /// The same, decoded.
    pub(super) content: Content,
    /// What it is.
    pub(super) kind: ItemKind,
}

impl Arrival {
    /// Nothing if it is not for this service.
    pub(super) fn read(envelope: &Envelope) -> Result<Option<Self>, Unusable> {
        if holds::<ItemReleased>(envelope) {
            let item = read_item(envelope).ok_or(Unusable)?;
            Ok(Some(Self::Item(Box::new(item))))
        } else if holds::<ItemRecalled>(envelope) {
            let recall: ItemRecalled = unwrap(envelope).map_err(|_| Unusable)?;
            let authority = recall.recipient.clone().and_then(hub_of).ok_or(Unusable)?;
            Ok(Some(Self::Recall { authority, recall }))
        } else if holds::<ItemReceiptRecorded>(envelope) {
            let receipt: ItemReceiptRecorded = unwrap(envelope).map_err(|_| Unusable)?;
            Ok(Some(Self::Receipt(receipt)))
        } else if holds::<DisclosureReleased>(envelope) {
            read_notice(envelope)
        } else if holds::<DisclosureRecalled>(envelope) {
            let recall: DisclosureRecalled = unwrap(envelope).map_err(|_| Unusable)?;
            Ok(Some(Self::NoticeRecall { recall }))
        } else if holds::<ReceiptRecorded>(envelope) || holds::<ConsentStopped>(envelope) {
            // Of incidents, and of early help to providers: neither is kept here.
            Ok(None)
        } else {
            Err(Unusable)
        }
    }
}

fn read_item(envelope: &Envelope) -> Option<Item> {
    let mut release: ItemReleased = unwrap(envelope).ok()?;
    let bytes = std::mem::take(&mut release.content);
    // Content that cannot be shown must not wait until somebody opens it.
    let content = mash_proto::disclosure::v1::Content::decode_bytes(&bytes)?;
    let authority = release.recipient.clone().and_then(hub_of)?;
    let kind = ItemKind::try_from(release.kind).ok()?;
    let ids = [&release.release_id, &release.item_id, &release.case_id];
    let fits = ids.iter().all(|id| opaque(id)) && release.revision > 0;
    fits.then_some(Item { authority, release, bytes, content, kind })
}

fn read_notice(envelope: &Envelope) -> Result<Option<Arrival>, Unusable> {
    let mut notice: DisclosureReleased = unwrap(envelope).map_err(|_| Unusable)?;
    if notice.desk() != Desk::Mash {
        return Err(Unusable);
    }
    let bytes = std::mem::take(&mut notice.content);
    let content = Content::decode_bytes(&bytes).ok_or(Unusable)?;
    let authority = notice.recipient.clone().and_then(hub_of).ok_or(Unusable)?;
    if !opaque(&notice.disclosure_id) || notice.revision < 1 {
        return Err(Unusable);
    }
    Ok(Some(Arrival::Notice { authority, notice: Box::new(notice), content: Box::new(content) }))
}

/// Decoding without a reason: there is none that may be logged.
trait DecodeBytes: Sized {
    fn decode_bytes(bytes: &[u8]) -> Option<Self>;
}

impl DecodeBytes for Content {
    fn decode_bytes(bytes: &[u8]) -> Option<Self> {
        prost::Message::decode(bytes).ok()
    }
}

/// The hub of a recipient: that of an authority, or the operator's, where nobody knows who answers.
fn hub_of(recipient: mash_proto::r#type::v1::Organisation) -> Option<String> {
    let recipient = OrganisationId::try_from(recipient).ok()?;
    match recipient.kind() {
        OrganisationKind::LocalAuthority | OrganisationKind::Operator => {
            Some(recipient.code().to_owned())
        }
        OrganisationKind::PoliceForce
        | OrganisationKind::School
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider => None,
    }
}

fn opaque(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

//! An item of a mailbox: its name, who may see it, and how it is sent.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_proto::{
    convert::time_to_wire,
    delivery::v1::{ReceiveResponse, receive_response::Item},
    disclosure::v1::{ConsentStopped, Content, DisclosureRecalled, DisclosureReleased},
    referral::v1::{ItemRecalled, ItemReleased},
};
use mash_store::StoreError;
use prost::Message as _;
use uuid::Uuid;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something about a referral.
    Released,
    /// Something about a referral is recalled.
    Recalled,
    /// A notice about an incident.
    Notice,
    /// A notice is recalled.
    NoticeRecalled,
    /// What a notice rested on has ended.
    NoticeStopped,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Released, Self::Recalled, Self::Notice, Self::NoticeRecalled, Self::NoticeStopped];

    /// As it is stored.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Released => 1,
            Self::Recalled => 2,
            Self::Notice => 3,
            Self::NoticeRecalled => 4,
            Self::NoticeStopped => 5,
        }
    }

    /// The kind that is stored so.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Who looks into a mailbox.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// The organisation that its certificate proved, written as `school/6722301`.
    pub(crate) organisation: String,
    practitioner: Option<String>,
}

impl View {
    /// What this caller may see.
    pub(crate) fn of(caller: &Caller) -> Self {
        Self {
            organisation: caller.organisation.to_string(),
            practitioner: caller.practitioner.clone(),
        }
    }

    /// In whose name; empty if in nobody's.
    pub(crate) fn practitioner(&self) -> &str {
        self.practitioner.as_deref().unwrap_or_default()
    }
}

/// An item that waits.
pub(crate) struct Waiting {
    pub(crate) id: String,
    pub(crate) seq: i64,
    pub(crate) kind: Kind,
    pub(crate) arrived: Timestamp,
    pub(crate) acknowledge_by: Option<Timestamp>,
    pub(crate) sent: i64,
    /// The encoded event.
    pub(crate) payload: Vec<u8>,
}

const PREFIX: &str = "items/";

/// The name of an item.
pub(crate) fn name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// The id in a name, if it is one.
pub(crate) fn id_of(name: &str) -> Option<String> {
    let id = Uuid::try_parse(name.strip_prefix(PREFIX)?).ok()?;
    // One spelling, so that a name is found however it is written.
    Some(id.hyphenated().to_string())
}

/// The item as it is sent.
pub(crate) fn to_wire(waiting: &Waiting) -> Result<ReceiveResponse, StoreError> {
    let unreadable = |_| StoreError::Corrupt("the payload of an item");
    let payload = waiting.payload.as_slice();
    let mut content = None;
    let mut open = |bytes: Vec<u8>| -> Result<(), StoreError> {
        content = Some(Content::decode(bytes.as_slice()).map_err(unreadable)?);
        Ok(())
    };
    let item = match waiting.kind {
        Kind::Released => {
            let mut released = ItemReleased::decode(payload).map_err(unreadable)?;
            open(std::mem::take(&mut released.content))?;
            Item::Released(released)
        }
        Kind::Notice => {
            let mut notice = DisclosureReleased::decode(payload).map_err(unreadable)?;
            open(std::mem::take(&mut notice.content))?;
            Item::Notice(notice)
        }
        Kind::Recalled => Item::Recalled(ItemRecalled::decode(payload).map_err(unreadable)?),
        Kind::NoticeRecalled => {
            Item::NoticeRecalled(DisclosureRecalled::decode(payload).map_err(unreadable)?)
        }
        Kind::NoticeStopped => {
            Item::NoticeStopped(ConsentStopped::decode(payload).map_err(unreadable)?)
        }
    };
    Ok(ReceiveResponse {
        name: name(&waiting.id),
        sequence: waiting.seq,
        arrive_time: Some(time_to_wire(waiting.arrived)),
        acknowledge_by_time: waiting.acknowledge_by.map(time_to_wire),
        redeliveries: i32::try_from(waiting.sent).unwrap_or(i32::MAX),
        item: Some(item),
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let id = "6d617368-6576-5e6e-8474-0a1b2c3d4e5f";
        assert_eq!(id_of(&name(id)).as_deref(), Some(id));
        assert_eq!(id_of("items/6D6173686576 5E6E84740A1B2C3D4E5F"), None);
        assert_eq!(id_of("items/6D61736865765E6E84740A1B2C3D4E5F").as_deref(), Some(id));
        for wrong in ["", "items/", "items/x", "notices/6d617368-6576-5e6e-8474-0a1b2c3d4e5f", id] {
            assert_eq!(id_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn kinds_are_stored_and_read() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(kind));
        }
        assert_eq!(Kind::from_number(0), None);
    }
}

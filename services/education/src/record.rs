//! A notice as it is kept: its states, whom it is for, and what it says.

use jiff::Timestamp;
use mash_domain::{
    notice::{Notice, NoticeState, Seal},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, Desk, DisclosureReleased},
    education::v1 as wire,
    event::v1::Envelope,
};
use prost::Message as _;

/// A notice, its content and its origin.
#[derive(Clone)]
pub(crate) struct Record {
    /// The id of the disclosure.
    pub(crate) id: String,
    /// The school or authority.
    pub(crate) recipient: OrganisationId,
    /// Which desk of an authority.
    pub(crate) desk: Desk,
    /// The authority that has a school's notice because nobody acknowledged it.
    pub(crate) escalated_authority: Option<String>,
    /// Where it stands.
    pub(crate) notice: Notice,
    /// Whether the bell is a guess.
    pub(crate) uncertain: bool,
    /// When the report was accepted: the bell is counted from here.
    pub(crate) accepted: Timestamp,
    /// When it arrived.
    pub(crate) received: Timestamp,
    /// When it was recalled.
    pub(crate) recalled: Option<Timestamp>,
    /// The envelope of the release, its content cut out.
    pub(crate) released: Envelope,
    /// The bytes of a `Content`; empty if it was wiped or not asked for.
    pub(crate) content: Vec<u8>,
}

impl Record {
    /// What was released, without content.
    pub(crate) fn release(&self) -> DisclosureReleased {
        // It was encoded by this service; if it cannot be read there is nothing to tell beyond the columns.
        DisclosureReleased::decode(self.released.data.as_slice()).unwrap_or_default()
    }

    /// The case, by whose key its content is sealed. It was released under one.
    pub(crate) fn case_id(&self) -> &str {
        &self.released.subject
    }

    /// By what the list is ordered: the bell, or for a desk the arrival.
    pub(crate) fn sort_ms(&self) -> i64 {
        self.notice.deliver_by.unwrap_or(self.received).as_millisecond()
    }

    /// Forgets what it said.
    pub(crate) fn wipe(&mut self) {
        self.content.clear();
    }

    /// Whether it is a school's notice.
    pub(crate) fn is_school(&self) -> bool {
        self.recipient.kind() == OrganisationKind::School
    }

    /// What tells two standings apart for somebody who watches.
    pub(crate) fn standing(&self) -> (NoticeState, u32, i64) {
        (self.notice.state, self.notice.revision, self.sort_ms())
    }

    /// For the wire, without content.
    pub(crate) fn to_wire(&self) -> wire::Notice {
        let release = self.release();
        let Notice {
            state,
            revision,
            deliver_by,
            acknowledgement,
            escalated_to,
            recall_reason,
            seal,
        } = &self.notice;
        let (roll_confirmed_by, roll_confirm_time) = match seal {
            Seal::Confirmed { by, at } => (by.clone(), Some(time_to_wire(*at))),
            Seal::None | Seal::Sealed => (String::new(), None),
        };
        let escalated_to = escalated_to.clone().unwrap_or_default();
        let addressee = if self.is_school() {
            release.addressees.first().cloned().unwrap_or_default()
        } else {
            escalated_to.clone()
        };
        let unacknowledged = self.escalated_authority.is_some();
        wire::Notice {
            name: format!("notices/{}", self.id),
            revision: number(*revision),
            state: wire::NoticeState::from(*state).into(),
            deliver_by_time: deliver_by.map(time_to_wire),
            receive_time: Some(time_to_wire(self.received)),
            content: None,
            // By which rules it came tells what it is about.
            rule_ids: if seal.is_sealed() { Vec::new() } else { release.rule_ids },
            addressee,
            acknowledged_by: acknowledgement.as_ref().map(|it| it.by.clone()).unwrap_or_default(),
            acknowledge_time: acknowledgement.as_ref().map(|it| time_to_wire(it.at)),
            recall_reason_code: recall_reason.clone().unwrap_or_default(),
            deletion_requested: *state == NoticeState::Recalled,
            diversion_code: if unacknowledged {
                "unacknowledged".to_owned()
            } else {
                release.diversion_code
            },
            escalated_to,
            calendar_uncertain: self.uncertain,
            desk: self.desk.into(),
            establishment: if self.is_school() {
                format!("establishments/{}", self.recipient.code())
            } else {
                String::new()
            },
            acknowledged_revision: acknowledgement
                .as_ref()
                .map(|it| number(it.revision))
                .unwrap_or_default(),
            sealed: seal.is_sealed(),
            roll_confirmed_by,
            roll_confirm_time,
            notes: Vec::new(),
            nudges: Vec::new(),
            late_code: String::new(),
            taken_by: String::new(),
            take_time: None,
        }
    }

    /// For the wire, with content if there is any left: of a sealed notice only who the child is.
    pub(crate) fn to_wire_with_content(&self) -> wire::Notice {
        let left = !self.content.is_empty() && !self.notice.state.is_wiped();
        // It was checked when it arrived.
        let content = left.then(|| Content::decode(self.content.as_slice()).ok()).flatten();
        let content =
            if self.notice.seal.is_sealed() { content.map(identity_only) } else { content };
        wire::Notice { content, ..self.to_wire() }
    }
}

/// What a school needs to find a child on its roll, and nothing else, even of class F1.
fn identity_only(content: Content) -> Content {
    let child = content.child.map(|child| ChildIdentity {
        given_names: child.given_names,
        family_name: child.family_name,
        date_of_birth: child.date_of_birth,
        ..ChildIdentity::default()
    });
    Content { child, ..Content::default() }
}

fn number(revision: u32) -> i32 {
    i32::try_from(revision).unwrap_or(i32::MAX)
}

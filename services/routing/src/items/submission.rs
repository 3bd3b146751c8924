//! A submitted item, read.

use jiff::Timestamp;
use mash_domain::{
    identifier::AuthorityCode, incident::CaseId, organisation::OrganisationId, sharing::Flow,
};
use mash_proto::{
    convert::time_from_wire,
    disclosure::v1::Content,
    referral::v1::{ItemKind, ItemSubmitted},
    r#type::v1 as common,
};

use super::facts::Stated;

/// To how many one item may go at once: every health board of the two nations, and room.
const MOST_RECIPIENTS: usize = 100;
/// How long ids and references may be.
const LONGEST_ID: usize = 64;

/// Every kind that can be submitted.
pub const KINDS: [ItemKind; 9] = [
    ItemKind::Referral,
    ItemKind::Enquiry,
    ItemKind::Answer,
    ItemKind::Feedback,
    ItemKind::Invitation,
    ItemKind::Response,
    ItemKind::Disagreement,
    ItemKind::ProtectionStatus,
    ItemKind::Lookup,
];

/// The word of a kind in the store and in logs.
#[must_use]
pub const fn kind_word(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Unspecified => "",
        ItemKind::Referral => "referral",
        ItemKind::Enquiry => "enquiry",
        ItemKind::Answer => "answer",
        ItemKind::Feedback => "feedback",
        ItemKind::Invitation => "invitation",
        ItemKind::Response => "response",
        ItemKind::Disagreement => "disagreement",
        ItemKind::ProtectionStatus => "protection-status",
        ItemKind::Lookup => "lookup",
        ItemKind::NonDelivery => "non-delivery",
    }
}

/// The kind of a word, if it is one that can be submitted.
#[must_use]
pub fn kind_of_word(word: &str) -> Option<ItemKind> {
    KINDS.into_iter().find(|kind| kind_word(*kind) == word)
}

/// The event does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field `{0}` of a submitted item does not hold together")]
pub struct Unreadable(pub &'static str);

/// A submitted item.
#[derive(Clone)]
pub struct Submission {
    /// The opaque case id.
    pub case_id: String,
    /// The opaque item id.
    pub item_id: String,
    /// Which revision.
    pub revision: i32,
    /// What it is.
    pub kind: ItemKind,
    /// The flow under which it is to go.
    pub flow: Flow,
    /// Who sends.
    pub from: OrganisationId,
    /// Who is to have it, each once.
    pub to: Vec<OrganisationId>,
    /// The item that it answers, or empty.
    pub reply_to: String,
    /// What is offered.
    pub content: Content,
    /// What is stated.
    pub facts: Stated,
    /// Where the concern arose.
    pub place: Option<AuthorityCode>,
    /// Where the child lives.
    pub home: Option<AuthorityCode>,
    /// The sort of report, as its number.
    pub report_kind: i32,
    /// How soon, as its number.
    pub urgency: i32,
    /// By when the sender wants it acknowledged.
    pub acknowledge_by: Option<Timestamp>,
    /// When the sender's service accepted it.
    pub submitted_at: Timestamp,
    /// The sender's reference.
    pub reference: String,
    /// Whether it is withdrawn.
    pub withdrawn: bool,
}

impl Submission {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the field that does not hold together.
    pub fn read(wire: ItemSubmitted) -> Result<Self, Unreadable> {
        wire.case_id.parse::<CaseId>().map_err(|_| Unreadable("case_id"))?;
        if wire.item_id.is_empty() || wire.item_id.len() > LONGEST_ID {
            return Err(Unreadable("item_id"));
        }
        let kind = KINDS.into_iter().find(|kind| *kind == wire.kind()).ok_or(Unreadable("kind"))?;
        let organisation = |wire: common::Organisation| OrganisationId::try_from(wire).ok();
        let mut to: Vec<OrganisationId> = Vec::new();
        for wire in wire.to.iter().take(MOST_RECIPIENTS + 1) {
            let one = organisation(wire.clone()).ok_or(Unreadable("to"))?;
            if !to.contains(&one) {
                to.push(one);
            }
        }
        // Only a referral finds its own way.
        let fits = 1..=MOST_RECIPIENTS;
        if wire.to.len() > MOST_RECIPIENTS
            || (kind != ItemKind::Referral && !fits.contains(&to.len()))
        {
            return Err(Unreadable("to"));
        }
        Ok(Self {
            revision: Some(wire.revision).filter(|it| *it >= 1).ok_or(Unreadable("revision"))?,
            flow: Flow::from_word(&wire.flow).ok_or(Unreadable("flow"))?,
            from: wire.from.and_then(organisation).ok_or(Unreadable("from"))?,
            reply_to: Some(wire.reply_to)
                .filter(|it| it.len() <= LONGEST_ID)
                .ok_or(Unreadable("reply_to"))?,
            content: wire.content.unwrap_or_default(),
            facts: Stated::from_wire(&wire.facts.unwrap_or_default()).ok_or(Unreadable("facts"))?,
            place: authority(&wire.place_authority_code)
                .ok_or(Unreadable("place_authority_code"))?,
            home: authority(&wire.home_authority_code).ok_or(Unreadable("home_authority_code"))?,
            acknowledge_by: wire
                .acknowledge_by_time
                .as_ref()
                .and_then(|it| time_from_wire(it).ok()),
            submitted_at: wire
                .submit_time
                .as_ref()
                .and_then(|it| time_from_wire(it).ok())
                .ok_or(Unreadable("submit_time"))?,
            reference: Some(wire.reference)
                .filter(|it| it.len() <= LONGEST_ID * 4)
                .ok_or(Unreadable("reference"))?,
            case_id: wire.case_id,
            item_id: wire.item_id,
            report_kind: wire.report_kind,
            urgency: wire.urgency,
            withdrawn: wire.withdrawn,
            kind,
            to,
        })
    }
}

/// A code, or none; `None` outside if it is no code at all.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn authority(text: &str) -> Option<Option<AuthorityCode>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

//! Who may send what to whom: a table, and what the case must hold for it.
//!
//! A service at the edge refuses its callers long before; this is the second lock, and it does not trust the first.
//! Whatever is refused here goes on record with a code and its sender hears of it: nothing is dropped in silence.

use mash_domain::organisation::{OrganisationId, OrganisationKind as Kind};
use mash_proto::referral::v1::ItemKind;

use super::{file::CaseFile, submission::Submission};

/// Partners of social care.
const PARTNERS: &[Kind] = &[Kind::PoliceForce, Kind::School, Kind::HealthBoard];
/// Whoever may refer a child.
const AGENCIES: &[Kind] =
    &[Kind::PoliceForce, Kind::School, Kind::HealthBoard, Kind::LocalAuthority];
/// Social care.
const SOCIAL_CARE: &[Kind] = &[Kind::LocalAuthority];
/// Health.
const HEALTH: &[Kind] = &[Kind::HealthBoard];
/// Police.
const POLICE: &[Kind] = &[Kind::PoliceForce];

/// A line of the table: what, under which flows, from whom, to whom.
pub struct Line {
    /// What.
    pub kind: ItemKind,
    /// Under which flow, as its word.
    pub flow: &'static str,
    /// From which kinds of organisation.
    pub from: &'static [Kind],
    /// To which kinds of organisation.
    pub to: &'static [Kind],
}

const fn line(
    kind: ItemKind,
    flow: &'static str,
    from: &'static [Kind],
    to: &'static [Kind],
) -> Line {
    Line { kind, flow, from, to }
}

/// What may be submitted. What is not here is refused.
pub const TABLE: [Line; 13] = [
    line(ItemKind::Referral, "concern", AGENCIES, SOCIAL_CARE),
    line(ItemKind::Referral, "custody", POLICE, SOCIAL_CARE),
    line(ItemKind::Referral, "missing", AGENCIES, SOCIAL_CARE),
    line(ItemKind::Referral, "early-help", AGENCIES, SOCIAL_CARE),
    line(ItemKind::Enquiry, "enquiry", SOCIAL_CARE, PARTNERS),
    line(ItemKind::Answer, "enquiry-answer", PARTNERS, SOCIAL_CARE),
    line(ItemKind::Feedback, "feedback", SOCIAL_CARE, AGENCIES),
    line(ItemKind::Feedback, "early-help-feedback", SOCIAL_CARE, AGENCIES),
    line(ItemKind::Invitation, "strategy", SOCIAL_CARE, AGENCIES),
    line(ItemKind::Response, "correspondence", AGENCIES, SOCIAL_CARE),
    line(ItemKind::Disagreement, "correspondence", AGENCIES, SOCIAL_CARE),
    line(ItemKind::ProtectionStatus, "protection-status", SOCIAL_CARE, HEALTH),
    line(ItemKind::Lookup, "lookup", HEALTH, SOCIAL_CARE),
];

/// Why an item may not go from this sender to this recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// No line of the table has this kind under this flow from this kind of sender.
    NotForSender,
    /// Nor to this kind of recipient.
    NotForRecipient,
    /// Only the authority that works the case may do this.
    NotTheirCase,
    /// The sender was not asked, or not by this recipient.
    NotAsked,
    /// The recipient is not whoever referred the child, nor anybody who has to be answered.
    NotTheReferrer,
    /// The reference data know no such recipient.
    UnknownRecipient,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::NotForSender,
        Self::NotForRecipient,
        Self::NotTheirCase,
        Self::NotAsked,
        Self::NotTheReferrer,
        Self::UnknownRecipient,
    ];

    /// The code that the decision records and the sender hears.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotForSender => "not-for-this-sender",
            Self::NotForRecipient => "not-for-this-recipient",
            Self::NotTheirCase => "not-their-case",
            Self::NotAsked => "not-asked",
            Self::NotTheReferrer => "not-the-referrer",
            Self::UnknownRecipient => "unknown-recipient",
        }
    }

    /// The code under which the log tells whoever runs the hub.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotForSender => "MASH-R154",
            Self::NotForRecipient => "MASH-R155",
            Self::NotTheirCase => "MASH-R156",
            Self::NotAsked => "MASH-R157",
            Self::NotTheReferrer => "MASH-R158",
            Self::UnknownRecipient => "MASH-R159",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn of_reason(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refused| refused.reason() == word)
    }
}

/// Whether the item may go from its sender to this recipient at all. What of it may go is for the rules to say.
///
/// # Errors
///
/// [`Refused`].
pub fn check(
    item: &Submission,
    recipient: &OrganisationId,
    file: &CaseFile,
) -> Result<(), Refused> {
    let fits = |line: &&Line| {
        line.kind == item.kind
            && line.flow == item.flow.word()
            && line.from.contains(&item.from.kind())
    };
    let line = TABLE.iter().find(fits).ok_or(Refused::NotForSender)?;
    if !line.to.contains(&recipient.kind()) {
        return Err(Refused::NotForRecipient);
    }
    of_the_case(item, recipient, file)
}

/// What the case must hold.
fn of_the_case(
    item: &Submission,
    recipient: &OrganisationId,
    file: &CaseFile,
) -> Result<(), Refused> {
    let works = file.works_the_case(&item.from);
    let asked = file.item(&item.reply_to).filter(|asked| {
        !item.reply_to.is_empty()
            && asked.from == *recipient
            && file.was_given(&asked.id, &item.from)
    });
    match item.kind {
        // Anybody may refer; and whether a child is protected is for the authority itself to say, case or no case.
        ItemKind::Referral | ItemKind::ProtectionStatus => Ok(()),
        ItemKind::Enquiry | ItemKind::Invitation if works => Ok(()),
        ItemKind::Enquiry | ItemKind::Invitation => Err(Refused::NotTheirCase),
        ItemKind::Feedback if !works => Err(Refused::NotTheirCase),
        ItemKind::Feedback if is_owed(item, recipient, file) => Ok(()),
        ItemKind::Feedback => Err(Refused::NotTheReferrer),
        ItemKind::Answer if asked.is_some_and(|it| it.kind == ItemKind::Enquiry) => Ok(()),
        ItemKind::Response if asked.is_some_and(|it| it.kind == ItemKind::Invitation) => Ok(()),
        ItemKind::Answer | ItemKind::Response => Err(Refused::NotAsked),
        ItemKind::Disagreement if !file.has_part(&item.from) => Err(Refused::NotTheirCase),
        ItemKind::Disagreement if !file.works_the_case(recipient) => Err(Refused::NotForRecipient),
        ItemKind::Disagreement => Ok(()),
        // Who looked is told to whoever said that there was something to look at.
        ItemKind::Lookup => match asked {
            Some(status) if status.kind == ItemKind::ProtectionStatus => Ok(()),
            _ => Err(Refused::NotAsked),
        },
        ItemKind::Unspecified | ItemKind::NonDelivery => Err(Refused::NotForSender),
    }
}

/// Whether feedback is owed to this recipient: it referred the child, or the item that is answered is its own.
fn is_owed(item: &Submission, recipient: &OrganisationId, file: &CaseFile) -> bool {
    if item.reply_to.is_empty() {
        let referred = |it: &super::file::Item| it.kind == ItemKind::Referral;
        return file.items().any(|it| referred(it) && it.from == *recipient);
    }
    file.item(&item.reply_to).is_some_and(|answered| {
        let kinds = [ItemKind::Referral, ItemKind::Disagreement];
        answered.from == *recipient && kinds.contains(&answered.kind)
    })
}

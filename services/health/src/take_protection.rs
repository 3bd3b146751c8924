//! An authority tells whether a child is protected, or takes it back. The NHS number becomes a keyed hash at once and is kept
//! nowhere.

use jiff::Timestamp;
use mash_bus::HandleError;
use mash_domain::{
    health::protection::Standing,
    identifier::NhsNumber,
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, ProfessionalContact, ReceiptKind},
    event::v1::Envelope,
    health::v1::{self as wire, ProtectionEntry},
    referral::v1::{ItemRecalled, ItemReleased},
    r#type::v1::Date,
};
use mash_store::{StoreError, Tx, outbox};
use prost::Message as _;

use crate::{
    COMPONENT, Service,
    intake::{UNREADABLE, board_of, is_id},
    send::{Done, OfItem, item_receipt},
    store::protection::{self, ProtectionRow},
};

/// Why a receipt says that nothing could be filed.
const NO_NUMBER: &str = "no-nhs-number";

impl Service {
    pub(crate) async fn take_protection(
        &self,
        tx: &mut Tx,
        event: &Envelope,
        item: ItemReleased,
    ) -> Result<(), HandleError> {
        let now = self.clock.now();
        let board = board_of(item.recipient.clone())?;
        let from = item.from.clone().ok_or(UNREADABLE)?;
        let from = OrganisationId::try_from(from).map_err(|_| UNREADABLE)?;
        let content = Content::decode(item.content.as_slice()).map_err(|_| UNREADABLE)?;
        let ids = [&item.release_id, &item.item_id, &item.case_id];
        if from.kind() != OrganisationKind::LocalAuthority
            || item.revision < 1
            || !ids.into_iter().all(|id| is_id(id))
        {
            return Err(UNREADABLE);
        }
        let known = protection::lock(tx, &item.release_id).await?;
        let revision = i64::from(item.revision);
        if known.as_ref().is_some_and(|known| revision <= known.revision) {
            return Ok(()); // Old news.
        }
        let number = content.child.as_ref().map(|child| child.nhs_number.as_str());
        let number = number.and_then(|number| number.parse::<NhsNumber>().ok());
        let told = content.protection.as_ref();
        let reason = match (number, told) {
            (Some(number), Some(told)) => {
                let standing = Standing {
                    plan: told.plan,
                    looked_after: told.looked_after,
                    unborn: told.unborn,
                    ended: told.ended,
                };
                let since = told.since;
                let contacts = content.officer.into_iter().chain(content.professionals).collect();
                let row = ProtectionRow {
                    release_id: item.release_id.clone(),
                    board: board.to_string(),
                    number_hash: self.number_hash(&number),
                    authority: from.to_string(),
                    item_id: item.item_id.clone(),
                    case_id: item.case_id.clone(),
                    revision,
                    standing,
                    heard: now,
                    entry: entry(&from, standing, (since, contacts), now),
                };
                protection::put(tx, &row).await?;
                ""
            }
            (None, _) => NO_NUMBER,
            (Some(_), None) => return Err(UNREADABLE),
        };
        if !reason.is_empty() {
            tracing::warn!(
                item.id = item.item_id,
                "a protected child has no number to be found by"
            );
        }
        // The index is who acts on it: no person has to.
        for kind in [ReceiptKind::Delivered, ReceiptKind::Acknowledged] {
            self.receipt(tx, (&item, &board), (kind, reason), event).await?;
        }
        Ok(())
    }

    async fn receipt(
        &self,
        tx: &mut Tx,
        (item, board): (&ItemReleased, &OrganisationId),
        (kind, reason): (ReceiptKind, &str),
        event: &Envelope,
    ) -> Result<(), StoreError> {
        let of = OfItem {
            release_id: &item.release_id,
            item_id: &item.item_id,
            case_id: &item.case_id,
            board,
            revision: item.revision,
        };
        let (now, cause) = (self.clock.now(), Some(event));
        let done = Done { kind, practitioner: "", reason, late: false, now, cause };
        outbox::enqueue(tx, COMPONENT, &[item_receipt(&of, &done)]).await
    }

    pub(crate) async fn recall_protection(
        &self,
        tx: &mut Tx,
        event: &Envelope,
        recall: ItemRecalled,
    ) -> Result<(), HandleError> {
        let board = board_of(recall.recipient.clone())?;
        let Some(mut row) = protection::lock(tx, &recall.release_id).await? else {
            return Ok(()); // Another item's: `mash-partner` takes it in.
        };
        if row.board != board.to_string() {
            return Err(UNREADABLE);
        }
        let now = self.clock.now();
        row.standing.ended = true;
        row.entry = ProtectionEntry::default();
        protection::put(tx, &row).await?;
        let of = OfItem {
            release_id: &recall.release_id,
            item_id: &recall.item_id,
            case_id: &recall.case_id,
            board: &board,
            revision: i32::try_from(row.revision).unwrap_or(i32::MAX),
        };
        let done = Done {
            kind: ReceiptKind::Deleted,
            practitioner: "",
            reason: &recall.reason_code,
            late: false,
            now,
            cause: Some(event),
        };
        Ok(outbox::enqueue(tx, COMPONENT, &[item_receipt(&of, &done)]).await?)
    }

    /// The keyed hash by which a number is known again.
    pub(crate) fn number_hash(&self, number: &NhsNumber) -> Vec<u8> {
        self.secret.fingerprint(format!("nhs-number\u{1f}{}", number.as_str()).as_bytes())
    }
}

/// What is shown of it.
fn entry(
    authority: &OrganisationId,
    standing: Standing,
    (since, contacts): (Option<Date>, Vec<ProfessionalContact>),
    now: Timestamp,
) -> ProtectionEntry {
    ProtectionEntry {
        authority: Some(authority.into()),
        answers: answers_to_wire(&standing.answers()),
        since,
        contacts,
        tell_time: Some(time_to_wire(now)),
    }
}

/// For the wire.
pub(crate) fn answers_to_wire(answers: &[mash_domain::health::protection::Answer]) -> Vec<i32> {
    answers.iter().map(|answer| wire::ProtectionAnswer::from(*answer).into()).collect()
}

//! A recipient did something with an item, or did not.

use mash_domain::organisation::OrganisationId;
use mash_proto::{
    convert::time_from_wire, disclosure::v1::ReceiptKind, referral::v1::ItemReceiptRecorded,
};

use super::{
    file::{CaseFile, ReleaseState},
    told::{non_delivery, told_mark},
};
use crate::app::effects::{Cause, Effects};

/// Nobody acknowledged it in time.
pub const NOT_ACKNOWLEDGED: &str = "not-acknowledged-in-time";

/// Takes in a receipt. One for what is not current any more, or from somebody else than the recipient, changes nothing.
pub fn receive(
    receipt: &ItemReceiptRecorded,
    file: &mut CaseFile,
    effects: &mut Effects,
    cause: Cause<'_>,
) {
    let by = receipt.recipient.clone().and_then(|wire| OrganisationId::try_from(wire).ok());
    let found = file.release(&receipt.release_id).filter(|it| by.as_ref() == Some(&it.recipient));
    let Some(mut release) = found.cloned() else { return };
    let at = receipt.receipt_time.as_ref().and_then(|time| time_from_wire(time).ok());
    let at = at.unwrap_or(cause.now);
    let state = match receipt.kind() {
        ReceiptKind::Delivered | ReceiptKind::Opened => ReleaseState::Delivered,
        ReceiptKind::Acknowledged => ReleaseState::Acknowledged,
        ReceiptKind::Undelivered | ReceiptKind::Escalated => ReleaseState::Escalated,
        // That copies are gone is for the record of the recipient's service; nobody sends an item back.
        ReceiptKind::Deleted | ReceiptKind::Rejected | ReceiptKind::Unspecified => return,
    };
    if !release.receive(receipt.revision, state, at) {
        return;
    }
    if state == ReleaseState::Escalated {
        let stated = receipt.reason_code.as_str();
        let undelivered = receipt.kind() == ReceiptKind::Undelivered;
        let reason = if undelivered || stated.is_empty() { NOT_ACKNOWLEDGED } else { stated };
        reason.clone_into(&mut release.reason);
        if let Some(item) = file.item(&release.item_id).filter(|_| undelivered) {
            let told = told_mark(reason, &[], item, &release);
            if release.told != told {
                let event = non_delivery(item, &receipt.case_id, &release, reason, &[]);
                effects.release_item(&event, Vec::new(), cause);
                release.told = told;
            }
        }
    }
    file.put_release(release);
}

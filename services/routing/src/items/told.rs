//! What the sender of an item is told where a recipient does not have it.

use mash_proto::{
    convert::time_to_wire,
    envelope::event_id,
    referral::v1::{self as pb, ItemKind},
};

use super::{
    file::{Item, Release},
    recipients::operator,
};

/// What the sender was told last: why, of which revision of its own, and of which release. Whoever sends more waits to
/// hear what became of that, also where it is the same as before.
#[must_use]
pub fn told_mark(code: &str, reasons: &[String], item: &Item, release: &Release) -> String {
    format!("{code}|{}|{}.{}", reasons.join(","), release.revision, item.revision)
}

/// The report to the sender of an item that a recipient does not have it.
#[must_use]
pub fn non_delivery(
    item: &Item,
    case_id: &str,
    release: &Release,
    code: &str,
    reasons: &[String],
) -> pb::ItemReleased {
    let told = told_mark(code, reasons, item, release);
    let id = event_id(&["non-delivery", &release.id, &told]).to_string();
    pb::ItemReleased {
        release_id: id.clone(),
        item_id: id,
        case_id: case_id.to_owned(),
        kind: ItemKind::NonDelivery.into(),
        recipient: Some((&item.from).into()),
        from: operator().as_ref().map(Into::into),
        revision: 1,
        reply_to: item.id.clone(),
        submit_time: Some(time_to_wire(item.submitted_at)),
        reference: item.reference.clone(),
        undelivered_to: Some((&release.recipient).into()),
        non_delivery_code: code.to_owned(),
        reason_codes: reasons.to_vec(),
        ..pb::ItemReleased::default()
    }
}

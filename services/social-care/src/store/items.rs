//! What reached a hub.

use jiff::Timestamp;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::Content,
    referral::v1::{ItemKind, ItemReleased},
    social_care::v1 as wire,
};
use mash_store::{Column, StoreError, Tx, keys::Opening};
use prost::Message as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    RECORD, case_of, corrupt,
    rows::{Known, Table, Value},
    time,
};

const TABLE: Table = Table {
    name: "social_care_items",
    columns: &[
        "release_id",
        "referral",
        "item_id",
        "kind",
        "revision",
        "receive_ms",
        "after_decision",
        "recall_code",
        "content",
        "payload",
    ],
    key: 1,
};
const CONTENT: Column = Column::new(RECORD, "social_care_items.content");
const PAYLOAD: Column = Column::new(RECORD, "social_care_items.payload");

/// An item and what it says.
#[derive(Clone)]
pub(crate) struct Kept {
    /// The referral that it belongs to.
    pub(crate) referral: String,
    /// As it was released, its content cut out.
    pub(crate) release: ItemReleased,
    /// The bytes of a `Content`; empty once recalled.
    pub(crate) content: Vec<u8>,
    /// When it arrived.
    pub(crate) received: Timestamp,
    /// It came after the decision.
    pub(crate) after_decision: bool,
    /// Why it was recalled; empty if it was not.
    pub(crate) recall_code: String,
}

impl Kept {
    /// What it says, if it was not recalled.
    pub(crate) fn content(&self) -> Option<Content> {
        // It was decoded once when it arrived.
        self.recall_code.is_empty().then(|| Content::decode(self.content.as_slice()).ok()).flatten()
    }

    /// For the wire.
    pub(crate) fn to_wire(&self) -> wire::KeptItem {
        let release = &self.release;
        wire::KeptItem {
            release_id: release.release_id.clone(),
            kind: release.kind,
            from: release.from.clone(),
            revision: release.revision,
            receive_time: Some(time_to_wire(self.received)),
            content: self.content(),
            classes: release.classes.clone(),
            withheld_classes: release.withheld_classes.clone(),
            rule_ids: release.rule_ids.clone(),
            basis_codes: release.basis_codes.clone(),
            consent_code: release.consent_code.clone(),
            consent_words: consent_words(&release.consent_code).to_owned(),
            ruleset: release.ruleset.clone(),
            reply_to: release.reply_to.clone(),
            after_decision: self.after_decision,
            recall_code: self.recall_code.clone(),
            item_id: release.item_id.clone(),
        }
    }
}

/// Why consent is not needed, in words (P03).
fn consent_words(code: &str) -> &'static str {
    match code {
        "duty" => "consent not needed because a duty requires this to be shared",
        "power" => "consent not needed because a legal power permits this to be shared",
        "consent-given" => "the family has consented to the service",
        _ => "",
    }
}

/// Writes items, new or in a new revision.
pub(crate) async fn put(tx: &mut Tx, items: &[&Kept]) -> Result<(), StoreError> {
    let rows = items.iter().map(|kept| -> Vec<Value> {
        let Kept { referral, release, content, received, after_decision, recall_code } = kept;
        let case = case_of(referral, &release.release_id);
        vec![
            release.release_id.as_str().into(),
            referral.as_str().into(),
            release.item_id.as_str().into(),
            i64::from(release.kind).into(),
            i64::from(release.revision).into(),
            received.as_millisecond().into(),
            (*after_decision).into(),
            recall_code.as_str().into(),
            Value::sealed(&CONTENT, case, content.clone()),
            Value::sealed(&PAYLOAD, case, release.encode_to_vec()),
        ]
    });
    TABLE.put(tx, Known::Replaced, rows.collect()).await
}

/// Oldest first; of what arrived in the same millisecond, the report before what was said about it.
pub(super) fn sort(items: &mut [Kept]) {
    items.sort_by(|one, other| {
        let place = |kept: &Kept| (kept.received, kept.release.kind);
        place(one)
            .cmp(&place(other))
            .then_with(|| one.release.release_id.cmp(&other.release.release_id))
    });
}

/// The last report among the items of a referral.
pub(crate) fn report(items: &[Kept]) -> Option<&Kept> {
    items
        .iter()
        .rfind(|kept| kept.release.kind() == ItemKind::Referral && kept.recall_code.is_empty())
}

/// From referral, release, recall, time, whether after the decision, content and the release itself.
pub(super) fn kept(row: &AnyRow, open: &Opening) -> Result<Kept, StoreError> {
    let id: String = row.try_get(2)?;
    let payload = open.column(&PAYLOAD, &id, row.try_get(7)?)?;
    Ok(Kept {
        referral: row.try_get(1)?,
        received: time(row.try_get(4)?)?,
        after_decision: row.try_get::<i64, _>(5)? != 0,
        recall_code: row.try_get(3)?,
        content: open.column(&CONTENT, &id, row.try_get(6)?)?,
        release: ItemReleased::decode(payload.as_slice()).map_err(corrupt("an item"))?,
    })
}

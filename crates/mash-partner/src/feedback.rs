//! What the hub has told a referrer, and that a person has read it.

use jiff::Timestamp;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{Content, ReceiptKind},
    referral::v1 as wire,
};
use mash_store::{StoreError, Tx, outbox};
use prost::Message as _;

use crate::{
    Call, Partner, PartnerError,
    items::{Done, Received, receipt},
    prompts::{kinds, settle},
    store::{
        Owner, disagreements,
        feedback::{self, FeedbackRow},
    },
};

impl Partner {
    /// A person has read what the hub told about a referral. Doing it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`] if the caller has no such feedback, or it was recalled.
    pub async fn acknowledge_feedback(
        &self,
        call: &mut Call,
        release_id: &str,
    ) -> Result<wire::ReceivedFeedback, PartnerError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let found = feedback::find(&mut call.tx, owner, release_id).await?;
        let mut row = found.filter(|row| row.recalled.is_none()).ok_or(PartnerError::NotFound)?;
        if row.acknowledged.is_none() {
            row.acknowledged = Some(call.now);
            feedback::put(&mut call.tx, self.agency.component, &row).await?;
            let what = Received {
                release_id: &row.release_id,
                item_id: &row.item_id,
                case_id: &row.case_id,
                recipient: &call.organisation,
                revision: row.revision,
            };
            let done = Done {
                kind: ReceiptKind::Acknowledged,
                practitioner: &call.practitioner,
                reason: "",
                now: call.now,
                cause: None,
            };
            let message = receipt(&self.agency, &what, &done);
            outbox::enqueue(&mut call.tx, self.agency.component, &[message]).await?;
        }
        let all = feedback::of_case(&mut call.tx, owner, &row.case_id).await?;
        if all.iter().all(|one| one.acknowledged.is_some() || one.recalled.is_some()) {
            settle_all(&mut call.tx, owner, &row.case_id, call.now).await?;
        }
        call.record("acknowledge-feedback", &format!("referrals/{}", row.case_id)).await?;
        Ok(to_wire(&row))
    }
}

/// Nothing in the case is left to read.
async fn settle_all(
    tx: &mut Tx,
    owner: Owner<'_>,
    case_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut subjects = disagreements::of_case(tx, owner, case_id).await?;
    subjects.push(format!("referrals/{case_id}"));
    for subject in subjects {
        settle(tx, owner, (&subject, kinds::READ_FEEDBACK), now).await?;
    }
    Ok(())
}

/// For the wire.
pub(crate) fn to_wire(row: &FeedbackRow) -> wire::ReceivedFeedback {
    // It was checked when it arrived.
    let content = Content::decode(row.content.as_slice()).unwrap_or_default();
    wire::ReceivedFeedback {
        release_id: row.release_id.clone(),
        from: Some((&row.from).into()),
        feedback: content.feedback,
        receive_time: Some(time_to_wire(row.received)),
        acknowledged: row.acknowledged.is_some(),
    }
}

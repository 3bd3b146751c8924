//! A force accepts a hand-over: from here on it answers for the child.

use jiff::Timestamp;
use mash_chassis::Caller;
use mash_proto::{convert::time_to_wire, disclosure::v1 as disclosure};
use mash_store::outbox;

use super::{
    Answered, App, By, COMPONENT, Claim, Idempotency, answer, attributes, claim, force_of, outgoing,
};
use crate::{
    error::PoliceError,
    events::handovers::receipt,
    store::{
        accesses,
        handovers::{self, HandoverRow, HandoverState},
    },
};

const METHOD: &str = "AcknowledgeHandover";

impl App {
    /// Acknowledges a hand-over, once; doing it again returns when it was done first.
    pub(crate) async fn acknowledge_handover(
        &self,
        caller: &Caller,
        request: &Idempotency,
        disclosure_id: &str,
    ) -> Result<(HandoverRow, Timestamp), PoliceError> {
        let force = force_of(caller)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let claimed = claim(&mut tx, METHOD, request).await?;
        // Before the look, so that a recall that arrives meanwhile waits for this, or this for the recall.
        handovers::turn(&mut tx, 1).await?;
        let found = handovers::find(&mut tx, disclosure_id).await?;
        let mut handover = found
            .filter(|handover| handover.force_code == force.as_str() && handover.revision > 0)
            .ok_or(PoliceError::NotFound)?;
        let first = handover.acknowledged.unwrap_or(now);
        if matches!(claimed, Claim::Answered(_)) {
            return Ok((handover, first));
        }
        if handover.state() == HandoverState::Recalled {
            return Err(PoliceError::Recalled);
        }
        if handover.acknowledged.is_none() {
            handover.acknowledged = Some(now);
            handovers::save(&mut tx, &handover).await?;
            let event = disclosure::ReceiptRecorded {
                kind: disclosure::ReceiptKind::Acknowledged.into(),
                practitioner: caller.practitioner.clone().unwrap_or_default(),
                ..receipt(&handover, now)
            };
            let identity = ["handover-acknowledged", &handover.disclosure_id];
            let case_id = &handover.case_id;
            let topic = mash_bus::topics::RECEIPTS;
            let message = outgoing(topic, case_id, &event, &identity, attributes(case_id, now));
            outbox::enqueue(&mut tx, COMPONENT, &[message]).await?;
        }
        let access = By { caller, action: "acknowledge-handover" }.access(disclosure_id);
        accesses::record(&mut tx, now.as_millisecond(), &[&access]).await?;
        let answered = Answered { revision: handover.revision, at: Some(time_to_wire(first)) };
        answer(&mut tx, METHOD, request, answered, now.as_millisecond()).await?;
        tx.commit().await?;
        Ok((handover, first))
    }
}

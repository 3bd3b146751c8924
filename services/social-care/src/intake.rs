//! Takes in what routing has released or recalled for hubs, and what became of what they sent.

mod answers;
mod arrival;
mod batch;
mod correspondence;
mod lookups;
mod notices;
mod receipts;
mod referrals;

use std::sync::Arc;

use async_trait::async_trait;
use mash_bus::{HandleError, Handler, topics};
use mash_proto::event::v1::Envelope;
use mash_store::Tx;

use self::{arrival::Arrival, batch::Batch};
use crate::Service;

/// The event cannot be for a hub.
const UNUSABLE: &str = "MASH-S030";
/// An answer to a question that was never asked.
pub(crate) const NEVER_ASKED: &str = "MASH-S031";
/// Something about a referral that is not here.
pub(crate) const NO_REFERRAL: &str = "MASH-S032";

/// The consumer of what is disclosed to social care, and of receipts.
pub(crate) struct HubIntake(pub(crate) Arc<Service>);

#[async_trait]
impl Handler for HubIntake {
    fn group(&self) -> &'static str {
        "social-care"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[topics::DISCLOSED_SOCIAL_CARE, topics::RECEIPTS]
    }

    fn owner(&self) -> &'static str {
        "social-care"
    }

    // Cases have little in common, and a batch of them is much work.
    fn lanes(&self) -> usize {
        4
    }

    async fn handle(&self, tx: &mut Tx, events: &[Envelope]) -> Result<(), HandleError> {
        let mut arrivals = Vec::with_capacity(events.len());
        for event in events {
            match Arrival::read(event) {
                Ok(Some(arrival)) => arrivals.push(arrival),
                Ok(None) => (),
                Err(arrival::Unusable) => return Err(HandleError::Poison { code: UNUSABLE }),
            }
        }
        if arrivals.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::load(tx, &self.0, &arrivals).await?;
        for arrival in arrivals {
            batch.take(tx, arrival).await?;
        }
        Ok(batch.effects.write(tx).await?)
    }
}

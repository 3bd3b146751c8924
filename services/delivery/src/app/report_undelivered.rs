//! Nobody acknowledged in time: the sender has to hear of it.

use mash_proto::disclosure::v1::ReceiptKind;
use mash_store::{StoreError, outbox};

use super::{App, COMPONENT};
use crate::{receipts::receipt, store::settling};

/// Items per transaction.
const BATCH: usize = 200;

impl App {
    /// Reports every item whose time to be acknowledged has passed, each once however many replicas look. What was
    /// reported still waits: late is better than never.
    pub(crate) async fn report_undelivered(&self) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let mut tx = self.store.begin().await?;
            let overdue = settling::take_overdue(&mut tx, now, BATCH).await?;
            let mut receipts = Vec::with_capacity(overdue.len());
            for settling::Overdue { organisation, item } in &overdue {
                receipts.extend(receipt(item, (organisation, ""), ReceiptKind::Undelivered, now)?);
            }
            outbox::enqueue(&mut tx, COMPONENT, &receipts).await?;
            tx.commit().await?;
            if overdue.is_empty() {
                return Ok(());
            }
            tracing::info!(items = overdue.len(), "items were not acknowledged in time");
        }
    }
}

//! What the service does, one use case per file.

use std::sync::Arc;

use mash_chassis::Clock;
use mash_store::Store;
use tokio_util::sync::CancellationToken;

use crate::{Settings, bells::Bells, turns::Turns};

pub(crate) mod acknowledge_items;
pub(crate) mod forget_the_old;
pub(crate) mod get_mailbox;
pub(crate) mod receive;
pub(crate) mod report_undelivered;

/// The component under which the outbox and the tables of this service go.
pub(crate) const COMPONENT: &str = "delivery";
/// The CloudEvents source of what it publishes.
pub(crate) const SOURCE: &str = "mash/delivery";

/// What every use case needs.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) bells: Arc<Bells>,
    pub(crate) turns: Turns,
    /// Cancelled when open calls are to end.
    pub(crate) ending: CancellationToken,
}

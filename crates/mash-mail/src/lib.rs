//! The ways out of the hub to a person: e-mail, and a webhook behind which an operator has a service for text messages.
//!
//! Deliberately absent: what is said. Whoever sends takes care that nothing personal is in it, but for the address; here
//! nothing of a message is logged or printed, whatever becomes of it. There is no retry either: whoever sends knows how
//! much time is left.

mod smtp;
mod webhook;

use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;

pub use smtp::{MailError, MailSettings, Mailer};
pub use webhook::{SIGNATURE, Webhook, WebhookError, WebhookSettings};

/// Something to be said to one person.
#[derive(Clone)]
pub struct Outgoing {
    /// The address or the telephone number.
    pub to: String,
    /// In one line.
    pub subject: String,
    /// In plain text.
    pub text: String,
    /// The same whenever the same is sent again, so that whoever passes it on can see that it is the same.
    pub key: Uuid,
}

impl fmt::Debug for Outgoing {
    /// Without the address, and without what may be a code.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outgoing").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Why something was not sent, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The other end says that there is no such mailbox, or none that takes mail any more.
    #[error("there is no such mailbox")]
    NoMailbox,
    /// The other end will not have it, however often it is sent.
    #[error("it was refused")]
    Refused,
    /// The other end cannot be reached, does not answer, or cannot take it now.
    #[error("nobody took it")]
    Unreachable,
}

/// A way to a person.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Sends once. `Ok` means that the other end took it over.
    ///
    /// # Errors
    ///
    /// [`Undelivered`]; it may have been taken over all the same.
    async fn send(&self, message: &Outgoing) -> Result<(), Undelivered>;
}

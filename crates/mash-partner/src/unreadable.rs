//! A stored row that cannot be read must not stop the clocks of everybody else: it is told and left alone for a while.

use jiff::SignedDuration;
use mash_store::{StoreError, Tx};

use crate::{Partner, error::UNREADABLE, prompts::kinds};

/// How long a row is left alone before it is tried, and told, again. Once it is mended, its clocks ring within that time.
pub const LEFT_ALONE: SignedDuration = SignedDuration::from_mins(5);

/// Tells whoever is on call, in the log: which row, and never what is in it.
pub fn tell_unreadable(service: &str, subject: &str, error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::error!(
        service,
        subject,
        code = UNREADABLE,
        error,
        "a stored row cannot be read, and its clocks stand still; the others go on"
    );
}

impl Partner {
    /// Tells whoever is on call, and asks the organisation to look after it without the hub until it is mended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn report_unreadable(
        &self,
        tx: &mut Tx,
        (organisation, subject): (&str, &str),
        error: &StoreError,
    ) -> Result<(), StoreError> {
        tell_unreadable(self.agency.component, subject, error);
        self.prompt_person(tx, (organisation, subject, kinds::UNREADABLE), ("", None)).await
    }
}

//! What can come of a call, and how a caller is told.

use mash_chassis::fault::{self, Violation};
use mash_store::StoreError;
use tonic::{Code, Status};

/// The request has faults; each is listed.
pub(crate) const INVALID: &str = "MASH-D001";
/// The call was not opened, or opened twice, or says nothing.
pub(crate) const NOT_OPENED: &str = "MASH-D002";
/// A name is not the name of an item.
pub(crate) const NAME: &str = "MASH-D003";
/// The window is out of range.
pub(crate) const WINDOW: &str = "MASH-D004";
/// The organisation has as many calls open as it may.
pub(crate) const TOO_MANY: &str = "MASH-D005";
/// The caller does not read what it is sent.
pub(crate) const STALLED: &str = "MASH-D006";
/// The service ends.
pub(crate) const ENDING: &str = "MASH-D007";
/// The store failed.
pub(crate) const STORE: &str = "MASH-D008";
/// More names than one message may have.
pub(crate) const TOO_MANY_NAMES: &str = "MASH-D009";
/// An event belongs into no mailbox.
pub(crate) const UNUSABLE: &str = "MASH-D010";

/// Why a call was not carried out, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The request has faults.
    #[error("the request has {} faults", .0.len())]
    Invalid(Vec<Violation>),
    /// The call does not begin with `open`, or has it twice.
    #[error("a call begins with `open`, once, and goes on with `acknowledge`")]
    NotOpened,
    /// An item does not exist, or it is not for this caller.
    #[error("not found")]
    NotFound,
    /// What the caller said cannot be read, or was broken off.
    #[error("what the caller said cannot be read")]
    Said(#[source] Box<Status>),
    /// Too many calls of this organisation, or altogether.
    #[error("too many calls are open")]
    TooMany,
    /// Nothing was read for too long.
    #[error("nothing was read for too long")]
    Stalled,
    /// The service ends.
    #[error("the service ends")]
    Ending,
    /// The store could not be reached, which was logged where it happened.
    #[error("the store cannot be reached")]
    Unavailable,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(violations) => fault::invalid(INVALID, violations),
            Refusal::NotOpened => fault::refuse(
                Code::InvalidArgument,
                NOT_OPENED,
                "a call begins with `open`, once, and goes on with `acknowledge`",
            ),
            Refusal::Said(status) => *status,
            Refusal::NotFound => fault::not_found(),
            Refusal::TooMany => fault::exhausted(
                TOO_MANY,
                "too many calls are open; end one, or read from those that are open",
            ),
            Refusal::Stalled => fault::unavailable(
                STALLED,
                "nothing was read for too long; open the call again, nothing is lost",
            ),
            Refusal::Ending => {
                fault::unavailable(ENDING, "the service ends; open the call again, nothing is lost")
            }
            Refusal::Unavailable => fault::unavailable(STORE, "try again, nothing is lost"),
            Refusal::Store(error) => {
                // Logged here and nowhere else; the caller learns only that it may try again.
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a call failed in the store");
                if error.is_transient() {
                    fault::unavailable(STORE, "try again, nothing is lost")
                } else {
                    fault::internal(STORE)
                }
            }
        }
    }
}

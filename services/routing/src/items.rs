//! Items: what travels about referrals, from any agency to any other.
//!
//! An agency submits an item; routing finds who may have it, asks the rules what each of them may know, takes the rest
//! out, puts the decision on record and releases what is left. Each item for each recipient ends acknowledged, escalated
//! or withheld with a reason (P1), and whoever sent it hears when it did not arrive.
//!
//! As in the rest of routing the heart is pure: [`plan`] says who may have what, [`take_in`] and [`receive`] change a
//! [`CaseFile`](file::CaseFile), and the store writes what has changed. Deliberately absent: the content of items, which
//! is kept only while it waits for consent; and everything that a hub does with a referral, which belongs to social care.

pub mod compose;
pub mod deadline;
pub mod facts;
pub mod file;
pub mod follow_up;
pub mod handler;
pub mod plan;
pub mod receive;
pub mod recipients;
pub mod submission;
pub mod table;
pub mod take_in;
pub mod told;

/// The event does not hold together.
pub const UNREADABLE: &str = "MASH-R150";
/// The event is of a type that this handler does not know.
pub const UNKNOWN_TYPE: &str = "MASH-R151";
/// The item is known, and it is another organisation's, or of another kind or case.
pub const NOT_THE_SAME: &str = "MASH-R152";
/// The content of an item could not be minimised, and so did not leave.
pub const NOT_MINIMISED: &str = "MASH-R153";

#[cfg(test)]
mod tests;

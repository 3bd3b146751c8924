//! Consent to services: the register, and what is released on the strength of it (R10 to R13, R19).
//!
//! A provider that a family has agreed to is told what the rules let through (R19), as a disclosure of its own beside
//! the duties: it is not counted among them, and no duty waits for it (P3). Its message rests on guards
//! ([`mash_store::guards`]): each consent, the child's view and each agreement that it was decided by. When one of them
//! ends, the guard is closed in the transaction that puts the end on record, so that nothing is released once the call
//! has returned (P6); whoever received something before gets a stop notice.

pub mod app;
pub mod following;
pub mod grpc;
pub mod referral;
pub mod sweep;

use mash_domain::{
    consent::{ConsentId, RecordedView},
    sharing::ChildView,
};
use mash_proto::envelope::event_id;

use crate::store::consents::ChildKey;

/// The guard of a consent. A consent that has ended never stands again, and neither does its guard.
#[must_use]
pub fn consent_guard(id: ConsentId) -> String {
    format!("consent/{id}")
}

/// The guard of what a child has said so far: each objection closes one and begins the next.
#[must_use]
pub fn view_guard(key: &ChildKey, views: &[RecordedView]) -> String {
    let objections = views.iter().filter(|view| objects(view)).count();
    let child = event_id(&["child", &key.case_id, &key.child_ref]);
    format!("child-view/{child}/{objections}")
}

/// Whether a view holds back what rests on consent.
#[must_use]
pub fn objects(view: &RecordedView) -> bool {
    view.competent && view.view == ChildView::Objects
}

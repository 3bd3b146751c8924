//! Broken glass on the wire: what is asked, and how a use is shown.

use jiff::Timestamp;
use mash_chassis::{
    Caller,
    fault::{self, Violation},
};
use mash_domain::rights::{
    break_glass::{BreakGlassError, Urgency, Verdict},
    subject_access::{Because, Reason},
};
use mash_proto::{
    convert::time_to_wire,
    referral::v1::ItemSubmitted,
    sharing::v1::{self as pb, BreakGlassVerdict},
};
use tonic::Status;

use crate::{rights::FAULTY_GLASS as INVALID, store::break_glass::Kept};

pub(super) fn item_to_wire(item: ItemSubmitted) -> pb::BehindGlassItem {
    pb::BehindGlassItem { from: item.from, submit_time: item.submit_time, content: item.content }
}

pub(super) fn to_wire(Kept { id, glass }: &Kept, case_children: Vec<String>) -> pb::BreakGlass {
    let verdict = match glass.review {
        None => BreakGlassVerdict::Unspecified,
        Some((Verdict::Justified, _)) => BreakGlassVerdict::Justified,
        Some((Verdict::NotJustified, _)) => BreakGlassVerdict::NotJustified,
    };
    pb::BreakGlass {
        name: format!("breakGlass/{id}"),
        organisation: Some((&glass.organisation).into()),
        practitioner: glass.because.by.clone(),
        reason: glass.reason().as_str().to_owned(),
        life_at_risk: glass.urgency == Urgency::LifeAtRisk,
        open_time: Some(time_to_wire(glass.because.at)),
        end_time: Some(time_to_wire(glass.until())),
        case_children,
        verdict: verdict.into(),
        review_time: glass.review.as_ref().map(|(_, because)| time_to_wire(because.at)),
    }
}

/// The id in `breakGlass/{id}`.
pub(super) fn named(name: &str) -> Result<&str, Status> {
    name.strip_prefix("breakGlass/").filter(|id| !id.is_empty()).ok_or_else(fault::not_found)
}

pub(super) fn because(
    caller: &Caller,
    reason: &str,
    at: Timestamp,
    wrong: &mut Vec<Violation>,
) -> Option<Because> {
    let reason = Reason::new(reason);
    if reason.is_none() {
        let text = "must say why, in 1 to 1,000 characters";
        wrong.push(Violation::new("reason", INVALID, text));
    }
    let by = caller.practitioner.clone().unwrap_or_default();
    reason.map(|reason| Because { by, at, reason })
}

/// Before which use, and how many.
pub(super) fn page(request: &pb::ListBreakGlassRequest) -> Result<((i64, String), i64), Status> {
    let mut wrong = Vec::new();
    let size = match request.page_size {
        0 => 50,
        size @ 1..=200 => i64::from(size),
        _ => {
            wrong.push(Violation::new("page_size", INVALID, "must be 0 to 200"));
            0
        }
    };
    let read = || {
        let (ms, id) = request.page_token.split_once('.')?;
        Some((ms.parse().ok()?, id.to_owned()))
    };
    let first = (i64::MAX, String::new());
    let before = if request.page_token.is_empty() { Some(first) } else { read() };
    if before.is_none() {
        wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
    }
    match before {
        Some(before) if wrong.is_empty() => Ok((before, size)),
        Some(_) | None => Err(fault::invalid(INVALID, wrong)),
    }
}

pub(super) fn refuse(error: BreakGlassError) -> Status {
    let (code, text) = (error.code(), error.to_string());
    let text = text.trim_start_matches(code).trim_start_matches(": ");
    match error {
        BreakGlassError::OwnUse => fault::permission_denied(code, text),
        BreakGlassError::Unreviewed { .. }
        | BreakGlassError::Over { .. }
        | BreakGlassError::Reviewed => fault::failed_precondition(code, text),
    }
}

//! What is asked about rights: read, or refused with every fault at once.

use jiff::{Timestamp, civil::Date};
use mash_chassis::{
    Caller,
    fault::{self, Violation},
};
use mash_domain::{
    incident::CaseId,
    rights::subject_access::{Because, Reason, SubjectAccessError},
};
use mash_proto::sharing::v1 as pb;
use tonic::Status;

use crate::{rights::INVALID, store::rights::After};

/// How long ago a request may have been received, in days.
const OLDEST_REQUEST: i32 = 366;
/// A reason was not given, or is too long.
const REASON: &str = "must say why, in 1 to 1,000 characters";

pub(super) fn check(wrong: Vec<Violation>) -> Result<(), Status> {
    if wrong.is_empty() { Ok(()) } else { Err(fault::invalid(INVALID, wrong)) }
}

/// The id in `subjectAccess/{id}`.
pub(super) fn named(name: &str) -> Result<&str, Status> {
    name.strip_prefix("subjectAccess/").filter(|id| !id.is_empty()).ok_or_else(fault::not_found)
}

pub(super) fn because(
    caller: &Caller,
    reason: &str,
    at: Timestamp,
    wrong: &mut Vec<Violation>,
) -> Option<Because> {
    let reason = Reason::new(reason);
    if reason.is_none() {
        wrong.push(Violation::new("reason", INVALID, REASON));
    }
    let by = caller.practitioner.clone().unwrap_or_default();
    reason.map(|reason| Because { by, at, reason })
}

/// On which day a request was received, today if it is not said.
pub(super) fn received(
    wire: Option<mash_proto::r#type::v1::Date>,
    today: Date,
    wrong: &mut Vec<Violation>,
) -> Date {
    let Some(wire) = wire else { return today };
    let day = Date::try_from(wire).ok().filter(|day| {
        let ago = today.since(*day).map_or(i32::MAX, |ago| ago.get_days());
        (0..=OLDEST_REQUEST).contains(&ago)
    });
    day.unwrap_or_else(|| {
        let text = "must be a day of the last 366, and not after today";
        wrong.push(Violation::new("received_date", INVALID, text));
        today
    })
}

pub(super) fn page(request: &pb::ListSubjectAccessRequest) -> Result<(After, i64), Status> {
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
        let (over, rest) = request.page_token.split_once('.')?;
        let (day, id) = rest.split_once('.')?;
        let due_day = day.parse::<Date>().ok()?.to_string();
        Some(After { over: over.parse().ok()?, due_day, id: id.to_owned() })
    };
    let first = After { over: -1, ..After::default() };
    let after = if request.page_token.is_empty() { Some(first) } else { read() };
    if after.is_none() {
        wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
    }
    match after {
        Some(after) if wrong.is_empty() => Ok((after, size)),
        Some(_) | None => Err(fault::invalid(INVALID, wrong)),
    }
}

/// After which misdirection, and how many.
pub(super) fn misdirections_page(
    request: &pb::ListMisdirectionsRequest,
) -> Result<((i64, String), i64), Status> {
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
        let (ms, case) = request.page_token.split_once('.')?;
        Some((ms.parse().ok()?, case.to_owned()))
    };
    let first = (i64::MIN, String::new());
    let after = if request.page_token.is_empty() { Some(first) } else { read() };
    if after.is_none() {
        wrong.push(Violation::new("page_token", INVALID, "must be from the previous page"));
    }
    match after {
        Some(after) if wrong.is_empty() => Ok((after, size)),
        Some(_) | None => Err(fault::invalid(INVALID, wrong)),
    }
}

/// The case, before which look, and how many.
pub(super) fn looks_page(
    request: &pb::ListLooksRequest,
) -> Result<(String, (i64, String), usize), Status> {
    let name = &request.case_name;
    let id = name.strip_prefix("incidents/").or_else(|| name.strip_prefix("referrals/"));
    let case = id.and_then(|id| id.parse::<CaseId>().ok()).ok_or_else(fault::not_found)?;
    let mut wrong = Vec::new();
    let size = match request.page_size {
        0 => 100,
        size @ 1..=500 => usize::try_from(size).unwrap_or_default(),
        _ => {
            wrong.push(Violation::new("page_size", INVALID, "must be 0 to 500"));
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
        Some(before) if wrong.is_empty() => Ok((case.to_string(), before, size)),
        Some(_) | None => Err(fault::invalid(INVALID, wrong)),
    }
}

pub(super) fn refuse(error: SubjectAccessError) -> Status {
    let (code, text) = (error.code(), error.to_string());
    let text = text.trim_start_matches(code).trim_start_matches(": ");
    match error {
        SubjectAccessError::NoSuchLine => {
            fault::invalid(INVALID, vec![Violation::new("line", code, text)])
        }
        SubjectAccessError::Transition { .. }
        | SubjectAccessError::Untested { .. }
        | SubjectAccessError::Extension => fault::failed_precondition(code, text),
    }
}

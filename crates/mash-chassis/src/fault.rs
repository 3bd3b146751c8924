//! Refusals, in the words of `google.rpc`.
//!
//! Each carries an `ErrorInfo` whose reason is a code with a page in `docs/errors`. No text here quotes the request:
//! what a caller sent may be personal data, and error texts end up in logs.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "mash.hub";

/// The call came without a client certificate that names an organisation.
pub const NO_CERTIFICATE: &str = "MASH-C001";
/// The caller's kind of organisation may not call this method.
pub const NOT_FOR_THIS_KIND: &str = "MASH-C002";
/// The practitioner is missing or malformed.
pub const NO_PRACTITIONER: &str = "MASH-C003";
/// The message is larger than the hub takes.
pub const MESSAGE_TOO_LARGE: &str = "MASH-C004";
/// The message is not what the contract says.
pub const MESSAGE_UNREADABLE: &str = "MASH-C005";
/// The hub has as many calls in hand as it takes.
pub const TOO_BUSY: &str = "MASH-C006";
/// The hub is shutting down.
pub const SHUTTING_DOWN: &str = "MASH-C007";
/// The time for the call ran out.
pub const TOO_LATE: &str = "MASH-C008";
/// It does not exist, or it is not for this caller; nobody can tell which.
pub const NOT_FOUND: &str = "MASH-C009";
/// The hub does not know the method.
pub const NO_SUCH_METHOD: &str = "MASH-C010";
/// The certificate does not name exactly one organisation.
pub const CERTIFICATE_UNCLEAR: &str = "MASH-K001";
/// The certificate has been revoked.
pub const CERTIFICATE_REVOKED: &str = "MASH-K002";
/// The certificate has expired.
pub const CERTIFICATE_EXPIRED: &str = "MASH-K003";

/// The violations of one answer may take this many bytes: they travel in an HTTP/2 header, and several clients take
/// no more than 8 KiB of those, after base64.
const VIOLATIONS_BUDGET: usize = 4_000;

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, such as `children[2].nhs_number`.
    pub field: String,
    /// The code, with a page in `docs/errors`.
    pub code: &'static str,
    /// What is wrong, without quoting the value.
    pub description: String,
}

impl Violation {
    /// A violation of this field.
    pub fn new(
        field: impl Into<String>,
        code: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code, description: description.into() }
    }
}

/// Why a library that knows no transport did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What sort of refusal.
    pub sort: Sort,
    /// The code, with a page in `docs/errors`.
    pub code: &'static str,
    /// In words, without quoting the request.
    pub text: String,
    /// What the caller needs to go on, such as the present revision.
    pub metadata: HashMap<String, String>,
}

/// The sorts of refusal, in the words of gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sort {
    /// INVALID_ARGUMENT, every violation at once.
    Invalid(Vec<Violation>),
    /// NOT_FOUND: the code and the text are the same for everything that is hidden or absent.
    NotFound,
    /// ALREADY_EXISTS.
    Conflict,
    /// ABORTED.
    Aborted,
    /// FAILED_PRECONDITION.
    Precondition,
    /// UNAVAILABLE.
    Unavailable,
    /// INTERNAL.
    Internal,
}

impl From<Refusal> for Status {
    fn from(Refusal { sort, code, text, metadata }: Refusal) -> Self {
        let status = match sort {
            Sort::Invalid(violations) => return invalid(code, violations),
            Sort::NotFound => return not_found(),
            Sort::Unavailable => return unavailable(code, &text),
            Sort::Internal => return internal(code),
            Sort::Conflict => Code::AlreadyExists,
            Sort::Aborted => Code::Aborted,
            Sort::Precondition => Code::FailedPrecondition,
        };
        let details = ErrorDetails::with_error_info(code, DOMAIN, metadata);
        Self::with_error_details(status, format!("{code}: {text}"), details)
    }
}

/// INVALID_ARGUMENT with every violation at once, as far as a client can take them; the rest is counted.
#[must_use]
pub fn invalid(code: &'static str, violations: Vec<Violation>) -> Status {
    let count = violations.len();
    let mut room = VIOLATIONS_BUDGET;
    let mut shown = Vec::new();
    for Violation { field, code, description } in violations {
        let size = field.len() + code.len() * 2 + description.len() + 16;
        let Some(rest) = room.checked_sub(size) else { break };
        room = rest;
        let mut violation = FieldViolation::new(field, format!("{code}: {description}"));
        violation.reason = code.to_owned();
        shown.push(violation);
    }
    let metadata = HashMap::from([
        ("violations".to_owned(), count.to_string()),
        ("shown".to_owned(), shown.len().to_string()),
    ]);
    let mut details = ErrorDetails::with_error_info(code, DOMAIN, metadata);
    details.set_bad_request(shown);
    let text = match count {
        1 => format!("{code}: the request has 1 fault"),
        _ => format!("{code}: the request has {count} faults"),
    };
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// NOT_FOUND, the same whether the thing does not exist or is not for this caller.
#[must_use]
pub fn not_found() -> Status {
    refuse(Code::NotFound, NOT_FOUND, "not found")
}

/// ALREADY_EXISTS: it is there already with other content.
#[must_use]
pub fn conflict(code: &'static str, text: &str) -> Status {
    refuse(Code::AlreadyExists, code, text)
}

/// ABORTED: something moved in between; read again, then repeat.
#[must_use]
pub fn aborted(code: &'static str, text: &str) -> Status {
    refuse(Code::Aborted, code, text)
}

/// FAILED_PRECONDITION: the call cannot succeed in the present state, however often it is repeated.
#[must_use]
pub fn failed_precondition(code: &'static str, text: &str) -> Status {
    refuse(Code::FailedPrecondition, code, text)
}

/// PERMISSION_DENIED, where the caller may know that the thing exists; otherwise use [`not_found`].
#[must_use]
pub fn permission_denied(code: &'static str, text: &str) -> Status {
    refuse(Code::PermissionDenied, code, text)
}

/// RESOURCE_EXHAUSTED.
#[must_use]
pub fn exhausted(code: &'static str, text: &str) -> Status {
    refuse(Code::ResourceExhausted, code, text)
}

/// UNAVAILABLE: repeat the same call, with the same `request_id`, after a moment.
#[must_use]
pub fn unavailable(code: &'static str, text: &str) -> Status {
    let mut details = ErrorDetails::with_error_info(code, DOMAIN, HashMap::new());
    details.set_retry_info(Some(Duration::from_secs(1)));
    Status::with_error_details(Code::Unavailable, format!("{code}: {text}"), details)
}

/// INTERNAL: a fault of the hub. Log the cause where it happened; the caller learns only the code.
#[must_use]
pub fn internal(code: &'static str) -> Status {
    refuse(Code::Internal, code, "a fault of the hub")
}

/// UNAUTHENTICATED: no certificate.
#[must_use]
pub fn unauthenticated() -> Status {
    refuse(
        Code::Unauthenticated,
        NO_CERTIFICATE,
        "a client certificate that this hub issued is needed",
    )
}

/// Any code, with its `ErrorInfo`.
#[must_use]
pub fn refuse(status: Code, code: &'static str, text: &str) -> Status {
    let details = ErrorDetails::with_error_info(code, DOMAIN, HashMap::new());
    Status::with_error_details(status, format!("{code}: {text}"), details)
}

/// The `MASH-` code that a refusal carries, for logs and for clients.
#[must_use]
pub fn code_of(status: &Status) -> Option<String> {
    let info = status.get_error_details().error_info().cloned()?;
    (info.domain == DOMAIN).then_some(info.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_is_told_at_once() {
        let status = invalid(
            "MASH-P001",
            vec![
                Violation::new("children[0].nhs_number", "MASH-P010", "the check digit is wrong"),
                Violation::new("attended_time", "MASH-P112", "lies in the future"),
            ],
        );
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "MASH-P001: the request has 2 faults");
        assert_eq!(code_of(&status).as_deref(), Some("MASH-P001"));
        let details = status.get_error_details();
        let fields: Vec<_> = details
            .bad_request()
            .unwrap()
            .field_violations
            .iter()
            .map(|violation| (violation.field.as_str(), violation.reason.as_str()))
            .collect();
        assert_eq!(
            fields,
            [("children[0].nhs_number", "MASH-P010"), ("attended_time", "MASH-P112")]
        );
    }

    #[test]
    fn ten_thousand_violations_fit_into_a_header() {
        let many = (0..10_000)
            .map(|index| Violation::new(format!("children[{index}].upn"), "MASH-P105", "malformed"))
            .collect();
        let status = invalid("MASH-P001", many);
        assert!(status.details().len() < 6_000, "{} bytes", status.details().len());
        let info = status.get_error_details().error_info().cloned().unwrap();
        assert_eq!(info.metadata.get("violations").map(String::as_str), Some("10000"));
        assert!(status.message().contains("10000"));
    }

    #[test]
    fn hidden_and_absent_look_the_same() {
        let (one, other) = (not_found(), not_found());
        assert_eq!((one.code(), one.message()), (other.code(), other.message()));
        assert_eq!(one.details(), other.details());
    }
}

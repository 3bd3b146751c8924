//! One call: who calls, may they, for how long; then the service; then a clear word about whatever went wrong.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span, field::Empty};

use super::{
    body::{Guarded, Measured, Record},
    connection::{Ending, Session},
    watch::Trust,
};
use crate::{
    Caller, Limits,
    access::{AccessTable, Method, Rule, Shape},
    fault,
};

/// The metadata in which a caller names the practitioner.
const PRACTITIONER: &str = "mash-practitioner";

/// What stands before every service.
#[derive(Clone)]
pub(crate) struct CallLayer {
    table: Arc<AccessTable>,
    trust: Arc<Trust>,
    room: Arc<Semaphore>,
    limits: Limits,
}

#[derive(Clone)]
pub(crate) struct CallService<S> {
    layer: CallLayer,
    inner: S,
}

impl CallLayer {
    pub(crate) fn new(table: Arc<AccessTable>, trust: Arc<Trust>, limits: Limits) -> Self {
        Self { table, trust, room: Arc::new(Semaphore::new(limits.calls)), limits }
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallService { layer: self.clone(), inner }
    }
}

impl<S> Service<Request<Body>> for CallService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let session = request.extensions().get::<Arc<Session>>().cloned();
        let method = self.layer.table.method(request.uri().path()).cloned();
        let span = span(method.as_ref(), session.as_deref());
        let quiet = method.as_ref().is_some_and(|method| method.rule == Rule::Anyone);
        let record = Record::new(span.clone(), quiet);
        let admitted = self.layer.admit(method.as_ref(), session.as_deref(), request.headers());
        let (method, caller) = match admitted {
            Ok(admitted) => admitted,
            Err(status) => return Box::pin(async move { Ok(refusal(&status, record)) }),
        };
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        let Ok(permit) = self.layer.room.clone().try_acquire_owned() else {
            let status = fault::exhausted(fault::TOO_BUSY, "too many calls in hand, try again");
            return Box::pin(async move { Ok(refusal(&status, record)) });
        };
        let deadline = self.layer.limits.deadline(method.shape, request.headers());
        let limit = self.layer.limits.upload_bytes;
        let request = request.map(|body| Body::new(Measured::new(body, limit)));
        let answer = self.inner.call(request).instrument(span);
        let stream_of = session.filter(|_| method.shape == Shape::Stream);
        Box::pin(async move {
            let answered = timeout_at(deadline, answer).await;
            drop(permit);
            let Ok(Ok(response)) = answered else {
                let status = fault::refuse(
                    Code::DeadlineExceeded,
                    fault::TOO_LATE,
                    "the time for this call ran out; it may have taken effect",
                );
                return Ok(refusal(&status, record));
            };
            Ok(answer_of(response, record, stream_of))
        })
    }
}

impl CallLayer {
    /// Whether the call may go on, and as whom.
    fn admit(
        &self,
        method: Option<&Method>,
        session: Option<&Session>,
        headers: &HeaderMap,
    ) -> Result<(Method, Option<Caller>), Status> {
        if let Some(method) = method.filter(|method| method.rule == Rule::Anyone) {
            return Ok((method.clone(), None));
        }
        // Before anything else is told: without a certificate there is nothing to learn, not even what exists.
        let session = session.ok_or_else(fault::unauthenticated)?;
        let identity = session.identity.as_ref().ok_or_else(fault::unauthenticated)?;
        let Ok(organisation) = identity.organisation.clone() else {
            return Err(fault::refuse(
                Code::Unauthenticated,
                fault::CERTIFICATE_UNCLEAR,
                "the certificate does not name exactly one organisation",
            ));
        };
        let why = session.ending().max(self.trust.judge(identity));
        if why > Some(Ending::Age) {
            return Err(ended(why));
        }
        let Some(method) = method else {
            return Err(fault::refuse(
                Code::Unimplemented,
                fault::NO_SUCH_METHOD,
                "no such method",
            ));
        };
        let (allowed, practitioner_required) = match &method.rule {
            Rule::Anyone | Rule::AnyOrganisation => (true, false),
            Rule::Nobody => (false, false),
            Rule::Kinds { kinds, practitioner_required } => {
                (kinds.contains(&organisation.kind()), *practitioner_required)
            }
        };
        if !allowed {
            return Err(fault::permission_denied(
                fault::NOT_FOR_THIS_KIND,
                "this method is not for this kind of organisation",
            ));
        }
        let practitioner = practitioner(headers, practitioner_required)?;
        Ok((method.clone(), Some(Caller { organisation, practitioner })))
    }
}

/// The practitioner that the caller names. A malformed one is refused even where none is needed.
fn practitioner(headers: &HeaderMap, required: bool) -> Result<Option<String>, Status> {
    let refused = || {
        fault::refuse(
            Code::InvalidArgument,
            fault::NO_PRACTITIONER,
            "`mash-practitioner` must name one practitioner in 1 to 64 of 0-9 A-Z a-z . _ -",
        )
    };
    let mut values = headers.get_all(PRACTITIONER).iter();
    match (values.next(), values.next()) {
        (None, _) if !required => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| refused())?;
            let fits = (1..=64).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
            if fits { Ok(Some(text.to_owned())) } else { Err(refused()) }
        }
        (None | Some(_), _) => Err(refused()),
    }
}

/// What the caller of an ended connection is told.
pub(crate) fn ended(why: Option<Ending>) -> Status {
    let refused = |code, text| fault::refuse(Code::Unauthenticated, code, text);
    match why {
        Some(Ending::Revoked) => {
            refused(fault::CERTIFICATE_REVOKED, "the certificate has been revoked")
        }
        Some(Ending::Expired) => refused(fault::CERTIFICATE_EXPIRED, "the certificate has expired"),
        Some(Ending::Age) => fault::unavailable(
            fault::SHUTTING_DOWN,
            "the connection is old, call again on a new one",
        ),
        Some(Ending::Shutdown) | None => {
            fault::unavailable(fault::SHUTTING_DOWN, "the server is shutting down, call again")
        }
    }
}

/// Refused callers are named too: who tried what is what an investigation asks.
fn span(method: Option<&Method>, session: Option<&Session>) -> Span {
    let identity = session.and_then(|session| session.identity.as_ref());
    let organisation = identity.and_then(|identity| identity.organisation.as_ref().ok());
    tracing::info_span!(
        "call",
        // Never the path as sent: it could hold anything.
        method = method.map_or("unknown", |method| method.path.as_str()),
        caller.organisation = organisation.map(tracing::field::display),
        code = Empty,
        reason = Empty,
        duration_ms = Empty,
    )
}

fn refusal(status: &Status, mut record: Record) -> Response<Body> {
    record.set(status.code(), fault::code_of(status));
    let response = into_response(status);
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, Body::new(Guarded::new(body, record, None)))
}

fn into_response(status: &Status) -> Response<Body> {
    status.clone().into_http()
}

/// The service's answer, with clear words where the transport's own are not.
fn answer_of(
    response: Response<Body>,
    mut record: Record,
    stream_of: Option<Arc<Session>>,
) -> Response<Body> {
    let failed = Status::from_header_map(response.headers());
    if let Some(status) = failed {
        if let Some(clear) = clarify(&status) {
            return refusal(&clear, record);
        }
        record.set(status.code(), fault::code_of(&status));
    }
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, Body::new(Guarded::new(body, record, stream_of)))
}

/// tonic answers a large message with OUT_OF_RANGE and an unreadable one with INTERNAL, as if the hub were at fault.
fn clarify(status: &Status) -> Option<Status> {
    let text = status.message();
    if status.code() == Code::OutOfRange && text.contains("message length too large") {
        return Some(fault::exhausted(
            fault::MESSAGE_TOO_LARGE,
            "the message is larger than 4 MiB; send fewer at a time",
        ));
    }
    if status.code() == Code::Internal && text.starts_with("failed to decode Protobuf message") {
        return Some(fault::refuse(
            Code::InvalidArgument,
            fault::MESSAGE_UNREADABLE,
            "the message is not what the contract says, or a text in it is not UTF-8",
        ));
    }
    None
}

impl Limits {
    /// When a call is over: when the caller says so, or when the hub does, whichever comes first.
    fn deadline(&self, shape: Shape, headers: &HeaderMap) -> Instant {
        let own = match shape {
            Shape::Unary | Shape::Stream => self.call,
            Shape::Upload => self.upload,
        };
        let wished = headers.get("grpc-timeout").and_then(|value| wish(value.to_str().ok()?));
        // A little before the caller's, so that this answer comes before the transport's, which says CANCELLED.
        let wished = wished.map(|wish| wish.saturating_sub(Duration::from_millis(1)));
        Instant::now() + wished.map_or(own, |wish| wish.min(own))
    }
}

/// At most eight digits and a unit, as gRPC writes a timeout.
fn wish(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

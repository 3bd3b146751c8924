//! What a call sends, up to a limit; and the answer to it, with its line in the log. A stream whose caller loses its
//! right to it ends with a reason.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::{Code, Status, body::Body};
use tracing::Span;

use super::{call, connection::Session};
use crate::fault;

/// One call, until its answer has ended. Its line in the log names no person and no content.
pub(crate) struct Record {
    span: Span,
    begun: Instant,
    code: Code,
    reason: Option<String>,
    /// Health checks that succeed come every few seconds and say nothing.
    quiet: bool,
}

impl Record {
    pub(crate) fn new(span: Span, quiet: bool) -> Self {
        // Whoever is gone before the end has cancelled.
        Self { span, begun: Instant::now(), code: Code::Cancelled, reason: None, quiet }
    }

    pub(crate) fn set(&mut self, code: Code, reason: Option<String>) {
        self.code = code;
        self.reason = reason;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.span.record("code", format_args!("{:?}", self.code));
        let elapsed = self.begun.elapsed().as_secs_f64() * 1_000.0;
        self.span.record("duration_ms", (elapsed * 1_000.0).round() / 1_000.0);
        if let Some(reason) = &self.reason {
            self.span.record("reason", reason.as_str());
        }
        self.span.in_scope(|| {
            if self.quiet && self.code == Code::Ok {
                tracing::debug!("call");
            } else {
                tracing::info!("call");
            }
        });
    }
}

/// A body that ends when its caller's right to it does.
pub(crate) struct Guarded {
    body: Body,
    record: Record,
    /// Only for streams: an answer that is already made is not taken back.
    watch: Option<(Arc<Session>, Pin<Box<WaitForCancellationFutureOwned>>)>,
    done: bool,
}

impl Guarded {
    pub(crate) fn new(body: Body, record: Record, stream_of: Option<Arc<Session>>) -> Self {
        let watch = stream_of.map(|session| {
            let ended = Box::pin(session.ended());
            (session, ended)
        });
        Self { body, record, watch, done: false }
    }
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Some((session, ended)) = &mut self.watch
            && ended.as_mut().poll(context).is_ready()
        {
            let status = call::ended(session.ending());
            self.done = true;
            self.record.set(status.code(), fault::code_of(&status));
            let mut trailers = http::HeaderMap::new();
            status.add_header(&mut trailers)?;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(status) = frame.trailers_ref().and_then(Status::from_header_map)
        {
            self.record.set(status.code(), fault::code_of(&status));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.watch.is_some() { SizeHint::default() } else { self.body.size_hint() }
    }
}

/// What a call sends, until it is too much.
pub(crate) struct Measured {
    body: Body,
    left: u64,
}

impl Measured {
    pub(crate) const fn new(body: Body, limit: u64) -> Self {
        Self { body, left: limit }
    }
}

impl HttpBody for Measured {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let size = u64::try_from(data.len()).unwrap_or(u64::MAX);
            let Some(left) = self.left.checked_sub(size) else {
                return Poll::Ready(Some(Err(fault::exhausted(
                    fault::MESSAGE_TOO_LARGE,
                    "the call sends more than the hub takes at once; send it in parts",
                ))));
            };
            self.left = left;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

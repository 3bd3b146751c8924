//! One connection, and who is at the other end of it.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::identity::Identity;

/// Why a connection ends before its caller wants it to. The greatest reason counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Age,
    Shutdown,
    Expired,
    Revoked,
}

/// What is remembered of an open connection. Each of its calls can see it.
pub(crate) struct Session {
    /// Nothing if the caller showed no certificate.
    pub(crate) identity: Option<Identity>,
    pub(crate) remote: SocketAddr,
    pub(crate) opened: Instant,
    ending: Mutex<Option<Ending>>,
    /// Cancelled when its streams are to end with a word of explanation.
    ended: CancellationToken,
    /// Cancelled when it is to be cut.
    cut: CancellationToken,
}

impl Session {
    pub(crate) fn new(identity: Option<Identity>, remote: SocketAddr) -> Self {
        Self {
            identity,
            remote,
            opened: Instant::now(),
            ending: Mutex::new(None),
            ended: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Ends its streams. Whether calls are still let through depends on the reason.
    pub(crate) fn end(&self, why: Ending) {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        *ending = (*ending).max(Some(why));
        drop(ending);
        self.ended.cancel();
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ended(&self) -> WaitForCancellationFutureOwned {
        self.ended.clone().cancelled_owned()
    }

    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }
}

/// Every open connection, counted by address.
#[derive(Default)]
pub(crate) struct Connections(Mutex<State>);

#[derive(Default)]
struct State {
    sessions: Vec<Weak<Session>>,
    per_address: HashMap<IpAddr, usize>,
    total: usize,
}

/// The place of one connection; it is free again when this is dropped.
pub(crate) struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Connections {
    /// A place for a connection from this address, if there is one.
    pub(crate) fn take(
        self: &Arc<Self>,
        address: IpAddr,
        per_address: usize,
        total: usize,
    ) -> Option<Place> {
        let mut state = self.state();
        if state.total >= total {
            return None;
        }
        let held = state.per_address.entry(address).or_default();
        if *held >= per_address {
            return None;
        }
        *held += 1;
        state.total += 1;
        Some(Place { connections: self.clone(), address })
    }

    pub(crate) fn add(&self, session: &Arc<Session>) {
        self.state().sessions.push(Arc::downgrade(session));
    }

    /// The open ones; forgets the others.
    pub(crate) fn open(&self) -> Vec<Arc<Session>> {
        let mut open = Vec::new();
        self.state().sessions.retain(|session| {
            let session = session.upgrade();
            let alive = session.is_some();
            open.extend(session);
            alive
        });
        open
    }

    pub(crate) fn end_all(&self, why: Ending) {
        self.open().iter().for_each(|session| session.end(why));
    }

    pub(crate) fn cut_all(&self) {
        self.open().iter().for_each(|session| session.cut());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.total = state.total.saturating_sub(1);
        let left = state.per_address.get_mut(&self.address).map_or(0, |held| {
            *held = held.saturating_sub(1);
            *held
        });
        if left == 0 {
            state.per_address.remove(&self.address);
        }
    }
}

/// The bytes of a connection, until it is cut.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    session: Arc<Session>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Place,
}

impl Connection {
    pub(crate) fn new(stream: TlsStream<TcpStream>, session: Arc<Session>, place: Place) -> Self {
        let cut = Box::pin(session.cut.clone().cancelled_owned());
        Self { stream, session, cut, _place: place }
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Session>;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.session.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // An open HTTP/2 connection always waits to read, so this is where it learns that it is over.
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.session.cut.is_cancelled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.session.cut.is_cancelled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

//! Accepting connections and shaking hands, with a bound on how many and how long.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::Sender,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Connection, Connections, Place, Session},
    watch::Trust,
};
use crate::{Limits, identity};

pub(crate) struct Listener {
    listener: TcpListener,
    greeter: Greeter,
}

#[derive(Clone)]
struct Greeter {
    trust: Arc<Trust>,
    connections: Arc<Connections>,
    limits: Limits,
}

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
enum GreetError {
    #[error("it took too long")]
    TooLong(#[from] tokio::time::error::Elapsed),
    #[error(transparent)]
    Tls(#[from] io::Error),
    #[error("the caller does not speak HTTP/2")]
    Protocol,
    #[error("the certificate cannot be read")]
    Certificate,
}

impl Listener {
    pub(crate) fn new(
        listener: TcpListener,
        trust: Arc<Trust>,
        connections: Arc<Connections>,
        limits: Limits,
    ) -> Self {
        Self { listener, greeter: Greeter { trust, connections, limits } }
    }

    /// Accepts until shutdown. Each handshake runs by itself, so that a slow one holds up nobody.
    pub(crate) async fn run(self, accepted: Sender<Connection>, shutdown: CancellationToken) {
        let mut handshakes = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                Some(_) = handshakes.join_next() => {}
                stream = self.listener.accept() => match stream {
                    Ok((stream, remote)) => {
                        if let Some(place) = self.greeter.place(remote) {
                            let greeter = self.greeter.clone();
                            handshakes.spawn(greeter.greet(stream, remote, place, accepted.clone()));
                        }
                    }
                    Err(error) => {
                        // Out of descriptors, most likely: give the others a moment to end.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }
}

impl Greeter {
    fn place(&self, remote: SocketAddr) -> Option<Place> {
        let Limits { connections_per_address, connections, .. } = self.limits;
        let place = self.connections.take(remote.ip(), connections_per_address, connections);
        if place.is_none() {
            tracing::warn!(remote.ip = %remote.ip(), "too many connections, one was dropped");
        }
        place
    }

    async fn greet(
        self,
        stream: TcpStream,
        remote: SocketAddr,
        place: Place,
        accepted: Sender<Connection>,
    ) {
        match timeout(self.limits.handshake, self.handshake(stream)).await {
            Ok(Ok((stream, identity))) => {
                let session = Arc::new(Session::new(identity, remote));
                self.connections.add(&session);
                // It fails only when the server has stopped, and then nobody waits for it.
                if accepted.send(Connection::new(stream, session, place)).await.is_err() {
                    tracing::debug!("a connection came too late");
                }
            }
            Ok(Err(error)) => {
                tracing::info!(remote.ip = %remote.ip(), %error, "a handshake was refused");
            }
            Err(elapsed) => {
                let error = GreetError::from(elapsed);
                tracing::info!(remote.ip = %remote.ip(), %error, "a handshake was refused");
            }
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Option<identity::Identity>), GreetError> {
        stream.set_nodelay(true)?;
        let acceptor = TlsAcceptor::from(self.trust.config());
        let stream = acceptor.accept(stream).await?;
        let (_, tls) = stream.get_ref();
        if tls.alpn_protocol() != Some(b"h2") {
            return Err(GreetError::Protocol);
        }
        let certificate = tls.peer_certificates().and_then(|chain| chain.first());
        let identity = match certificate {
            Some(der) => Some(identity::of_der(der).ok_or(GreetError::Certificate)?),
            None => None,
        };
        Ok((stream, identity))
    }
}

//! How much a server takes from whom.

use std::time::Duration;

/// The limits of one server. The defaults suit a hub for a nation on one machine.
///
/// They bound what one address, one connection or one call can hold; they are no rate limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A TLS handshake takes at most this long.
    pub handshake: Duration,
    /// Connections from one address. Generous: a whole force may sit behind one.
    pub connections_per_address: usize,
    /// Connections altogether.
    pub connections: usize,
    /// Calls at once on one connection.
    pub streams_per_connection: u32,
    /// Calls in hand altogether; streams that have begun no longer count.
    pub calls: usize,
    /// A call, or the beginning of a stream, takes at most this long.
    pub call: Duration,
    /// An upload in many messages takes at most this long.
    pub upload: Duration,
    /// Everything that one call sends, in bytes; a single message may have 4 MiB.
    pub upload_bytes: u64,
    /// Streams on a connection of this age end, so that callers spread over servers and show new certificates.
    pub connection_age: Duration,
    /// So much later the caller is asked to leave the connection. It is cut when the longest call must have ended.
    pub connection_grace: Duration,
    /// At shutdown, calls have this long to end.
    pub drain: Duration,
    /// A silent connection is pinged this often, and cut if it does not answer within 20 seconds.
    pub keepalive: Duration,
    /// All metadata of one call, in bytes.
    pub header_bytes: u32,
    /// How often certificates and revocations are looked at again.
    pub watch: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            connections_per_address: 1_024,
            connections: 16_384,
            streams_per_connection: 256,
            calls: 4_096,
            call: Duration::from_secs(30),
            upload: Duration::from_secs(600),
            upload_bytes: 256 * 1_024 * 1_024,
            connection_age: Duration::from_secs(3_600),
            connection_grace: Duration::from_secs(5),
            drain: Duration::from_secs(10),
            keepalive: Duration::from_secs(30),
            header_bytes: 16 * 1_024,
            watch: Duration::from_secs(1),
        }
    }
}

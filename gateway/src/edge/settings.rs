//! Settings of the listeners: every bound and every time-out by name. Durations are written as `10s`, `500ms`, `2m`.

use crate::outbound::Network;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Reads a duration as people write it (`10s`, `500ms`), by jiff's friendly format.
pub(crate) use jiff::fmt::serde::unsigned_duration::friendly::compact::required as friendly;

/// One listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// Address and port; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Certificate and key; without them clear text.
    #[serde(default)]
    pub tls: Option<TlsSettings>,
    /// Callers from these networks are operators without a credential, unless a browser sends them. Meant for the operations
    /// listener, where it defaults to loopback.
    #[serde(default)]
    pub operators_from: Vec<Network>,
    /// Bounds.
    #[serde(default)]
    pub bounds: Bounds,
    /// Time-outs.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Requests a second.
    #[serde(default)]
    pub limits: RateLimits,
}

impl ListenerSettings {
    /// Clear text at `address`, everything else by default.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            operators_from: Vec::new(),
            bounds: Bounds::default(),
            timeouts: Timeouts::default(),
            limits: RateLimits::default(),
        }
    }

    /// The same, with callers from loopback as operators: the default of the operations listener.
    #[must_use]
    pub fn operations_at(address: SocketAddr) -> Self {
        Self {
            operators_from: Network::loopback(),
            ..Self::at(address)
        }
    }
}

/// Certificate chain and private key, PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// Certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Private key (PKCS#8, SEC1 or PKCS#1).
    pub key: PathBuf,
}

/// Sizes and counts. What is counted for a listener is shared out evenly among the cores.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Open connections; one more is closed at once.
    pub connections_max: usize,
    /// Requests being answered; one more gets 503 with `Retry-After`.
    pub in_flight_max: usize,
    /// Bytes of request line and headers.
    pub head_bytes_max: usize,
    /// Header lines.
    pub headers_max: usize,
    /// Bytes of a body, where the route sets no bound of its own; more gets 413.
    pub body_bytes_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            in_flight_max: 2_000,
            head_bytes_max: 32 * 1024,
            headers_max: 100,
            body_bytes_max: 2 * 1024 * 1024,
        }
    }
}

/// Time-outs of one connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// TLS handshake, from accept to its end.
    #[serde(with = "friendly")]
    pub handshake: Duration,
    /// From accept (or the handshake's end) to the first byte.
    #[serde(with = "friendly")]
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its headers.
    #[serde(with = "friendly")]
    pub head: Duration,
    /// Between two pieces of a body; more gets 408.
    #[serde(with = "friendly")]
    pub body_idle: Duration,
    /// Between an answer and the next request.
    #[serde(with = "friendly")]
    pub keep_alive: Duration,
    /// Without any progress in sending an answer.
    #[serde(with = "friendly")]
    pub write_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            body_idle: Duration::from_secs(15),
            keep_alive: Duration::from_secs(60),
            write_idle: Duration::from_secs(30),
        }
    }
}

/// Requests a second by address and by credential (GCRA: a steady rate and a burst).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// For one client address (IPv6: one /64).
    pub address: Rate,
    /// For one credential.
    pub credential: Rate,
    /// Addresses, and credentials, that are remembered; all beyond share one bucket each.
    pub keys_max: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        let rate = Rate {
            per_second: 500,
            burst: 1_000,
        };
        Self {
            address: rate,
            credential: rate,
            keys_max: 200_000,
        }
    }
}

/// A steady rate and what may come at once. Zero in either is read as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a second.
    pub per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

/// The queue between edge and rooms, and how long the edge waits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoomsSettings {
    /// Calls that wait for a room; one more gets 503 with `Retry-After`.
    pub queue_max: usize,
    /// Calls that rooms work on at one time.
    pub concurrency_max: usize,
    /// Pieces of an answer that wait for a slow reader, for each call.
    pub chunks_max: usize,
    /// Without an answer's head and without progress of the request's body; then 503.
    #[serde(with = "friendly")]
    pub answer: Duration,
}

impl Default for RoomsSettings {
    fn default() -> Self {
        Self {
            queue_max: 1_024,
            concurrency_max: 512,
            chunks_max: 8,
            answer: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_durations_as_people_write_them_and_refuse_unknown_keys() {
        let text = r#"{"address":"127.0.0.1:0","timeouts":{"head":"500ms"},"bounds":{"body_bytes_max":7}}"#;
        let settings: ListenerSettings = serde_json::from_str(text).unwrap();
        assert_eq!(settings.timeouts.head, Duration::from_millis(500));
        assert_eq!(settings.bounds.body_bytes_max, 7);
        assert_eq!(settings.timeouts.keep_alive, Duration::from_secs(60));
        let unknown = r#"{"address":"127.0.0.1:0","tiemouts":{}}"#;
        assert!(serde_json::from_str::<ListenerSettings>(unknown).is_err());
    }
}

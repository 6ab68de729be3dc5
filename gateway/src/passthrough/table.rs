//! The table of systems: immutable; a change builds the next one aside.

use super::breaker::Breaker;
use crate::edge::limit::quota;
use crate::edge::settings::{Rate, friendly};
use crate::identity::Role;
use crate::operations::metrics::Metrics;
use crate::outbound::Target;
use governor::{DefaultDirectRateLimiter, RateLimiter};
use http::{HeaderName, HeaderValue};
use prometheus::IntGauge;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// A system as registered.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamSystem {
    /// Its id, the `{id}` of `/systems/{id}/…`.
    pub id: String,
    /// Its address, `http` or `https`; a path is put before the rest of every request.
    pub upstream: String,
    /// Headers that are set on every request, for example its API key. Never shown.
    pub headers: Vec<(String, String)>,
    /// Rate and concurrency.
    pub limits: SystemLimits,
    /// Time-outs.
    pub timeouts: SystemTimeouts,
    /// Connections.
    pub pool: PoolSettings,
    /// Breaker.
    pub breaker: BreakerSettings,
    /// Who may call it; any one suffices.
    pub roles: Vec<Role>,
    /// Bytes of a request's body.
    pub body_bytes_max: u64,
}

impl UpstreamSystem {
    /// For everyone, with default bounds.
    #[must_use]
    pub fn new(id: impl Into<String>, upstream: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            upstream: upstream.into(),
            headers: Vec::new(),
            limits: SystemLimits::default(),
            timeouts: SystemTimeouts::default(),
            pool: PoolSettings::default(),
            breaker: BreakerSettings::default(),
            roles: vec![Role::Public],
            body_bytes_max: 100 * 1024 * 1024,
        }
    }
}

impl std::fmt::Debug for UpstreamSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamSystem")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What a system takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SystemLimits {
    /// Requests a second; more get 429.
    pub rate: Rate,
    /// Requests at one time on this node; more get 503.
    pub concurrency_max: usize,
}

impl Default for SystemLimits {
    fn default() -> Self {
        Self {
            rate: Rate {
                per_second: 1_000,
                burst: 2_000,
            },
            concurrency_max: 256,
        }
    }
}

/// How long is waited for a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SystemTimeouts {
    /// Name, TCP and TLS.
    #[serde(with = "friendly")]
    pub connect: Duration,
    /// From the request's last piece to the answer's head.
    #[serde(with = "friendly")]
    pub answer: Duration,
    /// Between two pieces of the answer.
    #[serde(with = "friendly")]
    pub body_idle: Duration,
}

impl Default for SystemTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(30),
            body_idle: Duration::from_secs(30),
        }
    }
}

/// Connections to a system. Counts are of the node, shared out among its cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoolSettings {
    /// Open connections.
    pub connections_max: usize,
    /// Open connections without a request.
    pub idle_max: usize,
    /// How long one stays open without a request. Less than the upstream's own keep-alive time.
    #[serde(with = "friendly")]
    pub idle: Duration,
    /// Requests that wait for a connection.
    pub queue_max: usize,
    /// How long one waits.
    #[serde(with = "friendly")]
    pub queue: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            connections_max: 128,
            idle_max: 64,
            idle: Duration::from_secs(30),
            queue_max: 256,
            queue: Duration::from_secs(2),
        }
    }
}

/// When a system is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSettings {
    /// Failures in a row (no connection, broken, too late, 502, 503, 504) after which it rests.
    pub failures_max: u32,
    /// How long it rests before a probe.
    #[serde(with = "friendly")]
    pub rest: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures_max: 10,
            rest: Duration::from_secs(5),
        }
    }
}

/// A system cannot be passed through to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassthroughTableError {
    /// Not an address.
    #[error(
        "system {id}: the upstream address must be http://host[:port][/path] or https://…, without a query"
    )]
    Upstream {
        /// System.
        id: String,
    },
    /// A header that cannot be sent.
    #[error("system {id}: the header {name:?} or its value cannot be sent")]
    Header {
        /// System.
        id: String,
        /// Name.
        name: String,
    },
    /// Two with one id, or an id that is no path segment.
    #[error(
        "system {id}: the id is taken, or has characters other than a-z, 0-9, `-`, `_` and `.`"
    )]
    Id {
        /// System.
        id: String,
    },
}

/// What cores read: system id → everything needed to forward.
#[derive(Debug, Default)]
pub struct PassthroughTable {
    systems: HashMap<String, Arc<System>>,
}

/// One system, with the cells that all cores share.
#[derive(Debug)]
pub(super) struct System {
    pub(super) settings: UpstreamSystem,
    pub(super) target: Target,
    pub(super) host: HeaderValue,
    /// Without a slash at its end.
    pub(super) base_path: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) rate: DefaultDirectRateLimiter,
    pub(super) in_flight: Arc<AtomicUsize>,
    pub(super) breaker: Breaker,
    pub(super) breaker_state: IntGauge,
}

impl PassthroughTable {
    pub(super) fn build(
        systems: Vec<UpstreamSystem>,
        previous: &Self,
        metrics: &Metrics,
    ) -> Result<Self, PassthroughTableError> {
        let mut next = HashMap::with_capacity(systems.len());
        for settings in systems {
            let id = settings.id.clone();
            let kept = previous
                .find(&id)
                .filter(|system| system.settings == settings)
                .cloned();
            let system = match kept {
                Some(system) => system,
                None => {
                    let mut system = System::build(settings, metrics)?;
                    // Requests that are under way still count against the bound.
                    if let Some(before) = previous.find(&id) {
                        system.in_flight = Arc::clone(&before.in_flight);
                    }
                    Arc::new(system)
                }
            };
            if !is_segment(&id) || next.insert(id.clone(), system).is_some() {
                return Err(PassthroughTableError::Id { id });
            }
        }
        for gone in previous.systems.keys().filter(|id| !next.contains_key(*id)) {
            let _ = metrics.breaker_state.remove_label_values(&[gone]);
        }
        Ok(Self { systems: next })
    }

    pub(super) fn find(&self, id: &str) -> Option<&Arc<System>> {
        self.systems.get(id)
    }
}

fn is_segment(id: &str) -> bool {
    let sane =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    !id.is_empty() && id.bytes().all(sane) && !id.starts_with('.')
}

impl System {
    fn build(settings: UpstreamSystem, metrics: &Metrics) -> Result<Self, PassthroughTableError> {
        let upstream = || PassthroughTableError::Upstream {
            id: settings.id.clone(),
        };
        let uri: http::Uri = settings.upstream.parse().map_err(|_| upstream())?;
        if uri.query().is_some() {
            return Err(upstream());
        }
        let target = Target::of(&uri).ok_or_else(upstream)?;
        let headers = settings
            .headers
            .iter()
            .map(|(name, value)| {
                header(name, value).ok_or_else(|| PassthroughTableError::Header {
                    id: settings.id.clone(),
                    name: name.clone(),
                })
            })
            .collect::<Result<_, _>>()?;
        let breaker_state = metrics.breaker_state.with_label_values(&[&settings.id]);
        breaker_state.set(0);
        Ok(Self {
            host: HeaderValue::from_str(&target.host_header()).map_err(|_| upstream())?,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            headers,
            rate: RateLimiter::direct(quota(settings.limits.rate)),
            in_flight: Arc::new(AtomicUsize::new(0)),
            breaker: Breaker::new(settings.breaker.failures_max, settings.breaker.rest),
            breaker_state,
            target,
            settings,
        })
    }
}

fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(systems: Vec<UpstreamSystem>) -> Result<PassthroughTable, PassthroughTableError> {
        PassthroughTable::build(
            systems,
            &PassthroughTable::default(),
            &Metrics::new().unwrap(),
        )
    }

    #[test]
    fn what_cannot_be_forwarded_to_is_refused_with_its_system_named() {
        for upstream in [
            "",
            "x",
            "ftp://x",
            "http://u@x",
            "http://x/?q",
            "/only/path",
        ] {
            let error = build(vec![UpstreamSystem::new("a", upstream)]).unwrap_err();
            assert_eq!(
                error,
                PassthroughTableError::Upstream { id: "a".into() },
                "{upstream}"
            );
        }
        for id in ["", "A", "a/b", "..", "a b"] {
            assert!(
                build(vec![UpstreamSystem::new(id, "http://x")]).is_err(),
                "{id}"
            );
        }
        let twice = vec![
            UpstreamSystem::new("a", "http://x"),
            UpstreamSystem::new("a", "http://y"),
        ];
        assert!(build(twice).is_err());
        let mut bad = UpstreamSystem::new("a", "http://x");
        bad.headers.push(("x-key".into(), "line\nbreak".into()));
        assert!(matches!(
            build(vec![bad]),
            Err(PassthroughTableError::Header { .. })
        ));
    }

    #[test]
    fn unchanged_systems_keep_their_cells_and_changed_ones_do_not() {
        let metrics = Metrics::new().unwrap();
        let systems = || {
            vec![
                UpstreamSystem::new("a", "http://x"),
                UpstreamSystem::new("b", "http://x"),
            ]
        };
        let first =
            PassthroughTable::build(systems(), &PassthroughTable::default(), &metrics).unwrap();
        let mut changed = systems();
        changed[1].limits.concurrency_max = 1;
        let second = PassthroughTable::build(changed, &first, &metrics).unwrap();
        let same = |id: &str| Arc::ptr_eq(first.find(id).unwrap(), second.find(id).unwrap());
        assert!(same("a") && !same("b"));
        let in_flight = |table: &PassthroughTable| Arc::clone(&table.find("b").unwrap().in_flight);
        assert!(Arc::ptr_eq(&in_flight(&first), &in_flight(&second)));
    }
}

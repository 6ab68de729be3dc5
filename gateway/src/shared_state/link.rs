//! The link to Redis and its loss.
//!
//! Invariants: one task connects, and nobody else ever waits for it; whoever finds no connection goes on without at once; the first
//! command that gets no answer within the time limit ends the connection for all, and whoever waits at that moment is let go; a
//! connection stands only while Redis takes everything that the gateway asks of it, which is tried before it is used and every
//! second afterwards.

use super::backoff::Backoff;
use super::connection::{Connection, NotConnected, connect};
use super::names::Names;
use super::settings::RedisSettings;
use crate::clock::Clock;
use crate::operations::metrics::Metrics;
use arc_swap::ArcSwapOption;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use parking_lot::Mutex;
use redis::aio::{PubSub, PubSubSink};
use redis::{Cmd, FromRedisValue, Msg, cmd};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// One try to connect, sentinels and subscription included.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How often a connection that stands is tried.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// A trial may take longer than a request would wait: it is there for a Redis that nobody asks.
const TRIAL_MAX: Duration = Duration::from_millis(500);
/// Keys that are tried on a cluster: so many that no master with a fair share of the slots is left out.
const CLUSTER_TRIALS: usize = 16;
/// How long a key that was tried is kept.
const TRIAL_KEPT_MS: u64 = 10_000;

/// Counts a failure; its window begins with the first. One script, so that no key is ever left without an end.
pub(super) const COUNT: &str = "local n = redis.call('INCR', KEYS[1]) \
     if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n";

/// What Redis is asked for: a label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A nonce of a signed call.
    Nonce,
    /// Failed tries of query codes.
    Tries,
    /// Changed cases, for live streams of other nodes.
    News,
}

impl Use {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nonce => "nonces",
            Self::Tries => "tries",
            Self::News => "news",
        }
    }
}

/// Redis did not answer, or there is no connection: go on without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// How Redis stands, for operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisStanding {
    /// Whether it is used.
    pub connected: bool,
    /// Since when.
    pub since: Timestamp,
    /// Why it is not; without passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A connection that stands.
struct Session {
    connection: Connection,
    /// Cancelled when it is lost: nobody goes on waiting for it.
    ended: CancellationToken,
    reason: Mutex<Option<String>>,
}

impl Session {
    /// The first reason is the one that is told.
    fn end(&self, reason: impl Into<String>) {
        self.reason.lock().get_or_insert_with(|| reason.into());
        self.ended.cancel();
    }
}

/// What happens when the link changes or something is heard. Called from the link's task: quick, without waiting.
pub(super) trait Listener: Send + Sync {
    /// Redis is used from now on.
    fn came(&self);
    /// It is not any more.
    fn went(&self);
    /// Something was published.
    fn heard(&self, payload: &[u8]);
}

/// The link of one node.
pub(super) struct Link {
    settings: RedisSettings,
    current: ArcSwapOption<Session>,
    standing: Mutex<RedisStanding>,
    metrics: Metrics,
    clock: Clock,
}

impl Link {
    /// Not connected yet: [`Link::run`] does that.
    pub(super) fn new(settings: RedisSettings, metrics: Metrics, clock: Clock) -> Self {
        let standing = RedisStanding {
            connected: false,
            since: clock.now(),
            reason: Some("not connected yet".to_owned()),
        };
        Self {
            settings,
            current: ArcSwapOption::empty(),
            standing: Mutex::new(standing),
            metrics,
            clock,
        }
    }

    /// Whether Redis is used now.
    pub(super) fn stands(&self) -> bool {
        self.current.load().is_some()
    }

    /// The steady clock.
    pub(super) fn instant(&self) -> Instant {
        self.clock.instant()
    }

    pub(super) fn standing(&self) -> RedisStanding {
        self.standing.lock().clone()
    }

    /// Asks Redis. Never waits longer than the time limit, and not at all without a connection.
    ///
    /// # Errors
    /// [`Away`], counted.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        purpose: Use,
        command: &Cmd,
    ) -> Result<T, Away> {
        let Some(session) = self.current.load_full() else {
            return Err(self.degraded(purpose));
        };
        let began = self.clock.instant();
        let answer = tokio::select! {
            answer = session.connection.query(command) => answer.map_err(|error| error.to_string()),
            () = session.ended.cancelled() => return Err(self.degraded(purpose)),
            () = tokio::time::sleep(self.settings.timeout) => {
                Err(format!("no answer within {:?}", self.settings.timeout))
            }
        };
        match answer {
            Ok(answer) => {
                let seconds = began.elapsed().as_secs_f64();
                self.metrics.redis_answer_seconds.observe(seconds);
                Ok(answer)
            }
            Err(reason) => {
                session.end(reason);
                self.leave(&session);
                Err(self.degraded(purpose))
            }
        }
    }

    fn degraded(&self, purpose: Use) -> Away {
        self.metrics
            .redis_degraded_total
            .with_label_values(&[purpose.as_str()])
            .inc();
        Away
    }

    /// Takes a lost connection away, at once and for all; a newer one stays.
    fn leave(&self, session: &Arc<Session>) {
        let empty: Option<Arc<Session>> = None;
        self.current.compare_and_swap(session, empty);
    }

    /// Connects, again and again, until `stop`. `tried` is dropped after the first try, however it ends.
    pub(super) async fn run<G>(
        &self,
        names: &Names,
        channel: &str,
        listener: &dyn Listener,
        chance: impl Fn() -> f64,
        (tried, stop): (G, &CancellationToken),
    ) {
        let (mut tried, mut backoff, mut turn) = (Some(tried), Backoff::default(), 0);
        loop {
            let connecting = self.connected(names, channel, turn);
            let outcome = tokio::select! {
                outcome = connecting => outcome,
                () = stop.cancelled() => return,
            };
            turn += 1;
            let stood = match outcome {
                Ok((session, hearing)) => {
                    self.came(&session, listener);
                    drop(tried.take());
                    let began = self.clock.instant();
                    self.keep(&session, hearing, (names, listener), stop).await;
                    self.leave(&session);
                    if stop.is_cancelled() {
                        return;
                    }
                    let reason = session.reason.lock().take();
                    self.went(listener, reason.unwrap_or_default());
                    began.elapsed()
                }
                Err(reason) => {
                    self.still_away(reason);
                    drop(tried.take());
                    Duration::ZERO
                }
            };
            tokio::select! {
                () = tokio::time::sleep(backoff.next(stood, chance())) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// A connection that took everything that will be asked of it.
    async fn connected(
        &self,
        names: &Names,
        channel: &str,
        turn: usize,
    ) -> Result<(Arc<Session>, PubSub), String> {
        let connecting = async {
            let (connection, hearing) = connect(&self.settings, channel, turn)
                .await
                .map_err(|error: NotConnected| error.to_string())?;
            try_everything(&connection, names, channel).await?;
            Ok((connection, hearing))
        };
        let (connection, hearing) = tokio::time::timeout(CONNECT_MAX, connecting)
            .await
            .unwrap_or_else(|_| Err(format!("not reached within {CONNECT_MAX:?}")))?;
        let session = Session {
            connection,
            ended: CancellationToken::new(),
            reason: Mutex::new(None),
        };
        Ok((Arc::new(session), hearing))
    }

    /// Returns when the connection is lost or the node stops.
    async fn keep(
        &self,
        session: &Arc<Session>,
        hearing: PubSub,
        (names, listener): (&Names, &dyn Listener),
        stop: &CancellationToken,
    ) {
        let (sink, mut news) = hearing.split();
        let hear = async {
            while let Some(message) = news.next().await {
                listener.heard(Msg::get_payload_bytes(&message));
            }
            "the subscription ended".to_owned()
        };
        tokio::select! {
            () = session.ended.cancelled() => {}
            () = stop.cancelled() => session.end("stopping"),
            reason = hear => session.end(reason),
            reason = fails_a_trial(&session.connection, sink, names) => session.end(reason),
        }
    }

    fn came(&self, session: &Arc<Session>, listener: &dyn Listener) {
        *self.standing.lock() = RedisStanding {
            connected: true,
            since: self.clock.now(),
            reason: None,
        };
        self.metrics.redis_connected.set(1);
        self.current.store(Some(Arc::clone(session)));
        tracing::info!("Redis is used: nonces, tries and news are shared with the other nodes");
        listener.came();
    }

    fn went(&self, listener: &dyn Listener, reason: String) {
        self.metrics.redis_connected.set(0);
        self.metrics.redis_lost_total.inc();
        tracing::warn!(
            reason,
            "Redis is away: nonces and tries are this node's own, news go through the database; it is used again by itself"
        );
        *self.standing.lock() = RedisStanding {
            connected: false,
            since: self.clock.now(),
            reason: Some(reason),
        };
        listener.went();
    }

    /// Told once for each reason, not for each try.
    fn still_away(&self, reason: String) {
        let mut standing = self.standing.lock();
        if standing.reason.as_ref() != Some(&reason) {
            tracing::warn!(reason, "Redis cannot be used; trying on");
            standing.reason = Some(reason);
        }
    }
}

/// Everything that is asked of Redis but the subscription, on keys of its own.
async fn try_everything(
    connection: &Connection,
    names: &Names,
    channel: &str,
) -> Result<(), String> {
    let publish = cmd("PUBLISH").arg(channel).arg("").to_owned();
    let trials = async {
        try_keys(connection, names).await?;
        connection.query::<i64>(&publish).await
    };
    match tokio::time::timeout(TRIAL_MAX, trials).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!(
            "connected, but it does not take what is asked: {error}"
        )),
        Err(_) => Err(format!("connected, but no answer within {TRIAL_MAX:?}")),
    }
}

async fn try_keys(connection: &Connection, names: &Names) -> redis::RedisResult<()> {
    let keys = if connection.is_cluster() {
        CLUSTER_TRIALS
    } else {
        1
    };
    let trials = (0..keys).map(|number| async move {
        let key = names.of("trial", &[&number.to_string()]);
        let set = cmd("SET")
            .arg(&key)
            .arg(1)
            .arg("PX")
            .arg(TRIAL_KEPT_MS)
            .to_owned();
        let count = cmd("EVAL")
            .arg(COUNT)
            .arg(1)
            .arg(&key)
            .arg(TRIAL_KEPT_MS)
            .to_owned();
        connection.query::<()>(&set).await?;
        connection.query::<i64>(&count).await
    });
    try_join_all(trials).await.map(|_| ())
}

/// Returns why, once Redis does not take what is asked of it any more.
async fn fails_a_trial(connection: &Connection, mut sink: PubSubSink, names: &Names) -> String {
    loop {
        tokio::time::sleep(TRY_EVERY).await;
        let trial = async {
            try_keys(connection, names).await?;
            sink.ping::<redis::Value>().await.map(|_| ())
        };
        match tokio::time::timeout(TRIAL_MAX, trial).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return format!("no answer to a trial within {TRIAL_MAX:?}"),
        }
    }
}

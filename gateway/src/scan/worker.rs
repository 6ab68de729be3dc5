//! The scan worker: takes what waits from the store, the newest first, and keeps every verdict.
//!
//! After a crash at any `await` the file is still pending and is scanned again. When clamd is away nothing is tried file by file:
//! the worker waits for it, longer each time. A file that clamd cannot scan waits by itself and holds up no other.

use super::client::{Clamd, ScanFault};
use super::protocol::Reply;
use crate::clock::Clock;
use crate::fail_point::fail_point;
use crate::operations::logging::seldom;
use crate::processing::delivery::decide::later;
use crate::store::scan::ScanVerdict;
use crate::store::{SharedStore, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// First and longest wait for a clamd that is away.
const AWAY_MIN: Duration = Duration::from_secs(1);
const AWAY_MAX: Duration = Duration::from_secs(60);
/// Until a file that clamd could not scan is tried again.
const FILE_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How often the gauges are set.
const STAND_EVERY: Duration = Duration::from_secs(2);

/// What is told to metrics.
pub trait ScanObserver: Send + Sync + 'static {
    /// A scan ended: `clean`, `infected`, `too_large`, `failed`, `unreachable`.
    fn scanned(&self, outcome: &'static str);

    /// Files that wait, and whether clamd answers.
    fn standing(&self, waiting: u64, answers: bool);
}

/// What the worker holds.
pub struct Scanner {
    /// The store.
    pub store: SharedStore,
    /// clamd.
    pub clamd: Clamd,
    /// The clock.
    pub clock: Clock,
    /// Metrics.
    pub observer: Arc<dyn ScanObserver>,
    /// Files scanned at once.
    pub concurrency: usize,
    /// The longest sleep between two looks at what waits.
    pub tick: Duration,
}

/// How one file went.
enum Ended {
    Settled,
    /// clamd is not there.
    Away,
}

/// Scans until `stop`; a scan in flight is then given up, its file stays pending.
pub async fn run(scanner: Arc<Scanner>, stop: CancellationToken) {
    let working = async {
        loop {
            scanner.wait_for_clamd().await;
            scanner.work_until_away().await;
        }
    };
    tokio::select! {
        () = working => {}
        () = stop.cancelled() => {}
    }
}

impl Scanner {
    /// Returns once clamd answers.
    async fn wait_for_clamd(&self) {
        let mut pause = AWAY_MIN;
        let mut told = false;
        while let Err(error) = self.clamd.ping().await {
            self.observer.scanned("unreachable");
            self.stand(false).await;
            if !told {
                tracing::error!(%error, "files cannot be scanned and wait; nothing unscanned leaves");
                told = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(AWAY_MAX);
        }
        if told {
            tracing::info!("clamd answers again; what waits is scanned");
        }
    }

    /// Scans what waits until clamd goes away.
    async fn work_until_away(self: &Arc<Self>) {
        let mut in_flight: HashSet<String> = HashSet::new();
        let mut scans: JoinSet<(String, Ended)> = JoinSet::new();
        let concurrency = self.concurrency.max(1);
        let mut stood = None;
        loop {
            // Counting costs as much as waits: not at every tick.
            let now = self.clock.instant();
            if stood.is_none_or(|then| now.duration_since(then) >= STAND_EVERY) {
                self.stand(true).await;
                stood = Some(now);
            }
            for id in self.due(concurrency, &in_flight).await {
                let (scanner, of) = (Arc::clone(self), id.clone());
                in_flight.insert(id);
                scans.spawn(async move {
                    let ended = scanner.scan(&of).await;
                    (of, ended)
                });
            }
            let ended = tokio::select! {
                Some(ended) = scans.join_next() => ended,
                () = tokio::time::sleep(self.tick) => continue,
            };
            match ended {
                Ok((id, Ended::Settled)) => {
                    in_flight.remove(&id);
                }
                // Those in flight end with this set; their files stay pending.
                Ok((_, Ended::Away)) => return,
                Err(error) => {
                    tracing::error!(%error, "a scan ended in a panic; all in flight begin again");
                    return;
                }
            }
        }
    }

    /// The next files, as many as there are places for.
    async fn due(&self, concurrency: usize, in_flight: &HashSet<String>) -> Vec<String> {
        let room = concurrency.saturating_sub(in_flight.len());
        if room == 0 {
            return Vec::new();
        }
        let limit = u32::try_from(concurrency + in_flight.len()).unwrap_or(u32::MAX);
        match self.store.due_scans(self.clock.now(), limit).await {
            Ok(due) => due
                .into_iter()
                .filter(|id| !in_flight.contains(id))
                .take(room)
                .collect(),
            Err(error) => {
                seldom!(warn, %error, "files that wait for their scan could not be read; looking again after a tick");
                Vec::new()
            }
        }
    }

    async fn scan(&self, id: &str) -> Ended {
        fail_point!("scan.due");
        let looked = self.look_at(id).await;
        fail_point!("scan.judged");
        let (outcome, verdict) = match looked {
            Ok(None) => return Ended::Settled,
            Ok(Some(Reply::Clean)) => ("clean", ScanVerdict::Clean),
            Ok(Some(Reply::Infected(signature))) => {
                tracing::warn!(%signature, "an uploaded file is infected; it never leaves");
                ("infected", ScanVerdict::Infected)
            }
            Ok(Some(Reply::TooLarge)) => {
                tracing::error!(
                    "a file is larger than clamd's StreamMaxLength and waits; raise it there and scan.stream_bytes_max here"
                );
                ("too_large", self.again())
            }
            Ok(Some(Reply::Failed(words))) => {
                tracing::error!(%words, "clamd could not scan a file; it waits and is tried again");
                ("failed", self.again())
            }
            Ok(Some(Reply::NotUnderstood)) => {
                tracing::error!("clamd's answer is none; the file waits and is tried again");
                ("failed", self.again())
            }
            Err(Looked::Away) => return Ended::Away,
            Err(Looked::Failed(error)) => {
                tracing::error!(%error, "a file could not be scanned; it waits and is tried again");
                ("failed", self.again())
            }
        };
        self.observer.scanned(outcome);
        if let Err(error) = self.store.settle_scan(id, verdict).await {
            seldom!(warn, %error, "a scan's verdict could not be kept; the file is scanned again");
        }
        fail_point!("scan.settled");
        Ended::Settled
    }

    fn again(&self) -> ScanVerdict {
        ScanVerdict::Again(later(self.clock.now(), FILE_PAUSE))
    }

    /// `None` when there is nothing to scan any more.
    async fn look_at(&self, id: &str) -> Result<Option<Reply>, Looked> {
        let failed = |error: StoreError| Looked::Failed(error.to_string());
        let Some((_, bytes)) = self.store.scan_bytes(id).await.map_err(failed)? else {
            return Ok(None);
        };
        match self.clamd.scan(bytes).await {
            Ok(reply) => Ok(Some(reply)),
            Err(ScanFault::Unreachable(_)) => Err(Looked::Away),
            // A connection may break because clamd ends, or because of this file: a ping tells.
            Err(ScanFault::Broken(error)) => match self.clamd.ping().await {
                Ok(()) => Err(Looked::Failed(error.to_string())),
                Err(_) => Err(Looked::Away),
            },
            Err(fault @ (ScanFault::Silent(_) | ScanFault::Bytes(_))) => {
                Err(Looked::Failed(fault.to_string()))
            }
        }
    }

    async fn stand(&self, answers: bool) {
        match self.store.waiting_scans().await {
            Ok(waiting) => self.observer.standing(waiting, answers),
            Err(error) => {
                seldom!(warn, %error, "files that wait for their scan could not be counted");
            }
        }
    }
}

enum Looked {
    Away,
    Failed(String),
}

//! One node's shared state on a store of its own.

use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::operations::health::Readiness;
use tongban_gateway::operations::metrics::Metrics;
use tongban_gateway::processing::change::CaseNews;
use tongban_gateway::shared_state::{FirstUse, LinkParts, Names, RedisSettings, SharedState};
use tongban_gateway::store::SharedStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::SqliteStore;
use tongban_gateway::store::writing::StoreBounds;
use tongban_tests::process::eventually;

/// Nothing that is waited for takes longer, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How long nonces of the tests are kept.
pub(crate) const KEPT: Duration = Duration::from_secs(600);

/// A node of the installation that all nodes of these tests belong to.
pub(crate) struct Node {
    pub(crate) shared: SharedState,
    pub(crate) cases: CaseNews,
    pub(crate) readiness: Readiness,
    pub(crate) clock: Clock,
    metrics: Metrics,
    stop: CancellationToken,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Node {
    /// Begins, whether Redis can be reached or not.
    pub(crate) async fn begin(redis: &Value) -> Self {
        let settings: RedisSettings = serde_json::from_value(redis.clone()).unwrap();
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let folder = TempDir::new().unwrap();
        let keys = MasterKeys::new([1; 32], &[]).unwrap();
        let bounds = StoreBounds::default();
        let store = SqliteStore::open(folder.path(), keys, clock.clone(), entropy.clone(), bounds);
        let store: SharedStore = Arc::new(store.await.unwrap());
        let metrics = Metrics::new().unwrap();
        let names = Names::new(&[7; 32]);
        let shared = SharedState::over(settings, names, metrics.clone(), clock.clone());
        let (cases, readiness) = (CaseNews::default(), Readiness::new());
        let parts = LinkParts {
            cases: cases.clone(),
            store,
            readiness: readiness.clone(),
            entropy,
            tried: readiness.task("redis"),
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(shared.clone().run(parts, stop.clone()));
        Self {
            shared,
            cases,
            readiness,
            clock,
            metrics,
            stop,
            task,
            _folder: folder,
        }
    }

    /// Begins and waits until Redis is used.
    pub(crate) async fn connected(redis: &Value) -> Self {
        let node = Self::begin(redis).await;
        node.until(true).await;
        node
    }

    /// Waits until Redis is used, or is not.
    pub(crate) async fn until(&self, stands: bool) {
        let what = format!("Redis is used: {stands}; {:?}", self.shared.standing());
        let word = if stands { "connected" } else { "away" };
        eventually(&what, PATIENCE, || async {
            let told = self.readiness.report().redis == Some(word);
            (self.shared.stands() == stands && told).then_some(())
        })
        .await;
    }

    pub(crate) async fn uses(&self, nonce: &str) -> FirstUse {
        self.shared
            .use_nonce("system", nonce, KEPT, &self.clock)
            .await
    }

    /// The value of a series, 0 when there is none.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.render().unwrap();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Ends as a node that is drained does.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap();
    }
}

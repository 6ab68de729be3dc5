//! The keys in force at this node (密钥簿): the store's rows as the ring that the edge looks into, kept up as they change.

use crate::clock::Clock;
use crate::identity::api_key::KeyRing;
use crate::identity::api_key::ring::RingKey;
use crate::identity::api_key::window::KeyStanding;
use crate::operations::logging::seldom;
use crate::operations::metrics::Metrics;
use crate::store::api_key::{ApiKeyRecord, ApiKeys};
use crate::store::nodes::NodeNews;
use crate::store::{SharedStore, StoreError};
use arc_swap::ArcSwap;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The longest time that a change of another node stays unknown here when its news was lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The longest that the store may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How often uses are written and ends are counted.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Between two written uses of one key.
const USED_EVERY_US: i64 = 3_600_000_000;
/// A key that ends this soon and was not replaced is counted as ending.
const ENDS_SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Keeps the ring as the store has it.
pub struct KeyBook {
    store: SharedStore,
    clock: Clock,
    metrics: Metrics,
    ring: Arc<ArcSwap<KeyRing>>,
    /// The keys that the ring was made of. Held while they are read, so that an older picture never replaces a newer one.
    read: Mutex<ApiKeys>,
}

impl KeyBook {
    /// Reads all keys.
    ///
    /// # Errors
    /// The store's: without its keys a gateway would refuse everybody who has one.
    pub async fn open(
        store: SharedStore,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<Self, StoreError> {
        let book = Self {
            store,
            clock,
            metrics,
            ring: Arc::default(),
            read: Mutex::default(),
        };
        book.refresh().await?;
        Ok(book)
    }

    /// What edge cores look into.
    #[must_use]
    pub fn ring(&self) -> Arc<ArcSwap<KeyRing>> {
        Arc::clone(&self.ring)
    }

    /// Reads all keys and puts them in force here.
    ///
    /// # Errors
    /// The store's; what was in force stays so.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.take(self.read.lock().await).await
    }

    async fn take(&self, mut read: MutexGuard<'_, ApiKeys>) -> Result<(), StoreError> {
        let keys = in_time(self.store.api_keys()).await?;
        if !keys.unreadable.is_empty() {
            let ids = keys.unreadable.join(" ");
            tracing::error!(%ids, "rows of keys were not written so by a gateway with this master key; they let nobody in");
        }
        let ring = KeyRing::new(keys.keys.iter().map(on_ring).collect(), &self.ring.load());
        self.ring.store(Arc::new(ring));
        *read = keys;
        Ok(())
    }

    /// The same when something changed.
    async fn look(&self) {
        let read = self.read.lock().await;
        let looked = match in_time(self.store.api_key_revision()).await {
            Ok(revision) if revision == read.revision => Ok(()),
            Ok(_) => self.take(read).await,
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            seldom!(warn, %error, "whether keys changed is not known; those known before stay in force, looking again shortly");
        }
    }

    /// Writes what was used, and counts what ends.
    async fn note(&self) {
        let ring = self.ring.load_full();
        let used = ring.usages().filter_map(|(id, usage)| {
            let at = usage.unwritten(USED_EVERY_US)?;
            Some((id.to_owned(), at))
        });
        let used: Vec<_> = used.collect();
        if !used.is_empty() {
            match self.store.note_api_keys_used(&used).await {
                Ok(_) => {
                    for (id, usage) in ring.usages() {
                        if let Some((_, at)) = used.iter().find(|(known, _)| known == id) {
                            usage.wrote(*at);
                        }
                    }
                }
                Err(error) => {
                    seldom!(warn, %error, "the use of keys could not be noted; it is tried again");
                }
            }
        }
        let now = self.clock.now();
        let read = self.read.lock().await;
        let ending = read.keys.iter().filter(|key| {
            let left = key.window.expires_at.duration_since(now);
            key.window.standing(now) == KeyStanding::Valid
                && key.replaced_by.is_none()
                && left < ENDS_SOON
        });
        let ending = i64::try_from(ending.count()).unwrap_or(i64::MAX);
        self.metrics.api_keys_ending.set(ending);
    }

    /// Keeps the ring up until `stop`: by news of the other nodes, and by looking.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let mut news = self.store.news();
        let (mut looks, mut notes) = (interval(LOOK_EVERY), interval(NOTE_EVERY));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        notes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = next(&mut news) => match heard {
                    Ok(NodeNews::ApiKeys) | Err(RecvError::Lagged(_)) => self.look().await,
                    Ok(NodeNews::Case(_) | NodeNews::Registry) => {}
                    Err(RecvError::Closed) => news = None,
                },
                _ = looks.tick() => self.look().await,
                _ = notes.tick() => self.note().await,
                () = stop.cancelled() => break,
            }
        }
        self.note().await;
    }
}

/// An answer of the store, or that there was none: a silent network must not hold up those who come after.
async fn in_time<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let silent = |_| StoreError::Unavailable(format!("no answer within {ANSWER_MAX:?}"));
    tokio::time::timeout(ANSWER_MAX, answer)
        .await
        .map_err(silent)?
}

/// The next news; none ever on a store of one node.
async fn next(news: &mut Option<Receiver<NodeNews>>) -> Result<NodeNews, RecvError> {
    match news {
        Some(news) => news.recv().await,
        None => std::future::pending().await,
    }
}

fn on_ring(key: &ApiKeyRecord) -> RingKey {
    RingKey {
        id: key.id.clone(),
        digest: key.digest,
        window: key.window,
        holder: key.holder.clone(),
        last_used_at: key.last_used_at,
    }
}

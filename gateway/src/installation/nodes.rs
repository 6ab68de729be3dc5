//! What other nodes of the same store tell: a case that changed is shown live here too, what was registered there is in force here.

use super::reload::Reloader;
use crate::processing::change::CaseNews;
use crate::store::SharedStore;
use crate::store::nodes::NodeNews;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// The longest time that a change of what is registered stays unknown here when its news was lost.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Hears until `stop`; `loaded` is the revision of what is registered that is in force here. On a store of one node there is nothing to hear.
pub(super) async fn hear(
    store: SharedStore,
    cases: CaseNews,
    reloader: Arc<Reloader>,
    mut loaded: i64,
    stop: CancellationToken,
) {
    let Some(mut news) = store.news() else {
        return;
    };
    loop {
        let heard = tokio::select! {
            heard = news.recv() => heard,
            () = tokio::time::sleep(LOOK_EVERY) => Ok(NodeNews::Registry),
            () = stop.cancelled() => return,
        };
        match heard {
            Ok(NodeNews::Case(no)) => cases.heard(&no),
            Ok(NodeNews::ApiKeys) => {}
            // Listeners of cases that missed something look into the store by themselves now and then.
            Ok(NodeNews::Registry) | Err(RecvError::Lagged(_)) => {
                loaded = refresh(&store, &reloader, loaded).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Takes over what is registered if it changed; returns the revision that was looked at.
async fn refresh(store: &SharedStore, reloader: &Reloader, loaded: i64) -> i64 {
    let revision = match store.registry_revision().await {
        Ok(revision) => revision,
        Err(error) => {
            tracing::warn!(%error, "whether others registered something is not known; looking again shortly");
            return loaded;
        }
    };
    if revision != loaded
        && let Err(faults) = reloader.take_over_registry().await
    {
        tracing::error!(
            faults = faults.join("; "),
            "what another node registered cannot be taken over here"
        );
    }
    revision
}

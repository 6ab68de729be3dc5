//! The sealed audit log of the fixtures, under a key of their own.

use std::sync::Arc;
use std::time::Duration;
use tongban_gateway::audit::examination::{Point, step};
use tongban_gateway::audit::sealer::{SealObserver, Sealer};
use tongban_gateway::clock::Clock;
use tongban_gateway::intake::keys::InstallationKeys;
use tongban_gateway::intake::signed::PublishedKeys;
use tongban_gateway::store::SharedStore;

struct Unheard;

impl SealObserver for Unheard {
    fn sealed(&self, _: u64) {}
}

fn keys() -> Arc<InstallationKeys> {
    Arc::new(InstallationKeys::new(&[7; 32], &[9; 32]).unwrap())
}

/// Seals what waits; true when there was something.
pub(crate) async fn seal(store: &SharedStore) -> bool {
    let sealer = Sealer {
        store: store.clone(),
        keys: keys(),
        clock: Clock::system(),
        observer: Arc::new(Unheard),
        period: Duration::from_secs(5),
    };
    sealer.round().await.unwrap() > 0
}

/// Every signed root, every record, and no record that is neither sealed nor waits; then once more when all of them are sealed.
pub(crate) async fn holds(store: &SharedStore, was_sealed: bool) {
    let (batches, records) = examine(store).await;
    assert_eq!((batches > 0, records > 0), (was_sealed, was_sealed));
    assert!(seal(store).await, "what was not sealed waits for it");
    let (more, all) = examine(store).await;
    assert!(more > batches && all > records);
}

async fn examine(store: &SharedStore) -> (i64, i64) {
    let published = PublishedKeys::of(&keys());
    let (mut batches, mut records) = (0, 0);
    let mut next = Some(Point::Batch(1));
    while let Some(point) = next {
        let one = step(store.as_ref(), &published, point, 1_000).await;
        let one = one.unwrap();
        assert_eq!(one.broken, None);
        batches += one.batches;
        records += one.records;
        next = one.next;
    }
    (batches, records)
}

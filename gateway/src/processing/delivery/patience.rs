//! What an errand has learnt is kept also when the store is away for a while: without its last word a delivery would stay with a worker
//! that is done with it until the lease ends.

use crate::store::StoreError;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Five minutes and a half, well within a lease of the default length. When the lease has ended before, the fence is void and the
/// write says so.
const TRIES_MAX: u32 = 170;

/// Writes again while the store is away or full. Only for writes that name their fence: one that was done although its answer was lost
/// finds the fence void, or writes the same. The pin of a definition is one too: it keeps what an earlier try has pinned.
pub(super) async fn patiently<T, F>(mut write: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = PAUSE;
    for _ in 0..TRIES_MAX {
        match write().await {
            Err(StoreError::Unavailable(_) | StoreError::Busy { .. }) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            ended => return ended,
        }
    }
    write().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_is_tried_again_while_the_store_is_away_and_no_other_fault_is() {
        let mut tries = 0;
        let done = patiently(|| {
            tries += 1;
            let outcome = match tries {
                1 => Err(StoreError::Busy { bound: 1 }),
                2 => Err(StoreError::Unavailable("disk".into())),
                _ => Ok(true),
            };
            async { outcome }
        });
        assert!(done.await.unwrap());
        assert_eq!(tries, 3);
        let mut tries = 0;
        let broken = patiently(|| {
            tries += 1;
            async { Err::<bool, _>(StoreError::Sealed { table: "delivery" }) }
        });
        assert!(broken.await.is_err());
        assert_eq!(tries, 1);
    }
}

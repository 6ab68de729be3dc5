//! The trial write: small, real and synced like any other.

use super::{DatabaseStore, StoreError, keep};
use crate::store::standing::{Standing, StandingStore};
use async_trait::async_trait;
use jiff::Timestamp;

const TRIAL: &str = "INSERT INTO store_trial (id, at) VALUES (1, $1)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at";

#[async_trait]
impl StandingStore for DatabaseStore {
    fn standing(&self) -> &Standing {
        &self.standing
    }

    async fn try_write(&self, now: Timestamp) -> Result<(), StoreError> {
        let at = now.as_microsecond();
        // Past the counting of failures: a trial that fails is no news.
        self.writer
            .write(move |c| {
                Box::pin(async move {
                    sqlx::query(TRIAL).bind(at).execute(c).await?;
                    keep(())
                })
            })
            .await
    }
}

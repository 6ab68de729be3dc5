//! What only PostgreSQL can tell of itself: partitions made ahead. Its pages are its own checksums' and `pg_amcheck`'s to look at.

use super::integrity::Examined;
use super::{StoreError, partitions};
use crate::store::integrity::Tally;

impl Examined {
    pub(super) async fn pages(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Months that history will need and has no partition for, and partitions that swallow what belongs to no month.
    pub(super) async fn schema(&mut self) -> Result<(), StoreError> {
        let mut missing = Tally::default();
        for partition in partitions::missing_names(&mut self.connection).await? {
            missing.add(partition);
        }
        self.fault(missing.into_fault("partition_missing"));
        let defaults: Vec<String> = sqlx::query_scalar(
            "SELECT CAST(c.relname AS text) FROM pg_partitioned_table t JOIN pg_class c ON c.oid = t.partrelid
             WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND t.partdefid <> 0",
        )
        .fetch_all(&mut *self.connection)
        .await?;
        let mut swallowing = Tally::default();
        for table in defaults {
            swallowing.add(table);
        }
        self.fault(swallowing.into_fault("partition_swallows"));
        Ok(())
    }
}

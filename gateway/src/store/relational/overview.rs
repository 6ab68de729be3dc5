//! What each partner last did, on SQLite.

use super::dialect::DbConnection;
use super::rows::{count, instant};
use super::{DatabaseStore, StoreError};
use crate::store::overview::{LastFailure, OverviewStore, SystemFacts};
use async_trait::async_trait;
use jiff::Timestamp;

pub(super) const LAST_SUCCESS: &str = "SELECT max(a.at) FROM delivery_attempt a WHERE a.delivery_id IN
    (SELECT id FROM delivery WHERE system_id = $1 AND state = 'delivered' ORDER BY id DESC LIMIT 8)";

/// Those that died last, and those that were put off the longest: they were tried.
pub(super) const LAST_FAILURE: &str = "SELECT a.at, d.id, a.code, d.attempts FROM
    (SELECT id, attempts FROM (SELECT id, attempts FROM delivery WHERE system_id = $1 AND state = 'dead'
         AND state NOT IN ('delivered', 'discarded')
         ORDER BY created_at DESC LIMIT 8) AS dead
     UNION ALL SELECT id, attempts FROM (SELECT id, attempts FROM delivery WHERE system_id = $1 AND turn = 1 AND due_at IS NOT NULL
         ORDER BY due_at DESC LIMIT 8) AS put_off) AS d
    JOIN delivery_attempt a ON a.delivery_id = d.id AND a.ordinal = d.attempts
    WHERE a.code NOT IN ('accepted', 'already_there', 'ours') ORDER BY a.at DESC LIMIT 1";

pub(super) const NEXT: &str =
    "SELECT min(due_at) FROM delivery WHERE system_id = $1 AND turn = 1 AND due_at IS NOT NULL";

#[async_trait]
impl OverviewStore for DatabaseStore {
    async fn system_facts(&self, system_ids: &[String]) -> Result<Vec<SystemFacts>, StoreError> {
        let mut connection = self.reader().await?;
        let mut facts = Vec::with_capacity(system_ids.len());
        for system_id in system_ids {
            facts.push(of_system(&mut connection, system_id).await?);
        }
        Ok(facts)
    }
}

async fn of_system(
    connection: &mut DbConnection,
    system_id: &str,
) -> Result<SystemFacts, StoreError> {
    let last_success = moment(connection, LAST_SUCCESS, system_id).await?;
    let next_at = moment(connection, NEXT, system_id).await?;
    let failed: Option<(i64, i64, String, i64)> = sqlx::query_as(LAST_FAILURE)
        .bind(system_id)
        .fetch_optional(&mut *connection)
        .await?;
    let last_failure = failed
        .map(|(at, delivery_id, code, tries)| {
            Ok::<_, StoreError>(LastFailure {
                at: instant("delivery_attempt", "at", delivery_id, at)?,
                delivery_id,
                code,
                tries: count("delivery", "attempts", delivery_id, tries)?,
            })
        })
        .transpose()?;
    Ok(SystemFacts {
        system_id: system_id.to_owned(),
        last_success,
        last_failure,
        next_at,
    })
}

async fn moment(
    connection: &mut DbConnection,
    query: &'static str,
    system_id: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(query)
        .bind(system_id)
        .fetch_one(connection)
        .await?;
    found
        .map(|at| instant("delivery", "due_at", system_id, at))
        .transpose()
}

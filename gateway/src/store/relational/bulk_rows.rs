//! Bulk jobs, read: a job's row, its members counted, what is sealed of it.

use super::dialect::{DbConnection, DbRow};
use super::rows::{count, instant, numbered_place};
use super::{StoreError, broken};
use crate::store::bulk::{BulkCounts, BulkJob, BulkKind, BulkState};
use crate::store::sealed::Vault;
use serde::{Deserialize, Serialize};
use sqlx::Row;

const T: &str = "bulk_job";

/// Outcomes in a row that are counted at most.
const FAILURES_COUNTED: u32 = 100;

/// Jobs that run or stop, oldest first.
pub(super) const OPEN: &str = "SELECT id, kind, state, why, interval_us, waived, system_id, created_at, resumed_at, ended_at, content
    FROM bulk_job WHERE state IN ('running', 'stopping') ORDER BY id";

/// One job.
pub(super) const ONE: &str = "SELECT id, kind, state, why, interval_us, waived, system_id, created_at, resumed_at, ended_at, content
    FROM bulk_job WHERE id = $1";

/// The newest jobs.
pub(super) const NEWEST: &str = "SELECT id, kind, state, why, interval_us, waived, system_id, created_at, resumed_at, ended_at, content
    FROM bulk_job ORDER BY id DESC LIMIT $1";

/// What of a job is words of people: sealed under a master key.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) asked_for: String,
    pub(super) reason: String,
    pub(super) actor: String,
}

impl Content {
    pub(super) fn seal(&self, vault: &Vault, id: i64) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|e| broken(T, "content", id, e))?;
        vault.wrap(&numbered_place(T, "content", id), &plain)
    }

    fn open(vault: &Vault, id: i64, sealed: &[u8]) -> Result<Self, StoreError> {
        let plain = vault.unwrap(&numbered_place(T, "content", id), sealed)?;
        serde_json::from_slice(&plain).map_err(|e| broken(T, "content", id, e))
    }
}

/// Whether a worker has left something that is not noted with its member yet.
pub(super) const UNNOTED: &str = "SELECT EXISTS (SELECT 1 FROM bulk_job j JOIN bulk_member m ON m.job_id = j.id JOIN delivery d ON d.id = m.delivery_id
    WHERE j.state IN ('running', 'stopping') AND m.state IN ('released', 'trying') AND (d.state IN ('delivered', 'dead', 'discarded')
        OR (m.state = 'released' AND d.state IN ('pending', 'unknown') AND d.fence <> m.fence)))";

/// Notes with every member of an open job what became of its delivery.
pub(super) const NOTE: &str = "UPDATE bulk_member SET state = CASE d.state WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN 'dead'
        WHEN 'discarded' THEN 'gone' ELSE 'trying' END
    FROM delivery d WHERE d.id = bulk_member.delivery_id AND bulk_member.state IN ('released', 'trying')
        AND bulk_member.job_id IN (SELECT id FROM bulk_job WHERE state IN ('running', 'stopping'))
        AND (d.state IN ('delivered', 'dead', 'discarded')
            OR (bulk_member.state = 'released' AND d.state IN ('pending', 'unknown') AND d.fence <> bulk_member.fence))";

/// A job of one of the queries above, with its members counted.
pub(super) async fn job(
    connection: &mut DbConnection,
    vault: &Vault,
    row: &DbRow,
) -> Result<BulkJob, StoreError> {
    let id: i64 = row.try_get("id")?;
    let sealed: Vec<u8> = row.try_get("content")?;
    let content = Content::open(vault, id, &sealed)?;
    let resumed_at: i64 = row.try_get("resumed_at")?;
    let ended_at: Option<i64> = row.try_get("ended_at")?;
    let last: Option<i64> =
        sqlx::query_scalar("SELECT max(released_at) FROM bulk_member WHERE job_id = $1")
            .bind(id)
            .fetch_one(&mut *connection)
            .await?;
    let moment = |column, at: Option<i64>| at.map(|t| instant(T, column, id, t)).transpose();
    Ok(BulkJob {
        id,
        kind: kind(id, row.try_get("kind")?)?,
        state: state(id, row.try_get("state")?)?,
        why: row.try_get("why")?,
        interval_us: row.try_get("interval_us")?,
        waived: row.try_get::<i64, _>("waived")? != 0,
        system_id: row.try_get("system_id")?,
        created_at: instant(T, "created_at", id, row.try_get("created_at")?)?,
        ended_at: moment("ended_at", ended_at)?,
        last_released_at: moment("released_at", last)?,
        asked_for: content.asked_for,
        reason: content.reason,
        actor: content.actor,
        counts: counts(connection, id).await?,
        failures_in_a_row: failures(connection, id, resumed_at).await?,
    })
}

fn kind(id: i64, word: &str) -> Result<BulkKind, StoreError> {
    match word {
        "retry" => Ok(BulkKind::Retry),
        "discard" => Ok(BulkKind::Discard),
        _ => Err(broken(T, "kind", id, "no kind of this version")),
    }
}

fn state(id: i64, word: &str) -> Result<BulkState, StoreError> {
    match word {
        "running" => Ok(BulkState::Running),
        "stopping" => Ok(BulkState::Stopping),
        "stopped" => Ok(BulkState::Stopped),
        "finished" => Ok(BulkState::Finished),
        _ => Err(broken(T, "state", id, "no state of this version")),
    }
}

async fn counts(connection: &mut DbConnection, id: i64) -> Result<BulkCounts, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT state, count(*) FROM bulk_member WHERE job_id = $1 GROUP BY state")
            .bind(id)
            .fetch_all(connection)
            .await?;
    let mut counts = BulkCounts::default();
    for (word, number) in rows {
        let place = match word.as_str() {
            "waiting" => &mut counts.waiting,
            "released" => &mut counts.released,
            "trying" => &mut counts.trying,
            "delivered" => &mut counts.delivered,
            "dead" => &mut counts.dead,
            "again" => &mut counts.again,
            "discarded" => &mut counts.discarded,
            "gone" => &mut counts.gone,
            "kept" => &mut counts.kept,
            _ => {
                return Err(broken(
                    "bulk_member",
                    "state",
                    id,
                    "no state of this version",
                ));
            }
        };
        *place = count("bulk_member", "state", id, number)?;
    }
    Ok(counts)
}

/// The run of failures at the end of what was released since the job was begun or went on.
async fn failures(connection: &mut DbConnection, id: i64, since: i64) -> Result<u32, StoreError> {
    let last: Vec<String> = sqlx::query_scalar(
        "SELECT state FROM bulk_member WHERE job_id = $1 AND released_at >= $2 AND state IN ('delivered', 'dead', 'trying')
         ORDER BY ordinal DESC LIMIT $3",
    )
    .bind(id)
    .bind(since)
    .bind(i64::from(FAILURES_COUNTED))
    .fetch_all(connection)
    .await?;
    let run = last.iter().take_while(|word| *word != "delivered").count();
    Ok(u32::try_from(run).unwrap_or(u32::MAX))
}

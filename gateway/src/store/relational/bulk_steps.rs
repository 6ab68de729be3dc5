//! Bulk jobs, step by step: members released, a job stopped, ended, made to go on.

use super::audit::{self, About};
use super::bulk::{overlap, target};
use super::dialect::{self, DbConnection};
use super::{StoreError, Verdict, keep, operator, undo};
use crate::store::audit::NewAudit;
use crate::store::bulk::BulkGoneOn;
use crate::store::sealed::Vault;
use jiff::Timestamp;

/// The next waiting member of a running job, with what it does to its delivery.
const NEXT: &str = "SELECT m.ordinal, m.delivery_id, d.state, j.kind FROM bulk_member m JOIN bulk_job j ON j.id = m.job_id
    JOIN delivery d ON d.id = m.delivery_id
    WHERE m.job_id = $1 AND m.state = 'waiting' AND j.state = 'running' ORDER BY m.ordinal LIMIT 1";

pub(super) async fn release(
    connection: &mut DbConnection,
    id: i64,
    at_most: u32,
    now: Timestamp,
) -> Result<Verdict<u64>, StoreError> {
    let mut released = 0;
    while released < u64::from(at_most) {
        let next: Option<(i64, i64, String, String)> = sqlx::query_as(NEXT)
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?;
        let Some((ordinal, delivery, state, kind)) = next else {
            break;
        };
        let done = match (kind.as_str(), state.as_str()) {
            ("retry", "dead") => send_again(connection, delivery, now)
                .await?
                .map(|fence| ("released", fence)),
            ("discard", "dead" | "pending") => operator::discard_one(connection, delivery)
                .await?
                .map(|fence| ("discarded", fence)),
            _ => None,
        };
        let (member, fence) = done.unwrap_or(("gone", 0));
        released += u64::from(member != "gone");
        sqlx::query(
            "UPDATE bulk_member SET state = $1, fence = $2, released_at = CASE WHEN $1 = 'gone' THEN NULL ELSE $3 END WHERE job_id = $4 AND ordinal = $5",
        )
        .bind(member)
        .bind(fence)
        .bind(now.as_microsecond())
        .bind(id)
        .bind(ordinal)
        .execute(&mut *connection)
        .await?;
    }
    keep(released)
}

/// A dead delivery is due now, asking first when its outcome was unknown; returns its fence, `None` when it is not dead any more.
async fn send_again(
    connection: &mut DbConnection,
    delivery: i64,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    dialect::case_of_delivery(connection, delivery).await?;
    let fence = sqlx::query_scalar(
        "UPDATE delivery SET state = CASE WHEN ask_first = 1 THEN 'unknown' ELSE 'pending' END, due_at = $1
         WHERE id = $2 AND state = 'dead' RETURNING fence",
    )
    .bind(now.as_microsecond())
    .bind(delivery)
    .fetch_optional(connection)
    .await?;
    Ok(fence)
}

/// A running job stops; what no worker has had since its release is dead again, as it was.
pub(super) async fn stop(
    connection: &mut DbConnection,
    id: i64,
    why: &str,
) -> Result<bool, StoreError> {
    let stopped = sqlx::query(
        "UPDATE bulk_job SET state = 'stopping', why = $1 WHERE id = $2 AND state = 'running'",
    )
    .bind(why)
    .bind(id)
    .execute(&mut *connection)
    .await?;
    if stopped.rows_affected() == 0 {
        return Ok(false);
    }
    for statement in [
        "UPDATE delivery SET state = 'dead', due_at = NULL WHERE state IN ('pending', 'unknown')
         AND id IN (SELECT delivery_id FROM bulk_member WHERE job_id = $1 AND state = 'released' AND fence = delivery.fence)",
        "UPDATE bulk_member SET state = 'kept', released_at = NULL WHERE job_id = $1 AND (state = 'waiting' OR (state = 'released'
         AND fence = (SELECT fence FROM delivery d WHERE d.id = delivery_id AND d.state = 'dead')))",
    ] {
        sqlx::query(statement)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(true)
}

pub(super) async fn end(
    connection: &mut DbConnection,
    vault: &Vault,
    id: i64,
    now: Timestamp,
    mut audit: NewAudit,
) -> Result<Verdict<bool>, StoreError> {
    let why: Option<String> = sqlx::query_scalar(
        "UPDATE bulk_job SET state = CASE WHEN state = 'stopping' THEN 'stopped' ELSE 'finished' END, ended_at = $1
         WHERE id = $2 AND state IN ('running', 'stopping') RETURNING why",
    )
    .bind(now.as_microsecond())
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(why) = why else {
        return undo(false);
    };
    sqlx::query(
        "UPDATE bulk_member SET state = CASE WHEN state = 'waiting' THEN 'kept' ELSE 'again' END
         WHERE job_id = $1 AND state IN ('waiting', 'released', 'trying')",
    )
    .bind(id)
    .execute(&mut *connection)
    .await?;
    let totals: Vec<(String, i64)> = sqlx::query_as(
        "SELECT state, count(*) FROM bulk_member WHERE job_id = $1 GROUP BY state ORDER BY state",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    let totals: Vec<_> = totals.iter().map(|(s, n)| format!("{s} {n}")).collect();
    audit.note = totals.join(", ");
    if !why.is_empty() {
        audit.outcome = why;
    }
    write_audit(connection, vault, id, audit).await?;
    keep(true)
}

pub(super) async fn go_on(
    connection: &mut DbConnection,
    vault: &Vault,
    id: i64,
    now: Timestamp,
    audit: NewAudit,
) -> Result<Verdict<BulkGoneOn>, StoreError> {
    let state: Option<String> = sqlx::query_scalar("SELECT state FROM bulk_job WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    match state.as_deref() {
        None => return undo(BulkGoneOn::Unknown),
        Some("stopped") => {}
        Some(_) => return undo(BulkGoneOn::NotStopped),
    }
    let left: Vec<i64> = sqlx::query_scalar(
        "SELECT delivery_id FROM bulk_member WHERE job_id = $1 AND state = 'kept'",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    if let Some((job, count)) = overlap(connection, &left).await? {
        return undo(BulkGoneOn::Overlaps { count, job });
    }
    for statement in [
        "UPDATE bulk_member SET state = 'waiting' WHERE job_id = $1 AND state = 'kept' AND $2 IS NOT NULL",
        "UPDATE bulk_job SET state = 'running', why = '', waived = 1, ended_at = NULL, resumed_at = $2 WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(id)
            .bind(now.as_microsecond())
            .execute(&mut *connection)
            .await?;
    }
    write_audit(connection, vault, id, audit).await?;
    keep(BulkGoneOn::Running)
}

/// An audit record about a job.
pub(super) async fn write_audit(
    connection: &mut DbConnection,
    vault: &Vault,
    id: i64,
    mut audit: NewAudit,
) -> Result<(), StoreError> {
    let system: Option<String> = sqlx::query_scalar("SELECT system_id FROM bulk_job WHERE id = $1")
        .bind(id)
        .fetch_one(&mut *connection)
        .await?;
    audit.target = target(id);
    let about = About {
        system_id: system.as_deref(),
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await
}

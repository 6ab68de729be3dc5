//! Bulk jobs, written: begun as they were looked at, released one by one, stopped, ended.

use super::audit::{self, About};
use super::bulk_rows::{self, Content};
use super::bulk_steps;
use super::dialect::{self, DbConnection, DbRow};
use super::rows::{count, instant, stored};
use super::{DatabaseStore, StoreError, Verdict, keep, operator, outbox, undo};
use crate::identity::Scope;
use crate::store::audit::NewAudit;
use crate::store::bulk::{
    BULK_MEMBERS_MAX, BulkBegun, BulkCandidate, BulkGoneOn, BulkJob, BulkKind, BulkStore,
    NewBulkJob,
};
use crate::store::delivery::DeliveryFilter;
use crate::store::sealed::Vault;
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row;

/// States of deliveries that a kind of job applies to, as a condition on `d`.
fn applicable(kind: BulkKind) -> &'static str {
    match kind {
        BulkKind::Retry => " AND d.state = 'dead'",
        BulkKind::Discard => " AND d.state IN ('dead', 'pending')",
    }
}

const CANDIDATE: &str = "SELECT d.id, d.system_id, d.operation, d.last_code, d.created_at,
    CAST(CASE WHEN d.ask_first = 1 OR d.last_code IN ('outcome_unknown', 'not_understood') THEN 1 ELSE 0 END AS BIGINT) AS doubtful";

#[async_trait]
impl BulkStore for DatabaseStore {
    async fn bulk_candidates(
        &self,
        scope: &Scope,
        kind: BulkKind,
        filter: &DeliveryFilter,
    ) -> Result<(u64, Vec<BulkCandidate>), StoreError> {
        let most = match filter.limit {
            0 => BULK_MEMBERS_MAX,
            limit => limit.min(BULK_MEMBERS_MAX),
        };
        let mut connection = self.reader().await?;
        let mut query = operator::matching("SELECT count(*)", &self.vault, scope, filter);
        query.push(operator::OPEN).push(applicable(kind));
        let total: i64 = query
            .build_query_scalar()
            .fetch_one(&mut *connection)
            .await?;
        let mut query = operator::matching(CANDIDATE, &self.vault, scope, filter);
        query
            .push(operator::OPEN)
            .push(applicable(kind))
            .push(" ORDER BY +d.id LIMIT ")
            .push_bind(i64::from(most));
        let rows = query.build().fetch_all(&mut *connection).await?;
        let found = rows.iter().map(candidate).collect::<Result<_, _>>()?;
        Ok((count("delivery", "id", "count", total)?, found))
    }

    async fn begin_bulk(
        &self,
        scope: &Scope,
        new: NewBulkJob,
        open_max: u32,
        audit: NewAudit,
    ) -> Result<BulkBegun, StoreError> {
        let scope = scope.clone();
        self.write(move |c, vault| {
            Box::pin(async move { begin(c, vault, &scope, new, open_max, audit).await })
        })
        .await
    }

    async fn bulk_jobs(&self, scope: &Scope, limit: u32) -> Result<Vec<BulkJob>, StoreError> {
        if *scope != Scope::Everything {
            return Ok(Vec::new());
        }
        let mut connection = self.reader().await?;
        let rows = sqlx::query(bulk_rows::NEWEST)
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await?;
        self.jobs(&mut connection, &rows).await
    }

    async fn bulk_job(&self, scope: &Scope, id: i64) -> Result<Option<BulkJob>, StoreError> {
        if *scope != Scope::Everything {
            return Ok(None);
        }
        let mut connection = self.reader().await?;
        let rows = sqlx::query(bulk_rows::ONE)
            .bind(id)
            .fetch_all(&mut *connection)
            .await?;
        Ok(self.jobs(&mut connection, &rows).await?.pop())
    }

    async fn open_bulk_jobs(&self) -> Result<Vec<BulkJob>, StoreError> {
        let unnoted: bool = sqlx::query_scalar(bulk_rows::UNNOTED)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        if unnoted {
            self.write(|c, _| {
                Box::pin(async move {
                    sqlx::query(bulk_rows::NOTE).execute(&mut *c).await?;
                    keep(())
                })
            })
            .await?;
        }
        let mut connection = self.reader().await?;
        let rows = sqlx::query(bulk_rows::OPEN)
            .fetch_all(&mut *connection)
            .await?;
        self.jobs(&mut connection, &rows).await
    }

    async fn release_bulk(&self, id: i64, at_most: u32, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |c, _| {
            Box::pin(async move { bulk_steps::release(c, id, at_most, now).await })
        })
        .await
    }

    async fn stop_bulk(
        &self,
        scope: &Scope,
        id: i64,
        why: &str,
        audit: Option<NewAudit>,
    ) -> Result<bool, StoreError> {
        let (why, visible) = (why.to_owned(), *scope == Scope::Everything);
        self.write(move |c, vault| {
            Box::pin(async move {
                let stopped = visible && bulk_steps::stop(c, id, &why).await?;
                if !stopped {
                    return undo(false);
                }
                if let Some(audit) = audit {
                    bulk_steps::write_audit(c, vault, id, audit).await?;
                }
                keep(true)
            })
        })
        .await
    }

    async fn end_bulk(&self, id: i64, now: Timestamp, audit: NewAudit) -> Result<bool, StoreError> {
        self.write(move |c, vault| {
            Box::pin(async move { bulk_steps::end(c, vault, id, now, audit).await })
        })
        .await
    }

    async fn go_on_bulk(
        &self,
        scope: &Scope,
        id: i64,
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<BulkGoneOn, StoreError> {
        let visible = *scope == Scope::Everything;
        self.write(move |c, vault| {
            Box::pin(async move {
                if !visible {
                    return undo(BulkGoneOn::Unknown);
                }
                bulk_steps::go_on(c, vault, id, now, audit).await
            })
        })
        .await
    }
}

impl DatabaseStore {
    async fn jobs(
        &self,
        connection: &mut DbConnection,
        rows: &[DbRow],
    ) -> Result<Vec<BulkJob>, StoreError> {
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            jobs.push(bulk_rows::job(connection, &self.vault, row).await?);
        }
        Ok(jobs)
    }
}

fn candidate(row: &DbRow) -> Result<BulkCandidate, StoreError> {
    let id: i64 = row.try_get("id")?;
    Ok(BulkCandidate {
        id,
        system_id: row.try_get("system_id")?,
        operation: outbox::operation(id, row.try_get("operation")?)?,
        last_code: row.try_get("last_code")?,
        created_at: instant("delivery", "created_at", id, row.try_get("created_at")?)?,
        doubtful: row.try_get::<i64, _>("doubtful")? != 0,
    })
}

async fn begin(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    new: NewBulkJob,
    open_max: u32,
    mut audit: NewAudit,
) -> Result<Verdict<BulkBegun>, StoreError> {
    dialect::alone(connection, b"bulk jobs").await?;
    let open: i64 =
        sqlx::query_scalar("SELECT count(*) FROM bulk_job WHERE state IN ('running', 'stopping')")
            .fetch_one(&mut *connection)
            .await?;
    if open >= i64::from(open_max) || new.deliveries.len() > BULK_MEMBERS_MAX as usize {
        return undo(BulkBegun::TooMany);
    }
    // A filter without ids would mean everything.
    if new.deliveries.is_empty() {
        return undo(BulkBegun::Changed(0));
    }
    if let Some((job, count)) = overlap(connection, &new.deliveries).await? {
        return undo(BulkBegun::Overlaps { count, job });
    }
    let filter = DeliveryFilter {
        ids: new.deliveries.clone(),
        ..DeliveryFilter::default()
    };
    let mut query = operator::matching("SELECT count(*)", vault, scope, &filter);
    query.push(operator::OPEN).push(applicable(new.kind));
    let still: i64 = query
        .build_query_scalar()
        .fetch_one(&mut *connection)
        .await?;
    let changed = stored(new.deliveries.len()) - still;
    if changed != 0 {
        return undo(BulkBegun::Changed(count(
            "bulk_job", "id", "count", changed,
        )?));
    }
    let id = dialect::next_id(connection, "bulk_job").await?;
    insert(connection, vault, id, &new, &audit).await?;
    audit.target = target(id);
    let about = About {
        system_id: new.system_id.as_deref(),
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await?;
    keep(BulkBegun::Begun(id))
}

async fn insert(
    connection: &mut DbConnection,
    vault: &Vault,
    id: i64,
    new: &NewBulkJob,
    audit: &NewAudit,
) -> Result<(), StoreError> {
    let content = Content {
        asked_for: new.asked_for.clone(),
        reason: audit.note.clone(),
        actor: audit.actor.clone(),
    };
    let created_at = new.created_at.as_microsecond();
    sqlx::query(
        "INSERT INTO bulk_job (id, kind, state, why, interval_us, waived, system_id, created_at, resumed_at, content)
         VALUES ($1, $2, 'running', '', $3, 0, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(new.kind.as_str())
    .bind(new.interval_us)
    .bind(&new.system_id)
    .bind(created_at)
    .bind(created_at)
    .bind(content.seal(vault, id)?)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        concat!(
            "INSERT INTO bulk_member (job_id, ordinal, delivery_id, state) SELECT $1, ordinal, number, 'waiting' FROM ",
            numbered!("$2")
        ),
    )
    .bind(id)
    .bind(serde_json::Value::from(new.deliveries.clone()).to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// The first open job that has some of these deliveries, and how many.
pub(super) async fn overlap(
    connection: &mut DbConnection,
    deliveries: &[i64],
) -> Result<Option<(i64, u64)>, StoreError> {
    let found: Option<(i64, i64)> = sqlx::query_as(
        concat!(
            "SELECT job_id, count(*) FROM bulk_member WHERE state IN ('waiting', 'released', 'trying') AND delivery_id ",
            in_numbers!("$1"),
            " GROUP BY job_id ORDER BY job_id LIMIT 1"
        ),
    )
    .bind(serde_json::Value::from(deliveries.to_vec()).to_string())
    .fetch_optional(connection)
    .await?;
    found
        .map(|(job, number)| Ok((job, count("bulk_member", "delivery_id", job, number)?)))
        .transpose()
}

/// What an audit record about a job names.
pub(super) fn target(id: i64) -> String {
    format!("job/{id}")
}

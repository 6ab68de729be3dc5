//! Sealed audit batches: waiting rows become leaves in small pieces, then the batch is closed. The hashes come from outside.

use super::audit::restrict;
use super::dialect::{Db, DbConnection, DbRow};
use super::rows::{count, instant, stored};
use super::{DatabaseStore, StoreError, Verdict, broken, keep, undo};
use crate::identity::Scope;
use crate::store::seal::{
    AuditLeaf, OpenBatch, PLACED_AT_ONCE_MAX, SealStore, SealedBatch, SealedSubmission,
    StoredAudit, Strays,
};
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Database, QueryBuilder, Row};

/// Columns of [`StoredAudit`], of the audit row `l`.
macro_rules! row {
    () => {
        "l.id, l.at, l.actor_kind, l.action, l.target, l.organisation_id, l.request_id, l.outcome, l.application_id, l.system_id,
         l.content"
    };
}

/// Columns of [`SealedBatch`], of the batch `b`.
macro_rules! batch {
    () => {
        "b.number, b.leaves, b.root, b.previous_root, b.sealed_at, b.statement"
    };
}

/// Both go from what waits to the rows and never the other way: SQLite keeps the order of a CROSS JOIN.
pub(super) const UNSEALED: &str = concat!(
    "SELECT ",
    row!(),
    " FROM audit_unsealed u CROSS JOIN audit l WHERE l.id = u.audit_id ORDER BY u.audit_id LIMIT $1"
);
pub(super) const OLDEST_UNSEALED: &str = "SELECT l.id, l.at FROM audit_unsealed u CROSS JOIN audit l WHERE l.id = u.audit_id ORDER BY u.audit_id LIMIT 1";
const BATCHES: &str = concat!(
    "SELECT ",
    batch!(),
    " FROM audit_batch b WHERE b.number > $1 ORDER BY b.number LIMIT $2"
);
const ROWS_OF_LEAVES: &str = concat!(
    "SELECT ",
    row!(),
    " FROM audit_leaf f JOIN audit l ON l.id = f.audit_id WHERE f.batch = $1 AND f.position >= $2 AND f.position < $3
      ORDER BY f.position"
);
const SEALED_SUBMISSION: &str = concat!(
    "SELECT ",
    row!(),
    ", f.position, f.audit_id, f.hash, ",
    batch!(),
    " FROM application a JOIN audit l ON l.application_id = a.id JOIN audit_leaf f ON f.audit_id = l.id
      JOIN audit_batch b ON b.number = f.batch WHERE l.action = 'application.submit' AND a.application_no = "
);

#[async_trait]
impl SealStore for DatabaseStore {
    async fn open_batch(&self) -> Result<OpenBatch, StoreError> {
        let (number, placed) =
            sqlx::query_as("SELECT batch, placed FROM audit_sealing WHERE id = 1")
                .fetch_one(&mut *self.reader().await?)
                .await?;
        Ok(OpenBatch { number, placed })
    }

    async fn unsealed(&self, limit: u32) -> Result<Vec<StoredAudit>, StoreError> {
        rows(self, sqlx::query(UNSEALED).bind(i64::from(limit))).await
    }

    async fn oldest_unsealed(&self) -> Result<Option<Timestamp>, StoreError> {
        let oldest: Option<(i64, i64)> = sqlx::query_as(OLDEST_UNSEALED)
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        oldest
            .map(|(id, at)| instant("audit", "at", id, at))
            .transpose()
    }

    async fn place(
        &self,
        open: OpenBatch,
        leaves: Vec<(i64, [u8; 32])>,
    ) -> Result<bool, StoreError> {
        self.write(move |c, _| Box::pin(place(c, open, leaves)))
            .await
    }

    async fn close_batch(&self, batch: SealedBatch) -> Result<bool, StoreError> {
        self.write(move |c, _| Box::pin(close(c, batch))).await
    }

    async fn batches(&self, after: i64, limit: u32) -> Result<Vec<SealedBatch>, StoreError> {
        let rows = sqlx::query(BATCHES)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await?;
        rows.iter().map(batch).collect()
    }

    async fn batch_count(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM audit_batch")
            .fetch_one(&mut *self.reader().await?)
            .await?)
    }

    async fn leaves(
        &self,
        batch: i64,
        from: i64,
        limit: u32,
    ) -> Result<Vec<AuditLeaf>, StoreError> {
        let rows = sqlx::query(
            "SELECT position, audit_id, hash FROM audit_leaf WHERE batch = $1 AND position >= $2 ORDER BY position LIMIT $3",
        )
        .bind(batch)
        .bind(from)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.iter().map(leaf).collect()
    }

    async fn rows_of_leaves(
        &self,
        batch: i64,
        from: i64,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        let query = sqlx::query(ROWS_OF_LEAVES)
            .bind(batch)
            .bind(from)
            .bind(from.saturating_add(i64::from(limit)));
        rows(self, query).await
    }

    async fn sealed_submission(
        &self,
        scope: &Scope,
        application_no: &str,
    ) -> Result<Option<SealedSubmission>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SEALED_SUBMISSION);
        query.push_bind(application_no.to_owned());
        restrict(&mut query, scope, &self.vault);
        query.push(" ORDER BY l.id, f.batch DESC LIMIT 1");
        let row = query
            .build()
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        row.map(|row| {
            Ok(SealedSubmission {
                row: stored_audit(&row)?,
                leaf: leaf(&row)?,
                batch: batch(&row)?,
            })
        })
        .transpose()
    }

    async fn strays(&self, after: i64, span: i64) -> Result<Strays, StoreError> {
        let mut connection = self.reader().await?;
        let until = after.saturating_add(span.max(1));
        let unknown = sqlx::query_scalar(
            "SELECT l.id FROM audit l WHERE l.id > $1 AND l.id <= $2
             AND NOT EXISTS (SELECT 1 FROM audit_leaf f WHERE f.audit_id = l.id)
             AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.audit_id = l.id) ORDER BY l.id LIMIT 1",
        )
        .bind(after)
        .bind(until)
        .fetch_optional(&mut *connection)
        .await?;
        let gone = sqlx::query_scalar(
            "SELECT u.audit_id FROM audit_unsealed u WHERE u.audit_id > $1 AND u.audit_id <= $2
             AND NOT EXISTS (SELECT 1 FROM audit l WHERE l.id = u.audit_id) ORDER BY u.audit_id LIMIT 1",
        )
        .bind(after)
        .bind(until)
        .fetch_optional(&mut *connection)
        .await?;
        // Ids may leap: where nothing is, nothing is looked for.
        let more: Option<i64> = sqlx::query_scalar(
            "SELECT min(id) FROM (SELECT min(id) AS id FROM audit WHERE id > $1
             UNION ALL SELECT min(audit_id) FROM audit_unsealed WHERE audit_id > $1) AS more",
        )
        .bind(until)
        .fetch_one(&mut *connection)
        .await?;
        Ok(Strays {
            unknown,
            gone,
            next: more.map(|id| id - 1),
        })
    }
}

async fn place(
    connection: &mut DbConnection,
    open: OpenBatch,
    leaves: Vec<(i64, [u8; 32])>,
) -> Result<Verdict<bool>, StoreError> {
    if leaves.is_empty() || leaves.len() > PLACED_AT_ONCE_MAX {
        return undo(false);
    }
    let moved = sqlx::query(
        "UPDATE audit_sealing SET placed = placed + $1 WHERE id = 1 AND batch = $2 AND placed = $3",
    )
    .bind(stored(leaves.len()))
    .bind(open.number)
    .bind(open.placed)
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() != 1 {
        return undo(false);
    }
    let mut waiting = QueryBuilder::<Db>::new("DELETE FROM audit_unsealed WHERE audit_id IN (");
    let mut ids = waiting.separated(", ");
    for (id, _) in &leaves {
        ids.push_bind(*id);
    }
    waiting.push(")");
    let left = waiting.build().execute(&mut *connection).await?;
    if left.rows_affected() != leaves.len() as u64 {
        return undo(false);
    }
    let mut insert =
        QueryBuilder::<Db>::new("INSERT INTO audit_leaf (batch, position, audit_id, hash) ");
    insert.push_values((open.placed..).zip(&leaves), |mut row, (position, leaf)| {
        row.push_bind(open.number)
            .push_bind(position)
            .push_bind(leaf.0)
            .push_bind(leaf.1.to_vec());
    });
    insert.build().execute(connection).await?;
    keep(true)
}

async fn close(
    connection: &mut DbConnection,
    batch: SealedBatch,
) -> Result<Verdict<bool>, StoreError> {
    let moved = sqlx::query(
        "UPDATE audit_sealing SET batch = batch + 1, placed = 0 WHERE id = 1 AND batch = $1 AND placed = $2 AND placed > 0",
    )
    .bind(batch.number)
    .bind(batch.leaves)
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() != 1 {
        return undo(false);
    }
    sqlx::query(
        "INSERT INTO audit_batch (number, leaves, root, previous_root, sealed_at, statement) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(batch.number)
    .bind(batch.leaves)
    .bind(batch.root.to_vec())
    .bind(batch.previous_root.to_vec())
    .bind(batch.sealed_at.as_microsecond())
    .bind(batch.statement)
    .execute(connection)
    .await?;
    keep(true)
}

async fn rows(
    store: &DatabaseStore,
    query: sqlx::query::Query<'_, Db, <Db as Database>::Arguments>,
) -> Result<Vec<StoredAudit>, StoreError> {
    let rows = query.fetch_all(&mut *store.reader().await?).await?;
    rows.iter().map(stored_audit).collect()
}

fn stored_audit(row: &DbRow) -> Result<StoredAudit, StoreError> {
    Ok(StoredAudit {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        actor_kind: row.try_get("actor_kind")?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
        organisation_id: row.try_get("organisation_id")?,
        request_id: row.try_get("request_id")?,
        outcome: row.try_get("outcome")?,
        application_id: row.try_get("application_id")?,
        system_id: row.try_get("system_id")?,
        content: row.try_get("content")?,
    })
}

fn leaf(row: &DbRow) -> Result<AuditLeaf, StoreError> {
    let audit_id: i64 = row.try_get("audit_id")?;
    Ok(AuditLeaf {
        position: count("audit_leaf", "position", audit_id, row.try_get("position")?)?,
        audit_id,
        hash: hash("audit_leaf", "hash", audit_id, row.try_get("hash")?)?,
    })
}

fn batch(row: &DbRow) -> Result<SealedBatch, StoreError> {
    let number: i64 = row.try_get("number")?;
    let bytes = |column| {
        row.try_get(column)
            .map_err(StoreError::from)
            .and_then(|bytes| hash("audit_batch", column, number, bytes))
    };
    Ok(SealedBatch {
        number,
        leaves: row.try_get("leaves")?,
        root: bytes("root")?,
        previous_root: bytes("previous_root")?,
        sealed_at: instant(
            "audit_batch",
            "sealed_at",
            number,
            row.try_get("sealed_at")?,
        )?,
        statement: row.try_get("statement")?,
    })
}

fn hash(
    table: &'static str,
    column: &'static str,
    row: i64,
    bytes: Vec<u8>,
) -> Result<[u8; 32], StoreError> {
    <[u8; 32]>::try_from(bytes).map_err(|_| broken(table, column, row, "not 32 bytes"))
}

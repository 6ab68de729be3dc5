//! Partitions of history by month, made ahead.
//!
//! The month is the server's own: ids are drawn there (`month_id` in the migrations), so a node whose clock is wrong cannot miss its
//! partition. One node makes them at a time; making one locks nobody out.

use crate::store::StoreError;
use sqlx::{AssertSqlSafe, PgConnection};

/// Tables of history, with the column that carries the month.
const HISTORY: [&str; 3] = ["case_event", "delivery_attempt", "audit"];
/// Months that stand ready after this one.
const AHEAD: i64 = 3;
/// Bits of an id below its month.
const RUNNING_BITS: u32 = 40;
/// Under which nodes take turns.
const TURN: &[u8] = b"partitions";

/// Makes the partitions of the last month (what began before midnight ends after it), this one and the next; returns how many were
/// missing.
pub(super) async fn make_ahead(connection: &mut PgConnection) -> Result<u32, StoreError> {
    let now = this_month(connection).await?;
    if missing(connection, now).await?.is_empty() {
        return Ok(0);
    }
    let mut transaction = sqlx::Connection::begin(connection).await?;
    super::dialect::alone(&mut transaction, TURN).await?;
    let mut made = 0;
    for (table, month) in missing(&mut transaction, now).await? {
        make(&mut transaction, table, month).await?;
        made += 1;
    }
    transaction.commit().await?;
    Ok(made)
}

async fn this_month(connection: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT (extract(YEAR FROM now() AT TIME ZONE 'UTC')::bigint - 2020) * 12 + extract(MONTH FROM now() AT TIME ZONE 'UTC')::bigint - 1",
    )
    .fetch_one(connection)
    .await?)
}

/// Partitions that should be there by now and are not.
pub(super) async fn missing_names(
    connection: &mut PgConnection,
) -> Result<Vec<String>, StoreError> {
    let now = this_month(connection).await?;
    let missing = missing(connection, now).await?;
    Ok(missing
        .into_iter()
        .map(|(table, month)| name(table, month))
        .collect())
}

fn name(table: &str, month: i64) -> String {
    format!("{table}_{}_{:02}", 2020 + month / 12, month % 12 + 1)
}

async fn missing(
    connection: &mut PgConnection,
    now: i64,
) -> Result<Vec<(&'static str, i64)>, StoreError> {
    let mut missing = Vec::new();
    for table in HISTORY {
        for month in (now - 1).max(0)..=now + AHEAD {
            let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
                .bind(name(table, month))
                .fetch_one(&mut *connection)
                .await?;
            if !there {
                missing.push((table, month));
            }
        }
    }
    Ok(missing)
}

/// Makes the partition of a month that may be long past, for rows that are moved here with their ids.
pub(super) async fn make_month(
    connection: &mut PgConnection,
    table: &'static str,
    month: i64,
) -> Result<(), StoreError> {
    let mut transaction = sqlx::Connection::begin(connection).await?;
    super::dialect::alone(&mut transaction, TURN).await?;
    let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(name(table, month))
        .fetch_one(&mut *transaction)
        .await?;
    if !there {
        make(&mut transaction, table, month).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Made apart and then attached: that takes a lock on the table which reads and writes do not mind.
async fn make(connection: &mut PgConnection, table: &str, month: i64) -> Result<(), StoreError> {
    let partition = name(table, month);
    let (from, to) = (month << RUNNING_BITS, (month + 1) << RUNNING_BITS);
    for statement in [
        format!("CREATE TABLE {partition} (LIKE {table} INCLUDING ALL)"),
        format!(
            "ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to})"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

//! The ordered indexes of time: clocks that become due, cases to be polled.

use super::{StoreError, Verdict, keep};
use crate::store::case::ClockRow;
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;

pub(super) const DUE_CLOCKS: &str =
    "SELECT c.case_no, k.kind FROM case_clock k CROSS JOIN case_record c ON c.id = k.case_id
    WHERE k.due_at <= ? ORDER BY k.due_at, k.case_id LIMIT ?";

pub(super) const TAKE_DUE_POLLS: &str =
    "UPDATE case_record SET poll_at = ?, poll_leased = 1 WHERE id IN
    (SELECT id FROM case_record WHERE poll_at <= ? ORDER BY poll_at LIMIT ?) RETURNING case_no";

/// Replaces a case's rows in the ordered index of clocks.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    case_row: i64,
    clocks: &[ClockRow],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM case_clock WHERE case_id = ?")
        .bind(case_row)
        .execute(&mut *connection)
        .await?;
    insert(connection, case_row, clocks).await
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    case_row: i64,
    clocks: &[ClockRow],
) -> Result<(), StoreError> {
    for clock in clocks {
        sqlx::query("INSERT INTO case_clock (case_id, kind, due_at) VALUES (?, ?, ?)")
            .bind(case_row)
            .bind(&clock.kind)
            .bind(clock.due_at.as_microsecond())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Counts the clocks of the index by kind.
pub(super) async fn open(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT kind, count(*) FROM case_clock GROUP BY kind ORDER BY kind")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(kind, n)| (kind, u64::try_from(n).unwrap_or_default()))
        .collect())
}

/// Takes due cases by moving their next poll to `until`.
pub(super) async fn take_due_polls(
    connection: &mut SqliteConnection,
    now: Timestamp,
    until: i64,
    limit: u32,
) -> Result<Verdict<Vec<String>>, StoreError> {
    keep(
        sqlx::query_scalar(TAKE_DUE_POLLS)
            .bind(until)
            .bind(now.as_microsecond())
            .bind(limit)
            .fetch_all(connection)
            .await?,
    )
}

/// Sets when a case is polled next; an erased case never is.
pub(super) async fn set_poll_at(
    connection: &mut SqliteConnection,
    case_no: String,
    at: Option<Timestamp>,
) -> Result<Verdict<()>, StoreError> {
    sqlx::query("UPDATE case_record SET poll_at = ?, poll_leased = 0 WHERE case_no = ? AND data_key IS NOT NULL")
        .bind(at.map(Timestamp::as_microsecond))
        .bind(case_no)
        .execute(connection)
        .await?;
    keep(())
}

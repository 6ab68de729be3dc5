//! The ordered indexes of time: clocks that become due, cases to be polled.

use super::dialect::DbConnection;
use super::together;
use super::{StoreError, Verdict, keep};
use crate::store::case::ClockRow;
use jiff::Timestamp;

pub(super) const DUE_CLOCKS: &str = concat!(
    "SELECT c.case_no, k.kind FROM case_clock k ",
    join_in_order!(),
    " case_record c ON c.id = k.case_id
    WHERE k.due_at <= $1 ORDER BY k.due_at, k.case_id LIMIT $2"
);

pub(super) const TAKE_DUE_POLLS: &str = concat!(
    "UPDATE case_record SET poll_at = $1, poll_leased = $4 WHERE id IN
    (SELECT id FROM case_record WHERE poll_at <= $2 ORDER BY poll_at LIMIT $3",
    skip_locked!(),
    ") RETURNING case_no"
);

/// How urgent what waits for a case's partner is: when the first of its clocks ends. Without a clock it is never urgent.
pub(super) fn urgent_at(clocks: &[ClockRow]) -> i64 {
    let ends = clocks.iter().map(|clock| clock.due_at.as_microsecond());
    ends.min().unwrap_or(i64::MAX)
}

/// Replaces the rows of cases in the ordered index of clocks; what waits for their partners is as urgent as they say.
pub(super) async fn replace(
    connection: &mut DbConnection,
    cases: &[(i64, &[ClockRow])],
) -> Result<(), StoreError> {
    let rows: Vec<i64> = cases.iter().map(|(case, _)| *case).collect();
    sqlx::query(concat!(
        "DELETE FROM case_clock WHERE case_id ",
        in_numbers!("$1")
    ))
    .bind(serde_json::json!(rows).to_string())
    .execute(&mut *connection)
    .await?;
    let urgencies: Vec<_> = cases
        .iter()
        .map(|(case, clocks)| (*case, urgent_at(clocks)))
        .collect();
    together::set_urgencies(connection, &urgencies).await?;
    insert(connection, cases).await
}

/// Adds clocks of cases that have none.
pub(super) async fn insert(
    connection: &mut DbConnection,
    cases: &[(i64, &[ClockRow])],
) -> Result<(), StoreError> {
    let clocks: Vec<_> = cases
        .iter()
        .flat_map(|(case, clocks)| clocks.iter().map(move |clock| (*case, clock)))
        .collect();
    together::insert_clocks(connection, &clocks).await
}

/// Counts the clocks of the index by kind.
pub(super) async fn open(connection: &mut DbConnection) -> Result<Vec<(String, u64)>, StoreError> {
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
    connection: &mut DbConnection,
    now: Timestamp,
    (until, poller): (i64, i64),
    limit: u32,
) -> Result<Verdict<Vec<String>>, StoreError> {
    keep(
        sqlx::query_scalar(TAKE_DUE_POLLS)
            .bind(until)
            .bind(now.as_microsecond())
            .bind(i64::from(limit))
            .bind(poller)
            .fetch_all(connection)
            .await?,
    )
}

/// Sets when a case is polled next; an erased case never is.
pub(super) async fn set_poll_at(
    connection: &mut DbConnection,
    case_no: String,
    at: Option<Timestamp>,
) -> Result<Verdict<()>, StoreError> {
    sqlx::query("UPDATE case_record SET poll_at = $1, poll_leased = 0 WHERE case_no = $2 AND data_key IS NOT NULL")
        .bind(at.map(Timestamp::as_microsecond))
        .bind(case_no)
        .execute(connection)
        .await?;
    keep(())
}

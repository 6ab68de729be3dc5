//! PostgreSQL's way of saying what the two databases say differently; see the twin in `store/sqlite`.
//!
//! Many writers on many nodes: a row that a write has read and is about to change is locked, always the case before its deliveries,
//! so that no two writes wait for each other; what has no row yet is made lonely by an advisory lock of the transaction.

use crate::store::StoreError;
use aws_lc_rs::digest;
use sqlx::AssertSqlSafe;

pub(super) use super::news::{tell, tell_cases};

/// The database.
pub(super) type Db = sqlx::Postgres;
/// A connection to it.
pub(super) type DbConnection = sqlx::PgConnection;
/// A pool of such connections.
pub(super) type DbPool = sqlx::PgPool;
/// One of its rows.
pub(super) type DbRow = sqlx::postgres::PgRow;

/// Whether other nodes write files into the same folder: then a file without a row may be a node's that is about to write it.
pub(super) const SHARED_FILES: bool = true;

/// Groups of applications on their way at once. One is written while another is synced.
pub(super) const LANES: usize = 2;

/// The words of a bound JSON list, as a sub-query.
macro_rules! texts {
    ($list:literal) => {
        concat!(
            "(SELECT json_array_elements_text(CAST(",
            $list,
            " AS json)))"
        )
    };
}

/// Whether a column is among the numbers of a bound JSON list. As an array the list is probed in an index; a sub-query is joined, and
/// the planner reads the whole table for it while that is small.
macro_rules! in_numbers {
    ($list:literal) => {
        concat!(
            "= ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST(",
            $list,
            " AS json)) AS bigint)))"
        )
    };
}

/// Whether a column is among the words of a bound JSON list.
macro_rules! in_texts {
    ($list:literal) => {
        concat!(
            "= ANY (ARRAY(SELECT json_array_elements_text(CAST(",
            $list,
            " AS json))))"
        )
    };
}

/// A bound JSON list as a table with the column `value`.
macro_rules! listed {
    ($list:literal) => {
        concat!(
            "json_array_elements_text(CAST(",
            $list,
            " AS json)) AS listed (value)"
        )
    };
}

/// A bound JSON list of numbers as a table with the columns `ordinal`, from 0, and `number`.
macro_rules! numbered {
    ($list:literal) => {
        concat!(
            "(SELECT place - 1 AS ordinal, CAST(value AS bigint) AS number FROM json_array_elements_text(CAST(",
            $list,
            " AS json)) WITH ORDINALITY AS element (value, place)) AS listed"
        )
    };
}

/// What stands before and after the bound list of `texts!` and `in_numbers!` in a query that is pushed together.
macro_rules! list_begin {
    () => {
        "(SELECT json_array_elements_text(CAST("
    };
}
macro_rules! in_numbers_begin {
    () => {
        "= ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST("
    };
}
macro_rules! list_end {
    () => {
        " AS json)))"
    };
}
macro_rules! in_numbers_end {
    () => {
        " AS json)) AS bigint)))"
    };
}

/// The operator that compares with a pattern made by [`pattern`].
macro_rules! pattern {
    () => {
        "LIKE"
    };
}

/// Keeps the rows that are read from others until the write ends.
macro_rules! for_update {
    () => {
        " FOR NO KEY UPDATE"
    };
}

/// The same of one table of a join.
macro_rules! for_update_of {
    ($table:literal) => {
        concat!(" FOR NO KEY UPDATE OF ", $table)
    };
}

/// The same, passing over rows that another has.
macro_rules! skip_locked {
    () => {
        " FOR NO KEY UPDATE SKIP LOCKED"
    };
}

/// A join; the planner finds the order.
macro_rules! join_in_order {
    () => {
        "JOIN"
    };
}

/// Names the index to be used; this planner takes no hints.
macro_rules! by_index {
    ($index:literal) => {
        ""
    };
}

/// The id of a new row: the bound one, or the table's next when that is NULL.
macro_rules! own_id {
    ($id:literal, $table:literal) => {
        concat!("coalesce(", $id, ", month_id('", $table, "_id_seq'))")
    };
}

/// The next id of a table: known before the row is, so that what the row seals can be bound to it.
pub(super) async fn next_id(
    connection: &mut DbConnection,
    table: &'static str,
) -> Result<i64, StoreError> {
    let draw = match table {
        "delivery" => "month_id",
        _ => "nextval",
    };
    Ok(
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT {draw}('{table}_id_seq')")))
            .fetch_one(connection)
            .await?,
    )
}

/// Makes sure that no other write under the same name is at work until this one ends. Two names may share a lock: they wait then.
pub(super) async fn alone(connection: &mut DbConnection, name: &[u8]) -> Result<(), StoreError> {
    all_alone(connection, std::iter::once(name)).await
}

/// The same of several names, always in one order.
pub(super) async fn all_alone<'n>(
    connection: &mut DbConnection,
    names: impl Iterator<Item = &'n [u8]>,
) -> Result<(), StoreError> {
    let mut locks: Vec<i64> = names.map(lock_of).collect();
    locks.sort_unstable();
    sqlx::query("SELECT pg_advisory_xact_lock(lock) FROM unnest($1::bigint[]) AS lock")
        .bind(locks)
        .execute(connection)
        .await?;
    Ok(())
}

/// The same for a write that takes a moment: should its node stand still, the others wait no longer than that.
pub(super) async fn alone_for_a_moment(
    connection: &mut DbConnection,
    name: &[u8],
) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('idle_in_transaction_session_timeout', '1s', true), pg_advisory_xact_lock($1)")
        .bind(lock_of(name))
        .execute(connection)
        .await?;
    Ok(())
}

fn lock_of(name: &[u8]) -> i64 {
    let digest = digest::digest(&digest::SHA256, name);
    let mut lock = [0; 8];
    lock.copy_from_slice(&digest.as_ref()[..8]);
    i64::from_be_bytes(lock)
}

/// Keeps the case of a delivery from others before the delivery itself: every write takes the two in this order.
pub(super) async fn case_of_delivery(
    connection: &mut DbConnection,
    delivery: i64,
) -> Result<(), StoreError> {
    sqlx::query("SELECT 1 FROM case_record WHERE id = (SELECT case_id FROM delivery WHERE id = $1) FOR NO KEY UPDATE")
        .bind(delivery)
        .execute(connection)
        .await?;
    Ok(())
}

/// The same of several, each case once and in one order.
pub(super) async fn cases_of_deliveries(
    connection: &mut DbConnection,
    deliveries: &[i64],
) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "SELECT 1 FROM case_record WHERE id IN (SELECT case_id FROM delivery WHERE id = ANY ($1)) ORDER BY id FOR NO KEY UPDATE",
    )
    .bind(deliveries)
    .execute(connection)
    .await?;
    Ok(())
}

/// Of these due deliveries those that nobody else is at work on, in whatever order, kept from others until this write ends. Nothing is
/// waited for: this write takes deliveries and cases in no order.
pub(super) async fn free_to_lease(
    connection: &mut DbConnection,
    found: &[i64],
    now: i64,
) -> Result<Vec<i64>, StoreError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar(
        "SELECT d.id FROM delivery d JOIN case_record c ON c.id = d.case_id
         WHERE d.id = ANY ($1) AND d.turn = 1 AND d.due_at <= $2 FOR NO KEY UPDATE OF c, d SKIP LOCKED",
    )
    .bind(found)
    .bind(now)
    .fetch_all(connection)
    .await?)
}

/// A pattern in which `*` alone means anything.
pub(super) fn pattern(words: &str) -> String {
    words.chars().fold(String::new(), |mut out, c| {
        match c {
            '*' => out.push('%'),
            '%' | '_' | '\\' => out.extend(['\\', c]),
            plain => out.push(plain),
        }
        out
    })
}

/// Keeps the deliveries of a case from others, so that none leaves while it is decided whether one has.
pub(super) async fn deliveries_of_case(
    connection: &mut DbConnection,
    case: i64,
) -> Result<(), StoreError> {
    sqlx::query("SELECT 1 FROM delivery WHERE case_id = $1 ORDER BY id FOR NO KEY UPDATE")
        .bind(case)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads of the transaction at hand see one moment, and may take their time.
pub(super) async fn one_snapshot(connection: &mut DbConnection) -> Result<(), StoreError> {
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = '30min'")
        .execute(connection)
        .await?;
    Ok(())
}

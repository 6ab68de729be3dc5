//! SQLite's way of saying what the two databases say differently. The queries in `store/relational` are written once; where the
//! databases part, they name one of these. A macro is a piece of SQL text, so that a whole query stays one constant.
//!
//! One writer, one process: rows need no locks here, and whoever writes is alone.

use crate::store::StoreError;
use crate::store::nodes::NodeNews;
use sqlx::AssertSqlSafe;

/// The database.
pub(super) type Db = sqlx::Sqlite;
/// A connection to it.
pub(super) type DbConnection = sqlx::SqliteConnection;
/// A pool of such connections.
pub(super) type DbPool = sqlx::SqlitePool;
/// One of its rows.
pub(super) type DbRow = sqlx::sqlite::SqliteRow;

/// Whether other nodes write files into the same folder: then a file without a row may be a node's that is about to write it.
pub(super) const SHARED_FILES: bool = false;

/// Groups of applications on their way at once. One: what gathers while a group is committed is the next group, and there is one writer.
pub(super) const LANES: usize = 1;

/// The words of a bound JSON list, as a sub-query.
macro_rules! texts {
    ($list:literal) => {
        concat!("(SELECT value FROM json_each(", $list, "))")
    };
}

/// Whether a column is among the numbers of a bound JSON list.
macro_rules! in_numbers {
    ($list:literal) => {
        concat!("IN (SELECT value FROM json_each(", $list, "))")
    };
}

/// Whether a column is among the words of a bound JSON list.
macro_rules! in_texts {
    ($list:literal) => {
        concat!("IN (SELECT value FROM json_each(", $list, "))")
    };
}

/// A bound JSON list as a table with the column `value`.
macro_rules! listed {
    ($list:literal) => {
        concat!("json_each(", $list, ")")
    };
}

/// A bound JSON list of numbers as a table with the columns `ordinal`, from 0, and `number`.
macro_rules! numbered {
    ($list:literal) => {
        concat!(
            "(SELECT key AS ordinal, value AS number FROM json_each(",
            $list,
            "))"
        )
    };
}

/// What stands before and after the bound list of `texts!` and `in_numbers!` in a query that is pushed together.
macro_rules! list_begin {
    () => {
        "(SELECT value FROM json_each("
    };
}
macro_rules! in_numbers_begin {
    () => {
        "IN (SELECT value FROM json_each("
    };
}
macro_rules! list_end {
    () => {
        "))"
    };
}
macro_rules! in_numbers_end {
    () => {
        "))"
    };
}

/// The operator that compares with a pattern made by [`pattern`].
macro_rules! pattern {
    () => {
        "GLOB"
    };
}

/// Keeps the rows that are read from others until the write ends.
macro_rules! for_update {
    () => {
        ""
    };
}

/// The same of one table of a join.
macro_rules! for_update_of {
    ($table:literal) => {
        ""
    };
}

/// The same, passing over rows that another has.
macro_rules! skip_locked {
    () => {
        ""
    };
}

/// A join whose left side is read first: SQLite's planner takes `CROSS JOIN` as that order.
macro_rules! join_in_order {
    () => {
        "CROSS JOIN"
    };
}

/// Names the index to be used, where the planner would not find it.
macro_rules! by_index {
    ($index:literal) => {
        concat!(" INDEXED BY ", $index)
    };
}

/// The id of a new row: the bound one, or the table's next when that is NULL.
macro_rules! own_id {
    ($id:literal, $table:literal) => {
        $id
    };
}

/// The next id of a table: known before the row is, so that what the row seals can be bound to it.
pub(super) async fn next_id(
    connection: &mut DbConnection,
    table: &'static str,
) -> Result<i64, StoreError> {
    let last: Option<i64> =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT max(id) FROM {table}")))
            .fetch_one(connection)
            .await?;
    Ok(last.unwrap_or_default() + 1)
}

/// Makes sure that no other write under the same name is at work until this one ends.
pub(super) async fn alone(_: &mut DbConnection, _: &[u8]) -> Result<(), StoreError> {
    Ok(())
}

/// The same for a write that takes a moment: should its node stand still, the others wait no longer than that.
pub(super) async fn alone_for_a_moment(_: &mut DbConnection, _: &[u8]) -> Result<(), StoreError> {
    Ok(())
}

/// Keeps the case of a delivery from others before the delivery itself: every write takes the two in this order.
pub(super) async fn case_of_delivery(_: &mut DbConnection, _: i64) -> Result<(), StoreError> {
    Ok(())
}

/// The same of several, each case once and in one order.
pub(super) async fn cases_of_deliveries(_: &mut DbConnection, _: &[i64]) -> Result<(), StoreError> {
    Ok(())
}

/// Of these due deliveries those that nobody else is at work on, in whatever order, kept from others until this write ends.
pub(super) async fn free_to_lease(
    _: &mut DbConnection,
    found: &[i64],
    _: i64,
) -> Result<Vec<i64>, StoreError> {
    Ok(found.to_vec())
}

/// A pattern in which `*` alone means anything.
pub(super) fn pattern(words: &str) -> String {
    words.chars().fold(String::new(), |mut out, c| {
        match c {
            '[' | '?' => out.extend(['[', c, ']']),
            plain => out.push(plain),
        }
        out
    })
}

/// Keeps the deliveries of a case from others, so that none leaves while it is decided whether one has.
pub(super) async fn deliveries_of_case(_: &mut DbConnection, _: i64) -> Result<(), StoreError> {
    Ok(())
}

/// Tells other nodes: there are none.
pub(super) async fn tell(_: &mut DbConnection, _: &NodeNews) -> Result<(), StoreError> {
    Ok(())
}

/// The same of several cases.
pub(super) async fn tell_cases(_: &mut DbConnection, _: &[&str]) -> Result<(), StoreError> {
    Ok(())
}

/// Reads of a transaction see one moment: SQLite's always do.
pub(super) async fn one_snapshot(_: &mut DbConnection) -> Result<(), StoreError> {
    Ok(())
}

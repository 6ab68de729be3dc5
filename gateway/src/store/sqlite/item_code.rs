//! The item's code beside cases that were stored before it had a column of its own.

use super::StoreError;
use super::dialect::DbRow;
use super::rows::{case_place, uuid};
use crate::store::sealed::{Sealed, Vault};
use sqlx::Row;
use sqlx::SqlitePool;
use tongban_adapters::canonical::Submission;

/// Cases in one transaction.
const AT_ONCE: u32 = 500;

/// Fills in what is missing. A case whose key was destroyed, or that does not open, gets an empty code: it is found by every other
/// criterion.
pub(super) async fn fill_in(pool: &SqlitePool, vault: &Vault) -> Result<(), StoreError> {
    loop {
        let rows = sqlx::query(
            "SELECT id, case_id, data_key, submission FROM case_record WHERE item_code IS NULL ORDER BY id LIMIT $1",
        )
        .bind(AT_ONCE)
        .fetch_all(pool)
        .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut transaction = pool.begin().await?;
        for row in &rows {
            sqlx::query("UPDATE case_record SET item_code = $1 WHERE id = $2")
                .bind(code(row, vault).unwrap_or_default())
                .bind(row.try_get::<i64, _>("id")?)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
    }
}

fn code(row: &DbRow, vault: &Vault) -> Result<String, StoreError> {
    let case_id = uuid(
        "case_record",
        "case_id",
        "without a code",
        row.try_get("case_id")?,
    )?;
    let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
    let key = vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())?;
    let submission = Sealed::<Submission>::from_stored(row.try_get("submission")?)
        .open(&key, &case_place("submission", case_id))?;
    Ok(submission.item.code)
}

//! The outbox inside a transaction: deliveries begin, wait their turn, and make room for the next.

use super::dialect::{self, DbConnection};
use super::rows::{CaseAtHand, numbered_place};
use super::{StoreError, broken};
use crate::store::delivery::NewDelivery;
use crate::store::sealed::{DataKey, Sealed, Vault};
use jiff::Timestamp;
use tongban_adapters::exchange::Operation;

/// Writes deliveries of a case. Only the first unfinished one of a case and system has its turn.
pub(super) async fn begin(
    connection: &mut DbConnection,
    vault: &Vault,
    (case_row, case_key): (i64, &DataKey),
    deliveries: &[NewDelivery],
    created_at: Timestamp,
) -> Result<(), StoreError> {
    for delivery in deliveries {
        if delivery.operation == Operation::Supplement {
            supersede_infected(connection, case_row, &delivery.system_id).await?;
        }
        // Most deliveries carry no message: then nothing need be bound to the row, and SQLite numbers it.
        let (id, message) = if delivery.message.is_null() {
            (None, None)
        } else {
            let id = dialect::next_id(connection, "delivery").await?;
            let place = numbered_place("delivery", "message", id);
            let sealed = Sealed::seal(case_key, &place, &delivery.message, vault.entropy())?;
            (Some(id), Some(sealed.into_bytes()))
        };
        sqlx::query(
            concat!(
                "INSERT INTO delivery (id, case_id, system_id, operation, state, turn, due_at, created_at, message, urgent_at)
                 VALUES (",
                own_id!("$1", "delivery"),
                ", $2, $3, $4, 'pending', CASE WHEN EXISTS (SELECT 1 FROM delivery WHERE case_id = $2 AND system_id = $3
                     AND state NOT IN ('delivered', 'discarded')) THEN 0 ELSE 1 END, $5, $6, $7,
                     coalesce((SELECT min(due_at) FROM case_clock WHERE case_id = $2), 9223372036854775807))"
            ),
        )
        .bind(id)
        .bind(case_row)
        .bind(&delivery.system_id)
        .bind(delivery.operation.as_str())
        .bind(delivery.not_before.as_microsecond())
        .bind(created_at.as_microsecond())
        .bind(message)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// A new supplement takes the place of one that never left because a file of it was infected.
async fn supersede_infected(
    connection: &mut DbConnection,
    case_row: i64,
    system_id: &str,
) -> Result<(), StoreError> {
    let superseded = sqlx::query(
        "UPDATE delivery SET state = 'discarded', turn = 0, due_at = NULL WHERE case_id = $1 AND system_id = $2 AND state = 'dead'
         AND operation = 'supplement' AND last_code = 'material_infected' AND ask_first = 0",
    )
    .bind(case_row)
    .bind(system_id)
    .execute(&mut *connection)
    .await?;
    if superseded.rows_affected() > 0 {
        next_turns(connection, &[case_row]).await?;
    }
    Ok(())
}

/// Gives the turn to the first unfinished delivery of each system of these cases.
pub(super) async fn next_turns(
    connection: &mut DbConnection,
    cases: &[i64],
) -> Result<(), StoreError> {
    if cases.is_empty() {
        return Ok(());
    }
    sqlx::query(concat!(
        "UPDATE delivery SET turn = 1 WHERE turn = 0 AND id IN (SELECT min(id) FROM delivery
             WHERE state NOT IN ('delivered', 'discarded') AND case_id ",
        in_numbers!("$1"),
        " GROUP BY case_id, system_id)"
    ))
    .bind(serde_json::json!(cases).to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a delivery of a case is with a worker, or may have arrived: it is too late to cancel then.
pub(super) async fn has_left(connection: &mut DbConnection, case: i64) -> Result<bool, StoreError> {
    dialect::deliveries_of_case(connection, case).await?;
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE case_id = $1 AND state <> 'discarded'
         AND (ask_first = 1 OR state IN ('sending', 'unknown', 'delivered')))",
    )
    .bind(case)
    .fetch_one(connection)
    .await?)
}

/// Discards what a case has not handed over and will not: pending and dead deliveries.
pub(super) async fn cancel(
    connection: &mut DbConnection,
    case: &CaseAtHand,
) -> Result<(), StoreError> {
    let cancelled = sqlx::query(
        "UPDATE delivery SET state = 'discarded', turn = 0, due_at = NULL
         WHERE case_id = $1 AND state IN ('pending', 'dead') AND ask_first = 0",
    )
    .bind(case.id)
    .execute(&mut *connection)
    .await?;
    if cancelled.rows_affected() > 0 {
        next_turns(connection, &[case.id]).await?;
    }
    Ok(())
}

/// The last words of an answer, opened; empty when there are none.
pub(super) fn open_words(
    key: &DataKey,
    id: i64,
    sealed: Option<Vec<u8>>,
) -> Result<String, StoreError> {
    sealed.map_or(Ok(String::new()), |bytes| {
        Sealed::from_stored(bytes).open(key, &numbered_place("delivery", "last_words", id))
    })
}

/// The operation of a stored word.
pub(super) fn operation(id: i64, word: &str) -> Result<Operation, StoreError> {
    Operation::parse(word)
        .ok_or_else(|| broken("delivery", "operation", id, "no operation of this version"))
}

//! One leased delivery: taken with a new fence, journalled, its attempts recorded, left with an outcome.

use super::dialect::DbConnection;
use super::rows::{CaseAtHand, attempt_place, count, instant, numbered_place};
use super::{StoreError, Verdict, keep, outbox};
use crate::store::delivery::{AttemptRecord, DeliveryOutcome, LeasedDelivery};
use crate::store::sealed::{Sealed, Vault};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;

/// What of an attempt is sealed: the exact bytes and the partner's words.
#[derive(Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) words: String,
    #[serde(with = "base64")]
    pub(super) sent: Vec<u8>,
    #[serde(with = "base64")]
    pub(super) received: Vec<u8>,
}

/// Bytes inside JSON, a third longer instead of four times.
mod base64 {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&data_encoding::BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        data_encoding::BASE64
            .decode(text.as_bytes())
            .map_err(D::Error::custom)
    }
}

/// Leases one delivery: a new fence makes every older one void. A lease that ended with a step begun comes back as one to ask about, and
/// as interrupted for as long as no worker has left a word: the one that should have may have died as well.
pub(super) async fn take(
    connection: &mut DbConnection,
    vault: &Vault,
    id: i64,
    worker: &str,
    until: i64,
) -> Result<LeasedDelivery, StoreError> {
    const T: &str = "delivery";
    let begun: i64 = sqlx::query_scalar("SELECT begun FROM delivery WHERE id = $1")
        .bind(id)
        .fetch_one(&mut *connection)
        .await?;
    let row = sqlx::query(
        "UPDATE delivery SET state = 'sending', worker = $1, due_at = $2, fence = fence + 1, ask_first = CASE WHEN begun = 1 THEN 1 ELSE ask_first END
         WHERE id = $3 RETURNING case_id, system_id, operation, fence, ask_first, attempts, created_at, journal, message",
    )
    .bind(worker)
    .bind(until)
    .bind(id)
    .fetch_one(&mut *connection)
    .await?;
    let case = CaseAtHand::by_id(connection, vault, row.try_get("case_id")?).await?;
    let open = |column: &'static str| -> Result<Value, StoreError> {
        match row.try_get::<Option<Vec<u8>>, _>(column)? {
            None => Ok(Value::Null),
            Some(sealed) => {
                Sealed::from_stored(sealed).open(&case.key, &numbered_place(T, column, id))
            }
        }
    };
    let system_id: String = row.try_get("system_id")?;
    Ok(LeasedDelivery {
        id,
        fence: row.try_get("fence")?,
        message_key: message_key(&system_id, &case.case_no, id),
        system_id,
        operation: outbox::operation(id, row.try_get("operation")?)?,
        ask_first: row.try_get::<i64, _>("ask_first")? != 0,
        interrupted: begun != 0,
        attempts: count(T, "attempts", id, row.try_get("attempts")?)?,
        created_at: instant(T, "created_at", id, row.try_get("created_at")?)?,
        journal: open("journal")?,
        message: open("message")?,
        case_no: case.case_no,
    })
}

/// Leaves a delivery whose case or content cannot be read to a person, with the code `unreadable`.
pub(super) async fn set_aside(connection: &mut DbConnection, id: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE delivery SET state = 'dead', due_at = NULL, last_code = 'unreadable' WHERE id = $1",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// The key that every attempt of a delivery carries: nothing in it ever changes.
pub(super) fn message_key(system_id: &str, case_no: &str, id: i64) -> String {
    format!("{system_id}/{case_no}/{id}")
}

/// A leased delivery whose fence holds.
pub(super) struct AtHand {
    id: i64,
    case: CaseAtHand,
    system_id: String,
    attempts: i64,
    ask_first: bool,
    begun: bool,
    journal: Option<Vec<u8>>,
}

impl AtHand {
    pub(super) async fn find(
        connection: &mut DbConnection,
        vault: &Vault,
        id: i64,
        fence: i64,
    ) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT case_id, system_id, attempts, ask_first, begun, journal FROM delivery
                 WHERE id = $1 AND fence = $2 AND state = 'sending'",
            for_update!()
        ))
        .bind(id)
        .bind(fence)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            case: CaseAtHand::by_id(connection, vault, row.try_get("case_id")?).await?,
            system_id: row.try_get("system_id")?,
            attempts: row.try_get("attempts")?,
            ask_first: row.try_get::<i64, _>("ask_first")? != 0,
            begun: row.try_get::<i64, _>("begun")? != 0,
            journal: row.try_get("journal")?,
        }))
    }

    pub(super) async fn write_journal(
        &self,
        connection: &mut DbConnection,
        vault: &Vault,
        journal: &Value,
        begun: bool,
    ) -> Result<(), StoreError> {
        let place = numbered_place("delivery", "journal", self.id);
        let sealed = Sealed::seal(&self.case.key, &place, journal, vault.entropy())?;
        sqlx::query("UPDATE delivery SET journal = $1, begun = $2 WHERE id = $3")
            .bind(sealed.into_bytes())
            .bind(i64::from(begun))
            .bind(self.id)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Adds an attempt to the list and shows its outcome as the last one.
    pub(super) async fn record(
        &self,
        connection: &mut DbConnection,
        vault: &Vault,
        attempt: &AttemptRecord,
    ) -> Result<(), StoreError> {
        let ordinal = self.attempts + 1;
        let (key, entropy) = (&self.case.key, vault.entropy());
        let exchange = Exchange {
            words: attempt.words.clone(),
            sent: attempt.sent.clone(),
            received: attempt.received.clone(),
        };
        let sealed = Sealed::seal(key, &attempt_place(self.id, ordinal), &exchange, entropy)?;
        sqlx::query(
            "INSERT INTO delivery_attempt (delivery_id, ordinal, at, step, took_us, code, exchange) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.id)
        .bind(ordinal)
        .bind(attempt.at.as_microsecond())
        .bind(&attempt.step)
        .bind(attempt.took_us)
        .bind(&attempt.code)
        .bind(sealed.into_bytes())
        .execute(&mut *connection)
        .await?;
        let place = numbered_place("delivery", "last_words", self.id);
        let words = Sealed::seal(key, &place, &attempt.words, entropy)?;
        sqlx::query(
            "UPDATE delivery SET attempts = $1, last_code = $2, last_words = $3 WHERE id = $4",
        )
        .bind(ordinal)
        .bind(&attempt.code)
        .bind(words.into_bytes())
        .bind(self.id)
        .execute(connection)
        .await?;
        Ok(())
    }

    pub(super) async fn leave(
        &self,
        connection: &mut DbConnection,
        vault: &Vault,
        code: &str,
        outcome: DeliveryOutcome,
    ) -> Result<Verdict<bool>, StoreError> {
        match outcome {
            DeliveryOutcome::Delivered { partner_no } => {
                self.set(connection, "delivered", None, false).await?;
                outbox::next_turn(connection, self.case.id, &self.system_id).await?;
                if let Some(no) = partner_no {
                    sqlx::query("UPDATE case_record SET partner_no = $1 WHERE id = $2")
                        .bind(no)
                        .bind(self.case.id)
                        .execute(connection)
                        .await?;
                }
            }
            DeliveryOutcome::Again { at, unknown } => {
                let state = if unknown { "unknown" } else { "pending" };
                self.set(connection, state, Some(at), unknown).await?;
                if !unknown {
                    self.forget_begun(connection, vault).await?;
                }
            }
            DeliveryOutcome::Dead => {
                let ask_first = match code {
                    "outcome_unknown" => true,
                    "refused" => false,
                    _ => self.ask_first || self.begun,
                };
                self.set(connection, "dead", None, ask_first).await?;
                if !ask_first {
                    self.forget_begun(connection, vault).await?;
                }
            }
        }
        keep(true)
    }

    async fn set(
        &self,
        connection: &mut DbConnection,
        state: &'static str,
        due_at: Option<Timestamp>,
        ask_first: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE delivery SET state = $1, due_at = $2, ask_first = $3, begun = 0, turn = CASE WHEN $1 = 'delivered' THEN 0 ELSE turn END WHERE id = $4",
        )
        .bind(state)
        .bind(due_at.map(|t| t.as_microsecond()))
        .bind(i64::from(ask_first))
        .bind(self.id)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// The begun step's outcome is known by now: the next worker need not ask about it.
    async fn forget_begun(
        &self,
        connection: &mut DbConnection,
        vault: &Vault,
    ) -> Result<(), StoreError> {
        let Some(sealed) = self.journal.clone() else {
            return Ok(());
        };
        let place = numbered_place("delivery", "journal", self.id);
        let mut journal: Value = Sealed::from_stored(sealed).open(&self.case.key, &place)?;
        let had = journal
            .as_object_mut()
            .and_then(|fields| fields.remove("begun"));
        if had.is_some() {
            self.write_journal(connection, vault, &journal, false)
                .await?;
        }
        Ok(())
    }
}

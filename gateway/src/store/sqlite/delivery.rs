//! Deliveries as workers see them: leased in order, journalled, left with an outcome. What operators see is in [`super::operator`].

use super::rows::{CaseAtHand, attempt_place, count, instant, numbered_place};
use super::{SqliteStore, StoreError, Verdict, keep, operator, outbox, undo};
use crate::identity::Scope;
use crate::store::audit::NewAudit;
use crate::store::delivery::{
    AttemptRecord, DeliveryFilter, DeliveryOutcome, DeliveryRecord, DeliveryStore, DeliverySummary,
    LeasedDelivery, QueueDepth,
};
use crate::store::sealed::{Sealed, Vault};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

/// Due deliveries of every system that is neither paused nor busy, a few of each, found by one step of the index a system.
pub(super) const DUE: &str = "WITH RECURSIVE system (id) AS (
        SELECT min(system_id) FROM delivery WHERE turn = 1 AND due_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(d.system_id) FROM delivery d WHERE d.turn = 1 AND d.due_at IS NOT NULL AND d.system_id > system.id)
        FROM system WHERE system.id IS NOT NULL)
    SELECT d.id FROM system s CROSS JOIN delivery d ON d.id IN (SELECT e.id FROM delivery e
        WHERE e.system_id = s.id AND e.turn = 1 AND e.due_at IS NOT NULL AND e.due_at <= ?1 ORDER BY e.due_at, e.id LIMIT ?2)
    WHERE s.id IS NOT NULL AND s.id NOT IN (SELECT system_id FROM paused_system) AND s.id NOT IN (SELECT value FROM json_each(?3))
    ORDER BY d.due_at, d.id LIMIT ?4";

pub(super) const NEXT_DUE: &str = "WITH RECURSIVE system (id) AS (
        SELECT min(system_id) FROM delivery WHERE turn = 1 AND due_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(d.system_id) FROM delivery d WHERE d.turn = 1 AND d.due_at IS NOT NULL AND d.system_id > system.id)
        FROM system WHERE system.id IS NOT NULL)
    SELECT min((SELECT min(e.due_at) FROM delivery e WHERE e.system_id = s.id AND e.turn = 1 AND e.due_at IS NOT NULL))
    FROM system s WHERE s.id IS NOT NULL AND s.id NOT IN (SELECT system_id FROM paused_system)";

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

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        lease_us: i64,
        limit: u32,
        per_system: u32,
        busy: &[String],
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        let worker = worker.to_owned();
        let busy = super::rows::json_list(busy.iter().map(String::as_str));
        let until = now.as_microsecond().saturating_add(lease_us);
        self.write(move |c, vault| {
            Box::pin(async move {
                let due: Vec<i64> = sqlx::query_scalar(DUE)
                    .bind(now.as_microsecond())
                    .bind(per_system)
                    .bind(busy)
                    .bind(limit)
                    .fetch_all(&mut *c)
                    .await?;
                let mut leased = Vec::with_capacity(due.len());
                for id in due {
                    leased.push(take(c, vault, id, &worker, until).await?);
                }
                keep(leased)
            })
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(NEXT_DUE)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        due.map(|t| instant("delivery", "due_at", "next", t))
            .transpose()
    }

    async fn journal(&self, id: i64, fence: i64, journal: &Value) -> Result<bool, StoreError> {
        let journal = journal.clone();
        self.write(move |c, vault| {
            Box::pin(async move {
                let Some(at_hand) = AtHand::find(c, vault, id, fence).await? else {
                    return undo(false);
                };
                let begun = journal.get("begun").is_some_and(|step| !step.is_null());
                at_hand.write_journal(c, vault, &journal, begun).await?;
                keep(true)
            })
        })
        .await
    }

    async fn finish(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
        outcome: DeliveryOutcome,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |c, vault| {
            Box::pin(async move {
                let Some(at_hand) = AtHand::find(c, vault, id, fence).await? else {
                    return undo(false);
                };
                at_hand.record(c, vault, &attempt).await?;
                at_hand.leave(c, vault, &attempt.code, outcome).await
            })
        })
        .await
    }

    async fn attempt(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |c, vault| {
            Box::pin(async move {
                let Some(at_hand) = AtHand::find(c, vault, id, fence).await? else {
                    return undo(false);
                };
                at_hand.record(c, vault, &attempt).await?;
                keep(true)
            })
        })
        .await
    }

    async fn deliveries(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        operator::list(&mut *self.reader().await?, &self.vault, scope, filter).await
    }

    async fn count_deliveries(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
    ) -> Result<(u64, Option<Timestamp>), StoreError> {
        operator::count_matching(&mut *self.reader().await?, &self.vault, scope, filter).await
    }

    async fn delivery(&self, scope: &Scope, id: i64) -> Result<Option<DeliveryRecord>, StoreError> {
        operator::show(&mut *self.reader().await?, &self.vault, scope, id).await
    }

    async fn retry(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.write(move |c, vault| {
            Box::pin(async move { operator::retry(c, vault, (&scope, &filter), now, audit).await })
        })
        .await
    }

    async fn discard(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        _now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.write(move |c, vault| {
            Box::pin(async move { operator::discard(c, vault, (&scope, &filter), audit).await })
        })
        .await
    }

    async fn set_paused(
        &self,
        scope: &Scope,
        system_id: &str,
        paused: bool,
        audit: NewAudit,
    ) -> Result<(), StoreError> {
        let (scope, system_id) = (scope.clone(), system_id.to_owned());
        self.write(move |c, vault| {
            Box::pin(async move {
                operator::set_paused(c, vault, (&scope, &system_id), paused, audit).await
            })
        })
        .await
    }

    async fn paused(&self) -> Result<Vec<String>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT system_id FROM paused_system ORDER BY system_id")
                .fetch_all(&mut *self.reader().await?)
                .await?,
        )
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        operator::depths(&mut *self.reader().await?).await
    }
}

/// Leases one delivery: a new fence makes every older one void. A lease that ended with a step begun comes back as one to ask about.
async fn take(
    connection: &mut SqliteConnection,
    vault: &Vault,
    id: i64,
    worker: &str,
    until: i64,
) -> Result<LeasedDelivery, StoreError> {
    const T: &str = "delivery";
    let row = sqlx::query(
        "UPDATE delivery SET state = 'sending', worker = ?, due_at = ?, fence = fence + 1, ask_first = max(ask_first, begun), begun = 0
         WHERE id = ? RETURNING case_id, system_id, operation, fence, ask_first, attempts, created_at, journal, message",
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
        attempts: count(T, "attempts", id, row.try_get("attempts")?)?,
        created_at: instant(T, "created_at", id, row.try_get("created_at")?)?,
        journal: open("journal")?,
        message: open("message")?,
        case_no: case.case_no,
    })
}

/// The key that every attempt of a delivery carries: nothing in it ever changes.
pub(super) fn message_key(system_id: &str, case_no: &str, id: i64) -> String {
    format!("{system_id}/{case_no}/{id}")
}

/// A leased delivery whose fence holds.
struct AtHand {
    id: i64,
    case: CaseAtHand,
    system_id: String,
    attempts: i64,
    ask_first: bool,
    begun: bool,
    journal: Option<Vec<u8>>,
}

impl AtHand {
    async fn find(
        connection: &mut SqliteConnection,
        vault: &Vault,
        id: i64,
        fence: i64,
    ) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query(
            "SELECT case_id, system_id, attempts, ask_first, begun, journal FROM delivery
             WHERE id = ? AND fence = ? AND state = 'sending'",
        )
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

    async fn write_journal(
        &self,
        connection: &mut SqliteConnection,
        vault: &Vault,
        journal: &Value,
        begun: bool,
    ) -> Result<(), StoreError> {
        let place = numbered_place("delivery", "journal", self.id);
        let sealed = Sealed::seal(&self.case.key, &place, journal, vault.entropy())?;
        sqlx::query("UPDATE delivery SET journal = ?, begun = ? WHERE id = ?")
            .bind(sealed.into_bytes())
            .bind(begun)
            .bind(self.id)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Adds an attempt to the list and shows its outcome as the last one.
    async fn record(
        &self,
        connection: &mut SqliteConnection,
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
            "INSERT INTO delivery_attempt (delivery_id, ordinal, at, step, took_us, code, exchange) VALUES (?, ?, ?, ?, ?, ?, ?)",
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
        sqlx::query("UPDATE delivery SET attempts = ?, last_code = ?, last_words = ? WHERE id = ?")
            .bind(ordinal)
            .bind(&attempt.code)
            .bind(words.into_bytes())
            .bind(self.id)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn leave(
        &self,
        connection: &mut SqliteConnection,
        vault: &Vault,
        code: &str,
        outcome: DeliveryOutcome,
    ) -> Result<Verdict<bool>, StoreError> {
        match outcome {
            DeliveryOutcome::Delivered { partner_no } => {
                self.set(connection, "delivered", None, false).await?;
                outbox::next_turn(connection, self.case.id, &self.system_id).await?;
                if let Some(no) = partner_no {
                    sqlx::query("UPDATE case_record SET partner_no = ? WHERE id = ?")
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
        connection: &mut SqliteConnection,
        state: &'static str,
        due_at: Option<Timestamp>,
        ask_first: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE delivery SET state = ?1, due_at = ?2, ask_first = ?3, begun = 0, turn = iif(?1 = 'delivered', 0, turn) WHERE id = ?4",
        )
        .bind(state)
        .bind(due_at.map(|t| t.as_microsecond()))
        .bind(ask_first)
        .bind(self.id)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// The begun step's outcome is known by now: the next worker need not ask about it.
    async fn forget_begun(
        &self,
        connection: &mut SqliteConnection,
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

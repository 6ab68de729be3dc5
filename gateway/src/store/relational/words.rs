//! What errands say of their deliveries – journals, attempts, outcomes – committed together: what waits goes into one transaction, a
//! statement a table and not a handful of statements a delivery.
//!
//! A group that fails is said again one by one, so that nobody pays
//! for another's fault. Every word names its fence; one whose fence is void changes nothing and hears so.

use super::dialect::{self, DbConnection, DbRow};
use super::lanes::{Committing, Lanes};
use super::outbox;
use super::rows::{attempt_place, case_place, numbered_place, uuid};
use super::together;
use super::writer::Writer;
use super::{StoreError, Verdict, keep, undo};
use crate::fail_point::fail_point;
use crate::store::delivery::{AttemptRecord, DeliveryOutcome};
use crate::store::sealed::{DataKey, Sealed, Vault};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use std::collections::HashMap;
use std::sync::Arc;

/// What an errand says of the delivery that it has.
pub(super) struct Word {
    pub(super) id: i64,
    pub(super) fence: i64,
    pub(super) said: Said,
}

/// What may be said.
pub(super) enum Said {
    /// The journal as it is now.
    Journal(Value),
    /// An attempt, the delivery stays leased.
    Attempt(AttemptRecord),
    /// The last attempt of this lease, what becomes of the delivery, and its journal where there is a newer one.
    Left(AttemptRecord, DeliveryOutcome, Option<Value>),
}

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

/// The queue of words; what is said hears whether its fence held.
pub(super) type Words = Lanes<Word, bool>;

/// Starts their lanes.
pub(super) fn begin(
    writer: Arc<Writer>,
    vault: Arc<Vault>,
    bound: usize,
    together: usize,
) -> Words {
    Lanes::begin(Saying { writer, vault }, bound, together)
}

struct Saying {
    writer: Arc<Writer>,
    vault: Arc<Vault>,
}

#[async_trait]
impl Committing for Saying {
    type Work = Word;
    type Outcome = bool;
    type Share = bool;
    /// The delivery: words of an old and of a new lease go one after the other.
    type Subject = i64;

    const LEAST: usize = 1;

    fn is_plain(&self, _: &Word) -> bool {
        true
    }

    fn subject(&self, work: &Word) -> Option<i64> {
        Some(work.id)
    }

    async fn together(&self, group: Arc<Vec<Word>>) -> Result<Vec<Option<bool>>, StoreError> {
        let vault = Arc::clone(&self.vault);
        let held = self
            .writer
            .write(move |c| Box::pin(async move { commit(c, &vault, &group).await }))
            .await?;
        Ok(held.into_iter().map(Some).collect())
    }

    fn outcome(&self, _: Word, share: bool) -> Result<bool, StoreError> {
        Ok(share)
    }

    async fn alone(&self, work: Word) -> Result<bool, StoreError> {
        let held = self.together(Arc::new(vec![work])).await?;
        Ok(held == [Some(true)])
    }
}

/// Commits words of different deliveries; whose fence held.
async fn commit(
    connection: &mut DbConnection,
    vault: &Vault,
    words: &[Word],
) -> Result<Verdict<Vec<bool>>, StoreError> {
    let ids: Vec<i64> = words.iter().map(|word| word.id).collect();
    let arrives = |word: &&Word| {
        matches!(
            word.said,
            Said::Left(_, DeliveryOutcome::Delivered { .. }, _)
        )
    };
    let arrived: Vec<i64> = words.iter().filter(arrives).map(|word| word.id).collect();
    dialect::cases_of_deliveries(connection, &arrived).await?;
    let mut at_hand = AtHand::of(connection, vault, &ids).await?;
    let mut written = Written::default();
    let mut held = Vec::with_capacity(words.len());
    for word in words {
        let found = at_hand.remove(&word.id);
        let Some(mut row) = found.filter(|row| row.fence == word.fence && row.leased) else {
            held.push(false);
            continue;
        };
        row.hear(vault, &word.said, &mut written)?;
        written.rows.push(row.row);
        held.push(true);
    }
    if written.rows.is_empty() {
        return undo(held);
    }
    fail_point!("words.heard");
    together::insert_attempts(connection, &written.attempts).await?;
    together::update_deliveries(connection, &written.rows).await?;
    outbox::next_turns(connection, &written.arrived).await?;
    together::set_partner_numbers(connection, &written.partner_numbers).await?;
    fail_point!("words.written");
    keep(held)
}

/// What a group writes, table by table.
#[derive(Default)]
struct Written {
    attempts: Vec<AttemptRow>,
    rows: Vec<DeliveryRow>,
    /// Cases of which something was delivered.
    arrived: Vec<i64>,
    partner_numbers: Vec<(i64, String)>,
}

/// A new row of the list of attempts.
pub(super) struct AttemptRow {
    pub(super) delivery: i64,
    pub(super) ordinal: i64,
    pub(super) at: i64,
    pub(super) step: String,
    pub(super) took_us: i64,
    pub(super) code: String,
    pub(super) exchange: Vec<u8>,
}

/// What of a delivery's row a worker writes.
pub(super) struct DeliveryRow {
    pub(super) id: i64,
    pub(super) state: String,
    pub(super) due_at: Option<i64>,
    pub(super) ask_first: bool,
    pub(super) begun: bool,
    pub(super) turn: i64,
    pub(super) attempts: i64,
    pub(super) last_code: String,
    pub(super) last_words: Option<Vec<u8>>,
    pub(super) journal: Option<Vec<u8>>,
}

/// A delivery as it stands, nobody else changes it until this write ends.
struct AtHand {
    fence: i64,
    leased: bool,
    case_row: i64,
    key: DataKey,
    row: DeliveryRow,
}

impl AtHand {
    async fn of(
        connection: &mut DbConnection,
        vault: &Vault,
        ids: &[i64],
    ) -> Result<HashMap<i64, Self>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT d.id, d.case_id AS case_row, d.fence, d.state, d.due_at, d.ask_first, d.begun, d.turn, d.attempts, d.last_code,
                 d.last_words, d.journal, c.case_id, c.case_no, c.data_key
             FROM delivery d JOIN case_record c ON c.id = d.case_id WHERE d.id ",
            in_numbers!("$1"),
            " ORDER BY d.id",
            for_update_of!("d")
        ))
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(connection)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("id")?, Self::read(row, vault)?)))
            .collect()
    }

    fn read(row: &DbRow, vault: &Vault) -> Result<Self, StoreError> {
        let case_no: String = row.try_get("case_no")?;
        let case_id = uuid("case_record", "case_id", &case_no, row.try_get("case_id")?)?;
        let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
        let state: String = row.try_get("state")?;
        Ok(Self {
            fence: row.try_get("fence")?,
            leased: state == "sending",
            case_row: row.try_get("case_row")?,
            key: vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())?,
            row: DeliveryRow {
                id: row.try_get("id")?,
                state,
                due_at: row.try_get("due_at")?,
                ask_first: row.try_get::<i64, _>("ask_first")? != 0,
                begun: row.try_get::<i64, _>("begun")? != 0,
                turn: row.try_get("turn")?,
                attempts: row.try_get("attempts")?,
                last_code: row.try_get("last_code")?,
                last_words: row.try_get("last_words")?,
                journal: row.try_get("journal")?,
            },
        })
    }

    fn hear(&mut self, vault: &Vault, said: &Said, into: &mut Written) -> Result<(), StoreError> {
        match said {
            Said::Journal(journal) => self.keep_journal(vault, journal),
            Said::Attempt(attempt) => self.record(vault, attempt, into),
            Said::Left(attempt, outcome, journal) => {
                if let Some(journal) = journal {
                    self.keep_journal(vault, journal)?;
                }
                self.record(vault, attempt, into)?;
                self.leave(vault, outcome, into)
            }
        }
    }

    fn keep_journal(&mut self, vault: &Vault, journal: &Value) -> Result<(), StoreError> {
        let place = numbered_place("delivery", "journal", self.row.id);
        let sealed = Sealed::seal(&self.key, &place, journal, vault.entropy())?;
        self.row.journal = Some(sealed.into_bytes());
        self.row.begun = journal.get("begun").is_some_and(|step| !step.is_null());
        Ok(())
    }

    /// Adds an attempt to the list and shows its outcome as the last one.
    fn record(
        &mut self,
        vault: &Vault,
        attempt: &AttemptRecord,
        into: &mut Written,
    ) -> Result<(), StoreError> {
        let (row, entropy) = (&mut self.row, vault.entropy());
        row.attempts += 1;
        let exchange = Exchange {
            words: attempt.words.clone(),
            sent: attempt.sent.clone(),
            received: attempt.received.clone(),
        };
        let place = attempt_place(row.id, row.attempts);
        let sealed = Sealed::seal(&self.key, &place, &exchange, entropy)?;
        into.attempts.push(AttemptRow {
            delivery: row.id,
            ordinal: row.attempts,
            at: attempt.at.as_microsecond(),
            step: attempt.step.clone(),
            took_us: attempt.took_us,
            code: attempt.code.clone(),
            exchange: sealed.into_bytes(),
        });
        let place = numbered_place("delivery", "last_words", row.id);
        let words = Sealed::seal(&self.key, &place, &attempt.words, entropy)?;
        row.last_code.clone_from(&attempt.code);
        row.last_words = Some(words.into_bytes());
        Ok(())
    }

    fn leave(
        &mut self,
        vault: &Vault,
        outcome: &DeliveryOutcome,
        into: &mut Written,
    ) -> Result<(), StoreError> {
        match outcome {
            DeliveryOutcome::Delivered { partner_no } => {
                self.set("delivered", None, false);
                self.row.turn = 0;
                into.arrived.push(self.case_row);
                let named = partner_no.clone().map(|no| (self.case_row, no));
                into.partner_numbers.extend(named);
            }
            DeliveryOutcome::Again { at, unknown } => {
                let state = if *unknown { "unknown" } else { "pending" };
                self.set(state, Some(at.as_microsecond()), *unknown);
                if !unknown {
                    self.forget_begun(vault)?;
                }
            }
            DeliveryOutcome::Dead => {
                let ask_first = match self.row.last_code.as_str() {
                    "outcome_unknown" => true,
                    "refused" => false,
                    _ => self.row.ask_first || self.row.begun,
                };
                self.set("dead", None, ask_first);
                if !ask_first {
                    self.forget_begun(vault)?;
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, state: &str, due_at: Option<i64>, ask_first: bool) {
        let row = &mut self.row;
        state.clone_into(&mut row.state);
        row.due_at = due_at;
        row.ask_first = ask_first;
        row.begun = false;
    }

    /// The begun step's outcome is known by now: the next worker need not ask about it.
    fn forget_begun(&mut self, vault: &Vault) -> Result<(), StoreError> {
        let Some(sealed) = self.row.journal.take() else {
            return Ok(());
        };
        let place = numbered_place("delivery", "journal", self.row.id);
        let mut journal: Value = Sealed::from_stored(sealed.clone()).open(&self.key, &place)?;
        let had = journal
            .as_object_mut()
            .and_then(|fields| fields.remove("begun"));
        if had.is_some() {
            self.keep_journal(vault, &journal)?;
        } else {
            self.row.journal = Some(sealed);
        }
        Ok(())
    }
}

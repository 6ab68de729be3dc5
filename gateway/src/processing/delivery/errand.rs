//! One errand: everything that happens while a worker holds one leased delivery.
//!
//! After a crash at any `await`: before `journal(begun)` nothing has left; after it the next worker finds `begun` and asks the
//! partner first; after the answer and before `journal(done)` – which for the last step is said with the outcome – the same; after `finish` the delivery is settled. Every write names
//! the fence, so a worker whose lease ran out writes nothing.

use super::decide::{Facts, Happened, Next, decide};
use super::hours::Hours;
use super::journal::Journal;
use super::patience::patiently;
use super::tenure::{Leave, Tenure};
use super::transcript;
use super::{Courier, SendFailure};
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::processing::life_cycle::State;
use crate::store::StoreError;
use crate::store::case::CaseRecord;
use crate::store::delivery::{AttemptRecord, DeliveryOutcome, LeasedDelivery};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::exchange::{
    ExchangeContext, Operation, QueryVerdict, StepVerdict, WireReply, WireRequest, coded,
};

/// At most this many exchanges in one errand: steps of a definition, questions and one more send after a question.
const EXCHANGES_MAX: usize = 16;
/// How often a node looks whether the others have heard of it again.
const SIGN_LOOKED_FOR: Duration = Duration::from_millis(50);

/// A step of the conversation.
enum Turn {
    Step(usize),
    Ask,
}

/// Why an errand could not even begin.
#[derive(Debug, thiserror::Error)]
pub enum ErrandError {
    /// The store failed; the lease will run out and the delivery be taken again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The fence is void: another worker has the delivery.
    #[error("the lease of this delivery is over")]
    LeaseOver,
}

/// One errand.
pub struct Errand<'a> {
    pub(super) courier: &'a Courier,
    pub(super) lease: LeasedDelivery,
    journal: Journal,
    attempts: u32,
    tenure: Tenure,
    /// The journal says more than what is stored of it.
    unwritten: bool,
    /// Whether the partner answered when it was last called; `None`: it was not called.
    answered: Option<bool>,
}

/// How an errand ended.
#[derive(Debug)]
pub struct Landed {
    /// The stable word of the stored outcome, for metrics; or why nothing was settled, and the lease runs out by itself.
    pub outcome: Result<&'static str, ErrandError>,
    /// Whether the partner answered when it was last called; `None`: it was not called.
    pub answered: Option<bool>,
}

/// How the exchange of one turn went, with what an operator will see of it.
struct Exchange {
    happened: Happened,
    record: AttemptRecord,
}

impl<'a> Errand<'a> {
    /// An errand for this lease, which lasts so long.
    #[must_use]
    pub fn new(courier: &'a Courier, lease: LeasedDelivery, tenure: Tenure) -> Self {
        let journal = Journal::read(&lease.journal);
        let attempts = lease.attempts;
        Self {
            courier,
            lease,
            journal,
            attempts,
            tenure,
            unwritten: false,
            answered: None,
        }
    }

    /// Runs it to an outcome that is stored.
    pub async fn run(mut self) -> Landed {
        let outcome = self.reach_an_outcome().await;
        Landed {
            outcome,
            answered: self.answered,
        }
    }

    async fn reach_an_outcome(&mut self) -> Result<&'static str, ErrandError> {
        let Some(case) = self.lease.case.take() else {
            return self
                .give_up(
                    "case_missing",
                    "the case of this delivery is not in the store",
                )
                .await;
        };
        if let Some(word) = self.held_back(&case).await? {
            return Ok(word);
        }
        let snapshot = self.courier.registry.load();
        if snapshot.current_system(&self.lease.system_id).is_none() {
            return self
                .give_up("system_missing", "no active definition of this system")
                .await;
        }
        // Pinned when it was leased.
        let pinned = case.definition_version;
        let Some(definition) = snapshot.system(&self.lease.system_id, pinned) else {
            return self
                .give_up(
                    "definition_missing",
                    "the pinned version of the definition is gone",
                )
                .await;
        };
        self.converse(&case, &definition).await
    }

    async fn converse(
        &mut self,
        case: &CaseRecord,
        definition: &Arc<CompiledDefinition>,
    ) -> Result<&'static str, ErrandError> {
        let steps = definition.steps(self.lease.operation).to_vec();
        if steps.is_empty() {
            return self
                .give_up(
                    "not_offered",
                    "the definition does not offer this operation",
                )
                .await;
        }
        if self.journal.begun.is_none() && self.journal.next(&steps).is_none() {
            // The worker before us died between the last answer and its `finish`: nothing is left to send.
            let record = note(self.courier.clock.now(), "accepted", "");
            let outcome = DeliveryOutcome::Delivered {
                partner_no: case.partner_no.clone(),
            };
            return self.settle(record, outcome).await;
        }
        let askable = definition.asks_before_resend(self.lease.operation);
        let repeatable = definition.may_be_repeated(self.lease.operation);
        let doubtful = self.lease.ask_first || self.journal.begun.is_some();
        if self.lease.interrupted && !askable && !repeatable {
            return self
                .give_up(
                    "outcome_unknown",
                    "the gateway stopped after it had begun to send; a repeat might have its effect twice",
                )
                .await;
        }
        let mut turn = if doubtful && askable {
            Turn::Ask
        } else {
            self.next_step(&steps)
        };
        let mut partner_no = case.partner_no.clone();
        for _ in 0..EXCHANGES_MAX {
            let exchange = self
                .exchange(case, definition, &steps, &turn, &mut partner_no)
                .await?;
            let ended = self.ended_meanwhile(&exchange.happened).await?;
            let next = decide(
                &definition.retry(),
                &Facts {
                    askable,
                    repeatable,
                    doubtful,
                    ended,
                    hours: Hours::of(definition.limits().window),
                    ..self.facts()
                },
                &exchange.happened,
            );
            if doubtful && was_refused(&exchange.happened) {
                self.journal.refused_in_doubt = self.journal.refused_in_doubt.saturating_add(1);
                self.unwritten = true;
            }
            let next = self.unless_paused(next, &steps).await?;
            let outcome = match next {
                Next::GoOn => match self.journal.next(&steps) {
                    Some(step) => {
                        self.record(exchange.record).await?;
                        turn = Turn::Step(step);
                        continue;
                    }
                    None => DeliveryOutcome::Delivered {
                        partner_no: partner_no.clone(),
                    },
                },
                Next::Ask => {
                    self.record(exchange.record).await?;
                    turn = Turn::Ask;
                    continue;
                }
                Next::Send => {
                    self.journal.forget();
                    self.record(exchange.record).await?;
                    turn = self.next_step(&steps);
                    continue;
                }
                Next::Delivered => DeliveryOutcome::Delivered {
                    partner_no: partner_no.clone(),
                },
                Next::Again { at, unknown } => DeliveryOutcome::Again { at, unknown },
                Next::Dead => DeliveryOutcome::Dead,
            };
            return self.settle(exchange.record, outcome).await;
        }
        self.give_up(
            "too_many_exchanges",
            "the conversation with the partner did not end",
        )
        .await
    }

    /// A system that was paused meanwhile gets no further request: what is next waits until it is resumed.
    async fn unless_paused(&self, next: Next, steps: &[String]) -> Result<Next, ErrandError> {
        let sends = match next {
            Next::GoOn => self.journal.next(steps).is_some(),
            Next::Ask | Next::Send => true,
            Next::Delivered | Next::Again { .. } | Next::Dead => false,
        };
        if !sends
            || !self
                .courier
                .store
                .paused()
                .await?
                .contains(&self.lease.system_id)
        {
            return Ok(next);
        }
        Ok(Next::Again {
            at: self.courier.clock.now(),
            unknown: next == Next::Ask,
        })
    }

    /// Waits until a request that takes `total` at most may leave under this lease.
    async fn still_ours(&self, total: Duration) -> Result<(), ErrandError> {
        loop {
            let (now, seen) = (self.courier.clock.instant(), self.courier.store.seen());
            match self.tenure.may_leave(now, total, seen) {
                Leave::Now => return Ok(()),
                Leave::AfterASign => tokio::time::sleep(SIGN_LOOKED_FOR).await,
                Leave::Never => return Err(ErrandError::LeaseOver),
            }
        }
    }

    fn next_step(&self, steps: &[String]) -> Turn {
        Turn::Step(
            self.journal
                .next(steps)
                .unwrap_or(steps.len().saturating_sub(1)),
        )
    }

    async fn exchange(
        &mut self,
        case: &CaseRecord,
        definition: &CompiledDefinition,
        steps: &[String],
        turn: &Turn,
        partner_no: &mut Option<String>,
    ) -> Result<Exchange, ErrandError> {
        let context = self.context(case, partner_no.clone());
        let (operation, step, name) = match turn {
            Turn::Step(step) => (self.lease.operation, *step, steps[*step].clone()),
            Turn::Ask => (Operation::Query, 0, "query".to_owned()),
        };
        let begun = self.courier.clock.now();
        let request = match definition.request(operation, step, &context) {
            Ok(request) => request,
            Err(error) => return Ok(refused(begun, name, error.code(), &error.to_string())),
        };
        let total = definition.timeouts().total;
        if matches!(turn, Turn::Step(_)) {
            self.still_ours(total).await?;
            self.journal.begin(&name);
            fail_point!("delivery.before_journal");
            self.write_journal().await?;
        }
        fail_point!("delivery.before_send");
        let started = self.courier.clock.instant();
        // Once more: the process may have stood still since, and somebody else may be asking, or sending, by now.
        self.still_ours(total).await?;
        let answer = self
            .courier
            .client
            .send(&request, definition.timeouts())
            .await;
        fail_point!("delivery.sent");
        self.attempts = self.attempts.saturating_add(1);
        let took_us = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let mut record = attempt(begun, name.clone(), took_us, &request, &answer);
        let happened = match (&answer, turn) {
            (Err(SendFailure::NotSent { .. }), Turn::Step(_)) => {
                // Said with the outcome: until then it counts as begun, which is only asked about.
                self.journal.forget();
                self.unwritten = true;
                Happened::NotSent
            }
            (Err(SendFailure::NotSent { words }), Turn::Ask) => {
                Happened::Asked(QueryVerdict::Unavailable {
                    reason: words.clone(),
                })
            }
            (Err(SendFailure::OutcomeUnknown { .. }), _) => Happened::OutcomeUnknown,
            (Ok(reply), Turn::Ask) => Happened::Asked(definition.read_query(&context, reply)),
            (Ok(reply), Turn::Step(step)) => {
                match definition.read_reply(operation, *step, &context, reply) {
                    Ok(verdict) => Happened::Answered(verdict),
                    Err(error) => {
                        record.words = error.to_string();
                        Happened::NotUnderstood
                    }
                }
            }
        };
        describe(&mut record, &happened);
        self.answered = Some(has_answered(&happened));
        fail_point!("delivery.reply_read");
        match &happened {
            Happened::Answered(StepVerdict::Accepted {
                captured,
                partner_no: told,
            }) => {
                *partner_no = told.clone().or_else(|| partner_no.take());
                self.journal.finish(&name, captured.clone());
                self.unwritten = true;
                // The last step's end is said with the outcome.
                if self.journal.next(steps).is_some() {
                    self.write_journal().await?;
                }
            }
            Happened::Asked(QueryVerdict::Ours { partner_no: told }) => {
                *partner_no = told.clone().or_else(|| partner_no.take());
            }
            _ => {}
        }
        fail_point!("delivery.reply_journalled");
        Ok(Exchange { happened, record })
    }

    fn context(&self, case: &CaseRecord, partner_no: Option<String>) -> ExchangeContext {
        let mut submission = case.submission.clone();
        submission.case.short_no.clone_from(&case.short_no);
        submission.case.partner_no = partner_no;
        submission.case.withdrawal_requested = self.lease.operation == Operation::Withdraw;
        ExchangeContext {
            submission,
            step: Value::Object(self.journal.done.clone()),
            message: self.lease.message.clone(),
            message_key: self.lease.message_key.clone(),
            now: self.courier.clock.now(),
            nonce: self.courier.entropy.capability().unwrap_or_default(),
        }
    }

    /// Whether the case of a refused supplement or withdrawal has ended by now; looked up only where it matters.
    async fn ended_meanwhile(&self, happened: &Happened) -> Result<Option<bool>, ErrandError> {
        let later = matches!(
            self.lease.operation,
            Operation::Supplement | Operation::Withdraw
        );
        if !later || !was_refused(happened) {
            return Ok(None);
        }
        let store = &self.courier.store;
        let case = store.case(&Scope::Everything, &self.lease.case_no).await?;
        let ended = |state: &str| State::ALL.iter().any(|s| s.wire() == state && s.is_ended());
        Ok(case.map(|case| ended(&case.state)))
    }

    fn facts(&self) -> Facts {
        Facts {
            attempts: self.attempts.saturating_sub(1),
            created_at: self.lease.created_at,
            now: self.courier.clock.now(),
            hours: Hours::default(),
            askable: false,
            repeatable: false,
            doubtful: false,
            refused_in_doubt: self.journal.refused_in_doubt,
            ended: None,
            jitter: self.courier.jitter(),
        }
    }

    async fn write_journal(&mut self) -> Result<(), ErrandError> {
        let (store, journal) = (&self.courier.store, self.journal.write());
        let kept = patiently(|| store.journal(self.lease.id, self.lease.fence, &journal)).await?;
        if kept {
            self.unwritten = false;
            Ok(())
        } else {
            Err(ErrandError::LeaseOver)
        }
    }

    async fn record(&self, record: AttemptRecord) -> Result<(), ErrandError> {
        let store = &self.courier.store;
        let kept =
            patiently(|| store.attempt(self.lease.id, self.lease.fence, record.clone())).await?;
        if kept {
            Ok(())
        } else {
            Err(ErrandError::LeaseOver)
        }
    }

    pub(super) async fn settle(
        &self,
        record: AttemptRecord,
        outcome: DeliveryOutcome,
    ) -> Result<&'static str, ErrandError> {
        let word = match &outcome {
            DeliveryOutcome::Delivered { .. } => "delivered",
            DeliveryOutcome::Again { unknown: true, .. } => "unknown",
            DeliveryOutcome::Again { unknown: false, .. } => "again",
            DeliveryOutcome::Dead => "dead",
        };
        fail_point!("delivery.before_finish");
        let (store, lease) = (&self.courier.store, &self.lease);
        let journal = self.unwritten.then(|| self.journal.write());
        let (id, fence) = (lease.id, lease.fence);
        let kept = patiently(|| {
            let (record, outcome) = (record.clone(), outcome.clone());
            store.finish(id, fence, record, outcome, journal.as_ref())
        })
        .await?;
        fail_point!("delivery.finished");
        if kept {
            Ok(word)
        } else {
            Err(ErrandError::LeaseOver)
        }
    }

    pub(super) async fn give_up(
        &self,
        code: &'static str,
        words: &str,
    ) -> Result<&'static str, ErrandError> {
        self.settle(
            note(self.courier.clock.now(), code, words),
            DeliveryOutcome::Dead,
        )
        .await
    }
}

/// Whether the partner is there: what it said matters to the delivery alone.
fn has_answered(happened: &Happened) -> bool {
    !matches!(
        happened,
        Happened::NotSent
            | Happened::OutcomeUnknown
            | Happened::Answered(StepVerdict::Unavailable { .. })
            | Happened::Asked(QueryVerdict::Unavailable { .. })
    )
}

/// A refusal of our own: nothing was sent, and sending later would change nothing.
fn refused(at: Timestamp, step: String, code: &str, words: &str) -> Exchange {
    let verdict = StepVerdict::Refused {
        code: code.to_owned(),
        reason: words.to_owned(),
    };
    let record = AttemptRecord {
        step,
        ..note(at, code, words)
    };
    Exchange {
        happened: Happened::Answered(verdict),
        record,
    }
}

fn was_refused(happened: &Happened) -> bool {
    matches!(happened, Happened::Answered(StepVerdict::Refused { .. }))
}

/// A line in the list of attempts without an exchange.
pub(super) fn note(at: Timestamp, code: &str, words: &str) -> AttemptRecord {
    AttemptRecord {
        at,
        step: String::new(),
        took_us: 0,
        code: code.to_owned(),
        words: words.to_owned(),
        sent: Vec::new(),
        received: Vec::new(),
    }
}

fn attempt(
    at: Timestamp,
    step: String,
    took_us: i64,
    request: &WireRequest,
    answer: &Result<WireReply, SendFailure>,
) -> AttemptRecord {
    let (received, words) = match answer {
        Ok(reply) => (transcript::received(reply), String::new()),
        Err(SendFailure::NotSent { words }) => (Vec::new(), words.clone()),
        Err(SendFailure::OutcomeUnknown { words, received }) => (received.clone(), words.clone()),
    };
    AttemptRecord {
        at,
        step,
        took_us,
        code: String::new(),
        words,
        sent: transcript::sent(request),
        received,
    }
}

/// Fills in the stable code and the words that an operator and the applicant (`with`) read.
fn describe(record: &mut AttemptRecord, happened: &Happened) {
    let (code, words) = match happened {
        Happened::NotSent => ("not_sent", None),
        Happened::OutcomeUnknown => ("outcome_unknown", None),
        Happened::NotUnderstood => ("not_understood", None),
        Happened::Answered(StepVerdict::Accepted { .. }) => ("accepted", None),
        Happened::Answered(StepVerdict::AlreadyThere) => ("already_there", None),
        Happened::Answered(StepVerdict::Refused { code, reason }) => {
            ("refused", Some(coded(code, reason)))
        }
        Happened::Answered(StepVerdict::Unavailable { reason, .. }) => {
            ("unavailable", Some(reason.clone()))
        }
        Happened::Asked(QueryVerdict::Ours { .. }) => ("ours", None),
        Happened::Asked(QueryVerdict::Foreign) => ("foreign", None),
        Happened::Asked(QueryVerdict::Unknown) => ("unknown_to_partner", None),
        Happened::Asked(QueryVerdict::Unavailable { reason }) => {
            ("unavailable", Some(reason.clone()))
        }
    };
    record.code = code.to_owned();
    if let Some(words) = words {
        record.words = words;
    }
}

//! Polling (轮询): partners that cannot call back are asked about their open cases, at the pace that their definition says.

use super::delivery::decide::later;
use super::delivery::{Courier, SendFailure};
use super::projection::withdrawal_requested;
use crate::fail_point::fail_point;
use crate::feedback::Feedback;
use crate::identity::Scope;
use crate::operations::logging::seldom;
use crate::store::StoreError;
use crate::store::case::{CaseRecord, NewUnread};
use crate::store::delivery::{DeliveryFilter, DeliveryState};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tongban_adapters::canonical::PartnerEvent;
use tongban_adapters::definition::{CompiledDefinition, PollError};
use tongban_adapters::exchange::{ExchangeContext, Operation};

/// Cases asked about at once.
const AT_ONCE_MAX: u32 = 16;
/// How long a case taken for polling belongs to this node if it dies on the way.
const LEASE: Duration = Duration::from_secs(120);
/// The pause after a question that failed, in units of the definition's own pace.
const FAILED_FACTOR: u32 = 4;

/// Asks about what is due until `stop`.
pub async fn run(
    courier: Arc<Courier>,
    feedback: Feedback,
    tick: Duration,
    stop: CancellationToken,
) {
    loop {
        let asked = match ask_due(&courier, &feedback).await {
            Ok(asked) => asked,
            Err(error) => {
                seldom!(warn, %error, "cases to be polled could not be read; trying again after a tick");
                0
            }
        };
        if asked > 0 && !stop.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(tick) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Asks about the cases that are due now, all at once; returns how many.
async fn ask_due(courier: &Arc<Courier>, feedback: &Feedback) -> Result<usize, StoreError> {
    let lease_us = i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX);
    let due = courier
        .store
        .take_due_polls(courier.clock.now(), lease_us, AT_ONCE_MAX)
        .await?;
    let count = due.len();
    if count > 0 {
        fail_point!("poll.taken");
    }
    let paused = match due.is_empty() {
        true => Vec::new(),
        false => courier.store.paused().await?,
    };
    let paused: Arc<[String]> = paused.into();
    let mut asking = tokio::task::JoinSet::new();
    for case_no in due {
        let (courier, feedback) = (Arc::clone(courier), feedback.clone());
        let paused = Arc::clone(&paused);
        asking.spawn(async move {
            if let Err(error) = ask(&courier, &feedback, &paused, &case_no).await {
                seldom!(warn, %error, "a case could not be polled; its turn comes again after the lease");
            }
        });
    }
    while asking.join_next().await.is_some() {}
    Ok(count)
}

async fn ask(
    courier: &Courier,
    feedback: &Feedback,
    paused: &[String],
    case_no: &str,
) -> Result<(), StoreError> {
    let Some(case) = courier.store.case(&Scope::Everything, case_no).await? else {
        return Ok(());
    };
    let Some((system_id, definition, every)) = partner(courier, &case) else {
        return courier.store.set_poll_at(case_no, None).await;
    };
    let now = courier.clock.now();
    if paused.contains(&system_id) || !handed_over(courier, &case).await? {
        return courier
            .store
            .set_poll_at(case_no, Some(later(now, every)))
            .await;
    }
    let pause = match question(courier, &definition, &case).await {
        Ok(progress) => {
            fail_point!("poll.asked");
            let taken = take(feedback, &system_id, progress.events).await;
            let whole = progress.unread.is_none();
            if let Some(unread) = progress.unread {
                feedback.observer.received(&system_id, "poll", unread.0);
                keep_unread(courier, &case, &system_id, unread).await?;
            }
            if taken && whole {
                every
            } else {
                every.saturating_mul(FAILED_FACTOR)
            }
        }
        Err(words) => {
            tracing::info!(system = %system_id, reason = %words, "a partner gave no usable answer about a case");
            every.saturating_mul(FAILED_FACTOR)
        }
    };
    fail_point!("poll.applied");
    let open = courier
        .store
        .case(&Scope::Everything, case_no)
        .await?
        .is_some_and(|case| !matches!(case.state.as_str(), "closed" | "refused" | "collected"));
    let next = open.then(|| later(courier.clock.now(), pause));
    courier.store.set_poll_at(case_no, next).await
}

fn partner(
    courier: &Courier,
    case: &CaseRecord,
) -> Option<(String, Arc<CompiledDefinition>, Duration)> {
    let system_id = case.system_id.clone()?;
    let snapshot = courier.registry.load();
    let definition = snapshot
        .system(&system_id, case.definition_version)
        .or_else(|| {
            snapshot
                .current_system(&system_id)
                .map(|(_, current)| current)
        })?;
    let every = definition.poll()?.every;
    Some((system_id, definition, every))
}

/// A partner knows a case only once the hand-over was confirmed; asking before would only teach us that it does not.
async fn handed_over(courier: &Courier, case: &CaseRecord) -> Result<bool, StoreError> {
    let filter = DeliveryFilter {
        case_no: Some(case.case_no.clone()),
        states: vec![DeliveryState::Delivered],
        limit: 1,
        ..DeliveryFilter::default()
    };
    Ok(!courier
        .store
        .deliveries(&Scope::Everything, &filter)
        .await?
        .is_empty())
}

/// What an answer said.
struct Progress {
    events: Vec<PartnerEvent>,
    /// Code, words and bytes of an answer with a record that could not be understood.
    unread: Option<(&'static str, String, Vec<u8>)>,
}

/// Keeps what could not be understood where operators see it: the partner does not know that its record was not taken.
async fn keep_unread(
    courier: &Courier,
    case: &CaseRecord,
    system_id: &str,
    (code, reason, bytes): (&'static str, String, Vec<u8>),
) -> Result<(), StoreError> {
    let unread = NewUnread {
        system_id: system_id.to_owned(),
        case_no: case.case_no.clone(),
        way: "poll",
        code: code.to_owned(),
        reason,
        received_at: courier.clock.now(),
        bytes,
    };
    courier.store.record_unread(unread).await
}

async fn question(
    courier: &Courier,
    definition: &CompiledDefinition,
    case: &CaseRecord,
) -> Result<Progress, String> {
    let mut submission = case.submission.clone();
    submission.case.withdrawal_requested = withdrawal_requested(case);
    submission.case.short_no.clone_from(&case.short_no);
    submission.case.partner_no.clone_from(&case.partner_no);
    let context = ExchangeContext {
        submission,
        step: Value::Null,
        message: Value::Null,
        message_key: format!("poll-{}", case.case_no),
        now: courier.clock.now(),
        nonce: courier.entropy.capability().unwrap_or_default(),
    };
    let request = definition
        .request(Operation::Poll, 0, &context)
        .map_err(|e| e.to_string())?;
    let reply = match courier.client.send(&request, definition.timeouts()).await {
        Ok(reply) => reply,
        Err(SendFailure::NotSent { words } | SendFailure::OutcomeUnknown { words, .. }) => {
            return Err(words);
        }
    };
    match definition.read_poll(&context, &reply) {
        Ok(events) => Ok(Progress {
            events,
            unread: None,
        }),
        // One record that nobody understands must not hide the others.
        Err(PollError::Record {
            error, understood, ..
        }) => Ok(Progress {
            events: understood,
            unread: Some((error.code(), error.to_string(), reply.body)),
        }),
        Err(error) => Err(error.to_string()),
    }
}

/// Hands the answers to feedback, the only judge of what is new; false when one could not be stored.
async fn take(feedback: &Feedback, system_id: &str, events: Vec<PartnerEvent>) -> bool {
    for event in events {
        if let Err(error) = feedback.receive(system_id, event, "").await {
            seldom!(warn, system = %system_id, %error, "a polled event could not be stored; it is asked for again");
            return false;
        }
    }
    true
}

//! `GET /applications/{no}`: state, clocks, decision, and `with`: who has it, since when, and how the hand-over stands.

use super::call::{Call, HallState, answer_json, local_time};
use super::reading::Readable;
use super::refusal::Refusal;
use super::{Hall, deadlines, texts};
use crate::processing::delivery::held::MATERIAL_INFECTED;
use crate::processing::life_cycle::{CaseState, Suspension, SuspensionKind};
use crate::store::StoreError;
use crate::store::case::CaseRecord;
use crate::store::delivery::{DeliveryFilter, DeliveryState, DeliverySummary};
use crate::text::Language;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use tongban_adapters::exchange::Operation;

/// Most deliveries of one case that are looked at: submissions, supplements and withdrawals together stay under it.
const DELIVERIES_MAX: u32 = 100;

/// Shows an application with its cases.
pub async fn show(State(hall): HallState, call: Call, Path(no): Path<String>) -> Response {
    call.answer(shown(&hall, &call, &no).await)
}

async fn shown(hall: &Hall, call: &Call, no: &str) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let mut cases = Vec::with_capacity(readable.record.cases.len());
    for case in &readable.record.cases {
        cases.push(hall.case_shown(&readable, case, call.language).await?);
    }
    let record = &readable.record;
    let mut body = json!({
        "application_no": record.application_no,
        "submitted_at": local_time(record.submitted_at),
        "channel": record.channel,
    });
    // With one case, what it says stands at the top too.
    if let ([only], Some(members)) = (cases.as_slice(), body.as_object_mut())
        && let Some(case) = only.as_object()
    {
        members.extend(case.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    body["cases"] = cases.into();
    Ok(answer_json(StatusCode::OK, &body))
}

impl Hall {
    async fn case_shown(
        &self,
        readable: &Readable,
        case: &CaseRecord,
        language: Language,
    ) -> Result<Value, Refusal> {
        let state = folded(case)?;
        let item = &case.submission.item;
        let with = self.holder(readable, case, &state, language).await?;
        let snapshot = self.intake.registry.load();
        Ok(json!({
            "case_no": case.case_no,
            "item_code": item.code,
            "item_name": item.name,
            "item_version": item.version,
            "situation": item.situation,
            "organisation": item.org_name,
            "region": case.submission.case.region,
            "state": case.state,
            "since": local_time(state.since),
            "clocks": deadlines::summaries(&state, self.intake.clock.now(), snapshot.calendar()),
            "acceptance": state.acceptance.as_ref().map(|a| json!({
                "at": local_time(a.at), "document_no": a.document_no, "basis": a.basis,
            })),
            "refusal": state.refusal.as_ref().map(|r| json!({"at": local_time(r.at), "reason": r.reason})),
            "decision": state.decision.as_ref().map(|d| json!({
                "result": d.result, "at": local_time(d.at), "reason": d.reason, "text": d.text,
                "certificate": d.certificate, "document_ids": d.document_ids,
            })),
            "correction": state.suspension.as_ref().map(|s| json!({
                "kind": s.kind, "reason": s.reason, "limit_working_days": s.limit, "since": local_time(s.started),
                "answered": s.answered,
            })),
            "withdrawal_requested": state.withdrawal_open(),
            "evaluated": state.evaluation.is_some(),
            "with": with,
        }))
    }

    /// Who has the case, as `with` says it.
    ///
    /// # Errors
    /// The store's.
    pub async fn holder(
        &self,
        readable: &Readable,
        case: &CaseRecord,
        state: &CaseState,
        language: Language,
    ) -> Result<Value, StoreError> {
        let hall = |since| json!({"holder": "hall", "since": local_time(since)});
        if state.state.is_ended() {
            return Ok(json!({"holder": "nobody", "since": local_time(state.since)}));
        }
        if let Some(asked) = waits_for_the_applicant(state) {
            return Ok(json!({"holder": "applicant", "since": local_time(asked.started)}));
        }
        let Some(system) = case.system_id.as_deref() else {
            return Ok(hall(state.since));
        };
        let filter = DeliveryFilter {
            case_no: Some(case.case_no.clone()),
            limit: DELIVERIES_MAX,
            ..DeliveryFilter::default()
        };
        let deliveries = self
            .intake
            .store
            .deliveries(&readable.scope, &filter)
            .await?;
        let needed = |d: &&DeliverySummary| d.state != DeliveryState::Discarded;
        let open = deliveries
            .iter()
            .filter(needed)
            .find(|d| d.state != DeliveryState::Delivered);
        let last = deliveries.iter().rfind(needed);
        match (open, last) {
            (Some(delivery), _) => {
                let mut shown = self.on_the_way(system, delivery);
                shown["delivery"]["held"] = self.held(readable, delivery, language).await?;
                Ok(shown)
            }
            (None, Some(delivery)) => {
                let record = self
                    .intake
                    .store
                    .delivery(&readable.scope, delivery.id)
                    .await?;
                let taken = record
                    .and_then(|r| r.attempts.last().map(|a| a.at))
                    .unwrap_or(delivery.created_at);
                Ok(self.with_system(system, case, taken.max(state.since), Some(delivery)))
            }
            // A partner that handed the case in has it without a delivery; a later hand-over step has not come.
            (None, None)
                if case.partner_no.is_some() || case.submission.case.partner_no.is_some() =>
            {
                Ok(self.with_system(system, case, state.since, None))
            }
            (None, None) => Ok(hall(state.since)),
        }
    }

    fn with_system(
        &self,
        system: &str,
        case: &CaseRecord,
        since: jiff::Timestamp,
        last: Option<&DeliverySummary>,
    ) -> Value {
        json!({
            "holder": "system",
            "system": system,
            "name": self.system_name(system),
            "since": local_time(since),
            "partner_no": case.partner_no,
            "last_answer": last.map(|d| d.last_words.as_str()).filter(|w| !w.is_empty()),
        })
    }

    /// A delivery that has not arrived: which attempt, how many there will be at most, when the next, what was answered last.
    fn on_the_way(&self, system: &str, delivery: &DeliverySummary) -> Value {
        let snapshot = self.intake.registry.load();
        let gives_up = snapshot
            .current_system(system)
            .and_then(|(_, d)| d.retry().give_up_after);
        json!({
            "holder": "hall",
            "to": {"system": system, "name": self.system_name(system)},
            "since": local_time(delivery.created_at),
            "delivery": {
                "operation": delivery.operation.as_str(),
                "state": delivery.state.as_str(),
                "attempt": delivery.attempts,
                // Attempts are not counted out: a delivery is tried until it arrives, or for this long where the partner says so.
                "of": Value::Null,
                "gives_up_after_s": gives_up.map(|d| d.as_secs()),
                "next_at": delivery.next_at.map(local_time),
                "last_code": Some(delivery.last_code.as_str()).filter(|c| !c.is_empty()),
                "last_answer": Some(delivery.last_words.as_str()).filter(|w| !w.is_empty()),
            },
        })
    }

    /// Why a delivery with files does not go: which wait for their virus scan, or are infected, and what to do.
    async fn held(
        &self,
        readable: &Readable,
        delivery: &DeliverySummary,
        language: Language,
    ) -> Result<Value, StoreError> {
        let waits = match delivery.operation {
            Operation::Submit => texts::INFECTED_SUBMISSION,
            Operation::Supplement => texts::INFECTED_SUPPLEMENT,
            _ => return Ok(Value::Null),
        };
        let store = &self.intake.store;
        let held = store
            .held_materials(&readable.scope, &delivery.case_no)
            .await?;
        let dead = delivery.last_code == MATERIAL_INFECTED;
        let word = if dead { "infected" } else { "pending" };
        let files: Vec<Value> = held
            .iter()
            .filter(|h| h.material.scan == word)
            .map(|h| {
                json!({"seq": h.seq, "id": h.material.id, "file_name": h.material.file_name, "scan": h.material.scan})
            })
            .collect();
        if files.is_empty() {
            return Ok(Value::Null);
        }
        let text = if dead { waits } else { texts::WAITS_FOR_SCAN };
        Ok(json!({"code": text.key, "words": text.say(language), "files": files}))
    }

    fn system_name(&self, system: &str) -> Option<String> {
        let (_, definition) = self.intake.registry.load().current_system(system)?;
        Some(definition.name().to_owned())
    }
}

/// The correction notice that nobody but the applicant can answer now. A wish to withdraw passes the case on again.
fn waits_for_the_applicant(state: &CaseState) -> Option<&Suspension> {
    use SuspensionKind::{Correction, PreCorrection};
    let asked = state.suspension.as_ref()?;
    let open = matches!(asked.kind, Correction | PreCorrection) && !asked.answered;
    (open && !state.withdrawal_open()).then_some(asked)
}

/// The folded state of a stored case.
///
/// # Errors
/// 500 when it cannot be read: a fault of the installation.
pub fn folded(case: &CaseRecord) -> Result<CaseState, Refusal> {
    serde_json::from_value(case.folded.clone()).map_err(|error| {
        let error = StoreError::Inconsistent {
            table: "cases",
            column: "folded",
            row: case.case_no.clone(),
            reason: format!("not a folded case (line {})", error.line()),
        };
        error.into()
    })
}

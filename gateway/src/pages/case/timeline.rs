//! The timeline (办理进度): every event in plain words.

use crate::application::call::local_time;
use crate::pages::texts::case as texts;
use crate::store::case::StoredEvent;
use crate::text::{Language, Text};
use serde::Serialize;
use tongban_adapters::canonical::{
    Closing, CorrectionNotice, DecisionResult, EventBody, SpecialKind, Step, StepKind, StepOutcome,
    Supplement,
};

/// One event as the applicant reads it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Place in the case, from 1.
    pub seq: u64,
    /// Type on the wire, for styles and tests.
    pub kind: &'static str,
    /// What happened.
    pub what: String,
    /// What was said with it, in the words of whoever said it.
    pub said: Vec<String>,
    /// When, RFC 3339.
    pub at: String,
    /// Who acted: person and unit, as the partner tells them.
    pub by: Option<String>,
    /// A later report corrected an earlier one by this event.
    pub corrects: bool,
}

/// The events, newest first: what a visitor wants to know stands on top.
#[must_use]
pub fn entries(events: &[StoredEvent], language: Language) -> Vec<Entry> {
    events
        .iter()
        .rev()
        .map(|stored| entry(stored, language))
        .collect()
}

fn entry(stored: &StoredEvent, language: Language) -> Entry {
    let event = &stored.event;
    let (what, said) = told(&event.body, language);
    let by = event.actor.as_ref().map(|actor| {
        let parts = [actor.unit.as_deref(), actor.name.as_deref()];
        let parts: Vec<&str> = parts
            .into_iter()
            .flatten()
            .filter(|p| !p.is_empty())
            .collect();
        parts.join(" · ")
    });
    let what = what.say(language);
    // Partners often repeat the name of a step, or say "无" where they have nothing to say.
    let worth = |words: &String| !matches!(words.trim(), "" | "无" | "-") && words.trim() != what;
    Entry {
        seq: stored.seq,
        kind: event.body.kind(),
        what: what.to_owned(),
        said: said.into_iter().filter(worth).collect(),
        at: local_time(event.occurred_at),
        by: by.filter(|words| !words.is_empty()),
        corrects: stored.supersedes.is_some(),
    }
}

/// What an event is called, and what was said with it.
fn told(body: &EventBody, language: Language) -> (Text, Vec<String>) {
    let none = Vec::new;
    match body {
        // The remark of the first event holds digests, which are for the receipt.
        EventBody::Applied(_) => (texts::EVENT_APPLIED, none()),
        EventBody::PreAccepted(remark) => (texts::EVENT_PRE_ACCEPTED, noted(&remark.note)),
        EventBody::PreRefused(reason) => (texts::EVENT_PRE_REFUSED, vec![reason.reason.clone()]),
        EventBody::PreCorrectionRequested(notice) | EventBody::CorrectionRequested(notice) => {
            (texts::EVENT_CORRECTION_REQUESTED, wanted(notice, language))
        }
        EventBody::Accepted(acceptance) => {
            let number = acceptance.document_no.as_deref();
            let mut said: Vec<String> = number
                .map(|no| texts::DOCUMENT_NO.fill(language, &[("no", no)]))
                .into_iter()
                .collect();
            said.extend(noted(&acceptance.note));
            (texts::EVENT_ACCEPTED, said)
        }
        EventBody::Refused(reason) => (texts::EVENT_REFUSED, vec![reason.reason.clone()]),
        EventBody::DeemedAccepted(remark) => (texts::EVENT_DEEMED_ACCEPTED, noted(&remark.note)),
        EventBody::Step(step) => stepped(step),
        EventBody::Forwarded(to) => (
            texts::EVENT_FORWARDED,
            vec![to.to.clone(), to.reason.clone()],
        ),
        EventBody::Supplemented(answer) | EventBody::Resubmitted(answer) => {
            (texts::EVENT_SUPPLEMENTED, handed_in(answer))
        }
        EventBody::Corrected(answer) => (texts::EVENT_CORRECTED, handed_in(answer)),
        EventBody::Lapsed(reason) => (texts::EVENT_LAPSED, vec![reason.reason.clone()]),
        EventBody::SpecialStarted(start) => {
            let what = match start.kind {
                SpecialKind::Extension => texts::EVENT_EXTENSION_STARTED,
                SpecialKind::Other => texts::EVENT_SPECIAL_STARTED,
            };
            (what, vec![start.reason.clone()])
        }
        EventBody::SpecialEnded(end) => (texts::EVENT_SPECIAL_ENDED, vec![end.note.clone()]),
        EventBody::WithdrawalRequested(reason) => (
            texts::EVENT_WITHDRAWAL_REQUESTED,
            vec![reason.reason.clone()],
        ),
        EventBody::Withdrawn(reason) => (texts::EVENT_WITHDRAWN, vec![reason.reason.clone()]),
        EventBody::Closed(closing) => closed(closing),
        EventBody::Collected(collection) => (texts::EVENT_COLLECTED, vec![collection.by.clone()]),
        EventBody::Evaluated(evaluation) => (texts::EVENT_EVALUATED, vec![evaluation.text.clone()]),
        EventBody::Recalculated(by) => (texts::EVENT_RECALCULATED, by.notices.clone()),
    }
}

/// What the last notice asks for, one entry a material.
pub(super) fn last_asked(events: &[StoredEvent]) -> Vec<String> {
    let notices = events.iter().rev().map(|stored| &stored.event.body);
    let mut asked = notices.filter_map(|body| match body {
        EventBody::PreCorrectionRequested(notice) | EventBody::CorrectionRequested(notice) => {
            Some(notice.materials.clone())
        }
        _ => None,
    });
    asked.next().unwrap_or_default()
}

fn noted(note: &Option<String>) -> Vec<String> {
    note.iter().cloned().collect()
}

fn wanted(notice: &CorrectionNotice, language: Language) -> Vec<String> {
    let mut said = vec![notice.reason.clone()];
    said.extend(notice.materials.iter().cloned());
    if let Some(limit) = notice.limit.filter(|days| *days > 0) {
        said.push(texts::CORRECTION_LIMIT.fill(language, &[("n", &limit.to_string())]));
    }
    said
}

fn handed_in(answer: &Supplement) -> Vec<String> {
    let mut said = vec![answer.text.clone()];
    said.extend(answer.materials.iter().cloned());
    said
}

fn stepped(step: &Step) -> (Text, Vec<String>) {
    let what = match (step.step, step.outcome) {
        (_, StepOutcome::Refused) => texts::EVENT_STEP_REFUSED,
        (StepKind::Handling, _) => texts::EVENT_STEP_HANDLING,
        (StepKind::Review, _) => texts::EVENT_STEP_REVIEW,
        (StepKind::Approval, _) => texts::EVENT_STEP_APPROVAL,
    };
    (what, vec![step.name.clone(), step.opinion.clone()])
}

fn closed(closing: &Closing) -> (Text, Vec<String>) {
    let said = vec![closing.text.clone(), closing.reason.clone()];
    (decision(closing.result), said)
}

/// A decision as a heading.
#[must_use]
pub fn decision(result: DecisionResult) -> Text {
    match result {
        DecisionResult::Granted => texts::DECISION_GRANTED,
        DecisionResult::Completed => texts::DECISION_COMPLETED,
        DecisionResult::Denied => texts::DECISION_DENIED,
        DecisionResult::Void => texts::DECISION_VOID,
        DecisionResult::Deleted => texts::DECISION_DELETED,
        DecisionResult::PassedOn => texts::DECISION_PASSED_ON,
        DecisionResult::Lapsed => texts::DECISION_LAPSED,
        DecisionResult::Withdrawn => texts::DECISION_WITHDRAWN,
    }
}

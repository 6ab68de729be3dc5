//! From the fields of a message to canonical events.

use super::errors::{CallbackError, PollError};
use super::feedback::{Content, EventRules, Feedback, Message};
use super::policy::Forward;
use super::render::RenderError;
use super::{CallbackFacts, CompiledDefinition};
use crate::canonical::{CaseReference, DecisionResult, Event, EventBody, Forwarding, PartnerEvent};
use crate::exchange::ExchangeContext;
use crate::expression::{Data, EvaluationError, Expression, parse_partner_time};
use crate::expression::{is_none_text, quoted};
use crate::reading::ReadError;
use crate::text::Charset;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Most events that one message may mean.
const EVENTS_OF_MESSAGE_MAX: usize = 4;

impl CompiledDefinition {
    /// Events of polled records, in the order given. A record that cannot be understood does not hide the others.
    pub(super) fn records(
        &self,
        context: &ExchangeContext,
        records: &[&Value],
    ) -> Result<Vec<PartnerEvent>, PollError> {
        let mut understood = Vec::new();
        let mut fault = None;
        for (index, record) in records.iter().enumerate() {
            if index >= self.limits.events {
                let error = CallbackError::Unreadable(ReadError::TooLarge(self.limits.events));
                fault.get_or_insert((index, error));
                break;
            }
            match self.record(context, record) {
                Ok(events) => understood.extend(events),
                Err(error) => {
                    fault.get_or_insert((index, error));
                }
            }
        }
        match fault {
            None => Ok(understood),
            Some((index, error)) => Err(PollError::Record {
                index,
                error,
                understood,
            }),
        }
    }

    fn record(
        &self,
        context: &ExchangeContext,
        record: &Value,
    ) -> Result<Vec<PartnerEvent>, CallbackError> {
        let feedback = self.feedback.as_ref().ok_or(CallbackError::NoCallback)?;
        let source = feedback.poll.as_ref().ok_or(CallbackError::NoCallback)?;
        let data = Data::new(Arc::clone(&self.tables)).with("record", record);
        let message = message(feedback, &source.kind, "feedback.poll.kind", &data)?;
        let fields = feedback.fields(record, &source.fields)?;
        let case = CaseReference::CaseNo(context.submission.case.no.clone());
        let facts = CallbackFacts {
            withdrawal_requested: context.submission.case.withdrawal_requested,
        };
        match &message.content {
            Content::Events(rules) => self.events(&message.path, rules, case, &fields, facts),
            Content::Pull | Content::Document(_) => Err(CallbackError::UnknownOperation),
        }
    }

    /// What the expressions of a message see.
    pub(super) fn message_data(&self, fields: &Value, facts: CallbackFacts) -> Data {
        Data::new(Arc::clone(&self.tables)).with_all(&[
            ("field", fields.clone()),
            (
                "case",
                json!({"withdrawal_requested": facts.withdrawal_requested}),
            ),
        ])
    }

    /// The events that a message means.
    pub(super) fn events(
        &self,
        path: &str,
        rules: &EventRules,
        case: CaseReference,
        fields: &Value,
        facts: CallbackFacts,
    ) -> Result<Vec<PartnerEvent>, CallbackError> {
        let feedback = self.feedback.as_ref().ok_or(CallbackError::NoCallback)?;
        let data = self.message_data(fields, facts);
        let at = text(&rules.at, &format!("{path}.at"), &data)?;
        let occurred_at = parse_partner_time(&at).ok_or_else(|| CallbackError::UnfitValue {
            at: format!("{path}.at"),
            what: "a time".to_owned(),
        })?;
        let actor = match &rules.actor {
            None => None,
            Some(template) => {
                let value = template
                    .render(&data, Charset::Utf8)
                    .map_err(rendered)?
                    .into_value();
                let parts = without_none_texts(value);
                match parts.as_object().is_some_and(Map::is_empty) {
                    true => None,
                    false => Some(serde_json::from_value(parts).map_err(|_| {
                        CallbackError::UnfitValue {
                            at: format!("{path}.actor"),
                            what: "texts".to_owned(),
                        }
                    })?),
                }
            }
        };
        let partner_no = match &feedback.partner_no {
            None => None,
            Some(rule) => {
                Some(text(rule, "feedback.partner_no", &data)?).filter(|no| !is_none_text(no))
            }
        };
        let data_version = match &feedback.data_version {
            None => 1,
            Some(rule) => version(rule, &data)?,
        };
        let mut events = Vec::new();
        for kind in kinds(path, rules, &data)? {
            let body = self.event_body(path, rules, &kind, &data)?;
            let serial = feedback.serial(&kind, fields, &data)?;
            events.push(PartnerEvent {
                case: case.clone(),
                partner_no: partner_no.clone(),
                event: Event {
                    body,
                    serial,
                    data_version,
                    occurred_at,
                    actor: actor.clone(),
                },
            });
        }
        Ok(events)
    }

    fn event_body(
        &self,
        path: &str,
        rules: &EventRules,
        kind: &str,
        data: &Data,
    ) -> Result<EventBody, CallbackError> {
        let at = || format!("{path}.events.{kind}");
        let unfit = |what: &str| CallbackError::UnfitValue {
            at: at(),
            what: what.to_owned(),
        };
        let (_, template) = rules
            .events
            .iter()
            .find(|(known, _)| known == kind)
            .ok_or_else(|| unfit("an event that the definition lists"))?;
        let mut content = template
            .render(data, Charset::Utf8)
            .map_err(rendered)?
            .into_value();
        tidy_materials(&mut content);
        let body: EventBody = serde_json::from_value(json!({"type": kind, "data": content}))
            .map_err(|_| unfit("the data of this event in the canonical form"))?;
        Ok(match (body, self.about.forward) {
            (EventBody::Closed(closing), Forward::Step)
                if closing.result == DecisionResult::PassedOn =>
            {
                let reason = match closing.reason.is_empty() {
                    true => closing.text,
                    false => closing.reason,
                };
                EventBody::Forwarded(Forwarding {
                    to: String::new(),
                    reason,
                })
            }
            (body, _) => body,
        })
    }
}

/// The rule for the kind of message that an expression gives.
pub(super) fn message<'f>(
    feedback: &'f Feedback,
    kind: &Expression,
    at: &str,
    data: &Data,
) -> Result<&'f Message, CallbackError> {
    let kind = text(kind, at, data)?;
    feedback
        .messages
        .get(kind.trim())
        .ok_or_else(|| CallbackError::UnknownKind(quoted(kind.trim())))
}

fn kinds(path: &str, rules: &EventRules, data: &Data) -> Result<Vec<String>, CallbackError> {
    let at = format!("{path}.event");
    let Some(rule) = &rules.event else {
        return Ok(rules
            .events
            .iter()
            .map(|(kind, _)| kind.clone())
            .take(1)
            .collect());
    };
    let unfit = || CallbackError::UnfitValue {
        at: at.clone(),
        what: "the name of an event".to_owned(),
    };
    let kinds = match rule.evaluate(data).map_err(|error| failed(&at, error))? {
        Value::String(kind) => vec![kind],
        Value::Array(items) => items
            .into_iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(unfit)?,
        _ => return Err(unfit()),
    };
    match kinds.is_empty() || kinds.len() > EVENTS_OF_MESSAGE_MAX {
        true => Err(unfit()),
        false => Ok(kinds),
    }
}

fn version(rule: &Expression, data: &Data) -> Result<u32, CallbackError> {
    let at = "feedback.data_version";
    let text = text(rule, at, data)?;
    match text.trim() {
        "" => Ok(1),
        digits => digits
            .parse()
            .ok()
            .filter(|version| *version > 0)
            .ok_or_else(|| CallbackError::UnfitValue {
                at: at.to_owned(),
                what: "a whole number from 1".to_owned(),
            }),
    }
}

/// The text that an expression gives.
pub(super) fn text(rule: &Expression, at: &str, data: &Data) -> Result<String, CallbackError> {
    match rule.evaluate(data).map_err(|error| failed(at, error))? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(CallbackError::UnfitValue {
            at: at.to_owned(),
            what: "a text".to_owned(),
        }),
    }
}

pub(super) fn failed(at: &str, error: EvaluationError) -> CallbackError {
    match error {
        EvaluationError::Missing => CallbackError::MissingField { at: at.to_owned() },
        error => CallbackError::Expression {
            at: at.to_owned(),
            error,
        },
    }
}

/// A template's fault as a callback's.
pub(super) fn rendered(error: RenderError) -> CallbackError {
    match error {
        RenderError::Expression { at, error } => failed(&at, error),
        RenderError::Shape { at, what } => CallbackError::UnfitValue {
            at,
            what: what.to_owned(),
        },
        RenderError::TooLarge { at } => CallbackError::UnfitValue {
            at,
            what: "less data".to_owned(),
        },
    }
}

fn without_none_texts(value: Value) -> Value {
    match value {
        Value::Object(entries) => Value::Object(
            entries
                .into_iter()
                .filter(|(_, value)| !value.is_null() && !value.as_str().is_some_and(is_none_text))
                .collect(),
        ),
        other => other,
    }
}

/// A list of materials that was split at semicolons has blanks and empty ends.
fn tidy_materials(content: &mut Value) {
    if let Some(Value::Array(materials)) = content.get_mut("materials") {
        for material in materials.iter_mut() {
            if let Value::String(text) = material {
                *text = text.trim().to_owned();
            }
        }
        materials.retain(|material| !material.as_str().is_some_and(is_none_text));
    }
}

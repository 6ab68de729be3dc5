//! What a partner's answer means.

use super::CompiledDefinition;
use super::errors::{DecodeError, PollError};
use super::step::{Call, Reply, Rules, StepRules};
use crate::canonical::PartnerEvent;
use crate::exchange::{ExchangeContext, Operation, QueryVerdict, StepVerdict, WireReply};
use crate::expression::{Data, EvaluationError, Expression};
use crate::reading::{Format, Layers, ReadError, part};
use crate::soap::{self, Message, SoapError, SoapFault};
use crate::text::Charset;
use crate::xml;
use serde_json::{Map, Value, json};

/// Longest wait that a partner's `Retry-After` is followed, in seconds.
const RETRY_AFTER_MAX_S: i64 = 24 * 3600;
/// Longest reason that is kept, in characters.
const REASON_MAX: usize = 1_000;

/// An answer after transport and envelope were looked at.
enum Answer {
    Read(Value),
    Fault(SoapFault),
    Unavailable {
        reason: String,
        retry_after_s: Option<u32>,
    },
}

impl CompiledDefinition {
    pub(super) fn verdict(
        &self,
        operation: Operation,
        index: usize,
        context: &ExchangeContext,
        reply: &WireReply,
    ) -> Result<StepVerdict, DecodeError> {
        let absent = DecodeError::NoSuchStep {
            operation: operation.as_str(),
            step: index,
        };
        let step = self.step(operation, index).ok_or(absent.clone())?;
        let Rules::Step(rules) = &step.reply.rules else {
            return Err(absent);
        };
        let value = match self.open(&step.call, &step.reply, context, reply)? {
            Answer::Read(value) => value,
            Answer::Unavailable {
                reason,
                retry_after_s,
            } => {
                return Ok(StepVerdict::Unavailable {
                    reason,
                    retry_after_s,
                });
            }
            Answer::Fault(fault) => {
                return self.of_fault(fault, &step.reply, context, reply);
            }
        };
        let data = self.answered(context, &value, reply);
        judge(rules, &step.reply.path, &data, reply.status)
    }

    pub(super) fn look_up(&self, context: &ExchangeContext, reply: &WireReply) -> QueryVerdict {
        match self.try_look_up(context, reply) {
            Ok(verdict) => verdict,
            Err(error) => QueryVerdict::Unavailable {
                reason: error.to_string(),
            },
        }
    }

    fn try_look_up(
        &self,
        context: &ExchangeContext,
        reply: &WireReply,
    ) -> Result<QueryVerdict, DecodeError> {
        let absent = DecodeError::NoSuchStep {
            operation: Operation::Query.as_str(),
            step: 0,
        };
        let step = self.step(Operation::Query, 0).ok_or(absent.clone())?;
        let Rules::Query(rules) = &step.reply.rules else {
            return Err(absent);
        };
        let value = match self.open(&step.call, &step.reply, context, reply)? {
            Answer::Read(value) => value,
            Answer::Unavailable { reason, .. } => return Ok(QueryVerdict::Unavailable { reason }),
            Answer::Fault(fault) => {
                return Ok(QueryVerdict::Unavailable {
                    reason: bounded(&fault.reason),
                });
            }
        };
        let data = self.answered(context, &value, reply);
        let path = &step.reply.path;
        if holds(&rules.unknown, path, "unknown", &data)? {
            return Ok(QueryVerdict::Unknown);
        }
        if !holds(&rules.found, path, "found", &data)? {
            return Err(DecodeError::NoRule {
                status: reply.status,
            });
        }
        if !holds(&rules.ours, path, "ours", &data)? {
            return Ok(QueryVerdict::Foreign);
        }
        Ok(QueryVerdict::Ours {
            partner_no: text(rules.partner_no.as_ref(), path, "partner_no", &data)?,
        })
    }

    pub(super) fn progress(
        &self,
        context: &ExchangeContext,
        reply: &WireReply,
    ) -> Result<Vec<PartnerEvent>, PollError> {
        let absent = DecodeError::NoSuchStep {
            operation: Operation::Poll.as_str(),
            step: 0,
        };
        let step = self.step(Operation::Poll, 0).ok_or(absent.clone())?;
        let Rules::Poll(rules) = &step.reply.rules else {
            return Err(absent.into());
        };
        let value = match self.open(&step.call, &step.reply, context, reply)? {
            Answer::Read(value) => value,
            Answer::Unavailable {
                reason,
                retry_after_s,
            } => {
                return Err(PollError::Unavailable {
                    reason,
                    retry_after_s,
                });
            }
            Answer::Fault(fault) => {
                return Err(PollError::Unavailable {
                    reason: bounded(&fault.reason),
                    retry_after_s: None,
                });
            }
        };
        let data = self.answered(context, &value, reply);
        let path = &step.reply.path;
        if holds(&rules.unknown, path, "unknown", &data)? {
            return Err(PollError::UnknownNumber);
        }
        if !holds(&rules.known, path, "known", &data)? {
            return Err(DecodeError::NoRule {
                status: reply.status,
            }
            .into());
        }
        let mut list: Vec<&Value> = match part(&value, &rules.records) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            // One record, or none in an empty element.
            Some(Value::String(text)) if text.trim().is_empty() => Vec::new(),
            Some(single) => vec![single],
        };
        if rules.newest_first {
            list.reverse();
        }
        self.records(context, &list)
    }

    fn answered(&self, context: &ExchangeContext, value: &Value, reply: &WireReply) -> Data {
        self.data(context)
            .with("reply", value)
            .with("http", &json!({"status": reply.status}))
    }

    /// Transport first: what is no answer of the partner's application is no answer at all.
    fn open(
        &self,
        call: &Call,
        reply: &Reply,
        context: &ExchangeContext,
        wire: &WireReply,
    ) -> Result<Answer, DecodeError> {
        if let Call::Soap { .. } = call {
            return self.open_envelope(reply, context, wire);
        }
        match wire.status {
            200..=299 => {}
            // The partner's application may speak through these; a page of its server cannot be read and counts as absence.
            400 | 409 | 410 | 413 | 415 | 422 => {}
            _ => return Ok(unavailable(context, wire)),
        }
        let limits = &self.limits;
        match reply.reading.read(
            &wire.body,
            content_type(wire),
            self.about.charset,
            limits,
            Layers::All,
        ) {
            Ok(value) => Ok(Answer::Read(value)),
            Err(_) if wire.status >= 400 => Ok(unavailable(context, wire)),
            Err(error) => Err(error.into()),
        }
    }

    /// SOAP 1.1 sends faults with status 500 (section 6.2), so the envelope speaks before the status.
    fn open_envelope(
        &self,
        reply: &Reply,
        context: &ExchangeContext,
        wire: &WireReply,
    ) -> Result<Answer, DecodeError> {
        let envelope = self.envelope(wire);
        match envelope {
            Ok(Message::Fault(fault)) => Ok(Answer::Fault(fault)),
            Ok(Message::Body(element)) if (200..300).contains(&wire.status) => {
                let value = match reply.reading.format {
                    Format::Soap => reply.reading.tree_of(&element)?,
                    _ => return Err(ReadError::Soap(SoapError::Body).into()),
                };
                Ok(Answer::Read(reply.reading.finish(value, &self.limits)?))
            }
            _ if !(200..300).contains(&wire.status) => Ok(unavailable(context, wire)),
            Ok(Message::Body(_)) => Err(DecodeError::NoRule {
                status: wire.status,
            }),
            Err(error) => Err(error.into()),
        }
    }

    fn envelope(&self, wire: &WireReply) -> Result<Message, ReadError> {
        if wire.body.len() > self.limits.body_bytes {
            return Err(ReadError::TooLarge(self.limits.body_bytes));
        }
        let charset = Charset::of_content_type(content_type(wire))?;
        let root = xml::parse(&wire.body, charset, &self.limits.xml)?;
        let envelope = soap::read(&root, &self.limits.xml)?;
        let agreed = self.soap.as_ref().map(|soap| soap.version);
        match (&envelope.message, agreed) {
            // A receiver that does not know our version says so in its own (SOAP 1.2 part 1, appendix A).
            (Message::Fault(_), _) => Ok(envelope.message),
            (_, Some(version)) if version != envelope.version => Err(SoapError::Version.into()),
            _ if !envelope.must_understand.is_empty() => Err(SoapError::MustUnderstand.into()),
            _ => Ok(envelope.message),
        }
    }
}

fn judge(
    rules: &StepRules,
    path: &str,
    data: &Data,
    status: u16,
) -> Result<StepVerdict, DecodeError> {
    let optional = |rule: &Option<Expression>, key: &'static str| {
        rule.as_ref()
            .map_or(Ok(false), |rule| holds(rule, path, key, data))
    };
    if optional(&rules.already_there, "already_there")? {
        return Ok(StepVerdict::AlreadyThere);
    }
    if holds(&rules.accepted, path, "accepted", data)? {
        let mut captured = Map::new();
        for (name, expression) in &rules.capture {
            let value = expression
                .evaluate(data)
                .map_err(|error| failed(path, "capture", error))?;
            captured.insert(name.clone(), value);
        }
        let partner_no = text(rules.partner_no.as_ref(), path, "partner_no", data)?;
        return Ok(StepVerdict::Accepted {
            captured: Value::Object(captured),
            partner_no,
        });
    }
    let reason =
        || text(rules.reason.as_ref(), path, "reason", data).map(Option::unwrap_or_default);
    if optional(&rules.unavailable, "unavailable")? {
        return Ok(StepVerdict::Unavailable {
            reason: bounded(&reason()?),
            retry_after_s: None,
        });
    }
    if optional(&rules.refused, "refused")? {
        let code = text(rules.code.as_ref(), path, "code", data)?.unwrap_or_default();
        return Ok(StepVerdict::Refused {
            code,
            reason: bounded(&reason()?),
        });
    }
    Err(DecodeError::NoRule { status })
}

fn unavailable(context: &ExchangeContext, wire: &WireReply) -> Answer {
    Answer::Unavailable {
        reason: format!("HTTP {}", wire.status),
        retry_after_s: retry_after(context, wire),
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
pub(super) fn retry_after(context: &ExchangeContext, wire: &WireReply) -> Option<u32> {
    let (_, value) = wire
        .headers
        .iter()
        .find(|(name, _)| name == "retry-after")?;
    let value = value.trim();
    let seconds = match value.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = value
                .strip_suffix("GMT")
                .map(|date| format!("{date}+0000"))?;
            let date = jiff::fmt::rfc2822::parse(&date).ok()?;
            date.timestamp().as_second() - context.now.as_second()
        }
    };
    u32::try_from(seconds.clamp(0, RETRY_AFTER_MAX_S)).ok()
}

fn content_type(wire: &WireReply) -> &str {
    wire.headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, value)| value.as_str())
}

fn holds(rule: &Expression, path: &str, key: &str, data: &Data) -> Result<bool, DecodeError> {
    rule.holds(data).map_err(|error| failed(path, key, error))
}

/// The text that a rule gives; `None` for nothing.
pub(super) fn text(
    rule: Option<&Expression>,
    path: &str,
    key: &str,
    data: &Data,
) -> Result<Option<String>, DecodeError> {
    let Some(rule) = rule else { return Ok(None) };
    match rule
        .evaluate(data)
        .map_err(|error| failed(path, key, error))?
    {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(failed(
            path,
            key,
            EvaluationError::Unfit("a text is expected"),
        )),
    }
}

pub(super) fn failed(path: &str, key: &str, error: EvaluationError) -> DecodeError {
    DecodeError::Expression {
        at: format!("{path}.{key}"),
        error,
    }
}

pub(super) fn bounded(reason: &str) -> String {
    reason.chars().take(REASON_MAX).collect()
}

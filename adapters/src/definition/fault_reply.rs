//! What a SOAP fault means: by the definition's rules over it, else by its code.

use super::CompiledDefinition;
use super::errors::DecodeError;
use super::reply::{bounded, failed, retry_after, text};
use super::step::Reply;
use crate::exchange::{ExchangeContext, StepVerdict, WireReply, coded};
use crate::expression::{Data, EvaluationError, Expression};
use crate::reading::ReadError;
use crate::soap::{FaultSide, SoapFault};
use crate::xml::{self, Shape};
use serde_json::{Map, Value, json};

/// Whether to try again.
enum Meaning {
    Refused,
    Unavailable,
}

impl CompiledDefinition {
    /// What a fault means: by the definition's rules over it, else by its code.
    pub(super) fn of_fault(
        &self,
        fault: SoapFault,
        reply: &Reply,
        context: &ExchangeContext,
        wire: &WireReply,
    ) -> Result<StepVerdict, DecodeError> {
        let by_code = match fault.side {
            FaultSide::Sender => Meaning::Refused,
            FaultSide::Receiver => Meaning::Unavailable,
        };
        // Elements told apart by an attribute are a matter of messages; a detail is read as it comes.
        let shape = Shape {
            lists: reply.reading.shape.lists.clone(),
            by: Vec::new(),
        };
        let detail = match &fault.detail {
            None => Value::Object(Map::new()),
            Some(detail) => match xml::to_value(detail, &shape) {
                Ok(Value::String(text)) => json!({"#text": text}),
                Ok(tree) => tree,
                Err(what) => return Err(ReadError::Shape(what).into()),
            },
        };
        let path = format!("{}.fault", reply.path);
        let data = self
            .data(context)
            .with("http", &json!({"status": wire.status}))
            .with(
                "fault",
                &json!({"code": fault.code, "reason": fault.reason, "detail": detail}),
            );
        let rules = reply.fault.as_deref();
        let holds = |rule: Option<&Expression>, key| fault_holds(rule, &path, key, &data);
        if holds(
            rules.and_then(|r| r.already_there.as_ref()),
            "already_there",
        )? {
            return Ok(StepVerdict::AlreadyThere);
        }
        let meaning = if holds(rules.and_then(|r| r.unavailable.as_ref()), "unavailable")? {
            Meaning::Unavailable
        } else if holds(rules.and_then(|r| r.refused.as_ref()), "refused")? {
            Meaning::Refused
        } else {
            by_code
        };
        let said = |rule: Option<&Expression>, key| fault_text(rule, &path, key, &data);
        let code = said(rules.and_then(|r| r.code.as_ref()), "code")?.unwrap_or(fault.code);
        let reason = said(rules.and_then(|r| r.reason.as_ref()), "reason")?;
        let reason = bounded(&reason.unwrap_or(fault.reason));
        Ok(match meaning {
            Meaning::Refused => StepVerdict::Refused { code, reason },
            Meaning::Unavailable => StepVerdict::Unavailable {
                reason: bounded(&coded(&code, &reason)),
                retry_after_s: retry_after(context, wire),
            },
        })
    }
}

/// A rule over a fault. A part that this fault lacks is a rule that does not hold: its code still says what to do.
fn fault_holds(
    rule: Option<&Expression>,
    path: &str,
    key: &str,
    data: &Data,
) -> Result<bool, DecodeError> {
    match rule.map(|rule| rule.holds(data)) {
        None | Some(Err(EvaluationError::Missing)) => Ok(false),
        Some(Ok(holds)) => Ok(holds),
        Some(Err(error)) => Err(failed(path, key, error)),
    }
}

fn fault_text(
    rule: Option<&Expression>,
    path: &str,
    key: &str,
    data: &Data,
) -> Result<Option<String>, DecodeError> {
    match text(rule, path, key, data) {
        Err(DecodeError::Expression {
            error: EvaluationError::Missing,
            ..
        }) => Ok(None),
        other => other,
    }
}

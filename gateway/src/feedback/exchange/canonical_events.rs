//! Feedback in the canonical form (规范格式), read strictly: every fault of a batch at once, each with its place.
//!
//! One object or an array of objects: `{"case_no" | "short_no", "partner_no"?, "type", "data"?, "serial"?, "data_version"?,
//! "occurred_at", "actor"?}`. A batch is in form as a whole or not taken at all; what becomes of each event is the life cycle's.

use crate::intake::fields::{Fields, Need};
use crate::intake::json::{self, JsonError};
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde_json::{Value, json};
use tongban_adapters::canonical::{Actor, CaseReference, Event, EventBody, PartnerEvent};
use tongban_catalog::source::Finding;

const NUMBER_MAX: usize = 64;
const SERIAL_MAX: usize = 128;
const TIME_MAX: usize = 40;
const DATA_VERSION_MAX: u32 = 9_999;
/// Faults that are told of one batch.
const FAULTS_MAX: usize = 100;

/// A batch in form.
#[derive(Debug)]
pub(super) struct Batch {
    /// One object, not an array: its outcome is the status of the answer.
    pub(super) single: bool,
    /// The events in order.
    pub(super) events: Vec<PartnerEvent>,
}

/// Why a body is no batch.
#[derive(Debug)]
pub(super) enum BatchFault {
    /// Not JSON that the gateway reads.
    Json(JsonError),
    /// JSON, but not the canonical form.
    Form(Vec<Finding>),
}

/// Reads a batch of at most `events_max` events.
pub(super) fn read(bytes: &[u8], events_max: usize) -> Result<Batch, BatchFault> {
    let value = json::read(bytes).map_err(BatchFault::Json)?;
    let mut faults = Vec::new();
    let batch = match &value {
        Value::Array(list) if list.is_empty() || list.len() > events_max => {
            let (zh, en) = (
                format!("须有1至{events_max}个事件"),
                format!("must hold 1 to {events_max} events"),
            );
            return Err(BatchFault::Form(vec![Finding::new(
                "",
                "batch_size",
                zh,
                en,
            )]));
        }
        Value::Array(list) => {
            let each = list.iter().enumerate();
            let events = each.filter_map(|(i, value)| event(value, &format!("/{i}"), &mut faults));
            Batch {
                single: false,
                events: events.collect(),
            }
        }
        one => Batch {
            single: true,
            events: event(one, "", &mut faults).into_iter().collect(),
        },
    };
    if faults.is_empty() {
        return Ok(batch);
    }
    faults.truncate(FAULTS_MAX);
    Err(BatchFault::Form(faults))
}

fn event(value: &Value, pointer: &str, faults: &mut Vec<Finding>) -> Option<PartnerEvent> {
    let mut fields = Fields::of(value, pointer, faults);
    let case = case_reference(&mut fields);
    let partner_no = fields.text("partner_no", NUMBER_MAX, Need::Optional);
    let body = body(&mut fields);
    let occurred_at = time(&mut fields);
    let serial = fields
        .text("serial", SERIAL_MAX, Need::Optional)
        .unwrap_or_default();
    let data_version = match fields.value("data_version", Need::Optional) {
        None => Some(1),
        Some(_) => fields.number("data_version", 1..=DATA_VERSION_MAX, Need::Required),
    };
    let actor = actor(&mut fields);
    fields.finish();
    let (body, occurred_at) = (body?, occurred_at?);
    let serial = match serial {
        "" => default_serial(&body, occurred_at, actor.as_ref()?.as_ref()),
        given => given.to_owned(),
    };
    let event = Event {
        body,
        serial,
        data_version: data_version?,
        occurred_at,
        actor: actor?,
    };
    Some(PartnerEvent {
        case: case?,
        partner_no: partner_no.map(str::to_owned),
        event,
    })
}

fn case_reference(fields: &mut Fields<'_, '_>) -> Option<CaseReference> {
    let number = fields
        .text("case_no", NUMBER_MAX, Need::Optional)
        .filter(|no| !no.is_empty());
    let short = fields
        .text("short_no", NUMBER_MAX, Need::Optional)
        .filter(|no| !no.is_empty());
    match (number, short) {
        (Some(no), None) => Some(CaseReference::CaseNo(no.to_owned())),
        (None, Some(no)) => Some(CaseReference::ShortNo(no.to_owned())),
        _ => {
            let zh = "须填 case_no 与 short_no 之一，且仅一个";
            fields.fault(
                "case_no",
                "missing_field",
                zh,
                "exactly one of case_no and short_no is required",
            );
            None
        }
    }
}

/// Type and data. Of serde's words only those about field names are told: the others quote values.
fn body(fields: &mut Fields<'_, '_>) -> Option<EventBody> {
    let data = fields
        .value("data", Need::Optional)
        .cloned()
        .unwrap_or_else(|| json!({}));
    let kind = fields.text("type", 64, Need::Required)?;
    match serde_json::from_value(json!({"type": kind, "data": data})) {
        Ok(body) => Some(body),
        Err(_) if !is_kind(kind) => {
            fields.fault(
                "type",
                "unknown_type",
                "没有此事件类型",
                "there is no such type of event",
            );
            None
        }
        Err(error) => {
            let words = error.to_string();
            let safe = ["missing field", "unknown field"]
                .iter()
                .any(|start| words.starts_with(start));
            let (zh, en) = if safe {
                (format!("内容不符合该类型：{words}"), words)
            } else {
                (
                    "内容不符合该类型".to_owned(),
                    "does not fit the type".to_owned(),
                )
            };
            fields.fault("data", "unfit_data", zh, en);
            None
        }
    }
}

/// A kind that exists has a fault of its data, another one of its name.
fn is_kind(kind: &str) -> bool {
    let probe = serde_json::from_value::<EventBody>(json!({"type": kind, "data": null}));
    probe.map_or_else(
        |error| !error.to_string().starts_with("unknown variant"),
        |_| true,
    )
}

fn time(fields: &mut Fields<'_, '_>) -> Option<Timestamp> {
    let text = fields.text("occurred_at", TIME_MAX, Need::Required)?;
    let read = text.parse().ok();
    if read.is_none() {
        let zh = "须为带时区的 RFC 3339 时间";
        fields.fault(
            "occurred_at",
            "unfit_time",
            zh,
            "must be an RFC 3339 time with an offset",
        );
    }
    read
}

/// `None`: there was a fault; `Some(None)`: nobody is named.
fn actor(fields: &mut Fields<'_, '_>) -> Option<Option<Actor>> {
    let Some(value) = fields.value("actor", Need::Optional) else {
        return Some(None);
    };
    let read = serde_json::from_value(value.clone()).ok();
    if read.is_none() {
        let en = "may hold name, number, unit and unit_code, each a text";
        fields.fault(
            "actor",
            "unfit_data",
            "只可含文本 name、number、unit、unit_code",
            en,
        );
    }
    read.map(Some)
}

/// What tells two events of one type apart when the partner says nothing: a step by which step, unit and time, a notice by its
/// time. A corrected report without a serial keeps these, and so supersedes the earlier one. The end of a suspension has no default: it
/// ends the open one, and who reports a second end names its serial.
fn default_serial(body: &EventBody, occurred_at: Timestamp, actor: Option<&Actor>) -> String {
    let unit = actor
        .and_then(|a| a.unit_code.as_deref().or(a.unit.as_deref()))
        .unwrap_or_default();
    let told_apart = match body {
        EventBody::Step(step) => json!([step.step, unit, occurred_at]),
        EventBody::Forwarded(_)
        | EventBody::CorrectionRequested(_)
        | EventBody::PreCorrectionRequested(_)
        | EventBody::SpecialStarted(_) => json!([occurred_at]),
        _ => return String::new(),
    };
    let digest = digest(&SHA256, told_apart.to_string().as_bytes());
    data_encoding::HEXLOWER
        .encode(digest.as_ref())
        .chars()
        .take(16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(String, &'static str)> {
        match read(text.as_bytes(), 3) {
            Ok(batch) => panic!("taken: {batch:?}"),
            Err(BatchFault::Form(faults)) => {
                faults.into_iter().map(|f| (f.pointer, f.code)).collect()
            }
            Err(BatchFault::Json(error)) => vec![(error.to_string(), "json")],
        }
    }

    #[test]
    fn every_fault_of_a_batch_is_told_with_its_place() {
        for (text, expected) in [
            ("[]", vec![("", "batch_size")]),
            ("[1,2,3,4]", vec![("", "batch_size")]),
            (
                r#"[{"case_no":"1","short_no":"2","type":"accepted","occurred_at":"2017-06-05T09:30:00+08:00"},
                    {"case_no":"1","type":"dreamt","occurred_at":"yesterday","colour":1}]"#,
                vec![
                    ("/0/case_no", "missing_field"),
                    ("/1/type", "unknown_type"),
                    ("/1/occurred_at", "unfit_time"),
                    ("/1/colour", "unknown_field"),
                ],
            ),
            (
                r#"{"case_no":"1","type":"closed","data":{"result":"a secret"},"occurred_at":"2017-06-05T09:30:00+08:00","data_version":0}"#,
                vec![("/data", "unfit_data"), ("/data_version", "not_in_range")],
            ),
            (
                r#"{"case_no":"1","type":"refused","occurred_at":"2017-06-05T09:30:00+08:00","actor":{"age":3}}"#,
                vec![("/actor", "unfit_data")],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(p, c)| (p.to_owned(), c))
                .collect();
            assert_eq!(faults(text), expected, "{text}");
        }
    }

    #[test]
    fn no_value_of_a_message_is_quoted_back() {
        let text = r#"{"case_no":"1","type":"closed","data":{"result":"张三"},"occurred_at":"2017-06-05T09:30:00+08:00"}"#;
        let Err(BatchFault::Form(faults)) = read(text.as_bytes(), 1) else {
            panic!("taken")
        };
        assert!(!format!("{faults:?}").contains("张三"));
    }

    #[test]
    fn two_steps_without_serial_do_not_collide_and_a_corrected_one_keeps_its_serial() {
        let step = |at: &str, opinion: &str, version: u32| {
            let text = format!(
                r#"{{"case_no":"1","type":"step","data":{{"step":"handling","name":"承办","outcome":"passed","opinion":"{opinion}"}},"data_version":{version},"occurred_at":"{at}"}}"#
            );
            let batch = read(text.as_bytes(), 1).unwrap_or_else(|fault| panic!("{fault:?}"));
            batch.events[0].event.serial.clone()
        };
        let first = step("2017-06-05T09:30:00+08:00", "a", 1);
        assert_eq!(first.len(), 16);
        assert_ne!(first, step("2017-06-05T09:31:00+08:00", "a", 1));
        assert_eq!(first, step("2017-06-05T09:30:00+08:00", "b", 2));
    }
}

//! The events that a partner may tell, with the data of each: what a definition is checked against. Mirrors
//! [`crate::canonical::EventBody`]; a test holds the two together.

type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const REASON: &[&str] = &["reason"];
const NOTE: &[&str] = &["note"];
const NOTICE: &[&str] = &["reason", "materials", "limit", "override"];
const SUPPLEMENT: &[&str] = &["text", "materials"];

/// Event, its data, and which of them must be there.
pub(super) const EVENTS: &[Row] = &[
    ("pre_accepted", NOTE, &[]),
    ("pre_refused", REASON, REASON),
    ("pre_correction_requested", NOTICE, REASON),
    ("accepted", &["document_no", "note"], &[]),
    ("refused", REASON, REASON),
    (
        "step",
        &["step", "name", "outcome", "opinion"],
        &["step", "outcome"],
    ),
    ("forwarded", &["to", "reason"], &[]),
    ("correction_requested", NOTICE, REASON),
    ("corrected", SUPPLEMENT, &[]),
    ("resubmitted", SUPPLEMENT, &[]),
    ("lapsed", REASON, REASON),
    (
        "special_started",
        &["kind", "limit", "reason", "approver"],
        &["kind"],
    ),
    ("special_ended", &["passed", "note"], &["passed"]),
    ("withdrawn", REASON, REASON),
    (
        "closed",
        &["result", "reason", "text", "certificate", "document_ids"],
        &["result"],
    ),
    ("collected", &["by", "way"], &[]),
];

/// Known and required data of an event.
pub(super) fn fields_of(kind: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    EVENTS
        .iter()
        .find(|(known, _, _)| *known == kind)
        .map(|(_, known, required)| (*known, *required))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
    use super::*;
    use crate::canonical::EventBody;
    use serde_json::{Map, Value, json};

    fn sample(field: &str) -> Value {
        match field {
            "materials" | "document_ids" => json!([]),
            "limit" => json!(1),
            "override" | "passed" => json!(true),
            "step" => json!("review"),
            "outcome" => json!("passed"),
            "kind" => json!("extension"),
            "result" => json!("granted"),
            "certificate" => json!({"name": "n"}),
            _ => json!("x"),
        }
    }

    #[test]
    fn every_event_reads_with_all_its_data_and_with_what_it_must_have() {
        for (kind, known, required) in EVENTS {
            for fields in [known, required] {
                let data: Map<String, Value> = fields
                    .iter()
                    .map(|f| ((*f).to_owned(), sample(f)))
                    .collect();
                let body: EventBody =
                    serde_json::from_value(json!({"type": kind, "data": data})).unwrap();
                assert_eq!(body.kind(), *kind);
            }
        }
    }

    #[test]
    fn an_event_without_a_required_part_or_with_another_one_does_not_read() {
        for (kind, fields, missing) in [
            ("step", vec!["step"], true),
            ("closed", vec![], true),
            ("accepted", vec!["other"], false),
        ] {
            let data: Map<String, Value> = fields
                .iter()
                .map(|f: &&str| ((*f).to_owned(), sample(f)))
                .collect();
            assert!(
                serde_json::from_value::<EventBody>(json!({"type": kind, "data": data})).is_err(),
                "{kind} {missing}"
            );
        }
    }
}

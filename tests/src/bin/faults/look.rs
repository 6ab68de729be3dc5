//! The look at everything when all is over: through the public API by query code, through the operators' lists, and into the partners' books.

use crate::observed::{
    AttemptSeen, CaseSeen, EventSeen, Observed, OpenDelivery, PartnerCase, Refused,
};
use crate::plan::PARTNERS;
use crate::told::Told;
use crate::topology::Topology;
use serde_json::Value;
use std::time::Duration;
use tongban_tests::http::try_send;
use tongban_tests::process::{instant, number_here, system_of};

/// Attempts of a delivery that are kept, the last ones.
const ATTEMPTS_MAX: usize = 50;

/// States of a delivery that is not settled.
const OPEN: [&str; 5] = ["pending", "sending", "unknown", "dead", "held"];

/// Waits until every case has ended and every delivery is settled, at most so long; what has not is found by the checker.
pub(crate) async fn settled(topology: &Topology, told: &[Told], most: Duration) {
    let begun = instant();
    let mut open: Vec<&Told> = told.iter().collect();
    while begun.elapsed() < most {
        let mut still = Vec::new();
        for told in open {
            let shown = get(topology, told, "").await;
            if !shown.is_some_and(|shown| shown["state"] == "closed") {
                still.push(told);
            }
        }
        open = still;
        // What is dead stays so until a person acts.
        let left = open_deliveries(topology).await;
        if open.is_empty() && left.is_ok_and(|left| left.iter().all(|d| d.state == "dead")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Looks at everything.
///
/// # Errors
/// A list that could not be read.
pub(crate) async fn look(topology: &Topology, told: &[Told]) -> Result<Observed, String> {
    let mut seen = Observed::default();
    for told in told {
        seen.cases.push(case(topology, told).await);
    }
    for kind in PARTNERS {
        let partner = topology.partner(kind).ok_or("a partner is down")?;
        for short in partner.cases().await {
            let number = short["number"].as_str().unwrap_or_default();
            seen.partners
                .push(at_partner(kind, &partner.case(number).await));
        }
        seen.refused.extend(refused(topology, kind).await?);
    }
    seen.open = open_deliveries(topology).await?;
    for open in &mut seen.open {
        open.attempts = attempts(topology, open.id).await?;
    }
    Ok(seen)
}

async fn get(topology: &Topology, told: &Told, path: &str) -> Option<Value> {
    let path = format!("/api/v1/applications/{}{path}", told.no());
    let headers = [("x-query-code", told.query_code.as_str())];
    let answer = try_send(topology.public(0), "GET", &path, &headers, "").await;
    let answer = answer.ok().filter(|a| a.status == 200)?;
    serde_json::from_slice(&answer.body).ok()
}

async fn case(topology: &Topology, told: &Told) -> CaseSeen {
    let mut seen = CaseSeen {
        no: told.no().to_owned(),
        ..CaseSeen::default()
    };
    let path = format!("/api/v1/applications/{}", told.no());
    let headers = [("x-query-code", told.query_code.as_str())];
    let answer = try_send(topology.public(0), "GET", &path, &headers, "").await;
    let Ok(answer) = answer else { return seen };
    seen.status = answer.status;
    let shown: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    seen.state = text(&shown["state"]);
    seen.result = text(&shown["decision"]["result"]);
    let history = get(topology, told, "/events").await.unwrap_or_default();
    let events = history["events"].as_array().into_iter().flatten();
    seen.events = events
        .map(|event| EventSeen {
            seq: event["seq"].as_u64().unwrap_or(0),
            kind: text(&event["type"]),
            supersedes: event["supersedes"].as_u64(),
        })
        .collect();
    let clocks = get(topology, told, "/deadlines").await.unwrap_or_default();
    seen.clocks = clocks["clocks"].as_array().cloned().unwrap_or_default();
    seen
}

fn at_partner(kind: &str, case: &Value) -> PartnerCase {
    let texts = |value: &Value, name: Option<&str>| -> Vec<String> {
        let lines = value.as_array().into_iter().flatten();
        lines
            .map(|line| text(name.map_or(line, |name| &line[name])))
            .collect()
    };
    PartnerCase {
        kind: kind.to_owned(),
        number: number_here(case),
        effects: case["effects"].as_u64().unwrap_or(0),
        supplement_effects: case["supplement_effects"]
            .as_object()
            .into_iter()
            .flat_map(|of| of.values())
            .filter_map(Value::as_u64)
            .collect(),
        withdrawal_effects: case["withdrawal_effects"].as_u64().unwrap_or(0),
        requests: texts(&case["requests"], Some("phase")),
        complaints: texts(&case["complaints"], None),
    }
}

async fn operators(topology: &Topology, path: &str) -> Result<Value, String> {
    let answer = try_send(topology.operations(0), "GET", path, &[], "").await;
    let answer = answer.map_err(|e| e.0)?;
    if answer.status != 200 {
        return Err(format!("{path}: {}", answer.text()));
    }
    serde_json::from_slice(&answer.body).map_err(|e| e.to_string())
}

async fn open_deliveries(topology: &Topology) -> Result<Vec<OpenDelivery>, String> {
    let mut open = Vec::new();
    for state in OPEN {
        let list = operators(
            topology,
            &format!("/ops/v1/deliveries?state={state}&limit=1000"),
        )
        .await?;
        for line in list["deliveries"].as_array().into_iter().flatten() {
            open.push(OpenDelivery {
                id: line["id"].as_u64().unwrap_or(0),
                case_no: text(&line["case_no"]),
                operation: text(&line["operation"]),
                state: text(&line["state"]),
                code: text(&line["last_code"]),
                attempts: Vec::new(),
            });
        }
    }
    Ok(open)
}

/// The last attempts at a delivery, oldest first.
async fn attempts(topology: &Topology, id: u64) -> Result<Vec<AttemptSeen>, String> {
    let detail = operators(topology, &format!("/ops/v1/deliveries/{id}")).await?;
    let history = detail["history"].as_array().map_or(&[][..], Vec::as_slice);
    let last = &history[history.len().saturating_sub(ATTEMPTS_MAX)..];
    let seen = last.iter().map(|attempt| AttemptSeen {
        at: text(&attempt["at"]),
        step: text(&attempt["step"]),
        code: text(&attempt["code"]),
        words: text(&attempt["words"]),
    });
    Ok(seen.collect())
}

async fn refused(topology: &Topology, kind: &str) -> Result<Vec<Refused>, String> {
    let (system, _) = system_of(kind);
    let path = format!("/ops/v1/feedback?system={system}&limit=1000");
    let list = operators(topology, &path).await?;
    let lines = list["rejected"].as_array().into_iter().flatten();
    Ok(lines
        .map(|line| Refused {
            case_no: text(&line["case_no"]),
            kind: text(&line["type"]),
            code: text(&line["code"]),
        })
        .collect())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

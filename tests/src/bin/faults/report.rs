//! What a run comes to: one JSON object for machines (contract 7), tables for people, and the sum of several.

use crate::checker::Violation;
use crate::run::Outcome;
use serde_json::{Value, json};

/// Violations that people are shown; the JSON has all of them.
const SHOWN_MAX: usize = 40;

/// What is counted, and what people are told it is.
const COUNTED: [(&str, &str); 13] = [
    ("acknowledged", "applications acknowledged"),
    ("stored", "applications stored"),
    ("delivered_once", "delivered with one effect"),
    ("duplicated_effect", "effects doubled"),
    ("lost", "lost"),
    ("out_of_order", "out of order"),
    ("events_applied", "events in timelines"),
    ("replayed", "histories folded again"),
    ("clocks_checked", "deadlines recomputed"),
    ("kills", "nodes killed"),
    ("database_cuts", "lines to the database cut"),
    ("redis_cuts", "lines to Redis cut"),
    ("taken_back", "unsynced changes lost"),
];

/// The object of a run.
pub(crate) fn object(seed: u64, outcome: &Outcome) -> Value {
    let counts = &outcome.verdict.counts;
    let violations: Vec<Value> = outcome.verdict.violations.iter().map(violation).collect();
    json!({
        "seed": seed,
        "store": outcome.store,
        "nodes": outcome.nodes,
        "acknowledged": counts.acknowledged,
        "stored": counts.stored,
        "delivered_once": counts.delivered_once,
        "duplicated_effect": counts.duplicated_effect,
        "lost": counts.lost,
        "out_of_order": counts.out_of_order,
        "events_applied": counts.events_applied,
        "clocks_checked": counts.clocks_checked,
        "faults": outcome.faults,
        "violations": violations,
        "kills": outcome.kills,
        "database_cuts": outcome.database_cuts,
        "redis_cuts": outcome.redis_cuts,
        "taken_back": outcome.taken_back,
        "skipped": outcome.skipped,
        "taken_over": outcome.taken_over.count,
        "taken_over_s": outcome.taken_over.seconds,
        "replayed": outcome.replayed,
        "seconds": outcome.seconds,
    })
}

/// A violation; one about a delivery tells its attempts.
fn violation(violation: &Violation) -> Value {
    let mut object = json!({
        "kind": violation.kind,
        "case_no": violation.case_no,
        "words": violation.words,
    });
    if !violation.attempts.is_empty() {
        let attempts = violation.attempts.iter();
        object["attempts"] = attempts
            .map(|a| json!({"at": a.at, "step": a.step, "code": a.code, "words": a.words}))
            .collect();
    }
    object
}

/// Adds a run to the sum of those before it: counts are added, lists joined; the rest stays as the first run has it.
pub(crate) fn add(sum: &mut Value, run: &Value) {
    let (Some(sum), Some(run)) = (sum.as_object_mut(), run.as_object()) else {
        return;
    };
    for (name, more) in run {
        if ["seed", "nodes"].contains(&name.as_str()) {
            continue;
        }
        match (sum.get_mut(name), more) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            (Some(so_far @ Value::Number(_)), Value::Number(_)) => *so_far = added(so_far, more),
            (Some(so_far @ Value::Object(_)), Value::Object(_)) => add(so_far, more),
            (None, _) => {
                sum.insert(name.clone(), more.clone());
            }
            _ => {}
        }
    }
}

fn added(one: &Value, other: &Value) -> Value {
    match (one.as_u64(), other.as_u64()) {
        (Some(one), Some(other)) => json!(one + other),
        _ => json!(one.as_f64().unwrap_or(0.0) + other.as_f64().unwrap_or(0.0)),
    }
}

/// How many violations it has.
pub(crate) fn violations(object: &Value) -> usize {
    object["violations"].as_array().map_or(0, Vec::len)
}

/// Prints a run, or the sum of several, on standard output.
pub(crate) fn print(object: &Value, as_json: bool) {
    println!(
        "seed {}, {} nodes on {}, {:.0} s",
        object["seed"],
        object["nodes"],
        object["store"].as_str().unwrap_or_default(),
        object["seconds"].as_f64().unwrap_or(0.0)
    );
    for (name, what) in COUNTED {
        println!("{what:<28} {:>8}", object[name].as_u64().unwrap_or(0));
    }
    let taken_over = object["taken_over_s"].as_array().into_iter().flatten();
    let longest = taken_over.filter_map(Value::as_f64).reduce(f64::max);
    if let Some(longest) = longest {
        println!("{:<28} {:>8}", "taken over", object["taken_over"]);
        println!("{:<28} {longest:>8.1}", "taken over within, seconds");
    }
    for (kind, count) in object["faults"].as_object().into_iter().flatten() {
        println!("fault {kind:<22} {count:>8}");
    }
    for (kind, why) in object["skipped"].as_object().into_iter().flatten() {
        println!("fault {kind:<22}  skipped: {}", words(why));
    }
    println!("{:<28} {:>8}", "violations", violations(object));
    let violations = object["violations"].as_array().into_iter().flatten();
    for violation in violations.take(SHOWN_MAX) {
        let [kind, case_no, said] = ["kind", "case_no", "words"].map(|n| words(&violation[n]));
        println!("  {kind} {case_no} {said}");
        for attempt in violation["attempts"].as_array().into_iter().flatten() {
            let [at, step, code, said] =
                ["at", "step", "code", "words"].map(|n| words(&attempt[n]));
            println!("    {at} {step} {code} {said}");
        }
    }
    if as_json {
        println!("{object}");
    }
}

fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::AttemptSeen;

    #[test]
    fn the_attempts_of_a_delivery_stand_in_its_violation_and_nowhere_else() {
        let mut of_a_delivery = Violation::new("delivery_open", "A1", "submit is dead (refused)");
        assert_eq!(violation(&of_a_delivery)["attempts"], Value::Null);
        of_a_delivery.attempts.push(AttemptSeen {
            at: "2026-01-05T01:02:03Z".to_owned(),
            step: "query".to_owned(),
            code: "timeout".to_owned(),
            words: "no answer".to_owned(),
        });
        let told = violation(&of_a_delivery);
        assert_eq!(
            told["attempts"],
            json!([{"at": "2026-01-05T01:02:03Z", "step": "query", "code": "timeout", "words": "no answer"}])
        );
    }

    #[test]
    fn a_sum_has_every_count_and_every_violation() {
        let run = |seed: u64, lost: u64| json!({"seed": seed, "nodes": 2, "lost": lost, "seconds": 1.5, "faults": {"a": 2}, "violations": [{"kind": "x"}]});
        let mut sum = run(1, 0);
        add(&mut sum, &run(2, 3));
        let mut more = run(3, 0);
        more["faults"]["b"] = json!(1);
        add(&mut sum, &more);
        assert_eq!((&sum["seed"], &sum["nodes"]), (&json!(1), &json!(2)));
        assert_eq!((&sum["lost"], &sum["seconds"]), (&json!(3), &json!(4.5)));
        assert_eq!(sum["faults"], json!({"a": 6, "b": 1}));
        assert_eq!(violations(&sum), 3);
    }
}

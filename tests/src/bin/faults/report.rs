//! What a run prints: tables for people, one JSON object for machines (contract 7).

use crate::run::Outcome;
use serde_json::{Value, json};

/// Violations that people are shown; the JSON has all of them.
const SHOWN_MAX: usize = 40;

/// Prints the outcome on standard output.
pub(crate) fn print(seed: u64, outcome: &Outcome, as_json: bool) {
    let counts = &outcome.verdict.counts;
    println!("seed {seed}, {:.0} s", outcome.seconds);
    for (what, count) in [
        ("applications acknowledged", counts.acknowledged),
        ("applications stored", counts.stored),
        ("delivered with one effect", counts.delivered_once),
        ("effects doubled", counts.duplicated_effect),
        ("lost", counts.lost),
        ("out of order", counts.out_of_order),
        ("events in timelines", counts.events_applied),
        ("histories folded again", outcome.replayed),
        ("deadlines recomputed", counts.clocks_checked),
        ("nodes killed", outcome.kills),
    ] {
        println!("{what:<28} {count:>8}");
    }
    let taken_over = &outcome.taken_over;
    if !taken_over.seconds.is_empty() {
        println!(
            "{:<28} {:>8}",
            "taken over from killed nodes", taken_over.count
        );
        println!(
            "{:<28} {:>8.1}",
            "taken over within, seconds",
            taken_over.longest()
        );
    }
    for (kind, count) in &outcome.faults {
        println!("fault {kind:<22} {count:>8}");
    }
    for (kind, why) in &outcome.skipped {
        println!("fault {kind:<22}  skipped: {why}");
    }
    let violations = &outcome.verdict.violations;
    println!("{:<28} {:>8}", "violations", violations.len());
    for violation in violations.iter().take(SHOWN_MAX) {
        println!(
            "  {} {} {}",
            violation.kind, violation.case_no, violation.words
        );
    }
    if as_json {
        println!("{}", object(seed, outcome));
    }
}

fn object(seed: u64, outcome: &Outcome) -> Value {
    let counts = &outcome.verdict.counts;
    let violations: Vec<Value> = outcome
        .verdict
        .violations
        .iter()
        .map(|v| json!({"kind": v.kind, "case_no": v.case_no, "words": v.words}))
        .collect();
    json!({
        "seed": seed,
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
        "skipped": outcome.skipped,
        "taken_over": outcome.taken_over.count,
        "taken_over_s": outcome.taken_over.seconds,
        "replayed": outcome.replayed,
        "seconds": outcome.seconds,
    })
}

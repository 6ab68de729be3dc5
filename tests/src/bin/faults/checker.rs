//! The checker: compares what clients were told, what the store shows and what the partners have. It uses no code of the gateway; what
//! it finds wrong, it says in words with the number of the case.

use crate::observed::{AttemptSeen, CaseSeen, Observed, PartnerCase, Refused};
use crate::recompute::recomputed;
use crate::told::{Intent, Told};
use std::collections::{BTreeMap, BTreeSet};

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// Stable word.
    pub(crate) kind: &'static str,
    /// The case, where there is one.
    pub(crate) case_no: String,
    /// What is wrong.
    pub(crate) words: String,
    /// Where a delivery is concerned: its attempts, oldest first.
    pub(crate) attempts: Vec<AttemptSeen>,
}

impl Violation {
    /// One without attempts; an empty `case_no` is of no case.
    pub(crate) fn new(kind: &'static str, case_no: &str, words: impl Into<String>) -> Self {
        Self {
            kind,
            case_no: case_no.to_owned(),
            words: words.into(),
            attempts: Vec::new(),
        }
    }
}

/// What was counted on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) acknowledged: u64,
    pub(crate) stored: u64,
    pub(crate) delivered_once: u64,
    pub(crate) duplicated_effect: u64,
    pub(crate) lost: u64,
    pub(crate) out_of_order: u64,
    pub(crate) events_applied: u64,
    pub(crate) clocks_checked: u64,
}

/// Counts and violations of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) counts: Counts,
    pub(crate) violations: Vec<Violation>,
}

impl Verdict {
    fn say(&mut self, kind: &'static str, case_no: &str, words: impl Into<String>) {
        self.violations.push(Violation::new(kind, case_no, words));
    }
}

/// Pairs of events whose order the life of a case demands.
const ORDER: [(&str, &str); 9] = [
    ("applied", "accepted"),
    ("accepted", "step"),
    ("accepted", "closed"),
    ("correction_requested", "supplemented"),
    ("correction_requested", "withdrawal_requested"),
    ("supplemented", "corrected"),
    ("corrected", "closed"),
    ("withdrawal_requested", "closed"),
    ("supplemented", "withdrawal_requested"),
];

/// Checks everything.
pub(crate) fn check(told: &[Told], seen: &Observed) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.counts.acknowledged = told.len() as u64;
    verdict.counts.stored = seen.stored;
    let cases: BTreeMap<&str, &CaseSeen> = seen.cases.iter().map(|c| (c.no.as_str(), c)).collect();
    let mut partners: BTreeMap<&str, Vec<&PartnerCase>> = BTreeMap::new();
    for case in &seen.partners {
        partners.entry(&case.number).or_default().push(case);
    }
    numbers(&mut verdict, told, seen);
    for told in told {
        match cases.get(told.no()) {
            Some(case) if case.status == 200 => {
                timeline(&mut verdict, told, case, &seen.refused);
                clocks(&mut verdict, case);
            }
            other => {
                verdict.counts.lost += 1;
                let status = other.map_or(0, |case| case.status);
                verdict.say(
                    "acknowledged_and_lost",
                    told.no(),
                    format!("key {}: a look at it answers {status}", told.key),
                );
            }
        }
        effects(&mut verdict, told, partners.get(told.no()));
    }
    let intents: BTreeMap<&str, Intent> = told.iter().map(|t| (t.no(), t.intent)).collect();
    for open in &seen.open {
        // A withdrawal that came behind the partner's own end is refused, and left to a person: nothing is lost by it.
        let too_late = open.operation == "withdraw"
            && open.code == "refused"
            && intents.get(open.case_no.as_str()) == Some(&Intent::SupplementThenWithdraw);
        if too_late {
            continue;
        }
        let words = format!("{} is {} ({})", open.operation, open.state, open.code);
        verdict.violations.push(Violation {
            attempts: open.attempts.clone(),
            ..Violation::new("delivery_open", &open.case_no, words)
        });
    }
    verdict
}

/// One number a key, one key a number, and nothing in the store or at a partner that nobody was told of.
fn numbers(verdict: &mut Verdict, told: &[Told], seen: &Observed) {
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for told in told {
        let different: BTreeSet<&str> = told.numbers.iter().map(String::as_str).collect();
        if different.len() != 1 {
            verdict.say(
                "stored_twice",
                told.no(),
                format!("key {} got the numbers {different:?}", told.key),
            );
        }
        for no in different {
            if let Some(other) = keys.insert(no, &told.key) {
                verdict.say(
                    "number_given_twice",
                    no,
                    format!("keys {other} and {}", told.key),
                );
            }
        }
    }
    if seen.stored != told.len() as u64 {
        verdict.say(
            "stored_twice",
            "",
            format!(
                "{} applications stored, {} keys acknowledged",
                seen.stored,
                told.len()
            ),
        );
    }
    for case in &seen.partners {
        if !keys.contains_key(case.number.as_str()) {
            verdict.say(
                "stored_twice",
                &case.number,
                format!("{} has a case that nobody was told of", case.kind),
            );
        }
    }
}

/// What the partner did, once each and in order.
fn effects(verdict: &mut Verdict, told: &Told, at_partners: Option<&Vec<&PartnerCase>>) {
    let no = told.no();
    let Some([case]) = at_partners.map(Vec::as_slice) else {
        let count = at_partners.map_or(0, Vec::len);
        if count == 0 {
            verdict.counts.lost += 1;
            verdict.say("acknowledged_and_not_delivered", no, "no partner has it");
        } else {
            verdict.counts.duplicated_effect += 1;
            verdict.say("effect_twice", no, format!("{count} partners have it"));
        }
        return;
    };
    let mut doubled = Vec::new();
    if case.effects != 1 {
        doubled.push(format!("registered {} times", case.effects));
    }
    if case.supplement_effects.iter().any(|n| *n != 1) {
        doubled.push(format!("supplements {:?}", case.supplement_effects));
    }
    if case.withdrawal_effects > 1 {
        doubled.push(format!("withdrawn {} times", case.withdrawal_effects));
    }
    if doubled.is_empty() {
        verdict.counts.delivered_once += 1;
    } else {
        verdict.counts.duplicated_effect += 1;
        verdict.say("effect_twice", no, doubled.join(", "));
    }
    if told.supplemented && case.supplement_effects.is_empty() {
        verdict.counts.lost += 1;
        verdict.say(
            "acknowledged_and_not_delivered",
            no,
            "the partner never got the supplement",
        );
    }
    if told.withdrawn && told.intent == Intent::Withdraw && case.withdrawal_effects == 0 {
        verdict.counts.lost += 1;
        verdict.say(
            "acknowledged_and_not_delivered",
            no,
            "the partner never got the withdrawal",
        );
    }
    request_order(verdict, no, case);
    for wrong in ["MD5不符", "代码错误", "业务号为", "撤回无理由"] {
        if let Some(words) = case.complaints.iter().find(|c| c.contains(wrong)) {
            verdict.say("partner_complains", no, words.clone());
        }
    }
}

/// A hand-over comes before a supplement, and a supplement before a withdrawal.
fn request_order(verdict: &mut Verdict, no: &str, case: &PartnerCase) {
    let first = |phase: &str| case.requests.iter().position(|p| p == phase);
    for (before, after) in [
        ("submit", "supplement"),
        ("submit", "withdraw"),
        ("supplement", "withdraw"),
    ] {
        if let (Some(earlier), Some(later)) = (first(before), first(after))
            && earlier > later
        {
            verdict.counts.out_of_order += 1;
            verdict.say(
                "order_broken",
                no,
                format!("{after} came before {before}: {:?}", case.requests),
            );
        }
    }
}

fn timeline(verdict: &mut Verdict, told: &Told, case: &CaseSeen, refused: &[Refused]) {
    verdict.counts.events_applied += case.events.len() as u64;
    for (expected, event) in (1u64..).zip(&case.events) {
        if event.seq != expected {
            verdict.say(
                "timeline_hole",
                &case.no,
                format!("event {} stands where {expected} belongs", event.seq),
            );
            break;
        }
    }
    let types: Vec<&str> = case.events.iter().map(|e| e.kind.as_str()).collect();
    each_once(verdict, case);
    in_order(verdict, case, &types);
    if case.state != "closed" {
        verdict.say(
            "no_end",
            &case.no,
            format!(
                "state {} after the faults had stopped: {types:?}",
                case.state
            ),
        );
        return;
    }
    complete(verdict, told, case, &types, refused);
}

/// No event twice, unless it took the place of another.
fn each_once(verdict: &mut Verdict, case: &CaseSeen) {
    let mut seen = BTreeSet::new();
    let standing = case.events.iter().filter(|e| e.supersedes.is_none());
    for event in standing {
        if !seen.insert(event.kind.as_str()) {
            verdict.say(
                "event_twice",
                &case.no,
                format!("{} is in the timeline twice", event.kind),
            );
        }
    }
}

fn in_order(verdict: &mut Verdict, case: &CaseSeen, types: &[&str]) {
    let place = |name: &str| types.iter().position(|t| *t == name);
    for (first, then) in ORDER {
        if let (Some(first_at), Some(then_at)) = (place(first), place(then))
            && first_at > then_at
        {
            verdict.counts.out_of_order += 1;
            verdict.say(
                "order_broken",
                &case.no,
                format!("{then} before {first}: {types:?}"),
            );
        }
    }
}

/// Everything that was acknowledged is in the timeline, and nothing else. What came after the end must be listed as such.
fn complete(
    verdict: &mut Verdict,
    told: &Told,
    case: &CaseSeen,
    types: &[&str],
    refused: &[Refused],
) {
    let has = |name: &str| types.contains(&name);
    let (wanted, allowed) = history(told, types);
    for name in &wanted {
        let late = refused
            .iter()
            .any(|r| r.case_no == case.no && r.kind == *name && r.code == "after_the_end");
        // A polled partner is not asked any more after the end: a step that it reported behind the decision is not seen.
        let unasked = told.kind == "xml" && *name == "step";
        if !has(name) && !late && !unasked {
            verdict.counts.lost += 1;
            verdict.say(
                "event_lost",
                &case.no,
                format!("no {name} in {types:?}, nor listed as late"),
            );
        }
    }
    for name in types {
        if !wanted.contains(name) && !allowed.contains(name) {
            verdict.say(
                "event_from_nowhere",
                &case.no,
                format!("{name} in {types:?}"),
            );
        }
    }
    let result_fits = match told.intent {
        Intent::Supplement => case.result == "completed",
        Intent::Withdraw => case.result == "withdrawn",
        Intent::SupplementThenWithdraw => ["completed", "withdrawn"].contains(&&*case.result),
    };
    if !result_fits {
        verdict.say(
            "wrong_result",
            &case.no,
            format!("{} after {:?}", case.result, told.intent),
        );
    }
}

/// The events that must be there, and those that may be.
fn history(told: &Told, types: &[&str]) -> (Vec<&'static str>, Vec<&'static str>) {
    let place = |name: &str| types.iter().position(|t| *t == name);
    // A notice that overtook its acceptance is one before acceptance: answering it is handing in again.
    let overtaken = place("correction_requested") < place("accepted").or(Some(usize::MAX));
    let mut wanted = vec!["applied", "correction_requested", "closed"];
    let mut allowed = Vec::new();
    if told.intent != Intent::Withdraw {
        wanted.push(if overtaken {
            "resubmitted"
        } else {
            "supplemented"
        });
    }
    if told.withdrawn {
        wanted.push("withdrawal_requested");
    }
    match (told.intent, overtaken) {
        (Intent::Supplement, false) => wanted.extend(["accepted", "corrected", "step"]),
        (Intent::Supplement, true) => {
            wanted.extend(["accepted", "step"]);
            allowed.push("corrected");
        }
        (_, false) => {
            wanted.push("accepted");
            allowed.extend(["corrected", "step", "withdrawal_requested"]);
        }
        (_, true) => allowed.extend(["accepted", "corrected", "step", "withdrawal_requested"]),
    }
    (wanted, allowed)
}

fn clocks(verdict: &mut Verdict, case: &CaseSeen) {
    for clock in &case.clocks {
        match recomputed(clock) {
            Ok(true) => verdict.counts.clocks_checked += 1,
            Ok(false) => {}
            Err(words) => verdict.say(
                "deadline_not_recomputable",
                &case.no,
                format!("{}: {words}", clock["clock"]),
            ),
        }
    }
}

#[cfg(test)]
#[path = "checker_tests.rs"]
mod tests;

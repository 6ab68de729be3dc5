//! One cell, from an empty hall to the last check.

use crate::cells::{Cell, KINDS};
use crate::held::seen_and_mended;
use crate::journey::{END_MAX, Journey};
use crate::ledger::{ended_right, ended_with, one_effect_each, quiet_log};
use crate::plan::{Expected, IDLE, Plan, Round, plan, seed};
use serde_json::Value;
use tongban_tests::hall::Hall;
use tongban_tests::process::{eventually, system_of};

/// Plays a cell.
pub(crate) async fn cell(cell: Cell) {
    let seed = seed();
    let plan = plan(&cell, seed);
    println!("{}: {plan:#?}", cell.name());
    let mut hall = open(&cell, &plan, seed).await;
    let others: Vec<&str> = KINDS.into_iter().filter(|k| *k != cell.kind).collect();
    let mut played = 0;
    for (nth, round) in plan.rounds.iter().enumerate() {
        play(&hall, &cell, &plan, round, &others).await;
        played = nth + 1;
    }
    // No worker hangs: another case of the same system goes through.
    let after = plan.journey.begin(&hall, cell.kind).await;
    ended_right(&hall, cell.kind, plan.journey, &after).await;
    one_effect_each(&hall, cell.kind, played + 1).await;
    for other in &others {
        one_effect_each(&hall, other, played).await;
    }
    quiet_log(&mut hall);
}

/// One case under the switch, with a case of each other system while it is set.
async fn play(hall: &Hall, cell: &Cell, plan: &Plan, round: &Round, others: &[&str]) {
    let partner = hall.partner(cell.kind);
    let switches: Vec<&str> = round.switches.iter().map(String::as_str).collect();
    partner.set(&switches).await;
    let taken = plan.journey.begin(hall, cell.kind).await;
    let mut beside = Vec::new();
    for other in others {
        beside.push((*other, Journey::Immediate.begin(hall, other).await));
    }
    for (other, case) in &beside {
        ended_right(hall, other, Journey::Immediate, case).await;
    }
    let what = format!("{} happens in phase {}", cell.switch, cell.phase);
    let used = eventually(&what, END_MAX, || async {
        let all = partner.switches().await;
        let own = |s: &&Value| s["switch"] == cell.switch && s["phase"] == cell.phase;
        let used = all.iter().find(own)?["used"].as_u64()?;
        (used > 0).then_some(used)
    })
    .await;
    println!("{switches:?}: used {used} times, case {}", taken.no);
    seen_and_mended(hall, cell, round.expected, &taken).await;
    let kept_back = matches!(
        round.expected,
        Expected::Missing | Expected::LateStep | Expected::Listed(_)
    );
    ended_with(hall, cell.kind, plan.journey, &taken, kept_back).await;
    partner.clear().await;
}

/// A hall whose definitions wait shortly, so that a fault costs a moment and not the hour that it may cost in production.
async fn open(cell: &Cell, plan: &Plan, seed: u64) -> Hall {
    let seed = seed.to_string();
    let arguments =
        |scenario: &'static str| -> Vec<&str> { vec!["--scenario", scenario, "--seed", &seed] };
    let of: Vec<(&'static str, Vec<&str>)> = KINDS
        .into_iter()
        .map(|kind| match kind == cell.kind {
            true => (kind, arguments(plan.journey.scenario())),
            false => (kind, arguments("immediate")),
        })
        .collect();
    let partners: Vec<(&'static str, &[&str])> = of
        .iter()
        .map(|(kind, more)| (*kind, more.as_slice()))
        .collect();
    let (system, _) = system_of(cell.kind);
    let unnoticed = plan.repeats_unnoticed.then_some(system);
    Hall::open_edited(&partners, &|id, text| {
        let quick = hastened(&text);
        match unnoticed == Some(id) {
            true => without_repeat_check(&quick),
            false => quick,
        }
    })
    .await
}

/// Back-offs and waits of milliseconds instead of minutes.
pub(crate) fn hastened(text: &str) -> String {
    tongban_tests::sources::hastened(text, IDLE, "6s")
}

/// The true definition of a partner that does not notice repeats: supplements and withdrawals have no answer `already_there`.
fn without_repeat_check(text: &str) -> String {
    let mut inside = "";
    let mut kept = String::new();
    let mut taken_out = 0;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("  ").filter(|l| !l.starts_with(' ')) {
            inside = name.trim_end_matches(':');
        }
        if matches!(inside, "supplement" | "withdraw") && line.trim().starts_with("already_there:")
        {
            taken_out += 1;
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    assert_eq!(taken_out, 2, "the definition has changed: {text}");
    kept
}

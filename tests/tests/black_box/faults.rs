//! `tests/faults` itself: a short run in the usual suite, a thousand kills with `TONGBAN_LONG`, and what it says and answers.

use serde_json::Value;
use std::collections::BTreeSet;
use std::process::{Command, Output};
use tongban_tests::hall::words;
use tongban_tests::process::root;

/// Kills of a node in each run of the usual suite: one round of the plan on each store, two nodes in turn, a disk that forgets.
const KILLS: [u64; 4] = [4, 5, 35, 20];
const _: () = assert!(KILLS[0] + KILLS[1] + KILLS[2] + KILLS[3] >= 60);

fn faults(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap_or_else(|e| panic!("the harness does not start: {e}"))
}

/// `TONGBAN_SEED`, or always the same: the plan is one and the same then, its moments never are.
fn seed() -> String {
    let seed = std::env::var_os("TONGBAN_SEED").and_then(|s| s.into_string().ok());
    let seed = seed.unwrap_or_else(|| "1".to_owned());
    println!("seed {seed} (TONGBAN_SEED={seed} repeats it)");
    seed
}

/// The object on the last line.
fn object(output: &Output) -> Value {
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {}", words(output)))
}

/// Nothing lost, nothing twice, everything in order; and enough has happened for that to say something.
fn nothing_lost(output: &Output, kills: u64) {
    println!("{}", words(output));
    let said = object(output);
    assert_eq!(said["violations"], Value::Array(Vec::new()));
    assert_eq!(output.status.code(), Some(0));
    let count = |name: &str| said[name].as_u64().unwrap_or_default();
    assert!(count("kills") >= kills, "{said:#}");
    // A gateway that is killed twice a second takes few.
    assert!(count("acknowledged") > kills.min(10), "{said:#}");
    for same in ["stored", "delivered_once", "replayed"] {
        assert_eq!(count(same), count("acknowledged"), "{same}: {said:#}");
    }
    for none in ["lost", "duplicated_effect", "out_of_order"] {
        assert_eq!(count(none), 0, "{none}: {said:#}");
    }
    assert!(count("clocks_checked") > count("acknowledged"), "{said:#}");
    let named = |name: &str| said[name].as_object().unwrap().keys().cloned();
    let kinds: BTreeSet<String> = named("faults").chain(named("skipped")).collect();
    assert_eq!(kinds.len(), 24, "each fault, or why not: {said:#}");
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_under_one_of_each_fault() {
    let seed = seed();
    // One round of the plan: each fault at least once, the gateway killed four times and once more on a read-only disk.
    let output = faults(&["--rounds", "1", "--seed", &seed, "--json", "--verbose"]);
    nothing_lost(&output, KILLS[0]);
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_on_postgresql_under_one_of_each_fault() {
    let seed = seed();
    // Nodes, the server and the lines to it; what a killed node had is taken over in time, or that is a violation.
    let output = faults(&[
        "--store",
        "postgres",
        "--nodes",
        "3",
        "--rounds",
        "1",
        "--seed",
        &seed,
        "--json",
        "--verbose",
    ]);
    nothing_lost(&output, KILLS[1]);
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_when_two_nodes_are_killed_in_turn() {
    let seed = seed();
    let mut arguments = vec!["--store", "postgres", "--only", "gateway_killed"];
    let kills = KILLS[2].to_string();
    arguments.extend(["--kills", &kills, "--seed", &seed, "--json", "--verbose"]);
    let output = faults(&arguments);
    nothing_lost(&output, KILLS[2]);
    // It takes longer than ten seconds, and says meanwhile how far it is.
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    let so_far = format!(" of {kills} kills, ");
    assert!(progress.contains(&so_far), "{progress}");
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_when_each_kill_loses_what_was_not_synced() {
    let seed = seed();
    let mut arguments = vec!["--power-cuts", "--only", "gateway_killed"];
    let kills = KILLS[3].to_string();
    arguments.extend(["--kills", &kills, "--seed", &seed, "--json", "--verbose"]);
    let output = faults(&arguments);
    nothing_lost(&output, KILLS[3]);
    let taken_back = object(&output)["taken_back"].as_u64().unwrap();
    assert!(taken_back > 0, "nothing was ever lost: nothing is proved");
}

#[test]
fn a_disk_that_only_says_that_it_has_synced_is_found_out() {
    let mut arguments = vec!["--power-cuts", "--ignore-syncs", "--only", "gateway_killed"];
    arguments.extend(["--kills", "4", "--patience", "5", "--json", "--verbose"]);
    let output = faults(&arguments);
    println!("{}", words(&output));
    assert_eq!(output.status.code(), Some(1));
    let said = object(&output);
    let violations = said["violations"].as_array().unwrap();
    let lost = |v: &&Value| v["kind"] == "acknowledged_and_lost";
    assert!(violations.iter().any(|v| lost(&v)), "{said:#}");
}

/// A thousand kills, fifty a run. What is finished stands in a file of `target/` until all of it is: a test that was interrupted goes on.
fn thousand_kills(store: &str) {
    if std::env::var_os("TONGBAN_LONG").is_none() {
        println!("skipped: TONGBAN_LONG is not set");
        return;
    }
    let seed = seed();
    let record = root().join(format!("target/faults-{store}-{seed}.jsonl"));
    let path = record.display().to_string();
    let mut arguments = vec!["--store", store, "--kills", "1000", "--each", "50"];
    arguments.extend(["--record", &path, "--seed", &seed, "--json"]);
    nothing_lost(&faults(&arguments), 1_000);
    std::fs::remove_file(record).unwrap();
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_in_a_thousand_kills() {
    thousand_kills("sqlite");
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_in_a_thousand_kills_on_postgresql() {
    thousand_kills("postgres");
}

#[test]
fn a_run_that_cannot_be_set_up_is_no_success() {
    let several = faults(&["--nodes", "2"]);
    assert_eq!(several.status.code(), Some(2), "{}", words(&several));
    assert!(
        words(&several).contains("--store postgres"),
        "{}",
        words(&several)
    );
    let minutes = faults(&["--minutes", "-1"]);
    assert_eq!(minutes.status.code(), Some(2), "{}", words(&minutes));
}

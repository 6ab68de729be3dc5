//! What an operator relies on: deliveries seen and mended, health, drain, and the offline commands' exit codes.

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use tongban_tests::hall::{Hall, STATE_MAX, repository, words};
use tongban_tests::http::{get, send};
use tongban_tests::process::{eventually, run};
use tongban_tests::sample::submit;

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", words(output)))
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[tokio::test]
async fn a_dead_letter_is_seen_with_its_bytes_and_tried_again_with_a_reason() {
    let hall = Hall::open(&[(
        "rest",
        &[
            "--scenario",
            "immediate",
            "--switch",
            "refuse,phase=submit,times=1",
        ],
    )])
    .await;
    let taken = submit(hall.public, "rest").await;
    let dead = eventually(
        "the refused hand-over is a dead letter",
        STATE_MAX,
        || async { hall.listed("state=dead").await.into_iter().next() },
    )
    .await;
    let id = dead["id"].to_string();
    let listed = json_of(&hall.deliveries(&["list", "--state", "dead", "--json"]));
    assert_eq!(
        (&listed["total"], &listed["deliveries"][0]["case_no"]),
        (&json!(1), &json!(taken.no))
    );
    let shown = json_of(&hall.deliveries(&["show", &id, "--json"]));
    let history = shown["history"].as_array().unwrap();
    let last = history.last().unwrap();
    assert!(
        last["sent"]["text"].as_str().unwrap().contains(&taken.no),
        "{last:#}"
    );
    assert!(
        last["received"]["text"].as_str().unwrap().contains("0:"),
        "{last:#}"
    );
    let asked = hall.deliveries(&["retry", "--id", &id]);
    assert_eq!(code(&asked), Some(2), "nobody agreed: {}", words(&asked));
    let without_reason = hall.deliveries(&["retry", "--id", &id, "--yes"]);
    assert_eq!(code(&without_reason), Some(2), "{}", words(&without_reason));
    assert_eq!(
        hall.listed("state=dead").await.len(),
        1,
        "nothing was changed"
    );
    let retried = hall.deliveries(&["retry", "--id", &id, "--yes", "--reason", "partner mended"]);
    assert_eq!(code(&retried), Some(0), "{}", words(&retried));
    hall.until_state(&taken, "closed").await;
    assert_eq!(hall.partner("rest").case(&taken.no).await["effects"], 1);
}

#[tokio::test]
async fn a_paused_system_gets_nothing_until_it_is_resumed_and_discarded_deliveries_never() {
    let hall = Hall::open(&[
        ("rest", &["--scenario", "immediate"]),
        ("soap", &["--scenario", "immediate"]),
    ])
    .await;
    let paused = hall.deliveries(&[
        "pause",
        "--system",
        "gd-explosives",
        "--yes",
        "--reason",
        "maintenance",
    ]);
    assert_eq!(code(&paused), Some(0), "{}", words(&paused));
    let (kept, dropped) = (
        submit(hall.public, "rest").await,
        submit(hall.public, "rest").await,
    );
    let other = submit(hall.public, "soap").await;
    hall.until_state(&other, "closed").await;
    assert_eq!(
        hall.partner("rest").cases().await,
        Vec::<Value>::new(),
        "nothing went to the paused system"
    );
    let of_dropped = hall.listed(&format!("case={}", dropped.no)).await;
    let id = of_dropped[0]["id"].to_string();
    let discarded = hall.deliveries(&[
        "discard",
        "--id",
        &id,
        "--yes",
        "--reason",
        "sent by mistake",
    ]);
    assert_eq!(code(&discarded), Some(0), "{}", words(&discarded));
    let resumed = hall.deliveries(&[
        "resume",
        "--system",
        "gd-explosives",
        "--yes",
        "--reason",
        "done",
    ]);
    assert_eq!(code(&resumed), Some(0), "{}", words(&resumed));
    hall.until_state(&kept, "closed").await;
    assert_eq!(hall.partner("rest").case(&dropped.no).await, Value::Null);
    let unknown = hall.deliveries(&[
        "pause",
        "--system",
        "no-such-system",
        "--yes",
        "--reason",
        "x",
    ]);
    assert_eq!(code(&unknown), Some(1), "{}", words(&unknown));
}

#[test]
fn commands_say_what_is_wrong_by_their_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    for (arguments, expected) in [
        (vec!["--version"], 0),
        (vec!["--help"], 0),
        (vec![], 2),
        (vec!["no-such-command"], 2),
        (vec!["deliveries", "list", "--data", &data], 1),
        (vec!["reload", "--data", &data], 1),
        (vec!["serve", "--config", "no-such-file.yaml"], 1),
        (vec!["check", "no-such-folder"], 1),
        (vec!["check", "config"], 0),
        (vec!["deadline", "--from", "not-a-date", "--days", "3"], 2),
        (vec!["deadline", "--from", "2017-05-25", "--days", "3"], 0),
        (vec!["simulate", "gopher"], 2),
    ] {
        let output = run(&arguments);
        assert_eq!(
            code(&output),
            Some(expected),
            "{arguments:?}: {}",
            words(&output)
        );
    }
}

#[test]
fn check_names_every_fault_by_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read_to_string(repository("config/items/salt-wholesale.yaml")).unwrap();
    let line_of =
        |text: &str, needle: &str| text.lines().position(|l| l.starts_with(needle)).unwrap() + 1;
    let broken =
        good.replacen("level:", "levle:", 1)
            .replacen("effective_from: ", "effective_from: x", 1);
    let path = folder.path().join("broken.yaml");
    std::fs::write(&path, &broken).unwrap();
    let output = run(&["check", &path.display().to_string(), "--english"]);
    assert_eq!(code(&output), Some(1), "{}", words(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for needle in ["levle:", "effective_from: x"] {
        let place = format!("{}:{}:", path.display(), line_of(&broken, needle));
        assert!(text.contains(&place), "no {place} in:\n{text}");
    }
    let faults = json_of(&run(&["check", &path.display().to_string(), "--json"]));
    assert!(faults.as_array().unwrap().len() >= 2, "{faults:#}");
    assert!(
        faults[0]["line"].is_u64() && faults[0]["column"].is_u64(),
        "{faults:#}"
    );
}

#[tokio::test]
async fn a_gateway_that_is_told_to_stop_drains_and_ends_with_0() {
    let mut hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(hall.operations, path).await.status, 200, "{path}");
    }
    let metrics = get(hall.operations, "/metrics").await.text();
    for name in [
        "tongban_http_requests_total",
        "tongban_applications_total",
        "tongban_build_info",
        "tongban_intake_duration_seconds",
    ] {
        assert!(metrics.contains(name), "no {name}");
    }
    assert!(!metrics.contains(&taken.no), "a number stands in a label");
    let socket = std::fs::metadata(hall.data().join("ops.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(
        hall.gateway().terminate(),
        Some(0),
        "{}",
        hall.gateway().printed()
    );
    hall.start().await;
    assert_eq!(hall.show(&taken).await["application_no"], json!(taken.no));
}

#[tokio::test]
async fn operations_are_for_operators_alone() {
    let hall = Hall::open(&[]).await;
    for address in [hall.public, hall.exchange] {
        for path in ["/ops/v1/deliveries", "/metrics", "/ops/v1/feedback"] {
            assert_eq!(get(address, path).await.status, 404, "{path}");
        }
    }
    let browser = [
        ("content-type", "application/json"),
        ("origin", "https://elsewhere.example"),
    ];
    let forged = send(hall.operations, "POST", "/ops/v1/drain", &browser, "{}").await;
    assert!(
        matches!(forged.status, 401 | 403),
        "a page in the operator's browser is no operator: {}",
        forged.text()
    );
}

#[tokio::test]
async fn applying_the_same_files_again_changes_nothing_also_while_the_gateway_runs() {
    let hall = Hall::open(&[]).await;
    let config = hall.config().display().to_string();
    let output = hall.run(&["apply", "config", "--config", &config, "--json"]);
    assert_eq!(code(&output), Some(0), "{}", words(&output));
    let lines = json_of(&output);
    let lines = lines.as_array().unwrap();
    assert!(lines.len() > 20, "{lines:?}");
    assert!(lines.iter().all(|l| l["outcome"] == "left"), "{lines:?}");
}

#[tokio::test]
async fn a_hang_up_loads_anew_and_ends_nothing() {
    let mut hall = Hall::open(&[]).await;
    let id = hall.gateway().id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-HUP", &id])
        .status();
    assert!(sent.unwrap().success());
    eventually("the reload is counted", STATE_MAX, async || {
        let count = hall
            .metric("tongban_config_reload_total", &["outcome=\"ok\""])
            .await;
        (count == 1.0).then_some(())
    })
    .await;
    let found = get(hall.public, "/api/v1/items?q=mybz").await.json();
    assert!(found["total"].as_u64() >= Some(1), "{found}");
}

#[test]
fn a_reader_that_goes_is_no_panic() {
    let command = format!(
        "{} deadline --from 2017-01-01 --days 200 | head -1",
        tongban_tests::process::binary().display()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(tongban_tests::process::root())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", words(&output));
    assert!(!output.stdout.is_empty());
}

//! `tongban load` against a running hall, and against a partner that stalls.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tongban_tests::hall::{Hall, words};
use tongban_tests::process::{Running, run};

/// These tests are about the load; a busy machine that makes the client late is not their matter.
const ANY_LATENESS: [&str; 2] = ["--late-max", "1m"];

fn load<'a>(url: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    let all = ["load"].iter().chain(arguments).copied();
    all.chain(["--url", url, "--json"])
        .chain(ANY_LATENESS)
        .collect()
}

/// The JSON of a run that ended as it should.
fn measured(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", words(output));
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("no JSON ({e}): {}", words(output)))
}

#[tokio::test]
async fn a_mixed_load_on_a_hall_is_answered_without_a_fault() {
    let hall = Hall::open(&[]).await;
    let url = format!("http://{}", hall.public);
    let shape = [
        "mix",
        "--rate",
        "50",
        "--duration",
        "5s",
        "--warm-up",
        "1s",
        "--repeat",
        "20%",
        "--receipts",
        "1",
    ];
    let report = measured(&hall.run(&load(&url, &shape)));
    for (pointer, expected) in [
        ("/due", 250),
        ("/sent", 250),
        ("/answered", 250),
        ("/faults", 0),
        ("/never_sent", 0),
        ("/abandoned", 0),
    ] {
        assert_eq!(
            report.pointer(pointer),
            Some(&expected.into()),
            "{pointer} of {report:#}"
        );
    }
    for operation in ["application", "status", "upload", "repeat"] {
        assert!(
            report["operations"][operation]["service_ms"]["p99"].as_f64() > Some(0.0),
            "{operation}: {report:#}"
        );
    }
    let checks = &report["checks"];
    assert!(checks["numbers"].as_u64() > Some(50), "{report:#}");
    assert_eq!(checks["numbers"], checks["receipts"]);
    assert!(checks["repeats"].as_u64() > Some(0), "{report:#}");
}

#[tokio::test]
async fn applications_that_were_written_down_can_be_read() {
    let hall = Hall::open(&[]).await;
    let (url, file) = (
        format!("http://{}", hall.public),
        hall.folder().join("numbers.txt"),
    );
    let file = file.display().to_string();
    let item = "10131300100693911512440000";
    let shape = [
        "applications",
        "--rate",
        "30",
        "--duration",
        "2s",
        "--warm-up",
        "0s",
        "--item",
        item,
        "--write-numbers",
        &file,
    ];
    assert_eq!(
        measured(&hall.run(&load(&url, &shape)))["checks"]["numbers"],
        60
    );
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written.lines().count(), 60);
    assert!(
        written.lines().all(|line| line.split(' ').count() == 2),
        "{written}"
    );
    let shape = [
        "status",
        "--rate",
        "50",
        "--duration",
        "2s",
        "--warm-up",
        "0s",
        "--numbers",
        &file,
        "--arrivals",
        "poisson",
    ];
    let report = measured(&hall.run(&load(&url, &shape)));
    assert_eq!(
        (&report["answered"], &report["checks"]["numbers"]),
        (&100.into(), &0.into())
    );
    let unknown = ["applications", "--item", "10131300100693911512449999"];
    let refused = hall.run(&load(&url, &unknown));
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        words(&refused).contains("has no item"),
        "{}",
        words(&refused)
    );
}

#[tokio::test]
async fn refusals_that_protect_the_hall_are_counted_apart_from_faults() {
    let mut hall = Hall::open(&[]).await;
    let text = std::fs::read_to_string(hall.config()).unwrap();
    let public = "public: { address: \"127.0.0.1:0\"";
    assert!(text.contains(public), "{text}");
    let limited = format!("{public}, limits: {{ address: {{ per_second: 100, burst: 100 }} }}");
    std::fs::write(hall.config(), text.replacen(public, &limited, 1)).unwrap();
    hall.kill();
    hall.start().await;
    let url = format!("http://{}", hall.public);
    let shape = [
        "status",
        "--rate",
        "400",
        "--duration",
        "3s",
        "--warm-up",
        "0s",
        "--prepare",
        "2",
        "--no-materials",
    ];
    let report = measured(&hall.run(&load(&url, &shape)));
    assert!(
        report["throttled"]["429"]["count"].as_u64() > Some(0),
        "{report:#}"
    );
    assert!(
        report["throttled"]["429"]["retry_after_s_max"].as_u64() > Some(0),
        "{report:#}"
    );
    assert_eq!(report["faults"], 0, "{report:#}");
}

#[tokio::test]
async fn a_run_that_is_stopped_prints_what_was_measured_and_is_marked_as_cut() {
    let partner = Partner::start(None);
    let (url, folder) = (partner.url(), tempfile::tempdir().unwrap());
    let log = folder.path().join("load.log");
    let shape = [
        "pass-through",
        "--bare",
        "--rate",
        "50",
        "--duration",
        "10m",
        "--warm-up",
        "0s",
    ];
    let mut running = Running::start(&load(&url, &shape), &log, &[]);
    let told = |printed: &str| printed.contains("answered").then_some(());
    running.printed_until("progress", told).await;
    assert_eq!(running.terminate(), Some(1));
    let printed = running.printed();
    assert!(printed.contains("CUT: ended early"), "{printed}");
    let json = printed.lines().find(|line| line.starts_with('{')).unwrap();
    let report: Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        (&report["cut"], &report["faults"]),
        (&true.into(), &0.into())
    );
    assert!(report["answered"].as_u64() > Some(0), "{report:#}");
}

/// Coordinated omission: one request meets the stall, a hundred others were due during it. Service times see the one, response
/// times see all.
#[tokio::test]
async fn a_stall_shows_in_the_response_times_although_service_times_are_small() {
    let partner = Partner::start(Some(200));
    let shape = [
        "pass-through",
        "--bare",
        "--rate",
        "100",
        "--duration",
        "6s",
        "--warm-up",
        "0s",
        "--connections",
        "1",
    ];
    let report = measured(&run(&load(&partner.url(), &shape)));
    let (response, service) = (&report["response_ms"], &report["service_ms"]);
    assert!(response["p99"].as_f64() > Some(700.0), "{report:#}");
    assert!(response["p90"].as_f64() > Some(200.0), "{report:#}");
    assert!(service["p99"].as_f64() < Some(500.0), "{report:#}");
    assert!(service["max"].as_f64() > Some(900.0), "{report:#}");
    assert!(
        report["waited_for_connection"].as_u64() > Some(80),
        "{report:#}"
    );
    let closed = [
        "pass-through",
        "--bare",
        "--closed",
        "--duration",
        "1s",
        "--warm-up",
        "0s",
        "--connections",
        "1",
    ];
    let closed = run(&load(&partner.url(), &closed));
    assert!(words(&closed).contains("hide stalls"), "{}", words(&closed));
    assert!(measured(&closed)["response_ms"].is_null());
}

#[tokio::test]
async fn a_search_finds_the_highest_rate_within_its_bound() {
    let partner = Partner::start(None);
    let shape = [
        "pass-through",
        "--bare",
        "--search",
        "p99>30s",
        "--rate",
        "40",
        "--search-max",
        "100",
        "--duration",
        "1s",
        "--warm-up",
        "0s",
    ];
    let report = measured(&run(&load(&partner.url(), &shape)));
    assert_eq!(report["search"]["highest_per_s"], 100.0, "{report:#}");
    assert_eq!(report["search"]["steps"].as_array().map(Vec::len), Some(3));
    let impossible = [
        "pass-through",
        "--bare",
        "--search",
        "p50>0.000001ms",
        "--rate",
        "4",
        "--duration",
        "1s",
        "--warm-up",
        "0s",
    ];
    let failed = run(&load(&partner.url(), &impossible));
    assert_eq!(failed.status.code(), Some(1), "{}", words(&failed));
    assert!(
        words(&failed).contains("no rate that was tried holds"),
        "{}",
        words(&failed)
    );
}

#[tokio::test]
async fn a_condition_that_holds_fails_the_run() {
    let partner = Partner::start(None);
    let shape = [
        "pass-through",
        "--bare",
        "--rate",
        "20",
        "--duration",
        "1s",
        "--warm-up",
        "0s",
        "--fail-if",
        "faults>0",
        "--fail-if",
        "p50>0.001ms",
    ];
    let failed = run(&load(&partner.url(), &shape));
    assert_eq!(failed.status.code(), Some(1), "{}", words(&failed));
    assert!(
        words(&failed).contains("must not be: p50>0.001ms"),
        "{}",
        words(&failed)
    );
    let url = partner.url();
    drop(partner);
    let unreachable = run(&load(&url, &["status"]));
    assert_eq!(
        unreachable.status.code(),
        Some(1),
        "{}",
        words(&unreachable)
    );
}

#[test]
fn nobody_but_this_machine_is_called_without_being_asked_for() {
    // 192.0.2.1 is of documentation alone (RFC 5737).
    let refused = run(&load("http://192.0.2.1:8080", &["status"]));
    assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
    assert!(
        words(&refused).contains("--allow-remote"),
        "{}",
        words(&refused)
    );
    let help = run(&["load", "--help"]);
    assert!(
        words(&help).contains("Only this machine is called unless --allow-remote"),
        "{}",
        words(&help)
    );
}

/// A partner's server that answers every request at once, but for one that it lets wait for a second.
struct Partner {
    address: SocketAddr,
    listener: Arc<TcpListener>,
}

impl Partner {
    fn start(stalls_at: Option<u64>) -> Self {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let (address, accepting) = (listener.local_addr().unwrap(), Arc::clone(&listener));
        std::thread::spawn(move || {
            let answered = Arc::new(AtomicU64::new(0));
            while let Ok((stream, _)) = accepting.accept() {
                let answered = Arc::clone(&answered);
                std::thread::spawn(move || answer_all(stream, &answered, stalls_at));
            }
        });
        Self { address, listener }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        // Its thread stops at the next connection: the socket blocks no longer and has nobody waiting.
        let _ = self.listener.set_nonblocking(true);
        let _ = TcpStream::connect(self.address);
    }
}

fn answer_all(mut stream: TcpStream, answered: &AtomicU64, stalls_at: Option<u64>) {
    let (mut bytes, mut read) = ([0; 4_096], Vec::new());
    let _ = stream.set_nodelay(true);
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        read.extend_from_slice(&bytes[..count]);
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            read.drain(..end + 4);
            if Some(answered.fetch_add(1, Ordering::Relaxed)) == stalls_at {
                // The stall itself, which is what the test is about.
                std::thread::sleep(Duration::from_secs(1));
            }
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .is_err()
            {
                return;
            }
        }
    }
}

//! The outages themselves, and what must hold in each of them.

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;
use tongban_tests::disk::{SmallDisk, Switched};
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{Answer, get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, submit, uploads};

/// Larger than what any buffer on the way takes: its sender is still sending when it is refused.
const LARGE: usize = 3 << 20;

fn large() -> Vec<u8> {
    let mut bytes = b"%PDF-1.4 ".to_vec();
    bytes.resize(LARGE, b'x');
    bytes
}

async fn upload(hall: &Hall) -> Answer {
    let headers = [
        ("content-type", "application/pdf"),
        ("x-file-name", "large.pdf"),
    ];
    send(hall.public, "POST", "/api/v1/materials", &headers, large()).await
}

async fn begin_resumable(hall: &Hall) -> Answer {
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", "3145728"),
        (
            "upload-metadata",
            "filename bGFyZ2UucGRm,filetype YXBwbGljYXRpb24vcGRm",
        ),
    ];
    send(hall.public, "POST", "/api/v1/materials", &headers, "").await
}

fn refused_for_now(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    let wait = answer
        .header("retry-after")
        .and_then(|s| s.parse::<u32>().ok());
    assert!(wait.is_some_and(|s| s > 0), "{what} says no Retry-After");
}

async fn ready(hall: &Hall) -> Value {
    let answer = get(hall.operations, "/readyz").await;
    assert_eq!(answer.status, 200, "reads go on: {}", answer.text());
    answer.json()
}

async fn until_stopped(hall: &Hall, why: &str) {
    eventually("intake is stopped", STATE_MAX, || async {
        (ready(hall).await["intake_stopped"] == why).then_some(())
    })
    .await;
    assert_eq!(hall.metric("tongban_store_available", &[]).await, 0.0);
}

async fn until_open(hall: &Hall) {
    eventually("intake is open", STATE_MAX, || async {
        ready(hall)
            .await
            .get("intake_stopped")
            .is_none()
            .then_some(())
    })
    .await;
    assert_eq!(hall.metric("tongban_store_available", &[]).await, 1.0);
}

/// Everything that brings something new is refused for now; everything that reads goes on.
async fn intake_is_stopped_and_reads_go_on(
    hall: &Hall,
    taken: &Taken,
    materials: &[(u32, String)],
) {
    for _ in 0..20 {
        let sent = post(hall.public, &fresh_key(), &body("rest", materials)).await;
        refused_for_now("a submission", &sent);
        refused_for_now("an upload", &upload(hall).await);
        refused_for_now("a resumable upload", &begin_resumable(hall).await);
        assert_eq!(hall.show(taken).await["application_no"], json!(taken.no));
        hall.events(taken).await;
        assert_eq!(get(hall.public, "/api/v1/items?q=mybz").await.status, 200);
        let through = get(hall.public, "/systems/gd-explosives/_control/cases").await;
        assert_eq!(through.status, 200, "{}", through.text());
    }
}

/// Submits until told to stop; what is not 201 must be a 503 that says when to come again.
async fn applicant(
    public: std::net::SocketAddr,
    materials: Vec<(u32, String)>,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Taken>>>,
) {
    let mut body = body("soap", &materials);
    while !stop.load(Ordering::Acquire) {
        body["materials"] = json!([]);
        body["form"]["purpose"] = json!("research");
        let with = uploads_or_none(public).await;
        let Some(with) = with else { continue };
        body["materials"] = json!([{ "seq": 1, "id": with }]);
        let answer = post(public, &fresh_key(), &body).await;
        match answer.status {
            201 => acknowledged.lock().await.push(Taken::of(&answer)),
            _ => refused_for_now("a submission under load", &answer),
        }
    }
}

/// The id of a small upload; `None` when it was refused for now.
async fn uploads_or_none(public: std::net::SocketAddr) -> Option<String> {
    let headers = [
        ("content-type", "application/pdf"),
        ("x-file-name", "a.pdf"),
    ];
    let answer = send(public, "POST", "/api/v1/materials", &headers, "%PDF-1.4 a").await;
    if answer.status == 201 {
        return answer.json()["id"].as_str().map(str::to_owned);
    }
    refused_for_now("an upload under load", &answer);
    None
}

/// One line at the change, one a minute: not one a request.
fn the_log_stays_short(hall: &mut Hall) {
    let printed = hall.gateway().printed();
    let loud = |line: &&str| line.contains("\"ERROR\"") || line.contains("\"WARN\"");
    let lines: Vec<&str> = printed.lines().filter(loud).collect();
    assert!(
        lines.len() < 25,
        "{} lines:\n{}",
        lines.len(),
        lines.join("\n")
    );
    let told = lines
        .iter()
        .filter(|l| l.contains("intake is stopped"))
        .count();
    assert!(
        (1..=4).contains(&told),
        "told {told} times:\n{}",
        lines.join("\n")
    );
}

async fn the_database_is_whole(data: &Path) {
    let options = SqliteConnectOptions::new().filename(data.join("tongban.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(sound, "ok");
    connection.close().await.unwrap();
}

pub(crate) async fn full() {
    let disk = SmallDisk::mount(64).unwrap();
    let data = disk.path().join("data");
    let immediate: &[&str] = &["--scenario", "immediate"];
    let partners = [("rest", immediate), ("soap", immediate)];
    let settings = "intake: { disk_free_bytes_min: 0 }\n";
    let mut hall = Hall::open_in(&data, &partners, settings, &[]).await;
    let first = submit(hall.public, "rest").await;
    let kept = uploads(hall.public, "rest").await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let applicants: Vec<_> = (0..3)
        .map(|_| {
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            tokio::spawn(applicant(hall.public, Vec::new(), stop, acknowledged))
        })
        .collect();
    eventually("applications are taken", STATE_MAX, || async {
        (acknowledged.lock().await.len() > 10).then_some(())
    })
    .await;
    // While they come: the write-ahead log still grows into what is left, so it is filled until nothing goes any more.
    eventually("the disk is full", STATE_MAX, || async {
        disk.fill(0);
        ready(&hall).await.get("intake_stopped").map(|_| ())
    })
    .await;
    disk.fill(0);
    until_stopped(&hall, "no_room").await;
    intake_is_stopped_and_reads_go_on(&hall, &first, &kept).await;
    disk.free_up();
    until_open(&hall).await;
    let before = acknowledged.lock().await.len();
    eventually("applications are taken again", STATE_MAX, || async {
        (acknowledged.lock().await.len() > before + 3).then_some(())
    })
    .await;
    stop.store(true, Ordering::Release);
    for applicant in applicants {
        applicant.await.unwrap();
    }
    let sent = post(hall.public, &fresh_key(), &body("rest", &kept)).await;
    let last = Taken::of(&sent);
    assert_eq!(upload(&hall).await.status, 201);
    let mut all = acknowledged.lock().await.clone();
    println!("{} acknowledged", all.len());
    all.extend([first, last]);
    for taken in &all {
        hall.until_state(taken, "closed").await;
    }
    the_log_stays_short(&mut hall);
    assert_eq!(hall.gateway().terminate(), Some(0));
    the_database_is_whole(&data).await;
}

pub(crate) async fn kept_back() {
    let disk = SmallDisk::mount(96).unwrap();
    let data = disk.path().join("data");
    let partners: [(_, &[&str]); 1] = [("rest", &["--scenario", "immediate"])];
    let settings = "intake: { disk_free_bytes_min: 33554432 }\n";
    let hall = Hall::open_in(&data, &partners, settings, &[]).await;
    let reason = ["--yes", "--reason", "maintenance"];
    let switch = |what| {
        let words = [what, "--system", "gd-explosives"];
        let words: Vec<&str> = words.iter().chain(&reason).copied().collect();
        assert!(hall.deliveries(&words).status.success());
    };
    switch("pause");
    let taken = submit(hall.public, "rest").await;
    let kept = uploads(hall.public, "rest").await;
    disk.fill(24 << 20);
    until_stopped(&hall, "no_room").await;
    switch("resume");
    hall.until_state(&taken, "closed").await;
    intake_is_stopped_and_reads_go_on(&hall, &taken, &kept).await;
    disk.free_up();
    until_open(&hall).await;
    let next = Taken::of(&post(hall.public, &fresh_key(), &body("rest", &kept)).await);
    hall.until_state(&next, "closed").await;
}

pub(crate) async fn read_only() {
    let disk = Switched::prepare();
    let partners: [(_, &[&str]); 1] = [("rest", &["--scenario", "immediate"])];
    let mut hall = Hall::open_in(&disk.data(), &partners, "", &disk.environment()).await;
    let taken = submit(hall.public, "rest").await;
    hall.until_state(&taken, "closed").await;
    let kept = uploads(hall.public, "rest").await;
    disk.set_read_only(true);
    // The first to write learns it by itself, and the watch from it.
    let first = post(hall.public, &fresh_key(), &body("rest", &kept)).await;
    refused_for_now("the first submission", &first);
    until_stopped(&hall, "failing").await;
    intake_is_stopped_and_reads_go_on(&hall, &taken, &kept).await;
    disk.set_read_only(false);
    until_open(&hall).await;
    let next = Taken::of(&post(hall.public, &fresh_key(), &body("rest", &kept)).await);
    hall.until_state(&next, "closed").await;
    the_log_stays_short(&mut hall);
    assert_eq!(hall.gateway().terminate(), Some(0));
    the_database_is_whole(&disk.data()).await;
}

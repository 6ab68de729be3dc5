//! Backup and restore of a hall on PostgreSQL, as docs/operations/backup.md says it: base backup, archived log, and the folder of files.

use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::postgres::{Ending, Server, folder};
use tongban_tests::process::{eventually, root};
use tongban_tests::sample::{Taken, submit};

const PARTNERS: [(&str, &[&str]); 1] = [("rest", &["--scenario", "immediate"])];

fn settings(server: &Server, files: &Path) -> String {
    let url = Server::url_by(server.address());
    let files = files.display();
    format!("store: {{ postgres: {{ url: \"{url}\", files: {files} }} }}\n")
}

fn archiving(archive: &Path) -> String {
    let archive = archive.display();
    format!(
        "archive_mode = on\narchive_timeout = 1s\n\
         archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f.partial && sync {archive}/%f.partial && mv {archive}/%f.partial {archive}/%f'\n"
    )
}

/// What is copied of the files, again and again; they never change.
fn copy_files(from: &Path, to: &Path) {
    let copied = Command::new("rsync")
        .args(["-a", "--exclude=/incoming"])
        .arg(format!("{}/materials/", from.display()))
        .arg(format!("{}/materials/", to.display()))
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", words(&copied));
}

/// Waits until everything that is committed by now lies in the archive.
async fn until_archived(connection: &mut PgConnection, archive: &Path) {
    let segment: String = sqlx::query_scalar("SELECT pg_walfile_name(pg_current_wal_lsn())")
        .fetch_one(connection)
        .await
        .unwrap();
    eventually("the log is archived", STATE_MAX, || async {
        archive.join(&segment).exists().then_some(())
    })
    .await;
}

/// Applications one after the other until told to stop.
async fn applicant(
    public: std::net::SocketAddr,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Taken>>>,
) {
    while !stop.load(Ordering::Acquire) {
        let taken = submit(public, "rest").await;
        acknowledged.lock().unwrap().push(taken);
    }
}

async fn until_acknowledged(acknowledged: &Mutex<Vec<Taken>>, count: usize) {
    eventually("applications are taken", STATE_MAX, || async {
        (acknowledged.lock().unwrap().len() >= count).then_some(())
    })
    .await;
}

/// A hall that served while it was backed up, and whose server and files are gone.
struct Lost {
    acknowledged: Vec<Taken>,
    /// `base/`, `log/`, `materials/`, and `master.key`, which is kept apart.
    backup: TempDir,
}

async fn lost() -> Lost {
    let backup = folder().unwrap();
    let place = |name: &str| backup.path().join(name);
    let mut server = Server::start_with(&archiving(&place("log"))).await.unwrap();
    server
        .program("/bin/mkdir", &[&place("log").display().to_string()])
        .unwrap();
    let files = TempDir::new().unwrap();
    let mut hall = Hall::open_with(&PARTNERS, &settings(&server, files.path())).await;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let applicant = tokio::spawn(applicant(
        hall.public,
        Arc::clone(&stop),
        Arc::clone(&acknowledged),
    ));
    until_acknowledged(&acknowledged, 5).await;
    let base = place("base").display().to_string();
    let url = Server::url_by(server.address());
    let arguments = ["-D", &base, "-Xs", "-c", "fast", "-d", &url];
    server.program("pg_basebackup", &arguments).unwrap();
    server.program("pg_verifybackup", &["-q", &base]).unwrap();
    copy_files(files.path(), backup.path());
    let at_base = acknowledged.lock().unwrap().len();
    assert!(at_base >= 5);
    until_acknowledged(&acknowledged, at_base + 10).await;
    stop.store(true, Ordering::Release);
    applicant.await.unwrap();
    let mut connection = server.connection().await.unwrap();
    until_archived(&mut connection, &place("log")).await;
    copy_files(files.path(), backup.path());
    std::fs::copy(hall.data().join("master.key"), place("master.key")).unwrap();
    hall.kill();
    server.end(Ending::Immediate);
    let acknowledged = acknowledged.lock().unwrap().clone();
    Lost {
        acknowledged,
        backup,
    }
}

/// The serial that a number ends in.
fn serial(no: &str) -> u32 {
    no[no.len() - 4..].parse().unwrap()
}

#[tokio::test]
async fn a_base_backup_and_its_log_restore_every_acknowledged_application() {
    let Lost {
        acknowledged,
        backup,
    } = lost().await;
    let place = |name: &str| backup.path().join(name);
    let log = place("log");
    let getting = format!("restore_command = 'cp {}/%f %p'\n", log.display());
    let server = Server::restored(&place("base"), &getting).await.unwrap();
    let mut connection = server.connection().await.unwrap();
    eventually("the log is read to its end", STATE_MAX, async || {
        let server = server.connection().await.ok();
        let recovering = sqlx::query_scalar::<_, bool>("SELECT pg_is_in_recovery()");
        let recovering = recovering.fetch_one(&mut server?).await.ok()?;
        (!recovering).then_some(())
    })
    .await;
    let after = root().join("docs/operations/postgres-after-restore.sql");
    let after = std::fs::read_to_string(after).unwrap();
    let after = format!("BEGIN;\n{after}\nCOMMIT;");
    sqlx::raw_sql(sqlx::AssertSqlSafe(after))
        .execute(&mut connection)
        .await
        .unwrap();
    let files = TempDir::new().unwrap();
    copy_files(backup.path(), files.path());
    let data = TempDir::new().unwrap();
    std::fs::copy(place("master.key"), data.path().join("master.key")).unwrap();
    let hall = Hall::open_in(
        data.path(),
        &PARTNERS,
        &settings(&server, files.path()),
        &[],
    )
    .await;
    let data = data.path().display().to_string();
    let checked = hall.run(&["check", "--database", "--data", &data, "--deep", "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", words(&checked));
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(checked["faults"], json!([]), "{checked:#}");
    for taken in &acknowledged {
        assert_eq!(hall.show(taken).await["application_no"], json!(taken.no));
        hall.events(taken).await;
        let receipt = hall.get(taken, "/receipt").await;
        assert_eq!(receipt.status, 200, "{}", receipt.text());
    }
    // It goes on, and gives no number that may have been given after the last archived segment.
    let new = submit(hall.public, "rest").await;
    let known: BTreeSet<&str> = acknowledged.iter().map(|t| t.no.as_str()).collect();
    assert!(!known.contains(new.no.as_str()));
    let highest = known.iter().map(|no| serial(no)).max().unwrap();
    assert!(serial(&new.no) > highest + 5_000, "{} {known:?}", new.no);
    hall.until_state(&new, "closed").await;
}

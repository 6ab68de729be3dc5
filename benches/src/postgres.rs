//! Intake on PostgreSQL: applications a second through the HTTP API, beside pgbench's single-row inserts on the same server.

use crate::installation::Installation;
use crate::intake::{CLIENTS, OPEN_SHARE};
use crate::load::Load;
use crate::process::cpu_us_of_family;
use crate::statistics::{median, per_one, rounded};
use crate::{Failure, Plan};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// Bytes of the row that pgbench inserts: what an application's largest row has.
const ROW_BYTES: u32 = 2_048;
/// Connections of the open loop.
const OPEN_CONNECTIONS: usize = 256;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct PostgresFigures {
    /// Applications a second, closed loop, median of the rounds: validated, numbered, all rows in one transaction, synced.
    pub(crate) intake_per_s: f64,
    /// Single-row inserts a second by pgbench with 64 clients, median of the rounds.
    pub(crate) reference_per_s: f64,
    /// Median of the rounds' own ratios of the two.
    pub(crate) ratio: f64,
    /// Open loop, at `open_per_s`.
    pub(crate) p50_ms: f64,
    /// Open loop, at `open_per_s`.
    pub(crate) p99_ms: f64,
    /// Requests a second of the open loop that were answered.
    pub(crate) open_per_s: f64,
    /// The gateway's CPU time for one application; the server's is not in it.
    pub(crate) cpu_us_per_case: f64,
    /// Answers that were no 201, and requests without an answer.
    pub(crate) faults: u64,
    /// Each round: intake, reference, CPU.
    pub(crate) rounds: Vec<(f64, f64, f64)>,
}

/// The tests' server, which is started when it does not run.
pub(crate) struct Server {
    url: String,
    pgbench: PathBuf,
}

/// Files of the server's log that it has at hand: 2 GiB.
const LOG_FILES: usize = 128;

impl Server {
    /// Starts it by `tests/postgres`.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/postgres");
        let output = Command::new(script).arg("start").output().await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let server = Self {
            url: String::from_utf8(output.stdout)?.trim().to_owned(),
            pgbench: newest("pgbench")?,
        };
        server.season().await?;
        Ok(server)
    }

    /// Gives the server files of its log to use again, as one has that has been at work for a while: a fresh one writes each of them
    /// full of zeros first, and whoever commits waits for it.
    async fn season(&self) -> Result<(), Failure> {
        self.statement("ALTER SYSTEM SET min_wal_size = '2GB'")
            .await?;
        self.statement("SELECT pg_reload_conf()").await?;
        self.statement("CREATE TABLE IF NOT EXISTS bench_log (n int)")
            .await?;
        let round = "INSERT INTO bench_log VALUES (1); SELECT pg_switch_wal();\n";
        self.statement(&round.repeat(LOG_FILES)).await?;
        self.statement("CHECKPOINT").await?;
        self.statement("CHECKPOINT").await
    }

    /// CPU time of all of its processes so far, in microseconds.
    pub(crate) fn cpu_us(&self) -> Result<u64, Failure> {
        let note = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/postgres.folder");
        let folder = std::fs::read_to_string(note)?;
        let note = Path::new(folder.trim()).join("data/postmaster.pid");
        let id = std::fs::read_to_string(note)?;
        let id = id.lines().next().ok_or("an empty postmaster.pid")?;
        cpu_us_of_family(id.trim().parse()?)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Single-row inserts a second.
    async fn reference(&self, scratch: &Path, time: Duration) -> Result<f64, Failure> {
        let script = scratch.join("insert.sql");
        std::fs::write(
            &script,
            format!(
                "INSERT INTO bench_row (row) VALUES (decode(repeat('ab', {ROW_BYTES}), 'hex'));\n"
            ),
        )?;
        let clients = CLIENTS.to_string();
        let seconds = time.as_secs().max(1).to_string();
        let arguments = [
            "-n", "-c", &clients, "-j", "2", "-M", "prepared", "-T", &seconds, "-f",
        ];
        let output = Command::new(&self.pgbench)
            .args(arguments)
            .arg(&script)
            .arg(&self.url)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let rate = said
            .lines()
            .find_map(|line| line.strip_prefix("tps = "))
            .and_then(|rest| rest.split(' ').next())
            .and_then(|number| number.parse().ok());
        rate.ok_or_else(|| {
            let words = String::from_utf8_lossy(&output.stderr);
            format!("pgbench gave no rate: {said}{words}").into()
        })
    }

    async fn statement(&self, sql: &str) -> Result<(), Failure> {
        let output = Command::new("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url])
            .output()
            .await?;
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into())
        }
    }
}

/// A program of the newest PostgreSQL.
fn newest(program: &str) -> Result<PathBuf, Failure> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")?
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version = folder.file_name()?.to_str()?.parse().ok()?;
            let path = folder.join("bin").join(program);
            path.exists().then_some((version, path))
        })
        .collect();
    found.sort();
    found
        .pop()
        .map(|(_, path)| path)
        .ok_or_else(|| format!("{program} is missing").into())
}

/// Measures a gateway on the server.
pub(crate) async fn measure(
    plan: &Plan,
    server: &Server,
    installation: &Installation,
    scratch: &Path,
) -> Result<PostgresFigures, Failure> {
    server
        .statement("DROP TABLE IF EXISTS bench_row; CREATE TABLE bench_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, row bytea NOT NULL)")
        .await?;
    let serving = installation.serve().await?;
    let load = Load::of_applications(serving.public, CLIENTS).await?;
    let mut faults = load.closed_loop(plan.warm_up).await?.faults;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let cpu = serving.process.cpu_us()?;
        let closed = load.closed_loop(plan.intake).await?;
        let cpu = serving.process.cpu_us()? - cpu;
        faults += closed.faults;
        let reference = server.reference(scratch, plan.reference).await?;
        rounds.push((
            rounded(closed.rate, 1),
            rounded(reference, 1),
            rounded(per_one(cpu as f64, closed.answers), 1),
        ));
    }
    let middle =
        |value: fn(&(f64, f64, f64)) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let rate = middle(|r| r.0);
    let load = load.with_connections(OPEN_CONNECTIONS);
    let open = load.open_loop(plan.intake_open, rate * OPEN_SHARE).await?;
    faults += open.faults;
    serving.process.end().await?;
    server.statement("DROP TABLE bench_row").await?;
    Ok(PostgresFigures {
        intake_per_s: rate,
        reference_per_s: middle(|r| r.1),
        ratio: rounded(middle(|r| r.0 / r.1), 3),
        p50_ms: rounded(open.p50_ms, 2),
        p99_ms: rounded(open.p99_ms, 2),
        open_per_s: rounded(open.rate, 1),
        cpu_us_per_case: middle(|r| r.2),
        faults,
        rounds,
    })
}

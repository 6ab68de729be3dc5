//! The processes of a test: a gateway on a folder of its own, and partners. Each is ended when its value is dropped.

use crate::http::{Answer, try_send};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A start takes no longer, also on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// The built binary: beside the test's own, in the folder of the same profile.
#[must_use]
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_else(|e| panic!("own path: {e}"));
    let folder = own.parent().unwrap_or_else(|| panic!("no target folder"));
    // Tests lie one folder deeper than programs.
    let profile = match folder.file_name().is_some_and(|name| name == "deps") {
        true => folder.parent().unwrap_or(folder),
        false => folder,
    };
    let path = profile.join("tongban");
    assert!(
        path.exists(),
        "{} is missing: cargo build --workspace --features tongban-gateway/testing",
        path.display()
    );
    path
}

/// Monotonic time, for bounds of waiting only.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "tests bound their waiting by real time"
)]
pub fn instant() -> Instant {
    Instant::now()
}

/// Waits until `look` finds something; panics with `what` when it does not in time.
pub async fn eventually<T, F>(what: &str, most: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = instant();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < most, "not within {most:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A child that is ended with its owner.
pub struct Running {
    child: Child,
    /// Everything that it printed goes here.
    pub log: PathBuf,
}

impl Running {
    /// Starts the binary with these arguments; output goes to `log`.
    #[must_use]
    pub fn start(arguments: &[&str], log: &Path, environment: &[(&str, String)]) -> Self {
        Self::start_program(&binary(), arguments, log, environment)
    }

    /// The same with another binary, as that of an older version.
    #[must_use]
    pub fn start_program(
        program: &Path,
        arguments: &[&str],
        log: &Path,
        environment: &[(&str, String)],
    ) -> Self {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(environment.iter().map(|(k, v)| (*k, v.as_str())));
        Self::start_command(command, log)
    }

    /// Starts any program from the repository's root; output goes to `log`.
    #[must_use]
    pub fn start_command(mut command: Command, log: &Path) -> Self {
        let open = || {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(log);
            file.unwrap_or_else(|e| panic!("{}: {e}", log.display()))
        };
        let child = command
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
        Self {
            child,
            log: log.to_path_buf(),
        }
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().ok().and_then(|status| status.code())
    }

    /// A signal by name (`STOP`, `CONT`); nothing to a process that has ended.
    pub fn signal(&mut self, name: &str) {
        if !self.has_ended() {
            let _ = Command::new("kill")
                .args([&format!("-{name}"), &self.child.id().to_string()])
                .status();
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// What it printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        std::fs::read(&self.log)
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .unwrap_or_default()
    }

    /// Waits until it has printed something that `find` recognises in all of its output.
    pub async fn printed_until<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        match self.printed_or_ended(what, find).await {
            Some(found) => found,
            None => panic!("ended before {what}:\n{}", self.printed()),
        }
    }

    /// The same; `None` when it ended before.
    pub async fn printed_or_ended<T>(
        &mut self,
        what: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let begun = instant();
        loop {
            let ended = self.has_ended();
            let printed = self.printed();
            if let Some(found) = find(&printed) {
                return Some(found);
            }
            if ended {
                return None;
            }
            assert!(
                begun.elapsed() < START_MAX,
                "no {what} within {START_MAX:?}:\n{printed}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs the binary to its end, with these variables beside its environment.
#[must_use]
pub fn run_with(arguments: &[&str], environment: &[(&str, String)]) -> std::process::Output {
    run_program(&binary(), arguments, environment)
}

/// The same with another binary, as that of an older version.
#[must_use]
pub fn run_program(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, String)],
) -> std::process::Output {
    Command::new(program)
        .args(arguments)
        .current_dir(root())
        .envs(environment.iter().map(|(k, v)| (*k, v.as_str())))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("tongban does not start: {e}"))
}

/// Runs the binary to its end.
#[must_use]
pub fn run(arguments: &[&str]) -> std::process::Output {
    run_with(arguments, &[])
}

/// An address that nobody uses, below the ports that the system hands out, so that no connection takes it meanwhile. Each process
/// begins at a place of its own, so that tests at once do not choose the same.
#[must_use]
pub fn free_address() -> SocketAddr {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..1_000 {
        let place = std::process::id()
            .wrapping_mul(61)
            .wrapping_add(DRAWN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(12_000 + place % 18_000).unwrap_or(12_000);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port between 12000 and 30000")
}

/// A simulated partner.
pub struct Partner {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub running: Running,
}

impl Partner {
    /// Starts a partner of this kind (`rest`, `soap`, `xml`) that calls back to `exchange` and steps fast.
    pub async fn start(kind: &str, exchange: SocketAddr, folder: &Path, more: &[&str]) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::start_at(any, kind, exchange, folder, more).await
    }

    /// The same at an address of its own, where it can be started again with what it had written down.
    pub async fn start_at(
        listen: SocketAddr,
        kind: &str,
        exchange: SocketAddr,
        folder: &Path,
        more: &[&str],
    ) -> Self {
        let (system, credential) = system_of(kind);
        let listen = listen.to_string();
        let callback = format!("http://{exchange}/exchange/v1/systems/{system}/");
        let state = folder.join(format!("partner-{kind}.jsonl"));
        let state = state.display().to_string();
        let mut arguments = vec![
            "simulate",
            kind,
            "--listen",
            &listen,
            "--callback",
            &callback,
        ];
        arguments.extend(["--credential", credential, "--state-file", &state]);
        if !more.contains(&"--pace") {
            arguments.extend(["--pace", "20ms"]);
        }
        arguments.extend(more);
        let log = folder.join(format!("partner-{kind}.log"));
        let mut running = Running::start(&arguments, &log, &[]);
        let address = running
            .printed_until("partner's address", |printed| {
                printed.lines().find_map(address_in)
            })
            .await;
        Self { address, running }
    }

    /// A call of its controls. During an outage its listener is closed for everybody, so it is asked until it is back.
    async fn control(&self, method: &str, path: &str, body: String) -> Answer {
        let headers = [("content-type", "application/json")];
        eventually("the partner's controls answer", START_MAX, || async {
            let path = format!("/_control/{path}");
            try_send(self.address, method, &path, &headers, body.clone())
                .await
                .ok()
        })
        .await
    }

    async fn order(&self, path: &str, body: String) {
        let answer = self.control("POST", path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    async fn seen(&self, path: &str) -> Value {
        self.control("GET", path, String::new()).await.json()
    }

    /// Every case that it knows, shortly.
    pub async fn cases(&self) -> Vec<Value> {
        let seen = self.seen("cases").await;
        seen["cases"].as_array().cloned().unwrap_or_default()
    }

    /// What it knows of a case; `Null` when nothing.
    pub async fn case(&self, no: &str) -> Value {
        let path = format!("cases/{no}");
        let answer = self.control("GET", &path, String::new()).await;
        if answer.status == 200 {
            answer.json()
        } else {
            Value::Null
        }
    }

    /// How many requests and calls of each phase it has seen.
    pub async fn totals(&self) -> Value {
        self.seen("cases").await["totals"].take()
    }

    /// Every switch that is set, with how often it was used.
    pub async fn switches(&self) -> Vec<Value> {
        let seen = self.seen("switches").await;
        seen["switches"].as_array().cloned().unwrap_or_default()
    }

    /// How often the switches that are set have made something go wrong.
    pub async fn used(&self) -> u64 {
        let switches = self.switches().await;
        switches.iter().filter_map(|s| s["used"].as_u64()).sum()
    }

    /// Takes every switch back.
    pub async fn clear(&self) {
        self.order("switches", r#"{"clear":true}"#.to_owned()).await;
    }

    /// Takes every switch back and lets it put right what they spoiled: kept-back reports go out, wrong records are corrected.
    pub async fn mend(&self) {
        self.order("mend", String::new()).await;
    }

    /// Sets switches, for example `["drop,phase=submit,times=1"]`.
    pub async fn set(&self, switches: &[&str]) {
        let body = serde_json::json!({ "set": switches }).to_string();
        self.order("switches", body).await;
    }

    /// Makes it send one message now.
    pub async fn send(&self, number: &str, message: &str, fields: Value) -> Value {
        let body = serde_json::json!({ "number": number, "message": message, "fields": fields })
            .to_string();
        let headers = [("content-type", "application/json")];
        let answer =
            super::http::send(self.address, "POST", "/_control/event", &headers, body).await;
        assert!(answer.status < 300, "{}", answer.text());
        answer.json()
    }
}

/// The number under which a partner's case is known here. The vertical system calls it by a short one of its own; the long one stands in
/// what it pulled.
#[must_use]
pub fn number_here(case: &Value) -> String {
    let fields = case["application"]["fields"].as_array();
    let pulled = fields
        .into_iter()
        .flatten()
        .find(|pair| pair[0] == "SBLSH")
        .and_then(|pair| pair[1].as_str())
        .filter(|no| !no.is_empty());
    let own = case["number"].as_str().unwrap_or_default();
    pulled.unwrap_or(own).to_owned()
}

/// The system that a kind of partner plays, and its credential in these tests.
#[must_use]
pub fn system_of(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "rest" => ("gd-explosives", super::hall::REST_KEY),
        "soap" => ("zhuhai-platform", super::hall::SOAP_IDENTIFY),
        _ => ("national-radio", super::hall::XML_TOKEN),
    }
}

/// The first socket address in a line.
#[must_use]
pub fn address_in(line: &str) -> Option<SocketAddr> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']')))
        .find_map(|word| word.trim_end_matches([':', '.']).parse().ok())
}

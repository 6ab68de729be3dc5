//! Foreign programs: where they are, how they are run, and what they understood.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;
use tongban_tests::hall::{repository, words};
use tongban_tests::process::{Running, address_in, free_address, root};

/// No program of a peer runs longer, servers aside.
const PROGRAM_MAX: Duration = Duration::from_secs(90);

/// The Python that has the peers: `TONGBAN_PEERS`, else the one that `tests/run` makes.
pub(super) fn python() -> PathBuf {
    let named = std::env::var_os("TONGBAN_PEERS").map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("target/peers/bin/python"));
    assert!(
        path.exists(),
        "{} is missing: tests/run installs the foreign peers (tests/peers/requirements.txt)",
        path.display()
    );
    path
}

/// A program of the system, by its name.
pub(super) fn program(name: &str, packages: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: tests/run installs it ({packages})"))
}

/// The folder with the packages of Node.js that `tests/run` installs beside that Python.
pub(super) fn node_packages() -> PathBuf {
    let path = python().with_file_name("../node");
    assert!(
        path.join("node_modules/soap").is_dir(),
        "{} lacks the package soap: tests/run installs it (tests/peers/node/package-lock.json)",
        path.display()
    );
    path
}

/// A script of `tests/peers/` under its interpreter, by its ending.
pub(super) fn script(path: &str) -> std::process::Command {
    let file = repository("tests/peers").join(path);
    let mut command = match path.rsplit('.').next() {
        Some("py") => std::process::Command::new(python()),
        Some("js") => {
            let mut command = std::process::Command::new(python().with_file_name("node"));
            command.env("TONGBAN_NODE_PEERS", node_packages());
            command
        }
        _ => std::process::Command::new(program("php", "php-cli, php-soap, php-xml")),
    };
    command.arg(file);
    command
}

/// Runs a command to its end and gives what it printed; its words are shown when it objects or takes too long.
pub(super) async fn finished(command: std::process::Command) -> String {
    let output = output(command).await;
    assert!(
        output.status.success(),
        "the peer objects: {}",
        words(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

async fn output(command: std::process::Command) -> Output {
    let shown = format!("{command:?}");
    let mut command = Command::from(command);
    let running = command.kill_on_drop(true).output();
    let ended = tokio::time::timeout(PROGRAM_MAX, running).await;
    ended
        .unwrap_or_else(|_| panic!("not within {PROGRAM_MAX:?}: {shown}"))
        .unwrap_or_else(|e| panic!("{shown} does not start: {e}"))
}

/// The JSON objects of a text, one a line.
pub(super) fn lines(text: &str) -> Vec<Value> {
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    filled
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {text}")))
        .collect()
}

/// A SOAP server on a foreign stack; ended with its value.
pub(super) struct Server {
    /// Its address, as definitions name it.
    pub endpoint: String,
    calls: PathBuf,
    // The order matters: the process ends before its folder is removed.
    _running: Running,
    _folder: TempDir,
}

impl Server {
    /// Starts a server of `tests/peers/` and waits until it says where it listens.
    pub(super) async fn start(path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let calls = folder.path().join("calls.jsonl");
        std::fs::write(&calls, "").unwrap();
        let mut command = match path.ends_with(".php") {
            true => php_server(path),
            false => script(path),
        };
        command.env("PEER_CALLS", &calls).env("LC_ALL", "C.UTF-8");
        if !path.ends_with(".php") {
            command.arg(&calls);
        }
        let mut running = Running::start_command(command, &folder.path().join("server.log"));
        let printed = |printed: &str| printed.lines().find_map(address_in);
        let address = running.printed_until("address of the peer", printed).await;
        Self {
            endpoint: format!("http://{address}"),
            calls,
            _running: running,
            _folder: folder,
        }
    }

    /// Every call as the stack understood it.
    pub(super) fn calls(&self) -> Vec<Value> {
        lines(&std::fs::read_to_string(&self.calls).unwrap())
    }

    /// The one call about a case.
    pub(super) fn call_about(&self, no: &str) -> Value {
        let calls = self.calls();
        let about = |call: &&Value| call["caseNo"] == no || call["inside"]["SBLSH"] == no;
        let found: Vec<&Value> = calls.iter().filter(about).collect();
        assert_eq!(found.len(), 1, "calls about {no}: {calls:#?}");
        found[0].clone()
    }
}

fn php_server(path: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program("php", "php-cli, php-soap, php-xml"));
    command.args(["-S", &free_address().to_string()]);
    command.arg(repository("tests/peers").join(path));
    command
}

/// A copy of `config/` with one more system, which gets the cases of one item.
pub(super) fn sources_with(folder: &Path, system: &str, item: &str) -> String {
    let target = folder.join("config");
    copy(&repository("config"), &target);
    let definition = format!("tests/peers/definitions/{system}.yaml");
    std::fs::copy(
        repository(&definition),
        target.join(format!("systems/peer-{system}.yaml")),
    )
    .unwrap();
    let routes = target.join("routes.yaml");
    let mut text = std::fs::read_to_string(&routes).unwrap();
    text.push_str(&format!(
        "\n  - {{ item: \"{item}\", system: peer-{system}, hand_over: apply }}\n"
    ));
    std::fs::write(&routes, text).unwrap();
    target.display().to_string()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), &target).unwrap()),
        }
    }
}

//! Redis servers of one test: own processes, ports and folders, on loopback alone; nothing is kept on disk.

use crate::process::{Running, eventually, free_address};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Until a server answers, also on a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// One server, or one sentinel.
pub struct Redis {
    /// Where it listens; the same after a restart.
    pub address: SocketAddr,
    /// Its process.
    pub running: Running,
    arguments: Vec<String>,
    /// What `redis-cli` needs to speak to it.
    login: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// A server with these settings beside the usual ones.
    pub async fn start(more: &[&str]) -> Self {
        Self::start_with(more, &[]).await
    }

    /// The same, asked by `redis-cli` with these options.
    pub async fn start_with(more: &[&str], login: &[&str]) -> Self {
        Self::start_at(free_address(), more, login).await
    }

    /// The same at an address that was found before.
    pub async fn start_at(address: SocketAddr, more: &[&str], login: &[&str]) -> Self {
        let folder = temporary();
        let port = address.port().to_string();
        let plain = if more.contains(&"--tls-port") {
            "0"
        } else {
            &port
        };
        let mut arguments: Vec<String> =
            ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
                .map(str::to_owned)
                .into();
        arguments.extend(["--maxmemory-policy", "noeviction", "--port", plain].map(str::to_owned));
        arguments.extend(["--dir".to_owned(), folder.path().display().to_string()]);
        arguments.extend(more.iter().map(|word| word.replace("{port}", &port)));
        Self::run(address, folder, arguments, login).await
    }

    /// A server of a cluster that is still to be made.
    pub async fn start_for_cluster() -> Self {
        let bus = free_address().port().to_string();
        let more = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1500",
            "--cluster-port",
            &bus,
        ];
        Self::start(&more).await
    }

    /// A sentinel that watches a master under the name `hall` and decides alone.
    pub async fn sentinel(master: SocketAddr) -> Self {
        let (address, folder) = (free_address(), temporary());
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "port {}\nbind 127.0.0.1\ndir {}\nsentinel monitor hall 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds hall 1000\nsentinel failover-timeout hall 5000\n",
            address.port(),
            folder.path().display(),
            master.port()
        );
        std::fs::write(&file, text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
        Self::run(address, folder, arguments, &[]).await
    }

    async fn run(
        address: SocketAddr,
        folder: TempDir,
        arguments: Vec<String>,
        login: &[&str],
    ) -> Self {
        let running = started(&arguments, folder.path());
        let login = login.iter().map(|&word| word.to_owned()).collect();
        let redis = Self {
            address,
            running,
            arguments,
            login,
            folder,
        };
        redis.answers().await;
        redis
    }

    /// Starts it again after a kill.
    pub async fn restart(&mut self) {
        self.running.kill();
        self.running = started(&self.arguments, self.folder.path());
        self.answers().await;
    }

    async fn answers(&self) {
        eventually("Redis answers", ANSWERS_WITHIN, || async {
            (self.try_cli(&["PING"]).trim() == "PONG").then_some(())
        })
        .await;
    }

    /// What it answers to a command, or what `redis-cli` says instead.
    #[must_use]
    pub fn cli(&self, command: &[&str]) -> String {
        self.try_cli(command)
    }

    fn try_cli(&self, command: &[&str]) -> String {
        let port = self.address.port().to_string();
        cli(&[
            &["-p", &port],
            &self.login.iter().map(String::as_str).collect::<Vec<_>>()[..],
            command,
        ]
        .concat())
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes a cluster of masters: every slot has one, none has a replica.
pub async fn cluster_of(servers: &[Redis]) {
    let addresses: Vec<String> = servers.iter().map(|s| s.address.to_string()).collect();
    let mut command = vec!["--cluster", "create"];
    command.extend(addresses.iter().map(String::as_str));
    command.extend(["--cluster-replicas", "0", "--cluster-yes"]);
    let said = cli(&command);
    for server in servers {
        eventually(
            &format!("the cluster stands: {said}"),
            ANSWERS_WITHIN,
            || async {
                server
                    .cli(&["CLUSTER", "INFO"])
                    .contains("cluster_state:ok")
                    .then_some(())
            },
        )
        .await;
    }
}

fn cli(arguments: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1"])
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("redis-cli, which tests/run installs, does not start: {e}"));
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn started(arguments: &[String], folder: &Path) -> Running {
    let mut command = Command::new("redis-server");
    command.args(arguments);
    let log: PathBuf = folder.join("redis.log");
    Running::start_command(command, &log)
}

fn temporary() -> TempDir {
    TempDir::new().unwrap_or_else(|e| panic!("no folder for Redis: {e}"))
}

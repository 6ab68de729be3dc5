//! What is run and what can be done to it: gateways on one store, their partners, the lines between them, the disk below.
//!
//! One node on the embedded store today. Nodes have fixed addresses, settings files of their own and one list of lines, so that a
//! store that serves several nodes needs nothing but its section of settings.

use crate::plan::{Line, PARTNERS};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tongban_tests::hall::{REST_KEY, SOAP_IDENTIFY, XML_TOKEN, words};
use tongban_tests::http::try_send;
use tongban_tests::process::{Partner, Running, free_address, instant, run_with};
use tongban_tests::proxy::{Link, Proxy};
use tongban_tests::sources;

/// A node is ready within this time.
const READY_MAX: Duration = Duration::from_secs(60);
/// Leases of the run: twice a definition's total time-out, short enough that a stop outlasts them.
pub(crate) const LEASE: Duration = Duration::from_secs(4);
/// How long the definitions of the run wait for a silent partner, and in all.
const WAITS: (&str, &str) = ("1s", "2s");
/// Bytes of the disk that is filled.
const DISK_BYTES: &str = "512m";
/// Partners are this fast.
const PACE: &str = "40ms";

/// How a run is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Seed of the partners.
    pub(crate) seed: u64,
    /// Nodes on one store.
    pub(crate) nodes: usize,
    /// More sections of settings for every node.
    pub(crate) settings: String,
    /// Where logs go; absent: they are gone with the run.
    pub(crate) logs: Option<PathBuf>,
}

/// Where the data of the embedded store lies.
#[derive(Debug)]
pub(crate) enum Disk {
    /// A file system of its own.
    Own(PathBuf),
    /// The machine's; why it cannot be filled or made read-only.
    Shared(String),
}

struct Node {
    public: SocketAddr,
    operations: SocketAddr,
    config: PathBuf,
    log: PathBuf,
    /// Clients come in through this, partners through the other.
    front: Proxy,
    exchange: Proxy,
    running: Option<Running>,
    /// Seconds that its clock is ahead since its start.
    ahead: u32,
}

struct PartnerPlace {
    kind: &'static str,
    address: SocketAddr,
    line: Proxy,
    partner: Option<Partner>,
}

/// Everything that runs. Ends with its owner.
pub(crate) struct Topology {
    nodes: Vec<Node>,
    partners: Vec<PartnerPlace>,
    environment: Vec<(&'static str, String)>,
    pub(crate) disk: Disk,
    data: PathBuf,
    /// The furthest that any clock was ahead.
    pub(crate) ahead_max: u32,
    setting: Setting,
    folder: TempDir,
}

impl Topology {
    /// Starts partners, applies the configuration, starts the nodes.
    ///
    /// # Errors
    /// What could not be started.
    pub(crate) async fn open(setting: Setting) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| format!("no folder: {e}"))?;
        let disk = own_disk(folder.path(), setting.nodes);
        let data = match &disk {
            Disk::Own(mounted) => mounted.join("data"),
            Disk::Shared(_) => folder.path().join("data"),
        };
        let mut nodes = Vec::new();
        for nth in 0..setting.nodes {
            nodes.push(node(folder.path(), &data, nth, &setting.settings).await?);
        }
        let mut environment = vec![
            ("GD_EXPLOSIVES_CALLBACK_KEY", REST_KEY.to_owned()),
            ("ZHUHAI_PLATFORM_IDENTIFY", SOAP_IDENTIFY.to_owned()),
            ("NATIONAL_RADIO_TOKEN", XML_TOKEN.to_owned()),
            ("NATIONAL_RADIO_POLL", "300ms".to_owned()),
        ];
        let mut partners = Vec::new();
        for (kind, variable) in PARTNERS.into_iter().zip([
            "GD_EXPLOSIVES_ENDPOINT",
            "ZHUHAI_PLATFORM_ENDPOINT",
            "NATIONAL_RADIO_ENDPOINT",
        ]) {
            let address = free_address();
            let line = Proxy::start(address).await;
            environment.push((variable, format!("http://{}", line.address)));
            partners.push(PartnerPlace {
                kind,
                address,
                line,
                partner: None,
            });
        }
        let mut topology = Self {
            nodes,
            partners,
            environment,
            disk,
            data,
            ahead_max: 0,
            setting,
            folder,
        };
        for kind in PARTNERS {
            topology.start_partner(kind).await;
        }
        topology.apply()?;
        for nth in 0..topology.nodes.len() {
            topology.start(nth).await?;
        }
        Ok(topology)
    }

    fn apply(&self) -> Result<(), String> {
        let sources = sources::edited(self.folder.path(), &|_, text| {
            sources::hastened(&text, WAITS.0, WAITS.1)
        });
        let config = self.nodes[0].config.display().to_string();
        let applied = run_with(&["apply", &sources, "--config", &config], &self.environment);
        match applied.status.success() {
            true => Ok(()),
            false => Err(format!("apply failed: {}", words(&applied))),
        }
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Public addresses of the nodes, behind their proxies.
    pub(crate) fn fronts(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|n| n.front.address).collect()
    }

    /// The public address of a node itself.
    pub(crate) fn public(&self, nth: usize) -> SocketAddr {
        self.nodes[nth].public
    }

    /// Operations address of a node.
    pub(crate) fn operations(&self, nth: usize) -> SocketAddr {
        self.nodes[nth].operations
    }

    /// Settings file of a node.
    pub(crate) fn config(&self, nth: usize) -> &Path {
        &self.nodes[nth].config
    }

    /// The environment of the nodes.
    pub(crate) fn environment(&self) -> &[(&'static str, String)] {
        &self.environment
    }

    /// Starts a node and waits until it is ready.
    ///
    /// # Errors
    /// What it printed when it ended instead.
    pub(crate) async fn start(&mut self, nth: usize) -> Result<(), String> {
        let node = &mut self.nodes[nth];
        let config = node.config.display().to_string();
        let from = std::fs::metadata(&node.log).map_or(0, |m| m.len());
        let mut running = Running::start(
            &["serve", "--config", &config],
            &node.log,
            &self.environment,
        );
        let (begun, operations) = (instant(), node.operations);
        node.ahead = 0;
        loop {
            let answer = try_send(operations, "GET", "/readyz", &[], "").await;
            if answer.is_ok_and(|a| a.status == 200) {
                node.running = Some(running);
                return Ok(());
            }
            if running.has_ended() || begun.elapsed() > READY_MAX {
                let printed = running.printed();
                let from = usize::try_from(from).unwrap_or(0);
                return Err(printed.get(from..).unwrap_or(&printed).to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// kill -9 of a node; nothing to one that is down.
    pub(crate) fn kill(&mut self, nth: usize) {
        if let Some(mut running) = self.nodes[nth].running.take() {
            running.kill();
        }
    }

    /// SIGSTOP of a node.
    pub(crate) fn stop(&mut self, nth: usize) {
        if let Some(running) = &mut self.nodes[nth].running {
            running.signal("STOP");
        }
    }

    /// SIGCONT of a node.
    pub(crate) fn cont(&mut self, nth: usize) {
        if let Some(running) = &mut self.nodes[nth].running {
            running.signal("CONT");
        }
    }

    /// Drains every node; the exit code of each.
    pub(crate) fn drain(&mut self) -> Vec<Option<i32>> {
        let running = self.nodes.iter_mut().filter_map(|n| n.running.take());
        running.map(|mut r| r.terminate()).collect()
    }

    /// Nodes that ended by themselves since they were started.
    pub(crate) fn ended(&mut self) -> Vec<usize> {
        let nodes = self.nodes.iter_mut().enumerate();
        nodes
            .filter_map(|(nth, node)| node.running.as_mut()?.has_ended().then_some(nth))
            .collect()
    }

    /// What a node printed, all its lives together.
    pub(crate) fn printed(&self, nth: usize) -> String {
        let bytes = std::fs::read(&self.nodes[nth].log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Applications in the store, counted after the nodes have ended.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn stored(&self) -> Result<u64, String> {
        let options = SqliteConnectOptions::new().filename(self.data.join("tongban.sqlite"));
        let counted = async {
            let mut connection = SqliteConnection::connect_with(&options).await?;
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM application")
                .fetch_one(&mut connection)
                .await
        };
        let count = counted.await.map_err(|e: sqlx::Error| e.to_string())?;
        Ok(count.unsigned_abs())
    }

    /// Moves the clock of a node forward.
    pub(crate) async fn advance(&mut self, nth: usize, seconds: u32) {
        let node = &mut self.nodes[nth];
        let body = serde_json::json!({ "advance_seconds": seconds }).to_string();
        let headers = [("content-type", "application/json")];
        let moved = try_send(node.operations, "POST", "/ops/v1/clock", &headers, body).await;
        if moved.is_ok_and(|a| a.status == 200) {
            node.ahead += seconds;
            self.ahead_max = self.ahead_max.max(node.ahead);
        }
    }

    fn place(&self, kind: &str) -> usize {
        let place = self.partners.iter().position(|p| p.kind == kind);
        place.unwrap_or_default()
    }

    /// Starts a partner (again) at its address.
    pub(crate) async fn start_partner(&mut self, kind: &'static str) {
        let place = self.place(kind);
        let seed = self.setting.seed.to_string();
        // Partners call the first node; any node would do.
        let exchange = self.nodes[0].exchange.address;
        let arguments = [
            "--scenario",
            "correction",
            "--pace",
            PACE,
            "--seed",
            &seed,
            // Whoever sends an application twice has it registered twice: nothing but asking first protects the case.
            "--switch",
            "forgetful,phase=submit",
        ];
        let at = self.partners[place].address;
        let partner = Partner::start_at(at, kind, exchange, self.folder.path(), &arguments).await;
        self.partners[place].partner = Some(partner);
    }

    /// kill -9 of a partner.
    pub(crate) fn kill_partner(&mut self, kind: &str) {
        let place = self.place(kind);
        if let Some(mut partner) = self.partners[place].partner.take() {
            partner.running.kill();
        }
    }

    /// A partner that runs.
    pub(crate) fn partner(&self, kind: &str) -> Option<&Partner> {
        self.partners[self.place(kind)].partner.as_ref()
    }

    /// The proxy of a line to or from a node.
    pub(crate) fn line(&self, line: Line, nth: usize) -> &Proxy {
        match line {
            Line::Public => &self.nodes[nth].front,
            Line::Exchange => &self.nodes[nth].exchange,
            Line::Partner(kind) => &self.partners[self.place(kind)].line,
        }
    }

    /// Every line passes again.
    pub(crate) fn mend_lines(&self) {
        let nodes = self.nodes.iter().flat_map(|n| [&n.front, &n.exchange]);
        for line in nodes.chain(self.partners.iter().map(|p| &p.line)) {
            line.set(Link::Pass);
        }
    }

    /// Fills the disk to its last block; the file to be removed.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn fill_disk(&self) -> Result<Option<PathBuf>, String> {
        let Disk::Own(mounted) = &self.disk else {
            return Ok(None);
        };
        let path = mounted.join("filler");
        let mut file = File::create(&path).map_err(|e| e.to_string())?;
        for size in [1 << 20, 4096] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(Some(path))
    }

    /// Makes the disk read-only or writable; false when it cannot be done.
    pub(crate) fn set_read_only(&self, read_only: bool) -> bool {
        let Disk::Own(mounted) = &self.disk else {
            return false;
        };
        let options = if read_only {
            "remount,ro"
        } else {
            "remount,rw"
        };
        mount(&["-o", options, &mounted.display().to_string()]).is_ok()
    }
}

impl Topology {
    fn keep_logs(&self) -> std::io::Result<()> {
        let Some(kept) = &self.setting.logs else {
            return Ok(());
        };
        std::fs::create_dir_all(kept)?;
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "log" || e == "jsonl")
                && let Some(name) = path.file_name()
            {
                std::fs::copy(&path, kept.join(name))?;
            }
        }
        Ok(())
    }
}

impl Drop for Topology {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.running = None;
        }
        if let Err(error) = self.keep_logs() {
            eprintln!("the logs could not be kept: {error}");
        }
        if let Disk::Own(mounted) = &self.disk {
            let _ = Command::new("umount").arg("-l").arg(mounted).status();
        }
    }
}

async fn node(folder: &Path, data: &Path, nth: usize, more: &str) -> Result<Node, String> {
    let (public, exchange, operations) = (free_address(), free_address(), free_address());
    let config = folder.join(format!("node-{nth}.yaml"));
    let lease = LEASE.as_secs();
    let text = format!(
        "schema: tongban/config/1\n\
         data: {}\n\
         cores: 1\n\
         listeners:\n\
         \x20 public: {{ address: \"{public}\" }}\n\
         \x20 exchange: {{ address: \"{exchange}\" }}\n\
         \x20 operations: {{ address: \"{operations}\", operators_from: [127.0.0.0/8] }}\n\
         delivery: {{ tick: 50ms, lease: {lease}s }}\n\
         outbound: {{ allow: [127.0.0.0/8] }}\n\
         log: {{ format: json, filter: info }}\n{more}",
        data.display(),
    );
    std::fs::write(&config, text).map_err(|e| format!("{}: {e}", config.display()))?;
    Ok(Node {
        public,
        operations,
        config,
        log: folder.join(format!("node-{nth}.log")),
        front: Proxy::start(public).await,
        exchange: Proxy::start(exchange).await,
        running: None,
        ahead: 0,
    })
}

/// A small file system for the data of one node, where this may be mounted.
fn own_disk(folder: &Path, nodes: usize) -> Disk {
    if nodes > 1 {
        return Disk::Shared("the store is not on this disk".to_owned());
    }
    let mounted = folder.join("disk");
    if let Err(e) = std::fs::create_dir(&mounted) {
        return Disk::Shared(e.to_string());
    }
    let size = format!("size={DISK_BYTES}");
    match mount(&[
        "-t",
        "tmpfs",
        "-o",
        &size,
        "tmpfs",
        &mounted.display().to_string(),
    ]) {
        Ok(()) => Disk::Own(mounted),
        Err(words) => Disk::Shared(format!("no file system can be mounted here: {words}")),
    }
}

fn mount(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("mount")
        .args(arguments)
        .output()
        .map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

//! One node of a run: its addresses, its settings file, the proxies before and behind it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tongban_tests::http::try_send;
use tongban_tests::postgres::Server;
use tongban_tests::process::{Running, free_address, instant};
use tongban_tests::proxy::{Link, Proxy};

use crate::database::SCHEMA;

/// A node is ready within this time.
const READY_MAX: Duration = Duration::from_secs(60);

/// What the nodes of a run share.
pub(crate) struct Shared<'a> {
    /// The run's folder.
    pub(crate) folder: &'a Path,
    /// Lease of a delivery.
    pub(crate) lease: Duration,
    /// More sections of settings.
    pub(crate) more: &'a str,
    /// The database server, and the lease of a node on it.
    pub(crate) database: Option<(SocketAddr, Duration)>,
    /// The Redis between the nodes.
    pub(crate) redis: Option<SocketAddr>,
}

/// One node.
pub(crate) struct Node {
    /// Its name in the database.
    pub(crate) name: String,
    pub(crate) public: SocketAddr,
    pub(crate) operations: SocketAddr,
    pub(crate) config: PathBuf,
    pub(crate) data: PathBuf,
    log: PathBuf,
    /// Clients come in through this, partners through the next; the others lead to the database and to Redis.
    pub(crate) front: Proxy,
    pub(crate) exchange: Proxy,
    pub(crate) database: Option<Proxy>,
    pub(crate) redis: Option<Proxy>,
    pub(crate) running: Option<Running>,
    /// Seconds that its clock is ahead since its start.
    pub(crate) ahead: u32,
}

impl Node {
    /// Writes its settings; it does not run yet.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) async fn new(
        shared: &Shared<'_>,
        nth: usize,
        data: PathBuf,
    ) -> Result<Self, String> {
        let (public, exchange, operations) = (free_address(), free_address(), free_address());
        let (name, folder) = (format!("node-{nth}"), shared.folder);
        let mut text = format!(
            "schema: tongban/config/1\n\
             data: {}\n\
             cores: 1\n\
             listeners:\n\
             \x20 public: {{ address: \"{public}\" }}\n\
             \x20 exchange: {{ address: \"{exchange}\" }}\n\
             \x20 operations: {{ address: \"{operations}\", operators_from: [127.0.0.0/8] }}\n\
             delivery: {{ tick: 50ms, lease: {}s }}\n\
             outbound: {{ allow: [127.0.0.0/8] }}\n\
             log: {{ format: json, filter: info }}\n{}",
            data.display(),
            shared.lease.as_secs(),
            shared.more,
        );
        let mut database = None;
        if let Some((server, lease)) = shared.database {
            let line = Proxy::start(server).await;
            text.push_str(&format!(
                "store: {{ postgres: {{ url: \"{}\", schema: {SCHEMA}, node: {name}, lease: {}s, files: {} }} }}\n",
                Server::url_by(line.address),
                lease.as_secs(),
                folder.join("files").display(),
            ));
            database = Some(line);
        }
        let mut redis = None;
        if let Some(server) = shared.redis {
            let line = Proxy::start(server).await;
            text.push_str(&format!("redis: {{ url: \"redis://{}\" }}\n", line.address));
            redis = Some(line);
        }
        let config = folder.join(format!("{name}.yaml"));
        std::fs::write(&config, text).map_err(|e| format!("{}: {e}", config.display()))?;
        Ok(Self {
            public,
            operations,
            config,
            data,
            log: folder.join(format!("{name}.log")),
            name,
            front: Proxy::start(public).await,
            exchange: Proxy::start(exchange).await,
            database,
            redis,
            running: None,
            ahead: 0,
        })
    }

    /// Starts it and waits until it is ready. It finds its database, whatever was the matter with the line before.
    ///
    /// # Errors
    /// What it printed when it ended instead.
    pub(crate) async fn start(
        &mut self,
        environment: &[(&'static str, String)],
    ) -> Result<(), String> {
        if let Some(line) = &self.database {
            line.set(Link::Pass);
        }
        let config = self.config.display().to_string();
        let from = std::fs::metadata(&self.log).map_or(0, |m| m.len());
        let mut running = Running::start(&["serve", "--config", &config], &self.log, environment);
        let begun = instant();
        self.ahead = 0;
        loop {
            let answer = try_send(self.operations, "GET", "/readyz", &[], "").await;
            if answer.is_ok_and(|a| a.status == 200) {
                self.running = Some(running);
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

    /// Every line passes again.
    pub(crate) fn mend(&self) {
        let lines = [&self.front, &self.exchange];
        for line in lines.into_iter().chain(&self.database).chain(&self.redis) {
            line.set(Link::Pass);
        }
    }

    /// What it printed, all its lives together.
    pub(crate) fn printed(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

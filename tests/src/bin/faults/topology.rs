//! What is run and what can be done to it: gateways on one store, their partners, the lines between them, what lies below.
//!
//! One node on the embedded store, or up to four on a PostgreSQL server of the run's own. Nodes have fixed addresses, settings files of
//! their own and a line each to whatever they talk to.

use crate::database::Database;
use crate::disk::Disk;
use crate::node::{Node, Shared};
use crate::partners::PartnerPlace;
use crate::plan::Line;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tongban_tests::hall::{REST_KEY, SOAP_IDENTIFY, XML_TOKEN, words};
use tongban_tests::http::try_send;
use tongban_tests::power_cut::PowerCut;
use tongban_tests::process::run_with;
use tongban_tests::proxy::{Link, Proxy};
use tongban_tests::redis::Redis;
use tongban_tests::sources;

/// Leases of the run on the embedded store: twice a definition's total time-out, short enough that a stop outlasts them.
const LEASE: Duration = Duration::from_secs(4);
/// Leases of deliveries with several nodes: much longer than a node's, so that what a node leaves is taken over because it is gone.
const LEASE_AMONG_NODES: Duration = Duration::from_secs(20);
/// Clocks of nodes agree to within this many seconds: well within a lease, as docs/operations/cluster.md asks.
const APART_MAX: u32 = 5;
/// How long the definitions of the run wait for a silent partner, and in all.
const WAITS: (&str, &str) = ("1s", "2s");

/// The store of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StoreKind {
    /// The embedded store: one node.
    Sqlite,
    /// A PostgreSQL server of the run's own.
    Postgres,
}

impl StoreKind {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// What a disk does when its power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PowerCuts {
    /// It loses what was not synced.
    Unsynced,
    /// It loses all that was written since the node's start: no sync was one.
    Everything,
}

/// How a run is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Seed of the partners.
    pub(crate) seed: u64,
    /// Which store.
    pub(crate) store: StoreKind,
    /// Nodes on one store.
    pub(crate) nodes: usize,
    /// A node silent for so long is gone; with several nodes only.
    pub(crate) node_lease: Duration,
    /// A Redis of the run's own stands between the nodes.
    pub(crate) redis: bool,
    /// Every kill of a node cuts the power of its disk too.
    pub(crate) power_cuts: Option<PowerCuts>,
    /// More sections of settings for every node.
    pub(crate) settings: String,
    /// Where logs go; absent: they are gone with the run.
    pub(crate) logs: Option<PathBuf>,
}

impl Setting {
    /// After so long without a word a node has lost what it had.
    pub(crate) fn lease(&self) -> Duration {
        match self.store {
            StoreKind::Sqlite => LEASE,
            StoreKind::Postgres => self.node_lease,
        }
    }
}

/// Everything that runs. Ends with its owner.
pub(crate) struct Topology {
    pub(crate) nodes: Vec<Node>,
    pub(crate) partners: Vec<PartnerPlace>,
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) disk: Disk,
    pub(crate) database: Option<Database>,
    pub(crate) redis: Option<Redis>,
    power: Option<PowerCut>,
    /// Changes of files that power cuts took back.
    pub(crate) taken_back: u64,
    random: StdRng,
    /// The furthest that any clock was ahead.
    pub(crate) ahead_max: u32,
    pub(crate) setting: Setting,
    pub(crate) folder: TempDir,
}

impl Topology {
    /// Starts partners, applies the configuration, starts the nodes.
    ///
    /// # Errors
    /// What could not be started.
    pub(crate) async fn open(setting: Setting) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| format!("no folder: {e}"))?;
        let (disk, database) = match setting.store {
            StoreKind::Sqlite if setting.power_cuts.is_some() => (
                Disk::Shared("it loses what was not synced instead".to_owned()),
                None,
            ),
            StoreKind::Sqlite => (Disk::own(folder.path()), None),
            StoreKind::Postgres => (
                Disk::Shared("the store is not on the node's disk".to_owned()),
                Some(Database::start().await?),
            ),
        };
        let redis = match setting.redis {
            true => Some(Redis::start(&[]).await),
            false => None,
        };
        let shared = Shared {
            folder: folder.path(),
            lease: match setting.store {
                StoreKind::Sqlite => LEASE,
                StoreKind::Postgres => LEASE_AMONG_NODES,
            },
            more: &setting.settings,
            database: database
                .as_ref()
                .map(|d| (d.server().address(), setting.node_lease)),
            redis: redis.as_ref().map(|redis| redis.address),
        };
        let mut nodes = Vec::new();
        for nth in 0..setting.nodes {
            let data = match nth {
                0 => disk.data(folder.path()),
                nth => folder.path().join(format!("data-{nth}")),
            };
            nodes.push(Node::new(&shared, nth, data).await?);
        }
        let power = setting
            .power_cuts
            .map(|cuts| {
                let ignores_syncs = cuts == PowerCuts::Everything;
                PowerCut::prepare(folder.path(), &nodes[0].data, ignores_syncs)
            })
            .transpose()?;
        let mut topology = Self {
            nodes,
            partners: Vec::new(),
            environment: vec![
                ("GD_EXPLOSIVES_CALLBACK_KEY", REST_KEY.to_owned()),
                ("ZHUHAI_PLATFORM_IDENTIFY", SOAP_IDENTIFY.to_owned()),
                ("NATIONAL_RADIO_TOKEN", XML_TOKEN.to_owned()),
                ("NATIONAL_RADIO_POLL", "300ms".to_owned()),
            ],
            disk,
            database,
            redis,
            power,
            taken_back: 0,
            random: StdRng::seed_from_u64(setting.seed ^ 0xd15c),
            ahead_max: 0,
            setting,
            folder,
        };
        topology.open_partners().await;
        topology.apply()?;
        topology.share_the_key()?;
        for nth in 0..topology.nodes.len() {
            topology.start(nth).await?;
        }
        Ok(topology)
    }

    /// Every node has the master key that the first one made.
    fn share_the_key(&self) -> Result<(), String> {
        let key = |data: &Path| data.join("master.key");
        for node in self.nodes.iter().skip(1) {
            std::fs::create_dir_all(&node.data)
                .and_then(|()| std::fs::copy(key(&self.nodes[0].data), key(&node.data)))
                .map_err(|e| format!("the master key is not shared: {e}"))?;
        }
        Ok(())
    }

    fn apply(&self) -> Result<(), String> {
        let sources = sources::edited(self.folder.path(), &|_, text| {
            sources::hastened(&text, WAITS.0, WAITS.1)
        });
        let config = self.nodes[0].config.display().to_string();
        // The proxies carry on meanwhile.
        let applied = tokio::task::block_in_place(|| {
            run_with(&["apply", &sources, "--config", &config], &self.environment)
        });
        match applied.status.success() {
            true => Ok(()),
            false => Err(format!("apply failed: {}", words(&applied))),
        }
    }

    /// The name of the store.
    pub(crate) fn store(&self) -> &'static str {
        self.setting.store.name()
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
        let mut environment = self.environment.clone();
        environment.extend(self.power.iter().flat_map(PowerCut::environment));
        self.nodes[nth].start(&environment).await
    }

    /// The name of a node in the database.
    pub(crate) fn name(&self, nth: usize) -> &str {
        &self.nodes[nth].name
    }

    /// kill -9 of a node, and of its disk where that is asked for; nothing to one that is down.
    ///
    /// # Errors
    /// The disk cannot be put back to what was synced.
    pub(crate) fn kill(&mut self, nth: usize) -> Result<(), String> {
        let Some(mut running) = self.nodes[nth].running.take() else {
            return Ok(());
        };
        tokio::task::block_in_place(|| running.kill());
        if let Some(power) = &self.power {
            // As often all of it is lost as only what came last.
            let spared = match self.random.random_range(0..2) {
                0 => 0.0,
                _ => self.random.random_range(0.0..1.0),
            };
            self.taken_back += power.cut(spared)?.changes;
        }
        Ok(())
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
        // What they still write goes through the proxies, which carry on meanwhile.
        tokio::task::block_in_place(|| running.map(|mut r| r.terminate()).collect())
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
        self.nodes[nth].printed()
    }

    /// Applications in the store, counted after the nodes have ended.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn stored(&self) -> Result<u64, String> {
        if let Some(database) = &self.database {
            return database.stored().await;
        }
        let file = self.nodes[0].data.join("tongban.sqlite");
        let options = SqliteConnectOptions::new().filename(file);
        let counted = async {
            let mut connection = SqliteConnection::connect_with(&options).await?;
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM application")
                .fetch_one(&mut connection)
                .await
        };
        let count = counted.await.map_err(|e: sqlx::Error| e.to_string())?;
        Ok(count.unsigned_abs())
    }

    /// How far a node's clock may jump: among several nodes they stay together.
    pub(crate) fn room_to_jump(&self, nth: usize) -> u32 {
        match self.nodes.len() {
            1 => u32::MAX,
            _ => APART_MAX.saturating_sub(self.nodes[nth].ahead),
        }
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

    /// The proxy of a line to or from a node.
    pub(crate) fn line(&self, line: Line, nth: usize) -> &Proxy {
        match line {
            Line::Public => &self.nodes[nth].front,
            Line::Exchange => &self.nodes[nth].exchange,
            Line::Partner(kind) => &self.partners[self.place(kind)].line,
            // Without a database nothing is planned for its line.
            Line::Database => self.nodes[nth]
                .database
                .as_ref()
                .unwrap_or(&self.nodes[nth].front),
            // Nor without a Redis.
            Line::Redis => self.nodes[nth]
                .redis
                .as_ref()
                .unwrap_or(&self.nodes[nth].front),
        }
    }

    /// Connections to the database that were cut on their way.
    pub(crate) fn database_cuts(&self) -> u64 {
        let lines = self.nodes.iter().filter_map(|n| n.database.as_ref());
        lines.map(Proxy::cuts).sum()
    }

    /// Connections to Redis that were cut on their way.
    pub(crate) fn redis_cuts(&self) -> u64 {
        let lines = self.nodes.iter().filter_map(|n| n.redis.as_ref());
        lines.map(Proxy::cuts).sum()
    }

    /// Every line passes again.
    pub(crate) fn mend_lines(&self) {
        self.nodes.iter().for_each(Node::mend);
        for partner in &self.partners {
            partner.line.set(Link::Pass);
        }
    }
}

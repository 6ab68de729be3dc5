//! Simulated partner systems (`tongban simulate`): real little servers that speak the wire of `docs/dialects.md`, each on its own socket.
//!
//! They know nothing of the gateway: no room of it and nothing of `tongban_adapters` is used here, so that a case that goes through
//! both proves something. A simulator keeps cases, takes them through the [`Scenario`] of its kind, reports to the gateway's exchange,
//! and misbehaves as its [`Switch`]es say. Every random choice comes from the seed. `/_control/…` (`control.rs`) lets tests look and steer.
//! There is no access control on it: a simulator is for loopback and test networks.

mod arguments;
mod book;
mod cases;
mod clock;
mod control;
mod course;
mod delivery;
mod department;
mod dialect;
mod document;
mod exchange;
mod form;
mod guangdong;
mod journal;
mod occasions;
mod platform;
mod runner;
mod server;
mod switches;
#[cfg(test)]
mod tests;
mod vertical;
mod xml;

pub use arguments::{SimulateArguments, simulate};
pub use course::Scenario;
pub use occasions::{listed, never};
pub use switches::{Fault, Phase, Switch, SwitchError};

use book::CaseBook;
use clock::PartnerClock;
use dialect::Dialect;
use exchange::Exchange;
use journal::Journal;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use switches::Switchboard;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Which partner is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SimulatorKind {
    /// A department's system: form and JSON.
    Rest,
    /// A city intake platform: SOAP 1.1.
    Soap,
    /// A national vertical system: XML in GBK, polled.
    Xml,
}

impl SimulatorKind {
    /// The system id under which `config/systems` registers the demonstration partner.
    #[must_use]
    pub fn system_id(self) -> &'static str {
        match self {
            Self::Rest => "gd-explosives",
            Self::Soap => "zhuhai-platform",
            Self::Xml => "national-radio",
        }
    }

    /// Its default address.
    #[must_use]
    pub fn listen(self) -> SocketAddr {
        let port = match self {
            Self::Rest => 7101,
            Self::Soap => 7102,
            Self::Xml => 7103,
        };
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// The sample credential of `docs/dialects.md`: `x-api-key`, `identify` or `accessToken`.
    #[must_use]
    pub fn sample_credential(self) -> &'static str {
        match self {
            Self::Rest => "rest-sample-key",
            Self::Soap => "soap-sample-identify",
            Self::Xml => "xml-sample-token",
        }
    }
}

/// How a simulator runs. [`SimulatorOptions::new`] has the defaults of its kind.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Which partner.
    pub kind: SimulatorKind,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base of its system at the gateway's exchange, `http://host:port/exchange/v1/systems/{id}/` (`{id}` is filled in). Absent: nobody is told.
    pub callback: Option<String>,
    /// Its id at the gateway.
    pub system_id: String,
    /// `x-api-key`, `identify` or `accessToken`.
    pub credential: String,
    /// Time between two steps of a case; everything else (retries a second apart at 1.5 s) scales with it.
    pub pace: Duration,
    /// The course of its cases.
    pub scenario: Scenario,
    /// What goes wrong from the start.
    pub switches: Vec<Switch>,
    /// Where cases are written down as JSON lines, so that a restart remembers.
    pub state_file: Option<PathBuf>,
    /// Seed of every random choice.
    pub seed: u64,
}

impl SimulatorOptions {
    /// The defaults of a kind: its address, id and sample credential, standard course, a step each 1.5 s, nothing wrong.
    #[must_use]
    pub fn new(kind: SimulatorKind) -> Self {
        Self {
            kind,
            listen: kind.listen(),
            callback: None,
            system_id: kind.system_id().to_owned(),
            credential: kind.sample_credential().to_owned(),
            pace: Duration::from_millis(1_500),
            scenario: Scenario::Standard,
            switches: Vec::new(),
            state_file: None,
            seed: 20_170_605,
        }
    }
}

/// Why a simulator does not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address is taken or not ours.
    #[error(
        "the simulator cannot listen on {address}: {source}; choose another address with --listen"
    )]
    Listen {
        /// Where it tried.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The callback is no http address.
    #[error(
        "the simulator cannot call back to `{callback}`: {reason}; write e.g. http://127.0.0.1:8090/exchange/v1/systems/{{id}}/"
    )]
    Callback {
        /// What was given.
        callback: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The state file cannot be read or written.
    #[error(
        "the simulator cannot use the state file {path}: {source}; name a file in a folder that it may write"
    )]
    StateFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its task ended by itself.
    #[error("the simulator stopped unexpectedly: {0}")]
    Stopped(String),
}

/// A simulator that runs.
#[derive(Debug)]
pub struct RunningSimulator {
    address: SocketAddr,
    task: JoinHandle<Result<(), SimulatorError>>,
}

impl RunningSimulator {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has stopped (after the shutdown token was cancelled).
    ///
    /// # Errors
    /// [`SimulatorError`] if it stopped for another reason.
    pub async fn join(self) -> Result<(), SimulatorError> {
        self.task
            .await
            .map_err(|error| SimulatorError::Stopped(error.to_string()))?
    }
}

/// A closed listener, ordered by a switch.
#[derive(Debug, Clone, Copy)]
struct Outage {
    duration: Duration,
    /// Whether the process goes away too, or only its listener.
    restart: bool,
}

/// Everything that the server, the runner and the controls share.
struct Simulator {
    options: SimulatorOptions,
    dialect: Box<dyn Dialect>,
    clock: PartnerClock,
    switches: Mutex<Switchboard>,
    book: Mutex<CaseBook>,
    journal: Mutex<Journal>,
    exchange: Option<Exchange>,
    outages: mpsc::Sender<Outage>,
    /// Cases that a task is taking through their course; the token ends those tasks.
    running: Mutex<HashSet<String>>,
    life: Mutex<CancellationToken>,
    tasks: TaskTracker,
}

/// Starts a simulator; it runs until `shutdown` is cancelled.
///
/// # Errors
/// [`SimulatorError`] if the address, the callback or the state file cannot be used.
pub async fn serve(
    options: SimulatorOptions,
    shutdown: CancellationToken,
) -> Result<RunningSimulator, SimulatorError> {
    let failed = |source| SimulatorError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let exchange = options
        .callback
        .as_deref()
        .map(|base| Exchange::new(base, &options.system_id))
        .transpose()?;
    let mut book = CaseBook::new(options.kind, options.scenario);
    let journal = Journal::open(options.state_file.as_deref(), &mut book)?;
    let (outages, ordered) = mpsc::channel(4);
    let credential = options.credential.clone();
    let simulator = Arc::new(Simulator {
        dialect: match options.kind {
            SimulatorKind::Rest => Box::new(department::Department {
                api_key: credential,
            }),
            SimulatorKind::Soap => Box::new(platform::Platform {
                identify: credential,
                authority: address.to_string(),
            }),
            SimulatorKind::Xml => Box::new(vertical::Vertical {
                access_token: credential,
            }),
        },
        clock: PartnerClock::default(),
        switches: Mutex::new(Switchboard::new(options.seed, options.switches.clone())),
        book: Mutex::new(book),
        journal: Mutex::new(journal),
        exchange,
        outages,
        running: Mutex::new(HashSet::new()),
        life: Mutex::new(CancellationToken::new()),
        tasks: TaskTracker::new(),
        options,
    });
    let task = tokio::spawn(server::run(simulator, listener, ordered, shutdown));
    Ok(RunningSimulator { address, task })
}

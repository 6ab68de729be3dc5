//! `tongban simulate KIND …`: the command line of a simulator by itself.

use super::occasions;
use super::switches::{Switch, duration};
use super::{Scenario, SimulatorError, SimulatorKind, SimulatorOptions, serve};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Runs one simulated partner system until Ctrl-C.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  tongban simulate rest --callback http://127.0.0.1:8090/exchange/v1/systems/{id}/
  tongban simulate soap --listen 127.0.0.1:7102 --scenario correction --pace 500ms
  tongban simulate xml --switch slow=2s,phase=query --switch drop=0.3 --seed 7 --state-file data/radio.jsonl

Switches: NAME[=DURATION or RATE][,phase=P][,times=N][,skip=N][,rate=R][,for=DURATION]
  names:  slow refuse refuse_connection restart drop drop_before twice late garbage wrong_codes
          out_of_order conflicting_duplicate mute http500 forgetful
  phases: number submit query supplement withdraw feedback pull document
  where each can happen at a kind: tongban simulate KIND --list-switches (JSON)
The wire is described in docs/dialects.md. While it runs: GET /_control/cases, POST /_control/switches, /clock, /event, /mend.")]
pub struct SimulateArguments {
    /// Which partner: a department (rest), a city platform (soap), a national vertical system (xml).
    #[arg(value_enum)]
    pub kind: SimulatorKind,
    /// Where it listens [default: 127.0.0.1:7101, 7102 or 7103 by kind].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Base of its system at the gateway's exchange; {id} is filled in. Without it nobody is told of anything.
    #[arg(long, value_name = "URL")]
    pub callback: Option<String>,
    /// Its id at the gateway [default: gd-explosives, zhuhai-platform or national-radio by kind].
    #[arg(long, value_name = "ID")]
    pub system_id: Option<String>,
    /// x-api-key, identify or accessToken [default: the sample value of docs/dialects.md].
    #[arg(long, value_name = "TEXT")]
    pub credential: Option<String>,
    /// Time between two steps of a case, e.g. 250ms or 1.5s.
    #[arg(long, value_name = "DURATION", default_value = "1.5s", value_parser = duration)]
    pub pace: Duration,
    /// The course that its cases take.
    #[arg(long, value_enum, default_value = "standard")]
    pub scenario: Scenario,
    /// Something that goes wrong, e.g. slow=2s or drop=0.3; may be given several times.
    #[arg(long = "switch", value_name = "SWITCH")]
    pub switches: Vec<Switch>,
    /// Where cases are written down (JSON lines), so that a restart remembers.
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
    /// Seed of every random choice.
    #[arg(long, value_name = "N", default_value_t = 20_170_605)]
    pub seed: u64,
    /// Print as JSON which switch can happen in which phase of this kind, and why the others cannot; then stop.
    #[arg(long)]
    pub list_switches: bool,
}

impl From<SimulateArguments> for SimulatorOptions {
    fn from(arguments: SimulateArguments) -> Self {
        let usual = Self::new(arguments.kind);
        Self {
            kind: arguments.kind,
            listen: arguments.listen.unwrap_or(usual.listen),
            callback: arguments.callback,
            system_id: arguments.system_id.unwrap_or(usual.system_id),
            credential: arguments.credential.unwrap_or(usual.credential),
            pace: arguments.pace,
            scenario: arguments.scenario,
            switches: arguments.switches,
            state_file: arguments.state_file,
            seed: arguments.seed,
        }
    }
}

/// Runs a simulator until Ctrl-C; prints where it listens and its seed.
///
/// # Errors
/// [`SimulatorError`] if it cannot start or stops by itself.
pub async fn simulate(arguments: SimulateArguments) -> Result<(), SimulatorError> {
    if arguments.list_switches {
        println!("{}", occasions::listed(arguments.kind));
        return Ok(());
    }
    let options = SimulatorOptions::from(arguments);
    let (kind, seed) = (options.kind, options.seed);
    let shutdown = CancellationToken::new();
    let running = serve(options, shutdown.clone()).await?;
    let address = running.address();
    println!(
        "simulator {kind:?} ({}) on http://{address}, seed {seed}",
        kind.system_id()
    );
    println!("cases: http://{address}/_control/cases   stop: Ctrl-C");
    let mut stopped = std::pin::pin!(running.join());
    tokio::select! {
        ended = &mut stopped => ended,
        _ = tokio::signal::ctrl_c() => {
            shutdown.cancel();
            stopped.await
        }
    }
}

//! The demo's three partners: the simulators, each a server on a loopback socket of its own.

use super::free_or_any;
use crate::cli::CommandError;
use crate::simulator::{RunningSimulator, SimulatorKind, SimulatorOptions, serve};
use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time between two steps of a case: slow enough to watch, fast enough for a minute.
const PACE: Duration = Duration::from_millis(900);
/// How often the national system is asked about its cases.
const POLL_EVERY: &str = "1s";

/// Where each partner will listen.
pub(super) struct Addresses {
    of: Vec<(SimulatorKind, SocketAddr)>,
}

/// Chooses the partners' usual ports, or free ones where those are taken.
///
/// # Errors
/// [`CommandError::Failed`] when the machine gives no port.
pub(super) fn choose_addresses() -> Result<Addresses, CommandError> {
    let kinds = [SimulatorKind::Rest, SimulatorKind::Soap, SimulatorKind::Xml];
    let of = kinds.map(|kind| {
        let usual = free_or_any(SimulatorOptions::new(kind).listen);
        // A port that the system chose is looked up now, so that the definitions can name it.
        let bound = TcpListener::bind(usual).and_then(|socket| socket.local_addr());
        bound.map(|address| (kind, address))
    });
    let of = of.into_iter().collect::<Result<Vec<_>, _>>();
    Ok(Addresses {
        of: of.map_err(|e| CommandError::Failed(format!("no port for a partner: {e}")))?,
    })
}

impl Addresses {
    /// What the definitions' variables are in the demo.
    pub(super) fn variables(&self) -> HashMap<String, String> {
        let endpoint = |kind: SimulatorKind| match kind {
            SimulatorKind::Rest => "GD_EXPLOSIVES_ENDPOINT",
            SimulatorKind::Soap => "ZHUHAI_PLATFORM_ENDPOINT",
            SimulatorKind::Xml => "NATIONAL_RADIO_ENDPOINT",
        };
        let mut variables: HashMap<String, String> = self
            .of
            .iter()
            .map(|(kind, at)| (endpoint(*kind).to_owned(), format!("http://{at}")))
            .collect();
        variables.insert("NATIONAL_RADIO_POLL".to_owned(), POLL_EVERY.to_owned());
        variables
    }
}

/// The running partners.
pub(super) struct Partners {
    running: Vec<(SimulatorKind, RunningSimulator)>,
    stop: CancellationToken,
}

impl Partners {
    /// Starts all three; they call back to the gateway's exchange listener.
    ///
    /// # Errors
    /// [`CommandError::Failed`] when one cannot start.
    pub(super) async fn start(
        addresses: &Addresses,
        exchange: SocketAddr,
    ) -> Result<Self, CommandError> {
        let stop = CancellationToken::new();
        let mut running = Vec::new();
        for (kind, listen) in &addresses.of {
            let usual = SimulatorOptions::new(*kind);
            let options = SimulatorOptions {
                listen: *listen,
                callback: Some(format!(
                    "http://{exchange}/exchange/v1/systems/{}/",
                    usual.system_id
                )),
                pace: PACE,
                ..usual
            };
            let simulator = serve(options, stop.clone())
                .await
                .map_err(CommandError::failed)?;
            running.push((*kind, simulator));
        }
        Ok(Self { running, stop })
    }

    /// What is printed of them: name, protocol, address.
    pub(super) fn described(&self) -> Vec<(&'static str, &'static str, SocketAddr)> {
        let name = |kind: SimulatorKind| match kind {
            SimulatorKind::Rest => ("省民用爆炸物品管理系统", "REST"),
            SimulatorKind::Soap => ("珠海市统一申办受理平台", "SOAP"),
            SimulatorKind::Xml => ("国家无线电管理垂直系统", "XML"),
        };
        self.running
            .iter()
            .map(|(kind, running)| (name(*kind).0, name(*kind).1, running.address()))
            .collect()
    }

    /// Ends them.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        for (_, running) in self.running {
            if let Err(error) = running.join().await {
                tracing::warn!(%error, "a simulated partner ended with an error");
            }
        }
    }
}

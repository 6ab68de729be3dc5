//! The partners of a run: a process of each kind, its line, its end and its return.

use crate::plan::PARTNERS;
use crate::topology::Topology;
use std::net::SocketAddr;
use tongban_tests::process::{Partner, free_address};
use tongban_tests::proxy::Proxy;

/// Partners are this fast.
const PACE: &str = "40ms";

/// A partner, its address and the line to it.
pub(crate) struct PartnerPlace {
    kind: &'static str,
    address: SocketAddr,
    pub(crate) line: Proxy,
    partner: Option<Partner>,
}

impl Topology {
    /// Starts one of each kind, each behind a line of its own.
    pub(crate) async fn open_partners(&mut self) {
        let variables = [
            "GD_EXPLOSIVES_ENDPOINT",
            "ZHUHAI_PLATFORM_ENDPOINT",
            "NATIONAL_RADIO_ENDPOINT",
        ];
        for (kind, variable) in PARTNERS.into_iter().zip(variables) {
            let address = free_address();
            let line = Proxy::start(address).await;
            self.environment
                .push((variable, format!("http://{}", line.address)));
            self.partners.push(PartnerPlace {
                kind,
                address,
                line,
                partner: None,
            });
        }
        for kind in PARTNERS {
            self.start_partner(kind).await;
        }
    }

    pub(crate) fn place(&self, kind: &str) -> usize {
        let place = self.partners.iter().position(|p| p.kind == kind);
        place.unwrap_or_default()
    }

    /// Starts a partner (again) at its address.
    pub(crate) async fn start_partner(&mut self, kind: &'static str) {
        let place = self.place(kind);
        let seed = self.setting.seed.to_string();
        // Each partner calls another node, as far as there are others; any would do.
        let exchange = self.nodes[place % self.nodes.len()].exchange.address;
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
}

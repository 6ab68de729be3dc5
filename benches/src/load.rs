//! The load of the benches: the generator of `tongban load`, prepared once and measured round by round.

use crate::Failure;
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::load::Operation;
use tongban_gateway::load::live::Audience;
use tongban_gateway::load::operation::Mix;
use tongban_gateway::load::report::Report;
use tongban_gateway::load::run::{Prepared, prepare};
use tongban_gateway::load::schedule::{Arrivals, Plan};
use tongban_gateway::load::settings::{Loop, Settings};
use tongban_gateway::load::target::Target;

/// A measurement with more faults than one in so many answers is none.
const FAULTS_ONE_IN: u64 = 1_000;

/// What became of a load.
pub(crate) struct Outcome {
    /// Answers as expected.
    pub(crate) answers: u64,
    /// Other answers, and requests without one.
    pub(crate) faults: u64,
    /// Answers a second.
    pub(crate) rate: f64,
    /// Response time of an open loop, service time of a closed one.
    pub(crate) p50_ms: f64,
    /// The same.
    pub(crate) p99_ms: f64,
    /// How late the client itself was at p99.9; 0 for a closed loop, which has no due times.
    pub(crate) client_late_p999_ms: f64,
}

/// Something that is called, ready to be called.
pub(crate) struct Load {
    prepared: Prepared,
}

impl Load {
    /// Applications for all items of the gateway at `address`.
    pub(crate) async fn of_applications(
        address: SocketAddr,
        connections: usize,
    ) -> Result<Self, Failure> {
        Self::of(address, Operation::Application, Vec::new(), connections).await
    }

    /// `GET` of these paths in turn.
    pub(crate) async fn of_paths(
        address: SocketAddr,
        paths: Vec<String>,
        connections: usize,
    ) -> Result<Self, Failure> {
        Self::of(address, Operation::PassThrough, paths, connections).await
    }

    async fn of(
        address: SocketAddr,
        operation: Operation,
        paths: Vec<String>,
        connections: usize,
    ) -> Result<Self, Failure> {
        let target = Target::parse(&format!("http://{address}"))?;
        let pace = Loop::Closed {
            duration: Duration::from_secs(1),
        };
        let mut settings = Settings::new(target, Mix::only(operation), pace);
        settings.connections = connections;
        settings.paths = paths;
        let (clock, entropy, stop) = (Clock::system(), Entropy::system(), CancellationToken::new());
        let prepared = prepare(settings, &clock, &entropy, Audience::Nobody, &stop).await?;
        Ok(Self { prepared })
    }

    /// The same with another number of connections.
    pub(crate) fn with_connections(self, connections: usize) -> Self {
        Self {
            prepared: self.prepared.with_connections(connections),
        }
    }

    /// As fast as the connections get answers, for `time`: throughput.
    pub(crate) async fn closed_loop(&self, time: Duration) -> Result<Outcome, Failure> {
        let report = self
            .prepared
            .measure(Loop::Closed { duration: time })
            .await?;
        outcome(&report)
    }

    /// `rate` requests a second for `time`, each at its time: latency.
    pub(crate) async fn open_loop(&self, time: Duration, rate: f64) -> Result<Outcome, Failure> {
        let plan = Plan::steady(rate.max(1.0), time, Arrivals::Constant);
        let report = self.prepared.measure(Loop::Open(plan)).await?;
        if report.never_sent > 0 {
            return Err("the open loop fell too far behind: the rate cannot be kept".into());
        }
        outcome(&report)
    }
}

fn outcome(report: &Report) -> Result<Outcome, Failure> {
    let throttled: u64 = report.throttled.values().map(|t| t.count).sum();
    let faults = report.faults + throttled;
    if let Some(breach) = &report.breach {
        return Err(breach.clone().into());
    }
    if faults * FAULTS_ONE_IN > report.answered {
        let words = report.first_faults.first().cloned().unwrap_or_default();
        let answered = report.answered;
        return Err(
            format!("{faults} faults beside {answered} answers; the first: {words}").into(),
        );
    }
    let times = report.response_ms.or(report.service_ms);
    let client = &report.client;
    let late = [&client.timer_lateness_ms, &client.send_lateness_ms];
    Ok(Outcome {
        answers: report.answered,
        faults,
        rate: report.achieved_per_s,
        p50_ms: times.map_or(0.0, |times| times.p50),
        p99_ms: times.map_or(0.0, |times| times.p99),
        client_late_p999_ms: late
            .into_iter()
            .flatten()
            .map(|l| l.p999)
            .fold(0.0, f64::max),
    })
}

//! Pass-through: requests a second and CPU time a request through the gateway, beside the back end without it.

use crate::installation::{SYSTEMS, Serving, system_id};
use crate::intake::OPEN_SHARE;
use crate::load::{Load, Outcome};
use crate::process::Process;
use crate::statistics::{median, per_one, rounded};
use crate::{Failure, Plan};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// Connections, all kept alive.
pub(crate) const CONNECTIONS: usize = 64;
/// Bytes of an answer's body: 0.9 KiB.
const ANSWER_BYTES: usize = 922;
/// The word that makes this program a back end.
pub(crate) const BACK_END: &str = "back-end";

/// The word that makes this program a partner that takes every application at once.
pub(crate) const PARTNER: &str = "instant-partner";

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct PassthroughFigures {
    /// Through the gateway.
    pub(crate) tongban: Side,
    /// The back end alone.
    pub(crate) bare: Side,
    /// Requests a second of both open loops.
    pub(crate) open_per_s: f64,
    /// Answers that were no 200, and requests without an answer.
    pub(crate) faults: u64,
}

/// One side; medians of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    /// Requests a second, closed loop.
    pub(crate) rps: f64,
    /// CPU time for one request: of the gateway, or of the back end when it is alone.
    pub(crate) cpu_us: f64,
    /// Open loop.
    pub(crate) p50_ms: f64,
    /// Open loop.
    pub(crate) p99_ms: f64,
    /// How late the client itself was in the open loop, at p99.9.
    pub(crate) client_late_p999_ms: f64,
    /// Memory at the end, MiB.
    pub(crate) rss_mib: f64,
    /// Requests a second of each round.
    pub(crate) rounds: Vec<f64>,
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

/// Starts the back end as a process of its own; it ends when this program does.
pub(crate) async fn start_back_end(folder: &Path) -> Result<(Process, SocketAddr), Failure> {
    start(folder, BACK_END).await
}

/// Starts the partner that takes everything at once, as a process of its own.
pub(crate) async fn start_partner(folder: &Path) -> Result<(Process, SocketAddr), Failure> {
    start(folder, PARTNER).await
}

async fn start(folder: &Path, word: &str) -> Result<(Process, SocketAddr), Failure> {
    let log = folder.join(format!("{word}.log"));
    let mut process = Process::start(&std::env::current_exe()?, &[word], &log)?;
    let address = process.address(word).await?;
    Ok((process, address))
}

/// The back end: 200 and 0.9 KiB for every request, until its standard input ends.
pub(crate) async fn serve_back_end() -> Result<(), Failure> {
    serve(BACK_END, Bytes::from(vec![b'x'; ANSWER_BYTES])).await
}

/// The partner: `ok` for every request.
pub(crate) async fn serve_partner() -> Result<(), Failure> {
    serve(PARTNER, Bytes::from_static(b"ok")).await
}

async fn serve(word: &str, body: Bytes) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{word} http://{}", listener.local_addr()?);
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let body = body.clone();
            let answer = service_fn(move |request: Request<Incoming>| {
                let body = body.clone();
                async move {
                    // What was sent is taken whole before it is acknowledged.
                    let _ = request.into_body().collect().await;
                    Ok::<_, Infallible>(Response::new(Full::new(body)))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    };
    let mut input = tokio::io::stdin();
    let mut rest = Vec::new();
    tokio::select! {
        failed = accept => failed,
        _ = input.read_to_end(&mut rest) => Ok(()),
    }
}

/// Measures a serving gateway and the back end that its systems are at.
pub(crate) async fn measure(
    plan: &Plan,
    serving: &Serving,
    back_end: &Process,
    address: SocketAddr,
) -> Result<PassthroughFigures, Failure> {
    let paths = (0..SYSTEMS).map(|number| format!("/systems/{}/reply", system_id(number)));
    let through = Load::of_paths(serving.public, paths.collect(), CONNECTIONS).await?;
    let bare = Load::of_paths(address, vec!["/reply".to_owned()], CONNECTIONS).await?;
    let mut faults = 0;
    for load in [&bare, &through] {
        faults += load.closed_loop(plan.warm_up).await?.faults;
    }
    let (mut gateway_rounds, mut bare_rounds) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let round = round(plan, &bare, back_end).await?;
        faults += round.faults;
        bare_rounds.push(round);
        let round = self::round(plan, &through, &serving.process).await?;
        faults += round.faults;
        gateway_rounds.push(round);
    }
    let rate = median(&gateway_rounds.iter().map(|r| r.rps).collect::<Vec<_>>()) * OPEN_SHARE;
    let open_bare = bare.open_loop(plan.passthrough_open, rate).await?;
    let open_through = through.open_loop(plan.passthrough_open, rate).await?;
    Ok(PassthroughFigures {
        tongban: side(&gateway_rounds, &open_through, &serving.process)?,
        bare: side(&bare_rounds, &open_bare, back_end)?,
        open_per_s: rounded(open_through.rate, 0),
        faults: faults + open_bare.faults + open_through.faults,
    })
}

struct Round {
    rps: f64,
    cpu_us: f64,
    faults: u64,
}

async fn round(plan: &Plan, load: &Load, measured: &Process) -> Result<Round, Failure> {
    let cpu = measured.cpu_us()?;
    let closed = load.closed_loop(plan.passthrough).await?;
    let cpu = measured.cpu_us()? - cpu;
    Ok(Round {
        rps: closed.rate,
        cpu_us: per_one(cpu as f64, closed.answers),
        faults: closed.faults,
    })
}

fn side(rounds: &[Round], open: &Outcome, measured: &Process) -> Result<Side, Failure> {
    let of = |value: fn(&Round) -> f64| rounds.iter().map(value).collect::<Vec<_>>();
    Ok(Side {
        rps: rounded(median(&of(|r| r.rps)), 0),
        cpu_us: rounded(median(&of(|r| r.cpu_us)), 1),
        p50_ms: rounded(open.p50_ms, 2),
        p99_ms: rounded(open.p99_ms, 2),
        client_late_p999_ms: rounded(open.client_late_p999_ms, 3),
        rss_mib: rounded(measured.rss_kib()? as f64 / 1024.0, 1),
        rounds: of(|r| rounded(r.rps, 0)),
    })
}

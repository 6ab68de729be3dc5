//! Load over HTTP/1.1 with keep-alive: closed-loop for throughput, open-loop for latency.
//!
//! A closed loop sends the next request when the last is answered, so a slow server slows its own measurement down and hides its
//! worst moments (coordinated omission). Latencies that are reported come from the open loop: requests have times at which they
//! are due whatever the server does, and a latency counts from the time at which its request was due.

use crate::statistics::{Latencies, per_second};
use crate::{Failure, instant};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// No answer takes longer than this, or it counts as none.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// An open loop that takes so many times as long as planned has not kept its rate, and its latencies mean nothing.
const OVERRUN_MAX: u32 = 3;
/// A measurement with more faults than one in so many answers is none.
const FAULTS_ONE_IN: u64 = 1_000;

/// Makes the request of a number: of the whole run, and of the connection that sends it.
pub(crate) type MakeRequest =
    dyn Fn(u64, usize) -> Result<Request<Full<Bytes>>, Failure> + Send + Sync;

/// What is called.
#[derive(Clone)]
pub(crate) struct Target {
    /// Where.
    pub(crate) address: SocketAddr,
    /// The requests.
    pub(crate) request: Arc<MakeRequest>,
    /// The answer that is expected.
    pub(crate) expected: StatusCode,
    /// The number of the next request; goes on from run to run, so that no request is sent twice.
    pub(crate) next: Arc<AtomicU64>,
}

/// What became of a load.
pub(crate) struct Outcome {
    /// Answers as expected.
    pub(crate) answers: u64,
    /// Other answers, and requests without one.
    pub(crate) faults: u64,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Of the answers as expected.
    pub(crate) latencies: Latencies,
}

impl Outcome {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.answers, self.took)
    }
}

/// When requests are sent.
#[derive(Clone, Copy)]
enum Pace {
    /// Each connection as soon as its last request is answered.
    Closed,
    /// So many a second in all, evenly.
    Open { per_second: f64 },
}

/// As fast as `connections` clients get answers, for `time`.
pub(crate) async fn closed_loop(
    target: &Target,
    connections: usize,
    time: Duration,
) -> Result<Outcome, Failure> {
    run(target, connections, time, Pace::Closed).await
}

/// `rate` requests a second for `time`, on `connections` connections; more of them than the server works on at once.
pub(crate) async fn open_loop(
    target: &Target,
    connections: usize,
    time: Duration,
    rate: f64,
) -> Result<Outcome, Failure> {
    run(
        target,
        connections,
        time,
        Pace::Open {
            per_second: rate.max(1.0),
        },
    )
    .await
}

async fn run(
    target: &Target,
    connections: usize,
    time: Duration,
    pace: Pace,
) -> Result<Outcome, Failure> {
    let mut clients = Vec::with_capacity(connections);
    for number in 0..connections {
        clients.push(Client::connect(target.clone(), number).await?);
    }
    let slots = Arc::new(AtomicU64::new(0));
    let begun = instant();
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client.send_all(pace, Arc::clone(&slots), begun, time));
    }
    let mut total = Outcome {
        answers: 0,
        faults: 0,
        took: Duration::ZERO,
        latencies: Latencies::new()?,
    };
    let mut first_fault = None;
    while let Some(done) = running.join_next().await {
        let share = done??;
        total.latencies.join(&share.latencies)?;
        total.faults += share.faults;
        first_fault = first_fault.or(share.first_fault);
    }
    total.took = begun.elapsed();
    total.answers = total.latencies.len();
    if total.faults * FAULTS_ONE_IN > total.answers {
        let words = first_fault.unwrap_or_default();
        return Err(format!(
            "{} faults beside {} answers; the first: {words}",
            total.faults, total.answers
        )
        .into());
    }
    Ok(total)
}

/// What one client has seen.
struct Share {
    latencies: Latencies,
    faults: u64,
    first_fault: Option<String>,
}

/// One client on one connection, opened anew when it breaks.
struct Client {
    target: Target,
    number: usize,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    async fn connect(target: Target, number: usize) -> Result<Self, Failure> {
        let sender = open(target.address).await?;
        Ok(Self {
            target,
            number,
            sender,
        })
    }

    async fn send_all(
        mut self,
        pace: Pace,
        slots: Arc<AtomicU64>,
        begun: std::time::Instant,
        time: Duration,
    ) -> Result<Share, Failure> {
        let mut share = Share {
            latencies: Latencies::new()?,
            faults: 0,
            first_fault: None,
        };
        loop {
            let due = match pace {
                Pace::Closed => instant(),
                Pace::Open { per_second } => {
                    let slot = slots.fetch_add(1, Ordering::Relaxed);
                    begun + Duration::from_secs_f64(slot as f64 / per_second)
                }
            };
            if due.duration_since(begun) >= time {
                return Ok(share);
            }
            if begun.elapsed() > time * OVERRUN_MAX {
                return Err("the open loop fell too far behind: the rate cannot be kept".into());
            }
            // A timer rounds up to its next millisecond, also for a moment that has passed.
            if due > instant() {
                tokio::time::sleep_until(due.into()).await;
            }
            match self.send().await {
                Ok(()) => share.latencies.record(due.elapsed()),
                Err(fault) => {
                    share.faults += 1;
                    share.first_fault.get_or_insert(fault.to_string());
                    self.sender = open(self.target.address).await?;
                }
            }
        }
    }

    async fn send(&mut self) -> Result<(), Failure> {
        let number = self.target.next.fetch_add(1, Ordering::Relaxed);
        let request = (self.target.request)(number, self.number)?;
        let (status, body) =
            tokio::time::timeout(ANSWER_MAX, exchange(&mut self.sender, request)).await??;
        if status == self.target.expected {
            return Ok(());
        }
        let words: String = String::from_utf8_lossy(&body).chars().take(1_000).collect();
        Err(format!("{status} {words}").into())
    }
}

async fn open(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), Failure> {
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// The status of one `GET` on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<u16, Failure> {
    let request = Request::get(path)
        .header("host", address.to_string())
        .body(Full::default())?;
    let mut sender = open(address).await?;
    let (status, _) = tokio::time::timeout(ANSWER_MAX, exchange(&mut sender, request)).await??;
    Ok(status.as_u16())
}

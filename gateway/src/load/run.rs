//! One run from settings to report, and the search that makes several of them.

use super::checks::{Breach, Checks};
use super::condition::Condition;
use super::connection::{Dialer, Fault, Trust, TrustError};
use super::items::ItemError;
use super::lane::{Lane, Left, Pace, Start};
use super::latencies::LatencyError;
use super::live::{Audience, Look, Window};
use super::numbers::{Numbers, NumbersError};
use super::operation::{Mix, Operation};
use super::preparation::{Asking, Materials, make_applications};
use super::report::{Means, Report, Step};
use super::schedule::{Arrivals, Course, Plan, PlanError};
use super::search::Search;
use super::tally::Tally;
use super::target::{Reach, Target, TargetError};
use super::work::{PassThrough, Shared};
use crate::clock::Clock;
use crate::entropy::{Entropy, EntropyError};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Requests a second that one lane keeps without being late, on an ordinary core.
const LANE_PER_SECOND: f64 = 15_000.0;
/// Lanes of a run.
pub const LANES_MAX: usize = 64;
/// Connections of a run.
pub const CONNECTIONS_MAX: usize = 20_000;

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loop {
    /// Each at its time, whatever the hall does.
    Open(Plan),
    /// Each when the last answer of its connection has come.
    Closed {
        /// For how long.
        duration: Duration,
    },
}

/// A search for the highest rate.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchSettings {
    /// What must not be so at a rate that is kept.
    pub unless: Vec<Condition>,
    /// The highest rate that is tried, requests a second.
    pub rate_max: f64,
}

/// What the tester wants.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hall.
    pub target: Target,
    /// Whether it may be elsewhere.
    pub reach: Reach,
    /// Whom TLS believes.
    pub trust: Trust,
    /// What is asked of it.
    pub mix: Mix,
    /// When.
    pub pace: Loop,
    /// Before anything counts.
    pub warm_up: Duration,
    /// Connections, all kept alive.
    pub connections: usize,
    /// Threads; `None` for as many as the rate needs.
    pub threads: Option<usize>,
    /// An answer takes no longer.
    pub timeout: Duration,
    /// Of everything that is drawn.
    pub seed: u64,
    /// Codes of items; empty for all that are open.
    pub items: Vec<String>,
    /// Whether items that need materials are applied for.
    pub materials: Materials,
    /// Size of a sample material.
    pub material_bytes: usize,
    /// Share of applications sent again.
    pub repeat_share: f64,
    /// Share of receipts verified.
    pub receipt_share: f64,
    /// Applications made for status reads, where none are known.
    pub prepared: usize,
    /// Applications that are known.
    pub numbers: Option<PathBuf>,
    /// Where new ones are written.
    pub write_numbers: Option<PathBuf>,
    /// Whole paths of the pass-through.
    pub paths: Vec<String>,
    /// Method of the pass-through.
    pub method: Method,
    /// Body of the pass-through.
    pub body: Bytes,
    /// Sent with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// A client that was later than this at p99.9 has measured itself.
    pub late_max: Duration,
    /// Conditions under which the run has failed.
    pub fail_if: Vec<Condition>,
    /// A search instead of one run.
    pub search: Option<SearchSettings>,
}

impl Settings {
    /// The usual settings: see `tongban load --help`. Nothing is checked beyond numbers and addresses, and nothing stays behind.
    #[must_use]
    pub fn new(target: Target, mix: Mix, pace: Loop) -> Self {
        Self {
            target,
            reach: Reach::Loopback,
            trust: Trust::System,
            mix,
            pace,
            warm_up: Duration::ZERO,
            connections: 128,
            threads: None,
            timeout: Duration::from_secs(20),
            seed: 1,
            items: Vec::new(),
            materials: Materials::Upload,
            material_bytes: 1_024,
            repeat_share: 0.0,
            receipt_share: 0.0,
            prepared: 50,
            numbers: None,
            write_numbers: None,
            paths: Vec::new(),
            method: Method::GET,
            body: Bytes::new(),
            headers: Vec::new(),
            late_max: Duration::from_millis(10),
            fail_if: Vec::new(),
            search: None,
        }
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Whom to call.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// TLS.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// When to call.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The file of numbers.
    #[error(transparent)]
    Numbers(#[from] NumbersError),
    /// No sample application can be made.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// No histogram.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The hall does not answer.
    #[error("{url} does not answer: {fault}; is the gateway running there?")]
    Unreachable {
        /// Where.
        url: String,
        /// What happened.
        fault: Fault,
    },
    /// The hall answers otherwise than the contract says.
    #[error("before the run, {what}: {answer}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// What came.
        answer: String,
    },
    /// No such item.
    #[error("the hall has no item {0}")]
    UnknownItem(String),
    /// An item that takes no applications.
    #[error("item {0} takes no applications at present")]
    ItemNotOpen(String),
    /// Nothing to apply for.
    #[error(
        "the hall has no open item that fits; `tongban apply config` registers items, and --no-materials leaves out those that need any"
    )]
    NoItem,
    /// A promise broken before the run began.
    #[error(transparent)]
    Breach(Breach),
    /// Told to stop before anything was measured.
    #[error("stopped before anything was measured")]
    Stopped,
    /// A thread could not be started or has fallen over.
    #[error("a thread of the load failed: {0}")]
    Thread(std::io::Error),
}

/// Runs the load and reports; Ctrl-C and SIGTERM end it early, with a report of what was measured.
///
/// # Errors
/// [`LoadError`]: nothing was measured.
pub async fn run(
    settings: &Settings,
    clock: &Clock,
    entropy: &Entropy,
    audience: Audience,
) -> Result<Report, LoadError> {
    let stop = CancellationToken::new();
    let told = tokio::spawn(stop_when_told(stop.clone()));
    let result = run_until(settings, clock, entropy, audience, stop).await;
    told.abort();
    audience.clear();
    result
}

async fn run_until(
    settings: &Settings,
    clock: &Clock,
    entropy: &Entropy,
    audience: Audience,
    stop: CancellationToken,
) -> Result<Report, LoadError> {
    let preparing = prepare(settings.clone(), clock, entropy, audience, &stop);
    let prepared = tokio::select! {
        prepared = preparing => prepared?,
        () = stop.cancelled() => return Err(LoadError::Stopped),
    };
    let report = match &settings.search {
        None => {
            let mut report = prepared.measure(settings.pace).await?;
            report.judge(&settings.fail_if);
            report
        }
        Some(search) => prepared.search(search).await?,
    };
    prepared.shared.numbers.flush().map_err(LoadError::Thread)?;
    Ok(report)
}

async fn stop_when_told(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    stop.cancel();
}

/// Asks the hall for everything that a run needs; [`Prepared::measure`] may then be called many times. `stop` ends them early.
///
/// # Errors
/// [`LoadError`].
pub async fn prepare(
    settings: Settings,
    clock: &Clock,
    entropy: &Entropy,
    audience: Audience,
    stop: &CancellationToken,
) -> Result<Prepared, LoadError> {
    let addresses = settings.target.resolve(settings.reach).await?;
    let dialer = Dialer::new(
        &settings.target,
        addresses,
        &settings.trust,
        settings.timeout,
    )?;
    let mut asking = Asking {
        target: &settings.target,
        dialer: &dialer,
        headers: &settings.headers,
        timeout: settings.timeout,
        connection: None,
    };
    let numbers = Numbers::writing_to(settings.write_numbers.as_deref())?;
    if let Some(path) = &settings.numbers {
        numbers.read(path)?;
    }
    let makes_some = settings.mix.has(Operation::Status) && numbers.is_empty();
    let applies = settings.mix.has(Operation::Application) || makes_some;
    let (mut templates, mut receipt_key) = (Vec::new(), Vec::new());
    if applies {
        let seed = settings.seed;
        templates = asking
            .templates(&settings.items, settings.materials, seed, audience)
            .await?;
        if settings.receipt_share > 0.0 {
            receipt_key = asking.receipt_key().await?;
        }
    }
    let shared = Arc::new(Shared {
        target: settings.target.clone(),
        clock: clock.clone(),
        mix: settings.mix.clone(),
        seed: settings.seed,
        run_id: data_encoding::HEXLOWER.encode(&entropy.bytes::<8>()?),
        templates,
        numbers,
        checks: Checks::new(receipt_key, stop.clone()),
        pass_through: PassThrough {
            method: settings.method.clone(),
            paths: settings.paths.clone(),
            body: settings.body.clone(),
        },
        headers: settings.headers.clone(),
        timeout: settings.timeout,
        material_bytes: settings.material_bytes,
        repeat_share: settings.repeat_share,
        receipt_share: settings.receipt_share,
        applications: AtomicU64::new(0),
        stop: stop.clone(),
    });
    if makes_some {
        make_applications(&shared, &dialer, settings.prepared, audience).await?;
    }
    Ok(Prepared {
        settings,
        shared,
        dialer,
        audience,
    })
}

/// Everything that a run needs, asked for and drawn.
pub struct Prepared {
    settings: Settings,
    shared: Arc<Shared>,
    dialer: Dialer,
    audience: Audience,
}

impl Prepared {
    /// The same with another number of connections.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.settings.connections = connections;
        self
    }

    async fn search(&self, wanted: &SearchSettings) -> Result<Report, LoadError> {
        let Loop::Open(plan) = self.settings.pace else {
            return self.measure(self.settings.pace).await;
        };
        let mut search = Search::new(plan.to_per_second, wanted.rate_max);
        let (mut steps, mut best) = (Vec::new(), None);
        loop {
            let rate = search.rate();
            let step = Plan::steady(rate, plan.duration, plan.arrivals);
            let mut report = self.measure(Loop::Open(step)).await?;
            report.judge(&wanted.unless);
            let held = report.failure().is_none() && report.is_kept();
            let step = Step::of(rate, held, &report);
            self.audience.say(&step);
            steps.push(step);
            let ended = report.cut || report.breach.is_some();
            if held || best.is_none() {
                best = Some(report);
            }
            if ended || !search.take(held) {
                break;
            }
        }
        let mut report = best.ok_or(PlanError)?;
        report.cut |= self.shared.stop.is_cancelled();
        report.with_search(steps, search.highest());
        Ok(report)
    }

    /// One run.
    ///
    /// # Errors
    /// [`LoadError`]: nothing was measured.
    pub async fn measure(&self, pace: Loop) -> Result<Report, LoadError> {
        let settings = &self.settings;
        let lanes = self.lanes(pace);
        let start = Arc::new(Start {
            barrier: Barrier::new(lanes),
            begun: OnceLock::new(),
            refused: OnceLock::new(),
        });
        let course = match pace {
            Loop::Open(plan) => Some(Course::new(plan, settings.warm_up, settings.seed)?),
            Loop::Closed { .. } => None,
        };
        let next = Arc::new(AtomicU64::new(0));
        let (mut tallies, mut threads) = (Vec::new(), Vec::new());
        for lane in 0..lanes {
            let tally = Arc::new(Mutex::new(Tally::new()?));
            tallies.push(Arc::clone(&tally));
            let pace = match (&course, pace) {
                (Some(course), _) => Pace::Open(Box::new(course.of_lane(lane, lanes))),
                (None, pace) => Pace::Closed {
                    warm_up: settings.warm_up,
                    duration: pace.duration(),
                    next: Arc::clone(&next),
                },
            };
            let share =
                settings.connections / lanes + usize::from(lane < settings.connections % lanes);
            threads.push(Lane {
                shared: Arc::clone(&self.shared),
                dialer: self.dialer.clone(),
                connections: share.max(1),
                pace,
                tally,
                start: Arc::clone(&start),
            });
        }
        let running = tokio::task::spawn_blocking(move || run_lanes(threads));
        let lefts = self.watch(running, pace, &tallies, &start).await?;
        if let Some(fault) = start.refused.get() {
            return Err(LoadError::Unreachable {
                url: settings.target.url.clone(),
                fault: fault.clone(),
            });
        }
        self.report(pace, lanes, &tallies, &lefts, &start)
    }

    fn report(
        &self,
        pace: Loop,
        lanes: usize,
        tallies: &[Arc<Mutex<Tally>>],
        lefts: &[Left],
        start: &Start,
    ) -> Result<Report, LoadError> {
        let mut all = Tally::new()?;
        for tally in tallies {
            all.join(&tally.lock());
        }
        let counted_from = start
            .begun
            .get()
            .map(|begun| *begun + self.settings.warm_up);
        let last = lefts.iter().filter_map(|left| left.last_answer).max();
        let took = counted_from
            .zip(last)
            .map(|(from, last)| last.saturating_duration_since(from));
        let breach = self.shared.checks.breach().cloned();
        Ok(Report::new(&Means {
            settings: &self.settings,
            pace,
            lanes,
            tally: &all,
            due: lefts.iter().map(|left| left.taken).sum(),
            took: took.unwrap_or_default(),
            cut: self.shared.stop.is_cancelled() && breach.is_none(),
            breach,
            checks: self.shared.checks.counts(),
            finished_at: self.shared.clock.now(),
        }))
    }

    /// Tells how far the run is until all lanes have ended.
    async fn watch(
        &self,
        running: tokio::task::JoinHandle<Result<Vec<Left>, LoadError>>,
        pace: Loop,
        tallies: &[Arc<Mutex<Tally>>],
        start: &Start,
    ) -> Result<Vec<Left>, LoadError> {
        let (clock, warm_up) = (&self.shared.clock, self.settings.warm_up);
        let every = self.audience.every();
        let mut running = running;
        let mut ticks = tokio::time::interval(every);
        let mut window = Window::new()?;
        let mut last = clock.instant();
        // The first tick comes at once.
        ticks.tick().await;
        loop {
            tokio::select! {
                done = &mut running => {
                    return done.map_err(|e| LoadError::Thread(std::io::Error::other(e)))?;
                }
                _ = ticks.tick() => {}
            }
            let Some(begun) = start.begun.get() else {
                continue;
            };
            let now = clock.instant();
            let elapsed = now.saturating_duration_since(*begun);
            let look = Look {
                elapsed,
                whole: warm_up + pace.duration(),
                asked: pace.rate_at(elapsed.saturating_sub(warm_up)),
                achieved: 0.0,
                p50_ms: 0.0,
                p99_ms: 0.0,
                faults: 0,
                throttled: 0,
                warming: elapsed < warm_up,
            };
            let since = now.saturating_duration_since(last);
            last = now;
            self.audience.show(window.look(tallies, since, look));
        }
    }

    fn lanes(&self, pace: Loop) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let needed = match pace {
            Loop::Open(plan) => {
                let highest = plan.from_per_second.max(plan.to_per_second);
                // At most the number of lanes that fit the bound of a plan.
                (highest / LANE_PER_SECOND).ceil() as usize
            }
            Loop::Closed { .. } => 2,
        };
        let chosen = self.settings.threads.unwrap_or(needed.min(cores));
        chosen.clamp(1, LANES_MAX.min(self.settings.connections.max(1)))
    }
}

impl Loop {
    fn duration(self) -> Duration {
        match self {
            Self::Open(plan) => plan.duration,
            Self::Closed { duration } => duration,
        }
    }

    fn rate_at(self, elapsed: Duration) -> Option<f64> {
        let Self::Open(plan) = self else { return None };
        let passed = (elapsed.as_secs_f64() / plan.duration.as_secs_f64()).min(1.0);
        Some(plan.from_per_second + (plan.to_per_second - plan.from_per_second) * passed)
    }

    /// How arrivals are spread, where they have a time of their own.
    #[must_use]
    pub fn arrivals(self) -> Option<Arrivals> {
        match self {
            Self::Open(plan) => Some(plan.arrivals),
            Self::Closed { .. } => None,
        }
    }
}

fn run_lanes(lanes: Vec<Lane>) -> Result<Vec<Left>, LoadError> {
    let builder = |number: usize| std::thread::Builder::new().name(format!("load-{number}"));
    let (mut threads, mut lefts) = (Vec::new(), Vec::new());
    for (number, lane) in lanes.into_iter().enumerate() {
        let thread = builder(number).spawn(move || lane.run());
        threads.push(thread.map_err(LoadError::Thread)?);
    }
    for thread in threads {
        let left = thread
            .join()
            .map_err(|_| LoadError::Thread(std::io::Error::other("a lane has fallen over")))?;
        lefts.push(left.map_err(LoadError::Thread)?);
    }
    Ok(lefts)
}

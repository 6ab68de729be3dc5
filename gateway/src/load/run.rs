//! One run from settings to report, and the search that makes several of them.

use super::checks::Checks;
use super::connection::Dialer;
use super::lane::{Lane, Left, Pace, Start};
use super::live::{Audience, Look, Window};
use super::numbers::Numbers;
use super::operation::Operation;
use super::preparation::{Asking, make_applications};
use super::report::{Means, Report, Step};
use super::schedule::{Course, Plan, PlanError};
use super::search::Search;
use super::settings::{LANES_MAX, LoadError, Loop, SearchSettings, Settings};
use super::tally::Tally;
use super::work::{PassThrough, Shared};
use crate::clock::Clock;
use crate::entropy::Entropy;
use parking_lot::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Barrier, OnceLock};
use tokio_util::sync::CancellationToken;

/// Requests a second that one lane keeps without being late, on an ordinary core.
const LANE_PER_SECOND: f64 = 15_000.0;

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

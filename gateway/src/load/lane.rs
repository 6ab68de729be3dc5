//! A lane: one thread with a runtime of its own, a share of the schedule and a share of the connections.
//!
//! In the open loop a timer wakes one waiting connection for each due time; a connection that comes free takes what is due already.
//! Nothing is queued: what is due and not yet taken follows from the schedule, so a stall of the hall costs no memory.

use super::connection::{Connection, Dialer, Fault};
use super::schedule::{Slot, Timetable};
use super::tally::Tally;
use super::timer::Timer;
use super::work::{Shared, Worker};
use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use std::cell::{Cell, RefCell};
use std::iter::Peekable;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::LocalSet;

/// Connections that a lane opens at one time.
const OPENING_MAX: usize = 32;
/// Due times that are announced without letting others run.
const ANNOUNCED_MAX: u32 = 64;

/// Pause of a closed loop that gets no connection.
const PAUSE: Duration = Duration::from_millis(50);

/// When requests are sent.
#[derive(Clone)]
pub(super) enum Pace {
    /// At the times of the lane's share of the schedule.
    Open(Box<Timetable>),
    /// As soon as the last answer has come, until the time is over.
    Closed {
        warm_up: Duration,
        duration: Duration,
        next: Arc<AtomicU64>,
    },
}

/// What lanes agree on before they begin.
pub(super) struct Start {
    pub(super) barrier: Barrier,
    /// When the run has begun: the same for all lanes.
    pub(super) begun: OnceLock<Instant>,
    /// Why it does not begin: a lane got no connections.
    pub(super) refused: OnceLock<Fault>,
}

/// What a lane leaves beside its tally.
#[derive(Default)]
pub(super) struct Left {
    /// When its last measured answer came.
    pub(super) last_answer: Option<Instant>,
    /// Measured requests that were taken from the schedule.
    pub(super) taken: u64,
}

pub(super) struct Lane {
    pub(super) shared: Arc<Shared>,
    pub(super) dialer: Dialer,
    pub(super) connections: usize,
    pub(super) pace: Pace,
    pub(super) tally: Arc<Mutex<Tally>>,
    pub(super) start: Arc<Start>,
}

impl Lane {
    /// Runs to its end on the calling thread.
    pub(super) fn run(self) -> std::io::Result<Left> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => LocalSet::new().block_on(&runtime, self.begin()),
            Err(error) => {
                // The others must not wait for this one.
                self.start.barrier.wait();
                Err(error)
            }
        }
    }

    async fn begin(self) -> std::io::Result<Left> {
        let opened = self.open().await;
        if let Err(fault) = &opened {
            let _ = self.start.refused.set(fault.clone());
        }
        self.start.barrier.wait();
        let (Ok(connections), None) = (opened, self.start.refused.get()) else {
            return Ok(Left::default());
        };
        let clock = &self.shared.clock;
        let begun = *self.start.begun.get_or_init(|| clock.instant());
        let workers = connections.into_iter().map(|connection| Worker {
            shared: Arc::clone(&self.shared),
            dialer: self.dialer.clone(),
            connection: Some(connection),
            tally: Arc::clone(&self.tally),
            free_since: begun,
        });
        let workers: Vec<Worker> = workers.collect();
        match self.pace.clone() {
            Pace::Open(timetable) => self.open_loop(workers, *timetable, begun).await,
            Pace::Closed {
                warm_up,
                duration,
                next,
            } => {
                let course = Rc::new(ClosedCourse {
                    counted_from: begun + warm_up,
                    end: begun + warm_up + duration,
                    next,
                    left: Cell::default(),
                });
                Ok(closed_loop(workers, &course).await)
            }
        }
    }

    async fn open(&self) -> Result<Vec<Connection>, Fault> {
        let dialer = &self.dialer;
        let opening = stream::iter(0..self.connections).map(|_| dialer.open());
        opening.buffer_unordered(OPENING_MAX).try_collect().await
    }

    async fn open_loop(
        &self,
        workers: Vec<Worker>,
        timetable: Timetable,
        begun: Instant,
    ) -> std::io::Result<Left> {
        let course = Rc::new(OpenCourse {
            slots: RefCell::new(timetable.clone().peekable()),
            begun,
            due: Notify::new(),
            left: Cell::default(),
        });
        let tasks: Vec<_> = workers
            .into_iter()
            .map(|worker| tokio::task::spawn_local(Rc::clone(&course).work(worker)))
            .collect();
        self.announce(timetable, &course).await?;
        for task in tasks {
            task.await.map_err(std::io::Error::other)?;
        }
        self.count_untaken(&course);
        Ok(course.left.take())
    }

    /// Wakes a waiting connection at each due time, and measures how late the lane is with it.
    async fn announce(&self, timetable: Timetable, course: &OpenCourse) -> std::io::Result<()> {
        let (clock, stop) = (&self.shared.clock, &self.shared.stop);
        let mut timer = Timer::new(clock.clone())?;
        let mut in_a_row = 0;
        for slot in timetable {
            let due = course.begun + slot.due;
            if due > clock.instant() {
                in_a_row = 0;
                tokio::select! {
                    waited = timer.until(due) => waited?,
                    () = stop.cancelled() => break,
                }
            } else {
                in_a_row += 1;
                if in_a_row % ANNOUNCED_MAX == 0 {
                    tokio::task::yield_now().await;
                }
                if stop.is_cancelled() {
                    break;
                }
            }
            if slot.measured {
                let late = clock.instant().saturating_duration_since(due);
                self.tally.lock().timer_lateness.record(late);
            }
            course.due.notify_one();
        }
        course.due.notify_waiters();
        Ok(())
    }

    /// After a run that was cut: what was due by then and never sent.
    fn count_untaken(&self, course: &OpenCourse) {
        let now = self.shared.clock.instant();
        let (mut left, mut tally) = (course.left.take(), self.tally.lock());
        let mut slots = course.slots.borrow_mut();
        while let Some(slot) = slots.next_if(|slot| course.begun + slot.due <= now) {
            if slot.measured {
                left.taken += 1;
                tally.never_sent += 1;
            }
        }
        course.left.set(left);
    }
}

impl Left {
    fn with_answer(mut self, at: Instant) -> Self {
        self.last_answer = self.last_answer.max(Some(at));
        self
    }
}

struct OpenCourse {
    slots: RefCell<Peekable<Timetable>>,
    begun: Instant,
    due: Notify,
    left: Cell<Left>,
}

/// What a free connection finds.
enum Found {
    Due(Slot),
    NothingYet,
    End,
}

impl OpenCourse {
    async fn work(self: Rc<Self>, mut worker: Worker) {
        let stop = worker.shared.stop.clone();
        while !stop.is_cancelled() {
            match self.take(worker.shared.clock.instant()) {
                Found::Due(slot) => self.send(&mut worker, slot).await,
                Found::NothingYet => tokio::select! {
                    () = self.due.notified() => {}
                    () = stop.cancelled() => return,
                },
                Found::End => return,
            }
        }
    }

    fn take(&self, now: Instant) -> Found {
        let mut slots = self.slots.borrow_mut();
        match slots.peek() {
            None => Found::End,
            Some(slot) if self.begun + slot.due > now => Found::NothingYet,
            Some(_) => slots.next().map_or(Found::End, Found::Due),
        }
    }

    async fn send(&self, worker: &mut Worker, slot: Slot) {
        let due = self.begun + slot.due;
        let now = worker.shared.clock.instant();
        if slot.measured {
            let mut left = self.left.take();
            left.taken += 1;
            self.left.set(left);
            let waited = now.saturating_duration_since(due);
            let mut tally = worker.tally.lock();
            if worker.free_since > due {
                tally.waited += 1;
            }
            if waited > worker.shared.timeout {
                return tally.give_up(worker.operation(slot.number), waited);
            }
            let ready = due.max(worker.free_since);
            tally
                .send_lateness
                .record(now.saturating_duration_since(ready));
        }
        worker.perform(slot, Some(due)).await;
        if slot.measured {
            self.left
                .set(self.left.take().with_answer(worker.free_since));
        }
    }
}

struct ClosedCourse {
    counted_from: Instant,
    end: Instant,
    next: Arc<AtomicU64>,
    left: Cell<Left>,
}

async fn closed_loop(workers: Vec<Worker>, course: &Rc<ClosedCourse>) -> Left {
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|worker| tokio::task::spawn_local(Rc::clone(course).work(worker)))
        .collect();
    for task in tasks {
        // A task that fell over has told so itself, and the others still count.
        let _ = task.await;
    }
    course.left.take()
}

impl ClosedCourse {
    async fn work(self: Rc<Self>, mut worker: Worker) {
        loop {
            let now = worker.shared.clock.instant();
            if now >= self.end || worker.shared.stop.is_cancelled() {
                return;
            }
            let slot = Slot {
                number: self.next.fetch_add(1, Ordering::Relaxed),
                due: Duration::ZERO,
                measured: now >= self.counted_from,
            };
            let had_none = worker.connection.is_none();
            worker.perform(slot, None).await;
            if slot.measured {
                let mut left = self.left.take().with_answer(worker.free_since);
                left.taken += 1;
                self.left.set(left);
            }
            if had_none && worker.connection.is_none() {
                // Twice in a row without a connection: nobody is there, and asking faster helps nobody.
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

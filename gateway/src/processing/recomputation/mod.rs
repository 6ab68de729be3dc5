//! Recomputes open clocks (时限重算) in the background when the calendar changed: a holiday notice moves due dates of cases that are
//! under way, and each that moves is told by an event.
//!
//! Invariants: one node at a time walks, by a claim; it goes on where the store says, so a crash or a take-over costs at most one step
//! done again, and a case that was recomputed is left as it is when looked at again; a node whose calendar is not the registered one
//! begins nothing and keeps no claim; the pace is bounded, so intake does not wait for it.

pub mod decide;

use super::change::{Acted, Casework, ChangeError, Decision, Extras, Loaded, Plan};
use super::life_cycle::{Reception, counted_otherwise, next_due};
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::operations::logging::seldom;
use crate::registry::loading::{LoadError, registered_calendar};
use crate::store::StoreError;
use crate::store::audit::NewAudit;
use crate::store::recomputation::{
    CaseToRecompute, NewRecomputation, Recomputation, RecomputationCounts,
};
use decide::{Next, decide};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tongban_adapters::canonical::{Event, EventBody, Recalculation};

/// Cases of one step; after a crash so many are looked at again at most.
const CASES_A_STEP: u32 = 64;
/// Cases of a step that are worked on at once: enough to share commits, few enough to leave the writer to others.
const AT_ONCE: usize = 8;
/// How often a node with nothing to do looks whether others have a calendar that it has not.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The work that is claimed.
const WORK: &str = "recomputation";

/// Told of what was done, for metrics.
pub trait RecomputationObserver: Send + Sync + 'static {
    /// Cases that are still to be looked at, as far as the store knows.
    fn remaining(&self, cases: u64);
    /// One step of this node.
    fn stepped(&self, done: RecomputationCounts);
    /// Whether the calendar that this node has loaded is another one than what is registered.
    fn behind(&self, behind: bool);
}

/// Recomputes open clocks.
pub struct Recomputer {
    /// Cases, and how they change.
    pub casework: Casework,
    /// Metrics.
    pub observer: Arc<dyn RecomputationObserver>,
    /// Cases looked at in a second at most; at least 1.
    pub cases_per_second: u32,
    /// The version of the calendar for which nothing is left to do here, and when that was seen.
    settled: Option<(String, Instant)>,
}

/// Why a step was not done; it is tried again.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Registered(#[from] LoadError),
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// What became of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Changed,
    Same,
    Failed,
}

impl Recomputer {
    /// One that knows nothing yet.
    #[must_use]
    pub fn new(
        casework: Casework,
        observer: Arc<dyn RecomputationObserver>,
        cases_per_second: u32,
    ) -> Self {
        Self {
            casework,
            observer,
            cases_per_second: cases_per_second.max(1),
            settled: None,
        }
    }

    /// Works until `stop`; looks every `tick` whether the calendar has changed, which asks the store for nothing while it has not.
    pub async fn run(mut self, tick: Duration, stop: CancellationToken) {
        loop {
            let begun = self.casework.clock.instant();
            let pause = match self.step().await {
                Ok(0) => tick,
                Ok(cases) => self.pace(cases).saturating_sub(begun.elapsed()),
                Err(error) => {
                    seldom!(warn, %error, "open clocks could not be recomputed; trying again after a tick");
                    tick
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// How long so many cases take at least.
    fn pace(&self, cases: u64) -> Duration {
        let cases = u32::try_from(cases).unwrap_or(u32::MAX);
        Duration::from_secs(1) * cases / self.cases_per_second
    }

    /// Does what is next; returns how many cases were looked at.
    async fn step(&mut self) -> Result<u64, StepError> {
        let snapshot = self.casework.registry.load();
        let loaded = snapshot.calendar();
        let now = self.casework.clock.instant();
        let rests = self.settled.as_ref().is_some_and(|(version, at)| {
            version == loaded.version() && now.duration_since(*at) < LOOK_EVERY
        });
        if rests {
            return Ok(0);
        }
        let settled = (loaded.version().to_owned(), now);
        let store = &self.casework.store;
        let newest = store.recomputation().await?;
        match decide(newest.as_ref(), loaded.version()) {
            Next::Nothing => {
                self.observer.remaining(0);
                self.observer.behind(false);
                self.settled = Some(settled);
                Ok(0)
            }
            Next::GoOn => match newest {
                Some(running) => self.go_on(&running).await,
                None => Ok(0),
            },
            Next::BeginIfRegistered => {
                let registered = registered_calendar(store.as_ref()).await?;
                let behind = registered.version() != loaded.version();
                self.observer.behind(behind);
                if behind {
                    seldom!(
                        warn,
                        "the calendar loaded here is not the one that is registered; reload this node. Clocks are recomputed by nodes that have it"
                    );
                    store.release(WORK).await?;
                    self.settled = Some(settled);
                } else if store.claim(WORK).await? {
                    let now = self.casework.clock.now();
                    let (touched, notices) = decide::begin(newest.as_ref(), loaded, now);
                    let new = NewRecomputation {
                        after: newest.map(|newest| newest.id),
                        calendar: loaded.clone(),
                        notices,
                        touched,
                        total: store.cases_touched(touched).await?,
                        at: now,
                    };
                    self.begin(new).await?;
                }
                Ok(0)
            }
        }
    }

    async fn begin(&self, new: NewRecomputation) -> Result<(), StepError> {
        let (version, total) = (new.calendar.version().to_owned(), new.total);
        fail_point!("recomputation.counted");
        if self.casework.store.begin_recomputation(new).await? {
            fail_point!("recomputation.begun");
            self.observer.remaining(total);
            tracing::info!(calendar = %version, total, "the calendar changed; open clocks are recomputed");
        }
        Ok(())
    }

    /// The next cases of a running one.
    async fn go_on(&self, run: &Recomputation) -> Result<u64, StepError> {
        let store = &self.casework.store;
        self.observer.behind(false);
        self.observer
            .remaining(run.total.saturating_sub(run.counts.looked_at));
        if !store.claim(WORK).await? {
            return Ok(0);
        }
        let cases = store
            .cases_to_recompute(run.touched, run.last_case, CASES_A_STEP)
            .await?;
        let now = self.casework.clock.now();
        let Some(last) = cases.last().map(|case| case.row) else {
            fail_point!("recomputation.before_end");
            if store
                .finish_recomputation(run.id, run.last_case, now)
                .await?
            {
                fail_point!("recomputation.ended");
                let RecomputationCounts {
                    looked_at,
                    changed,
                    failed,
                } = run.counts;
                tracing::info!(looked_at, changed, failed, "open clocks were recomputed");
            }
            return Ok(0);
        };
        let done = self.recompute_all(run, cases, now).await?;
        fail_point!("recomputation.before_advance");
        if store
            .advance_recomputation(run.id, (run.last_case, last), done)
            .await?
        {
            fail_point!("recomputation.advanced");
            self.observer.stepped(done);
        }
        Ok(done.looked_at)
    }

    async fn recompute_all(
        &self,
        run: &Recomputation,
        cases: Vec<CaseToRecompute>,
        now: Timestamp,
    ) -> Result<RecomputationCounts, ChangeError> {
        stream::iter(cases)
            .map(|case| self.recompute(run, case.case_no, now))
            .buffer_unordered(AT_ONCE)
            .try_fold(RecomputationCounts::default(), |mut counts, outcome| {
                counts.looked_at += 1;
                match outcome {
                    Outcome::Changed => counts.changed += 1,
                    Outcome::Same => {}
                    Outcome::Failed => counts.failed += 1,
                }
                std::future::ready(Ok(counts))
            })
            .await
    }

    /// Recomputes one case. What cannot be computed or read is counted and left: it must not hold up all others.
    async fn recompute(
        &self,
        run: &Recomputation,
        case_no: String,
        now: Timestamp,
    ) -> Result<Outcome, ChangeError> {
        let audit = NewAudit {
            at: now,
            actor: "gateway".to_owned(),
            actor_kind: "gateway".to_owned(),
            action: "clock.recalculated".to_owned(),
            target: case_no.clone(),
            organisation_id: String::new(),
            request_id: String::new(),
            outcome: "ok".to_owned(),
            digest: [0; 32],
            note: run.calendar.version().to_owned(),
        };
        let plan = |loaded: &Loaded, _: &Extras| planned(loaded, run, now);
        let acted = self
            .casework
            .act(&Scope::Everything, &case_no, &audit, plan)
            .await;
        match acted {
            Ok(Acted::Done(outcome)) => Ok(outcome),
            Ok(Acted::Duplicate | Acted::MaterialsNotBindable(_)) => Ok(Outcome::Same),
            // Erased since it was listed.
            Err(ChangeError::UnknownCase) => Ok(Outcome::Same),
            Err(
                error @ (ChangeError::Store(
                    StoreError::Busy { .. }
                    | StoreError::Unavailable(_)
                    | StoreError::FilesAway(_)
                    | StoreError::Bytes(_),
                )
                | ChangeError::Contended(_)),
            ) => Err(error),
            Err(error) => {
                let reason = match error {
                    ChangeError::ItemMissing(_) => "its item version is not registered",
                    _ => "it cannot be read",
                };
                seldom!(
                    error,
                    reason,
                    "the clocks of a case could not be recomputed"
                );
                Ok(Outcome::Failed)
            }
        }
    }
}

/// What becomes of a case: an event where a clock is counted otherwise; where only the lapse of a notice moves, which is no clock of the
/// case, its place in the index.
fn planned(loaded: &Loaded, run: &Recomputation, now: Timestamp) -> Decision<Outcome> {
    let calendar = loaded.calendar();
    if calendar.version() != run.calendar.version() {
        // Reloaded meanwhile: the next one looks at this case too.
        return Decision::Leave(Outcome::Same);
    }
    let (state, rules) = (&loaded.state, &loaded.rules);
    let mut plan = Plan::on(loaded);
    let otherwise = counted_otherwise(state, run.before.as_ref(), calendar);
    let applied = otherwise.and_then(|otherwise| {
        if otherwise {
            let reception = Reception::from_gateway(now);
            plan.apply(loaded, &recalculated(run, now), &reception, None)?;
        }
        Ok(otherwise)
    });
    match applied {
        Ok(true) => Decision::Commit(Box::new(plan), Outcome::Changed),
        Ok(false) => {
            let lapse = |calendar| next_due(state, rules, calendar);
            let moves = lapse(calendar) != run.before.as_ref().and_then(lapse);
            if state.suspension.is_some() && moves {
                Decision::Commit(Box::new(plan), Outcome::Changed)
            } else {
                Decision::Leave(Outcome::Same)
            }
        }
        Err(rejection) => {
            seldom!(
                error,
                code = rejection.code(),
                "the life cycle refused to recompute a case"
            );
            Decision::Leave(Outcome::Failed)
        }
    }
}

/// The event; its serial is the recomputation's number, so that a case has it once, also when a calendar comes back.
fn recalculated(run: &Recomputation, now: Timestamp) -> Event {
    Event {
        body: EventBody::Recalculated(Recalculation {
            calendar_version: run.calendar.version().to_owned(),
            notices: run.notices.clone(),
        }),
        serial: run.id.to_string(),
        data_version: 1,
        occurred_at: now,
        actor: None,
    }
}

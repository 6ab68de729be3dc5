//! Changing a case: load it, compute its next state by the pure life cycle, commit, and begin again when somebody was faster.
//!
//! The one way from an event to the store, whoever brings it: applicant, partner, hall or timer. Nothing outside the life
//! cycle decides what a state becomes, and nothing outside the store decides which of two changes came first.

use super::life_cycle::{
    Applied, CaseState, Reception, Record, Rejection, Rules, Warning, apply, companions,
};
pub use super::projection::project;
use crate::clock::Clock;
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::notification::plan::{Announcer, correction_deadline};
use crate::registry::{Registry, Snapshot, rules_for};
use crate::store::application::NewEvent;
use crate::store::audit::NewAudit;
use crate::store::case::{
    CaseChange, CaseRecord, ChangeOutcome, FeedbackKey, FeedbackRecord, FeedbackState,
};
use crate::store::delivery::NewDelivery;
use crate::store::{SharedStore, StoreError};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::broadcast;
use tongban_adapters::canonical::{Event, Submission};
use tongban_adapters::definition::CompiledDefinition;
use tongban_catalog::calendar::Calendar;

/// So often a change is computed anew when somebody else was faster; contention on one case is two or three parties.
const TRIES_MAX: usize = 16;
/// Numbers of changed cases that a slow listener may be behind before it has to look for itself.
const NEWS_MAX: usize = 1_024;

/// In place of a case's number: any may have changed.
pub const EVERY_CASE: &str = "*";

/// Says which cases changed, to whoever shows them live. A listener that lags looks into the store instead.
#[derive(Clone)]
pub struct CaseNews {
    sender: broadcast::Sender<Arc<str>>,
    /// What this node itself changed, for whoever tells other nodes.
    own: broadcast::Sender<Arc<str>>,
}

impl Default for CaseNews {
    fn default() -> Self {
        Self {
            sender: broadcast::channel(NEWS_MAX).0,
            own: broadcast::channel(NEWS_MAX).0,
        }
    }
}

impl CaseNews {
    /// Case numbers as they change from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.sender.subscribe()
    }

    /// Numbers of cases that this node changes from now on.
    #[must_use]
    pub fn listen_own(&self) -> broadcast::Receiver<Arc<str>> {
        self.own.subscribe()
    }

    /// Tells that this node changed a case.
    pub fn tell(&self, case_no: &str) {
        let case_no: Arc<str> = Arc::from(case_no);
        // Nobody listening is no error.
        let _ = self.own.send(Arc::clone(&case_no));
        let _ = self.sender.send(case_no);
    }

    /// Tells that another node changed a case, or [`EVERY_CASE`].
    pub fn heard(&self, case_no: &str) {
        let _ = self.sender.send(Arc::from(case_no));
    }
}

/// What every change needs.
#[derive(Clone)]
pub struct Casework {
    /// The store.
    pub store: SharedStore,
    /// Items, rules, calendar.
    pub registry: Arc<Registry>,
    /// The clock.
    pub clock: Clock,
    /// Who is told.
    pub news: CaseNews,
    /// Who is told outside.
    pub announcer: Announcer,
}

/// A case as it stands, with everything that the life cycle needs.
pub struct Loaded {
    /// The stored case.
    pub record: CaseRecord,
    /// Its folded state.
    pub state: CaseState,
    /// Its pinned rules.
    pub rules: Rules,
    /// The snapshot that this was read under.
    pub snapshot: Arc<Snapshot>,
}

impl Loaded {
    /// The calendar in force.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        self.snapshot.calendar()
    }
}

/// A change to be committed: grows event by event on top of a loaded case.
pub struct Plan {
    state: CaseState,
    events: Vec<NewEvent>,
    /// What a person should see.
    pub warnings: Vec<Warning>,
    /// New facts of the submission.
    pub submission: Option<Submission>,
    /// Deliveries to make.
    pub deliveries: Vec<NewDelivery>,
    /// Deliveries of this case need not be made any more.
    pub cancel_deliveries: bool,
    /// Materials to bind.
    pub materials: Vec<(u32, String)>,
    /// Held messages settled with it.
    pub settled: Vec<(i64, FeedbackState, String)>,
    /// The partner's own number, when it became known.
    pub partner_no: Option<String>,
}

impl Plan {
    /// Nothing yet.
    #[must_use]
    pub fn on(loaded: &Loaded) -> Self {
        Self {
            state: loaded.state.clone(),
            events: Vec::new(),
            warnings: Vec::new(),
            submission: None,
            deliveries: Vec::new(),
            cancel_deliveries: false,
            materials: Vec::new(),
            settled: Vec::new(),
            partner_no: None,
        }
    }

    /// The state that the case will have.
    #[must_use]
    pub fn state(&self) -> &CaseState {
        &self.state
    }

    /// Applies an event by the life cycle, and the companions that the gateway adds to it (domain 3.6).
    ///
    /// # Errors
    /// The life cycle's [`Rejection`]; the plan is as it was.
    pub fn apply(
        &mut self,
        loaded: &Loaded,
        event: &Event,
        reception: &Reception,
        key: Option<(FeedbackKey, [u8; 32])>,
    ) -> Result<(), Rejection> {
        let applied = apply(
            Some(&self.state),
            event,
            reception,
            &loaded.rules,
            loaded.calendar(),
        )?;
        self.take(loaded, applied, event, reception, None, key);
        self.accompany(loaded, event, reception)
    }

    /// What the gateway adds to a refusal (domain 3.6), whether it came first or by a re-version.
    fn accompany(
        &mut self,
        loaded: &Loaded,
        event: &Event,
        reception: &Reception,
    ) -> Result<(), Rejection> {
        for companion in companions(&self.state, event) {
            let reception = Reception::from_gateway(reception.received_at);
            let applied = apply(
                Some(&self.state),
                &companion,
                &reception,
                &loaded.rules,
                loaded.calendar(),
            )?;
            self.take(loaded, applied, &companion, &reception, None, None);
        }
        Ok(())
    }

    /// Takes over a replayed case with the event that supersedes another.
    ///
    /// # Errors
    /// The life cycle's [`Rejection`] of a companion; none in practice.
    pub fn replace(
        &mut self,
        loaded: &Loaded,
        applied: Applied,
        event: &Event,
        reception: &Reception,
        supersedes: u64,
        key: (FeedbackKey, [u8; 32]),
    ) -> Result<(), Rejection> {
        self.take(
            loaded,
            applied,
            event,
            reception,
            Some(supersedes),
            Some(key),
        );
        self.accompany(loaded, event, reception)
    }

    fn take(
        &mut self,
        loaded: &Loaded,
        applied: Applied,
        event: &Event,
        reception: &Reception,
        supersedes: Option<u64>,
        key: Option<(FeedbackKey, [u8; 32])>,
    ) {
        self.state = applied.case;
        self.warnings.extend(applied.warnings);
        self.events.push(NewEvent {
            event: loaded.rules.as_reported(event).into_owned(),
            system_id: reception.system.clone(),
            received_at: reception.received_at,
            supersedes,
            key,
        });
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.settled.is_empty()
    }
}

/// Why a case could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such case in this scope.
    #[error("no such case")]
    UnknownCase,
    /// Its pinned item version is not registered here.
    #[error("the item version that case {0} is pinned to is not registered")]
    ItemMissing(String),
    /// Others kept changing it.
    #[error("case {0} kept changing while its next state was computed; try again")]
    Contended(String),
    /// Its stored state cannot be read.
    #[error("the stored state of case {0} cannot be read")]
    Unreadable(String),
}

/// What a planner may look at besides the case.
#[derive(Default)]
pub struct Extras {
    /// Messages of the case that wait for a predecessor, in order of occurrence.
    pub held: Vec<FeedbackRecord>,
    /// The whole history, once the planner has asked for it.
    pub history: Option<Vec<Record>>,
}

/// What a planner decides.
pub enum Decision<T> {
    /// Needs [`Extras::history`] to decide.
    NeedHistory,
    /// Commit this, then answer so.
    Commit(Box<Plan>, T),
    /// Change nothing, answer so.
    Leave(T),
}

/// How an act ended.
pub enum Acted<T> {
    /// Committed, or left as it was by decision.
    Done(T),
    /// One of its feedback keys was committed meanwhile by another.
    Duplicate,
    /// These materials are unknown or bound elsewhere.
    MaterialsNotBindable(Vec<String>),
}

impl Casework {
    /// A case with its state and rules.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn load(&self, scope: &Scope, case_no: &str) -> Result<Loaded, ChangeError> {
        let record = self
            .store
            .case(scope, case_no)
            .await?
            .ok_or(ChangeError::UnknownCase)?;
        let snapshot = self.registry.load();
        let item = &record.submission.item;
        let item = snapshot
            .item(&item.id, item.version)
            .ok_or_else(|| ChangeError::ItemMissing(case_no.to_owned()))?;
        let rules = rules_for(
            item,
            &record.submission.case.channel,
            definition_of(&record, &snapshot).as_deref(),
        );
        let state = serde_json::from_value(record.folded.clone())
            .map_err(|_| ChangeError::Unreadable(case_no.to_owned()))?;
        Ok(Loaded {
            record,
            state,
            rules,
            snapshot,
        })
    }

    /// The whole history of a case, for a replay.
    ///
    /// # Errors
    /// [`ChangeError::Store`].
    pub async fn history(&self, case_no: &str) -> Result<Vec<Record>, ChangeError> {
        let most = u32::try_from(super::life_cycle::EVENTS_MAX).unwrap_or(u32::MAX);
        let stored = self
            .store
            .events(&Scope::Everything, case_no, 0, most)
            .await?;
        let records = stored.into_iter().map(|row| Record {
            seq: row.seq,
            reception: Reception::of_stored(&row.event, row.system_id, row.received_at),
            event: row.event,
            supersedes: row.supersedes,
        });
        Ok(records.collect())
    }

    /// Computes a change by `plan` and commits it; computes it anew while others are faster.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing was changed.
    pub async fn act<T, P>(
        &self,
        scope: &Scope,
        case_no: &str,
        audit: &NewAudit,
        mut plan: P,
    ) -> Result<Acted<T>, ChangeError>
    where
        P: FnMut(&Loaded, &Extras) -> Decision<T>,
    {
        let mut with_history = false;
        for _ in 0..TRIES_MAX {
            let loaded = self.load(scope, case_no).await?;
            let held = self.store.held(case_no).await?;
            let history = if with_history {
                Some(self.history(case_no).await?)
            } else {
                None
            };
            let waiting = held.clone();
            let (mut plan, answer) = match plan(&loaded, &Extras { held, history }) {
                Decision::NeedHistory if with_history => {
                    return Err(ChangeError::Unreadable(case_no.to_owned()));
                }
                Decision::NeedHistory => {
                    with_history = true;
                    continue;
                }
                Decision::Leave(answer) => return Ok(Acted::Done(answer)),
                Decision::Commit(plan, answer) => (plan, answer),
            };
            // What waited for this change goes with it.
            plan.apply_held(&loaded, waiting);
            fail_point!("change.planned");
            match self.commit(&loaded, *plan, audit.clone()).await? {
                ChangeOutcome::Applied { .. } => {
                    fail_point!("change.committed");
                    self.news.tell(case_no);
                    return Ok(Acted::Done(answer));
                }
                ChangeOutcome::Stale => {}
                ChangeOutcome::Duplicate => return Ok(Acted::Duplicate),
                ChangeOutcome::MaterialsNotBindable(ids) => {
                    return Ok(Acted::MaterialsNotBindable(ids));
                }
            }
        }
        Err(ChangeError::Contended(case_no.to_owned()))
    }

    async fn commit(
        &self,
        loaded: &Loaded,
        plan: Plan,
        mut audit: NewAudit,
    ) -> Result<ChangeOutcome, StoreError> {
        let record = &loaded.record;
        audit.target.clone_from(&record.case_no);
        audit.organisation_id.clone_from(&record.organisation_id);
        let now = self.clock.now();
        let poll_at = poll_after(&plan.state, record, &loaded.snapshot, now);
        let handed_over =
            super::hand_over::due(loaded, &plan.events, plan.state.state.is_ended(), now);
        let submission = plan.submission.as_ref().unwrap_or(&record.submission);
        let deadline = |event: &Event| {
            correction_deadline(event, &plan.state, &loaded.rules, loaded.calendar())
        };
        let applicant = &submission.applicant;
        let notices = self
            .announcer
            .notices(&plan.events, applicant, deadline, now);
        let change = CaseChange {
            case_no: record.case_no.clone(),
            expected_rev: record.rev,
            events: plan.events,
            projection: project(&plan.state, &loaded.rules, loaded.calendar(), now, poll_at),
            submission: plan.submission,
            partner_no: plan.partner_no,
            deliveries: handed_over.into_iter().chain(plan.deliveries).collect(),
            cancel_deliveries: plan.cancel_deliveries,
            materials: plan.materials,
            settled: plan.settled,
            notices,
            audit,
        };
        self.store.change(change).await
    }
}

/// When the partner is polled next: never for an ended case or a partner that calls back only.
fn poll_after(
    state: &CaseState,
    record: &CaseRecord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Option<Timestamp> {
    if state.state.is_ended() {
        return None;
    }
    let definition = definition_of(record, snapshot)?;
    Some(super::delivery::decide::later(
        now,
        definition.poll()?.every,
    ))
}

/// The definition that a case is pinned to; before the first send, the current one.
fn definition_of(record: &CaseRecord, snapshot: &Snapshot) -> Option<Arc<CompiledDefinition>> {
    let system_id = record.system_id.as_deref()?;
    snapshot
        .system(system_id, record.definition_version)
        .or_else(|| {
            snapshot
                .current_system(system_id)
                .map(|(_, current)| current)
        })
}

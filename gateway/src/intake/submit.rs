//! One submission from its bytes to the answer: checks, composition, the one transaction; a repeat gets the first answer.
//!
//! After a crash at any `await`: before the store's `submit` nothing happened; after it the application stands, and the caller's
//! repeat under the same key gets the same answer.

use super::check::{CheckedApplication, check};
use super::compose::{Composition, legal_day};
use super::fields::Fields;
use super::in_progress::{InProgress, KeyGuard};
use super::json::canonical_digest;
use super::keys::InstallationKeys;
use super::materials::KnownMaterials;
use super::origin::{HandedIn, Origin};
use super::receipt::{ContentDigests, Promise, PromisedCase};
use super::request::{ApplicationRequest, NamedMaterial};
use crate::clock::Clock;
use crate::entropy::{Entropy, EntropyError};
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::notification::Announcer;
use crate::processing::life_cycle::Rejection;
use crate::registry::{Registry, Snapshot};
use crate::store::application::{ApplicationRecord, NewApplication, NewCase, SubmitOutcome};
use crate::store::standing::Stop;
use crate::store::{SharedStore, StoreError};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tongban_adapters::canonical::{Event, EventBody};
use tongban_catalog::source::Finding;

/// What is told to metrics.
pub trait IntakeObserver: Send + Sync + 'static {
    /// An application was committed in this state; `took` from its last byte to the synced commit.
    fn committed(&self, state: &str, took: Duration);
}

/// Everything that intake needs.
pub struct Intake {
    /// The store.
    pub store: SharedStore,
    /// Items, routes, systems.
    pub registry: Arc<Registry>,
    /// Receipts and query codes.
    pub keys: Arc<InstallationKeys>,
    /// Keys being worked on.
    pub in_progress: InProgress,
    /// The clock.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Metrics.
    pub observer: Arc<dyn IntakeObserver>,
    /// Who is told.
    pub announcer: Announcer,
}

/// Why a submission was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Well-formed, but wrong: every fault.
    #[error("the application has {} fault(s)", .0.len())]
    Faults(Vec<Finding>),
    /// A request with the same key is on its way.
    #[error("a request with this idempotency key is being worked on")]
    InProgress,
    /// The key was used with another body, or the partner's number with other content.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// What a partner says about the case does not fit the life cycle.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// No number is left for this item and day.
    #[error("no number is left for this item today")]
    NumbersExhausted,
    /// Nothing is taken now; what was taken before is still answered.
    #[error("intake is stopped: {}", .0.as_str())]
    Stopped(Stop),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A taken application.
#[derive(Debug)]
pub struct Taken {
    /// What was stored.
    pub record: ApplicationRecord,
    /// The same was taken before; nothing new was stored.
    pub replayed: bool,
    /// What the receipt promises.
    pub promise: Promise,
    /// The receipt.
    pub receipt: String,
    /// The query code.
    pub query_code: String,
}

impl Intake {
    /// Takes an application as its JSON says it. `read` reads the body's members and returns what a partner adds.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing was stored, except after [`StoreError::Unavailable`], where it is not known: repeat under the same key.
    pub async fn submit(
        &self,
        body: &Value,
        origin: &Origin,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Option<HandedIn> + Send,
    ) -> Result<Taken, SubmitError> {
        let started = self.clock.instant();
        let _guard = self.guard(origin)?;
        let body_digest = canonical_digest(body);
        let (request, handed_in, faults) = read_body(body, read);
        let handed_in = handed_in.as_ref();
        let composed = self
            .compose((&request, faults), (origin, handed_in), body_digest)
            .await;
        let application = match composed {
            Ok(application) => application,
            // A repeat gets its answer whatever has changed since: months later, when the item is gone, its materials are bound
            // or nothing new is taken. Only now is it looked for: the commit finds the key of a repeat that could be taken.
            Err(refused) => {
                let earlier = self.repeat(origin, handed_in, &body_digest).await?;
                return earlier.ok_or(refused);
            }
        };
        fail_point!("intake.checked");
        let contents = contents(&application);
        let (record, replayed) = match self.store.submit(application).await? {
            SubmitOutcome::Stored(record) => (record, false),
            SubmitOutcome::Replayed(record) => (record, true),
            SubmitOutcome::KeyReused => return Err(SubmitError::KeyReused),
            SubmitOutcome::NumbersExhausted => return Err(SubmitError::NumbersExhausted),
            SubmitOutcome::MaterialsNotBindable(ids) => {
                return Err(SubmitError::Faults(lost_materials(
                    &request.materials,
                    &ids,
                )));
            }
        };
        fail_point!("intake.committed");
        if replayed {
            return self.taken_before(record).await;
        }
        if let Some(case) = record.cases.first() {
            self.observer.committed(&case.state, started.elapsed());
        }
        let promise = promised(&record, contents)?;
        Ok(self.taken(record, promise, false))
    }

    /// Checks an application and makes what is to be stored of it.
    async fn compose(
        &self,
        (request, faults): (&ApplicationRequest, Vec<Finding>),
        (origin, handed_in): (&Origin, Option<&HandedIn>),
        body_digest: [u8; 32],
    ) -> Result<NewApplication, SubmitError> {
        self.open()?;
        let snapshot = self.registry.load();
        let now = self.clock.now();
        let checked = self.checked(request, faults, &snapshot, now).await?;
        let composition = Composition {
            origin,
            handed_in,
            snapshot: &snapshot,
            announcer: &self.announcer,
            body_digest,
            now,
            case_id: self.entropy.uuid(now)?,
        };
        composition.application(checked)
    }

    /// Whether anything new is taken now.
    ///
    /// # Errors
    /// [`SubmitError::Stopped`] with the reason.
    pub fn open(&self) -> Result<(), SubmitError> {
        let stop = self.store.standing().stop();
        stop.map_or(Ok(()), |stop| Err(SubmitError::Stopped(stop)))
    }

    /// Every check that a submission of this body would meet now; nothing is stored.
    ///
    /// # Errors
    /// [`SubmitError::Faults`] with every fault; the store's.
    pub async fn examine(&self, body: &Value) -> Result<(), SubmitError> {
        let (request, _, faults) = read_body(body, |_| None);
        let snapshot = self.registry.load();
        let checked = self.checked(&request, faults, &snapshot, self.clock.now());
        checked.await.map(|_| ())
    }

    async fn checked(
        &self,
        request: &ApplicationRequest,
        faults: Vec<Finding>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<CheckedApplication, SubmitError> {
        let known = self.known_materials(&request.materials).await?;
        check(request, &known, snapshot, legal_day(now), faults).map_err(SubmitError::Faults)
    }

    fn guard(&self, origin: &Origin) -> Result<Option<KeyGuard>, SubmitError> {
        let Some(key) = origin.key() else {
            return Ok(None);
        };
        let guard = self.in_progress.take(&key).ok_or(SubmitError::InProgress)?;
        Ok(Some(guard))
    }

    /// What was taken before under this key or partner number.
    async fn repeat(
        &self,
        origin: &Origin,
        handed_in: Option<&HandedIn>,
        body_digest: &[u8; 32],
    ) -> Result<Option<Taken>, SubmitError> {
        let mut earlier = match origin.key() {
            Some(key) => self.store.by_idempotency_key(&key).await?,
            None => None,
        };
        if let (None, Some(handed_in)) = (&earlier, handed_in) {
            earlier = self.store.by_partner_origin(&handed_in.origin).await?;
        }
        match earlier {
            None => Ok(None),
            Some(record) if record.body_digest == *body_digest => {
                Ok(Some(self.taken_before(record).await?))
            }
            Some(_) => Err(SubmitError::KeyReused),
        }
    }

    /// The materials that a body names, as the store knows them; the request bounds their number.
    pub(super) async fn known_materials(
        &self,
        named: &[NamedMaterial],
    ) -> Result<KnownMaterials, StoreError> {
        let mut known = KnownMaterials::new();
        for material in named {
            if known.contains_key(&material.id) {
                continue;
            }
            if let Some(record) = self.store.material(&material.id).await? {
                known.insert(material.id.clone(), record);
            }
        }
        Ok(known)
    }

    async fn taken_before(&self, record: ApplicationRecord) -> Result<Taken, SubmitError> {
        let promise = self.promise(&record).await?;
        Ok(self.taken(record, promise, true))
    }

    fn taken(&self, record: ApplicationRecord, promise: Promise, replayed: bool) -> Taken {
        Taken {
            receipt: self.keys.receipt(&promise),
            query_code: self.keys.query_code(&record.application_no),
            promise,
            record,
            replayed,
        }
    }

    /// What the receipt of an application promises, from what is fixed in its first events.
    ///
    /// # Errors
    /// The store's; [`StoreError::Inconsistent`] when a first event holds no digests.
    pub async fn promise(&self, record: &ApplicationRecord) -> Result<Promise, StoreError> {
        let mut contents = Vec::with_capacity(record.cases.len());
        for case in &record.cases {
            let first = self
                .store
                .events(&Scope::Everything, &case.case_no, 0, 1)
                .await?;
            contents.push(first.first().and_then(|stored| content(&stored.event)));
        }
        promised(record, contents)
    }
}

/// What was handed in with each case of a new application.
fn contents(application: &NewApplication) -> Vec<Option<ContentDigests>> {
    let first = |case: &NewCase| content(&case.events.first()?.event);
    application.cases.iter().map(first).collect()
}

/// What a first event says was handed in.
fn content(event: &Event) -> Option<ContentDigests> {
    match &event.body {
        EventBody::Applied(remark) => ContentDigests::from_remark(remark),
        _ => None,
    }
}

/// The promise for an application, from the contents of its cases.
fn promised(
    record: &ApplicationRecord,
    contents: Vec<Option<ContentDigests>>,
) -> Result<Promise, StoreError> {
    let mut cases = Vec::with_capacity(record.cases.len());
    for (case, content) in record.cases.iter().zip(contents) {
        let content = content.ok_or_else(|| StoreError::Inconsistent {
            table: "event",
            column: "data",
            row: format!("{}#1", case.case_no),
            reason: "the first event holds no digests of what was handed in".to_owned(),
        })?;
        cases.push(PromisedCase {
            case_no: case.case_no.clone(),
            item_code: case.submission.item.code.clone(),
            item_version: case.submission.item.version,
            content,
        });
    }
    Ok(Promise {
        application_no: record.application_no.clone(),
        submitted_at: record.submitted_at,
        cases,
    })
}

fn read_body(
    body: &Value,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<HandedIn>,
) -> (ApplicationRequest, Option<HandedIn>, Vec<Finding>) {
    let mut faults = Vec::new();
    let mut fields = Fields::of(body, "", &mut faults);
    let handed_in = read(&mut fields);
    let request = ApplicationRequest::read(&mut fields);
    fields.finish();
    (request, handed_in, faults)
}

/// Materials that were free at the check and were not at the commit: somebody else bound or removed them meanwhile.
pub(super) fn lost_materials(named: &[NamedMaterial], ids: &[String]) -> Vec<Finding> {
    let lost = named.iter().filter(|m| ids.contains(&m.id));
    lost.map(|m| {
        Finding::new(
            format!("{}/id", m.pointer),
            "material_bound_elsewhere",
            "此文件已用于其他申请或已失效",
            "the upload belongs to another application or is gone",
        )
    })
    .collect()
}

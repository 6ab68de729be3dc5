//! What an applicant does later: supplement, withdraw, evaluate. Each is an event of the life cycle, and a delivery where the case
//! has been handed over.
//!
//! A repeat of the same act (same content, same open notice) changes nothing and is answered as done.

mod plan;

use super::materials::check_materials;
use super::origin::Origin;
use super::request::NamedMaterial;
use super::submit::{Intake, lost_materials};
use crate::identity::Scope;
use crate::processing::change::{Acted, Casework, ChangeError, Decision, Loaded};
use crate::processing::delivery::held::MATERIAL_INFECTED;
use crate::processing::life_cycle::{Rejection, State};
use crate::registry::PreparedItem;
use crate::store::StoreError;
use crate::store::case::CaseRecord;
use crate::store::delivery::{DeliveryFilter, DeliveryState, DeliverySummary};
use data_encoding::HEXLOWER;
use plan::Act;
use serde_json::Value;
use tongban_adapters::canonical::{Evaluation, EventBody, Reason, Supplement};
use tongban_adapters::exchange::Operation;
use tongban_catalog::source::Finding;

/// Intake and casework together.
#[derive(Clone, Copy)]
pub struct Acts<'a> {
    /// Store, registry, clock.
    pub intake: &'a Intake,
    /// The one way to change a case.
    pub casework: &'a Casework,
}

/// An answer to a correction notice, as it was written.
#[derive(Clone, Default)]
pub struct SupplementRequest {
    /// The applicant's words.
    pub text: String,
    /// The whole corrected form; `None` when it stands.
    pub form: Option<Value>,
    /// Materials that come with it.
    pub materials: Vec<NamedMaterial>,
}

/// An act that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// State of the case after it.
    pub state: State,
    /// The same was done before.
    pub repeated: bool,
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActRefused {
    /// The input is wrong: every fault.
    #[error("the input has {} fault(s)", .0.len())]
    Faults(Vec<Finding>),
    /// The life cycle does not allow it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The case is with a partner that takes no such message.
    #[error("the partner takes no such message")]
    NotOnline,
    /// It could not be committed.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<StoreError> for ActRefused {
    fn from(error: StoreError) -> Self {
        Self::Change(error.into())
    }
}

impl Acts<'_> {
    /// Answers the open correction notice. `faults` holds what reading found.
    ///
    /// # Errors
    /// [`ActRefused`]; nothing was changed.
    pub async fn supplement(
        &self,
        scope: &Scope,
        case: &CaseRecord,
        request: SupplementRequest,
        mut faults: Vec<Finding>,
        origin: &Origin,
        digest: [u8; 32],
    ) -> Result<Outcome, ActRefused> {
        let known = self.intake.known_materials(&request.materials).await?;
        let snapshot = self.intake.registry.load();
        let fact = &case.submission.item;
        let item = snapshot.item(&fact.id, fact.version);
        // A repeat names materials that are bound to this very case.
        let known = known.into_iter().map(|(id, mut record)| {
            record.case_no = record.case_no.filter(|no| *no != case.case_no);
            (id, record)
        });
        let materials = check_materials(
            &request.materials,
            &known.collect(),
            item.map(|i| &**i),
            &mut faults,
        );
        check_form(
            item.map(|i| &**i),
            fact.situation.as_deref(),
            request.form.as_ref(),
            &mut faults,
        );
        if !faults.is_empty() {
            return Err(ActRefused::Faults(faults));
        }
        let supplement = Supplement {
            text: request.text,
            materials: materials.iter().map(|m| m.name.clone()).collect(),
            material_ids: materials.iter().map(|m| m.id.clone()).collect(),
            form: request.form.clone().unwrap_or_default(),
        };
        let act = Act {
            event: EventBody::Supplemented(supplement),
            serial: HEXLOWER.encode(&digest[..8]),
            at: self.intake.clock.now(),
            handed_over: self.is_handed_over(case).await?,
            operation: Some(Operation::Supplement),
            materials: &materials,
            form: request.form.as_ref(),
        };
        let done = self.commit(scope, case, &act, origin, digest).await?;
        done.map_err(|ids| ActRefused::Faults(lost_materials(&request.materials, &ids)))
    }

    /// Asks to withdraw. Before hand-over the hall confirms at once and the case closes; afterwards the partner is asked.
    ///
    /// # Errors
    /// [`ActRefused`]; nothing was changed.
    pub async fn withdraw(
        &self,
        scope: &Scope,
        case: &CaseRecord,
        reason: Reason,
        origin: &Origin,
        digest: [u8; 32],
    ) -> Result<Outcome, ActRefused> {
        let mut act = Act {
            event: EventBody::WithdrawalRequested(reason),
            serial: String::new(),
            at: self.intake.clock.now(),
            handed_over: self.is_handed_over(case).await?,
            operation: Some(Operation::Withdraw),
            materials: &[],
            form: None,
        };
        let done = self.commit_plain(scope, case, &act, origin, digest).await;
        // A worker took the delivery between the look and the commit, which left nothing: now it is the partner that is asked.
        let outrun = matches!(done, Err(ActRefused::Change(ChangeError::Contended(_))));
        if outrun && !act.handed_over && self.is_handed_over(case).await? {
            act.handed_over = true;
            return self.commit_plain(scope, case, &act, origin, digest).await;
        }
        done
    }

    /// Evaluates a finished case, once.
    ///
    /// # Errors
    /// [`ActRefused`]; nothing was changed.
    pub async fn evaluate(
        &self,
        scope: &Scope,
        case: &CaseRecord,
        evaluation: Evaluation,
        origin: &Origin,
        digest: [u8; 32],
    ) -> Result<Outcome, ActRefused> {
        let act = Act {
            event: EventBody::Evaluated(evaluation),
            serial: HEXLOWER.encode(&digest[..8]),
            at: self.intake.clock.now(),
            handed_over: false,
            operation: None,
            materials: &[],
            form: None,
        };
        self.commit_plain(scope, case, &act, origin, digest).await
    }

    /// Whether the partner has the case, or may have it: a delivery that was begun counts, its outcome may be unknown.
    async fn is_handed_over(&self, case: &CaseRecord) -> Result<bool, StoreError> {
        if case.system_id.is_none() {
            return Ok(false);
        }
        if case.partner_no.is_some() || case.submission.case.partner_no.is_some() {
            return Ok(true);
        }
        let filter = DeliveryFilter {
            case_no: Some(case.case_no.clone()),
            ..DeliveryFilter::default()
        };
        let deliveries = self
            .intake
            .store
            .deliveries(&Scope::Everything, &filter)
            .await?;
        for delivery in &deliveries {
            let idle = matches!(
                delivery.state,
                DeliveryState::Pending | DeliveryState::Held | DeliveryState::Discarded
            );
            let untried = idle && delivery.attempts == 0;
            if !untried && !self.held_back(delivery).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a delivery was only ever held back by the virus scan: nothing of it was sent.
    async fn held_back(&self, delivery: &DeliverySummary) -> Result<bool, StoreError> {
        if delivery.last_code != MATERIAL_INFECTED {
            return Ok(false);
        }
        let store = &self.intake.store;
        let record = store.delivery(&Scope::Everything, delivery.id).await?;
        Ok(record.is_some_and(|r| r.attempts.iter().all(|a| a.sent.is_empty())))
    }

    async fn commit_plain(
        &self,
        scope: &Scope,
        case: &CaseRecord,
        act: &Act<'_>,
        origin: &Origin,
        digest: [u8; 32],
    ) -> Result<Outcome, ActRefused> {
        let done = self.commit(scope, case, act, origin, digest).await?;
        done.map_err(|_| ActRefused::Faults(Vec::new()))
    }

    /// `Ok(Err(ids))`: these materials were bound by somebody else meanwhile.
    async fn commit(
        &self,
        scope: &Scope,
        case: &CaseRecord,
        act: &Act<'_>,
        origin: &Origin,
        digest: [u8; 32],
    ) -> Result<Result<Outcome, Vec<String>>, ActRefused> {
        let audit = origin.audit(
            "case.event",
            &case.case_no,
            &case.organisation_id,
            digest,
            act.at,
        );
        let planned = |loaded: &Loaded, _: &_| match act.plan(loaded) {
            Ok(plan) => {
                let state = plan.state().state;
                Decision::Commit(
                    Box::new(plan),
                    Ok(Outcome {
                        state,
                        repeated: false,
                    }),
                )
            }
            Err(ActRefused::Rejected(Rejection::Duplicate { .. })) => {
                let state = loaded.state.state;
                Decision::Leave(Ok(Outcome {
                    state,
                    repeated: true,
                }))
            }
            Err(refused) => Decision::Leave(Err(refused)),
        };
        match self
            .casework
            .act(scope, &case.case_no, &audit, planned)
            .await?
        {
            Acted::Done(done) => Ok(Ok(done?)),
            Acted::MaterialsNotBindable(ids) => Ok(Err(ids)),
            // Our own events carry no feedback key.
            Acted::Duplicate => Err(ChangeError::Contended(case.case_no.clone()).into()),
        }
    }
}

fn check_form(
    item: Option<&PreparedItem>,
    situation: Option<&str>,
    form: Option<&Value>,
    faults: &mut Vec<Finding>,
) {
    let schema = item.and_then(|item| item.form(situation));
    if let (Some(schema), Some(form)) = (schema, form) {
        faults.extend(schema.faults(form, "/form"));
    }
}

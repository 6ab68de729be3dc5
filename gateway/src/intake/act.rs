//! What an applicant does later: supplement, withdraw, evaluate. Each is an event of the life cycle, and a delivery where the case
//! has been handed over.
//!
//! A repeat of the same act (same content, same open notice) changes nothing and is answered as done.

use super::check::check_materials;
use super::origin::Origin;
use super::request::NamedMaterial;
use super::submit::{Intake, lost_materials};
use crate::identity::Scope;
use crate::processing::change::{Acted, Casework, ChangeError, Decision, Loaded, Plan};
use crate::processing::life_cycle::{HandOver, Reception, Rejection, State};
use crate::registry::PreparedItem;
use crate::store::StoreError;
use crate::store::case::CaseRecord;
use crate::store::delivery::{DeliveryFilter, DeliveryState, NewDelivery};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};
use tongban_adapters::canonical::{
    Evaluation, Event, EventBody, MaterialFact, Reason, Submission, Supplement,
};
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

/// What is to be done, computed against a case that may have changed since it was read.
struct Act<'a> {
    event: EventBody,
    serial: String,
    at: Timestamp,
    handed_over: bool,
    operation: Option<Operation>,
    materials: &'a [MaterialFact],
    form: Option<&'a Value>,
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
        let act = Act {
            event: EventBody::WithdrawalRequested(reason),
            serial: String::new(),
            at: self.intake.clock.now(),
            handed_over: self.is_handed_over(case).await?,
            operation: Some(Operation::Withdraw),
            materials: &[],
            form: None,
        };
        self.commit_plain(scope, case, &act, origin, digest).await
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
        Ok(deliveries.iter().any(|d| {
            let idle = matches!(
                d.state,
                DeliveryState::Pending | DeliveryState::Held | DeliveryState::Discarded
            );
            !idle || d.attempts > 0
        }))
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

impl Act<'_> {
    fn plan(&self, loaded: &Loaded) -> Result<Plan, ActRefused> {
        let mut plan = Plan::on(loaded);
        let event = self.event_for(loaded);
        plan.apply(loaded, &event, &Reception::from_applicant(self.at), None)?;
        if self.handed_over {
            plan.deliveries.extend(self.delivery(loaded)?);
        }
        if matches!(event.body, EventBody::WithdrawalRequested(_)) {
            self.plan_withdrawal(loaded, &mut plan, &event)?;
        }
        if self.form.is_some() || !self.materials.is_empty() {
            plan.submission = Some(self.corrected(&loaded.record.submission));
            plan.materials = self
                .materials
                .iter()
                .map(|m| (m.seq, m.id.clone()))
                .collect();
        }
        Ok(plan)
    }

    /// The answer to a notice before acceptance is a resubmission (message 0 with YSBLSH), after acceptance a supplement. A repeat
    /// that comes after the state has moved on is still the event that it was.
    fn event_for(&self, loaded: &Loaded) -> Event {
        let known = |kind: &str| {
            let applied = &loaded.state.applied;
            applied
                .iter()
                .any(|a| a.identity.kind == kind && a.identity.serial == self.serial)
        };
        let body = match &self.event {
            EventBody::Supplemented(s)
                if loaded.state.state == State::PreCorrection || known("resubmitted") =>
            {
                EventBody::Resubmitted(s.clone())
            }
            other => other.clone(),
        };
        Event {
            body,
            serial: self.serial.clone(),
            data_version: 1,
            // A partner's clock may be ahead: what the applicant does now is not before what the case has seen.
            occurred_at: self.at.max(loaded.state.since),
            actor: None,
        }
    }

    fn plan_withdrawal(
        &self,
        loaded: &Loaded,
        plan: &mut Plan,
        request: &Event,
    ) -> Result<(), Rejection> {
        let mut submission = loaded.record.submission.clone();
        submission.case.withdrawal_requested = true;
        plan.submission = Some(submission);
        if self.handed_over {
            return Ok(());
        }
        let EventBody::WithdrawalRequested(reason) = &request.body else {
            return Ok(());
        };
        let confirmed = Event {
            body: EventBody::Withdrawn(reason.clone()),
            ..request.clone()
        };
        let reception = Reception::from_hall(self.at, HandOver::NotYet);
        plan.apply(loaded, &confirmed, &reception, None)?;
        plan.cancel_deliveries = true;
        Ok(())
    }

    /// The message to the partner that has the case.
    fn delivery(&self, loaded: &Loaded) -> Result<Option<NewDelivery>, ActRefused> {
        let (Some(operation), Some(system)) = (self.operation, loaded.record.system_id.as_deref())
        else {
            return Ok(None);
        };
        let pinned = loaded
            .snapshot
            .system(system, loaded.record.definition_version);
        let definition = pinned.or_else(|| loaded.snapshot.current_system(system).map(|(_, d)| d));
        if definition.is_none_or(|d| d.steps(operation).is_empty()) {
            return Err(ActRefused::NotOnline);
        }
        Ok(Some(NewDelivery {
            system_id: system.to_owned(),
            operation,
            message: self.message(loaded),
            not_before: self.at,
        }))
    }

    /// `{text, materials, form, serial, at}` or `{reason, at}`: the root `message` of the definition's expressions.
    fn message(&self, loaded: &Loaded) -> Value {
        match &self.event {
            EventBody::Supplemented(supplement) => {
                let serial = loaded
                    .state
                    .suspension
                    .as_ref()
                    .map_or("", |open| open.serial.as_str());
                json!({
                    "text": supplement.text, "materials": self.materials, "form": supplement.form,
                    "serial": serial, "at": self.at,
                })
            }
            EventBody::WithdrawalRequested(reason) => {
                json!({"reason": reason.reason, "at": self.at})
            }
            _ => Value::Null,
        }
    }

    /// The submission with the corrected form; a new file takes the place of those of its material.
    fn corrected(&self, before: &Submission) -> Submission {
        let mut after = before.clone();
        if let Some(form) = self.form {
            after.form = form.clone();
        }
        after
            .materials
            .retain(|old| !self.materials.iter().any(|new| new.seq == old.seq));
        after.materials.extend(self.materials.iter().cloned());
        after.materials.sort_by_key(|m| m.seq);
        after
    }
}

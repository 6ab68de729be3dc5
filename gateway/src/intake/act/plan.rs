//! From an act to the change of one case: event, delivery, corrected submission. Pure, so that it can be computed anew when somebody
//! else was faster.

use super::ActRefused;
use crate::processing::change::{Loaded, Plan};
use crate::processing::life_cycle::{HandOver, Reception, Rejection, State};
use crate::store::delivery::NewDelivery;
use jiff::Timestamp;
use serde_json::{Value, json};
use tongban_adapters::canonical::{Event, EventBody, MaterialFact, Submission};
use tongban_adapters::exchange::Operation;

/// What is to be done, computed against a case that may have changed since it was read.
pub(super) struct Act<'a> {
    pub(super) event: EventBody,
    pub(super) serial: String,
    pub(super) at: Timestamp,
    pub(super) handed_over: bool,
    pub(super) operation: Option<Operation>,
    pub(super) materials: &'a [MaterialFact],
    pub(super) form: Option<&'a Value>,
}

impl Act<'_> {
    pub(super) fn plan(&self, loaded: &Loaded) -> Result<Plan, ActRefused> {
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

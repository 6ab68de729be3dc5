//! One message of one partner, from its canonical form to the store.

use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::processing::change::{Acted, Casework, ChangeError, Decision, Extras, Loaded, Plan};
use crate::processing::life_cycle::{Disposition, Reception, Rejection, predecessors, re_version};
use crate::store::StoreError;
use crate::store::audit::NewAudit;
use crate::store::case::{CaseRecord, FeedbackKey, FeedbackRecord, FeedbackState, NewFeedback};
use aws_lc_rs::digest;
use jiff::Timestamp;
use std::sync::Arc;
use tongban_adapters::canonical::{CaseReference, Event, PartnerEvent};

/// The longest number of an unknown case that is kept, in characters.
const UNKNOWN_NUMBER_MAX: usize = 64;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedbackOutcome {
    /// Applied.
    Applied,
    /// Known already: acknowledged again, nothing changed.
    Known,
    /// Waits for its predecessor.
    Held,
    /// The same key with another content.
    Conflict,
    /// Refused; visible to operators.
    Rejected {
        /// Stable code.
        code: &'static str,
        /// Words in Chinese.
        zh: String,
        /// Words in English.
        en: String,
    },
}

impl FeedbackOutcome {
    /// The word in metrics and answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Known => "known",
            Self::Held => "held",
            Self::Conflict => "conflict",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// Whether the partner is told that its message was taken.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Applied | Self::Known | Self::Held)
    }

    fn rejected(rejection: &Rejection) -> Self {
        Self::Rejected {
            code: rejection.code(),
            zh: rejection.say(crate::text::Language::Chinese),
            en: rejection.say(crate::text::Language::English),
        }
    }

    /// A repeat that could only be held: it had waited for its predecessor once, and is not acknowledged without being stored.
    fn refused_before() -> Self {
        Self::Rejected {
            code: "rejected_before",
            zh: "此消息此前已被拒收，请更正后以新的数据版本重报".to_owned(),
            en: "this message was rejected before; correct it and report it with a higher data version".to_owned(),
        }
    }

    fn unknown_case() -> Self {
        Self::Rejected {
            code: "unknown_case",
            zh: "没有这个编号的办件，或者它不归本系统办理".to_owned(),
            en: "there is no case under this number, or this system does not have it".to_owned(),
        }
    }
}

/// What is told to metrics.
pub trait FeedbackObserver: Send + Sync + 'static {
    /// A message of this type had this outcome.
    fn received(&self, system_id: &str, kind: &'static str, outcome: &'static str);
}

/// The way in.
#[derive(Clone)]
pub struct Feedback {
    /// Changing cases.
    pub casework: Casework,
    /// Metrics.
    pub observer: Arc<dyn FeedbackObserver>,
}

/// One message on its way, with what identifies it.
struct Message {
    key: FeedbackKey,
    digest: [u8; 32],
    event: Event,
    partner_no: Option<String>,
    reception: Reception,
}

impl Feedback {
    /// Takes one message. When this returns, it is stored: applied, held or rejected.
    ///
    /// # Errors
    /// [`ChangeError`] when nothing could be stored: the partner must send it again.
    pub async fn receive(
        &self,
        system_id: &str,
        message: PartnerEvent,
        request_id: &str,
    ) -> Result<FeedbackOutcome, ChangeError> {
        let kind = message.event.body.kind();
        fail_point!("feedback.arrived");
        let outcome = self.take(system_id, message, request_id).await;
        fail_point!("feedback.stored");
        let word = outcome.as_ref().map_or("error", FeedbackOutcome::word);
        self.observer.received(system_id, kind, word);
        outcome
    }

    async fn take(
        &self,
        system_id: &str,
        message: PartnerEvent,
        request_id: &str,
    ) -> Result<FeedbackOutcome, ChangeError> {
        let store = &self.casework.store;
        let now = self.casework.clock.now();
        let case = store.case_of_partner(system_id, &message.case).await?;
        let message = Message {
            key: key_of(system_id, case.as_ref(), &message),
            digest: digest_of(&message.event),
            event: message.event,
            partner_no: message.partner_no,
            reception: Reception::from_partner(system_id, now),
        };
        let Some(case) = case else {
            self.keep(&message, FeedbackState::Rejected, "unknown_case", None)
                .await?;
            return Ok(FeedbackOutcome::unknown_case());
        };
        // What was rejected and comes again is judged again: partners repeat what was not taken, and the case may have moved on.
        let known = store.feedback(&message.key).await?;
        let refused_before = known.as_ref().is_some_and(|known| {
            known.digest == message.digest && known.state == FeedbackState::Rejected
        });
        if let (Some(known), false) = (&known, refused_before) {
            return self.repeated(&message, known).await;
        }
        let audit = audit_of(system_id, &message, now, request_id);
        let acted = self
            .casework
            .act(
                &Scope::Everything,
                &case.case_no,
                &audit,
                |loaded, extras| plan(loaded, extras, &message),
            )
            .await?;
        match acted {
            Acted::Done(Planned::Hold(_)) if refused_before => {
                Ok(FeedbackOutcome::refused_before())
            }
            Acted::Done(outcome) => self.settle(&message, outcome).await,
            Acted::Duplicate => match store.feedback(&message.key).await? {
                Some(known) => self.repeated(&message, &known).await,
                None => Ok(FeedbackOutcome::Known),
            },
            Acted::MaterialsNotBindable(_) => Err(ChangeError::Contended(case.case_no)),
        }
    }

    /// A key that is there already: the same content is acknowledged again, another is a conflict that stays visible.
    async fn repeated(
        &self,
        message: &Message,
        known: &FeedbackRecord,
    ) -> Result<FeedbackOutcome, ChangeError> {
        if known.digest == message.digest && known.state != FeedbackState::Rejected {
            return Ok(FeedbackOutcome::Known);
        }
        if known.digest == message.digest {
            return Ok(FeedbackOutcome::refused_before());
        }
        self.keep(message, FeedbackState::Rejected, "conflict", None)
            .await?;
        Ok(FeedbackOutcome::Conflict)
    }

    /// Stores what was not applied.
    async fn settle(
        &self,
        message: &Message,
        planned: Planned,
    ) -> Result<FeedbackOutcome, ChangeError> {
        match planned {
            Planned::Outcome(outcome) => {
                if let FeedbackOutcome::Rejected { code, .. } = &outcome {
                    self.keep(message, FeedbackState::Rejected, code, None)
                        .await?;
                }
                Ok(outcome)
            }
            Planned::Hold(until) => {
                self.keep(message, FeedbackState::Held, "", Some(until))
                    .await?;
                // What it waits for may have been committed between the look at the case and this: then nobody else would see it.
                self.look_again(&message.key.case_no, message.reception.received_at)
                    .await?;
                Ok(FeedbackOutcome::Held)
            }
        }
    }

    async fn keep(
        &self,
        message: &Message,
        state: FeedbackState,
        code: &str,
        held_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let feedback = NewFeedback {
            key: message.key.clone(),
            digest: message.digest,
            state,
            reason_code: code.to_owned(),
            received_at: message.reception.received_at,
            held_until,
            event: message.event.clone(),
        };
        self.casework
            .store
            .record_feedback(feedback)
            .await
            .map(|_| ())
    }

    /// Applies what is held and fits by now.
    async fn look_again(&self, case_no: &str, now: Timestamp) -> Result<(), ChangeError> {
        let audit = settled_audit(case_no, now);
        self.casework
            .act(&Scope::Everything, case_no, &audit, |loaded, extras| {
                let mut plan = Plan::on(loaded);
                plan.apply_held(loaded, extras.held.clone());
                if plan.is_empty() {
                    return Decision::Leave(());
                }
                Decision::Commit(Box::new(plan), ())
            })
            .await?;
        Ok(())
    }

    /// Messages of this case that have waited long enough: their predecessors are back-filled where the rule allows it, else they
    /// are rejected and visible. Returns how many were settled.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing was settled then.
    pub async fn settle_held(&self, case_no: &str, now: Timestamp) -> Result<usize, ChangeError> {
        let audit = settled_audit(case_no, now);
        let acted = self
            .casework
            .act(&Scope::Everything, case_no, &audit, |loaded, extras| {
                let held = extras.held.clone();
                let mut plan = Plan::on(loaded);
                for waiting in held
                    .iter()
                    .filter(|h| h.held_until.is_some_and(|until| until <= now))
                {
                    give_ground(&mut plan, loaded, waiting, now);
                }
                plan.apply_held(loaded, held);
                let count = plan.settled.len();
                if plan.is_empty() {
                    return Decision::Leave(0);
                }
                Decision::Commit(Box::new(plan), count)
            })
            .await?;
        match acted {
            Acted::Done(count) => Ok(count),
            Acted::Duplicate | Acted::MaterialsNotBindable(_) => Ok(0),
        }
    }
}

/// The change that a message makes.
fn plan(loaded: &Loaded, extras: &Extras, message: &Message) -> Decision<Planned> {
    let mut plan = Plan::on(loaded);
    let key = (message.key.clone(), message.digest);
    match plan.apply(
        loaded,
        &message.event,
        &message.reception,
        Some(key.clone()),
    ) {
        Ok(()) => {}
        Err(Rejection::ReVersion { supersedes }) => {
            let Some(history) = &extras.history else {
                return Decision::NeedHistory;
            };
            let (event, reception) = (&message.event, &message.reception);
            match re_version(
                history,
                event,
                reception,
                supersedes,
                &loaded.rules,
                loaded.calendar(),
            ) {
                Ok(applied) => {
                    let replaced = plan.replace(loaded, applied, event, reception, supersedes, key);
                    if let Err(rejection) = replaced {
                        return Decision::Leave(Planned::of(&rejection, loaded, message));
                    }
                }
                Err(error) => return Decision::Leave(Planned::refused_replay(&error)),
            }
        }
        Err(rejection) => return Decision::Leave(Planned::of(&rejection, loaded, message)),
    }
    plan.partner_no.clone_from(&message.partner_no);
    Decision::Commit(Box::new(plan), Planned::Outcome(FeedbackOutcome::Applied))
}

/// What a plan came to when nothing is committed with it.
enum Planned {
    Outcome(FeedbackOutcome),
    Hold(Timestamp),
}

impl Planned {
    fn of(rejection: &Rejection, loaded: &Loaded, message: &Message) -> Self {
        match rejection.disposition() {
            Disposition::Hold => Self::Hold(loaded.rules.held_until(message.reception.received_at)),
            Disposition::Acknowledge | Disposition::CompareDigest => {
                Self::Outcome(FeedbackOutcome::Known)
            }
            Disposition::Replay | Disposition::Refuse => {
                Self::Outcome(FeedbackOutcome::rejected(rejection))
            }
        }
    }

    fn refused_replay(error: &crate::processing::life_cycle::ReplayError) -> Self {
        use crate::processing::life_cycle::ReplayError;
        Self::Outcome(match error {
            ReplayError::Rejected { rejection, .. } => FeedbackOutcome::rejected(rejection),
            _ => FeedbackOutcome::Rejected {
                code: "replay_failed",
                zh: "按此重报无法重新推算办件".to_owned(),
                en: "the case cannot be replayed with this report".to_owned(),
            },
        })
    }
}

/// Back-fills what a message waited for, or gives it up.
fn give_ground(plan: &mut Plan, loaded: &Loaded, waiting: &FeedbackRecord, now: Timestamp) {
    let mut settled = (
        waiting.id,
        FeedbackState::Rejected,
        "predecessor_missing".to_owned(),
    );
    if let Ok(added) = predecessors(plan.state(), &waiting.event, &loaded.rules) {
        let gateway = Reception::from_gateway(now);
        let filled = added
            .iter()
            .all(|event| plan.apply(loaded, event, &gateway, None).is_ok());
        let partner = Reception::from_partner(waiting.key.system_id.clone(), waiting.received_at);
        if filled && plan.apply(loaded, &waiting.event, &partner, None).is_ok() {
            settled = (waiting.id, FeedbackState::Applied, String::new());
        }
    }
    plan.settled.push(settled);
}

fn key_of(system_id: &str, case: Option<&CaseRecord>, message: &PartnerEvent) -> FeedbackKey {
    let given = match &message.case {
        CaseReference::CaseNo(no) | CaseReference::ShortNo(no) => no,
    };
    FeedbackKey {
        system_id: system_id.to_owned(),
        case_no: case.map_or_else(
            || given.chars().take(UNKNOWN_NUMBER_MAX).collect(),
            |c| c.case_no.clone(),
        ),
        kind: message.event.body.kind().to_owned(),
        serial: message.event.serial.clone(),
        data_version: message.event.data_version,
    }
}

/// The digest of an event's canonical form: field order is fixed by the types, so equal events have equal digests.
fn digest_of(event: &Event) -> [u8; 32] {
    let canonical = serde_json::to_vec(event).unwrap_or_default();
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, &canonical).as_ref());
    out
}

fn settled_audit(case_no: &str, at: Timestamp) -> NewAudit {
    NewAudit {
        at,
        actor: "gateway".to_owned(),
        actor_kind: "gateway".to_owned(),
        action: "case.held_settled".to_owned(),
        target: case_no.to_owned(),
        organisation_id: String::new(),
        request_id: String::new(),
        outcome: "ok".to_owned(),
        digest: [0; 32],
        note: String::new(),
    }
}

fn audit_of(system_id: &str, message: &Message, at: Timestamp, request_id: &str) -> NewAudit {
    NewAudit {
        at,
        actor: system_id.to_owned(),
        actor_kind: "partner".to_owned(),
        action: format!("case.{}", message.event.body.kind()),
        target: message.key.case_no.clone(),
        organisation_id: String::new(),
        request_id: request_id.to_owned(),
        outcome: "ok".to_owned(),
        digest: message.digest,
        note: String::new(),
    }
}

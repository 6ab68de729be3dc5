//! Composes what is committed for a checked application: case, first events, projection, deliveries. Pure.

use super::check::CheckedApplication;
use super::origin::{HandedIn, Origin};
use super::receipt::ContentDigests;
use super::submit::SubmitError;
use crate::notification::plan::{Announcer, language_word};
use crate::processing::change::project;
use crate::processing::life_cycle::{CaseState, Reception, Rejection, Rules, apply};
use crate::registry::{Snapshot, rules_for};
use crate::store::application::{NewApplication, NewCase, NewEvent};
use crate::store::case::CaseProjection;
use crate::store::delivery::NewDelivery;
use crate::store::notification::NewNotices;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use std::sync::Arc;
use tongban_adapters::canonical::{Acceptance, CaseFact, Event, EventBody, Remark, Submission};
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::exchange::Operation;
use uuid::Uuid;

/// The legal day (Asia/Shanghai, without daylight saving since 1991) of an instant.
#[must_use]
pub fn legal_day(at: Timestamp) -> Date {
    jiff::tz::offset(8).to_datetime(at).date()
}

/// What is composed besides the checked application.
pub struct Composition<'a> {
    /// Who sends it.
    pub origin: &'a Origin,
    /// What a partner says, when one hands it in.
    pub handed_in: Option<&'a HandedIn>,
    /// The registry at the moment of the check.
    pub snapshot: &'a Snapshot,
    /// Who is told.
    pub announcer: &'a Announcer,
    /// Digest of the request's canonical body.
    pub body_digest: [u8; 32],
    /// Now.
    pub now: Timestamp,
    /// The internal id of the case.
    pub case_id: Uuid,
}

impl Composition<'_> {
    /// Everything that is committed in the one transaction.
    ///
    /// # Errors
    /// [`SubmitError::Rejected`]: what a partner said about the case does not fit the life cycle.
    /// [`SubmitError::NumbersExhausted`]: the item's codes grow no number, which its check rules out.
    pub fn application(&self, checked: CheckedApplication) -> Result<NewApplication, SubmitError> {
        let organisation = checked.item.item.org.id.as_str().to_owned();
        let case = self.case(checked)?;
        let audit = self.origin.audit(
            "application.submit",
            "",
            &organisation,
            self.body_digest,
            self.now,
        );
        Ok(NewApplication {
            idempotency: self.origin.key(),
            body_digest: self.body_digest,
            owner_subject: self.origin.owner_subject(),
            agent: self.origin.agent(),
            channel: self.origin.channel.to_owned(),
            submitted_at: self.submitted_at(),
            cases: vec![case],
            partner_origin: self.handed_in.map(|h| h.origin.clone()),
            audit,
        })
    }

    fn submitted_at(&self) -> Timestamp {
        self.handed_in.map_or(self.now, |h| h.submitted_at)
    }

    fn case(&self, checked: CheckedApplication) -> Result<NewCase, SubmitError> {
        let definition = self.definition(&checked);
        let rules = rules_for(&checked.item, self.origin.channel, definition.as_deref());
        let events = self.events(&checked);
        let folded = self.fold(&events, &rules)?;
        let deliveries = self.deliveries(&checked, &events);
        let polled = definition
            .as_deref()
            .filter(|_| self.is_with_system(&checked, &deliveries));
        let projection = self.projection(&folded, &rules, polled);
        let stem = checked
            .item
            .item
            .number_stem(legal_day(self.now))
            .ok_or(SubmitError::NumbersExhausted)?;
        let materials = checked
            .materials
            .iter()
            .map(|m| (m.seq, m.id.clone()))
            .collect();
        let (system_id, short_number) = (
            checked.route.system.clone(),
            definition.is_some_and(|d| d.short_number()),
        );
        let organisation_id = checked.item.item.org.id.as_str().to_owned();
        let submission = self.submission(checked);
        let events: Vec<NewEvent> = events
            .into_iter()
            .map(|event| self.new_event(event))
            .collect();
        let notices = self.notices(&events, &submission);
        Ok(NewCase {
            case_id: self.case_id,
            number_stem: stem.as_str().to_owned(),
            organisation_id,
            system_id,
            short_number,
            submission,
            events,
            projection,
            deliveries,
            materials,
            notices,
        })
    }

    /// Who is told; only an application with a known owner or agent can have subscribers when it comes.
    fn notices(&self, events: &[NewEvent], submission: &Submission) -> NewNotices {
        let applicant = &submission.applicant;
        let notices = self
            .announcer
            .notices(events, applicant, |_| None, self.now);
        let known = self.origin.owner_subject().is_some() || self.origin.agent().is_some();
        NewNotices {
            subscribers: notices.subscribers && known,
            language: language_word(self.origin.language),
            ..notices
        }
    }

    fn definition(&self, checked: &CheckedApplication) -> Option<Arc<CompiledDefinition>> {
        let system = checked.route.system.as_deref()?;
        Some(self.snapshot.current_system(system)?.1)
    }

    /// The first events: `applied`, which fixes the digests of what was handed in, and what a partner did before it handed the case in.
    fn events(&self, checked: &CheckedApplication) -> Vec<Event> {
        let event = |body, occurred_at| Event {
            body,
            serial: String::new(),
            data_version: 1,
            occurred_at,
            actor: None,
        };
        let content = ContentDigests::of(&checked.form, &checked.materials);
        let mut events = vec![event(
            EventBody::Applied(content.into_remark()),
            self.submitted_at(),
        )];
        let Some(handed_in) = self.handed_in else {
            return events;
        };
        if let Some(at) = handed_in.pre_accepted_at {
            events.push(event(EventBody::PreAccepted(Remark::default()), at));
        }
        if let Some((at, document_no)) = &handed_in.accepted {
            let acceptance = Acceptance {
                document_no: document_no.clone(),
                note: None,
            };
            events.push(event(EventBody::Accepted(acceptance), *at));
        }
        events
    }

    fn reception(&self) -> Reception {
        match self.handed_in {
            Some(handed_in) => Reception::from_partner(&handed_in.origin.system_id, self.now),
            None => Reception::from_applicant(self.now),
        }
    }

    fn fold(&self, events: &[Event], rules: &Rules) -> Result<CaseState, Rejection> {
        let reception = self.reception();
        let mut case: Option<CaseState> = None;
        for event in events {
            case = Some(
                apply(
                    case.as_ref(),
                    event,
                    &reception,
                    rules,
                    self.snapshot.calendar(),
                )?
                .case,
            );
        }
        case.ok_or(Rejection::UnknownCase { event: "applied" })
    }

    fn new_event(&self, event: Event) -> NewEvent {
        NewEvent {
            event,
            system_id: self.handed_in.map(|h| h.origin.system_id.clone()),
            received_at: self.now,
            supersedes: None,
            key: None,
        }
    }

    /// A delivery to the route's system once its hand-over step is reached; none to the partner that has the case already.
    fn deliveries(&self, checked: &CheckedApplication, events: &[Event]) -> Vec<NewDelivery> {
        let reached = events
            .iter()
            .any(|e| checked.route.hand_over.is_reached_by(e.body.kind()));
        let system = checked
            .route
            .system
            .as_ref()
            .filter(|_| reached && !self.comes_from(checked));
        let delivery = |system: &String| NewDelivery {
            system_id: system.clone(),
            operation: Operation::Submit,
            message: Value::Null,
            not_before: self.now,
        };
        system.map(delivery).into_iter().collect()
    }

    fn comes_from(&self, checked: &CheckedApplication) -> bool {
        self.handed_in
            .is_some_and(|h| checked.route.system.as_ref() == Some(&h.origin.system_id))
    }

    fn is_with_system(&self, checked: &CheckedApplication, deliveries: &[NewDelivery]) -> bool {
        !deliveries.is_empty() || self.comes_from(checked)
    }

    fn projection(
        &self,
        case: &CaseState,
        rules: &Rules,
        polled: Option<&CompiledDefinition>,
    ) -> CaseProjection {
        let first_poll = polled
            .and_then(CompiledDefinition::poll)
            .and_then(|policy| {
                let wait = jiff::SignedDuration::try_from(policy.first).ok()?;
                self.now.checked_add(wait).ok()
            });
        project(case, rules, self.snapshot.calendar(), self.now, first_poll)
    }

    fn submission(&self, checked: CheckedApplication) -> Submission {
        let item = checked
            .item
            .fact(&checked.item_code, checked.situation.as_deref());
        Submission {
            case: CaseFact {
                no: String::new(),
                application_no: String::new(),
                short_no: None,
                partner_no: self.handed_in.map(|h| h.origin.partner_no.clone()),
                region: checked.region,
                channel: self.origin.channel.to_owned(),
                submitted_at: self.submitted_at(),
                withdrawal_requested: false,
            },
            item,
            applicant: checked.applicant,
            form: checked.form,
            materials: checked.materials,
        }
    }
}

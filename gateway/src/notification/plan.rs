//! Who is told of a change: pure.

use super::settings::NotificationSettings;
use super::texts::NoticeKind;
use crate::processing::delivery::decide::later;
use crate::processing::life_cycle::{CaseState, Rules, State, next_due};
use crate::quiet::due;
use crate::store::application::NewEvent;
use crate::store::notification::{NewNotice, NewNotices};
use crate::text::Language;
use jiff::Timestamp;
use std::sync::Arc;
use tongban_adapters::canonical::{Applicant, CorrectionNotice, Event, EventBody};
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::{Limit, Moment, Request};

/// Decides who is told; tells nobody while nothing is set up.
#[derive(Debug, Clone, Default)]
pub struct Announcer {
    settings: Option<Arc<NotificationSettings>>,
}

impl Announcer {
    /// By these settings.
    #[must_use]
    pub fn new(settings: Option<Arc<NotificationSettings>>) -> Self {
        Self { settings }
    }

    /// The settings, when there are any.
    #[must_use]
    pub fn settings(&self) -> Option<&Arc<NotificationSettings>> {
        self.settings.as_ref()
    }

    /// What is told of these events. `deadline` says by when the applicant has to answer a notice.
    #[must_use]
    pub fn notices(
        &self,
        events: &[NewEvent],
        applicant: &Applicant,
        deadline: impl Fn(&Event) -> Option<Timestamp>,
        now: Timestamp,
    ) -> NewNotices {
        let Some(settings) = &self.settings else {
            return NewNotices::default();
        };
        let channels = reachable(settings, applicant);
        let told = events.iter().enumerate().filter_map(|(event, new)| {
            let kind = NoticeKind::of(&new.event.body).filter(|_| !channels.is_empty())?;
            let urgent = settings.urgent.contains(&kind);
            let due_at = if urgent {
                now
            } else {
                due(settings.quiet, later(now, settings.together))
            };
            Some(NewNotice {
                event,
                kind: kind.as_str(),
                channels: channels.clone(),
                urgent,
                merges: kind.merges() && !urgent,
                deadline: deadline(&new.event),
                due_at,
            })
        });
        NewNotices {
            applicant: told.collect(),
            subscribers: settings.webhooks.is_some(),
            language: "",
        }
    }
}

/// The word of a language in rows.
#[must_use]
pub fn language_word(language: Language) -> &'static str {
    match language {
        Language::Chinese => "zh",
        Language::English => "en",
    }
}

/// The channels by which this applicant can be reached.
fn reachable(settings: &NotificationSettings, applicant: &Applicant) -> Vec<&'static str> {
    let there = |contact: Option<&str>| contact.is_some_and(|text| !text.trim().is_empty());
    let mut channels = settings.applicant_channels();
    channels.retain(|channel| match *channel {
        "sms" => there(Some(&applicant.phone)),
        _ => there(applicant.email.as_deref()),
    });
    channels
}

/// By when a correction notice is to be answered: by its own limit in working days, else when the case would lapse.
#[must_use]
pub fn correction_deadline(
    event: &Event,
    state: &CaseState,
    rules: &Rules,
    calendar: &Calendar,
) -> Option<Timestamp> {
    let (EventBody::PreCorrectionRequested(notice) | EventBody::CorrectionRequested(notice)) =
        &event.body
    else {
        return None;
    };
    by_limit(notice, event.occurred_at, calendar).or_else(|| {
        (state.state == State::PreCorrection)
            .then(|| next_due(state, rules, calendar))
            .flatten()
    })
}

fn by_limit(notice: &CorrectionNotice, at: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
    let days = notice.limit.filter(|days| *days > 0)?;
    let request = Request::new(Moment::at(at), Limit::working_days(days));
    let due = tongban_catalog::deadline::due(&request, calendar).ok()?;
    due.map(|due| due.end.instant())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tongban_adapters::canonical::{ApplicantType, IdentityType, Reason, Remark};

    fn applicant(phone: &str, email: Option<&str>) -> Applicant {
        Applicant {
            kind: ApplicantType::Person,
            name: "张三".to_owned(),
            id_type: IdentityType::ResidentId,
            id_number: "11010519491231002X".to_owned(),
            phone: phone.to_owned(),
            contact: None,
            email: email.map(str::to_owned),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn event(body: EventBody) -> NewEvent {
        let now = at("2026-03-02T15:00:00Z");
        NewEvent {
            event: Event {
                body,
                serial: String::new(),
                data_version: 1,
                occurred_at: now,
                actor: None,
            },
            system_id: None,
            received_at: now,
            supersedes: None,
            key: None,
        }
    }

    fn announcer() -> Announcer {
        let settings = json!({
            "sms": {"url": "http://127.0.0.1:1/"},
            "email": {"host": "127.0.0.1", "from": "hall@example.com"},
            "quiet": "22:00-08:00", "urgent": ["correction"],
        });
        Announcer::new(Some(Arc::new(serde_json::from_value(settings).unwrap())))
    }

    #[test]
    fn who_has_no_contact_is_not_written_to_and_who_set_nothing_up_tells_nobody() {
        let events = [event(EventBody::Applied(Remark::default()))];
        let now = at("2026-03-02T04:00:00Z");
        let channels = |applicant: &Applicant| {
            let notices = announcer().notices(&events, applicant, |_| None, now);
            notices.applicant.first().map(|n| n.channels.clone())
        };
        assert_eq!(channels(&applicant(" ", None)), None);
        assert_eq!(channels(&applicant("1380", None)), Some(vec!["sms"]));
        let both = applicant("1380", Some("a@example.com"));
        assert_eq!(channels(&both), Some(vec!["sms", "email"]));
        let silent = Announcer::default().notices(&events, &both, |_| None, now);
        assert_eq!(silent, NewNotices::default());
    }

    #[test]
    fn only_what_is_urgent_goes_in_the_quiet_time() {
        // 23:00 in Asia/Shanghai.
        let now = at("2026-03-02T15:00:00Z");
        let by = at("2026-03-09T16:00:00Z");
        let events = [
            event(EventBody::Refused(Reason::default())),
            event(EventBody::CorrectionRequested(CorrectionNotice::default())),
            event(EventBody::Evaluated(
                serde_json::from_value(json!({"level": 1})).unwrap(),
            )),
        ];
        let deadline =
            |event: &Event| matches!(event.body, EventBody::CorrectionRequested(_)).then_some(by);
        let notices = announcer().notices(&events, &applicant("1380", None), deadline, now);
        let told: Vec<_> = notices
            .applicant
            .iter()
            .map(|n| (n.event, n.kind, n.urgent, n.due_at, n.deadline))
            .collect();
        let morning = at("2026-03-03T00:00:00Z");
        assert_eq!(
            told,
            [
                (0, "rejected", false, morning, None),
                (1, "correction", true, now, Some(by)),
            ]
        );
    }
}

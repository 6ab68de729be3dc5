//! Sends what is due: one worker for applicants, one for subscribers, so that neither takes the other's room.
//!
//! After a crash at any `await`: a row that was leased is due again when its lease ends, and is sent again under the same key; one
//! that was left is not.

use super::mail::{Letter, Postman};
use super::plan::language_word;
use super::settings::NotificationSettings;
use super::texts::{NoticeContext, NoticeKind};
use super::{Attempt, message_key, sms, webhook};
use crate::clock::Clock;
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::operations::logging::seldom;
use crate::operations::metrics::Metrics;
use crate::outbound::OutboundClient;
use crate::processing::delivery::decide::later;
use crate::store::case::{CaseRecord, StoredEvent};
use crate::store::notification::{LeasedNotice, NoticeOutcome};
use crate::store::{SharedStore, StoreError};
use crate::text::Language;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tongban_adapters::canonical::EventBody;

/// Longer than any channel's deadlines.
const LEASE_US: i64 = 60_000_000;
/// Messages of one lane at once: a subscriber that hangs has no more than these.
const PER_LANE: u32 = 4;
/// Messages of one worker at once.
const AT_ONCE_MAX: usize = 64;
/// Time between two looks.
const TICK: Duration = Duration::from_millis(250);
/// Looks between two measurements.
const MEASURE_EVERY: u32 = 20;
/// The first pause after a failure; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// The pause after so many attempts.
#[must_use]
pub fn pause(attempts: u32) -> Duration {
    PAUSE
        .saturating_mul(1 << attempts.saturating_sub(1).min(16))
        .min(PAUSE_MAX)
}

/// Everything that the workers need.
pub struct NoticeWorker {
    /// The store.
    pub store: SharedStore,
    /// The clock.
    pub clock: Clock,
    /// The way of SMS and webhooks.
    pub client: OutboundClient,
    /// Metrics.
    pub metrics: Metrics,
    /// Settings.
    pub settings: Arc<NotificationSettings>,
    /// The way of mail.
    pub postman: Option<Postman>,
}

/// Works on these channels until `stop`; what is under way then ends first.
pub async fn run(
    worker: Arc<NoticeWorker>,
    channels: Vec<&'static str>,
    measures: bool,
    stop: CancellationToken,
) {
    let (mut under_way, mut busy) = (JoinSet::new(), HashMap::<String, usize>::new());
    let mut looks = 0u32;
    while !stop.is_cancelled() {
        let full: Vec<String> = busy.keys().cloned().collect();
        let room = u32::try_from(AT_ONCE_MAX.saturating_sub(under_way.len())).unwrap_or(0);
        let now = worker.clock.now();
        let due = worker
            .store
            .lease_notices(&channels, &full, now, LEASE_US, PER_LANE, room);
        match due.await {
            Ok(leased) => {
                for notice in leased {
                    *busy.entry(notice.lane.clone()).or_default() += 1;
                    let worker = Arc::clone(&worker);
                    under_way.spawn(async move {
                        let lane = notice.lane.clone();
                        if let Err(error) = worker.deliver(notice).await {
                            seldom!(warn, %error, "a notification could not be settled; it is sent again");
                        }
                        lane
                    });
                }
            }
            Err(error) => {
                seldom!(warn, %error, "notifications could not be read; looking again");
            }
        }
        if measures && looks.is_multiple_of(MEASURE_EVERY) {
            worker.measure().await;
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            ended = under_way.join_next(), if !under_way.is_empty() => freed(&mut busy, ended),
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => {}
        }
        while let Some(ended) = under_way.try_join_next() {
            freed(&mut busy, Some(ended));
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// A lane takes more once all of its own have ended.
fn freed(busy: &mut HashMap<String, usize>, ended: Option<Result<String, tokio::task::JoinError>>) {
    let Some(Ok(lane)) = ended else {
        return;
    };
    if let Some(left) = busy.get_mut(&lane) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            busy.remove(&lane);
        }
    }
}

impl NoticeWorker {
    async fn deliver(&self, notice: LeasedNotice) -> Result<(), StoreError> {
        fail_point!("notification.leased");
        let attempt = match notice.channel.as_str() {
            "webhook" => self.to_subscriber(&notice).await?,
            _ => self.to_applicant(&notice).await?,
        };
        fail_point!("notification.sent");
        let now = self.clock.now();
        let (outcome, word, code) = match attempt {
            Attempt::Taken(code) => (NoticeOutcome::Sent, "sent", code),
            Attempt::Never(code) => (NoticeOutcome::Dead, "dead", code),
            Attempt::Nobody(code) => (NoticeOutcome::Dropped, "dropped", code.to_owned()),
            Attempt::Again(code) if notice.attempts >= self.settings.attempts_max => {
                (NoticeOutcome::Dead, "dead", code)
            }
            Attempt::Again(code) => {
                let at = later(now, pause(notice.attempts));
                (NoticeOutcome::Again(at), "again", code)
            }
        };
        let labels = [notice.channel.as_str(), word];
        self.metrics
            .notifications_total
            .with_label_values(&labels)
            .inc();
        let settled = self
            .store
            .settle_notice(notice.id, notice.fence, outcome, &code, now)
            .await?;
        fail_point!("notification.settled");
        if let (Some(subscription), true) = (&notice.subscription_id, settled)
            && matches!(outcome, NoticeOutcome::Again(_) | NoticeOutcome::Dead)
        {
            self.pause_if_failing(subscription, &code).await?;
        }
        Ok(())
    }

    /// A subscriber that is gone, or has failed for days, is not called any more until its owner says so.
    async fn pause_if_failing(&self, subscription: &str, code: &str) -> Result<(), StoreError> {
        let after = self
            .settings
            .webhooks
            .as_ref()
            .map_or(Duration::MAX, |w| w.pause_after);
        let after = jiff::SignedDuration::try_from(after).unwrap_or(jiff::SignedDuration::MAX);
        let since = match code {
            "http_410" => None,
            _ => Some(
                self.clock
                    .now()
                    .checked_sub(after)
                    .unwrap_or(jiff::Timestamp::MIN),
            ),
        };
        if self.store.pause_failing(subscription, since).await? {
            tracing::warn!(%subscription, "a subscription was paused: its address has not taken anything for long");
        }
        Ok(())
    }

    async fn to_applicant(&self, notice: &LeasedNotice) -> Result<Attempt, StoreError> {
        let (Some(kind), Some((case, event))) =
            (NoticeKind::parse(&notice.kind), self.content(notice).await?)
        else {
            return Ok(Attempt::Nobody("erased"));
        };
        let language = if notice.language == language_word(Language::English) {
            Language::English
        } else {
            Language::Chinese
        };
        let portal = self.settings.portal.as_deref().unwrap_or_default();
        let link = match portal.trim_end_matches('/') {
            "" => String::new(),
            portal => format!("{portal}/applications/{}", case.application_no),
        };
        let result = match &event.event.body {
            EventBody::Closed(closing) => Some(closing.result),
            _ => None,
        };
        let context = NoticeContext {
            number: &case.case_no,
            item: &case.submission.item.name,
            organisation: &case.submission.item.org_name,
            deadline: notice.deadline,
            result,
            link: &link,
        };
        let text = self.settings.texts.say(kind, language, &context);
        let (key, applicant) = (message_key(notice), &case.submission.applicant);
        let to = match notice.channel.as_str() {
            "sms" => applicant.phone.trim(),
            _ => applicant.email.as_deref().unwrap_or_default().trim(),
        };
        if to.is_empty() {
            return Ok(Attempt::Nobody("no_contact"));
        }
        Ok(
            match (notice.channel.as_str(), &self.settings.sms, &self.postman) {
                ("sms", Some(settings), _) => {
                    sms::send(&self.client, settings, to, &text, &key).await
                }
                ("email", _, Some(postman)) => {
                    let letter = Letter {
                        to,
                        subject: kind.subject(language),
                        text: &text,
                        link: &link,
                        key: &key,
                        language,
                    };
                    postman.send(&letter).await
                }
                _ => Attempt::Again("not_set_up".to_owned()),
            },
        )
    }

    async fn to_subscriber(&self, notice: &LeasedNotice) -> Result<Attempt, StoreError> {
        let id = notice.subscription_id.as_deref().unwrap_or_default();
        let Some(subscription) = self.store.subscription(&Scope::Everything, id).await? else {
            return Ok(Attempt::Nobody("no_subscription"));
        };
        let body = if notice.case_no.is_none() {
            webhook::of_trial(notice)
        } else {
            let Some((case, event)) = self.content(notice).await? else {
                return Ok(Attempt::Nobody("erased"));
            };
            webhook::of_event(&case.application_no, &case.case_no, &event)
        };
        let now = self.clock.now();
        Ok(webhook::send(&self.client, &subscription, notice, &body, now).await)
    }

    /// The case and the event; `None` once they are erased.
    async fn content(
        &self,
        notice: &LeasedNotice,
    ) -> Result<Option<(CaseRecord, StoredEvent)>, StoreError> {
        let case_no = notice.case_no.as_deref().unwrap_or_default();
        let everything = &Scope::Everything;
        let case = match self.store.case(everything, case_no).await {
            Ok(Some(case)) => case,
            Ok(None) | Err(StoreError::Sealed { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let after = notice.seq.saturating_sub(1);
        let events = self.store.events(everything, case_no, after, 1).await?;
        Ok(events.into_iter().next().map(|event| (case, event)))
    }

    async fn measure(&self) {
        let now = self.clock.now();
        let depths = match self.store.notice_depths(now).await {
            Ok(depths) => depths,
            Err(error) => {
                seldom!(warn, %error, "notifications could not be counted; looking again");
                return;
            }
        };
        for channel in ["sms", "email", "webhook"] {
            let depth = depths.iter().find(|d| d.channel == channel);
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let overdue = depth
                .and_then(|d| d.oldest_due)
                .map_or(0, |at| now.duration_since(at).as_secs());
            let labels = [channel];
            let metrics = &self.metrics;
            metrics
                .notifications_waiting
                .with_label_values(&labels)
                .set(depth.map_or(0, |d| number(d.waiting)));
            metrics
                .notifications_dead
                .with_label_values(&labels)
                .set(depth.map_or(0, |d| number(d.dead)));
            metrics
                .notification_overdue_seconds
                .with_label_values(&labels)
                .set(overdue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_stay_there() {
        let seconds = [1, 2, 3, 9, 10, 80].map(|n| pause(n).as_secs());
        assert_eq!(seconds, [10, 20, 40, 2_560, 3_600, 3_600]);
        let all: u64 = (1..80).map(|n| pause(n).as_secs()).sum();
        assert!((2 * 86_400..4 * 86_400).contains(&all), "{all}");
    }
}

//! Notifications (通知) to applicants and subscribers: rows written with the event that causes them, sent at least once.
//!
//! A row refers to an event; address and text are read from the case when it is sent. So it holds no personal data.

use super::StoreError;
use super::audit::NewAudit;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A message to the applicant about one event, on each of its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Which of the change's events, from 0.
    pub event: usize,
    /// What it is about, a fixed word.
    pub kind: &'static str,
    /// `sms`, `email`.
    pub channels: Vec<&'static str>,
    /// Overtakes what waits for the end of the quiet time.
    pub urgent: bool,
    /// A later message of the same case says as much: this one goes with it unless it has been tried.
    pub merges: bool,
    /// By when the applicant has to act.
    pub deadline: Option<Timestamp>,
    /// When it may be sent.
    pub due_at: Timestamp,
}

/// Everything that somebody is to be told of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewNotices {
    /// To the applicant.
    pub applicant: Vec<NewNotice>,
    /// Whether subscribers are told of every event.
    pub subscribers: bool,
    /// The applicant's language, at submission: `zh` or `en`; empty otherwise.
    pub language: &'static str,
}

/// A notification that this node sends until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedNotice {
    /// Row id.
    pub id: i64,
    /// Fencing token.
    pub fence: i64,
    /// Case number; `None` in a trial of a subscription.
    pub case_no: Option<String>,
    /// `seq` of the event; 0 in a trial.
    pub seq: u64,
    /// What it is about.
    pub kind: String,
    /// `sms`, `email`, `webhook`.
    pub channel: String,
    /// Whose order it keeps: a channel or a subscription.
    pub lane: String,
    /// The subscription, for `webhook`.
    pub subscription_id: Option<String>,
    /// By when the applicant has to act.
    pub deadline: Option<Timestamp>,
    /// When the event was committed.
    pub created_at: Timestamp,
    /// Attempts, this one included.
    pub attempts: u32,
    /// Language of the applicant: `zh` or `en`.
    pub language: String,
}

/// How a notification is left, with a stable code of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// The receiver took it.
    Sent,
    /// Again at this time.
    Again(Timestamp),
    /// Given up: visible to operators, who may have it sent again.
    Dead,
    /// Nobody is there to be told.
    Dropped,
}

/// Which notifications an operator means; what is `None` does not restrict.
#[derive(Debug, Clone, Default)]
pub struct NoticeFilter {
    /// `waiting`, `sent`, `dead`, `merged`, `dropped`.
    pub state: Option<String>,
    /// `sms`, `email`, `webhook`.
    pub channel: Option<String>,
    /// Case number.
    pub case_no: Option<String>,
    /// Older than this row.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A notification as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeRecord {
    /// Row id.
    pub id: i64,
    /// Case number; `None` in a trial.
    pub case_no: Option<String>,
    /// `seq` of the event.
    pub seq: u64,
    /// What it is about.
    pub kind: String,
    /// Channel.
    pub channel: String,
    /// Subscription.
    pub subscription_id: Option<String>,
    /// State.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it may be sent next.
    pub due_at: Timestamp,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// Stable code of the last answer.
    pub last_code: String,
}

/// How a channel stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelDepth {
    /// Channel.
    pub channel: String,
    /// That wait.
    pub waiting: u64,
    /// That were given up.
    pub dead: u64,
    /// Since when the longest overdue has been due.
    pub oldest_due: Option<Timestamp>,
}

/// What an applicant wants to hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeChoice {
    /// `zh` or `en`.
    pub language: String,
    /// By SMS.
    pub sms: bool,
    /// By mail.
    pub email: bool,
}

impl Default for NoticeChoice {
    fn default() -> Self {
        Self {
            language: "zh".to_owned(),
            sms: true,
            email: true,
        }
    }
}

/// A secret of a subscription. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionSecret {
    /// Bytes of the key.
    pub key: Vec<u8>,
    /// Until when it still signs; `None` = the current one.
    pub until: Option<Timestamp>,
}

impl std::fmt::Debug for SubscriptionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SubscriptionSecret").finish_non_exhaustive()
    }
}

/// A subscription to be made.
pub struct NewSubscription {
    /// Random id.
    pub id: String,
    /// Whose: a subject or one application.
    pub owner: Scope,
    /// Types of events; empty = every one.
    pub kinds: Vec<String>,
    /// Where to.
    pub url: String,
    /// The secret.
    pub secret: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// Most of one owner.
    pub most: u32,
    /// Audit record.
    pub audit: NewAudit,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRecord {
    /// Id.
    pub id: String,
    /// Types of events; empty = every one.
    pub kinds: Vec<String>,
    /// Where to (opened).
    pub url: String,
    /// Secrets, the current one first.
    pub secrets: Vec<SubscriptionSecret>,
    /// `active` or `paused`.
    pub state: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    /// When it was last tried.
    pub last_at: Option<Timestamp>,
    /// Stable code of the last answer; empty before the first.
    pub last_code: String,
}

/// What an owner does to a subscription.
#[derive(Debug, Clone)]
pub enum SubscriptionChange {
    /// Begins to deliver again; also what waited.
    Resume,
    /// Stops delivering.
    Pause,
    /// A new secret; the one before signs too until then.
    Rotate {
        /// The new one.
        secret: Vec<u8>,
        /// End of the old one.
        until: Timestamp,
    },
    /// One trial message, due at once.
    Trial,
    /// Ends it; what waits goes with it.
    Remove,
}

/// Notifications and subscriptions.
#[async_trait]
pub trait NotificationStore: Send + Sync {
    /// Leases what is due of these channels, at most `per_lane` of each lane and `limit` in all; lanes in `busy` are passed over. Of one case and lane
    /// only the first that waits is leased; what is urgent does not wait for what is not.
    async fn lease_notices(
        &self,
        channels: &[&'static str],
        busy: &[String],
        now: Timestamp,
        lease_us: i64,
        per_lane: u32,
        limit: u32,
    ) -> Result<Vec<LeasedNotice>, StoreError>;

    /// Leaves a leased notification and notes the answer at its subscription; false when the fence is void.
    async fn settle_notice(
        &self,
        id: i64,
        fence: i64,
        outcome: NoticeOutcome,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Pauses a subscription that has failed since before `since`, or at once where that is `None`.
    async fn pause_failing(&self, id: &str, since: Option<Timestamp>) -> Result<bool, StoreError>;

    /// Notifications, newest first (operators).
    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<NoticeRecord>, StoreError>;

    /// Sends dead ones again, by id; how many.
    async fn retry_notices(
        &self,
        ids: &[i64],
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError>;

    /// How every channel with something open stands.
    async fn notice_depths(&self, now: Timestamp) -> Result<Vec<ChannelDepth>, StoreError>;

    /// What the applicant of this application wants to hear.
    async fn notice_choice(&self, application_no: &str) -> Result<NoticeChoice, StoreError>;

    /// Changes that; what waits for a channel that is not wanted any more is dropped. False when there is no such application.
    async fn choose_notices(
        &self,
        application_no: &str,
        choice: NoticeChoice,
        audit: NewAudit,
    ) -> Result<bool, StoreError>;

    /// Makes a subscription; false when the owner has its most, or there is no such application.
    async fn subscribe(&self, subscription: NewSubscription) -> Result<bool, StoreError>;

    /// Subscriptions in a scope, oldest first.
    async fn subscriptions(&self, scope: &Scope) -> Result<Vec<SubscriptionRecord>, StoreError>;

    /// One subscription.
    async fn subscription(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<SubscriptionRecord>, StoreError>;

    /// Changes one; false when it is not there in this scope.
    async fn change_subscription(
        &self,
        scope: &Scope,
        id: &str,
        change: SubscriptionChange,
        audit: NewAudit,
    ) -> Result<bool, StoreError>;
}

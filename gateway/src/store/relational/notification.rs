//! Notifications: written inside the transaction of their event, leased lane by lane, left, listed.

use super::audit::{self, About};
use super::dialect::{Db, DbConnection, DbRow};
use super::rows::{count, instant, json_list, stored};
use super::{DatabaseStore, StoreError, Vault, Verdict, keep, subscription, undo};
use crate::identity::Scope;
use crate::store::application::NewEvent;
use crate::store::audit::NewAudit;
use crate::store::notification::{
    ChannelDepth, LeasedNotice, NewNotices, NewSubscription, NoticeChoice, NoticeFilter,
    NoticeOutcome, NoticeRecord, NotificationStore, SubscriptionChange, SubscriptionRecord,
};
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};

const T: &str = "notification";

const MERGE: &str = "UPDATE notification SET state = 'merged', settled_at = $1
    WHERE case_id = $2 AND lane = $3 AND state = 'waiting' AND merges = 1 AND attempts = 0";

const TO_APPLICANT: &str = "INSERT INTO notification (case_id, seq, kind, channel, lane, state, urgent, merges, deadline, due_at, created_at)
    SELECT $1, $2, $3, $4, $4, 'waiting', $5, $6, $7, $8, $9
    WHERE NOT EXISTS (SELECT 1 FROM notification_choice h JOIN case_record c ON c.application_id = h.application_id
        WHERE c.id = $1 AND CASE $4 WHEN 'sms' THEN h.sms ELSE h.email END = 0)";

const TO_SUBSCRIBERS: &str = "INSERT INTO notification (case_id, seq, kind, channel, lane, subscription_id, state, urgent, merges, due_at,
        created_at)
    SELECT c.id, $2, $3, 'webhook', 's/' || s.id, s.id, 'waiting', 0, 0, $4, $4
    FROM case_record c JOIN application a ON a.id = c.application_id
    JOIN subscription s ON s.application_id = a.id OR s.owner_digest = a.owner_digest OR s.owner_digest = a.agent_digest
    WHERE c.id = $1 AND s.state = 'active' AND (s.kinds = '' OR s.kinds LIKE '%,' || $3 || ',%') ORDER BY s.id";

const LANGUAGE: &str = "INSERT INTO notification_choice (application_id, language, sms, email)
    SELECT application_id, $1, 1, 1 FROM case_record WHERE id = $2 ON CONFLICT DO NOTHING";

/// Lanes with something due, each found by one step of the index.
const LANES: &str = "WITH RECURSIVE road (name) AS (
        SELECT min(lane) FROM notification WHERE state = 'waiting'
        UNION ALL
        SELECT (SELECT min(n.lane) FROM notification n WHERE n.state = 'waiting' AND n.lane > road.name) FROM road WHERE road.name IS NOT NULL)
    SELECT r.name FROM road r WHERE r.name IS NOT NULL
        AND EXISTS (SELECT 1 FROM notification d WHERE d.lane = r.name AND d.state = 'waiting' AND d.due_at <= $1)";

const LEASE: &str = concat!(
    "UPDATE notification SET due_at = $1, fence = fence + 1, attempts = attempts + 1 WHERE id IN (
        SELECT n.id FROM notification n WHERE n.lane = $2 AND n.state = 'waiting' AND n.due_at <= $3
        AND (n.case_id IS NULL OR (
            NOT EXISTS (SELECT 1 FROM subscription s WHERE s.id = n.subscription_id AND s.state = 'paused')
            AND NOT EXISTS (SELECT 1 FROM notification e WHERE e.case_id = n.case_id AND e.lane = n.lane AND e.state = 'waiting'
                AND e.id < n.id AND e.urgent >= n.urgent)))
        ORDER BY n.due_at, n.id LIMIT $4",
    skip_locked!(),
    ") RETURNING id"
);

const LEASED: &str = "SELECT n.id, n.fence, n.seq, n.kind, n.channel, n.lane, n.subscription_id, n.deadline, n.created_at, n.attempts,
    c.case_no, coalesce(h.language, 'zh') AS language FROM notification n LEFT JOIN case_record c ON c.id = n.case_id
    LEFT JOIN notification_choice h ON h.application_id = c.application_id WHERE n.id = $1";

/// Writes what is to be told of these events of a case; the first of them has `first_seq`.
pub(super) async fn begin(
    connection: &mut DbConnection,
    case_row: i64,
    (first_seq, events): (u64, &[NewEvent]),
    notices: &NewNotices,
    created_at: Timestamp,
) -> Result<(), StoreError> {
    let created_at = created_at.as_microsecond();
    // Only where somebody may be told: without channels nothing is written.
    if !notices.applicant.is_empty() && !matches!(notices.language, "" | "zh") {
        sqlx::query(LANGUAGE)
            .bind(notices.language)
            .bind(case_row)
            .execute(&mut *connection)
            .await?;
    }
    for notice in &notices.applicant {
        for channel in &notice.channels {
            sqlx::query(MERGE)
                .bind(created_at)
                .bind(case_row)
                .bind(*channel)
                .execute(&mut *connection)
                .await?;
            sqlx::query(TO_APPLICANT)
                .bind(case_row)
                .bind(stored(first_seq + notice.event as u64))
                .bind(notice.kind)
                .bind(*channel)
                .bind(i64::from(notice.urgent))
                .bind(i64::from(notice.merges))
                .bind(notice.deadline.map(Timestamp::as_microsecond))
                .bind(notice.due_at.as_microsecond())
                .bind(created_at)
                .execute(&mut *connection)
                .await?;
        }
    }
    if notices.subscribers {
        for (seq, new) in (first_seq..).zip(events) {
            sqlx::query(TO_SUBSCRIBERS)
                .bind(case_row)
                .bind(stored(seq))
                .bind(new.event.body.kind())
                .bind(created_at)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// What waits for an erased case is dropped, and the subscriptions to its application with it.
pub(super) async fn erase(connection: &mut DbConnection, case_row: i64) -> Result<(), StoreError> {
    for statement in [
        // A worker that has one now finds its fence void.
        "UPDATE notification SET state = 'dropped', fence = fence + 1 WHERE case_id = $1 AND state IN ('waiting', 'dead')",
        "DELETE FROM subscription WHERE application_id IN (SELECT a.id FROM application a JOIN case_record c ON c.application_id = a.id
            WHERE c.id = $1 AND a.data_key IS NULL)",
        "DELETE FROM notification_choice WHERE application_id IN (SELECT a.id FROM application a JOIN case_record c
            ON c.application_id = a.id WHERE c.id = $1 AND a.data_key IS NULL)",
    ] {
        sqlx::query(statement)
            .bind(case_row)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

#[async_trait]
impl NotificationStore for DatabaseStore {
    async fn lease_notices(
        &self,
        channels: &[&'static str],
        busy: &[String],
        now: Timestamp,
        lease_us: i64,
        per_lane: u32,
        limit: u32,
    ) -> Result<Vec<LeasedNotice>, StoreError> {
        let lanes: Vec<String> = sqlx::query_scalar(LANES)
            .bind(now.as_microsecond())
            .fetch_all(&mut *self.reader().await?)
            .await?;
        let lanes: Vec<String> = lanes
            .into_iter()
            .filter(|lane| channels.contains(&channel_of(lane)) && !busy.contains(lane))
            .collect();
        // Nothing is written when nothing is due.
        if lanes.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        self.write(move |c, _| Box::pin(lease(c, lanes, (now, lease_us), (per_lane, limit))))
            .await
    }

    async fn settle_notice(
        &self,
        id: i64,
        fence: i64,
        outcome: NoticeOutcome,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let code = code.to_owned();
        self.write(move |c, _| Box::pin(settle(c, (id, fence), outcome, code, now)))
            .await
    }

    async fn pause_failing(&self, id: &str, since: Option<Timestamp>) -> Result<bool, StoreError> {
        let (id, since) = (id.to_owned(), since.map(Timestamp::as_microsecond));
        self.write(move |c, _| {
            Box::pin(async move {
                let paused = sqlx::query(
                    "UPDATE subscription SET state = 'paused' WHERE id = $1 AND state = 'active' AND failing_since IS NOT NULL
                     AND failing_since <= coalesce($2, failing_since)",
                )
                .bind(id)
                .bind(since)
                .execute(c)
                .await?;
                keep(paused.rows_affected() > 0)
            })
        })
        .await
    }

    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<NoticeRecord>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT n.id, n.seq, n.kind, n.channel, n.subscription_id, n.state, n.attempts, n.created_at, n.due_at, n.settled_at,
             n.last_code, c.case_no FROM notification n LEFT JOIN case_record c ON c.id = n.case_id WHERE 1 = 1",
        );
        if let Some(state) = &filter.state {
            query.push(" AND n.state = ").push_bind(state.clone());
        }
        if let Some(channel) = &filter.channel {
            query.push(" AND n.channel = ").push_bind(channel.clone());
        }
        if let Some(case_no) = &filter.case_no {
            query.push(" AND c.case_no = ").push_bind(case_no.clone());
        }
        if let Some(before) = filter.before {
            query.push(" AND n.id < ").push_bind(before);
        }
        query
            .push(" ORDER BY n.id DESC LIMIT ")
            .push_bind(i64::from(filter.limit));
        let rows = query.build().fetch_all(&mut *self.reader().await?).await?;
        rows.iter().map(record).collect()
    }

    async fn retry_notices(
        &self,
        ids: &[i64],
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError> {
        let ids = serde_json::Value::from(ids.to_vec()).to_string();
        self.write(move |c, vault| {
            Box::pin(async move {
                let retried = sqlx::query(concat!(
                    "UPDATE notification SET state = 'waiting', attempts = 0, due_at = $1, settled_at = NULL
                     WHERE state = 'dead' AND id ",
                    in_numbers!("$2")
                ))
                .bind(now.as_microsecond())
                .bind(ids)
                .execute(&mut *c)
                .await?;
                audit::write(c, vault, audit, About::default()).await?;
                keep(retried.rows_affected())
            })
        })
        .await
    }

    async fn notice_depths(&self, now: Timestamp) -> Result<Vec<ChannelDepth>, StoreError> {
        let rows: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
            "SELECT channel, count(CASE WHEN state = 'waiting' THEN 1 END), count(CASE WHEN state = 'dead' THEN 1 END),
             min(CASE WHEN state = 'waiting' AND due_at <= $1 THEN due_at END) FROM notification WHERE state IN ('waiting', 'dead')
             GROUP BY channel ORDER BY channel",
        )
        .bind(now.as_microsecond())
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.into_iter()
            .map(|(channel, waiting, dead, oldest)| {
                Ok(ChannelDepth {
                    waiting: count(T, "state", &channel, waiting)?,
                    dead: count(T, "state", &channel, dead)?,
                    oldest_due: oldest
                        .map(|at| instant(T, "due_at", &channel, at))
                        .transpose()?,
                    channel,
                })
            })
            .collect()
    }

    async fn notice_choice(&self, application_no: &str) -> Result<NoticeChoice, StoreError> {
        let row: Option<(String, i64, i64)> = sqlx::query_as(
            "SELECT h.language, h.sms, h.email FROM notification_choice h JOIN application a ON a.id = h.application_id
             WHERE a.application_no = $1",
        )
        .bind(application_no)
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        Ok(
            row.map_or_else(NoticeChoice::default, |(language, sms, email)| {
                NoticeChoice {
                    language,
                    sms: sms != 0,
                    email: email != 0,
                }
            }),
        )
    }

    async fn choose_notices(
        &self,
        application_no: &str,
        choice: NoticeChoice,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        let no = application_no.to_owned();
        self.write(move |c, vault| Box::pin(choose(c, vault, no, choice, audit)))
            .await
    }

    async fn subscribe(&self, subscription: NewSubscription) -> Result<bool, StoreError> {
        self.write(move |c, vault| Box::pin(subscription::insert(c, vault, subscription)))
            .await
    }

    async fn subscriptions(&self, scope: &Scope) -> Result<Vec<SubscriptionRecord>, StoreError> {
        let mut connection = self.reader().await?;
        subscription::list(&mut connection, &self.vault, scope, None).await
    }

    async fn subscription(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<SubscriptionRecord>, StoreError> {
        let mut connection = self.reader().await?;
        let found = subscription::list(&mut connection, &self.vault, scope, Some(id)).await?;
        Ok(found.into_iter().next())
    }

    async fn change_subscription(
        &self,
        scope: &Scope,
        id: &str,
        change: SubscriptionChange,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        let (scope, id) = (scope.clone(), id.to_owned());
        self.write(move |c, vault| {
            Box::pin(subscription::change(c, vault, (scope, id), change, audit))
        })
        .await
    }
}

/// The channel whose lane this is.
fn channel_of(lane: &str) -> &str {
    if lane.starts_with("s/") {
        "webhook"
    } else {
        lane
    }
}

async fn lease(
    connection: &mut DbConnection,
    lanes: Vec<String>,
    (now, lease_us): (Timestamp, i64),
    (per_lane, limit): (u32, u32),
) -> Result<Verdict<Vec<LeasedNotice>>, StoreError> {
    let now = now.as_microsecond();
    let mut leased = Vec::new();
    for lane in lanes {
        let left = u32::try_from(leased.len()).map_or(0, |taken| limit.saturating_sub(taken));
        if left == 0 {
            break;
        }
        let mut ids: Vec<i64> = sqlx::query_scalar(LEASE)
            .bind(now.saturating_add(lease_us))
            .bind(&lane)
            .bind(now)
            .bind(i64::from(per_lane.min(left)))
            .fetch_all(&mut *connection)
            .await?;
        ids.sort_unstable();
        for id in ids {
            let row = sqlx::query(LEASED)
                .bind(id)
                .fetch_one(&mut *connection)
                .await?;
            leased.push(leased_notice(&row)?);
        }
    }
    if leased.is_empty() {
        return undo(leased);
    }
    keep(leased)
}

async fn settle(
    connection: &mut DbConnection,
    (id, fence): (i64, i64),
    outcome: NoticeOutcome,
    code: String,
    now: Timestamp,
) -> Result<Verdict<bool>, StoreError> {
    let at = now.as_microsecond();
    let (state, due_at) = match outcome {
        NoticeOutcome::Sent => ("sent", None),
        NoticeOutcome::Dead => ("dead", None),
        NoticeOutcome::Dropped => ("dropped", None),
        NoticeOutcome::Again(due) => ("waiting", Some(due.as_microsecond())),
    };
    let settled: Option<Option<String>> = sqlx::query_scalar(
        "UPDATE notification SET state = $1, due_at = coalesce($2, due_at), settled_at = $3, last_code = $4
         WHERE id = $5 AND fence = $6 AND state = 'waiting' RETURNING subscription_id",
    )
    .bind(state)
    .bind(due_at)
    .bind(due_at.is_none().then_some(at))
    .bind(&code)
    .bind(id)
    .bind(fence)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(subscription) = settled else {
        return undo(false);
    };
    if let Some(subscription) = subscription {
        let failing = (outcome != NoticeOutcome::Sent).then_some(at);
        sqlx::query(
            "UPDATE subscription SET last_at = $1, last_code = $2,
             failing_since = CASE WHEN $3 IS NULL THEN NULL ELSE coalesce(failing_since, $3) END WHERE id = $4",
        )
        .bind(at)
        .bind(&code)
        .bind(failing)
        .bind(subscription)
        .execute(connection)
        .await?;
    }
    keep(true)
}

async fn choose(
    connection: &mut DbConnection,
    vault: &Vault,
    application_no: String,
    choice: NoticeChoice,
    audit: NewAudit,
) -> Result<Verdict<bool>, StoreError> {
    let application: Option<i64> =
        sqlx::query_scalar("SELECT id FROM application WHERE application_no = $1")
            .bind(&application_no)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(application) = application else {
        return undo(false);
    };
    sqlx::query(
        "INSERT INTO notification_choice (application_id, language, sms, email) VALUES ($1, $2, $3, $4)
         ON CONFLICT (application_id) DO UPDATE SET language = excluded.language, sms = excluded.sms, email = excluded.email",
    )
    .bind(application)
    .bind(choice.language)
    .bind(i64::from(choice.sms))
    .bind(i64::from(choice.email))
    .execute(&mut *connection)
    .await?;
    let unwanted = [("sms", choice.sms), ("email", choice.email)];
    let unwanted = unwanted.into_iter().filter(|(_, wanted)| !wanted);
    sqlx::query(concat!(
        "UPDATE notification SET state = 'dropped', fence = fence + 1, settled_at = $1, last_code = 'not_wanted'
         WHERE state = 'waiting' AND case_id IN (SELECT id FROM case_record WHERE application_id = $2) AND channel ",
        in_texts!("$3")
    ))
    .bind(audit.at.as_microsecond())
    .bind(application)
    .bind(json_list(unwanted.map(|(channel, _)| channel)))
    .execute(&mut *connection)
    .await?;
    let about = About {
        target: &application_no,
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await?;
    keep(true)
}

fn leased_notice(row: &DbRow) -> Result<LeasedNotice, StoreError> {
    let id: i64 = row.try_get("id")?;
    let deadline: Option<i64> = row.try_get("deadline")?;
    Ok(LeasedNotice {
        id,
        fence: row.try_get("fence")?,
        case_no: row.try_get("case_no")?,
        seq: count(T, "seq", id, row.try_get("seq")?)?,
        kind: row.try_get("kind")?,
        channel: row.try_get("channel")?,
        lane: row.try_get("lane")?,
        subscription_id: row.try_get("subscription_id")?,
        deadline: deadline
            .map(|at| instant(T, "deadline", id, at))
            .transpose()?,
        created_at: instant(T, "created_at", id, row.try_get("created_at")?)?,
        attempts: count(T, "attempts", id, row.try_get("attempts")?)?,
        language: row.try_get("language")?,
    })
}

fn record(row: &DbRow) -> Result<NoticeRecord, StoreError> {
    let id: i64 = row.try_get("id")?;
    let settled_at: Option<i64> = row.try_get("settled_at")?;
    Ok(NoticeRecord {
        id,
        case_no: row.try_get("case_no")?,
        seq: count(T, "seq", id, row.try_get("seq")?)?,
        kind: row.try_get("kind")?,
        channel: row.try_get("channel")?,
        subscription_id: row.try_get("subscription_id")?,
        state: row.try_get("state")?,
        attempts: count(T, "attempts", id, row.try_get("attempts")?)?,
        created_at: instant(T, "created_at", id, row.try_get("created_at")?)?,
        due_at: instant(T, "due_at", id, row.try_get("due_at")?)?,
        settled_at: settled_at
            .map(|at| instant(T, "settled_at", id, at))
            .transpose()?,
        last_code: row.try_get("last_code")?,
    })
}

//! Alerts and their messages on SQLite.

use super::dialect::{Db, DbRow};
use super::rows::{count, instant};
use super::{DatabaseStore, StoreError, keep, undo};
use crate::store::alert::{AlertRecord, AlertStore, LeasedMessage, MessageOutcome, NewAlert};
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};

const OPEN: &str =
    "SELECT id AS alert_id, system_id, kind, value, bound, opened_at, resolved_at FROM alert
    WHERE resolved_at IS NULL ORDER BY id";

const RAISE: &str =
    "INSERT INTO alert (system_id, kind, value, bound, opened_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING id";

const MESSAGE: &str = "INSERT INTO alert_message (alert_id, word, channel, state, due_at) VALUES ($1, $2, $3, 'waiting', $4)";

const UNSENT: &str = "UPDATE alert_message SET state = 'given_up' WHERE alert_id = $1 AND word = 'opened' AND state = 'waiting'
    AND attempts = 0";

const HEARD: &str = "SELECT channel FROM alert_message WHERE alert_id = $1 AND word = 'opened' AND attempts > 0 ORDER BY id";

fn record(row: &DbRow) -> Result<AlertRecord, StoreError> {
    let id: i64 = row.try_get("alert_id")?;
    let resolved_at: Option<i64> = row.try_get("resolved_at")?;
    Ok(AlertRecord {
        id,
        system_id: row.try_get("system_id")?,
        kind: row.try_get("kind")?,
        value: row.try_get("value")?,
        bound: row.try_get("bound")?,
        opened_at: instant("alert", "opened_at", id, row.try_get("opened_at")?)?,
        resolved_at: resolved_at
            .map(|at| instant("alert", "resolved_at", id, at))
            .transpose()?,
    })
}

#[async_trait]
impl AlertStore for DatabaseStore {
    async fn open_alerts(&self) -> Result<Vec<AlertRecord>, StoreError> {
        let rows = sqlx::query(OPEN)
            .fetch_all(&mut *self.reader().await?)
            .await?;
        rows.iter().map(record).collect()
    }

    async fn raise_alert(
        &self,
        alert: NewAlert,
        channels: &[&'static str],
        due_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let channels = channels.to_vec();
        self.write(move |c, _| {
            Box::pin(async move {
                let raised: Option<i64> = sqlx::query_scalar(RAISE)
                    .bind(alert.system_id)
                    .bind(alert.kind)
                    .bind(alert.value)
                    .bind(alert.bound)
                    .bind(alert.at.as_microsecond())
                    .fetch_optional(&mut *c)
                    .await?;
                let Some(id) = raised else {
                    return undo(false);
                };
                for channel in channels {
                    sqlx::query(MESSAGE)
                        .bind(id)
                        .bind("opened")
                        .bind(channel)
                        .bind(due_at.as_microsecond())
                        .execute(&mut *c)
                        .await?;
                }
                keep(true)
            })
        })
        .await
    }

    async fn resolve_alert(
        &self,
        id: i64,
        at: Timestamp,
        due_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |c, _| {
            Box::pin(async move {
                let ended = sqlx::query(
                    "UPDATE alert SET resolved_at = $1 WHERE id = $2 AND resolved_at IS NULL",
                )
                .bind(at.as_microsecond())
                .bind(id)
                .execute(&mut *c)
                .await?;
                if ended.rows_affected() == 0 {
                    return undo(false);
                }
                sqlx::query(UNSENT).bind(id).execute(&mut *c).await?;
                let heard: Vec<String> = sqlx::query_scalar(HEARD)
                    .bind(id)
                    .fetch_all(&mut *c)
                    .await?;
                for channel in heard {
                    sqlx::query(MESSAGE)
                        .bind(id)
                        .bind("resolved")
                        .bind(channel)
                        .bind(due_at.as_microsecond())
                        .execute(&mut *c)
                        .await?;
                }
                keep(true)
            })
        })
        .await
    }

    async fn lease_alert_messages(
        &self,
        channels: &[&'static str],
        now: Timestamp,
        lease_us: i64,
        limit: u32,
    ) -> Result<Vec<LeasedMessage>, StoreError> {
        let channels = channels.to_vec();
        let now = now.as_microsecond();
        let leased = self
            .write(move |c, _| {
                Box::pin(async move {
                    let mut lease = QueryBuilder::<Db>::new("UPDATE alert_message SET due_at = ");
                    lease
                        .push_bind(now.saturating_add(lease_us))
                        .push(", fence = fence + 1, attempts = attempts + 1 WHERE id IN (SELECT id FROM alert_message")
                        .push(" WHERE state = 'waiting' AND due_at <= ")
                        .push_bind(now)
                        .push(" AND channel IN (");
                    let mut listed = lease.separated(", ");
                    for channel in channels {
                        listed.push_bind(channel);
                    }
                    lease
                        .push(") ORDER BY due_at, id LIMIT ")
                        .push_bind(i64::from(limit))
                        .push(skip_locked!())
                        .push(") RETURNING id");
                    let mut ids: Vec<i64> = lease.build_query_scalar().fetch_all(&mut *c).await?;
                    ids.sort_unstable();
                    let mut leased = Vec::with_capacity(ids.len());
                    for id in ids {
                        let row = sqlx::query(
                            "SELECT m.id, m.fence, m.word, m.channel, m.attempts, a.id AS alert_id, a.system_id, a.kind, a.value,
                             a.bound, a.opened_at, a.resolved_at FROM alert_message m JOIN alert a ON a.id = m.alert_id
                             WHERE m.id = $1",
                        )
                        .bind(id)
                        .fetch_one(&mut *c)
                        .await?;
                        leased.push(message(&row)?);
                    }
                    keep(leased)
                })
            })
            .await?;
        Ok(leased)
    }

    async fn settle_alert_message(
        &self,
        id: i64,
        fence: i64,
        outcome: MessageOutcome,
    ) -> Result<bool, StoreError> {
        let (state, due_at) = match outcome {
            MessageOutcome::Sent => ("sent", None),
            MessageOutcome::GivenUp => ("given_up", None),
            MessageOutcome::Again(at) => ("waiting", Some(at.as_microsecond())),
        };
        self.write(move |c, _| {
            Box::pin(async move {
                let settled = sqlx::query(
                    "UPDATE alert_message SET state = $1, due_at = coalesce($2, due_at) WHERE id = $3 AND fence = $4
                     AND state = 'waiting'",
                )
                .bind(state)
                .bind(due_at)
                .bind(id)
                .bind(fence)
                .execute(c)
                .await?;
                keep(settled.rows_affected() > 0)
            })
        })
        .await
    }
}

fn message(row: &DbRow) -> Result<LeasedMessage, StoreError> {
    let id: i64 = row.try_get("id")?;
    Ok(LeasedMessage {
        id,
        fence: row.try_get("fence")?,
        word: row.try_get("word")?,
        channel: row.try_get("channel")?,
        attempts: count("alert_message", "attempts", id, row.try_get("attempts")?)?,
        alert: record(row)?,
    })
}

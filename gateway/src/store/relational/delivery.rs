//! Deliveries as workers see them: leased in order, journalled, left with an outcome. What operators see is in [`super::operator`].

use super::dialect;
use super::leased::{AtHand, set_aside, take};
use super::rows::instant;
use super::{DatabaseStore, StoreError, keep, operator, undo};
use crate::identity::Scope;
use crate::store::audit::NewAudit;
use crate::store::delivery::{
    AttemptRecord, DeliveryFilter, DeliveryOutcome, DeliveryRecord, DeliveryStore, DeliverySummary,
    LeasedDelivery, QueueDepth,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

pub(super) const NEXT_DUE: &str = "WITH RECURSIVE system (id) AS (
        SELECT min(system_id) FROM delivery WHERE turn = 1 AND due_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(d.system_id) FROM delivery d WHERE d.turn = 1 AND d.due_at IS NOT NULL AND d.system_id > system.id)
        FROM system WHERE system.id IS NOT NULL)
    SELECT min((SELECT min(e.due_at) FROM delivery e WHERE e.system_id = s.id AND e.turn = 1 AND e.due_at IS NOT NULL))
    FROM system s WHERE s.id IS NOT NULL AND s.id NOT IN (SELECT system_id FROM paused_system)";

#[async_trait]
impl DeliveryStore for DatabaseStore {
    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        lease_us: i64,
        limit: u32,
        per_system: u32,
        busy: &[String],
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        let worker = self.leaseholder(worker);
        let busy = super::rows::json_list(busy.iter().map(String::as_str));
        let until = now.as_microsecond().saturating_add(lease_us);
        self.write(move |c, vault| {
            Box::pin(async move {
                let due: Vec<i64> = sqlx::query_scalar(dialect::DUE)
                    .bind(now.as_microsecond())
                    .bind(i64::from(per_system))
                    .bind(busy)
                    .bind(i64::from(limit))
                    .fetch_all(&mut *c)
                    .await?;
                let mut leased = Vec::with_capacity(due.len());
                for id in due {
                    match take(c, vault, id, &worker, until).await {
                        Ok(one) => leased.push(one),
                        // One row that cannot be read must not stop all the others.
                        Err(StoreError::Sealed { .. } | StoreError::Inconsistent { .. }) => {
                            set_aside(c, id).await?;
                        }
                        Err(error) => return Err(error),
                    }
                }
                keep(leased)
            })
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(NEXT_DUE)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        due.map(|t| instant("delivery", "due_at", "next", t))
            .transpose()
    }

    async fn journal(&self, id: i64, fence: i64, journal: &Value) -> Result<bool, StoreError> {
        let journal = journal.clone();
        self.write(move |c, vault| {
            Box::pin(async move {
                let Some(at_hand) = AtHand::find(c, vault, id, fence).await? else {
                    return undo(false);
                };
                let begun = journal.get("begun").is_some_and(|step| !step.is_null());
                at_hand.write_journal(c, vault, &journal, begun).await?;
                keep(true)
            })
        })
        .await
    }

    async fn finish(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
        outcome: DeliveryOutcome,
        _now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |c, vault| {
            Box::pin(async move {
                dialect::case_of_delivery(c, id).await?;
                let Some(at_hand) = AtHand::find(c, vault, id, fence).await? else {
                    return undo(false);
                };
                at_hand.record(c, vault, &attempt).await?;
                at_hand.leave(c, vault, &attempt.code, outcome).await
            })
        })
        .await
    }

    async fn attempt(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
    ) -> Result<bool, StoreError> {
        self.write(move |c, vault| {
            Box::pin(async move {
                let Some(at_hand) = AtHand::find(c, vault, id, fence).await? else {
                    return undo(false);
                };
                at_hand.record(c, vault, &attempt).await?;
                keep(true)
            })
        })
        .await
    }

    async fn deliveries(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliverySummary>, StoreError> {
        operator::list(&mut *self.reader().await?, &self.vault, scope, filter).await
    }

    async fn count_deliveries(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
    ) -> Result<(u64, Option<Timestamp>), StoreError> {
        operator::count_matching(&mut *self.reader().await?, &self.vault, scope, filter).await
    }

    async fn delivery(&self, scope: &Scope, id: i64) -> Result<Option<DeliveryRecord>, StoreError> {
        operator::show(&mut *self.reader().await?, &self.vault, scope, id).await
    }

    async fn retry(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.write(move |c, vault| {
            Box::pin(async move { operator::retry(c, vault, (&scope, &filter), now, audit).await })
        })
        .await
    }

    async fn discard(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        _now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError> {
        let (scope, filter) = (scope.clone(), filter.clone());
        self.write(move |c, vault| {
            Box::pin(async move { operator::discard(c, vault, (&scope, &filter), audit).await })
        })
        .await
    }

    async fn set_paused(
        &self,
        scope: &Scope,
        system_id: &str,
        paused: bool,
        audit: NewAudit,
    ) -> Result<(), StoreError> {
        let (scope, system_id) = (scope.clone(), system_id.to_owned());
        self.write(move |c, vault| {
            Box::pin(async move {
                operator::set_paused(c, vault, (&scope, &system_id), paused, audit).await
            })
        })
        .await
    }

    async fn paused(&self) -> Result<Vec<String>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT system_id FROM paused_system ORDER BY system_id")
                .fetch_all(&mut *self.reader().await?)
                .await?,
        )
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        operator::depths(&mut *self.reader().await?).await
    }
}

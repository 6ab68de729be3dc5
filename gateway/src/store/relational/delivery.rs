//! Deliveries as workers see them: leased in order, journalled, left with an outcome. What operators see is in [`super::operator`].

use super::cargo::{Cases, Taken};
use super::look;
use super::rows::instant;
use super::words::Said;
use super::{DatabaseStore, StoreError, keep, operator};
use crate::identity::Scope;
use crate::store::audit::NewAudit;
use crate::store::delivery::{
    AttemptRecord, DeliveryFilter, DeliveryOutcome, DeliveryRecord, DeliveryStore, DeliverySummary,
    Leased, LeasedDelivery, Look, QueueDepth,
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
    async fn lease(&self, look: Look) -> Result<Leased, StoreError> {
        let (worker, now) = (self.leaseholder(&look.worker), look.now);
        let found = self
            .write(move |c, _| Box::pin(async move { look::look(c, &look, &worker).await }))
            .await?;
        let again_at = found
            .again_at
            .map(|at| instant("partner_pace", "used_until", "next", at))
            .transpose()?;
        let taken: Vec<(i64, i64)> = found.taken.iter().map(Taken::lease).collect();
        match self.open_taken(found.taken).await {
            Ok(deliveries) => Ok(Leased {
                deliveries,
                again_at,
            }),
            Err(error) => {
                // Nothing has left yet: whoever looks next may have them. If that cannot be written either, the leases run out.
                self.give_back(taken, now).await.ok();
                Err(error)
            }
        }
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(NEXT_DUE)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        due.map(|t| instant("delivery", "due_at", "next", t))
            .transpose()
    }

    async fn journal(&self, id: i64, fence: i64, journal: &Value) -> Result<bool, StoreError> {
        self.say(id, fence, Said::Journal(journal.clone())).await
    }

    async fn finish(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
        outcome: DeliveryOutcome,
        journal: Option<&Value>,
    ) -> Result<bool, StoreError> {
        self.say(id, fence, Said::Left(attempt, outcome, journal.cloned()))
            .await
    }

    async fn attempt(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
    ) -> Result<bool, StoreError> {
        self.say(id, fence, Said::Attempt(attempt)).await
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

/// Leaves deliveries whose case or content cannot be read to a person.
const SET_ASIDE: &str = concat!(
    "UPDATE delivery SET state = 'dead', due_at = NULL, last_code = 'unreadable' WHERE state = 'sending' AND id ",
    in_numbers!("$1")
);

/// Ends a lease under which nothing was done.
const GIVE_BACK: &str = "UPDATE delivery SET state = CASE WHEN ask_first = 1 THEN 'unknown' ELSE 'pending' END, due_at = $1
    WHERE id = $2 AND fence = $3 AND state = 'sending'";

impl DatabaseStore {
    /// Opens what a look took. What cannot be read must not stop all the others: it is set aside.
    async fn open_taken(&self, taken: Vec<Taken>) -> Result<Vec<LeasedDelivery>, StoreError> {
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let cases = Cases::of(&mut *self.reader().await?, &self.vault, &taken).await?;
        let (mut opened, mut unreadable) = (Vec::with_capacity(taken.len()), Vec::new());
        for one in taken {
            let (id, _) = one.lease();
            match one.open(&cases) {
                Ok(one) => opened.push(one),
                Err(StoreError::Sealed { .. } | StoreError::Inconsistent { .. }) => {
                    unreadable.push(id);
                }
                Err(error) => return Err(error),
            }
        }
        if !unreadable.is_empty() {
            let unreadable = serde_json::json!(unreadable).to_string();
            self.write(move |c, _| {
                Box::pin(async move {
                    sqlx::query(SET_ASIDE).bind(unreadable).execute(c).await?;
                    keep(())
                })
            })
            .await?;
        }
        Ok(opened)
    }

    async fn give_back(&self, leases: Vec<(i64, i64)>, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |c, _| {
            Box::pin(async move {
                for (id, fence) in leases {
                    sqlx::query(GIVE_BACK)
                        .bind(now.as_microsecond())
                        .bind(id)
                        .bind(fence)
                        .execute(&mut *c)
                        .await?;
                }
                keep(())
            })
        })
        .await
    }
}

//! Recomputations of open clocks.

use super::dialect::DbRow;
use super::rows::{count, instant, stored};
use super::{DatabaseStore, StoreError, broken, keep, undo};
use crate::store::recomputation::{
    CaseToRecompute, NewRecomputation, Recomputation, RecomputationCounts, RecomputationState,
    RecomputationStore, Touched,
};
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row;
use tongban_catalog::calendar::Calendar;

const T: &str = "recomputation";

const NEWEST: &str = "SELECT r.id, r.days, b.days AS days_before, r.notices, r.due_from, r.overdue, r.state, r.last_case, r.total,
        r.looked_at, r.changed, r.failed, r.started_at, r.finished_at
    FROM recomputation r LEFT JOIN recomputation b ON b.id = r.predecessor ORDER BY r.id DESC LIMIT 1";

const BEGIN: &str = "INSERT INTO recomputation (predecessor, calendar, days, notices, due_from, overdue, state, last_case, total,
        looked_at, changed, failed, started_at)
    VALUES ($1, $2, $3, $4, $5, $6, 'running', 0, $7, 0, 0, 0, $8) ON CONFLICT (predecessor) DO NOTHING RETURNING id";

const SUPERSEDE: &str =
    "UPDATE recomputation SET state = 'superseded' WHERE state = 'running' AND id <> $1";

const ADVANCE: &str = "UPDATE recomputation SET last_case = $1, looked_at = looked_at + $2, changed = changed + $3, failed = failed + $4
    WHERE id = $5 AND state = 'running' AND last_case = $6";

const FINISH: &str = "UPDATE recomputation SET state = 'finished', finished_at = $1
    WHERE id = $2 AND state = 'running' AND last_case = $3";

// The plus keeps the order of rows: an index on due times would have to be sorted for every step.
macro_rules! with_clocks_to_come {
    () => {
        "SELECT DISTINCT case_id AS id FROM case_clock WHERE case_id > $1 AND +due_at > $2 ORDER BY case_id LIMIT $3"
    };
}

macro_rules! in_state {
    ($state:literal) => {
        concat!(
            " UNION SELECT id FROM (SELECT id FROM case_record WHERE state = '",
            $state,
            "' AND id > $1 ORDER BY id LIMIT $3) AS ",
            $state
        )
    };
}

pub(super) const NEXT: &str = concat!(
    "SELECT t.id, c.case_no FROM (",
    with_clocks_to_come!(),
    ") AS t JOIN case_record c ON c.id = t.id ORDER BY t.id"
);

/// Clocks that are over stand in no index: every open case is looked at, and what has a delivery clock to come.
pub(super) const NEXT_AND_OVERDUE: &str = concat!(
    "SELECT t.id, c.case_no FROM (SELECT id FROM (SELECT id FROM (",
    with_clocks_to_come!(),
    ") AS clocks",
    in_state!("submitted"),
    in_state!("pre_accepted"),
    in_state!("pre_correction"),
    in_state!("handling"),
    in_state!("correction"),
    in_state!("special_procedure"),
    ") AS every ORDER BY id LIMIT $3) AS t JOIN case_record c ON c.id = t.id ORDER BY t.id"
);

const COUNT: &str =
    "SELECT count(*) FROM (SELECT DISTINCT case_id FROM case_clock WHERE +due_at > $1) AS touched";

/// Only cases that are no longer open have delivery clocks.
const COUNT_AND_OVERDUE: &str = "SELECT
    (SELECT count(*) FROM case_record
        WHERE state IN ('submitted', 'pre_accepted', 'pre_correction', 'handling', 'correction', 'special_procedure'))
    + (SELECT count(*) FROM case_clock WHERE kind = 'delivery' AND due_at > $1)";

#[async_trait]
impl RecomputationStore for DatabaseStore {
    async fn recomputation(&self) -> Result<Option<Recomputation>, StoreError> {
        let row = sqlx::query(NEWEST)
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        row.as_ref().map(record).transpose()
    }

    async fn cases_touched(&self, touched: Touched) -> Result<u64, StoreError> {
        let query = if touched.overdue {
            COUNT_AND_OVERDUE
        } else {
            COUNT
        };
        let found: i64 = sqlx::query_scalar(query)
            .bind(touched.due_from.as_microsecond())
            .fetch_one(&mut *self.reader().await?)
            .await?;
        count("case_clock", "case_id", "", found)
    }

    async fn begin_recomputation(&self, new: NewRecomputation) -> Result<bool, StoreError> {
        let unwritable = |e: serde_json::Error| broken(T, "days", new.calendar.version(), e);
        let days = serde_json::to_string(&new.calendar).map_err(unwritable)?;
        let notices = serde_json::to_string(&new.notices).map_err(unwritable)?;
        self.write(move |c, _| {
            Box::pin(async move {
                let begun: Option<i64> = sqlx::query_scalar(BEGIN)
                    .bind(new.after.unwrap_or(0))
                    .bind(new.calendar.version())
                    .bind(&days)
                    .bind(&notices)
                    .bind(new.touched.due_from.as_microsecond())
                    .bind(i64::from(new.touched.overdue))
                    .bind(stored(new.total))
                    .bind(new.at.as_microsecond())
                    .fetch_optional(&mut *c)
                    .await?;
                let Some(id) = begun else {
                    return undo(false);
                };
                sqlx::query(SUPERSEDE).bind(id).execute(c).await?;
                keep(true)
            })
        })
        .await
    }

    async fn cases_to_recompute(
        &self,
        touched: Touched,
        last_case: i64,
        limit: u32,
    ) -> Result<Vec<CaseToRecompute>, StoreError> {
        let query = if touched.overdue {
            NEXT_AND_OVERDUE
        } else {
            NEXT
        };
        let rows: Vec<(i64, String)> = sqlx::query_as(query)
            .bind(last_case)
            .bind(touched.due_from.as_microsecond())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await?;
        let cases = rows.into_iter();
        Ok(cases
            .map(|(row, case_no)| CaseToRecompute { row, case_no })
            .collect())
    }

    async fn advance_recomputation(
        &self,
        id: i64,
        (from, to): (i64, i64),
        done: RecomputationCounts,
    ) -> Result<bool, StoreError> {
        self.write(move |c, _| {
            Box::pin(async move {
                let moved = sqlx::query(ADVANCE)
                    .bind(to)
                    .bind(stored(done.looked_at))
                    .bind(stored(done.changed))
                    .bind(stored(done.failed))
                    .bind(id)
                    .bind(from)
                    .execute(c)
                    .await?;
                keep(moved.rows_affected() > 0)
            })
        })
        .await
    }

    async fn finish_recomputation(
        &self,
        id: i64,
        last_case: i64,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |c, _| {
            Box::pin(async move {
                let ended = sqlx::query(FINISH)
                    .bind(at.as_microsecond())
                    .bind(id)
                    .bind(last_case)
                    .execute(c)
                    .await?;
                keep(ended.rows_affected() > 0)
            })
        })
        .await
    }
}

fn record(row: &DbRow) -> Result<Recomputation, StoreError> {
    let id: i64 = row.try_get("id")?;
    let (days, notices): (String, String) = (row.try_get("days")?, row.try_get("notices")?);
    let days_before: Option<String> = row.try_get("days_before")?;
    let state: String = row.try_get("state")?;
    let finished_at: Option<i64> = row.try_get("finished_at")?;
    let overdue: i64 = row.try_get("overdue")?;
    let number = |column: &'static str| -> Result<u64, StoreError> {
        count(T, column, id, row.try_get(column)?)
    };
    let calendar = |days: &str| -> Result<Calendar, StoreError> {
        serde_json::from_str(days).map_err(|e| broken(T, "days", id, e))
    };
    Ok(Recomputation {
        id,
        calendar: calendar(&days)?,
        before: days_before.as_deref().map(calendar).transpose()?,
        notices: serde_json::from_str(&notices).map_err(|e| broken(T, "notices", id, e))?,
        touched: Touched {
            due_from: instant(T, "due_from", id, row.try_get("due_from")?)?,
            overdue: overdue != 0,
        },
        state: match state.as_str() {
            "running" => RecomputationState::Running,
            "finished" => RecomputationState::Finished,
            "superseded" => RecomputationState::Superseded,
            _ => return Err(broken(T, "state", id, "no such state")),
        },
        last_case: row.try_get("last_case")?,
        total: number("total")?,
        counts: RecomputationCounts {
            looked_at: number("looked_at")?,
            changed: number("changed")?,
            failed: number("failed")?,
        },
        started_at: instant(T, "started_at", id, row.try_get("started_at")?)?,
        finished_at: finished_at
            .map(|at| instant(T, "finished_at", id, at))
            .transpose()?,
    })
}

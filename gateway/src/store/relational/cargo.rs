//! What goes with a lease: the rows that a look took, and their cases, read and opened outside of the write.

use super::dialect::{Db, DbConnection, DbRow};
use super::rows::{SELECT_CASE, case_with_key, count, instant, numbered_place};
use super::{StoreError, outbox, scan};
use crate::store::case::CaseRecord;
use crate::store::delivery::LeasedDelivery;
use crate::store::scan::HeldMaterial;
use crate::store::sealed::{DataKey, Sealed, Vault};
use serde_json::Value;
use sqlx::{QueryBuilder, Row};
use std::collections::HashMap;

/// A leased row, unopened.
pub(super) struct Taken {
    pub(super) id: i64,
    pub(super) case_row: i64,
    pub(super) system_id: String,
    fence: i64,
    operation: String,
    ask_first: bool,
    begun: bool,
    attempts: i64,
    created_at: i64,
    journal: Option<Vec<u8>>,
    message: Option<Vec<u8>>,
}

impl Taken {
    /// Leases rows: a new fence makes every older one void. A lease that ended with a step begun comes back as one to ask about, and
    /// as interrupted for as long as no worker has left a word: the one that should have may have died as well.
    pub(super) async fn take(
        connection: &mut DbConnection,
        ids: &[i64],
        worker: &str,
        until: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query(concat!(
            "UPDATE delivery SET state = 'sending', worker = $1, due_at = $2, fence = fence + 1,
                 ask_first = CASE WHEN begun = 1 THEN 1 ELSE ask_first END WHERE id ",
            in_numbers!("$3"),
            " RETURNING id, case_id, system_id, operation, fence, ask_first, begun, attempts, created_at, journal, message"
        ))
        .bind(worker)
        .bind(until)
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(connection)
        .await?;
        rows.iter().map(Self::read).collect()
    }

    /// The lease: row and fence.
    pub(super) fn lease(&self) -> (i64, i64) {
        (self.id, self.fence)
    }

    fn read(row: &DbRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            case_row: row.try_get("case_id")?,
            system_id: row.try_get("system_id")?,
            fence: row.try_get("fence")?,
            operation: row.try_get("operation")?,
            ask_first: row.try_get::<i64, _>("ask_first")? != 0,
            begun: row.try_get::<i64, _>("begun")? != 0,
            attempts: row.try_get("attempts")?,
            created_at: row.try_get("created_at")?,
            journal: row.try_get("journal")?,
            message: row.try_get("message")?,
        })
    }

    /// The delivery with its case.
    pub(super) fn open(self, cases: &Cases) -> Result<LeasedDelivery, StoreError> {
        const T: &str = "delivery";
        let id = self.id;
        let Some(found) = cases.found.get(&self.case_row) else {
            return Err(super::broken(T, "case_id", id, "its case is missing"));
        };
        let (case, key) = found
            .as_ref()
            .map_err(|table| StoreError::Sealed { table })?;
        let open = |column, sealed: Option<Vec<u8>>| match sealed {
            None => Ok(Value::Null),
            Some(sealed) => Sealed::from_stored(sealed).open(key, &numbered_place(T, column, id)),
        };
        Ok(LeasedDelivery {
            id,
            fence: self.fence,
            message_key: message_key(&self.system_id, &case.case_no, id),
            operation: outbox::operation(id, &self.operation)?,
            ask_first: self.ask_first,
            interrupted: self.begun,
            attempts: count(T, "attempts", id, self.attempts)?,
            created_at: instant(T, "created_at", id, self.created_at)?,
            journal: open("journal", self.journal)?,
            message: open("message", self.message)?,
            case_no: case.case_no.clone(),
            system_id: self.system_id,
            case: Some(Box::new(case.clone())),
            held: cases.held.get(&self.case_row).cloned().unwrap_or_default(),
        })
    }
}

/// The key that every attempt of a delivery carries: nothing in it ever changes.
pub(super) fn message_key(system_id: &str, case_no: &str, id: i64) -> String {
    format!("{system_id}/{case_no}/{id}")
}

/// The cases of leased rows, by row.
pub(super) struct Cases {
    /// With their keys; the table that does not open for one that cannot be read.
    found: HashMap<i64, Result<(CaseRecord, DataKey), &'static str>>,
    held: HashMap<i64, Vec<HeldMaterial>>,
}

impl Cases {
    /// Reads the cases of these rows.
    pub(super) async fn of(
        connection: &mut DbConnection,
        vault: &Vault,
        taken: &[Taken],
    ) -> Result<Self, StoreError> {
        let rows: Vec<i64> = taken.iter().map(|one| one.case_row).collect();
        let list = serde_json::json!(rows).to_string();
        let mut query = QueryBuilder::<Db>::new(SELECT_CASE);
        query
            .push(concat!(" AND c.id ", in_numbers_begin!()))
            .push_bind(list.clone())
            .push(in_numbers_end!());
        let mut found = HashMap::new();
        for row in query.build().fetch_all(&mut *connection).await? {
            let case = match case_with_key(&row, vault) {
                Ok(case) => Ok(case),
                // One that cannot be read must not stop all the others.
                Err(StoreError::Sealed { table } | StoreError::Inconsistent { table, .. }) => {
                    Err(table)
                }
                Err(error) => return Err(error),
            };
            found.insert(row.try_get("id")?, case);
        }
        let (held, broken) = scan::held_of_cases(connection, vault, list).await?;
        found.extend(broken.into_iter().map(|case| (case, Err("material"))));
        Ok(Self { found, held })
    }
}

//! Virus scans on SQLite: the state of a material is the whole queue; nothing is leased, since one process has the folder.

use super::dialect::{Db, DbConnection, DbRow};
use super::material::{COLUMNS, material_key, record};
use super::rows::{count, restrict};
use super::{DatabaseStore, StoreError, keep};
use crate::identity::Scope;
use crate::store::material::ByteStream;
use crate::store::scan::{HeldMaterial, ScanStore, ScanVerdict};
use crate::store::sealed::Vault;
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What waits for its scan and is due. The bytes of an erased case do not open any more, and never leave.
pub(super) const DUE: &str = "SELECT m.id FROM material m LEFT JOIN case_record c ON c.id = m.case_id
    WHERE m.scan = 'pending' AND m.scan_due <= $1 AND (m.case_id IS NULL OR c.data_key IS NOT NULL) ORDER BY m.scan_due DESC LIMIT $2";

pub(super) const WAITING: &str =
    "SELECT count(*) FROM material WHERE scan = 'pending' AND scan_due IS NOT NULL";

/// What was never scanned waits from now on, but for the bytes of erased cases.
const BEGIN: &str = "UPDATE material SET scan = 'pending', scan_due = $1 WHERE scan = 'off'
    AND (case_id IS NULL OR case_id IN (SELECT id FROM case_record WHERE data_key IS NOT NULL))";

const END: &str = "UPDATE material SET scan = 'off', scan_due = NULL WHERE scan = 'pending'";

#[async_trait]
impl ScanStore for DatabaseStore {
    async fn set_scanning(&self, on: bool, now: Timestamp) -> Result<u64, StoreError> {
        let scanning = Arc::clone(&self.scanning);
        self.write(move |c, _| {
            Box::pin(async move {
                scanning.store(on, Ordering::Release);
                let change = if on {
                    sqlx::query(BEGIN).bind(now.as_microsecond())
                } else {
                    sqlx::query(END)
                };
                keep(change.execute(c).await?.rows_affected())
            })
        })
        .await
    }

    async fn due_scans(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(DUE)
            .bind(now.as_microsecond())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await?)
    }

    async fn scan_bytes(&self, id: &str) -> Result<Option<(u64, ByteStream)>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT ");
        query
            .push(COLUMNS)
            .push(
                " FROM material m LEFT JOIN case_record c ON c.id = m.case_id WHERE m.scan = 'pending' AND m.id = ",
            )
            .push_bind(id.to_owned());
        let row = query
            .build()
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let size = count("material", "size", id, row.try_get("size")?)?;
        let key = material_key(&row, &self.vault)?;
        match self.bytes(id, key).await {
            Ok(bytes) => Ok(Some((size, bytes))),
            // Removed between the look and the opening.
            Err(StoreError::Bytes(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn settle_scan(&self, id: &str, verdict: ScanVerdict) -> Result<bool, StoreError> {
        let id = id.to_owned();
        let (word, due) = match verdict {
            ScanVerdict::Clean => ("clean", None),
            ScanVerdict::Infected => ("infected", None),
            ScanVerdict::Again(at) => ("pending", Some(at.as_microsecond())),
        };
        self.write(move |c, _| {
            Box::pin(async move {
                let changed = sqlx::query(
                    "UPDATE material SET scan = $1, scan_due = $2 WHERE id = $3 AND scan = 'pending'",
                )
                .bind(word)
                .bind(due)
                .bind(id)
                .execute(c)
                .await?;
                keep(changed.rows_affected() > 0)
            })
        })
        .await
    }

    async fn waiting_scans(&self) -> Result<u64, StoreError> {
        let waiting: i64 = sqlx::query_scalar(WAITING)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        count("material", "scan", "pending", waiting)
    }

    async fn held_materials(
        &self,
        scope: &Scope,
        case_no: &str,
    ) -> Result<Vec<HeldMaterial>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT m.seq, ");
        query
            .push(COLUMNS)
            .push(
                " FROM case_record c JOIN application a ON a.id = c.application_id JOIN material m ON m.case_id = c.id
                 WHERE m.seq IS NOT NULL AND m.scan IN ('pending', 'infected') AND c.case_no = ",
            )
            .push_bind(case_no.to_owned());
        restrict(&mut query, scope, &self.vault, "c.system_id");
        query.push(" ORDER BY m.seq, m.id");
        let rows = query.build().fetch_all(&mut *self.reader().await?).await?;
        rows.iter().map(|row| held(row, &self.vault)).collect()
    }
}

fn held(row: &DbRow, vault: &Vault) -> Result<HeldMaterial, StoreError> {
    let material = record(row, &material_key(row, vault)?)?;
    Ok(HeldMaterial {
        seq: count("material", "seq", &material.id, row.try_get("seq")?)?,
        material,
    })
}

/// The same of cases by row, given as a JSON list; the cases with a file that cannot be read apart.
pub(super) async fn held_of_cases(
    connection: &mut DbConnection,
    vault: &Vault,
    cases: String,
) -> Result<(HashMap<i64, Vec<HeldMaterial>>, HashSet<i64>), StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT m.seq, ");
    query
        .push(COLUMNS)
        .push(concat!(
            " FROM material m JOIN case_record c ON c.id = m.case_id
             WHERE m.seq IS NOT NULL AND m.scan IN ('pending', 'infected') AND m.case_id ",
            in_numbers_begin!()
        ))
        .push_bind(cases)
        .push(in_numbers_end!())
        .push(" ORDER BY m.seq, m.id");
    let mut of_case: HashMap<i64, Vec<HeldMaterial>> = HashMap::new();
    let mut broken = HashSet::new();
    for row in query.build().fetch_all(connection).await? {
        let case = row.try_get("case_row")?;
        match held(&row, vault) {
            Ok(held) => of_case.entry(case).or_default().push(held),
            Err(StoreError::Sealed { .. } | StoreError::Inconsistent { .. }) => {
                broken.insert(case);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((of_case, broken))
}

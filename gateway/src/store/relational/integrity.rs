//! The examination on SQLite: schema, pages, rows against each other. Files and seals are in [`super::integrity_seals`].

use super::dialect::{self, Db, DbPool};
use super::files::FilePlace;
use super::integrity_seals::{files, seals};
use super::{DatabaseStore, MIGRATIONS, StoreError, Vault, numbers};
use crate::store::integrity::{DatabaseFault, Depth, IntegrityReport, IntegrityStore, Tally};
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Transaction};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rules that a query can say: each returns the rows that break it, as a text `example`.
const RULES: &[(&str, &str)] = &[
    (
        "event_gap",
        "SELECT c.case_no AS example FROM case_record c LEFT JOIN (SELECT case_id, count(*) AS events, min(seq) AS first, max(seq) AS last
         FROM case_event GROUP BY case_id) e ON e.case_id = c.id
         WHERE e.events IS NULL OR e.first <> 1 OR e.events <> e.last",
    ),
    (
        "last_seq_differs",
        "SELECT c.case_no AS example FROM case_record c JOIN (SELECT case_id, max(seq) AS last FROM case_event GROUP BY case_id) e
         ON e.case_id = c.id WHERE e.last <> c.last_seq",
    ),
    (
        "turn_wrong",
        "SELECT CAST(d.id AS TEXT) AS example FROM delivery d WHERE d.turn <> CASE
         WHEN d.state IN ('delivered', 'discarded') THEN 0
         WHEN EXISTS (SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.system_id = d.system_id AND e.id < d.id
             AND e.state NOT IN ('delivered', 'discarded')) THEN 0
         ELSE 1 END",
    ),
    (
        "due_wrong",
        "SELECT CAST(id AS TEXT) AS example FROM delivery WHERE (state IN ('dead', 'delivered', 'discarded') AND due_at IS NOT NULL)
         OR (state IN ('pending', 'sending', 'unknown') AND due_at IS NULL)",
    ),
    (
        "delivery_without_case",
        "SELECT CAST(d.id AS TEXT) AS example FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM case_record c WHERE c.id = d.case_id)",
    ),
    (
        "clock_of_ended_case",
        "SELECT c.case_no AS example FROM case_clock k JOIN case_record c ON c.id = k.case_id
         WHERE c.state IN ('closed', 'refused', 'collected') AND k.kind IN ('acceptance', 'promise', 'statutory', 'lapse')",
    ),
    (
        "number_without_serial",
        "SELECT c.case_no AS example FROM case_record c WHERE NOT EXISTS (SELECT 1 FROM number_serial s
         WHERE s.stem = substr(c.case_no, 1, length(c.case_no) - 4))",
    ),
    (
        "upload_bytes_differ",
        "SELECT substr(u.id, 1, 8) AS example FROM upload u LEFT JOIN (SELECT upload_id, sum(size) AS bytes FROM upload_segment
         GROUP BY upload_id) s ON s.upload_id = u.id WHERE u.received <> coalesce(s.bytes, 0)",
    ),
];

/// Every stem with its counter and the highest numbers that were given under it. Serials of digits sort as they count, and so do those
/// with letters, which come after all of them: the highest of each kind is looked at.
const SERIALS: &str = "SELECT s.stem, s.last, n.plain, n.lettered FROM number_serial s LEFT JOIN
    (SELECT stem, max(CASE WHEN lower(serial) = serial THEN serial END) AS plain,
        max(CASE WHEN lower(serial) <> serial THEN serial END) AS lettered FROM
        (SELECT substr(case_no, 1, length(case_no) - 4) AS stem, substr(case_no, length(case_no) - 3) AS serial FROM case_record
         UNION ALL SELECT substr(application_no, 1, length(application_no) - 4), substr(application_no, length(application_no) - 3)
         FROM application) AS given GROUP BY stem) AS n ON n.stem = s.stem";

const SHORT_SERIALS: &str = "SELECT c.system_id, max(CAST(c.short_no AS BIGINT)) AS highest, max(s.last) AS last FROM case_record c
    LEFT JOIN short_serial s ON s.system_id = c.system_id WHERE c.short_no IS NOT NULL GROUP BY c.system_id";

/// What is examined: one connection in one snapshot, and another that sees what was committed since.
pub(super) struct Examined {
    pub(super) connection: Transaction<'static, Db>,
    pub(super) readers: DbPool,
    pub(super) vault: Arc<Vault>,
    pub(super) place: FilePlace,
    pub(super) depth: Depth,
    pub(super) now: Timestamp,
    pub(super) report: IntegrityReport,
}

#[async_trait]
impl IntegrityStore for DatabaseStore {
    async fn examine(&self, depth: Depth, now: Timestamp) -> Result<IntegrityReport, StoreError> {
        let place = self.files.place().clone();
        examine(
            self.readers.clone(),
            Arc::clone(&self.vault),
            place,
            depth,
            now,
        )
        .await
    }
}

pub(super) async fn examine(
    readers: DbPool,
    vault: Arc<Vault>,
    place: FilePlace,
    depth: Depth,
    now: Timestamp,
) -> Result<IntegrityReport, StoreError> {
    let mut connection = readers.begin().await?;
    dialect::one_snapshot(&mut connection).await?;
    let mut examined = Examined {
        connection,
        readers,
        vault,
        place,
        depth,
        now,
        report: IntegrityReport::default(),
    };
    let same_schema = examined.versions().await?;
    examined.pages().await?;
    if same_schema {
        examined.schema().await?;
        for (code, query) in RULES.iter().copied() {
            examined.rule(code, query).await?;
        }
        examined.serials().await?;
        examined.short_serials().await?;
        files(&mut examined).await?;
        seals(&mut examined).await?;
    }
    examined.connection.rollback().await?;
    Ok(examined.report)
}

impl Examined {
    pub(super) fn fault(&mut self, fault: Option<DatabaseFault>) {
        self.report.faults.extend(fault);
    }

    /// A fault of one thing.
    pub(super) fn one(&mut self, code: &'static str, example: impl Into<String>) {
        let mut tally = Tally::default();
        tally.add(example);
        self.fault(tally.into_fault(code));
    }

    /// Whether the database has exactly the schema of this program; the rest makes sense only then.
    async fn versions(&mut self) -> Result<bool, StoreError> {
        let rows: Vec<(i64, bool, Vec<u8>)> = sqlx::query_as(
            "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version",
        )
        .fetch_all(&mut *self.connection)
        .await?;
        let known: BTreeMap<i64, &[u8]> = MIGRATIONS
            .iter()
            .map(|m| (m.version, m.checksum.as_ref()))
            .collect();
        self.report.schema_version = rows.last().map_or(0, |(version, ..)| *version);
        let newest = known.keys().next_back().copied().unwrap_or_default();
        let mut same = true;
        for (version, success, checksum) in &rows {
            let code = match known.get(version) {
                None => "schema_newer",
                Some(_) if !success => "schema_half",
                Some(ours) if *ours != checksum.as_slice() => "schema_changed",
                Some(_) => continue,
            };
            same = false;
            self.one(code, format!("migration {version}"));
        }
        if self.report.schema_version < newest {
            same = false;
            let words = format!("{} of {newest}", self.report.schema_version);
            self.one("schema_older", words);
        }
        Ok(same)
    }

    async fn rule(&mut self, code: &'static str, query: &'static str) -> Result<(), StoreError> {
        let mut counted =
            QueryBuilder::<Db>::new("SELECT example, count(*) OVER () AS broken FROM (");
        counted.push(query).push(") AS those LIMIT 5");
        let rows: Vec<(String, i64)> = counted
            .build_query_as()
            .fetch_all(&mut *self.connection)
            .await?;
        if let Some((_, count)) = rows.first() {
            self.report.faults.push(DatabaseFault {
                code: code.to_owned(),
                count: u64::try_from(*count).unwrap_or_default(),
                examples: rows.iter().map(|(example, _)| example.clone()).collect(),
            });
        }
        Ok(())
    }

    async fn serials(&mut self) -> Result<(), StoreError> {
        let mut behind = Tally::default();
        let rows: Vec<(String, i64, Option<String>, Option<String>)> = sqlx::query_as(SERIALS)
            .fetch_all(&mut *self.connection)
            .await?;
        for (stem, last, plain, lettered) in rows {
            let given = [plain, lettered].into_iter().flatten();
            let highest = given
                .filter_map(|serial| tongban_catalog::code::serial_number(&serial))
                .max();
            if highest.is_some_and(|n| i64::from(n) > last) {
                behind.add(stem);
            }
        }
        self.fault(behind.into_fault("serial_behind"));
        Ok(())
    }

    async fn short_serials(&mut self) -> Result<(), StoreError> {
        let rows: Vec<(Option<String>, i64, Option<i64>)> = sqlx::query_as(SHORT_SERIALS)
            .fetch_all(&mut *self.connection)
            .await?;
        let mut behind = Tally::default();
        for (system, highest, last) in rows {
            if highest - numbers::SHORT_BASE > last.unwrap_or_default() {
                behind.add(system.unwrap_or_default());
            }
        }
        self.fault(behind.into_fault("short_serial_behind"));
        let cases: i64 = sqlx::query_scalar("SELECT count(*) FROM case_record")
            .fetch_one(&mut *self.connection)
            .await?;
        self.report.cases = u64::try_from(cases).unwrap_or_default();
        Ok(())
    }
}

//! The examination on SQLite: schema, pages, rows against each other. Files and seals are in [`super::integrity_seals`].

use super::integrity_seals::{files, seals};
use super::{
    DATABASE_FILE, MIGRATIONS, SqliteStore, StoreError, Vault, keys, lock, numbers, registry,
};
use crate::entropy::Entropy;
use crate::store::integrity::{DatabaseFault, Depth, IntegrityReport, IntegrityStore, Tally};
use crate::store::sealed::MasterKeys;
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
    pub(super) connection: Transaction<'static, Sqlite>,
    pub(super) readers: SqlitePool,
    pub(super) vault: Arc<Vault>,
    pub(super) materials: PathBuf,
    pub(super) depth: Depth,
    pub(super) now: Timestamp,
    pub(super) report: IntegrityReport,
}

#[async_trait]
impl IntegrityStore for SqliteStore {
    async fn examine(&self, depth: Depth, now: Timestamp) -> Result<IntegrityReport, StoreError> {
        let materials = self.files.folder().to_owned();
        examine(
            self.readers.clone(),
            Arc::clone(&self.vault),
            materials,
            depth,
            now,
        )
        .await
    }
}

/// Examines a data folder that no gateway runs on, under its lock and without changing anything in it.
///
/// # Errors
/// [`StoreError::Unavailable`] when another process has the folder or there is no database in it, [`StoreError::Sealed`] when the
/// master keys are not the ones it was written with.
pub async fn examine_folder(
    folder: &Path,
    masters: MasterKeys,
    entropy: Entropy,
    depth: Depth,
    now: Timestamp,
) -> Result<IntegrityReport, StoreError> {
    let file = folder.join(DATABASE_FILE);
    if !file.exists() {
        let words = format!("there is no database {}", file.display());
        return Err(StoreError::Unavailable(words));
    }
    let _lock = lock(folder)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(SqliteConnectOptions::new().filename(file).read_only(true))
        .await?;
    let place = registry::secret_place("digest key");
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = 'digest key'")
            .fetch_one(&readers)
            .await?;
    let digest_key = registry::secret_bytes(&keys::unwrap(&masters, &place, &stored)?, &place)?;
    let vault = Arc::new(Vault::new(masters, &digest_key, entropy));
    let materials = folder.join("materials");
    let report = examine(readers.clone(), vault, materials, depth, now).await;
    readers.close().await;
    report
}

async fn examine(
    readers: SqlitePool,
    vault: Arc<Vault>,
    materials: PathBuf,
    depth: Depth,
    now: Timestamp,
) -> Result<IntegrityReport, StoreError> {
    let mut examined = Examined {
        connection: readers.begin().await?,
        readers,
        vault,
        materials,
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
    fn one(&mut self, code: &'static str, example: impl Into<String>) {
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

    async fn pages(&mut self) -> Result<(), StoreError> {
        let look = match self.depth {
            Depth::Sample => "PRAGMA quick_check(20)",
            Depth::Everything => "PRAGMA integrity_check(20)",
        };
        let lines: Vec<String> = sqlx::query_scalar(look)
            .fetch_all(&mut *self.connection)
            .await?;
        let mut damaged = Tally::default();
        for line in lines.iter().filter(|line| *line != "ok") {
            damaged.add(line);
        }
        self.fault(damaged.into_fault("pages_damaged"));
        let rows = sqlx::query("PRAGMA foreign_key_check")
            .fetch_all(&mut *self.connection)
            .await?;
        let mut dangling = Tally::default();
        for row in &rows {
            let (table, id): (String, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
            let id = id.map_or_else(String::new, |id| format!(" {id}"));
            dangling.add(format!("{table}{id} -> {}", row.try_get::<String, _>(2)?));
        }
        self.fault(dangling.into_fault("dangling_reference"));
        Ok(())
    }

    /// Tables and indexes against those that the migrations make.
    async fn schema(&mut self) -> Result<(), StoreError> {
        let fresh = SqlitePoolOptions::new()
            .max_connections(1)
            .connect("sqlite::memory:")
            .await?;
        MIGRATIONS
            .run(&fresh)
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let wanted = objects(&mut *fresh.acquire().await?).await?;
        let found = objects(&mut self.connection).await?;
        fresh.close().await;
        let (mut missing, mut other) = (Tally::default(), Tally::default());
        for (name, sql) in &wanted {
            match found.get(name) {
                None => missing.add(name),
                Some(found) if found != sql => other.add(name),
                Some(_) => {}
            }
        }
        self.fault(missing.into_fault("schema_missing"));
        self.fault(other.into_fault("schema_differs"));
        let mut more = Tally::default();
        for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
            more.add(name);
        }
        self.report.notices.extend(more.into_fault("schema_more"));
        Ok(())
    }

    async fn rule(&mut self, code: &'static str, query: &'static str) -> Result<(), StoreError> {
        let mut counted =
            QueryBuilder::<Sqlite>::new("SELECT example, count(*) OVER () AS broken FROM (");
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

async fn objects(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<String, String>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
         AND name <> '_sqlx_migrations'",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

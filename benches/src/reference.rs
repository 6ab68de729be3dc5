//! The floor of intake: the rows that the gateway wrote, inserted again by plain sqlx into a database of the same schema, with the
//! same durability, on one connection, one case after the other.

use crate::statistics::per_second;
use crate::{Failure, instant};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, Row, TypeInfo, ValueRef};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// Cases that are read before they are written, so that reading is not measured.
const READ_AHEAD: usize = 256;

/// Tables that an application writes to, with the column that leads to it: by the application's id, or by its case's.
const TABLES: [(&str, &str, Owner); 8] = [
    ("application", "id", Owner::Application),
    ("idempotency", "application_id", Owner::Application),
    ("case_record", "application_id", Owner::Application),
    ("case_event", "case_id", Owner::Case),
    ("case_clock", "case_id", Owner::Case),
    ("delivery", "case_id", Owner::Case),
    ("material", "case_id", Owner::Case),
    ("audit", "application_id", Owner::Application),
];

#[derive(Clone, Copy)]
enum Owner {
    Application,
    Case,
}

/// A value as SQLite stores it.
enum Stored {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row: which insert, and its values.
struct StoredRow {
    table: usize,
    values: Vec<Stored>,
}

/// The rows of one case, and the stem whose serial it drew.
struct CaseRows {
    stem: String,
    rows: Vec<StoredRow>,
}

/// The gateway's database, to read from, and one of the same schema, to write to.
pub(crate) struct Reference {
    source: SqliteConnection,
    sink: SqliteConnection,
    inserts: Vec<String>,
    last_application: i64,
}

impl Reference {
    /// Makes the second database at `scratch`, with the schema and the settings of the first.
    pub(crate) async fn open(database: &Path, scratch: &Path) -> Result<Self, Failure> {
        let source = SqliteConnectOptions::new()
            .filename(database)
            .read_only(true);
        let mut source = source.connect().await?;
        let sink = SqliteConnectOptions::new()
            .filename(scratch)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON");
        let mut sink = sink.connect().await?;
        let schema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY type = 'trigger', rootpage";
        for statement in sqlx::query_scalar::<_, String>(schema)
            .fetch_all(&mut source)
            .await?
        {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut sink)
                .await?;
        }
        let mut inserts = Vec::with_capacity(TABLES.len());
        for (table, ..) in TABLES {
            let count = "SELECT count(*) FROM pragma_table_info(?)";
            let columns: i64 = sqlx::query_scalar(count)
                .bind(table)
                .fetch_one(&mut source)
                .await?;
            let marks = vec!["?"; usize::try_from(columns)?].join(", ");
            inserts.push(format!("INSERT INTO {table} VALUES ({marks})"));
        }
        Ok(Self {
            source,
            sink,
            inserts,
            last_application: 0,
        })
    }

    /// Inserts cases that were not inserted yet, some one a transaction and some `batch` in one, in turns, each kind for at most
    /// `time` or until none is left. Returns the cases a second of both.
    pub(crate) async fn measure(
        &mut self,
        time: Duration,
        batch: usize,
    ) -> Result<(f64, f64), Failure> {
        let mut kinds = [(1, 0, Duration::ZERO), (batch, 0, Duration::ZERO)];
        let mut left = true;
        while left && kinds.iter().any(|(_, _, took)| *took < time) {
            for (together, count, took) in kinds.iter_mut().filter(|(_, _, took)| *took < time) {
                let cases = self.read().await?;
                left = !cases.is_empty();
                let begun = instant();
                for cases in cases.chunks(*together) {
                    self.write(cases).await?;
                }
                *took += begun.elapsed();
                *count += cases.len() as u64;
            }
        }
        let [single, batched] = kinds.map(|(_, count, took)| per_second(count, took));
        if single == 0.0 || batched == 0.0 {
            return Err("the gateway stored too few cases to insert them again".into());
        }
        Ok((single, batched))
    }

    /// How many applications the gateway has stored, and from how many stems their numbers are.
    pub(crate) async fn counts(&mut self) -> Result<(i64, i64), Failure> {
        let applications = sqlx::query_scalar("SELECT count(*) FROM application")
            .fetch_one(&mut self.source)
            .await?;
        let stems = sqlx::query_scalar("SELECT count(*) FROM number_serial")
            .fetch_one(&mut self.source)
            .await?;
        Ok((applications, stems))
    }

    async fn write(&mut self, cases: &[CaseRows]) -> Result<(), Failure> {
        let mut transaction = self.sink.begin_with("BEGIN IMMEDIATE").await?;
        for case in cases {
            sqlx::query(
                "INSERT INTO number_serial (stem, last) VALUES (?, 1) ON CONFLICT (stem) DO UPDATE SET last = last + 1",
            )
            .bind(&case.stem)
            .execute(&mut *transaction)
            .await?;
            for row in &case.rows {
                let mut insert = sqlx::query(AssertSqlSafe(self.inserts[row.table].as_str()));
                for value in &row.values {
                    insert = bind(insert, value);
                }
                insert.execute(&mut *transaction).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// The next applications' rows, in the order in which they were written.
    async fn read(&mut self) -> Result<Vec<CaseRows>, Failure> {
        let chosen = "SELECT a.id, c.id, c.case_no FROM application a JOIN case_record c ON c.application_id = a.id
                      WHERE a.id > ? ORDER BY a.id LIMIT ?";
        let chosen = sqlx::query_as::<_, (i64, i64, String)>(chosen)
            .bind(self.last_application)
            .bind(i64::try_from(READ_AHEAD)?);
        let chosen = chosen.fetch_all(&mut self.source).await?;
        let Some(&(last, ..)) = chosen.last() else {
            return Ok(Vec::new());
        };
        let mut cases = Vec::with_capacity(chosen.len());
        let mut of_application = HashMap::with_capacity(chosen.len());
        let mut of_case = HashMap::with_capacity(chosen.len());
        for (index, (application, case, number)) in chosen.into_iter().enumerate() {
            let stem = number
                .get(..number.len().saturating_sub(4))
                .unwrap_or_default()
                .to_owned();
            cases.push(CaseRows {
                stem,
                rows: Vec::new(),
            });
            of_application.insert(application, index);
            of_case.insert(case, index);
        }
        for (table, (name, link, owner)) in TABLES.into_iter().enumerate() {
            let owners = match owner {
                Owner::Application => &of_application,
                Owner::Case => &of_case,
            };
            let (Some(first), Some(end)) = (owners.keys().min(), owners.keys().max()) else {
                continue;
            };
            let rows = format!("SELECT * FROM {name} WHERE {link} BETWEEN ? AND ?");
            let rows = sqlx::query(AssertSqlSafe(rows))
                .bind(first)
                .bind(end)
                .fetch_all(&mut self.source)
                .await?;
            for row in rows {
                if let Some(&index) = owners.get(&row.try_get::<i64, _>(link)?) {
                    cases[index].rows.push(StoredRow {
                        table,
                        values: values(&row)?,
                    });
                }
            }
        }
        self.last_application = last;
        Ok(cases)
    }
}

fn values(row: &SqliteRow) -> Result<Vec<Stored>, Failure> {
    let value = |column: usize| -> Result<Stored, Failure> {
        let raw = row.try_get_raw(column)?;
        if raw.is_null() {
            return Ok(Stored::Null);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" => Stored::Integer(row.try_get(column)?),
            "TEXT" => Stored::Text(row.try_get(column)?),
            "BLOB" => Stored::Bytes(row.try_get(column)?),
            other => {
                return Err(format!("column {} holds a {other}", row.column(column).name()).into());
            }
        })
    };
    (0..row.len()).map(value).collect()
}

type Insert<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn bind<'q>(insert: Insert<'q>, value: &'q Stored) -> Insert<'q> {
    match value {
        Stored::Null => insert.bind(None::<i64>),
        Stored::Integer(value) => insert.bind(value),
        Stored::Text(value) => insert.bind(value),
        Stored::Bytes(value) => insert.bind(value),
    }
}

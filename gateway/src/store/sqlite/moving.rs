//! The side of a move that is left: a data folder under its lock, read in the order of its keys, and the mark that keeps gateways and
//! backups away from it afterwards.

use super::copy::files_named;
use super::dialect::DbRow;
use super::{DATABASE_FILE, SqliteStore, StoreBounds, StoreError};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::store::Store;
use crate::store::moving::{MoveError, Row, Shape, Value};
use crate::store::sealed::MasterKeys;
use crate::store::writing::keep;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Column as _, Connection, Row as _, TypeInfo as _, ValueRef as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Name of the mark in the data folder.
pub const MOVED_FILE: &str = "moved.json";
/// Bytes of a batch after which it ends, however few its rows.
const BATCH_BYTES: usize = 8 << 20;
/// Bits of an id below its month (`store/postgres/partitions.rs`); ids of SQLite are running numbers alone.
const RUNNING_BITS: u32 = 40;

/// Whose lease ended is nobody that PostgreSQL knows: node 0.
const NOBODYS: &str =
    "UPDATE delivery SET worker = '0/moved' WHERE state = 'sending' AND worker <> '0/moved'";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    /// Random; the target notes it too.
    move_id: String,
    /// Where to, for people.
    target: String,
    finished: bool,
}

impl Mark {
    fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(MOVED_FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let read = serde_json::from_slice(&text).map_err(|e| {
            StoreError::Unavailable(format!("{} cannot be read: {e}", path.display()))
        });
        read.map(Some)
    }

    /// Written beside and moved into place, synced: whole or not there.
    fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let (path, new) = (folder.join(MOVED_FILE), folder.join("moved.json.new"));
        std::fs::write(&new, serde_json::to_vec_pretty(self).unwrap_or_default())?;
        std::fs::File::open(&new)?.sync_all()?;
        std::fs::rename(&new, &path)?;
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    }
}

/// Refuses a folder whose hall was moved away, or is half-way.
pub(super) fn refuse_moved(folder: &Path) -> Result<(), StoreError> {
    let Some(mark) = Mark::read(folder)? else {
        return Ok(());
    };
    let path = folder.join(MOVED_FILE);
    let words = if mark.finished {
        format!(
            "the hall in {} was moved to {}: name it in the settings (store.postgres). Who serves this folder again serves an old state; \
             then remove {}",
            folder.display(),
            mark.target,
            path.display()
        )
    } else {
        format!(
            "the hall in {} is half-way to {}: run the same `tongban move` again; or remove {} to stay here",
            folder.display(),
            mark.target,
            path.display()
        )
    };
    Err(StoreError::Unavailable(words))
}

/// A data folder that is being moved. Locked until it is closed.
pub struct MoveSource {
    store: SqliteStore,
    connection: SqliteConnection,
    folder: PathBuf,
    mark: Mark,
    identity: String,
    batch: u32,
}

impl MoveSource {
    /// Takes the folder's lock, brings its schema up to date, ends leases and marks it as half-way to `target` (for people).
    /// `batch` is the most rows of a page.
    ///
    /// # Errors
    /// [`MoveError::Refused`] when there is no hall in it, or it was moved already; [`MoveError::Store`] when a gateway serves it or
    /// the keys are not its own.
    pub async fn open(
        folder: &Path,
        keys: MasterKeys,
        (clock, entropy): (Clock, Entropy),
        target: &str,
        batch: u32,
    ) -> Result<Self, MoveError> {
        let file = folder.join(DATABASE_FILE);
        if !file.exists() {
            let words = format!(
                "there is no hall in {}: {DATABASE_FILE} is missing",
                folder.display()
            );
            return Err(MoveError::Refused(words));
        }
        let known = Mark::read(folder)?;
        if known.as_ref().is_some_and(|mark| mark.finished) {
            refuse_moved(folder)?;
        }
        let random = entropy
            .bytes::<16>()
            .map_err(|e| MoveError::Refused(e.to_string()))?;
        let store =
            SqliteStore::open_marked(folder, keys, clock, entropy, StoreBounds::default()).await?;
        store
            .write(|c, _| {
                Box::pin(async move {
                    sqlx::query(NOBODYS).execute(c).await?;
                    keep(())
                })
            })
            .await?;
        let mark = known.unwrap_or_else(|| Mark {
            move_id: HEXLOWER.encode(&random),
            target: target.to_owned(),
            finished: false,
        });
        mark.write(folder)?;
        let options = SqliteConnectOptions::new().filename(&file).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let secret: Vec<u8> =
            sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = 'digest key'")
                .fetch_one(&mut connection)
                .await?;
        Ok(Self {
            store,
            connection,
            folder: folder.to_owned(),
            mark,
            identity: HEXLOWER.encode(digest::digest(&digest::SHA256, &secret).as_ref()),
            batch: batch.max(1),
        })
    }

    /// Tells this hall from every other: a digest of its sealed secret.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Tells this move from another of the same hall.
    #[must_use]
    pub fn move_id(&self) -> &str {
        &self.mark.move_id
    }

    /// Says that the hall is elsewhere now: no gateway starts on the folder any more.
    ///
    /// # Errors
    /// [`StoreError::Bytes`].
    pub fn mark_finished(&mut self) -> Result<(), StoreError> {
        self.mark.finished = true;
        self.mark.write(&self.folder)
    }

    /// Gives the lock back.
    pub async fn close(self) {
        // Reading ends in any case.
        let _ = self.connection.close().await;
        self.store.close().await;
    }

    /// Every table that is moved.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn shapes(&mut self) -> Result<Vec<Shape>, StoreError> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .fetch_all(&mut self.connection)
        .await?;
        let mut shapes = Vec::new();
        for table in tables {
            if !crate::store::moving::is_moved(&table) {
                continue;
            }
            shapes.push(self.shape(table).await?);
        }
        Ok(shapes)
    }

    async fn shape(&mut self, table: String) -> Result<Shape, StoreError> {
        let columns: Vec<(String, i64)> =
            sqlx::query_as("SELECT name, pk FROM pragma_table_info($1) ORDER BY cid")
                .bind(&table)
                .fetch_all(&mut self.connection)
                .await?;
        let refers_to: Vec<String> =
            sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_list($1)")
                .bind(&table)
                .fetch_all(&mut self.connection)
                .await?;
        let mut key: Vec<(i64, usize)> = columns
            .iter()
            .enumerate()
            .filter(|(_, (_, place))| *place > 0)
            .map(|(index, (_, place))| (*place, index))
            .collect();
        key.sort_unstable();
        let key: Vec<usize> = match key.is_empty() {
            true => (0..columns.len()).collect(),
            false => key.into_iter().map(|(_, index)| index).collect(),
        };
        Ok(Shape {
            table,
            columns: columns.into_iter().map(|(name, _)| name).collect(),
            key,
            refers_to: refers_to.into_iter().collect::<BTreeSet<_>>(),
        })
    }

    /// Rows of a table.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count(&mut self, table: &str) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\"")))
                .fetch_one(&mut self.connection)
                .await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Months that ids of partitioned history carry: all of January 2020 (0) here, unless the ids came from elsewhere.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn months(&mut self) -> Result<Vec<(&'static str, i64)>, StoreError> {
        let mut months = Vec::new();
        for (history, of) in [
            ("case_event", "case_record"),
            ("delivery_attempt", "delivery"),
            ("audit", "audit"),
        ] {
            let mut from = 0_i64;
            loop {
                let next = format!("SELECT min(id) FROM {of} WHERE id >= $1");
                let id: Option<i64> = sqlx::query_scalar(AssertSqlSafe(next))
                    .bind(from)
                    .fetch_one(&mut self.connection)
                    .await?;
                let Some(id) = id else { break };
                let month = id >> RUNNING_BITS;
                months.push((history, month));
                from = (month + 1) << RUNNING_BITS;
            }
        }
        Ok(months)
    }

    /// The next rows after a key, in the order of keys; empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn page(
        &mut self,
        shape: &Shape,
        after: Option<&Row>,
    ) -> Result<Vec<Row>, StoreError> {
        let key: Vec<_> = shape
            .key_names()
            .iter()
            .map(|k| format!("\"{k}\""))
            .collect();
        let key = key.join(", ");
        let places: Vec<_> = (1..=shape.key.len()).map(|n| format!("${n}")).collect();
        let from = match after {
            None => String::new(),
            Some(_) => format!(" WHERE ({key}) > ({})", places.join(", ")),
        };
        let text = format!(
            "SELECT {} FROM \"{}\"{from} ORDER BY {key} LIMIT {}",
            shape.listed(""),
            shape.table,
            self.batch
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in after.into_iter().flatten() {
            query = bind(query, value);
        }
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let mut stream = query.fetch(&mut self.connection);
        while let Some(row) = stream.try_next().await? {
            let row = values(&row)?;
            bytes += row.iter().map(Value::size).sum::<usize>();
            rows.push(row);
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        Ok(rows)
    }

    /// Files that rows name, with the bytes they held before they were sealed: at most `limit`, in order, after a name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn files(
        &mut self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        files_named(&mut self.connection, after, limit).await
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn bind<'q>(query: Query<'q>, value: &Value) -> Query<'q> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Number(n) => query.bind(*n),
        Value::Text(text) => query.bind(text.clone()),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

fn values(row: &DbRow) -> Result<Row, StoreError> {
    let one = |place: usize| -> Result<Value, StoreError> {
        let raw = row.try_get_raw(place)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" => Value::Number(row.try_get(place)?),
            "TEXT" => Value::Text(row.try_get(place)?),
            "BLOB" => Value::Bytes(row.try_get(place)?),
            other => {
                let column = row.columns().get(place).map_or("", |c| c.name());
                let words = format!("{column} holds {other}, which no column of ours does");
                return Err(StoreError::Unavailable(words));
            }
        })
    };
    (0..row.len()).map(one).collect()
}

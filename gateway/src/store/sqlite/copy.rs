//! A copy of the database for a backup, and what is asked of such a copy. The copy is made in one read snapshot beside a gateway that
//! serves: readers do not hold the writer up (WAL).

use super::{DATABASE_FILE, MIGRATIONS, StoreError, registry};
use crate::store::sealed::MasterKeys;
use crate::store::sealed::keys;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const BUSY: Duration = Duration::from_secs(30);

/// Serials of one item and day that are left out after a restore: more than any item gets in a day between two backups.
pub const NUMBERS_AHEAD: i64 = 5_000;
/// The same of short numbers, which count on over the days.
const SHORT_NUMBERS_AHEAD: i64 = 1_000_000;

const FILES: &str = "SELECT id, size FROM material WHERE id > $1
    UNION ALL SELECT id, size FROM upload_segment WHERE id > $1 ORDER BY id LIMIT $2";

/// What came after the copy was taken is not known to it: whatever is open may have reached its partner since, so each is asked about
/// before it is sent again.
const ASK_FIRST: &str = "UPDATE delivery SET ask_first = 1, state = CASE WHEN state = 'pending' THEN 'unknown' ELSE state END
    WHERE state IN ('pending', 'sending', 'unknown', 'dead')";

/// Writes a whole and compact copy of a data folder's database to a file that does not exist.
///
/// # Errors
/// [`StoreError::Unavailable`] when there is no database, its hall was moved away, or it cannot be read or written whole.
pub async fn copy_database(data: &Path, target: &Path) -> Result<(), StoreError> {
    super::moving::refuse_moved(data)?;
    let file = data.join(DATABASE_FILE);
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .read_only(true)
        .busy_timeout(BUSY);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(|e| {
            StoreError::Unavailable(format!("{} cannot be opened: {e}", file.display()))
        })?;
    sqlx::query("VACUUM INTO $1")
        .bind(target.display().to_string())
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

/// A database file that no gateway has open.
pub struct CopiedDatabase {
    connection: SqliteConnection,
}

impl CopiedDatabase {
    /// Opens it to be read; nothing beside it is made or changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(file);
        Self::open(options.read_only(true).immutable(true)).await
    }

    /// Opens it to be changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn change(file: &Path) -> Result<Self, StoreError> {
        Self::open(
            SqliteConnectOptions::new()
                .filename(file)
                .pragma("secure_delete", "ON"),
        )
        .await
    }

    async fn open(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let connection = SqliteConnection::connect_with(&options).await?;
        Ok(Self { connection })
    }

    /// Closes it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().await?)
    }

    /// Version of its schema, and the newest that this program knows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schema(&mut self) -> Result<(i64, i64), StoreError> {
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut self.connection)
            .await?;
        let known = MIGRATIONS.iter().map(|m| m.version).max();
        Ok((found.unwrap_or_default(), known.unwrap_or_default()))
    }

    /// What is wrong with its pages; nothing when it is whole.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn damages(&mut self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)")
            .fetch_all(&mut self.connection)
            .await?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// Rows by table.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rows(&mut self) -> Result<BTreeMap<String, u64>, StoreError> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .fetch_all(&mut self.connection)
        .await?;
        let mut rows = BTreeMap::new();
        for table in tables {
            let quoted = table.replace('"', "\"\"");
            let count = format!("SELECT count(*) FROM \"{quoted}\"");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
                .fetch_one(&mut self.connection)
                .await?;
            rows.insert(table, u64::try_from(count).unwrap_or_default());
        }
        Ok(rows)
    }

    /// Files that its rows name with the bytes they held before they were sealed: at most `limit`, in order, after a name.
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

    /// Forgets a file that no application has: an upload that was finished, given up or swept while the copy was made. False when an
    /// application has it, and nothing is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_unbound(&mut self, id: &str) -> Result<bool, StoreError> {
        let upload: Option<String> =
            sqlx::query_scalar("SELECT upload_id FROM upload_segment WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut self.connection)
                .await?;
        let mut gone = 0;
        if let Some(upload) = upload {
            for statement in [
                "DELETE FROM upload_segment WHERE upload_id = $1",
                "DELETE FROM upload WHERE id = $1",
            ] {
                let done = sqlx::query(statement).bind(&upload);
                gone += done.execute(&mut self.connection).await?.rows_affected();
            }
        }
        let done = sqlx::query("DELETE FROM material WHERE id = $1 AND case_id IS NULL").bind(id);
        gone += done.execute(&mut self.connection).await?.rows_affected();
        Ok(gone > 0)
    }

    /// Whether these master keys open what is sealed in it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn opens_with(&mut self, masters: &MasterKeys) -> Result<bool, StoreError> {
        let stored: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = 'digest key'")
                .fetch_optional(&mut self.connection)
                .await?;
        let place = registry::secret_place("digest key");
        Ok(stored.is_none_or(|stored| keys::unwrap(masters, &place, &stored).is_ok()))
    }

    /// Numbers that were given on these days (yymmdd) after the copy was taken are not known to it: serials of these days go on, or begin,
    /// so far ahead that none of them is given again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_numbers_ahead(
        &mut self,
        from_day: &str,
        to_day: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO number_floor (from_day, to_day, ahead) VALUES ($1, $2, $3)")
            .bind(from_day)
            .bind(to_day)
            .bind(NUMBERS_AHEAD)
            .execute(&mut self.connection)
            .await?;
        sqlx::query(
            "UPDATE number_serial SET last = last + $3 WHERE substr(stem, length(stem) - 5) BETWEEN $1 AND $2",
        )
        .bind(from_day)
        .bind(to_day)
        .bind(NUMBERS_AHEAD)
        .execute(&mut self.connection)
        .await?;
        sqlx::query("UPDATE short_serial SET last = last + $1")
            .bind(SHORT_NUMBERS_AHEAD)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Keys of programs that count at `now`: those that were revoked after the copy was taken count again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keys_counting(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let counting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM api_key WHERE revoked_at IS NULL AND expires_at > $1",
        )
        .bind(now.as_microsecond())
        .fetch_one(&mut self.connection)
        .await?;
        Ok(u64::try_from(counting).unwrap_or_default())
    }

    /// Makes every open delivery ask first: what came after the copy was taken is not known to it. Returns how many there are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ask_first(&mut self) -> Result<u64, StoreError> {
        let done = sqlx::query(ASK_FIRST).execute(&mut self.connection).await?;
        Ok(done.rows_affected())
    }
}

/// Files that the rows of a database name, with the bytes they held before they were sealed: at most `limit`, in order, after a name.
pub(super) async fn files_named(
    connection: &mut SqliteConnection,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(FILES)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let sized = rows
        .into_iter()
        .map(|(id, size)| (id, u64::try_from(size).unwrap_or_default()));
    Ok(sized.collect())
}

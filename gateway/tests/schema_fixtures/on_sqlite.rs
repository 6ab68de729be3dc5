//! Fixtures of SQLite.

use super::{add_files, put_files, up_to};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row};
use std::fmt::Write as _;
use std::path::Path;
use tempfile::TempDir;
use tongban_gateway::store::sqlite::DATABASE_FILE;

/// Where fixtures of this database lie.
pub(crate) const NAME: &str = "sqlite";
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The database past the store; references are not looked at.
pub(crate) async fn raw(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(DATABASE_FILE))
        .create_if_missing(true)
        .foreign_keys(false);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// An empty database of this version.
async fn empty(folder: &Path, version: i64) -> SqliteConnection {
    let mut connection = raw(folder).await;
    let migrator = up_to(version, &MIGRATIONS);
    migrator.run(&mut connection).await.unwrap();
    connection
}

/// The closed store in `filled` as it would stand at `version`: what later versions added is left out.
pub(crate) async fn written(filled: &Path, version: i64) -> String {
    let folder = TempDir::new().unwrap();
    let mut then = empty(folder.path(), version).await;
    let mut now = raw(filled).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations' ORDER BY 1",
    )
    .fetch_all(&mut then)
    .await
    .unwrap();
    let mut text = String::new();
    for table in tables {
        let columns: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid")
                .bind(&table)
                .fetch_all(&mut then)
                .await
                .unwrap();
        writeln!(text, "DELETE FROM {table};").unwrap();
        let quoted: Vec<String> = columns.iter().map(|c| format!("quote({c})")).collect();
        let select = format!(
            "SELECT {} FROM {table} ORDER BY 1",
            quoted.join(" || ', ' || ")
        );
        let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut now).await;
        for row in rows.unwrap() {
            let (columns, values) = (columns.join(", "), row.get::<String, _>(0));
            writeln!(text, "INSERT INTO {table} ({columns}) VALUES ({values});").unwrap();
        }
    }
    add_files(&mut text, filled);
    text
}

/// Puts a fixture into an empty folder.
pub(crate) async fn put_back(folder: &Path, version: i64, text: &str) {
    let mut connection = empty(folder, version).await;
    sqlx::raw_sql(AssertSqlSafe(text.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    put_files(text, folder);
}

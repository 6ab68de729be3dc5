//! The gateway's database, looked at and filled from outside, whichever it is.

use crate::Failure;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor};
use std::path::Path;
use std::time::Duration;

/// As long as the gateway's own commits may take beside a bulk of a million rows.
const BUSY: Duration = Duration::from_secs(60);

/// A connection to the gateway's database.
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Database {
    /// The file of a gateway on SQLite.
    pub(crate) async fn sqlite(file: &Path) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(1);
        Ok(Self::Sqlite(pool.connect_with(options).await?))
    }

    /// The schema of a gateway on PostgreSQL.
    pub(crate) async fn postgres(url: &str, schema: &str) -> Result<Self, Failure> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.options([("search_path", schema)]);
        let pool = PgPoolOptions::new().max_connections(1);
        Ok(Self::Postgres(pool.connect_with(options).await?))
    }

    /// The one number that a query answers.
    pub(crate) async fn number(&self, query: &str) -> Result<i64, Failure> {
        let query = AssertSqlSafe(query.to_owned());
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query_scalar(query).fetch_one(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(query).fetch_one(pool).await?,
        })
    }

    /// The texts that a query answers, a row each.
    pub(crate) async fn texts(&self, query: &str) -> Result<Vec<String>, Failure> {
        let query = AssertSqlSafe(query.to_owned());
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query_scalar(query).fetch_all(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(query).fetch_all(pool).await?,
        })
    }

    /// Runs a statement.
    pub(crate) async fn run(&self, statement: &str) -> Result<(), Failure> {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        match self {
            Self::Sqlite(pool) => pool.execute(statement).await.map(drop)?,
            Self::Postgres(pool) => pool.execute(statement).await.map(drop)?,
        }
        Ok(())
    }

    /// Ends the connection.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

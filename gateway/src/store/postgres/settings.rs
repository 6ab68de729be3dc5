//! How to reach the database.

use crate::edge::settings::friendly;
use crate::store::StoreError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// No statement runs longer; a look that takes this long has lost its caller.
const STATEMENT_TIMEOUT: &str = "5s";
/// Nobody waits longer for a row that another write has.
const LOCK_TIMEOUT: &str = "3s";
/// A migration, and the wait for another node's, may take longer.
pub(super) const MIGRATION_TIMEOUT: &str = "30min";
/// A transaction whose node fell silent gives its rows back.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";
/// A node that cannot be reached any more is noticed by the server within this time, so that its locks end.
const TCP_USER_TIMEOUT: &str = "10s";
/// A read that waits longer for a connection is refused.
pub(super) const READER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A write has its place in a bounded queue already: it may wait for a connection.
pub(super) const WRITER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// A pool that closes waits no longer for a server that says nothing.
const CLOSE_MAX: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is asked for a sign of life before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// The database of an installation of many nodes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=…`; several nodes have the same.
    #[serde(deserialize_with = "secret")]
    pub url: SecretString,
    /// Schema that the tables lie in; made when it is not there.
    #[serde(default = "public")]
    pub schema: String,
    /// Folder of the sealed files, which all nodes see; without it the data folder, for one node.
    #[serde(default)]
    pub files: Option<PathBuf>,
    /// Connections of a node that write.
    #[serde(default = "writers")]
    pub writers: u32,
    /// Connections of a node that only read.
    #[serde(default = "readers")]
    pub readers: u32,
    /// This node's name in logs and in the table of nodes; by default its host's.
    #[serde(default)]
    pub node: Option<String>,
    /// A node without a sign of life for so long is gone: others do its work.
    #[serde(default = "lease", with = "friendly")]
    pub lease: Duration,
}

fn lease() -> Duration {
    Duration::from_secs(10)
}

/// The host's name, for people.
pub(super) fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

fn secret<'d, D: serde::Deserializer<'d>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

fn public() -> String {
    "public".to_owned()
}

fn writers() -> u32 {
    8
}

fn readers() -> u32 {
    4
}

impl PostgresSettings {
    /// Settings with every default.
    #[must_use]
    pub fn of(url: &str) -> Self {
        Self {
            url: SecretString::from(url.to_owned()),
            schema: public(),
            files: None,
            writers: writers(),
            readers: readers(),
            node: None,
            lease: lease(),
        }
    }

    /// # Errors
    /// [`StoreError::Unavailable`] when the address or the schema's name is none; without the password.
    pub(super) fn options(&self) -> Result<PgConnectOptions, StoreError> {
        let plain = self
            .schema
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !plain || self.schema.is_empty() || self.schema.len() > 63 {
            return Err(StoreError::Unavailable(format!(
                "{} is no name for a schema: small letters, digits and _ only",
                self.schema
            )));
        }
        let options = PgConnectOptions::from_str(self.url.expose_secret()).map_err(|e| {
            StoreError::Unavailable(format!("the database's address cannot be read: {e}"))
        })?;
        Ok(options
            .application_name("tongban")
            .statement_cache_capacity(256)
            .options([
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("lock_timeout", LOCK_TIMEOUT),
                (
                    "idle_in_transaction_session_timeout",
                    IDLE_IN_TRANSACTION_TIMEOUT,
                ),
                ("tcp_user_timeout", TCP_USER_TIMEOUT),
                ("search_path", self.schema.as_str()),
                ("synchronous_commit", "on"),
                ("jit", "off"),
                // Rows are found by index: its default, for disks that turn, has small tables read whole for a handful of rows.
                ("random_page_cost", "1.1"),
            ]))
    }
}

impl PostgresSettings {
    /// Makes the schema when it is not there; whoever may not make one finds it made by an administrator.
    pub(super) async fn make_schema(&self, pool: &PgPool) -> Result<(), StoreError> {
        let there: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
                .bind(&self.schema)
                .fetch_one(pool)
                .await?;
        if !there {
            let statement = format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema);
            sqlx::query(AssertSqlSafe(statement)).execute(pool).await?;
        }
        Ok(())
    }
}

/// Closes a pool; a database that fell silent keeps no node from ending.
pub(super) async fn close(pool: &PgPool) {
    if tokio::time::timeout(CLOSE_MAX, pool.close()).await.is_err() {
        tracing::warn!("connections to the database could not be closed in time and are left");
    }
}

/// A pool whose dead connections are found before they are used.
pub(super) async fn pool(
    options: PgConnectOptions,
    connections: u32,
    acquire_timeout: Duration,
) -> Result<PgPool, StoreError> {
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE_TRUSTED {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await?)
}

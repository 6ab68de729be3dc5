//! A schema of its own on the tests' PostgreSQL server (`tests/postgres start`).
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod cut;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::Command;
use std::str::FromStr;
use tongban_gateway::store::postgres::PostgresSettings;

/// A schema that goes with this value.
pub(crate) struct Schema {
    url: String,
    name: String,
}

impl Schema {
    /// A new name; the store makes the schema.
    pub(crate) fn fresh() -> Self {
        let name = format!("t{}", uuid::Uuid::from_bytes(random()).simple());
        Self {
            url: server(),
            name,
        }
    }

    /// The statement that makes it, where no store does.
    pub(crate) fn creation(&self) -> String {
        format!("CREATE SCHEMA {}", self.name)
    }

    /// Settings of a store in it.
    pub(crate) fn settings(&self) -> PostgresSettings {
        let mut settings = PostgresSettings::of(&self.url);
        settings.schema.clone_from(&self.name);
        settings
    }

    /// The server's address.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        let options = PgConnectOptions::from_str(&self.url).unwrap();
        format!("{}:{}", options.get_host(), options.get_port())
            .parse()
            .unwrap()
    }

    /// Settings of a store that reaches the server by another way.
    pub(crate) fn settings_by(&self, way: std::net::SocketAddr) -> PostgresSettings {
        let mut settings = PostgresSettings::of(&format!("postgres://postgres@{way}/postgres"));
        settings.schema.clone_from(&self.name);
        settings
    }

    /// A connection whose names are looked for in it.
    pub(crate) async fn connection(&self) -> PgConnection {
        let options = PgConnectOptions::from_str(&self.url)
            .unwrap()
            .options([("search_path", self.name.as_str())]);
        PgConnection::connect_with(&options).await.unwrap()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (url, name) = (self.url.clone(), self.name.clone());
        // A runtime of its own: this may be called on a thread of another.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url).await.unwrap();
                sqlx::query(AssertSqlSafe(format!(
                    "DROP SCHEMA IF EXISTS {name} CASCADE"
                )))
                .execute(&mut connection)
                .await
                .unwrap();
            });
        });
        dropped.join().ok();
    }
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes
}

/// The address of the server, which is started when it does not run.
pub(crate) fn server() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres");
    let output = Command::new(script).arg("start").output().unwrap();
    assert!(
        output.status.success(),
        "tests/postgres start: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

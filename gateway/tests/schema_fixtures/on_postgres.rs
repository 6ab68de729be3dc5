//! Fixtures of PostgreSQL.

use super::{add_files, put_files, up_to};
use crate::postgres_server::Schema;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::fmt::Write as _;
use std::path::Path;

/// Where fixtures of this database lie.
pub(crate) const NAME: &str = "postgres";
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// An empty database of this version.
async fn empty(schema: &Schema, version: i64) -> PgConnection {
    let mut connection = schema.connection().await;
    run(&mut connection, schema.creation()).await;
    let migrator = up_to(version, &MIGRATIONS);
    migrator.run(&mut connection).await.unwrap();
    connection
}

async fn run(connection: &mut PgConnection, sql: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.unwrap();
}

/// Lines made by a query of one text column.
async fn lines(connection: &mut PgConnection, query: String) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(query))
        .fetch_all(connection)
        .await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The closed store in `filled`, its files in `data`, as it would stand at `version`: what later versions added is left out.
pub(crate) async fn written(filled: &Schema, data: &Path, version: i64) -> String {
    let schema = Schema::fresh();
    let mut then = empty(&schema, version).await;
    let mut now = filled.connection().await;
    let mut text = partitions(&mut now).await;
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> '_sqlx_migrations' ORDER BY 1";
    for table in lines(&mut then, tables.to_owned()).await {
        writeln!(text, "DELETE FROM {table};").unwrap();
        // Nodes and what they claimed are gone with their processes.
        if ["node", "claim"].contains(&table.as_str()) {
            continue;
        }
        let columns = format!(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        );
        let columns = lines(&mut then, columns).await;
        let quoted: Vec<String> = columns
            .iter()
            .map(|column| format!("quote_nullable({column}::text)"))
            .collect();
        let values = format!(
            "SELECT concat_ws(', ', {}) FROM {table} ORDER BY 1",
            quoted.join(", ")
        );
        for values in lines(&mut now, values).await {
            let columns = columns.join(", ");
            writeln!(text, "INSERT INTO {table} ({columns}) VALUES ({values});").unwrap();
        }
    }
    let sequences = "SELECT sequencename::text FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1";
    for sequence in lines(&mut then, sequences.to_owned()).await {
        let last = format!(
            "SELECT last_value::text FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = '{sequence}' AND last_value IS NOT NULL"
        );
        for last in lines(&mut now, last).await {
            writeln!(text, "SELECT setval('{sequence}', {last});").unwrap();
        }
    }
    add_files(&mut text, data);
    text
}

/// The months of history that have rows, made as the program makes them.
async fn partitions(now: &mut PgConnection) -> String {
    let all = "SELECT 'CREATE TABLE ' || c.relname || ' (LIKE ' || p.relname || ' INCLUDING ALL); ALTER TABLE ' || p.relname || ' ATTACH PARTITION '
            || c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) || ';'
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY 1";
    let mut text = String::new();
    for made in lines(now, all.to_owned()).await {
        let name = made.split(' ').nth(2).unwrap();
        let used = lines(now, format!("SELECT 'yes' FROM {name} LIMIT 1")).await;
        if !used.is_empty() {
            writeln!(text, "{made}").unwrap();
        }
    }
    text
}

/// Puts a fixture into a new schema and an empty folder.
pub(crate) async fn put_back(schema: &Schema, folder: &Path, version: i64, text: &str) {
    let mut connection = empty(schema, version).await;
    // Rows as they were: no trigger adds any, and references are whole when the last one is there.
    let set = "SET session_replication_role = replica".to_owned();
    run(&mut connection, set).await;
    run(&mut connection, text.to_owned()).await;
    connection.close().await.unwrap();
    put_files(text, folder);
}

//! The migrations of both databases: published ones stay as they are, and every one only adds, so that two versions of the program can
//! run on one database (docs/operations/upgrade.md).
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

mod migration_rules;

use data_encoding::HEXLOWER;
use migration_rules::refusals;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
}

/// Every migration by its name, as `sqlite/0001_foundation.sql`.
fn migrations() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for database in ["sqlite", "postgres"] {
        for entry in std::fs::read_dir(folder().join(database)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{database}/{}", entry.file_name().to_string_lossy());
            found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn every_migration_only_adds_or_says_since_when_nothing_reads_what_it_takes_away() {
    for (name, sql) in migrations() {
        let refusals = refusals(&name, &sql, env!("CARGO_PKG_VERSION"));
        assert!(refusals.is_empty(), "{name}: {refusals:?}");
    }
}

#[test]
fn published_migrations_are_as_they_were_and_a_new_one_is_listed() {
    let list = std::fs::read_to_string(folder().join("SHA256SUMS")).unwrap();
    let listed: BTreeMap<String, String> = list
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
        .collect();
    let found: BTreeMap<String, String> = migrations()
        .into_iter()
        .map(|(name, sql)| {
            let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sql.as_bytes());
            (name, HEXLOWER.encode(sum.as_ref()))
        })
        .collect();
    for (name, sum) in &listed {
        assert_eq!(
            found.get(name),
            Some(sum),
            "{name} is published, and databases know its digest: take back what was changed, and add a migration"
        );
    }
    for (name, sum) in &found {
        assert!(
            listed.contains_key(name),
            "{name} is new: add a line to gateway/migrations/SHA256SUMS:\n{sum}  {name}"
        );
    }
}

#[test]
fn versions_go_up_without_two_of_one_number() {
    for database in ["sqlite/", "postgres/"] {
        let names: Vec<String> = migrations().into_keys().collect();
        let numbers: Vec<u32> = names
            .iter()
            .filter_map(|name| name.strip_prefix(database)?.split('_').next()?.parse().ok())
            .collect();
        assert!(numbers.len() >= 8, "{names:?}");
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
    }
}

#[test]
fn what_takes_something_from_an_older_version_is_refused() {
    for (sql, named) in [
        ("DROP TABLE upload;", "DROP TABLE"),
        ("drop /* really */ table upload;", "DROP TABLE"),
        (
            "CREATE TABLE a (b INTEGER);\n-- ;\nDROP\n  VIEW v;",
            "DROP VIEW",
        ),
        ("DROP TRIGGER audit_waits_for_its_seal;", "DROP TRIGGER"),
        ("ALTER TABLE upload DROP COLUMN touched_at;", "DROP COLUMN"),
        ("ALTER TABLE upload DROP touched_at;", "DROP TOUCHED_AT"),
        ("ALTER TABLE upload RENAME TO part;", "RENAME"),
        ("ALTER TABLE upload RENAME COLUMN length TO size;", "RENAME"),
        ("ALTER INDEX upload_client RENAME TO u;", "RENAME"),
        (
            "ALTER TABLE upload ALTER COLUMN length TYPE TEXT;",
            "ALTER … TYPE",
        ),
        (
            "ALTER TABLE upload ALTER length SET DATA TYPE TEXT;",
            "ALTER … TYPE",
        ),
        (
            "ALTER TABLE upload ADD COLUMN a BIGINT, ALTER length TYPE TEXT;",
            "ALTER … TYPE",
        ),
        ("ALTER TYPE mood RENAME VALUE 'a' TO 'b';", "ALTER TYPE"),
        (
            "ALTER TABLE upload ALTER COLUMN facts DROP NOT NULL;",
            "DROP NOT",
        ),
        (
            "ALTER TABLE upload ALTER COLUMN facts SET NOT NULL;",
            "SET NOT NULL",
        ),
        (
            "ALTER TABLE upload ADD COLUMN part BLOB NOT NULL;",
            "NOT NULL",
        ),
        ("ALTER TABLE upload ADD part BLOB NOT NULL;", "NOT NULL"),
        (
            "ALTER TABLE upload ADD COLUMN a NUMERIC(9, 2) DEFAULT 1, ADD COLUMN b BIGINT NOT NULL;",
            "NOT NULL",
        ),
        (
            "ALTER TABLE upload ADD COLUMN word TEXT CHECK (word <> 'DEFAULT') NOT NULL;",
            "NOT NULL",
        ),
        (
            "ALTER TABLE upload ADD CONSTRAINT c CHECK (length > 0);",
            "ADD CONSTRAINT",
        ),
        (
            "ALTER TABLE upload ADD UNIQUE (client_digest);",
            "ADD UNIQUE",
        ),
        (
            "CREATE UNIQUE INDEX u ON upload (client_digest);",
            "UNIQUE INDEX",
        ),
        ("DELETE FROM upload WHERE received = 0;", "DELETE FROM"),
        ("TRUNCATE upload;", "TRUNCATE"),
        (
            "ALTER TABLE audit DETACH PARTITION audit_2021_03;",
            "DETACH",
        ),
        ("DO $$ BEGIN DROP TABLE upload; END $$;", "DROP TABLE"),
        (
            "DO $body$ BEGIN EXECUTE 'x'; DROP TABLE upload; END $body$;",
            "DROP TABLE",
        ),
    ] {
        let refusals = refusals("0001_tables.sql", sql, "0.4.0").join("; ");
        assert!(refusals.contains(named), "{sql}: {refusals:?}");
    }
}

#[test]
fn what_only_adds_is_taken() {
    for sql in [
        "-- DROP TABLE upload;\nCREATE TABLE a (word TEXT NOT NULL); -- RENAME",
        "CREATE TABLE a (b BIGINT NOT NULL); CREATE UNIQUE INDEX u ON a (b);",
        "CREATE TABLE IF NOT EXISTS a (b BIGINT NOT NULL); CREATE UNIQUE INDEX u ON a (b);",
        "DROP INDEX delivery_open; CREATE INDEX delivery_open ON delivery (system_id);",
        "ALTER TABLE upload ADD COLUMN part BLOB;",
        "ALTER TABLE upload ADD COLUMN part BIGINT NOT NULL DEFAULT 0, ADD COLUMN type TEXT;",
        "INSERT INTO a VALUES ('DROP TABLE upload; it''s a text');",
        "CREATE TABLE a (b BIGINT REFERENCES upload (id) ON DELETE CASCADE, \"drop\" TEXT, type TEXT);",
        "UPDATE upload SET received = 0 WHERE received IS NULL;",
    ] {
        assert_eq!(refusals("0001_tables.sql", sql, "0.4.0"), [""; 0], "{sql}");
    }
}

/// What is said of a contract with this line in a file of this name.
fn of_contract(name: &str, line: &str) -> String {
    refusals(name, &format!("{line}\nDROP TABLE upload;"), "0.4.0").join("; ")
}

#[test]
fn a_contract_names_what_nothing_reads_since_a_version_before_this_one() {
    let named = |line: &str| of_contract("0012_contract_since_0_3_0_uploads.sql", line);
    assert_eq!(named("-- contract: since 0.3.0 nothing reads upload"), "");
    assert_eq!(
        named("-- contract: since 0.3.0 nothing reads it: parts took its place"),
        ""
    );
    for silent in [
        "-- contract: since 0.3.0",
        "-- contract: since 0.3.0 nothing reads ",
        "-- contract: since now nothing reads upload",
        "-- contract: since 0.3 nothing reads upload",
        "SELECT '-- contract: since 0.3.0 nothing reads upload';",
        "-- contract: we need the room",
    ] {
        assert_eq!(named(silent), "DROP TABLE", "{silent}");
    }
    for early in ["0.4.0", "0.10.0", "1.0.0"] {
        let name = format!(
            "0012_contract_since_{}_uploads.sql",
            early.replace('.', "_")
        );
        let line = format!("-- contract: since {early} nothing reads upload");
        let said = of_contract(&name, &line);
        assert!(said.contains("still runs beside"), "{early}: {said:?}");
    }
}

#[test]
fn older_programs_find_the_version_of_a_contract_in_its_name() {
    for name in ["0012_uploads.sql", "0012_contract_since_0_2_0_uploads.sql"] {
        let said = of_contract(name, "-- contract: since 0.3.0 nothing reads upload");
        assert!(said.contains("_contract_since_0_3_0_"), "{name}: {said:?}");
    }
}

//! Stores as they stood at each version of the schema: made, written as text, and put back (README.md beside this file).
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod audit_log;
pub(crate) mod hall;
pub(crate) mod on_postgres;
pub(crate) mod on_sqlite;

use data_encoding::HEXLOWER;
use sqlx::migrate::Migrator;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What begins a line with the bytes of a sealed file.
const FILE: &str = "-- file ";

/// The fixture of a version.
pub(crate) fn path(database: &str, version: i64) -> PathBuf {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/schema_fixtures"
    ));
    folder.join(database).join(format!("{version:04}.sql"))
}

/// The migrations up to and with a version.
pub(crate) fn up_to(version: i64, all: &Migrator) -> Migrator {
    let some = all.iter().filter(|m| m.version <= version).cloned();
    Migrator::with_migrations(some.collect())
}

/// Versions without a fixture.
pub(crate) fn missing(database: &str, all: &Migrator) -> Vec<i64> {
    let versions = all.iter().map(|migration| migration.version);
    versions.filter(|v| !path(database, *v).exists()).collect()
}

/// Writes the fixture of a version beside its place, for a person to look at: nothing that a test wrote by itself is believed.
pub(crate) fn propose(database: &str, version: i64, text: &str) -> String {
    let proposed = path(database, version).with_extension("sql.new");
    std::fs::write(&proposed, text).unwrap();
    proposed.display().to_string()
}

/// Adds the sealed files that rows in `text` name.
pub(crate) fn add_files(text: &mut String, data: &Path) {
    let materials = data.join("materials");
    let mut files = Vec::new();
    for shard in std::fs::read_dir(materials).unwrap() {
        for file in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if text.contains(&format!("'{name}'")) {
            let bytes = HEXLOWER.encode(&std::fs::read(&file).unwrap());
            writeln!(text, "{FILE}{name} {bytes}").unwrap();
        }
    }
}

/// Puts the sealed files of a fixture into a data folder.
pub(crate) fn put_files(text: &str, data: &Path) {
    for line in text.lines().filter_map(|line| line.strip_prefix(FILE)) {
        let (name, bytes) = line.split_once(' ').unwrap();
        let shard = data.join("materials").join(&name[..2]);
        std::fs::create_dir_all(&shard).unwrap();
        let bytes = HEXLOWER.decode(bytes.as_bytes()).unwrap();
        std::fs::write(shard.join(name), bytes).unwrap();
    }
}

/// The tables that a fixture speaks of.
pub(crate) fn tables(text: &str) -> BTreeSet<String> {
    let deleted = text
        .lines()
        .filter_map(|line| line.strip_prefix("DELETE FROM "));
    deleted
        .map(|l| l.trim_end_matches(';').to_owned())
        .collect()
}

//! Whether this program may serve a database that a newer one has migrated (向前兼容).
//!
//! Migrations only add, so the version before goes on beside a new one, and may be started again on what it migrated. What takes
//! something away is a migration whose name says since which version of the program nothing reads it: `contract_since_0_3_0_…`. Older
//! programs find that name in the database, and do not start.

use sqlx::migrate::Migrator;
use std::collections::BTreeSet;

/// What the name of a migration that takes something away begins with, as the database holds it.
const CONTRACT: &str = "contract since ";

/// A migration that stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct AppliedStep {
    /// Its number.
    pub(super) version: i64,
    /// Its name, with blanks for underscores.
    pub(super) description: String,
}

/// All of them, for [`refuse_unknown`].
pub(super) const APPLIED: &str =
    "SELECT version, description FROM _sqlx_migrations ORDER BY version";

/// Why a program does not serve a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SchemaRefusal {
    /// A step that this program should know, as it knows later ones.
    #[error("its migration {0} is not one of this program's")]
    Foreign(i64),
    /// A newer program took away what this one needs.
    #[error(
        "its migration {step} took away what programs before {since} need, and this is {ours}: use {since} or newer"
    )]
    TakenAway {
        /// The step.
        step: i64,
        /// The first version that does without it.
        since: String,
        /// This program's version.
        ours: String,
    },
    /// A step says since when it counts, and cannot be read.
    #[error("its migration {0} does not say which programs may serve it")]
    Unreadable(i64),
}

/// This program's migrations, for a database that may have more.
pub(super) fn known(migrations: &Migrator) -> Migrator {
    let mut known = Migrator::with_migrations(migrations.iter().cloned().collect());
    known.set_ignore_missing(true);
    known
}

/// Refuses a database with steps that a program of version `ours` cannot do with.
///
/// # Errors
/// [`SchemaRefusal`] of the first such step.
pub(super) fn refuse_unknown(
    applied: &[AppliedStep],
    migrations: &Migrator,
    ours: &str,
) -> Result<(), SchemaRefusal> {
    let known: BTreeSet<i64> = migrations.iter().map(|m| m.version).collect();
    let newest = known.last().copied().unwrap_or_default();
    for step in applied.iter().filter(|s| !known.contains(&s.version)) {
        if step.version < newest {
            return Err(SchemaRefusal::Foreign(step.version));
        }
        let Some(since) = step.description.strip_prefix(CONTRACT) else {
            continue;
        };
        let since = numbers(since.split(' ')).ok_or(SchemaRefusal::Unreadable(step.version))?;
        if numbers(ours.split('.')).is_none_or(|ours| ours < since) {
            let [major, minor, patch] = since;
            return Err(SchemaRefusal::TakenAway {
                step: step.version,
                since: format!("{major}.{minor}.{patch}"),
                ours: ours.to_owned(),
            });
        }
    }
    Ok(())
}

/// The first three parts, as numbers.
fn numbers<'a>(parts: impl Iterator<Item = &'a str>) -> Option<[u32; 3]> {
    let numbers: Vec<u32> = parts.take(3).map_while(|part| part.parse().ok()).collect();
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::SqlSafeStr;
    use sqlx::migrate::{Migration, MigrationType};

    fn migrations(versions: &[i64]) -> Migrator {
        let of = |version: &i64| {
            let kind = MigrationType::Simple;
            Migration::new(*version, "a".into(), kind, "".into_sql_str(), false)
        };
        Migrator::with_migrations(versions.iter().map(of).collect())
    }

    fn judged(steps: &[(i64, &str)], ours: &str) -> Result<(), SchemaRefusal> {
        let steps: Vec<AppliedStep> = steps
            .iter()
            .map(|(version, description)| AppliedStep {
                version: *version,
                description: (*description).to_owned(),
            })
            .collect();
        refuse_unknown(&steps, &migrations(&[1, 2, 4]), ours)
    }

    #[test]
    fn what_a_newer_program_added_is_no_hindrance() {
        assert_eq!(judged(&[(1, "a"), (2, "b")], "0.1.0"), Ok(()));
        assert_eq!(
            judged(&[(4, "c"), (5, "tables"), (6, "columns")], "0.1.0"),
            Ok(())
        );
    }

    #[test]
    fn what_a_newer_program_took_away_is_one_for_programs_that_need_it() {
        let taken = |ours| {
            judged(
                &[(5, "tables"), (6, "contract since 0 10 0 uploads 2")],
                ours,
            )
        };
        assert_eq!(taken("0.10.0"), Ok(()));
        assert_eq!(taken("1.0.0"), Ok(()));
        let refusal = taken("0.9.3").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "its migration 6 took away what programs before 0.10.0 need, and this is 0.9.3: use 0.10.0 or newer"
        );
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        assert_eq!(
            judged(&[(3, "elsewhere")], "0.1.0"),
            Err(SchemaRefusal::Foreign(3))
        );
        for unreadable in [
            "contract since uploads",
            "contract since 0 3",
            "contract since ",
        ] {
            let judged = judged(&[(5, unreadable)], "0.1.0");
            assert_eq!(judged, Err(SchemaRefusal::Unreadable(5)), "{unreadable}");
        }
    }
}

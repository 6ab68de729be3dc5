//! The move itself: batches, then the comparison.

use super::shape::{Shape, in_order, same_columns};
use super::value::Row;
use super::{Beginning, MoveError, Stage, Telling, Told};
use crate::store::postgres::MoveTarget;
use crate::store::sqlite::MoveSource;
use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows whose key is named when they differ, of each table.
const NAMED: usize = 5;

/// A table that is the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableMoved {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of the canonical bytes of all rows in the order of the source's key, of both databases.
    pub sha256: String,
}

/// What was moved.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// From where it began.
    pub beginning: Beginning,
    /// Rows that this run copied; fewer than all when it was resumed.
    pub copied: u64,
    /// Every table.
    pub tables: Vec<TableMoved>,
}

/// Copies every row and compares. Ends with source and target the same; the caller opens the target ([`MoveTarget::finish`]) when the
/// files are in their place too.
///
/// # Errors
/// [`MoveError`]; the same call goes on after a [`MoveError::Store`].
pub async fn move_rows(
    source: &mut MoveSource,
    target: &mut MoveTarget,
    telling: Telling<'_>,
) -> Result<Moved, MoveError> {
    let shapes = in_order(source.shapes().await?)?;
    same_columns(&shapes, &target.columns().await?)?;
    let beginning = target.begin(source.identity(), source.move_id()).await?;
    target.make_months(&source.months().await?).await?;
    let mut counts = BTreeMap::new();
    for shape in &shapes {
        counts.insert(shape.table.clone(), source.count(&shape.table).await?);
    }
    let mut tally = Tally::new(Stage::Rows, &counts, telling);
    let mut copied = 0;
    for shape in &shapes {
        copied += copy(source, target, shape, &mut tally).await?;
    }
    target.count_on().await?;
    tally.stage(Stage::Compare);
    let (mut tables, mut different) = (Vec::new(), Vec::new());
    for shape in &shapes {
        match compare(source, target, shape, &mut tally).await? {
            Ok(same) => tables.push(same),
            Err(words) => different.push(words),
        }
    }
    if !different.is_empty() {
        return Err(MoveError::Differs(different.join("\n")));
    }
    Ok(Moved {
        beginning,
        copied,
        tables,
    })
}

/// Counts what is done and tells it.
struct Tally<'t, 'p> {
    stage: Stage,
    counts: &'t BTreeMap<String, u64>,
    all_done: u64,
    telling: Telling<'p>,
}

impl<'t, 'p> Tally<'t, 'p> {
    fn new(stage: Stage, counts: &'t BTreeMap<String, u64>, telling: Telling<'p>) -> Self {
        Self {
            stage,
            counts,
            all_done: 0,
            telling,
        }
    }

    fn stage(&mut self, stage: Stage) {
        self.stage = stage;
        self.all_done = 0;
    }

    fn done(&mut self, table: &str, done: u64, more: u64) {
        self.all_done += more;
        (self.telling)(Told {
            stage: self.stage,
            table,
            done,
            of: self.counts.get(table).copied().unwrap_or_default(),
            all_done: self.all_done,
            all: self.counts.values().sum(),
        });
    }
}

async fn copy(
    source: &mut MoveSource,
    target: &mut MoveTarget,
    shape: &Shape,
    tally: &mut Tally<'_, '_>,
) -> Result<u64, MoveError> {
    let (mut after, before) = target.reached(&shape.table).await?;
    let mut done = before;
    tally.done(&shape.table, done, done);
    loop {
        let rows = source.page(shape, after.as_ref()).await?;
        let Some(last) = rows.last() else { break };
        let key = shape.key_of(last);
        let count = rows.len() as u64;
        done += count;
        target.take(shape, &rows, &key, done).await?;
        after = Some(key);
        tally.done(&shape.table, done, count);
    }
    Ok(done - before)
}

/// Every row of the source beside the row of the same key in the target, and the two counts: then nothing is missing, changed or more.
async fn compare(
    source: &mut MoveSource,
    target: &mut MoveTarget,
    shape: &Shape,
    tally: &mut Tally<'_, '_>,
) -> Result<Result<TableMoved, String>, MoveError> {
    let (mut here, mut there) = (Context::new(&SHA256), Context::new(&SHA256));
    let (mut after, mut rows, mut different): (Option<Row>, u64, Vec<String>) =
        (None, 0, Vec::new());
    loop {
        let page = source.page(shape, after.as_ref()).await?;
        let Some(last) = page.last() else { break };
        after = Some(shape.key_of(last));
        let mut found = target.rows_of(shape, &page).await?;
        for (place, row) in page.iter().enumerate() {
            row.iter().for_each(|value| value.digest_into(&mut here));
            let twin = found.remove(&place);
            if let Some(twin) = &twin {
                twin.iter().for_each(|value| value.digest_into(&mut there));
            }
            if twin.as_ref() != Some(row) && different.len() < NAMED {
                different.push(named(shape, row, twin.as_ref()));
            }
        }
        rows += page.len() as u64;
        tally.done(&shape.table, rows, page.len() as u64);
    }
    let counted = target.count(&shape.table).await?;
    let (here, there) = (finished(here), finished(there));
    if here == there && counted == rows {
        return Ok(Ok(TableMoved {
            table: shape.table.clone(),
            rows,
            sha256: here,
        }));
    }
    Ok(Err(format!(
        "{}: {rows} rows with the digest {} in the source, {counted} with {} in the target{}{}",
        shape.table,
        here.get(..16).unwrap_or_default(),
        there.get(..16).unwrap_or_default(),
        if different.is_empty() { "" } else { "; " },
        different.join("; ")
    )))
}

fn finished(context: Context) -> String {
    HEXLOWER.encode(context.finish().as_ref())
}

/// A row by its key, and the columns in which it differs; never their content.
fn named(shape: &Shape, row: &Row, twin: Option<&Row>) -> String {
    let key: Vec<_> = shape.key_of(row).iter().map(ToString::to_string).collect();
    let key = key.join(" ");
    let Some(twin) = twin else {
        return format!("{key} is missing");
    };
    let columns = shape.columns.iter().zip(row.iter().zip(twin));
    let changed: Vec<_> = columns
        .filter(|(_, (a, b))| a != b)
        .map(|(name, _)| name.as_str())
        .collect();
    format!("{key} differs in {}", changed.join(", "))
}

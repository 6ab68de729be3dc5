//! Examining the whole log (审计核验): every signed root, the chain of roots, every leaf and every row, in bounded steps, up to the first
//! thing that is broken.

use super::merkle::{Hash, root};
use super::record::leaf_of;
use super::root::RootStatement;
use crate::intake::signed::PublishedKeys;
use crate::store::StoreError;
use crate::store::seal::{AuditLeaf, SealStore, SealedBatch, StoredAudit};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Rows read in one query.
const ROWS_AT_ONCE: u32 = 512;
/// Leaves of a batch at most, whatever version of the program wrote it.
const LEAVES_MAX: u32 = 1 << 16;
/// Batches of one step at most.
const BATCHES_AT_ONCE: u32 = 256;
/// Row ids that one step looks at for rows without a leaf.
const IDS_AT_ONCE: i64 = 200_000;

/// Where a step begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", content = "from", rename_all = "snake_case")]
pub enum Point {
    /// At this batch.
    Batch(i64),
    /// At the rows after this id: is each of them sealed, or waiting?
    Rows(i64),
}

/// The first thing that is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Stable code.
    pub code: String,
    /// The batch.
    pub batch: Option<i64>,
    /// Place in the batch, from 0.
    pub position: Option<i64>,
    /// The audit record, by its row id.
    pub record: Option<i64>,
    /// What differs, in words.
    pub words: String,
}

impl Broken {
    fn of(code: &str, words: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            batch: None,
            position: None,
            record: None,
            words: words.into(),
        }
    }

    /// In this batch.
    #[must_use]
    pub fn in_batch(code: &str, batch: i64, words: impl Into<String>) -> Self {
        Self {
            batch: Some(batch),
            ..Self::of(code, words)
        }
    }

    fn at(code: &str, batch: i64, leaf: &AuditLeaf, words: &str) -> Self {
        Self {
            position: Some(leaf.position),
            record: Some(leaf.audit_id),
            ..Self::in_batch(code, batch, words)
        }
    }

    fn row(code: &str, id: i64, words: &str) -> Self {
        Self {
            record: Some(id),
            ..Self::of(code, words)
        }
    }
}

/// What one step found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Batches that hold.
    pub batches: i64,
    /// Records that hold.
    pub records: i64,
    /// Batches that there are.
    pub batches_total: i64,
    /// The signed roots of the batches that hold, in order.
    pub statements: Vec<String>,
    /// What is broken; nothing after it was looked at.
    pub broken: Option<Broken>,
    /// Where to go on; `None` at the end.
    pub next: Option<Point>,
}

/// One step: whole batches until `records_max` records were looked at, or a span of row ids.
///
/// # Errors
/// The store's.
pub async fn step<S: SealStore + ?Sized>(
    store: &S,
    keys: &PublishedKeys,
    point: Point,
    records_max: i64,
) -> Result<Step, StoreError> {
    match point {
        Point::Batch(from) => batches(store, keys, from.max(1), records_max).await,
        Point::Rows(after) => rows(store, after).await,
    }
}

async fn batches<S: SealStore + ?Sized>(
    store: &S,
    keys: &PublishedKeys,
    from: i64,
    records_max: i64,
) -> Result<Step, StoreError> {
    // Before the batches are read: what is closed meanwhile is then no gap.
    let closed = store.open_batch().await?.number - 1;
    let mut step = Step {
        batches_total: store.batch_count().await?,
        ..Step::default()
    };
    let mut previous = match from {
        1 => Some([0; 32]),
        _ => store.batches(from - 2, 1).await?.first().map(|b| b.root),
    };
    let found = store.batches(from - 1, BATCHES_AT_ONCE).await?;
    let end = found.len() < BATCHES_AT_ONCE as usize;
    let mut expected = from;
    for batch in found {
        if step.records >= records_max {
            step.next = Some(Point::Batch(expected));
            return Ok(step);
        }
        if batch.number != expected {
            step.broken = Some(missing(expected));
            return Ok(step);
        }
        if let Some(broken) = examine(store, keys, &batch, previous).await? {
            step.broken = Some(broken);
            return Ok(step);
        }
        previous = Some(batch.root);
        step.batches += 1;
        step.records += batch.leaves;
        step.statements.push(batch.statement);
        expected += 1;
    }
    if end && expected <= closed {
        step.broken = Some(missing(expected));
        return Ok(step);
    }
    step.next = Some(if end {
        Point::Rows(0)
    } else {
        Point::Batch(expected)
    });
    Ok(step)
}

fn missing(batch: i64) -> Broken {
    Broken::in_batch(
        "batch_missing",
        batch,
        "the batch is not there, though it or a later one was sealed",
    )
}

async fn rows<S: SealStore + ?Sized>(store: &S, after: i64) -> Result<Step, StoreError> {
    let strays = store.strays(after, IDS_AT_ONCE).await?;
    let unknown = strays.unknown.map(|id| {
        Broken::row(
            "record_unknown",
            id,
            "the record is in no batch and does not wait for one: it was written past the gateway, or its leaf was removed",
        )
    });
    let gone = strays.gone.map(|id| {
        Broken::row(
            "record_missing",
            id,
            "the record waits for its batch and is not there any more",
        )
    });
    Ok(Step {
        batches_total: store.batch_count().await?,
        broken: unknown.or(gone),
        next: strays.next.map(Point::Rows),
        ..Step::default()
    })
}

/// One batch: its statement, its place in the chain, its leaves, its rows.
async fn examine<S: SealStore + ?Sized>(
    store: &S,
    keys: &PublishedKeys,
    batch: &SealedBatch,
    previous: Option<Hash>,
) -> Result<Option<Broken>, StoreError> {
    let number = batch.number;
    let stated = match RootStatement::open(&batch.statement, keys) {
        Ok(stated) => stated,
        Err(error) => {
            let words = format!("the signed root: {error}");
            return Ok(Some(Broken::in_batch("signature", number, words)));
        }
    };
    if let Some(what) = difference(&stated, &RootStatement::of(batch)) {
        let words = format!("its {what} is not the one that was signed");
        return Ok(Some(Broken::in_batch("statement_differs", number, words)));
    }
    if previous != Some(batch.previous_root) {
        let words = "it was signed after another batch than the one that stands before it";
        return Ok(Some(Broken::in_batch("chain", number, words)));
    }
    let leaves = store.leaves(number, 0, LEAVES_MAX).await?;
    if let Some(broken) = numbering(batch, &leaves) {
        return Ok(Some(broken));
    }
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.hash).collect();
    let holds = root(&hashes) == batch.root;
    let differing = differing(store, number, &leaves).await?;
    Ok(match (holds, differing) {
        (true, None) => None,
        (true, Some((leaf, None))) => Some(Broken::at(
            "record_missing",
            number,
            &leaf,
            "the record is not there any more",
        )),
        (true, Some((leaf, Some(_)))) => Some(Broken::at(
            "record_changed",
            number,
            &leaf,
            "the record is not as it was sealed: its hash is not the leaf's",
        )),
        (false, Some((leaf, _))) => Some(Broken::at(
            "leaf_changed",
            number,
            &leaf,
            "the leaf is not the record's, and the leaves do not give the signed root",
        )),
        (false, None) => Some(Broken::in_batch(
            "root_differs",
            number,
            "records of the batch were changed together with their leaves: they do not give the signed root",
        )),
    })
}

/// The first member in which a stored batch is not as it was signed.
fn difference(signed: &RootStatement, stored: &RootStatement) -> Option<&'static str> {
    [
        ("number", signed.batch == stored.batch),
        ("count of records", signed.leaves == stored.leaves),
        ("root", signed.root == stored.root),
        (
            "root of the batch before",
            signed.previous_root == stored.previous_root,
        ),
        ("time", signed.sealed_at == stored.sealed_at),
    ]
    .into_iter()
    .find_map(|(what, same)| (!same).then_some(what))
}

fn numbering(batch: &SealedBatch, leaves: &[AuditLeaf]) -> Option<Broken> {
    let gap = (0..batch.leaves)
        .zip(
            leaves
                .iter()
                .map(|leaf| Some(leaf.position))
                .chain(std::iter::repeat(None)),
        )
        .find_map(|(expected, found)| (found != Some(expected)).then_some(expected));
    let position = match gap {
        Some(position) => position,
        None if i64::try_from(leaves.len()) == Ok(batch.leaves) => return None,
        None => batch.leaves,
    };
    Some(Broken {
        position: Some(position),
        ..Broken::in_batch(
            "leaves_missing",
            batch.number,
            format!(
                "it was sealed over {} records and has {} leaves",
                batch.leaves,
                leaves.len()
            ),
        )
    })
}

/// The first leaf that is not its row's, with the row unless it is gone.
async fn differing<S: SealStore + ?Sized>(
    store: &S,
    batch: i64,
    leaves: &[AuditLeaf],
) -> Result<Option<(AuditLeaf, Option<StoredAudit>)>, StoreError> {
    for piece in leaves.chunks(ROWS_AT_ONCE as usize) {
        let from = piece.first().map_or(0, |leaf| leaf.position);
        let rows = store.rows_of_leaves(batch, from, ROWS_AT_ONCE).await?;
        let mut rows: HashMap<i64, StoredAudit> = rows.into_iter().map(|r| (r.id, r)).collect();
        for leaf in piece {
            let row = rows.remove(&leaf.audit_id);
            if row.as_ref().map(leaf_of) != Some(leaf.hash) {
                return Ok(Some((*leaf, row)));
            }
        }
    }
    Ok(None)
}

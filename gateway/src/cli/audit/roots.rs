//! Signed roots that somebody kept: answers of `GET /api/v1/audit/roots`, one behind another in one file.

use crate::audit::examination::Broken;
use crate::audit::root::RootStatement;
use crate::cli::CommandError;
use crate::intake::signed::PublishedKeys;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of a file of roots: some hundred thousand of them.
const BYTES_MAX: u64 = 256 << 20;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    keys: Vec<Value>,
    roots: Vec<KeptRoot>,
}

#[derive(Deserialize)]
struct KeptRoot {
    statement: String,
}

/// Kept roots by batch.
pub(super) struct KeptRoots {
    /// The keys that stand in the file.
    pub(super) keys: PublishedKeys,
    statements: Vec<String>,
    by_batch: BTreeMap<i64, RootStatement>,
    /// The first that two pages of the file state in different ways.
    two_ways: Option<i64>,
}

impl KeptRoots {
    /// Reads a file; its signatures are checked by [`KeptRoots::open`].
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let failed = |words: &dyn std::fmt::Display| {
            CommandError::Failed(format!("the roots {}: {words}", path.display()))
        };
        let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
        if size > BYTES_MAX {
            return Err(failed(&format_args!("more than {BYTES_MAX} bytes")));
        }
        let text = std::fs::read(path).map_err(|e| failed(&e))?;
        let (mut keys, mut statements) = (Vec::new(), Vec::new());
        for page in serde_json::Deserializer::from_slice(&text).into_iter::<Page>() {
            let page = page.map_err(|e| failed(&format_args!("no answer of /audit/roots: {e}")))?;
            keys.extend(page.keys);
            statements.extend(page.roots.into_iter().map(|root| root.statement));
        }
        Ok(Self {
            keys: PublishedKeys::of_jwk_set(&json!({ "keys": keys })),
            statements,
            by_batch: BTreeMap::new(),
            two_ways: None,
        })
    }

    /// Checks the signature of every root.
    ///
    /// # Errors
    /// The first root that none of the keys has signed.
    pub(super) fn open(&mut self, keys: &PublishedKeys) -> Result<(), CommandError> {
        for statement in std::mem::take(&mut self.statements) {
            let root = RootStatement::open(&statement, keys).map_err(|error| {
                CommandError::Failed(format!("a root in the file of kept roots: {error}"))
            })?;
            let batch = root.batch;
            let before = self.by_batch.insert(batch, root.clone());
            if before.is_some_and(|before| before != root) {
                self.two_ways.get_or_insert(batch);
            }
        }
        Ok(())
    }

    /// What does not fit the root of a batch as it is stated now.
    pub(super) fn against(&self, now: &RootStatement) -> Option<Broken> {
        let kept = self.by_batch.get(&now.batch)?;
        (kept != now || self.two_ways == Some(now.batch)).then(|| {
            Broken::in_batch(
                "root_exchanged",
                now.batch,
                format!(
                    "the log states root {} and the kept file states {}: the batch was exchanged after the root was kept",
                    now.root, kept.root
                ),
            )
        })
    }

    /// What is kept of a batch after the last one of the log.
    pub(super) fn beyond(&self, last: i64) -> Option<Broken> {
        let (batch, _) = self.by_batch.range(last.saturating_add(1)..).next()?;
        Some(Broken::in_batch(
            "tail_cut",
            *batch,
            format!(
                "the kept file has the signed root of this batch, and the log ends with batch {last}: its tail was cut off"
            ),
        ))
    }
}

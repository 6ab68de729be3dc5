//! `tongban audit verify --receipt`: one receipt with its proof, with nothing but the published key.

use super::roots::KeptRoots;
use crate::audit::inclusion::{Proven, ReceiptFile, check};
use crate::cli::{CommandError, say};
use crate::intake::signed::PublishedKeys;
use serde_json::{Value, json};
use std::path::Path;

/// Bytes of a receipt.
const BYTES_MAX: u64 = 1 << 20;

pub(super) fn run(
    path: &Path,
    key: Option<&Path>,
    kept: Option<KeptRoots>,
    as_json: bool,
) -> Result<(), CommandError> {
    let file: ReceiptFile = read(path)?;
    let keys = match (key, &kept) {
        (Some(path), _) => PublishedKeys::of_jwk_set(&read::<Value>(path)?),
        (None, Some(kept)) => kept.keys.clone(),
        (None, None) => PublishedKeys::default(),
    };
    if keys.is_empty() {
        return Err(CommandError::Usage(
            "the hall's published key is needed: --key FILE with the answer of GET /api/v1/receipt-key, or --roots FILE".to_owned(),
        ));
    }
    let proven = check(&file, &keys).map_err(|fault| refused(&fault, as_json))?;
    if let (Some(mut kept), Some(sealed)) = (kept, &proven.sealed) {
        kept.open(&keys)?;
        if let Some(broken) = kept.against(sealed) {
            return Err(refused(&broken.words, as_json));
        }
    }
    print(&proven, as_json);
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CommandError> {
    let failed = |words: &dyn std::fmt::Display| {
        CommandError::Failed(format!("{}: {words}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
    if size > BYTES_MAX {
        return Err(failed(&format_args!("more than {BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|e| failed(&e))?;
    serde_json::from_slice(&bytes).map_err(|e| failed(&e))
}

fn refused(words: &dyn std::fmt::Display, as_json: bool) -> CommandError {
    if as_json {
        say(json!({"holds": false, "words": words.to_string()}));
    }
    CommandError::Failed(format!("the receipt does not hold: {words}"))
}

fn print(proven: &Proven, as_json: bool) {
    if as_json {
        say(json!({"holds": true, "promise": proven.promise, "sealed": proven.sealed}));
        return;
    }
    let promise = &proven.promise;
    say(format_args!(
        "the receipt holds: application {}, taken at {}",
        promise.application_no, promise.submitted_at
    ));
    match &proven.sealed {
        Some(root) => say(format_args!(
            "its record is sealed since {} in batch {} of {} records",
            root.sealed_at, root.batch, root.leaves
        )),
        None => say(
            "it holds no inclusion proof yet: fetch the receipt again some seconds after submitting",
        ),
    }
}

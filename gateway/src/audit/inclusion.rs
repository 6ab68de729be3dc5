//! The inclusion proof (存在性证明) of a receipt: that the record of an application is a leaf of a batch whose root is signed. Made here
//! for the receipt, and checked here as whoever holds the receipt would, with nothing but the published keys.

use super::merkle::{Hash, inclusion, leaf_hash, root_of_path};
use super::record::{RECORD_TYPE, Record, SUBMIT_ACTION, leaf_of};
use super::root::RootStatement;
use super::{BATCH_LEAVES_MAX, merkle};
use crate::identity::Scope;
use crate::intake::receipt::Promise;
use crate::intake::signed::{PublishedKeys, RECEIPT_TYPE, SignedError};
use crate::store::StoreError;
use crate::store::seal::SealStore;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// Steps of a path at most: more than a batch can have.
const PATH_MAX: usize = 64;

/// The proof that a receipt holds once its record is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// The record's text, exactly as it was hashed: a [`Record`].
    pub record: String,
    /// The record's place in its batch, from 0.
    pub position: u64,
    /// Hashes from the record's sibling up to the root (RFC 9162, section 2.1.3), lower-case hex.
    pub path: Vec<String>,
    /// The signed root: a compact JWS.
    pub statement: String,
    /// What it states, in clear.
    pub root: RootStatement,
}

/// A receipt with its proof, as `GET /applications/{no}/receipt` gives it and people keep it.
#[derive(Debug, Clone, Deserialize)]
pub struct ReceiptFile {
    /// The signed promise: a compact JWS.
    pub receipt: String,
    /// What it promises, in clear.
    #[serde(default)]
    pub promise: Option<Promise>,
    /// The proof, once there is one.
    #[serde(default)]
    pub inclusion_proof: Option<InclusionProof>,
}

/// A receipt that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// What the hall has promised.
    pub promise: Promise,
    /// Where its record is sealed; `None` for a receipt that was fetched before.
    pub sealed: Option<RootStatement>,
}

/// Why a receipt does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// The promise.
    #[error("the receipt: {0}")]
    Receipt(SignedError),
    /// What stands in clear is not what is signed.
    #[error("the {0} in clear is not the one that is signed")]
    Clear(&'static str),
    /// The signed root.
    #[error("the signed root of the batch: {0}")]
    Root(SignedError),
    /// The record is of something else.
    #[error("the record in the proof is not of this application")]
    OtherRecord,
    /// The path leads elsewhere.
    #[error("the record is not in the batch: its path does not lead to the signed root")]
    Path,
}

/// The proof of an application that the scope sees; `None` until its batch is closed, and when the stored rows do not bear it out.
///
/// # Errors
/// The store's.
pub async fn of_application<S: SealStore + ?Sized>(
    store: &S,
    scope: &Scope,
    application_no: &str,
) -> Result<Option<InclusionProof>, StoreError> {
    let Some(sealed) = store.sealed_submission(scope, application_no).await? else {
        return Ok(None);
    };
    let batch = &sealed.batch;
    let leaves = store.leaves(batch.number, 0, BATCH_LEAVES_MAX).await?;
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.hash).collect();
    let position = u64::try_from(sealed.leaf.position).unwrap_or(u64::MAX);
    let path = usize::try_from(position)
        .ok()
        .and_then(|index| inclusion(&hashes, index));
    let (Some(path), true) = (
        path,
        merkle::root(&hashes) == batch.root && leaf_of(&sealed.row) == sealed.leaf.hash,
    ) else {
        tracing::error!(
            batch = batch.number,
            record = sealed.row.id,
            "a record does not prove what its batch has sealed; run `tongban audit verify`"
        );
        return Ok(None);
    };
    Ok(Some(InclusionProof {
        record: Record::of(&sealed.row).text(),
        position,
        path: path.iter().map(|hash| HEXLOWER.encode(hash)).collect(),
        statement: batch.statement.clone(),
        root: RootStatement::of(batch),
    }))
}

/// Checks a receipt and the proof that it holds.
///
/// # Errors
/// The first [`ReceiptFault`].
pub fn check(file: &ReceiptFile, keys: &PublishedKeys) -> Result<Proven, ReceiptFault> {
    let payload = keys
        .open(&file.receipt, RECEIPT_TYPE)
        .map_err(ReceiptFault::Receipt)?;
    let promise: Promise = serde_json::from_slice(&payload)
        .map_err(|_| ReceiptFault::Receipt(SignedError::NotOurs))?;
    if file.promise.as_ref().is_some_and(|clear| *clear != promise) {
        return Err(ReceiptFault::Clear("promise"));
    }
    let sealed = match &file.inclusion_proof {
        Some(proof) => Some(check_proof(proof, &promise, keys)?),
        None => None,
    };
    Ok(Proven { promise, sealed })
}

fn check_proof(
    proof: &InclusionProof,
    promise: &Promise,
    keys: &PublishedKeys,
) -> Result<RootStatement, ReceiptFault> {
    let stated = RootStatement::open(&proof.statement, keys).map_err(ReceiptFault::Root)?;
    if stated != proof.root {
        return Err(ReceiptFault::Clear("root"));
    }
    let record: Record =
        serde_json::from_str(&proof.record).map_err(|_| ReceiptFault::OtherRecord)?;
    let is_ours = record.r#type == RECORD_TYPE
        && record.action == SUBMIT_ACTION
        && record.outcome == "ok"
        && record.target == promise.application_no;
    if !is_ours {
        return Err(ReceiptFault::OtherRecord);
    }
    let path: Option<Vec<Hash>> = proof.path.iter().map(|text| hash(text)).collect();
    let path = path
        .filter(|path| path.len() <= PATH_MAX)
        .ok_or(ReceiptFault::Path)?;
    let size = u64::try_from(stated.leaves).unwrap_or(0);
    let leaf = leaf_hash(proof.record.as_bytes());
    let reached = root_of_path(&leaf, proof.position, size, &path);
    if reached.map(|root| HEXLOWER.encode(&root)).as_deref() != Some(stated.root.as_str()) {
        return Err(ReceiptFault::Path);
    }
    Ok(stated)
}

fn hash(text: &str) -> Option<Hash> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

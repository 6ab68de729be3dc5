//! Resumable uploads (断点续传): files that arrive in parts. What is whole becomes a material ([`super::material`]) under the same id.

use super::StoreError;
use super::material::{ByteStream, MaterialRecord};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;

/// First bytes of a file by which its kind is judged.
pub const HEAD_BYTES: usize = 4_096;

/// Parts that one upload may arrive in; whoever sends crumbs is asked to begin anew with larger ones.
pub const PARTS_MAX: usize = 4_096;

/// Says what the first bytes of a whole or long enough file look like, when that is not the declared media type.
pub type Judge = fn(content_type: &str, head: &[u8]) -> Result<(), &'static str>;

/// An upload about to begin.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// The capability: 128 random bits in hex.
    pub id: String,
    /// Key of the client for the caps on what is unbound.
    pub client: String,
    /// Media type.
    pub content_type: String,
    /// File name (sealed).
    pub file_name: String,
    /// Bytes that will come.
    pub length: u64,
    /// When.
    pub created_at: Timestamp,
    /// At most so many unbound bytes of this client, announced ones included.
    pub max_unbound_bytes: u64,
}

/// An upload that is not whole yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRecord {
    /// The capability.
    pub id: String,
    /// Media type.
    pub content_type: String,
    /// File name.
    pub file_name: String,
    /// Bytes that will come.
    pub length: u64,
    /// Bytes that are here, sealed and synced; never more.
    pub offset: u64,
    /// When bytes last arrived.
    pub touched_at: Timestamp,
}

/// Digest of a part, as its sender computed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// Algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// Digest.
    pub digest: Vec<u8>,
}

/// Algorithms of a part's checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumAlgorithm {
    /// SHA-1: every tus server must know it; guards against accidents only.
    Sha1,
    /// SHA-256.
    Sha256,
    /// MD5, as partners use; guards against accidents only.
    Md5,
}

/// A part about to be streamed in.
#[derive(Debug, Clone)]
pub struct NewPart {
    /// The upload.
    pub id: String,
    /// Where it begins.
    pub offset: u64,
    /// With a checksum nothing of the part stays unless all of it arrives and fits.
    pub checksum: Option<Checksum>,
    /// Decides whether the bytes are what was declared.
    pub judge: Judge,
    /// When.
    pub at: Timestamp,
}

/// How a part ended.
#[derive(Debug)]
pub enum PartOutcome {
    /// Taken; more is to come.
    Taken(UploadRecord),
    /// The upload is whole: it is a material now.
    Whole(MaterialRecord),
    /// No such upload, or it is a material already.
    NoSuchUpload,
    /// Another part of it is being written.
    Busy,
    /// It does not begin where the upload ends.
    WrongOffset(UploadRecord),
    /// It runs over the announced length; what came before the last full segment stays.
    TooLong,
    /// It is not what its checksum says: nothing of it stays.
    ChecksumMismatch,
    /// The body broke off; what arrived stays, unless it had a checksum.
    Interrupted(UploadRecord),
    /// The upload came in more than [`PARTS_MAX`] parts.
    TooManyParts,
    /// The bytes are not what was declared: the upload is gone.
    Dishonest {
        /// Declared media type.
        declared: String,
        /// What they look like.
        looks_like: &'static str,
    },
}

/// What became of an upload that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveOutcome {
    /// Gone: unfinished, or whole and unbound.
    Removed,
    /// Nothing of this id.
    NoSuchUpload,
    /// A part of it is being written.
    Busy,
    /// It belongs to an application.
    Bound,
}

/// Resumable uploads.
#[async_trait]
pub trait UploadStore: Send + Sync {
    /// Begins an upload; `None` when the client's unbound files or bytes exceed their caps.
    async fn begin_upload(&self, upload: NewUpload) -> Result<Option<UploadRecord>, StoreError>;

    /// An upload that is not whole yet, by its capability.
    async fn unfinished_upload(&self, id: &str) -> Result<Option<UploadRecord>, StoreError>;

    /// Takes a part. What arrived is sealed and synced before the offset says so. The future must be run to its end: a caller that
    /// goes away ends the body, not this.
    async fn append(&self, part: NewPart, body: ByteStream) -> Result<PartOutcome, StoreError>;

    /// Removes an unfinished upload, or a whole one that nobody bound, rows and files.
    async fn remove_upload(&self, id: &str) -> Result<RemoveOutcome, StoreError>;
}

/// A body of which the first bytes were looked at.
pub struct Peeked {
    /// At most [`HEAD_BYTES`]; fewer when the body ended or failed before.
    pub head: Vec<u8>,
    /// It failed before: nothing can be said of it.
    pub failed: bool,
    /// The body as it was.
    pub body: ByteStream,
}

/// Looks at the first bytes of a body.
pub async fn peek(mut body: ByteStream) -> Peeked {
    let (mut head, mut failed) = (Vec::new(), false);
    let mut pieces: Vec<Result<Bytes, std::io::Error>> = Vec::new();
    while head.len() < HEAD_BYTES && !failed {
        let Some(piece) = body.next().await else {
            break;
        };
        match &piece {
            Ok(bytes) => {
                let wanted = bytes.len().min(HEAD_BYTES - head.len());
                head.extend_from_slice(bytes.get(..wanted).unwrap_or_default());
            }
            Err(_) => failed = true,
        }
        pieces.push(piece);
    }
    let body = futures_util::stream::iter(pieces).chain(body).boxed();
    Peeked { head, failed, body }
}

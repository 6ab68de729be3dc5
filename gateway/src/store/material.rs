//! Materials (材料) and documents (结果文书): rows here, bytes in sealed files beside the database.

use super::StoreError;
use super::bucket::Bucket;
use crate::identity::Scope;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use std::sync::Arc;

/// A stream of a file's bytes.
pub type ByteStream = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// An upload about to be streamed in.
#[derive(Debug, Clone)]
pub struct NewMaterial {
    /// The capability: 128 random bits in hex.
    pub id: String,
    /// Key of the client for the cap on what is unbound.
    pub client: String,
    /// Media type.
    pub content_type: String,
    /// File name (sealed).
    pub file_name: String,
    /// When.
    pub created_at: Timestamp,
    /// At most so many bytes.
    pub max_bytes: u64,
    /// At most so many unbound bytes of this client.
    pub max_unbound_bytes: u64,
}

/// A stored material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialRecord {
    /// The capability.
    pub id: String,
    /// Media type.
    pub content_type: String,
    /// File name.
    pub file_name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// MD5, lower-case hex.
    pub md5: String,
    /// `off`, `pending`, `clean`, `infected`.
    pub scan: String,
    /// The case it is bound to.
    pub case_no: Option<String>,
    /// When uploaded.
    pub created_at: Timestamp,
}

/// How an upload ended.
#[derive(Debug)]
pub enum UploadOutcome {
    /// Stored and synced.
    Stored(MaterialRecord),
    /// More bytes than allowed: nothing is left.
    TooLarge,
    /// The client's unbound uploads exceed their caps (bytes, files): nothing is left.
    OverCap,
    /// The body ended with an error: nothing is left.
    Interrupted,
}

/// A document handed back by a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRecord {
    /// Its capability.
    pub id: String,
    /// Case.
    pub case_no: String,
    /// `acceptance`, `correction_notice`, `decision`, `certificate`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Number on it.
    pub number: String,
    /// Issuing system.
    pub issuer: String,
    /// Validity in words.
    pub validity: String,
    /// The stored bytes.
    pub material: MaterialRecord,
}

/// A document about to be stored.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Case.
    pub case_no: String,
    /// The system that hands it back.
    pub system_id: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Number on it.
    pub number: String,
    /// Issuer.
    pub issuer: String,
    /// Validity.
    pub validity: String,
}

/// Materials and documents.
#[async_trait]
pub trait MaterialStore: Send + Sync {
    /// Streams an upload to a sealed file, digests on the way, syncs file and folder, then writes its row.
    async fn upload(
        &self,
        material: NewMaterial,
        body: ByteStream,
    ) -> Result<UploadOutcome, StoreError>;

    /// A material by its capability: knowing it is the right to see its state.
    async fn material(&self, id: &str) -> Result<Option<MaterialRecord>, StoreError>;

    /// The bytes of a material bound to a case that is visible in `scope`.
    async fn material_bytes(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<(MaterialRecord, ByteStream)>, StoreError>;

    /// Streams a document in and binds it to its case; the same bytes for the same case, kind and number are stored once.
    async fn store_document(
        &self,
        document: NewDocument,
        material: NewMaterial,
        body: ByteStream,
    ) -> Result<Result<DocumentRecord, UploadOutcome>, StoreError>;

    /// Documents of an application or case.
    async fn documents(&self, scope: &Scope, no: &str) -> Result<Vec<DocumentRecord>, StoreError>;

    /// A document's bytes.
    async fn document_bytes(
        &self,
        scope: &Scope,
        no: &str,
        id: &str,
    ) -> Result<Option<(DocumentRecord, ByteStream)>, StoreError>;

    /// Removes unbound materials older than `before` and unfinished uploads of which nothing arrived since, rows and files, and
    /// files without rows, in bounded steps. What is being written is never touched.
    async fn sweep(&self, before: Timestamp) -> Result<Swept, StoreError>;

    /// The bucket that finished files are put into; `None`: they lie in a folder.
    fn bucket(&self) -> Option<&Arc<Bucket>>;

    /// Removes objects of the bucket that no row names and that were written before `before`, and what was left of uploads in parts.
    /// Only in a bucket that carries the mark of this installation, and never in one of which a restored copy has not been told that
    /// it is the only one. Lists all of it: seldom, and by one node.
    async fn sweep_bucket(&self, before: Timestamp) -> Result<Swept, StoreError>;
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Whole uploads that nobody bound.
    pub materials: u64,
    /// Unfinished uploads.
    pub uploads: u64,
    /// Files without a row.
    pub files: u64,
}

impl Swept {
    /// Everything.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.materials + self.uploads + self.files
    }
}

//! One part of a resumable upload on its way in: cut into segments, each a sealed file that is synced before its row says so.
//!
//! After a crash at any `await`: what has a row is here and counts; a segment without one is an orphan, swept later, and its bytes
//! come again. The last segments of an upload never get rows: they go into the material's own file, and one transaction makes the
//! material and forgets the upload, so an upload is never whole without being a material. No file is ever written twice under one
//! key: bytes that come again are sealed under another.

use super::receiving::{InPlace, SealedWriter};
use super::rows::{named_place, stored};
use super::upload::Unfinished;
use super::{DatabaseStore, StoreError, keep, undo};
use crate::fail_point::fail_point;
use crate::store::material::{ByteStream, NewMaterial};
use crate::store::sealed::DataKey;
use crate::store::upload::{
    Checksum, ChecksumAlgorithm, NewPart, PARTS_MAX, PartOutcome, Peeked, UploadRecord, peek,
};
use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use md5::{Digest, Md5};

/// Plain bytes of a full segment: what a crash may cost at most.
const SEGMENT: u64 = 8 << 20;

/// How the body of a part ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Interrupted,
    TooLong,
}

/// The checksum of a part, computed as it comes.
enum Checking {
    Nothing,
    Digest(digest::Context, Vec<u8>),
    Md5(Box<Md5>, Vec<u8>),
}

impl Checking {
    fn begin(checksum: Option<Checksum>) -> Self {
        let Some(Checksum { algorithm, digest }) = checksum else {
            return Self::Nothing;
        };
        let with = |algorithm| digest::Context::new(algorithm);
        match algorithm {
            ChecksumAlgorithm::Sha1 => {
                Self::Digest(with(&digest::SHA1_FOR_LEGACY_USE_ONLY), digest)
            }
            ChecksumAlgorithm::Sha256 => Self::Digest(with(&digest::SHA256), digest),
            ChecksumAlgorithm::Md5 => Self::Md5(Box::default(), digest),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Nothing => {}
            Self::Digest(context, _) => context.update(bytes),
            Self::Md5(context, _) => context.update(bytes),
        }
    }

    fn fits(self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Digest(context, expected) => context.finish().as_ref() == expected,
            Self::Md5(context, expected) => context.finalize().as_slice() == expected,
        }
    }

    fn is_asked(&self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// Takes a part.
pub(super) async fn append(
    store: &DatabaseStore,
    part: NewPart,
    body: ByteStream,
) -> Result<PartOutcome, StoreError> {
    let Some(_writing) = store.files.write_part(&part.id) else {
        return Ok(PartOutcome::Busy);
    };
    let Some(upload) = store.unfinished(&part.id).await? else {
        return Ok(PartOutcome::NoSuchUpload);
    };
    if upload.record.offset != part.offset {
        return Ok(PartOutcome::WrongOffset(upload.record));
    }
    if upload.segments.len() >= PARTS_MAX {
        return Ok(PartOutcome::TooManyParts);
    }
    let body = if part.offset == 0 {
        // Long enough to be judged: a lie is told at once and not after all of it.
        let Peeked { head, body, .. } = peek(body).await;
        if head.len() >= crate::store::upload::HEAD_BYTES
            && let Err(looks_like) = (part.judge)(&upload.record.content_type, &head)
        {
            return lie(store, upload.record, looks_like).await;
        }
        body
    } else {
        body
    };
    let mut arrival = Arrival {
        store,
        upload,
        part,
        open: None,
        closed: Vec::new(),
    };
    let ended = arrival.receive(body).await;
    match ended {
        Ok((end, fits)) => arrival.settle(end, fits).await,
        Err(error) => {
            arrival.discard().await;
            Err(error)
        }
    }
}

async fn lie(
    store: &DatabaseStore,
    upload: UploadRecord,
    looks_like: &'static str,
) -> Result<PartOutcome, StoreError> {
    store.drop_upload(&upload.id).await?;
    Ok(PartOutcome::Dishonest {
        declared: upload.content_type,
        looks_like,
    })
}

struct Arrival<'s> {
    store: &'s DatabaseStore,
    upload: Unfinished,
    part: NewPart,
    open: Option<SealedWriter>,
    /// Segments in their places without rows.
    closed: Vec<InPlace>,
}

impl Arrival<'_> {
    /// Bytes with rows, and those that are in place.
    fn arrived(&self) -> u64 {
        let closed: u64 = self.closed.iter().map(|s| s.size).sum();
        self.upload.record.offset + closed
    }

    async fn receive(&mut self, mut body: ByteStream) -> Result<(End, bool), StoreError> {
        let mut checking = Checking::begin(self.part.checksum.take());
        let (length, mut offset) = (self.upload.record.length, self.upload.record.offset);
        let mut end = End::Whole;
        while let Some(piece) = body.next().await {
            let Ok(piece) = piece else {
                end = End::Interrupted;
                break;
            };
            offset += piece.len() as u64;
            if offset > length {
                end = End::TooLong;
                break;
            }
            checking.update(&piece);
            self.write(piece).await?;
            // The last segment waits for the material's own file; with a checksum all of them wait for its verdict.
            if !checking.is_asked() && offset < length && !self.closed.is_empty() {
                self.commit().await?;
            }
        }
        if end != End::TooLong {
            self.close().await?;
        }
        if end == End::Interrupted && checking.is_asked() {
            self.discard().await;
            return Ok((end, true));
        }
        Ok((end, checking.fits()))
    }

    async fn write(&mut self, mut piece: Bytes) -> Result<(), StoreError> {
        while !piece.is_empty() {
            let mut writer = match self.open.take() {
                Some(writer) => writer,
                None => self.segment().await?,
            };
            let room = usize::try_from(SEGMENT - writer.size).unwrap_or(usize::MAX);
            writer.push(&piece.split_to(room.min(piece.len()))).await?;
            let full = writer.size == SEGMENT;
            self.open = Some(writer);
            if full {
                self.close().await?;
            }
        }
        Ok(())
    }

    async fn segment(&self) -> Result<SealedWriter, StoreError> {
        let entropy = self.store.vault.entropy();
        let id = entropy.capability().map_err(std::io::Error::other)?;
        let client = self.upload.client.clone();
        SealedWriter::begin(&self.store.files, &self.store.vault, &id, client).await
    }

    async fn close(&mut self) -> Result<(), StoreError> {
        if let Some(writer) = self.open.take() {
            self.closed.push(writer.finish(&self.store.files).await?);
        }
        Ok(())
    }

    /// Gives the closed segments their rows; the offset tells of them from now on.
    async fn commit(&mut self) -> Result<bool, StoreError> {
        let closed = std::mem::take(&mut self.closed);
        let mut rows = Vec::with_capacity(closed.len());
        let mut start = self.upload.record.offset;
        for segment in &closed {
            let place = named_place("upload_segment", "data_key", &segment.id);
            let wrapped = self.store.vault.wrap(&place, segment.key.as_slice())?;
            rows.push((segment.id.clone(), start, segment.size, wrapped));
            start += segment.size;
        }
        let (id, before, at) = (
            self.upload.record.id.clone(),
            self.upload.record.offset,
            self.part.at,
        );
        fail_point!("upload.segment_placed");
        let kept = self
            .store
            .write(move |c, _| {
                Box::pin(async move {
                    let found = sqlx::query(
                        "UPDATE upload SET received = $1, touched_at = $2 WHERE id = $3 AND received = $4",
                    )
                    .bind(stored(start))
                    .bind(at.as_microsecond())
                    .bind(&id)
                    .bind(stored(before))
                    .execute(&mut *c)
                    .await?;
                    if found.rows_affected() == 0 {
                        return undo(false);
                    }
                    for (segment, start, size, key) in rows {
                        sqlx::query(
                            "INSERT INTO upload_segment (id, upload_id, start, size, data_key) VALUES ($1, $2, $3, $4, $5)",
                        )
                        .bind(segment)
                        .bind(&id)
                        .bind(stored(start))
                        .bind(stored(size))
                        .bind(key)
                        .execute(&mut *c)
                        .await?;
                    }
                    keep(true)
                })
            })
            .await?;
        if !kept {
            let ids: Vec<String> = closed.iter().map(|s| s.id.clone()).collect();
            self.store.remove_files(&ids).await;
            return Ok(false);
        }
        fail_point!("upload.segment_stored");
        for segment in &closed {
            let key = DataKey::from_bytes(segment.key.as_slice())?;
            self.upload.segments.push((segment.id.clone(), key));
        }
        self.upload.record.offset = start;
        self.upload.record.touched_at = at;
        Ok(true)
    }

    /// Forgets what has no row.
    async fn discard(&mut self) {
        self.open = None;
        let ids: Vec<String> = self.closed.drain(..).map(|s| s.id).collect();
        self.store.remove_files(&ids).await;
    }

    async fn settle(mut self, end: End, fits: bool) -> Result<PartOutcome, StoreError> {
        if end == End::TooLong {
            self.discard().await;
            return Ok(PartOutcome::TooLong);
        }
        if !fits {
            self.discard().await;
            return Ok(PartOutcome::ChecksumMismatch);
        }
        if self.arrived() == self.upload.record.length {
            return self.complete().await;
        }
        if !self.closed.is_empty() && !self.commit().await? {
            return Ok(PartOutcome::NoSuchUpload);
        }
        let record = self.upload.record;
        Ok(match end {
            End::Interrupted => PartOutcome::Interrupted(record),
            End::Whole | End::TooLong => PartOutcome::Taken(record),
        })
    }

    async fn complete(mut self) -> Result<PartOutcome, StoreError> {
        let peeked = peek(self.joined()?).await;
        let judged = (self.part.judge)(&self.upload.record.content_type, &peeked.head);
        if let (Err(looks_like), false) = (judged, peeked.failed) {
            self.discard().await;
            return lie(self.store, self.upload.record, looks_like).await;
        }
        let record = &self.upload.record;
        let material = NewMaterial {
            id: record.id.clone(),
            client: String::new(),
            content_type: record.content_type.clone(),
            file_name: record.file_name.clone(),
            created_at: self.part.at,
            max_bytes: record.length,
            max_unbound_bytes: 0,
        };
        let done = self
            .store
            .complete(&self.upload, material, peeked.body)
            .await;
        // They are in the material's file now, or come again.
        self.discard().await;
        Ok(done?.map_or(PartOutcome::NoSuchUpload, PartOutcome::Whole))
    }

    /// The plain bytes of all segments, one file open at a time.
    fn joined(&self) -> Result<ByteStream, StoreError> {
        let mut files = Vec::with_capacity(self.upload.segments.len() + self.closed.len());
        for (id, key) in &self.upload.segments {
            files.push((id.clone(), key.duplicate()?));
        }
        for segment in &self.closed {
            files.push((segment.id.clone(), segment.data_key()?));
        }
        let place = self.store.files.place().clone();
        let opened =
            futures_util::stream::iter(files.into_iter().map(Ok)).and_then(move |(id, key)| {
                let place = place.clone();
                async move {
                    place.open(&id, key).await.map_err(|error| match error {
                        StoreError::Bytes(error) => error,
                        other => std::io::Error::other(other),
                    })
                }
            });
        Ok(opened.try_flatten().boxed())
    }
}

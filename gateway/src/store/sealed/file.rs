//! The sealed file: a material's bytes on disk, in chunks that are sealed one by one and cannot be cut, swapped or repeated.
//!
//! Layout: 8 bytes magic, 7 bytes random nonce prefix, then chunks of at most [`CHUNK`] plain bytes, each followed by its tag of 16
//! bytes. The nonce of a chunk is prefix (7), number of the chunk (4, big-endian), and 1 for the last chunk or 0: the STREAM
//! construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), so a file that was cut at a chunk does not open either. Every file has
//! a data key of its own; the material's id is authenticated with every chunk.

use super::DataKey;
use crate::entropy::Entropy;
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

/// Plain bytes of a full chunk.
pub const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const MAGIC: &[u8; 8] = b"TBSEAL\x00\x01";
const PREFIX: usize = 7;
const HEADER: usize = MAGIC.len() + PREFIX;

/// Bytes of the sealed file of so many plain bytes; an empty one has one empty chunk.
#[must_use]
pub fn sealed_length(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK as u64).max(1);
    HEADER as u64 + plain + chunks * TAG as u64
}

/// Nonces and additional data of one file.
struct Chunks {
    key: DataKey,
    bound: Vec<u8>,
    prefix: [u8; PREFIX],
    next: u32,
}

impl Chunks {
    fn nonce(&mut self, last: bool) -> io::Result<Nonce> {
        let mut nonce = [0; NONCE_LEN];
        let (prefix, rest) = nonce.split_at_mut(PREFIX);
        prefix.copy_from_slice(&self.prefix);
        let (number, flag) = rest.split_at_mut(4);
        number.copy_from_slice(&self.next.to_be_bytes());
        flag.fill(u8::from(last));
        self.next = self
            .next
            .checked_add(1)
            .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "more than 2^32 chunks"))?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

fn bound(id: &str) -> Vec<u8> {
    [MAGIC.as_slice(), id.as_bytes()].concat()
}

/// Seals a stream of bytes, however they are cut.
pub struct FileSealer {
    chunks: Chunks,
    gathered: Zeroizing<Vec<u8>>,
}

impl FileSealer {
    /// Begins a file for the material `id` under its own key; returns the header to write first.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn begin(key: DataKey, id: &str, entropy: &Entropy) -> io::Result<(Self, Vec<u8>)> {
        let prefix = entropy.bytes::<PREFIX>().map_err(io::Error::other)?;
        let header = [MAGIC.as_slice(), &prefix].concat();
        let chunks = Chunks {
            key,
            bound: bound(id),
            prefix,
            next: 0,
        };
        let gathered = Zeroizing::new(Vec::with_capacity(CHUNK));
        Ok((Self { chunks, gathered }, header))
    }

    /// Takes plain bytes; appends the chunks that are complete to `out`.
    ///
    /// # Errors
    /// When the file grows beyond 2^32 chunks.
    pub fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        while !plain.is_empty() {
            if self.gathered.len() == CHUNK {
                self.seal(false, out)?;
            }
            let room = CHUNK - self.gathered.len();
            let (now, later) = plain.split_at(room.min(plain.len()));
            self.gathered.extend_from_slice(now);
            plain = later;
        }
        Ok(())
    }

    /// Seals what is left as the last chunk.
    ///
    /// # Errors
    /// As [`FileSealer::push`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.seal(true, out)
    }

    fn seal(&mut self, last: bool, out: &mut Vec<u8>) -> io::Result<()> {
        let nonce = self.chunks.nonce(last)?;
        let tag = self
            .chunks
            .key
            .cipher()
            .seal_in_place_separate_tag(nonce, Aad::from(&self.chunks.bound), &mut self.gathered)
            .map_err(|_| io::Error::other("a chunk could not be sealed"))?;
        out.extend_from_slice(&self.gathered);
        out.extend_from_slice(tag.as_ref());
        self.gathered.clear();
        Ok(())
    }
}

/// Where the sealed bytes of a file come from: a file, or an answer on its way.
pub type SealedBytes = Box<dyn AsyncRead + Send + Unpin>;

/// A sealed file being read.
struct Opening {
    file: SealedBytes,
    chunks: Chunks,
    left: u64,
}

/// The plain bytes of a sealed file, a chunk at a time.
///
/// # Errors
/// When the file cannot be read or its header is not one; the stream ends with an error at the first chunk that does not open, and
/// when the file was cut.
pub async fn open_file(
    file: tokio::fs::File,
    key: DataKey,
    id: &str,
) -> io::Result<BoxStream<'static, Result<Bytes, io::Error>>> {
    let length = file.metadata().await?.len();
    open_sealed(Box::new(file), length, key, id).await
}

/// The same of sealed bytes from anywhere, `length` of them.
///
/// # Errors
/// As [`open_file`].
pub async fn open_sealed(
    mut file: SealedBytes,
    length: u64,
    key: DataKey,
    id: &str,
) -> io::Result<BoxStream<'static, Result<Bytes, io::Error>>> {
    let left = length;
    let mut header = [0; HEADER];
    file.read_exact(&mut header).await?;
    let (magic, prefix) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a sealed file",
        ));
    }
    let mut chunks = Chunks {
        key,
        bound: bound(id),
        prefix: [0; PREFIX],
        next: 0,
    };
    chunks.prefix.copy_from_slice(prefix);
    let left = left.saturating_sub(HEADER as u64);
    let state = Some(Opening { file, chunks, left });
    Ok(Box::pin(futures_util::stream::try_unfold(
        state,
        |state| async {
            match state {
                None => Ok(None),
                Some(opening) => opening.next().await.map(Some),
            }
        },
    )))
}

impl Opening {
    async fn next(mut self) -> io::Result<(Bytes, Option<Self>)> {
        let size = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(CHUNK + TAG);
        let mut chunk = vec![0; size];
        self.file.read_exact(&mut chunk).await?;
        self.left -= size as u64;
        let last = self.left == 0;
        let nonce = self.chunks.nonce(last)?;
        let length = self
            .chunks
            .key
            .cipher()
            .open_in_place(nonce, Aad::from(&self.chunks.bound), &mut chunk)
            .map_err(|_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a chunk of a sealed file does not open: changed, cut or another key",
                )
            })?
            .len();
        chunk.truncate(length);
        let rest = if last { None } else { Some(self) };
        Ok((Bytes::from(chunk), rest))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
    use super::*;
    use futures_util::TryStreamExt;

    fn key() -> DataKey {
        DataKey::from_bytes(&[7; 32]).unwrap()
    }

    fn seal(plain: &[u8], cut: usize) -> Vec<u8> {
        let (mut sealer, mut out) = FileSealer::begin(key(), "m", &Entropy::system()).unwrap();
        for part in plain.chunks(cut) {
            sealer.push(part, &mut out).unwrap();
        }
        sealer.finish(&mut out).unwrap();
        out
    }

    async fn open(sealed: &[u8], id: &str) -> io::Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), sealed).unwrap();
        let file = tokio::fs::File::open(file.path()).await.unwrap();
        let parts: Vec<Bytes> = open_file(file, key(), id).await?.try_collect().await?;
        Ok(parts.concat())
    }

    #[tokio::test]
    async fn every_length_around_a_chunk_comes_back() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let plain: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            assert_eq!(
                sealed_length(length as u64),
                seal(&plain, CHUNK).len() as u64
            );
            for cut in [1000, CHUNK, 5 * CHUNK] {
                let sealed = seal(&plain, cut);
                assert!(
                    open(&sealed, "m").await.unwrap() == plain,
                    "length {length}, cut {cut}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_file_cut_at_a_chunk_does_not_open() {
        let sealed = seal(&vec![1; 2 * CHUNK], CHUNK);
        assert!(
            open(&sealed[..HEADER + CHUNK + TAG], "m").await.is_err(),
            "cut after the first chunk"
        );
        assert!(
            open(&sealed[..HEADER], "m").await.is_err(),
            "cut after the header"
        );
    }

    #[tokio::test]
    async fn swapped_chunks_and_another_material_do_not_open() {
        let mut sealed = seal(&vec![1; 3 * CHUNK], CHUNK);
        assert!(open(&sealed, "other").await.is_err());
        let (one, two) = sealed[HEADER..].split_at_mut(CHUNK + TAG);
        one.swap_with_slice(&mut two[..CHUNK + TAG]);
        assert!(open(&sealed, "m").await.is_err());
    }
}

//! Where sealed files lie: a folder, or a bucket in which they are put from the folder's `incoming/`; and the uploads under way in this
//! process. How bytes come in is in [`super::receiving`].

use super::dialect;
use super::{StoreError, broken};
use crate::store::bucket::Bucket;
use crate::store::material::ByteStream;
use crate::store::sealed::DataKey;
use crate::store::sealed::file::{open_file, open_sealed};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long another node may take between a file in its place and the row that names it.
const OTHERS_WRITE_FOR: Duration = Duration::from_secs(3_600);

/// How the note of an upload in parts to the bucket ends, beside its file in `incoming/`.
const NOTE: &str = "parts";

/// Where finished files lie. What lay in the folder before there was a bucket is read there.
#[derive(Clone)]
pub(super) struct FilePlace {
    /// The folder of materials.
    pub(super) folder: PathBuf,
    /// Where finished files are put; `None`: they stay in the folder.
    pub(super) bucket: Option<Arc<Bucket>>,
}

impl FilePlace {
    /// The path of a file in the folder.
    fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        let shard = id
            .get(..2)
            .filter(|_| id.bytes().all(|b| b.is_ascii_alphanumeric()));
        let shard =
            shard.ok_or_else(|| broken("material", "id", id, "not a capability in hexadecimal"))?;
        Ok(self.folder.join(shard).join(id))
    }

    /// The plain bytes of a file.
    pub(super) async fn open(&self, id: &str, key: DataKey) -> Result<ByteStream, StoreError> {
        let path = self.path(id)?;
        if let Some(bucket) = &self.bucket {
            match bucket.open(id, &key.file_tag()).await {
                Ok(found) => return Ok(open_sealed(found.bytes, found.length, key, id).await?),
                Err(StoreError::Bytes(none)) if none.kind() == io::ErrorKind::NotFound => {}
                Err(error) if !path.exists() => return Err(error),
                Err(_) => {}
            }
        }
        let file = tokio::fs::File::open(path).await?;
        Ok(open_file(file, key, id).await?)
    }
}

/// The sealed files, and the uploads under way in this process.
pub(super) struct MaterialFiles {
    place: FilePlace,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    /// Files being written, or written and without a row yet.
    ids: HashSet<String>,
    /// Resumable uploads of which a part is being written.
    uploads: HashSet<String>,
    bytes: HashMap<Vec<u8>, u64>,
}

impl MaterialFiles {
    /// Opens the folder; what was under way when the last process ended is removed.
    pub(super) async fn open(data_folder: &Path) -> Result<Self, StoreError> {
        let folder = data_folder.join("materials");
        let incoming = folder.join("incoming");
        tokio::fs::create_dir_all(&incoming).await?;
        let mut left = tokio::fs::read_dir(&incoming).await?;
        while let Some(entry) = left.next_entry().await? {
            // Another node may be writing it; then it goes with a later start.
            if dialect::SHARED_FILES && !is_old(&entry).await? {
                continue;
            }
            // Not before the bucket has forgotten the parts.
            if entry.path().extension().is_some_and(|end| end == NOTE) {
                continue;
            }
            gone(tokio::fs::remove_file(entry.path()).await)?;
        }
        sync_folder(&folder).await?;
        sync_folder(data_folder).await?;
        let place = FilePlace {
            folder,
            bucket: None,
        };
        Ok(Self {
            place,
            under_way: Arc::default(),
        })
    }

    /// Puts finished files into a bucket from now on.
    pub(super) fn put_into(&mut self, bucket: Arc<Bucket>) {
        self.place.bucket = Some(bucket);
    }

    /// The bucket that finished files are put into.
    pub(super) fn bucket(&self) -> Option<&Arc<Bucket>> {
        self.place.bucket.as_ref()
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.place.folder
    }

    pub(super) fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        self.place.path(id)
    }

    /// Where finished files lie.
    pub(super) fn place(&self) -> &FilePlace {
        &self.place
    }

    /// Removes files that no row names any more. What the bucket does not remove now is an orphan, swept later.
    pub(super) async fn remove(&self, ids: &[String]) -> Result<(), StoreError> {
        if let Some(bucket) = self.bucket() {
            let removed = bucket.remove_all(ids).await;
            removed.or_else(|error| match error {
                StoreError::FilesAway(_) => Ok(()),
                error => Err(error),
            })?;
        }
        for id in ids {
            self.remove_from_folder(id).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_from_folder(&self, id: &str) -> Result<(), StoreError> {
        Ok(gone(tokio::fs::remove_file(self.path(id)?).await)?)
    }

    /// Removes a file that got no row, and no other of its id: another node may have finished the same upload.
    pub(super) async fn discard(&self, id: &str, key: &DataKey) -> Result<(), StoreError> {
        match self.bucket() {
            None => self.remove_from_folder(id).await,
            Some(bucket) => {
                // What stays is an orphan, swept later.
                bucket.remove(id, &key.file_tag()).await.ok();
                Ok(())
            }
        }
    }

    /// Refuses while the bucket is away, before the first byte is taken: its sender need not send the rest.
    pub(super) fn answers(&self) -> Result<(), StoreError> {
        self.bucket().map_or(Ok(()), |bucket| bucket.answers())
    }

    /// Whether a file is being written here, or written and without a row yet.
    pub(super) fn is_under_way(&self, id: &str) -> bool {
        self.under_way.lock().ids.contains(id)
    }

    /// Notes of uploads in parts that nothing is writing.
    pub(super) async fn notes_left(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut left = Vec::new();
        let mut files = tokio::fs::read_dir(self.folder().join("incoming")).await?;
        while let Some(file) = files.next_entry().await? {
            let path = file.path();
            let ours = path.extension().is_some_and(|end| end == NOTE);
            if !ours || dialect::SHARED_FILES && !is_old(&file).await? {
                continue;
            }
            let id = path.file_stem().and_then(|stem| stem.to_str());
            if !id.is_some_and(|id| self.is_under_way(id)) {
                left.push(path);
            }
        }
        Ok(left)
    }

    /// Folders that hold files.
    pub(super) async fn shards(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut found = Vec::new();
        let mut shards = tokio::fs::read_dir(self.folder()).await?;
        while let Some(shard) = shards.next_entry().await? {
            if shard.file_name() != "incoming" && shard.file_type().await?.is_dir() {
                found.push(shard.path());
            }
        }
        Ok(found)
    }

    /// Ids of the files of a shard that nothing is writing: in this process by its own account, in other nodes by their age.
    pub(super) async fn settled_ids(&self, shard: &Path) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        let mut files = tokio::fs::read_dir(shard).await?;
        while let Some(file) = files.next_entry().await? {
            if dialect::SHARED_FILES && !is_old(&file).await? {
                continue;
            }
            ids.extend(file.file_name().into_string().ok());
        }
        let under_way = self.under_way.lock();
        ids.retain(|id| !under_way.ids.contains(id));
        Ok(ids)
    }

    /// Marks a resumable upload as being written; `None` when it is already.
    pub(super) fn write_part(&self, id: &str) -> Option<PartUnderWay> {
        let new = self.under_way.lock().uploads.insert(id.to_owned());
        new.then(|| PartUnderWay {
            id: id.to_owned(),
            under_way: Arc::clone(&self.under_way),
        })
    }

    /// A look at the resumable uploads that are being written, for the sweep.
    pub(super) fn parts_under_way(&self) -> impl Fn() -> Vec<String> + Send + 'static {
        let under_way = Arc::clone(&self.under_way);
        move || under_way.lock().uploads.iter().cloned().collect()
    }

    /// Bytes of a client in plain uploads that are under way.
    pub(super) fn under_way_of(&self, client: &[u8]) -> u64 {
        let under_way = self.under_way.lock();
        under_way.bytes.get(client).copied().unwrap_or_default()
    }
}

/// What has been removed, by whomever.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Whether nobody writes a file any more, by its age. One that another node has just moved to its place is young.
async fn is_old(file: &tokio::fs::DirEntry) -> io::Result<bool> {
    let written = match file.metadata().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        metadata => metadata?.modified()?,
    };
    Ok(written.elapsed().unwrap_or_default() >= OTHERS_WRITE_FOR)
}

pub(super) async fn sync_folder(folder: &Path) -> io::Result<()> {
    tokio::fs::File::open(folder).await?.sync_all().await
}

/// A resumable upload of which a part is being written.
pub(super) struct PartUnderWay {
    id: String,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Drop for PartUnderWay {
    fn drop(&mut self) {
        self.under_way.lock().uploads.remove(&self.id);
    }
}

/// What whoever wants a file's id hears when it is somebody else's.
pub(super) fn taken(id: &str) -> StoreError {
    broken("material", "id", id, "this id is taken")
}

/// A file under way: counted against its client, known to the sweep, and gone without a trace when it is dropped unfinished.
pub(super) struct Incoming {
    pub(super) id: String,
    client: Vec<u8>,
    counted: u64,
    pub(super) path: PathBuf,
    pub(super) keep_file: bool,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Incoming {
    /// Begins a file; an id that is under way or there already belongs to somebody else.
    pub(super) fn begin(
        files: &MaterialFiles,
        id: &str,
        target: &Path,
        client: Vec<u8>,
    ) -> Result<Self, StoreError> {
        if target.exists() || !files.under_way.lock().ids.insert(id.to_owned()) {
            return Err(taken(id));
        }
        Ok(Self {
            id: id.to_owned(),
            client,
            counted: 0,
            path: files.folder().join("incoming").join(id),
            keep_file: false,
            under_way: files.under_way.clone(),
        })
    }

    /// The note of its parts.
    pub(super) fn note(&self) -> PathBuf {
        self.path.with_extension(NOTE)
    }

    /// Counts bytes; returns what all uploads of this client hold by now.
    pub(super) fn count(&mut self, bytes: u64) -> u64 {
        self.counted += bytes;
        let mut under_way = self.under_way.lock();
        let all = under_way.bytes.entry(self.client.clone()).or_default();
        *all += bytes;
        *all
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        under_way.ids.remove(&self.id);
        if let Some(all) = under_way.bytes.get_mut(&self.client) {
            *all = all.saturating_sub(self.counted);
            if *all == 0 {
                under_way.bytes.remove(&self.client);
            }
        }
        drop(under_way);
        if !self.keep_file {
            // Not there yet, or swept later: either way nothing is left.
            std::fs::remove_file(&self.path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_another_node_moved_away_meanwhile_keeps_no_node_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("incoming");
        tokio::fs::write(&path, "bytes").await.unwrap();
        let mut listed = tokio::fs::read_dir(folder.path()).await.unwrap();
        let entry = listed.next_entry().await.unwrap().unwrap();
        assert!(!is_old(&entry).await.unwrap(), "it is being written");
        tokio::fs::remove_file(&path).await.unwrap();
        assert!(!is_old(&entry).await.unwrap(), "it is gone");
        gone(tokio::fs::remove_file(&path).await).unwrap();
    }
}

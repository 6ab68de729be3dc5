//! A bucket of sealed files (对象存储): what the folder of materials is on a disk, on an S3 service
//! ([ADR 0012](../../../../docs/adr/0012-sealed-files-in-a-bucket.md)).
//!
//! Invariants: an object is written once under its name and never changed; its bytes were sealed before; `put` answers after the
//! service has taken every byte; nothing here waits longer than the settings say; a bucket that does not answer is asked by the probe
//! alone until it does.

mod condition;
mod mark;
mod put;
mod settings;

pub use mark::{BUCKET_MARK, BucketMark};
pub use settings::{MaterialSettings, S3Settings};

use super::StoreError;
use super::sealed::file::SealedBytes;
use crate::outbound::object::ObjectHttp;
use crate::outbound::{Allowed, Connector, OutboundSettings};
use condition::Condition;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Name;
use object_store::{
    BackoffConfig, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;
use tokio_util::io::StreamReader;

/// Bytes of all puts of this process that are in memory, and the unit in which they are counted.
const MEMORY: u64 = 64 << 20;
const UNIT: u64 = 64 << 10;
/// Repetitions of a request that failed.
const RETRIES_MAX: usize = 2;
/// Objects removed at once.
const REMOVED_AT_ONCE: usize = 16;
/// Objects taken from a listing at once.
const LISTED_AT_ONCE: usize = 1_000;
/// Where the mark of the installation lies under the prefix.
const OWNER: &str = "installation";

/// A bucket. One for a process; shared.
#[derive(Debug)]
pub struct Bucket {
    objects: AmazonS3,
    prefix: String,
    within: Duration,
    memory: Semaphore,
    condition: Arc<Condition>,
    mark: BucketMark,
}

/// An object as a listing tells it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Id of the file.
    pub id: String,
    /// The tag of its key ([`super::sealed::DataKey::file_tag`]).
    pub tag: String,
    /// Sealed bytes.
    pub length: u64,
    /// When it was written, by the service's clock.
    pub written: SystemTime,
}

impl Listed {
    /// An object whose name ends in id and tag.
    fn of(object: &ObjectMeta) -> Option<Self> {
        let mut parts = object.location.parts().rev();
        let (tag, id) = (parts.next()?, parts.next()?);
        Some(Self {
            tag: tag.as_ref().to_owned(),
            id: id.as_ref().to_owned(),
            length: object.size,
            written: object.last_modified.into(),
        })
    }
}

/// Sealed bytes on their way.
pub struct Opened {
    /// The bytes.
    pub bytes: SealedBytes,
    /// How many.
    pub length: u64,
}

impl Bucket {
    /// A bucket by its settings; nothing is connected yet. Certificates are believed as `outbound` says, and the endpoint need not be
    /// named in `outbound.allow`: who wrote it here may.
    ///
    /// # Errors
    /// What is wrong with the settings, in words without secrets.
    pub fn new(settings: &S3Settings, outbound: &OutboundSettings) -> Result<Self, StoreError> {
        let fault = |e: &dyn std::fmt::Display| StoreError::FilesAway(format!("materials.s3: {e}"));
        let target = settings.target().ok_or_else(|| fault(&"no endpoint"))?;
        let endpoint = match (settings.path_style, settings.endpoint.split_once("://")) {
            // In this style the address of the bucket is asked for.
            (false, Some((scheme, host))) => format!("{scheme}://{}.{host}", settings.bucket),
            _ => settings.endpoint.clone(),
        };
        let connector = Connector::new(&OutboundSettings {
            allow: vec![Allowed::Host {
                host: target.host,
                port: target.port,
            }],
            extra_roots: outbound.extra_roots.clone(),
        })
        .map_err(|e| fault(&e))?;
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: settings.within,
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(1),
                base: 2.0,
            },
        };
        let objects = AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_virtual_hosted_style_request(!settings.path_style)
            .with_region(&settings.region)
            .with_bucket_name(&settings.bucket)
            .with_access_key_id(settings.access_key.expose_secret())
            .with_secret_access_key(settings.secret_key.expose_secret())
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(ObjectHttp::new(connector, settings.answer, settings.answer))
            .build()
            .map_err(|e| fault(&e))?;
        Ok(Self {
            objects,
            prefix: settings.prefix.clone(),
            within: settings.within,
            memory: Semaphore::new(usize::try_from(MEMORY / UNIT).unwrap_or(usize::MAX)),
            condition: Arc::default(),
            mark: BucketMark::of(settings),
        })
    }

    /// What a folder and a backup say of it.
    #[must_use]
    pub fn mark(&self) -> &BucketMark {
        &self.mark
    }

    /// Whether it does not answer by now.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.condition.is_away()
    }

    /// Refuses while it does not answer.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`].
    pub fn answers(&self) -> Result<(), StoreError> {
        match self.is_away() {
            false => Ok(()),
            true => Err(StoreError::FilesAway(
                "the bucket has not answered; it is tried every second".to_owned(),
            )),
        }
    }

    /// Failures since this was last asked, and what the last one said.
    #[must_use]
    pub fn failures(&self) -> (u64, String) {
        self.condition.failures()
    }

    /// Returns when it has just gone away.
    pub async fn news(&self) {
        self.condition.news().await;
    }

    /// Asks whether it answers, and remembers that.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`] with what it said.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let nothing = self.name(&["probe"]);
        let mut listed = self.objects.list(Some(&nothing));
        let asked = async { listed.next().await.transpose().map(|_| ()) };
        self.within(asked).await?;
        self.condition.answered();
        Ok(())
    }

    fn name(&self, parts: &[&str]) -> Name {
        let prefix = Some(self.prefix.as_str()).filter(|prefix| !prefix.is_empty());
        let all: Vec<&str> = prefix.into_iter().chain(parts.iter().copied()).collect();
        Name::from(all.join("/"))
    }

    fn object(&self, id: &str, tag: &str) -> Name {
        self.name(&[id.get(..2).unwrap_or_default(), id, tag])
    }

    /// Does something within the time of a file. A failure makes the bucket away.
    async fn within<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.within, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(object_store::Error::NotFound { .. })) => {
                Err(StoreError::Bytes(io::ErrorKind::NotFound.into()))
            }
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(self.failed(&format!("not done within {:?}", self.within))),
        }
    }

    fn failed(&self, error: &dyn Display) -> StoreError {
        StoreError::FilesAway(self.condition.failed(error))
    }

    /// The sealed bytes of a file.
    ///
    /// # Errors
    /// [`StoreError::Bytes`] of the kind `NotFound` when it is not there, [`StoreError::FilesAway`]. The bytes end with an error when
    /// the bucket goes away on the way.
    pub async fn open(&self, id: &str, tag: &str) -> Result<Opened, StoreError> {
        self.answers()?;
        let found = self.within(self.objects.get(&self.object(id, tag))).await?;
        let length = found.meta.size;
        let condition = Arc::clone(&self.condition);
        let bytes = found
            .into_stream()
            .map_err(move |error| io::Error::other(condition.failed(&error)));
        Ok(Opened {
            bytes: Box::new(StreamReader::new(bytes)),
            length,
        })
    }

    /// Removes one object; one that is not there is removed.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`].
    pub async fn remove(&self, id: &str, tag: &str) -> Result<(), StoreError> {
        self.answers()?;
        self.delete(&self.object(id, tag)).await
    }

    /// Removes every object of these files.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`] at the first that fails; the others may be gone.
    pub async fn remove_all(&self, ids: &[String]) -> Result<(), StoreError> {
        self.answers()?;
        let mut removing: Vec<BoxFuture<'_, Result<(), StoreError>>> = Vec::new();
        for id in ids {
            removing.push(self.remove_file(id.clone()).boxed());
        }
        let removed = stream::iter(removing).buffer_unordered(REMOVED_AT_ONCE);
        removed.try_collect().await
    }

    async fn remove_file(&self, id: String) -> Result<(), StoreError> {
        let folder = self.name(&[id.get(..2).unwrap_or_default(), &id]);
        let listed = self.objects.list(Some(&folder));
        let found = self.within(listed.try_collect::<Vec<_>>()).await?;
        for object in found {
            self.delete(&object.location).await?;
        }
        Ok(())
    }

    /// Removes an object; one that is not there is removed.
    async fn delete(&self, name: &Name) -> Result<(), StoreError> {
        match self.within(self.objects.delete(name)).await {
            Err(StoreError::Bytes(gone)) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// The files of a shard (`ab`), in pages of at most `page`.
    pub fn list(
        &self,
        shard: &str,
        page: usize,
    ) -> BoxStream<'static, Result<Vec<Listed>, StoreError>> {
        let listed = self.objects.list(Some(&self.name(&[shard])));
        let ours = listed.try_filter_map(|object| std::future::ready(Ok(Listed::of(&object))));
        let condition = Arc::clone(&self.condition);
        ours.try_chunks(page)
            .map_err(move |cut| StoreError::FilesAway(condition.failed(&cut.1)))
            .boxed()
    }

    /// The ids of a shard (`ab`) with the sealed bytes of each.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`].
    pub async fn lengths(&self, shard: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        let pages = self.list(shard, LISTED_AT_ONCE);
        let facts = |page: Vec<Listed>| {
            let facts = page
                .into_iter()
                .map(|object| Ok((object.id, object.length)));
            stream::iter(facts)
        };
        pages.map_ok(facts).try_flatten().try_collect().await
    }

    /// Whether the bucket is this installation's own: it carries its mark, and gets it when it has none.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`].
    pub async fn is_owned_by(&self, installation: &str) -> Result<bool, StoreError> {
        let name = self.name(&[OWNER]);
        let read = async { self.objects.get(&name).await?.bytes().await };
        match self.within(read).await {
            Ok(owner) => Ok(owner == installation.as_bytes()),
            Err(StoreError::Bytes(_)) => {
                let mark = PutPayload::from(installation.to_owned());
                self.within(self.objects.put(&name, mark)).await?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }
}

//! Watches whether the store takes writes: the disk's room, and after a failed write a trial one. What it finds stops intake and opens
//! it again ([`crate::store::standing`]), stands in `/readyz` and in the metrics, and is logged at every change and once a minute.

use super::health::Readiness;
use super::metrics::Metrics;
use crate::clock::Clock;
use crate::store::SharedStore;
use crate::store::standing::{Disk, Standing, Stop, decide};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the disk is looked at; a failed write makes the look come at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Two looks are never closer: failing writes come by the thousand.
const LOOK_APART: Duration = Duration::from_millis(100);
/// A trial write that takes longer has failed.
const TRIAL_MAX: Duration = Duration::from_secs(5);
/// How often the log repeats that intake is stopped.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The watch over one store.
pub struct StoreWatch {
    /// The store.
    pub store: SharedStore,
    /// The data folder.
    pub folder: PathBuf,
    /// Bytes that are kept back for deliveries and feedback; 0 keeps nothing back.
    pub free_bytes_min: u64,
    /// The clock.
    pub clock: Clock,
    /// Metrics.
    pub metrics: Metrics,
    /// `/readyz`.
    pub readiness: Readiness,
}

/// What the log was told last.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    /// Failed writes since then.
    failed: u64,
}

impl StoreWatch {
    /// Watches until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut told = Told::default();
        let standing = self.store.standing().clone();
        loop {
            self.look(&standing, &mut told).await;
            let wait = async {
                tokio::time::sleep(LOOK_APART).await;
                tokio::select! {
                    () = standing.news() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            };
            tokio::select! {
                () = wait => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(&self, standing: &Standing, told: &mut Told) {
        let before = standing.stop();
        let (failed, words) = standing.failures();
        let disk = disk_of(self.folder.clone()).await;
        let trial = match failed > 0 || before.is_some() {
            true => self.trial().await,
            false => None,
        };
        let now = decide(before, disk, self.free_bytes_min, trial);
        standing.set(now);
        self.readiness.stop_intake(now.map(Stop::as_str));
        self.metrics.store_available.set(i64::from(now.is_none()));
        self.metrics.store_writes_failed_total.inc_by(failed);
        if let Some(disk) = disk {
            let free = i64::try_from(disk.free_bytes).unwrap_or(i64::MAX);
            self.metrics.store_free_bytes.set(free);
        }
        told.failed += failed;
        self.tell((before, now), disk, told, &words);
    }

    /// Whether a trial write was synced; `None` when the queue was full, which says nothing of the disk.
    async fn trial(&self) -> Option<bool> {
        let trial = self.store.try_write(self.clock.now());
        match tokio::time::timeout(TRIAL_MAX, trial).await {
            Ok(Ok(())) => Some(true),
            Ok(Err(crate::store::StoreError::Busy { .. })) => None,
            Ok(Err(_)) | Err(_) => Some(false),
        }
    }

    fn tell(
        &self,
        (before, now): (Option<Stop>, Option<Stop>),
        disk: Option<Disk>,
        told: &mut Told,
        words: &str,
    ) {
        let due = told.at.is_none_or(|at| at.elapsed() >= TOLD_EVERY);
        let free_bytes = disk.map(|disk| disk.free_bytes);
        match (before, now) {
            (None, None) if told.failed > 0 && due => tracing::warn!(
                failed = told.failed,
                words,
                "writes failed, but the store takes others: the fault is theirs"
            ),
            (Some(_), None) => tracing::info!(
                failed = told.failed,
                free_bytes,
                "the store takes writes again: intake is open"
            ),
            (before, Some(stop)) if before != now || due => tracing::error!(
                why = stop.as_str(),
                failed = told.failed,
                free_bytes,
                words,
                "intake is stopped: applications and uploads get 503; make room or mend the disk, it goes on by itself"
            ),
            _ => return,
        }
        *told = Told {
            at: Some(Instant::now()),
            failed: 0,
        };
    }
}

/// Free room of the disk under a folder; `None` when it cannot be told.
pub async fn disk_of(folder: PathBuf) -> Option<Disk> {
    // The file system may be one that answers over a network.
    tokio::task::spawn_blocking(move || disk_at(&folder))
        .await
        .ok()
        .flatten()
}

fn disk_at(folder: &Path) -> Option<Disk> {
    let told = rustix::fs::statvfs(folder).ok()?;
    Some(Disk {
        free_bytes: told.f_bavail.saturating_mul(told.f_frsize),
        read_only: told.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_room_of_a_disk_is_told_and_that_of_no_folder_is_not() {
        let disk = disk_of(std::env::temp_dir()).await;
        assert!(disk.is_some_and(|disk| disk.free_bytes > 0 && !disk.read_only));
        assert_eq!(disk_of("/no/such/folder".into()).await, None);
    }
}

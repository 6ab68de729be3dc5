//! Virus scans of materials (病毒扫描): which wait, their bytes, and what was found.

use super::StoreError;
use super::material::{ByteStream, MaterialRecord};
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;

/// What a scan ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanVerdict {
    /// Nothing was found.
    Clean,
    /// Something was found; the material never leaves.
    Infected,
    /// There is no verdict yet: look again then.
    Again(Timestamp),
}

/// A material of a case that no partner may have (yet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMaterial {
    /// Material of the item.
    pub seq: u32,
    /// The file.
    pub material: MaterialRecord,
}

/// Virus scans.
#[async_trait]
pub trait ScanStore: Send + Sync {
    /// Whether what is stored from now on is to be scanned. Switched on, everything that was never scanned waits for its scan too;
    /// switched off, what waits becomes `off` again. What was found infected stays so. Returns how many changed.
    async fn set_scanning(&self, on: bool, now: Timestamp) -> Result<u64, StoreError>;

    /// Materials that wait for their scan and are due, the newest first; never those of erased cases.
    async fn due_scans(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Bytes and size of a material that waits for its scan, for nobody but the scanner.
    async fn scan_bytes(&self, id: &str) -> Result<Option<(u64, ByteStream)>, StoreError>;

    /// Keeps a verdict on a material that waits; false when it does not (any more).
    async fn settle_scan(&self, id: &str, verdict: ScanVerdict) -> Result<bool, StoreError>;

    /// Materials that wait for their scan.
    async fn waiting_scans(&self) -> Result<u64, StoreError>;

    /// Materials of a case, handed in by the applicant, that are pending or infected; by material number.
    async fn held_materials(
        &self,
        scope: &Scope,
        case_no: &str,
    ) -> Result<Vec<HeldMaterial>, StoreError>;
}

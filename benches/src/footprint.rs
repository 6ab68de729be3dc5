//! What the gateway costs before anyone calls it: binary size, start time, memory at rest.

use crate::Failure;
use crate::installation::Installation;
use crate::statistics::{median, rounded};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;

/// Starts of each kind; the median counts.
const STARTS: usize = 5;
/// After this time without a call, memory is at rest.
const REST: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Footprint {
    /// The release binary as built, with line tables for profiles, MiB.
    pub(crate) binary_mib: f64,
    /// The same after `strip`, MiB; nothing where there is no `strip`.
    pub(crate) binary_stripped_mib: Option<f64>,
    /// From spawn to the first 200 of `/readyz`, an existing data folder with nothing registered, milliseconds.
    pub(crate) start_empty_ms: f64,
    /// The same with the sample catalogue.
    pub(crate) start_ms: f64,
    /// Memory at rest with nothing registered, MiB.
    pub(crate) rss_mib_empty: f64,
    /// Memory at rest with the sample catalogue, MiB.
    pub(crate) rss_mib_rest: f64,
}

/// Measures an installation with nothing registered and one with the sample catalogue.
pub(crate) async fn measure(
    gateway: &Path,
    empty: &Installation,
    filled: &Installation,
    scratch: &Path,
) -> Result<Footprint, Failure> {
    let (start_empty_ms, rss_mib_empty) = starts(empty).await?;
    let (start_ms, rss_mib_rest) = starts(filled).await?;
    Ok(Footprint {
        binary_mib: mib(gateway.metadata()?.len()),
        binary_stripped_mib: stripped(gateway, scratch).await,
        start_empty_ms,
        start_ms,
        rss_mib_empty,
        rss_mib_rest,
    })
}

/// Median start time and memory at rest. The first start makes the data folder and is not counted.
async fn starts(installation: &Installation) -> Result<(f64, f64), Failure> {
    installation.serve().await?.process.end().await?;
    let (mut times, mut memory) = (Vec::new(), 0.0);
    for start in 1..=STARTS {
        let serving = installation.serve().await?;
        times.push(serving.ready_after.as_secs_f64() * 1e3);
        if start == STARTS {
            tokio::time::sleep(REST).await;
            memory = serving.process.rss_kib()? as f64 / 1024.0;
        }
        serving.process.end().await?;
    }
    Ok((rounded(median(&times), 1), rounded(memory, 1)))
}

async fn stripped(gateway: &Path, scratch: &Path) -> Option<f64> {
    let status = Command::new("strip")
        .arg("-o")
        .arg(scratch)
        .arg(gateway)
        .status()
        .await
        .ok()?;
    let length = scratch.metadata().ok()?.len();
    status.success().then(|| mib(length))
}

fn mib(bytes: u64) -> f64 {
    rounded(bytes as f64 / f64::from(1 << 20), 1)
}

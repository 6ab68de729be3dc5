//! Virus scans (病毒扫描): clamd looks at every file before it may leave. Off unless the operator names a clamd.
//!
//! The state of a material is the queue: what was pending when the process ended is pending when it starts. Nothing is decided
//! here but how a file is scanned; what a state means for deliveries and downloads is decided where they are.

pub mod client;
pub mod protocol;
pub mod worker;

use crate::edge::settings::friendly;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the scan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanSettings {
    /// Where clamd listens: `host:port`, or the path of its socket.
    pub clamd: ClamdAddress,
    /// Files scanned at once; clamd's own `MaxThreads` is 10.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// clamd's `StreamMaxLength`: larger files are not taken while the scan is on, since they could never leave.
    #[serde(default = "stream_bytes_max")]
    pub stream_bytes_max: u64,
    /// To connect.
    #[serde(default = "connect", with = "friendly")]
    pub connect: Duration,
    /// Between two signs of life of clamd: while it takes bytes, and until its answer after the last one.
    #[serde(default = "answer", with = "friendly")]
    pub answer: Duration,
}

fn concurrency() -> usize {
    4
}

fn stream_bytes_max() -> u64 {
    // The default of clamd since 1.0.
    100 << 20
}

fn connect() -> Duration {
    Duration::from_secs(5)
}

fn answer() -> Duration {
    Duration::from_secs(120)
}

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ClamdAddress {
    /// Host and port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl TryFrom<String> for ClamdAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let path = text.strip_prefix("unix:").unwrap_or(&text);
        if path.starts_with('/') {
            return Ok(Self::Unix(path.into()));
        }
        let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
            Some(1..) => Ok(Self::Tcp(text)),
            _ => Err(format!(
                "{text:?} is neither host:port nor the absolute path of clamd's socket"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamd_is_named_by_host_and_port_or_by_its_socket() {
        let tcp = |text: &str| Ok(ClamdAddress::Tcp(text.to_owned()));
        for (text, expected) in [
            ("127.0.0.1:3310", tcp("127.0.0.1:3310")),
            ("[::1]:3310", tcp("[::1]:3310")),
            ("clamd.example:3310", tcp("clamd.example:3310")),
            (
                "/run/clamav/clamd.ctl",
                Ok(ClamdAddress::Unix("/run/clamav/clamd.ctl".into())),
            ),
            (
                "unix:/run/clamd.ctl",
                Ok(ClamdAddress::Unix("/run/clamd.ctl".into())),
            ),
        ] {
            assert_eq!(ClamdAddress::try_from(text.to_owned()), expected, "{text}");
        }
        for text in [
            "",
            "clamd",
            ":3310",
            "host:0",
            "host:65536",
            "host:",
            "run/clamd.ctl",
        ] {
            assert!(ClamdAddress::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

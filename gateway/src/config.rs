//! The installation's settings: `config/tongban.yaml`, read once at start. Secrets come from the environment (`${NAME}`).

use crate::edge::settings::{ListenerSettings, RoomsSettings, friendly};
use crate::outbound::Network;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tongban_catalog::source::{Document, Fault, Finding, Place, load_yaml};

/// All settings. Unknown keys are faults: operators edit this by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder for the database, materials, keys and `ops.sock`; relative to the working folder.
    pub data: PathBuf,
    /// Threads of the hot path, each with its own runtime; 0 = one a core.
    #[serde(default)]
    pub cores: usize,
    /// The listeners (contract 2).
    pub listeners: Listeners,
    /// The queue between hot path and rooms.
    #[serde(default)]
    pub rooms: RoomsSettings,
    /// Who issues bearer tokens; without it nobody is known by token.
    #[serde(default)]
    pub identity: Option<IdentitySettings>,
    /// Intake.
    #[serde(default)]
    pub intake: IntakeSettings,
    /// Delivery to partners.
    #[serde(default)]
    pub delivery: DeliverySettings,
    /// Feedback from partners.
    #[serde(default)]
    pub feedback: FeedbackSettings,
    /// Where the gateway may connect to.
    #[serde(default)]
    pub outbound: OutboundSettings,
    /// Logs.
    #[serde(default)]
    pub log: LogSettings,
}

/// The listeners.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// Applicants, the portal, other halls.
    pub public: ListenerSettings,
    /// Partner systems.
    pub exchange: ListenerSettings,
    /// Operators and Prometheus.
    pub operations: ListenerSettings,
}

/// Bearer tokens (RFC 7519) against a static key set (RFC 7517).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// File with the JWK set.
    pub jwks: PathBuf,
    /// The `iss` that tokens must carry.
    pub issuer: String,
    /// The `aud` that tokens must carry.
    pub audience: String,
}

/// Bounds of intake.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeSettings {
    /// Bytes of one material.
    pub material_bytes_max: u64,
    /// Bytes of all unbound materials of one client.
    pub unbound_bytes_max: u64,
    /// Writes that wait for the store's writer; one more gets 503.
    pub write_queue_max: usize,
    /// Writes in one commit.
    pub commit_batch_max: usize,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        Self {
            material_bytes_max: 200 << 20,
            unbound_bytes_max: 1 << 30,
            write_queue_max: 4_096,
            commit_batch_max: 64,
        }
    }
}

/// Bounds of delivery.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// Deliveries at once.
    pub concurrency: usize,
    /// Deliveries at once to one system; a definition may ask for fewer.
    pub per_system: u32,
    /// How long a delivery belongs to a worker that says nothing; longer than any definition's total time-out.
    #[serde(with = "friendly")]
    pub lease: Duration,
    /// The longest sleep between two looks at the outbox.
    #[serde(with = "friendly")]
    pub tick: Duration,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            concurrency: 256,
            per_system: 16,
            lease: Duration::from_secs(15 * 60),
            tick: Duration::from_millis(250),
        }
    }
}

/// Bounds of feedback.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackSettings {
    /// How long a message waits for its predecessor before it is back-filled or rejected.
    #[serde(with = "friendly")]
    pub hold: Duration,
    /// Bytes of one callback.
    pub callback_bytes_max: u64,
}

impl Default for FeedbackSettings {
    fn default() -> Self {
        Self { hold: Duration::from_secs(24 * 3_600), callback_bytes_max: 16 << 20 }
    }
}

/// Outgoing connections.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundSettings {
    /// Networks that partners may have although they are loopback, link-local or private.
    pub allow: Vec<Network>,
}

/// Logs go to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Filter in the grammar of `RUST_LOG`.
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info".to_owned(), json: false }
    }
}

impl Document for Config {
    const SCHEMA: &'static str = "tongban/config/1";
}

/// Reads the settings of a file's text, filling in `${NAME}` and `${NAME:-default}` from `environment`.
///
/// # Errors
/// Every fault of the file.
pub fn read(
    file: &Path,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Vec<Fault>> {
    let name = file.display().to_string();
    load_yaml(&name, &filled_in(&name, text, environment)?)
}

/// Replaces `${NAME}` and `${NAME:-default}`; line numbers stay as they are.
fn filled_in(
    file: &str,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Vec<Fault>> {
    let mut out = String::with_capacity(text.len());
    let mut faults = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut rest = line;
        while let Some((before, tail)) = rest.split_once("${") {
            let Some((inside, after)) = tail.split_once('}') else { break };
            let (name, default) = inside.split_once(":-").map_or((inside, None), |(n, d)| (n, Some(d)));
            out.push_str(before);
            match environment(name).or_else(|| default.map(str::to_owned)) {
                Some(value) => out.push_str(&value),
                None => faults.push(missing(file, number + 1, line, name)),
            }
            rest = after;
        }
        out.push_str(rest);
    }
    if faults.is_empty() { Ok(out) } else { Err(faults) }
}

//! The installation's settings: `config/tongban.yaml`, read at start and again at every reload; what a reload takes over is in
//! [`classes`]. Secrets come from the environment (`${NAME}`).

pub mod classes;

use crate::edge::settings::{ListenerSettings, RoomsSettings, friendly};
use crate::identity::token::TokenSettings;
use crate::notification::NotificationSettings;
use crate::operations::alerts::AlertSettings;
use crate::operations::logging::LogSettings;
use crate::outbound::OutboundSettings;
use crate::scan::ScanSettings;
use crate::shared_state::RedisSettings;
use crate::store::bucket::MaterialSettings;
use crate::store::postgres::PostgresSettings;
use classes::Named;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tongban_catalog::source::{Document, Fault, Finding, Place, Placed, load_placed};

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
    pub identity: Option<TokenSettings>,
    /// Intake.
    #[serde(default)]
    pub intake: IntakeSettings,
    /// Where applications are kept.
    #[serde(default)]
    pub store: StoreSettings,
    /// Where sealed files lie.
    #[serde(default)]
    pub materials: MaterialSettings,
    /// What nodes share for a moment; without it every node goes by what it knows itself.
    #[serde(default)]
    pub redis: Option<RedisSettings>,
    /// The virus scan; without it nothing is scanned.
    #[serde(default)]
    pub scan: Option<ScanSettings>,
    /// Delivery to partners.
    #[serde(default)]
    pub delivery: DeliverySettings,
    /// Statutory and other clocks.
    #[serde(default)]
    pub clocks: ClockSettings,
    /// Feedback from partners.
    #[serde(default)]
    pub feedback: FeedbackSettings,
    /// The sealed audit log.
    #[serde(default)]
    pub audit: AuditSettings,
    /// Alerts about partners; without it nobody is told.
    #[serde(default)]
    pub alerts: Option<AlertSettings>,
    /// Notifications to applicants and subscribers; without it nobody is told.
    #[serde(default)]
    pub notifications: Option<NotificationSettings>,
    /// Where the gateway may connect to.
    #[serde(default)]
    pub outbound: OutboundSettings,
    /// Logs.
    #[serde(default)]
    pub log: LogSettings,
    /// The file that they come from, to be read again at a reload; without one a reload leaves the settings alone.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// Every key that the file names.
    #[serde(skip)]
    pub named: Named,
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

/// Bounds of intake.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeSettings {
    /// Bytes of one material.
    pub material_bytes_max: u64,
    /// Bytes of all unbound materials of one client.
    pub unbound_bytes_max: u64,
    /// Unbound materials and unfinished uploads of one client.
    pub unbound_files_max: u64,
    /// How long what nobody bound is kept after its last byte.
    #[serde(with = "friendly")]
    pub unbound_kept: Duration,
    /// Uploads of one client at once.
    pub uploads_at_once_max: usize,
    /// Bytes of the data folder's disk that are kept back for deliveries and feedback: with less room, applications and uploads
    /// get 503. 0 keeps nothing back.
    pub disk_free_bytes_min: u64,
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
            unbound_files_max: 1_000,
            unbound_kept: Duration::from_secs(24 * 3_600),
            uploads_at_once_max: 32,
            disk_free_bytes_min: 64 << 20,
            write_queue_max: 4_096,
            commit_batch_max: 64,
        }
    }
}

/// Where applications are kept: SQLite in the data folder, or PostgreSQL for several nodes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// The database that all nodes share; without it SQLite in the data folder, for one node.
    pub postgres: Option<PostgresSettings>,
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

/// Bounds of clocks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockSettings {
    /// Cases that a recomputation after a changed calendar looks at in a second at most. Taken as 1 when it is 0.
    pub recomputed_per_second: u32,
}

impl Default for ClockSettings {
    fn default() -> Self {
        Self {
            recomputed_per_second: 500,
        }
    }
}

/// Bounds of feedback.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackSettings {
    /// Bytes of one callback.
    pub callback_bytes_max: u64,
}

impl Default for FeedbackSettings {
    fn default() -> Self {
        Self {
            callback_bytes_max: 16 << 20,
        }
    }
}

/// The sealed audit log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// Time between two rounds of the sealer: how long a record waits for its batch. Taken as 100 ms when it is less.
    #[serde(with = "friendly")]
    pub seal_every: Duration,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            seal_every: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// Bytes of one upload: what cannot be scanned is not taken, since it could never leave.
    #[must_use]
    pub fn upload_bytes_max(&self) -> u64 {
        let scanned = self.scan.as_ref().map_or(u64::MAX, |s| s.stream_bytes_max);
        self.intake.material_bytes_max.min(scanned)
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
    read_placed(file, text, environment).map(|placed| placed.value)
}

/// The same, with the places of its parts.
///
/// # Errors
/// Every fault of the file.
pub fn read_placed(
    file: &Path,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Placed<Config>, Vec<Fault>> {
    let name = file.display().to_string();
    let filled = filled_in(&name, text, environment)?;
    let mut placed: Placed<Config> = load_placed(&name, &filled)?;
    placed.value.named = classes::named(&filled);
    Ok(placed)
}

/// Replaces `${NAME}` and `${NAME:-default}`, but in lines that are comments; line numbers stay as they are.
fn filled_in(
    file: &str,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Vec<Fault>> {
    let mut out = String::with_capacity(text.len());
    let mut faults = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut rest = line;
        if line.trim_start().starts_with('#') {
            out.push_str(line);
            continue;
        }
        while let Some((before, tail)) = rest.split_once("${") {
            let Some((inside, after)) = tail.split_once('}') else {
                break;
            };
            let (name, default) = inside
                .split_once(":-")
                .map_or((inside, None), |(n, d)| (n, Some(d)));
            out.push_str(before);
            match environment(name).or_else(|| default.map(str::to_owned)) {
                Some(value) => out.push_str(&value),
                None => faults.push(missing(file, number + 1, line, name)),
            }
            rest = after;
        }
        out.push_str(rest);
    }
    if faults.is_empty() {
        Ok(out)
    } else {
        Err(faults)
    }
}

fn missing(file: &str, number: usize, line: &str, name: &str) -> Fault {
    let column = line
        .find("${")
        .map_or(1, |at| line[..at].chars().count() + 1);
    let place = Place {
        line: u32::try_from(number).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    };
    Finding::new(
        "",
        "missing_variable",
        format!("环境变量{name}没有设置"),
        format!("the environment variable {name} is not set"),
    )
    .with_hint(
        format!("请设置它，或写成${{{name}:-默认值}}"),
        format!("set it, or write ${{{name}:-default}}"),
    )
    .into_fault(file, place)
}

/// Where `${NAME}` comes from: the process's environment, or the demo's own answers before it.
pub type Environment = std::sync::Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The environment of the process, read here and nowhere else.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn the_shipped_settings_are_read() {
        let text = include_str!("../../config/tongban.yaml");
        let config = read(Path::new("config/tongban.yaml"), text, &nothing).unwrap();
        assert_eq!(config.listeners.public.address.port(), 8080);
        assert_eq!(config.listeners.exchange.address.port(), 8090);
        assert_eq!(config.listeners.operations.address.port(), 9090);
    }

    #[test]
    fn a_variable_that_is_not_set_is_a_fault_at_its_place() {
        let text = "schema: tongban/config/1\ndata: ${TONGBAN_DATA}\n";
        let faults = read(Path::new("c.yaml"), text, &nothing).unwrap_err();
        assert_eq!(
            (faults[0].line, faults[0].column, faults[0].code),
            (2, 7, "missing_variable")
        );
    }

    #[test]
    fn a_variable_in_a_comment_is_not_asked_for() {
        let text = "  # data: ${TONGBAN_DATA}\ndata: x # ${HERE:-it is}\n";
        let filled = filled_in("c.yaml", text, &nothing).unwrap();
        assert_eq!(filled, "  # data: ${TONGBAN_DATA}\ndata: x # it is\n");
    }

    #[test]
    fn a_scan_is_off_unless_a_clamd_is_named_and_bounds_what_is_taken() {
        let shipped = include_str!("../../config/tongban.yaml");
        let config = read(Path::new("c.yaml"), shipped, &nothing).unwrap();
        assert!(config.scan.is_none());
        assert_eq!(config.upload_bytes_max(), 200 << 20);
        let text = format!("{shipped}\nscan: {{ clamd: /run/clamav/clamd.ctl, answer: 30s }}\n");
        let config = read(Path::new("c.yaml"), &text, &nothing).unwrap();
        assert_eq!(config.upload_bytes_max(), 100 << 20, "clamd's own default");
        assert_eq!(config.scan.unwrap().answer, Duration::from_secs(30));
        let text = format!("{shipped}\nscan: {{ clamd: clamd }}\n");
        let faults = read(Path::new("c.yaml"), &text, &nothing).unwrap_err();
        assert!(
            format!("{:?}", faults[0]).contains("host:port"),
            "{faults:?}"
        );
    }

    #[test]
    fn alerts_have_thresholds_for_all_and_for_some() {
        let shipped = include_str!("../../config/tongban.yaml");
        let text = format!(
            "{shipped}\nalerts:\n  thresholds: {{ oldest: 1h, dead: 5 }}\n  systems: {{ slow: {{ oldest: 4h }} }}\n  quiet: 22:00-07:00\n  \
             webhook: {{ url: \"https://a.example/\", secret: s }}\n"
        );
        let config = read(Path::new("c.yaml"), &text, &nothing).unwrap();
        let alerts = config.alerts.unwrap();
        let hours = |system| alerts.of(system).oldest.as_secs() / 3_600;
        assert_eq!((hours("slow"), hours("other")), (4, 1));
        assert_eq!(
            (alerts.of("slow").dead, alerts.channels()),
            (5, vec!["webhook"])
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = include_str!("../../config/tongban.yaml").replace("cores:", "coers:");
        let faults = read(Path::new("c.yaml"), &text, &nothing).unwrap_err();
        assert_eq!(faults[0].code, "unknown_key");
    }
}

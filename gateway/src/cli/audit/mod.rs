//! `tongban audit`: the sealed audit log verified, as a whole or for one receipt.

mod log;
mod receipt;
mod roots;

use super::CommandError;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Verify the sealed audit log.
#[derive(Debug, Args)]
pub struct AuditArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check every batch and every record against its signed root, or one receipt offline
    Verify(VerifyArguments),
}

/// Check every batch and every record against its signed root; or one receipt, offline.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tongban audit verify
  tongban audit verify --from 1200 --roots kept-roots.json
  tongban audit verify --receipt receipt.json --roots kept-roots.json

The first broken record is named with its batch and what differs (exit 1). A running gateway
does the work; without one the data folder is opened. What somebody cut off at the end shows
against roots that were kept elsewhere: keep them with
  curl 'https://HALL/api/v1/audit/roots?after=0&limit=1000' >> kept-roots.json

With --receipt neither gateway nor data folder is needed: the published key comes from --key
(GET /api/v1/receipt-key) or from the file of --roots, which holds it too.
docs/operations/audit.md says more.")]
pub struct VerifyArguments {
    /// Settings of the installation, for its data folder
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/tongban.yaml",
        conflicts_with = "receipt"
    )]
    config: PathBuf,
    /// Begin at this batch instead of the first
    #[arg(long, value_name = "BATCH", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..), conflicts_with = "receipt")]
    from: i64,
    /// Signed roots that were kept: answers of GET /api/v1/audit/roots, one behind another
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Check this receipt (GET /api/v1/applications/NO/receipt) and nothing else
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// The hall's published key, a JWK set
    #[arg(long, value_name = "FILE", requires = "receipt")]
    key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`] when something is broken, or nothing could be looked at.
pub fn run(arguments: &AuditArguments) -> Result<(), CommandError> {
    let Action::Verify(arguments) = &arguments.action;
    let kept = match &arguments.roots {
        Some(path) => Some(roots::KeptRoots::read(path)?),
        None => None,
    };
    match &arguments.receipt {
        Some(path) => receipt::run(path, arguments.key.as_deref(), kept, arguments.json),
        None => log::run(&arguments.config, arguments.from, kept, arguments.json),
    }
}

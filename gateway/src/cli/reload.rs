//! `tongban reload`: the running gateway reads its settings and what is registered anew, all of it or nothing.

use super::CommandError;
use crate::installation::reload::ReloadReport;
use crate::operations::deliveries_command::client::OpsClient;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Have the running gateway read its settings and what is registered anew.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tongban check config && tongban reload\n\nAll faults are told and nothing is changed when there is any (exit 1). \
    Settings that need a restart are named and stay as they are;\ndocs/operations/reload.md says which. SIGHUP does the same."
)]
pub struct ReloadArguments {
    /// Data folder of the running gateway
    #[arg(
        long,
        value_name = "FOLDER",
        env = "TONGBAN_DATA",
        default_value = "data"
    )]
    data: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`] with every fault, or when no gateway runs on the data folder.
pub fn run(arguments: &ReloadArguments) -> Result<(), CommandError> {
    let client = OpsClient::of_folder(&arguments.data);
    let report: ReloadReport = super::serve::runtime()?
        .block_on(client.post("/ops/v1/reload", &json!({})))
        .map_err(CommandError::failed)?;
    if arguments.json {
        super::say(serde_json::to_string(&report).map_err(CommandError::failed)?);
    } else {
        super::say(report.words());
    }
    Ok(())
}

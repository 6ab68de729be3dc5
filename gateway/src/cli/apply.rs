//! `tongban apply`: registers what operators wrote; through the running gateway where there is one, else in the data folder itself.

use super::{CommandError, check};
use crate::installation::{Foundation, OPS_SOCKET};
use crate::operations::apply_api::{AppliedLine, ApplyRequest, apply_directly, send};
use clap::Args;
use std::path::PathBuf;

/// Register catalogue items and systems; nothing changes when something is wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tongban apply config\n\nA running gateway takes the change over at once; without one, the data folder is opened."
)]
pub struct ApplyArguments {
    /// Files, or folders with YAML files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Settings of the installation, for its data folder
    #[arg(long, value_name = "FILE", default_value = "config/tongban.yaml")]
    config: PathBuf,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`] with every fault, or when neither the gateway nor the data folder can be reached.
pub fn run(arguments: &ApplyArguments) -> Result<(), CommandError> {
    let texts = check::texts(&arguments.paths)?;
    if let Err(faults) = check::read(&arguments.paths)? {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(CommandError::Failed(format!(
            "nothing was applied:\n{}",
            lines.join("\n")
        )));
    }
    let config = super::serve::read_config(&arguments.config)?;
    let request = ApplyRequest { files: texts };
    let applied = super::serve::runtime()?.block_on(async {
        let socket = config.data.join(OPS_SOCKET);
        match send(&socket, &request).await {
            Some(answer) => answer.map_err(CommandError::Failed),
            None => {
                let foundation =
                    Foundation::open(&config, std::sync::Arc::new(crate::config::environment))
                        .await
                        .map_err(CommandError::failed)?;
                let applied = apply_directly(&foundation, &request)
                    .await
                    .map_err(CommandError::Failed);
                foundation.store.close().await;
                applied
            }
        }
    })?;
    print(&applied, arguments.json)
}

fn print(applied: &[AppliedLine], json: bool) -> Result<(), CommandError> {
    if json {
        super::say(serde_json::to_string(applied).map_err(CommandError::failed)?);
        return Ok(());
    }
    for line in applied.iter().filter(|line| line.outcome != "left") {
        super::say(format_args!("{:<8} {}", line.outcome, line.name));
    }
    let count = |outcome: &str| {
        applied
            .iter()
            .filter(|line| line.outcome == outcome)
            .count()
    };
    println!(
        "{} created, {} changed, {} left as they were",
        count("created"),
        count("changed"),
        count("left")
    );
    Ok(())
}

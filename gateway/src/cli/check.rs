//! `tongban check`: every fault of every file, offline.

use super::{CommandError, files};
use crate::clock::Clock;
use crate::config;
use crate::registry::sources::{self, SourceText};
use clap::Args;
use std::path::PathBuf;
use tongban_catalog::Language;
use tongban_catalog::source::Fault;

/// Check configuration, catalogue and system definitions without running anything.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tongban check config")]
pub struct CheckArguments {
    /// Files, or folders with YAML files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Name faults in English
    #[arg(long)]
    english: bool,
    /// Print faults as one JSON array
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`] when there is any fault.
pub fn run(arguments: &CheckArguments) -> Result<(), CommandError> {
    let read = read(&arguments.paths)?;
    let faults = match &read {
        Ok(sources) if !arguments.json => {
            super::say(format_args!("no faults: {}", sources.summary()));
            return Ok(());
        }
        Ok(_) => &Vec::new(),
        Err(faults) => faults,
    };
    if arguments.json {
        super::say(serde_json::to_string(faults).map_err(CommandError::failed)?);
    } else {
        let language = if arguments.english {
            Language::English
        } else {
            Language::Chinese
        };
        for fault in faults {
            super::say(fault.line_in(language));
        }
    }
    match faults.len() {
        0 => Ok(()),
        count => Err(CommandError::Failed(format!("{count} fault(s)"))),
    }
}

/// Reads and checks the files at these paths; the inner result holds every fault.
///
/// # Errors
/// [`CommandError::Failed`] for a path that cannot be read at all.
pub fn read(paths: &[PathBuf]) -> Result<Result<sources::Sources, Vec<Fault>>, CommandError> {
    Ok(sources::read(&texts(paths)?, &config::environment, today()))
}

/// The files at these paths with their texts.
///
/// # Errors
/// [`CommandError::Failed`] for a path that cannot be read at all.
pub fn texts(paths: &[PathBuf]) -> Result<Vec<SourceText>, CommandError> {
    let found = files::yaml_files(paths)?;
    Ok(found
        .into_iter()
        .map(|file| SourceText {
            name: file.name,
            text: file.text,
        })
        .collect())
}

/// Today in Asia/Shanghai.
#[must_use]
pub fn today() -> jiff::civil::Date {
    crate::intake::compose::legal_day(Clock::system().now())
}

//! `tongban check`: every fault of every file, offline.

use super::{CommandError, check_database, files};
use crate::clock::Clock;
use crate::config;
use crate::registry::sources::{self, SourceText};
use crate::store::integrity::Depth;
use clap::Args;
use std::path::PathBuf;
use tongban_catalog::Language;
use tongban_catalog::source::Fault;

/// Check configuration, catalogue and system definitions without running anything.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tongban check config\n  tongban check --database --data /var/lib/tongban --deep"
)]
pub struct CheckArguments {
    /// Files, or folders with YAML files
    #[arg(required_unless_present = "database", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Look at what is stored instead: schema, indexes, references, sequences, files and seals
    #[arg(long, conflicts_with = "paths")]
    database: bool,
    /// With --database: data folder, of a gateway that runs or of none
    #[arg(
        long,
        value_name = "FOLDER",
        env = "TONGBAN_DATA",
        default_value = "data"
    )]
    data: PathBuf,
    /// With --database: settings of the installation, when its files lie in a bucket and no gateway runs
    #[arg(long, value_name = "FILE", requires = "database")]
    config: Option<PathBuf>,
    /// With --database: open every seal and read every file, not a sample
    #[arg(long, requires = "database")]
    deep: bool,
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
    if arguments.database {
        return database(arguments);
    }
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

fn database(arguments: &CheckArguments) -> Result<(), CommandError> {
    let depth = if arguments.deep {
        Depth::Everything
    } else {
        Depth::Sample
    };
    let language = if arguments.english {
        crate::text::Language::English
    } else {
        crate::text::Language::Chinese
    };
    let config = arguments.config.as_deref();
    check_database::run(&arguments.data, config, depth, language, arguments.json)
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

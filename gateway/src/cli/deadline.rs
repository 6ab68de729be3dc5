//! `tongban deadline`: computes a due date and explains it day by day.

use super::CommandError;
use clap::Args;
use std::path::{Path, PathBuf};
use tongban_catalog::Language;
use tongban_catalog::calendar::{Calendar, CalendarYear};
use tongban_catalog::deadline::{ServiceHours, explain, parse_request, parse_unit};
use tongban_catalog::source::load_yaml;

/// Compute a due date and explain it day by day.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tongban deadline --from 2017-05-25 --days 3 --unit working_day\n  \
    tongban deadline --from 2017-06-05 --days 20 --unit working_day --stop 2017-06-08..2017-06-14:correction"
)]
pub struct DeadlineArguments {
    /// When it begins: a date, a time in Asia/Shanghai, or an instant with offset; its day is day 0
    #[arg(long, value_name = "T")]
    from: String,
    /// How many units
    #[arg(long, value_name = "N")]
    days: String,
    /// Unit: working_day, natural_day, month, hour or minute (or G, Z)
    #[arg(long, value_name = "U", default_value = "working_day")]
    unit: String,
    /// A suspension A..B[:L][:kind]: L its limit in working days, kind one of correction, a, b, refused; may be repeated
    #[arg(long, value_name = "A..B")]
    stop: Vec<String>,
    /// Service hours for hours and minutes, for example 08:30-12:00,14:00-17:30
    #[arg(long, value_name = "HOURS")]
    service_hours: Option<String>,
    /// Folder with the calendar's years
    #[arg(long, value_name = "FOLDER", default_value = "config/calendar")]
    calendar: PathBuf,
    /// Explain in English
    #[arg(long)]
    english: bool,
    /// Print the whole derivation as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Wrong arguments are a usage error; a calendar that cannot be read is a failure.
pub fn run(arguments: &DeadlineArguments) -> Result<(), CommandError> {
    let usage = |error: &dyn std::fmt::Display| CommandError::Usage(error.to_string());
    let unit = parse_unit(&arguments.unit).map_err(|e| usage(&e))?;
    let hours: Option<ServiceHours> = match &arguments.service_hours {
        Some(text) => Some(text.parse().map_err(|e| usage(&e))?),
        None => None,
    };
    let stops = arguments.stop.iter().map(String::as_str);
    let request = parse_request(&arguments.from, &arguments.days, unit, hours, stops)
        .map_err(|e| usage(&e))?;
    let calendar = read_calendar(&arguments.calendar)?;
    let derivation = explain(&request, &calendar).map_err(|e| usage(&e))?;
    if arguments.json {
        super::say(serde_json::to_string(&derivation).map_err(CommandError::failed)?);
    } else {
        let language = if arguments.english {
            Language::English
        } else {
            Language::Chinese
        };
        super::say(derivation.text(language));
    }
    Ok(())
}

/// Reads every year of a calendar folder.
///
/// # Errors
/// [`CommandError::Failed`] with every fault of every file.
pub fn read_calendar(folder: &Path) -> Result<Calendar, CommandError> {
    let mut years = Vec::new();
    let mut faults = Vec::new();
    for file in super::files::yaml_files(&[folder.to_path_buf()])? {
        match load_yaml::<CalendarYear>(&file.name, &file.text) {
            Ok(year) => years.push(year),
            Err(found) => faults.extend(found.iter().map(ToString::to_string)),
        }
    }
    if !faults.is_empty() {
        return Err(CommandError::Failed(faults.join("\n")));
    }
    Calendar::new(years).map_err(|problems| {
        CommandError::Failed(
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        )
    })
}

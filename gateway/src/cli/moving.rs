//! `tongban move`: a hall from SQLite to PostgreSQL.

use super::CommandError;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::operations::moving::{HallMoved, Wanted, move_hall};
use crate::store::bucket::Bucket;
use crate::store::moving::{Beginning, Stage, Told};
use crate::store::postgres::PostgresSettings;
use clap::Args;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Move the hall from SQLite to PostgreSQL.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tongban move --config config/tongban.yaml                    # to the store.postgres that the settings name
  TONGBAN_DATABASE_URL=postgres://… tongban move --to-schema hall

Stop the gateway first. From the data folder of the settings, with its ids, seals, receipts and audit log as they are. The target must be
empty. The same command goes on after an interruption. At the end every row is read from both databases and compared; only then does a
gateway start on the target, and none starts on the folder any more. See docs/operations/moving.md")]
pub struct MoveArguments {
    /// Settings of the installation: `data` says where from, `store.postgres` where to
    #[arg(long, value_name = "FILE", default_value = "config/tongban.yaml")]
    config: PathBuf,
    /// Address of the target, when the settings do not name it yet (better by the variable: others see a command line)
    #[arg(
        long,
        value_name = "URL",
        env = "TONGBAN_DATABASE_URL",
        hide_env_values = true
    )]
    to: Option<String>,
    /// Schema of the target, with --to
    #[arg(long, value_name = "NAME", default_value = "public")]
    to_schema: String,
    /// Folder of the sealed files that all nodes will see, with --to; without it they stay in the data folder
    #[arg(long, value_name = "FOLDER")]
    to_files: Option<PathBuf>,
    /// Rows of one batch, at most
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`]; nothing is lost then, and the same command goes on.
pub fn run(arguments: &MoveArguments) -> Result<(), CommandError> {
    let config = super::serve::read_config(&arguments.config)?;
    let s3 = config.materials.s3.as_ref();
    let bucket = s3.map(|settings| Bucket::new(settings, &config.outbound));
    let wanted = Wanted {
        data: config.data.clone(),
        postgres: target(arguments, &config)?,
        batch: arguments.batch,
        bucket: bucket
            .transpose()
            .map_err(CommandError::failed)?
            .map(Arc::new),
    };
    let mut bar = Bar::new(Clock::system());
    let moved = super::serve::runtime()?.block_on(move_hall(
        &wanted,
        Clock::system(),
        Entropy::system(),
        &mut |told| bar.show(told),
    ));
    bar.end();
    let moved = moved.map_err(CommandError::failed)?;
    if arguments.json {
        super::say(serde_json::to_string(&moved).map_err(CommandError::failed)?);
        return Ok(());
    }
    print(&moved, &wanted, config.store.postgres.is_some());
    Ok(())
}

fn target(arguments: &MoveArguments, config: &Config) -> Result<PostgresSettings, CommandError> {
    if let Some(named) = &config.store.postgres {
        return Ok(named.clone());
    }
    let Some(url) = &arguments.to else {
        return Err(CommandError::Usage(
            "where to? Name store.postgres in the settings, or set TONGBAN_DATABASE_URL".to_owned(),
        ));
    };
    let mut postgres = PostgresSettings::of(url);
    postgres.schema.clone_from(&arguments.to_schema);
    postgres.files.clone_from(&arguments.to_files);
    Ok(postgres)
}

fn print(moved: &HallMoved, wanted: &Wanted, named: bool) {
    for table in &moved.rows.tables {
        super::say(format_args!(
            "{:<20} {:>10} rows  sha256 {}  the same in both",
            table.table, table.rows, table.sha256
        ));
    }
    let rows: u64 = moved.rows.tables.iter().map(|t| t.rows).sum();
    let began = match moved.rows.beginning {
        Beginning::New => "",
        Beginning::Resumed => "; an interrupted move was gone on with",
        Beginning::Anew => "; begun anew, since the hall was served after an interrupted move",
    };
    super::say(format_args!(
        "moved: {rows} rows of {} tables, {} copied now{began}",
        moved.rows.tables.len(),
        moved.rows.copied
    ));
    super::say(format_args!(
        "files: {} ({} bytes), {} {}",
        moved.files,
        moved.bytes,
        if moved.files_copied {
            "copied to"
        } else {
            "left in"
        },
        moved.folder.display()
    ));
    if moved.files_in_bucket > 0 {
        super::say(format_args!(
            "{} of them lie in the bucket of materials.s3 and stay there",
            moved.files_in_bucket
        ));
    }
    if !named {
        super::say("write into the settings, then start the gateway:");
        super::say(settings(wanted, &moved.folder));
    } else {
        super::say("the settings name it already: start the gateway");
    }
    super::say(format_args!(
        "master.key stays in {}: every further node needs a copy of it. Keep the old database until a backup of the new one exists.",
        wanted.data.display()
    ));
}

fn settings(wanted: &Wanted, folder: &Path) -> String {
    let files = wanted.postgres.files.as_ref();
    let files = files.map_or_else(String::new, |_| {
        format!("\n    files: {}", folder.display())
    });
    format!(
        "store:\n  postgres:\n    url: \"${{TONGBAN_DATABASE_URL}}\"\n    schema: {}{files}",
        wanted.postgres.schema
    )
}

/// A bar on a terminal; elsewhere a line for every table, and every few seconds.
struct Bar {
    clock: Clock,
    terminal: bool,
    begun: Instant,
    stage: Option<Stage>,
    stage_begun: Instant,
    /// What an earlier run had done when this one began the stage.
    before: u64,
    shown: Option<Instant>,
    table: String,
}

impl Bar {
    const WIDTH: u64 = 24;
    const EVERY_ON_TERMINAL: Duration = Duration::from_millis(100);
    const EVERY: Duration = Duration::from_secs(5);

    fn new(clock: Clock) -> Self {
        let begun = clock.instant();
        Self {
            clock,
            terminal: std::io::stderr().is_terminal(),
            begun,
            stage: None,
            stage_begun: begun,
            before: 0,
            shown: None,
            table: String::new(),
        }
    }

    fn show(&mut self, told: Told<'_>) {
        let now = self.clock.instant();
        if self.stage != Some(told.stage) {
            self.stage = Some(told.stage);
            self.stage_begun = now;
            self.before = told.all_done;
            self.shown = None;
            self.table.clear();
        }
        let every = if self.terminal {
            Self::EVERY_ON_TERMINAL
        } else {
            Self::EVERY
        };
        let due = self
            .shown
            .is_none_or(|shown| now.duration_since(shown) >= every);
        let new = self.table != told.table;
        if !due && !new && told.all_done < told.all {
            return;
        }
        self.shown = Some(now);
        told.table.clone_into(&mut self.table);
        let line = progress(&told, now.duration_since(self.stage_begun), self.before);
        // Nothing is left to tell to a reader that has gone.
        let _ = match self.terminal {
            true => write!(std::io::stderr(), "\r{}\x1b[K", barred(&told, &line)),
            false => writeln!(std::io::stderr(), "{line}"),
        };
    }

    fn end(&self) {
        if self.terminal && self.shown.is_some() {
            let took = self.clock.instant().duration_since(self.begun);
            let _ = writeln!(std::io::stderr(), "\n{:.1} s", took.as_secs_f64());
        }
    }
}

fn barred(told: &Told<'_>, line: &str) -> String {
    let full = told.all_done * Bar::WIDTH / told.all.max(1);
    let full = usize::try_from(full.min(Bar::WIDTH)).unwrap_or_default();
    format!("[{:<24}] {line}", "#".repeat(full))
}

/// `rows case_event 2000/5000, 4100/9000 in all, 1200/s, 4 s left`.
fn progress(told: &Told<'_>, took: Duration, before: u64) -> String {
    let done = told.all_done.saturating_sub(before);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1_000) / millis;
    let left = told.all.saturating_sub(told.all_done);
    let left = match (rate, left) {
        (_, 0) => "done".to_owned(),
        (0, _) => "time left not known yet".to_owned(),
        (rate, left) => format!("{} s left", left.div_ceil(rate)),
    };
    format!(
        "{:<7} {:<20} {}/{}, {}/{} in all, {rate}/s, {left}",
        told.stage.as_str(),
        told.table,
        told.done,
        told.of,
        told.all_done,
        told.all
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: u64) -> Told<'static> {
        Told {
            stage: Stage::Rows,
            table: "case_event",
            done,
            of: 5_000,
            all_done: done + 1_000,
            all: 9_000,
        }
    }

    #[test]
    fn the_line_tells_rows_rate_and_time_left() {
        let line = progress(&told(3_000), Duration::from_secs(2), 1_000);
        assert!(
            line.contains("3000/5000, 4000/9000 in all, 1500/s, 4 s left"),
            "{line}"
        );
        let line = progress(&told(8_000), Duration::ZERO, 9_000);
        assert!(line.contains("done"), "{line}");
        assert!(barred(&told(8_000), "").starts_with("[########################]"));
    }
}

//! `tongban backup` and `tongban restore`.

use super::CommandError;
use crate::clock::Clock;
use crate::operations::backup::make::{Made, Wanted, make};
use crate::operations::backup::restore::restore;
use crate::operations::backup::verify::verify;
use crate::operations::backup::{BackupError, Step};
use clap::Args;
use serde_json::json;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;

/// Copy everything that is stored, while the gateway serves.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tongban backup /backup/2026-03-01 --data /var/lib/tongban
  tongban backup --verify /backup/2026-03-01

The gateway serves on meanwhile. Every application acknowledged before the backup began is in it, with its materials. It is verified
before it gets its name; what was interrupted ends in .partial, and the same command makes it anew.
The MASTER KEY (master.key) is NOT in it, and nothing opens without it: keep a copy elsewhere, apart from the backups.
The folder can be checked without this program too: sha256sum -c SHA256SUMS")]
pub struct BackupArguments {
    /// Folder that will be the backup; it must not exist
    #[arg(required_unless_present = "verify", value_name = "DESTINATION")]
    destination: Option<PathBuf>,
    /// Verify a backup instead
    #[arg(long, value_name = "SOURCE", conflicts_with = "destination")]
    verify: Option<PathBuf>,
    /// Data folder
    #[arg(
        long,
        value_name = "FOLDER",
        env = "TONGBAN_DATA",
        default_value = "data"
    )]
    data: PathBuf,
    /// Put the master key in: whoever has the backup then reads everything
    #[arg(long)]
    with_master_key: bool,
    /// Copy files also where hard links would do (a link is no second copy on the disk)
    #[arg(long)]
    copy: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Put a backup into an empty data folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tongban restore /backup/2026-03-01 --data /var/lib/tongban --master-key /safe/master.key

The backup is verified first. The data folder must be empty; master.key may lie in it. Whatever was still to be delivered when the
backup was made is asked about at the partner before it is sent again. What was taken after the backup began is not in it; its numbers
are not given again. See docs/operations/backup.md before you open intake.")]
pub struct RestoreArguments {
    /// The backup
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// Data folder to restore into
    #[arg(
        long,
        value_name = "FOLDER",
        env = "TONGBAN_DATA",
        default_value = "data"
    )]
    data: PathBuf,
    /// File with the master key, when it is neither in the backup nor in the folder
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        Self::failed(error)
    }
}

/// Runs `tongban backup`.
///
/// # Errors
/// [`CommandError::Failed`]; no folder has the destination's name then.
pub fn run(arguments: &BackupArguments) -> Result<(), CommandError> {
    let mut bar = Bar::new(arguments.json);
    let runtime = super::serve::runtime()?;
    if let Some(source) = &arguments.verify {
        let manifest = runtime.block_on(verify(source, &mut |s, d, o| bar.show(s, d, o)))?;
        bar.end();
        let line = format!(
            "whole: {} files, {} bytes, begun at {}",
            manifest.files, manifest.bytes, manifest.begun_at
        );
        return said(arguments.json, &manifest, &line);
    }
    let wanted = Wanted {
        data: arguments.data.clone(),
        destination: arguments.destination.clone().unwrap_or_default(),
        master_key: arguments.with_master_key,
        copies: arguments.copy,
    };
    let now = Clock::system().now();
    let made = runtime.block_on(make(&wanted, now, &mut |s, d, o| bar.show(s, d, o)))?;
    bar.end();
    if !arguments.json {
        print_made(&made);
        return Ok(());
    }
    super::say(json!(made));
    Ok(())
}

fn print_made(made: &Made) {
    let manifest = &made.manifest;
    let cases = manifest
        .rows
        .get("case_record")
        .copied()
        .unwrap_or_default();
    super::say(format_args!(
        "{}: verified, {cases} cases, {} files, {} bytes",
        made.destination.display(),
        manifest.files,
        manifest.bytes
    ));
    if let Some(named) = &manifest.bucket {
        super::say(format_args!(
            "{} files are named and NOT in it: they lie in the bucket {} of {}",
            named.objects, named.place.bucket, named.place.endpoint
        ));
    }
    if manifest.linked {
        super::say("files are hard links: take the folder to another disk, or use --copy");
    }
    if manifest.master_key {
        super::say("主密钥在备份中：持有备份者可读取全部数据，请严格保管。");
        super::say("THE MASTER KEY IS IN IT: whoever has this folder reads everything. Guard it.");
    } else {
        super::say(
            "备份不含主密钥 master.key；没有它，任何数据都无法打开。请另行保管，勿与备份放在一起。",
        );
        super::say(
            "THE MASTER KEY IS NOT IN IT, and nothing opens without it. Keep master.key elsewhere, apart from this folder.",
        );
    }
}

/// Runs `tongban restore`.
///
/// # Errors
/// [`CommandError::Failed`]; no gateway starts on the folder then.
pub fn run_restore(arguments: &RestoreArguments) -> Result<(), CommandError> {
    let mut bar = Bar::new(arguments.json);
    let restored = super::serve::runtime()?.block_on(restore(
        &arguments.source,
        &arguments.data,
        arguments.master_key.as_deref(),
        Clock::system().now(),
        &mut |s, d, o| bar.show(s, d, o),
    ))?;
    bar.end();
    let line = format!(
        "restored into {}: as it stood at {}; {} open deliveries are asked about before they are sent again",
        restored.data.display(),
        restored.manifest.begun_at,
        restored.deliveries_asking
    );
    said(arguments.json, &restored, &line)?;
    if restored.manifest.bucket.is_some() {
        eprintln!(
            "files lie in the bucket that materials.s3 must name. Nothing in it is swept until \"sweep\" is true in {}: \
             set it once no other hall uses that bucket (docs/operations/bucket.md)",
            restored
                .data
                .join(crate::store::bucket::BUCKET_MARK)
                .display()
        );
    }
    if restored.keys_counting > 0 {
        let (keys, begun_at) = (restored.keys_counting, restored.manifest.begun_at);
        eprintln!(
            "WARNING: {keys} keys of programs count as they did at {begun_at}; one that was revoked since COUNTS AGAIN.\n\
             Revoke it again before you open the hall (tongban key list, tongban key revoke); docs/operations/credentials.md\n\
             警告：{keys} 个接口密钥恢复为当时的状态；此后吊销的密钥重新有效，开放前请再次吊销。"
        );
    }
    Ok(())
}

fn said(as_json: bool, value: &impl serde::Serialize, line: &str) -> Result<(), CommandError> {
    if as_json {
        super::say(serde_json::to_string(value).map_err(CommandError::failed)?);
    } else {
        super::say(line);
    }
    Ok(())
}

/// A bar on a terminal; nothing elsewhere.
struct Bar {
    shown: Option<(Step, u64)>,
    terminal: bool,
}

impl Bar {
    const WIDTH: u64 = 30;

    fn new(as_json: bool) -> Self {
        Self {
            shown: None,
            terminal: !as_json && std::io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, step: Step, done: u64, of: u64) {
        let percent = (done * 100).checked_div(of).unwrap_or_default().min(100);
        if !self.terminal || self.shown == Some((step, percent)) {
            return;
        }
        self.shown = Some((step, percent));
        let full = usize::try_from(percent * Self::WIDTH / 100).unwrap_or_default();
        let bar = format!("{:<30}", "#".repeat(full));
        // A terminal that has gone is told nothing.
        let _ = write!(
            std::io::stderr(),
            "\r{:<9} [{bar}] {percent:>3} % ",
            step.as_str()
        );
    }

    fn end(&self) {
        if self.terminal {
            let _ = writeln!(std::io::stderr());
        }
    }
}

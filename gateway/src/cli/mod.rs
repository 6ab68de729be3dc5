//! The commands of `tongban` (contract 1): one file each. Exit codes: 0 done, 1 the check or job failed, 2 wrong usage.

pub mod apply;
pub mod audit;
pub mod backup;
pub mod check;
mod check_database;
pub mod clocks;
pub mod deadline;
pub mod demo;
pub mod files;
pub mod import_wsdl;
pub mod key;
pub mod load;
pub mod moving;
pub mod reload;
pub mod serve;
mod wsdl_folder;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// 通办网关 – the gateway of an online-service hall: unified application, intake, processing and feedback.
#[derive(Debug, Parser)]
#[command(name = "tongban", version, about, long_about = None, propagate_version = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the main job on a fresh machine: three applications, three partners, three protocols
    Demo(demo::DemoArguments),
    /// Run the gateway
    Serve(serve::ServeArguments),
    /// Check configuration, catalogue and system definitions without running anything
    Check(check::CheckArguments),
    /// Register catalogue items and systems; nothing changes when something is wrong
    Apply(apply::ApplyArguments),
    /// Write a draft of a system definition from the WSDL of a partner
    ImportWsdl(import_wsdl::ImportWsdlArguments),
    /// Have the running gateway read its settings and what is registered anew
    Reload(reload::ReloadArguments),
    /// Run one simulated partner by itself
    Simulate(crate::simulator::SimulateArguments),
    /// See and mend deliveries: list, show, retry, discard, pause, resume
    Deliveries(crate::operations::deliveries_command::DeliveriesArguments),
    /// Keys of programs: create, list, rotate, revoke
    Key(key::KeyArguments),
    /// See by which calendar clocks are counted, and how far their recomputation is
    Clocks(clocks::ClocksArguments),
    /// Verify the sealed audit log, or one receipt
    Audit(audit::AuditArguments),
    /// Copy everything that is stored, while the gateway serves
    Backup(backup::BackupArguments),
    /// Put a backup into an empty data folder
    Restore(backup::RestoreArguments),
    /// Move the hall from SQLite to PostgreSQL
    Move(moving::MoveArguments),
    /// Compute a due date and explain it day by day
    Deadline(deadline::DeadlineArguments),
    /// Put load on a running gateway and measure its latency
    Load(Box<load::LoadArguments>),
}

/// Why a command did not do its job. Printed on standard error in one line, with what to do next.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The job failed; the words say who, what, where and what now.
    #[error("{0}")]
    Failed(String),
    /// The arguments are wrong in a way that the parser cannot see.
    #[error("{0}")]
    Usage(String),
}

impl CommandError {
    /// A failure with these words.
    pub fn failed(words: impl std::fmt::Display) -> Self {
        Self::Failed(words.to_string())
    }

    /// The exit code: 1 failed, 2 wrong usage.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

/// Runs the command that was asked for.
///
/// # Errors
/// [`CommandError`], to be printed by `main`.
pub fn run(arguments: Arguments) -> Result<(), CommandError> {
    match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Apply(arguments) => apply::run(&arguments),
        Command::ImportWsdl(arguments) => import_wsdl::run(&arguments),
        Command::Reload(arguments) => reload::run(&arguments),
        Command::Simulate(arguments) => simulate(arguments),
        Command::Deliveries(arguments) => crate::operations::deliveries_command::run(arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Clocks(arguments) => clocks::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => backup::run_restore(&arguments),
        Command::Move(arguments) => moving::run(&arguments),
        Command::Deadline(arguments) => deadline::run(&arguments),
        Command::Load(arguments) => load::run(&arguments),
    }
}

/// Prints a line on standard output; a reader that has gone (`| head`) is no error.
pub(crate) fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;
    // Nothing is left to tell to a reader that has gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn simulate(arguments: crate::simulator::SimulateArguments) -> Result<(), CommandError> {
    serve::runtime()?
        .block_on(crate::simulator::simulate(arguments))
        .map_err(CommandError::failed)
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}

//! `tongban`: reads the command line and does what it says.

use clap::Parser;
use std::process::ExitCode;
use tongban_gateway::cli::{Arguments, run};

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tongban: {error}");
            error.exit_code()
        }
    }
}

//! The matrix of dirty partners: every switch of every simulator in every phase of an exchange, a test of its own each.
//!
//! `matrix::KIND::PHASE::SWITCH`, for example `cargo nextest run -E 'test(=matrix::soap::feedback::twice)'`. The cells come from
//! `tongban simulate KIND --list-switches`, so a new switch, phase or kind joins by itself. What cannot happen stands in the same
//! list with its reason, and `matrix::KIND::never` shows that it really never does. Every choice comes from a seed that is printed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod cells;
mod held;
mod journey;
mod ledger;
mod never;
mod plan;
mod run;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for kind in cells::KINDS {
        let listed = cells::listed(kind);
        for cell in listed.cells {
            let name = cell.name();
            trials.push(Trial::test(name, move || in_runtime(run::cell(cell))));
        }
        let (never, count) = (listed.never, trials.len());
        assert!(count > 0, "the simulators list no switch at all");
        trials.push(Trial::test(format!("matrix::{kind}::never"), move || {
            in_runtime(never::nothing_fires(kind, never))
        }));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A panic inside ends the trial with its words: the runner catches it.
fn in_runtime(test: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(test);
    Ok(())
}

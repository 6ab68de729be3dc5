//! Disks that are full or take no writes: intake says 503, reads and pass-through go on, what was acknowledged stays, and it goes on by
//! itself when there is room again.
//!
//! A full disk needs a file system of its own, which only root may mount. Elsewhere these tests show as ignored, with the reason in
//! their names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod outage;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;
use tongban_tests::disk::SmallDisk;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![trial(
        "a_disk_that_takes_no_writes_stops_intake_and_nothing_else",
        || in_runtime(outage::read_only()),
    )];
    let may_mount = SmallDisk::mount(1).is_ok();
    let full: [(&str, Test); 2] = [
        (
            "a_full_disk_stops_intake_until_there_is_room_and_loses_nothing",
            || in_runtime(outage::full()),
        ),
        (
            "what_is_kept_back_lets_deliveries_and_feedback_go_on",
            || in_runtime(outage::kept_back()),
        ),
    ];
    for (name, test) in full {
        trials.push(match may_mount {
            true => trial(name, test),
            false => trial(
                &format!("skipped_only_root_may_mount_a_tmpfs::{name}"),
                test,
            )
            .with_ignored_flag(true),
        });
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

type Test = fn() -> Result<(), Failed>;

fn trial(name: &str, test: Test) -> Trial {
    Trial::test(name, test)
}

/// A panic inside ends the trial with its words: the runner catches it.
fn in_runtime(test: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(test);
    Ok(())
}

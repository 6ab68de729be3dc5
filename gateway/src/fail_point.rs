//! Fail points: named places, one at every durable step and between them, at which a test build stops, fails or waits on purpose.
//!
//! Compiled in with the cargo feature `fail-points` alone, which `build_info` shows and releases never have; without it a point is
//! nothing at all. `TONGBAN_FAIL_POINT` arms them when `tongban serve` starts: `NAME:abort`, `NAME:error` or `NAME:delay=200ms`,
//! each for the passing that `@N` counts, several joined by `;`. Without `@N` a process aborts at the first passing, and fails or
//! waits at every one. An abort ends the process without unwinding, as kill -9 would, and says so on standard error.

/// The variable that arms fail points.
pub const VARIABLE: &str = "TONGBAN_FAIL_POINT";

/// Every point by name, and whether it can also fail: `error` makes what is done there fail as the disk or the database would.
/// A test compares this list with the places in the source.
pub const POINTS: &[(&str, bool)] = &[
    ("audit.written", false),
    ("bucket.part_put", false),
    ("bulk.before_end", false),
    ("bulk.before_release", false),
    ("bulk.ended", false),
    ("bulk.released", false),
    ("change.committed", false),
    ("change.planned", false),
    ("changes.written", false),
    ("clock.acted", false),
    ("clock.due", false),
    ("delivery.before_finish", false),
    ("delivery.before_journal", false),
    ("delivery.before_send", false),
    ("delivery.finished", false),
    ("delivery.leased", false),
    ("delivery.reply_journalled", false),
    ("delivery.reply_read", false),
    ("delivery.sent", false),
    ("document.discarded", false),
    ("document.known", false),
    ("document.material_written", false),
    ("document.received", false),
    ("document.stored", false),
    ("document.written", false),
    ("erase.before_audit", false),
    ("erase.committed", false),
    ("erase.forgotten", false),
    ("erase.key_destroyed", false),
    ("erase.written", false),
    ("feedback.arrived", false),
    ("feedback.stored", false),
    ("held.due", false),
    ("held.settled", false),
    ("intake.checked", false),
    ("intake.committed", false),
    ("material.moved", true),
    ("material.placed", false),
    ("material.put", false),
    ("material.stored", false),
    ("material.synced", true),
    ("material.written", true),
    ("notification.leased", false),
    ("notification.sent", false),
    ("notification.settled", false),
    ("poll.applied", false),
    ("poll.asked", false),
    ("poll.taken", false),
    ("postgres.before_end", false),
    ("postgres.begun", false),
    ("postgres.ended", false),
    ("recomputation.advanced", false),
    ("recomputation.before_advance", false),
    ("recomputation.before_end", false),
    ("recomputation.begun", false),
    ("recomputation.counted", false),
    ("recomputation.ended", false),
    ("registry.applied", false),
    ("registry.written", false),
    ("scan.due", false),
    ("scan.judged", false),
    ("scan.settled", false),
    ("submit.before_audit", false),
    ("submit.case_written", false),
    ("submit.group_before_audit", false),
    ("submit.group_numbered", false),
    ("submit.numbered", false),
    ("sweep.rows_gone", false),
    ("upload.completed", false),
    ("upload.segment_placed", false),
    ("upload.segment_stored", false),
    ("words.heard", false),
    ("words.written", false),
    ("writer.answered", false),
    ("writer.before_commit", true),
    ("writer.begun", true),
    ("writer.committed", true),
    ("writer.write_run", false),
];

/// A place of a fail point, in an async function. With a second argument the point can fail: the function returns it as its error.
macro_rules! fail_point {
    ($name:literal) => {
        #[cfg(feature = "fail-points")]
        {
            // A point without an error cannot be armed to fail.
            let _ = $crate::fail_point::pass($name).await;
        }
    };
    ($name:literal, $error:expr) => {
        #[cfg(feature = "fail-points")]
        {
            if $crate::fail_point::pass($name).await.is_err() {
                return Err($error.into());
            }
        }
    };
}
pub(crate) use fail_point;

#[cfg(feature = "fail-points")]
pub use armed::{Fails, arm, io_error, pass};

#[cfg(feature = "fail-points")]
mod armed {
    use super::{POINTS, VARIABLE};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// What an armed point does.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Action {
        Abort,
        Error,
        Delay(Duration),
    }

    #[derive(Debug)]
    struct Armed {
        name: &'static str,
        action: Action,
        /// The one passing at which it acts; `None`: at every one.
        at: Option<u64>,
        passed: AtomicU64,
    }

    /// An armed point says that the step at hand fails.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Fails;

    static ARMED: OnceLock<Vec<Armed>> = OnceLock::new();

    /// Arms the points that the variable names; `None` arms nothing. Once in the life of a process: a second call changes nothing.
    ///
    /// # Errors
    /// What cannot be read, in words.
    pub fn arm(text: Option<&str>) -> Result<(), String> {
        let armed = text.map_or(Ok(Vec::new()), read)?;
        for point in &armed {
            eprintln!(
                "fail point {} is armed: {:?}, passing {}",
                point.name,
                point.action,
                point.at.map_or("any".to_owned(), |at| at.to_string())
            );
        }
        // The points of the first call stay.
        let _ = ARMED.set(armed);
        Ok(())
    }

    fn read(text: &str) -> Result<Vec<Armed>, String> {
        text.split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(read_one)
            .collect()
    }

    fn read_one(text: &str) -> Result<Armed, String> {
        let wrong = |why: &str| {
            format!("{VARIABLE}: `{text}`: {why}; write e.g. writer.before_commit:abort@3")
        };
        let (name, what) = text
            .split_once(':')
            .ok_or_else(|| wrong("no action is named"))?;
        let &(name, can_fail) = POINTS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| wrong("there is no such point"))?;
        let (action, at) = match what.split_once('@') {
            None => (what, None),
            Some((action, at)) => {
                let at = at.parse().ok().filter(|n| *n > 0);
                (
                    action,
                    Some(at.ok_or_else(|| wrong("a passing is counted from 1"))?),
                )
            }
        };
        let (action, at) = match action {
            "abort" => (Action::Abort, Some(at.unwrap_or(1))),
            "error" if can_fail => (Action::Error, at),
            "error" => return Err(wrong("this point cannot fail, only abort or wait")),
            other => {
                let delay = other
                    .strip_prefix("delay=")
                    .and_then(|d| d.strip_suffix("ms"))
                    .and_then(|ms| ms.parse().ok())
                    .ok_or_else(|| wrong("an action is abort, error or delay=Nms"))?;
                (Action::Delay(Duration::from_millis(delay)), at)
            }
        };
        Ok(Armed {
            name,
            action,
            at,
            passed: AtomicU64::new(0),
        })
    }

    /// Passes a point: does what it is armed to do.
    ///
    /// # Errors
    /// [`Fails`] when it is armed to fail.
    pub async fn pass(name: &'static str) -> Result<(), Fails> {
        let Some(armed) = ARMED.get() else {
            return Ok(());
        };
        for point in armed.iter().filter(|point| point.name == name) {
            let passing = point.passed.fetch_add(1, Ordering::Relaxed) + 1;
            if point.at.is_some_and(|at| at != passing) {
                continue;
            }
            match point.action {
                Action::Abort => {
                    eprintln!("fail point {name}: the process ends here");
                    std::process::abort();
                }
                Action::Error => return Err(Fails),
                Action::Delay(delay) => tokio::time::sleep(delay).await,
            }
        }
        Ok(())
    }

    /// What a disk that fails would say.
    #[must_use]
    pub fn io_error() -> std::io::Error {
        std::io::Error::other("a fail point of this test build failed")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_point_is_armed_by_its_name_action_and_passing() {
            let armed =
                read("writer.before_commit:abort@3; writer.begun:error;delivery.sent:delay=20ms@2")
                    .unwrap();
            let read: Vec<_> = armed.iter().map(|a| (a.name, a.action, a.at)).collect();
            assert_eq!(
                read,
                [
                    ("writer.before_commit", Action::Abort, Some(3)),
                    ("writer.begun", Action::Error, None),
                    (
                        "delivery.sent",
                        Action::Delay(Duration::from_millis(20)),
                        Some(2)
                    ),
                ]
            );
            assert_eq!(
                super::read("delivery.sent:abort").unwrap()[0].at,
                Some(1),
                "an abort without a number is the first passing"
            );
        }

        #[test]
        fn what_cannot_be_armed_is_refused_in_words() {
            for (text, words) in [
                ("writer.sent:abort", "no such point"),
                ("delivery.sent", "no action"),
                ("delivery.sent:error", "cannot fail"),
                ("delivery.sent:abort@0", "counted from 1"),
                ("delivery.sent:delay=2h", "abort, error or delay"),
            ] {
                let refused = read(text).unwrap_err();
                assert!(refused.contains(words), "{text}: {refused}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::POINTS;
    use std::path::Path;

    /// The calls of the macro in a text: name, and whether an error follows.
    fn calls(text: &str) -> Vec<(String, bool)> {
        text.split(concat!("fail_point", "!("))
            .skip(1)
            .filter_map(|rest| {
                let (name, rest) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
                Some((name.to_owned(), rest.trim_start().starts_with(',')))
            })
            .collect()
    }

    fn collect(folder: &Path, into: &mut Vec<(String, bool)>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                into.extend(calls(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn every_fail_point_is_listed_and_every_listed_one_is_in_the_source_once() {
        let mut found = Vec::new();
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        found.sort();
        let listed: Vec<(String, bool)> = POINTS
            .iter()
            .map(|(name, fails)| ((*name).to_owned(), *fails))
            .collect();
        assert_eq!(found, listed);
    }
}

//! How bulk jobs look on a terminal.

use super::print::{one_line, time};
use crate::operations::ops_api::wire_jobs::{JobList, JobPreview, JobView, Tally};
use std::fmt::Write;

/// Cells of the bar.
const BAR_CELLS: u64 = 30;
/// Systems and codes that a preview names each.
const TALLIES_SHOWN: usize = 8;

/// What a job would do.
pub(super) fn preview(preview: &JobPreview) -> String {
    let moment = |at: Option<jiff::Timestamp>| at.map_or_else(|| "-".to_owned(), time);
    let mut out = format!(
        "{}: {} deliveries match, created from {} to {}\n",
        preview.kind,
        preview.count,
        moment(preview.oldest),
        moment(preview.newest)
    );
    if preview.taken < preview.count {
        let _ = writeln!(out, "only the oldest {} are taken", preview.taken);
    }
    for (title, tallies) in [
        ("by system", &preview.by_system),
        ("by error", &preview.by_code),
    ] {
        if !tallies.is_empty() {
            let _ = writeln!(out, "{title}: {}", tallied(tallies));
        }
    }
    if preview.asked_first > 0 {
        let _ = writeln!(
            out,
            "{} were sent before with an unknown outcome: their partner is asked first",
            preview.asked_first
        );
    }
    if preview.repeats > 0 {
        let _ = writeln!(
            out,
            "{} were sent before with an unknown outcome and their partner cannot be asked: they MAY BE REPEATED",
            preview.repeats
        );
    }
    if let Some(rate) = preview.rate {
        let limit = preview
            .rate_limited_by
            .as_ref()
            .map_or_else(String::new, |system| {
                format!(" (the limit of {})", one_line(system))
            });
        let _ = writeln!(
            out,
            "the first one alone, then {rate} a second{limit}: about {}",
            duration(preview.seconds)
        );
    }
    out
}

fn tallied(tallies: &[Tally]) -> String {
    let shown = tallies.iter().take(TALLIES_SHOWN);
    let mut named: Vec<String> = shown
        .map(|tally| match tally.name.as_str() {
            "" => format!("(none) {}", tally.count),
            name => format!("{} {}", one_line(name), tally.count),
        })
        .collect();
    if tallies.len() > TALLIES_SHOWN {
        named.push("…".to_owned());
    }
    named.join(", ")
}

/// One job on a line.
pub(super) fn job(job: &JobView) -> String {
    let why = match job.why.as_str() {
        "" => String::new(),
        why => format!(" ({why})"),
    };
    let mut out = format!(
        "job {}  {}  {}{why}  {}  {}\n",
        job.id,
        job.kind,
        job.state,
        time(job.created_at),
        one_line(&job.asked_for)
    );
    let _ = writeln!(out, "  reason: {}", one_line(&job.reason));
    let _ = writeln!(out, "  {}", counts(job));
    out
}

/// Jobs, one below the other.
pub(super) fn jobs(list: &JobList) -> String {
    if list.jobs.is_empty() {
        return "no jobs\n".to_owned();
    }
    list.jobs.iter().map(job).collect()
}

fn counts(job: &JobView) -> String {
    let all = [
        ("delivered", job.delivered),
        ("discarded", job.discarded),
        ("dead again", job.dead),
        ("tried again by themselves", job.trying),
        ("in flight", job.in_flight),
        ("dealt with by others", job.gone),
        ("left", job.left),
    ];
    let named: Vec<String> = all
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    format!("{} in all: {}", job.total, named.join(", "))
}

/// How far a job is, on one line.
pub(super) fn bar(job: &JobView) -> String {
    let done = job.total.saturating_sub(job.left);
    let cells = (done * BAR_CELLS)
        .checked_div(job.total)
        .unwrap_or(BAR_CELLS);
    let filled = "#".repeat(usize::try_from(cells).unwrap_or(0));
    let rest = "-".repeat(usize::try_from(BAR_CELLS - cells).unwrap_or(0));
    let alone = job.kind == "retry" && job.delivered == 0 && job.in_flight + job.trying == 1;
    let eta = match job.seconds_left {
        _ if job.state == "stopping" => "stopping".to_owned(),
        _ if alone => "the first one, alone".to_owned(),
        Some(seconds) => format!("{} left", duration(seconds)),
        None => job.state.clone(),
    };
    format!(
        "[{filled}{rest}] {done}/{}  {} delivered  {} dead again  {} in flight  {eta}",
        job.total,
        job.delivered + job.discarded,
        job.dead,
        job.in_flight
    )
}

fn duration(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn view() -> JobView {
        JobView {
            id: 3,
            kind: "retry".into(),
            state: "running".into(),
            why: String::new(),
            asked_for: "system=a".into(),
            reason: "mended\u{1b}[2J".into(),
            by: "operator".into(),
            created_at: Timestamp::from_second(1_496_626_200).unwrap(),
            ended_at: None,
            rate: Some(5.0),
            total: 200,
            released: 100,
            in_flight: 2,
            delivered: 97,
            dead: 1,
            trying: 0,
            discarded: 0,
            gone: 0,
            left: 100,
            seconds_left: Some(20),
        }
    }

    #[test]
    fn the_bar_tells_how_far_and_how_long() {
        assert_eq!(
            bar(&view()),
            "[###############---------------] 100/200  97 delivered  1 dead again  2 in flight  20 s left"
        );
        let first = JobView {
            delivered: 0,
            dead: 0,
            in_flight: 1,
            left: 199,
            ..view()
        };
        assert!(
            bar(&first).ends_with("the first one, alone"),
            "{}",
            bar(&first)
        );
        let none = JobView {
            total: 0,
            left: 0,
            ..view()
        };
        assert!(bar(&none).contains("] 0/0"));
    }

    #[test]
    fn a_job_is_told_without_anything_that_a_terminal_acts_on() {
        let told = job(&view());
        assert!(!told.contains('\u{1b}'), "{told}");
        assert!(
            told.contains("200 in all: 97 delivered, 1 dead again, 2 in flight, 100 left"),
            "{told}"
        );
    }

    #[test]
    fn long_times_are_told_in_hours() {
        for (seconds, told) in [(59, "59 s"), (61, "1 min 1 s"), (7_380, "2 h 3 min")] {
            assert_eq!(duration(seconds), told);
        }
    }
}

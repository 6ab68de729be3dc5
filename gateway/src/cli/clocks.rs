//! `tongban clocks`: by which calendar open clocks are counted, and how far their recomputation after a changed notice is.

use super::{CommandError, say};
use crate::operations::deliveries_command::client::OpsClient;
use crate::operations::ops_api::wire_clocks::{ClocksView, RecomputationView};
use clap::Args;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;
use tongban_catalog::deadline::Moment;

/// Cells of the bar.
const BAR_CELLS: u64 = 30;
/// Between two looks of `--watch`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// See by which calendar clocks are counted, and how far their recomputation is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tongban clocks\n  tongban clocks --watch\n\nA changed holiday notice (`tongban apply config/calendar`) has the gateway recompute the open cases \
    that its days touch,\nin the background, at clocks.recomputed_per_second. docs/operations/clocks.md says more."
)]
pub struct ClocksArguments {
    /// Data folder of the running gateway
    #[arg(
        long,
        value_name = "FOLDER",
        env = "TONGBAN_DATA",
        default_value = "data"
    )]
    data: PathBuf,
    /// Look again every second until nothing is left to recompute
    #[arg(long)]
    watch: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CommandError::Failed`] when no gateway runs on the data folder or it does not answer.
pub fn run(arguments: &ClocksArguments) -> Result<(), CommandError> {
    super::serve::runtime()?.block_on(show(arguments))
}

async fn show(arguments: &ClocksArguments) -> Result<(), CommandError> {
    let client = OpsClient::of_folder(&arguments.data);
    let in_place = arguments.watch && !arguments.json && std::io::stdout().is_terminal();
    loop {
        let view: ClocksView = client
            .get("/ops/v1/clocks")
            .await
            .map_err(CommandError::failed)?;
        if arguments.json {
            say(serde_json::to_string(&view).map_err(CommandError::failed)?);
        } else if in_place {
            // Clears the screen and goes to its top.
            say(format_args!("\u{1b}[2J\u{1b}[H{}", words(&view).trim_end()));
        } else {
            say(words(&view).trim_end());
        }
        if !arguments.watch || settled(&view) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether every open clock is counted by what is registered.
fn settled(view: &ClocksView) -> bool {
    view.recomputation
        .as_ref()
        .is_some_and(|run| run.state == "finished" && run.calendar == view.registered)
}

/// For people.
fn words(view: &ClocksView) -> String {
    let mut out = format!("calendar {}\n", view.calendar);
    if view.registered != view.calendar {
        let _ = writeln!(
            out,
            "REGISTERED IS {}: this node counts by an older one, then: tongban reload",
            view.registered
        );
    }
    match &view.recomputation {
        None => out.push_str("no recomputation yet\n"),
        Some(run) => out.push_str(&progress(run)),
    }
    out
}

fn progress(run: &RecomputationView) -> String {
    let done = if run.state == "finished" {
        run.total
    } else {
        run.looked_at.min(run.total)
    };
    let cells = (done * BAR_CELLS)
        .checked_div(run.total)
        .unwrap_or(BAR_CELLS);
    let bar: String = (0..BAR_CELLS)
        .map(|cell| if cell < cells { '#' } else { '.' })
        .collect();
    let percent = (done * 100).checked_div(run.total).unwrap_or(100);
    let mut out = format!(
        "recomputation {} to {}: {}\n[{bar}] {percent} %  {} of {} cases, {} changed, {} failed\n",
        run.id, run.calendar, run.state, run.looked_at, run.total, run.changed, run.failed
    );
    for notice in &run.notices {
        let printable: String = notice.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(out, "because of {printable}");
    }
    let _ = write!(out, "begun {}", Moment::at(run.started_at));
    if let Some(at) = run.finished_at {
        let _ = write!(out, ", ended {}", Moment::at(at));
    }
    if let Some(seconds) = run.seconds_left {
        let _ = write!(out, ", about {seconds} s left");
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: &str, looked_at: u64) -> ClocksView {
        ClocksView {
            at: jiff::Timestamp::UNIX_EPOCH,
            calendar: "2016-2027.13.aa".to_owned(),
            registered: "2016-2027.13.aa".to_owned(),
            recomputation: Some(RecomputationView {
                id: 2,
                calendar: "2016-2027.13.aa".to_owned(),
                notices: vec!["国务院办公厅关于2027年部分节假日安排的通知".to_owned()],
                state: state.to_owned(),
                total: 400,
                looked_at,
                changed: 30,
                failed: 0,
                started_at: jiff::Timestamp::UNIX_EPOCH,
                finished_at: None,
                seconds_left: Some(6),
            }),
        }
    }

    #[test]
    fn a_bar_shows_how_far_it_is_and_why() {
        let text = words(&view("running", 100));
        let bar = format!("[{}{}] 25 %", "#".repeat(7), ".".repeat(23));
        assert!(text.contains(&bar), "{text}");
        for part in [
            "100 of 400 cases, 30 changed, 0 failed",
            "because of 国务院办公厅关于2027年部分节假日安排的通知",
            "about 6 s left",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn it_is_settled_when_what_is_registered_is_finished() {
        assert!(!settled(&view("running", 400)));
        let mut finished = view("finished", 400);
        assert!(settled(&finished));
        finished.registered = "2016-2027.14.bb".to_owned();
        assert!(!settled(&finished), "the next one is to come");
        assert!(words(&finished).contains("REGISTERED IS 2016-2027.14.bb"));
    }
}

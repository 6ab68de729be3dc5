//! `tongban deliveries`, without more: one line a system, worst first.

use super::client::OpsClient;
use super::print::{one_line, time};
use super::{CommandError, Console};
use crate::operations::overview::{Overview, SystemLine};
use crate::shared_state::RedisStanding;
use clap::Args;
use jiff::Timestamp;
use std::fmt::Write;
use std::time::Duration;

/// Columns of a terminal that a line keeps to; only a command that must be whole goes over.
const COLUMNS: usize = 100;
/// Columns before the last failure.
const FIXED: usize = 57;

#[derive(Debug, Args, Default)]
pub(super) struct OverviewArguments {
    /// Look again every so many seconds until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    watch: Option<u64>,
}

pub(super) async fn show(
    client: &OpsClient,
    arguments: &OverviewArguments,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    loop {
        let overview: Overview = client.get("/ops/v1/overview").await?;
        let mut text = table(&overview);
        if arguments.watch.is_some() && console.terminal && !console.json {
            // Clears the screen and goes to its top.
            text.insert_str(0, "\u{1b}[2J\u{1b}[H");
        }
        console.show(&overview, text)?;
        let Some(seconds) = arguments.watch else {
            return Ok(());
        };
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

fn table(overview: &Overview) -> String {
    let mut out = String::new();
    let head = "system             state   waiting oldest  dead took     last failure";
    let _ = writeln!(out, "{head:<77}then: tongban deliveries");
    for line in &overview.systems {
        let _ = writeln!(out, "{}", row(line, overview.at).trim_end());
    }
    let _ = writeln!(
        out,
        "{} systems at {}; took: when it last confirmed something",
        overview.systems.len(),
        time(overview.at)
    );
    if let Some(redis) = &overview.redis {
        let _ = writeln!(out, "{}", redis_line(redis, overview.at));
    }
    out
}

/// One line of at most a hundred columns.
fn redis_line(redis: &RedisStanding, now: Timestamp) -> String {
    let since = ago(redis.since, now);
    let line = match redis.connected {
        true => format!("Redis: used for {since}"),
        false => format!(
            "Redis: AWAY for {since}, nodes share no nonces and tries: {}",
            one_line(redis.reason.as_deref().unwrap_or("unknown"))
        ),
    };
    line.chars().take(COLUMNS).collect()
}

fn row(line: &SystemLine, now: Timestamp) -> String {
    let since = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| ago(at, now));
    let failure = line.last_failure.as_ref().map_or(String::new(), |failure| {
        format!("{}, {}", failure.en, ago(failure.at, now))
    });
    let room = COLUMNS.saturating_sub(FIXED + 1 + line.then.chars().count());
    let failure: String = failure.chars().take(room).collect();
    let room = room.clamp(failure.chars().count(), 20);
    format!(
        "{:<18} {:<7} {:>7} {:>6} {:>5} {:>7}  {failure:<room$} {}",
        one_line(&line.system),
        line.state.as_str(),
        line.waiting,
        since(line.oldest),
        line.dead,
        since(line.last_success),
        line.then
    )
}

/// How long ago, in the largest unit that is not zero.
fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::overview::{FailureShown, Flow};

    #[test]
    fn a_line_fits_a_hundred_columns_with_its_command_whole() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let line = SystemLine {
            system: "gd-explosives".to_owned(),
            state: Flow::Stuck,
            waiting: 1_204_551,
            oldest: Some(now - jiff::SignedDuration::from_hours(300)),
            deadline: None,
            dead: 99_999,
            last_success: Some(now - jiff::SignedDuration::from_mins(61)),
            last_failure: Some(FailureShown {
                at: now,
                delivery: 77,
                tries: 3,
                code: "not_understood".to_owned(),
                zh: String::new(),
                en: "reply not understood".to_owned(),
            }),
            next_at: None,
            then: "list --system gd-explosives --state dead".to_owned(),
        };
        let shown = row(&line, now);
        assert!(shown.chars().count() <= COLUMNS, "{}: {shown}", shown.len());
        assert!(shown.ends_with(&line.then), "{shown}");
        let overview = Overview {
            at: now,
            systems: vec![line],
            redis: Some(RedisStanding {
                connected: false,
                since: now,
                reason: Some("connection refused ".repeat(20)),
            }),
        };
        for row in table(&overview).lines() {
            assert!(row.chars().count() <= 101, "{row}");
        }
    }
}

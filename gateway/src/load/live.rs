//! What is told while a run goes on: one live line on a terminal, a line now and then elsewhere. Always on standard error.

use super::Operation;
use super::latencies::{Latencies, LatencyError};
use super::tally::Tally;
use parking_lot::Mutex;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

/// How often a terminal is told.
const TERMINAL_EVERY: Duration = Duration::from_secs(1);
/// How often anything else is.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Who is told, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A line that is written over.
    Terminal,
    /// A line each time.
    Plain,
    /// Nobody.
    Nobody,
}

impl Audience {
    /// As standard error is.
    #[must_use]
    pub fn of_standard_error() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Terminal
        } else {
            Self::Plain
        }
    }

    /// How often it is told.
    #[must_use]
    pub fn every(self) -> Duration {
        match self {
            Self::Terminal => TERMINAL_EVERY,
            Self::Plain | Self::Nobody => PLAIN_EVERY,
        }
    }

    /// Says that something begins; returns to the line's beginning first.
    pub fn say(self, words: impl std::fmt::Display) {
        match self {
            Self::Terminal => print(format_args!("\r\x1b[2K{words}\n")),
            Self::Plain => print(format_args!("{words}\n")),
            Self::Nobody => {}
        }
    }

    /// Shows how far something is.
    pub fn show(self, words: impl std::fmt::Display) {
        match self {
            Self::Terminal => print(format_args!("\r\x1b[2K{words}")),
            Self::Plain => print(format_args!("{words}\n")),
            Self::Nobody => {}
        }
    }

    /// Takes the live line away.
    pub fn clear(self) {
        if self == Self::Terminal {
            print(format_args!("\r\x1b[2K"));
        }
    }
}

fn print(words: std::fmt::Arguments<'_>) {
    let mut error = std::io::stderr();
    // A reader that has gone wants nothing more.
    let _ = error.write_fmt(words).and_then(|()| error.flush());
}

/// What has happened since the last look.
#[derive(Debug)]
pub struct Window {
    latencies: Latencies,
    answers_before: u64,
}

/// One look at a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// From the first request of the run.
    pub elapsed: Duration,
    /// How long the run takes in all.
    pub whole: Duration,
    /// Requests a second that are asked for; nothing in a closed loop.
    pub asked: Option<f64>,
    /// Answers a second since the last look.
    pub achieved: f64,
    /// Median since the last look, milliseconds.
    pub p50_ms: f64,
    /// 99 in 100 since the last look.
    pub p99_ms: f64,
    /// Faults so far.
    pub faults: u64,
    /// 429 and 503 so far.
    pub throttled: u64,
    /// Whether the run still warms up.
    pub warming: bool,
}

impl Window {
    /// Nothing has happened yet.
    ///
    /// # Errors
    /// [`LatencyError`].
    pub fn new() -> Result<Self, LatencyError> {
        Ok(Self {
            latencies: Latencies::new()?,
            answers_before: 0,
        })
    }

    /// Looks at all lanes; `since` is the time since the last look.
    pub fn look(&mut self, lanes: &[Arc<Mutex<Tally>>], since: Duration, mut look: Look) -> Look {
        self.latencies.clear();
        let mut answers = 0;
        for lane in lanes {
            let mut tally = lane.lock();
            self.latencies.join(&tally.window);
            tally.window.clear();
            for (operation, own) in &tally.operations {
                // Uploads and repetitions are not what was asked for.
                if Operation::DUE.contains(operation) {
                    answers += own.answered;
                }
                look.faults += own.faults;
            }
            look.throttled += tally.throttled.values().map(|t| t.count).sum::<u64>();
        }
        let fresh = answers.saturating_sub(self.answers_before);
        self.answers_before = answers;
        look.achieved = fresh as f64 / since.as_secs_f64().max(1e-3);
        look.p50_ms = self.latencies.quantile_ms(0.5);
        look.p99_ms = self.latencies.quantile_ms(0.99);
        look
    }
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left = self.whole.saturating_sub(self.elapsed).as_secs();
        if self.warming {
            return write!(f, "warming up, {left} s left");
        }
        write!(f, "{left:>4} s left  answered {:.0}", self.achieved)?;
        if let Some(asked) = self.asked {
            write!(f, " of {asked:.0}")?;
        }
        let Self {
            p50_ms,
            p99_ms,
            faults,
            throttled,
            ..
        } = self;
        write!(
            f,
            "/s  p50 {p50_ms:.1}  p99 {p99_ms:.1} ms  faults {faults}  throttled {throttled}"
        )
    }
}

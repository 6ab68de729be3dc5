//! A long test as many runs: each has so many kills, a seed of its own, an installation of its own and a verdict of its own. What is
//! finished stands in a file, so that a test that was interrupted goes on where it was.

use crate::report;
use crate::run::{Order, Outcome, Until};
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;

/// What is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    /// The first run; the others have the seeds behind it.
    pub(crate) order: Order,
    /// Kills in all.
    pub(crate) kills: u64,
    /// Kills in a run.
    pub(crate) each: u64,
    /// One line a finished run.
    pub(crate) record: PathBuf,
}

impl Campaign {
    /// The order of the run with this place.
    fn nth(&self, nth: u64) -> Order {
        let mut order = self.order.clone();
        order.seed += nth;
        order.setting.seed += nth;
        order.until = Until::Kills(self.each);
        order
    }

    /// The run of an order, when it is in the record.
    fn finished(&self, order: &Order) -> Option<Value> {
        let text = std::fs::read_to_string(&self.record).unwrap_or_default();
        let mut runs = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        runs.rfind(|run| {
            run["seed"] == order.seed
                && run["nodes"] == order.setting.nodes
                && run["store"] == order.setting.store.name()
        })
    }

    fn keep(&self, run: &Value) -> Result<(), String> {
        let words = |e: std::io::Error| format!("{}: {e}", self.record.display());
        if let Some(folder) = self.record.parent() {
            std::fs::create_dir_all(folder).map_err(words)?;
        }
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.record)
            .map_err(words)?;
        file.write_all(format!("{run}\n").as_bytes()).map_err(words)
    }

    /// Runs what the record does not have; the sum of all.
    ///
    /// # Errors
    /// A run could not be finished: those before it are in the record.
    pub(crate) fn run(
        &self,
        mut one: impl FnMut(Order) -> Result<Outcome, String>,
    ) -> Result<Value, String> {
        let mut sum = Value::Null;
        for nth in 0..self.kills.div_ceil(self.each) {
            let order = self.nth(nth);
            let seed = order.seed;
            let run = match self.finished(&order) {
                Some(run) => run,
                None => {
                    let outcome = one(order).map_err(|words| format!("seed {seed}: {words}"))?;
                    let run = report::object(seed, &outcome);
                    self.keep(&run)?;
                    run
                }
            };
            eprintln!(
                "seed {seed}: {} kills, {} acknowledged, {} violations",
                run["kills"],
                run["acknowledged"],
                report::violations(&run)
            );
            if sum.is_null() {
                sum = run;
            } else {
                report::add(&mut sum, &run);
            }
        }
        Ok(sum)
    }
}

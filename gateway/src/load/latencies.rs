//! Latencies as a histogram: bounded memory, three significant digits, whatever the number of answers.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// Longest latency that is told apart; a longer one counts as this.
pub const LATENCY_MAX: Duration = Duration::from_secs(120);

/// Latencies in microseconds with three significant digits (about 150 KB, however many).
#[derive(Debug, Clone)]
pub struct Latencies {
    counts: Histogram<u64>,
}

/// Latencies could not be counted: the bounds of the histogram do not fit each other.
#[derive(Debug, thiserror::Error)]
#[error("no histogram of latencies: {0}")]
pub struct LatencyError(String);

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many latencies.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 75 in 100 are not longer.
    pub p75: f64,
    /// 90 in 100.
    pub p90: f64,
    /// 95 in 100.
    pub p95: f64,
    /// 99 in 100.
    pub p99: f64,
    /// 999 in 1,000.
    pub p999: f64,
    /// 9,999 in 10,000.
    pub p9999: f64,
    /// The longest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// [`LatencyError`].
    pub fn new() -> Result<Self, LatencyError> {
        let max = u64::try_from(LATENCY_MAX.as_micros()).unwrap_or(u64::MAX);
        let counts =
            Histogram::new_with_bounds(1, max, 3).map_err(|e| LatencyError(e.to_string()))?;
        Ok(Self { counts })
    }

    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts.saturating_record(micros.max(1));
    }

    /// Adds all of `other`. The bounds of all histograms are the same, so none is lost.
    pub fn join(&mut self, other: &Self) {
        // Fails for larger bounds alone, and `new` knows one pair of bounds.
        let _ = self.counts.add(&other.counts);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.counts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The latency that the share `quantile` (0 to 1) does not exceed, in milliseconds; 0 without any.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        if self.counts.is_empty() {
            return 0.0;
        }
        milliseconds(self.counts.value_at_quantile(quantile) as f64)
    }

    /// All percentiles; `None` without any latency, where zeros would look like an answer.
    #[must_use]
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile| self.quantile_ms(quantile);
        (!self.is_empty()).then(|| Percentiles {
            count: self.len(),
            p50: at(0.5),
            p75: at(0.75),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            max: milliseconds(self.counts.max() as f64),
            mean: milliseconds(self.counts.mean()),
        })
    }
}

/// Of microseconds, to the microsecond.
fn milliseconds(micros: f64) -> f64 {
    micros.round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_answers_whichever_lane_got_them() {
        let (mut fast, mut slow) = (Latencies::new().unwrap(), Latencies::new().unwrap());
        (0..98).for_each(|_| fast.record(Duration::from_millis(1)));
        (0..2).for_each(|_| slow.record(Duration::from_millis(100)));
        fast.join(&slow);
        assert_eq!(fast.len(), 100);
        assert!((fast.quantile_ms(0.5) - 1.0).abs() < 0.01);
        assert!((fast.quantile_ms(0.98) - 1.0).abs() < 0.01);
        assert!((fast.quantile_ms(0.99) - 100.0).abs() < 0.2);
    }

    #[test]
    fn a_latency_beyond_the_bounds_counts_at_the_bound() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(3_600));
        assert_eq!(latencies.len(), 2);
        let longest = latencies.quantile_ms(1.0);
        assert!((longest / 120_000.0 - 1.0).abs() < 0.001, "{longest}");
    }

    #[test]
    fn no_latency_has_no_percentiles() {
        assert_eq!(Latencies::new().unwrap().percentiles(), None);
        assert_eq!(Latencies::new().unwrap().quantile_ms(0.99), 0.0);
    }
}

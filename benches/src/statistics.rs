//! Figures from measurements: latency percentiles, medians, ratios.

use crate::Failure;
use hdrhistogram::Histogram;
use std::time::Duration;

/// Longest latency that is told apart; a longer one counts as this.
const LATENCY_MAX: Duration = Duration::from_secs(60);

/// Latencies of answers, in microseconds with three significant digits.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    counts: Histogram<u64>,
}

impl Latencies {
    /// None yet.
    pub(crate) fn new() -> Result<Self, Failure> {
        let max = u64::try_from(LATENCY_MAX.as_micros())?;
        Ok(Self {
            counts: Histogram::new_with_bounds(1, max, 3)?,
        })
    }

    /// Adds one.
    pub(crate) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.counts.saturating_record(micros.max(1));
    }

    /// Adds all of `other`.
    pub(crate) fn join(&mut self, other: &Self) -> Result<(), Failure> {
        Ok(self.counts.add(&other.counts)?)
    }

    /// How many.
    pub(crate) fn len(&self) -> u64 {
        self.counts.len()
    }

    /// The latency that the share `quantile` (0 to 1) of all answers does not exceed, in milliseconds; 0 without any answer.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        Duration::from_micros(self.counts.value_at_quantile(quantile)).as_secs_f64() * 1e3
    }
}

/// The middle of the values, the mean of the two middle ones for an even number; 0 without any value.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => 0.0,
        (Some(&upper), 0) => (sorted[middle - 1] + upper) / 2.0,
        (Some(&value), _) => value,
    }
}

/// `count` per second.
pub(crate) fn per_second(count: u64, took: Duration) -> f64 {
    if took.is_zero() {
        return 0.0;
    }
    count as f64 / took.as_secs_f64()
}

/// `whole` shared out among `count`; 0 for none.
pub(crate) fn per_one(whole: f64, count: u64) -> f64 {
    if count == 0 {
        0.0
    } else {
        whole / count as f64
    }
}

/// Rounded to `digits` behind the point: what lies below the noise only pretends to be known.
pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
    use super::*;

    #[test]
    fn a_median_does_not_depend_on_order_and_one_outlier_does_not_move_it() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[7.0]), 7.0);
        assert_eq!(median(&[3.0, 1.0]), 2.0);
        assert_eq!(median(&[9_000.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    }

    #[test]
    fn percentiles_are_of_all_answers_whichever_client_got_them() {
        let (mut fast, mut slow) = (Latencies::new().unwrap(), Latencies::new().unwrap());
        (0..98).for_each(|_| fast.record(Duration::from_millis(1)));
        (0..2).for_each(|_| slow.record(Duration::from_millis(100)));
        fast.join(&slow).unwrap();
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
        assert!((latencies.quantile_ms(1.0) - 60_000.0).abs() < 60.0);
    }

    #[test]
    fn rates_and_shares_of_nothing_are_nothing() {
        assert_eq!(per_second(10, Duration::from_secs(4)), 2.5);
        assert_eq!(per_second(10, Duration::ZERO), 0.0);
        assert_eq!(per_one(9.0, 3), 3.0);
        assert_eq!(per_one(9.0, 0), 0.0);
        assert_eq!(rounded(2.4567, 2), 2.46);
    }
}

//! Figures from measurements: medians, rates, shares, rounding.

use std::time::Duration;

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
    fn rates_and_shares_of_nothing_are_nothing() {
        assert_eq!(per_second(10, Duration::from_secs(4)), 2.5);
        assert_eq!(per_second(10, Duration::ZERO), 0.0);
        assert_eq!(per_one(9.0, 3), 3.0);
        assert_eq!(per_one(9.0, 0), 0.0);
        assert_eq!(rounded(2.4567, 2), 2.46);
    }
}

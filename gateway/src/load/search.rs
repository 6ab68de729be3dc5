//! The search for the highest rate that a condition allows: pure, one answer a step, bounded.

/// Steps of one search.
pub const STEPS_MAX: usize = 20;
/// The search ends when the highest rate that held and the lowest that did not are so close, as a share of the former.
pub const CLOSE_ENOUGH: f64 = 0.05;

/// Doubles the rate until it does not hold, then halves the gap. A first rate that does not hold is halved until one does.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    rate: f64,
    rate_max: f64,
    held: Option<f64>,
    failed: Option<f64>,
    steps: usize,
}

impl Search {
    /// Begins at `rate` and never asks for more than `rate_max`, requests a second.
    #[must_use]
    pub fn new(rate: f64, rate_max: f64) -> Self {
        Self {
            rate: rate.min(rate_max),
            rate_max,
            held: None,
            failed: None,
            steps: 0,
        }
    }

    /// The rate to try.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The highest rate that held.
    #[must_use]
    pub fn highest(&self) -> Option<f64> {
        self.held
    }

    /// Takes what became of [`Search::rate`]; returns whether there is another rate to try.
    pub fn take(&mut self, held: bool) -> bool {
        self.steps += 1;
        if held {
            self.held = Some(self.rate);
        } else {
            self.failed = Some(self.rate);
        }
        let next = match (self.held, self.failed) {
            (Some(held), None) => (held * 2.0).min(self.rate_max),
            (None, Some(failed)) => failed / 2.0,
            (Some(held), Some(failed)) => held.midpoint(failed),
            (None, None) => self.rate,
        };
        let close = match (self.held, self.failed) {
            (Some(held), Some(failed)) => failed - held <= held * CLOSE_ENOUGH,
            (Some(held), None) => held >= self.rate_max,
            _ => next < 1.0,
        };
        self.rate = next;
        !close && self.steps < STEPS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(first: f64, most: f64, capacity: f64) -> Option<f64> {
        let mut search = Search::new(first, most);
        while search.take(search.rate() <= capacity) {}
        search.highest()
    }

    proptest! {
        #[test]
        fn the_rate_that_is_found_holds_and_is_close_to_the_highest(first in 10.0f64..2_000.0, capacity in 20.0f64..20_000.0) {
            let rate = found(first, 100_000.0, capacity).unwrap();
            prop_assert!(rate <= capacity);
            prop_assert!(rate * (1.0 + CLOSE_ENOUGH) * 1.001 >= capacity, "{} of {}", rate, capacity);
        }

        #[test]
        fn a_search_ends_whatever_it_is_told(answers in proptest::collection::vec(any::<bool>(), STEPS_MAX)) {
            let mut search = Search::new(100.0, 1e9);
            let mut steps = 1;
            for held in answers {
                prop_assert!(search.rate() <= 1e9 && search.rate() > 0.0);
                if !search.take(held) { break; }
                steps += 1;
            }
            prop_assert!(steps <= STEPS_MAX);
        }
    }

    #[test]
    fn a_search_stops_at_its_bound_and_says_nothing_where_nothing_holds() {
        assert_eq!(found(100.0, 1_000.0, f64::MAX), Some(1_000.0));
        assert_eq!(found(100.0, 1_000.0, 0.0), None);
    }
}

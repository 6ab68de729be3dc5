//! When requests are due: pure, from the plan and a seed.
//!
//! A plan of `rate × duration` requests has exactly that many, evenly spaced or at random. Random arrivals are those of a Poisson
//! process of which the number of arrivals is known: then they are independent and uniform over the whole time (Kingman, Poisson
//! Processes, section 2.4), and can be drawn in order, one from the last, without keeping any.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use std::iter::{Chain, Skip, StepBy};
use std::time::Duration;

/// Requests of one plan; more are a mistake of whoever wrote it.
pub const REQUESTS_MAX: u64 = 1_000_000_000;

/// How requests are spread over the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// At random, as from many people who know nothing of each other.
    Poisson,
}

/// A rate that is held, or that rises or falls evenly, for some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Requests a second at the beginning.
    pub from_per_second: f64,
    /// Requests a second at the end.
    pub to_per_second: f64,
    /// How long.
    pub duration: Duration,
    /// How they are spread.
    pub arrivals: Arrivals,
}

/// A plan that cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the plan has no request or more than {REQUESTS_MAX}: rate × duration must lie between 1 and that"
)]
pub struct PlanError;

impl Plan {
    /// A constant rate.
    #[must_use]
    pub fn steady(per_second: f64, duration: Duration, arrivals: Arrivals) -> Self {
        Self {
            from_per_second: per_second,
            to_per_second: per_second,
            duration,
            arrivals,
        }
    }

    /// How many requests it has: the mean rate times the duration, to the nearest.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn requests(&self) -> Result<u64, PlanError> {
        let count = (self.area()).round();
        let sane = count >= 1.0 && count <= REQUESTS_MAX as f64;
        // In range, and whole since rounded.
        sane.then_some(count as u64).ok_or(PlanError)
    }

    /// The mean rate times the duration.
    fn area(&self) -> f64 {
        (self.from_per_second + self.to_per_second) / 2.0 * self.duration.as_secs_f64()
    }

    /// When the share `passed` (0 to 1) of all requests has become due, in seconds: the inverse of the area under the rate.
    fn seconds_at(&self, passed: f64) -> f64 {
        let (from, to, whole) = (
            self.from_per_second,
            self.to_per_second,
            self.duration.as_secs_f64(),
        );
        let area = passed * self.area();
        // from·t + (to − from)/(2·whole)·t² = area, in the form that also holds for a constant rate.
        let root = (from * from + 2.0 * (to - from) / whole * area).max(0.0);
        let divisor = from + root.sqrt();
        if divisor > 0.0 {
            (2.0 * area / divisor).min(whole)
        } else {
            0.0
        }
    }
}

/// One request of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its number in the whole run, from 0.
    pub number: u64,
    /// When it is due, from the beginning of the run.
    pub due: Duration,
    /// Whether it is of the part that counts.
    pub measured: bool,
}

/// The requests of one plan in order; a clone goes on from the same place with the same times.
#[derive(Debug, Clone)]
pub struct Schedule {
    plan: Plan,
    total: u64,
    sent: u64,
    /// The share of requests that has become due, for random arrivals.
    passed: f64,
    random: Xoshiro256PlusPlus,
    first: Slot,
}

impl Schedule {
    /// The requests of `plan`; the first has the number and time of `first`, whose mark all of them get.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(plan: Plan, first: Slot, seed: u64) -> Result<Self, PlanError> {
        Ok(Self {
            plan,
            total: plan.requests()?,
            sent: 0,
            passed: 0.0,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            first,
        })
    }

    fn passed_next(&mut self) -> f64 {
        let left = self.total - self.sent;
        match self.plan.arrivals {
            Arrivals::Constant => self.sent as f64 / self.total as f64,
            Arrivals::Poisson => {
                // The least of `left` uniform values above `passed`.
                let uniform: f64 = self.random.random();
                let least = 1.0 - ((1.0 - uniform).ln() / left as f64).exp();
                self.passed += (1.0 - self.passed) * least;
                self.passed
            }
        }
    }
}

impl Iterator for Schedule {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        if self.sent >= self.total {
            return None;
        }
        let passed = self.passed_next();
        let slot = Slot {
            number: self.first.number + self.sent,
            due: self.first.due + Duration::from_secs_f64(self.plan.seconds_at(passed)),
            measured: self.first.measured,
        };
        self.sent += 1;
        Some(slot)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.total - self.sent).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

/// Every how-manieth request of a warm-up and the run behind it.
pub type Timetable = StepBy<Skip<Chain<Schedule, Schedule>>>;

/// The whole timetable of a run: first a warm-up (not counted) at the rate at which the plan begins, then the plan.
#[derive(Debug, Clone)]
pub struct Course {
    /// The warm-up; of no request where there is none.
    warm_up: Schedule,
    measured: Schedule,
}

impl Course {
    /// Of a plan, after so much warm-up.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(plan: Plan, warm_up: Duration, seed: u64) -> Result<Self, PlanError> {
        let mut rate = plan.from_per_second;
        if rate <= 0.0 {
            rate = plan.to_per_second;
        }
        let lead = Plan::steady(rate, warm_up, plan.arrivals);
        let slot = |number, due, measured| Slot {
            number,
            due,
            measured,
        };
        let (lead, requests) = match lead.requests() {
            Ok(requests) => (lead, requests),
            // Shorter than one request: none.
            Err(PlanError) => (Plan::steady(1.0, Duration::from_secs(1), plan.arrivals), 0),
        };
        let mut lead = Schedule::new(lead, slot(0, Duration::ZERO, false), seed)?;
        lead.total = requests;
        let first = slot(requests, warm_up, true);
        let measured = Schedule::new(plan, first, seed.wrapping_add(1))?;
        Ok(Self {
            warm_up: lead,
            measured,
        })
    }

    /// Requests that count.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.measured.total
    }

    /// The requests of one of `lanes` that share the course, each in its turn.
    pub fn of_lane(&self, lane: usize, lanes: usize) -> Timetable {
        let all = self.warm_up.clone().chain(self.measured.clone());
        all.skip(lane).step_by(lanes.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(from: f64, to: f64, millis: u64, arrivals: Arrivals) -> Plan {
        Plan {
            from_per_second: from,
            to_per_second: to,
            duration: Duration::from_millis(millis),
            arrivals,
        }
    }

    fn dues(plan: Plan, seed: u64) -> Vec<Duration> {
        let course = Course::new(plan, Duration::ZERO, seed).unwrap();
        course.of_lane(0, 1).map(|slot| slot.due).collect()
    }

    fn any_arrivals() -> impl Strategy<Value = Arrivals> {
        prop_oneof![Just(Arrivals::Constant), Just(Arrivals::Poisson)]
    }

    proptest! {
        #[test]
        fn a_schedule_has_exactly_rate_times_duration_requests_in_order_and_in_time(
            from in 0.0f64..2_000.0, to in 1.0f64..2_000.0, millis in 1_000u64..5_000, arrivals in any_arrivals(), seed: u64,
        ) {
            let plan = plan(from, to, millis, arrivals);
            let dues = dues(plan, seed);
            let expected = ((from + to) / 2.0 * millis as f64 / 1_000.0).round();
            prop_assert_eq!(dues.len() as f64, expected.max(1.0));
            prop_assert!(dues.is_sorted());
            prop_assert!(dues.iter().all(|due| *due <= plan.duration));
        }

        #[test]
        fn lanes_share_a_course_without_a_gap_or_an_overlap(
            rate in 1.0f64..500.0, lanes in 1usize..9, warm_up in 0u64..2_000, arrivals in any_arrivals(), seed: u64,
        ) {
            let course = Course::new(plan(rate, rate, 2_000, arrivals), Duration::from_millis(warm_up), seed).unwrap();
            let whole: Vec<Slot> = course.of_lane(0, 1).collect();
            let mut shared: Vec<Slot> = (0..lanes).flat_map(|lane| course.of_lane(lane, lanes)).collect();
            shared.sort_by_key(|slot| slot.number);
            prop_assert_eq!(&shared, &whole);
            prop_assert!(whole.iter().map(|slot| slot.number).eq(0..whole.len() as u64));
            prop_assert_eq!(whole.iter().filter(|slot| slot.measured).count() as u64, course.requests());
            prop_assert!(whole.iter().all(|slot| slot.measured == (slot.due >= Duration::from_millis(warm_up)) || !slot.measured));
        }

        #[test]
        fn the_same_seed_gives_the_same_times(seed: u64) {
            let plan = plan(100.0, 300.0, 2_000, Arrivals::Poisson);
            prop_assert_eq!(dues(plan, seed), dues(plan, seed));
        }
    }

    #[test]
    fn constant_arrivals_lie_evenly() {
        let dues = dues(plan(500.0, 500.0, 2_000, Arrivals::Constant), 1);
        for (number, due) in dues.iter().enumerate() {
            let expected = Duration::from_millis(2 * number as u64);
            assert!(due.abs_diff(expected) < Duration::from_nanos(10), "{due:?}");
        }
    }

    /// Gaps of a Poisson process are exponential: their standard deviation is their mean, and a share e⁻¹ is longer than it.
    #[test]
    fn random_arrivals_have_the_gaps_of_a_poisson_process() {
        let dues = dues(plan(1_000.0, 1_000.0, 50_000, Arrivals::Poisson), 7);
        let gaps: Vec<f64> = dues
            .windows(2)
            .map(|w| (w[1] - w[0]).as_secs_f64())
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 0.001).abs() < 2e-6, "{mean}");
        assert!(
            (variance.sqrt() / mean - 1.0).abs() < 0.02,
            "{}",
            variance.sqrt() / mean
        );
        let longer = gaps.iter().filter(|g| **g > mean).count() as f64 / gaps.len() as f64;
        assert!((longer - (-1.0f64).exp()).abs() < 0.01, "{longer}");
    }

    #[test]
    fn a_rising_rate_has_a_quarter_of_its_requests_in_the_first_half() {
        let dues = dues(plan(0.0, 1_000.0, 4_000, Arrivals::Constant), 1);
        let early = dues.iter().filter(|due| due.as_secs_f64() < 2.0).count();
        assert_eq!((early, dues.len()), (500, 2_000));
    }

    #[test]
    fn a_plan_without_a_request_or_with_too_many_is_refused() {
        let refused = |rate, seconds| {
            Plan::steady(rate, Duration::from_secs(seconds), Arrivals::Constant).requests()
        };
        assert_eq!(refused(0.4, 1), Err(PlanError));
        assert_eq!(refused(0.5, 1), Ok(1));
        assert_eq!(refused(1e9, 1), Ok(REQUESTS_MAX));
        assert_eq!(refused(1e9, 2), Err(PlanError));
        assert_eq!(refused(f64::NAN, 2), Err(PlanError));
    }
}

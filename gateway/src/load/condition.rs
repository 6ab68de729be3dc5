//! Conditions under which a run has failed (`--fail-if 'p99>50ms'`): pure.

use super::Operation;
use super::report::Report;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Something that must not be so.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    operation: Option<Operation>,
    figure: Figure,
    comparison: Comparison,
    bound: f64,
    share: Share,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    /// Response time, at a quantile.
    Response(Point),
    /// Service time, at a quantile.
    Service(Point),
    Faults,
    Throttled,
    NeverSent,
    /// Answers a second.
    Rate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Point {
    P50,
    P75,
    P90,
    P95,
    P99,
    P999,
    P9999,
    Max,
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// Whether a count is meant as such or as a share of what was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Count,
    Percent,
}

/// Not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no condition: {reason}. Write for example p99>50ms, status.p99.9>=1s, service.max>2s, faults>0, throttled>1% or rate<495"
)]
pub struct ConditionError {
    text: String,
    reason: &'static str,
}

/// What became of a condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// As it was written.
    pub condition: String,
    /// Whether it is so, which means that the run has failed.
    pub failed: bool,
    /// What was measured: milliseconds, a count, per cent, or answers a second; nothing where nothing was measured, which fails too.
    pub measured: Option<f64>,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let wrong = |reason| ConditionError {
            text: text.to_owned(),
            reason,
        };
        let at = text
            .find(['<', '>'])
            .ok_or_else(|| wrong("there is no < or > in it"))?;
        let (subject, rest) = text.split_at(at);
        let (comparison, bound) = match rest.strip_prefix(">=") {
            Some(bound) => (Comparison::AtLeast, bound),
            None => match rest.strip_prefix("<=") {
                Some(bound) => (Comparison::AtMost, bound),
                None if rest.starts_with('>') => (Comparison::Above, &rest[1..]),
                None => (Comparison::Below, &rest[1..]),
            },
        };
        let (operation, figure) =
            subject_of(subject.trim()).ok_or_else(|| wrong("its left side is not known"))?;
        let is_time = matches!(figure, Figure::Response(_) | Figure::Service(_));
        let (bound, share) = bound_of(bound.trim(), is_time, figure == Figure::Rate)
            .ok_or_else(|| wrong("its right side is no such number"))?;
        Ok(Self {
            text: text.to_owned(),
            operation,
            figure,
            comparison,
            bound,
            share,
        })
    }
}

fn subject_of(text: &str) -> Option<(Option<Operation>, Figure)> {
    let named = Operation::ALL.into_iter().find_map(|operation| {
        let rest = text.strip_prefix(operation.as_str())?.strip_prefix('.')?;
        Some((operation, rest))
    });
    let (operation, rest) = match named {
        Some((operation, rest)) => (Some(operation), rest),
        None => (None, text),
    };
    let figure = match rest {
        "faults" => Figure::Faults,
        "throttled" if operation.is_none() => Figure::Throttled,
        "never_sent" if operation.is_none() => Figure::NeverSent,
        "rate" => Figure::Rate,
        _ => match rest.strip_prefix("service.") {
            Some(point) => Figure::Service(point_of(point)?),
            None => Figure::Response(point_of(rest)?),
        },
    };
    Some((operation, figure))
}

fn point_of(text: &str) -> Option<Point> {
    Some(match text {
        "p50" => Point::P50,
        "p75" => Point::P75,
        "p90" => Point::P90,
        "p95" => Point::P95,
        "p99" => Point::P99,
        "p99.9" | "p999" => Point::P999,
        "p99.99" | "p9999" => Point::P9999,
        "max" => Point::Max,
        "mean" => Point::Mean,
        _ => return None,
    })
}

/// Times in milliseconds; counts as such or in per cent.
fn bound_of(text: &str, is_time: bool, is_rate: bool) -> Option<(f64, Share)> {
    let number = |text: &str| {
        let value: f64 = text.trim().parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some(value)
    };
    if is_time {
        let units = [("ms", 1.0), ("us", 1e-3), ("µs", 1e-3), ("s", 1e3)];
        let unit = units
            .into_iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
        let (digits, factor) = unit.unwrap_or((text, 1.0));
        return Some((number(digits)? * factor, Share::Count));
    }
    if is_rate {
        return Some((
            number(text.strip_suffix("/s").unwrap_or(text))?,
            Share::Count,
        ));
    }
    match text.strip_suffix('%') {
        Some(digits) => Some((number(digits)?, Share::Percent)),
        None => Some((number(text)?, Share::Count)),
    }
}

impl Condition {
    /// Looks at what was measured.
    #[must_use]
    pub fn judge(&self, report: &Report) -> Verdict {
        let measured = self.value(report);
        let failed = measured.is_none_or(|value| match self.comparison {
            Comparison::Above => value > self.bound,
            Comparison::AtLeast => value >= self.bound,
            Comparison::Below => value < self.bound,
            Comparison::AtMost => value <= self.bound,
        });
        Verdict {
            condition: self.text.clone(),
            failed,
            measured,
        }
    }

    fn value(&self, report: &Report) -> Option<f64> {
        let own = match self.operation {
            Some(operation) => Some(report.operations.get(&operation)?),
            None => None,
        };
        let count = |count: u64, of: u64| {
            Some(match self.share {
                Share::Count => count as f64,
                Share::Percent if of == 0 => 0.0,
                Share::Percent => count as f64 / of as f64 * 100.0,
            })
        };
        match self.figure {
            Figure::Response(point) => {
                let of_run = report.response_ms.as_ref();
                let times = own.map_or(of_run, |own| own.response_ms.as_ref());
                times.map(|times| point.of(times))
            }
            Figure::Service(point) => {
                let of_run = report.service_ms.as_ref();
                let times = own.map_or(of_run, |own| own.service_ms.as_ref());
                times.map(|times| point.of(times))
            }
            Figure::Faults => match own {
                Some(own) => count(own.faults, own.sent),
                None => count(report.faults, report.due),
            },
            Figure::Throttled => {
                count(report.throttled.values().map(|t| t.count).sum(), report.due)
            }
            Figure::NeverSent => count(report.never_sent, report.due),
            Figure::Rate => Some(own.map_or(report.achieved_per_s, |own| own.per_s)),
        }
    }
}

impl Point {
    fn of(self, times: &super::latencies::Percentiles) -> f64 {
        match self {
            Self::P50 => times.p50,
            Self::P75 => times.p75,
            Self::P90 => times.p90,
            Self::P95 => times.p95,
            Self::P99 => times.p99,
            Self::P999 => times.p999,
            Self::P9999 => times.p9999,
            Self::Max => times.max,
            Self::Mean => times.mean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::samples::report;

    fn failed(condition: &str) -> bool {
        let condition: Condition = condition.parse().unwrap();
        condition.judge(&report()).failed
    }

    /// The sample: 1,000 due, p99 40 ms (status 20 ms), service p99 4 ms, 3 faults, 10 throttled, 99 answers a second.
    #[test]
    fn a_condition_compares_the_figure_that_it_names_in_the_unit_that_it_names() {
        for (condition, expected) in [
            ("p99>50ms", false),
            ("p99>39ms", true),
            ("p99>=40", true),
            ("p99>0.039s", true),
            ("service.p99>5000us", false),
            ("service.p99 > 3 ms", true),
            ("status.p99>30ms", false),
            ("status.p99>19ms", true),
            ("status.faults>0", false),
            ("faults>2", true),
            ("faults>0.3%", false),
            ("faults>=0.3%", true),
            ("throttled>1%", false),
            ("throttled>0", true),
            ("never_sent>0", false),
            ("rate<99", false),
            ("rate<=99/s", true),
            ("pass_through.p50>1s", true),
        ] {
            assert_eq!(failed(condition), expected, "{condition}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_an_example() {
        for text in [
            "",
            "p99",
            "p98>1ms",
            "p99>",
            "p99>fast",
            "p99>-1ms",
            "faults>3ms",
            "status.throttled>0",
            "rate<5%",
            ">1",
        ] {
            let error = text.parse::<Condition>().unwrap_err();
            assert!(error.to_string().contains("p99>50ms"), "{text}");
        }
    }
}

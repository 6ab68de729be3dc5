//! What the parts of a deadline do one by one; due dates worked by hand stand in `catalog/tests/deadline_vectors.rs`.

#![allow(
    clippy::unwrap_used,
    reason = "a value that a test cannot build is a failed test"
)]

mod arguments;
mod bounds;
mod clock;
mod rendering;
mod standing;

use crate::calendar::{Calendar, CalendarYear};
use crate::source::load_yaml;

/// 2017 as announced, and nothing else.
pub(super) fn calendar() -> Calendar {
    let text = include_str!("../../../config/calendar/2017.yaml");
    let year: CalendarYear = load_yaml("2017.yaml", text).unwrap();
    Calendar::new(vec![year]).unwrap()
}

/// A request from its parts, suspensions as for `--stop`.
pub(super) fn request(from: &str, limit: super::Limit, stops: &[&str]) -> super::Request {
    let stops = stops
        .iter()
        .map(|stop| super::parse_stop(stop).unwrap())
        .collect();
    super::Request {
        from: from.parse().unwrap(),
        limit,
        stops,
    }
}

/// The moment of a text.
pub(super) fn at(text: &str) -> super::Moment {
    text.parse().unwrap()
}

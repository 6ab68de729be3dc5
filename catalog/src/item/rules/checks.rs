//! The small checks that the rules are made of.

use std::collections::HashSet;
use std::hash::Hash;

use super::ServiceItem;
use crate::source::Finding;

/// A situation that the item does not have.
pub(super) fn unknown_situation(item: &ServiceItem, pointer: &str, id: &str) -> Finding {
    let known: Vec<&str> = item
        .situations
        .iter()
        .map(|situation| situation.id.as_str())
        .collect();
    let finding = Finding::new(
        pointer,
        "unknown_situation",
        format!("事项没有情形 {id}"),
        format!("the item has no situation {id}"),
    );
    finding
        .with_suggestion(crate::source::nearest(id, known))
        .compared_with("/situations")
}

/// A text that must be there and has a longest length in characters.
pub(super) fn text(pointer: &str, value: &str, most: usize, found: &mut Vec<Finding>) {
    if value.trim().is_empty() {
        found.push(Finding::new(
            pointer,
            "empty",
            "不能为空",
            "must not be empty",
        ));
    }
    at_most(pointer, Some(value), most, found);
}

pub(super) fn at_most(pointer: &str, value: Option<&str>, most: usize, found: &mut Vec<Finding>) {
    let length = value.map_or(0, |value| value.chars().count());
    if length > most {
        found.push(Finding::new(
            pointer,
            "too_long",
            format!("有{length}个字，最多{most}个"),
            format!("{length} characters, at most {most}"),
        ));
    }
}

pub(super) fn range(
    pointer: &str,
    n: u32,
    allowed: std::ops::RangeInclusive<u32>,
    found: &mut Vec<Finding>,
) {
    if !allowed.contains(&n) {
        let (from, to) = (allowed.start(), allowed.end());
        found.push(Finding::new(
            pointer,
            "out_of_range",
            format!("应在 {from} 至 {to} 之间，实为 {n}"),
            format!("must be between {from} and {to}, is {n}"),
        ));
    }
}

pub(super) fn set<T: Eq + Hash>(
    pointer: &str,
    values: &[T],
    needed: bool,
    found: &mut Vec<Finding>,
) {
    if needed && values.is_empty() {
        found.push(Finding::new(
            pointer,
            "empty",
            "至少填写一项",
            "name at least one",
        ));
    }
    repeated(values, |index, _| {
        found.push(Finding::new(
            format!("{pointer}/{index}"),
            "repeated",
            "重复",
            "stands here a second time",
        ));
    });
}

/// Calls `tell` for every value that an earlier one equals.
pub(super) fn repeated<T: Eq + Hash + Clone>(
    values: impl IntoIterator<Item = T>,
    mut tell: impl FnMut(usize, T),
) {
    let mut seen = HashSet::new();
    for (index, value) in values.into_iter().enumerate() {
        if !seen.insert(value.clone()) {
            tell(index, value);
        }
    }
}

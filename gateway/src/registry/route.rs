//! Routes (路由): which system gets the cases of an item, at which step, and how much it gets.
//!
//! # Which route wins
//!
//! A route *matches* when every condition that it names holds on the day of submission. Among the matching routes the one with
//! the highest [`Rank`] wins; ranks compare field by field in this order:
//!
//! 1. `priority`, the operator's own word;
//! 2. the item pattern: an exact code before any pattern, then the pattern with more literal characters;
//! 3. a route that names a situation before one that does not;
//! 4. the region: a county before its city before its province before none;
//! 5. a route that names a level before one that does not.
//!
//! Two matching routes of equal highest rank are a fault ([`RoutingError::Ambiguous`]), and so is none: never a guess.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tongban_catalog::region::RegionCode;

/// At which step a case is handed to its system (移交环节).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOver {
    /// On submission (申办).
    Apply,
    /// Once the hall has pre-accepted it (预受理).
    Preaccept,
    /// Once the hall has accepted it (受理).
    Accept,
    /// Once the hall has finished the first step of approval (承办).
    FirstApproval,
    /// Never: the hall handles it itself.
    None,
}

impl HandOver {
    /// Whether a case that has gone through an event of this type is to be handed over: the step itself, or any later one, so that
    /// a skipped step does not leave a case behind.
    #[must_use]
    pub fn is_reached_by(self, kind: &str) -> bool {
        let reached = match kind {
            "applied" => 1,
            "pre_accepted" => 2,
            "accepted" | "deemed_accepted" => 3,
            "step" => 4,
            _ => 0,
        };
        let needed = match self {
            Self::Apply => 1,
            Self::Preaccept => 2,
            Self::Accept => 3,
            Self::FirstApproval => 4,
            Self::None => return false,
        };
        reached >= needed
    }
}

/// How much a system gets (交换方式).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything with the first message (全交换).
    #[default]
    Full,
    /// A notice first; form and materials when the partner pulls them (半交换).
    Half,
}

/// One route as written in `config/routes.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Pattern over any of the item's codes; `*` stands for any run of characters. `None`: every item.
    #[serde(default)]
    pub item: Option<String>,
    /// 行使层级 (GB/T 39046-2020 table A.2) that the item must have.
    #[serde(default)]
    pub level: Option<u8>,
    /// Region (GB/T 2260) of the application: this one or any within it.
    #[serde(default)]
    pub region: Option<String>,
    /// Situation (情形) of the application.
    #[serde(default)]
    pub situation: Option<String>,
    /// Id of the system; `None` only with `hand_over: none`.
    #[serde(default)]
    pub system: Option<String>,
    /// When the case goes there.
    pub hand_over: HandOver,
    /// How much goes there.
    #[serde(default)]
    pub mode: Mode,
    /// Goes before every other measure of specificity.
    #[serde(default)]
    pub priority: i32,
    /// First day (Asia/Shanghai) on which the route holds.
    #[serde(default)]
    pub valid_from: Option<Date>,
    /// Last day on which it holds.
    #[serde(default)]
    pub valid_to: Option<Date>,
}

/// What is to be routed.
#[derive(Debug, Clone, Copy)]
pub struct RouteQuery<'a> {
    /// All codes of the item.
    pub codes: &'a [&'a str],
    /// Level of the item.
    pub level: Option<u8>,
    /// Region of the application.
    pub region: &'a str,
    /// Situation of the application.
    pub situation: Option<&'a str>,
    /// Legal day of the submission.
    pub today: Date,
}

/// How specific a route is; field order is the order of comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    priority: i32,
    exact_item: bool,
    item_literals: usize,
    situation: bool,
    region_depth: usize,
    level: bool,
}

/// Why there is no one route. Both are faults of `routes.yaml`, found at check time for every published item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// No route matches.
    #[error(
        "no route matches; add one to routes.yaml, `hand_over: none` where the hall keeps the case"
    )]
    NoMatch,
    /// Several match, none more specific than the other.
    #[error("routes {first} and {second} of routes.yaml match alike; give one of them a priority")]
    Ambiguous {
        /// Position in the file, from 1.
        first: usize,
        /// Position in the file, from 1.
        second: usize,
    },
}

impl Route {
    /// Whether every condition of the route holds.
    #[must_use]
    pub fn matches(&self, query: &RouteQuery<'_>) -> bool {
        let fits = |pattern: &String| {
            query
                .codes
                .iter()
                .any(|code| matches_pattern(pattern, code))
        };
        self.item.as_ref().is_none_or(fits)
            && self.level.is_none_or(|level| query.level == Some(level))
            && self
                .region
                .as_ref()
                .is_none_or(|outer| lies_in(outer, query.region))
            && self
                .situation
                .as_ref()
                .is_none_or(|s| query.situation == Some(s))
            && self.valid_from.is_none_or(|from| from <= query.today)
            && self.valid_to.is_none_or(|to| query.today <= to)
    }

    /// How specific it is.
    #[must_use]
    pub fn rank(&self) -> Rank {
        let literals = |p: &String| p.chars().filter(|c| *c != '*').count();
        Rank {
            priority: self.priority,
            exact_item: self.item.as_ref().is_some_and(|p| !p.contains('*')),
            item_literals: self.item.as_ref().map_or(0, literals),
            situation: self.situation.is_some(),
            region_depth: self.region.as_deref().map_or(0, depth),
            level: self.level.is_some(),
        }
    }
}

/// The one route for `query` among `routes`, by the rule of this module.
///
/// # Errors
/// [`RoutingError`] when there is none, or not one alone.
pub fn choose<'r>(routes: &'r [Route], query: &RouteQuery<'_>) -> Result<&'r Route, RoutingError> {
    let matching = routes
        .iter()
        .enumerate()
        .filter(|(_, route)| route.matches(query));
    let mut best: Option<(usize, &Route)> = None;
    let mut rival = None;
    for (index, route) in matching {
        match best.map(|(_, held)| route.rank().cmp(&held.rank())) {
            None | Some(std::cmp::Ordering::Greater) => {
                (best, rival) = (Some((index, route)), None)
            }
            Some(std::cmp::Ordering::Equal) => rival = Some(index),
            Some(std::cmp::Ordering::Less) => {}
        }
    }
    let (first, route) = best.ok_or(RoutingError::NoMatch)?;
    match rival {
        Some(second) => Err(RoutingError::Ambiguous {
            first: first + 1,
            second: second + 1,
        }),
        None => Ok(route),
    }
}

/// Whether `inner` is `outer` or lies within it (GB/T 2260); texts that are no region codes lie nowhere.
fn lies_in(outer: &str, inner: &str) -> bool {
    match (outer.parse::<RegionCode>(), inner.parse::<RegionCode>()) {
        (Ok(outer), Ok(inner)) => outer.contains(&inner),
        _ => false,
    }
}

/// How many divisions a region lies within: a county more than its city, that more than its province.
fn depth(region: &str) -> usize {
    let code = region.parse::<RegionCode>().ok();
    std::iter::successors(code, RegionCode::parent)
        .take(8)
        .count()
}

/// `*` stands for any run of characters. Greedy from the left with one point to come back to: linear in practice, quadratic at worst.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match back {
                Some((after_star, from)) => {
                    back = Some((after_star, from + 1));
                    (p, t) = (after_star, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(item: &str, region: &str, situation: &str, level: u8, priority: i32) -> Route {
        let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
        Route {
            item: text(item),
            level: (level > 0).then_some(level),
            region: text(region),
            situation: text(situation),
            system: Some("s".into()),
            hand_over: HandOver::Apply,
            mode: Mode::Full,
            priority,
            valid_from: None,
            valid_to: None,
        }
    }

    fn query<'a>(codes: &'a [&'a str], situation: Option<&'a str>) -> RouteQuery<'a> {
        RouteQuery {
            codes,
            level: Some(3),
            region: "440402",
            situation,
            today: jiff::civil::date(2017, 6, 5),
        }
    }

    #[test]
    fn the_more_specific_route_wins_in_the_order_of_the_rank() {
        let less_to_more = [
            route("", "", "", 0, 0),
            route("", "", "", 3, 0),
            route("", "440000", "", 0, 0),
            route("", "440400", "", 0, 0),
            route("", "", "new", 0, 0),
            route("10*", "", "", 0, 0),
            route("10131*", "", "", 0, 0),
            route("1013130", "", "", 0, 0),
            route("", "", "", 0, 1),
        ];
        for pair in less_to_more.windows(2) {
            for routes in [
                [pair[0].clone(), pair[1].clone()],
                [pair[1].clone(), pair[0].clone()],
            ] {
                let chosen = choose(&routes, &query(&["x", "1013130"], Some("new")));
                assert_eq!(chosen, Ok(&pair[1]), "{routes:?}");
            }
        }
    }

    #[test]
    fn two_alike_are_ambiguous_and_none_is_an_error() {
        let routes = [
            route("", "440400", "", 0, 0),
            route("", "440400", "", 0, 0),
            route("", "", "", 0, 0),
        ];
        let ambiguous = RoutingError::Ambiguous {
            first: 1,
            second: 2,
        };
        assert_eq!(choose(&routes, &query(&["a"], None)), Err(ambiguous));
        let elsewhere = [route("", "440300", "", 0, 0), route("b", "", "", 0, 0)];
        assert_eq!(
            choose(&elsewhere, &query(&["a"], None)),
            Err(RoutingError::NoMatch)
        );
    }

    #[test]
    fn a_route_holds_on_its_first_and_last_day_and_not_beyond() {
        let mut one = route("", "", "", 0, 0);
        one.valid_from = Some(jiff::civil::date(2017, 6, 5));
        one.valid_to = one.valid_from;
        let on = |day| RouteQuery {
            today: jiff::civil::date(2017, 6, day),
            ..query(&["a"], None)
        };
        assert!(one.matches(&on(5)));
        assert!(!one.matches(&on(4)) && !one.matches(&on(6)));
    }

    #[test]
    fn patterns_match_whole_codes() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*0440400", "10131300500698857413440400", false),
            ("*440400", "10131300500698857413440400", true),
            ("a*b*c", "a-b-b-c", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(matches_pattern(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn regions_hold_what_lies_within_them() {
        for (outer, inner, expected) in [
            ("440000", "440402", true),
            ("440400", "440402", true),
            ("440400", "440400", true),
            ("440402", "440400", false),
            ("440400", "440500", false),
            ("440400", "440402001", true),
        ] {
            assert_eq!(lies_in(outer, inner), expected, "{outer} {inner}");
        }
    }
}

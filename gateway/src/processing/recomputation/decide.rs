//! What is next for the recomputation of open clocks: pure.
//!
//! | the newest recomputation | the calendar loaded here | next |
//! | --- | --- | --- |
//! | finished for it | | nothing |
//! | running for it | | go on where it stands |
//! | none, or for another calendar | is the one that is registered | begin one |
//! | none, or for another calendar | is another than what is registered | nothing: this node is behind |
//!
//! So nodes with different calendars do not undo each other's work: what is registered wins, and of that there is one.

use crate::store::recomputation::{Recomputation, RecomputationState, Touched};
use jiff::Timestamp;
use jiff::civil::Date;
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::Moment;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Every open clock is counted by the calendar that is loaded.
    Nothing,
    /// Look at the next cases.
    GoOn,
    /// Begin one, if what is loaded is what is registered.
    BeginIfRegistered,
}

/// What is next for a node that has loaded the calendar of this version.
#[must_use]
pub fn decide(newest: Option<&Recomputation>, loaded: &str) -> Next {
    match newest {
        Some(newest) if newest.calendar.version() == loaded => match newest.state {
            RecomputationState::Running => Next::GoOn,
            RecomputationState::Finished | RecomputationState::Superseded => Next::Nothing,
        },
        _ => Next::BeginIfRegistered,
    }
}

/// What the next recomputation looks at, and the titles of the notices that are its reason.
#[must_use]
pub fn begin(
    newest: Option<&Recomputation>,
    loaded: &Calendar,
    now: Timestamp,
) -> (Touched, Vec<String>) {
    let Some(newest) = newest else {
        // By which calendars they were counted so far is not known.
        return (EVERY, Vec::new());
    };
    let change = loaded.change_since(&newest.calendar);
    let own = change
        .as_ref()
        .map_or(NONE, |change| since(change.first, now));
    // What the one before has not come to, it was to look at for a reason.
    let left = match newest.state {
        RecomputationState::Finished => NONE,
        RecomputationState::Running | RecomputationState::Superseded => newest.touched,
    };
    let touched = Touched {
        due_from: own.due_from.min(left.due_from),
        overdue: own.overdue || left.overdue,
    };
    let notices = change.map(|change| change.notices).unwrap_or_default();
    let titles = notices.into_iter().map(|notice| notice.title).collect();
    (touched, titles)
}

const EVERY: Touched = Touched {
    due_from: Timestamp::MIN,
    overdue: true,
};

const NONE: Touched = Touched {
    due_from: Timestamp::MAX,
    overdue: false,
};

/// A clock that is due with the end of a day has counted no later one.
fn since(first: Date, now: Timestamp) -> Touched {
    let due_from = Moment::midnight(first).instant();
    Touched {
        due_from,
        overdue: due_from <= now,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "test code: a failed step is a failed test"
    )]

    use super::*;
    use crate::store::recomputation::RecomputationCounts;
    use tongban_catalog::calendar::CalendarYear;

    fn calendar(year: i16, days: &[(&str, &str)]) -> Calendar {
        let ranges: Vec<_> = days
            .iter()
            .map(|(day, kind)| {
                serde_json::json!({"from": day, "to": day, "kind": kind, "name": {"zh": "国庆节", "en": "National Day"}})
            })
            .collect();
        let year: CalendarYear = serde_json::from_value(serde_json::json!({
            "year": year, "version": 1, "ranges": ranges,
            "source": [{"title": format!("{year}年放假通知 {}", days.len()), "published": "2016-12-01", "trust": "D"}]
        }))
        .unwrap();
        Calendar::new(vec![year]).unwrap()
    }

    fn now() -> Timestamp {
        "2017-06-05T01:30:00Z".parse().unwrap()
    }

    fn newest(calendar: Calendar, state: RecomputationState, touched: Touched) -> Recomputation {
        Recomputation {
            id: 1,
            calendar,
            before: None,
            notices: Vec::new(),
            touched,
            state,
            last_case: 0,
            total: 0,
            counts: RecomputationCounts::default(),
            started_at: now(),
            finished_at: None,
        }
    }

    #[test]
    fn a_calendar_is_recomputed_for_once() {
        let calendar = calendar(2017, &[("2017-10-02", "holiday")]);
        let version = calendar.version().to_owned();
        assert_eq!(decide(None, &version), Next::BeginIfRegistered);
        let running = newest(calendar, RecomputationState::Running, NONE);
        assert_eq!(decide(Some(&running), &version), Next::GoOn);
        assert_eq!(decide(Some(&running), "another"), Next::BeginIfRegistered);
        let finished = Recomputation {
            state: RecomputationState::Finished,
            ..running
        };
        assert_eq!(decide(Some(&finished), &version), Next::Nothing);
    }

    #[test]
    fn the_first_one_looks_at_everything() {
        let loaded = calendar(2017, &[]);
        assert_eq!(begin(None, &loaded, now()), (EVERY, Vec::new()));
    }

    #[test]
    fn clocks_that_end_before_the_first_changed_day_are_left_alone() {
        let before = calendar(2017, &[("2017-10-02", "holiday")]);
        let after = calendar(
            2017,
            &[("2017-10-02", "holiday"), ("2017-10-03", "holiday")],
        );
        let finished = newest(before, RecomputationState::Finished, EVERY);
        let (touched, notices) = begin(Some(&finished), &after, now());
        let midnight: Timestamp = "2017-10-02T16:00:00Z".parse().unwrap();
        assert_eq!(touched.due_from, midnight);
        assert!(!touched.overdue, "the day is still to come");
        assert_eq!(notices, ["2017年放假通知 2"]);
        let (touched, _) = begin(Some(&finished), &after, midnight);
        assert!(
            touched.overdue,
            "a clock may have run out by the day that is off after all"
        );
    }

    #[test]
    fn what_one_left_undone_the_next_one_looks_at() {
        let before = calendar(2017, &[("2017-10-02", "holiday")]);
        let after = calendar(
            2017,
            &[("2017-10-02", "holiday"), ("2017-10-03", "holiday")],
        );
        let running = newest(before.clone(), RecomputationState::Running, EVERY);
        assert_eq!(begin(Some(&running), &after, now()).0, EVERY);
        let finished = newest(before.clone(), RecomputationState::Finished, EVERY);
        assert_eq!(
            begin(Some(&finished), &before, now()).0,
            NONE,
            "another version of the same days touches nothing"
        );
    }
}

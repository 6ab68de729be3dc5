//! Both countdowns, looked at on one day after another.

use super::super::{Limit, LimitUnit, standing};
use super::{at, calendar, request};

/// `now | elapsed suspended remaining overdue`, for 5 working days from Mon 2017-06-05.
#[track_caller]
fn five_days(stops: &[&str], table: &[(&str, u32, u32, i64, bool)]) {
    let question = request("2017-06-05T09:30", Limit::working_days(5), stops);
    for (now, elapsed, suspended, remaining, overdue) in table {
        let it = standing(&question, at(now), &calendar()).unwrap();
        let seen = (it.elapsed, it.suspended, it.remaining, it.overdue);
        assert_eq!(seen, (*elapsed, *suspended, *remaining, *overdue), "{now}");
    }
}

#[test]
fn it_counts_down_by_working_days() {
    five_days(
        &[],
        &[
            ("2017-06-01", 0, 0, 5, false),
            ("2017-06-05T23:59", 0, 0, 5, false),
            ("2017-06-06T00:00", 1, 0, 4, false),
            ("2017-06-11", 4, 0, 1, false),
            ("2017-06-12T23:59", 5, 0, 0, false),
            ("2017-06-13", 6, 0, -1, true),
        ],
    );
}

#[test]
fn it_is_overdue_on_the_weekend_after_a_due_friday() {
    let question = request("2017-06-05", Limit::working_days(4), &[]);
    let saturday = standing(&question, at("2017-06-10"), &calendar()).unwrap();
    assert_eq!((saturday.remaining, saturday.overdue), (0, true));
}

#[test]
fn it_stands_still_while_suspended_without_limit() {
    five_days(
        &["2017-06-07..2017-06-13:correction"],
        &[
            ("2017-06-07", 2, 0, 3, false),
            ("2017-06-08", 3, 1, 3, false),
            ("2017-06-12", 5, 3, 3, false),
            ("2017-06-13", 6, 4, 3, false),
            ("2017-06-14", 7, 4, 2, false),
        ],
    );
}

#[test]
fn it_stands_still_inside_a_limit_and_counts_down_beyond() {
    five_days(
        &["2017-06-07..2017-06-20:3:b"],
        &[
            ("2017-06-07", 2, 0, 3, false),
            ("2017-06-12", 5, 3, 3, false),
            ("2017-06-13", 6, 3, 2, false),
            ("2017-06-15", 8, 3, 0, false),
            ("2017-06-16", 9, 3, -1, true),
            ("2017-06-20", 11, 3, -3, true),
        ],
    );
}

#[test]
fn a_refused_extension_counts_down_again_from_where_time_stands() {
    five_days(
        &["2017-06-07..2017-06-13:refused"],
        &[
            ("2017-06-12", 5, 3, 3, false),
            ("2017-06-13", 6, 0, -1, true),
        ],
    );
}

#[test]
fn one_that_was_overdue_before_stays_overdue_while_suspended() {
    five_days(
        &["2017-06-14..2017-06-16:b"],
        &[
            ("2017-06-15", 8, 1, -2, true),
            ("2017-06-20", 11, 2, -4, true),
        ],
    );
}

#[test]
fn the_second_countdown_is_the_suspensions_own() {
    let question = request("2017-06-05", Limit::natural_days(10), &["2017-06-07..:3:b"]);
    let own = |now: &str| {
        let it = standing(&question, at(now), &calendar())
            .unwrap()
            .suspension
            .unwrap();
        (
            it.elapsed,
            it.limit,
            it.remaining,
            it.due.map(|day| day.to_string()),
            it.holds,
        )
    };
    let due = || Some("2017-06-12".to_owned());
    assert_eq!(own("2017-06-07"), (0, Some(3), Some(3), due(), true));
    assert_eq!(own("2017-06-12"), (3, Some(3), Some(0), due(), true));
    assert_eq!(own("2017-06-13"), (4, Some(3), Some(-1), due(), false));
}

#[test]
fn a_corrections_limit_counts_down_but_does_not_bind() {
    let question = request(
        "2017-06-05",
        Limit::working_days(5),
        &["2017-06-07..:2:correction"],
    );
    let it = standing(&question, at("2017-06-20"), &calendar()).unwrap();
    assert_eq!(it.remaining, 3);
    let own = it.suspension.unwrap();
    assert_eq!((own.remaining, own.holds), (Some(-7), true));
}

#[test]
fn before_a_suspension_nobody_knows_of_it() {
    let question = request("2017-06-05", Limit::working_days(5), &["2017-06-07..:3:b"]);
    assert_eq!(
        standing(&question, at("2017-06-06"), &calendar())
            .unwrap()
            .suspension,
        None
    );
}

#[test]
fn a_rolled_over_end_is_kept_on_the_day_it_rolled_to() {
    // Ends on holiday Mon 29 May, rolls over to Wed 31.
    let question = request("2017-05-19", Limit::natural_days(10).rolling_over(), &[]);
    let on = |now: &str| {
        let it = standing(&question, at(now), &calendar()).unwrap();
        (it.remaining, it.overdue)
    };
    assert_eq!(on("2017-05-29"), (0, false));
    assert_eq!(on("2017-05-31"), (0, false));
    assert_eq!(on("2017-06-01"), (-3, true));
}

#[test]
fn minutes_count_down_in_service_hours() {
    let hours = "08:30-12:00,14:00-17:30".parse().unwrap();
    let question = request(
        "2017-06-05T09:30",
        Limit::new(4, LimitUnit::Hour).in_service_hours(hours),
        &[],
    );
    let on = |now: &str| {
        let it = standing(&question, at(now), &calendar()).unwrap();
        (it.elapsed, it.remaining, it.overdue)
    };
    assert_eq!(on("2017-06-05T13:00"), (150, 90, false));
    assert_eq!(on("2017-06-05T15:29"), (239, 1, false));
    assert_eq!(on("2017-06-05T15:30"), (240, 0, true));
    assert_eq!(on("2017-06-05T15:31"), (241, -1, true));
}

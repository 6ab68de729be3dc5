//! What a calendar answers, and what is wrong with its files.

#![allow(
    clippy::unwrap_used,
    reason = "a value that a test cannot build is a failed test"
)]

use jiff::civil::{Date, date};

use super::{Calendar, CalendarYear, Coverage, DayKind, YearProblem};
use crate::source::load_yaml;

/// Every year of `config/calendar/`, as text.
const SHIPPED: [(i16, &str); 12] = [
    (2016, include_str!("../../../config/calendar/2016.yaml")),
    (2017, include_str!("../../../config/calendar/2017.yaml")),
    (2018, include_str!("../../../config/calendar/2018.yaml")),
    (2019, include_str!("../../../config/calendar/2019.yaml")),
    (2020, include_str!("../../../config/calendar/2020.yaml")),
    (2021, include_str!("../../../config/calendar/2021.yaml")),
    (2022, include_str!("../../../config/calendar/2022.yaml")),
    (2023, include_str!("../../../config/calendar/2023.yaml")),
    (2024, include_str!("../../../config/calendar/2024.yaml")),
    (2025, include_str!("../../../config/calendar/2025.yaml")),
    (2026, include_str!("../../../config/calendar/2026.yaml")),
    (2027, include_str!("../../../config/calendar/2027.yaml")),
];

fn year(text: &str) -> CalendarYear {
    load_yaml("calendar.yaml", text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn shipped() -> Calendar {
    Calendar::new(SHIPPED.iter().map(|(_, text)| year(text)).collect()).unwrap()
}

/// A year without faults, `ranges` added.
fn made(year: i16, ranges: &str) -> String {
    format!(
        "schema: tongban/calendar/1\nyear: {year}\nversion: 1\nsource:\n  - {{ title: 通知, published: {year}-01-01, trust: D }}\nranges:\n{ranges}"
    )
}

fn holiday(from: &str, to: &str, kind: &str) -> String {
    format!(
        "  - {{ from: {from}, to: {to}, kind: {kind}, name: {{ zh: 国庆节, en: National Day }} }}\n"
    )
}

fn codes(text: &str) -> Vec<&'static str> {
    let faults = load_yaml::<CalendarYear>("calendar.yaml", text).unwrap_err();
    faults.iter().map(|fault| fault.code).collect()
}

#[test]
fn weekdays_are_worked_and_weekends_are_off_unless_a_notice_says_otherwise() {
    let calendar = shipped();
    let kind = |y, m, d| calendar.day(date(y, m, d)).kind;
    assert_eq!(kind(2017, 6, 5), DayKind::Working);
    assert_eq!(kind(2017, 6, 10), DayKind::Weekend);
    assert!(matches!(kind(2017, 5, 27), DayKind::MakeUp { name } if name.zh == "端午节"));
    assert!(
        matches!(kind(2017, 5, 29), DayKind::Holiday { name } if name.en == "Dragon Boat Festival")
    );
    for day in [
        date(2017, 6, 5),
        date(2017, 6, 10),
        date(2017, 5, 27),
        date(2017, 5, 29),
    ] {
        assert_eq!(
            calendar.is_working(day),
            calendar.day(day).kind.is_working()
        );
    }
}

#[test]
fn shipped_years_are_named_after_their_files_and_announced_up_to_2026() {
    for (number, text) in SHIPPED {
        assert_eq!(year(text).year, number);
    }
    assert!(shipped().announced_years().eq(2016..=2026));
}

#[test]
fn every_notice_gives_the_statutory_holidays_and_no_more() {
    // Weekdays off less weekend days worked: 11 statutory holidays, 13 from 2025 on (办法 as revised in November 2024).
    // The extension of Spring Festival 2020 added Friday 31 January and took back the working of Saturday 1 February.
    for (number, text) in SHIPPED.iter().filter(|(number, _)| *number < 2027) {
        let calendar = Calendar::new(vec![year(text)]).unwrap();
        let first = date(number - 1, 12, 25);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
        let balance: i32 = days
            .take_while(|day| *day <= date(*number, 12, 31))
            .map(
                |day| match (calendar.day(day).kind, super::is_weekend(day)) {
                    (DayKind::Holiday { .. }, false) => 1,
                    (DayKind::MakeUp { .. }, _) => -1,
                    _ => 0,
                },
            )
            .sum();
        let expected = if matches!(number, 2020 | 2025..) {
            13
        } else {
            11
        };
        assert_eq!(balance, expected, "{number}");
    }
}

#[test]
fn a_year_not_announced_is_answered_by_weekends_and_says_so() {
    let calendar = shipped();
    for year in [2015, 2027, 2028] {
        let day = calendar.day(date(year, 10, 1));
        assert_eq!(day.coverage, Coverage::WeekendsOnly);
        assert!(matches!(day.kind, DayKind::Working | DayKind::Weekend));
    }
    assert_eq!(calendar.coverage(date(2026, 12, 31)), Coverage::Announced);
}

#[test]
fn a_notice_reaches_back_into_the_december_before() {
    let day = shipped().day(date(2018, 12, 29));
    assert!(matches!(day.kind, DayKind::MakeUp { .. }));
    assert!(
        !Calendar::new(vec![year(SHIPPED[2].1)])
            .unwrap()
            .is_working(date(2018, 12, 29))
    );
}

#[test]
fn the_version_names_the_years_and_changes_with_every_entry() {
    let (one, other) = (
        holiday("2017-10-01", "2017-10-07", "holiday"),
        holiday("2017-10-01", "2017-10-08", "holiday"),
    );
    let version = |text: &str| {
        Calendar::new(vec![year(text)])
            .unwrap()
            .version()
            .to_owned()
    };
    let first = version(&made(2017, &one));
    assert!(first.starts_with("2017-2017.1."), "{first}");
    assert_eq!(first, version(&made(2017, &one)));
    assert_ne!(
        first,
        version(&made(2017, &other)),
        "although nobody raised `version`"
    );
    assert_ne!(
        first,
        version(&made(2017, &one).replace("version: 1", "version: 2"))
    );
    assert_eq!(Calendar::weekends_only().version(), "weekends-only");
}

#[test]
fn the_order_of_years_does_not_matter() {
    let mut years: Vec<CalendarYear> = SHIPPED.iter().map(|(_, text)| year(text)).collect();
    years.reverse();
    assert_eq!(Calendar::new(years).unwrap(), shipped());
}

#[test]
fn a_day_is_told_as_json_with_its_name() {
    let json = serde_json::to_string(&shipped().day(date(2017, 5, 27))).unwrap();
    assert_eq!(
        json,
        r#"{"kind":"make_up","name":{"zh":"端午节","en":"Dragon Boat Festival"}}"#
    );
    let json = serde_json::to_string(&shipped().day(date(2027, 1, 1))).unwrap();
    assert_eq!(json, r#"{"kind":"working","coverage":"weekends_only"}"#);
}

#[test]
fn faulty_files_are_told_with_a_code_each() {
    let range = |from, to, kind| made(2017, &holiday(from, to, kind));
    assert_eq!(
        codes(&range("2017-10-07", "2017-10-01", "holiday")),
        ["range_length"]
    );
    assert_eq!(
        codes(&range("2017-10-01", "2017-11-01", "holiday")),
        ["range_length"]
    );
    assert_eq!(
        codes(&range("2016-12-24", "2016-12-25", "holiday")),
        ["range_outside_year"]
    );
    assert_eq!(
        codes(&range("2017-12-31", "2018-01-01", "holiday")),
        ["range_outside_year"]
    );
    assert_eq!(
        codes(&range("2017-09-29", "2017-09-30", "workday")),
        ["workday_not_weekend"]
    );
    assert_eq!(
        codes(&made(2017, "  []\n").replace("version: 1", "version: 0")),
        ["version_zero"]
    );
    assert_eq!(codes(&made(1991, "  []\n")), ["year_out_of_range"]);
    let bare = "schema: tongban/calendar/1\nyear: 2017\nversion: 1\n";
    assert_eq!(codes(bare), ["no_source"]);
    let early = format!(
        "{bare}announced: false\nranges:\n{}",
        holiday("2017-10-01", "2017-10-07", "holiday")
    );
    assert_eq!(codes(&early), ["ranges_without_notice"]);
}

#[test]
fn a_fault_says_its_line() {
    let ranges = holiday("2017-10-01", "2017-10-07", "holiday")
        + &holiday("2017-09-29", "2017-09-29", "workday");
    let faults = load_yaml::<CalendarYear>("2017.yaml", &made(2017, &ranges)).unwrap_err();
    assert_eq!((faults[0].line, faults[0].code), (8, "workday_not_weekend"));
    assert!(
        faults[0].message.zh.contains("2017-09-29") && faults[0].message.en.contains("2017-09-29")
    );
}

#[test]
fn a_day_is_one_thing() {
    let twice = holiday("2017-10-01", "2017-10-07", "holiday")
        + &holiday("2017-10-07", "2017-10-07", "workday");
    let problems = Calendar::new(vec![year(&made(2017, &twice))]).unwrap_err();
    assert_eq!(
        problems,
        [YearProblem::DayTwice {
            year: 2017,
            date: date(2017, 10, 7)
        }]
    );
    let again = made(2017, "  []\n");
    let problems = Calendar::new(vec![year(&again), year(&again)]).unwrap_err();
    assert_eq!(problems, [YearProblem::YearTwice { year: 2017 }]);
}

#[test]
fn every_problem_of_every_year_is_told_at_once() {
    let mut years: Vec<CalendarYear> = [2017, 2018]
        .map(|number| year(&made(number, "  []\n")))
        .into();
    for year in &mut years {
        year.version = 0;
        year.source.clear();
    }
    assert_eq!(Calendar::new(years).unwrap_err().len(), 4);
}

#[test]
fn the_edges_of_time_do_not_panic() {
    let calendar = shipped();
    for day in [Date::MIN, Date::MAX] {
        assert_eq!(calendar.day(day).coverage, Coverage::WeekendsOnly);
    }
}

/// 2017 with these ranges, under a notice of this title.
fn noticed(title: &str, ranges: &str) -> Calendar {
    let text = made(2017, ranges).replace("通知", title);
    Calendar::new(vec![year(&text)]).unwrap()
}

#[test]
fn a_change_names_its_first_and_last_day_and_the_notice() {
    let before = noticed("原通知", &holiday("2017-10-02", "2017-10-04", "holiday"));
    let after = noticed(
        "新通知",
        &(holiday("2017-10-02", "2017-10-06", "holiday")
            + &holiday("2017-10-14", "2017-10-14", "workday")),
    );
    let change = after.change_since(&before).unwrap();
    assert_eq!(
        (change.first, change.last),
        (date(2017, 10, 5), date(2017, 10, 14))
    );
    let titles: Vec<_> = change.notices.iter().map(|n| n.title.as_str()).collect();
    assert_eq!(titles, ["新通知"]);
    let back = before.change_since(&after).unwrap();
    assert_eq!((back.first, back.last), (change.first, change.last));
    assert_eq!(after.change_since(&after), None);
}

#[test]
fn an_entry_put_right_names_the_notice_of_its_year() {
    let before = noticed("通知", &holiday("2017-10-02", "2017-10-04", "holiday"));
    let after = noticed("通知", &holiday("2017-10-02", "2017-10-05", "holiday"));
    let change = after.change_since(&before).unwrap();
    assert_eq!(
        (change.first, change.last),
        (date(2017, 10, 5), date(2017, 10, 5))
    );
    assert_eq!(change.notices.len(), 1);
}

#[test]
fn a_year_that_is_announced_changes_as_a_whole() {
    let change = shipped().change_since(&Calendar::weekends_only()).unwrap();
    assert_eq!(change.first, date(2016, 1, 1));
    let newest: Vec<_> = change.notices.iter().map(|n| n.published).collect();
    assert!(
        newest.is_sorted_by(|a, b| a >= b) && newest.len() == 3,
        "{newest:?}"
    );
}

#[test]
fn a_calendar_is_kept_as_json() {
    let calendar = shipped();
    let kept = serde_json::to_string(&calendar).unwrap();
    assert_eq!(serde_json::from_str::<Calendar>(&kept).unwrap(), calendar);
}

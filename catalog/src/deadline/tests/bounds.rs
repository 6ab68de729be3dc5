//! What does not fit together or lies too far away, at the bound and one beyond.

use jiff::ToSpan;

use super::super::{
    DeadlineError, EARLIEST, HORIZON_DAYS, LATEST, Limit, LimitUnit, MAX_N, MAX_STOPS, Moment,
    Request, Stop, StopKind, due, explain,
};
use super::{at, calendar, request};
use crate::calendar::Calendar;

#[track_caller]
fn refused(request: &Request, error: DeadlineError) {
    assert_eq!(explain(request, &calendar()), Err(error.clone()));
    assert_eq!(due(request, &calendar()), Err(error));
}

#[test]
fn a_limit_reaches_to_max_n() {
    let from = at("2017-06-05");
    assert!(due(&Request::new(from, Limit::working_days(MAX_N)), &calendar()).is_ok());
    refused(
        &Request::new(from, Limit::working_days(MAX_N + 1)),
        DeadlineError::TooLong { n: MAX_N + 1 },
    );
}

#[test]
fn a_deadline_starts_on_a_day_that_can_be_counted() {
    let limit = Limit::working_days(1);
    for day in [EARLIEST, LATEST] {
        assert!(due(&Request::new(Moment::midnight(day), limit), &calendar()).is_ok());
    }
    for date in [EARLIEST.yesterday().unwrap(), LATEST.tomorrow().unwrap()] {
        refused(
            &Request::new(Moment::midnight(date), limit),
            DeadlineError::DateOutOfRange { date },
        );
    }
}

#[test]
fn nothing_reaches_beyond_the_horizon() {
    let from = at("2017-06-05").date();
    let horizon = from.checked_add(i64::from(HORIZON_DAYS).days()).unwrap();
    let limit = Limit::working_days(5);
    let stopped_until = |date| {
        let stop = Stop::open(StopKind::Correction, Moment::midnight(from));
        Request::new(Moment::midnight(from), limit).with_stop(stop.until(Moment::midnight(date)))
    };
    refused(
        &stopped_until(horizon.tomorrow().unwrap()),
        DeadlineError::TooFar { from },
    );
    // Inside it, but the limit adds five days beyond.
    refused(&stopped_until(horizon), DeadlineError::TooFar { from });
    let months = |n| Request::new(Moment::midnight(from), Limit::new(n, LimitUnit::Month));
    assert!(due(&months(240), &calendar()).is_ok());
    refused(&months(241), DeadlineError::TooFar { from });
}

#[test]
fn an_office_that_hardly_serves_ends_at_the_horizon() {
    let hours = "09:00-09:01".parse().unwrap();
    let limit = Limit::new(MAX_N, LimitUnit::Hour).in_service_hours(hours);
    let from = at("2017-06-05");
    refused(
        &Request::new(from, limit),
        DeadlineError::TooFar { from: from.date() },
    );
}

#[test]
fn hours_need_service_hours() {
    for unit in [LimitUnit::Hour, LimitUnit::Minute] {
        refused(
            &Request::new(at("2017-06-05"), Limit::new(1, unit)),
            DeadlineError::NoServiceHours,
        );
    }
}

#[test]
fn suspensions_stand_in_order_and_never_nest() {
    let five = Limit::working_days(5);
    let ask = |stops: &[&str]| request("2017-06-05", five, stops);
    let from = at("2017-06-02");
    refused(
        &ask(&["2017-06-02..2017-06-06"]),
        DeadlineError::StopBeforeStart { stop: 1, from },
    );
    let from = at("2017-06-07");
    refused(
        &ask(&["2017-06-07..2017-06-06"]),
        DeadlineError::StopEndsBeforeItBegins { stop: 1, from },
    );
    for second in ["2017-06-08..2017-06-12", "2017-06-06..2017-06-06"] {
        refused(
            &ask(&["2017-06-07..2017-06-09", second]),
            DeadlineError::StopsNest { stop: 2 },
        );
    }
    refused(
        &ask(&["2017-06-07..", "2017-06-09..2017-06-12"]),
        DeadlineError::StopsNest { stop: 2 },
    );
}

#[test]
fn only_an_extension_can_be_refused() {
    let mut question = request(
        "2017-06-05",
        Limit::working_days(5),
        &["2017-06-07..2017-06-09:refused"],
    );
    question.stops[0].kind = StopKind::SpecialB;
    refused(&question, DeadlineError::RefusedButNoExtension { stop: 1 });
}

#[test]
fn suspensions_are_bounded_in_number_and_limit() {
    let zero_days = ["2017-06-07..2017-06-07"; MAX_STOPS + 1];
    let five = Limit::working_days(5);
    assert!(due(&request("2017-06-05", five, &zero_days[1..]), &calendar()).is_ok());
    refused(
        &request("2017-06-05", five, &zero_days),
        DeadlineError::TooManyStops {
            given: MAX_STOPS + 1,
        },
    );
    let stop = Stop::open(StopKind::SpecialB, at("2017-06-07")).limited_to(MAX_N + 1);
    let question = Request::new(at("2017-06-05"), five).with_stop(stop);
    refused(
        &question,
        DeadlineError::StopTooLong {
            stop: 1,
            limit: MAX_N + 1,
        },
    );
}

#[test]
fn without_a_calendar_weekends_are_off_and_each_year_is_warned_of() {
    let question = request("2017-12-29", Limit::working_days(2), &[]);
    let derivation = explain(&question, &Calendar::weekends_only()).unwrap();
    assert_eq!(derivation.due.unwrap().date.to_string(), "2018-01-02");
    assert_eq!(derivation.calendar, "weekends-only");
    assert_eq!(derivation.warnings.len(), 2, "2017 and 2018");
    let natural = request("2017-12-29", Limit::natural_days(2), &[]);
    let warned = explain(&natural, &Calendar::weekends_only())
        .unwrap()
        .warnings;
    assert_eq!(warned, [], "natural days do not ask the calendar");
}

#[test]
fn a_tampered_derivation_contradicts_itself() {
    let question = request(
        "2017-06-05",
        Limit::working_days(5),
        &["2017-06-07..2017-06-09"],
    );
    let sound = explain(&question, &calendar()).unwrap();
    let tampered = |change: &dyn Fn(&mut super::super::Derivation)| {
        let mut derivation = sound.clone();
        change(&mut derivation);
        derivation.recompute()
    };
    assert_eq!(tampered(&|_| ()), Ok(sound.due));
    assert!(tampered(&|d| d.base = 6).is_err());
    assert!(tampered(&|d| d.total = Some(8)).is_err());
    assert!(tampered(&|d| d.stops[0].credit = Some(3)).is_err());
    assert!(tampered(&|d| drop(d.days.remove(2))).is_err());
    assert!(tampered(&|d| d.days.truncate(3)).is_err());
    assert!(tampered(&|d| d.days[0].day.kind = crate::calendar::DayKind::Weekend).is_err());
    assert_ne!(tampered(&|d| d.due = None).unwrap(), None);
}

#[test]
fn an_items_policies_decide_on_months_and_days_off() {
    use super::super::{EndOnDayOff, MonthRule};
    use crate::item::{NaturalDayEnd, Policies, TimeLimit, UnitConvention};
    let month = TimeLimit {
        n: 1,
        unit: LimitUnit::Month,
        note: None,
    };
    let national = Limit::of_item(&month, &Policies::default(), None);
    assert_eq!(national, Limit::new(1, LimitUnit::Month));
    let policies = Policies {
        natural_day_end: NaturalDayEnd::RollsOver,
        units: UnitConvention::Guangdong,
        ..Policies::default()
    };
    let guangdong = Limit::of_item(&month, &policies, None);
    assert_eq!(guangdong.month, MonthRule::ThirtyDays);
    assert_eq!(guangdong.end_on_day_off, EndOnDayOff::RollsOver);
}

//! What holds for every deadline, whatever dates, limits and suspensions come in.

#![allow(
    clippy::unwrap_used,
    reason = "a property that cannot be set up is a failed test"
)]

mod calendar;

use std::sync::OnceLock;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use tongban_catalog::Language;
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::{
    ClockKind, Counting, Derivation, EndOnDayOff, LegalClock, Limit, LimitUnit, MAX_N, Measure,
    Moment, MonthRule, Request, Stop, StopEnd, StopKind, StopOutcome, Warning, due, explain,
    parse_from, parse_n, parse_stop, parse_unit, standing,
};

fn shipped() -> &'static Calendar {
    static CALENDAR: OnceLock<Calendar> = OnceLock::new();
    CALENDAR.get_or_init(calendar::shipped)
}

fn day() -> impl Strategy<Value = Date> {
    (0..4_500_i64).prop_map(|days| date(2015, 9, 1).checked_add(days.days()).unwrap())
}

fn moment() -> impl Strategy<Value = Moment> {
    (day(), 0..24_i8, 0..60_i8, prop_oneof![Just(0_i8), 0..60_i8])
        .prop_map(|(day, hour, minute, second)| Moment::of(day.at(hour, minute, second, 0)))
}

fn limit() -> impl Strategy<Value = Limit> {
    let unit = prop::sample::select(LimitUnit::ALL.to_vec());
    let hours = prop_oneof![
        Just("08:30-12:00,14:00-17:30"),
        Just("00:00-24:00"),
        Just("09:00-09:01"),
        Just("00:00-00:01,23:59-24:00"),
    ];
    (unit, 0..60_u32, any::<bool>(), any::<bool>(), hours).prop_map(
        |(unit, n, thirty, rolls, hours)| Limit {
            month: if thirty {
                MonthRule::ThirtyDays
            } else {
                MonthRule::Calendar
            },
            end_on_day_off: if rolls {
                EndOnDayOff::RollsOver
            } else {
                EndOnDayOff::Stays
            },
            service_hours: Some(hours.parse().unwrap()),
            ..Limit::new(n, unit)
        },
    )
}

/// A suspension by the minutes from the one before it and the minutes that it lasts.
type Gap = (u32, u32, StopKind, u32, bool);

fn gaps(most: usize) -> impl Strategy<Value = (Vec<Gap>, bool)> {
    let kind = prop_oneof![
        Just(StopKind::Correction),
        Just(StopKind::SpecialA),
        Just(StopKind::SpecialB)
    ];
    let minutes = || prop_oneof![Just(0_u32), 0..300_u32, 0..30_000_u32];
    let limit = prop_oneof![Just(0_u32), 0..15_u32];
    let gap = (minutes(), minutes(), kind, limit, any::<bool>());
    (prop::collection::vec(gap, 0..=most), any::<bool>())
}

fn request() -> impl Strategy<Value = Request> {
    (moment(), limit(), gaps(4)).prop_map(|(from, limit, (gaps, open))| {
        let mut request = Request::new(from, limit);
        let mut at = from;
        for (pause, lasts, kind, limit, refused) in gaps {
            let begins = later(at, pause);
            at = later(begins, lasts);
            let stop = Stop::open(kind, begins).limited_to(limit);
            let refused = refused && kind == StopKind::SpecialA;
            request.stops.push(if refused {
                stop.refused(at)
            } else {
                stop.until(at)
            });
        }
        if let (true, Some(last)) = (open, request.stops.last_mut()) {
            last.end = None;
        }
        request
    })
}

fn later(moment: Moment, minutes: u32) -> Moment {
    Moment::at(
        moment
            .instant()
            .checked_add(i64::from(minutes).minutes())
            .unwrap(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_explanation_gives_the_due_date_that_its_days_give(request in request()) {
        let derivation = explain(&request, shipped()).unwrap();
        prop_assert_eq!(derivation.due, due(&request, shipped()).unwrap());
        prop_assert_eq!(derivation.recompute(), Ok(derivation.due));
    }

    #[test]
    fn an_explanation_survives_json(request in request()) {
        let derivation = explain(&request, shipped()).unwrap();
        let json = serde_json::to_string(&derivation).unwrap();
        prop_assert_eq!(serde_json::from_str::<Derivation>(&json).unwrap(), derivation);
    }

    #[test]
    fn a_longer_limit_is_never_due_earlier(request in request(), more in 1..20_u32) {
        let mut longer = request.clone();
        longer.limit.n += more;
        prop_assert!(due(&request, shipped()).unwrap() <= due(&longer, shipped()).unwrap());
    }

    #[test]
    fn credits_add_up_to_a_longer_limit(request in request()) {
        let derivation = explain(&request, shipped()).unwrap();
        let Some(total) = derivation.total else { return Ok(()) };
        let credits: u32 = derivation.stops.iter().map(|line| line.credit.unwrap()).sum();
        prop_assert_eq!(total, derivation.base + credits);
        let unit = match (derivation.measure, request.limit.unit) {
            (Measure::Minutes, _) => LimitUnit::Minute,
            (Measure::Days, LimitUnit::WorkingDay) => LimitUnit::WorkingDay,
            (Measure::Days, _) => LimitUnit::NaturalDay,
        };
        if total <= MAX_N {
            let alone = Request::new(request.from, Limit { n: total, unit, ..request.limit });
            prop_assert_eq!(due(&alone, shipped()).unwrap(), derivation.due);
        }
    }

    #[test]
    fn an_ended_suspension_adds_at_least_one_and_at_most_its_limit(request in request()) {
        for line in explain(&request, shipped()).unwrap().stops {
            let (Some(end), Some(credit)) = (line.stop.end, line.credit) else { continue };
            if end.outcome == StopOutcome::Refused {
                prop_assert_eq!(credit, 0);
            } else {
                prop_assert!(credit >= 1);
                prop_assert!(line.limit.is_none_or(|limit| credit <= limit));
            }
        }
    }

    #[test]
    fn days_that_a_suspension_took_are_as_many_as_it_added(request in request()) {
        let derivation = explain(&request, shipped()).unwrap();
        let late = derivation.warnings.iter().any(|w| matches!(w, Warning::SuspendedWhenOverdue { .. }));
        let (Some(total), Measure::Days, false) = (derivation.total, derivation.measure, late) else { return Ok(()) };
        let taken = derivation.days.iter().filter(|line| matches!(
            line.counting,
            Counting::Suspended { number, .. } | Counting::Granted { number, .. } if number <= total
        ));
        prop_assert_eq!(taken.count(), usize::try_from(total - derivation.base).unwrap());
    }

    #[test]
    fn the_due_date_of_an_open_limit_is_the_latest_it_can_become(request in request(), lasts in 0..30_000_u32) {
        let Some(open) = request.stops.last().filter(|stop| stop.end.is_none()) else { return Ok(()) };
        let mut ended = request.clone();
        let at = later(open.from, lasts);
        ended.stops.last_mut().unwrap().end = Some(StopEnd { at, outcome: StopOutcome::Credited });
        if let Some(latest) = due(&request, shipped()).unwrap() {
            prop_assert!(due(&ended, shipped()).unwrap().unwrap() <= latest);
        }
    }

    #[test]
    fn nothing_is_overdue_before_it_is_due_and_all_is_after(request in request()) {
        let Some(due) = due(&request, shipped()).unwrap() else { return Ok(()) };
        if request.stops.last().is_some_and(|stop| stop.end.is_none_or(|end| end.at > due.end)) {
            return Ok(());
        }
        let before = Moment::at(due.end.instant().checked_sub(1.second()).unwrap());
        if before >= request.stops.last().and_then(|stop| stop.end).map_or(request.from, |end| end.at) {
            prop_assert!(!standing(&request, before, shipped()).unwrap().overdue);
        }
        let after = standing(&request, due.end, shipped()).unwrap();
        prop_assert!(after.overdue && after.remaining <= 0);
    }

    #[test]
    fn a_frozen_clock_stands_still(from in moment(), n in 0..60_u32, pause in 0..9_000_u32, wait in 0..90_000_u32) {
        let clock = LegalClock::start(ClockKind::Promise, Limit::working_days(n), from.instant(), shipped()).unwrap();
        let at = later(from, pause);
        let frozen = clock.freeze(Stop::open(StopKind::Correction, at), shipped()).unwrap();
        let first = frozen.standing(at.instant(), shipped()).unwrap();
        let second = frozen.standing(later(at, wait).instant(), shipped()).unwrap();
        prop_assert_eq!(first.remaining, second.remaining);
        prop_assert_eq!(frozen.due(), None);
    }

    #[test]
    fn a_clock_tells_what_explain_tells(request in request()) {
        let mut clock = LegalClock::start(ClockKind::Statutory, request.limit, request.from.instant(), shipped()).unwrap();
        for stop in &request.stops {
            clock = clock.freeze(stop.clone(), shipped()).unwrap();
            if let Some(end) = stop.end {
                clock = clock.resume(end.at.instant(), end.outcome, shipped()).unwrap().0;
            }
        }
        prop_assert_eq!(clock.request(), request.clone());
        prop_assert_eq!(clock.due(), due(&request, shipped()).unwrap());
    }

    #[test]
    fn any_numbers_are_answered_or_refused(
        year in -9_000..9_000_i16, month in 1..=12_i8, n in any::<u32>(), limit in any::<u32>(),
        unit in prop::sample::select(LimitUnit::ALL.to_vec()), hours in any::<bool>(), pause in any::<u32>(),
    ) {
        let from = Moment::midnight(date(year, month, 28));
        let hours = hours.then(|| "09:00-09:01".parse().unwrap());
        let limit_of = Limit { service_hours: hours, ..Limit::new(n % 9_000, unit) };
        let begins = Moment::at(from.instant().saturating_add(i64::from(pause).minutes()).unwrap());
        for stop in [Stop::open(StopKind::SpecialB, begins).limited_to(limit % 9_000), Stop::open(StopKind::Correction, from).until(begins)] {
            let request = Request::new(from, limit_of).with_stop(stop);
            if let Ok(derivation) = explain(&request, shipped()) {
                prop_assert_eq!(derivation.recompute(), Ok(derivation.due));
                prop_assert!(!derivation.text(Language::Chinese).is_empty());
            }
            let _ = standing(&request, begins, shipped());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", date in "[0-9T:.+Z -]{0,40}") {
        for text in [&text, &date] {
            let _ = (parse_from(text), parse_n(text), parse_unit(text), parse_stop(text));
            let _ = text.parse::<tongban_catalog::deadline::ServiceHours>();
        }
        let _ = parse_stop(&format!("2017-06-07..{date}"));
    }
}

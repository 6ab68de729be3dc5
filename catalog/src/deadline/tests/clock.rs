//! The clock of a case, step by step.

use jiff::Timestamp;

use super::super::{
    ClockError, ClockKind, ClockState, DeadlineError, LegalClock, Limit, Stop, StopKind,
    StopOutcome,
};
use super::{at, calendar};
use crate::calendar::Calendar;

fn instant(text: &str) -> Timestamp {
    at(text).instant()
}

/// Promise of 5 working days from Mon 2017-06-05 09:30.
fn started() -> LegalClock {
    let limit = Limit::working_days(5);
    LegalClock::start(
        ClockKind::Promise,
        limit,
        instant("2017-06-05T09:30"),
        &calendar(),
    )
    .unwrap()
}

fn correction(from: &str) -> Stop {
    Stop::open(StopKind::Correction, at(from))
}

#[track_caller]
fn due_on(clock: &LegalClock, day: &str) {
    assert_eq!(clock.due().unwrap().date.to_string(), day);
}

#[test]
fn a_started_clock_runs_and_is_due_with_the_end_of_the_day() {
    let clock = started();
    assert_eq!(clock.state(), ClockState::Running);
    due_on(&clock, "2017-06-12");
    assert_eq!(
        clock.due_instant().unwrap().to_string(),
        "2017-06-12T16:00:00Z",
        "midnight in Shanghai"
    );
    assert_eq!(clock.calendar_version(), calendar().version());
}

#[test]
fn a_clock_in_minutes_is_due_with_the_minute() {
    let limit = Limit::new(30, super::super::LimitUnit::Minute)
        .in_service_hours("09:00-17:00".parse().unwrap());
    let clock = LegalClock::start(
        ClockKind::Promise,
        limit,
        instant("2017-06-05T09:30"),
        &calendar(),
    )
    .unwrap();
    assert_eq!(clock.due_instant(), Some(instant("2017-06-05T10:00")));
}

#[test]
fn freezing_voids_the_due_date_and_resuming_moves_it() {
    let frozen = started()
        .freeze(correction("2017-06-07T10:00"), &calendar())
        .unwrap();
    assert_eq!((frozen.state(), frozen.due()), (ClockState::Frozen, None));
    let (clock, credited) = frozen
        .resume(
            instant("2017-06-09T10:00"),
            StopOutcome::Credited,
            &calendar(),
        )
        .unwrap();
    assert_eq!((clock.state(), credited), (ClockState::Running, 2));
    due_on(&clock, "2017-06-14");
    assert_eq!(clock.credits(&calendar()), Ok(vec![Some(2)]));
}

#[test]
fn freezing_with_a_limit_moves_the_due_date_at_once() {
    let stop = Stop::open(StopKind::SpecialB, at("2017-06-07")).limited_to(3);
    let frozen = started().freeze(stop, &calendar()).unwrap();
    due_on(&frozen, "2017-06-15");
    let (clock, credited) = frozen
        .resume(instant("2017-06-08"), StopOutcome::Credited, &calendar())
        .unwrap();
    assert_eq!(credited, 1);
    due_on(&clock, "2017-06-13");
}

#[test]
fn a_refused_extension_leaves_the_due_date_as_it_was() {
    let stop = Stop::open(StopKind::SpecialA, at("2017-06-07"));
    let frozen = started().freeze(stop, &calendar()).unwrap();
    let (clock, credited) = frozen
        .resume(instant("2017-06-12"), StopOutcome::Refused, &calendar())
        .unwrap();
    assert_eq!(credited, 0);
    due_on(&clock, "2017-06-12");
}

#[test]
fn a_second_suspension_is_refused_while_one_is_open() {
    let frozen = started()
        .freeze(correction("2017-06-07"), &calendar())
        .unwrap();
    let second = frozen.freeze(correction("2017-06-08"), &calendar());
    assert_eq!(
        second,
        Err(ClockError::AlreadyFrozen {
            kind: ClockKind::Promise
        })
    );
}

#[test]
fn only_a_frozen_clock_resumes() {
    let resumed = started().resume(instant("2017-06-07"), StopOutcome::Credited, &calendar());
    assert_eq!(
        resumed.unwrap_err(),
        ClockError::NotFrozen {
            kind: ClockKind::Promise
        }
    );
}

#[test]
fn a_stopped_clock_keeps_its_figures_and_takes_no_step() {
    let stopped = started()
        .stop(instant("2017-06-08T15:00"), &calendar())
        .unwrap();
    assert_eq!(stopped.state(), ClockState::Stopped);
    due_on(&stopped, "2017-06-12");
    let then = stopped
        .standing(instant("2017-06-08T15:00"), &calendar())
        .unwrap();
    let later = stopped
        .standing(instant("2017-07-31"), &calendar())
        .unwrap();
    assert_eq!((then.remaining, then.overdue), (2, false));
    assert_eq!(then, later);
    let ended = ClockError::Ended {
        kind: ClockKind::Promise,
        state: ClockState::Stopped,
    };
    assert_eq!(
        stopped.freeze(correction("2017-06-09"), &calendar()),
        Err(ended.clone())
    );
    assert_eq!(
        stopped.stop(instant("2017-06-09"), &calendar()),
        Err(ended.clone())
    );
    assert_eq!(stopped.void(instant("2017-06-09")), Err(ended.clone()));
    assert_eq!(
        stopped.resume(instant("2017-06-09"), StopOutcome::Credited, &calendar()),
        Err(ended)
    );
}

#[test]
fn stopping_ends_an_open_suspension() {
    let frozen = started()
        .freeze(correction("2017-06-07"), &calendar())
        .unwrap();
    let stopped = frozen.stop(instant("2017-06-09"), &calendar()).unwrap();
    assert_eq!(stopped.credits(&calendar()), Ok(vec![Some(2)]));
    due_on(&stopped, "2017-06-14");
}

#[test]
fn a_void_clock_has_no_due_date() {
    let void = started().void(instant("2017-06-08")).unwrap();
    assert_eq!(
        (void.state(), void.due(), void.due_instant()),
        (ClockState::Void, None, None)
    );
    assert_eq!(void.recalculate(&Calendar::weekends_only()), Ok(void));
}

#[test]
fn another_calendar_moves_open_clocks_and_leaves_ended_ones() {
    let from = instant("2017-05-25");
    let clock = LegalClock::start(
        ClockKind::Statutory,
        Limit::working_days(3),
        from,
        &calendar(),
    )
    .unwrap();
    due_on(&clock, "2017-05-31");
    let other = Calendar::weekends_only();
    let moved = clock.recalculate(&other).unwrap();
    due_on(&moved, "2017-05-30");
    assert_eq!(moved.calendar_version(), "weekends-only");
    let stopped = clock.stop(instant("2017-05-26"), &calendar()).unwrap();
    assert_eq!(stopped.recalculate(&other), Ok(stopped));
}

#[test]
fn a_clock_is_counted_alike_where_no_counted_day_changed() {
    let of = |from| {
        let limit = Limit::working_days(3);
        LegalClock::start(ClockKind::Statutory, limit, instant(from), &calendar()).unwrap()
    };
    let other = Calendar::weekends_only();
    // Over the Dragon Boat Festival, and in June, which has none of its days but is certain in one of them alone.
    assert_eq!(
        of("2017-05-25").counted_alike(&calendar(), &other),
        Ok(false)
    );
    assert_eq!(
        of("2017-06-05").counted_alike(&calendar(), &other),
        Ok(false)
    );
    assert_eq!(
        of("2017-06-05").counted_alike(&calendar(), &calendar()),
        Ok(true)
    );
    let stopped = of("2017-05-25").stop(instant("2017-05-26"), &calendar());
    assert_eq!(
        stopped.unwrap().counted_alike(&calendar(), &other),
        Ok(true)
    );
}

#[test]
fn a_step_just_before_the_last_one_counts_as_simultaneous() {
    let frozen = started()
        .freeze(correction("2017-06-05T09:29"), &calendar())
        .unwrap();
    assert_eq!(frozen.stops()[0].from, at("2017-06-05T09:30"));
    let (clock, credited) = frozen
        .resume(
            instant("2017-06-05T09:28"),
            StopOutcome::Credited,
            &calendar(),
        )
        .unwrap();
    assert_eq!(credited, 1);
    assert_eq!(
        clock
            .stop(instant("2017-06-05T09:27"), &calendar())
            .unwrap()
            .ended(),
        Some(at("2017-06-05T09:30"))
    );
}

#[test]
fn a_clock_survives_json() {
    let clock = started()
        .freeze(correction("2017-06-07").because("缺少图纸"), &calendar())
        .unwrap();
    let json = serde_json::to_string(&clock).unwrap();
    assert!(
        json.contains(r#""kind":"promise""#) && json.contains(r#""state":"frozen""#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<LegalClock>(&json).unwrap(), clock);
}

#[test]
fn what_cannot_be_counted_does_not_start() {
    let limit = Limit::new(4, super::super::LimitUnit::Hour);
    let clock = LegalClock::start(
        ClockKind::Promise,
        limit,
        instant("2017-06-05"),
        &calendar(),
    );
    assert_eq!(
        clock,
        Err(ClockError::Deadline(DeadlineError::NoServiceHours))
    );
}

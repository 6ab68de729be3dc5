//! What people may write, and what they are told when it cannot be read.

use super::super::{
    ArgumentError, LimitUnit, MAX_N, MAX_STOPS, Moment, ServiceHours, ServiceHoursError, Stop,
    StopKind, parse_from, parse_n, parse_request, parse_stop, parse_unit,
};
use super::at;

#[test]
fn a_start_is_a_date_a_wall_clock_time_or_an_instant() {
    for text in [
        "2017-06-05T09:30",
        "2017-06-05 09:30",
        " 2017-06-05T09:30:00 ",
        "2017-06-05T09:30:00+08:00",
        "2017-06-05T01:30:00Z",
        "2017-06-04T20:30:00-05:00",
    ] {
        assert_eq!(
            parse_from(text).unwrap().to_string(),
            "2017-06-05T09:30:00+08:00",
            "{text}"
        );
    }
    assert_eq!(
        parse_from("2017-06-05").unwrap(),
        Moment::midnight(jiff::civil::date(2017, 6, 5))
    );
}

#[test]
fn what_is_no_date_is_quoted_back() {
    for text in [
        "",
        "heute",
        "2017-02-29",
        "2017-13-01",
        "2017-06-05T25:00",
        "5.6.2017",
        "2017-06-05[Asia/Shanghai]",
    ] {
        let fault = parse_from(text).unwrap_err().to_string();
        assert!(
            fault.starts_with(&format!("`{text}` is no date or time")),
            "{fault}"
        );
    }
    let long = "9".repeat(10_000);
    assert!(
        parse_from(&long).unwrap_err().to_string().len() < 200,
        "a quoted text is cut"
    );
}

#[test]
fn numbers_reach_to_the_bound_and_not_beyond() {
    assert_eq!(parse_n("0"), Ok(0));
    assert_eq!(parse_n(&MAX_N.to_string()), Ok(MAX_N));
    for text in [
        &(MAX_N + 1).to_string(),
        "-1",
        "",
        "5.5",
        "五",
        "99999999999",
    ] {
        assert_eq!(
            parse_n(text),
            Err(ArgumentError::Number {
                text: text.to_owned()
            })
        );
    }
}

#[test]
fn units_are_read_in_english_chinese_and_by_letter() {
    for (text, unit) in [
        ("working_day", LimitUnit::WorkingDay),
        ("working-days", LimitUnit::WorkingDay),
        ("G", LimitUnit::WorkingDay),
        ("工作日", LimitUnit::WorkingDay),
        ("Z", LimitUnit::NaturalDay),
        ("个自然日", LimitUnit::NaturalDay),
        ("hours", LimitUnit::Hour),
        ("分钟", LimitUnit::Minute),
        ("月", LimitUnit::Month),
    ] {
        assert_eq!(parse_unit(text), Ok(unit), "{text}");
    }
    for text in ["1", "day", "", "g"] {
        assert_eq!(
            parse_unit(text),
            Err(ArgumentError::Unit {
                text: text.to_owned()
            })
        );
    }
}

#[test]
fn suspensions_are_read_with_limit_and_kind_in_any_order() {
    let open = |kind| Stop::open(kind, at("2017-06-07"));
    let end = at("2017-06-09");
    for (text, stop) in [
        (
            "2017-06-07..2017-06-09",
            open(StopKind::SpecialB).until(end),
        ),
        ("2017-06-07..", open(StopKind::SpecialB)),
        ("2017-06-07..:3", open(StopKind::SpecialB).limited_to(3)),
        (
            "2017-06-07..2017-06-09:3:a",
            open(StopKind::SpecialA).limited_to(3).until(end),
        ),
        (
            "2017-06-07..2017-06-09:correction:3",
            open(StopKind::Correction).limited_to(3).until(end),
        ),
        (
            "2017-06-07..2017-06-09:补正",
            open(StopKind::Correction).until(end),
        ),
        (
            "2017-06-07..2017-06-09:refused",
            open(StopKind::SpecialA).refused(end),
        ),
    ] {
        assert_eq!(parse_stop(text), Ok(stop), "{text}");
    }
}

#[test]
fn suspensions_may_have_times_and_a_limit_behind_them() {
    let stop = parse_stop("2017-06-07T23:50..2017-06-08T00:10:15:b").unwrap();
    assert_eq!((stop.from, stop.limit), (at("2017-06-07T23:50"), 15));
    assert_eq!(stop.end.unwrap().at, at("2017-06-08T00:10"));
}

#[test]
fn faulty_suspensions_are_told_apart() {
    let whole = |text: &str| ArgumentError::Stop {
        text: text.to_owned(),
    };
    let option = |text: &str| ArgumentError::StopOption {
        text: text.to_owned(),
    };
    assert_eq!(parse_stop("2017-06-07"), Err(whole("2017-06-07")));
    assert_eq!(parse_stop("2017-06-07..2017-06-09:c"), Err(option("c")));
    assert_eq!(parse_stop("2017-06-07..2017-06-09:"), Err(option("")));
    assert_eq!(
        parse_stop("2017-06-07..2017-06-09:3661"),
        Err(option("3661"))
    );
    assert_eq!(
        parse_stop("2017-06-07..:refused"),
        Err(ArgumentError::RefusedButOpen)
    );
    assert!(matches!(
        parse_stop("..2017-06-09"),
        Err(ArgumentError::Moment(_))
    ));
    assert!(matches!(
        parse_stop("2017-06-07..x"),
        Err(ArgumentError::Moment(_))
    ));
}

#[test]
fn a_question_takes_as_many_suspensions_as_a_deadline() {
    let ask = |stops: usize| {
        parse_request(
            "2017-06-05",
            "5",
            LimitUnit::WorkingDay,
            None,
            vec!["2017-06-07..2017-06-07"; stops],
        )
    };
    assert_eq!(ask(MAX_STOPS).unwrap().stops.len(), MAX_STOPS);
    assert_eq!(
        ask(MAX_STOPS + 1),
        Err(ArgumentError::TooManyStops {
            given: MAX_STOPS + 1
        })
    );
}

#[test]
fn service_hours_are_windows_in_order() {
    let hours: ServiceHours = "08:30-12:00, 14:00-24:00".parse().unwrap();
    assert_eq!(hours.to_string(), "08:30-12:00,14:00-24:00");
    assert_eq!(hours.minutes_a_day(), 210 + 600);
    for text in ["12:00-08:30", "08:30-08:30", "08:30-12:00,11:00-13:00"] {
        assert!(
            matches!(
                text.parse::<ServiceHours>(),
                Err(ServiceHoursError::Order { .. })
            ),
            "{text}"
        );
    }
    for text in [
        "8:30-12:00",
        "08:30",
        "08:60-12:00",
        "08:30-24:01",
        "08:30-12:00,",
        "+8:30-12:00",
    ] {
        assert!(
            matches!(
                text.parse::<ServiceHours>(),
                Err(ServiceHoursError::Form { .. })
            ),
            "{text}"
        );
    }
    assert_eq!(
        "".parse::<ServiceHours>(),
        Err(ServiceHoursError::Number { given: 0 })
    );
    let seven =
        "00:00-00:01,00:02-00:03,00:04-00:05,00:06-00:07,00:08-00:09,00:10-00:11,00:12-00:13";
    assert_eq!(
        seven.parse::<ServiceHours>(),
        Err(ServiceHoursError::Number { given: 7 })
    );
}

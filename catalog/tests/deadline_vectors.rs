//! Due dates worked by hand, each with its reckoning. Calendar: the shipped one, that is the real holidays of each year.
//! What single functions do stands in `src/deadline/tests.rs`, what holds for every input in `deadline_properties.rs`.

#![allow(
    clippy::unwrap_used,
    reason = "a vector that cannot be read is a failed test"
)]

mod calendar;

use tongban_catalog::deadline::{
    Derivation, Limit, LimitUnit, Measure, Moment, Request, Warning, explain, parse_from, parse_n,
    parse_stop, parse_unit,
};

/// (what the vector shows, start, limit, suspensions, due). Suspensions are separated by spaces and written as for
/// `--stop`; the due date is a day, a minute for limits in hours and minutes, or `void`.
type Vector = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// The office of the vectors serves 3.5 hours before noon and 3.5 after, 420 minutes a day.
const SERVICE_HOURS: &str = "08:30-12:00,14:00-17:30";

#[rustfmt::skip]
const VECTORS: &[Vector] = &[
    // ---- working days: the start is day 0 -------------------------------------------------------------------------
    // Mon 5 June is day 0: Tue 6, Wed 7, Thu 8, Fri 9, (weekend), Mon 12 = 5.
    ("the day after is day 1", "2017-06-05", "5 working_day", "", "2017-06-12"),
    // Fri 26 = 1, Sat 27 worked = 2, 28 – 30 Dragon Boat, Wed 31 = 3.
    ("a make-up Saturday counts, a holiday does not", "2017-05-25", "3 working_day", "", "2017-05-31"),
    // Ten minutes before midnight is still 5 June: as the first vector.
    ("filed at 23:50 starts the next day", "2017-06-05T23:50", "5 working_day", "", "2017-06-12"),
    // 16:00 UTC on the 4th is 00:00 of the 5th in Shanghai: as the first vector.
    ("the legal day is Shanghai's", "2017-06-04T16:00:00Z", "5 working_day", "", "2017-06-12"),
    // Sat 3 is day 0, Sun 4 does not count, Mon 5 = 1.
    ("filed on a Saturday starts on Monday", "2017-06-03", "1 working_day", "", "2017-06-05"),
    // Tue 3 Oct lies in the holiday 1 – 8; Mon 9 = 1, 10, 11, 12, Fri 13 = 5.
    ("filed on a holiday starts with the first working day", "2017-10-03", "5 working_day", "", "2017-10-13"),
    // Sat 30 Sept is worked, yet it is the day of filing; 1 – 8 Oct off; Mon 9 = 1.
    ("filed on a make-up day starts the next working day", "2017-09-30", "1 working_day", "", "2017-10-09"),
    // 0 days: within the day of filing.
    ("an immediate case is due the same day", "2017-06-05", "0 working_day", "", "2017-06-05"),
    // 26, 27, 28, 29 = 4; Sat 30 worked = 5; 1 – 8 off; 9 – 13 Oct = 6 – 10.
    ("across Golden Week", "2017-09-25", "10 working_day", "", "2017-10-13"),
    // Sun 22 Jan worked = 1; 23 – 26 = 5; 27 Jan – 2 Feb off; Fri 3 = 6; Sat 4 worked = 7; 6 – 10 = 12; 13 – 17 = 17;
    // Mon 20 = 18, 21 = 19, Wed 22 = 20.
    ("twenty days of article 42 across Spring Festival", "2017-01-20", "20 working_day", "", "2017-02-22"),
    // Fri 28 = 1; Sat 29 Dec worked by the notice for 2019 = 2; 30 Dec – 1 Jan off; Wed 2 = 3.
    ("the notice of the next year reaches back into December", "2018-12-27", "3 working_day", "", "2019-01-02"),
    // Thu 23 = 1; 24 Jan – 2 Feb off, extended, with Sat 1 Feb no longer worked; Mon 3 = 2, Tue 4 = 3.
    ("Spring Festival 2020 lasted to 2 February", "2020-01-22", "3 working_day", "", "2020-02-04"),
    // Sun 28 April worked = 1, 29 = 2, 30 = 3.
    ("a make-up Sunday counts", "2019-04-26", "3 working_day", "", "2019-04-30"),
    // 1 – 4 May off (the changed notice), Sun 5 worked = 1, Mon 6 = 2.
    ("Labour Day 2019 as changed in March", "2019-04-30", "2 working_day", "", "2019-05-06"),
    // Fri 9 Feb 2024, New Year's Eve, was only recommended as leave: = 1.
    ("New Year's Eve 2024 is a working day", "2024-02-08", "1 working_day", "", "2024-02-09"),
    // Sun 27 April 2025 worked = 1, 28 = 2, 29 = 3.
    ("Labour Day 2025 has its Sunday", "2025-04-25", "3 working_day", "", "2025-04-29"),
    // Fri 13 = 1, Sat 14 worked = 2, 15 – 23 off, Tue 24 = 3.
    ("Spring Festival 2026 has nine days", "2026-02-12", "3 working_day", "", "2026-02-24"),
    // Sat 31 Dec – Mon 2 Jan off, Tue 3 = 1.
    ("New Year 2023", "2022-12-30", "1 working_day", "", "2023-01-03"),
    // 2027 is not announced: Thu 31 = 1, Fri 1 Jan counted as any Friday = 2, Mon 4 = 3 (and a warning, see below).
    ("a year not announced counts by weekends only", "2026-12-30", "3 working_day", "", "2027-01-04"),

    // ---- suspensions, working days --------------------------------------------------------------------------------
    // (7, 9] holds Thu 8, Fri 9 = 2. 5 + 2 = 7: 6 7 8 9 12 13 14.
    ("a correction is credited its days", "2017-06-05", "5 working_day", "2017-06-07..2017-06-09:correction", "2017-06-14"),
    // (7, 7] holds nothing: at least 1. 5 + 1 = 6: 13 June.
    ("a correction of zero days is credited one", "2017-06-05", "5 working_day", "2017-06-07..2017-06-07:correction", "2017-06-13"),
    // (Fri 9, Sun 11] holds no working day: at least 1.
    ("a correction over a weekend is credited one", "2017-06-05", "5 working_day", "2017-06-09..2017-06-11:correction", "2017-06-13"),
    ("an open correction makes the due date void", "2017-06-05", "5 working_day", "2017-06-07..:correction", "void"),
    // The limit of a correction tells the applicant until when to answer; it does not move the due date.
    ("an open correction with a limit too", "2017-06-05", "5 working_day", "2017-06-07..:5:correction", "void"),
    // (7, 20] holds 8 9 12 13 14 15 16 19 20 = 9, whatever its own limit of 2. 14: 6–9 = 4, 12–16 = 9, 19–23 = 14.
    ("the limit of a correction does not cap its credit", "2017-06-05", "5 working_day", "2017-06-07..2017-06-20:2:correction", "2017-06-23"),
    ("an open special procedure without limit makes it void", "2017-06-05", "5 working_day", "2017-06-07..:b", "void"),
    // At once + 3, open or not. 8: 6 7 8 9 12 13 14 15.
    ("a special procedure with a limit moves it at once", "2017-06-05", "5 working_day", "2017-06-07..:3:b", "2017-06-15"),
    // (7, 8] = 1, min(1, 3) = 1. 6: 13 June.
    ("ended inside its limit, the days it took", "2017-06-05", "5 working_day", "2017-06-07..2017-06-08:3:b", "2017-06-13"),
    // (7, 7] = 0, at least 1.
    ("ended the same day, one day", "2017-06-05", "5 working_day", "2017-06-07..2017-06-07:3:b", "2017-06-13"),
    // (7, 12] = 8, 9, 12 = 3 = L.
    ("ended on the last day of its limit", "2017-06-05", "5 working_day", "2017-06-07..2017-06-12:3:b", "2017-06-15"),
    // 9 days taken, 3 allowed: min(9, 3) = 3.
    ("ended beyond its limit, the limit only", "2017-06-05", "5 working_day", "2017-06-07..2017-06-20:3:b", "2017-06-15"),
    // (7, 13] = 8, 9, 12, 13 = 4. 9: 6–9 = 4, 12–16 = 9.
    ("an approved extension without limit", "2017-06-05", "5 working_day", "2017-06-07..2017-06-13:a", "2017-06-16"),
    // A 10 more days by the head's approval (article 42), open: 15: 6–9 = 4, 12–16 = 9, 19–23 = 14, 26 = 15.
    ("an extension by ten days", "2017-06-05", "5 working_day", "2017-06-07..:10:a", "2017-06-26"),
    // Refused: credit 0, as if it had not been.
    ("a refused extension adds nothing", "2017-06-05", "5 working_day", "2017-06-07..2017-06-13:refused", "2017-06-12"),
    // Refused: the limit that had moved the due date falls away with it.
    ("a refused extension with a limit adds nothing", "2017-06-05", "5 working_day", "2017-06-07..2017-06-13:10:refused", "2017-06-12"),
    // (26, 31 May] holds Sat 27 worked and Wed 31 = 2. 5: 26, 27, 31 May, 1, 2 June.
    ("a suspension across Dragon Boat counts its working days", "2017-05-25", "3 working_day", "2017-05-26..2017-05-31:b", "2017-06-02"),
    // (29 Sept, 10 Oct] holds Sat 30, Mon 9, Tue 10 = 3. 13: the tenth is 13 Oct, then 16, 17, 18.
    ("a suspension across Golden Week", "2017-09-25", "10 working_day", "2017-09-29..2017-10-10:b", "2017-10-18"),
    // L = 2 from Fri 29 Sept: Sat 30, Mon 9. (29, 9 Oct] = 2 = L. 12: 13 Oct = 10, 16, 17.
    ("a limit across Golden Week is in working days", "2017-09-25", "10 working_day", "2017-09-29..2017-10-20:2:b", "2017-10-17"),
    // (6, 8] = 2 and (12, 13] = 1. 8: 15 June.
    ("the credits of two suspensions add up", "2017-06-05", "5 working_day", "2017-06-06..2017-06-08:correction 2017-06-12..2017-06-13:5:b", "2017-06-15"),
    // (6, 7] = 1 and (7, 8] = 1. 7: 14 June.
    ("one may begin on the day the other ends", "2017-06-05", "5 working_day", "2017-06-06..2017-06-07:b 2017-06-07..2017-06-08:b", "2017-06-14"),
    // Each has nothing between, each gives one: 5 + 2 = 7.
    ("two of zero days give two", "2017-06-05", "5 working_day", "2017-06-07..2017-06-07:correction 2017-06-07..2017-06-07:b", "2017-06-14"),
    // (6, 8] = 2 is kept, the second is open and has no limit.
    ("an ended one does not save an open one", "2017-06-05", "5 working_day", "2017-06-06..2017-06-08:correction 2017-06-12..:correction", "void"),
    // (6, 8] = 2, then at once + 3: 10: 6–9 = 4, 12–16 = 9, 19 = 10.
    ("an ended one and an open one with a limit", "2017-06-05", "5 working_day", "2017-06-06..2017-06-08:correction 2017-06-12..:3:b", "2017-06-19"),
    // (5, 6] = 1. 6: 13 June.
    ("suspended on the day of the start", "2017-06-05", "5 working_day", "2017-06-05..2017-06-06:b", "2017-06-13"),
    // Twenty minutes over midnight: (7, 8] = 1, by legal days.
    ("a suspension counts by days, not by hours", "2017-06-05", "5 working_day", "2017-06-07T23:50..2017-06-08T00:10:b", "2017-06-13"),
    // Due 12 June and late; (14, 16] = 2 move it to 14 June all the same (and a warning, see below).
    ("suspended when it was overdue", "2017-06-05", "5 working_day", "2017-06-14..2017-06-16:b", "2017-06-14"),

    // ---- natural days ---------------------------------------------------------------------------------------------
    ("natural days count them all", "2017-06-05", "10 natural_day", "", "2017-06-15"),
    // 19 + 10 = Mon 29 May, Dragon Boat.
    ("an end on a holiday stays", "2017-05-19", "10 natural_day", "", "2017-05-29"),
    // … rolls over 29 and 30 to Wed 31.
    ("an end on a holiday rolls over where the item says so", "2017-05-19", "10 natural_day roll", "", "2017-05-31"),
    // 17 + 10 = Sat 27 May, worked.
    ("an end on a make-up Saturday does not roll", "2017-05-17", "10 natural_day roll", "", "2017-05-27"),
    // (8, 12] = 4 natural days. 15 + 4 = 19.
    ("a correction is credited natural days", "2017-06-05", "10 natural_day", "2017-06-08..2017-06-12:correction", "2017-06-19"),
    // 3 working days after Thu 8: Fri 9, Mon 12, Tue 13, that is 5 natural days. 15 + 5 = 20.
    ("a limit in working days is converted", "2017-06-05", "10 natural_day", "2017-06-08..:3:b", "2017-06-20"),
    // (8, 11] = 3 natural, less than 5. 18 June.
    ("ended inside the converted limit", "2017-06-05", "10 natural_day", "2017-06-08..2017-06-11:3:b", "2017-06-18"),
    // 22 natural days, 5 allowed.
    ("ended beyond the converted limit", "2017-06-05", "10 natural_day", "2017-06-08..2017-06-30:3:b", "2017-06-20"),
    // 2 working days after Fri 29 Sept: Sat 30, Mon 9 Oct, that is 10 natural days. 25 Sept + 20 = 15 Oct, + 10 = 25.
    ("converted at the suspension's start, across Golden Week", "2017-09-25", "20 natural_day", "2017-09-29..:2:b", "2017-10-25"),
    // 10 + (7, 9] = 2: Sat 17 June, rolls to Mon 19.
    ("credits first, then the roll-over", "2017-06-05", "10 natural_day roll", "2017-06-07..2017-06-09:b", "2017-06-19"),

    // ---- months ---------------------------------------------------------------------------------------------------
    ("a month ends on the same day", "2017-06-05", "1 month", "", "2017-07-05"),
    ("31 January and a month is clamped", "2017-01-31", "1 month", "", "2017-02-28"),
    ("31 January and a month in a leap year", "2016-01-31", "1 month", "", "2016-02-29"),
    // 31 January + 30 days: February has 28, 2 March.
    ("a month of thirty days", "2017-01-31", "1 month thirty", "", "2017-03-02"),
    ("months clamp once, at the end", "2017-08-31", "6 month", "", "2018-02-28"),
    ("a year from 29 February", "2016-02-29", "12 month", "", "2017-02-28"),
    // 15 April, (20, 25 March] = 5 natural days, 20 April.
    ("a month and a suspension", "2017-03-15", "1 month", "2017-03-20..2017-03-25:b", "2017-04-20"),
    // Mon 3 April is Tomb-Sweeping, off to the 4th; Wed 5.
    ("a month that rolls over", "2017-03-03", "1 month roll", "", "2017-04-05"),

    // ---- hours and minutes, in service hours ----------------------------------------------------------------------
    // 09:30–12:00 = 150 min, 90 left: 14:00–15:30.
    ("hours stand still over lunch", "2017-06-05T09:30", "4 hour", "", "2017-06-05T15:30"),
    // Fri 16:30–17:30 = 60, 180 left: Mon 08:30–11:30.
    ("hours stand still over the weekend", "2017-06-09T16:30", "4 hour", "", "2017-06-12T11:30"),
    ("hours begin with the opening", "2017-06-05T07:00", "1 hour", "", "2017-06-05T09:30"),
    ("a start in the lunch break begins after it", "2017-06-05T12:30", "1 hour", "", "2017-06-05T15:00"),
    // 420 min = the whole day, to its closing minute, not to the next opening.
    ("the last minute of service is the end", "2017-06-05T08:30", "7 hour", "", "2017-06-05T17:30"),
    // Fri 26 May after closing; Sat 27 worked: 08:30–10:30.
    ("hours run on a make-up Saturday", "2017-05-26T18:00", "2 hour", "", "2017-05-27T10:30"),
    // Sat 27 May 16:30–17:30 = 60; 28–30 off; Wed 31 08:30–09:30.
    ("hours stand still over a holiday", "2017-05-27T16:30", "2 hour", "", "2017-05-31T09:30"),
    // 11:50–12:00 = 10, 20 left: 14:20.
    ("minutes across lunch", "2017-06-05T11:50", "30 minute", "", "2017-06-05T14:20"),
    // The minute 11:50 has begun: from 11:51, 9 before lunch, 21 after.
    ("a minute that has begun does not count", "2017-06-05T11:50:30", "30 minute", "", "2017-06-05T14:21"),
    // 10:00–11:30 = 90 min suspended. 240 + 90 = 330: 150 before noon, 180 after: 17:00.
    ("a suspension in minutes of service", "2017-06-05T09:30", "4 hour", "2017-06-05T10:00..2017-06-05T11:30:b", "2017-06-05T17:00"),
    // 20 min are less than one hour, the unit: 60. 300: 150 before noon, 150 after: 16:30.
    ("at least one hour is credited", "2017-06-05T09:30", "4 hour", "2017-06-05T10:00..2017-06-05T10:20:b", "2017-06-05T16:30"),
    // Only lunch: 0 min, so 1. 31 min: 10 before noon, 21 after.
    ("at least one minute is credited", "2017-06-05T11:50", "30 minute", "2017-06-05T12:10..2017-06-05T13:30:b", "2017-06-05T14:21"),
    // L = 1 working day from Mon 5, 10:00, ends with Tue 6: 330 min of Mon + 420 of Tue = 750. 240 + 750 = 990:
    // Mon from 09:30 360, Tue 420, Wed 210: 12:00.
    ("a limit in working days, in minutes", "2017-06-05T09:30", "4 hour", "2017-06-05T10:00..:1:b", "2017-06-07T12:00"),
    ("zero hours end with the start", "2017-06-05T09:30", "0 hour", "", "2017-06-05T09:30"),
    ("an open suspension makes hours void too", "2017-06-05T09:30", "4 hour", "2017-06-05T10:00..:b", "void"),
];

#[test]
fn vectors_worked_by_hand() {
    let calendar = calendar::shipped();
    for vector @ (name, _, _, _, due) in VECTORS {
        let derivation = explain(&request(vector), &calendar).unwrap();
        assert_eq!(answer(&derivation), *due, "{name}");
        assert_eq!(
            derivation.recompute(),
            Ok(derivation.due),
            "{name}, recomputed from its days"
        );
    }
}

#[test]
fn vectors_cover_every_unit_and_are_at_least_thirty() {
    assert!(VECTORS.len() >= 30);
    for unit in LimitUnit::ALL {
        assert!(
            VECTORS
                .iter()
                .any(|(_, _, limit, _, _)| limit.contains(unit.word())),
            "{unit}"
        );
    }
}

#[test]
fn a_year_not_announced_is_warned_of() {
    let vector = VECTORS
        .iter()
        .find(|vector| vector.0.contains("not announced"))
        .unwrap();
    let derivation = explain(&request(vector), &calendar::shipped()).unwrap();
    assert_eq!(
        derivation.warnings,
        [Warning::YearNotAnnounced { year: 2027 }]
    );
}

#[test]
fn a_suspension_of_an_overdue_case_is_warned_of() {
    let vector = VECTORS
        .iter()
        .find(|vector| vector.0.contains("was overdue"))
        .unwrap();
    let derivation = explain(&request(vector), &calendar::shipped()).unwrap();
    assert_eq!(
        derivation.warnings,
        [Warning::SuspendedWhenOverdue { stop: 1 }]
    );
}

#[test]
fn other_vectors_warn_of_nothing() {
    let calendar = calendar::shipped();
    let warned = VECTORS.iter().filter(|vector| {
        !explain(&request(vector), &calendar)
            .unwrap()
            .warnings
            .is_empty()
    });
    assert_eq!(warned.count(), 2);
}

fn request(vector: &Vector) -> Request {
    let (_, from, limit, stops, _) = vector;
    let mut words = limit.split(' ');
    let n = parse_n(words.next().unwrap()).unwrap();
    let unit = parse_unit(words.next().unwrap()).unwrap();
    let mut limit = Limit::new(n, unit);
    if matches!(unit, LimitUnit::Hour | LimitUnit::Minute) {
        limit = limit.in_service_hours(SERVICE_HOURS.parse().unwrap());
    }
    for rule in words {
        limit = match rule {
            "roll" => limit.rolling_over(),
            "thirty" => limit.with_months_of_thirty_days(),
            other => panic!("no rule {other}"),
        };
    }
    let stops = stops
        .split_whitespace()
        .map(|stop| parse_stop(stop).unwrap())
        .collect();
    Request {
        from: parse_from(from).unwrap(),
        limit,
        stops,
    }
}

fn answer(derivation: &Derivation) -> String {
    let minute = |end: Moment| end.to_string()[..16].to_owned();
    match (derivation.due, derivation.measure) {
        (None, _) => "void".to_owned(),
        (Some(due), Measure::Days) => due.date.to_string(),
        (Some(due), Measure::Minutes) => minute(due.end),
    }
}

//! A changed holiday notice: open clocks are recomputed in the background, each once, whatever ends in the middle of it.

use crate::cluster::on_postgres;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Output;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::http::{get, send, try_send};
use tongban_tests::process::{eventually, root};
use tongban_tests::sample::{Taken, submit};

const TITLE: &str = "关于调整放假安排的补充通知";
/// Cases that a recomputation is ended among.
const CASES: usize = 6;

/// The acceptance clock as the applicant sees it, with the calendar that it was asked under.
async fn deadlines(hall: &Hall, taken: &Taken) -> (Value, String) {
    let answer = hall.get(taken, "/deadlines").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let shown = answer.json();
    let clocks = shown["clocks"].as_array().cloned().unwrap();
    let clock = clocks.into_iter().find(|c| c["clock"] == "acceptance");
    let calendar = shown["calendar"].as_str().unwrap().to_owned();
    (clock.unwrap(), calendar)
}

/// An ordinary working day on which the clock counts, its last one if that is possible.
pub(crate) async fn counted_day(hall: &Hall, taken: &Taken) -> Date {
    let (clock, _) = deadlines(hall, taken).await;
    let days = clock["derivation"]["days"].as_array().cloned().unwrap();
    let last = days.iter().rev().find(|day| day["kind"] == "working");
    last.unwrap()["date"].as_str().unwrap().parse().unwrap()
}

/// Applies the calendar of the day's year, with the day off or as it is shipped.
pub(crate) fn announce(hall: &Hall, day: Date, off: bool) -> Output {
    let year = day.year();
    let shipped = root().join(format!("config/calendar/{year}.yaml"));
    let mut text = std::fs::read_to_string(shipped).unwrap();
    if off {
        let notice =
            format!("source:\n  - {{ title: {TITLE}, published: {year}-01-02, trust: D }}");
        text = text.replacen("source:", &notice, 1);
        text.push_str(&format!(
            "  - {{ from: {day}, to: {day}, kind: holiday, name: {{ zh: 台风停工, en: Typhoon }} }}\n"
        ));
    }
    let file = hall.folder().join(format!("{year}.yaml"));
    std::fs::write(&file, text).unwrap();
    let config = hall.config().display().to_string();
    hall.run(&["apply", &file.display().to_string(), "--config", &config])
}

/// Waits until every open clock is counted by what is registered; the last recomputation.
pub(crate) async fn settled(operations: SocketAddr) -> Value {
    eventually("clocks are recomputed", STATE_MAX, || async {
        let answer = try_send(operations, "GET", "/ops/v1/clocks", &[], "").await;
        let shown = answer.ok().filter(|a| a.status == 200)?.json();
        let run = shown["recomputation"].clone();
        let done = run["state"] == "finished" && run["calendar"] == shown["registered"];
        (done && shown["calendar"] == shown["registered"]).then_some(run)
    })
    .await
}

fn recalculated(events: &[Value]) -> Vec<&Value> {
    let of_kind = |event: &&Value| event["type"] == "recalculated";
    events.iter().filter(of_kind).collect()
}

fn applied(output: &Output) {
    assert!(output.status.success(), "{}", words(output));
}

#[tokio::test]
async fn a_changed_notice_moves_the_due_date_of_an_open_case_and_says_why() {
    let mut hall = Hall::open_small("").await;
    let taken = submit(hall.public, "rest").await;
    settled(hall.operations).await;
    let (before, old_calendar) = deadlines(&hall, &taken).await;
    let day = counted_day(&hall, &taken).await;
    applied(&announce(&hall, day, true));
    let events = hall.until_event(&taken, "recalculated").await;
    let (after, calendar) = deadlines(&hall, &taken).await;
    assert_ne!(calendar, old_calendar);
    assert_ne!(after["due"], before["due"], "the due date has moved");
    assert_eq!(after["counted_by"], calendar.as_str());
    let explanation = after["explanation"].as_str().unwrap();
    assert!(explanation.contains("台风停工"), "{explanation}");
    let told = &recalculated(&events)[0]["data"];
    assert_eq!(told["calendar_version"], calendar.as_str());
    assert_eq!(told["notices"], json!([TITLE]), "{told:#}");

    // In plain words on the page, in both languages.
    let path = format!("/applications/{}", taken.no);
    for (language, words) in [
        ("zh", "重新计算了时限"),
        ("en", "Time limits were recomputed"),
    ] {
        let headers = [
            ("x-query-code", taken.query_code.as_str()),
            ("accept-language", language),
        ];
        let page = send(hall.public, "GET", &path, &headers, "").await.text();
        assert!(page.contains(words) && page.contains(TITLE), "{page}");
    }

    let run = settled(hall.operations).await;
    let counts = ["total", "looked_at", "changed", "failed"].map(|name| run[name].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1), Some(0)], "{run:#}");
    let data = hall.data().display().to_string();
    let printed = hall.run(&["clocks", "--data", &data]);
    let printed = words(&printed);
    assert!(
        printed.contains("100 %  1 of 1 cases, 1 changed, 0 failed"),
        "{printed}"
    );
    assert!(
        printed.contains(&format!("because of {TITLE}")),
        "{printed}"
    );
    let changed = hall
        .metric("tongban_clock_recomputations_total", &["changed"])
        .await;
    let remaining = hall
        .metric("tongban_clock_recomputation_remaining", &[])
        .await;
    assert_eq!((changed, remaining), (1.0, 0.0));

    // The same notice once more, and a restart: nothing is left to tell.
    applied(&announce(&hall, day, true));
    hall.kill();
    hall.start().await;
    settled(hall.operations).await;
    assert_eq!(recalculated(&hall.events(&taken).await).len(), 1);

    // Taken back while nothing serves: the next start sees it.
    hall.kill();
    applied(&announce(&hall, day, false));
    hall.start().await;
    settled(hall.operations).await;
    assert_eq!(recalculated(&hall.events(&taken).await).len(), 2);
    assert_eq!(deadlines(&hall, &taken).await.0["due"], before["due"]);
}

#[tokio::test]
async fn a_case_whose_days_stay_as_they_are_hears_nothing() {
    let hall = Hall::open_small("").await;
    let taken = submit(hall.public, "rest").await;
    settled(hall.operations).await;
    let day = counted_day(&hall, &taken).await;
    // An ordinary Tuesday to Thursday of a year in which the clock has long ended.
    let far = Date::new(day.year() - 2, 7, 1).unwrap();
    let tuesday = jiff::civil::Weekday::Tuesday;
    let far = far.nth_weekday(1, tuesday).unwrap();
    applied(&announce(&hall, far, true));
    let run = settled(hall.operations).await;
    assert_eq!(run["failed"], 0, "{run:#}");
    assert_eq!(run["changed"], 0, "{run:#}");
    assert!(recalculated(&hall.events(&taken).await).is_empty());
}

#[tokio::test]
async fn killed_in_the_middle_it_goes_on_and_each_case_is_told_once() {
    let mut hall = Hall::open_small("").await;
    let mut taken = Vec::new();
    for _ in 0..CASES {
        taken.push(submit(hall.public, "rest").await);
    }
    settled(hall.operations).await;
    let day = counted_day(&hall, &taken[0]).await;
    for (n, off) in [(1, true), (3, false), (CASES, true)] {
        // The process ends right after the n-th case has its event, long before the step is noted.
        hall.kill();
        applied(&announce(&hall, day, off));
        let point = format!("change.committed:abort@{n}");
        hall.set_variable("TONGBAN_FAIL_POINT", Some(&point));
        hall.try_start().await;
        eventually("the process has ended", STATE_MAX, || {
            let ended = hall.gateway().has_ended();
            async move { ended.then_some(()) }
        })
        .await;
        hall.set_variable("TONGBAN_FAIL_POINT", None);
        hall.start().await;
        let run = settled(hall.operations).await;
        assert_eq!(run["total"], CASES, "{run:#}");
    }
    for taken in &taken {
        let events = hall.events(taken).await;
        assert_eq!(recalculated(&events).len(), 3, "{events:#?}");
    }
}

#[tokio::test]
async fn another_node_goes_on_where_one_was_killed() {
    let settings = on_postgres("3s");
    let mut hall = Hall::open_with(&[], &settings).await;
    let node = hall.second_node().await;
    let mut taken = Vec::new();
    for _ in 0..CASES {
        taken.push(submit(node.public, "rest").await);
    }
    settled(hall.operations).await;
    settled(node.operations).await;
    let day = counted_day(&hall, &taken[0]).await;
    // The node that is killed ends in the middle of a step, if it is the one that does the work.
    applied(&announce(&hall, day, true));
    hall.kill();
    settled(node.operations).await;
    for taken in &taken {
        let path = format!("/api/v1/applications/{}/events", taken.no);
        let headers = [("x-query-code", taken.query_code.as_str())];
        let answer = send(node.public, "GET", &path, &headers, "").await;
        let events = answer.json()["events"].as_array().cloned().unwrap();
        assert_eq!(recalculated(&events).len(), 1, "{events:#?}");
    }
    let behind = get(node.operations, "/metrics").await.text();
    assert!(behind.contains("tongban_calendar_behind 0"));
}

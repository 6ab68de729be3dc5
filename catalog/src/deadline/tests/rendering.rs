//! The texts as people read them.

use super::super::{Limit, LimitUnit, explain};
use super::{calendar, request};
use crate::Language;

#[track_caller]
fn reads(question: &super::super::Request, language: Language, expected: &str) {
    let text = explain(question, &calendar()).unwrap().text(language);
    let text = text.replace(calendar().version(), "V");
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn each_day_has_its_number_or_its_reason() {
    let question = request("2017-05-25T23:50", Limit::working_days(3), &[]);
    reads(
        &question,
        Language::Chinese,
        "起算：2017-05-25 星期四 23:50（当日不计，次日为第1天）
期限：3个工作日
日历：V
  2017-05-26 星期五  第1天
  2017-05-27 星期六  第2天  端午节调休上班
  2017-05-28 星期日 至 2017-05-30 星期二  不计  端午节放假
  2017-05-31 星期三  第3天
届满：2017-05-31 星期三（当日24时止）
",
    );
    reads(
        &question,
        Language::English,
        "Start: 2017-05-25 Thu 23:50 (the day after is day 1)
Limit: 3 working days
Calendar: V
  2017-05-26 Fri  day 1
  2017-05-27 Sat  day 2  worked for Dragon Boat Festival
  2017-05-28 Sun to 2017-05-30 Tue  not counted  Dragon Boat Festival
  2017-05-31 Wed  day 3
Due: 2017-05-31 Wed (until the end of the day)
",
    );
}

#[test]
fn suspensions_are_told_with_ground_credit_and_sum() {
    let mut question = request(
        "2017-06-05",
        Limit::working_days(5),
        &[
            "2017-06-07..2017-06-09:correction",
            "2017-06-12..2017-06-12:3:b",
        ],
    );
    question.stops[0].ground = "缺少图纸".to_owned();
    reads(
        &question,
        Language::Chinese,
        "起算：2017-06-05 星期一（当日不计，次日为第1天）
期限：5个工作日
日历：V
中止1 补正：2017-06-07 星期三 至 2017-06-09 星期五，实际2天，不计入期限2天，事由：缺少图纸
中止2 特别程序：2017-06-12 星期一 至 2017-06-12 星期一，限期3天，实际0天，不计入期限1天
  2017-06-06 星期二  第1天
  2017-06-07 星期三  第2天
  2017-06-08 星期四 至 2017-06-09 星期五  不计，中止1
  2017-06-10 星期六 至 2017-06-11 星期日  不计  周末
  2017-06-12 星期一  第3天
  2017-06-13 星期二  不计，补足中止2
  2017-06-14 星期三  第4天
  2017-06-15 星期四  第5天
合计：5 + 2 + 1 = 8天
届满：2017-06-15 星期四（当日24时止）
",
    );
}

#[test]
fn a_void_due_date_says_what_is_left() {
    let question = request(
        "2017-06-05",
        Limit::working_days(5),
        &["2017-06-07..:correction"],
    );
    reads(
        &question,
        Language::English,
        "Start: 2017-06-05 Mon (the day after is day 1)
Limit: 5 working days
Calendar: V
Stop 1 correction: 2017-06-07 Wed to still open
  2017-06-06 Tue  day 1
  2017-06-07 Wed  day 2
Due: void while suspended (2 days used, 3 days left, counted anew afterwards)
",
    );
}

#[test]
fn long_lists_are_told_by_runs() {
    let question = request("2017-01-20", Limit::working_days(40), &["2017-02-22..:5:a"]);
    reads(
        &question,
        Language::Chinese,
        "起算：2017-01-20 星期五（当日不计，次日为第1天）
期限：40个工作日
日历：V
中止1 延长审批：2017-02-22 星期三 至 未结束，限期5天，不计入期限5天
  2017-01-21 星期六  不计  周末
  2017-01-22 星期日  第1天  春节调休上班
  2017-01-23 星期一 至 2017-01-26 星期四  第2至5天
  2017-01-27 星期五 至 2017-02-02 星期四  不计  春节放假
  2017-02-03 星期五  第6天
  2017-02-04 星期六  第7天  春节调休上班
  2017-02-05 星期日 至 2017-02-22 星期三  第8至20天
  2017-02-23 星期四 至 2017-02-24 星期五  不计，中止1
  2017-02-25 星期六 至 2017-02-26 星期日  不计  周末
  2017-02-27 星期一 至 2017-03-01 星期三  不计，中止1
  2017-03-02 星期四 至 2017-03-29 星期三  第21至40天
合计：40 + 5 = 45天
届满：2017-03-29 星期三（当日24时止）
",
    );
}

#[test]
fn months_and_roll_overs_say_how_they_came_about() {
    let question = request(
        "2017-03-03",
        Limit::new(1, LimitUnit::Month).rolling_over(),
        &[],
    );
    reads(
        &question,
        Language::English,
        "Start: 2017-03-03 Fri (the day after is day 1)
Limit: 1 month
By the month until: 2017-04-03, 31 days
Calendar: V
  2017-03-04 Sat to 2017-04-05 Wed  days 1 to 33
Roll-over: 2017-04-03 Mon is not worked, so 2017-04-05 Wed
Due: 2017-04-05 Wed (until the end of the day)
",
    );
}

#[test]
fn hours_show_the_minutes_of_each_day() {
    let hours = "08:30-12:00,14:00-17:30".parse().unwrap();
    let limit = Limit::new(8, LimitUnit::Hour).in_service_hours(hours);
    let question = request(
        "2017-06-09T16:30",
        limit,
        &["2017-06-12T09:00..2017-06-12T10:30"],
    );
    reads(
        &question,
        Language::English,
        "Start: 2017-06-09 Fri 16:30 (service hours only)
Limit: 8 hours
Service hours: 08:30-12:00,14:00-17:30
Calendar: V
Stop 1 special procedure (type B): 2017-06-12 Mon 09:00 to 2017-06-12 Mon 10:30, actual 90 minutes, not counted 90 minutes
  2017-06-09 Fri  60 minutes, 60 minutes in all
  2017-06-10 Sat to 2017-06-11 Sun  not counted  weekend
  2017-06-12 Mon  420 minutes, 90 of them suspended, 480 minutes in all
  2017-06-13 Tue  420 minutes, 900 minutes in all
Sum: 480 + 90 = 570 minutes
Due: 2017-06-13 Tue 10:00
",
    );
}

#[test]
fn warnings_are_told_in_words() {
    let question = request("2017-12-29", Limit::working_days(1), &[]);
    let derivation = explain(&question, &calendar()).unwrap();
    let text = derivation.text(Language::Chinese);
    assert!(
        text.contains("2018-01-01 星期一  第1天  （该年度放假安排未公布）"),
        "{text}"
    );
    assert!(
        text.ends_with("注意：2018年放假安排尚未公布，仅按周末推算，届满日可能变动\n"),
        "{text}"
    );
}

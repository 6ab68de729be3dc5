//! A derivation as text for people, day by day, in Chinese and English.

mod words;

use std::fmt::Write;

use jiff::civil::Date;

use super::{Counting, DayLine, Derivation, LimitUnit, Measure};
use crate::Language;
use crate::calendar::DayKind;
use words::Words;

/// Longer lists are told by runs: working days and the plain weekends between them in one line.
const LONG_LIST: usize = 31;
/// The same for limits in natural days and months, where every day counts anyway.
const LONG_LIST_OF_ALL_DAYS: usize = 10;

impl Derivation {
    /// The derivation as text, one line a day; days of one kind in a row share a line. Ends with a line break.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let say = Words {
            language,
            unit: self.limit.unit,
            measure: self.measure,
        };
        let mut text = String::new();
        self.head(say, &mut text);
        for (index, line) in (1..).zip(&self.stops) {
            let _ = writeln!(text, "{}", say.stop(index, line));
        }
        for run in self.runs() {
            let _ = writeln!(text, "  {}", say.run(run));
        }
        self.foot(say, &mut text);
        text
    }

    fn head(&self, say: Words, text: &mut String) {
        let (from, n, calendar) = (say.moment(self.from), self.limit.n, &self.calendar);
        let (start, rule) = match self.measure {
            Measure::Days => (
                say.either("起算：", "Start: "),
                say.either("（当日不计，次日为第1天）", " (the day after is day 1)"),
            ),
            Measure::Minutes => (
                say.either("起算：", "Start: "),
                say.either("（只计办理时间）", " (service hours only)"),
            ),
        };
        let _ = writeln!(text, "{start}{from}{rule}");
        let space = say.either("", " ");
        let _ = writeln!(
            text,
            "{}{n}{space}{}",
            say.either("期限：", "Limit: "),
            say.unit(n)
        );
        if let Some(hours) = self
            .limit
            .service_hours
            .filter(|_| self.measure == Measure::Minutes)
        {
            let _ = writeln!(
                text,
                "{}{hours}",
                say.either("办理时间：", "Service hours: ")
            );
        }
        if let Some(end) = self.nominal_end {
            let days = say.amount(self.base);
            let _ = match say.language {
                Language::Chinese => writeln!(text, "按月计至：{end}，合{days}"),
                Language::English => writeln!(text, "By the month until: {end}, {days}"),
            };
        }
        let _ = writeln!(text, "{}{calendar}", say.either("日历：", "Calendar: "));
    }

    fn foot(&self, say: Words, text: &mut String) {
        let credits: Vec<String> = self
            .stops
            .iter()
            .filter_map(|line| line.credit)
            .map(|n| n.to_string())
            .collect();
        if let (Some(total), false) = (self.total, credits.is_empty()) {
            let (base, credits, total) = (self.base, credits.join(" + "), say.amount(total));
            let _ = writeln!(
                text,
                "{}{base} + {credits} = {total}",
                say.either("合计：", "Sum: ")
            );
        }
        if let Some(roll) = self.roll_over {
            let (from, to) = (say.date(roll.from), say.date(roll.to));
            let _ = match say.language {
                Language::Chinese => writeln!(text, "顺延：末日{from}不是工作日，顺延至{to}"),
                Language::English => writeln!(text, "Roll-over: {from} is not worked, so {to}"),
            };
        }
        let _ = writeln!(
            text,
            "{}{}",
            say.either("届满：", "Due: "),
            self.due_in(say)
        );
        for warning in &self.warnings {
            let _ = writeln!(
                text,
                "{}{}",
                say.either("注意：", "Note: "),
                say.warning(*warning)
            );
        }
    }

    fn due_in(&self, say: Words) -> String {
        match (self.due, self.measure) {
            (Some(due), Measure::Days) => {
                say.date(due.date) + say.either("（当日24时止）", " (until the end of the day)")
            }
            (Some(due), Measure::Minutes) => say.moment(due.end),
            (None, _) => {
                let used = self.used();
                let left = say.amount(self.base.saturating_sub(used));
                let used = say.amount(used);
                match say.language {
                    Language::Chinese => {
                        format!("未定（期限中止，已用{used}，余{left}，恢复后重新计算）")
                    }
                    Language::English => format!(
                        "void while suspended ({used} used, {left} left, counted anew afterwards)"
                    ),
                }
            }
        }
    }

    /// How much of the limit the listed days have used.
    fn used(&self) -> u32 {
        let used = |line: &DayLine| match line.counting {
            Counting::Counted { .. } => 1,
            Counting::Served {
                minutes, suspended, ..
            } => minutes.saturating_sub(suspended),
            _ => 0,
        };
        self.days.iter().map(used).sum()
    }

    /// The lines up to the due date, cut where something changes.
    fn runs(&self) -> impl Iterator<Item = &[DayLine]> {
        let due = self.due.map_or(Date::MAX, |due| due.date);
        let shown = self.days.iter().take_while(|line| line.date <= due).count();
        let shown = self.days.get(..shown).unwrap_or_default();
        let every_day_counts = matches!(self.limit.unit, LimitUnit::NaturalDay | LimitUnit::Month);
        let detail = match shown.len() {
            length if every_day_counts && length > LONG_LIST_OF_ALL_DAYS => Detail::AnyDay,
            length if length > LONG_LIST => Detail::PlainDays,
            _ => Detail::EveryDay,
        };
        shown.chunk_by(move |one, next| same_run(one, next, detail))
    }
}

/// Which days may share a line although they are not alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// None.
    EveryDay,
    /// Days that are what their weekday says.
    PlainDays,
    /// All.
    AnyDay,
}

/// Whether two days in a row share a line.
fn same_run(one: &DayLine, next: &DayLine, detail: Detail) -> bool {
    use Counting::{Counted, Served, Skipped, Suspended};
    let joins = |line: &DayLine| {
        let untouched = match line.counting {
            Counted { .. } | Skipped => true,
            Served { suspended, .. } => suspended == 0,
            _ => false,
        };
        let plain = matches!(line.day.kind, DayKind::Working | DayKind::Weekend);
        untouched && (plain || detail == Detail::AnyDay)
    };
    if detail != Detail::EveryDay && joins(one) && joins(next) {
        return one.day.coverage == next.day.coverage;
    }
    match (&one.counting, &next.counting) {
        (Skipped, Skipped) => one.day == next.day,
        (Suspended { stop: a, .. }, Suspended { stop: b, .. }) => a == b && one.day == next.day,
        _ => false,
    }
}

//! A derivation as text for people, day by day, in Chinese and English.

use std::fmt::Write;

use jiff::civil::Date;

use super::{
    Counting, DayLine, Derivation, LimitUnit, Measure, Moment, StopKind, StopLine, Warning,
};
use crate::Language;
use crate::calendar::DayKind;

/// Lists longer than this are told by runs: working days and the plain weekends between them in one line.
const LONG_LIST: usize = 45;

impl Derivation {
    /// The derivation as text, one line a day; days of one kind in a row share a line. Ends with a line break.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let say = Words {
            language,
            unit: self.limit.unit,
        };
        let mut text = String::new();
        self.head(say, &mut text);
        for (index, line) in (1..).zip(&self.stops) {
            let _ = writeln!(text, "{}", say.stop(index, line, self.measure));
        }
        for run in self.runs() {
            let _ = writeln!(text, "  {}", say.run(run));
        }
        self.foot(say, &mut text);
        text
    }

    fn head(&self, say: Words, text: &mut String) {
        let (from, n, calendar) = (say.moment(self.from), self.limit.n, &self.calendar);
        let unit = say.unit(n);
        let _ = match (say.language, self.measure) {
            (Language::Chinese, Measure::Days) => {
                writeln!(
                    text,
                    "起算：{from}（当日不计，次日为第1天）\n期限：{n}{unit}\n日历：{calendar}"
                )
            }
            (Language::Chinese, Measure::Minutes) => {
                writeln!(
                    text,
                    "起算：{from}（只计办理时间）\n期限：{n}{unit}\n日历：{calendar}"
                )
            }
            (Language::English, Measure::Days) => {
                writeln!(
                    text,
                    "Start: {from} (the day after is day 1)\nLimit: {n} {unit}\nCalendar: {calendar}"
                )
            }
            (Language::English, Measure::Minutes) => {
                writeln!(
                    text,
                    "Start: {from} (service hours only)\nLimit: {n} {unit}\nCalendar: {calendar}"
                )
            }
        };
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
            let base = self.base;
            let _ = match say.language {
                Language::Chinese => writeln!(text, "按月计至{end}，合{base}天"),
                Language::English => {
                    writeln!(text, "By the month until {end}, that is {base} days")
                }
            };
        }
    }

    fn foot(&self, say: Words, text: &mut String) {
        let credits: Vec<String> = self
            .stops
            .iter()
            .filter_map(|line| line.credit)
            .map(|n| n.to_string())
            .collect();
        if let (Some(total), false) = (self.total, credits.is_empty()) {
            let (base, credits) = (self.base, credits.join(" + "));
            let _ = writeln!(
                text,
                "{}{base} + {credits} = {total}",
                say.either("合计：", "Sum: ")
            );
        }
        if let Some(roll) = self.roll_over {
            let (from, to) = (roll.from, roll.to);
            let _ = match say.language {
                Language::Chinese => writeln!(text, "末日{from}非工作日，顺延至{to}"),
                Language::English => writeln!(text, "{from} is not worked: rolls over to {to}"),
            };
        }
        let due = match (self.due, self.measure) {
            (Some(due), Measure::Days) => {
                say.date(due.date) + say.either("（当日24时止）", " (until the end of the day)")
            }
            (Some(due), Measure::Minutes) => say.moment(due.end),
            (None, _) => say
                .either(
                    "未定：期限中止，恢复后重新计算",
                    "open: suspended, counted anew when that ends",
                )
                .to_owned(),
        };
        let _ = writeln!(text, "{}{due}", say.either("届满：", "Due: "));
        for warning in &self.warnings {
            let _ = writeln!(
                text,
                "{}{}",
                say.either("注意：", "Note: "),
                say.warning(*warning)
            );
        }
    }

    /// The lines up to the due date, cut where something changes.
    fn runs(&self) -> impl Iterator<Item = &[DayLine]> {
        let due = self.due.map_or(Date::MAX, |due| due.date);
        let shown = self.days.iter().take_while(|line| line.date <= due).count();
        let shown = self.days.get(..shown).unwrap_or_default();
        let long = shown.len() > LONG_LIST;
        shown.chunk_by(move |one, next| same_run(one, next, long))
    }
}

/// Whether two days in a row share a line.
fn same_run(one: &DayLine, next: &DayLine, long: bool) -> bool {
    use Counting::{Counted, Served, Skipped, Suspended};
    let plain = |line: &DayLine| {
        let untouched = match line.counting {
            Counted { .. } | Skipped => true,
            Served { suspended, .. } => suspended == 0,
            _ => false,
        };
        untouched && matches!(line.day.kind, DayKind::Working | DayKind::Weekend)
    };
    if long && plain(one) && plain(next) {
        return one.day.coverage == next.day.coverage;
    }
    match (&one.counting, &next.counting) {
        (Skipped, Skipped) => one.day == next.day,
        (Suspended { stop: a, .. }, Suspended { stop: b, .. }) => a == b && one.day == next.day,
        _ => false,
    }
}

/// The words of one language for limits in one unit.
#[derive(Clone, Copy)]
struct Words {
    language: Language,
    unit: LimitUnit,
}

impl Words {
    fn either(self, zh: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }

    fn unit(self, n: u32) -> &'static str {
        let label = self.unit.label(self.language);
        match (self.language, n) {
            (Language::Chinese, _) => label,
            (Language::English, 1) => label.trim_end_matches('s'),
            (Language::English, _) => label,
        }
    }

    fn date(self, date: Date) -> String {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let (zh, en) = WEEKDAYS.get(weekday).copied().unwrap_or_default();
        match self.language {
            Language::Chinese => format!("{date} 星期{zh}"),
            Language::English => format!("{date} {en}"),
        }
    }

    fn moment(self, moment: Moment) -> String {
        let time = moment.time();
        format!(
            "{} {:02}:{:02}",
            self.date(moment.date()),
            time.hour(),
            time.minute()
        )
    }

    fn stop(self, index: usize, line: &StopLine, measure: Measure) -> String {
        let stop = &line.stop;
        let kind = match stop.kind {
            StopKind::Correction => self.either("补正", "correction"),
            StopKind::SpecialA => self.either("延长审批", "extension (type A)"),
            StopKind::SpecialB => self.either("特别程序", "special procedure (type B)"),
        };
        let (from, until) = (
            self.moment(stop.from),
            stop.end.map(|end| self.moment(end.at)),
        );
        let until = until.unwrap_or_else(|| self.either("未结束", "still open").to_owned());
        let of = match measure {
            Measure::Days => self.either("天", " days"),
            Measure::Minutes => self.either("分钟", " minutes"),
        };
        let (heading, to) = (self.either("中止", "Stop "), self.either("至", "to"));
        let mut text = format!("{heading}{index} {kind}: {from} {to} {until}");
        let mut add = |label: &str, n: u32| {
            let _ = write!(text, "{}{label}{n}{of}", self.either("，", ", "));
        };
        if let Some(limit) = line.limit {
            add(self.either("限期", "limit "), limit);
        }
        if let Some(actual) = line.actual {
            add(self.either("实际", "actual "), actual);
        }
        if let Some(credit) = line.credit {
            add(self.either("不计入期限", "not counted "), credit);
        }
        if !stop.ground.is_empty() {
            let _ = write!(
                text,
                "{}{}",
                self.either("，事由：", ", ground: "),
                stop.ground
            );
        }
        text
    }

    fn run(self, run: &[DayLine]) -> String {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return String::new();
        };
        let mut text = self.date(first.date);
        if run.len() > 1 {
            let _ = write!(
                text,
                " {} {}",
                self.either("至", "to"),
                self.date(last.date)
            );
        }
        let _ = write!(text, "  {}", self.counted(run));
        let reason = self.reason(first, run.len());
        if !reason.is_empty() {
            let _ = write!(text, "  {reason}");
        }
        if !first.day.coverage.is_announced() {
            text.push_str(self.either("  （该年度放假安排未公布）", "  (year not announced)"));
        }
        text
    }

    /// What the days of a run came to.
    fn counted(self, run: &[DayLine]) -> String {
        let mut numbers = run.iter().filter_map(|line| match line.counting {
            Counting::Counted { used, .. } => Some(used),
            _ => None,
        });
        if let Some(first) = numbers.next() {
            let last = numbers.next_back().unwrap_or(first);
            return match (self.language, first == last) {
                (Language::Chinese, true) => format!("第{first}天"),
                (Language::Chinese, false) => format!("第{first}至{last}天（其间周末不计者从略）"),
                (Language::English, true) => format!("day {first}"),
                (Language::English, false) => format!("days {first} to {last}"),
            };
        }
        match run
            .iter()
            .rev()
            .find(|line| line.counting != Counting::Skipped)
            .map(|line| &line.counting)
        {
            Some(Counting::Served { sum, .. }) => self.served(run, *sum),
            Some(Counting::Suspended { stop, .. }) => {
                self.by_stop("不计，中止", "suspended by stop ", *stop)
            }
            Some(Counting::Granted { stop, .. }) => {
                self.by_stop("不计，补足中止", "given for stop ", *stop)
            }
            _ => self.either("不计", "not counted").to_owned(),
        }
    }

    fn by_stop(self, zh: &'static str, en: &'static str, stop: usize) -> String {
        format!("{}{stop}", self.either(zh, en))
    }

    fn served(self, run: &[DayLine], sum: u32) -> String {
        let (mut minutes, mut taken) = (0, 0);
        for line in run {
            if let Counting::Served {
                minutes: more,
                suspended,
                ..
            } = line.counting
            {
                (minutes, taken) = (minutes + more, taken + suspended);
            }
        }
        match self.language {
            Language::Chinese => format!("{minutes}分钟（其中中止{taken}），累计{sum}"),
            Language::English => format!("{minutes} minutes ({taken} suspended), {sum} in all"),
        }
    }

    fn reason(self, line: &DayLine, days: usize) -> String {
        match (&line.day.kind, self.language) {
            (DayKind::Working, _) => String::new(),
            (DayKind::Weekend, _) if days > LONG_LIST => String::new(),
            (DayKind::Weekend, _) => self.either("周末", "weekend").to_owned(),
            (DayKind::Holiday { name }, Language::Chinese) => format!("{}放假", name.zh),
            (DayKind::Holiday { name }, Language::English) => name.en.clone(),
            (DayKind::MakeUp { name }, Language::Chinese) => format!("{}调休上班", name.zh),
            (DayKind::MakeUp { name }, Language::English) => format!("worked for {}", name.en),
        }
    }

    fn warning(self, warning: Warning) -> String {
        match (warning, self.language) {
            (Warning::YearNotAnnounced { year }, Language::Chinese) => {
                format!("{year}年放假安排尚未公布，仅按周末推算，届满日可能变动")
            }
            (Warning::YearNotAnnounced { year }, Language::English) => {
                format!("{year} is not announced: weekends only, the due date may move")
            }
            (Warning::SuspendedWhenOverdue { stop }, Language::Chinese) => {
                format!("中止{stop}开始时期限已届满，此前的逾期不因此消除")
            }
            (Warning::SuspendedWhenOverdue { stop }, Language::English) => {
                format!("stop {stop} began after the limit was used up; that delay remains")
            }
        }
    }
}

const WEEKDAYS: [(&str, &str); 7] = [
    ("一", "Mon"),
    ("二", "Tue"),
    ("三", "Wed"),
    ("四", "Thu"),
    ("五", "Fri"),
    ("六", "Sat"),
    ("日", "Sun"),
];

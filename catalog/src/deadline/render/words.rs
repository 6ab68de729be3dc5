//! The words of one language for a derivation.

use std::fmt::Write;

use jiff::civil::Date;

use super::super::{
    Counting, DayLine, LimitUnit, Measure, Moment, StopKind, StopLine, StopOutcome, Warning,
};
use crate::Language;
use crate::calendar::DayKind;

/// A language, for limits in one unit.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) language: Language,
    pub(super) unit: LimitUnit,
    pub(super) measure: Measure,
}

impl Words {
    pub(super) fn either(self, zh: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }

    pub(super) fn unit(self, n: u32) -> &'static str {
        let label = self.unit.label(self.language);
        match self.language {
            Language::English if n == 1 => label.trim_end_matches('s'),
            _ => label,
        }
    }

    /// A number in the measure of the derivation.
    pub(super) fn amount(self, n: u32) -> String {
        let (zh, en) = match self.measure {
            Measure::Days => ("天", "day"),
            Measure::Minutes => ("分钟", "minute"),
        };
        match self.language {
            Language::Chinese => format!("{n}{zh}"),
            Language::English if n == 1 => format!("{n} {en}"),
            Language::English => format!("{n} {en}s"),
        }
    }

    pub(super) fn date(self, date: Date) -> String {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let (zh, en) = WEEKDAYS.get(weekday).copied().unwrap_or_default();
        match self.language {
            Language::Chinese => format!("{date} 星期{zh}"),
            Language::English => format!("{date} {en}"),
        }
    }

    /// A moment; one that was given as a date (00:00) shows its time only where minutes matter.
    pub(super) fn moment(self, moment: Moment) -> String {
        let (date, time) = (self.date(moment.date()), moment.time());
        if self.measure == Measure::Days && moment == Moment::midnight(moment.date()) {
            return date;
        }
        format!("{date} {:02}:{:02}", time.hour(), time.minute())
    }

    pub(super) fn stop(self, index: usize, line: &StopLine) -> String {
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
        let (heading, colon, to) = (
            self.either("中止", "Stop "),
            self.either("：", ": "),
            self.either("至", "to"),
        );
        let mut text = format!("{heading}{index} {kind}{colon}{from} {to} {until}");
        let mut add = |label: &str, n: Option<u32>| {
            if let Some(n) = n {
                let _ = write!(text, "{}{label}{}", self.either("，", ", "), self.amount(n));
            }
        };
        add(self.either("限期", "limit "), line.limit);
        add(self.either("实际", "actual "), line.actual);
        add(self.either("不计入期限", "not counted "), line.credit);
        if stop
            .end
            .is_some_and(|end| end.outcome == StopOutcome::Refused)
        {
            text.push_str(self.either("（延长未获批准）", " (extension refused)"));
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

    pub(super) fn run(self, run: &[DayLine]) -> String {
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
        if run.iter().all(|line| line.day.kind == first.day.kind) {
            text.push_str(&self.reason(first));
        }
        if !first.day.coverage.is_announced() {
            text.push_str(self.either("  （该年度放假安排未公布）", "  (year not announced)"));
        }
        text
    }

    /// What the days of a run came to.
    fn counted(self, run: &[DayLine]) -> String {
        let mut used = run.iter().filter_map(|line| match line.counting {
            Counting::Counted { used, .. } => Some(used),
            _ => None,
        });
        if let Some(first) = used.next() {
            let last = used.next_back().unwrap_or(first);
            return match (self.language, first == last) {
                (Language::Chinese, true) => format!("第{first}天"),
                (Language::Chinese, false) => format!("第{first}至{last}天"),
                (Language::English, true) => format!("day {first}"),
                (Language::English, false) => format!("days {first} to {last}"),
            };
        }
        let told = run
            .iter()
            .rev()
            .find(|line| line.counting != Counting::Skipped);
        match told.map(|line| &line.counting) {
            Some(Counting::Served { sum, .. }) => self.served(run, *sum),
            Some(Counting::Suspended { stop, .. }) => {
                format!("{}{stop}", self.either("不计，中止", "suspended by stop "))
            }
            Some(Counting::Granted { stop, .. }) => {
                format!("{}{stop}", self.either("不计，补足中止", "given for stop "))
            }
            _ => self.either("不计", "not counted").to_owned(),
        }
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
        let (minutes, sum) = (self.amount(minutes), self.amount(sum));
        match (self.language, taken) {
            (Language::Chinese, 0) => format!("{minutes}，累计{sum}"),
            (Language::Chinese, _) => format!("{minutes}，其中中止{taken}，累计{sum}"),
            (Language::English, 0) => format!("{minutes}, {sum} in all"),
            (Language::English, _) => format!("{minutes}, {taken} of them suspended, {sum} in all"),
        }
    }

    fn reason(self, line: &DayLine) -> String {
        match (&line.day.kind, self.language) {
            (DayKind::Working, _) => String::new(),
            (DayKind::Weekend, _) => self.either("  周末", "  weekend").to_owned(),
            (DayKind::Holiday { name }, Language::Chinese) => format!("  {}放假", name.zh),
            (DayKind::Holiday { name }, Language::English) => format!("  {}", name.en),
            (DayKind::MakeUp { name }, Language::Chinese) => format!("  {}调休上班", name.zh),
            (DayKind::MakeUp { name }, Language::English) => format!("  worked for {}", name.en),
        }
    }

    pub(super) fn warning(self, warning: Warning) -> String {
        match (warning, self.language) {
            (Warning::YearNotAnnounced { year }, Language::Chinese) => {
                format!("{year}年放假安排尚未公布，仅按周末推算，届满日可能变动")
            }
            (Warning::YearNotAnnounced { year }, Language::English) => {
                format!("{year} is not announced: weekends only, the due date may move")
            }
            (Warning::SuspendedWhenOverdue { stop }, Language::Chinese) => {
                format!("中止{stop}开始时期限已用尽，此前的逾期不因此消除")
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

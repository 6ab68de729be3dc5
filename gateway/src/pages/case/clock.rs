//! A clock in words (“还剩3个工作日，12月3日前”), and its derivation day by day behind it.

use crate::pages::texts::case as texts;
use crate::pages::words::{day, in_catalogue};
use crate::text::{Language, Text};
use jiff::Timestamp;
use serde::Serialize;
use tongban_catalog::calendar::{Calendar, DayKind};
use tongban_catalog::deadline::{
    ClockKind, ClockState, Counting, DayLine, Derivation, LegalClock, Limit, LimitUnit, Measure,
    Standing,
};

/// Days of a derivation that are listed; a longer one is told in the interface.
const DAYS_MAX: usize = 400;

/// One clock as the applicant sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ShownClock {
    /// Kind in the interface's word, for ids and tests.
    pub kind: &'static str,
    /// What it measures.
    pub name: &'static str,
    /// Where it stands, in one sentence.
    pub standing: String,
    /// `good`, `warn`, `bad` or `quiet`.
    pub tone: &'static str,
    /// The limit in words.
    pub limit: String,
    /// Lines of the derivation before its days.
    pub start: String,
    /// The days, with what each meant.
    pub days: Vec<ShownDay>,
    /// What it ends with.
    pub end: String,
    /// Version of the calendar.
    pub calendar: String,
}

/// One day of a derivation.
#[derive(Debug, Clone, Serialize)]
pub struct ShownDay {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What the calendar says.
    pub kind: String,
    /// What it meant.
    pub meaning: String,
    /// It counted.
    pub counted: bool,
}

/// A clock in the words of a language.
#[must_use]
pub fn shown(
    clock: &LegalClock,
    now: Timestamp,
    calendar: &Calendar,
    language: Language,
) -> ShownClock {
    let standing = clock.standing(now, calendar).ok();
    let derivation = clock.explain(calendar).ok();
    let (words, tone) = sentence(clock, standing.as_ref(), language);
    ShownClock {
        kind: kind_word(clock.kind()),
        name: name(clock.kind()).say(language),
        standing: words,
        tone,
        limit: amount(
            clock.limit().n,
            clock.limit(),
            Measure::Days,
            language,
            true,
        ),
        start: texts::CLOCK_START
            .fill(language, &[("day", &day(clock.started().date(), language))]),
        days: derivation
            .iter()
            .flat_map(|d| {
                d.days
                    .iter()
                    .take(DAYS_MAX)
                    .map(|line| shown_day(line, d, language))
            })
            .collect(),
        end: clock.due().map_or_else(
            || texts::CLOCK_NO_DUE.say(language).to_owned(),
            |due| texts::CLOCK_DUE.fill(language, &[("day", &day(due.date, language))]),
        ),
        calendar: clock.calendar_version().to_owned(),
    }
}

fn kind_word(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Acceptance => "acceptance",
        ClockKind::Promise => "promise",
        ClockKind::Statutory => "statutory",
        ClockKind::Delivery => "delivery",
    }
}

fn name(kind: ClockKind) -> Text {
    match kind {
        ClockKind::Acceptance => texts::CLOCK_ACCEPTANCE,
        ClockKind::Promise => texts::CLOCK_PROMISE,
        ClockKind::Statutory => texts::CLOCK_STATUTORY,
        ClockKind::Delivery => texts::CLOCK_DELIVERY,
    }
}

fn sentence(
    clock: &LegalClock,
    standing: Option<&Standing>,
    language: Language,
) -> (String, &'static str) {
    let said = |text: Text| (text.say(language).to_owned(), "quiet");
    match (clock.state(), standing) {
        (ClockState::Void, _) => said(texts::CLOCK_VOID),
        (ClockState::Stopped, Some(at)) if at.overdue => {
            (texts::CLOCK_DONE_LATE.say(language).to_owned(), "bad")
        }
        (ClockState::Stopped, _) => (texts::CLOCK_DONE.say(language).to_owned(), "good"),
        (ClockState::Frozen, Some(at)) => {
            let left = left(clock, at, language);
            (
                texts::CLOCK_FROZEN.fill(language, &[("left", &left)]),
                "warn",
            )
        }
        (ClockState::Running, Some(at)) if at.overdue => {
            let over = left(clock, at, language);
            (
                texts::CLOCK_OVERDUE.fill(language, &[("over", &over)]),
                "bad",
            )
        }
        (ClockState::Running, Some(at)) => {
            let tone = if at.remaining <= 1 { "warn" } else { "good" };
            let due = clock
                .due()
                .map(|due| day(due.date, language))
                .unwrap_or_default();
            let text = if at.remaining == 0 {
                texts::CLOCK_LAST
            } else {
                texts::CLOCK_RUNNING
            };
            let left = left(clock, at, language);
            (text.fill(language, &[("left", &left), ("day", &due)]), tone)
        }
        (ClockState::Frozen | ClockState::Running, None) => said(texts::CLOCK_UNKNOWN),
    }
}

/// What is left, or what is over.
fn left(clock: &LegalClock, at: &Standing, language: Language) -> String {
    let n = u32::try_from(at.remaining.unsigned_abs()).unwrap_or(u32::MAX);
    amount(n, clock.limit(), at.measure, language, false)
}

/// A number of units. Limits in months are counted in days.
fn amount(n: u32, limit: Limit, measure: Measure, language: Language, as_written: bool) -> String {
    let unit = match (limit.unit, measure) {
        (LimitUnit::Month, Measure::Days) if !as_written => LimitUnit::NaturalDay,
        (LimitUnit::Hour, Measure::Minutes) => LimitUnit::Minute,
        (unit, _) => unit,
    };
    let label = unit.label(in_catalogue(language));
    match language {
        Language::Chinese => format!("{n}{label}"),
        Language::English if n == 1 => format!("{n} {}", label.trim_end_matches('s')),
        Language::English => format!("{n} {label}"),
    }
}

fn shown_day(line: &DayLine, derivation: &Derivation, language: Language) -> ShownDay {
    let kind = match &line.day.kind {
        DayKind::Working => texts::DAY_WORKING.say(language).to_owned(),
        DayKind::Weekend => texts::DAY_WEEKEND.say(language).to_owned(),
        DayKind::Holiday { name } => {
            texts::DAY_HOLIDAY.fill(language, &[("name", named(name, language))])
        }
        DayKind::MakeUp { name } => {
            texts::DAY_MAKE_UP.fill(language, &[("name", named(name, language))])
        }
    };
    let number = |text: Text, n: u32| text.fill(language, &[("n", &n.to_string())]);
    let (meaning, counted) = match line.counting {
        Counting::Counted { used, .. } => (number(texts::DAY_COUNTED, used), true),
        Counting::Suspended { .. } => (texts::DAY_SUSPENDED.say(language).to_owned(), false),
        Counting::Granted { .. } => (texts::DAY_GRANTED.say(language).to_owned(), false),
        Counting::Skipped => (texts::DAY_SKIPPED.say(language).to_owned(), false),
        Counting::Served { minutes, .. } => (number(texts::DAY_SERVED, minutes), minutes > 0),
    };
    let last = derivation.due.is_some_and(|due| due.date == line.date);
    let meaning = if last {
        texts::DAY_LAST.fill(language, &[("meaning", &meaning)])
    } else {
        meaning
    };
    ShownDay {
        date: line.date.to_string(),
        kind,
        meaning,
        counted,
    }
}

fn named(name: &tongban_catalog::calendar::HolidayName, language: Language) -> &str {
    match language {
        Language::Chinese => &name.zh,
        Language::English => &name.en,
    }
}

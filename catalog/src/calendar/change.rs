//! What one calendar says otherwise than another: the days that changed, and the notices that changed them.

use jiff::civil::{Date, date};

use super::{Calendar, Notice};

/// The most notices that are named for one change.
const NOTICES_MAX: usize = 3;

/// The difference of two calendars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarChange {
    /// The first day of which they say different things: what was counted up to a day before it stands.
    pub first: Date,
    /// The last such day.
    pub last: Date,
    /// The notices that the later calendar rests on for it, newest first; empty where no year of the change has one.
    pub notices: Vec<Notice>,
}

impl Calendar {
    /// What this calendar says otherwise than `before`; `None` when both answer alike for every day. A year that one of them holds as
    /// announced and the other does not is different as a whole: its days are certain in one alone.
    #[must_use]
    pub fn change_since(&self, before: &Self) -> Option<CalendarChange> {
        let exceptions = self.exceptions.keys().chain(before.exceptions.keys());
        let changed =
            exceptions.filter(|day| self.exceptions.get(*day) != before.exceptions.get(*day));
        let years = self.announced.symmetric_difference(&before.announced);
        let edges = years.flat_map(|year| [date(*year, 1, 1), date(*year, 12, 31)]);
        let (first, last) =
            changed
                .copied()
                .chain(edges)
                .fold(None, |range: Option<(Date, Date)>, day| {
                    Some(range.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
                })?;
        Some(CalendarChange {
            first,
            last,
            notices: self.notices_since(before, first, last),
        })
    }

    /// The notices that are new; where only an entry was put right, those of its years.
    fn notices_since(&self, before: &Self, first: Date, last: Date) -> Vec<Notice> {
        let newer = |(year, notice): &(&i16, &Notice)| before.notices.get(year) != Some(notice);
        let mut notices: Vec<Notice> = self
            .notices
            .iter()
            .filter(newer)
            .map(|(_, n)| n.clone())
            .collect();
        if notices.is_empty() {
            // The notice of the next year may move the last days of December.
            let years = first.year()..=last.year().saturating_add(1);
            let of_years = self.notices.iter().filter(|(year, _)| years.contains(year));
            notices = of_years.map(|(_, n)| n.clone()).collect();
        }
        notices.sort_by_key(|notice| std::cmp::Reverse(notice.published));
        notices.truncate(NOTICES_MAX);
        notices
    }
}

//! How long something may take: a number, its unit, and how the unit counts.

use serde::{Deserialize, Serialize};

use super::ServiceHours;
use crate::item::{NaturalDayEnd, Policies, TimeLimit, UnitConvention};
use crate::tables::LimitUnit;

/// What a month is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonthRule {
    /// The same day of a later month, or its last day: 31 January + 1 month = 28 or 29 February.
    #[default]
    Calendar,
    /// 30 natural days, as items with the units G and Z have it.
    ThirtyDays,
}

impl MonthRule {
    /// Whether it is the default.
    #[must_use]
    pub fn is_calendar(&self) -> bool {
        matches!(self, Self::Calendar)
    }
}

/// What happens when a limit in natural days or months ends on a day that is not worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndOnDayOff {
    /// It is due that day.
    #[default]
    Stays,
    /// It is due on the next working day (顺延).
    RollsOver,
}

impl EndOnDayOff {
    /// Whether it is the default.
    #[must_use]
    pub fn is_stays(&self) -> bool {
        matches!(self, Self::Stays)
    }
}

/// A limit (时限): how much of what, and how that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many units; 0 = within the day (or minute) of the start. At most [`super::MAX_N`].
    pub n: u32,
    /// Which unit.
    pub unit: LimitUnit,
    /// What a month is; without meaning for other units.
    #[serde(default, skip_serializing_if = "MonthRule::is_calendar")]
    pub month: MonthRule,
    /// What happens at an end on a day off; without meaning for working days, hours and minutes, which never end there.
    #[serde(default, skip_serializing_if = "EndOnDayOff::is_stays")]
    pub end_on_day_off: EndOnDayOff,
    /// When the office serves; needed for hours and minutes, without meaning for other units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_hours: Option<ServiceHours>,
}

impl Limit {
    /// A limit with the default rules of its unit. Hours and minutes need [`Limit::in_service_hours`] as well.
    #[must_use]
    pub const fn new(n: u32, unit: LimitUnit) -> Self {
        Self {
            n,
            unit,
            month: MonthRule::Calendar,
            end_on_day_off: EndOnDayOff::Stays,
            service_hours: None,
        }
    }

    /// The limit of an item under the item's policies; `service_hours` as its office declares them.
    #[must_use]
    pub fn of_item(
        limit: &TimeLimit,
        policies: &Policies,
        service_hours: Option<ServiceHours>,
    ) -> Self {
        Self {
            n: limit.n,
            unit: limit.unit,
            month: match policies.units {
                UnitConvention::National => MonthRule::Calendar,
                UnitConvention::Guangdong => MonthRule::ThirtyDays,
            },
            end_on_day_off: match policies.natural_day_end {
                NaturalDayEnd::Stays => EndOnDayOff::Stays,
                NaturalDayEnd::RollsOver => EndOnDayOff::RollsOver,
            },
            service_hours,
        }
    }

    /// `n` working days.
    #[must_use]
    pub const fn working_days(n: u32) -> Self {
        Self::new(n, LimitUnit::WorkingDay)
    }

    /// `n` natural days.
    #[must_use]
    pub const fn natural_days(n: u32) -> Self {
        Self::new(n, LimitUnit::NaturalDay)
    }

    /// The same, counted in these service hours.
    #[must_use]
    pub const fn in_service_hours(mut self, hours: ServiceHours) -> Self {
        self.service_hours = Some(hours);
        self
    }

    /// The same with months of 30 days.
    #[must_use]
    pub const fn with_months_of_thirty_days(mut self) -> Self {
        self.month = MonthRule::ThirtyDays;
        self
    }

    /// The same, due on the next working day when it would end on a day off.
    #[must_use]
    pub const fn rolling_over(mut self) -> Self {
        self.end_on_day_off = EndOnDayOff::RollsOver;
        self
    }
}

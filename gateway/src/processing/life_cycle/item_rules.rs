//! The rules of a case from its service item: what of the catalogue the life cycle is pinned to.

use super::rules::{CaseKind, DeliveryDue, Rules, SilencePolicy};
use thiserror::Error;
use tongban_catalog::deadline::{EndOnDayOff, Limit, MonthRule, ServiceHours};
use tongban_catalog::item::{
    AcceptancePolicy, NaturalDayEnd, Policies, ServiceItem, TimeLimit, UnitConvention,
};
use tongban_catalog::tables::{CaseType, Channel, LimitUnit};

/// A limit that cannot be counted: it is in hours or minutes, and nobody declared the hours of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the {limit} counts {unit}s, which run in service hours only; declare the service hours or use another unit"
)]
pub struct NoServiceHours {
    /// Which limit: `promise` or `statutory`.
    pub limit: &'static str,
    /// Its unit.
    pub unit: LimitUnit,
}

impl Rules {
    /// The rules of an item version for applications by `channel` (a limit belongs to item and channel). What the partner's
    /// definition says (转报, skew, pairing, waiting time) keeps its default.
    ///
    /// # Errors
    /// [`NoServiceHours`].
    pub fn of_item(
        item: &ServiceItem,
        channel: Channel,
        hours: Option<ServiceHours>,
    ) -> Result<Self, NoServiceHours> {
        let policies = &item.policies;
        let counted = |name, limit: Option<TimeLimit>| {
            limit
                .map(|limit| counted(name, &limit, policies, hours))
                .transpose()
        };
        Ok(Self {
            case_kind: match item.case_type {
                CaseType::Immediate => CaseKind::Immediate,
                CaseType::Promise | CaseType::Other => CaseKind::Promise,
            },
            acceptance: Limit::working_days(policies.acceptance_days),
            promise: counted("promise", item.promise_for(channel))?,
            statutory: counted("statutory", item.statutory.clone())?,
            delivery: Limit::working_days(policies.delivery_days),
            delivery_due: if item.result.kind.is_delivered() {
                DeliveryDue::WhenGranted
            } else {
                DeliveryDue::Never
            },
            silence: match policies.acceptance {
                AcceptancePolicy::Deemed => SilencePolicy::Deemed,
                AcceptancePolicy::Alert => SilencePolicy::Alert,
            },
            ..Self::default()
        })
    }
}

fn counted(
    name: &'static str,
    limit: &TimeLimit,
    policies: &Policies,
    hours: Option<ServiceHours>,
) -> Result<Limit, NoServiceHours> {
    let in_hours = matches!(limit.unit, LimitUnit::Hour | LimitUnit::Minute);
    if in_hours && hours.is_none() {
        return Err(NoServiceHours {
            limit: name,
            unit: limit.unit,
        });
    }
    Ok(Limit {
        month: match policies.units {
            UnitConvention::National => MonthRule::Calendar,
            UnitConvention::Guangdong => MonthRule::ThirtyDays,
        },
        end_on_day_off: match policies.natural_day_end {
            NaturalDayEnd::Stays => EndOnDayOff::Stays,
            NaturalDayEnd::RollsOver => EndOnDayOff::RollsOver,
        },
        service_hours: hours.filter(|_| in_hours),
        ..Limit::new(limit.n, limit.unit)
    })
}

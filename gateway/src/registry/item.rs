//! An item version as intake and processing use it: the catalogue's item with everything compiled that would otherwise be worked
//! out per request.

use super::form::{Form, FormError};
use crate::processing::life_cycle::{CaseKind, DeliveryDue, Rules, SilencePolicy};
use std::collections::BTreeMap;
use std::sync::Arc;
use tongban_adapters::canonical::ItemFact;
use tongban_catalog::deadline::{Limit, ServiceHours};
use tongban_catalog::item::{
    AcceptancePolicy, NaturalDayEnd, ServiceItem, SituationId, TimeLimit, UnitConvention,
};
use tongban_catalog::tables::{CaseType, Channel, LimitUnit};

/// One version of an item, ready for use.
pub struct PreparedItem {
    /// The item.
    pub item: Arc<ServiceItem>,
    /// By situation; the empty key is the form without one.
    forms: BTreeMap<String, Form>,
    rules: Rules,
    /// Where a channel has limits of its own (domain 4.2: a limit belongs to item and channel).
    channel_rules: Vec<(Channel, Rules)>,
}

impl PreparedItem {
    /// Compiles the forms of every situation and the rules of every channel.
    ///
    /// # Errors
    /// [`FormError`]: the item's form is no usable schema.
    pub fn prepare(item: Arc<ServiceItem>) -> Result<Self, FormError> {
        let mut forms = BTreeMap::new();
        forms.insert(String::new(), Form::compile(item.form.for_situation(None))?);
        for situation in &item.situations {
            let schema = item.form.for_situation(Some(&situation.id));
            forms.insert(situation.id.as_str().to_owned(), Form::compile(schema)?);
        }
        let rules = rules_with(&item, item.promise.as_ref());
        let special = item
            .limits
            .iter()
            .map(|own| (own.channel, rules_with(&item, Some(&own.promise))));
        Ok(Self {
            forms,
            rules,
            channel_rules: special.collect(),
            item,
        })
    }

    /// Its form in a situation; `None` for a situation that it does not have.
    #[must_use]
    pub fn form(&self, situation: Option<&str>) -> Option<&Form> {
        self.forms.get(situation.unwrap_or_default())
    }

    /// Limits and policies of cases that came by this channel (`web`, `mobile`, `window`, `partner`).
    #[must_use]
    pub fn rules(&self, channel: &str) -> &Rules {
        let channel = match channel {
            "web" => Channel::Online,
            "mobile" => Channel::Mobile,
            "window" => Channel::Window,
            _ => Channel::Other,
        };
        let special = self.channel_rules.iter().find(|(own, _)| *own == channel);
        special.map_or(&self.rules, |(_, rules)| rules)
    }

    /// The situation of this id, if the item has it.
    #[must_use]
    pub fn situation(&self, id: &str) -> Option<SituationId> {
        let id: SituationId = id.parse().ok()?;
        self.item
            .situation(&id)
            .map(|situation| situation.id.clone())
    }

    /// The facts that a case pins, under the code that was applied for.
    #[must_use]
    pub fn fact(&self, code: &str, situation: Option<&str>) -> ItemFact {
        let org = &self.item.org;
        ItemFact {
            code: code.to_owned(),
            id: self.item.id.as_str().to_owned(),
            version: self.item.version,
            name: self.item.name.clone(),
            situation: situation.map(str::to_owned),
            org_name: org.name.clone(),
            org_uscc: org.uscc.as_str().to_owned(),
            org_code: org.organisation_code.as_str().to_owned(),
        }
    }
}

fn rules_with(item: &ServiceItem, promise: Option<&TimeLimit>) -> Rules {
    let policies = &item.policies;
    Rules {
        case_kind: match item.case_type {
            CaseType::Immediate => CaseKind::Immediate,
            CaseType::Promise | CaseType::Other => CaseKind::Promise,
        },
        acceptance: Limit::working_days(policies.acceptance_days),
        promise: promise.map(|limit| counted(item, limit)),
        statutory: item.statutory.as_ref().map(|limit| counted(item, limit)),
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
        ..Rules::default()
    }
}

/// A limit as the item's conventions count it. Hours and minutes run in the usual opening hours of a hall.
fn counted(item: &ServiceItem, written: &TimeLimit) -> Limit {
    let mut limit = Limit::new(written.n, written.unit);
    if item.policies.units == UnitConvention::Guangdong {
        limit = limit.with_months_of_thirty_days();
    }
    if item.policies.natural_day_end == NaturalDayEnd::RollsOver {
        limit = limit.rolling_over();
    }
    if matches!(written.unit, LimitUnit::Hour | LimitUnit::Minute)
        && let Ok(hours) = SERVICE_HOURS.parse::<ServiceHours>()
    {
        limit = limit.in_service_hours(hours);
    }
    limit
}

/// Opening hours in which limits of hours and minutes run (domain 4.2 asks for declared hours; items cannot declare them yet).
const SERVICE_HOURS: &str = "08:30-12:00,14:00-17:30";

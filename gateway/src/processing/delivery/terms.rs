//! On which terms a system is delivered to at this moment: what its definition declares, what this node has in the air, and its breaker.

use super::breaker::{Allowed, Breakers};
use super::hours::Hours;
use crate::registry::Snapshot;
use crate::registry::system::SystemState;
use crate::store::allotment::Pace;
use crate::store::delivery::SystemTerms;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tongban_adapters::definition::{CompiledDefinition, PartnerLimits};
use tongban_adapters::exchange::Operation;

/// What the terms of every system are read from.
pub(super) struct TermsAtHand {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) breakers: Breakers,
    /// Errands in the air by system.
    pub(super) in_the_air: HashMap<String, u32>,
    /// Errands at once that this node has for one system at most.
    pub(super) per_system: u32,
    pub(super) now: Timestamp,
    pub(super) instant: Instant,
}

impl TermsAtHand {
    /// Those of one system. One that nobody has registered is looked at all the same: its deliveries need a person.
    pub(super) fn of(&self, system: &str) -> SystemTerms {
        let flying = self.in_the_air.get(system).copied().unwrap_or_default();
        let here = match self.breakers.allowed(system, self.instant) {
            Allowed::All => self.per_system.saturating_sub(flying),
            Allowed::Trial => 1_u32.saturating_sub(flying),
            Allowed::Nothing => 0,
        };
        let current = self.snapshot.systems.get(system).and_then(|s| s.current());
        let Some(current) = current else {
            return SystemTerms {
                here,
                ..SystemTerms::up_to(self.per_system)
            };
        };
        let limits = current.definition.limits();
        let open =
            Hours::of(limits.window).is_open(self.now) && current.state != SystemState::Suspended;
        SystemTerms {
            at_once: limits.concurrency,
            here: if open { here } else { 0 },
            pace: pace(&limits, &current.definition),
            version: current.version,
        }
    }
}

/// The declared rate, counted in deliveries of as many calls as the longest operation has steps.
fn pace(limits: &PartnerLimits, definition: &CompiledDefinition) -> Option<Pace> {
    let rate = limits.rate?;
    let steps = [
        Operation::Submit,
        Operation::Supplement,
        Operation::Withdraw,
    ]
    .map(|operation| definition.steps(operation).len());
    let per_us = i64::try_from(rate.per.as_micros()).unwrap_or(i64::MAX);
    Some(Pace {
        every_us: (per_us / i64::from(rate.calls.max(1))).max(1),
        burst: limits.burst,
        calls: u32::try_from(steps.into_iter().max().unwrap_or(1)).unwrap_or(u32::MAX),
    })
}

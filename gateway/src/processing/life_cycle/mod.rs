//! The life cycle of a case (办件生命周期) as one pure function: `(case, event, rules, calendar) → case`, or a typed rejection.

pub mod back_fill;
pub mod clocks;
mod reception;
mod rejection;
mod replay;
mod rules;
mod seam;
mod state;
mod texts;
mod timers;
mod transition;

pub use back_fill::{NoBackFill, companions, predecessors};
pub use clocks::{Clocks, Credit, recalculate};
pub use reception::{HandOver, Reception, Source};
pub use rejection::{Disposition, Prohibition, Rejection, Warning};
pub use replay::{Record, ReplayError, fold, re_version};
pub use rules::{
    CaseKind, DeliveryDue, ExtensionAfterSpecial, Pairing, PassedOn, Rules, SilencePolicy,
};
pub use state::{
    AcceptanceBasis, AcceptanceFact, AppliedEvent, CaseState, Decision, EVENTS_MAX, Identity,
    Refusal, State, Suspension, SuspensionKind, WithdrawalRequest,
};
pub use timers::{DueAction, due_actions, next_due};
pub use transition::{Applied, apply, identity_of};

#[cfg(test)]
mod tests;

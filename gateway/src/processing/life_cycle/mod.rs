//! The life cycle of a case (办件生命周期) as one pure function: [`apply`]`(case, event, reception, rules, calendar)` gives the next
//! [`CaseState`] with its [`Warning`]s, or a typed [`Rejection`] that tells the caller what to do next.
//!
//! # What always holds here
//!
//! * Pure. No clock, no I/O, no randomness, no async: every time is in the event or its [`Reception`].
//! * A case is the [`fold`] of its events. `seq` counts applied events 1, 2, 3 … without gaps; a rejected event leaves no trace.
//! * [`Rules`] are pinned with the case at submission. The calendar is not: [`recalculate`] moves open clocks, stopped ones stay.
//!   A replay computes every clock by the one calendar it is given.
//! * At most one suspension is open, exactly while the state is `pre_correction`, `correction` or `special_procedure`. Promise and
//!   statutory clock stand still exactly in the latter two, save that a limited special procedure counts on after its limit.
//! * The acceptance clock runs exactly while acceptance is awaited; after the end no clock runs but the one for delivery.
//! * An end stays an end. After it only collection, evaluation, re-versions, the recalculation of the delivery clock, the
//!   companions of a refusal (3.6), and late parts of an immediate completion (row 24) apply.
//! * Nothing panics on any sequence of events; a case holds at most [`EVENTS_MAX`] of them.
//!
//! Not here: who may see a case, where its events are stored, digests of messages, waiting (the caller keeps held events and asks
//! again), delivery, cards and alerts beyond [`due_actions`].
//!
//! # The table
//!
//! Clocks: A acceptance, P/S promise and statutory limit, D delivery. "+0": the day after the event is day 1. Numbers are the rows of
//! the domain facts, 9.2; each has its test of the same name.
//!
//! | # | from | event | to | clocks |
//! | --- | --- | --- | --- | --- |
//! | 1 | – | `applied` | submitted | start A +0 |
//! | 2 | submitted | `pre_accepted` | pre_accepted | A runs on |
//! | 3 | submitted | `pre_refused`, with a reason | refused | stop A |
//! | 4 | submitted, pre_accepted | `pre_correction_requested`, `correction_requested`; a second one with the override flag | pre_correction | stop A |
//! | 5 | pre_correction | `resubmitted`, `corrected` | submitted | restart A +0 |
//! | 6 | pre_correction | `lapsed` by rule, `closed` lapsed | closed | stop |
//! | 7 | submitted, pre_accepted | `accepted` | handling | stop A; start P, S +0 |
//! | 8 | submitted, pre_accepted | `refused`; without a reason it warns | refused | stop |
//! | 9 | submitted, pre_accepted | `deemed_accepted` once A has expired, by the item's policy | handling | P, S from the day of receipt |
//! | 10, 11 | handling | `step`, `forwarded` | handling | – |
//! | 12 | handling | `correction_requested` | correction | freeze P, S; due void |
//! | 13 | correction | `corrected`, same serial | handling | resume, credit = max(1, days) |
//! | 14 | correction | `closed` lapsed | closed | stop |
//! | 15 | handling | `special_started`, limit L | special_procedure | L = 0: freeze; L > 0: due + L at once |
//! | 16 | special_procedure | `special_ended`, same serial | handling | credit = max(1, days), at most L |
//! | 17 | special_procedure | `special_ended`, extension not passed | handling | credit 0 |
//! | 18 | handling | `closed` granted, completed | closed | stop P, S; start D +0 if something is due |
//! | 19 | handling | `closed` denied, void, deleted (with a reason), passed on | closed | stop |
//! | 20 | before the end | `withdrawal_requested` | same | – |
//! | 20a | before the end, wish open | `closed` withdrawn or void; `withdrawn` by the hall before hand-over | closed | stop; ends an open suspension |
//! | 21 | closed granted, completed | `collected` | collected | stop D |
//! | 22 | closed, collected, refused | `evaluated`, once | same | – |
//! | 23 | any | same report, higher data version: [`Rejection::ReVersion`], then [`re_version`] | replayed | recomputed |
//! | 24 | submitted, pre_accepted | `closed` of an immediate case; 2, 3 and 4 in any order | closed | P from acceptance, may be 0 days |
//!
//! # What else takes an earlier event's place
//!
//! [`Rejection::ReVersion`] also answers events that settle what the gateway had to assume, or that were recorded first:
//!
//! * an `accepted` where acceptance was back-filled; and whatever a partner recorded before silence was taken for acceptance
//!   (acceptance, refusal, notice) but delivered later. A partner that accepts after that moment only confirms: the clocks keep the
//!   day of receipt, [`Warning::AcceptedAfterDeemed`];
//! * of a decision and a confirmed withdrawal of one partner, the one recorded earlier that arrives later (row 20a);
//! * acceptance re-reported as refusal with a higher data version, and the like for pre-acceptance: one message, another status.
//!
//! # Out of order
//!
//! [`Rejection::MissingPredecessor`] holds an event until [`Rules::held_until`]; after each applied event the caller tries the held
//! ones again, oldest first. When the time is over it applies [`predecessors`] and then the event, or dead-letters it.
//!
//! ```
//! # use tongban_gateway::processing::life_cycle::*;
//! # use tongban_adapters::canonical::{Event, EventBody, Remark};
//! let now: jiff::Timestamp = "2017-06-05T09:30:00+08:00".parse()?;
//! let applied = Event { body: EventBody::Applied(Remark::default()), serial: String::new(), data_version: 1, occurred_at: now, actor: None };
//! let calendar = tongban_catalog::calendar::Calendar::weekends_only();
//! let first = apply(None, &applied, &Reception::from_applicant(now), &Rules::default(), &calendar)?;
//! assert_eq!(first.case.state, State::Submitted);
//! assert_eq!(first.case.seq, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod back_fill;
pub mod clocks;
mod item_rules;
mod reception;
mod rejection;
mod replay;
mod rules;
mod state;
mod texts;
mod timers;
mod transition;

pub use back_fill::{AUTOMATIC_OPINION, NoBackFill, companions, predecessors};
pub use clocks::{Clocks, counted_otherwise, recalculate};
pub use item_rules::NoServiceHours;
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

//! Why an event does not change a case, and what the caller does about it.
//!
//! Every rejection has a stable code, a text in Chinese and English, and a [`Disposition`]. No rejection leaves a trace in the
//! state; the raw message goes to the dead letters when the disposition says so.

use super::state::{State, SuspensionKind};
use super::texts;
use crate::text::{Language, Text};
use jiff::Timestamp;
use thiserror::Error;

/// What the caller does with a rejected event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The same identity was applied before: compare digests, acknowledge if equal, conflict (409, alert) if not.
    CompareDigest,
    /// An older version than the one in force: acknowledge, change nothing.
    Acknowledge,
    /// Replay the case with [`super::re_version`].
    Replay,
    /// Keep it for [`super::Rules::hold_seconds`]: a predecessor may still arrive. Then [`super::predecessors`], or dead-letter it.
    Hold,
    /// Answer with the code; from a partner, keep the raw message in the dead letters.
    Refuse,
}

/// What is never allowed, whoever reports it (the prohibitions of domain table 9.2, and what follows from its rows).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prohibition {
    /// Completion from a special procedure: its result comes first.
    CompletionFromSpecialProcedure,
    /// Completion other than "corrections did not come" from a correction.
    CompletionFromCorrection,
    /// Type A (extension) after type B in one case.
    ExtensionAfterSpecial,
    /// Anything but collection, evaluation and re-versions after the end.
    AfterTheEnd,
    /// A second notice before acceptance without the override flag (Administrative Licensing Law, article 32: once, everything).
    SecondNoticeBeforeAcceptance,
    /// Acceptance or refusal of a case that is already accepted.
    AlreadyAccepted,
    /// Collection where the decision gives nothing to collect.
    NothingToCollect,
    /// A second wish to withdraw.
    WithdrawalAlreadyRequested,
    /// Withdrawal by the hall after hand-over: the partner confirms it then.
    WithdrawalAfterHandOver,
    /// A second evaluation.
    AlreadyEvaluated,
    /// An evaluation outside 1 … 5.
    LevelOutOfRange,
    /// The source may not report this type of event.
    WrongSource,
    /// Deemed acceptance before the acceptance clock has expired, or against the item's policy.
    NotDeemed,
    /// Lapse by rule before its time has come, or without such a rule.
    NotLapsed,
    /// A second beginning of the same case.
    AlreadyBegun,
    /// No row of the table leads from this state by this event.
    NoSuchTransition,
}

/// Why an event was not applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The same (system, type, serial, data version) was applied before.
    #[error("the event has the identity of event {}", numbers(.of))]
    Duplicate {
        /// Numbers of the applied events with this identity: more than one after a contested withdrawal.
        of: Vec<u64>,
    },
    /// A higher data version of the same report is in force.
    #[error("event {by} reports the same with the higher data version {version}")]
    Superseded {
        /// Number of the event in force.
        by: u64,
        /// Its data version.
        version: u32,
    },
    /// The event takes the place of an applied one: the case must be replayed.
    #[error("the event takes the place of event {supersedes}: replay the case")]
    ReVersion {
        /// Number of the event whose place it takes.
        supersedes: u64,
    },
    /// The event is plausible, but something before it has not arrived.
    #[error("{event} needs one of {unblocked_by:?} first; the case is {}", .state.wire())]
    MissingPredecessor {
        /// State of the case.
        state: State,
        /// Type of the event.
        event: &'static str,
        /// Types of events any of which would unblock it or bring it nearer.
        unblocked_by: &'static [&'static str],
    },
    /// The event is for a case that has not begun.
    #[error("{event} is for a case that has not begun")]
    UnknownCase {
        /// Type of the event.
        event: &'static str,
    },
    /// A prohibition.
    #[error("{event} is forbidden ({prohibition:?}); the case is {}", .state.wire())]
    Forbidden {
        /// Which.
        prohibition: Prohibition,
        /// State of the case.
        state: State,
        /// Type of the event.
        event: &'static str,
    },
    /// The law or the specification asks for a reason, and there is none.
    #[error("{event} needs a reason")]
    ReasonRequired {
        /// Type of the event.
        event: &'static str,
    },
    /// The event lies before the present state began, by more than the partner's skew.
    #[error("{event} is dated {occurred_at}, before the present state began at {since}")]
    BeforeState {
        /// Type of the event.
        event: &'static str,
        /// Its time.
        occurred_at: Timestamp,
        /// Begin of the present state.
        since: Timestamp,
    },
    /// The event lies in the future by more than the partner's skew.
    #[error("{event} is dated {occurred_at}, after its receipt at {received_at}")]
    InFuture {
        /// Type of the event.
        event: &'static str,
        /// Its time.
        occurred_at: Timestamp,
        /// When it was received.
        received_at: Timestamp,
    },
    /// A suspension is already open.
    #[error("{event} would open a second suspension; {open:?} with serial {serial:?} is open")]
    SecondSuspension {
        /// Type of the event.
        event: &'static str,
        /// Kind of the open one.
        open: SuspensionKind,
        /// Its serial.
        serial: String,
    },
    /// The event ends another suspension than the open one (XH or kind does not match).
    #[error("{event} with serial {got:?} does not end the open {open:?} with serial {serial:?}")]
    WrongSuspension {
        /// Type of the event.
        event: &'static str,
        /// Kind of the open one.
        open: SuspensionKind,
        /// Its serial.
        serial: String,
        /// Serial of the event.
        got: String,
    },
    /// The case has as many events as it may hold.
    #[error("the case already holds {max} events")]
    TooManyEvents {
        /// The bound.
        max: usize,
    },
    /// A date cannot be computed: a limit that is absurd, or a day beyond the calendar's arithmetic.
    #[error("{event}: the clocks cannot be computed: {cause}")]
    Uncomputable {
        /// Type of the event.
        event: &'static str,
        /// What the deadline arithmetic says.
        cause: String,
    },
}

impl Rejection {
    /// The stable code, as in problem documents and dead letters.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let key = self.text().key;
        key.rsplit('.').next().unwrap_or(key)
    }

    /// What the caller does with the event.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Duplicate { .. } => Disposition::CompareDigest,
            Self::Superseded { .. } => Disposition::Acknowledge,
            Self::ReVersion { .. } => Disposition::Replay,
            Self::MissingPredecessor { .. } => Disposition::Hold,
            _ => Disposition::Refuse,
        }
    }

    /// The text for people, with its places still open; [`Rejection::say`] fills them.
    #[must_use]
    pub fn text(&self) -> &'static Text {
        match self {
            Self::Duplicate { .. } => &texts::DUPLICATE_EVENT,
            Self::Superseded { .. } => &texts::SUPERSEDED_VERSION,
            Self::ReVersion { .. } => &texts::RE_VERSION,
            Self::MissingPredecessor { .. } => &texts::MISSING_PREDECESSOR,
            Self::UnknownCase { .. } => &texts::UNKNOWN_CASE,
            Self::Forbidden { prohibition, .. } => prohibition.text(),
            Self::ReasonRequired { .. } => &texts::REASON_REQUIRED,
            Self::BeforeState { .. } => &texts::OCCURRED_BEFORE_STATE,
            Self::InFuture { .. } => &texts::OCCURRED_IN_FUTURE,
            Self::SecondSuspension { .. } => &texts::SECOND_SUSPENSION,
            Self::WrongSuspension { .. } => &texts::WRONG_SUSPENSION,
            Self::TooManyEvents { .. } => &texts::TOO_MANY_EVENTS,
            Self::Uncomputable { .. } => &texts::UNCOMPUTABLE_CLOCK,
        }
    }

    /// The text for people in `language`.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        let (event, state) = self.event_and_state();
        let unblocked_by = match self {
            Self::MissingPredecessor { unblocked_by, .. } => unblocked_by.join(", "),
            _ => String::new(),
        };
        let of = match self {
            Self::Duplicate { of } => numbers(of),
            Self::Superseded { by, .. } => by.to_string(),
            Self::ReVersion { supersedes } => supersedes.to_string(),
            _ => String::new(),
        };
        let (occurred_at, bound) = match self {
            Self::BeforeState {
                occurred_at, since, ..
            } => (occurred_at.to_string(), since.to_string()),
            Self::InFuture {
                occurred_at,
                received_at,
                ..
            } => (occurred_at.to_string(), received_at.to_string()),
            _ => Default::default(),
        };
        self.text().fill(
            language,
            &[
                ("event", event),
                ("state", state.map_or("", State::wire)),
                ("unblocked_by", &unblocked_by),
                ("of", &of),
                ("occurred_at", &occurred_at),
                ("bound", &bound),
            ],
        )
    }

    fn event_and_state(&self) -> (&'static str, Option<State>) {
        match self {
            Self::MissingPredecessor { event, state, .. }
            | Self::Forbidden { event, state, .. } => (event, Some(*state)),
            Self::UnknownCase { event }
            | Self::ReasonRequired { event }
            | Self::BeforeState { event, .. }
            | Self::InFuture { event, .. }
            | Self::SecondSuspension { event, .. }
            | Self::WrongSuspension { event, .. }
            | Self::Uncomputable { event, .. } => (event, None),
            Self::Duplicate { .. }
            | Self::Superseded { .. }
            | Self::ReVersion { .. }
            | Self::TooManyEvents { .. } => ("", None),
        }
    }
}

impl Prohibition {
    fn text(self) -> &'static Text {
        match self {
            Self::CompletionFromSpecialProcedure => &texts::COMPLETION_FROM_SPECIAL_PROCEDURE,
            Self::CompletionFromCorrection => &texts::COMPLETION_FROM_CORRECTION,
            Self::ExtensionAfterSpecial => &texts::EXTENSION_AFTER_SPECIAL,
            Self::AfterTheEnd => &texts::AFTER_THE_END,
            Self::SecondNoticeBeforeAcceptance => &texts::SECOND_NOTICE_BEFORE_ACCEPTANCE,
            Self::AlreadyAccepted => &texts::ALREADY_ACCEPTED,
            Self::NothingToCollect => &texts::NOTHING_TO_COLLECT,
            Self::WithdrawalAlreadyRequested => &texts::WITHDRAWAL_ALREADY_REQUESTED,
            Self::WithdrawalAfterHandOver => &texts::WITHDRAWAL_AFTER_HAND_OVER,
            Self::AlreadyEvaluated => &texts::ALREADY_EVALUATED,
            Self::LevelOutOfRange => &texts::LEVEL_OUT_OF_RANGE,
            Self::WrongSource => &texts::WRONG_SOURCE,
            Self::NotDeemed => &texts::NOT_DEEMED,
            Self::NotLapsed => &texts::NOT_LAPSED,
            Self::AlreadyBegun => &texts::ALREADY_BEGUN,
            Self::NoSuchTransition => &texts::NO_SUCH_TRANSITION,
        }
    }
}

/// What was applied all the same, but a person should see (warning rows of the table).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Warning {
    /// Type A after type B, where the rules only warn.
    ExtensionAfterSpecial,
    /// An extension longer than the law allows with the head's approval (article 42).
    ExtensionTooLong,
    /// Refused at acceptance without a reason (row 8).
    RefusedWithoutReason,
    /// The partner reported an acceptance after the case was deemed accepted; the clocks keep the day of receipt.
    AcceptedAfterDeemed,
    /// A special procedure other than an extension ended as "not passed": its days are credited all the same (row 16).
    SpecialNotPassed,
    /// The applicant's withdrawal was open when the partner decided otherwise.
    DecidedDespiteWithdrawal,
}

impl Warning {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        let key = self.text().key;
        key.rsplit('.').next().unwrap_or(key)
    }

    /// The text for people.
    #[must_use]
    pub fn text(self) -> &'static Text {
        match self {
            Self::ExtensionAfterSpecial => &texts::WARN_EXTENSION_AFTER_SPECIAL,
            Self::ExtensionTooLong => &texts::WARN_EXTENSION_TOO_LONG,
            Self::RefusedWithoutReason => &texts::WARN_REFUSED_WITHOUT_REASON,
            Self::AcceptedAfterDeemed => &texts::WARN_ACCEPTED_AFTER_DEEMED,
            Self::SpecialNotPassed => &texts::WARN_SPECIAL_NOT_PASSED,
            Self::DecidedDespiteWithdrawal => &texts::WARN_DECIDED_DESPITE_WITHDRAWAL,
        }
    }
}

fn numbers(of: &[u64]) -> String {
    of.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

//! How an event reached the gateway, and who may report what.

use super::rejection::{Prohibition, Rejection};
use super::state::{CaseState, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_adapters::canonical::{Event, EventBody};

/// Who brought an event in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The applicant or the agent, through the public interface.
    Applicant,
    /// A partner system.
    Partner,
    /// The gateway itself: timers, back-fill, recalculation.
    Gateway,
    /// A clerk of the hall.
    Hall,
}

/// Whether the case has been given to a partner. A delivery whose outcome is unknown counts as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOver {
    /// Nothing was sent.
    NotYet,
    /// Sent, or perhaps sent.
    #[default]
    Done,
}

/// How an event reached the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reception {
    /// When, by the gateway's clock.
    pub received_at: Timestamp,
    /// Which partner system; `None` unless the source is [`Source::Partner`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Who brought it in.
    pub source: Source,
    /// Whether the case had been handed over by then; matters to a withdrawal that the hall confirms.
    #[serde(default)]
    pub hand_over: HandOver,
}

impl Reception {
    /// An event from partner `system`.
    #[must_use]
    pub fn from_partner(system: impl Into<String>, received_at: Timestamp) -> Self {
        Self {
            received_at,
            system: Some(system.into()),
            source: Source::Partner,
            hand_over: HandOver::Done,
        }
    }

    /// An event from the applicant.
    #[must_use]
    pub fn from_applicant(received_at: Timestamp) -> Self {
        Self {
            received_at,
            system: None,
            source: Source::Applicant,
            hand_over: HandOver::Done,
        }
    }

    /// An event that the gateway made itself.
    #[must_use]
    pub fn from_gateway(received_at: Timestamp) -> Self {
        Self {
            received_at,
            system: None,
            source: Source::Gateway,
            hand_over: HandOver::Done,
        }
    }

    /// How an event that was applied before had reached the gateway, from what the store keeps of it. Exact for everything that
    /// the life cycle decides by: what it let through, it lets through again.
    #[must_use]
    pub fn of_stored(event: &Event, system: Option<String>, received_at: Timestamp) -> Self {
        use EventBody as B;
        let (source, hand_over) = match (&system, &event.body) {
            (Some(_), _) => (Source::Partner, HandOver::Done),
            (None, B::Withdrawn(_)) => (Source::Hall, HandOver::NotYet),
            (
                None,
                B::PreAccepted(_)
                | B::PreRefused(_)
                | B::PreCorrectionRequested(_)
                | B::Collected(_),
            ) => (Source::Hall, HandOver::Done),
            (
                None,
                B::Applied(_)
                | B::Supplemented(_)
                | B::Resubmitted(_)
                | B::WithdrawalRequested(_)
                | B::Evaluated(_),
            ) => (Source::Applicant, HandOver::Done),
            (None, _) => (Source::Gateway, HandOver::Done),
        };
        Self {
            received_at,
            system,
            source,
            hand_over,
        }
    }

    /// An event from a clerk of the hall, who knows whether the case has been handed over.
    #[must_use]
    pub fn from_hall(received_at: Timestamp, hand_over: HandOver) -> Self {
        Self {
            received_at,
            system: None,
            source: Source::Hall,
            hand_over,
        }
    }
}

/// Who may report what. The applicant speaks for himself, the hall's clerks for the applicant and for pre-acceptance, the gateway
/// only fills in, partners (a department without a system is a partner too, protocol `person`) report the rest. Since the sets of
/// the hall and the gateway meet in `lapsed` alone, [`Reception::of_stored`] can tell them apart later.
pub(super) fn guard_source(
    case: Option<&CaseState>,
    event: &Event,
    reception: &Reception,
) -> Result<(), Rejection> {
    use EventBody as B;
    let allowed = match &event.body {
        B::DeemedAccepted(_) | B::Recalculated(_) => reception.source == Source::Gateway,
        B::Withdrawn(_) => reception.source == Source::Hall,
        B::Applied(_)
        | B::Supplemented(_)
        | B::Resubmitted(_)
        | B::WithdrawalRequested(_)
        | B::Evaluated(_) => reception.source != Source::Gateway,
        B::PreAccepted(_) | B::PreRefused(_) | B::PreCorrectionRequested(_) | B::Collected(_) => {
            matches!(reception.source, Source::Partner | Source::Hall)
        }
        B::Lapsed(_) => reception.source != Source::Applicant,
        B::Accepted(_) | B::Corrected(_) | B::Step(_) | B::Closed(_) => {
            matches!(reception.source, Source::Partner | Source::Gateway)
        }
        B::Refused(_)
        | B::Forwarded(_)
        | B::CorrectionRequested(_)
        | B::SpecialStarted(_)
        | B::SpecialEnded(_) => reception.source == Source::Partner,
    };
    if allowed {
        return Ok(());
    }
    Err(Rejection::Forbidden {
        prohibition: Prohibition::WrongSource,
        state: case.map_or(State::Submitted, |c| c.state),
        event: event.body.kind(),
    })
}

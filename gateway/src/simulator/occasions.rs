//! Where each switch can happen: every fault in every phase of every kind of partner, or the reason why it never does.
//!
//! The test matrix of misbehaving partners is made from this list, so a new fault, phase or kind joins it by itself; it also
//! proves the reasons: a switch that stands here as impossible must never be used.

use super::SimulatorKind;
use super::switches::{Fault, Phase};
use clap::ValueEnum;
use serde_json::{Value, json};

/// Why a fault never happens in a phase of a kind of partner; `None` when it can.
#[must_use]
pub fn never(kind: SimulatorKind, phase: Phase, fault: Fault) -> Option<&'static str> {
    no_phase(kind, phase).or_else(|| match phase {
        Phase::Number | Phase::Submit | Phase::Query | Phase::Supplement | Phase::Withdraw => {
            asked(phase, fault)
        }
        Phase::Feedback if kind == SimulatorKind::Xml => shown(fault),
        Phase::Feedback => reported(fault),
        Phase::Pull | Phase::Document => called(fault),
    })
}

/// Phases that a dialect does not have.
fn no_phase(kind: SimulatorKind, phase: Phase) -> Option<&'static str> {
    match (kind, phase) {
        (SimulatorKind::Soap | SimulatorKind::Xml, Phase::Number) => {
            Some("only the department gives its own number before the application arrives")
        }
        (SimulatorKind::Rest | SimulatorKind::Soap, Phase::Pull) => {
            Some("only the vertical system pulls; the others are handed the whole application")
        }
        _ => None,
    }
}

/// The gateway asks, the partner answers.
fn asked(phase: Phase, fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::Twice
        | Fault::Late
        | Fault::WrongCodes
        | Fault::OutOfOrder
        | Fault::ConflictingDuplicate => {
            Some("a fault of the partner's own reports; here it only answers")
        }
        Fault::Forgetful if phase == Phase::Number => {
            Some("every request for a number gives a new one: there is no repeat to forget")
        }
        Fault::Forgetful if phase == Phase::Query => {
            Some("a question has no effect, so its repeat has none either")
        }
        _ => None,
    }
}

/// The partner calls with a report.
fn reported(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::Refuse | Fault::Http500 | Fault::Forgetful => {
            Some("the partner calls; it is the gateway that answers")
        }
        _ => None,
    }
}

/// The partner writes into the list that it shows when it is polled.
fn shown(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::Slow
        | Fault::RefuseConnection
        | Fault::Restart
        | Fault::Drop
        | Fault::DropBefore
        | Fault::Garbage => Some(
            "the vertical system makes no call to report; what befalls the poll is of phase query",
        ),
        other => reported(other),
    }
}

/// The partner calls for an application, a material, or with a document.
fn called(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::Mute
        | Fault::Twice
        | Fault::Late
        | Fault::WrongCodes
        | Fault::OutOfOrder
        | Fault::ConflictingDuplicate => Some("a fault of reports; this call is none"),
        other => reported(other),
    }
}

/// `{"kind", "cells": [{"phase", "switch"}], "never": [{"phase", "switch", "reason"}]}`, in the order of the enumerations.
#[must_use]
pub fn listed(kind: SimulatorKind) -> Value {
    let (mut cells, mut impossible) = (Vec::new(), Vec::new());
    for phase in Phase::value_variants() {
        for fault in Fault::value_variants() {
            match never(kind, *phase, *fault) {
                None => cells.push(json!({"phase": phase, "switch": fault})),
                Some(reason) => {
                    impossible.push(json!({"phase": phase, "switch": fault, "reason": reason}));
                }
            }
        }
    }
    json!({"kind": format!("{kind:?}").to_lowercase(), "cells": cells, "never": impossible})
}

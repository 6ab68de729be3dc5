//! What happens to a case at the partner: the course of each scenario as a list of actions, the same words for all three dialects.

use super::SimulatorKind;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The nine reports of the 2013 specification (3.2.2–3.2.10); the number is its `sptype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    PreAcceptance = 1,
    Acceptance = 2,
    Step = 3,
    Completion = 4,
    SpecialStart = 5,
    SpecialEnd = 6,
    CorrectionNotice = 7,
    SupplyAcceptance = 8,
    Collection = 9,
}

/// Each report with its table in generation 1 and its KIND in generation 8 (which has no collection).
const NAMES: [(Message, &str, &str); 9] = [
    (Message::PreAcceptance, "EX_GDBS_WSYSL", "YUSHOULI"),
    (Message::Acceptance, "EX_GDBS_SL", "SHOULI"),
    (Message::Step, "EX_GDBS_SPCL", "GUOCHENG"),
    (Message::Completion, "EX_GDBS_BJ", "BANJIE"),
    (Message::SpecialStart, "EX_GDBS_TBCXSQ", "TEBIESHENQING"),
    (Message::SpecialEnd, "EX_GDBS_TBCXJG", "TEBIEJIEGUO"),
    (Message::CorrectionNotice, "EX_GDBS_BJGZ", "BUZHENG"),
    (Message::SupplyAcceptance, "EX_GDBS_BJSL", "BUZHENGSHOULI"),
    (Message::Collection, "EX_GDBS_LQDJ", ""),
];

impl Message {
    /// Its `sptype`.
    pub(super) fn sptype(self) -> u8 {
        self as u8
    }

    pub(super) fn table(self) -> &'static str {
        NAMES.iter().find(|(m, ..)| *m == self).map_or("", |n| n.1)
    }

    pub(super) fn kind(self) -> &'static str {
        NAMES.iter().find(|(m, ..)| *m == self).map_or("", |n| n.2)
    }

    /// By `sptype`, table, KIND or its own name in `snake_case`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = NAMES.iter().find(|(message, table, kind)| {
            name == message.sptype().to_string()
                || name == *table
                || (name == *kind && !name.is_empty())
        });
        known
            .map(|n| n.0)
            .or_else(|| serde_json::from_value(serde_json::Value::from(name)).ok())
    }
}

/// The course that a simulator's cases take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// The default course of the kind, as `docs/dialects.md` tells it.
    Standard,
    /// Accepted, corrected once, closed (办结).
    Correction,
    /// A correction is asked for before acceptance, then accepted and closed.
    PreCorrection,
    /// Accepted, a special procedure of ten working days (特别程序), closed.
    Special,
    /// Accepted, refused at approval, closed as returned (退回办结).
    Denied,
    /// Not accepted (不予受理).
    Refused,
    /// Refused at pre-acceptance (预受理不通过).
    PreRefused,
    /// Accepted, decided and closed at once (即办件).
    Immediate,
    /// The correction never comes: closed as lapsed (补正不来办结).
    Lapsed,
    /// Closed with a certificate, which is collected (领取).
    Collected,
    /// Nothing is reported but what `POST /_control/event` orders.
    Silent,
}

/// One report to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) message: Message,
    /// Its status or result in the code table of the 2013 specification (5.4).
    pub(super) code: String,
    /// XH of pairs and notices, SPBZH of steps.
    pub(super) serial: u32,
    /// SPHJDM of steps: 1 承办, 2 审核, 3 批准.
    pub(super) stage: u32,
    /// Sent before the report that it follows in time.
    pub(super) early: bool,
}

impl Report {
    pub(super) fn new(message: Message, code: &str, serial: u32) -> Self {
        Self {
            message,
            code: code.to_owned(),
            serial,
            stage: 3,
            early: false,
        }
    }

    fn early(self) -> Action {
        Action::Report(Self {
            early: true,
            ..self
        })
    }
}

/// One thing that a partner does with a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// Pull the application that was announced (generation 5).
    Pull,
    /// Fetch every material and check its MD5.
    FetchMaterials,
    /// Send a report.
    Report(Report),
    /// Wait for the applicant's answer to the notice of this XH.
    Await(u32),
    /// Hand back the certificate.
    HandBack,
}

/// The course of a new case.
pub(super) fn course(kind: SimulatorKind, scenario: Scenario) -> VecDeque<Action> {
    use Message as M;
    let report = |message, code| Action::Report(Report::new(message, code, 1));
    let pre = || report(M::PreAcceptance, "1");
    let accepted = || report(M::Acceptance, "1");
    let notice = || report(M::CorrectionNotice, "");
    let supplied = || report(M::SupplyAcceptance, "");
    let closed = |code| report(M::Completion, code);
    let handled = Report {
        stage: 1,
        ..Report::new(M::Step, "1", 1)
    };
    let approved = |serial, code| Action::Report(Report::new(M::Step, code, serial));
    let refused_code = if kind == SimulatorKind::Soap {
        "3"
    } else {
        "2"
    };

    let then = match (scenario, kind) {
        (Scenario::Standard, SimulatorKind::Rest) => vec![
            pre(),
            handled.early(),
            accepted(),
            notice(),
            Action::Await(1),
            supplied(),
            approved(2, "1"),
            Action::HandBack,
            closed("0"),
        ],
        (Scenario::Standard, SimulatorKind::Soap) => {
            vec![
                pre(),
                Report::new(M::Completion, "6", 1).early(),
                accepted(),
            ]
        }
        (Scenario::Standard, SimulatorKind::Xml) => {
            vec![accepted(), approved(1, "1"), Action::HandBack, closed("0")]
        }
        (Scenario::Correction, _) => {
            vec![
                accepted(),
                notice(),
                Action::Await(1),
                supplied(),
                approved(1, "1"),
                closed("6"),
            ]
        }
        (Scenario::PreCorrection, _) => {
            vec![
                report(M::PreAcceptance, "3"),
                Action::Await(1),
                supplied(),
                accepted(),
                closed("6"),
            ]
        }
        (Scenario::Special, _) => {
            vec![
                accepted(),
                report(M::SpecialStart, "A"),
                report(M::SpecialEnd, "1"),
                approved(1, "1"),
                closed("6"),
            ]
        }
        (Scenario::Denied, _) => vec![accepted(), approved(1, "2"), closed("1")],
        (Scenario::Refused, _) => vec![report(M::Acceptance, refused_code)],
        (Scenario::PreRefused, _) => vec![report(M::PreAcceptance, "2")],
        (Scenario::Immediate, _) => vec![accepted(), approved(1, "1"), closed("6")],
        (Scenario::Lapsed, _) => vec![accepted(), notice(), closed("5")],
        (Scenario::Collected, SimulatorKind::Xml) => {
            vec![accepted(), Action::HandBack, closed("0")]
        }
        (Scenario::Collected, _) => {
            vec![
                accepted(),
                Action::HandBack,
                closed("0"),
                report(M::Collection, ""),
            ]
        }
        (Scenario::Silent, _) => vec![],
    };
    let pull = (kind == SimulatorKind::Xml).then_some(Action::Pull);
    pull.into_iter()
        .chain([Action::FetchMaterials])
        .chain(then)
        .collect()
}

//! What a partner knows: its cases with everything received and sent.

use super::course::{Action, Message, Report};
use super::switches::Phase;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Bounds of a case: raw requests, reports and tries kept (counts go on).
pub(super) const MAX_REQUESTS_KEPT: usize = 20;
const MAX_SENT: usize = 500;
const MAX_TRIES_KEPT: usize = 12;

/// An application as the partner understood it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Application {
    pub(super) number: String,
    pub(super) own_number: String,
    pub(super) item: String,
    pub(super) region: String,
    /// Every field by its wire name, in the order received.
    pub(super) fields: Vec<(String, String)>,
    pub(super) form: serde_json::Value,
    pub(super) materials: Vec<Material>,
}

impl Application {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }
}

/// A material by reference, and what became of it when it was fetched.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Material {
    pub(super) id: String,
    pub(super) name: String,
    /// MD5 announced; empty where the dialect announces none.
    pub(super) md5: String,
    pub(super) bytes: Option<usize>,
    pub(super) md5_matches: Option<bool>,
}

/// What a request asks for, in the same words for all dialects.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Number {
        number: String,
    },
    Submit(Box<Application>),
    Query {
        number: String,
    },
    Supplement {
        number: String,
        serial: Option<u32>,
        content: serde_json::Value,
        materials: Vec<Material>,
    },
    Withdraw {
        number: String,
        reason: String,
    },
}

impl Order {
    pub(super) fn number(&self) -> &str {
        match self {
            Self::Submit(application) => &application.number,
            Self::Number { number } | Self::Query { number } => number,
            Self::Supplement { number, .. } | Self::Withdraw { number, .. } => number,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match self {
            Self::Number { .. } => Phase::Number,
            Self::Submit(_) => Phase::Submit,
            Self::Query { .. } => Phase::Query,
            Self::Supplement { .. } => Phase::Supplement,
            Self::Withdraw { .. } => Phase::Withdraw,
        }
    }
}

/// What the partner makes of an order; its dialect turns it into bytes.
#[derive(Debug)]
pub(super) enum Verdict {
    Taken,
    Repeat,
    Refused(String),
    Own(String),
    Unknown,
    Found(Box<Case>),
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SentState {
    /// On its way for the first time.
    Sending,
    /// Not taken; tried again on the next run.
    Waiting,
    Taken,
    /// In the list that a poll shows.
    Shown,
    Muted,
    /// There is no callback address: nobody was told.
    Untold,
}

/// A report, its tries and the answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) message: Message,
    pub(super) fields: Vec<(String, String)>,
    pub(super) state: SentState,
    pub(super) attempts: u32,
    pub(super) tries: VecDeque<serde_json::Value>,
}

/// A line of the list that the vertical system shows when polled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: usize,
    pub(super) message: Message,
    pub(super) fields: Vec<(String, String)>,
}

/// A case at the partner.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) number: String,
    pub(super) own_number: String,
    /// How often the application was really registered. Anything but 1 is a fault of somebody.
    pub(super) effects: u32,
    pub(super) receipts: BTreeMap<Phase, u32>,
    pub(super) taken_at: Timestamp,
    pub(super) closed: bool,
    pub(super) withdrawn: bool,
    pub(super) open_notice: Option<u32>,
    pub(super) supplements: BTreeMap<u32, serde_json::Value>,
    /// How often each supplement, and the withdrawal, had its effect. Anything over 1 is a fault of somebody.
    #[serde(default)]
    pub(super) supplement_effects: BTreeMap<u32, u32>,
    #[serde(default)]
    pub(super) withdrawal_effects: u32,
    pub(super) certificate_id: Option<String>,
    /// What the partner found wrong with what it got.
    pub(super) complaints: Vec<String>,
    pub(super) course: VecDeque<Action>,
    pub(super) sent: Vec<Sent>,
    pub(super) records: Vec<Record>,
    pub(super) application: Application,
    pub(super) requests: VecDeque<serde_json::Value>,
    last_at: Timestamp,
    early_at: Option<Timestamp>,
}

impl Case {
    /// A case as just registered; also the stand-in for a number that the partner does not know.
    pub(super) fn new(application: Application, now: Timestamp) -> Self {
        Self {
            number: application.number.clone(),
            own_number: application.own_number.clone(),
            effects: 1,
            receipts: BTreeMap::new(),
            taken_at: now,
            closed: false,
            withdrawn: false,
            open_notice: None,
            supplements: BTreeMap::new(),
            supplement_effects: BTreeMap::new(),
            withdrawal_effects: 0,
            certificate_id: None,
            complaints: Vec::new(),
            course: VecDeque::new(),
            sent: Vec::new(),
            records: Vec::new(),
            application,
            requests: VecDeque::new(),
            last_at: now,
            early_at: None,
        }
    }

    /// When the reported thing happened: never before what preceded it, and before what was sent early.
    pub(super) fn date(&mut self, report: &Report, now: Timestamp) -> Timestamp {
        let second = SignedDuration::from_secs(1);
        let at = match self.early_at.take() {
            Some(early) if !report.early => self
                .last_at
                .max(early.saturating_sub(second).unwrap_or(early)),
            _ => now.max(self.last_at),
        };
        if report.early {
            self.early_at = Some(at);
        } else {
            self.last_at = at;
        }
        at
    }

    /// Writes down that a report went out; `None` if the case has had too many.
    pub(super) fn issued(
        &mut self,
        report: &Report,
        fields: Vec<(String, String)>,
    ) -> Option<usize> {
        if self.sent.len() >= MAX_SENT {
            return None;
        }
        match (report.message, report.code.as_str()) {
            (Message::CorrectionNotice, _) | (Message::PreAcceptance, "3") => {
                self.open_notice = Some(report.serial);
            }
            (Message::SupplyAcceptance, _) => self.open_notice = None,
            (Message::Completion, _) | (Message::PreAcceptance, "2") => self.closed = true,
            (Message::Acceptance, code) if code != "1" => self.closed = true,
            _ => {}
        }
        self.sent.push(Sent {
            message: report.message,
            fields,
            state: SentState::Sending,
            attempts: 0,
            tries: VecDeque::new(),
        });
        Some(self.sent.len() - 1)
    }

    pub(super) fn tried(&mut self, id: usize, exchange: serde_json::Value) {
        if let Some(sent) = self.sent.get_mut(id) {
            sent.attempts += 1;
            sent.tries.push_back(exchange);
            if sent.tries.len() > MAX_TRIES_KEPT {
                sent.tries.pop_front();
            }
        }
    }

    /// Puts right what the switches spoiled: reports that were kept back are sent after all, records show what they should have.
    pub(super) fn mended(&mut self) {
        for sent in &mut self.sent {
            if sent.state == SentState::Muted {
                sent.state = SentState::Waiting;
            }
        }
        self.records.dedup_by_key(|record| record.id);
        for record in &mut self.records {
            if let Some(sent) = record.id.checked_sub(1).and_then(|id| self.sent.get(id)) {
                record.fields.clone_from(&sent.fields);
            }
        }
    }

    /// Reports that nobody has taken yet, oldest first.
    pub(super) fn failures(&self) -> Vec<usize> {
        let waiting = |(_, sent): &(usize, &Sent)| sent.state == SentState::Waiting;
        self.sent
            .iter()
            .enumerate()
            .filter(waiting)
            .map(|(id, _)| id)
            .collect()
    }

    /// Where the case stands, for people.
    pub(super) fn position(&self) -> String {
        match self.course.front() {
            Some(Action::Await(serial)) => format!("waits for the answer to notice {serial}"),
            Some(next) => format!("next: {next:?}"),
            None if self.closed => "closed".to_owned(),
            None => "open, nothing planned".to_owned(),
        }
    }
}

impl Case {
    /// What was on its way when the process ended is sent again.
    pub(super) fn interrupted(&mut self) {
        for sent in &mut self.sent {
            if sent.state == SentState::Sending {
                sent.state = SentState::Waiting;
            }
        }
    }

    /// Completes an announced case with what was pulled. Materials that were fetched already stay so.
    pub(super) fn pulled(&mut self, application: Application) {
        if application.number != self.number {
            self.complain(format!("拉取得到的业务号为{}", application.number));
        }
        if !["111", "001"].contains(&application.field("SQRZJLX")) {
            self.complain(format!("SQRZJLX代码错误: {}", application.field("SQRZJLX")));
        }
        let old = std::mem::take(&mut self.application);
        let known = |material: Material| {
            let same = |seen: &&Material| seen.id == material.id;
            old.materials.iter().find(same).cloned().unwrap_or(material)
        };
        self.application = Application {
            number: old.number,
            own_number: old.own_number,
            region: old.region,
            item: old.item,
            materials: application.materials.into_iter().map(known).collect(),
            ..application
        };
    }

    /// Writes down what came when a material was asked for.
    pub(super) fn fetched(&mut self, index: usize, answer: &Result<(u16, bytes::Bytes), String>) {
        let Some(material) = self.application.materials.get_mut(index) else {
            return;
        };
        let complaint = match answer {
            Ok((200, body)) => {
                let matches = super::document::attach_sign(body) == material.md5;
                let announced = !material.md5.is_empty();
                material.bytes = Some(body.len());
                material.md5_matches = announced.then_some(matches);
                (announced && !matches).then(|| format!("材料{}的MD5不符", material.id))
            }
            Ok((status, _)) => Some(format!("材料{}取不到: HTTP {status}", material.id)),
            Err(cause) => Some(format!("材料{}取不到: {cause}", material.id)),
        };
        if let Some(complaint) = complaint {
            self.complain(complaint);
        }
    }

    pub(super) fn complain(&mut self, complaint: String) {
        if self.complaints.len() < MAX_REQUESTS_KEPT && self.complaints.last() != Some(&complaint) {
            self.complaints.push(complaint);
        }
    }
}

//! What a partner knows: its cases with everything received and sent, and the rules by which it takes or refuses what comes.

use super::SimulatorKind;
use super::course::{Action, Message, Report, Scenario, course};
use super::switches::Phase;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Bounds: cases, and per case raw requests, reports and tries kept (counts go on).
const MAX_CASES: usize = 200_000;
const MAX_REQUESTS_KEPT: usize = 20;
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

/// All cases of a partner.
#[derive(Debug)]
pub(super) struct CaseBook {
    kind: SimulatorKind,
    scenario: Scenario,
    pub(super) cases: BTreeMap<String, Case>,
    /// Own numbers handed out, with the number of ours that each was asked for.
    pub(super) given: BTreeMap<String, String>,
    /// Every request and call by phase.
    pub(super) totals: BTreeMap<Phase, u64>,
    occasions: HashMap<String, BTreeMap<Phase, u32>>,
}

impl CaseBook {
    pub(super) fn new(kind: SimulatorKind, scenario: Scenario) -> Self {
        Self {
            kind,
            scenario,
            cases: BTreeMap::new(),
            given: BTreeMap::new(),
            totals: BTreeMap::new(),
            occasions: HashMap::new(),
        }
    }

    /// Takes back a case that was written down.
    pub(super) fn restore(&mut self, mut case: Case) {
        case.interrupted();
        self.occasions
            .insert(case.number.clone(), case.receipts.clone());
        self.cases.insert(case.number.clone(), case);
    }

    /// Counts one more request or call; its ordinal within the case and phase.
    pub(super) fn occasion(&mut self, phase: Phase, number: &str) -> u32 {
        *self.totals.entry(phase).or_default() += 1;
        if self.occasions.len() >= 2 * MAX_CASES {
            self.occasions.clear();
        }
        let counts = self.occasions.entry(number.to_owned()).or_default();
        let count = counts.entry(phase).or_default();
        *count += 1;
        let nth = *count;
        if let Some(case) = self.cases.get_mut(number) {
            case.receipts.clone_from(counts);
        }
        nth
    }

    /// Keeps a raw request with its answer.
    pub(super) fn note(&mut self, number: &str, request: serde_json::Value) {
        if let Some(case) = self.cases.get_mut(number) {
            case.requests.push_back(request);
            if case.requests.len() > MAX_REQUESTS_KEPT {
                case.requests.pop_front();
            }
        }
    }

    /// The partner's rules.
    pub(super) fn handle(&mut self, order: &Order, now: Timestamp, forgetful: bool) -> Verdict {
        match order {
            Order::Number { number } => Verdict::Own(self.next_own_number("YW", number)),
            Order::Submit(application) => self.submit(application, now, forgetful),
            Order::Query { number } => match self.cases.get(number).filter(|case| case.effects > 0)
            {
                Some(case) => Verdict::Found(Box::new(case.clone())),
                None => Verdict::Unknown,
            },
            Order::Supplement {
                number,
                serial,
                content,
                materials,
            } => self.supplement(number, *serial, content, materials),
            Order::Withdraw { number, reason } => self.withdraw(number, reason),
        }
    }

    fn next_own_number(&mut self, prefix: &str, number: &str) -> String {
        let own = format!("{prefix}{:012}", 201_706_000_001 + self.given.len());
        self.given.insert(own.clone(), number.to_owned());
        own
    }

    fn submit(&mut self, application: &Application, now: Timestamp, forgetful: bool) -> Verdict {
        let known = self.cases.get_mut(&application.number);
        if let Some(case) = known.filter(|case| case.effects > 0) {
            if forgetful {
                case.effects += 1;
                return Verdict::Taken;
            }
            return Verdict::Repeat;
        }
        if self.cases.len() >= MAX_CASES {
            return Verdict::Refused("系统已满".to_owned());
        }
        let mut application = application.clone();
        match self.kind {
            SimulatorKind::Rest
                if self.given.get(&application.own_number) != Some(&application.number) =>
            {
                return Verdict::Refused("业务流水号无效".to_owned());
            }
            SimulatorKind::Rest => {}
            SimulatorKind::Soap => {
                application.own_number = self.next_own_number("ZH", &application.number)
            }
            SimulatorKind::Xml => {
                application.own_number = self.next_own_number("GW", &application.number)
            }
        }
        let mut case = Case::new(application, now);
        case.course = course(self.kind, self.scenario);
        case.receipts = self
            .occasions
            .get(&case.number)
            .cloned()
            .unwrap_or_default();
        self.cases.insert(case.number.clone(), case);
        Verdict::Taken
    }

    fn supplement(
        &mut self,
        number: &str,
        serial: Option<u32>,
        content: &serde_json::Value,
        materials: &[Material],
    ) -> Verdict {
        let refused = |reason: &str| Verdict::Refused(reason.to_owned());
        let Some(case) = self.cases.get_mut(number) else {
            return refused("流水号不存在");
        };
        let known = serial.or_else(|| case.supplements.keys().next_back().copied());
        match (case.open_notice, serial) {
            _ if case.closed => refused("已办结"),
            (Some(open), wanted) if wanted.is_none_or(|serial| serial == open) => {
                case.open_notice = None;
                case.supplements.insert(open, content.clone());
                case.application.materials.extend_from_slice(materials);
                if !materials.is_empty() {
                    case.course.push_front(Action::FetchMaterials);
                }
                if self.kind == SimulatorKind::Xml {
                    case.course.push_front(Action::Pull);
                }
                Verdict::Taken
            }
            _ if known.is_some_and(|serial| case.supplements.contains_key(&serial)) => {
                Verdict::Repeat
            }
            (Some(_), _) => refused("补正序号不符"),
            (None, _) => refused("没有待补正的告知"),
        }
    }

    fn withdraw(&mut self, number: &str, reason: &str) -> Verdict {
        let Some(case) = self.cases.get_mut(number) else {
            return Verdict::Refused("流水号不存在".to_owned());
        };
        if case.withdrawn {
            return Verdict::Repeat;
        }
        if case.closed {
            return Verdict::Refused("已办结".to_owned());
        }
        case.withdrawn = true;
        case.complaints
            .extend(reason.is_empty().then(|| "撤回无理由".to_owned()));
        if self.scenario != Scenario::Silent {
            case.course = [Action::Report(Report::new(Message::Completion, "2", 1))].into();
        }
        Verdict::Taken
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

//! The book of all cases, and the rules by which a partner takes or refuses what comes.

use super::SimulatorKind;
use super::cases::{Application, Case, MAX_REQUESTS_KEPT, Material, Order, Verdict};
use super::course::{Action, Message, Report, Scenario, course};
use super::switches::Phase;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// More cases than a load test makes.
const MAX_CASES: usize = 200_000;

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
            } => {
                let verdict = self.supplement(number, *serial, content, materials);
                self.repeated(verdict, number, forgetful, |case| {
                    let known = serial.or_else(|| case.supplements.keys().next_back().copied());
                    case.supplement_effects
                        .entry(known.unwrap_or(0))
                        .or_default()
                })
            }
            Order::Withdraw { number, reason } => {
                let verdict = self.withdraw(number, reason);
                self.repeated(verdict, number, forgetful, |case| {
                    &mut case.withdrawal_effects
                })
            }
        }
    }

    /// Counts an effect; what a partner without a check for repeats does not notice has its effect once more.
    fn repeated(
        &mut self,
        verdict: Verdict,
        number: &str,
        forgetful: bool,
        effects: impl FnOnce(&mut Case) -> &mut u32,
    ) -> Verdict {
        let again = forgetful && matches!(verdict, Verdict::Repeat);
        match self.cases.get_mut(number) {
            Some(case) if again || matches!(verdict, Verdict::Taken) => {
                *effects(case) += 1;
                Verdict::Taken
            }
            _ => verdict,
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

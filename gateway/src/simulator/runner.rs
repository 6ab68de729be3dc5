//! Takes each case through its course: one task a case while there is something to do, failures first, three attempts a report.

use super::cases::{Case, SentState};
use super::course::{Action, Report};
use super::dialect::{Call, Fields, set};
use super::exchange::Mishap;
use super::server::shown;
use super::switches::{Fault, Phase};
use super::{Simulator, document};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const ATTEMPTS: u32 = 3;
/// Runs that achieve nothing come at most this many paces apart.
const MAX_PACES: u32 = 20;
/// A code that stands in no table of any dialect.
const UNKNOWN_CODE: &str = "77";

/// How an action or a report ended for this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// The gateway answered, but not with a confirmation.
    Refused,
    /// There was no answer at all.
    Unanswered,
}

enum Work {
    Rest,
    Run(Vec<usize>, Option<Action>),
}

impl Simulator {
    /// Takes a case further if no task does so already.
    pub(super) fn follow(self: &Arc<Self>, number: &str) {
        if !self.running.lock().insert(number.to_owned()) {
            return;
        }
        let (simulator, number, life) = (
            Arc::clone(self),
            number.to_owned(),
            self.life.lock().clone(),
        );
        self.tasks.spawn(async move {
            tokio::select! {
                () = life.cancelled() => {}
                () = simulator.take_through(&number) => {}
            }
        });
    }

    /// Goes on with every case that has something left to do.
    pub(super) fn resume(self: &Arc<Self>) {
        let numbers: Vec<String> = self.book.lock().cases.keys().cloned().collect();
        for number in numbers {
            self.follow(&number);
        }
    }

    /// Writes the case down in the state file.
    pub(super) fn write_down(&self, number: &str) {
        let mut journal = self.journal.lock();
        if let Some(case) = self.book.lock().cases.get(number) {
            journal.case(case);
        }
    }

    fn with<T>(&self, number: &str, change: impl FnOnce(&mut Case) -> T) -> Option<T> {
        let changed = self.book.lock().cases.get_mut(number).map(change);
        self.write_down(number);
        changed
    }

    async fn take_through(&self, number: &str) {
        let mut idle = 0;
        loop {
            tokio::time::sleep(self.options.pace * (1 + idle).min(MAX_PACES)).await;
            let Work::Run(failures, next) = self.work(number) else {
                return;
            };
            idle = if self.run_once(number, failures, next).await {
                0
            } else {
                idle + 1
            };
        }
    }

    /// What there is to do; if nothing, the case is given up under the same lock that `follow` takes.
    fn work(&self, number: &str) -> Work {
        let mut running = self.running.lock();
        let mut book = self.book.lock();
        if let Some(case) = book.cases.get_mut(number) {
            if let Some(Action::Await(serial)) = case.course.front()
                && case.supplements.contains_key(serial)
            {
                case.course.pop_front();
            }
            let next = case
                .course
                .front()
                .cloned()
                .filter(|next| !matches!(next, Action::Await(_)));
            let failures = case.failures();
            if next.is_some() || !failures.is_empty() {
                return Work::Run(failures, next);
            }
        }
        running.remove(number);
        Work::Rest
    }

    /// One run: failures first; an unanswered call ends it. Whether anything was achieved.
    async fn run_once(&self, number: &str, failures: Vec<usize>, next: Option<Action>) -> bool {
        let mut achieved = false;
        for id in failures {
            match self.deliver(number, id).await {
                Outcome::Done => achieved = true,
                Outcome::Refused => {}
                Outcome::Unanswered => return achieved,
            }
        }
        let Some(next) = next else {
            return achieved;
        };
        let outcome = match &next {
            Action::Pull => self.pull(number).await,
            Action::FetchMaterials => self.fetch_materials(number).await,
            Action::HandBack => self.hand_back(number).await,
            Action::Report(_) => return self.report_next(number).await,
            Action::Await(_) => Outcome::Done,
        };
        if outcome == Outcome::Done {
            self.with(number, |case| {
                if case.course.front() == Some(&next) {
                    case.course.pop_front();
                }
            });
        }
        outcome == Outcome::Done
    }

    /// Sends the report at the head of the course, or the one behind it if the two change places.
    async fn report_next(&self, number: &str) -> bool {
        let nth = self
            .book
            .lock()
            .cases
            .get(number)
            .map_or(0, |case| case.sent.len());
        let nth = u32::try_from(nth).unwrap_or(u32::MAX);
        let fires = |fault| {
            self.switches
                .lock()
                .fires(fault, Phase::Feedback, number, nth)
        };
        let swappable = |case: &Case| matches!(case.course.get(1), Some(Action::Report(_)));
        let two = self.book.lock().cases.get(number).is_some_and(swappable);
        let swap = two && fires(Fault::OutOfOrder).is_some();
        let report = self.with(number, |case| {
            let mut report = case.course.remove(usize::from(swap && swappable(case)));
            if let Some(Action::Report(report)) = &mut report {
                report.early |= swap;
            }
            report
        });
        let Some(Some(Action::Report(report))) = report else {
            return false;
        };
        let Some(id) = self.issue(number, &report, &[]) else {
            return false;
        };
        if let Some(delay) = fires(Fault::Late) {
            tokio::time::sleep(delay).await;
        }
        self.deliver(number, id).await == Outcome::Done
    }

    /// Builds a report as of now and writes it down; what `overrides` names replaces the usual.
    pub(super) fn issue(
        &self,
        number: &str,
        report: &Report,
        overrides: &[(String, String)],
    ) -> Option<usize> {
        let now = self.clock.now();
        self.with(number, |case| {
            let at = case.date(report, now);
            let mut fields = self.dialect.fields(case, report, at);
            for (name, value) in overrides {
                set(&mut fields, name, value);
            }
            case.issued(report, fields)
        })?
    }

    /// Sends a report that was issued: up to three attempts, then it waits for the next run.
    pub(super) async fn deliver(&self, number: &str, id: usize) -> Outcome {
        let sent = self
            .book
            .lock()
            .cases
            .get(number)
            .and_then(|case| case.sent.get(id).cloned());
        let Some(sent) = sent else {
            return Outcome::Done;
        };
        let nth = self.book.lock().occasion(Phase::Feedback, number);
        let fires = |fault| {
            self.switches
                .lock()
                .fires(fault, Phase::Feedback, number, nth)
                .is_some()
        };
        if fires(Fault::Mute) {
            return self.settle(number, id, SentState::Muted);
        }
        let mut fields = sent.fields;
        let code = self.dialect.code_field(sent.message);
        if let Some(name) = code
            && fires(Fault::WrongCodes)
        {
            set(&mut fields, name, UNKNOWN_CODE);
        }
        let mut variants = vec![fields];
        if fires(Fault::Twice) {
            variants.push(variants[0].clone());
        }
        if fires(Fault::ConflictingDuplicate) {
            variants.push(contradicted(&variants[0], code));
        }
        if self.dialect.posted(sent.message, &variants[0]).is_none() {
            self.with(number, |case| {
                for fields in variants {
                    let message = sent.message;
                    case.records.push(super::cases::Record {
                        id: id + 1,
                        message,
                        fields,
                    });
                }
            });
            return self.settle(number, id, SentState::Shown);
        }
        if self.exchange.is_none() {
            return self.settle(number, id, SentState::Untold);
        }
        for (nth, fields) in variants.iter().enumerate() {
            let outcome = match self.dialect.posted(sent.message, fields) {
                Some(call) => self.attempts(number, id, &call).await,
                None => Outcome::Done,
            };
            // Only the first counts: what becomes of a needless second is the gateway's affair.
            if nth == 0 && outcome != Outcome::Done {
                self.settle(number, id, SentState::Waiting);
                return outcome;
            }
            self.settle(number, id, SentState::Taken);
        }
        Outcome::Done
    }

    fn settle(&self, number: &str, id: usize, state: SentState) -> Outcome {
        self.with(number, |case| {
            if let Some(sent) = case.sent.get_mut(id) {
                sent.state = state;
            }
        });
        Outcome::Done
    }

    async fn attempts(&self, number: &str, id: usize, call: &Call) -> Outcome {
        let mut outcome = Outcome::Unanswered;
        for attempt in 1..=ATTEMPTS {
            let answer = self.try_call(number, Phase::Feedback, call.clone()).await;
            let (now, exchange) = (self.clock.now(), describe(&answer));
            self.with(number, |case| {
                case.tried(id, json!({"at": now, "answer": exchange}))
            });
            outcome = match answer {
                Ok((200, body)) if self.dialect.confirmed(&body) => return Outcome::Done,
                Ok(_) => Outcome::Refused,
                Err(_) => Outcome::Unanswered,
            };
            if attempt < ATTEMPTS {
                tokio::time::sleep(self.gap()).await;
            }
        }
        outcome
    }

    /// A second at the usual pace.
    fn gap(&self) -> Duration {
        self.options.pace * 2 / 3
    }

    /// One call with the mishaps that its phase is set for.
    async fn try_call(
        &self,
        number: &str,
        phase: Phase,
        call: Call,
    ) -> Result<(u16, bytes::Bytes), String> {
        let Some(exchange) = &self.exchange else {
            return Err("no callback address was given".to_owned());
        };
        let nth = self.book.lock().occasion(phase, number);
        let fires = |fault| self.switches.lock().fires(fault, phase, number, nth);
        if let Some(pause) = fires(Fault::Slow) {
            tokio::time::sleep(pause).await;
        }
        let mishaps = [
            (Fault::DropBefore, Mishap::CutRequest),
            (Fault::Drop, Mishap::LoseAnswer),
            (Fault::Garbage, Mishap::Garbage),
        ];
        let mishap = mishaps.iter().find(|(fault, _)| fires(*fault).is_some());
        let mishap = mishap.map_or(Mishap::None, |(_, mishap)| *mishap);
        exchange.call(call, mishap).await.map_err(|e| e.to_string())
    }

    async fn pull(&self, number: &str) -> Outcome {
        let Some(call) = self
            .dialect
            .pull(number)
            .filter(|_| self.exchange.is_some())
        else {
            return Outcome::Done;
        };
        let answer = self.try_call(number, Phase::Pull, call).await;
        let pulled = match &answer {
            Ok((200, body)) => self.dialect.pulled(body),
            Ok((status, _)) => Err(format!("拉取得到HTTP {status}")),
            Err(cause) => Err(cause.clone()),
        };
        let unanswered = answer.is_err();
        let outcome = self.with(number, |case| match pulled {
            Ok(application) => {
                case.pulled(application);
                Outcome::Done
            }
            Err(complaint) => {
                case.complain(complaint);
                if unanswered {
                    Outcome::Unanswered
                } else {
                    Outcome::Refused
                }
            }
        });
        outcome.unwrap_or(Outcome::Done)
    }

    async fn fetch_materials(&self, number: &str) -> Outcome {
        let materials = self
            .book
            .lock()
            .cases
            .get(number)
            .map(|case| case.application.materials.clone());
        if self.exchange.is_none() {
            return Outcome::Done;
        }
        for (index, material) in materials.unwrap_or_default().into_iter().enumerate() {
            if material.bytes.is_some() {
                continue;
            }
            let call = Call {
                method: http::Method::GET,
                path: format!("materials/{}", super::form::escape(material.id.as_bytes())),
                headers: vec![("x-api-key", self.dialect.key().to_owned())],
                body: Vec::new(),
            };
            let answer = self.try_call(number, Phase::Document, call).await;
            let unanswered = matches!(&answer, Err(_) | Ok((500.., _)));
            self.with(number, |case| case.fetched(index, &answer));
            if unanswered {
                return Outcome::Unanswered;
            }
        }
        Outcome::Done
    }

    async fn hand_back(&self, number: &str) -> Outcome {
        let Some(case) = self.book.lock().cases.get(number).cloned() else {
            return Outcome::Done;
        };
        if self.exchange.is_none() {
            return Outcome::Done;
        }
        let pdf = document::certificate_pdf(&format!("Certificate {}", case.own_number));
        let call = self.dialect.hand_back(&case, "行政许可证.pdf", pdf);
        let answer = self.try_call(number, Phase::Document, call).await;
        let id = match &answer {
            Ok((status, body)) => self.dialect.handed_back(*status, body),
            Err(_) => None,
        };
        self.with(number, |case| match id {
            Some(id) => {
                case.certificate_id = Some(id);
                Outcome::Done
            }
            None => {
                case.complain(format!("结果文件未被接收: {}", describe(&answer)));
                Outcome::Unanswered
            }
        })
        .unwrap_or(Outcome::Done)
    }
}

/// The same report with another code, or another remark where it has none.
fn contradicted(fields: &Fields, code: Option<&str>) -> Fields {
    let mut other = fields.clone();
    let old = |name: &str| {
        fields
            .iter()
            .find(|f| f.0 == name)
            .map_or("", |f| f.1.as_str())
    };
    match code {
        Some(name) => {
            let value = match old(name) {
                "10" | "11" => "13",
                "1" => "2",
                _ => "1",
            };
            set(&mut other, name, value);
        }
        None => {
            let name = if old("YY").is_empty() { "BZ" } else { "YY" };
            set(&mut other, name, "内容有更正");
        }
    }
    other
}

fn describe(answer: &Result<(u16, bytes::Bytes), String>) -> Value {
    match answer {
        Ok((status, body)) => {
            json!({"status": status, "body": shown(&body[..body.len().min(2_000)])})
        }
        Err(cause) => json!({"error": cause}),
    }
}

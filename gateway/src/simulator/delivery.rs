//! The calls of a case: reports with three attempts, pulls, materials fetched, documents handed back.

use super::cases::{Record, SentState};
use super::dialect::{Call, Fields, set};
use super::exchange::Mishap;
use super::server::shown;
use super::switches::{Fault, Phase};
use super::{Outage, Simulator, document};
use serde_json::{Value, json};
use std::time::Duration;

const ATTEMPTS: u32 = 3;
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

impl Simulator {
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
        let nth = u32::try_from(id).unwrap_or(u32::MAX).saturating_mul(100) + sent.attempts.min(99);
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
                    case.records.push(Record {
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
        let answer = exchange.call(call, mishap).await;
        for (fault, restart) in [(Fault::Restart, true), (Fault::RefuseConnection, false)] {
            if let Some(duration) = fires(fault) {
                let ordered = self.outages.try_send(Outage { duration, restart });
                tracing::debug!(?ordered, "an outage was ordered");
                return Err("the simulator went away before it read the answer".to_owned());
            }
        }
        answer.map_err(|e| e.to_string())
    }

    pub(super) async fn pull(&self, number: &str) -> Outcome {
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

    pub(super) async fn fetch_materials(&self, number: &str) -> Outcome {
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

    pub(super) async fn hand_back(&self, number: &str) -> Outcome {
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

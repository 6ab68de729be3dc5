//! The load: applicants as real clients are. They repeat under one key until they are answered, upload again what did not arrive, and
//! write down everything that they were told.

use crate::told::{Intent, Ledger, Told};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tongban_tests::http::{Answer, try_send};
use tongban_tests::sample::{body, material_seqs};

/// The pause of a client before it tries again.
const PAUSE: Duration = Duration::from_millis(80);
/// No answer within this time is none: the client tries again, as a browser's user would.
const PATIENCE: Duration = Duration::from_secs(8);
/// A client looks so often whether its case waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What clients need.
#[derive(Clone)]
pub(crate) struct Door {
    /// Addresses of the nodes' public listeners, behind their proxies.
    pub(crate) public: Arc<Vec<SocketAddr>>,
    /// What they write into.
    pub(crate) ledger: Ledger,
    /// False from the moment on when no new application is begun.
    pub(crate) open: watch::Receiver<bool>,
    /// False from the moment on when clients give up: nothing is answered any more.
    pub(crate) alive: watch::Receiver<bool>,
}

/// An applicant after another, until the door closes; each case is followed until its applicant has done their part.
pub(crate) async fn applicants(door: Door, name: String, seed: u64) {
    let mut client = Client {
        door,
        random: StdRng::seed_from_u64(seed),
        name,
        nth: 0,
    };
    while *client.door.open.borrow() {
        if client.apply_and_follow().await.is_none() {
            return;
        }
    }
}

struct Client {
    door: Door,
    random: StdRng,
    name: String,
    nth: u64,
}

impl Client {
    /// One application to its end as far as the applicant has to do with it; `None` when the run was given up.
    async fn apply_and_follow(&mut self) -> Option<()> {
        let kind = ["rest", "soap", "xml"][self.random.random_range(0..3)];
        let intent = match self.random.random_range(0..10) {
            0..6 => Intent::Supplement,
            6..9 => Intent::Withdraw,
            _ => Intent::SupplementThenWithdraw,
        };
        let mut materials = Vec::new();
        for seq in material_seqs(kind) {
            materials.push((*seq, self.upload().await?));
        }
        self.nth += 1;
        let mut told = Told {
            key: format!("{}-{}", self.name, self.nth),
            kind,
            numbers: Vec::new(),
            query_code: String::new(),
            intent,
            supplemented: false,
            withdrawn: false,
        };
        let body = body(kind, &materials).to_string();
        self.submit(&mut told, &body).await?;
        if self.random.random_range(0..4) == 0 {
            // The same again, as after an answer that got lost.
            self.submit(&mut told, &body).await?;
        }
        self.act(&mut told).await
    }

    async fn submit(&mut self, told: &mut Told, body: &str) -> Option<()> {
        let key = told.key.clone();
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        loop {
            let answer = self
                .ask("POST", "/api/v1/applications", &headers, body.to_owned())
                .await?;
            let Some(answer) = answer else { continue };
            // 409 with a request of the same key on its way: come again.
            let in_progress = answer.status == 409 && answer.text().contains("progress");
            match answer.status {
                201 => {
                    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
                    told.numbers.push(text("application_no"));
                    told.query_code = text("query_code");
                    self.door.ledger.keep(told);
                    return Some(());
                }
                429 | 503 => self.pause().await,
                _ if in_progress => self.pause().await,
                status => {
                    self.door.ledger.odd(format!(
                        "an application under {key} was answered {status}: {}",
                        answer.text()
                    ));
                    return Some(());
                }
            }
        }
    }

    /// Waits for the correction notice, then does what the applicant means to do.
    async fn act(&mut self, told: &mut Told) -> Option<()> {
        if told.numbers.is_empty() {
            return Some(());
        }
        loop {
            let shown = self.show(told, "").await?;
            match shown["state"].as_str() {
                // A notice that overtook its acceptance is one before acceptance, as far as anybody can know.
                Some("correction" | "pre_correction") => break,
                Some("submitted" | "pre_accepted" | "handling") => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                other => {
                    self.door.ledger.odd(format!(
                        "{} is {other:?} before its applicant acted",
                        told.no()
                    ));
                    return Some(());
                }
            }
        }
        if told.intent != Intent::Withdraw {
            let id = self.upload().await?;
            let body = json!({"text": "已补充", "materials": [{"seq": 1, "id": id}]});
            told.supplemented = self
                .order(told, "/supplement", &body, "supplemented")
                .await?;
            self.door.ledger.keep(told);
        }
        if told.intent != Intent::Supplement {
            let body = json!({"reason": "不办了"});
            told.withdrawn = self
                .order(told, "/withdraw", &body, "withdrawal_requested")
                .await?;
            self.door.ledger.keep(told);
        }
        Some(())
    }

    /// An act of the applicant, repeated until it is answered; whether it was acknowledged. An answer that got lost shows in the history.
    async fn order(&mut self, told: &Told, path: &str, body: &Value, event: &str) -> Option<bool> {
        let path = format!("/api/v1/applications/{}{path}", told.no());
        let code = told.query_code.clone();
        let headers = [
            ("content-type", "application/json"),
            ("x-query-code", code.as_str()),
        ];
        loop {
            let answer = self.ask("POST", &path, &headers, body.to_string()).await?;
            let Some(answer) = answer else { continue };
            match answer.status {
                200..300 => return Some(true),
                429 | 503 => self.pause().await,
                status => {
                    let history = self.show(told, "/events").await?;
                    let events = history["events"].as_array().cloned().unwrap_or_default();
                    if events.iter().any(|e| e["type"] == event) {
                        return Some(true);
                    }
                    // The case may have ended while the applicant still wrote.
                    let may_be_late = told.intent == Intent::SupplementThenWithdraw
                        && event == "withdrawal_requested";
                    if !may_be_late {
                        self.door.ledger.odd(format!(
                            "{path} was answered {status} without an event {event}: {}",
                            answer.text()
                        ));
                    }
                    return Some(false);
                }
            }
        }
    }

    /// What is shown of a case. A case that was acknowledged and is not there is the worst of all answers.
    async fn show(&mut self, told: &Told, path: &str) -> Option<Value> {
        let path = format!("/api/v1/applications/{}{path}", told.no());
        let code = told.query_code.clone();
        loop {
            let answer = self
                .ask("GET", &path, &[("x-query-code", &code)], String::new())
                .await?;
            let Some(answer) = answer else { continue };
            match answer.status {
                200 => return serde_json::from_slice(&answer.body).ok(),
                429 | 503 => self.pause().await,
                status => {
                    self.door
                        .ledger
                        .odd(format!("{path} was answered {status}: {}", answer.text()));
                    self.pause().await;
                }
            }
        }
    }

    /// An upload that was acknowledged.
    async fn upload(&mut self) -> Option<String> {
        let headers = [
            ("content-type", "application/pdf"),
            ("x-file-name", "sample.pdf"),
        ];
        loop {
            let content = "%PDF-1.4 sample".to_owned();
            let answer = self
                .ask("POST", "/api/v1/materials", &headers, content)
                .await?;
            let Some(answer) = answer else { continue };
            match answer.status {
                201 => {
                    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    return Some(said["id"].as_str().unwrap_or_default().to_owned());
                }
                429 | 503 => self.pause().await,
                status => {
                    let words = answer.text();
                    self.door
                        .ledger
                        .odd(format!("an upload was answered {status}: {words}"));
                    self.pause().await;
                }
            }
        }
    }

    /// One request to a node; the inner `None` says that no answer came, the outer one that the run was given up.
    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Option<Option<Answer>> {
        if !*self.door.alive.borrow() {
            return None;
        }
        let node = self.door.public[self.random.random_range(0..self.door.public.len())];
        let asked = tokio::time::timeout(PATIENCE, try_send(node, method, path, headers, body));
        match asked.await {
            Ok(Ok(answer)) => Some(Some(answer)),
            Ok(Err(_)) | Err(_) => {
                self.pause().await;
                Some(None)
            }
        }
    }

    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }
}

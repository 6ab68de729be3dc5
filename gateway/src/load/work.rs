//! What one request of the schedule does: build it, send it, count what came back. One worker a connection.

use super::checks::{Acknowledged, Checks};
use super::connection::{Answer, Connection, Dialer, Fault, FaultKind, Keep};
use super::items::{Need, Template};
use super::numbers::{Known, Numbers};
use super::operation::{Mix, Operation};
use super::sample::{Uploaded, draw_application, material_content};
use super::schedule::Slot;
use super::tally::{Outcome, Tally, Times};
use super::target::Target;
use crate::clock::Clock;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use parking_lot::Mutex;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// What all lanes share.
pub(super) struct Shared {
    pub(super) target: Target,
    pub(super) clock: Clock,
    pub(super) mix: Mix,
    pub(super) seed: u64,
    /// In every idempotency key: two runs never share one.
    pub(super) run_id: String,
    pub(super) templates: Vec<Template>,
    pub(super) numbers: Numbers,
    pub(super) checks: Checks,
    pub(super) pass_through: PassThrough,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// An answer takes no longer, or it counts as none.
    pub(super) timeout: Duration,
    pub(super) material_bytes: usize,
    /// Share of applications that are sent again.
    pub(super) repeat_share: f64,
    /// Share of receipts that are verified.
    pub(super) receipt_share: f64,
    /// Applications drawn so far.
    pub(super) applications: AtomicU64,
    pub(super) stop: CancellationToken,
}

/// What is in flight when the run is stopped may still finish for so long.
const FINISH_MAX: Duration = Duration::from_secs(2);

impl Shared {
    /// Returns some time after the run was stopped.
    async fn stopped(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(FINISH_MAX).await;
    }
}

/// The requests that pass through.
pub(super) struct PassThrough {
    pub(super) method: Method,
    /// Whole paths, in turn.
    pub(super) paths: Vec<String>,
    pub(super) body: Bytes,
}

/// One connection and what it counts into.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) dialer: Dialer,
    pub(super) connection: Option<Connection>,
    pub(super) tally: Arc<Mutex<Tally>>,
    /// When its last answer was complete.
    pub(super) free_since: Instant,
}

/// A request that is to be made.
struct Call {
    operation: Operation,
    request: Request<Full<Bytes>>,
    keep: Keep,
    /// When it was due, where it has a time of its own.
    due: Option<Instant>,
    measured: bool,
}

impl Worker {
    /// Does what is due; `due` is `None` in a closed loop.
    pub(super) async fn perform(&mut self, slot: Slot, due: Option<Instant>) {
        let mut random = self.random(slot.number);
        match self.operation(slot.number) {
            Operation::Status => self.read_status(slot, due, &mut random).await,
            Operation::PassThrough => self.pass_through(slot, due).await,
            _ => self.apply(slot.measured, due, &mut random).await,
        }
        self.free_since = self.shared.clock.instant();
    }

    /// What the request of this number is.
    pub(super) fn operation(&self, number: u64) -> Operation {
        self.shared.mix.at(self.random(number).next_u64())
    }

    /// The same for the same number and seed, whichever lane sends it.
    fn random(&self, number: u64) -> Xoshiro256PlusPlus {
        let seed = self.shared.seed.rotate_left(32) ^ number;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        // The first value belongs to the choice of the operation, in `operation`.
        random.next_u64();
        random
    }

    /// Submits one application with the materials that it needs.
    pub(super) async fn apply(
        &mut self,
        measured: bool,
        due: Option<Instant>,
        random: &mut Xoshiro256PlusPlus,
    ) {
        let shared = Arc::clone(&self.shared);
        // In turn, so that every item gets as many as any other.
        let number = shared.applications.fetch_add(1, Ordering::Relaxed);
        let templates = u64::try_from(shared.templates.len()).unwrap_or(u64::MAX);
        let place = number
            .checked_rem(templates)
            .and_then(|p| usize::try_from(p).ok());
        let Some(template) = place.and_then(|place| shared.templates.get(place)) else {
            return;
        };
        let mut materials = Vec::with_capacity(template.needs.len());
        for need in &template.needs {
            let Some(id) = self.upload(measured, need, number).await else {
                if measured {
                    self.tally.lock().abandon(Operation::Application);
                }
                return;
            };
            materials.push(Uploaded { seq: need.seq, id });
        }
        let index = shared.seed.wrapping_add(number);
        // Only a form that is no JSON could fail, and forms are written by serde_json.
        let body = draw_application(template, &materials, index, random).unwrap_or_default();
        let body = Bytes::from(body);
        let key = format!("load-{}-{number}", shared.run_id);
        let first = self
            .submit(Operation::Application, measured, due, &key, &body)
            .await;
        let Some((told, answer)) = first else { return };
        let header = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok());
        let replayed = header("idempotent-replayed").is_some();
        let location = header("location").unwrap_or_default();
        shared.checks.acknowledged(&told, location, replayed);
        if random.random_bool(shared.receipt_share) {
            shared.checks.receipt(&told);
        }
        self.remember(&told);
        if random.random_bool(shared.repeat_share) {
            let again = self
                .submit(Operation::Repeat, measured, None, &key, &body)
                .await;
            if let Some((again, _)) = again {
                shared.checks.repeated(&told, &again);
            }
        }
    }

    fn remember(&self, told: &Acknowledged) {
        let known = Known {
            number: told.application_no.clone(),
            query_code: told.query_code.clone(),
        };
        if let Err(error) = self.shared.numbers.add(known) {
            self.tally
                .lock()
                .words
                .push(format!("numbers cannot be written: {error}"));
            self.shared.stop.cancel();
        }
    }

    async fn submit(
        &mut self,
        operation: Operation,
        measured: bool,
        due: Option<Instant>,
        key: &str,
        body: &Bytes,
    ) -> Option<(Acknowledged, Answer)> {
        let request = self
            .request(Method::POST, "/api/v1/applications")
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Full::new(body.clone()))
            .ok()?;
        let call = Call {
            operation,
            request,
            keep: Keep::Body,
            due,
            measured,
        };
        self.ask(call, |answer| {
            if answer.status != StatusCode::CREATED {
                return Err("its answer is no 201");
            }
            let told: Option<Acknowledged> = serde_json::from_slice(&answer.body).ok();
            told.filter(|told| !told.application_no.is_empty())
                .ok_or("its answer names no number, query code and receipt")
        })
        .await
    }

    async fn upload(&mut self, measured: bool, need: &Need, number: u64) -> Option<String> {
        #[derive(Deserialize)]
        struct Stored {
            id: String,
        }
        let content = material_content(need, number, self.shared.material_bytes);
        let request = self
            .request(Method::POST, "/api/v1/materials")
            .header("content-type", need.content_type)
            .header("x-file-name", &need.file_name)
            .body(Full::new(Bytes::from(content)))
            .ok()?;
        let call = Call {
            operation: Operation::Upload,
            request,
            keep: Keep::Body,
            due: None,
            measured,
        };
        let stored = self.ask(call, |answer| {
            serde_json::from_slice::<Stored>(&answer.body).map_err(|_| "its answer names no id")
        });
        stored.await.map(|(stored, _)| stored.id)
    }

    async fn read_status(
        &mut self,
        slot: Slot,
        due: Option<Instant>,
        random: &mut Xoshiro256PlusPlus,
    ) {
        let Some(known) = self.shared.numbers.at(random.next_u64()) else {
            return;
        };
        let path = format!("/api/v1/applications/{}", known.number);
        let request = self
            .request(Method::GET, &path)
            .header("x-query-code", &known.query_code)
            .body(Full::default());
        let Ok(request) = request else { return };
        let call = Call {
            operation: Operation::Status,
            request,
            keep: Keep::Body,
            due,
            measured: slot.measured,
        };
        let number = known.number.as_bytes();
        self.ask(call, |answer| {
            let mut places = answer.body.windows(number.len());
            if places.any(|place| place == number) {
                Ok(())
            } else {
                Err("its answer does not name the application")
            }
        })
        .await;
    }

    async fn pass_through(&mut self, slot: Slot, due: Option<Instant>) {
        let shared = Arc::clone(&self.shared);
        let through = &shared.pass_through;
        let count = u64::try_from(through.paths.len()).unwrap_or(u64::MAX);
        let place = slot
            .number
            .checked_rem(count)
            .and_then(|p| usize::try_from(p).ok());
        let Some(path) = place.and_then(|place| through.paths.get(place)) else {
            return;
        };
        let request = self
            .request(through.method.clone(), path)
            .body(Full::new(through.body.clone()));
        let Ok(request) = request else { return };
        let call = Call {
            operation: Operation::PassThrough,
            request,
            keep: Keep::Nothing,
            due,
            measured: slot.measured,
        };
        self.ask(call, |_| Ok(())).await;
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let target = &self.shared.target;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", target.base))
            .header("host", &target.authority);
        for (name, value) in &self.shared.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Sends a request and counts what came of it; returns what was expected, or nothing.
    async fn ask<T>(
        &mut self,
        call: Call,
        read: impl FnOnce(&Answer) -> Result<T, &'static str>,
    ) -> Option<(T, Answer)> {
        let Call {
            operation,
            request,
            keep,
            due,
            measured,
        } = call;
        let (result, sent_at) = self.exchange(request, keep).await;
        let now = self.shared.clock.instant();
        let times = Times {
            response: due.map(|due| now.saturating_duration_since(due)),
            service: now.saturating_duration_since(sent_at),
        };
        let count = |outcome: &Outcome<'_>| {
            if measured {
                self.tally.lock().count(operation, times, outcome);
            }
        };
        match result {
            Ok(answer) if answer.status.is_success() => match read(&answer) {
                Ok(value) => {
                    count(&Outcome::Expected);
                    return Some((value, answer));
                }
                Err(words) => count(&Outcome::Wrong(words)),
            },
            Ok(answer) => count(&Outcome::Refused(&answer)),
            Err(fault) if fault.kind == FaultKind::Stopped => {}
            Err(fault) => count(&Outcome::Missed(&fault)),
        }
        None
    }

    /// One exchange on the worker's connection, opened again where it has ended; returns when it was sent.
    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        keep: Keep,
    ) -> (Result<Answer, Fault>, Instant) {
        let clock = self.shared.clock.clone();
        let mut connection = match self.connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => {
                // All connections are opened before the run begins, so this one has ended.
                self.tally.lock().reconnects += 1;
                match self.dialer.open().await {
                    Ok(open) => open,
                    Err(fault) => return (Err(fault), clock.instant()),
                }
            }
        };
        let sent_at = clock.instant();
        let wait_max = self.shared.timeout;
        let done = tokio::time::timeout(wait_max, connection.exchange(request, keep));
        let result = tokio::select! {
            done = done => done.unwrap_or_else(|_| {
                let words = format!("no answer within {wait_max:?}");
                Err(Fault::new(FaultKind::Timeout, words))
            }),
            () = self.shared.stopped() => Err(Fault::new(FaultKind::Stopped, "stopped")),
        };
        if result.is_ok() {
            self.connection = Some(connection);
        }
        (result, sent_at)
    }
}

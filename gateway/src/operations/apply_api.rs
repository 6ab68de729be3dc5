//! `POST /ops/v1/apply`, and the same without a running gateway: read, check, register, load, swap.

use crate::clock::Clock;
use crate::config::Environment;
use crate::edge::settings::Rate;
use crate::edge::{RequestId, RoomRoutes, RouteBounds, refuse};
use crate::identity::Principal;
use crate::identity::access::Listener;
use crate::installation::Foundation;
use crate::installation::reload::Changing;
use crate::operations::logging::seldom;
use crate::passthrough::{Passthrough, SystemLimits, SystemTimeouts, UpstreamSystem};
use crate::problem::Problem;
use crate::registry::loading::{self, LoadError};
use crate::registry::sources::{self, SourceText};
use crate::registry::{Registry, Snapshot};
use crate::store::SharedStore;
use crate::store::audit::NewAudit;
use crate::store::registry::{Applied, RegistryChange};
use crate::text::Text;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use tokio::net::UnixStream;
use tongban_adapters::definition::CompiledDefinition;

/// Bytes of all files of one request.
const REQUEST_BYTES_MAX: usize = 64 << 20;
/// Bytes of an answer that the command reads.
const ANSWER_BYTES_MAX: usize = 64 << 20;

const NOT_APPLIED: Text = Text {
    key: "not_applied",
    zh: "有错误，未作任何更改",
    en: "nothing was changed: the files have faults",
};
const NOT_AVAILABLE: Text = Text {
    key: "store_unavailable",
    zh: "存储暂不可用，未作任何更改",
    en: "nothing was changed: the store is not available",
};

/// Files to be applied.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// With their names, for messages.
    pub files: Vec<SourceText>,
}

/// What became of one thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppliedLine {
    /// Item, system or file.
    pub name: String,
    /// `created`, `changed` or `left`.
    pub outcome: String,
}

/// The room's state.
#[derive(Clone)]
pub struct ApplyRoom {
    /// The store.
    pub store: SharedStore,
    /// What is registered.
    pub registry: Arc<Registry>,
    /// Systems that are called straight through.
    pub passthrough: Arc<Passthrough>,
    /// The clock.
    pub clock: Clock,
    /// Where `${NAME}` in definitions comes from.
    pub environment: Environment,
    /// Held while something is changed.
    pub changing: Changing,
}

/// The room's route.
#[must_use]
pub fn router(room: ApplyRoom) -> RoomRoutes {
    let bounds = RouteBounds {
        body_bytes_max: Some(REQUEST_BYTES_MAX as u64),
    };
    RoomRoutes::new(Listener::Operations)
        .route_with(Method::POST, "/ops/v1/apply", bounds, take)
        .with_state(room)
}

async fn take(State(room): State<ApplyRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let outcome = async {
        let bytes = axum::body::to_bytes(body, REQUEST_BYTES_MAX)
            .await
            .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, NOT_APPLIED))?;
        let request: ApplyRequest = serde_json::from_slice(&bytes).map_err(|e| {
            Problem::new(StatusCode::BAD_REQUEST, NOT_APPLIED).detail(e.to_string())
        })?;
        let actor = head
            .extensions
            .get::<Principal>()
            .map_or("", |p| p.subject.as_str());
        let request_id = head
            .extensions
            .get::<RequestId>()
            .map_or("", RequestId::as_str);
        let _alone = room.changing.lock().await;
        let ground = Ground {
            store: &room.store,
            registry: &room.registry,
            passthrough: Some(&room.passthrough),
            clock: &room.clock,
            environment: &*room.environment,
        };
        ground.apply(&request, actor, request_id).await
    };
    match outcome.await {
        Ok(applied) => Json(applied).into_response(),
        Err(problem) => refuse(problem, &head.extensions),
    }
}

/// Registered REST systems that may be called straight through.
#[must_use]
pub fn upstreams(registry: &Registry) -> Vec<UpstreamSystem> {
    upstreams_of(&registry.load())
}

/// The same, of a snapshot that is not in force yet.
#[must_use]
pub fn upstreams_of(snapshot: &Snapshot) -> Vec<UpstreamSystem> {
    let current = snapshot
        .systems
        .keys()
        .filter_map(|id| snapshot.current_system(id));
    current
        .filter(|(_, definition)| {
            definition.protocol() == tongban_adapters::definition::Protocol::Rest
        })
        .map(|(_, definition)| upstream(&definition))
        .collect()
}

/// A system with the limits and time-outs of its definition.
fn upstream(definition: &CompiledDefinition) -> UpstreamSystem {
    let usual = UpstreamSystem::new(definition.id(), definition.endpoint());
    let (limits, timeouts) = (definition.limits(), definition.timeouts());
    let rate = limits.rate.map_or(usual.limits.rate, |rate| {
        let seconds = rate.per.as_secs_f64().max(1.0);
        // Rounded up: a rate below one a second is let through at one.
        let per_second = (f64::from(rate.calls) / seconds).ceil();
        Rate {
            per_second: per_second as u32,
            burst: limits.burst.max(1),
        }
    });
    UpstreamSystem {
        limits: SystemLimits {
            rate,
            concurrency_max: limits.concurrency as usize,
        },
        timeouts: SystemTimeouts {
            connect: timeouts.connect,
            answer: timeouts.total,
            body_idle: timeouts.idle,
        },
        ..usual
    }
}

/// Applies in a data folder that no gateway runs on.
///
/// # Errors
/// In words: every fault, or why the store could not take it.
pub async fn apply_directly(
    foundation: &Foundation,
    request: &ApplyRequest,
) -> Result<Vec<AppliedLine>, String> {
    let store: SharedStore = foundation.store.clone();
    let ground = Ground {
        store: &store,
        registry: &foundation.registry,
        passthrough: None,
        clock: &foundation.clock,
        environment: &*foundation.environment,
    };
    let applied = ground.apply(request, "operator", "").await;
    applied.map_err(|problem| {
        problem
            .detail
            .unwrap_or_else(|| problem.title.en.to_owned())
    })
}

/// What is applied on.
struct Ground<'a> {
    store: &'a SharedStore,
    registry: &'a Registry,
    /// Absent where nothing serves.
    passthrough: Option<&'a Passthrough>,
    clock: &'a Clock,
    environment: &'a (dyn Fn(&str) -> Option<String> + Send + Sync),
}

impl Ground<'_> {
    /// Reads, checks (each file, all of them, and with what is registered), and only then registers and puts in force.
    async fn apply(
        &self,
        request: &ApplyRequest,
        actor: &str,
        request_id: &str,
    ) -> Result<Vec<AppliedLine>, Problem> {
        let now = self.clock.now();
        let today = crate::intake::compose::legal_day(now);
        let faults = |faults: Vec<tongban_catalog::source::Fault>| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            refused(lines.join("\n"))
        };
        let read = sources::read(&request.files, &self.environment, today).map_err(faults)?;
        let audit = NewAudit {
            at: now,
            actor: actor.to_owned(),
            actor_kind: "operator".to_owned(),
            action: "registry.apply".to_owned(),
            target: read.summary(),
            organisation_id: String::new(),
            request_id: request_id.to_owned(),
            outcome: "ok".to_owned(),
            digest: [0; 32],
            note: String::new(),
        };
        let change = read.change(now, audit);
        self.check(&change).await?;
        let applied = self.store.apply(change).await;
        let applied = applied.map_err(|e| unavailable(&e))?;
        let next = loading::load(self.store.as_ref(), self.environment).await;
        self.registry.replace(next.map_err(|e| unavailable(&e))?);
        if let Some(passthrough) = self.passthrough {
            let replaced = passthrough.replace(upstreams(self.registry));
            replaced.map_err(|e| refused(e.to_string()))?;
        }
        Ok(applied
            .into_iter()
            .map(|(name, outcome)| AppliedLine {
                name,
                outcome: word(outcome).to_owned(),
            })
            .collect())
    }

    /// What would not fit what is registered, or could not be called, is refused before it is stored.
    async fn check(&self, change: &RegistryChange) -> Result<(), Problem> {
        let next = loading::check(self.store.as_ref(), self.environment, change).await;
        let next = next.map_err(|error| match error {
            LoadError::Store(error) => unavailable(&error),
            other => refused(other.to_string()),
        })?;
        match self.passthrough {
            Some(passthrough) => match passthrough.prepare(upstreams_of(&next)) {
                Ok(_) => Ok(()),
                Err(error) => Err(refused(error.to_string())),
            },
            None => Ok(()),
        }
    }
}

fn refused(words: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, NOT_APPLIED).detail(words)
}

fn unavailable(error: &dyn std::fmt::Display) -> Problem {
    seldom!(error, %error, "what was applied could not be stored or loaded");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, NOT_AVAILABLE).retry_after(5)
}

fn word(applied: Applied) -> &'static str {
    match applied {
        Applied::Created => "created",
        Applied::Changed => "changed",
        Applied::Left => "left",
    }
}

/// Asks the gateway behind `socket` to apply; `None` when none runs there, else its answer or its refusal in words.
pub async fn send(
    socket: &Path,
    request: &ApplyRequest,
) -> Option<Result<Vec<AppliedLine>, String>> {
    let stream = UnixStream::connect(socket).await.ok()?;
    Some(exchange(stream, request).await)
}

async fn exchange(stream: UnixStream, request: &ApplyRequest) -> Result<Vec<AppliedLine>, String> {
    let failed = |e: &dyn std::fmt::Display| format!("the running gateway gave no answer: {e}");
    let body = serde_json::to_vec(request).map_err(|e| failed(&e))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| failed(&e))?;
    let driver = tokio::spawn(connection);
    let request = http::Request::post("/ops/v1/apply")
        .header(http::header::HOST, "ops.sock")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|e| failed(&e))?;
    let response = sender.send_request(request).await.map_err(|e| failed(&e))?;
    let status = response.status();
    let limited = http_body_util::Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    let body = limited.collect().await.map_err(|e| failed(&e))?.to_bytes();
    driver.abort();
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|e| failed(&e));
    }
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let words = problem["detail"]
        .as_str()
        .or_else(|| problem["title"].as_str())
        .unwrap_or_default();
    Err(format!("nothing was applied:\n{words}"))
}

//! Bulk jobs: looked at first, begun by the token of what was looked at, watched, stopped, made to go on.

use super::filter::{self, LIMIT_DEFAULT};
use super::previews::Looked;
use super::wire::Reasoned;
use super::wire_jobs::{
    JobList, JobPreview, JobRequest, JobStart, JobView, Tally, per_second, seconds,
};
use super::{OpsRoom, answer, read, reason, texts, unavailable};
use crate::identity::Scope;
use crate::problem::Problem;
use crate::processing::bulk::decide::interval_us;
use crate::registry::Snapshot;
use crate::store::bulk::{BulkBegun, BulkCandidate, BulkGoneOn, BulkKind, NewBulkJob};
use crate::store::delivery::DeliveryState;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, request};
use std::collections::BTreeMap;

/// What a kind of change applies to. Held ones are given up too: a pending delivery of a paused system shows as held.
pub(super) fn applicable(kind: BulkKind) -> &'static [DeliveryState] {
    match kind {
        BulkKind::Retry => &[DeliveryState::Dead],
        BulkKind::Discard => &[
            DeliveryState::Dead,
            DeliveryState::Pending,
            DeliveryState::Held,
        ],
    }
}

/// Deliveries a second when nothing is said: a partner that was just mended is not run over.
const RATE_DEFAULT: f64 = 5.0;
/// The fastest that may be asked for.
const RATE_MAX: f64 = 100.0;
/// The slowest: one in a hundred seconds.
const RATE_MIN: f64 = 0.01;
/// Jobs open at one time.
const OPEN_MAX: u32 = 16;

type JobId = Result<Path<i64>, PathRejection>;

pub(super) async fn preview(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(previewed(&room, body).await, &head.extensions)
}

async fn previewed(room: &OpsRoom, body: Body) -> Result<Response, Problem> {
    let request: JobRequest = read(body).await?;
    let kind = match request.kind.as_str() {
        "retry" => BulkKind::Retry,
        "discard" => BulkKind::Discard,
        _ => return Err(filter::unfit("kind: retry, discard")),
    };
    let asked = request.rate.unwrap_or(RATE_DEFAULT);
    if !(RATE_MIN..=RATE_MAX).contains(&asked) {
        return Err(filter::unfit(format!("rate: {RATE_MIN} to {RATE_MAX}")));
    }
    let filter = filter::of_job(&request.criteria, applicable(kind))?;
    let found = room
        .store
        .bulk_candidates(&Scope::Everything, kind, &filter);
    let (count, candidates) = found.await.map_err(unavailable)?;
    let snapshot = room.registry.load();
    let (rate, rate_limited_by) = paced(&snapshot, &candidates, asked);
    let interval = match kind {
        BulkKind::Retry => interval_us(rate),
        BulkKind::Discard => 0,
    };
    let by_system = tally(candidates.iter().map(|c| c.system_id.as_str()));
    let looked = Looked {
        kind,
        deliveries: candidates.iter().map(|c| c.id).collect(),
        interval_us: interval,
        system_id: match by_system.as_slice() {
            [only] => Some(only.name.clone()),
            _ => None,
        },
        asked_for: request.criteria.words(),
    };
    let (token, valid_until) = room.previews.keep(looked, room.clock.now());
    let sends = kind == BulkKind::Retry;
    let doubtful = candidates.iter().filter(|c| sends && c.doubtful);
    let (asked_first, repeats): (Vec<_>, Vec<_>) = doubtful.partition(|c| asks(&snapshot, c));
    let taken = candidates.len() as u64;
    Ok(Json(JobPreview {
        token,
        valid_until,
        kind: kind.as_str().to_owned(),
        count,
        taken,
        oldest: candidates.iter().map(|c| c.created_at).min(),
        newest: candidates.iter().map(|c| c.created_at).max(),
        by_system,
        by_code: tally(candidates.iter().map(|c| c.last_code.as_str())),
        repeats: repeats.len() as u64,
        asked_first: asked_first.len() as u64,
        rate: per_second(interval),
        rate_limited_by: rate_limited_by.filter(|_| sends),
        seconds: seconds(taken, u64::try_from(interval).unwrap_or(0)),
    })
    .into_response())
}

/// Whether the partner is asked for the outcome before the delivery is sent again.
fn asks(snapshot: &Snapshot, candidate: &BulkCandidate) -> bool {
    snapshot
        .current_system(&candidate.system_id)
        .is_some_and(|(_, definition)| definition.asks_before_resend(candidate.operation))
}

/// The rate asked for, or the slowest of the systems' own, with its system.
fn paced(snapshot: &Snapshot, candidates: &[BulkCandidate], asked: f64) -> (f64, Option<String>) {
    let systems: std::collections::BTreeSet<&str> =
        candidates.iter().map(|c| c.system_id.as_str()).collect();
    let own = systems.into_iter().filter_map(|id| {
        let (_, definition) = snapshot.current_system(id)?;
        let rate = definition.limits().rate?;
        Some((f64::from(rate.calls) / rate.per.as_secs_f64(), id))
    });
    let slowest = own.min_by(|a, b| a.0.total_cmp(&b.0));
    match slowest {
        Some((own, id)) if own < asked => (own, Some(id.to_owned())),
        _ => (asked, None),
    }
}

fn tally<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Tally> {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for name in names {
        *counted.entry(name).or_default() += 1;
    }
    let mut tallies: Vec<Tally> = counted
        .into_iter()
        .map(|(name, count)| Tally {
            name: name.to_owned(),
            count,
        })
        .collect();
    tallies.sort_by_key(|tally| std::cmp::Reverse(tally.count));
    tallies
}

pub(super) async fn begin(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(begun(&room, &head, body).await, &head.extensions)
}

async fn begun(room: &OpsRoom, head: &request::Parts, body: Body) -> Result<Response, Problem> {
    let start: JobStart = read(body).await?;
    let now = room.clock.now();
    let reason = reason(&start.reason)?;
    let looked = room.previews.find(&start.token, now);
    let looked =
        looked.ok_or_else(|| Problem::new(StatusCode::CONFLICT, texts::PREVIEW_UNKNOWN))?;
    if looked.deliveries.is_empty() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::JOB_EMPTY,
        ));
    }
    let action = format!("delivery.{}", looked.kind.as_str());
    let audit = room.audit(head, &action, "", reason);
    let total = looked.deliveries.len();
    let new = NewBulkJob {
        kind: looked.kind,
        deliveries: looked.deliveries,
        interval_us: looked.interval_us,
        system_id: looked.system_id,
        asked_for: looked.asked_for,
        created_at: now,
    };
    let outcome = room
        .store
        .begin_bulk(&Scope::Everything, new, OPEN_MAX, audit)
        .await
        .map_err(unavailable)?;
    match outcome {
        BulkBegun::Begun(id) => {
            room.previews.forget(&start.token);
            room.bulk_news.notify_one();
            let shown = shown(room, id).await?;
            Ok((StatusCode::CREATED, Json(shown)).into_response())
        }
        BulkBegun::Changed(changed) => {
            let words = format!("{changed} / {total}");
            Err(Problem::new(StatusCode::CONFLICT, texts::PREVIEW_OUTDATED).detail(words))
        }
        BulkBegun::Overlaps { count, job } => Err(overlaps(count, job)),
        BulkBegun::TooMany => {
            Err(Problem::new(StatusCode::CONFLICT, texts::JOBS_TOO_MANY)
                .detail(format!("{OPEN_MAX}")))
        }
    }
}

fn overlaps(count: u64, job: i64) -> Problem {
    Problem::new(StatusCode::CONFLICT, texts::JOB_OVERLAPS).detail(format!("job {job}: {count}"))
}

pub(super) async fn list(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let found = room
        .store
        .bulk_jobs(&Scope::Everything, LIMIT_DEFAULT)
        .await;
    let listed = found.map_err(unavailable).map(|jobs| {
        let jobs = jobs.into_iter().map(JobView::from).collect();
        Json(JobList { jobs }).into_response()
    });
    answer(listed, &head.extensions)
}

pub(super) async fn show(State(room): State<OpsRoom>, id: JobId, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let found = async {
        let Path(id) = id.map_err(|_| unknown())?;
        Ok(Json(shown(&room, id).await?).into_response())
    };
    answer(found.await, &head.extensions)
}

async fn shown(room: &OpsRoom, id: i64) -> Result<JobView, Problem> {
    let found = room.store.bulk_job(&Scope::Everything, id).await;
    found
        .map_err(unavailable)?
        .map(JobView::from)
        .ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_JOB)
}

pub(super) async fn stop(State(room): State<OpsRoom>, id: JobId, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(stopped(&room, id, &head, body).await, &head.extensions)
}

/// A job that does not run any more is shown as it is: what was asked for holds.
async fn stopped(
    room: &OpsRoom,
    id: JobId,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| unknown())?;
    let Reasoned { reason: given } = read(body).await?;
    let audit = room.audit(head, "delivery.bulk.stop", "", reason(&given)?);
    room.store
        .stop_bulk(&Scope::Everything, id, "operator", Some(audit))
        .await
        .map_err(unavailable)?;
    room.bulk_news.notify_one();
    Ok(Json(shown(room, id).await?).into_response())
}

pub(super) async fn go_on(State(room): State<OpsRoom>, id: JobId, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(gone_on(&room, id, &head, body).await, &head.extensions)
}

async fn gone_on(
    room: &OpsRoom,
    id: JobId,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| unknown())?;
    let Reasoned { reason: given } = read(body).await?;
    let audit = room.audit(head, "delivery.bulk.go_on", "", reason(&given)?);
    let outcome = room
        .store
        .go_on_bulk(&Scope::Everything, id, room.clock.now(), audit)
        .await
        .map_err(unavailable)?;
    match outcome {
        BulkGoneOn::Running => {
            room.bulk_news.notify_one();
            Ok(Json(shown(room, id).await?).into_response())
        }
        BulkGoneOn::NotStopped => Err(Problem::new(StatusCode::CONFLICT, texts::JOB_NOT_STOPPED)),
        BulkGoneOn::Overlaps { count, job } => Err(overlaps(count, job)),
        BulkGoneOn::Unknown => Err(unknown()),
    }
}

//! Keys of programs made, listed, replaced and revoked. A secret is in one answer, the one that makes it.

use super::filter::unfit;
use super::wire::Reasoned;
use super::wire_keys::{KeyLine, KeyList, KeyRequest, MadeKey, RotationRequest};
use super::{OpsRoom, answer, read, reason, texts, unavailable};
use crate::edge::texts::UNKNOWN_SYSTEM;
use crate::identity::Principal;
use crate::identity::api_key::window::OVERLAP;
use crate::identity::api_key::{KeyHolder, KeyText, KeyWindow};
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::store::api_key::{ApiKeyRecord, ApiKeys, CreateOutcome, NewApiKey, RotateOutcome};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header, request};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tongban_catalog::item::OrganisationId;

const STATES: &[&str] = &["valid", "not_yet", "expired", "revoked"];

type KeyId = Result<Path<String>, PathRejection>;

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KeyQuery {
    state: Option<String>,
    role: Option<String>,
    name: Option<String>,
}

impl KeyQuery {
    fn fits(&self, key: &KeyLine) -> bool {
        let same = |asked: &Option<String>, is: &str| asked.as_ref().is_none_or(|a| a == is);
        same(&self.state, &key.state) && same(&self.role, &key.role) && same(&self.name, &key.name)
    }
}

pub(super) async fn list(
    State(room): State<OpsRoom>,
    query: Result<Query<KeyQuery>, QueryRejection>,
    request: Request,
) -> Response {
    answer(listed(&room, query).await, request.extensions())
}

async fn listed(
    room: &OpsRoom,
    query: Result<Query<KeyQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| unfit(error.body_text()))?;
    if let Some(state) = &query.state
        && !STATES.contains(&state.as_str())
    {
        return Err(unfit(format!("state: {}", STATES.join(", "))));
    }
    let ApiKeys {
        keys, unreadable, ..
    } = room.store.api_keys().await.map_err(unavailable)?;
    let now = room.clock.now();
    let lines = keys.into_iter().map(|key| KeyLine::of(key, now));
    let list = KeyList {
        keys: lines.filter(|line| query.fits(line)).collect(),
        unreadable,
    };
    Ok(Json(list).into_response())
}

pub(super) async fn create(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(created(&room, &head, body).await, &head.extensions)
}

async fn created(room: &OpsRoom, head: &request::Parts, body: Body) -> Result<Response, Problem> {
    let asked: KeyRequest = read(body).await?;
    let reason = reason(&asked.reason)?;
    let holder = KeyHolder::new(&asked.role, &asked.name, asked.organisation.as_deref())
        .map_err(|fault| unfit(fault.to_string()))?;
    known(room, &holder)?;
    let now = room.clock.now();
    let window = KeyWindow::new(now, asked.not_before, asked.expires_at)
        .map_err(|fault| unfit(fault.to_string()))?;
    let (text, key) = fresh(room, head, (now, window), reason.clone())?;
    let audit = room.audit(head, "key.create", text.id(), reason);
    let made = record(&key, holder.clone());
    let outcome = room.store.create_api_key(holder, key, audit).await;
    match outcome.map_err(unavailable)? {
        CreateOutcome::Created => {}
        CreateOutcome::Full => return Err(refused(texts::KEYS_TOO_MANY)),
    }
    put_in_force(room).await;
    Ok(shown(&text, KeyLine::of(made, now), None))
}

pub(super) async fn rotate(State(room): State<OpsRoom>, id: KeyId, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(rotated(&room, id, &head, body).await, &head.extensions)
}

async fn rotated(
    room: &OpsRoom,
    id: KeyId,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let asked: RotationRequest = read(body).await?;
    let reason = reason(&asked.reason)?;
    let mut old = existing(room, id).await?;
    let now = room.clock.now();
    let overlap = asked.overlap_s.map_or(OVERLAP, |seconds| {
        SignedDuration::from_secs(i64::from(seconds))
    });
    let ends_at = old.window.end_of_replaced(now, overlap);
    let ends_at = ends_at.map_err(|fault| unfit(fault.to_string()))?;
    let window = old.window.next(now, asked.expires_at);
    let window = window.map_err(|fault| unfit(fault.to_string()))?;
    let (text, key) = fresh(room, head, (now, window), reason.clone())?;
    let audit = room.audit(head, "key.rotate", &old.id, reason);
    let made = record(&key, old.holder.clone());
    let outcome = room.store.rotate_api_key(&old.id, ends_at, key, audit);
    match outcome.await.map_err(unavailable)? {
        RotateOutcome::Rotated { ends_at } => old.window.expires_at = ends_at,
        RotateOutcome::Unknown => return Err(unknown()),
        RotateOutcome::Ended => return Err(refused(texts::KEY_ENDED)),
        RotateOutcome::Replaced(by) => return Err(refused(texts::KEY_REPLACED).detail(by)),
        RotateOutcome::Full => return Err(refused(texts::KEYS_TOO_MANY)),
    }
    put_in_force(room).await;
    old.replaced_by = Some(made.id.clone());
    let replaces = Some(KeyLine::of(old, now));
    Ok(shown(&text, KeyLine::of(made, now), replaces))
}

pub(super) async fn revoke(State(room): State<OpsRoom>, id: KeyId, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(revoked(&room, id, &head, body).await, &head.extensions)
}

/// Answered when the key counts no more here; the other nodes hear of it with the commit. What cannot be put in force is asked for again.
async fn revoked(
    room: &OpsRoom,
    id: KeyId,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| unknown())?;
    let Reasoned { reason: given } = read(body).await?;
    let audit = room.audit(head, "key.revoke", &id, reason(&given)?);
    let at = room.clock.now();
    let found = room.store.revoke_api_key(&id, at, audit).await;
    if !found.map_err(unavailable)? {
        return Err(unknown());
    }
    room.keys.refresh().await.map_err(unavailable)?;
    Ok(Json(serde_json::json!({"id": id, "state": "revoked"})).into_response())
}

/// Whom a key may be given: a system or an organisation that is registered.
fn known(room: &OpsRoom, holder: &KeyHolder) -> Result<(), Problem> {
    let registry = room.registry.load();
    match holder {
        KeyHolder::Partner { system } if !registry.systems.contains_key(system) => {
            Err(Problem::new(StatusCode::NOT_FOUND, UNKNOWN_SYSTEM))
        }
        KeyHolder::Engineer { organisation, .. } => {
            let id = organisation.parse::<OrganisationId>().ok();
            let organisations = registry.catalogue.organisations();
            let found = id.is_some_and(|id| organisations.get(&id).is_some());
            let unknown = || unfit("organisation: none of this id is registered".to_owned());
            found.then_some(()).ok_or_else(unknown)
        }
        _ => Ok(()),
    }
}

async fn existing(room: &OpsRoom, id: KeyId) -> Result<ApiKeyRecord, Problem> {
    let Path(id) = id.map_err(|_| unknown())?;
    let all = room.store.api_keys().await.map_err(unavailable)?;
    let mut keys = all.keys.into_iter();
    keys.find(|key| key.id == id).ok_or_else(unknown)
}

/// A key that nobody has seen, and what is kept of it.
fn fresh(
    room: &OpsRoom,
    head: &request::Parts,
    (at, window): (Timestamp, KeyWindow),
    note: String,
) -> Result<(KeyText, NewApiKey), Problem> {
    let random = || -> Result<KeyText, crate::entropy::EntropyError> {
        Ok(KeyText::new(room.entropy.bytes()?, room.entropy.bytes()?))
    };
    let text = random().map_err(|error| {
        seldom!(error, %error, "a key could not be made");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UNAVAILABLE).retry_after(5)
    })?;
    let principal = head.extensions.get::<Principal>();
    let key = NewApiKey {
        id: text.id().to_owned(),
        digest: text.digest(),
        at,
        created_by: principal.map_or_else(String::new, |p| p.subject.clone()),
        note,
        window,
    };
    Ok((text, key))
}

fn record(key: &NewApiKey, holder: KeyHolder) -> ApiKeyRecord {
    ApiKeyRecord {
        id: key.id.clone(),
        digest: key.digest,
        holder,
        created_at: key.at,
        created_by: key.created_by.clone(),
        note: key.note.clone(),
        window: key.window,
        replaced_by: None,
        last_used_at: None,
    }
}

/// The key is made and its secret must not be lost: where it cannot be put in force at once it is within seconds.
async fn put_in_force(room: &OpsRoom) {
    if let Err(error) = room.keys.refresh().await {
        seldom!(warn, %error, "a new key is stored and not yet in force here");
    }
}

fn shown(text: &KeyText, made: KeyLine, replaces: Option<KeyLine>) -> Response {
    let made = MadeKey {
        key: text.shown().to_string(),
        made,
        replaces,
    };
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    let kept = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_KEY)
}

fn refused(text: crate::text::Text) -> Problem {
    Problem::new(StatusCode::CONFLICT, text)
}

//! `/subscriptions`: signed webhooks (Standard Webhooks) for an applicant's own system or another hall.
//!
//! Whose a subscription is: the bearer's (all of the subject's applications), or, with `?application=NO`, that of one application whose
//! query code or cookie is shown. A secret is shown once, when it is made.

use super::Hall;
use super::call::{Call, HallState, answer_json, local_time};
use super::query::Query;
use super::refusal::Refusal;
use super::texts;
use crate::identity::Scope;
use crate::intake::fields::{Fields, Need};
use crate::intake::json::canonical_digest;
use crate::notification::settings::WebhooksSettings;
use crate::notification::signing;
use crate::processing::delivery::decide::later;
use crate::store::audit::NewAudit;
use crate::store::notification::{NewSubscription, SubscriptionChange, SubscriptionRecord};
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Characters of an address.
const URL_MAX: usize = 1_000;
/// Types that one subscription names.
const KINDS_MAX: usize = 32;

/// Types of events that can be subscribed to.
pub const KINDS: &[&str] = &[
    "applied",
    "pre_accepted",
    "pre_refused",
    "pre_correction_requested",
    "accepted",
    "refused",
    "deemed_accepted",
    "step",
    "forwarded",
    "correction_requested",
    "supplemented",
    "corrected",
    "resubmitted",
    "lapsed",
    "special_started",
    "special_ended",
    "withdrawal_requested",
    "withdrawn",
    "closed",
    "collected",
    "evaluated",
    "recalculated",
];

/// Makes one: `{url, events?}`.
pub async fn create(
    State(hall): HallState,
    call: Call,
    RawQuery(query): RawQuery,
    body: Body,
) -> Response {
    call.answer(created(&hall, &call, query.as_deref(), body).await)
}

async fn created(
    hall: &Hall,
    call: &Call,
    query: Option<&str>,
    body: Body,
) -> Result<Response, Refusal> {
    let settings = settings(hall)?;
    let owner = owner(hall, call, query).await?;
    let body = call.json(body).await?;
    let (url, kinds) = read(&body, &settings)?;
    let key = fresh(hall)?;
    let id = hall.intake.entropy.capability().map_err(no_randomness)?;
    let mut audit = audit(hall, call, "subscription.create", &id)?;
    audit.digest = canonical_digest(&body);
    let new = NewSubscription {
        id: id.clone(),
        owner: owner.clone(),
        kinds,
        url,
        secret: key.to_vec(),
        at: hall.intake.clock.now(),
        most: settings.subscriptions_max,
        audit,
    };
    if !hall.intake.store.subscribe(new).await? {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            texts::SUBSCRIPTIONS_FULL,
        ));
    }
    let made = hall.intake.store.subscription(&owner, &id).await?;
    let mut answer = made.as_ref().map_or_else(|| json!({"id": id}), said);
    answer["secret"] = signing::shown(&key).into();
    Ok(answer_json(StatusCode::CREATED, &answer))
}

/// All of the owner's.
pub async fn list(State(hall): HallState, call: Call, RawQuery(query): RawQuery) -> Response {
    call.answer(listed(&hall, &call, query.as_deref()).await)
}

async fn listed(hall: &Hall, call: &Call, query: Option<&str>) -> Result<Response, Refusal> {
    let owner = owner(hall, call, query).await?;
    let all = hall.intake.store.subscriptions(&owner).await?;
    let all: Vec<Value> = all.iter().map(said).collect();
    Ok(answer_json(StatusCode::OK, &json!({"subscriptions": all})))
}

/// One, with its last answer.
pub async fn show(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(shown(&hall, &call, &id, query.as_deref()).await)
}

async fn shown(
    hall: &Hall,
    call: &Call,
    id: &str,
    query: Option<&str>,
) -> Result<Response, Refusal> {
    let owner = owner(hall, call, query).await?;
    let found = hall.intake.store.subscription(&owner, id).await?;
    let found = found.ok_or_else(unknown)?;
    Ok(answer_json(StatusCode::OK, &said(&found)))
}

/// Ends one.
pub async fn remove(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let ended = change(&hall, &call, (&id, query.as_deref()), "remove").await;
    call.answer(ended)
}

/// A new secret, shown once; the one before signs too for a while.
pub async fn rotate(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(change(&hall, &call, (&id, query.as_deref()), "rotate").await)
}

/// A trial message.
pub async fn test(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(change(&hall, &call, (&id, query.as_deref()), "test").await)
}

/// Stops delivering.
pub async fn pause(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(change(&hall, &call, (&id, query.as_deref()), "pause").await)
}

/// Delivers again.
pub async fn resume(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(change(&hall, &call, (&id, query.as_deref()), "resume").await)
}

async fn change(
    hall: &Hall,
    call: &Call,
    (id, query): (&str, Option<&str>),
    act: &'static str,
) -> Result<Response, Refusal> {
    let owner = owner(hall, call, query).await?;
    let audit = audit(hall, call, &format!("subscription.{act}"), id)?;
    let mut secret = None;
    let change = match act {
        "remove" => SubscriptionChange::Remove,
        "pause" => SubscriptionChange::Pause,
        "resume" => SubscriptionChange::Resume,
        "rotate" => {
            let (key, settings) = (fresh(hall)?, settings(hall)?);
            secret = Some(signing::shown(&key));
            SubscriptionChange::Rotate {
                secret: key.to_vec(),
                until: later(hall.intake.clock.now(), settings.secret_overlap),
            }
        }
        _ => SubscriptionChange::Trial,
    };
    let store = &hall.intake.store;
    if !store.change_subscription(&owner, id, change, audit).await? {
        return Err(unknown());
    }
    let left = store.subscription(&owner, id).await?;
    let mut answer = left
        .as_ref()
        .map_or_else(|| json!({"id": id, "state": "removed"}), said);
    if let Some(secret) = secret {
        answer["secret"] = secret.into();
    }
    Ok(answer_json(StatusCode::OK, &answer))
}

fn settings(hall: &Hall) -> Result<WebhooksSettings, Refusal> {
    let settings = hall.intake.announcer.settings();
    let webhooks = settings.and_then(|s| s.webhooks.clone());
    webhooks.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::NO_SUBSCRIPTIONS))
}

/// Whose subscriptions are meant.
async fn owner(hall: &Hall, call: &Call, query: Option<&str>) -> Result<Scope, Refusal> {
    settings(hall)?;
    let query = Query::parse(query, &["application"])?;
    if let Some(no) = query.one("application") {
        return Ok(hall.readable(call, no).await?.scope);
    }
    let subject = call.subject().map(|s| Scope::Subject(s.to_owned()));
    subject.ok_or_else(|| {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            crate::edge::texts::CREDENTIAL_MISSING,
        )
    })
}

fn audit(hall: &Hall, call: &Call, action: &str, id: &str) -> Result<NewAudit, Refusal> {
    let now = hall.intake.clock.now();
    Ok(call.origin("web")?.audit(action, id, "", [0; 32], now))
}

fn fresh(hall: &Hall) -> Result<[u8; KEY_BYTES], Refusal> {
    hall.intake
        .entropy
        .bytes::<KEY_BYTES>()
        .map_err(no_randomness)
}

fn no_randomness(error: crate::entropy::EntropyError) -> Refusal {
    tracing::error!(%error, "no randomness for a subscription");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL)
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_SUBSCRIPTION)
}

fn read(body: &Value, settings: &WebhooksSettings) -> Result<(String, Vec<String>), Refusal> {
    let mut faults = Vec::new();
    let mut fields = Fields::of(body, "", &mut faults);
    let url = fields
        .text("url", URL_MAX, Need::Required)
        .unwrap_or_default();
    if !url.is_empty() && !is_address(url, settings.clear_text) {
        fields.fault(
            "url",
            "no_address",
            "须为https地址，且不含用户名和片段",
            "must be an https address without user name or fragment",
        );
    }
    let named = fields.list("events", KINDS_MAX);
    let mut kinds = Vec::with_capacity(named.len());
    for kind in named {
        match kind.as_str().filter(|kind| KINDS.contains(kind)) {
            Some(kind) => kinds.push(kind.to_owned()),
            None => fields.fault(
                "events",
                "not_known",
                "含未知的事件类型",
                "names a type of event that is not known",
            ),
        }
    }
    fields.finish();
    kinds.sort_unstable();
    kinds.dedup();
    if faults.is_empty() {
        Ok((url.to_owned(), kinds))
    } else {
        Err(Refusal::Faults(faults))
    }
}

/// Whether an address can be called at all; where it leads is checked by the address policy at every call.
fn is_address(url: &str, clear_text: bool) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    let scheme = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => clear_text,
        _ => false,
    };
    let authority = uri.authority().map_or("", |a| a.as_str());
    scheme && !authority.is_empty() && !authority.contains('@') && !url.contains('#')
}

fn said(subscription: &SubscriptionRecord) -> Value {
    json!({
        "id": subscription.id, "url": subscription.url, "events": subscription.kinds, "state": subscription.state,
        "created_at": local_time(subscription.created_at),
        "failing_since": subscription.failing_since.map(local_time),
        "last": subscription.last_at.map(|at| json!({"at": local_time(at), "answer": subscription.last_code})),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_and_names_a_host_alone() {
        for (url, clear_text, fits) in [
            ("https://hook.example/a?b=c", false, true),
            ("http://hook.example/", false, false),
            ("http://hook.example/", true, true),
            ("https://user:pass@hook.example/", false, false),
            ("https://hook.example/#f", false, false),
            ("ftp://hook.example/", true, false),
            ("/only/a/path", true, false),
            ("no address", true, false),
        ] {
            assert_eq!(is_address(url, clear_text), fits, "{url}");
        }
    }

    #[test]
    fn only_known_types_are_subscribed_to() {
        let settings = WebhooksSettings::default();
        let of = |events: Value| {
            read(
                &json!({"url": "https://a.example/", "events": events}),
                &settings,
            )
        };
        let (_, kinds) = of(json!(["closed", "accepted", "closed"])).unwrap();
        assert_eq!(kinds, ["accepted", "closed"]);
        assert!(of(json!(["everything"])).is_err());
        assert!(of(json!([7])).is_err());
    }
}

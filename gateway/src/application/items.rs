//! `GET /items`, `/items/{code}` and `/items/{code}/form`: what may be applied for, and how.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::query::Query;
use super::refusal::Refusal;
use super::texts;
use crate::registry::PreparedItem;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

/// The guide of one item, by any of its codes or its id.
pub async fn guide(State(hall): HallState, call: Call, Path(code): Path<String>) -> Response {
    call.answer(guided(&hall, &code))
}

fn guided(hall: &Hall, code: &str) -> Result<Response, Refusal> {
    let prepared = published(hall, code)?;
    let snapshot = hall.intake.registry.load();
    let item = &prepared.item;
    let mut guide = serde_json::to_value(item).unwrap_or_default();
    let related = item
        .related
        .iter()
        .filter_map(|id| snapshot.item_by_code(id.as_str()));
    let related: Vec<Value> = related
        .map(|r| json!({"code": r.item.code(), "name": r.item.name}))
        .collect();
    if let Some(members) = guide.as_object_mut() {
        // The form has an address of its own, and its schema would be half of the guide.
        members.remove("form");
        members.remove("schema");
        members.insert("code".to_owned(), item.code().into());
        members.insert("related".to_owned(), related.into());
        members.insert(
            "form_href".to_owned(),
            format!("/api/v1/items/{}/form", item.code()).into(),
        );
        let open = prepared.is_open_on(crate::intake::compose::legal_day(hall.intake.clock.now()));
        members.insert("takes_applications".to_owned(), open.into());
    }
    Ok(answer_json(StatusCode::OK, &guide))
}

/// The JSON Schema of an item's form, of `?situation=` where it has several.
pub async fn form(
    State(hall): HallState,
    call: Call,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(formed(&hall, &code, query.as_deref()))
}

fn formed(hall: &Hall, code: &str, query: Option<&str>) -> Result<Response, Refusal> {
    let query = Query::parse(query, &["situation"])?;
    let prepared = published(hall, code)?;
    let form = prepared.form(query.one("situation"));
    let form = form.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::NO_FORM))?;
    let mut response = answer_json(StatusCode::OK, form.schema());
    let schema = http::HeaderValue::from_static("application/schema+json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, schema);
    Ok(response)
}

fn published(hall: &Hall, code: &str) -> Result<Arc<PreparedItem>, Refusal> {
    let snapshot = hall.intake.registry.load();
    let item = snapshot.item_by_code(code).cloned();
    item.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_ITEM))
}

pub async fn search(State(_hall): HallState, _call: Call, RawQuery(_query): RawQuery) -> Response {
    answer_json(StatusCode::OK, &json!({}))
}

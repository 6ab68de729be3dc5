//! `GET /items`, `/items/{code}` and `/items/{code}/form`: what may be applied for, and how.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::query::Query;
use super::refusal::Refusal;
use super::texts;
use crate::problem::Problem;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use tongban_catalog::snapshot::{self, MAX_PAGE_SIZE, SearchResult};
use tongban_catalog::tables::{Audience, ItemType, Level};

/// `?q=&region=&level=&type=&audience=&org=&page=&size=`: published items with facets.
pub async fn search(State(hall): HallState, call: Call, RawQuery(query): RawQuery) -> Response {
    call.answer(searched(&hall, query.as_deref()))
}

/// Parameters of a search.
pub const PARAMETERS: &[&str] = &[
    "q", "region", "level", "type", "audience", "org", "page", "size",
];

fn searched(hall: &Hall, query: Option<&str>) -> Result<Response, Refusal> {
    let given = Query::parse(query, PARAMETERS)?;
    let found = search_for(hall, &given, DEFAULT_SIZE)?;
    Ok(answer_json(
        StatusCode::OK,
        &serde_json::to_value(found).unwrap_or_default(),
    ))
}

/// Items on a page where the caller does not say how many.
const DEFAULT_SIZE: usize = 20;

/// What a query finds today.
///
/// # Errors
/// 400 for a filter's value that its code table does not have.
pub fn search_for(
    hall: &Hall,
    given: &Query,
    default_size: usize,
) -> Result<SearchResult, Refusal> {
    let snapshot = hall.intake.registry.load();
    let region = given.one("region").map(|t| snapshot.region(t)).transpose();
    let org = given.one("org").map(str::parse).transpose();
    let page = given.number("page", 1..=1_000_000)?.unwrap_or(1);
    let size = given
        .number("size", 1..=MAX_PAGE_SIZE)?
        .unwrap_or(default_size);
    let search = snapshot::Query::new()
        .text(given.one("q").unwrap_or_default())
        .region(region.map_err(|e| bad(&e))?)
        .level(coded(
            given.one("level"),
            Level::from_word,
            Level::from_code,
        )?)
        .item_type(
            given
                .one("type")
                .map(ItemType::from_code)
                .transpose()
                .map_err(|e| bad(&e))?,
        )
        .audience(coded(
            given.one("audience"),
            Audience::from_word,
            Audience::from_code,
        )?)
        .org(org.map_err(|e: tongban_catalog::item::IdError| bad(&e))?)
        .page(page, size);
    Ok(snapshot.catalogue.search(&search, hall.today()))
}

/// A value of a code table by its word or its code.
fn coded<T, E: std::fmt::Display>(
    text: Option<&str>,
    by_word: impl Fn(&str) -> Result<T, E>,
    by_code: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Refusal> {
    let read = |text: &str| by_word(text).or_else(|_| by_code(text));
    text.map(read).transpose().map_err(|e| bad(&e))
}

fn bad(error: &dyn std::fmt::Display) -> Refusal {
    Problem::new(StatusCode::BAD_REQUEST, texts::BAD_QUERY)
        .detail(error.to_string())
        .into()
}

/// The guide of one item, by any of its codes or its id.
pub async fn guide(State(hall): HallState, call: Call, Path(code): Path<String>) -> Response {
    call.answer(guided(&hall, &code))
}

fn guided(hall: &Hall, code: &str) -> Result<Response, Refusal> {
    let snapshot = hall.intake.registry.load();
    let today = hall.today();
    let (prepared, availability) = snapshot.current_item(code, today).ok_or_else(unknown)?;
    let item = &prepared.item;
    let mut guide = serde_json::to_value(item).unwrap_or_default();
    let related = item
        .related
        .iter()
        .filter_map(|id| snapshot.current_item(id.as_str(), today));
    let related: Vec<Value> = related
        .map(|(r, _)| json!({"code": r.item.code(), "name": r.item.name}))
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
        let availability = serde_json::to_value(availability).unwrap_or_default();
        members.insert("availability".to_owned(), availability);
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
    let snapshot = hall.intake.registry.load();
    let (prepared, _) = snapshot
        .current_item(code, hall.today())
        .ok_or_else(unknown)?;
    let form = prepared.form(query.one("situation"));
    let form = form.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::NO_FORM))?;
    let mut response = answer_json(StatusCode::OK, form.schema());
    let schema = http::HeaderValue::from_static("application/schema+json");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, schema);
    Ok(response)
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_ITEM)
}

//! `GET /audit/roots`: the signed roots of the sealed audit log, for anybody who wants to keep them. A log from which something was
//! cut or exchanged later no longer fits the roots that others have.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::query::Query;
use super::refusal::Refusal;
use crate::audit::root::RootStatement;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// Roots on a page at most.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;

/// `?after=&limit=`: roots of the batches after this one, in order.
pub async fn list(State(hall): HallState, call: Call, RawQuery(query): RawQuery) -> Response {
    call.answer(listed(&hall, query.as_deref()).await)
}

async fn listed(hall: &Hall, query: Option<&str>) -> Result<Response, Refusal> {
    let given = Query::parse(query, &["after", "limit"])?;
    let most = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    let after = given.number("after", 0..=most)?.unwrap_or(0);
    let limit = given
        .number("limit", 1..=LIMIT_MAX)?
        .unwrap_or(LIMIT_DEFAULT);
    let (after, asked) = (
        i64::try_from(after).unwrap_or(i64::MAX),
        u32::try_from(limit).unwrap_or(u32::MAX),
    );
    let batches = hall.intake.store.batches(after, asked).await?;
    let next = batches.last().filter(|_| batches.len() == limit);
    let roots: Vec<Value> = batches
        .iter()
        .map(|batch| {
            let mut root = json!(RootStatement::of(batch));
            root["statement"] = batch.statement.as_str().into();
            root
        })
        .collect();
    let mut page = hall.intake.keys.jwk_set();
    page["roots"] = roots.into();
    page["next"] = json!(next.map(|batch| batch.number));
    Ok(answer_json(StatusCode::OK, &page))
}

//! `GET /ops/v1/check`: the store examined while it serves. It may take minutes, so the head comes at once, then a blank every few
//! seconds, which JSON ignores, and the report at the end.

use super::{OpsRoom, answer, filter};
use crate::problem::Problem;
use crate::store::integrity::{Depth, IntegrityReport};
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use futures_util::stream;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Between two signs of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// What `/ops/v1/check` answers: a report, or why there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Examination {
    /// It was examined.
    Report(IntegrityReport),
    /// It could not be, in words without anything of the store.
    Failed(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct CheckQuery {
    deep: bool,
}

pub(super) async fn check(
    State(room): State<OpsRoom>,
    query: Result<Query<CheckQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(begun(room, query), &head.extensions)
}

fn begun(
    room: OpsRoom,
    query: Result<Query<CheckQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| filter::unfit(error.body_text()))?;
    let depth = if query.deep {
        Depth::Everything
    } else {
        Depth::Sample
    };
    let examining = Ending(tokio::spawn(async move {
        let now = room.clock.now();
        match room.store.examine(depth, now).await {
            Ok(report) => Examination::Report(report),
            Err(error) => {
                tracing::error!(%error, "the store could not be examined");
                Examination::Failed("the store could not be examined; its log says why".to_owned())
            }
        }
    }));
    let body = stream::unfold(Some(examining), |examining| async {
        let mut examining = examining?;
        match tokio::time::timeout(SIGN_OF_LIFE, &mut examining.0).await {
            Err(_) => Some((
                Ok::<_, Infallible>(Bytes::from_static(b" ")),
                Some(examining),
            )),
            Ok(ended) => {
                let ended =
                    ended.unwrap_or_else(|_| Examination::Failed("it ended in a panic".to_owned()));
                let json = serde_json::to_vec(&ended).unwrap_or_default();
                Some((Ok(Bytes::from(json)), None))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

/// An examination that ends when nobody waits for it any more.
struct Ending(JoinHandle<Examination>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! Registered systems for engineers (系统注册信息): `GET /exchange/v1/systems` and `…/systems/{id}`. Names, versions and states; of a definition's
//! text, its endpoint and its credentials nothing.

use super::{ExchangeRoom, Named, answer, named, unavailable};
use crate::edge::texts::UNKNOWN_SYSTEM;
use crate::problem::Problem;
use crate::registry::SystemVersions;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct Systems {
    systems: Vec<System>,
}

/// One system as its engineers see it.
#[derive(Serialize)]
struct System {
    id: String,
    name: String,
    kind: &'static str,
    protocol: &'static str,
    regions: Vec<String>,
    /// The live version; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    state: &'static str,
    paused: bool,
    versions: Vec<Version>,
}

#[derive(Serialize)]
struct Version {
    version: u32,
    state: &'static str,
    definition: String,
}

pub(super) async fn list(State(room): State<ExchangeRoom>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let systems = described(&room)
        .await
        .map(|systems| Json(Systems { systems }).into_response());
    answer(systems, &head.extensions)
}

pub(super) async fn show(
    State(room): State<ExchangeRoom>,
    id: Named<String>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(one(&room, id).await, &head.extensions)
}

async fn one(room: &ExchangeRoom, id: Named<String>) -> Result<Response, Problem> {
    let id = named(id)?;
    let found = described(room)
        .await?
        .into_iter()
        .find(|system| system.id == id);
    let system = found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, UNKNOWN_SYSTEM))?;
    Ok(Json(system).into_response())
}

async fn described(room: &ExchangeRoom) -> Result<Vec<System>, Problem> {
    let paused = room
        .store()
        .paused()
        .await
        .map_err(|error| unavailable(&error))?;
    let snapshot = room.feedback.casework.registry.load();
    let each = snapshot.systems.iter();
    Ok(each
        .filter_map(|(id, versions)| system(id, versions, paused.contains(id)))
        .collect())
}

fn system(id: &str, versions: &SystemVersions, paused: bool) -> Option<System> {
    let shown = versions.current().or_else(|| versions.latest())?;
    let definition = &shown.definition;
    Some(System {
        id: id.to_owned(),
        name: definition.name().to_owned(),
        kind: definition.kind().as_str(),
        protocol: definition.protocol().as_str(),
        regions: definition.regions().to_vec(),
        version: versions.current().map(|current| current.version),
        state: shown.state.as_str(),
        paused,
        versions: versions
            .iter()
            .map(|v| Version {
                version: v.version,
                state: v.state.as_str(),
                definition: v.definition.version_text().to_owned(),
            })
            .collect(),
    })
}

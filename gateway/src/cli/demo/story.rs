//! One application from the citizen to the closed case, and all three at once.

use super::hall::Hall;
use super::sample::{self, Sample};
use super::timeline::{self, Line};
use crate::cli::CommandError;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often the demo looks for news of a case.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Submits the three samples, follows them side by side and sums each up once it is closed.
///
/// # Errors
/// [`CommandError::Failed`] with what went wrong first.
pub(super) async fn tell_all(public: SocketAddr) -> Result<(), CommandError> {
    let mut told = JoinSet::new();
    for (position, sample) in sample::all().into_iter().enumerate() {
        told.spawn(tell(Hall::at(public), position + 1, sample));
    }
    let mut summaries = Vec::new();
    while let Some(ended) = told.join_next().await {
        summaries.push(ended.map_err(CommandError::failed)??);
    }
    summaries.sort_by_key(|(position, _)| *position);
    for (_, summary) in &summaries {
        println!("{summary}");
    }
    Ok(())
}

async fn tell(
    hall: Hall,
    position: usize,
    sample: Sample,
) -> Result<(usize, String), CommandError> {
    let submitted = submit(&hall, &sample).await?;
    let text = |name: &str| submitted[name].as_str().unwrap_or_default().to_owned();
    let (no, code) = (text("application_no"), text("query_code"));
    timeline::print_submitted(position, &sample, &no, &code);
    let path = format!("/api/v1/applications/{no}");
    let mut seen = 0;
    loop {
        let history = hall
            .get(&format!("{path}/events?after={seen}"), &code)
            .await?;
        for event in history["events"].as_array().into_iter().flatten() {
            seen = event["seq"].as_u64().unwrap_or(seen);
            println!("{}", Line { position, event });
            if asks_for_correction(event) {
                answer(&hall, &path, &code, sample.supplement).await?;
            }
        }
        let shown = hall.get(&path, &code).await?;
        if matches!(
            shown["state"].as_str(),
            Some("closed" | "collected" | "refused")
        ) {
            let documents = hall.get(&format!("{path}/documents"), &code).await?;
            return Ok((
                position,
                timeline::summary(position, &sample, &shown, &documents),
            ));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn submit(hall: &Hall, sample: &Sample) -> Result<Value, CommandError> {
    let guide = hall
        .get(&format!("/api/v1/items/{}", sample.item), "")
        .await?;
    let code = guide["codes"][0]["value"]
        .as_str()
        .or_else(|| guide["code"].as_str())
        .unwrap_or(sample.item);
    let mut body = sample.body.clone();
    body["item_code"] = json!(code);
    let mut materials = Vec::new();
    for (seq, file_name) in sample.materials {
        materials.push(json!({ "seq": seq, "id": hall.upload(file_name).await? }));
    }
    body["materials"] = Value::Array(materials);
    hall.post("/api/v1/applications", &[], &body).await
}

fn asks_for_correction(event: &Value) -> bool {
    matches!(
        event["type"].as_str(),
        Some("correction_requested" | "pre_correction_requested")
    )
}

async fn answer(hall: &Hall, path: &str, code: &str, words: &str) -> Result<(), CommandError> {
    let headers = [("x-query-code", code)];
    hall.post(
        &format!("{path}/supplement"),
        &headers,
        &json!({ "text": words }),
    )
    .await?;
    Ok(())
}

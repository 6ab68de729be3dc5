//! `POST /materials` and `GET /materials/{id}`: uploads, streamed to disk and never held in memory.

use super::call::{Call, HallState, answer_json, local_time};
use super::refusal::Refusal;
use super::{Hall, texts};
use crate::problem::Problem;
use crate::store::StoreError;
use crate::store::material::{MaterialRecord, NewMaterial, UploadOutcome};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Media types that are taken: documents, pictures and drawings that halls know, nothing that a browser would run.
pub const MEDIA_TYPES: &[&str] = &[
    "application/pdf",
    "application/ofd",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/bmp",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
    "image/vnd.dwg",
    "text/plain",
    "application/xml",
];

/// Characters of a file name (ATTACH_NAME).
const FILE_NAME_MAX: usize = 200;

/// Takes an upload.
pub async fn upload(State(hall): HallState, call: Call, body: Body) -> Response {
    call.answer(uploaded(&hall, &call, body).await)
}

async fn uploaded(hall: &Hall, call: &Call, body: Body) -> Result<Response, Refusal> {
    if call.headers.contains_key("upload-length") {
        return Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            texts::RESUMABLE_NOT_OFFERED,
        ));
    }
    let material = announced(hall, call)?;
    let stream = body
        .into_data_stream()
        .map_err(std::io::Error::other)
        .boxed();
    match hall.intake.store.upload(material, stream).await {
        Ok(UploadOutcome::Stored(record)) => Ok(created(&record)),
        Ok(UploadOutcome::TooLarge) => Err(too_large()),
        Ok(UploadOutcome::OverCap) => {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, texts::UPLOAD_CAP);
            Err(problem.retry_after(3_600).into())
        }
        Ok(UploadOutcome::Interrupted) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            texts::BODY_INTERRUPTED,
        )),
        Err(StoreError::Bytes(error)) => {
            tracing::error!(%error, "an upload could not be written");
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::TRY_LATER);
            Err(problem.retry_after(30).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn announced(hall: &Hall, call: &Call) -> Result<NewMaterial, Refusal> {
    let content_type =
        media_type(call.header("content-type").unwrap_or_default()).ok_or_else(|| {
            Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                texts::MEDIA_TYPE_NOT_ALLOWED,
            )
        })?;
    let file_name = call.header("x-file-name").and_then(file_name).ok_or_else(|| {
        let problem = Problem::new(StatusCode::BAD_REQUEST, texts::BAD_HEADER);
        Refusal::from(problem.detail("X-File-Name: a file name of at most 200 characters, percent-encoded UTF-8, without / or \\"))
    })?;
    let declared = call
        .header("content-length")
        .and_then(|t| t.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > hall.uploads.material_bytes_max()) {
        return Err(too_large());
    }
    let id = hall
        .intake
        .entropy
        .capability()
        .map_err(crate::intake::SubmitError::from)?;
    Ok(NewMaterial {
        id,
        client: call.subject().map_or_else(
            || format!("client:{}", call.client),
            |s| format!("subject:{s}"),
        ),
        content_type: content_type.to_owned(),
        file_name,
        created_at: hall.intake.clock.now(),
        max_bytes: hall.uploads.material_bytes_max(),
        max_unbound_bytes: hall.uploads.unbound_bytes_max(),
    })
}

fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, texts::BODY_TOO_LARGE)
}

/// The allowed media type of a header, without its parameters.
fn media_type(header: &str) -> Option<&'static str> {
    let kind = header
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    MEDIA_TYPES
        .iter()
        .find(|allowed| **allowed == kind)
        .copied()
}

/// A percent-decoded file name that cannot leave its folder or break a header.
fn file_name(header: &str) -> Option<String> {
    let name = percent_decoded(header)?;
    let strange = |c: char| {
        c.is_control()
            || matches!(c, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fits = (1..=FILE_NAME_MAX).contains(&name.chars().count());
    let sane =
        fits && !name.contains(strange) && name.trim() == name && name != "." && name != "..";
    sane.then_some(name)
}

/// Percent-decoded UTF-8; `None` when it is none.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(&digits).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What is said of a material to whoever knows its capability.
fn described(record: &MaterialRecord) -> Value {
    json!({
        "id": record.id,
        "size": record.size,
        "sha256": record.sha256,
        "scan": record.scan,
        "content_type": record.content_type,
        "bound": record.case_no.is_some(),
        "uploaded_at": local_time(record.created_at),
    })
}

fn created(record: &MaterialRecord) -> Response {
    let mut response = answer_json(StatusCode::CREATED, &described(record));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/materials/{}", record.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// State of an upload. Knowing its capability is the right to ask.
pub async fn state(State(hall): HallState, call: Call, Path(id): Path<String>) -> Response {
    call.answer(stated(&hall, &id).await)
}

async fn stated(hall: &Hall, id: &str) -> Result<Response, Refusal> {
    let record = hall.intake.store.material(id).await?;
    let record =
        record.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_MATERIAL))?;
    Ok(answer_json(StatusCode::OK, &described(&record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_decoded_and_cannot_leave_their_folder() {
        for (header, expected) in [
            ("a.pdf", Some("a.pdf")),
            ("%E7%94%B3%E8%AF%B7%E4%B9%A6.pdf", Some("申请书.pdf")),
            ("..%2Fetc%2Fpasswd", None),
            ("a%5Cb", None),
            ("a%00b", None),
            ("a%0d%0aSet-Cookie:x", None),
            ("exe%E2%80%AEfdp.pdf", None),
            ("..", None),
            ("%", None),
            ("%zz", None),
            ("%ff", None),
            ("", None),
        ] {
            assert_eq!(file_name(header).as_deref(), expected, "{header}");
        }
        assert!(file_name(&"a".repeat(FILE_NAME_MAX)).is_some());
        assert!(file_name(&"a".repeat(FILE_NAME_MAX + 1)).is_none());
    }

    #[test]
    fn what_a_browser_would_run_is_not_taken() {
        for (header, taken) in [
            ("application/pdf", true),
            ("IMAGE/PNG; x=y", true),
            ("text/html", false),
            ("image/svg+xml", false),
            ("application/javascript", false),
            ("", false),
        ] {
            assert_eq!(media_type(header).is_some(), taken, "{header}");
        }
    }
}

//! Resumable uploads (断点续传) as tus 1.0.0 has them: core, creation with upload, checksum, termination, expiration.
//!
//! Invariants: an offset that was told is sealed and synced; a caller that goes away ends the body of a part, never its keeping; an
//! upload that is whole is a material like any other.

use super::call::{Call, HallState};
use super::materials::{
    bad_header, capability, client_of, described_by, dishonest, not_written, over_cap, place,
    sane_name, stream, too_large,
};
use super::refusal::Refusal;
use super::tus::{self, BadHeader};
use super::{Hall, texts};
use crate::intake::file_kind;
use crate::problem::Problem;
use crate::store::upload::{NewPart, NewUpload, PartOutcome, RemoveOutcome, UploadRecord};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;

/// 460, of the checksum extension.
const CHECKSUM_MISMATCH: u16 = 460;
/// Seconds after which whoever finds an upload locked comes again.
const LOCKED_RETRY_S: u32 = 1;

impl From<BadHeader> for Refusal {
    fn from(bad: BadHeader) -> Self {
        bad_header(&bad.to_string())
    }
}

/// What the protocol offers here.
pub async fn options(State(hall): HallState) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    tus::stamp(headers);
    headers.insert("tus-version", HeaderValue::from_static(tus::VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(tus::EXTENSIONS));
    headers.insert(
        "tus-max-size",
        HeaderValue::from(hall.uploads.material_bytes_max()),
    );
    headers.insert(
        "tus-checksum-algorithm",
        HeaderValue::from_static(tus::ALGORITHMS),
    );
    response
}

/// Answers with the headers that every answer of the protocol carries.
fn answered(call: &Call, result: Result<Response, Refusal>) -> Response {
    let mut response = call.answer(result);
    let refused_version = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    tus::stamp(headers);
    if refused_version {
        headers.insert("tus-version", HeaderValue::from_static(tus::VERSION));
    }
    response
}

fn speak_our_version(call: &Call) -> Result<(), Refusal> {
    if tus::is_our_version(&call.headers) {
        Ok(())
    } else {
        Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            texts::TUS_VERSION,
        ))
    }
}

/// `POST /materials`: begins an upload; bytes may come with it.
pub(super) async fn create(hall: &SharedHall, call: &Call, body: Body) -> Response {
    answered(call, created(hall, call, body).await)
}

async fn created(hall: &SharedHall, call: &Call, body: Body) -> Result<Response, Refusal> {
    speak_our_version(call)?;
    if call.headers.contains_key("upload-defer-length") {
        return Err(bad_header(
            "Upload-Defer-Length is not offered: send Upload-Length",
        ));
    }
    let length = tus::number(&call.headers, "upload-length")?;
    let length = length.ok_or_else(|| bad_header("Upload-Length: a number of bytes"))?;
    if length > hall.uploads.material_bytes_max() {
        return Err(too_large());
    }
    let metadata = tus::metadata(&call.headers)?;
    let described = described_by(
        metadata.file_type.as_deref().unwrap_or_default(),
        metadata.file_name.and_then(sane_name),
    )?;
    let with_bytes = tus::is_part(&call.headers);
    if !with_bytes && call.headers.contains_key(header::CONTENT_TYPE) && !is_empty(call) {
        return Err(wrong_type());
    }
    let checksum = tus::checksum(&call.headers)?;
    hall.intake.open()?;
    let upload = NewUpload {
        id: capability(hall)?,
        client: client_of(call),
        content_type: described.content_type.to_owned(),
        file_name: described.file_name,
        length,
        created_at: hall.intake.clock.now(),
        max_unbound_bytes: hall.uploads.unbound_bytes_max(),
    };
    let begun = hall.intake.store.begin_upload(upload).await;
    let mut record = begun
        .map_err(|e| not_written(hall, e))?
        .ok_or_else(over_cap)?;
    let id = record.id.clone();
    let mut whole = false;
    // An empty file is whole at once.
    if with_bytes || length == 0 {
        let body = if with_bytes { body } else { Body::empty() };
        let part = NewPart {
            id: id.clone(),
            offset: 0,
            checksum,
            judge: file_kind::judge,
            at: hall.intake.clock.now(),
        };
        match take(hall, call, part, body).await {
            Ok(Progress::Going(now)) => record = now,
            Ok(Progress::Whole(_)) => whole = true,
            Err(refusal) => {
                // Its id was told to nobody.
                hall.intake.store.remove_upload(&id).await?;
                return Err(refusal);
            }
        }
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/materials/{id}")) {
        headers.insert(header::LOCATION, location);
    }
    if with_bytes || whole {
        let offset = if whole { length } else { record.offset };
        headers.insert("upload-offset", HeaderValue::from(offset));
    }
    if !whole {
        expire(hall, headers, record.touched_at);
    }
    Ok(response)
}

/// `HEAD /materials/{id}`: how far the upload is.
pub async fn offset(State(hall): HallState, call: Call, Path(id): Path<String>) -> Response {
    answered(&call, told(&hall, &call, &id).await)
}

async fn told(hall: &Hall, call: &Call, id: &str) -> Result<Response, Refusal> {
    // Whoever names no version asks as HTTP does, and gets the same.
    if call.headers.contains_key("tus-resumable") {
        speak_our_version(call)?;
    }
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let (offset, length) = match hall.intake.store.unfinished_upload(id).await? {
        Some(upload) => {
            expire(hall, headers, upload.touched_at);
            (upload.offset, upload.length)
        }
        None => {
            let material = hall.intake.store.material(id).await?;
            let material = material.ok_or_else(unknown)?;
            (material.size, material.size)
        }
    };
    headers.insert("upload-offset", HeaderValue::from(offset));
    headers.insert("upload-length", HeaderValue::from(length));
    Ok(response)
}

/// `PATCH /materials/{id}`: takes a part.
pub async fn append(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    body: Body,
) -> Response {
    answered(&call, appended(&hall, &call, id, body).await)
}

async fn appended(
    hall: &SharedHall,
    call: &Call,
    id: String,
    body: Body,
) -> Result<Response, Refusal> {
    speak_our_version(call)?;
    if !tus::is_part(&call.headers) {
        return Err(wrong_type());
    }
    let offset = tus::number(&call.headers, "upload-offset")?;
    let offset = offset.ok_or_else(|| bad_header("Upload-Offset: a number of bytes"))?;
    let checksum = tus::checksum(&call.headers)?;
    let record = match hall.intake.store.unfinished_upload(&id).await? {
        Some(record) => record,
        None => return after_the_end(hall, call, &id, offset).await,
    };
    if offset != record.offset {
        return Err(wrong_offset());
    }
    let declared = call
        .header("content-length")
        .and_then(|t| t.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > record.length - record.offset) {
        return Err(beyond());
    }
    let part = NewPart {
        id,
        offset,
        checksum,
        judge: file_kind::judge,
        at: hall.intake.clock.now(),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    match take(hall, call, part, body).await? {
        Progress::Going(record) => {
            headers.insert("upload-offset", HeaderValue::from(record.offset));
            expire(hall, headers, record.touched_at);
        }
        Progress::Whole(size) => {
            headers.insert("upload-offset", HeaderValue::from(size));
        }
    }
    Ok(response)
}

/// A part of an upload that is whole already: nothing at its end is fine, as when the answer to the last part was lost.
async fn after_the_end(
    hall: &Hall,
    call: &Call,
    id: &str,
    offset: u64,
) -> Result<Response, Refusal> {
    let material = hall.intake.store.material(id).await?;
    let material = material.ok_or_else(unknown)?;
    if offset != material.size {
        return Err(wrong_offset());
    }
    if !is_empty(call) {
        return Err(beyond());
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert("upload-offset", HeaderValue::from(offset));
    Ok(response)
}

/// `DELETE /materials/{id}`: removes an upload that no application has.
pub async fn terminate(State(hall): HallState, call: Call, Path(id): Path<String>) -> Response {
    answered(&call, terminated(&hall, &call, &id).await)
}

async fn terminated(hall: &Hall, call: &Call, id: &str) -> Result<Response, Refusal> {
    speak_our_version(call)?;
    match hall.intake.store.remove_upload(id).await? {
        RemoveOutcome::Removed => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        RemoveOutcome::NoSuchUpload => Err(unknown()),
        RemoveOutcome::Busy => Err(locked()),
        RemoveOutcome::Bound => Err(Refusal::new(StatusCode::CONFLICT, texts::MATERIAL_BOUND)),
    }
}

/// `POST /materials/{id}` with `X-HTTP-Method-Override`, for ways on which `PATCH` is lost.
pub async fn overridden(
    State(hall): HallState,
    call: Call,
    Path(id): Path<String>,
    body: Body,
) -> Response {
    let method = call.header("x-http-method-override").unwrap_or_default();
    let result = match method {
        "PATCH" => appended(&hall, &call, id, body).await,
        "DELETE" => terminated(&hall, &call, &id).await,
        "HEAD" => told(&hall, &call, &id).await,
        _ => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            texts::METHOD_NOT_OVERRIDDEN,
        )),
    };
    answered(&call, result)
}

type SharedHall = std::sync::Arc<Hall>;

/// How far an upload is after a part.
enum Progress {
    Going(UploadRecord),
    Whole(u64),
}

/// Takes a part in a task of its own: when the caller goes away, what arrived is still sealed, synced and told of.
async fn take(
    hall: &SharedHall,
    call: &Call,
    part: NewPart,
    body: Body,
) -> Result<Progress, Refusal> {
    let place = place(hall, call)?;
    let store = hall.intake.store.clone();
    let body = stream(body);
    let task = tokio::spawn(async move {
        let outcome = store.append(part, body).await;
        drop(place);
        outcome
    });
    let outcome = task.await.map_err(|error| {
        tracing::error!(%error, "taking a part of an upload ended in a panic");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL)
    })?;
    match outcome.map_err(|e| not_written(hall, e))? {
        PartOutcome::Taken(record) => Ok(Progress::Going(record)),
        PartOutcome::Whole(record) => Ok(Progress::Whole(record.size)),
        PartOutcome::NoSuchUpload => Err(unknown()),
        PartOutcome::Busy => Err(locked()),
        PartOutcome::WrongOffset(_) => Err(wrong_offset()),
        PartOutcome::TooLong => Err(beyond()),
        PartOutcome::ChecksumMismatch => {
            let status = StatusCode::from_u16(CHECKSUM_MISMATCH);
            let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Err(Refusal::new(status, texts::CHECKSUM_MISMATCH))
        }
        PartOutcome::Interrupted(_) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            texts::BODY_INTERRUPTED,
        )),
        PartOutcome::TooManyParts => Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::TOO_MANY_PARTS,
        )),
        PartOutcome::Dishonest {
            declared,
            looks_like,
        } => Err(dishonest(&declared, looks_like)),
    }
}

/// When an upload that was last touched then is swept.
pub(super) fn expires(hall: &Hall, touched_at: Timestamp) -> Timestamp {
    crate::processing::delivery::decide::later(touched_at, hall.settings.unbound_kept)
}

fn expire(hall: &Hall, headers: &mut HeaderMap, touched_at: Timestamp) {
    let date = tus::http_date(expires(hall, touched_at));
    if let Ok(value) = HeaderValue::from_str(&date) {
        headers.insert("upload-expires", value);
    }
}

fn is_empty(call: &Call) -> bool {
    let length = call.header("content-length");
    let chunked = call.headers.contains_key(header::TRANSFER_ENCODING);
    !chunked && length.is_none_or(|l| l == "0")
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_MATERIAL)
}

fn wrong_offset() -> Refusal {
    Refusal::new(StatusCode::CONFLICT, texts::WRONG_OFFSET)
}

fn wrong_type() -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        texts::OFFSET_STREAM_EXPECTED,
    )
}

fn beyond() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, texts::BEYOND_LENGTH)
}

fn locked() -> Refusal {
    Problem::new(StatusCode::LOCKED, texts::UPLOAD_LOCKED)
        .retry_after(LOCKED_RETRY_S)
        .into()
}

//! `POST /materials` and `GET /materials/{id}`: uploads, streamed to disk and never held in memory.

use super::call::{Call, HallState, answer_json, local_time};
use super::refusal::Refusal;
use super::uploading::Place;
use super::{Hall, resumable, texts, tus};
use crate::edge::limit::AddressKey;
use crate::intake::file_kind;
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::store::StoreError;
use crate::store::material::{ByteStream, MaterialRecord, NewMaterial, UploadOutcome};
use crate::store::upload::peek;
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

/// Seconds after which a client whose unbound uploads are too many may come again: the oldest are swept within a day.
pub(super) const CAP_RETRY_S: u32 = 3_600;
/// Seconds after which a client with too many uploads at once may come again.
const AT_ONCE_RETRY_S: u32 = 5;

/// An upload as its sender describes it, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// One of [`MEDIA_TYPES`].
    pub content_type: &'static str,
    /// A name that cannot leave its folder.
    pub file_name: String,
}

/// Takes an upload; with the headers of tus, begins one.
pub async fn upload(State(hall): HallState, call: Call, body: Body) -> Response {
    if tus::speaks_tus(&call.headers) {
        return resumable::create(&hall, &call, body).await;
    }
    call.answer(uploaded(&hall, &call, body).await)
}

async fn uploaded(hall: &Hall, call: &Call, body: Body) -> Result<Response, Refusal> {
    let described = described_by(
        call.header("content-type").unwrap_or_default(),
        call.header("x-file-name").and_then(file_name),
    )?;
    let declared = call
        .header("content-length")
        .and_then(|t| t.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > hall.uploads.material_bytes_max()) {
        return Err(too_large());
    }
    let record = keep(hall, call, described, stream(body)).await?;
    Ok(created(&record))
}

/// Streams a described file in: under the client's caps, and only when its bytes are what was declared.
///
/// # Errors
/// The refusal for the caller; nothing is left then.
pub async fn keep(
    hall: &Hall,
    call: &Call,
    described: Described,
    body: ByteStream,
) -> Result<MaterialRecord, Refusal> {
    let _place = place(hall, call)?;
    let peeked = peek(body).await;
    let material = NewMaterial {
        id: capability(hall)?,
        client: client_of(call),
        content_type: described.content_type.to_owned(),
        file_name: described.file_name,
        created_at: hall.intake.clock.now(),
        max_bytes: hall.uploads.material_bytes_max(),
        max_unbound_bytes: hall.uploads.unbound_bytes_max(),
    };
    let judged = file_kind::judge(described.content_type, &peeked.head);
    if let (Err(looks_like), false) = (judged, peeked.failed) {
        return Err(dishonest(described.content_type, looks_like));
    }
    match hall.intake.store.upload(material, peeked.body).await {
        Ok(UploadOutcome::Stored(record)) => Ok(record),
        Ok(UploadOutcome::TooLarge) => Err(too_large()),
        Ok(UploadOutcome::OverCap) => Err(over_cap()),
        Ok(UploadOutcome::Interrupted) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            texts::BODY_INTERRUPTED,
        )),
        Err(error) => Err(not_written(hall, error)),
    }
}

/// The body as the store reads it.
pub(super) fn stream(body: Body) -> ByteStream {
    body.into_data_stream()
        .map_err(std::io::Error::other)
        .boxed()
}

/// A place among the uploads that one client may have at once.
pub(super) fn place(hall: &Hall, call: &Call) -> Result<Place, Refusal> {
    hall.intake.open()?;
    hall.uploading.take(&client_of(call)).ok_or_else(|| {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, texts::UPLOADS_AT_ONCE);
        problem.retry_after(AT_ONCE_RETRY_S).into()
    })
}

pub(super) fn capability(hall: &Hall) -> Result<String, Refusal> {
    let id = hall.intake.entropy.capability();
    Ok(id.map_err(crate::intake::SubmitError::from)?)
}

/// Whose uploads count together: a known subject's, else those of one address (of an IPv6 network of one host).
pub(super) fn client_of(call: &Call) -> String {
    call.subject().map_or_else(
        || match call.client.parse() {
            Ok(address) => format!("client:{}", AddressKey::of(address)),
            Err(_) => format!("client:{}", call.client),
        },
        |s| format!("subject:{s}"),
    )
}

/// The checked description of a file.
pub(super) fn described_by(
    content_type: &str,
    file_name: Option<String>,
) -> Result<Described, Refusal> {
    let content_type = media_type(content_type).ok_or_else(|| {
        let problem = Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            texts::MEDIA_TYPE_NOT_ALLOWED,
        );
        Refusal::from(problem.detail(format!("taken are: {}", MEDIA_TYPES.join(", "))))
    })?;
    let file_name = file_name.ok_or_else(|| {
        bad_header("file name: at most 200 characters, without / or \\; X-File-Name percent-encoded UTF-8, Upload-Metadata `filename` base64")
    })?;
    Ok(Described {
        content_type,
        file_name,
    })
}

pub(super) fn bad_header(detail: &str) -> Refusal {
    Problem::new(StatusCode::BAD_REQUEST, texts::BAD_HEADER)
        .detail(detail)
        .into()
}

pub(super) fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, texts::BODY_TOO_LARGE)
}

pub(super) fn over_cap() -> Refusal {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, texts::UPLOAD_CAP)
        .retry_after(CAP_RETRY_S)
        .into()
}

/// The bytes are not what was declared.
pub(super) fn dishonest(declared: &str, looks_like: &str) -> Refusal {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        texts::CONTENT_DIFFERS_FROM_TYPE,
    )
    .detail(format!(
        "declared {declared}; the bytes look like {looks_like}"
    ))
    .into()
}

pub(super) fn not_written(hall: &Hall, error: StoreError) -> Refusal {
    if let StoreError::Bytes(bytes) = &error {
        // Rows tell of themselves; of bytes the store only hears here.
        hall.intake.store.standing().failed(&error);
        seldom!(error, error = %bytes, "an upload could not be written");
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::TRY_LATER);
        return problem.retry_after(30).into();
    }
    error.into()
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
    percent_decoded(header).and_then(sane_name)
}

/// A file name as it is, if it is sane.
pub(super) fn sane_name(name: String) -> Option<String> {
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
        "complete": true,
        "bound": record.case_no.is_some(),
        "uploaded_at": local_time(record.created_at),
    })
}

pub(super) fn created(record: &MaterialRecord) -> Response {
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
    if let Some(record) = hall.intake.store.material(id).await? {
        return Ok(answer_json(StatusCode::OK, &described(&record)));
    }
    let upload = hall.intake.store.unfinished_upload(id).await?;
    let upload =
        upload.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_MATERIAL))?;
    let expires = resumable::expires(hall, upload.touched_at);
    let state = json!({
        "id": upload.id,
        "size": upload.length,
        "received": upload.offset,
        "content_type": upload.content_type,
        // Until it is whole there is nothing to scan.
        "scan": if hall.settings.scanning { "pending" } else { "off" },
        "complete": false,
        "bound": false,
        "expires_at": local_time(expires),
    });
    Ok(answer_json(StatusCode::OK, &state))
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

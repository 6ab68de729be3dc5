//! `GET /applications/{no}/documents` and their bytes: what the partner handed back.

use super::call::{Call, HallState, answer_json};
use super::refusal::Refusal;
use super::{Hall, texts};
use crate::store::material::DocumentRecord;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Lists the documents.
pub async fn list(State(hall): HallState, call: Call, Path(no): Path<String>) -> Response {
    call.answer(listed(&hall, &call, &no).await)
}

async fn listed(hall: &Hall, call: &Call, no: &str) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let application_no = &readable.record.application_no;
    let documents = hall
        .intake
        .store
        .documents(&readable.scope, application_no)
        .await?;
    let documents: Vec<Value> = documents
        .iter()
        .map(|d| described(d, application_no))
        .collect();
    Ok(answer_json(
        StatusCode::OK,
        &json!({"documents": documents}),
    ))
}

fn described(document: &DocumentRecord, application_no: &str) -> Value {
    json!({
        "id": document.id,
        "case_no": document.case_no,
        "kind": document.kind,
        "name": document.name,
        "number": document.number,
        "issuer": document.issuer,
        "validity": document.validity,
        "content_type": document.material.content_type,
        "size": document.material.size,
        "sha256": document.material.sha256,
        "scan": document.material.scan,
        "href": format!("/api/v1/applications/{application_no}/documents/{}", document.id),
    })
}

/// A document's bytes, once its scan lets it leave.
pub async fn download(
    State(hall): HallState,
    call: Call,
    Path((no, id)): Path<(String, String)>,
) -> Response {
    call.answer(downloaded(&hall, &call, &no, &id).await)
}

async fn downloaded(hall: &Hall, call: &Call, no: &str, id: &str) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let application_no = &readable.record.application_no;
    let found = hall
        .intake
        .store
        .document_bytes(&readable.scope, application_no, id)
        .await?;
    let (document, bytes) =
        found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, texts::UNKNOWN_DOCUMENT))?;
    if !may_leave(&document.material.scan) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            texts::DOCUMENT_NOT_RELEASED,
        ));
    }
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_str(&document.material.content_type);
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(document.material.size),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if let Ok(disposition) = HeaderValue::from_str(&attachment(&document.material.file_name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Nothing but `clean` and `off` leaves the gateway.
#[must_use]
pub fn may_leave(scan: &str) -> bool {
    matches!(scan, "clean" | "off")
}

/// `Content-Disposition` with the name in UTF-8 (RFC 6266, RFC 8187).
fn attachment(file_name: &str) -> String {
    let mut encoded = String::new();
    for byte in file_name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clean_or_not_scanned_leaves() {
        for (scan, leaves) in [
            ("clean", true),
            ("off", true),
            ("pending", false),
            ("infected", false),
            ("", false),
        ] {
            assert_eq!(may_leave(scan), leaves, "{scan}");
        }
    }

    #[test]
    fn a_file_name_cannot_break_its_header() {
        let expected = "attachment; filename*=UTF-8''%E8%AF%81%0D%0A%22.pdf";
        assert_eq!(attachment("证\r\n\".pdf"), expected);
    }
}

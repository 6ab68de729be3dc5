//! Documents in and materials out: `POST /exchange/v1/systems/{id}/materials` and `GET …/materials/{mid}`, both streamed.
//!
//! In: the raw body with `content-type`, `x-case-no` (our number or the short one), `x-document-kind`, `x-file-name` and optionally
//! `x-document-name` and `x-document-number`, texts percent-encoded (RFC 3986, 2.1) in UTF-8. Answered by 201 and `{"id"}`; the same
//! bytes for the same case, kind and number have the same id. With `content-digest` (RFC 9530) other bytes than the declared are
//! refused. Out: only what a scan has not held back, only of cases that the
//! system was sent.

use super::content_digest;
use super::document::{self, Facts, Kept};
use super::events::input_fault;
use super::{
    ExchangeRoom, Named, answer, body::BodyFault, language, named, stopped, texts, unavailable,
};
use crate::edge::body::BodyCut;
use crate::problem::Problem;
use crate::store::material::{ByteStream, MaterialRecord};
use crate::text::Language;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, HEXLOWER};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header, request};
use serde_json::json;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tongban_catalog::source::Finding;

/// Bytes of one of the headers that describe a document.
const HEADER_BYTES_MAX: usize = 2_048;
/// Characters of a case number.
const NUMBER_MAX: usize = 64;

pub(super) async fn hand_in(
    State(room): State<ExchangeRoom>,
    id: Named<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    answer(take(&room, id, &head, body).await, &head.extensions)
}

async fn take(
    room: &ExchangeRoom,
    id: Named<String>,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let partner = room.partner(&named(id)?, head)?;
    let count = |outcome| {
        room.feedback
            .observer
            .received(partner.id(), "document", outcome)
    };
    let (case_no, facts) =
        described(&head.headers, language(head)).inspect_err(|problem| count(problem.code))?;
    let case = room
        .case_by_number(partner.id(), &case_no)
        .await
        .map_err(|e| unavailable(&e))?;
    let Some(case) = case else {
        count(texts::UNKNOWN_CASE.key);
        return Err(Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_CASE));
    };
    if room.store().standing().stop().is_some() {
        count("stopped");
        return Err(stopped());
    }
    let declared = content_digest::declared(&head.headers).map_err(|()| {
        count(texts::DIGEST_MISMATCH.key);
        Problem::new(StatusCode::BAD_REQUEST, texts::DIGEST_MISMATCH)
    })?;
    let wrong = Arc::new(AtomicBool::new(false));
    let body = match declared {
        Some(declared) => content_digest::checked(stream(body), declared, Arc::clone(&wrong)),
        None => stream(body),
    };
    let kept = document::keep(room, partner.id(), &case, facts, body).await;
    let kept = kept.map_err(|error| unavailable(&error))?;
    if wrong.load(Ordering::Relaxed) {
        count(texts::DIGEST_MISMATCH.key);
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            texts::DIGEST_MISMATCH,
        ));
    }
    count(kept.code());
    match kept {
        Kept::Stored(record) => {
            let id = &record.material.id;
            let place = format!("/exchange/v1/systems/{}/materials/{id}", partner.id());
            Ok((
                StatusCode::CREATED,
                [(header::LOCATION, place)],
                Json(json!({ "id": id })),
            )
                .into_response())
        }
        Kept::UnknownCase => Err(Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_CASE)),
        Kept::Unfit => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::DOCUMENT_HEADERS,
        )),
        Kept::TooLarge => Err(BodyFault::TooLarge(room.document_bytes_max()).into()),
        Kept::BrokenOff => Err(BodyFault::BrokenOff.into()),
    }
}

/// The body as the store reads it. A body over the edge's bound shows as too large there; any other cut as an interruption.
fn stream(body: Body) -> ByteStream {
    let kind = |error: &axum::Error| match error.source().and_then(|e| e.downcast_ref::<BodyCut>())
    {
        Some(BodyCut::TooSlow) => std::io::ErrorKind::TimedOut,
        _ => std::io::ErrorKind::UnexpectedEof,
    };
    body.into_data_stream()
        .map_err(move |error| std::io::Error::new(kind(&error), error))
        .boxed()
}

/// Case number and facts of a document by its headers; every fault at once.
fn described(headers: &HeaderMap, language: Language) -> Result<(String, Facts), Problem> {
    let mut faults = Vec::new();
    let case_no = required(headers, "x-case-no", &mut faults);
    let kind = required(headers, "x-document-kind", &mut faults);
    let file_name = required(headers, "x-file-name", &mut faults);
    let name = optional(headers, "x-document-name", &mut faults);
    let number = optional(headers, "x-document-number", &mut faults);
    let content_type = required(headers, "content-type", &mut faults);
    if case_no
        .as_ref()
        .is_some_and(|no| no.chars().count() > NUMBER_MAX)
    {
        faults.push(fault(
            "x-case-no",
            "too_long",
            "编号过长",
            "the number is too long",
        ));
    }
    let kind_name = kind.as_deref().and_then(document::kind_name);
    if kind.is_some() && kind_name.is_none() {
        let en = "must be one of acceptance, correction_notice, decision, certificate";
        let zh = "须为 acceptance、correction_notice、decision、certificate 之一";
        faults.push(fault("x-document-kind", "unknown_word", zh, en));
    }
    for (header, text) in [
        ("x-file-name", &file_name),
        ("x-document-name", &name),
        ("x-document-number", &number),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| !document::is_fit_name(text))
        {
            let en = "at most 200 characters, no slash, no control characters";
            faults.push(fault(
                header,
                "unfit_name",
                "至多200个字符，不含斜杠和控制字符",
                en,
            ));
        }
    }
    if content_type
        .as_ref()
        .is_some_and(|text| !is_media_type(text))
    {
        faults.push(fault(
            "content-type",
            "unfit_media_type",
            "须为媒体类型",
            "must be a media type",
        ));
    }
    match (case_no, kind, kind_name, file_name, content_type) {
        (Some(case_no), Some(kind), Some(kind_name), Some(file_name), Some(content_type))
            if faults.is_empty() =>
        {
            let name = name.unwrap_or_else(|| kind_name.to_owned());
            let number = number.unwrap_or_default();
            Ok((
                case_no,
                Facts {
                    kind,
                    name,
                    number,
                    file_name,
                    content_type,
                },
            ))
        }
        _ => {
            let errors = faults
                .into_iter()
                .map(|finding| input_fault(finding, language))
                .collect();
            Err(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, texts::DOCUMENT_HEADERS)
                    .errors(errors),
            )
        }
    }
}

/// A fault of a header: its pointer is the header's name.
fn fault(header: &str, code: &'static str, zh: &str, en: &str) -> Finding {
    Finding::new(format!("/{header}"), code, zh, en)
}

fn required(headers: &HeaderMap, name: &'static str, faults: &mut Vec<Finding>) -> Option<String> {
    let before = faults.len();
    let text = optional(headers, name, faults);
    if text.is_none() && faults.len() == before {
        faults.push(fault(
            name,
            "missing_field",
            "此请求头必填",
            "this header is required",
        ));
    }
    text
}

fn optional(headers: &HeaderMap, name: &'static str, faults: &mut Vec<Finding>) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|v| !v.is_empty())?;
    let decoded = match values.next() {
        None if value.len() <= HEADER_BYTES_MAX => percent_decoded(value.as_bytes()),
        _ => None,
    };
    if decoded.is_none() {
        let en = "must stand once, percent-encoded UTF-8";
        faults.push(fault(
            name,
            "malformed_header",
            "须出现一次，内容为百分号编码的 UTF-8",
            en,
        ));
    }
    decoded
}

/// RFC 3986, section 2.1; the bytes must be UTF-8.
fn percent_decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.extend(HEXLOWER.decode(&digits.to_ascii_lowercase()).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// `type/subtype` with parameters (RFC 9110, section 8.3.1), bounded.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    text.len() <= 128
        && essence
            .split_once('/')
            .is_some_and(|(kind, sub)| token(kind) && token(sub))
}

pub(super) async fn fetch(
    State(room): State<ExchangeRoom>,
    names: Named<(String, String)>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(hand_out(&room, names, &head).await, &head.extensions)
}

async fn hand_out(
    room: &ExchangeRoom,
    names: Named<(String, String)>,
    head: &request::Parts,
) -> Result<Response, Problem> {
    let (id, material_id) = named(names)?;
    let partner = room.partner(&id, head)?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_MATERIAL);
    let found = room
        .store()
        .material_bytes(&partner.scope(), &material_id)
        .await;
    let (record, bytes) = found
        .map_err(|error| unavailable(&error))?
        .ok_or_else(unknown)?;
    let case_no = record.case_no.clone().ok_or_else(unknown)?;
    let case = room
        .case_by_number(partner.id(), &case_no)
        .await
        .map_err(|e| unavailable(&e))?;
    case.ok_or_else(unknown)?;
    if !matches!(record.scan.as_str(), "off" | "clean") {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            texts::MATERIAL_HELD_BACK,
        ));
    }
    let mut response = Response::new(Body::from_stream(bytes));
    describe(response.headers_mut(), &record);
    Ok(response)
}

/// Headers of a file that somebody else made: it is never shown in place, and its digest goes with it (RFC 9530).
fn describe(headers: &mut HeaderMap, record: &MaterialRecord) {
    let digest = HEXLOWER
        .decode(record.sha256.as_bytes())
        .unwrap_or_default();
    let texts = [
        (header::CONTENT_TYPE, record.content_type.clone()),
        (
            header::CONTENT_DISPOSITION,
            format!(
                "attachment; filename*=UTF-8''{}",
                escaped(&record.file_name)
            ),
        ),
        (
            header::HeaderName::from_static("repr-digest"),
            format!("sha-256=:{}:", BASE64.encode(&digest)),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(record.size));
}

/// RFC 8187: what is not an attribute character is percent-encoded.
fn escaped(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
    name.bytes()
        .fold(String::with_capacity(name.len()), |mut out, b| {
            if plain(b) {
                out.push(char::from(b));
            } else {
                out.push('%');
                out.push_str(&data_encoding::HEXUPPER.encode(&[b]));
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(texts: &[(&'static str, &str)]) -> HeaderMap {
        texts
            .iter()
            .map(|(name, text)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_str(text).unwrap(),
                )
            })
            .collect()
    }

    const GOOD: &[(&str, &str)] = &[
        ("x-case-no", "1013130050069885741706050001"),
        ("x-document-kind", "certificate"),
        ("x-file-name", "%E8%AE%B8%E5%8F%AF%E8%AF%81.pdf"),
        ("content-type", "application/pdf"),
    ];

    #[test]
    fn a_document_is_described_by_its_headers_and_named_by_its_kind_when_it_has_no_name() {
        let (case_no, facts) =
            described(&headers(GOOD), Language::English).unwrap_or_else(|p| panic!("{p:?}"));
        assert_eq!(case_no, GOOD[0].1);
        assert_eq!(
            (facts.file_name.as_str(), facts.name.as_str()),
            ("许可证.pdf", "证照")
        );
    }

    #[test]
    fn every_fault_of_a_documents_headers_is_told() {
        for (changed, expected) in [
            (
                &[("x-document-kind", "poem"), ("x-file-name", "a%2Fb")][..],
                &["unknown_word", "unfit_name"][..],
            ),
            (
                &[("x-case-no", ""), ("content-type", "pdf")],
                &["missing_field", "unfit_media_type"],
            ),
            (
                &[("x-file-name", "%FF"), ("x-document-name", "%0A")],
                &["malformed_header", "unfit_name"],
            ),
            (&[("x-file-name", "%E")], &["malformed_header"]),
        ] {
            let mut given = headers(GOOD);
            for (name, text) in changed {
                given.insert(*name, HeaderValue::from_str(text).unwrap());
            }
            let Err(problem) = described(&given, Language::English) else {
                panic!("taken: {changed:?}")
            };
            let codes: Vec<_> = problem.errors.iter().map(|e| e.code).collect();
            assert_eq!(codes, expected, "{changed:?}");
        }
    }

    #[test]
    fn a_file_name_comes_back_from_its_header_as_it_went_in() {
        for name in ["许可证 (1).pdf", "100%\"'.txt"] {
            assert_eq!(
                percent_decoded(escaped(name).as_bytes()).as_deref(),
                Some(name)
            );
        }
    }
}

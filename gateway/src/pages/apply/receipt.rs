//! The receipt (回执): number, query code, what happens next, and the signed promise, for whoever holds the cookie of the application.

use crate::application::progress::folded;
use crate::application::refusal::Refusal;
use crate::pages::engine::Page;
use crate::pages::texts::apply as texts;
use crate::pages::words::in_catalogue;
use crate::pages::{Pages, PagesState, Visitor};
use crate::text::Language;
use axum::extract::{Path, State};
use axum::response::Response;
use http::header;
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
use tongban_catalog::deadline::ClockKind;
use tongban_catalog::item::ItemVersion;
use tongban_catalog::tables::Channel;

/// Light modules around the code (ISO/IEC 18004, section 6.3.8).
const QUIET_MODULES: usize = 4;
/// Bytes of a host name and port (RFC 1035, section 2.3.4, and five digits).
const HOST_BYTES_MAX: usize = 262;

/// The page.
#[derive(Debug, Serialize)]
pub struct ReceiptPage {
    application_no: String,
    query_code: String,
    item_name: String,
    item_foreign: bool,
    organisation: String,
    submitted_at: String,
    /// When the department must have decided whether to take it up; empty where no clock runs.
    accept_by: String,
    promise: String,
    receipt: String,
    qr: Option<Drawing>,
}

/// A QR code as one path of unit squares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// Modules on each side, the quiet zone included.
    pub side: usize,
    /// The `d` of a path.
    pub path: String,
}

/// Shows it.
pub async fn show(State(pages): PagesState, visitor: Visitor, Path(no): Path<String>) -> Response {
    let page = shown(&pages, &visitor, &no).await;
    pages.show(&visitor, page)
}

async fn shown(pages: &Pages, visitor: &Visitor, no: &str) -> Result<ReceiptPage, Refusal> {
    let hall = &pages.hall;
    let readable = hall.readable(&visitor.call, no).await?;
    let case = readable.case()?;
    let record = &readable.record;
    let state = folded(case)?;
    let due = state
        .clocks
        .each()
        .find(|clock| clock.kind() == ClockKind::Acceptance)
        .and_then(|clock| clock.due());
    let item = &case.submission.item;
    let language = visitor.language;
    let version = ItemVersion {
        id: item
            .id
            .parse()
            .map_err(|_| Refusal::unknown_application())?,
        version: item.version,
    };
    let prepared = hall
        .intake
        .registry
        .load()
        .item(version.id.as_str(), version.version)
        .map(|prepared| prepared.item.clone());
    let promise = prepared
        .as_ref()
        .and_then(|item| item.promise_for(Channel::Online))
        .filter(|limit| limit.n > 0)
        .map(|limit| limit.in_words(in_catalogue(language)));
    let english = prepared.as_ref().and_then(|item| item.name_en.clone());
    let (item_name, item_foreign) = match (language, english) {
        (Language::English, Some(english)) => (english, false),
        _ => (item.name.clone(), language == Language::English),
    };
    let application_no = record.application_no.clone();
    let query_code = hall.intake.keys.query_code(&application_no);
    let promised = hall.intake.promise(record).await?;
    Ok(ReceiptPage {
        qr: address(pages, visitor, &application_no, &query_code).and_then(|a| draw(&a)),
        item_name,
        item_foreign,
        organisation: item.org_name.clone(),
        submitted_at: record.submitted_at.to_string(),
        accept_by: due.map_or_else(String::new, |due| due.date.to_string()),
        promise: promise.unwrap_or_default(),
        receipt: hall.intake.keys.receipt(&promised),
        application_no,
        query_code,
    })
}

/// The address that opens the application. The query code stands behind `#`, which no browser sends: it reaches no log and no
/// other site.
fn address(pages: &Pages, visitor: &Visitor, no: &str, code: &str) -> Option<String> {
    let host = visitor.call.header(header::HOST.as_str())?;
    let sane = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.bytes().all(sane) {
        return None;
    }
    let scheme = match pages.hall.settings.secure_cookie {
        true => "https",
        false => "http",
    };
    Some(format!(
        "{scheme}://{host}/applications?no={no}#code={code}"
    ))
}

/// Draws a QR code; `None` for a text that is too long for one.
#[must_use]
pub fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let colours = code.to_colors();
    let mut path = String::new();
    for (y, row) in colours.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, other| one == other) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, length) = (x + QUIET_MODULES, y + QUIET_MODULES, run.len());
                path.push_str(&format!("M{left} {top}h{length}v1h-{length}z"));
            }
            x += run.len();
        }
    }
    Some(Drawing {
        side: width + 2 * QUIET_MODULES,
        path,
    })
}

impl Page for ReceiptPage {
    const TEMPLATE: &'static str = "receipt.html";

    fn title(&self, language: Language) -> String {
        texts::RECEIPT_TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "case"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let of = |accept_by: &str, promise: &str, qr| Self {
            application_no: "10131300500698857413440400170".to_owned(),
            query_code: "ABCDEFGHIJKLMNOPQRST".to_owned(),
            item_name: "<b>民用爆炸物品销售许可</b>".to_owned(),
            item_foreign: language == Language::English,
            organisation: "广东省国防科学技术工业办公室".to_owned(),
            submitted_at: "2017-06-05T01:30:00Z".to_owned(),
            accept_by: accept_by.to_owned(),
            promise: promise.to_owned(),
            receipt: "eyJhbGciOiJFZERTQSJ9.e30.AA".to_owned(),
            qr,
        };
        vec![
            (
                "full",
                of(
                    "2017-06-12",
                    "7个工作日",
                    draw("http://hall.example/applications?no=1#code=2"),
                ),
            ),
            ("bare", of("", "", None)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finder patterns (section 6.3.3): seven dark modules at three corners, and nothing in the quiet zone.
    #[test]
    fn a_code_is_drawn_within_its_quiet_zone() {
        let drawing = draw("http://127.0.0.1:8080/applications?no=1#code=ABC").unwrap();
        assert!(drawing.path.starts_with("M4 4h7v1h-7z"), "{}", drawing.path);
        let right = drawing.side - QUIET_MODULES - 7;
        assert!(drawing.path.contains(&format!("M{right} 4h7v1h-7z")));
        let bottom = drawing.side - QUIET_MODULES - 1;
        assert!(drawing.path.contains(&format!("M4 {bottom}h7v1h-7z")));
        assert_eq!(draw(&"x".repeat(5_000)), None);
    }
}

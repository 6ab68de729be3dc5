//! Bytes of a description document to text.
//!
//! A byte-order mark decides, then the zero bytes of UTF-16 without one, then the content type (RFC 7303, section 3), then the XML
//! declaration (XML 1.0, 4.3.3), then UTF-8. Descriptions are saved, mailed and converted by hand, so a declaration is often wrong:
//! where the bytes are not text in the declared set and are text in exactly one obvious other one, that is taken, with a warning.

use super::documents::Document;
use super::fault::{FaultKind, WarningKind};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// How far into a document its declaration may stand, in bytes.
const DECLARATION_WITHIN: usize = 256;

/// The text, and a warning where the declaration was not followed.
pub(crate) fn text_of(document: &Document) -> Result<(String, Option<WarningKind>), FaultKind> {
    let bytes = document.bytes.as_slice();
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = strict(encoding, &bytes[mark..]);
        return text
            .map(|text| (text, None))
            .ok_or_else(|| FaultKind::Charset(encoding.name().to_owned()));
    }
    match bytes {
        [b'<', 0, ..] => return wide(UTF_16LE, bytes),
        [0, b'<', ..] => return wide(UTF_16BE, bytes),
        _ => {}
    }
    let declared = declared(bytes);
    let labels = [document.charset.as_deref(), declared.as_deref()];
    let named: Vec<&str> = labels.into_iter().flatten().collect();
    for label in &named {
        let Some(encoding) = Encoding::for_label(label.trim().as_bytes()) else {
            continue;
        };
        // No zero byte was there, so these bytes are not UTF-16, whatever a writer of strings declared.
        if encoding == UTF_16LE || encoding == UTF_16BE {
            continue;
        }
        if let Some(text) = strict(encoding, bytes) {
            return Ok((text, None));
        }
    }
    let first = named.first().map_or("UTF-8", |label| label.trim());
    for (encoding, taken) in [(UTF_8, "UTF-8"), (GB18030, "GB18030")] {
        if let Some(text) = strict(encoding, bytes) {
            let expected = named.is_empty() && encoding == UTF_8;
            let warning = (!expected).then(|| WarningKind::Charset {
                declared: first.to_owned(),
                taken,
            });
            return Ok((text, warning));
        }
    }
    Err(FaultKind::Charset(first.to_owned()))
}

fn wide(
    encoding: &'static Encoding,
    bytes: &[u8],
) -> Result<(String, Option<WarningKind>), FaultKind> {
    strict(encoding, bytes)
        .map(|text| (text, None))
        .ok_or_else(|| FaultKind::Charset(encoding.name().to_owned()))
}

fn strict(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(std::borrow::Cow::into_owned)
}

fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..DECLARATION_WITHIN).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let declaration = &declaration[..declaration.find("?>")?];
    let (_, after) = declaration.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    after[1..].split(quote).next().map(str::to_owned)
}

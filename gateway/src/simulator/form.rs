//! `application/x-www-form-urlencoded`, byte by byte: the values need not be UTF-8 (a GBK form is bytes until its dialect decodes it).

use std::collections::BTreeMap;

/// More fields than any partner's form has.
const MAX_FIELDS: usize = 64;

/// Reads a form. `None` if an escape is broken, a name is not ASCII, a name occurs twice or there are too many fields.
pub(super) fn parse(body: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut fields = BTreeMap::new();
    for pair in body.split(|byte| *byte == b'&').filter(|p| !p.is_empty()) {
        let split = pair.iter().position(|byte| *byte == b'=')?;
        let name = String::from_utf8(unescape(&pair[..split])?).ok()?;
        let value = unescape(&pair[split + 1..])?;
        if !name.is_ascii() || fields.insert(name, value).is_some() || fields.len() > MAX_FIELDS {
            return None;
        }
    }
    Some(fields)
}

/// A text field of a UTF-8 form; `None` if absent or not UTF-8.
pub(super) fn text(fields: &BTreeMap<String, Vec<u8>>, name: &str) -> Option<String> {
    String::from_utf8(fields.get(name)?.clone()).ok()
}

/// Writes a form from names (ASCII) and raw bytes.
pub(super) fn write(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        escape_into(&mut out, value);
    }
    out.into_bytes()
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, 2.3.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    escape_into(&mut out, bytes);
    out
}

fn escape_into(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => *other,
        });
    }
    Some(out)
}

//! The headers of tus 1.0.0 (resumable upload protocol, <https://tus.io/protocols/resumable-upload>). Pure.

use crate::store::upload::{Checksum, ChecksumAlgorithm};
use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

/// The version that is spoken.
pub const VERSION: &str = "1.0.0";
/// The extensions that are offered. The lengths of uploads must be known (no `Upload-Defer-Length`).
pub const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";
/// Algorithms of `Upload-Checksum`.
pub const ALGORITHMS: &str = "sha1,sha256,md5";
/// Content type of a part.
pub const PART_TYPE: &str = "application/offset+octet-stream";

/// Pairs of `Upload-Metadata` that are looked at.
const PAIRS_MAX: usize = 16;
/// Bytes of `Upload-Metadata`.
const METADATA_BYTES_MAX: usize = 4_096;

/// A header that cannot be understood: which, and what it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{header}: {expected}")]
pub struct BadHeader {
    /// Which.
    pub header: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

/// Whether a `POST` begins a resumable upload.
#[must_use]
pub fn speaks_tus(headers: &HeaderMap) -> bool {
    ["tus-resumable", "upload-length", "upload-defer-length"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Whether the caller speaks this version.
#[must_use]
pub fn is_our_version(headers: &HeaderMap) -> bool {
    one(headers, "tus-resumable") == Some(VERSION)
}

/// A number of bytes: `Upload-Length`, `Upload-Offset`. Digits alone, within 63 bits; `None` when the header is missing.
///
/// # Errors
/// [`BadHeader`] for anything else, also when it stands twice.
pub fn number(headers: &HeaderMap, header: &'static str) -> Result<Option<u64>, BadHeader> {
    if !headers.contains_key(header) {
        return Ok(None);
    }
    let bad = BadHeader {
        header,
        expected: "a number of bytes in decimal digits",
    };
    let text = one(headers, header).ok_or(bad)?;
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = text.parse().map_err(|_| bad)?;
    if digits {
        Ok(Some(number.unsigned_abs()))
    } else {
        Err(bad)
    }
}

/// Whether the body is a part.
#[must_use]
pub fn is_part(headers: &HeaderMap) -> bool {
    one(headers, "content-type").is_some_and(|t| t.trim().eq_ignore_ascii_case(PART_TYPE))
}

/// `Upload-Checksum`: an algorithm's name, a space, the digest in base64.
///
/// # Errors
/// [`BadHeader`] for an unknown algorithm, a digest of another length, or what is no base64.
pub fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, BadHeader> {
    const HEADER: &str = "upload-checksum";
    if !headers.contains_key(HEADER) {
        return Ok(None);
    }
    let bad = |expected| BadHeader {
        header: HEADER,
        expected,
    };
    let text = one(headers, HEADER).ok_or(bad("once"))?;
    let (name, encoded) = text
        .split_once(' ')
        .ok_or(bad("an algorithm, a space, a digest in base64"))?;
    let (algorithm, bytes) = match name {
        "sha1" => (ChecksumAlgorithm::Sha1, 20),
        "sha256" => (ChecksumAlgorithm::Sha256, 32),
        "md5" => (ChecksumAlgorithm::Md5, 16),
        _ => return Err(bad("an algorithm of sha1, sha256, md5")),
    };
    let digest = BASE64
        .decode(encoded.as_bytes())
        .ok()
        .filter(|d| d.len() == bytes)
        .ok_or(bad("a digest of the algorithm's length in base64"))?;
    Ok(Some(Checksum { algorithm, digest }))
}

/// What `Upload-Metadata` says of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `filename`.
    pub file_name: Option<String>,
    /// `filetype`.
    pub file_type: Option<String>,
}

/// `Upload-Metadata`: pairs of a key and a value in base64 (which may be missing), separated by commas; keys unique, in ASCII,
/// without space or comma. Other keys than `filename` and `filetype` are left alone.
///
/// # Errors
/// [`BadHeader`] for anything else, values that are no UTF-8 included.
pub fn metadata(headers: &HeaderMap) -> Result<Metadata, BadHeader> {
    const HEADER: &str = "upload-metadata";
    let bad = |expected| BadHeader {
        header: HEADER,
        expected,
    };
    if !headers.contains_key(HEADER) {
        return Err(bad("filename and filetype, each with its value in base64"));
    }
    let text = one(headers, HEADER).ok_or(bad("once"))?;
    if text.len() > METADATA_BYTES_MAX {
        return Err(bad("at most 4096 bytes"));
    }
    let (mut seen, mut found) = (Vec::new(), Metadata::default());
    for pair in text.split(',') {
        let pair = pair.trim_matches(' ');
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let visible = !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        if !visible || seen.contains(&key) || seen.len() >= PAIRS_MAX {
            return Err(bad(
                "at most 16 pairs with keys that are not empty and unique",
            ));
        }
        seen.push(key);
        let wanted = match key {
            "filename" => &mut found.file_name,
            "filetype" => &mut found.file_type,
            _ => continue,
        };
        let bytes = BASE64.decode(value.trim_matches(' ').as_bytes());
        let text = bytes.ok().and_then(|b| String::from_utf8(b).ok());
        *wanted = Some(text.ok_or(bad("values in base64 of UTF-8"))?);
    }
    Ok(found)
}

/// Adds what every answer of the protocol carries.
pub fn stamp(headers: &mut HeaderMap) {
    headers.insert("tus-resumable", HeaderValue::from_static(VERSION));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// `Upload-Expires`: an HTTP date (RFC 9110, section 5.6.7).
#[must_use]
pub fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A header that stands once, as text.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;
    use proptest::prelude::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::try_from(*name).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn lengths_and_offsets_are_digits_alone() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("9223372036854775807", Some(i64::MAX.unsigned_abs())),
            ("9223372036854775808", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            ("0x10", None),
            ("1 2", None),
            ("", None),
        ] {
            let found = number(&headers(&[("upload-length", text)]), "upload-length");
            assert_eq!(found.ok().flatten(), expected, "{text}");
        }
        assert_eq!(number(&headers(&[]), "upload-length"), Ok(None));
        let twice = headers(&[("upload-offset", "1"), ("upload-offset", "2")]);
        assert!(number(&twice, "upload-offset").is_err());
    }

    #[test]
    fn the_checksum_of_the_protocols_own_example_is_read() {
        // tus 1.0.0, section "Checksum", example.
        let example = headers(&[("upload-checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")]);
        let found = checksum(&example).unwrap().unwrap();
        assert_eq!(found.algorithm, ChecksumAlgorithm::Sha1);
        assert_eq!(found.digest.len(), 20);
        for wrong in [
            "sha1",
            "crc32 AAAA",
            "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "sha1 Kq5sNclPz7QV2",
            "md5 ",
            "",
        ] {
            assert!(
                checksum(&headers(&[("upload-checksum", wrong)])).is_err(),
                "{wrong}"
            );
        }
        assert_eq!(checksum(&headers(&[])), Ok(None));
    }

    #[test]
    fn metadata_is_pairs_of_a_key_and_base64() {
        let name = BASE64.encode("申请书.pdf".as_bytes());
        let text =
            format!("filename {name},filetype YXBwbGljYXRpb24vcGRm, is_confidential,lang emg=");
        let found = metadata(&headers(&[("upload-metadata", &text)])).unwrap();
        assert_eq!(found.file_name.as_deref(), Some("申请书.pdf"));
        assert_eq!(found.file_type.as_deref(), Some("application/pdf"));
        for wrong in [
            "",
            "filename",
            "filename !!",
            "filename /w==", // 0xFF is no UTF-8
            "filename YQ==,filename YQ==",
            "filename YQ==,,filetype YQ==",
        ] {
            let found = metadata(&headers(&[("upload-metadata", wrong)]));
            let empty = found
                .as_ref()
                .is_ok_and(|m| m.file_name.as_deref() == Some(""));
            assert!(found.is_err() || empty, "{wrong}: {found:?}");
        }
        let many = (0..17)
            .map(|n| format!("k{n} YQ=="))
            .collect::<Vec<_>>()
            .join(",");
        assert!(metadata(&headers(&[("upload-metadata", &many)])).is_err());
        let long = format!("filename {}", "YWFh".repeat(1_100));
        assert!(metadata(&headers(&[("upload-metadata", &long)])).is_err());
    }

    #[test]
    fn expiry_is_an_http_date() {
        let at = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    proptest! {
        #[test]
        fn no_header_value_panics_and_what_is_read_can_be_written_again(text in "[ -~]{0,80}") {
            let given = headers(&[("upload-metadata", &text), ("upload-checksum", &text), ("upload-length", &text)]);
            let _ = metadata(&given);
            let _ = checksum(&given);
            if let Ok(Some(n)) = number(&given, "upload-length") {
                prop_assert_eq!(n.to_string(), match text.trim_start_matches('0') { "" => "0", t => t });
            }
        }

        #[test]
        fn any_name_and_type_come_back(name in "\\PC{1,60}", kind in "[a-z]{1,9}/[a-z.+-]{1,20}") {
            let text = format!("filename {},filetype {}", BASE64.encode(name.as_bytes()), BASE64.encode(kind.as_bytes()));
            let found = metadata(&headers(&[("upload-metadata", &text)])).unwrap();
            prop_assert_eq!(found, Metadata { file_name: Some(name), file_type: Some(kind) });
        }
    }
}

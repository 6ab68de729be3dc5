//! What the first bytes of a file say it is (魔数), compared with the declared media type. Pure.
//!
//! Signatures: PDF 32000-1 7.5.2, ZIP APPNOTE 4.3.7 (also OFD, GB/T 33190, and Office Open XML, ECMA-376), compound files MS-CFB 2.2,
//! JPEG ITU-T T.81 B.1.1.3, PNG (third edition) 5.2, TIFF 6.0 section 2 and BigTIFF, BMP by its header's size, DWG by its version
//! mark. Text and XML have none: they are what has no control characters and is no other kind.

/// How far into the file the mark of a PDF may stand: readers allow it, and scanners write bytes before it.
const PDF_MARK_WITHIN: usize = 1_024;

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A kind of file by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pdf,
    Zip,
    Jpeg,
    Png,
    Tiff,
    Bmp,
    Compound,
    Dwg,
    Executable,
    Html,
    Xml,
    Text,
    Empty,
    Unknown,
}

impl Kind {
    /// The words of a refusal.
    fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Zip => "application/zip",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
            Self::Compound => "application/x-ole-storage",
            Self::Dwg => "image/vnd.dwg",
            Self::Executable => "application/x-executable",
            Self::Html => "text/html",
            Self::Xml => "application/xml",
            Self::Text => "text/plain",
            Self::Empty => "an empty file",
            Self::Unknown => "application/octet-stream",
        }
    }

    fn is(self, content_type: &str) -> bool {
        match content_type {
            "application/pdf" => self == Self::Pdf,
            "application/ofd" | "application/zip" | DOCX | XLSX => self == Self::Zip,
            "image/jpeg" => self == Self::Jpeg,
            "image/png" => self == Self::Png,
            "image/tiff" => self == Self::Tiff,
            "image/bmp" => self == Self::Bmp,
            "application/msword" | "application/vnd.ms-excel" => self == Self::Compound,
            "image/vnd.dwg" => self == Self::Dwg,
            "application/xml" => self == Self::Xml,
            "text/plain" => matches!(self, Self::Text | Self::Xml | Self::Empty),
            _ => false,
        }
    }
}

/// Compares the first bytes of a file (all of a short one) with its declared media type.
///
/// # Errors
/// What they look like instead.
pub fn judge(content_type: &str, head: &[u8]) -> Result<(), &'static str> {
    let kind = sniff(head);
    if kind.is(content_type) {
        Ok(())
    } else {
        Err(kind.name())
    }
}

fn sniff(head: &[u8]) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    const MARKS: &[(&[u8], Kind)] = &[
        (b"%PDF-", Kind::Pdf),
        (b"PK\x03\x04", Kind::Zip),
        (b"PK\x05\x06", Kind::Zip), // without an entry
        (b"\xff\xd8\xff", Kind::Jpeg),
        (b"\x89PNG\r\n\x1a\n", Kind::Png),
        (b"II*\0", Kind::Tiff),
        (b"MM\0*", Kind::Tiff),
        (b"II+\0", Kind::Tiff),
        (b"MM\0+", Kind::Tiff),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::Compound),
        (b"\x7fELF", Kind::Executable),
        (b"#!", Kind::Executable),
    ];
    if let Some((_, kind)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return *kind;
    }
    if is_bitmap(head) {
        return Kind::Bmp;
    }
    if is_drawing(head) {
        return Kind::Dwg;
    }
    let early = head.get(..PDF_MARK_WITHIN).unwrap_or(head);
    if early.windows(5).any(|w| w == b"%PDF-") {
        return Kind::Pdf;
    }
    if head.starts_with(b"MZ") && head.contains(&0) {
        return Kind::Executable;
    }
    written(head)
}

/// `BM`, and a header of one of the sizes that there are.
fn is_bitmap(head: &[u8]) -> bool {
    let size = head
        .get(14..18)
        .and_then(|b| <[u8; 4]>::try_from(b).ok())
        .map(u32::from_le_bytes);
    head.starts_with(b"BM") && matches!(size, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// `AC10` and two digits, as all versions since R9 (older ones: `AC1.x`, `AC2.x`).
fn is_drawing(head: &[u8]) -> bool {
    let digit = |at: usize| head.get(at).is_some_and(u8::is_ascii_digit);
    (head.starts_with(b"AC10") && digit(4) && digit(5))
        || ((head.starts_with(b"AC1.") || head.starts_with(b"AC2.")) && digit(4))
}

/// Something written: text, XML or HTML, in UTF-8, UTF-16 with a mark, or an encoding of East Asia.
fn written(head: &[u8]) -> Kind {
    let wide = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let text: Vec<u8> = if wide {
        head.iter().copied().filter(|b| *b != 0).skip(2).collect()
    } else {
        head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).to_vec()
    };
    let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if !wide && text.iter().any(control) {
        return Kind::Unknown;
    }
    let begin = text.trim_ascii_start();
    let lower = begin.get(..64).unwrap_or(begin).to_ascii_lowercase();
    let html: [&[u8]; 6] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<svg",
    ];
    if html.iter().any(|mark| lower.starts_with(mark)) {
        Kind::Html
    } else if begin.starts_with(b"<") {
        Kind::Xml
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bitmap(size: u8) -> Vec<u8> {
        let mut bytes = b"BM".to_vec();
        bytes.extend([0; 12]);
        bytes.extend([size, 0, 0, 0]);
        bytes
    }

    /// One right beginning for every media type that is taken.
    fn samples() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("application/pdf", b"%PDF-1.7\n".to_vec()),
            ("application/ofd", b"PK\x03\x04\x14\0".to_vec()),
            (DOCX, b"PK\x03\x04\x14\0".to_vec()),
            (XLSX, b"PK\x03\x04\x14\0".to_vec()),
            ("application/zip", b"PK\x05\x06\0\0".to_vec()),
            ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec()),
            ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
            ("image/tiff", b"II*\0\x08\0\0\0".to_vec()),
            ("image/bmp", bitmap(40)),
            (
                "application/msword",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0".to_vec(),
            ),
            (
                "application/vnd.ms-excel",
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0".to_vec(),
            ),
            ("image/vnd.dwg", b"AC1032\0\0".to_vec()),
            ("text/plain", "申请说明".as_bytes().to_vec()),
            (
                "application/xml",
                b"\xef\xbb\xbf <?xml version=\"1.0\"?><a/>".to_vec(),
            ),
        ]
    }

    #[test]
    fn every_type_that_is_taken_is_known_by_its_first_bytes_and_by_no_others() {
        let samples = samples();
        for allowed in crate::application::materials::MEDIA_TYPES {
            assert!(
                samples.iter().any(|(t, _)| t == allowed),
                "no sample of {allowed}"
            );
        }
        let zips = ["application/ofd", "application/zip", DOCX, XLSX];
        let compounds = ["application/msword", "application/vnd.ms-excel"];
        for (declared, _) in &samples {
            for (actual, bytes) in &samples {
                let same = declared == actual
                    || (zips.contains(declared) && zips.contains(actual))
                    || (compounds.contains(declared) && compounds.contains(actual))
                    // XML is text.
                    || (*declared == "text/plain" && *actual == "application/xml");
                assert_eq!(
                    judge(declared, bytes).is_ok(),
                    same,
                    "{actual} as {declared}"
                );
            }
        }
    }

    #[test]
    fn a_lie_is_named() {
        for (declared, bytes, looks_like) in [
            (
                "application/pdf",
                &b"MZ\x90\0\x03"[..],
                "application/x-executable",
            ),
            (
                "application/pdf",
                b"\x7fELF\x02",
                "application/x-executable",
            ),
            ("image/png", b"<svg onload=alert(1)>", "text/html"),
            ("application/xml", b" <!DOCTYPE HTML><p>", "text/html"),
            ("text/plain", b"a\0b", "application/octet-stream"),
            ("text/plain", b"#!/bin/sh", "application/x-executable"),
            ("image/jpeg", b"", "an empty file"),
            ("image/bmp", b"BMW 7", "text/plain"),
        ] {
            assert_eq!(judge(declared, bytes), Err(looks_like), "{declared}");
        }
    }

    #[test]
    fn what_people_really_send_is_taken() {
        let mut scanned = b"\0\0\0\r\n".to_vec();
        scanned.extend(b"%PDF-1.4");
        let mut late = vec![b'x'; PDF_MARK_WITHIN];
        late.extend(b"%PDF-1.4");
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("<a/>".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        for (declared, bytes, taken) in [
            ("application/pdf", scanned, true),
            ("application/pdf", late, false),
            ("application/xml", wide, true),
            // 说明 in GB 18030.
            ("text/plain", vec![0xcb, 0xb5, 0xc3, 0xf7], true),
            ("text/plain", Vec::new(), true),
        ] {
            assert_eq!(
                judge(declared, &bytes).is_ok(),
                taken,
                "{declared} {bytes:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_one_kind_at_most_but_for_containers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let single = ["application/pdf", "image/jpeg", "image/png", "image/tiff", "image/bmp", "image/vnd.dwg", "application/xml"];
            let fitting = single.iter().filter(|t| judge(t, &bytes).is_ok()).count();
            prop_assert!(fitting <= 1);
        }
    }
}

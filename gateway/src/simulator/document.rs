//! The documents that a partner hands back: a one-page PDF written by hand, so that nothing but this file decides its bytes.

use md5::{Digest, Md5};

/// A valid PDF 1.4 of one A6 page that shows `line` (printable ASCII; brackets and backslash become `_`), cross-reference table included.
pub(super) fn certificate_pdf(line: &str) -> Vec<u8> {
    let line: String = line
        .chars()
        .map(|c| match c {
            ' '..='~' if !"()\\".contains(c) => c,
            _ => '_',
        })
        .collect();
    let content = format!("BT /F1 11 Tf 24 380 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 298 420] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table = pdf.len();
    let size = objects.len() + 1;
    pdf.push_str(&format!("xref\n0 {size}\n0000000000 65535 f \n"));
    for offset in offsets {
        pdf.push_str(&format!("{offset:010} 00000 n \n"));
    }
    pdf.push_str(&format!(
        "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    ));
    pdf.into_bytes()
}

/// MD5 in lower-case hex, as `ATTACH_SIGN` wants it (a check against damage, never for trust).
pub(super) fn attach_sign(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

/// The `Content-Digest` of a document (RFC 9530, section 2).
pub(super) fn content_digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    format!(
        "sha-256=:{}:",
        data_encoding::BASE64.encode(digest.as_ref())
    )
}

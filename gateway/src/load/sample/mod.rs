//! Sample applications: conforming forms of the hall's own items, applicants who are nobody, materials that say nothing.

pub mod form;
pub mod identity;
mod words;

use crate::load::items::{Applicants, Need, Template};
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use serde::Serialize;
use serde_json::value::RawValue;

/// The body of `POST /api/v1/applications`.
#[derive(Serialize)]
struct Body<'a> {
    item_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    situation: Option<&'a str>,
    applicant: Applicant,
    region: &'a str,
    form: &'a RawValue,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    materials: &'a [Uploaded],
}

#[derive(Serialize)]
struct Applicant {
    r#type: &'static str,
    name: String,
    id_type: &'static str,
    id_number: String,
    phone: String,
}

/// An upload that an application names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uploaded {
    /// Which material of the item.
    pub seq: u32,
    /// Its capability.
    pub id: String,
}

/// Draws an application for `template`. `index` gives the applicant an identity number that no other index has.
///
/// # Errors
/// The body cannot be written as JSON, which would be a fault of this program.
pub fn draw_application(
    template: &Template,
    materials: &[Uploaded],
    index: u64,
    random: &mut Xoshiro256PlusPlus,
) -> Result<String, serde_json::Error> {
    let form = &template.forms[random.random_range(0..template.forms.len().max(1))];
    serde_json::to_string(&Body {
        item_code: &template.item_code,
        situation: template.situation.as_deref(),
        applicant: applicant(template.applicants, index, random),
        region: &template.region,
        form,
        materials,
    })
}

fn applicant(kind: Applicants, index: u64, random: &mut Xoshiro256PlusPlus) -> Applicant {
    let (name, id_type, id_number) = match kind {
        Applicants::Person => (
            words::person(random),
            "resident_id",
            identity::resident(index),
        ),
        Applicants::Enterprise | Applicants::Other => (
            words::company(random),
            "unified_social_credit_code",
            identity::company(index),
        ),
    };
    Applicant {
        r#type: kind.as_str(),
        name,
        id_type,
        id_number: id_number.unwrap_or_default(),
        phone: words::phone(random),
    }
}

/// The content of a sample material: it begins as files of its media type do, says that it is a sample, differs from that of every
/// other `number`, and is filled up to `bytes`.
#[must_use]
pub fn material_content(need: &Need, number: u64, bytes: usize) -> Vec<u8> {
    let mut content = beginning(need.content_type).to_vec();
    let (before, after) = match need.content_type {
        "application/xml" => ("<!-- ", " --><sample/>\n"),
        _ => ("% ", "\n"),
    };
    content.extend(format!("{before}{} 样例 {number}{after}", need.name).into_bytes());
    if content.len() < bytes {
        content.resize(bytes, b' ');
    }
    content
}

/// The first bytes by which a kind of file is known (`intake::file_kind` looks at them).
fn beginning(content_type: &str) -> &'static [u8] {
    match content_type {
        "application/pdf" => b"%PDF-1.4\n",
        "image/jpeg" => b"\xff\xd8\xff\xe0",
        "image/png" => b"\x89PNG\r\n\x1a\n",
        "image/tiff" => b"II*\0\x08\0\0\0",
        // A header of 40 bytes (BITMAPINFOHEADER), as its length in bytes 14 to 17 says.
        "image/bmp" => b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0",
        "application/msword" | "application/vnd.ms-excel" => b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "image/vnd.dwg" => b"AC1032\0",
        "application/xml" => b"<?xml version=\"1.0\"?>",
        "text/plain" => b"",
        // OFD, the Office formats and archives: an archive without an entry.
        _ => b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::file_kind::judge;

    #[test]
    fn a_sample_material_is_what_it_is_declared_as() {
        for content_type in crate::application::materials::MEDIA_TYPES.iter().copied() {
            let need = Need {
                seq: 1,
                name: "营业执照".to_owned(),
                file_name: "sample-1".to_owned(),
                content_type,
            };
            for bytes in [0, 1_024] {
                let content = material_content(&need, 7, bytes);
                assert_eq!(judge(content_type, &content), Ok(()), "{content_type}");
                assert!(content.len() >= bytes);
                assert_ne!(content, material_content(&need, 8, bytes));
            }
        }
    }
}

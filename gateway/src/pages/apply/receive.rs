//! Reads what a form of the apply pages sends (`multipart/form-data`, RFC 7578): texts are kept within bounds, files go straight to
//! the store and are never held in memory.

use super::draft::{Action, Draft, FILE, Upload};
use super::paced::{Ahead, Paced, PartBytes};
use crate::application::Hall;
use crate::application::call::Call;
use crate::application::materials::{self, Described};
use crate::application::refusal::Refusal;
use crate::intake::materials::has_format;
use crate::intake::request::MATERIALS_MAX;
use crate::pages::form::typed::{TooMuch, VALUE_BYTES_MAX, VALUES_MAX};
use crate::pages::texts::apply as texts;
use crate::text::Text;
use axum::body::Body;
use futures_util::{StreamExt, TryStreamExt};
use http::StatusCode;
use multer::{Constraints, Field, Multipart, SizeLimit};
use tongban_catalog::item::{Material, ServiceItem};
use tongban_catalog::source::Finding;

/// Most parts of one form: every value, every file, and what the pages add.
const PARTS_MAX: usize = VALUES_MAX + MATERIALS_MAX + 100;
/// Characters of a file name.
const FILE_NAME_MAX: usize = 200;

/// Extensions of files that are taken, and their media types.
const KINDS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("ofd", "application/ofd"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("bmp", "image/bmp"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
    ("dwg", "image/vnd.dwg"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
];

/// What came.
#[derive(Debug, Default)]
pub struct Received {
    /// Everything that could be read.
    pub draft: Draft,
    /// What was wrong with files.
    pub faults: Vec<Finding>,
    /// Why reading stopped before the end, if it did.
    pub stopped: Option<Stopped>,
}

/// Why a form was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// The status of the answer.
    pub status: StatusCode,
    /// In words.
    pub words: Text,
}

const TOO_LARGE: Stopped = Stopped {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    words: texts::BODY_TOO_LARGE,
};
const TOO_MANY: Stopped = Stopped {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    words: texts::TOO_MANY_PARTS,
};
const BROKEN: Stopped = Stopped {
    status: StatusCode::BAD_REQUEST,
    words: texts::BROKEN_OFF,
};

/// The bytes of one form with its files: no more than one client may have uploaded without an application, and the texts.
#[must_use]
pub fn body_bytes_max(unbound_bytes_max: u64) -> u64 {
    unbound_bytes_max.saturating_add(4 << 20)
}

/// The media types and extensions that a file field offers to choose from.
#[must_use]
pub fn accept(material: &Material) -> String {
    let taken = |extension: &str| {
        material.formats.is_empty() || material.formats.iter().any(|own| own == extension)
    };
    let known = KINDS.iter().filter(|(extension, _)| taken(extension));
    let mut offered: Vec<String> = known
        .map(|(extension, _)| format!(".{extension}"))
        .collect();
    offered.dedup();
    offered.join(",")
}

/// Reads a form.
///
/// # Errors
/// 400 when it is no `multipart/form-data` at all. What breaks later is told in [`Received::stopped`], with what came before.
pub async fn receive(
    hall: &Hall,
    call: &Call,
    item: &ServiceItem,
    body: Body,
) -> Result<Received, Refusal> {
    let content_type = call.header("content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, texts::NOT_A_FORM))?;
    let bytes_max = body_bytes_max(hall.uploads.unbound_bytes_max());
    let bounds = Constraints::new().size_limit(SizeLimit::new().whole_stream(bytes_max));
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    let ahead = Ahead::default();
    let stream = Paced::new(stream, ahead.clone());
    let mut parts = Multipart::with_constraints(stream, boundary, bounds);
    let mut reader = Reader {
        hall,
        call,
        item,
        ahead,
        received: Received::default(),
    };
    let mut count = 0;
    loop {
        reader.ahead.caught_up();
        let part = match parts.next_field().await {
            Ok(None) => break,
            Ok(Some(part)) => part,
            Err(error) => {
                reader.received.stopped = Some(stopped(&error));
                break;
            }
        };
        // The head of a part is a piece that came out, too: a whole form may arrive as one piece.
        reader.ahead.caught_up();
        count += 1;
        let taken = match count > PARTS_MAX {
            true => Err(TOO_MANY),
            false => reader.part(part).await,
        };
        if let Err(stopped) = taken {
            reader.received.stopped = Some(stopped);
            break;
        }
    }
    Ok(reader.received)
}

struct Reader<'r> {
    hall: &'r Hall,
    call: &'r Call,
    item: &'r ServiceItem,
    ahead: Ahead,
    received: Received,
}

impl Reader<'_> {
    async fn part(&mut self, part: Field<'static>) -> Result<(), Stopped> {
        let name = part.name().unwrap_or_default().to_owned();
        let seq = name
            .strip_prefix(FILE)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|seq| seq.parse::<u16>().ok());
        let file_name = cleaned(part.file_name().unwrap_or_default());
        let mut bytes = PartBytes::new(part, self.ahead.clone());
        match seq {
            Some(seq) => self.file(seq, file_name, bytes.clone()).await?,
            None => self.text(&name, bytes.clone()).await?,
        }
        // Whatever its reader left is read past, so that the parts behind it are reached.
        while let Some(rest) = bytes.next().await {
            rest.map_err(|e| stopped(&e))?;
        }
        Ok(())
    }

    async fn text(&mut self, name: &str, mut part: PartBytes) -> Result<(), Stopped> {
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await.transpose().map_err(|e| stopped(&e))? {
            if bytes.len() + chunk.len() > VALUE_BYTES_MAX {
                return Err(TOO_LARGE);
            }
            bytes.extend_from_slice(&chunk);
        }
        // A browser sends UTF-8, the page's encoding; what is not is shown with replacement characters, for the person to mend.
        let value = String::from_utf8_lossy(&bytes);
        let draft = &mut self.received.draft;
        match name {
            "key" => draft.key = value.into_owned(),
            "situation" => draft.situation = value.trim().to_owned(),
            "region" => draft.region = value.trim().to_owned(),
            "text" => draft.words = value.into_owned(),
            "action" => draft.action = Action::of(&value),
            "material" => {
                if draft.uploads.len() >= MATERIALS_MAX {
                    return Err(TOO_MANY);
                }
                let upload = Upload::of_wire(&value);
                draft
                    .uploads
                    .extend(upload.filter(|u| !draft.uploads.contains(u)));
            }
            _ if is_typed(name) => {
                let added = draft.typed.add(name, &value);
                added.map_err(|TooMuch| TOO_LARGE)?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn file(&mut self, seq: u16, file_name: String, part: PartBytes) -> Result<(), Stopped> {
        // A file field that nobody has used is sent without a name.
        if file_name.is_empty() {
            return Ok(());
        }
        let Some(material) = self.item.material(seq) else {
            return Ok(());
        };
        let fault = |code, text: Text| {
            let values = [("file", file_name.as_str())];
            let both = crate::pages::form::texts::both(text, &values);
            Finding::new(format!("/{}", Upload::field(seq)), code, both.zh, both.en)
        };
        if self.received.draft.uploads.len() >= MATERIALS_MAX {
            return Err(TOO_MANY);
        }
        let Some(content_type) = content_type(&file_name) else {
            let fault = fault("media_type_not_allowed", texts::FILE_KIND);
            self.received.faults.push(fault);
            return Ok(());
        };
        if !has_format(&file_name, &material.formats) {
            let fault = fault("material_format", texts::FILE_FORMAT);
            self.received.faults.push(fault);
            return Ok(());
        }
        let described = Described {
            content_type,
            file_name: file_name.clone(),
        };
        let bytes = part.map_err(std::io::Error::other).boxed();
        match materials::keep(self.hall, self.call, described, bytes).await {
            Ok(record) if record.size == 0 => {
                self.received
                    .faults
                    .push(fault("file_empty", texts::FILE_EMPTY));
            }
            Ok(record) => self.uploaded(material, record.id),
            Err(refusal) => {
                let fault = self.refused(seq, &file_name, refusal)?;
                self.received.faults.push(fault);
            }
        }
        Ok(())
    }

    /// A file for a material that takes one alone takes the place of the earlier one.
    fn uploaded(&mut self, material: &Material, id: String) {
        let uploads = &mut self.received.draft.uploads;
        if !material.several {
            uploads.retain(|upload| upload.seq != material.seq);
        }
        uploads.push(Upload {
            seq: material.seq,
            id,
        });
    }

    fn refused(&self, seq: u16, file_name: &str, refusal: Refusal) -> Result<Finding, Stopped> {
        let problem = refusal.into_problem(self.call.language);
        if problem.code == crate::application::texts::BODY_INTERRUPTED.key {
            return Err(BROKEN);
        }
        let text = match problem.status {
            StatusCode::PAYLOAD_TOO_LARGE => texts::FILE_TOO_LARGE,
            _ => texts::FILE_REFUSED,
        };
        let most = crate::pages::words::size_limit(self.hall.uploads.material_bytes_max());
        let words = |title: &str, language| {
            text.fill(
                language,
                &[("file", file_name), ("most", &most), ("why", title)],
            )
        };
        let zh = words(problem.title.zh, crate::text::Language::Chinese);
        let en = words(problem.title.en, crate::text::Language::English);
        Ok(Finding::new(
            format!("/{}", Upload::field(seq)),
            problem.code,
            zh,
            en,
        ))
    }
}

fn is_typed(name: &str) -> bool {
    let name = name.strip_prefix("rows:").unwrap_or(name);
    name.starts_with("applicant/") || name.starts_with("form/")
}

fn stopped(error: &multer::Error) -> Stopped {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            TOO_LARGE
        }
        _ => BROKEN,
    }
}

/// The media type of an extension: what the browser says differs from machine to machine.
fn content_type(file_name: &str) -> Option<&'static str> {
    let (_, extension) = file_name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    let found = KINDS.iter().find(|(own, _)| *own == extension);
    found.map(|(_, kind)| *kind)
}

/// A file name without folders, control characters and marks that turn the direction of writing; at most [`FILE_NAME_MAX`]
/// characters, of which the extension is the last to go.
fn cleaned(file_name: &str) -> String {
    let last = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turning = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control() && !turning(*c))
        .collect();
    let kept = kept.trim().trim_matches('.').trim();
    let count = kept.chars().count();
    if count <= FILE_NAME_MAX {
        return kept.to_owned();
    }
    match kept.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() < 12 => {
            let room = FILE_NAME_MAX - 1 - extension.chars().count();
            let stem: String = stem.chars().take(room).collect();
            format!("{}.{extension}", stem.trim())
        }
        _ => kept.chars().take(FILE_NAME_MAX).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lose_what_could_lead_astray_and_keep_their_extension() {
        for (given, expected) in [
            ("C:\\Users\\张三\\报告.pdf", "报告.pdf"),
            ("../../etc/passwd", "passwd"),
            (" exe\u{202e}fdp.pdf ", "exefdp.pdf"),
            ("a\u{0}\nb.pdf", "ab.pdf"),
            ("...", ""),
            ("", ""),
            ("𠮷<b>.pdf", "𠮷<b>.pdf"),
        ] {
            assert_eq!(cleaned(given), expected, "{given:?}");
        }
        let long = cleaned(&format!("{}.pdf", "长".repeat(500)));
        assert_eq!(long.chars().count(), FILE_NAME_MAX);
        assert!(long.ends_with("长.pdf"));
    }

    #[test]
    fn every_kind_of_file_that_pages_offer_is_one_that_the_interface_takes() {
        for (extension, kind) in KINDS {
            assert!(materials::MEDIA_TYPES.contains(kind), "{extension}");
            assert_eq!(
                content_type(&format!("A.{}", extension.to_uppercase())),
                Some(*kind)
            );
        }
        for taken in materials::MEDIA_TYPES {
            assert!(KINDS.iter().any(|(_, kind)| kind == taken), "{taken}");
        }
        assert_eq!(content_type("page.html"), None);
        assert_eq!(content_type("none"), None);
    }
}

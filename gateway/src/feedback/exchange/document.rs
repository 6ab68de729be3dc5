//! Documents that partners hand back (结果文书回传): the same rules whether they come by themselves or inside a callback.

use super::ExchangeRoom;
use super::texts;
use crate::entropy::EntropyError;
use crate::store::StoreError;
use crate::store::case::CaseRecord;
use crate::store::material::{ByteStream, DocumentRecord, NewDocument, NewMaterial, UploadOutcome};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tongban_adapters::exchange::{CallbackAnswer, CallbackDocument};

/// Kinds of documents with their names for people, where the partner gives none.
const KINDS: &[(&str, &str)] = &[
    ("acceptance", "受理通知书"),
    ("correction_notice", "补正告知书"),
    ("decision", "审批决定书"),
    ("certificate", "证照"),
];

/// Characters of a file name, of a document's name and of its number.
pub(super) const NAME_MAX: usize = 200;

/// The name for people of a kind; `None` when there is no such kind.
pub(super) fn kind_name(kind: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(word, _)| *word == kind)
        .map(|(_, name)| *name)
}

/// Whether a name can stand in a list, a header and a folder.
pub(super) fn is_fit_name(name: &str) -> bool {
    !name.trim().is_empty()
        && name.chars().count() <= NAME_MAX
        && !name
            .chars()
            .any(|c| c.is_control() || matches!(c, '/' | '\\'))
}

/// What became of a document.
#[derive(Debug)]
pub(super) enum Kept {
    /// Stored, or known already by its bytes.
    Stored(Box<DocumentRecord>),
    /// No case of this system has that number.
    UnknownCase,
    /// Kind, name or file name is not usable.
    Unfit,
    /// More bytes than allowed.
    TooLarge,
    /// The body broke off.
    BrokenOff,
}

impl Kept {
    /// Stable code.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Stored(_) => "taken",
            Self::UnknownCase => texts::UNKNOWN_CASE.key,
            Self::Unfit => texts::DOCUMENT_HEADERS.key,
            Self::TooLarge => crate::edge::texts::BODY_TOO_LARGE.key,
            Self::BrokenOff => texts::BROKEN_OFF.key,
        }
    }

    /// The answer in a callback.
    pub(super) fn into_answer(self) -> CallbackAnswer {
        let reason = match &self {
            Self::Stored(_) => return CallbackAnswer::Taken,
            Self::UnknownCase => texts::UNKNOWN_CASE.zh,
            Self::Unfit => texts::DOCUMENT_HEADERS.zh,
            Self::TooLarge => crate::edge::texts::BODY_TOO_LARGE.zh,
            Self::BrokenOff => texts::BROKEN_OFF.zh,
        };
        CallbackAnswer::Refused {
            code: self.code().to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// Why a document could not be stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// A document's facts, all checked.
pub(super) struct Facts {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) number: String,
    pub(super) file_name: String,
    pub(super) content_type: String,
}

/// Stores a document of a case that this system has.
pub(super) async fn keep(
    room: &ExchangeRoom,
    system_id: &str,
    case: &CaseRecord,
    facts: Facts,
    body: ByteStream,
) -> Result<Kept, DocumentError> {
    let issuer = room
        .definition(system_id)
        .map_or_else(|_| system_id.to_owned(), |d| d.name().to_owned());
    let document = NewDocument {
        case_no: case.case_no.clone(),
        system_id: system_id.to_owned(),
        kind: facts.kind,
        name: facts.name,
        number: facts.number,
        issuer,
        validity: String::new(),
    };
    let material = NewMaterial {
        id: room.entropy.capability()?,
        client: format!("system:{system_id}"),
        content_type: facts.content_type,
        file_name: facts.file_name,
        created_at: room.now(),
        max_bytes: room.document_bytes_max(),
        max_unbound_bytes: room.document_bytes_max(),
    };
    Ok(
        match room
            .store()
            .store_document(document, material, body)
            .await?
        {
            Ok(record) => Kept::Stored(Box::new(record)),
            Err(UploadOutcome::TooLarge | UploadOutcome::OverCap) => Kept::TooLarge,
            Err(UploadOutcome::Interrupted | UploadOutcome::Stored(_)) => Kept::BrokenOff,
        },
    )
}

/// Stores a document that came inside a callback; its digest was compared by the adapter.
pub(super) async fn of_callback(
    room: &ExchangeRoom,
    system_id: &str,
    handed_back: CallbackDocument,
) -> Result<Kept, DocumentError> {
    let Some(case) = room.notified_case(system_id, &handed_back.case).await? else {
        return Ok(Kept::UnknownCase);
    };
    let fit = |text: &str| text.is_empty() || is_fit_name(text);
    let Some(kind_name) = kind_name(&handed_back.kind) else {
        return Ok(Kept::Unfit);
    };
    if !is_fit_name(&handed_back.file_name) || !fit(&handed_back.name) || !fit(&handed_back.number)
    {
        return Ok(Kept::Unfit);
    }
    let name = if handed_back.name.is_empty() {
        kind_name.to_owned()
    } else {
        handed_back.name
    };
    let facts = Facts {
        kind: handed_back.kind,
        name,
        number: handed_back.number,
        content_type: media_type(&handed_back.file_name).to_owned(),
        file_name: handed_back.file_name,
    };
    let body = stream::iter([Ok(Bytes::from(handed_back.body))]).boxed();
    keep(room, system_id, &case, facts, body).await
}

/// The media type of a file by its extension, for protocols that tell none.
fn media_type(file_name: &str) -> &'static str {
    let extension = file_name
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "ofd" => "application/ofd",
        "xml" => "application/xml",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_leave_its_folder_or_its_line_is_unfit() {
        for (name, fit) in [
            ("许可证.pdf", true),
            ("a b.pdf", true),
            ("", false),
            (" ", false),
            ("../etc/passwd", false),
            ("a\\b", false),
            ("a\r\nb", false),
            (&"长".repeat(NAME_MAX), true),
            (&"长".repeat(NAME_MAX + 1), false),
        ] {
            assert_eq!(is_fit_name(name), fit, "{name:?}");
        }
    }
}

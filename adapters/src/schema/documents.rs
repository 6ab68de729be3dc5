//! Where the documents of a description come from (描述文件的来源).
//!
//! A folder, a ZIP archive, an address and the `?xsd=` parameters of a server are one thing to the readers: a location that is
//! written in a document is resolved against the location of that document (RFC 3986, section 5.2), and the caller gives the bytes
//! or refuses. So this room opens no file and no socket, and every rule about what may be fetched stays with the caller.

use std::collections::BTreeMap;
use thiserror::Error;

/// A document as it was had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Character set from outside (a content type), as named there.
    pub charset: Option<String>,
}

/// Why a document is not given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is none at that place")]
    NotFound,
    /// The place is not one that may be read: another host, a folder outside.
    #[error("the place is not allowed: {0}")]
    NotAllowed(String),
    /// Larger than may be.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// The source failed.
    #[error("the source failed: {0}")]
    Failed(String),
}

impl Refusal {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "document_not_found",
            Self::NotAllowed(_) => "document_not_allowed",
            Self::TooLarge(_) => "document_too_large",
            Self::Failed(_) => "document_failed",
        }
    }
}

/// A source of documents.
pub trait Documents {
    /// The location that `reference`, written in the document at `base`, stands for. The same document has the same location
    /// however it is referred to, as far as the source can tell.
    ///
    /// # Errors
    /// [`Refusal`] for a reference that leads where nothing may be read.
    fn resolve(&self, base: &str, reference: &str) -> Result<String, Refusal> {
        Ok(resolve_reference(base, reference))
    }

    /// The document at a location.
    ///
    /// # Errors
    /// [`Refusal`].
    fn read(&mut self, location: &str) -> Result<Document, Refusal>;
}

/// Documents in memory by location: a folder or an archive that was read already (内存中的文件集).
///
/// A reference is looked up as written, then with its percent escapes decoded, then without regard to case (archives come from
/// systems that have none), and at last by its file name alone where just one document has it: an exported description often keeps
/// the addresses of the server that it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryDocuments {
    documents: BTreeMap<String, Vec<u8>>,
}

impl MemoryDocuments {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, location: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.documents.insert(location.into(), bytes.into());
        self
    }

    fn found(&self, location: &str) -> Option<&String> {
        let exact = |wanted: &str| self.documents.get_key_value(wanted).map(|(key, _)| key);
        let decoded = percent_decoded(location);
        let same_case = || {
            let mut all = self.documents.keys();
            all.find(|key| key.to_lowercase() == decoded.to_lowercase())
        };
        let by_name = || {
            let name = file_name(&decoded)?;
            let mut all = self
                .documents
                .keys()
                .filter(|key| file_name(key) == Some(name));
            all.next().filter(|_| all.next().is_none())
        };
        exact(location)
            .or_else(|| exact(&decoded))
            .or_else(same_case)
            .or_else(by_name)
    }
}

impl Documents for MemoryDocuments {
    fn resolve(&self, base: &str, reference: &str) -> Result<String, Refusal> {
        let location = resolve_reference(base, reference);
        Ok(self.found(&location).cloned().unwrap_or(location))
    }

    fn read(&mut self, location: &str) -> Result<Document, Refusal> {
        let found = self.found(location).ok_or(Refusal::NotFound)?;
        Ok(Document {
            bytes: self.documents[found].clone(),
            charset: None,
        })
    }
}

fn file_name(location: &str) -> Option<&str> {
    let path = location.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().filter(|name| name.contains('.'))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes[at] == b'%' && text.is_char_boundary(at + 1);
        let value = text
            .get(at + 1..at + 3)
            .filter(|_| escaped)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// A reference against a base (RFC 3986, 5.2.2 to 5.2.4); both may be paths without a scheme, and back slashes in a path are taken
/// as slashes. The fragment is dropped. Dot segments never lead out of the top.
#[must_use]
pub fn resolve_reference(base: &str, reference: &str) -> String {
    let reference = reference.trim();
    let reference = reference.split('#').next().unwrap_or_default();
    if reference.is_empty() {
        return base.split('#').next().unwrap_or_default().to_owned();
    }
    if has_scheme(reference) {
        return without_dots(reference);
    }
    let reference = &reference.replace('\\', "/");
    let base = base.split('#').next().unwrap_or_default();
    let (head, path) = head_and_path(base);
    let path = path.split('?').next().unwrap_or_default();
    if reference.starts_with("//") {
        let scheme = head.split("//").next().unwrap_or_default();
        return without_dots(&format!("{scheme}{reference}"));
    }
    if reference.starts_with('?') {
        return format!("{head}{path}{reference}");
    }
    if reference.starts_with('/') {
        return without_dots(&format!("{head}{reference}"));
    }
    let folder = path.rfind('/').map_or("", |at| &path[..=at]);
    let folder = match folder.is_empty() && !head.is_empty() {
        true => "/",
        false => folder,
    };
    without_dots(&format!("{head}{folder}{reference}"))
}

/// A drive letter is no scheme: `C:\a.xsd`.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Scheme with authority, and the rest.
fn head_and_path(location: &str) -> (&str, &str) {
    if !has_scheme(location) {
        return ("", location);
    }
    let after_scheme = location.find(':').map_or(0, |at| at + 1);
    match location[after_scheme..].strip_prefix("//") {
        Some(authority) => {
            let start = after_scheme + 2;
            let end = authority
                .find(['/', '?'])
                .map_or(location.len(), |at| start + at);
            location.split_at(end)
        }
        None => location.split_at(after_scheme),
    }
}

fn without_dots(location: &str) -> String {
    let (head, rest) = head_and_path(location);
    let (path, query) = match rest.find('?') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let mut kept: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/');
    let mut segments = path.split('/').skip(usize::from(absolute)).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if segments.peek().is_none() {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    let root = if absolute { "/" } else { "" };
    format!("{head}{root}{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_rfc_3986_has_it() {
        let cases = [
            ("http://a/b/c/d?q", "g", "http://a/b/c/g"),
            ("http://a/b/c/d?q", "./g", "http://a/b/c/g"),
            ("http://a/b/c/d?q", "/g", "http://a/g"),
            ("http://a/b/c/d?q", "//h/g", "http://h/g"),
            ("http://a/b/c/d?q", "?y", "http://a/b/c/d?y"),
            ("http://a/b/c/d?q", "../../../g", "http://a/g"),
            ("http://a/b/c/d?q", "ftp://x/y", "ftp://x/y"),
            ("http://a/b/c/d?q", "", "http://a/b/c/d?q"),
            (
                "http://a/Svc.asmx?wsdl",
                "?xsd=xsd0",
                "http://a/Svc.asmx?xsd=xsd0",
            ),
            ("http://a", "g", "http://a/g"),
            ("a/b.wsdl", "../x/c.xsd", "x/c.xsd"),
            ("a/b.wsdl", "..\\..\\..\\c.xsd", "c.xsd"),
            ("b.wsdl", "c d.xsd#f", "c d.xsd"),
        ];
        for (base, reference, expected) in cases {
            assert_eq!(resolve_reference(base, reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_document_of_an_archive_is_found_by_escapes_case_and_its_name_alone() {
        let mut documents = MemoryDocuments::new()
            .with("wsdl/a.wsdl", "a")
            .with("wsdl/xsd/数据 1.xsd", "b")
            .with("Other.XSD", "c");
        for (reference, bytes) in [
            ("xsd/%E6%95%B0%E6%8D%AE%201.xsd", "b"),
            ("../other.xsd", "c"),
            ("http://10.1.2.3/app/Other.XSD", "c"),
        ] {
            let location = documents.resolve("wsdl/a.wsdl", reference).unwrap();
            assert_eq!(documents.read(&location).unwrap().bytes, bytes.as_bytes());
        }
        let nowhere = documents.resolve("wsdl/a.wsdl", "../../../etc/passwd");
        assert_eq!(documents.read(&nowhere.unwrap()), Err(Refusal::NotFound));
    }
}

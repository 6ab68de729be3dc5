//! The folder that a WSDL lies in, as a source of documents.

use super::CommandError;
use std::path::{Path, PathBuf};
use tongban_adapters::schema::{Document, Documents, Refusal, SchemaLimits, resolve_reference};

/// The files of one folder and those below it. Nothing outside is read, wherever a link or a `..` leads.
pub(super) struct FolderDocuments {
    root: PathBuf,
    read: Vec<(String, Vec<u8>)>,
}

impl FolderDocuments {
    /// The folder of that file.
    pub(super) fn of(main: &Path) -> Result<Self, CommandError> {
        let folder = main.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        let root = folder.canonicalize().map_err(|e| unreadable(folder, &e))?;
        Ok(Self {
            root,
            read: Vec::new(),
        })
    }

    /// The location of that file in its folder.
    pub(super) fn location(main: &Path) -> Result<String, CommandError> {
        let name = main.file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| {
            CommandError::Usage(format!(
                "{}: a file name in UTF-8 is needed",
                main.display()
            ))
        })
    }

    /// What was read so far: locations and bytes.
    pub(super) fn documents(&self) -> &[(String, Vec<u8>)] {
        &self.read
    }

    fn inside(&self, location: &str) -> Result<PathBuf, Refusal> {
        let path = self.root.join(location.trim_start_matches('/'));
        let path = path.canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Refusal::NotFound,
            _ => Refusal::Failed(error.to_string()),
        })?;
        match path.starts_with(&self.root) {
            true => Ok(path),
            false => Err(Refusal::NotAllowed(
                "it lies outside the folder of the WSDL".to_owned(),
            )),
        }
    }
}

impl Documents for FolderDocuments {
    /// A file of the folder; what was saved from an address is looked for by its file name.
    fn resolve(&self, base: &str, reference: &str) -> Result<String, Refusal> {
        let location = resolve_reference(base, reference);
        if self.inside(&location).is_ok() {
            return Ok(location);
        }
        let name = location.rsplit('/').next().unwrap_or_default();
        // wget saves `Service.svc?xsd=xsd0` under that name, or with @ where a `?` may not stand; browsers leave the query out.
        let bare = name.split('?').next().unwrap_or_default();
        for candidate in [name, &name.replacen('?', "@", 1), bare] {
            let same = candidate == base || candidate.is_empty();
            if !same && self.inside(candidate).is_ok_and(|path| path.is_file()) {
                return Ok(candidate.to_owned());
            }
        }
        Ok(location)
    }

    fn read(&mut self, location: &str) -> Result<Document, Refusal> {
        let limit = SchemaLimits::default().document_bytes;
        if location.contains("://") {
            return Err(Refusal::NotAllowed(
                "addresses are not fetched: save the file into the folder of the WSDL".to_owned(),
            ));
        }
        let path = self.inside(location)?;
        let failed = |error: std::io::Error| Refusal::Failed(error.to_string());
        let length = path.metadata().map_err(failed)?.len();
        if length > limit as u64 {
            return Err(Refusal::TooLarge(limit));
        }
        let bytes = std::fs::read(&path).map_err(failed)?;
        self.read.push((location.to_owned(), bytes.clone()));
        Ok(Document {
            bytes,
            charset: None,
        })
    }
}

/// A path that cannot be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Failed(format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_is_read() {
        let out = tempfile::tempdir().unwrap();
        let inside = out.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        let schema = "<schema xmlns='http://www.w3.org/2001/XMLSchema'/>";
        std::fs::write(out.path().join("outside.xsd"), schema).unwrap();
        std::fs::write(inside.join("a.wsdl"), "<a/>").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(out.path().join("outside.xsd"), inside.join("link.xsd"))
            .unwrap();
        let mut source = FolderDocuments::of(&inside.join("a.wsdl")).unwrap();
        for reference in [
            "../outside.xsd",
            "/etc/passwd",
            "link.xsd",
            "file:///etc/passwd",
            "http://127.0.0.1/a.xsd",
        ] {
            let location = source.resolve("a.wsdl", reference).unwrap();
            let read = source.read(&location);
            let refused = matches!(read, Err(Refusal::NotFound | Refusal::NotAllowed(_)));
            assert!(refused, "{reference}: {read:?}");
        }
    }
}

//! The entries of the collection and their documents.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tongban_adapters::schema::{
    Document, Documents, MemoryDocuments, Refusal, SchemaFault, SchemaLimits, resolve_reference,
};
use tongban_adapters::wsdl::{CompiledService, read_wsdl};

/// Where the collection lies.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wsdl_collection")
}

/// `collection.json`.
pub(crate) fn collection() -> Json {
    let text = fs::read_to_string(folder().join("collection.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The description of an entry, compiled.
pub(crate) fn compiled(folder: &Path, entry: &Json) -> Result<CompiledService, SchemaFault> {
    let limits = SchemaLimits::default();
    let main = entry["main"].as_str().unwrap();
    let mut documents = EntryDocuments::of(folder, entry);
    let description = read_wsdl(&mut documents, main, &limits)?;
    CompiledService::compile(description, &limits)
}

/// The files of an entry's folder, and which of them its addresses stand for. Nothing else can be had, so nothing is fetched.
pub(crate) struct EntryDocuments {
    files: MemoryDocuments,
    locations: BTreeMap<String, String>,
}

impl EntryDocuments {
    pub(crate) fn of(folder: &Path, entry: &Json) -> Self {
        let mut files = MemoryDocuments::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(inside) = folders.pop() {
            for file in fs::read_dir(inside).unwrap() {
                let path = file.unwrap().path();
                match path.is_dir() {
                    true if path.ends_with("samples") => {}
                    true => folders.push(path),
                    false => {
                        let location = path.strip_prefix(folder).unwrap().to_str().unwrap();
                        files = files.with(location, fs::read(&path).unwrap());
                    }
                }
            }
        }
        let named = entry["locations"].as_object().into_iter().flatten();
        let locations =
            named.map(|(address, file)| (address.clone(), file.as_str().unwrap().to_owned()));
        Self {
            files,
            locations: locations.collect(),
        }
    }
}

impl Documents for EntryDocuments {
    fn resolve(&self, base: &str, reference: &str) -> Result<String, Refusal> {
        let address = resolve_reference(base, reference);
        match self.locations.get(&address) {
            Some(file) => Ok(file.clone()),
            None => self.files.resolve(base, reference),
        }
    }

    fn read(&mut self, location: &str) -> Result<Document, Refusal> {
        self.files.read(location)
    }
}

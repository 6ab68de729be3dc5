//! Verbs of these tests.

use std::path::{Path, PathBuf};
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::drafting::{Draft, DraftOrder, draft};
use tongban_adapters::schema::{MemoryDocuments, SchemaLimits};
use tongban_adapters::wsdl::{Description, read_wsdl};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wsdl_collection")
}

/// A service of the collection with all files of its folder.
pub(crate) fn description(name: &str, entry: &serde_json::Value) -> Result<Description, String> {
    let folder = folder().join(name);
    let mut source = MemoryDocuments::new();
    for (location, bytes) in files(&folder, &folder) {
        source = source.with(location, bytes);
    }
    let locations = entry["locations"].as_object().into_iter().flatten();
    for (location, file) in locations {
        let bytes = std::fs::read(folder.join(file.as_str().unwrap())).unwrap();
        source = source.with(location.as_str(), bytes);
    }
    let main = entry["main"].as_str().unwrap();
    read_wsdl(&mut source, main, &SchemaLimits::default()).map_err(|fault| fault.to_string())
}

fn files(root: &Path, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("samples") {
                found.extend(files(root, &path));
            }
            continue;
        }
        let location = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        found.push((location, std::fs::read(&path).unwrap()));
    }
    found
}

pub(crate) fn services() -> Vec<(String, serde_json::Value)> {
    let text = std::fs::read(folder().join("collection.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let services = json["services"].as_object().unwrap();
    services
        .iter()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

#[track_caller]
pub(crate) fn described(name: &str) -> Description {
    let all = services();
    let (_, entry) = all.iter().find(|(known, _)| known == name).unwrap();
    description(name, entry).unwrap_or_else(|fault| panic!("{fault}"))
}

#[track_caller]
pub(crate) fn drafted(description: &Description) -> Draft {
    let order = DraftOrder {
        id: "hall-partner",
        source: "service.wsdl",
        service: None,
        port: None,
    };
    draft(description, &order).unwrap()
}

/// What the checker says of a text, with an empty environment.
pub(crate) fn checked(text: &str) -> Result<CompiledDefinition, Vec<String>> {
    let compiled = CompiledDefinition::compile("draft.yaml", text, &|_| None);
    compiled.map_err(|faults| {
        let lines = faults.iter();
        lines
            .map(|fault| fault.line_in(tongban_catalog::Language::English))
            .collect()
    })
}

//! The files of `config/`, for tests: read from the repository, since what is tested is what operators get.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::item::ServiceItem;
use crate::organisation::{OrganisationFile, OrganisationTree};
use crate::source::{Document, Placed, load_placed};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../config")
        .join(name)
}

fn load_folder<T: Document>(name: &str) -> Vec<Placed<T>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let load = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        load_placed(&name, &text).unwrap_or_else(|faults: Vec<_>| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        })
    };
    paths.iter().map(load).collect()
}

/// All items, in the order of their files; read once, since there are many and tests ask often.
pub(crate) fn items() -> Vec<Placed<ServiceItem>> {
    static ITEMS: LazyLock<Vec<Placed<ServiceItem>>> = LazyLock::new(|| load_folder("items"));
    ITEMS.clone()
}

/// The text of the file of one item.
pub(crate) fn item_text(id: &str) -> String {
    std::fs::read_to_string(folder("items").join(format!("{id}.yaml"))).unwrap()
}

/// One item.
pub(crate) fn item(id: &str) -> ServiceItem {
    crate::source::load_yaml(id, &item_text(id)).unwrap()
}

/// The text of any file of `config/`.
pub(crate) fn config_text(path: &str) -> String {
    std::fs::read_to_string(folder(path)).unwrap()
}

/// The files of bodies.
pub(crate) fn organisation_files() -> Vec<Placed<OrganisationFile>> {
    load_folder("organisations")
}

/// The bodies.
pub(crate) fn organisations() -> OrganisationTree {
    static TREE: LazyLock<OrganisationTree> =
        LazyLock::new(|| OrganisationTree::build(&organisation_files()).unwrap());
    TREE.clone()
}

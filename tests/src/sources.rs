//! A copy of the repository's `config/` that a test edits: definitions as it wants them, and the few items that the partners handle.

use crate::process::root;
use std::path::Path;

/// Makes a system's definition from its id and text.
pub type Edit<'a> = &'a dyn Fn(&str, String) -> String;

/// Copies `config/` into `folder`, with every system's definition as `edit` makes it of its id and text; returns where.
#[must_use]
pub fn edited(folder: &Path, edit: Edit<'_>) -> String {
    let copy = folder.join("config");
    copy_folder(&root().join("config"), &copy)
        .unwrap_or_else(|e| panic!("{}: {e}", copy.display()));
    let systems = copy.join("systems");
    let files = std::fs::read_dir(&systems).unwrap_or_else(|e| panic!("{e}"));
    for file in files.flatten() {
        let path = file.path();
        let id = path
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{e}"));
        std::fs::write(&path, edit(&id, text)).unwrap_or_else(|e| panic!("{e}"));
    }
    keep_items(&copy.join("items"));
    copy.display().to_string()
}

/// Back-offs and waits of milliseconds instead of minutes: what breaks off waits `idle` for a byte and `total` in all.
#[must_use]
pub fn hastened(text: &str, idle: &str, total: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("retry:") {
            "retry: { initial: 100ms, factor: 2, max: 800ms }".to_owned()
        } else if line.starts_with("timeout:") {
            format!("timeout: {{ connect: 1s, idle: {idle}, total: {total} }}")
        } else {
            line.to_owned()
        }
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    let quick = lines.join("\n") + "\n";
    assert!(
        quick.contains("max: 800ms") && quick.contains(&format!("total: {total}")),
        "{quick}"
    );
    quick
}

/// Leaves the items that the partners handle: who starts many halls need not register the whole catalogue in each.
fn keep_items(folder: &Path) {
    let kept = [
        "explosives-sales",
        "info-disclosure-zhuhai",
        "radio-station",
    ];
    let files = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{e}"));
    for file in files.flatten() {
        let path = file.path();
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        if !stem.is_some_and(|stem| kept.contains(&stem.as_str())) {
            std::fs::remove_file(&path).unwrap_or_else(|e| panic!("{e}"));
            continue;
        }
        // Relatives would be among those that are gone.
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{e}"));
        let lines = text.lines().filter(|line| !line.starts_with("related:"));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{e}"));
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &place)?;
        } else {
            std::fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

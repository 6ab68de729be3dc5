//! What must hold among the items of several files and the bodies.

use std::collections::{HashMap, HashSet};

use crate::item::{ItemId, ServiceItem};
use crate::organisation::OrganisationTree;
use crate::source::{Fault, Finding, Placed, nearest};

/// Checks items of several files against each other and against the bodies: no version twice, no code on two items,
/// bodies and related items that exist, versions that supersede what is there.
pub fn cross_check(files: &[Placed<ServiceItem>], organisations: &OrganisationTree) -> Vec<Fault> {
    let mut faults = Vec::new();
    repeated_versions(files, &mut faults);
    shared_codes(files, &mut faults);
    let ids: HashSet<&ItemId> = files.iter().map(|file| &file.value.id).collect();
    for file in files {
        body(file, organisations, &mut faults);
        for (index, related) in file.value.related.iter().enumerate() {
            if !ids.contains(related) {
                faults.push(unknown_item(
                    file,
                    &format!("/related/{index}"),
                    related,
                    &ids,
                ));
            }
        }
        if let Some(old) = &file.value.supersedes
            && old.id != file.value.id
            && !ids.contains(&old.id)
        {
            faults.push(unknown_item(file, "/supersedes/id", &old.id, &ids));
        }
    }
    faults
}

fn repeated_versions(files: &[Placed<ServiceItem>], faults: &mut Vec<Fault>) {
    let mut first = HashMap::new();
    for file in files {
        let earlier = first.entry(file.value.key()).or_insert(file);
        if !std::ptr::eq(*earlier, file) {
            let (key, other) = (file.value.key(), earlier.file());
            faults.push(file.fault(Finding::new(
                "/version",
                "version_repeated",
                format!("{key} 已在 {other} 定义"),
                format!("{key} is defined in {other} already"),
            )));
        }
    }
}

fn shared_codes(files: &[Placed<ServiceItem>], faults: &mut Vec<Fault>) {
    let mut first: HashMap<&str, &Placed<ServiceItem>> = HashMap::new();
    for file in files {
        for (index, code) in file.value.codes.iter().enumerate() {
            let earlier = first.entry(code.as_str()).or_insert(file);
            if earlier.value.id != file.value.id {
                let other = earlier.file();
                faults.push(file.fault(Finding::new(
                    format!("/codes/{index}/value"),
                    "code_shared",
                    format!("编码 {code} 已被另一事项使用（{other}）"),
                    format!("another item has the code {code} ({other})"),
                )));
            }
        }
    }
}

fn body(file: &Placed<ServiceItem>, organisations: &OrganisationTree, faults: &mut Vec<Fault>) {
    let own = &file.value.org;
    let Some(body) = organisations.get(&own.id) else {
        let finding = Finding::new(
            "/org/id",
            "unknown_organisation",
            format!("没有机构 {}", own.id),
            format!("there is no body {}", own.id),
        );
        let known = organisations.iter().map(|body| body.id.as_str());
        faults.push(file.fault(finding.with_suggestion(nearest(own.id.as_str(), known))));
        return;
    };
    for (key, written, expected) in [
        ("name", own.name.as_str(), body.name.as_str()),
        ("uscc", own.uscc.as_str(), body.uscc.as_str()),
    ] {
        if written != expected {
            faults.push(file.fault(Finding::new(
                format!("/org/{key}"),
                "organisation_differs",
                format!("机构 {} 登记的是“{expected}”", own.id),
                format!("the body {} is registered with `{expected}`", own.id),
            )));
        }
    }
}

fn unknown_item(
    file: &Placed<ServiceItem>,
    pointer: &str,
    id: &ItemId,
    known: &HashSet<&ItemId>,
) -> Fault {
    let finding = Finding::new(
        pointer,
        "unknown_item",
        format!("没有事项 {id}"),
        format!("there is no item {id}"),
    );
    let near = nearest(id.as_str(), known.iter().map(|id| id.as_str()));
    file.fault(finding.with_suggestion(near))
}

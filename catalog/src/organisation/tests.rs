#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use super::*;
use crate::source::load_placed;

fn file(name: &str, bodies: &[(&str, &str)]) -> Placed<OrganisationFile> {
    let mut text = format!("schema: {ORGANISATIONS_SCHEMA}\norganisations:\n");
    for (id, parent) in bodies {
        let parent = if parent.is_empty() {
            String::new()
        } else {
            format!(", parent: {parent}")
        };
        text += &format!(
            "- {{id: {id}, name: 某局, uscc: 12441500196720244T, region: 440000{parent}}}\n"
        );
    }
    load_placed(name, &text).unwrap()
}

fn id(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

fn told(files: &[Placed<OrganisationFile>]) -> Vec<(String, u32, &'static str)> {
    let faults = OrganisationTree::build(files).err().unwrap_or_default();
    faults
        .into_iter()
        .map(|fault| (fault.file, fault.line, fault.code))
        .collect()
}

#[test]
fn a_tree_of_several_files_is_walked_up_and_down() {
    let files = [
        file(
            "a.yaml",
            &[
                ("province", ""),
                ("commission", "province"),
                ("zhuhai", "province"),
            ],
        ),
        file(
            "b.yaml",
            &[
                ("zhuhai-bureau", "zhuhai"),
                ("zhuhai-office", "zhuhai-bureau"),
                ("elsewhere", ""),
            ],
        ),
    ];
    let tree = OrganisationTree::build(&files).unwrap();
    let ids = |bodies: Vec<&Organisation>| {
        bodies
            .iter()
            .map(|body| body.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(tree.ancestors(&id("zhuhai-office")).collect()),
        ["zhuhai-bureau", "zhuhai", "province"]
    );
    assert_eq!(
        ids(tree.descendants(&id("province"))),
        ["commission", "zhuhai", "zhuhai-bureau", "zhuhai-office"]
    );
    assert!(tree.contains(&id("province"), &id("zhuhai-office")));
    assert!(tree.contains(&id("zhuhai"), &id("zhuhai")));
    assert!(!tree.contains(&id("zhuhai"), &id("commission")));
    assert!(!tree.contains(&id("province"), &id("elsewhere")));
    assert!(!tree.contains(&id("nobody"), &id("nobody")));
}

#[test]
fn repeated_ids_and_unknown_parents_are_told_with_file_and_line() {
    let files = [
        file("a.yaml", &[("one", ""), ("two", "oen")]),
        file("b.yaml", &[("one", "")]),
    ];
    assert_eq!(
        told(&files),
        [
            ("b.yaml".into(), 3, "organisation_repeated"),
            ("a.yaml".into(), 4, "unknown_parent")
        ]
    );
    let faults = OrganisationTree::build(&files).unwrap_err();
    assert_eq!(faults[1].hint.as_ref().unwrap().en, "did you mean `one`?");
}

#[test]
fn every_body_on_a_cycle_is_told_and_those_below_it_are_not() {
    let files = [file(
        "a.yaml",
        &[("a", "b"), ("b", "a"), ("c", "a"), ("d", "d")],
    )];
    let expected = [3, 4, 6].map(|line| ("a.yaml".to_owned(), line, "organisation_cycle"));
    assert_eq!(told(&files), expected);
}

#[test]
fn aliases_of_the_files_are_known() {
    let text = format!(
        "schema: {ORGANISATIONS_SCHEMA}\norganisations: []\nregion_aliases: {{\"440499\": 440404}}\n"
    );
    let tree = OrganisationTree::build(&[load_placed("a.yaml", &text).unwrap()]).unwrap();
    assert_eq!(
        tree.region_aliases().resolve("440499").unwrap().as_str(),
        "440404"
    );
    assert_eq!(
        tree.region_aliases().resolve("珠海").unwrap().as_str(),
        "440400"
    );
}

//! What a faulty file is told, fault by fault and place by place.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read, not used")]
struct Hall {
    name: String,
    code: Even,
    windows: u8,
    #[serde(default)]
    open: Option<bool>,
    #[serde(default)]
    desks: Vec<Desk>,
    #[serde(default)]
    notes: serde_json::Value,
    #[serde(default)]
    seats: BTreeMap<u8, Kind>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "read, not used")]
struct Desk {
    title: String,
    kind: Kind,
    rate: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Reception,
    Cashier,
    Special { floor: u8 },
}

/// Text of an even number of characters, an identifier in little.
#[derive(Debug)]
struct Even(String);

impl FromStr for Even {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len().is_multiple_of(2) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text} is odd"))
        }
    }
}

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed_text(deserializer, "specimen:ok")
    }
}

impl Document for Hall {
    const SCHEMA: &'static str = "example/hall/1";

    fn findings(&self) -> Vec<Finding> {
        if self.desks.len() > usize::from(self.windows) {
            let finding = Finding::new(
                "/desks",
                "too_many_desks",
                "窗口不够",
                "more desks than windows",
            );
            return vec![finding.compared_with("/windows")];
        }
        Vec::new()
    }
}

const HEAD: &str = "schema: example/hall/1\n";

#[track_caller]
fn check(body: &str, expected: &[(u32, u32, &str, &str)]) {
    let faults = load_yaml::<Hall>("hall.yaml", body)
        .map(|_| ())
        .err()
        .unwrap_or_default();
    let told: Vec<_> = faults
        .iter()
        .map(|f| (f.line, f.column, f.code, f.pointer.as_str()))
        .collect();
    assert_eq!(told, expected, "{faults:#?}");
}

fn hall(rest: &str) -> String {
    format!("{HEAD}name: 一号厅\ncode: '0042'\nwindows: 3\n{rest}")
}

#[test]
fn a_sound_file_gives_its_value() {
    let text = hall(
        "open: true\nnotes: {level: 01, size: 1, share: .5, list: [yes, ~]}\nseats: {1: cashier, 2: {special: {floor: 9}}}\ndesks:\n- {title: 0440, kind: reception, rate: 1}\n",
    );
    let hall: Hall = load_yaml("hall.yaml", &text).unwrap();
    assert_eq!(hall.name, "一号厅");
    assert_eq!(hall.code.0, "0042");
    assert_eq!(hall.open, Some(true));
    assert_eq!(hall.desks[0].title, "0440", "text stays as written");
    assert_eq!(
        hall.notes,
        json!({"level": "01", "size": 1, "share": 0.5, "list": ["yes", null]})
    );
    assert!(matches!(hall.seats[&2], Kind::Special { floor: 9 }));
}

#[test]
fn json_is_read_too() {
    let text = r#"{"schema": "example/hall/1", "name": "甲", "code": "ab", "windows": 1}"#;
    assert_eq!(load_yaml::<Hall>("hall.json", text).unwrap().windows, 1);
}

#[test]
fn every_fault_is_told_at_its_place() {
    let text = format!(
        "{HEAD}code: odd\nwindows: many\nwindow: 3\nopen: 'true'\ndesks:\n- title: 一\n  kind: casheer\n  rate: x\n- kind: cashier\n  colour: red\nname: 厅\nname: 堂\n"
    );
    check(
        &text,
        &[
            (2, 7, "invalid_value", "/code"),
            (3, 10, "wrong_type", "/windows"),
            (4, 1, "unknown_key", "/window"),
            (5, 7, "wrong_type", "/open"),
            (8, 9, "unknown_word", "/desks/0/kind"),
            (9, 9, "wrong_type", "/desks/0/rate"),
            (10, 3, "missing_key", "/desks/1/rate"),
            (10, 3, "missing_key", "/desks/1/title"),
            (11, 3, "unknown_key", "/desks/1/colour"),
            (13, 1, "duplicate_key", ""),
        ],
    );
}

#[test]
fn a_rule_across_values_is_told_beside_other_faults() {
    check(
        &format!(
            "{HEAD}name: 厅\ncode: abc\nwindows: 0\ndesks:\n- {{title: a, kind: cashier, rate: 1}}\n"
        ),
        &[
            (3, 7, "invalid_value", "/code"),
            (5, 1, "too_many_desks", "/desks"),
        ],
    );
}

#[test]
fn a_rule_is_not_told_of_a_value_that_could_not_be_read() {
    check(
        &format!(
            "{HEAD}name: 厅\ncode: ab\nwindows: x\ndesks: [{{title: a, kind: cashier, rate: 1}}, {{title: a, kind: cashier, rate: 1}}]\n"
        ),
        &[(4, 10, "wrong_type", "/windows")],
    );
}

#[test]
fn numbers_out_of_range_and_wrong_shapes_are_told() {
    check(
        &hall("open: {a: 1}\ndesks:\nnotes: x"),
        &[
            (5, 1, "wrong_type", "/open"),
            (6, 1, "wrong_type", "/desks"),
        ],
    );
    check(
        &format!("{HEAD}name: [1]\ncode: ab\nwindows: 256\n"),
        &[
            (2, 1, "wrong_type", "/name"),
            (4, 10, "invalid_value", "/windows"),
        ],
    );
    check(
        &hall("seats: {300: cashier, 2: none}"),
        &[
            (5, 14, "invalid_value", "/seats/300"),
            (5, 26, "unknown_word", "/seats/2"),
        ],
    );
}

#[test]
fn the_schema_comes_first_and_is_the_expected_one() {
    check(
        "name: 厅\nschema: example/hall/1\n",
        &[(1, 1, "schema_not_first", "")],
    );
    check(
        "schema: example/hall/2\n",
        &[(1, 9, "wrong_schema", "/schema")],
    );
    check("- 1\n", &[(1, 1, "schema_not_first", "")]);
    check("", &[(1, 1, "empty_file", "")]);
    check("# nothing\n", &[(1, 1, "empty_file", "")]);
}

#[test]
fn what_multiplies_or_hides_is_refused() {
    check(&hall("notes: &a [1]\n"), &[(5, 11, "yaml_anchor", "")]);
    check(&hall("notes: !!str 1\n"), &[(5, 14, "yaml_tag", "")]);
    check(&hall("---\nname: b\n"), &[(5, 1, "second_document", "")]);
    check(&hall("<<: {open: true}\n"), &[(5, 1, "unknown_key", "/<<")]);
}

#[test]
fn broken_yaml_is_one_fault_with_a_place() {
    let faults = load_yaml::<Hall>("hall.yaml", &hall("open: true\n  notes: 1\n")).unwrap_err();
    assert_eq!(
        (faults.len(), faults[0].code, faults[0].line),
        (1, "yaml_syntax", 6)
    );
}

#[test]
fn bounds_hold_at_the_bound_and_one_beyond() {
    let nested = |depth: usize| {
        hall(&format!(
            "notes: {}{}\n",
            "[".repeat(depth),
            "]".repeat(depth)
        ))
    };
    assert!(load_yaml::<Hall>("", &nested(MAX_DEPTH - 1)).is_ok());
    assert_eq!(
        load_yaml::<Hall>("", &nested(MAX_DEPTH)).unwrap_err()[0].code,
        "too_deep"
    );

    let base = 1 + 4 + 1; // the root, its four values, the list
    let wide = |items: usize| hall(&format!("notes: [{}]\n", "1,".repeat(items)));
    assert!(load_yaml::<Hall>("", &wide(MAX_NODES - base)).is_ok());
    assert_eq!(
        load_yaml::<Hall>("", &wide(MAX_NODES - base + 1)).unwrap_err()[0].code,
        "too_large"
    );

    let long = |bytes: usize| hall(&format!("#{}\n", " ".repeat(bytes - hall("").len() - 2)));
    assert!(load_yaml::<Hall>("", &long(MAX_BYTES)).is_ok());
    assert_eq!(
        load_yaml::<Hall>("", &long(MAX_BYTES + 1)).unwrap_err()[0].code,
        "too_large"
    );
}

#[test]
fn many_faults_are_cut_off_with_a_note() {
    let many: String = (0..MAX_FAULTS + 7)
        .map(|n| format!("key{n}: 1\n"))
        .collect();
    let faults = load_yaml::<Hall>("hall.yaml", &hall(&many)).unwrap_err();
    assert_eq!(faults.len(), MAX_FAULTS + 1);
    assert_eq!(
        faults[MAX_FAULTS].message.en,
        "further faults are not listed"
    );
}

#[test]
fn the_line_for_people_says_where_what_and_what_now() {
    let faults = load_yaml::<Hall>("hall.yaml", &hall("opne: true\n")).unwrap_err();
    assert_eq!(
        faults[0].line_in(crate::Language::Chinese),
        "hall.yaml:5:1: [unknown_key] 不认识的键“opne”；是否想写“open”？"
    );
    assert_eq!(
        faults[0].to_string(),
        "hall.yaml:5:1: [unknown_key] unknown key `opne`; did you mean `open`?"
    );
}

#[test]
fn the_nearest_word_is_near() {
    assert_eq!(
        nearest("effectiveFrom", ["effective_from", "effective_to"]),
        Some("effective_from")
    );
    assert_eq!(nearest("nmae", ["name", "code"]), Some("name"));
    assert_eq!(nearest("fee", ["conditions", "name"]), None);
}

#[test]
fn the_kind_of_a_file_can_be_asked() {
    assert_eq!(
        schema_of("schema: example/hall/1\nname: x").as_deref(),
        Some("example/hall/1")
    );
    assert_eq!(schema_of("name: x"), None);
}

#[test]
fn a_file_of_nothing_but_faults_is_told_as_far_as_the_bound() {
    let desks = "- {title: [], kind: x, rate: y}\n".repeat(5_000);
    let faults = load_yaml::<Hall>("hall.yaml", &hall(&format!("desks:\n{desks}"))).unwrap_err();
    assert_eq!(
        (faults.len(), faults[MAX_FAULTS].code),
        (MAX_FAULTS + 1, "more_faults")
    );
    let keys: String = (0..20_000).map(|n| format!("window{n}: 1\n")).collect();
    assert_eq!(
        load_yaml::<Hall>("hall.yaml", &hall(&keys))
            .unwrap_err()
            .len(),
        MAX_FAULTS + 1
    );
}

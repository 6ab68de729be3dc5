//! The JSON Schema for editors and the compiler agree.

use super::support::text;
use jsonschema::Validator;
use serde_json::Value;
use tongban_adapters::definition::CompiledDefinition;

fn schema() -> Validator {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../config/schema/system.schema.json"
    );
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

pub(crate) fn faults(yaml: &str) -> Vec<String> {
    let value: Value = serde_saphyr::from_str(yaml).unwrap();
    schema()
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_schema_accepts_the_three_definitions() {
    for id in ["gd-explosives", "zhuhai-platform", "national-radio"] {
        assert_eq!(faults(&text(id)), Vec::<String>::new(), "{id}");
    }
}

#[test]
fn what_the_schema_refuses_the_compiler_refuses_too() {
    let text = text("gd-explosives");
    for (from, to) in [
        ("kind: department", "kind: department\nowner: me"),
        ("    ask: query", "    aks: query"),
        (
            "      - name: number",
            "      - name: number\n        pause: 3s",
        ),
        (
            "          read: text",
            "          read: text\n          maybe: \"= true\"",
        ),
        ("  case: {", "  cases: 3\n  case: {"),
        (
            "    kind: \"= call.sptype\"",
            "    kind: \"= call.sptype\"\n    retry: 3",
        ),
        (
            "      taken: { text: \"1\" }",
            "      taken: { text: \"1\", colour: red }",
        ),
        ("    \"3\": # 审批", "    \"3\": # 审批\n      undo: true"),
        ("retry: { initial: 1s", "retry: { jitter: 1s, initial: 1s"),
        ("auth: { scheme: none }", "auth: { scheme: none, user: x }"),
        ("kind: department", "kind: village"),
        ("protocol: rest", "protocol: gopher"),
        ("skew_s: 300", "skew_s: -1"),
        ("schema: tongban/system/1", "schema: tongban/system/2"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        assert!(!faults(&changed).is_empty(), "the schema takes {to}");
        assert!(
            CompiledDefinition::compile("x.yaml", &changed, &|_| None).is_err(),
            "the compiler takes {to}"
        );
    }
}

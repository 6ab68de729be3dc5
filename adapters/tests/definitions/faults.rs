//! What `tongban check` tells of a definition: every fault at once, each at its place.

use super::support::text;
use tongban_adapters::definition::{CompiledDefinition, Fault};

const GOOD: &str = r#"schema: tongban/system/1
id: demo
name: 示例系统
kind: department
protocol: rest
endpoint: http://127.0.0.1:1
operations:
  submit:
    call: POST /in
    send: json
    request: { no: "= case.no" }
    reply:
      read: text
      accepted: "= reply == '1'"
codes:
  acceptance: { "1": accepted, "2": refused }
feedback:
  callback:
    read: json
    auth: { scheme: none }
    kind: "= call.kind"
    answers:
      taken: { text: ok }
      refused: { text: no }
  case: { case_no: "= field.no" }
  messages:
    a:
      event: "= field.state | code('acceptance')"
      at: "= field.at | partner_time"
      events:
        accepted: {}
        refused: { reason: "= field.why" }
"#;

fn compile(text: &str) -> Result<CompiledDefinition, Vec<Fault>> {
    CompiledDefinition::compile("demo.yaml", text, &|_| None)
}

/// Codes of the faults of the good definition with one part replaced.
fn codes(from: &str, to: &str) -> Vec<&'static str> {
    assert!(GOOD.contains(from), "{from}");
    match compile(&GOOD.replacen(from, to, 1)) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| fault.code).collect(),
    }
}

#[test]
fn the_good_definition_has_no_fault() {
    assert_eq!(codes("id: demo", "id: demo"), Vec::<&str>::new());
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let text = GOOD
        .replace("id: demo", "id: Demo!")
        .replace("kind: department", "kind: village")
        .replace("= case.no", "= case.no * 2")
        .replace("reply == '1'", "replay == '1'")
        .replace("call: POST /in", "cal: POST /in");
    let faults = compile(&text).unwrap_err();
    let places: Vec<(u32, &str)> = faults
        .iter()
        .map(|fault| (fault.line, fault.code))
        .collect();
    let expected = [
        (2, "bad_id"),
        (4, "unknown_word"),
        (8, "missing_key"),
        (9, "unknown_key"),
        (11, "bad_expression"),
        (14, "bad_expression"),
    ];
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "{faults:#?}");
    assert!(
        faults
            .iter()
            .all(|fault| fault.column > 0 && fault.file == "demo.yaml")
    );
    let unknown = faults
        .iter()
        .find(|fault| fault.code == "unknown_key")
        .unwrap();
    assert!(
        unknown.to_string().contains("did you mean `call`?"),
        "{unknown}"
    );
    assert!(unknown.message.zh.contains("cal"));
}

#[test]
fn each_rule_of_the_grammar_has_its_fault() {
    let cases = [
        (
            "schema: tongban/system/1",
            "schema: tongban/system/2",
            "wrong_schema",
        ),
        ("schema: tongban/system/1\n", "", "schema_not_first"),
        ("name: 示例系统\n", "", "missing_key"),
        ("name: 示例系统", "name: \"\"", "empty_text"),
        ("name: 示例系统", "name: [a]", "wrong_type"),
        ("http://127.0.0.1:1", "ftp://x", "bad_address"),
        ("http://127.0.0.1:1", "http://user@x", "bad_address"),
        ("http://127.0.0.1:1", "http://x?y=1", "bad_address"),
        ("http://127.0.0.1:1", "http://", "bad_address"),
        ("http://127.0.0.1:1", "http://x:99999", "bad_address"),
        ("http://127.0.0.1:1", "\"${NOT_SET}\"", "missing_variable"),
        ("http://127.0.0.1:1", "\"${NOT_SET\"", "open_variable"),
        (
            "protocol: rest",
            "protocol: rest\nlimits: { rate: fast }",
            "bad_rate",
        ),
        (
            "protocol: rest",
            "protocol: rest\nlimits: { window: \"22:00-08:00\" }",
            "bad_window",
        ),
        (
            "protocol: rest",
            "protocol: rest\nlimits: { concurrency: 0 }",
            "wrong_number",
        ),
        (
            "protocol: rest",
            "protocol: rest\ntimeout: { total: soon }",
            "bad_duration",
        ),
        (
            "protocol: rest",
            "protocol: rest\nretry: { initial: 5s, max: 1s }",
            "bad_retry",
        ),
        (
            "protocol: rest",
            "protocol: rest\nregions: [guangdong]",
            "bad_region",
        ),
        (
            "protocol: rest",
            "protocol: rest\ncharset: UTF-16",
            "bad_charset",
        ),
        (
            "protocol: rest",
            "protocol: rest\nauth: { scheme: tif, paasid: x }",
            "missing_key",
        ),
        (
            "protocol: rest",
            "protocol: rest\nauth: { scheme: magic }",
            "unknown_word",
        ),
        (
            "protocol: rest",
            "protocol: rest\nsoap: { version: \"1.1\", style: rpc, namespace: u }",
            "no_soap_here",
        ),
        (
            "protocol: rest",
            "protocol: rest\npoll: { every: 5s }",
            "poll_pair",
        ),
        (
            "protocol: rest",
            "protocol: rest\nid: other",
            "duplicate_key",
        ),
        ("call: POST /in", "call: POST in", "bad_call"),
        ("call: POST /in", "call: POST /../in", "bad_call"),
        ("call: POST /in", "call: \"POST /in/{no}\"", "path_values"),
        (
            "call: POST /in",
            "ask: query\n    call: POST /in",
            "query_missing",
        ),
        (
            "accepted: \"= reply == '1'\"",
            "accepted: \"= reply == '1'\"\n      already_there: \"= reply == '2'\"",
            "query_missing",
        ),
        ("send: json\n", "\n", "missing_key"),
        ("send: json", "send: carrier", "unknown_word"),
        (
            "\"= reply == '1'\"",
            "\"reply == '1'\"",
            "expression_expected",
        ),
        ("read: text", "read: { as: text, at: \"\" }", "empty_text"),
        (
            "{ no: \"= case.no\" }",
            "{ $xml: { a: 1, b: 2 } }",
            "one_root",
        ),
        ("{ no: \"= case.no\" }", "{ $loop: 1 }", "unknown_construct"),
        (
            "{ no: \"= case.no\" }",
            "{ a: { $each: \"= materials\", $as: case, $item: 1 } }",
            "bad_name",
        ),
        (
            "{ no: \"= case.no\" }",
            "{ a: { $each: \"= materials\", $as: m, $item: \"= n.id\" } }",
            "bad_expression",
        ),
        ("code('acceptance')", "code('accept')", "unknown_table"),
        ("\"2\": refused", "\"2\": gone", "event_missing"),
        (
            "\"2\": refused",
            "\"2\": \"= 'x' | code('acceptance')\"",
            "bad_expression",
        ),
        ("accepted: {}", "taken: {}", "unknown_event"),
        (
            "accepted: {}",
            "accepted: { note: x, remark: y }",
            "unknown_key",
        ),
        ("{ reason: \"= field.why\" }", "{}", "missing_key"),
        (
            "      event: \"= field.state | code('acceptance')\"\n",
            "",
            "which_event",
        ),
        ("case: { case_no: \"= field.no\" }", "case: {}", "case_rule"),
        ("  case: { case_no: \"= field.no\" }\n", "", "missing_key"),
        ("    auth: { scheme: none }\n", "", "missing_key"),
        (
            "taken: { text: ok }",
            "taken: { returns: { a: 1 } }",
            "answer_form",
        ),
        ("    read: json\n", "    read: soap\n", "bad_reading"),
        (
            "      at: \"= field.at | partner_time\"",
            "      at: \"= call.at | partner_time\"",
            "bad_expression",
        ),
        ("    a:\n", "    p: { pull: true }\n    a:\n", "missing_key"),
        (
            "      event:",
            "      pull: true\n      event:",
            "message_content",
        ),
    ];
    for (from, to, code) in cases {
        let found = codes(from, to);
        assert!(found.contains(&code), "{to}: {found:?}");
    }
}

#[test]
fn anything_that_is_no_yaml_is_told_and_nothing_panics() {
    for text in [
        "",
        "[",
        "a: b: c",
        "schema: tongban/system/1\nid: &a x\nname: *a",
        "schema: tongban/system/1",
        "- 1",
        "\u{0}",
        "schema: tongban/system/1\noperations: 3\ncodes: 4\nfeedback: 5",
    ] {
        assert!(
            compile(text).is_err_and(|faults| !faults.is_empty()),
            "{text:?}"
        );
    }
}

#[test]
fn an_expression_in_a_secret_is_not_run() {
    let text = text("gd-explosives");
    let env = |name: &str| (name == "GD_EXPLOSIVES_CALLBACK_KEY").then(|| "= 1 / 0".to_owned());
    assert!(CompiledDefinition::compile("x.yaml", &text, &env).is_ok());
}

#[test]
fn line_and_column_point_at_the_value() {
    let faults = compile(&GOOD.replace("kind: department", "kind: village")).unwrap_err();
    assert_eq!((faults[0].line, faults[0].column), (4, 7));
}

//! What a draft says of single services.

use super::support::{checked, described, drafted};

#[track_caller]
fn holds(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            text.lines().any(|l| l.trim_start().starts_with(line)),
            "`{line}` is missing in\n{text}"
        );
    }
}

#[test]
fn fields_are_guessed_by_their_names_and_the_guesses_are_told() {
    let made = drafted(&described("spyne_receiving"));
    let lines = [
        "submit: # the operation submit_application: a guess by its name",
        "call: submit_application",
        "sblsh: \"= case.no\"",
        "sxbm: \"= item.code\"",
        "applicant: \"= applicant.name\"",
        "query: # the operation query_status",
    ];
    holds(&made.text, &lines);
    let told = |at: &str, value: &str| made.guesses.iter().any(|g| g.at == at && g.value == value);
    assert!(
        told("operations.submit.request.application.sblsh", "case.no"),
        "{:?}",
        made.guesses
    );
    assert!(told(
        "operations.submit",
        "submit_application (by its name)"
    ));
}

#[test]
fn what_is_optional_and_not_known_is_commented_out_and_needs_no_more_than_its_mark_taken_away() {
    let made = drafted(&described("spyne_receiving"));
    let mark = "# copies: \"1\"";
    let opened = made.text.replace(mark, "copies: \"1\"");
    assert_ne!(opened, made.text);
    assert!(checked(&opened).is_ok(), "{:?}", checked(&opened).err());
}

#[test]
fn materials_are_gone_through_where_a_list_is_named_after_them() {
    let made = drafted(&described("spyne_receiving"));
    holds(
        &made.text,
        &[
            "$each: \"= materials\"",
            "$as: material",
            "name: \"= material.name\"",
        ],
    );
}

/// A wrong guess of what success looks like would lose applications in silence.
#[test]
fn no_answer_of_a_draft_is_a_success() {
    for name in ["spyne_receiving", "axis1_focus", "nusoap_hall"] {
        let made = drafted(&described(name));
        let rules = made
            .text
            .lines()
            .filter(|line| line.trim_start().starts_with("accepted:"));
        let rules: Vec<&str> = rules.collect();
        assert!(!rules.is_empty(), "{name}");
        for rule in rules {
            assert!(rule.contains("\"= false\" # TO FILL IN"), "{name}: {rule}");
        }
    }
}

#[test]
fn a_parameter_that_holds_a_document_is_to_be_filled_in() {
    let made = drafted(&described("axis1_focus"));
    holds(
        &made.text,
        &[
            "style: rpc",
            "form: unqualified",
            "deptCode: \"= item.org_code\"",
            "xml: \"\" # TO FILL IN",
            "tableName: \"\" # TO FILL IN",
        ],
    );
}

#[test]
fn header_blocks_stand_under_soap() {
    let made = drafted(&described("aspnet_soap_header"));
    holds(
        &made.text,
        &[
            "header:",
            "AuthorizationSoapHeader: \"\"",
            "# UserName: \"\"",
        ],
    );
}

#[test]
fn what_a_definition_cannot_say_is_named_and_stands_commented_out() {
    let made = drafted(&described("gsoap_two_namespaces"));
    assert!(
        made.gaps
            .iter()
            .any(|gap| gap.at == "apply" && gap.why.contains("further namespaces")),
        "{:?}",
        made.gaps
    );
    holds(
        &made.text,
        &["operations: {}", "# submit: # the operation apply"],
    );
    assert!(checked(&made.text).is_ok());
}

#[test]
fn documentation_with_lines_of_its_own_stays_a_comment() {
    let mut described = described("spyne_receiving");
    described.services[0].documentation =
        "one\nendpoint: \"http://elsewhere\"\u{2028}id: other".to_owned();
    for binding in &mut described.bindings {
        for operation in &mut binding.operations {
            operation.documentation = "x\r\noperations: {}".to_owned();
        }
    }
    for element in &mut described.schema.elements {
        element.documentation = "\n  accepted: \"= true\"".to_owned();
    }
    let made = drafted(&described);
    let compiled = checked(&made.text).unwrap();
    assert!(
        compiled.endpoint().starts_with("http://127.0.0.1:8000"),
        "{}",
        compiled.endpoint()
    );
    assert!(
        !made
            .text
            .lines()
            .any(|line| line.trim_start().starts_with("accepted: \"= true\""))
    );
}

#[test]
fn an_address_that_no_definition_takes_is_to_be_filled_in() {
    for address in [
        "",
        "jms:queue",
        "http://host:99999999/a",
        "http://a b/",
        "http://h/${X}",
        "http://h/../a",
    ] {
        let mut described = described("spyne_receiving");
        described.services[0].ports[0].address = address.to_owned();
        let made = drafted(&described);
        let compiled = checked(&made.text).unwrap_or_else(|faults| panic!("{address}: {faults:?}"));
        assert_eq!(
            compiled.endpoint(),
            "http://to-fill-in.invalid",
            "{address}"
        );
    }
}

/// A step of a list has a name too, and it is not the applicant's.
#[test]
fn nothing_is_guessed_inside_lists_of_other_things() {
    let made = drafted(&described("wcf_single"));
    assert!(made.text.contains("Step:"), "{}", made.text);
    assert!(!made.text.contains("applicant.name\""), "{}", made.text);
}

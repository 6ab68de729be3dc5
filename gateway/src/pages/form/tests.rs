//! The form as a whole: what is drawn can be filled in, what is filled in is what the schema wants, and nothing typed is lost.

use super::applicant;
use super::faults::{Told, places};
use super::model::{Field, Kind, Model, MomentForm, Need, TextForm, below};
use super::reading::{read, typed_at};
use super::schema::model;
use super::typed::{TooMuch, Typed, VALUE_BYTES_MAX, VALUES_MAX};
use super::widget::{Widget, draw, unseen};
use crate::load::sample::form::draw_form;
use crate::registry::form::Form;
use crate::text::Language;
use proptest::prelude::*;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::{Value, json};
use tongban_catalog::item::ServiceItem;
use tongban_catalog::source::{Finding, load_yaml};

/// Every item of `config/items` in every situation: a name for messages, and the schema.
fn forms() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/items");
    let mut found = Vec::new();
    let mut pending = vec![std::path::PathBuf::from(folder)];
    while let Some(path) = pending.pop() {
        for entry in std::fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.display().to_string();
                let item = load_yaml::<ServiceItem>(&name, &text)
                    .unwrap_or_else(|faults| panic!("{faults:#?}"));
                found.push((name.clone(), item.form.for_situation(None)));
                for situation in &item.situations {
                    let schema = item.form.for_situation(Some(&situation.id));
                    found.push((format!("{name} {}", situation.id.as_str()), schema));
                }
            }
        }
    }
    assert!(found.len() >= 26, "{} forms", found.len());
    found
}

/// What somebody types into a field, as people write it.
fn sample(field: &Field, name: &str, runner: &mut TestRunner, typed: &mut Vec<(String, String)>) {
    let mut push = |value: String| typed.push((name.to_owned(), value));
    match &field.kind {
        Kind::Text(rules) => push(match (&rules.pattern, rules.form) {
            (Some(pattern), _) => {
                let bare = pattern.trim_start_matches('^').trim_end_matches('$');
                let strategy = proptest::string::string_regex(bare).unwrap();
                // Of what a pattern allows, people type what has neither control characters nor white space at its ends.
                let typed = |text: &String| super::normalise::text(text) == *text;
                let mut draws = (0..1_000).map(|_| strategy.new_tree(runner).unwrap().current());
                draws.find(typed).unwrap_or_else(|| panic!("{pattern}"))
            }
            (None, TextForm::Email) => " name@example.com ".to_owned(),
            (None, TextForm::Address) => "https://example.com/".to_owned(),
            (None, _) => {
                let fits = usize::try_from(rules.max.unwrap_or(40)).unwrap();
                let least = usize::try_from(rules.min.unwrap_or(1)).unwrap();
                format!(
                    "  {}",
                    "𠮷·字"
                        .chars()
                        .cycle()
                        .take(fits.min(least + 7))
                        .collect::<String>()
                )
            }
        }),
        Kind::Number(rules) => push(number_within(rules)),
        Kind::Moment(MomentForm::Day) => push("２０１７/6/5".to_owned()),
        Kind::Moment(MomentForm::Instant) => push("2017年6月5日 9:30".to_owned()),
        Kind::Moment(MomentForm::Time) => push("9:30".to_owned()),
        Kind::Choice(choices) => push(choices[0].wire.clone()),
        Kind::Several(choices) => choices.iter().for_each(|choice| push(choice.wire.clone())),
        Kind::Truth | Kind::Consent => push("true".to_owned()),
        Kind::Unknown => push("words".to_owned()),
        Kind::Group(fields) => {
            for field in fields {
                sample(field, &below(name, &field.key), runner, typed);
            }
        }
        Kind::Rows(rows) => {
            // Every second row is left empty.
            for index in 0..rows.min.max(2) {
                sample(&rows.item, &format!("{name}/{}", 2 * index), runner, typed);
            }
        }
    }
}

/// A number within the bounds, with a separator of thousands where it has four digits.
fn number_within(rules: &super::model::NumberRules) -> String {
    let bound = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<f64>().ok());
    let (min, max) = (bound(&rules.min), bound(&rules.max));
    let chosen = match (min, max) {
        (Some(min), Some(max)) => ((min + max) / 2.0).floor().max(min),
        (Some(min), None) => min + 1.0,
        (None, Some(max)) => max - 1.0,
        (None, None) => 12.0,
    };
    let plain = format!("{chosen}");
    match plain.len() {
        4 if !plain.contains(['.', '-']) => format!("{},{}", &plain[..1], &plain[1..]),
        _ => plain,
    }
}

fn typed(pairs: &[(String, String)]) -> Typed {
    Typed::of(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))).unwrap()
}

fn every_widget<'w>(widgets: &'w [Widget], visit: &mut dyn FnMut(&'w Widget)) {
    for widget in widgets {
        visit(widget);
        every_widget(&widget.fields, visit);
        for row in &widget.rows {
            every_widget(&row.fields, visit);
        }
    }
}

/// Whether every pair is shown somewhere as it was typed.
fn assert_shown(widgets: &[Widget], pairs: &[(String, String)]) {
    for (name, value) in pairs {
        let mut shown = false;
        every_widget(widgets, &mut |widget| {
            let chosen = |c: &super::widget::ChoiceWidget| c.chosen && c.value == value.trim();
            let plain = widget.value == *value && widget.choices.is_empty();
            let day = widget.input_type == "date" && widget.value == value.trim();
            shown |= widget.name == *name && (plain || day || widget.choices.iter().any(chosen));
        });
        assert!(shown, "{name} = {value:?} is lost");
    }
}

#[test]
fn every_form_of_the_catalogue_can_be_filled_in_as_people_write_and_nothing_typed_is_lost() {
    let mut runner = TestRunner::deterministic();
    for (name, schema) in forms() {
        let model = model(&schema);
        assert!(!model.cut, "{name}");
        let mut pairs = Vec::new();
        for field in &model.fields {
            sample(field, &below("form", &field.key), &mut runner, &mut pairs);
        }
        let typed = typed(&pairs);
        let reading = read(&model.fields, "form", &typed);
        let conditional = has_conditions(&schema);
        let compiled = Form::compile(schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut faults = compiled.faults(&Value::Object(reading.value.clone()), "/form");
        // Every field is filled in, which conditions among them may not allow; what each is by itself must be right.
        faults.retain(|fault| !conditional || matches!(fault.code, "form_type" | "form_format"));
        assert!(
            faults.is_empty(),
            "{name}: {faults:#?}\n{:#?}",
            reading.value
        );
        for language in [Language::Chinese, Language::English] {
            let drawn = draw(&model, "form", &typed, &Told::default(), language);
            assert_shown(&drawn, &pairs);
            assert_eq!(unseen(&typed, &[&drawn], &["form"]), [], "{name}");
        }
    }
}

fn has_conditions(schema: &Value) -> bool {
    let words = [
        "if",
        "allOf",
        "anyOf",
        "dependentSchemas",
        "dependentRequired",
    ];
    words.iter().any(|word| schema.get(word).is_some())
}

#[test]
fn every_right_form_of_the_catalogue_comes_through_the_page_as_it_is() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(20_261_128);
    for (name, schema) in forms() {
        let model = model(&schema);
        let compiled = Form::compile(schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        for _ in 0..4 {
            let value = draw_form(&compiled, &mut random).unwrap_or_else(|e| panic!("{name}: {e}"));
            let mut pairs = Vec::new();
            for field in &model.fields {
                if let Some(own) = value.get(&field.key) {
                    write(field, &below("form", &field.key), own, &mut pairs);
                }
            }
            let reading = read(&model.fields, "form", &typed(&pairs));
            let faults = compiled.faults(&Value::Object(reading.value.clone()), "/form");
            assert!(
                faults.is_empty(),
                "{name}: {faults:#?}\n{value:#}\n{pairs:?}"
            );
        }
    }
}

/// A value as the page sends it.
fn write(field: &Field, name: &str, value: &Value, typed: &mut Vec<(String, String)>) {
    let plain = || match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let wire = |choices: &[super::model::Choice], value: &Value| {
        let found = choices.iter().find(|choice| choice.value == *value);
        found.map(|choice| choice.wire.clone())
    };
    match &field.kind {
        Kind::Choice(choices) => typed.extend(wire(choices, value).map(|w| (name.to_owned(), w))),
        Kind::Several(choices) => {
            let chosen = value.as_array().into_iter().flatten();
            let chosen = chosen.filter_map(|one| wire(choices, one));
            typed.extend(chosen.map(|w| (name.to_owned(), w)));
        }
        Kind::Group(fields) => {
            for field in fields {
                if let Some(own) = value.get(&field.key) {
                    write(field, &below(name, &field.key), own, typed);
                }
            }
        }
        Kind::Rows(rows) => {
            for (index, own) in value.as_array().into_iter().flatten().enumerate() {
                write(&rows.item, &format!("{name}/{index}"), own, typed);
            }
        }
        _ => typed.push((name.to_owned(), plain())),
    }
}

#[test]
fn every_field_of_the_catalogue_is_drawn_once_under_an_id_of_its_own() {
    for (name, schema) in forms() {
        let model = model(&schema);
        let drawn = draw(
            &model,
            "form",
            &Typed::default(),
            &Told::default(),
            Language::Chinese,
        );
        // Conditions may bring fields of their own.
        for key in schema["properties"].as_object().unwrap().keys() {
            let wanted = below("form", key);
            let found = drawn.iter().filter(|widget| widget.name == wanted).count();
            assert_eq!(found, 1, "{name}: {key}");
        }
        let mut ids = std::collections::BTreeSet::new();
        every_widget(&drawn, &mut |widget| {
            assert!(ids.insert(widget.id.clone()), "{name}: {} twice", widget.id);
            assert!(!widget.label.is_empty(), "{name}: {}", widget.name);
        });
    }
}

#[test]
fn an_empty_form_says_at_its_fields_what_is_missing() {
    for (name, schema) in forms() {
        let model = model(&schema);
        let reading = read(&model.fields, "form", &Typed::default());
        let compiled = Form::compile(schema.clone()).unwrap();
        let faults = compiled.faults(&Value::Object(reading.value), "/form");
        let places = places(&model, "form", &Typed::default(), Language::Chinese);
        let told = Told::of(&faults, &places, &reading.rows, Language::Chinese);
        let required = schema["required"].as_array().map_or(0, Vec::len);
        // What conditions ask for of an empty form comes on top.
        assert!(
            told.summary.len() >= required
                && (has_conditions(&schema) || told.summary.len() == required),
            "{name}: {:?}",
            told.summary
        );
        assert!(
            told.summary
                .iter()
                .all(|line| line.href.starts_with("#f-form-")),
            "{name}"
        );
    }
}

fn one(schema: Value, name: &str, value: &str) -> Value {
    let typed = Typed::of([(name, value)]).unwrap();
    Value::Object(read(&model(&schema).fields, "form", &typed).value)
}

#[test]
fn numbers_dates_and_codes_are_taken_as_people_write_them() {
    let schema = json!({"type": "object", "properties": {
        "n": {"type": "number"}, "i": {"type": "integer"}, "d": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"}, "t": {"type": "string", "format": "time"},
        "c": {"type": "string", "pattern": "^[0-9]{8,30}$"}, "id": {"type": "string", "pattern": "^[1-9][0-9]{16}[0-9X]$"}, "w": {"type": "string", "pattern": "^.+号$"},
        "b": {"type": "boolean"}, "s": {"type": "string"},
    }});
    for (key, written, expected) in [
        ("n", "1,234.50", json!(1234.5)),
        ("n", "１２３４．５", json!(1234.5)),
        ("n", " 12 000 ", json!(12000)),
        ("n", "12，000，000", json!(12000000)),
        ("n", "-0.25", json!(-0.25)),
        ("n", "−3", json!(-3)),
        ("n", ".5", json!(0.5)),
        ("n", "007", json!(7)),
        ("n", "1,5", json!("1,5")),
        ("n", "1,23,456", json!("1,23,456")),
        ("n", "1.2.3", json!("1.2.3")),
        ("n", "1e3", json!("1e3")),
        ("n", "十二", json!("十二")),
        ("n", "-", json!("-")),
        ("n", "0.1234567890123456789", json!("0.1234567890123456789")),
        ("i", "5.0", json!(5)),
        ("i", "5.5", json!(5.5)),
        ("i", "99999999999999999999", json!("99999999999999999999")),
        ("d", "2017/6/5", json!("2017-06-05")),
        ("d", "2017年6月5日", json!("2017-06-05")),
        ("d", "20170605", json!("2017-06-05")),
        ("d", "２０１７．６．５", json!("2017-06-05")),
        ("d", "2017-02-30", json!("2017-02-30")),
        ("d", "17-6-5", json!("17-6-5")),
        ("d", "5.6.2017", json!("5.6.2017")),
        ("at", "2017/6/5 9:30", json!("2017-06-05T09:30:00+08:00")),
        (
            "at",
            "2017年6月5日9时30分",
            json!("2017-06-05T09:30:00+08:00"),
        ),
        ("at", "2017-06-05T01:30:00Z", json!("2017-06-05T01:30:00Z")),
        ("at", "bald", json!("bald")),
        ("t", "9:30", json!("09:30:00+08:00")),
        ("t", "25:00", json!("25:00")),
        ("c", "6222 0200 １２３４", json!("622202001234")),
        ("id", "110105 19491231 002x", json!("11010519491231002X")),
        ("w", "Ａ 1号", json!("Ａ 1号")),
        ("b", "true", json!(true)),
        ("b", "perhaps", json!("perhaps")),
        (
            "s",
            " \u{3000}两边有空白\r\n第二行\u{0} ",
            json!("两边有空白\n第二行"),
        ),
    ] {
        let read = one(schema.clone(), &format!("form/{key}"), written);
        assert_eq!(read[key], expected, "{key}: {written}");
    }
    assert_eq!(
        one(schema, "form/s", " \u{3000}\t"),
        json!({}),
        "blank is empty"
    );
}

#[test]
fn a_value_that_is_no_text_comes_back_as_what_the_form_offers() {
    let schema = json!({"type": "object", "properties": {
        "a": {"enum": [1, "1", true, null]}, "b": {"oneOf": [{"const": 2.5, "title": "x"}]},
        "c": {"type": "array", "items": {"enum": [1, 2, 3]}}, "d": {"const": true, "title": "同意"},
    }});
    let model = model(&schema);
    let Kind::Choice(choices) = &model.fields[0].kind else {
        panic!("{model:?}")
    };
    let wires: Vec<&str> = choices.iter().map(|c| c.wire.as_str()).collect();
    assert_eq!(wires, ["1", "\"1\"", "true", "null"]);
    for (name, wire, expected) in [
        ("form/a", "1", json!({"a": 1})),
        ("form/a", "\"1\"", json!({"a": "1"})),
        ("form/a", "null", json!({"a": null})),
        ("form/b", "2.5", json!({"b": 2.5})),
        ("form/b", "3", json!({"b": "3"})),
        ("form/c", "2", json!({"c": [2]})),
        ("form/d", "true", json!({"d": true})),
    ] {
        assert_eq!(one(schema.clone(), name, wire), expected, "{name} {wire}");
    }
}

fn station() -> Value {
    json!({"type": "object", "required": ["kind"], "x-order": ["kind", "lon", "officer", "phone", "plan"],
        "properties": {
            "kind": {"title": "类别", "title_en": "Kind", "oneOf": [
                {"const": "fixed", "title": "固定台", "title_en": "Fixed"}, {"const": "mobile", "title": "车载台"}]},
            "lon": {"type": "number", "title": "东经"}, "officer": {"type": "string", "title": "负责人"},
            "phone": {"type": "string", "title": "手机"},
        },
        "dependentRequired": {"officer": ["phone"]},
        "allOf": [{"if": {"properties": {"kind": {"const": "fixed"}}, "required": ["kind"]},
            "then": {"required": ["lon"]},
            "else": {"properties": {"plan": {"type": "string", "title": "方案"}}}}],
    })
}

#[test]
fn conditions_are_said_in_words_and_the_fields_of_a_branch_are_drawn() {
    let model = model(&station());
    let keys: Vec<&str> = model.fields.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(keys, ["kind", "lon", "officer", "phone", "plan"]);
    assert_eq!(model.fields[0].need, Need::Always);
    let condition = |language| {
        let drawn = draw(
            &model,
            "form",
            &Typed::default(),
            &Told::default(),
            language,
        );
        drawn
            .into_iter()
            .map(|w| (w.condition, w.needed_when, w.asked_when))
            .collect::<Vec<_>>()
    };
    let zh = condition(Language::Chinese);
    assert_eq!(zh[1].0, "“类别”为“固定台”时必填");
    assert_eq!(zh[3].0, "填写了“负责人”时必填");
    assert_eq!(zh[4].0, "仅在“类别”不为“固定台”时填写");
    let en = condition(Language::English);
    assert_eq!(en[1].0, "Required when “Kind” is “Fixed”");
    assert_eq!(
        en[1].1,
        r#"[{"field":"form/kind","values":["fixed"],"negated":false}]"#
    );
    assert_eq!(
        en[4].2,
        r#"[{"field":"form/kind","values":["fixed"],"negated":true}]"#
    );
}

fn people() -> Value {
    json!({"type": "object", "required": ["people"], "properties": {
        "people": {"type": "array", "title": "人员", "minItems": 1, "maxItems": 4, "items": {
            "type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "title": "姓名", "maxLength": 3},
                "tags": {"type": "array", "title": "标签", "items": {"type": "string", "maxLength": 2}},
            }}},
    }})
}

#[test]
fn empty_rows_are_not_sent_and_faults_still_find_the_row_that_was_typed() {
    let model = model(&people());
    let pairs = [
        ("form/people/1/name", "张三"),
        ("form/people/3/name", "名字太长了"),
        ("form/people/3/tags/2", "标签太长"),
        ("rows:form/people", "4"),
    ];
    let typed = Typed::of(pairs).unwrap();
    let reading = read(&model.fields, "form", &typed);
    let expected =
        json!({"people": [{"name": "张三"}, {"name": "名字太长了", "tags": ["标签太长"]}]});
    assert_eq!(Value::Object(reading.value.clone()), expected);
    assert_eq!(
        typed_at("/form/people/1/name", &reading.rows),
        "form/people/3/name"
    );
    assert_eq!(
        typed_at("/form/people/1/tags/0", &reading.rows),
        "form/people/3/tags/2"
    );
    assert_eq!(typed_at("/form/people", &reading.rows), "form/people");
    let faults = Form::compile(people()).unwrap().faults(&expected, "/form");
    let places = places(&model, "form", &typed, Language::English);
    let told = Told::of(&faults, &places, &reading.rows, Language::English);
    let at: Vec<&String> = told.at.keys().collect();
    assert_eq!(at, ["form/people/3/name", "form/people/3/tags/2"]);
    let drawn = draw(&model, "form", &typed, &told, Language::English);
    assert_eq!(drawn[0].rows.len(), 4);
    assert!(!drawn[0].may_add, "the form takes four");
    assert_eq!(drawn[0].rows[3].fields[0].faults, ["at most 3 characters"]);
    assert_eq!(drawn[0].rows[3].fields[0].value, "名字太长了");
}

#[test]
fn rows_stand_ready_before_anybody_types_and_more_can_be_asked_for() {
    let model = model(&people());
    let rows = |pairs: &[(&str, &str)]| {
        let typed = Typed::of(pairs.iter().copied()).unwrap();
        let drawn = draw(&model, "form", &typed, &Told::default(), Language::Chinese);
        (drawn[0].rows.len(), drawn[0].may_add)
    };
    assert_eq!(rows(&[]), (2, true));
    assert_eq!(rows(&[("rows:form/people", "3")]), (3, true));
    assert_eq!(rows(&[("rows:form/people", "99999999999")]), (4, false));
    assert_eq!(
        rows(&[("form/people/18446744073709551615/name", "x")]),
        (4, false)
    );
}

#[test]
fn a_fault_without_a_field_stays_in_the_summary_and_the_others_lead_to_theirs() {
    let model = Model {
        fields: applicant::fields(&[]),
        cut: false,
    };
    let places = places(&model, "applicant", &Typed::default(), Language::Chinese);
    let faults = [
        Finding::new("/region", "region_form", "区划", "region"),
        Finding::new("/applicant/phone", "phone_form", "电话", "phone").with_hint("改", "mend"),
        Finding::new("/applicant/type", "missing_field", "此项必填", "required"),
    ];
    let told = Told::of(&faults, &places, &[], Language::Chinese);
    let lines: Vec<(&str, &str)> = told
        .summary
        .iter()
        .map(|l| (l.href.as_str(), l.text.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("#f-applicant-type-0", "请选择一项"),
            ("#f-applicant-phone", "电话；改"),
            ("", "区划"),
        ]
    );
}

#[test]
fn what_the_model_does_not_know_is_a_text_field_with_its_description() {
    let schema = json!({"type": "object", "properties": {
        "either": {"title": "甲", "description": "说明", "oneOf": [{"type": "string"}, {"type": "object"}]},
        "tuple": {"title": "乙", "type": "array", "prefixItems": [{"type": "string"}]},
        "free": {"title": "丙"}, "odd": true, "never": false,
    }});
    let model = model(&schema);
    let drawn = draw(
        &model,
        "form",
        &Typed::default(),
        &Told::default(),
        Language::Chinese,
    );
    let kinds: Vec<(&str, &str)> = drawn.iter().map(|w| (w.name.as_str(), w.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("form/either", "text"),
            ("form/free", "text"),
            ("form/odd", "text"),
            ("form/tuple", "text")
        ]
    );
    assert_eq!(drawn[0].hints, ["说明"]);
    assert_eq!(
        one(schema.clone(), "form/tuple", "[\"a\", 1]"),
        json!({"tuple": ["a", 1]})
    );
    assert_eq!(
        one(schema, "form/free", "[broken"),
        json!({"free": "[broken"})
    );
}

#[test]
fn hostile_schemas_are_bounded_in_depth_fields_and_references() {
    let loop_ = json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/properties/b"}}});
    let mut deep = json!({"type": "string", "title": "x"});
    for _ in 0..100 {
        deep = json!({"type": "object", "title": "x", "properties": {"a": deep}});
    }
    let wide: serde_json::Map<String, Value> = (0..5_000)
        .map(|n| (format!("f{n}"), json!({"type": "string"})))
        .collect();
    let wide = json!({"type": "object", "properties": wide});
    let mut branchy = json!({"required": ["a"]});
    for _ in 0..100 {
        branchy =
            json!({"allOf": [branchy], "if": {"required": ["a"]}, "then": {"required": ["a"]}});
    }
    branchy["properties"] = json!({"a": {"type": "string"}});
    let many =
        json!({"type": "object", "properties": {"e": {"enum": (0..10_000).collect::<Vec<_>>()}}});
    let rows = (0..50).fold(
        json!({"type": "string"}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    let rows = json!({"type": "object", "properties": {"r": rows}});
    for (name, schema, cut) in [
        ("loop", loop_, false),
        ("deep", deep, false),
        ("wide", wide, true),
        ("branchy", branchy, false),
        ("many", many, false),
        ("rows", rows, false),
        ("no object", json!([1]), false),
    ] {
        let model = model(&schema);
        assert_eq!(model.cut, cut, "{name}");
        let drawn = draw(
            &model,
            "form",
            &Typed::default(),
            &Told::default(),
            Language::Chinese,
        );
        let mut count = 0;
        every_widget(&drawn, &mut |_| count += 1);
        assert!(count <= 2 * super::FIELDS_MAX, "{name}: {count}");
    }
}

#[test]
fn typed_values_are_bounded_in_number_and_length() {
    let mut typed = Typed::default();
    assert_eq!(typed.add("a", &"x".repeat(VALUE_BYTES_MAX)), Ok(()));
    assert_eq!(
        typed.add("a", &"x".repeat(VALUE_BYTES_MAX + 1)),
        Err(TooMuch)
    );
    assert_eq!(typed.add(&"n".repeat(513), ""), Err(TooMuch));
    let many = (0..VALUES_MAX).map(|_| ("a", ""));
    assert!(Typed::of(many).is_ok());
    assert_eq!(Typed::of((0..=VALUES_MAX).map(|_| ("a", ""))), Err(TooMuch));
    let large = "x".repeat(VALUE_BYTES_MAX);
    assert_eq!(
        Typed::of((0..17).map(|_| ("a", large.as_str()))),
        Err(TooMuch)
    );
}

#[test]
fn no_text_is_empty_and_no_key_is_used_twice() {
    let mut keys = std::collections::BTreeSet::new();
    for text in super::texts::ALL {
        assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", text.key);
        assert!(keys.insert(text.key), "{} twice", text.key);
    }
}

proptest! {
    /// Whatever is typed into the fields of a form with everything in it is shown again as it came, and reading never fails.
    #[test]
    fn nothing_typed_is_lost(values in proptest::collection::vec("\\PC{1,12}", 6)) {
        let schema = json!({"type": "object", "properties": {
            "d": {"type": "string", "format": "date"}, "n": {"type": "number"}, "b": {"type": "boolean"},
            "c": {"enum": ["x", "y"]}, "m": {"type": "array", "items": {"enum": ["x"]}},
            "r": {"type": "array", "items": {"type": "object", "properties": {"t": {"type": "integer"}}}},
        }});
        let names = ["form/d", "form/n", "form/b", "form/c", "form/m", "form/r/2/t"];
        let pairs: Vec<(String, String)> = names.iter().map(|n| (*n).to_owned()).zip(values)
            .filter(|(_, v)| !v.trim().is_empty()).collect();
        let typed = typed(&pairs);
        let model = model(&schema);
        let _ = read(&model.fields, "form", &typed);
        let drawn = draw(&model, "form", &typed, &Told::default(), Language::English);
        for (name, value) in &pairs {
            let mut shown = false;
            every_widget(&drawn, &mut |w| {
                let chosen = w.choices.iter().any(|c| c.chosen && (c.value == *value || c.value == super::normalise::text(value)));
                shown |= w.name == *name && (w.value == *value || chosen || w.value == super::normalise::text(value));
            });
            prop_assert!(shown || super::normalise::text(value).is_empty(), "{} = {:?}", name, value);
        }
    }

    #[test]
    fn what_is_read_as_a_number_is_that_number(whole in -999_999_999i64..999_999_999, hundredths in 0u8..100) {
        let text = format!("{whole}.{hundredths:02}");
        let read = super::normalise::number(&text).unwrap();
        prop_assert_eq!(read.as_f64(), text.parse::<f64>().ok());
    }

    #[test]
    fn no_text_makes_the_readers_of_moments_panic(text in "\\PC{0,30}") {
        let _ = (super::normalise::day(&text), super::normalise::time(&text), super::normalise::instant(&text), super::normalise::number(&text));
    }
}

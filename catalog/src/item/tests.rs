//! The items of `config/items`, and what a faulty item is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::samples;
use crate::source::{Fault, load_yaml};
use crate::tables::{LimitUnit, Necessity};

#[test]
fn every_item_of_the_configuration_loads_and_fits_the_others() {
    let items = samples::items();
    assert!(items.len() >= 120, "{} items", items.len());
    let faults = crate::snapshot::cross_check(&items, &samples::organisations());
    assert_eq!(faults, []);
    for item in &items {
        assert!(item.value.sample, "{} is marked as a sample", item.file());
        assert_eq!(item.file(), format!("{}.yaml", item.value.id));
    }
}

#[test]
fn the_configuration_shows_every_kind_of_item() {
    let items: Vec<ServiceItem> = samples::items()
        .into_iter()
        .map(|item| item.value)
        .collect();
    let levels: BTreeSet<Level> = items.iter().map(|item| item.level).collect();
    let all = [
        Level::National,
        Level::Province,
        Level::City,
        Level::County,
        Level::Town,
        Level::Village,
    ];
    assert!(levels.is_superset(&all.into()));
    let promised = |unit| {
        items.iter().any(|item| {
            item.promise
                .as_ref()
                .is_some_and(|promise| promise.unit == unit)
        })
    };
    assert!(
        [
            LimitUnit::WorkingDay,
            LimitUnit::NaturalDay,
            LimitUnit::Month,
            LimitUnit::Hour
        ]
        .into_iter()
        .all(promised)
    );
    let any = |holds: fn(&ServiceItem) -> bool| items.iter().any(holds);
    assert!(any(|item| item.case_type == CaseType::Immediate));
    assert!(any(
        |item| item.policies.acceptance == AcceptancePolicy::Deemed
    ));
    assert!(any(
        |item| item.policies.natural_day_end == NaturalDayEnd::RollsOver
    ));
    assert!(any(|item| item.policies.units == UnitConvention::Guangdong
        && item
            .promise
            .as_ref()
            .is_some_and(|promise| promise.unit == LimitUnit::Month)));
    assert!(any(|item| item
        .materials
        .iter()
        .any(|material| material.required == Necessity::Later)));
    assert!(
        any(|item| item.state == ItemState::Cancelled)
            && any(|item| item.state == ItemState::Suspended)
    );
    for scheme in [NumberScheme::Gd29, NumberScheme::Cn43, NumberScheme::Local] {
        assert!(items.iter().any(|item| item.number_scheme == scheme));
    }
    for scheme in crate::code::CodeScheme::ALL {
        assert!(
            items
                .iter()
                .any(|item| item.codes.iter().any(|code| code.scheme() == *scheme)),
            "{scheme}"
        );
    }
}

#[test]
fn the_three_items_of_the_demonstration_are_as_its_partners_expect() {
    let explosives = samples::item("explosives-sales");
    assert_eq!(
        (explosives.level, explosives.running_level),
        (Level::Province, RunningLevel::Province)
    );
    assert_eq!(
        (explosives.number_scheme, explosives.result.kind),
        (NumberScheme::Gd29, ResultKind::Certificate)
    );
    let disclosure = samples::item("info-disclosure-zhuhai");
    assert_eq!(
        (disclosure.level, disclosure.region.as_str()),
        (Level::City, "440400")
    );
    assert!(disclosure.audience.contains(&Audience::Person));
    assert_eq!(disclosure.number_scheme, NumberScheme::Gd29);
    let radio = samples::item("radio-station");
    assert_eq!(
        (radio.running_level, radio.number_scheme),
        (RunningLevel::National, NumberScheme::Cn43)
    );
    assert_eq!(radio.result.kind, ResultKind::Certificate);
}

#[test]
fn the_stored_form_reads_back_to_the_same_item_and_the_same_text() {
    for item in samples::items() {
        let json = item.value.to_json().unwrap();
        let back = ServiceItem::from_json(&json).unwrap();
        assert_eq!(back, item.value, "{}", item.file());
        assert_eq!(back.to_json().unwrap(), json);
        assert!(json.starts_with(r#"{"schema":"tongban/item/1","id":""#));
    }
}

#[test]
fn the_stored_form_is_an_item_file_too() {
    let item = samples::item("explosives-sales");
    assert_eq!(
        load_yaml::<ServiceItem>("stored.json", &item.to_json().unwrap()).unwrap(),
        item
    );
}

#[test]
fn a_form_keeps_its_order_and_drops_the_fields_of_other_situations() {
    let item = samples::item("explosives-sales");
    let names: Vec<&str> = item.form.fields().map(|field| field.name).collect();
    assert_eq!(
        names,
        [
            "project_name",
            "warehouse_address",
            "storage_limit_kg",
            "varieties",
            "licence_no",
            "change_of",
            "safety_officer",
            "safety_officer_phone"
        ]
    );
    let fields = |situation: Option<&str>| {
        let situation: Option<SituationId> = situation.map(|id| id.parse().unwrap());
        let schema = item.form.for_situation(situation.as_ref());
        schema["properties"].as_object().unwrap().len()
    };
    assert_eq!(
        [
            fields(None),
            fields(Some("first")),
            fields(Some("renewal")),
            fields(Some("change"))
        ],
        [6, 6, 7, 8]
    );
}

#[test]
fn every_form_of_every_situation_is_a_schema_that_takes_and_refuses() {
    for item in samples::items() {
        let situations = item
            .value
            .situations
            .iter()
            .map(|situation| Some(&situation.id))
            .chain([None]);
        for situation in situations {
            let schema = item.value.form.for_situation(situation);
            let validator = jsonschema::validator_for(&schema).unwrap();
            assert!(
                !validator.is_valid(&serde_json::json!({"no_such_field": 1})),
                "{}",
                item.file()
            );
            assert!(!validator.is_valid(&serde_json::json!([])));
        }
    }
    let schema = samples::item("info-disclosure-zhuhai")
        .form
        .for_situation(None);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut filled = serde_json::json!({
        "project_name": "2016年技术改造资金安排", "information": "安排明细", "purpose": "research", "medium": "paper", "delivery": "post"
    });
    assert!(!validator.is_valid(&filled), "by post an address is needed");
    filled["postal_address"] = "珠海市香洲区".into();
    assert!(validator.is_valid(&filled));
}

#[test]
fn materials_follow_the_situation() {
    let item = samples::item("explosives-sales");
    let of = |id: Option<&str>| {
        let id: Option<SituationId> = id.map(|id| id.parse().unwrap());
        item.materials_for(id.as_ref())
            .map(|material| material.seq)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Some("first")), [1, 2, 3, 4, 5]);
    assert_eq!(of(Some("renewal")), [1, 2, 4, 5, 6]);
    assert_eq!(of(None), [1, 2, 5]);
}

#[test]
fn a_limit_belongs_to_item_and_channel() {
    let item = samples::item("explosives-sales");
    let promise = |channel| item.promise_for(channel).unwrap().n;
    assert_eq!(
        (promise(Channel::Window), promise(Channel::Online)),
        (15, 12)
    );
    assert_eq!(
        item.promise.as_ref().unwrap().in_words(Language::Chinese),
        "15个工作日"
    );
}

#[test]
fn numbers_grow_from_the_item() {
    let stem = |id: &str| {
        samples::item(id)
            .number_stem(date(2017, 6, 5))
            .unwrap()
            .number(1)
            .unwrap()
    };
    assert_eq!(
        stem("info-disclosure-zhuhai"),
        "10131300500698857411706050001"
    );
    assert_eq!(stem("radio-station").len(), 43);
    assert_eq!(stem("sme-training-shenzhen"), "SZ-SME-TRAIN-01201706050001");
}

#[test]
fn a_version_is_effective_from_its_first_to_its_last_day() {
    let item = samples::item("salt-retail");
    let effective = |day| item.is_effective(day);
    assert!(effective(date(2014, 1, 1)) && effective(date(2016, 12, 31)));
    assert!(!effective(date(2013, 12, 31)) && !effective(date(2017, 1, 1)));
}

/// One line of the table: `from` becomes `to` in a sound item, which must give exactly one fault with this code and
/// pointer, where `at` begins in the changed file.
struct Case<'c> {
    from: &'c str,
    to: &'c str,
    code: &'c str,
    pointer: &'c str,
    at: &'c str,
}

impl Case<'_> {
    /// What differs from what is expected.
    fn deviation(&self) -> Option<String> {
        let (faults, text) = faults_of(&[(self.from, self.to)]);
        let before = &text[..text
            .find(self.at)
            .unwrap_or_else(|| panic!("`{}` is not in the file", self.at))];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        let expected = format!("{line}:{column} {} {}", self.code, self.pointer);
        let told: Vec<String> = faults
            .iter()
            .map(|f| format!("{}:{} {} {}", f.line, f.column, f.code, f.pointer))
            .collect();
        (told != [expected.clone()]).then(|| {
            format!(
                "{} → {}: expected {expected}, told {told:?}",
                self.from, self.to
            )
        })
    }
}

fn faults_of(changes: &[(&str, &str)]) -> (Vec<Fault>, String) {
    let mut text = samples::item_text("explosives-sales");
    for (from, to) in changes {
        assert!(text.contains(from), "`{from}` is not in the file");
        text = text.replacen(from, to, 1);
    }
    (
        load_yaml::<ServiceItem>("explosives-sales.yaml", &text)
            .err()
            .unwrap_or_default(),
        text,
    )
}

#[test]
fn a_faulty_item_is_told_what_and_where() {
    let mut deviations = Vec::new();
    let mut case = |from, to, code, pointer, at| {
        deviations.extend(
            Case {
                from,
                to,
                code,
                pointer,
                at,
            }
            .deviation(),
        )
    };
    // Shapes, words and identifiers.
    case(
        "visits: 1",
        "visit: 1",
        "unknown_key",
        "/visit",
        "visit: 1\noffers",
    );
    case(
        "version: 2",
        "version: two",
        "wrong_type",
        "/version",
        "two",
    );
    case(
        "version: 2",
        "version: -2",
        "invalid_value",
        "/version",
        "-2",
    );
    case(
        "level: province",
        "level: provinze",
        "unknown_word",
        "/level",
        "provinze",
    );
    case("type: \"01\"", "type: XK", "invalid_value", "/type", "XK");
    case(
        "region: \"440000\"",
        "region: \"4400\"",
        "invalid_value",
        "/region",
        "\"4400\"",
    );
    case(
        "uscc: \"114400000069391152\"",
        "uscc: \"114400000069391153\"",
        "invalid_value",
        "/org/uscc",
        "\"114400000069391153\"",
    );
    case(
        "\"006939115\"",
        "\"006939116\"",
        "invalid_value",
        "/org/organisation_code",
        "\"006939116\"",
    );
    case(
        "\"440102130001\"",
        "\"44010213000\"",
        "invalid_value",
        "/codes/1/value",
        "\"44010213000\"",
    );
    case(
        "effective_from: 2016-01-01",
        "effective_from: 2016-02-30",
        "invalid_value",
        "/effective_from",
        "2016-02-30",
    );
    case(
        "id: renewal",
        "id: Renewal",
        "invalid_value",
        "/situations/1/id",
        "Renewal, name",
    );
    case(
        "name: 民用爆炸物品销售许可\n",
        "name: 甲\nname: 乙\n",
        "duplicate_key",
        "",
        "name: 乙",
    );
    // Rules across values.
    case(
        "version: 2",
        "version: 0",
        "version_zero",
        "/version",
        "0\nstate",
    );
    case(
        "name: 民用爆炸物品销售许可\n",
        "name: \" \"\n",
        "empty",
        "/name",
        "\" \"",
    );
    case(
        "state: active",
        "state: cancelled",
        "state_note_missing",
        "/state",
        "cancelled",
    );
    case(
        "uscc: \"114400000069391152\"",
        "uscc: \"11440000006939449J\"",
        "organisation_mismatch",
        "/org/organisation_code",
        "\"006939115\"",
    );
    case(
        "level: province\n",
        "level: city\n",
        "code_disagrees",
        "/codes/0/value",
        "\"10021300100693911512440000\"",
    );
    case(
        "region: \"440000\"",
        "region: \"440400\"",
        "code_disagrees",
        "/codes/0/value",
        "\"10021300100693911512440000\"",
    );
    case(
        "number_scheme: gd29",
        "number_scheme: cn43",
        "number_scheme_without_code",
        "/number_scheme",
        "cn43",
    );
    case(
        "promise: { n: 15,",
        "promise: { n: 31,",
        "promise_beyond_statute",
        "/promise/n",
        "31,",
    );
    case(
        "promise: { n: 12,",
        "promise: { n: 0,",
        "out_of_range",
        "/limits/0/promise/n",
        "0, unit: working_day } }",
    );
    case(
        "channel: online",
        "channel: mobile",
        "limit_without_channel",
        "/limits/0/channel",
        "mobile",
    );
    case(
        "channels: [window, online]",
        "channels: [window, online, window]",
        "repeated",
        "/channels/2",
        "window]",
    );
    case(
        "audience: [enterprise]",
        "audience: []",
        "empty",
        "/audience",
        "audience: []",
    );
    case(
        "effective_from: 2016-01-01",
        "effective_from: 2016-01-01\neffective_to: 2015-12-31",
        "ends_before_it_begins",
        "/effective_to",
        "2015-12-31",
    );
    case(
        "version: 1 }",
        "version: 2 }",
        "supersedes_itself",
        "/supersedes/version",
        "2 }",
    );
    case(
        "- seq: 6",
        "- seq: 5",
        "seq_repeated",
        "/materials/5/seq",
        "5\n    name: 原许可证",
    );
    case(
        "situations: [first, change]",
        "situations: [first, chance]",
        "unknown_situation",
        "/materials/2/situations/1",
        "chance]",
    );
    case(
        "fee: { required: false }",
        "fee: { required: true }",
        "fee_without_basis",
        "/fee",
        "fee: {",
    );
    case(
        "complaint_phone: \"12345\"",
        "complaint_phone: \"1234567890123456789\"",
        "too_long",
        "/contact/complaint_phone",
        "\"1234567890123456789\"",
    );
    // The form.
    case(
        "draft/2020-12/schema",
        "draft-04/schema#",
        "form_draft",
        "/form/$schema",
        "https://json-schema",
    );
    case(
        "type: object",
        "type: array",
        "form_not_object",
        "/form",
        "form:\n",
    );
    case(
        "varieties]\n",
        "varietees]\n",
        "unknown_field",
        "/form/required/3",
        "varietees]",
    );
    case(
        "title: 专用仓库地址, ",
        "",
        "field_without_title",
        "/form/properties/warehouse_address",
        "warehouse_address: {",
    );
    case(
        "x-situations: [change]",
        "x-situations: [gone]",
        "unknown_situation",
        "/form/properties/change_of/x-situations/0",
        "gone]",
    );
    case(
        "items:\n        oneOf",
        "items:\n        $ref: http://example.org/x\n        oneOf",
        "form_reference",
        "/form/properties/varieties/items/$ref",
        "http://example.org",
    );
    case(
        "safety_officer: { type",
        "9th: { type: string, title: 九 }\n    safety_officer: { type",
        "field_name",
        "/form/properties/9th",
        "9th: {",
    );
    assert!(deviations.is_empty(), "{}", deviations.join("\n"));
}

#[test]
fn many_faults_are_told_at_once() {
    let (faults, _) = faults_of(&[
        ("region: \"440000\"", "region: nowhere"),
        (
            "uscc: \"114400000069391152\"",
            "uscc: \"114400000069391153\"",
        ),
        ("promise: { n: 15,", "promise: { n: 45,"),
        ("- seq: 6", "- seq: 5"),
        ("visits: 1\n", ""),
        ("result: { kind: certificate", "result: { kind: certifcate"),
    ]);
    let codes: Vec<(&str, &str)> = faults
        .iter()
        .map(|fault| (fault.pointer.as_str(), fault.code))
        .collect();
    assert_eq!(
        codes,
        [
            ("/visits", "missing_key"),
            ("/region", "invalid_value"),
            ("/org/uscc", "invalid_value"),
            ("/promise/n", "promise_beyond_statute"),
            ("/result/kind", "unknown_word"),
            ("/materials/5/seq", "seq_repeated"),
        ]
    );
}

#[test]
fn a_hint_names_what_was_probably_meant() {
    let hint = |change: (&str, &str)| faults_of(&[change]).0[0].hint.clone().unwrap().en;
    assert_eq!(
        hint(("effective_from:", "effectiveFrom:")),
        "did you mean `effective_from`?"
    );
    assert_eq!(
        hint(("situations: [first, change]", "situations: [first, chance]")),
        "did you mean `change`?"
    );
    assert_eq!(
        hint(("case_type: promise", "case_type: promised")),
        "did you mean `promise`?"
    );
}

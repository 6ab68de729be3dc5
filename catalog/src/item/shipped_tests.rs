//! What the shipped catalogue promises: its breadth, its forms, both languages, and that everyday words find it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, date};
use serde_json::{Map, Value, json};

use super::form::strings;
use super::*;
use crate::samples;
use crate::snapshot::{Availability, Catalogue, Query};

/// A day on which the items are in force that are neither suspended, cancelled nor planned.
const TODAY: Date = date(2026, 6, 5);

fn items() -> Vec<ServiceItem> {
    samples::items()
        .into_iter()
        .map(|item| item.value)
        .collect()
}

fn catalogue() -> Catalogue {
    Catalogue::new(
        items().into_iter().map(Arc::new),
        Arc::new(samples::organisations()),
    )
}

/// The situations to fill a form in for; one without any where the item has none.
fn choices(item: &ServiceItem) -> Vec<Option<SituationId>> {
    if item.situations.is_empty() {
        return vec![None];
    }
    let ids = item.situations.iter().map(|situation| &situation.id);
    ids.cloned().map(Some).collect()
}

/// The conditions of a form: `if` at the top and in `allOf`.
fn conditions(form: &Value) -> Vec<&Map<String, Value>> {
    let all_of = form.get("allOf").and_then(Value::as_array);
    std::iter::once(form)
        .chain(all_of.into_iter().flatten())
        .filter_map(Value::as_object)
        .filter(|schema| schema.contains_key("if"))
        .collect()
}

fn is_conditional(form: &Value) -> bool {
    !conditions(form).is_empty()
        || form.get("dependentRequired").is_some()
        || form.get("dependentSchemas").is_some()
}

#[test]
fn the_catalogue_covers_the_province_five_cities_and_every_type() {
    let items = items();
    assert!(items.len() >= 120, "{} items", items.len());
    let mut of_type: BTreeMap<String, usize> = BTreeMap::new();
    let mut of_city: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &items {
        *of_type.entry(item.item_type.code()).or_default() += 1;
        *of_city.entry(&item.region.as_str()[..4]).or_default() += 1;
    }
    let types = [
        "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "20", "21",
    ];
    for code in types {
        assert!(of_type.get(code) >= Some(&2), "type {code}: {of_type:?}");
    }
    for city in ["4400", "4401", "4403", "4404", "4406", "4419"] {
        assert!(of_city.get(city) >= Some(&10), "region {city}: {of_city:?}");
    }
    let levels: BTreeSet<Level> = items.iter().map(|item| item.level).collect();
    assert_eq!(levels.len(), 6, "{levels:?}");
    let with_situations = items.iter().filter(|item| !item.situations.is_empty());
    assert!(with_situations.count() >= 60);
    let conditional = items
        .iter()
        .filter(|item| is_conditional(&Value::Object(item.form.schema().clone())));
    assert!(conditional.count() >= 40);
    let stands = |availability| {
        items
            .iter()
            .any(|item| Availability::of(item, TODAY) == availability)
    };
    assert!(stands(Availability::Suspended) && stands(Availability::NotYet));
}

#[test]
fn every_form_compiles_for_every_situation() {
    for item in items() {
        for choice in choices(&item) {
            let form = item.form.for_situation(choice.as_ref());
            let compiled = jsonschema::validator_for(&form);
            assert!(
                compiled.is_ok(),
                "{} {choice:?}: {:?}",
                item.id,
                compiled.err()
            );
        }
    }
}

#[test]
fn no_condition_demands_a_field_that_its_situation_does_not_have() {
    for item in items() {
        for choice in choices(&item) {
            let form = item.form.for_situation(choice.as_ref());
            let fields = form["properties"].as_object().unwrap();
            let has = |name: &str| fields.contains_key(name);
            let mut demanded: Vec<&str> = Vec::new();
            for condition in conditions(&form) {
                let can_hold = strings(condition["if"].get("required")).all(has);
                let branches = if can_hold {
                    vec!["then", "else"]
                } else {
                    vec!["else"]
                };
                for branch in branches {
                    let branch = condition.get(branch);
                    demanded.extend(strings(branch.and_then(|branch| branch.get("required"))));
                }
            }
            for list in ["dependentRequired", "dependentSchemas"] {
                let dependent = form.get(list).and_then(Value::as_object);
                for (name, of_it) in dependent.into_iter().flatten() {
                    if has(name) {
                        let names = of_it.get("required").unwrap_or(of_it);
                        demanded.extend(strings(Some(names)));
                    }
                }
            }
            for name in demanded {
                assert!(has(name), "{} {choice:?}: {name}", item.id);
            }
        }
    }
}

/// Every `title` and `description`, at any depth, has its English twin.
fn in_english(value: &Value, at: &str, missing: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        for text in ["title", "description"] {
            if !object.get(text).is_some_and(Value::is_string) {
                continue;
            }
            let english = object.get(&format!("{text}_en")).and_then(Value::as_str);
            if !english.is_some_and(is_english) {
                missing.push(format!("{at}/{text}"));
            }
        }
        for (key, value) in object {
            in_english(value, &format!("{at}/{key}"), missing);
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        in_english(value, &format!("{at}/{index}"), missing);
    }
}

fn is_english(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn items_situations_materials_and_fields_are_named_in_both_languages() {
    for item in items() {
        let mut missing = Vec::new();
        let mut named = |what: String, name: Option<&str>| {
            if !name.is_some_and(is_english) {
                missing.push(what);
            }
        };
        named("name".to_owned(), item.name_en.as_deref());
        for situation in &item.situations {
            named(
                format!("situation {}", situation.id),
                situation.name_en.as_deref(),
            );
        }
        for material in &item.materials {
            named(
                format!("material {}", material.seq),
                material.name_en.as_deref(),
            );
        }
        let form = Value::Object(item.form.schema().clone());
        in_english(&form, "/form", &mut missing);
        assert!(missing.is_empty(), "{}: {missing:?}", item.id);
    }
}

#[test]
fn everyday_words_find_a_fitting_item_among_the_first_five() {
    let catalogue = catalogue();
    for (word, fitting) in [
        ("开饭店", "open-restaurant-package-tianhe"),
        ("开饭店", "food-licence-tianhe"),
        ("准生证", "birth-registration-yuehai"),
        ("身份证", "id-card-guangzhou"),
        ("驾照", "driving-licence-guangzhou"),
        ("社保卡", "social-security-card-guangzhou"),
        ("营业执照", "sole-trader-nanhai"),
        ("营业执照", "company-registration-shenzhen"),
        ("公积金", "housing-fund-rent-guangzhou"),
        ("房产证", "property-transfer-guangzhou"),
        ("结婚证", "marriage-registration-yuexiu"),
        ("网约车", "ride-hailing-driver-shenzhen"),
    ] {
        let found = catalogue.search(&Query::new().text(word), TODAY);
        let first: Vec<&str> = found
            .items
            .iter()
            .take(5)
            .map(|summary| summary.item.id.as_str())
            .collect();
        assert!(first.contains(&fitting), "{word}: {first:?}");
    }
}

/// Whether a form takes the values, with changes on top; `null` takes a field away.
fn takes(id: &str, situation: &str, values: &Value, changes: &Value) -> bool {
    let item = samples::item(id);
    let form = item.form.for_situation(Some(&situation.parse().unwrap()));
    let mut values = values.clone();
    let object = values.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.remove(name)),
            value => drop(object.insert(name.clone(), value.clone())),
        }
    }
    jsonschema::is_valid(&form, &values)
}

#[test]
fn cold_dishes_need_a_separate_room() {
    let takes = |changes| {
        let values = json!({
            "form": "drink", "shop_name": "示例茶饮店", "address": "天河区示例路18号", "area_m2": 46.5,
            "items": ["drink", "hot"], "uses_internet": false, "staff": 4, "officer": "张三",
        });
        takes("food-licence-tianhe", "new", &values, &changes)
    };
    assert!(takes(json!({})));
    assert!(!takes(json!({"items": ["cold"]})));
    assert!(!takes(json!({"items": ["cold"], "raw_room_m2": 4})));
    assert!(takes(json!({"items": ["cold"], "raw_room_m2": 6})));
    assert!(
        !takes(json!({"uses_internet": true})),
        "the platform is missing"
    );
    assert!(!takes(json!({"items": []})) && !takes(json!({"staff": 0})));
    assert!(
        !takes(json!({"licence_no": "JY14401060000000"})),
        "a new shop has no licence yet"
    );
}

#[test]
fn a_child_applies_for_an_identity_card_with_its_guardian() {
    let takes = |situation, changes| {
        let values = json!({
            "id_number": "11010519491231002X", "under_sixteen": false, "delivery": "counter",
        });
        takes("id-card-guangzhou", situation, &values, &changes)
    };
    assert!(takes("expired", json!({})));
    let child = json!({"under_sixteen": true});
    assert!(!takes("expired", child));
    assert!(takes(
        "expired",
        json!({"under_sixteen": true, "guardian_name": "李四", "guardian_id": "11010519491231002X"})
    ));
    assert!(!takes("expired", json!({"delivery": "post"})));
    assert!(
        !takes("lost", json!({})),
        "the day of the loss is asked for"
    );
    assert!(takes("lost", json!({"lost_on": "2026-05-30"})));
}

#[test]
fn staff_are_declared_one_by_one() {
    let takes = |staff: Value| {
        let values = json!({
            "unit_no": "123456", "contact": "王五", "contact_phone": "13800000001", "month": "2026-05", "staff": staff,
        });
        takes("employer-insurance-shenzhen", "add", &values, &json!({}))
    };
    let person = json!({"name": "张三", "id_number": "11010519491231002X", "wage_cny": 6800, "household": "other"});
    assert!(takes(json!([person])));
    assert!(!takes(json!([])));
    assert!(!takes(
        json!([{"name": "张三", "id_number": "11010519491231002X"}])
    ));
    assert!(!takes(
        json!([{"name": "张三", "id_number": "1", "wage_cny": 6800}])
    ));
}

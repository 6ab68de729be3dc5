//! What makes a JSON Schema a form: an object of titled fields, without references that leave it.

use serde_json::{Map, Value};

use super::ServiceItem;
use super::checks::unknown_situation;
use crate::item::form::{ORDER, SITUATIONS, strings};
use crate::item::{ItemForm, SUPPORTED_DRAFTS};
use crate::source::{Finding, nearest};

/// The most fields of a form.
const MAX_FIELDS: usize = 200;
/// The longest name of a field.
const MAX_NAME: usize = 64;

pub(super) fn form(item: &ServiceItem, found: &mut Vec<Finding>) {
    let schema = item.form.schema();
    draft(schema, found);
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        let finding = Finding::new(
            "/form",
            "form_not_object",
            "表单的 type 必须是 object",
            "the form's type must be object",
        );
        found.push(
            finding
                .with_hint("请写 type: object", "write `type: object`")
                .compared_with("/form/type"),
        );
    }
    match schema.get("properties") {
        Some(Value::Object(properties)) => fields(item, properties, found),
        _ => {
            let finding = Finding::new(
                "/form",
                "form_without_fields",
                "表单须有 properties",
                "the form has properties",
            );
            found.push(finding.with_hint(
                "没有字段请写 properties: {}",
                "write `properties: {}` for none",
            ));
        }
    }
    names_of_lists(&item.form, found);
    let mut references = Vec::new();
    for (key, value) in schema {
        outside(value, &format!("/form/{key}"), &mut references);
    }
    found.extend(references);
}

fn draft(schema: &Map<String, Value>, found: &mut Vec<Finding>) {
    let Some(draft) = schema.get("$schema") else {
        return;
    };
    if !draft
        .as_str()
        .is_some_and(|draft| SUPPORTED_DRAFTS.contains(&draft))
    {
        let finding = Finding::new(
            "/form/$schema",
            "form_draft",
            format!("不支持的 JSON Schema 版本 {draft}"),
            format!("JSON Schema draft {draft} is not supported"),
        );
        found.push(finding.with_hint(
            format!("可用：{}", SUPPORTED_DRAFTS.join("、")),
            format!("possible are: {}", SUPPORTED_DRAFTS.join(", ")),
        ));
    }
}

fn fields(item: &ServiceItem, properties: &Map<String, Value>, found: &mut Vec<Finding>) {
    if properties.len() > MAX_FIELDS {
        found.push(Finding::new(
            "/form/properties",
            "too_many_fields",
            format!("表单字段不得超过{MAX_FIELDS}个"),
            format!("a form has at most {MAX_FIELDS} fields"),
        ));
    }
    for (name, field) in properties {
        let at = format!(
            "/form/properties/{}",
            name.replace('~', "~0").replace('/', "~1")
        );
        if !is_field_name(name) {
            found.push(Finding::new(
                &at,
                "field_name",
                format!("字段名 {name} 只能由字母、数字和下划线组成，以字母开头，最长{MAX_NAME}位，且不能是 properties"),
                format!("the field name {name} must be letters, digits and underscores, a letter first, at most {MAX_NAME}, and not `properties`"),
            ));
        }
        let title = field
            .get("title")
            .and_then(Value::as_str)
            .is_some_and(|title| !title.trim().is_empty());
        if !title {
            let finding = Finding::new(
                &at,
                "field_without_title",
                format!("字段 {name} 没有 title"),
                format!("the field {name} has no title"),
            );
            found.push(finding.compared_with(format!("{at}/title")));
        }
        for (index, id) in strings(field.get(SITUATIONS)).enumerate() {
            if !item
                .situations
                .iter()
                .any(|situation| situation.id.as_str() == id)
            {
                found.push(unknown_situation(
                    item,
                    &format!("{at}/{SITUATIONS}/{index}"),
                    id,
                ));
            }
        }
    }
}

/// `required` and `x-order` name fields that exist; `x-order` names each of them once.
fn names_of_lists(form: &ItemForm, found: &mut Vec<Finding>) {
    let schema = form.schema();
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return;
    };
    for list in ["required", ORDER] {
        for (index, name) in strings(schema.get(list)).enumerate() {
            if properties.contains_key(name) {
                continue;
            }
            let finding = Finding::new(
                format!("/form/{list}/{index}"),
                "unknown_field",
                format!("表单没有字段 {name}"),
                format!("the form has no field {name}"),
            );
            let near = nearest(name, properties.keys().map(String::as_str));
            found.push(
                finding
                    .with_suggestion(near)
                    .compared_with("/form/properties"),
            );
        }
    }
    let mut ordered: Vec<&str> = strings(schema.get(ORDER))
        .filter(|name| properties.contains_key(*name))
        .collect();
    ordered.sort_unstable();
    let named = ordered.len();
    ordered.dedup();
    if ordered.len() != properties.len() || named != ordered.len() {
        let finding = Finding::new(
            format!("/form/{ORDER}"),
            "form_order",
            "x-order 须把每个字段列出一次",
            "x-order must name every field once",
        );
        found.push(finding.with_hint(
            "不写 x-order 则按文件中的顺序",
            "without x-order the order of the file counts",
        ));
    }
}

/// References that leave the form, at any depth (the file's own bound on depth holds here too).
fn outside(value: &Value, pointer: &str, found: &mut Vec<Finding>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let refers = matches!(key.as_str(), "$ref" | "$dynamicRef");
                if refers && !value.as_str().is_some_and(|target| target.starts_with('#')) {
                    let finding = Finding::new(
                        &at,
                        "form_reference",
                        "表单只能引用自身（#/…）",
                        "a form refers to itself only (`#/…`)",
                    );
                    found.push(finding);
                }
                outside(value, &at, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                outside(value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn is_field_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name != "properties"
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

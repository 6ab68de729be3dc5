//! From a JSON Schema (draft 2020-12 and what items use of draft 7) to the fields of a form.

use super::choices::{choices, wire};
use super::conditional::{Conditions, needed};
use super::model::{
    Choice, Field, Kind, Model, MomentForm, Need, NumberRules, Rows, TextForm, TextRules, When,
};
use super::texts::{self, both};
use super::{DEPTH_MAX, FIELDS_MAX, ROWS_MAX};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tongban_catalog::Bilingual;

/// Characters from which on a text is written over several lines.
const LONG_TEXT: u64 = 300;
/// References that are followed one after the other.
const REFERENCES_MAX: usize = 8;

/// The model of a form's schema.
#[must_use]
pub fn model(schema: &Value) -> Model {
    let mut reader = Reader {
        root: schema,
        left: FIELDS_MAX,
        cut: false,
    };
    let fields = match reader.resolved(schema) {
        Some(object) => reader.object(&object, 0),
        None => Vec::new(),
    };
    Model {
        fields,
        cut: reader.cut,
    }
}

/// The texts of a list of texts.
pub(super) fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

struct Reader<'s> {
    root: &'s Value,
    /// Fields that may still be drawn.
    left: usize,
    cut: bool,
}

impl Reader<'_> {
    /// A schema with its references and `allOf` laid into it; its own words win.
    fn resolved(&self, schema: &Value) -> Option<Map<String, Value>> {
        let mut own = schema.as_object()?.clone();
        for _ in 0..REFERENCES_MAX {
            let Some(Value::String(target)) = own.remove("$ref") else {
                break;
            };
            let pointer = target.strip_prefix('#')?;
            let found = self.root.pointer(pointer)?.as_object()?;
            for (key, value) in found {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        Some(own)
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Vec<Field> {
        let mut properties = properties_in_order(schema);
        let mut conditions = Conditions::default();
        let labels: Vec<(String, Bilingual, Vec<Choice>)> = properties
            .iter()
            .filter_map(|(key, value)| {
                let resolved = self.resolved(value)?;
                Some((key.clone(), label(&resolved, key), choices(&resolved)))
            })
            .collect();
        let beside = |key: &str| {
            let found = labels.iter().find(|(own, _, _)| own == key)?;
            Some((found.1.clone(), found.2.clone()))
        };
        conditions.read(schema, None, &beside);
        let mut only: Vec<(String, When)> = Vec::new();
        for (key, value, when) in conditions.more {
            if !properties.iter().any(|(own, _)| *own == key) {
                only.push((key.clone(), when));
                properties.push((key, value));
            }
        }
        let required = strings(schema.get("required")).map(str::to_owned);
        let always: BTreeSet<String> = required.chain(conditions.always).collect();
        let mut fields = Vec::new();
        for (key, value) in properties {
            if self.left == 0 {
                self.cut = true;
                break;
            }
            self.left -= 1;
            let Some(mut field) = self.field(&key, &value, depth) else {
                continue;
            };
            field.need = match always.contains(&key) {
                true => Need::Always,
                false => needed(&key, &conditions.needed),
            };
            field.only_when = only
                .iter()
                .find(|(own, _)| *own == key)
                .map(|(_, when)| when.clone());
            fields.push(field);
        }
        fields
    }

    /// One field; `None` for a schema that takes no value at all.
    fn field(&mut self, key: &str, schema: &Value, depth: usize) -> Option<Field> {
        if *schema == Value::Bool(false) {
            return None;
        }
        let schema = self.resolved(schema).unwrap_or_default();
        let kind = self.kind(&schema, depth);
        let mut field = Field::new(key, label(&schema, key), kind);
        field.hint = description(&schema);
        field.preset = schema.get("default").cloned();
        if matches!(&field.kind, Kind::Text(rules) if rules.form == TextForm::Email) {
            field.autocomplete = "email";
        }
        Some(field)
    }

    fn kind(&mut self, schema: &Map<String, Value>, depth: usize) -> Kind {
        match schema.get("const") {
            Some(Value::Bool(true)) => return Kind::Consent,
            Some(_) => return Kind::Choice(choices(schema)),
            None => {}
        }
        let choices = choices(schema);
        if !choices.is_empty() {
            return Kind::Choice(choices);
        }
        let deep = depth >= DEPTH_MAX;
        match type_of(schema) {
            "object" if !deep && schema.contains_key("properties") => {
                Kind::Group(self.object(schema, depth + 1))
            }
            "array" if !deep => self.array(schema, depth),
            "boolean" => Kind::Truth,
            "integer" => Kind::Number(number_rules(schema, true)),
            "number" => Kind::Number(number_rules(schema, false)),
            "string" => string(schema),
            _ => Kind::Unknown,
        }
    }

    fn array(&mut self, schema: &Map<String, Value>, depth: usize) -> Kind {
        let items = match schema.get("items") {
            Some(items @ Value::Object(_)) if !schema.contains_key("prefixItems") => items,
            _ => return Kind::Unknown,
        };
        let resolved = self.resolved(items).unwrap_or_default();
        let offered = choices(&resolved);
        if !offered.is_empty() {
            return Kind::Several(offered);
        }
        if self.left == 0 {
            self.cut = true;
            return Kind::Unknown;
        }
        self.left -= 1;
        let bound = |name: &str| {
            let number = schema.get(name).and_then(Value::as_u64);
            number.map(|n| usize::try_from(n).unwrap_or(ROWS_MAX).min(ROWS_MAX))
        };
        let Some(item) = self.field("", items, depth + 1) else {
            return Kind::Unknown;
        };
        Kind::Rows(Box::new(Rows {
            item,
            min: bound("minItems").unwrap_or(0),
            max: bound("maxItems").unwrap_or(ROWS_MAX).max(1),
        }))
    }
}

/// The properties in the order of `x-order`, then those that it does not name.
pub(super) fn properties_in_order(schema: &Map<String, Value>) -> Vec<(String, Value)> {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return Vec::new();
    };
    let mut named = BTreeSet::new();
    let mut ordered = Vec::with_capacity(properties.len());
    let order = strings(schema.get("x-order")).chain(properties.keys().map(String::as_str));
    for key in order {
        if let (Some(value), true) = (properties.get(key), named.insert(key)) {
            ordered.push((key.to_owned(), value.clone()));
        }
    }
    ordered
}

fn text<'v>(schema: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    let text = schema.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

pub(super) fn label(schema: &Map<String, Value>, key: &str) -> Bilingual {
    let zh = text(schema, "title").unwrap_or(key);
    Bilingual::new(zh, text(schema, "title_en").unwrap_or(zh))
}

fn description(schema: &Map<String, Value>) -> Option<Bilingual> {
    let own = text(schema, "description").or_else(|| text(schema, "description_en"));
    let example = schema
        .get("examples")
        .and_then(|list| list.get(0))
        .map(wire)
        .map(|example| both(texts::EXAMPLE, &[("example", &example)]));
    match (own, example) {
        (None, example) => example,
        (Some(zh), None) => Some(Bilingual::new(
            zh,
            text(schema, "description_en").unwrap_or(zh),
        )),
        (Some(zh), Some(example)) => {
            let en = text(schema, "description_en").unwrap_or(zh);
            Some(Bilingual::new(
                format!("{zh}；{}", example.zh),
                format!("{en}. {}", example.en),
            ))
        }
    }
}

/// The type; of several the first that is not null; guessed from its rules where none is said.
fn type_of(schema: &Map<String, Value>) -> &str {
    let said = match schema.get("type") {
        Some(Value::String(one)) => Some(one.as_str()),
        list @ Some(Value::Array(_)) => strings(list).find(|one| *one != "null"),
        _ => None,
    };
    if let Some(said) = said {
        return said;
    }
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    if has(&["oneOf", "anyOf", "not"]) {
        ""
    } else if has(&["properties"]) {
        "object"
    } else if has(&["items"]) {
        "array"
    } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) {
        "number"
    } else if has(&["pattern", "maxLength", "minLength", "format"]) {
        "string"
    } else {
        ""
    }
}

fn number_rules(schema: &Map<String, Value>, whole: bool) -> NumberRules {
    let bound = |name: &str| schema.get(name).filter(|v| v.is_number()).map(wire);
    let (above, below) = (bound("exclusiveMinimum"), bound("exclusiveMaximum"));
    NumberRules {
        whole,
        above_min: above.is_some(),
        below_max: below.is_some(),
        min: above.or_else(|| bound("minimum")),
        max: below.or_else(|| bound("maximum")),
    }
}

fn string(schema: &Map<String, Value>) -> Kind {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64);
    let pattern = text(schema, "pattern").map(str::to_owned);
    let form = match text(schema, "format").unwrap_or_default() {
        "date" => return Kind::Moment(MomentForm::Day),
        "date-time" => return Kind::Moment(MomentForm::Instant),
        "time" => return Kind::Moment(MomentForm::Time),
        "email" | "idn-email" => TextForm::Email,
        "uri" | "iri" | "url" => TextForm::Address,
        "phone" | "tel" => TextForm::Phone,
        _ if pattern.as_deref().is_some_and(is_of_capitals) => TextForm::Capitals,
        _ if pattern.as_deref().is_some_and(is_of_code) => TextForm::Code,
        _ => TextForm::Plain,
    };
    let max = length("maxLength");
    let multiline = schema.get("x-multiline") == Some(&Value::Bool(true));
    Kind::Text(TextRules {
        multiline: form == TextForm::Plain && (multiline || max.is_some_and(|max| max > LONG_TEXT)),
        min: length("minLength"),
        max,
        pattern,
        form,
    })
}

/// Whether a pattern can match neither white space nor full-width characters, so that both can be taken out of what is typed.
fn is_of_code(pattern: &str) -> bool {
    let open = [
        "\\s", "\\S", "\\D", "\\W", "\\w", "\\p", "\\P", "\\u", "\\x", "[^", ".",
    ];
    pattern.is_ascii()
        && !pattern.contains(char::is_whitespace)
        && !open
            .iter()
            .any(|part| pattern.replace("\\.", "").contains(part))
}

/// Whether a pattern of a code takes letters, and capitals alone.
fn is_of_capitals(pattern: &str) -> bool {
    let letters = pattern.replace("\\d", "");
    let small = letters.contains(|c: char| c.is_ascii_lowercase());
    is_of_code(pattern) && !small && letters.contains(|c: char| c.is_ascii_uppercase())
}

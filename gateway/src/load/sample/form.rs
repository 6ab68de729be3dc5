//! Forms that satisfy their JSON Schema: drawn from it, checked by the same validator as intake's, drawn again where it objects.
//!
//! Drawing knows types, bounds, patterns, formats, choices, nested objects and lists, references within the schema. What follows
//! from conditions (`if`/`then`, `dependentRequired`) is left to the validator: what it names as missing or wrong is drawn again.

use super::words;
use crate::registry::form::Form;
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::{Map, Value, json};

/// Forms drawn until one satisfies its schema.
const ATTEMPTS_MAX: u32 = 40;
/// Times that what is missing or wrong is drawn again, in one attempt.
const ROUNDS_MAX: usize = 20;
/// Depth of a form.
const DEPTH_MAX: usize = 12;
/// Repetitions that a pattern leaves open.
const REPEAT_MAX: u32 = 10;
/// Values drawn until one differs from all others of its list, or has the length that it needs.
const DRAWS_MAX: usize = 40;

/// No form satisfies the schema, as far as drawing goes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no sample form could be made; the last one was wrong at {pointer}: {reason}")]
pub struct SampleError {
    pointer: String,
    reason: String,
}

/// Draws a form that satisfies its schema.
///
/// # Errors
/// [`SampleError`] with what the validator said last.
pub fn draw_form(form: &Form, random: &mut Xoshiro256PlusPlus) -> Result<Value, SampleError> {
    let mut last = SampleError {
        pointer: String::new(),
        reason: "no attempt was made".to_owned(),
    };
    for attempt in 0..ATTEMPTS_MAX {
        // Later attempts fill in less: what is optional is what conditions hang on.
        let mut drawing = Drawing {
            root: form.schema(),
            random: &mut *random,
            optional: if attempt < ATTEMPTS_MAX / 2 { 0.5 } else { 0.0 },
        };
        let mut value = drawing.value(form.schema(), 0);
        for _ in 0..ROUNDS_MAX {
            let faults = form.faults(&value, "");
            let Some(first) = faults.first() else {
                return Ok(value);
            };
            last = SampleError {
                pointer: first.pointer.clone(),
                reason: first.message.en.clone(),
            };
            // What is missing is filled in, what is wrong drawn again; a fault of the whole needs another attempt.
            let mut mended = false;
            for fault in &faults {
                mended |= drawing.redraw(&mut value, &fault.pointer);
            }
            if !mended {
                break;
            }
        }
    }
    Err(last)
}

struct Drawing<'a> {
    root: &'a Value,
    random: &'a mut Xoshiro256PlusPlus,
    /// Chance that an optional field is filled in.
    optional: f64,
}

impl Drawing<'_> {
    /// Puts another value at a pointer whose parent is there; whether it did. Where conditions say more of a field than its own
    /// schema, one of them is kept.
    fn redraw(&mut self, value: &mut Value, pointer: &str) -> bool {
        let Some((parent, name)) = pointer.rsplit_once('/') else {
            return false;
        };
        let name = name.replace("~1", "/").replace("~0", "~");
        let mut schema = self.root.clone();
        for step in parent.split('/').skip(1) {
            let items = schema.get("items").cloned();
            match mentions(&schema, step).into_iter().next().or(items) {
                Some(next) => schema = self.resolved(&next),
                None => return false,
            }
        }
        let all = mentions(&schema, &name);
        let Some(first) = all.first() else {
            return false;
        };
        let own = narrowed(first, self.one(&all).unwrap_or(first));
        let drawn = self.value(&own, parent.matches('/').count());
        match value.pointer_mut(parent).and_then(Value::as_object_mut) {
            Some(object) => {
                object.insert(name, drawn);
                true
            }
            None => false,
        }
    }

    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.one(values).cloned().unwrap_or(Value::Null);
        }
        match kind(&schema) {
            "object" => self.object(&schema, depth),
            "array" => self.list(&schema, depth),
            "integer" => self.integer(&schema),
            "number" => self.number(&schema),
            "boolean" => Value::Bool(self.random.random()),
            "null" => Value::Null,
            _ => Value::String(self.text(&schema)),
        }
    }

    /// The schema with references followed, one branch of each choice taken, and everything that holds at once joined.
    fn resolved(&mut self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        for _ in 0..DEPTH_MAX {
            let Some(own) = schema.as_object_mut() else {
                return schema;
            };
            let mut parts = Vec::new();
            if let Some(Value::String(reference)) = own.remove("$ref") {
                let found = reference
                    .strip_prefix('#')
                    .and_then(|pointer| self.root.pointer(pointer));
                parts.extend(found.cloned());
            }
            if let Some(Value::Array(all)) = own.remove("allOf") {
                // Conditions are the validator's.
                parts.extend(all.into_iter().filter(|part| part.get("if").is_none()));
            }
            for choice in ["oneOf", "anyOf"] {
                if let Some(Value::Array(branches)) = own.remove(choice) {
                    parts.extend(self.one(&branches).cloned());
                }
            }
            if parts.is_empty() {
                return schema;
            }
            for part in parts {
                join(own, part);
            }
        }
        schema
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        let required: Vec<&str> = names(schema.get("required")).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, own) in properties.into_iter().flatten() {
            let wanted = required.contains(&name.as_str());
            if wanted || (depth < DEPTH_MAX && self.random.random_bool(self.optional)) {
                let drawn = self.value(own, depth + 1);
                object.insert(name.clone(), drawn);
            }
        }
        Value::Object(object)
    }

    fn list(&mut self, schema: &Value, depth: usize) -> Value {
        let least = size(schema, "minItems").unwrap_or(0);
        let most = size(schema, "maxItems").unwrap_or(least + 2).max(least);
        let wanted = self.random.random_range(least..=most.min(least + 2));
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let any = Value::Bool(true);
        let items = schema.get("items").unwrap_or(&any);
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let contained = schema.get("contains").map(|own| self.value(own, depth + 1));
        let mut list: Vec<Value> = contained.into_iter().collect();
        let wanted = wanted.max(list.len());
        for _ in 0..wanted.saturating_add(DRAWS_MAX) {
            if list.len() == wanted {
                break;
            }
            let own = first.and_then(|all| all.get(list.len())).unwrap_or(items);
            let drawn = self.value(own, depth + 1);
            if !unique || !list.contains(&drawn) {
                list.push(drawn);
            }
        }
        Value::Array(list)
    }

    fn integer(&mut self, schema: &Value) -> Value {
        let (low, high) = bounds(schema, 1.0);
        let (low, high) = (low.ceil(), high.floor().max(low.ceil()));
        // Bounds of forms lie far within the whole numbers of a double (2^53).
        let drawn = self.random.random_range(low as i64..=high as i64);
        match schema.get("multipleOf").and_then(Value::as_i64) {
            Some(step) if step > 0 => {
                json!((low as i64).div_ceil_of(step).max(drawn / step) * step)
            }
            _ => json!(drawn),
        }
    }

    fn number(&mut self, schema: &Value) -> Value {
        let (low, high) = bounds(schema, 0.01);
        let drawn = low + (high - low) * self.random.random::<f64>();
        let step = schema.get("multipleOf").and_then(Value::as_f64);
        let step = step.filter(|s| *s > 0.0).unwrap_or(0.01);
        let stepped = (drawn / step).round() * step;
        let tidy = (stepped * 1e6).round() / 1e6;
        json!(if (low..=high).contains(&tidy) {
            tidy
        } else {
            low
        })
    }

    fn text(&mut self, schema: &Value) -> String {
        let least = size(schema, "minLength").unwrap_or(0);
        let most = size(schema, "maxLength").unwrap_or(least.max(60));
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            return self.matching(pattern, least, most).unwrap_or_default();
        }
        let format = schema.get("format").and_then(Value::as_str);
        if let Some(text) = format.and_then(|format| self.formatted(format)) {
            return text;
        }
        let title = schema.get("title").and_then(Value::as_str);
        let long = schema.get("x-multiline").is_some();
        words::text(self.random, title.unwrap_or_default(), least, most, long)
    }

    fn formatted(&mut self, format: &str) -> Option<String> {
        let n = self.random.random_range(0..10_000);
        Some(match format {
            "date" => words::date(self.random),
            "date-time" => format!("{}T09:30:00+08:00", words::date(self.random)),
            "time" => "09:30:00+08:00".to_owned(),
            "email" | "idn-email" => format!("sample{n}@example.com"),
            "uri" | "iri" | "uri-reference" | "iri-reference" => {
                format!("https://example.com/sample/{n}")
            }
            "hostname" | "idn-hostname" => "sample.example.com".to_owned(),
            "ipv4" => format!("192.0.2.{}", n % 256),
            "ipv6" => format!("2001:db8::{n}"),
            "uuid" => format!("00000000-0000-4000-8000-{n:012}"),
            "duration" => "P1D".to_owned(),
            _ => return None,
        })
    }

    /// A text that matches the pattern and has a length within the bounds.
    fn matching(&mut self, pattern: &str, least: usize, most: usize) -> Option<String> {
        let parsed = regex_syntax::Parser::new().parse(pattern).ok()?;
        let drawn = rand_regex::Regex::with_hir(without_anchors(parsed), REPEAT_MAX).ok()?;
        (0..DRAWS_MAX).find_map(|_| {
            let text: String = self.random.sample(&drawn);
            (least..=most)
                .contains(&text.chars().count())
                .then_some(text)
        })
    }

    fn one<'v>(&mut self, values: &'v [Value]) -> Option<&'v Value> {
        if values.is_empty() {
            return None;
        }
        values.get(self.random.random_range(0..values.len()))
    }
}

/// Whole steps that reach a number from below.
trait CeilingSteps {
    fn div_ceil_of(self, step: i64) -> i64;
}

impl CeilingSteps for i64 {
    fn div_ceil_of(self, step: i64) -> i64 {
        self.div_euclid(step) + i64::from(self.rem_euclid(step) != 0)
    }
}

/// Anchors of a pattern say where the text ends, which a drawn text does anyhow; the generator does not take them.
fn without_anchors(hir: regex_syntax::hir::Hir) -> regex_syntax::hir::Hir {
    use regex_syntax::hir::{Hir, HirKind};
    match hir.into_kind() {
        HirKind::Look(_) | HirKind::Empty => Hir::empty(),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(without_anchors).collect()),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.into_iter().map(without_anchors).collect())
        }
        HirKind::Capture(mut group) => {
            group.sub = Box::new(without_anchors(*group.sub));
            Hir::capture(group)
        }
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(without_anchors(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
    }
}

/// Adds a part that holds as well: properties and required names are joined, of anything else the first word counts.
fn join(own: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (key, value) in part {
        match (own.get_mut(&key), value) {
            (Some(Value::Object(mine)), Value::Object(theirs)) if key == "properties" => {
                for (name, schema) in theirs {
                    mine.entry(name).or_insert(schema);
                }
            }
            (Some(Value::Array(mine)), Value::Array(theirs)) if key == "required" => {
                mine.extend(theirs);
            }
            (Some(_), _) if key != "title" => {}
            (_, value) => {
                own.insert(key, value);
            }
        }
    }
}

/// What a schema says of a property: outright first, then in parts that hold under a condition.
fn mentions(schema: &Value, name: &str) -> Vec<Value> {
    let outright = schema.get("properties").and_then(|p| p.get(name));
    let lists = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .filter_map(|list| schema.get(list)?.as_array())
        .flatten();
    let single = ["then", "else", "if"]
        .into_iter()
        .filter_map(|word| schema.get(word));
    let dependent = schema.get("dependentSchemas").and_then(Value::as_object);
    let dependent = dependent.into_iter().flat_map(|parts| parts.values());
    let parts = lists.chain(single).chain(dependent);
    let conditional = parts.flat_map(|part| mentions(part, name));
    outright.cloned().into_iter().chain(conditional).collect()
}

/// A field's own schema with the words that a condition puts in their place.
fn narrowed(first: &Value, narrower: &Value) -> Value {
    if narrower.get("const").is_some() || narrower.get("enum").is_some() {
        return narrower.clone();
    }
    let Value::Object(mut own) = narrower.clone() else {
        return first.clone();
    };
    join(&mut own, first.clone());
    Value::Object(own)
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null").unwrap_or("null")
        }
        _ => {
            let hints = [
                ("properties", "object"),
                ("items", "array"),
                ("minimum", "number"),
                ("maximum", "number"),
            ];
            let hint = hints
                .into_iter()
                .find(|(word, _)| schema.get(word).is_some());
            hint.map_or("string", |(_, kind)| kind)
        }
    }
}

fn names(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let names = list.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str)
}

fn size(schema: &Value, word: &str) -> Option<usize> {
    usize::try_from(schema.get(word)?.as_u64()?).ok()
}

/// The range of a number; an excluded bound is moved by one step, a missing one lies in reach of the other.
fn bounds(schema: &Value, step: f64) -> (f64, f64) {
    let number = |word: &str| schema.get(word).and_then(Value::as_f64);
    let above = number("exclusiveMinimum").map(|n| n + step);
    let below = number("exclusiveMaximum").map(|n| n - step);
    let low = number("minimum").into_iter().chain(above).reduce(f64::max);
    let high = number("maximum").into_iter().chain(below).reduce(f64::min);
    match (low, high) {
        (Some(low), Some(high)) => (low, high.max(low)),
        (Some(low), None) => (low, low + 1_000.0),
        (None, Some(high)) => (high.min(0.0), high),
        (None, None) => (0.0, 1_000.0),
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;

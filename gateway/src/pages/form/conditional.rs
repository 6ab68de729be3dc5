//! The conditional parts of a schema: which fields they need, and which they bring.

use super::condition::Beside;
use super::model::{Need, When};
use super::schema::{properties_in_order, strings};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Parts of a schema (`allOf`, `then` …) that are read for one object.
const PARTS_MAX: usize = 200;

/// What the conditional parts of an object say about its fields.
#[derive(Default)]
pub(super) struct Conditions {
    /// Fields that must always be filled in.
    pub(super) always: BTreeSet<String>,
    /// Fields that must be filled in under a condition.
    pub(super) needed: Vec<(String, When)>,
    /// Fields that stand in a conditional part, with their schemas.
    pub(super) more: Vec<(String, Value, When)>,
    parts: usize,
}

impl Conditions {
    /// Reads what `schema` says beyond its plain properties, under the condition `when` that leads to it.
    pub(super) fn read(
        &mut self,
        schema: &Map<String, Value>,
        when: Option<&When>,
        beside: Beside<'_>,
    ) {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return;
        }
        if let Some(when) = when {
            for key in strings(schema.get("required")) {
                self.needed.push((key.to_owned(), when.clone()));
            }
        }
        // What stands in the properties of a part and nowhere else is a field all the same.
        let extra = when.cloned().unwrap_or_default();
        for (key, value) in properties_in_order(schema) {
            if when.is_some() {
                self.more.push((key, value, extra.clone()));
            }
        }
        for part in parts(schema.get("allOf")) {
            let inner = when.cloned().unwrap_or_default();
            let unconditional = when.is_none();
            self.read_part(part, inner, unconditional, beside);
        }
        if let Some(condition) = schema.get("if") {
            let holds = When::read(condition, beside);
            self.read_branch(schema.get("then"), &holds, beside);
            self.read_branch(schema.get("else"), &holds.negated(), beside);
        }
        for name in ["dependentRequired", "dependentSchemas", "dependencies"] {
            self.dependents(schema.get(name), beside);
        }
    }

    fn read_part(
        &mut self,
        part: &Map<String, Value>,
        when: When,
        unconditional: bool,
        beside: Beside<'_>,
    ) {
        if !unconditional {
            return self.read(part, Some(&when), beside);
        }
        for (key, value) in properties_in_order(part) {
            self.more.push((key, value, When::default()));
        }
        let required = strings(part.get("required"));
        self.always.extend(required.map(str::to_owned));
        self.read(part, None, beside);
    }

    fn read_branch(&mut self, branch: Option<&Value>, when: &When, beside: Beside<'_>) {
        if let Some(Value::Object(branch)) = branch {
            self.read(branch, Some(when), beside);
        }
    }

    fn dependents(&mut self, by_key: Option<&Value>, beside: Beside<'_>) {
        let Some(Value::Object(by_key)) = by_key else {
            return;
        };
        for (key, dependent) in by_key {
            let when = match beside(key) {
                Some((label, _)) => When::filled(key, label),
                None => When::default(),
            };
            for needed in strings(Some(dependent)) {
                self.needed.push((needed.to_owned(), when.clone()));
            }
            self.read_branch(Some(dependent), &when, beside);
        }
    }
}

/// Whether a field must be filled in under a condition.
pub(super) fn needed(key: &str, conditions: &[(String, When)]) -> Need {
    let found: Vec<When> = conditions
        .iter()
        .filter(|(own, _)| own == key)
        .map(|(_, when)| when.clone())
        .collect();
    match found.is_empty() {
        true => Need::Never,
        false => Need::When(found),
    }
}

fn parts(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let parts = list.and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(Value::as_object).take(PARTS_MAX)
}

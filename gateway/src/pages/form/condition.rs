//! Conditions among fields (`if`/`then`/`else`, `dependentRequired`, `dependentSchemas`), as far as they can be said in words.

use super::model::{Choice, Condition, When};
use super::texts::{self, both, say};
use crate::text::{Language, Text};
use serde_json::{Map, Value};
use tongban_catalog::Bilingual;

/// Most comparisons and values that are put into words; beyond it the condition counts as too involved.
const WORDS_MAX: usize = 6;

/// What a field beside is called and which values it may have.
pub(super) type Beside<'b> = &'b dyn Fn(&str) -> Option<(Bilingual, Vec<Choice>)>;

impl When {
    /// That a field is filled in at all.
    #[must_use]
    pub fn filled(key: &str, label: Bilingual) -> Self {
        Self {
            all: vec![Condition {
                key: key.to_owned(),
                label,
                values: Vec::new(),
            }],
            negated: false,
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.negated = !self.negated;
        self
    }

    /// Reads an `if`: fields compared with `const` or `enum`. Anything else gives a condition without words.
    pub(super) fn read(schema: &Value, beside: Beside<'_>) -> Self {
        Self {
            all: comparisons(schema, beside).unwrap_or_default(),
            negated: false,
        }
    }

    /// In words: “A” is “x” and “B” is “y”; `None` for a condition that has none.
    #[must_use]
    pub fn in_words(&self, language: Language) -> Option<String> {
        if self.all.is_empty() || (self.negated && self.all.len() > 1) {
            return None;
        }
        let each: Vec<String> = self
            .all
            .iter()
            .map(|one| one.in_words(self.negated, language))
            .collect();
        Some(each.join(texts::AND.say(language)))
    }
}

impl Condition {
    fn in_words(&self, negated: bool, language: Language) -> String {
        let text: Text = match (self.values.is_empty(), negated) {
            (true, false) => texts::IS_FILLED,
            (true, true) => texts::IS_NOT_FILLED,
            (false, false) => texts::IS,
            (false, true) => texts::IS_NOT,
        };
        let quoted: Vec<String> = self
            .values
            .iter()
            .map(|value| texts::QUOTED.fill(language, &[("value", say(&value.label, language))]))
            .collect();
        let values = quoted.join(texts::OR.say(language));
        let label = say(&self.label, language);
        text.fill(language, &[("values", &values), ("label", label)])
    }
}

/// Several conditions of which one must hold, put into a sentence; `otherwise` where one of them has no words.
#[must_use]
pub fn sentence(conditions: &[When], text: Text, otherwise: Text, language: Language) -> String {
    let each: Option<Vec<String>> = conditions
        .iter()
        .map(|when| when.in_words(language))
        .collect();
    match each {
        Some(each) if !each.is_empty() && each.len() <= WORDS_MAX => {
            let conditions = each.join(texts::OR.say(language));
            text.fill(language, &[("conditions", &conditions)])
        }
        _ => otherwise.say(language).to_owned(),
    }
}

fn comparisons(schema: &Value, beside: Beside<'_>) -> Option<Vec<Condition>> {
    let schema = schema.as_object()?;
    let known = ["properties", "required", "type", "x-order"];
    if schema.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let empty = Map::new();
    let properties = schema
        .get("properties")
        .map_or(Some(&empty), Value::as_object)?;
    let mut found = Vec::new();
    for (key, wanted) in properties {
        let (label, choices) = beside(key)?;
        let values = wanted_values(wanted)?;
        if values.len() > WORDS_MAX {
            return None;
        }
        let values = values.into_iter().map(|value| named(value, &choices));
        found.push(Condition {
            key: key.clone(),
            label,
            values: values.collect(),
        });
    }
    for key in super::schema::strings(schema.get("required")) {
        if !properties.contains_key(key) {
            let (label, _) = beside(key)?;
            found.extend(When::filled(key, label).all);
        }
    }
    (!found.is_empty() && found.len() <= WORDS_MAX).then_some(found)
}

fn wanted_values(schema: &Value) -> Option<Vec<Value>> {
    let schema = schema.as_object()?;
    if schema
        .keys()
        .any(|key| !matches!(key.as_str(), "const" | "enum" | "type"))
    {
        return None;
    }
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), None) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) if !values.is_empty() => Some(values.clone()),
        _ => None,
    }
}

/// A value under the name that the field beside gives it.
fn named(value: Value, choices: &[Choice]) -> Choice {
    if let Some(choice) = choices.iter().find(|choice| choice.value == value) {
        return choice.clone();
    }
    let label = match &value {
        Value::Bool(true) => both(texts::YES, &[]),
        Value::Bool(false) => both(texts::NO, &[]),
        other => {
            let shown = super::choices::wire(other);
            Bilingual::new(shown.clone(), shown)
        }
    };
    Choice {
        wire: super::choices::wire(&value),
        value,
        label,
    }
}

//! The form of an item (申请表单): its JSON Schema, compiled once per item version.
//!
//! A schema never fetches anything: references outside the document are refused when it is compiled. Patterns run in an engine
//! without backtracking, so no text of an applicant makes a check slow.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use tongban_catalog::source::Finding;

/// At most so many faults of one form are told.
pub const FORM_FAULTS_MAX: usize = 50;

/// A compiled form.
pub struct Form {
    schema: Value,
    validator: Validator,
}

/// Why a form's schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the form is no usable JSON Schema at {pointer}: {reason}")]
pub struct FormError {
    /// Place in the schema (RFC 6901).
    pub pointer: String,
    /// In words.
    pub reason: String,
}

impl Form {
    /// Compiles a schema (draft 2020-12 unless it says otherwise).
    ///
    /// # Errors
    /// [`FormError`]: not a schema, a reference outside the document, or a pattern that the engine does not take.
    pub fn compile(schema: Value) -> Result<Self, FormError> {
        let compiled = jsonschema::options()
            .offline()
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .build(&schema);
        let validator = compiled.map_err(|error| FormError {
            pointer: error.instance_path().as_str().to_owned(),
            reason: error.masked().to_string(),
        })?;
        Ok(Self { schema, validator })
    }

    /// The schema as published.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// What is wrong with a form, each fault below `pointer`; at most [`FORM_FAULTS_MAX`]. No value is repeated in the words.
    #[must_use]
    pub fn faults(&self, form: &Value, pointer: &str) -> Vec<Finding> {
        let errors = self.validator.iter_errors(form).take(FORM_FAULTS_MAX);
        errors.map(|error| finding(&error, pointer)).collect()
    }
}

fn finding(error: &ValidationError<'_>, parent: &str) -> Finding {
    let mut pointer = format!("{parent}{}", error.instance_path().as_str());
    let (code, zh, en) = match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            pointer = crate::intake::json::below(&pointer, name);
            (
                "form_missing",
                "此项必填".into(),
                "this field is required".into(),
            )
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            if let [name] = unexpected.as_slice() {
                pointer = crate::intake::json::below(&pointer, name);
            }
            (
                "form_unknown_field",
                "表单没有此项".into(),
                "the form has no such field".into(),
            )
        }
        Kind::Type { .. } => (
            "form_type",
            "数据类型不正确".into(),
            "the value is of the wrong type".into(),
        ),
        Kind::Enum { .. }
        | Kind::Constant { .. }
        | Kind::OneOfNotValid { .. }
        | Kind::AnyOf { .. } => (
            "form_choice",
            "不在可选值之内".into(),
            "not one of the allowed values".into(),
        ),
        Kind::MinLength { limit } => (
            "form_too_short",
            format!("至少{limit}个字符"),
            format!("at least {limit} characters"),
        ),
        Kind::MaxLength { limit } => (
            "form_too_long",
            format!("至多{limit}个字符"),
            format!("at most {limit} characters"),
        ),
        Kind::Minimum { limit } => (
            "form_too_small",
            format!("不得小于{limit}"),
            format!("not less than {limit}"),
        ),
        Kind::Maximum { limit } => (
            "form_too_large",
            format!("不得大于{limit}"),
            format!("not more than {limit}"),
        ),
        Kind::ExclusiveMinimum { limit } => (
            "form_too_small",
            format!("须大于{limit}"),
            format!("more than {limit}"),
        ),
        Kind::ExclusiveMaximum { limit } => (
            "form_too_large",
            format!("须小于{limit}"),
            format!("less than {limit}"),
        ),
        Kind::MinItems { limit } => (
            "form_too_few",
            format!("至少{limit}项"),
            format!("at least {limit} entries"),
        ),
        Kind::MaxItems { limit } => (
            "form_too_many",
            format!("至多{limit}项"),
            format!("at most {limit} entries"),
        ),
        Kind::UniqueItems => (
            "form_twice",
            "各项不能重复".into(),
            "no entry may stand twice".into(),
        ),
        Kind::Pattern { .. } => (
            "form_pattern",
            "格式不符合要求".into(),
            "not in the required form".into(),
        ),
        Kind::Format { format } => (
            "form_format",
            format!("不是有效的{format}"),
            format!("not a valid {format}"),
        ),
        other => {
            let rule = other.keyword();
            (
                "form_invalid",
                format!("不符合表单规则（{rule}）"),
                format!("does not satisfy the form's rule `{rule}`"),
            )
        }
    };
    Finding::new(pointer, code, zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_of_a_form_is_told_at_its_place_without_repeating_the_value() {
        let form = Form::compile(json!({
            "type": "object", "additionalProperties": false, "required": ["a", "b"],
            "properties": {
                "a": {"type": "string", "maxLength": 3}, "b": {"type": "string"},
                "d": {"type": "string", "format": "date"}, "n": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            },
        }))
        .unwrap();
        let faults = form.faults(
            &json!({"a": "secret", "n": [1, 0], "d": "2017-02-30", "x": 1}),
            "/form",
        );
        let mut told: Vec<_> = faults
            .iter()
            .map(|f| (f.pointer.as_str(), f.code))
            .collect();
        told.sort_unstable();
        let expected = [
            ("/form/a", "form_too_long"),
            ("/form/b", "form_missing"),
            ("/form/d", "form_format"),
            ("/form/n/1", "form_too_small"),
            ("/form/x", "form_unknown_field"),
        ];
        assert_eq!(told, expected);
        assert!(faults.iter().all(|f| !f.message.en.contains("secret")));
    }

    #[test]
    fn a_reference_outside_the_document_is_refused_without_fetching_it() {
        for address in [
            "http://127.0.0.1:1/x.json",
            "file:///etc/hostname",
            "other.json",
        ] {
            assert!(
                Form::compile(json!({"$ref": address})).is_err(),
                "{address}"
            );
        }
    }

    #[test]
    fn a_pattern_that_needs_backtracking_is_refused() {
        assert!(Form::compile(json!({"type": "string", "pattern": "(a)\\1"})).is_err());
    }
}

//! How a text, number or moment is asked for: type and keyboard of the input, its hints, and what a script may know.

use super::model::{MomentForm, NumberRules, TextForm, TextRules, When, below};
use super::widget::Widget;
use super::{normalise, texts};
use crate::text::Language;
use serde::Serialize;

/// A comparison for a script.
#[derive(Serialize)]
struct Comparison<'c> {
    field: String,
    values: Vec<&'c str>,
    negated: bool,
}

pub(super) fn text(widget: &mut Widget, rules: &TextRules) {
    widget.max_length = rules.max.unwrap_or(0);
    if rules.multiline {
        widget.kind = "area";
        widget.lines = if rules.max.is_some_and(|max| max > 1_000) {
            8
        } else {
            4
        };
        return;
    }
    let (kind, mode) = match rules.form {
        TextForm::Email => ("email", "email"),
        TextForm::Phone => ("tel", "tel"),
        TextForm::Address => ("url", "url"),
        TextForm::Code if digits_alone(rules.pattern.as_deref()) => ("text", "numeric"),
        TextForm::Plain | TextForm::Code | TextForm::Capitals => ("text", ""),
    };
    (widget.input_type, widget.inputmode) = (kind, mode);
    widget.pattern = rules
        .pattern
        .as_deref()
        .and_then(anchored)
        .unwrap_or_default();
    widget.width = match rules.max {
        Some(0..=30) => "middle",
        None if rules.form != TextForm::Plain => "middle",
        _ => "full",
    };
}

/// Whether a pattern takes digits alone, so that a phone may show its number pad.
fn digits_alone(pattern: Option<&str>) -> bool {
    pattern.is_some_and(|p| {
        let rest = p.replace("[0-9]", "").replace("\\d", "");
        !rest.contains(|c: char| c.is_alphabetic() || matches!(c, '[' | '\\' | '-'))
    })
}

/// A pattern of JSON Schema matches anywhere, one of HTML the whole text: only anchored ones mean the same.
fn anchored(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    (!inner.ends_with('\\') && !inner.contains('|')).then(|| inner.to_owned())
}

pub(super) fn number(widget: &mut Widget, rules: &NumberRules, language: Language) {
    widget.width = "short";
    // A number pad without a sign would keep a phone from writing a negative number.
    let negative = rules.min.as_deref().is_none_or(|min| min.starts_with('-'));
    widget.inputmode = match (negative, rules.whole) {
        (true, _) => "",
        (false, true) => "numeric",
        (false, false) => "decimal",
    };
    let bounds = [
        ("low", rules.min.as_deref().unwrap_or_default()),
        ("high", rules.max.as_deref().unwrap_or_default()),
    ];
    let texts: &[crate::text::Text] =
        match (&rules.min, &rules.max, rules.above_min, rules.below_max) {
            (Some(_), Some(_), false, false) => &[texts::FROM_TO],
            (low, high, above, below) => {
                let low_text = if above { &texts::ABOVE } else { &texts::FROM };
                let high_text = if below { &texts::BELOW } else { &texts::UP_TO };
                for (bound, text) in [(low, low_text), (high, high_text)] {
                    if bound.is_some() {
                        widget.hints.push(text.fill(language, &bounds));
                    }
                }
                &[]
            }
        };
    widget
        .hints
        .extend(texts.iter().map(|text| text.fill(language, &bounds)));
    if rules.whole && rules.min.is_none() && rules.max.is_none() {
        widget.hints.push(texts::WHOLE.say(language).to_owned());
    }
}

/// A date field of the browser shows nothing but a date that it understands: anything else is shown in a text field.
pub(super) fn moment(widget: &mut Widget, form: MomentForm, language: Language) {
    widget.width = "middle";
    let (hint, browser) = match form {
        MomentForm::Day => (texts::DAY_HINT, "date"),
        MomentForm::Instant => (texts::INSTANT_HINT, "text"),
        MomentForm::Time => (texts::TIME_HINT, "text"),
    };
    widget.hints.push(hint.say(language).to_owned());
    let shown = normalise::text(&widget.value);
    let understood = shown.is_empty() || normalise::day(&shown).as_deref() == Some(shown.as_str());
    if browser == "date" && understood {
        widget.input_type = "date";
        widget.value = shown;
    }
}

pub(super) fn for_script(conditions: &[When], parent: &str) -> String {
    // A script understands alternatives of single comparisons; what is more involved stays as it is, for the server to judge.
    let simple = conditions.iter().all(|when| when.all.len() == 1);
    if conditions.is_empty() || !simple {
        return String::new();
    }
    let each = conditions.iter().flat_map(|when| {
        when.all.iter().map(|one| Comparison {
            field: below(parent, &one.key),
            values: one.values.iter().map(|v| v.wire.as_str()).collect(),
            negated: when.negated,
        })
    });
    serde_json::to_string(&each.collect::<Vec<_>>()).unwrap_or_default()
}

/// `aria-describedby`, once hints and faults stand.
pub(super) fn describe(widget: &mut Widget) {
    let mut ids = Vec::new();
    if !widget.hints.is_empty() || !widget.condition.is_empty() {
        ids.push(format!("{}-hint", widget.id));
    }
    if !widget.faults.is_empty() {
        ids.push(format!("{}-fault", widget.id));
    }
    widget.described_by = ids.join(" ");
}

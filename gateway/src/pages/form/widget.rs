//! The fields as plain data for a template: what is drawn, what was typed, what is wrong with it.

use super::condition::sentence;
use super::faults::Told;
use super::input::{describe, for_script, moment, number, text};
use super::model::{Choice, Field, Kind, Model, Need, Rows, TextRules, When, below, element_id};
use super::texts::{self, say};
use super::typed::Typed;
use super::{ROWS_MAX, normalise};
use crate::text::Language;
use serde::Serialize;
use std::collections::BTreeSet;

/// Most choices that are drawn as buttons beside each other's labels; more become a list to choose from.
const BUTTONS_MAX: usize = 7;
/// Empty rows that stand ready below those that are filled in.
const SPARE_ROWS: usize = 1;

/// One field, drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Widget {
    /// `text`, `area`, `select`, `radio`, `checks`, `consent`, `group` or `rows`.
    pub kind: &'static str,
    /// Name of its values.
    pub name: String,
    /// `id` of its element; those of its hint, its faults and its choices begin with it.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What helps to fill it in.
    pub hints: Vec<String>,
    /// It must always be filled in.
    pub required: bool,
    /// Under which condition it must be filled in or exists at all, in words; empty for none.
    pub condition: String,
    /// The same for a script: `[{"field": name, "values": [wire…], "negated": bool}]`; empty for none.
    pub needed_when: String,
    /// Likewise, whether it exists at all.
    pub asked_when: String,
    /// What is wrong.
    pub faults: Vec<String>,
    /// Ids of hints and faults (`aria-describedby`); empty for none.
    pub described_by: String,
    /// What was typed.
    pub value: String,
    /// Type of the input.
    pub input_type: &'static str,
    /// Keyboard of a phone; empty for none.
    pub inputmode: &'static str,
    /// Autofill purpose; empty for none.
    pub autocomplete: &'static str,
    /// Regular expression of the whole text; empty for none.
    pub pattern: String,
    /// Characters that a counter counts down from; 0 for none.
    pub max_length: u64,
    /// Lines of an area.
    pub lines: usize,
    /// How wide the answer is: `short`, `middle` or `full`.
    pub width: &'static str,
    /// Choices.
    pub choices: Vec<ChoiceWidget>,
    /// Fields of a group.
    pub fields: Vec<Widget>,
    /// Rows.
    pub rows: Vec<Row>,
    /// Name and number of drawn rows, as they are sent back.
    pub rows_name: String,
    /// One more row may be added.
    pub may_add: bool,
}

/// One row, drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Heading.
    pub heading: String,
    /// Its field or fields.
    pub fields: Vec<Widget>,
}

/// One choice, drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChoiceWidget {
    /// `id` of its element.
    pub id: String,
    /// As it is sent.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// It was chosen.
    pub chosen: bool,
}

/// Draws the fields below `name`. Where nothing at all was typed yet, presets are shown.
#[must_use]
pub fn draw(
    model: &Model,
    name: &str,
    typed: &Typed,
    told: &Told,
    language: Language,
) -> Vec<Widget> {
    let pen = Pen {
        typed,
        told,
        language,
        presets: typed.is_empty(),
    };
    pen.fields(&model.fields, name)
}

/// Names and values that were typed and that no drawn field shows: they are sent along unseen, so that nothing is lost when a
/// field comes back.
#[must_use]
pub fn unseen(typed: &Typed, drawn: &[&[Widget]], below: &[&str]) -> Vec<(String, String)> {
    let mut shown = BTreeSet::new();
    for widgets in drawn {
        names(widgets, &mut shown);
    }
    let inside = |name: &str| {
        let name = name.strip_prefix("rows:").unwrap_or(name);
        below.iter().any(|part| {
            name.strip_prefix(part)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    let hidden = typed
        .pairs()
        .filter(|(name, value)| inside(name) && !shown.contains(*name) && !value.trim().is_empty());
    hidden
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn names(widgets: &[Widget], shown: &mut BTreeSet<String>) {
    for widget in widgets {
        shown.insert(widget.name.clone());
        if !widget.rows_name.is_empty() {
            shown.insert(widget.rows_name.clone());
        }
        names(&widget.fields, shown);
        for row in &widget.rows {
            names(&row.fields, shown);
        }
    }
}

/// Few enough choices to show all of them.
pub(super) fn is_short(choices: &[Choice]) -> bool {
    choices.len() <= BUTTONS_MAX
}

struct Pen<'p> {
    typed: &'p Typed,
    told: &'p Told,
    language: Language,
    presets: bool,
}

impl Pen<'_> {
    fn fields(&self, fields: &[Field], parent: &str) -> Vec<Widget> {
        let each = fields.iter();
        each.map(|field| self.field(field, &below(parent, &field.key), parent))
            .collect()
    }

    fn field(&self, field: &Field, name: &str, parent: &str) -> Widget {
        let mut widget = self.plain(field, name, parent);
        match &field.kind {
            Kind::Text(rules) => text(&mut widget, rules),
            Kind::Number(rules) => number(&mut widget, rules, self.language),
            Kind::Moment(form) => moment(&mut widget, *form, self.language),
            Kind::Choice(choices) => self.choice(&mut widget, choices),
            Kind::Several(choices) => {
                widget.kind = "checks";
                self.choices(&mut widget, choices);
                self.hint(&mut widget, texts::ANY.say(self.language));
            }
            Kind::Truth => self.truth(&mut widget),
            Kind::Consent => {
                widget.kind = "consent";
                widget.choices = vec![ChoiceWidget {
                    id: widget.id.clone(),
                    value: "true".to_owned(),
                    label: widget.label.clone(),
                    chosen: widget.value == "true",
                }];
            }
            Kind::Rows(rows) => self.rows(&mut widget, rows),
            Kind::Group(fields) => {
                widget.kind = "group";
                widget.fields = self.fields(fields, name);
            }
            Kind::Unknown => text(&mut widget, &TextRules::default()),
        }
        describe(&mut widget);
        widget
    }

    fn plain(&self, field: &Field, name: &str, parent: &str) -> Widget {
        let language = self.language;
        let preset = field.preset.as_ref().filter(|_| self.presets);
        let value = match preset {
            Some(preset) if !self.typed.has(name) => super::choices::wire(preset),
            _ => self.typed.one(name).to_owned(),
        };
        let needed: &[When] = match &field.need {
            Need::When(conditions) => conditions,
            Need::Always | Need::Never => &[],
        };
        let asked: Vec<When> = field
            .only_when
            .iter()
            .filter(|w| !w.all.is_empty())
            .cloned()
            .collect();
        let condition = if !needed.is_empty() {
            sentence(
                needed,
                texts::NEEDED_WHEN,
                texts::NEEDED_SOMETIMES,
                language,
            )
        } else if !asked.is_empty() {
            sentence(&asked, texts::ASKED_WHEN, texts::NEEDED_SOMETIMES, language)
        } else {
            String::new()
        };
        Widget {
            kind: "text",
            name: name.to_owned(),
            id: element_id(name),
            label: say(&field.label, language).to_owned(),
            hints: field
                .hint
                .iter()
                .map(|hint| say(hint, language).to_owned())
                .collect(),
            required: field.need == Need::Always,
            condition,
            needed_when: for_script(needed, parent),
            asked_when: for_script(&asked, parent),
            faults: self.told.of_field(name).to_vec(),
            described_by: String::new(),
            value,
            input_type: "text",
            inputmode: "",
            autocomplete: field.autocomplete,
            pattern: String::new(),
            max_length: 0,
            lines: 0,
            width: "full",
            choices: Vec::new(),
            fields: Vec::new(),
            rows: Vec::new(),
            rows_name: String::new(),
            may_add: false,
        }
    }

    fn hint(&self, widget: &mut Widget, words: &str) {
        widget.hints.push(words.to_owned());
    }

    fn choice(&self, widget: &mut Widget, choices: &[Choice]) {
        widget.kind = if is_short(choices) { "radio" } else { "select" };
        self.choices(widget, choices);
    }

    fn choices(&self, widget: &mut Widget, choices: &[Choice]) {
        let sent = self.typed.all(&widget.name);
        let chosen = |wire: &str| match sent.is_empty() {
            true => widget.value == wire,
            false => sent.iter().any(|own| normalise::text(own) == wire),
        };
        let mut drawn: Vec<(String, String, bool)> = choices
            .iter()
            .map(|c| {
                let label = say(&c.label, self.language).to_owned();
                (c.wire.clone(), label, chosen(&c.wire))
            })
            .collect();
        // Something that is not offered, from an address or an older version of the form: shown, and found by the checks.
        for strange in sent.iter().filter(|own| {
            let own = normalise::text(own);
            !own.is_empty() && !choices.iter().any(|c| c.wire == own)
        }) {
            let words = texts::NOT_OFFERED.say(self.language);
            drawn.push((strange.clone(), format!("{strange} {words}"), true));
        }
        let each = drawn.into_iter().enumerate();
        widget.choices = each
            .map(|(index, (value, label, chosen))| ChoiceWidget {
                id: format!("{}-{index}", widget.id),
                value,
                label,
                chosen,
            })
            .collect();
    }

    fn truth(&self, widget: &mut Widget) {
        let choice = |wire: &str, text| Choice {
            wire: wire.to_owned(),
            value: wire.into(),
            label: texts::both(text, &[]),
        };
        widget.kind = "radio";
        self.choices(
            widget,
            &[choice("true", texts::YES), choice("false", texts::NO)],
        );
    }

    fn rows(&self, widget: &mut Widget, rows: &Rows) {
        let name = widget.name.clone();
        let most = rows.max.min(ROWS_MAX);
        let typed = self.typed.rows(&name, most);
        let drawn = if typed == 0 {
            (rows.min + SPARE_ROWS).clamp(1, most)
        } else {
            typed
        };
        let pen = Pen {
            presets: false,
            ..*self
        };
        widget.kind = "rows";
        widget.rows = (0..drawn)
            .map(|index| {
                let below = format!("{name}/{index}");
                let number = (index + 1).to_string();
                let heading = texts::ROW.fill(self.language, &[("n", &number)]);
                let mut field = pen.field(&rows.item, &below, &name);
                let fields = match field.kind {
                    "group" => std::mem::take(&mut field.fields),
                    _ => {
                        field.label = format!("{} {number}", widget.label);
                        vec![field]
                    }
                };
                Row { heading, fields }
            })
            .collect();
        widget.rows_name = Typed::rows_name(&name);
        widget.value = drawn.to_string();
        widget.may_add = drawn < most;
        let words = match rows.min {
            0 | 1 => texts::ROWS_ANY.say(self.language).to_owned(),
            n => texts::ROWS_AT_LEAST.fill(self.language, &[("n", &n.to_string())]),
        };
        self.hint(widget, &words);
    }
}

//! What is drawn for each value of a form.

use serde_json::Value;
use tongban_catalog::Bilingual;

/// The fields of one form, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// The fields.
    pub fields: Vec<Field>,
    /// Fields were left out because the form has more than [`super::FIELDS_MAX`].
    pub cut: bool,
}

/// One value that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its member in the object around it; empty for the one value of a row.
    pub key: String,
    /// What it is called.
    pub label: Bilingual,
    /// What helps to fill it in.
    pub hint: Option<Bilingual>,
    /// Whether it must be filled in, as far as the form's rules can be said in words.
    pub need: Need,
    /// It is asked for under this condition alone.
    pub only_when: Option<When>,
    /// What it takes.
    pub kind: Kind,
    /// What it holds before anybody has typed.
    pub preset: Option<Value>,
    /// The autofill purpose (HTML, section 4.10.18.7); empty for none.
    pub autocomplete: &'static str,
}

/// Whether a field must be filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Always.
    Always,
    /// Never.
    Never,
    /// When any of these holds.
    When(Vec<When>),
}

/// A condition on the fields beside a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct When {
    /// All of these; empty for a condition that cannot be said in words.
    pub all: Vec<Condition>,
    /// It is meant that not all of them hold.
    pub negated: bool,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The key of the field that is looked at, in the same object.
    pub key: String,
    /// What that field is called.
    pub label: Bilingual,
    /// One of these; empty: filled in at all.
    pub values: Vec<Choice>,
}

/// One possible value.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// As the page sends it.
    pub wire: String,
    /// As the form wants it.
    pub value: Value,
    /// What it is called.
    pub label: Bilingual,
}

/// What a field takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A text.
    Text(TextRules),
    /// A number.
    Number(NumberRules),
    /// A day or a moment.
    Moment(MomentForm),
    /// One of several values.
    Choice(Vec<Choice>),
    /// Any of several values.
    Several(Vec<Choice>),
    /// Yes or no.
    Truth,
    /// A statement that one agrees to; the only value is `true`.
    Consent,
    /// A list, one row a value.
    Rows(Box<Rows>),
    /// An object of its own.
    Group(Vec<Field>),
    /// What the model does not know: a text, or JSON where somebody writes it.
    Unknown,
}

/// What a text keeps to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextRules {
    /// Written over several lines.
    pub multiline: bool,
    /// Fewest characters.
    pub min: Option<u64>,
    /// Most characters.
    pub max: Option<u64>,
    /// Regular expression.
    pub pattern: Option<String>,
    /// What it is a text of.
    pub form: TextForm,
}

/// What a text is, for keyboards and for reading it tolerantly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextForm {
    /// Words.
    #[default]
    Plain,
    /// A number or code that people write with spaces or in full-width characters.
    Code,
    /// A code whose letters are capitals, as the check character of an identity number is.
    Capitals,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A web address.
    Address,
}

/// What a number keeps to; bounds are shown, not enforced.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NumberRules {
    /// Whole numbers alone.
    pub whole: bool,
    /// Least value.
    pub min: Option<String>,
    /// Greatest value.
    pub max: Option<String>,
    /// The least value itself is not taken.
    pub above_min: bool,
    /// The greatest value itself is not taken.
    pub below_max: bool,
}

/// How a day or moment is written (JSON Schema `format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MomentForm {
    /// `date`.
    Day,
    /// `date-time`; without an offset it is meant in Asia/Shanghai.
    Instant,
    /// `time`; likewise.
    Time,
}

/// A list of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// What stands in each row.
    pub item: Field,
    /// Fewest rows.
    pub min: usize,
    /// Most rows.
    pub max: usize,
}

/// The name of a field below another: a JSON pointer (RFC 6901) without the leading `/`, for example `form/change_of`.
#[must_use]
pub fn below(parent: &str, key: &str) -> String {
    match (parent.is_empty(), key.is_empty()) {
        (_, true) => parent.to_owned(),
        (true, false) => escaped(key),
        (false, false) => format!("{parent}/{}", escaped(key)),
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The `id` of the element that a name belongs to: two names never share one.
#[must_use]
pub fn element_id(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 2);
    id.push_str("f-");
    for byte in name.bytes() {
        match byte {
            b'/' => id.push('-'),
            b if b.is_ascii_alphanumeric() || b == b'_' => id.push(char::from(b)),
            b => id.push_str(&format!(".{b:02x}")),
        }
    }
    id
}

impl Field {
    /// A field without rules.
    #[must_use]
    pub fn new(key: &str, label: Bilingual, kind: Kind) -> Self {
        Self {
            key: key.to_owned(),
            label,
            hint: None,
            need: Need::Never,
            only_when: None,
            kind,
            preset: None,
            autocomplete: "",
        }
    }

    /// The same field, always to be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.need = Need::Always;
        self
    }
}

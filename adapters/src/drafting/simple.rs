//! What may be said in a simple type, in the words of a comment.

use crate::schema::{BuiltIn, Facets, Schema, TypeId, TypeKind, Variety};

/// Values of an enumeration that are shown.
const VALUES_MAX: usize = 16;
/// Characters of a pattern or a note that are shown.
const NOTE_MAX: usize = 120;
/// Steps of derivation that are followed.
const CHAIN_MAX: usize = 256;

/// A simple type, as far as a draft needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) kind: SimpleKind,
    /// Whether only listed values may stand.
    pub(super) enumerated: bool,
    /// Type and facets: `string, at most 50 characters`.
    pub(super) words: String,
}

/// What kind of value stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SimpleKind {
    Text,
    Moment,
    Date,
    Whole,
    Other,
}

/// The type and its facets; those of the derived type before those of its bases.
pub(super) fn simple(schema: &Schema, type_id: TypeId) -> Simple {
    let mut words = Vec::new();
    let mut enumerated = false;
    let mut at = type_id;
    for _ in 0..CHAIN_MAX {
        let definition = &schema.types[at.index()];
        let TypeKind::Simple(simple) = &definition.kind else {
            break;
        };
        facets(&simple.facets, &mut enumerated, &mut words);
        match &simple.variety {
            Variety::Restriction(base) => at = *base,
            Variety::BuiltIn(built_in) => {
                words.insert(0, built_in.name().to_owned());
                let kind = kind_of(*built_in);
                return Simple {
                    kind,
                    enumerated,
                    words: words.join(", "),
                };
            }
            Variety::List(_) => {
                words.insert(0, "a list of values with spaces between".to_owned());
                break;
            }
            Variety::Union(_) => {
                words.insert(0, "a value of one of several types".to_owned());
                break;
            }
        }
    }
    Simple {
        kind: SimpleKind::Other,
        enumerated,
        words: words.join(", "),
    }
}

fn kind_of(built_in: BuiltIn) -> SimpleKind {
    let mut at = Some(built_in);
    while let Some(one) = at {
        match one {
            BuiltIn::String | BuiltIn::AnySimpleType => return SimpleKind::Text,
            BuiltIn::DateTime => return SimpleKind::Moment,
            BuiltIn::Date => return SimpleKind::Date,
            BuiltIn::Integer => return SimpleKind::Whole,
            BuiltIn::Boolean
            | BuiltIn::Decimal
            | BuiltIn::Base64Binary
            | BuiltIn::HexBinary
            | BuiltIn::Float
            | BuiltIn::Double
            | BuiltIn::Time
            | BuiltIn::Duration => return SimpleKind::Other,
            _ => at = one.base(),
        }
    }
    SimpleKind::Other
}

fn facets(facets: &Facets, enumerated: &mut bool, words: &mut Vec<String>) {
    let mut number = |before: &str, value: Option<u64>, after: &str| {
        words.extend(value.map(|value| format!("{before}{value}{after}")));
    };
    number("", facets.length, " characters");
    number("at least ", facets.min_length, " characters");
    number("at most ", facets.max_length, " characters");
    number("at most ", facets.total_digits, " digits");
    number("at most ", facets.fraction_digits, " after the point");
    for (sign, bound) in [
        ("≥", &facets.min_inclusive),
        (">", &facets.min_exclusive),
        ("≤", &facets.max_inclusive),
        ("<", &facets.max_exclusive),
    ] {
        words.extend(
            bound
                .as_ref()
                .map(|bound| format!("{sign} {}", one_line(bound))),
        );
    }
    let patterns = facets.patterns.iter().take(2);
    words.extend(patterns.map(|(pattern, _)| format!("pattern {}", one_line(pattern))));
    if facets.enumeration.is_empty() || *enumerated {
        return;
    }
    *enumerated = true;
    let mut values: Vec<String> = facets
        .enumeration
        .iter()
        .take(VALUES_MAX)
        .map(|value| match one_line(&value.documentation) {
            words if words.is_empty() => one_line(&value.value),
            words => format!("{} ({words})", one_line(&value.value)),
        })
        .collect();
    if facets.enumeration.len() > VALUES_MAX {
        values.push("…".to_owned());
    }
    words.push(format!("one of {}", values.join(" · ")));
}

/// Text of a description for a comment: one line, no control characters, bounded.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ");
    let clean = |c: &char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let mut short: String = joined.chars().filter(clean).take(NOTE_MAX).collect();
    if joined.chars().count() > NOTE_MAX {
        short.push('…');
    }
    short
}

//! The meaning of text without quotes.

/// What an unquoted scalar means, by the core schema of YAML 1.2 (10.3.2); numbers that no JSON holds stay text.
pub(super) enum Plain {
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

impl Plain {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Boolean(true),
            "false" | "False" | "FALSE" => return Self::Boolean(false),
            _ => {}
        }
        if !text
            .starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'))
        {
            return Self::Text;
        }
        if let Ok(number) = text.parse() {
            return Self::Unsigned(number);
        }
        if let Ok(number) = text.parse() {
            return Self::Signed(number);
        }
        let looks_like_float = text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().all(|byte| {
                byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')
            })
            && text.contains(['.', 'e', 'E']);
        match text.parse::<f64>() {
            Ok(number) if looks_like_float && number.is_finite() => Self::Float(number),
            _ => Self::Text,
        }
    }
}

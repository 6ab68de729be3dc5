//! The forms of built-in simple types (XML Schema part 2, section 3), and the order of their values.

use super::decimal::Decimal;
use super::moment::{Duration, Form, Moment};
use crate::schema::BuiltIn;
use std::cmp::Ordering;

/// Whether a text, white space already handled, is a value of the type.
pub(super) fn is_value(built_in: BuiltIn, text: &str) -> bool {
    use BuiltIn::*;
    match built_in {
        AnySimpleType | String | NormalizedString | Token | AnyUri | NmTokens | IdRefs
        | Entities => true,
        Boolean => matches!(text, "true" | "false" | "1" | "0"),
        Decimal => super::decimal::Decimal::parse(text).is_some(),
        Integer => is_integer(text),
        Long => is_integer(text) && text.trim_start_matches('+').parse::<i64>().is_ok(),
        Int => within(text, i64::from(i32::MIN), i64::from(i32::MAX)),
        Short => within(text, i64::from(i16::MIN), i64::from(i16::MAX)),
        Byte => within(text, i64::from(i8::MIN), i64::from(i8::MAX)),
        UnsignedLong => match text.strip_prefix('-') {
            Some(zeros) => !zeros.is_empty() && zeros.bytes().all(|b| b == b'0'),
            None => is_integer(text) && text.trim_start_matches('+').parse::<u64>().is_ok(),
        },
        UnsignedInt => within(text, 0, i64::from(u32::MAX)),
        UnsignedShort => within(text, 0, i64::from(u16::MAX)),
        UnsignedByte => within(text, 0, i64::from(u8::MAX)),
        NonNegativeInteger => is_integer(text) && sign(text) != Some(Ordering::Less),
        PositiveInteger => is_integer(text) && sign(text) == Some(Ordering::Greater),
        NonPositiveInteger => is_integer(text) && sign(text) != Some(Ordering::Greater),
        NegativeInteger => is_integer(text) && sign(text) == Some(Ordering::Less),
        Float | Double => is_float(text),
        Duration => super::moment::Duration::parse(text).is_some(),
        DateTime | Time | Date | GYearMonth | GYear | GMonthDay | GDay | GMonth => {
            form_of(built_in).is_some_and(|form| Moment::parse(text, form).is_some())
        }
        HexBinary => text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()),
        Base64Binary => base64_bytes(text).is_some(),
        QName | Notation => match text.split_once(':') {
            Some((prefix, local)) => is_nc_name(prefix) && is_nc_name(local),
            None => is_nc_name(text),
        },
        Language => {
            let mut parts = text.split('-');
            let first = parts.next().unwrap_or_default();
            (1..=8).contains(&first.len())
                && first.bytes().all(|b| b.is_ascii_alphabetic())
                && parts.all(|part| {
                    (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
                })
        }
        NmToken => !text.is_empty() && text.chars().all(is_name_character),
        Name => text.starts_with(is_name_start) && text.chars().all(is_name_character),
        NcName | Id | IdRef | Entity => is_nc_name(text),
    }
}

/// The order of two values of a primitive type; `None` where there is none.
pub(super) fn compare(primitive: BuiltIn, a: &str, b: &str) -> Option<Ordering> {
    match primitive {
        BuiltIn::Decimal => Some(Decimal::parse(a)?.cmp(&Decimal::parse(b)?)),
        BuiltIn::Float | BuiltIn::Double => match (float(a)?, float(b)?) {
            (a, b) if a.is_nan() && b.is_nan() => Some(Ordering::Equal),
            (a, b) => a.partial_cmp(&b),
        },
        BuiltIn::Boolean => Some(matches!(a, "true" | "1").cmp(&matches!(b, "true" | "1"))),
        BuiltIn::Duration => Duration::parse(a)?.compare(&Duration::parse(b)?),
        BuiltIn::HexBinary => Some(a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase())),
        other => match form_of(other) {
            Some(form) => Moment::parse(a, form)?.compare(&Moment::parse(b, form)?),
            None => (a == b).then_some(Ordering::Equal),
        },
    }
}

fn form_of(built_in: BuiltIn) -> Option<Form> {
    match built_in {
        BuiltIn::DateTime => Some(Form::DateTime),
        BuiltIn::Date => Some(Form::Date),
        BuiltIn::Time => Some(Form::Time),
        BuiltIn::GYearMonth => Some(Form::YearMonth),
        BuiltIn::GYear => Some(Form::Year),
        BuiltIn::GMonthDay => Some(Form::MonthDay),
        BuiltIn::GDay => Some(Form::Day),
        BuiltIn::GMonth => Some(Form::Month),
        _ => None,
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn within(text: &str, low: i64, high: i64) -> bool {
    is_integer(text)
        && text
            .trim_start_matches('+')
            .parse::<i64>()
            .is_ok_and(|value| (low..=high).contains(&value))
}

fn sign(text: &str) -> Option<Ordering> {
    let zero = Decimal::parse("0")?;
    Some(Decimal::parse(text)?.cmp(&zero))
}

/// A decimal with an exponent, or one of three names (part 2, 3.2.4).
fn is_float(text: &str) -> bool {
    if matches!(text, "INF" | "-INF" | "NaN") {
        return true;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    Decimal::parse(mantissa).is_some() && exponent.is_none_or(is_integer)
}

fn float(text: &str) -> Option<f64> {
    match text {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        other => other.parse().ok(),
    }
}

/// How many bytes a text of base64 stands for (part 2, 3.2.16); white space may stand anywhere.
pub(super) fn base64_bytes(text: &str) -> Option<u64> {
    let (mut digits, mut padding, mut wrong) = (0_u64, 0_u64, false);
    for byte in text.bytes() {
        match BASE64[usize::from(byte)] {
            DIGIT => {
                digits += 1;
                wrong |= padding > 0;
            }
            PADDING => padding += 1,
            WHITE => {}
            _ => return None,
        }
    }
    let whole = (digits + padding).is_multiple_of(4) && padding <= 2;
    (whole && !wrong).then_some(digits * 3 / 4)
}

const WRONG: u8 = 0;
const DIGIT: u8 = 1;
const PADDING: u8 = 2;
const WHITE: u8 = 3;

const BASE64: [u8; 256] = {
    let mut table = [WRONG; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => DIGIT,
            b'=' => PADDING,
            b' ' | b'\t' | b'\n' | b'\r' => WHITE,
            _ => WRONG,
        };
        byte += 1;
    }
    table
};

/// `NameStartChar` of XML 1.0, production 4.
pub(super) fn is_name_start(c: char) -> bool {
    matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0, production 4a.
pub(super) fn is_name_character(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// A name without a colon (Namespaces in XML 1.0, production 4).
pub(super) fn is_nc_name(text: &str) -> bool {
    text.starts_with(|c| c != ':' && is_name_start(c))
        && text.chars().all(|c| c != ':' && is_name_character(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_of_part_two() {
        use BuiltIn::*;
        for (built_in, right, wrong) in [
            (Boolean, "true false 1 0", "TRUE yes 2"),
            (Byte, "127 -128 +1 007", "128 -129 1.0 a"),
            (Int, "2147483647 -2147483648", "2147483648 1e3"),
            (Long, "9223372036854775807", "9223372036854775808"),
            (
                UnsignedLong,
                "18446744073709551615 -0 0",
                "18446744073709551616 -1 -",
            ),
            (UnsignedByte, "255 0", "256 -1"),
            (Integer, "123456789012345678901234567890 -0", "1.0 +"),
            (NegativeInteger, "-1", "0 1"),
            (NonPositiveInteger, "-1 0", "1"),
            (PositiveInteger, "1 +1", "0 -1"),
            (
                Double,
                "1 1.5 -1.5e-10 INF -INF NaN .5 1E+3",
                "inf 1e 1e1.5 Infinity 0x1",
            ),
            (HexBinary, "0a 0AfF", "0 0g"),
            (Base64Binary, "YQ== YWI= YWJj", "YQ= Y YWJj= Y=Q= Y-_j"),
            (
                Language,
                "zh zh-CN en-GB-oed x-klingon",
                "zh_CN abcdefghi zh-",
            ),
            (NcName, "a _a 名 a-b.c", "1a a:b -a"),
            (NmToken, "1a -x a:b", "a,b"),
            (QName, "a a:b", "a:b:c :a 1:a"),
            (AnyUri, "http://x/中 ../a urn:x", ""),
        ] {
            for text in right.split_whitespace() {
                assert!(is_value(built_in, text), "{} {text}", built_in.name());
            }
            for text in wrong.split_whitespace() {
                assert!(!is_value(built_in, text), "{} {text}", built_in.name());
            }
        }
        assert!(is_value(HexBinary, "") && is_value(Base64Binary, "") && !is_value(Int, ""));
    }
}

//! Patterns (XML Schema part 2, 4.3.4 and appendix F) in the syntax of the `regex` crate, which matches in linear time whatever the
//! pattern is.
//!
//! A pattern covers the whole value and knows no anchors, so `^` and `$` are ordinary characters. People write them as anchors all
//! the same; at the ends of a branch they are taken as what was meant, and the caller is told. `\uXXXX` is taken too. What has no
//! meaning here – look-around, back references, switches – is refused by name.

use super::blocks::BLOCKS;
use regex::{Regex, RegexBuilder};
use std::fmt::Write;

/// A compiled pattern.
pub(super) struct Translated {
    pub(super) regex: Regex,
    /// Whether anchors were dropped.
    pub(super) anchored: bool,
}

/// Deepest nesting of groups and classes.
const DEPTH_MAX: usize = 64;

/// One pattern; `bytes` bounds its compiled form.
pub(super) fn translate(pattern: &str, bytes: usize) -> Result<Translated, &'static str> {
    let mut translator = Translator {
        input: pattern.chars().collect(),
        at: 0,
        out: String::from("\\A(?:"),
        anchored: false,
    };
    translator.alternatives(0)?;
    if translator.at < translator.input.len() {
        return Err("a closing parenthesis without its opening one");
    }
    translator.out.push_str(")\\z");
    let regex = RegexBuilder::new(&translator.out)
        .size_limit(bytes)
        .dfa_size_limit(bytes)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it grows beyond the bound of a compiled pattern",
            _ => "it is not well-formed",
        })?;
    Ok(Translated {
        regex,
        anchored: translator.anchored,
    })
}

struct Translator {
    input: Vec<char>,
    at: usize,
    out: String,
    anchored: bool,
}

type Step = Result<(), &'static str>;

impl Translator {
    fn peek(&self) -> Option<char> {
        self.input.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let found = self.peek()?;
        self.at += 1;
        Some(found)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self, depth: usize) -> Step {
        if depth > DEPTH_MAX {
            return Err("its groups are too deep");
        }
        loop {
            self.anchored |= self.take('^');
            while let Some(c) = self.peek() {
                match c {
                    '|' | ')' => break,
                    '$' if self.ends_branch() => {
                        self.at += 1;
                        self.anchored = true;
                    }
                    _ => self.piece(depth)?,
                }
            }
            if !self.take('|') {
                return Ok(());
            }
            self.out.push('|');
        }
    }

    fn ends_branch(&self) -> bool {
        matches!(self.input.get(self.at + 1), None | Some('|' | ')'))
    }

    fn piece(&mut self, depth: usize) -> Step {
        match self.next() {
            Some('(') => {
                if self.take('?') && !self.take(':') {
                    return Err("look-around and switches are not part of XML Schema");
                }
                self.out.push_str("(?:");
                self.alternatives(depth + 1)?;
                if !self.take(')') {
                    return Err("a group is not closed");
                }
                self.out.push(')');
            }
            Some('[') => self.class(depth + 1)?,
            Some('.') => self.out.push_str("[^\\n\\r]"),
            Some('\\') => self.escape(false).map(|_| ())?,
            Some('*' | '+' | '?') => return Err("a repeat without what it repeats"),
            Some('{') => return Err("a brace that is not escaped"),
            Some(c) => self.literal(c),
            None => {}
        }
        self.quantifier()
    }

    fn quantifier(&mut self) -> Step {
        match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.at += 1;
                self.out.push(c);
            }
            Some('{') => {
                self.at += 1;
                self.counted()?;
            }
            _ => return Ok(()),
        }
        // A lazy repeat covers the same values.
        self.take('?');
        match self.peek() {
            Some('*' | '+' | '?' | '{') => Err("a repeat of a repeat"),
            _ => Ok(()),
        }
    }

    fn counted(&mut self) -> Step {
        let number = |translator: &mut Self| {
            let start = translator.at;
            while translator.peek().is_some_and(|c| c.is_ascii_digit()) {
                translator.at += 1;
            }
            let digits: String = translator.input[start..translator.at].iter().collect();
            digits
        };
        let low = number(self);
        if low.is_empty() || low.len() > 6 {
            return Err("a count that is no number, or beyond the bound");
        }
        let _ = write!(self.out, "{{{low}");
        if self.take(',') {
            let high = number(self);
            if high.len() > 6 {
                return Err("a count that is no number, or beyond the bound");
            }
            let _ = write!(self.out, ",{high}");
        }
        match self.take('}') {
            true => {
                self.out.push('}');
                Ok(())
            }
            false => Err("a count that is not closed"),
        }
    }

    fn literal(&mut self, c: char) {
        match c.is_alphanumeric() {
            true => self.out.push(c),
            false => {
                let _ = write!(self.out, "\\x{{{:X}}}", u32::from(c));
            }
        }
    }

    /// After `[`.
    fn class(&mut self, depth: usize) -> Step {
        if depth > DEPTH_MAX {
            return Err("its classes are too deep");
        }
        let start = self.out.len();
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut items = 0;
        loop {
            let Some(c) = self.next() else {
                return Err("a class is not closed");
            };
            match c {
                ']' if items > 0 => {
                    self.out.push(']');
                    return Ok(());
                }
                '-' if self.peek() == Some('[') && items > 0 => {
                    self.at += 1;
                    self.out.push(']');
                    self.out.insert(start, '[');
                    self.out.push_str("--");
                    self.class(depth + 1)?;
                    self.out.push(']');
                    return match self.take(']') {
                        true => Ok(()),
                        false => Err("a subtraction is not the end of its class"),
                    };
                }
                _ => self.item(c)?,
            }
            items += 1;
        }
    }

    /// One character, class escape or range of a class.
    fn item(&mut self, first: char) -> Step {
        let low = match first {
            '\\' => match self.escape(true)? {
                Some(character) => character,
                None => return Ok(()),
            },
            c => c,
        };
        let ranges = self.peek() == Some('-')
            && !matches!(self.input.get(self.at + 1), None | Some(']' | '['));
        if !ranges {
            self.literal(low);
            return Ok(());
        }
        self.at += 1;
        let high = match self.next() {
            Some('\\') => {
                let before = self.out.len();
                match self.escape(true)? {
                    Some(character) => character,
                    // `[+-\d]`: a hyphen before a class stands for itself.
                    None => {
                        let class = self.out.split_off(before);
                        self.literal(low);
                        self.literal('-');
                        self.out.push_str(&class);
                        return Ok(());
                    }
                }
            }
            Some(c) => c,
            None => return Err("a class is not closed"),
        };
        if high < low {
            return Err("a range that runs backwards");
        }
        self.literal(low);
        self.out.push('-');
        self.literal(high);
        Ok(())
    }

    /// After `\`. A single character inside a class is given back, as it may begin a range; all else is written.
    fn escape(&mut self, in_class: bool) -> Result<Option<char>, &'static str> {
        let Some(c) = self.next() else {
            return Err("it ends in a back slash");
        };
        let single = match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.number(4)?,
            'x' => self.number(2)?,
            's' | 'S' | 'd' | 'D' | 'w' | 'W' | 'i' | 'I' | 'c' | 'C' => {
                self.out.push_str(multi_character(c));
                return Ok(None);
            }
            'p' | 'P' => {
                self.category(c == 'P')?;
                return Ok(None);
            }
            '0'..='9' => return Err("back references are not part of XML Schema"),
            c if c.is_ascii_alphabetic() => return Err("an escape that XML Schema does not know"),
            c => c,
        };
        if in_class {
            return Ok(Some(single));
        }
        self.literal(single);
        Ok(None)
    }

    fn number(&mut self, digits: usize) -> Result<char, &'static str> {
        let text: String = self.input.iter().skip(self.at).take(digits).collect();
        self.at += digits.min(text.chars().count());
        let code = u32::from_str_radix(&text, 16)
            .ok()
            .filter(|_| text.len() == digits);
        code.and_then(char::from_u32)
            .ok_or("an escape that XML Schema does not know")
    }

    fn category(&mut self, negated: bool) -> Step {
        if !self.take('{') {
            return Err("a category without its braces");
        }
        let mut name = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                Some(c) if name.len() < 64 => name.push(c),
                _ => return Err("a category without its braces"),
            }
        }
        let negation = if negated { "^" } else { "" };
        if let Some(block) = name.strip_prefix("Is") {
            let wanted: String = block.chars().filter(|c| *c != ' ').collect();
            let (_, low, high) = BLOCKS
                .iter()
                .find(|(known, ..)| *known == wanted)
                .ok_or("a block of characters that XML Schema does not know")?;
            let _ = write!(self.out, "[{negation}\\x{{{low:X}}}-\\x{{{high:X}}}]");
            return Ok(());
        }
        match CATEGORIES.contains(&name.as_str()) {
            true => {
                let letter = if negated { 'P' } else { 'p' };
                let _ = write!(self.out, "\\{letter}{{{name}}}");
                Ok(())
            }
            false => Err("a category of characters that XML Schema does not know"),
        }
    }
}

/// General categories (appendix F.1.1).
const CATEGORIES: [&str; 36] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C",
    "Cc", "Cf", "Co", "Cn",
];

macro_rules! name_start {
    () => {
        r":A-Z_a-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}"
    };
}

/// The escapes of several characters (appendix F.1.1); names are those of XML 1.0, fifth edition.
fn multi_character(letter: char) -> &'static str {
    match letter {
        's' => r"[\x20\t\n\r]",
        'S' => r"[^\x20\t\n\r]",
        'd' => r"\p{Nd}",
        'D' => r"\P{Nd}",
        'w' => r"[^\p{P}\p{Z}\p{C}]",
        'W' => r"[\p{P}\p{Z}\p{C}]",
        'i' => concat!("[", name_start!(), "]"),
        'I' => concat!("[^", name_start!(), "]"),
        'c' => concat!(
            "[",
            name_start!(),
            r"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}]"
        ),
        _ => concat!(
            "[^",
            name_start!(),
            r"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}]"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, value: &str) -> bool {
        match translate(pattern, 1 << 20) {
            Ok(translated) => translated.regex.is_match(value),
            Err(why) => panic!("{pattern}: {why}"),
        }
    }

    #[test]
    fn patterns_cover_the_whole_value_in_the_meaning_of_appendix_f() {
        for (pattern, right, wrong) in [
            (
                r"[A-Z]{2}\d{3}",
                "AB123 XY000 AB１２３",
                "AB12 xAB123 AB1234",
            ),
            (r"a|bc", "a bc", "abc ac b"),
            (r"[a-z-[aeiou]]+", "bcd xyz", "abc e"),
            (r"[^a-z-[0-9]]", "A -", "a 5"),
            (r"[\i-[:]][\c-[:]]*", "name _1.x-y 名", "a:b 1a"),
            (r"\p{IsBasicLatin}+", "abc", "é 中"),
            (r"\P{IsBasicLatin}+", "中é", "a"),
            (r"\p{Lu}\p{Ll}*", "Abc Ä", "abc"),
            (r"[一-龥]+", "中文", "abc"),
            (r"[\u4e00-\u9fa5]{2,4}", "张三", "张 a"),
            (r"[\w]+", "a1中$", "a,b a.b"),
            (r"a.b", "axb a中b", "ab"),
            (r"a\.b", "a.b", "axb"),
            (r"[.\-+]", ". - +", "a"),
            (r"[a\-z]", "a - z", "m"),
            (r"[-a]b", "-b ab", "b"),
            (r"[a-]b", "-b ab", "b"),
            (r"x&&y", "x&&y", "xy"),
            (r"[a&&b~~c]", "a & b ~", "d"),
            (r"(ab)*c?", "ab ababc c", "abb"),
            (r"a\^b$c", "a^b$c", "abc"),
            (r"\d+(\.\d{1,2})?", "1 1.25", "1. 1.255"),
            (r"[+-\d]+", "+1-2", "a"),
        ] {
            for value in right.split(' ') {
                assert!(covers(pattern, value), "{pattern} {value}");
            }
            for value in wrong.split(' ') {
                assert!(!covers(pattern, value), "{pattern} {value}");
            }
        }
        assert!(covers(".*", ""));
        assert!(!covers(".*", "a\nb"));
        assert!(covers("", ""));
    }

    #[test]
    fn anchors_at_the_ends_of_a_branch_are_dropped_and_told() {
        let translated = translate(r"^\d+$|^x$", 1 << 20).ok().unwrap();
        assert!(
            translated.anchored
                && translated.regex.is_match("12")
                && translated.regex.is_match("x")
        );
        assert!(!translate(r"\d+", 1 << 20).ok().unwrap().anchored);
    }

    #[test]
    fn what_has_no_meaning_here_is_refused_by_name() {
        for pattern in [
            r"(?=a)b",
            r"(?!a)b",
            r"(?i)a",
            r"(a)\1",
            r"a**",
            r"a{1",
            r"a{,3}",
            r"[a",
            r"(a",
            r"a)",
            r"*a",
            r"\p{IsNowhere}",
            r"\p{Xx}",
            r"\q",
            r"[z-a]",
            r"a\",
            r"[]",
            r"a{9999999}",
            r"\b",
            r"{",
        ] {
            assert!(translate(pattern, 1 << 20).is_err(), "{pattern}");
        }
        let bomb = "(".repeat(10_000);
        assert!(translate(&bomb, 1 << 20).is_err());
    }

    #[test]
    fn a_pattern_that_grows_is_refused_and_one_that_backtracks_elsewhere_is_fast() {
        assert_eq!(
            translate("((a{1,999}){1,999}){1,999}", 1 << 20).err(),
            Some("it grows beyond the bound of a compiled pattern")
        );
        let value = format!("{}!", "a".repeat(100_000));
        assert!(!covers("(a+)+", &value));
        assert!(!covers("(a|aa)+", &value));
    }
}

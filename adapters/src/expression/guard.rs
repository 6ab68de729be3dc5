//! What the source of an expression may hold, looked at before the engine sees it.
//!
//! `*` multiplies lists without using fuel, so it is refused; functions and methods do not exist, so a call of one is told at
//! check time and not when the first message comes.

use super::{SOURCE_MAX, SourceFault};

/// Filters that a mapping may use.
pub const FILTERS: &[&str] = &[
    "after",
    "base64",
    "before",
    "code",
    "date",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "map",
    "none_text",
    "partner_time",
    "replace",
    "sha256",
    "split",
    "string",
    "times",
    "trim",
    "upper",
];

/// Tests that a mapping may use after `is`.
pub const TESTS: &[&str] = &[
    "defined",
    "undefined",
    "none",
    "startingwith",
    "endingwith",
    "string",
    "number",
    "mapping",
    "sequence",
];

const KEYWORDS: &[&str] = &["and", "or", "not", "in", "is", "if", "else"];

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a mapping.
    Mapping,
    /// In an entry of a code table.
    CodeEntry,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number,
    Sign(char),
}

/// Names of the code tables that the source uses.
pub(super) fn check(source: &str, place: Place) -> Result<Vec<String>, SourceFault> {
    if source.len() > SOURCE_MAX {
        return Err(fault(
            0,
            &format!("表达式过长（上限 {SOURCE_MAX} 字节）"),
            &format!("the expression is longer than {SOURCE_MAX} bytes"),
        ));
    }
    let tokens = tokens(source)?;
    if tokens.is_empty() {
        return Err(fault(
            0,
            "“=”之后没有表达式",
            "there is nothing after the equals sign",
        ));
    }
    let mut tables = Vec::new();
    for (index, (token, at)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('*') => {
                return Err(fault(
                    *at,
                    "表达式中不能使用“*”；数字相乘请用 | times(n)",
                    "`*` is not allowed; multiply numbers by `| times(n)`",
                ));
            }
            Token::Name(name) => check_name(&tokens, index, name, *at, place, &mut tables)?,
            _ => {}
        }
    }
    Ok(tables)
}

fn check_name(
    tokens: &[(Token, usize)],
    index: usize,
    name: &str,
    at: usize,
    place: Place,
    tables: &mut Vec<String>,
) -> Result<(), SourceFault> {
    let before = |back: usize| {
        index
            .checked_sub(back)
            .and_then(|i| tokens.get(i))
            .map(|(token, _)| token)
    };
    let after = |ahead: usize| tokens.get(index + ahead).map(|(token, _)| token);
    let word = |token: Option<&Token>, word: &str| matches!(token, Some(Token::Name(found)) if found == word);
    if before(1) == Some(&Token::Sign('|')) {
        if !FILTERS.contains(&name) {
            return Err(unknown(at, "过滤器", "filter", name, FILTERS));
        }
        if name == "code" {
            if place == Place::CodeEntry {
                return Err(fault(
                    at,
                    "代码表的条目中不能再查代码表",
                    "an entry of a code table cannot look into a code table",
                ));
            }
            return match (after(1), after(2), after(3)) {
                (Some(Token::Sign('(')), Some(Token::Text(table)), Some(Token::Sign(')'))) => {
                    tables.push(table.clone());
                    Ok(())
                }
                _ => Err(fault(
                    at,
                    "请写成 code(\"表名\")",
                    "write code(\"name of the table\")",
                )),
            };
        }
        return Ok(());
    }
    if word(before(1), "is") || (word(before(1), "not") && word(before(2), "is")) {
        if name == "not" || TESTS.contains(&name) {
            return Ok(());
        }
        return Err(unknown(at, "判断", "test", name, TESTS));
    }
    if after(1) == Some(&Token::Sign('(')) && !KEYWORDS.contains(&name) {
        return Err(fault(
            at,
            &format!("没有名为“{name}”的函数；表达式中没有函数和方法，只有过滤器（|）"),
            &format!(
                "`{name}` is no function; expressions have filters (`|`), no functions and no methods"
            ),
        ));
    }
    if name.starts_with('_') && before(1) != Some(&Token::Sign('.')) {
        return Err(fault(
            at,
            "名称不能以下划线开头",
            "a name cannot begin with an underscore",
        ));
    }
    Ok(())
}

fn tokens(source: &str) -> Result<Vec<(Token, usize)>, SourceFault> {
    let characters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = characters.get(at) {
        let start = at;
        match c {
            '"' | '\'' => {
                let (text, end) = text_token(&characters, at)?;
                tokens.push((Token::Text(text), start));
                at = end;
            }
            c if c.is_alphabetic() || c == '_' => {
                while characters
                    .get(at)
                    .is_some_and(|c| c.is_alphanumeric() || *c == '_')
                {
                    at += 1;
                }
                tokens.push((Token::Name(characters[start..at].iter().collect()), start));
            }
            c if c.is_ascii_digit() => {
                while characters
                    .get(at)
                    .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
                {
                    at += 1;
                }
                tokens.push((Token::Number, start));
            }
            c if c.is_whitespace() => at += 1,
            c => {
                tokens.push((Token::Sign(c), start));
                at += 1;
            }
        }
    }
    Ok(tokens)
}

fn text_token(characters: &[char], start: usize) -> Result<(String, usize), SourceFault> {
    let quote = characters[start];
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(&c) = characters.get(at) {
        match c {
            '\\' => {
                text.extend(characters.get(at + 1));
                at += 2;
            }
            c if c == quote => return Ok((text, at + 1)),
            c => {
                text.push(c);
                at += 1;
            }
        }
    }
    Err(fault(
        start,
        "引号没有闭合",
        "the quotation mark is not closed",
    ))
}

fn unknown(at: usize, zh: &str, en: &str, name: &str, known: &[&str]) -> SourceFault {
    fault(
        at,
        &format!("没有名为“{name}”的{zh}；可用：{}", known.join("、")),
        &format!("there is no {en} `{name}`; known: {}", known.join(", ")),
    )
}

fn fault(at: usize, zh: &str, en: &str) -> SourceFault {
    SourceFault {
        zh: zh.to_owned(),
        en: en.to_owned(),
        at,
    }
}

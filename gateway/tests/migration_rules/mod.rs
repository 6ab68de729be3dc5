//! What a migration may do (扩展与收缩): only add, so that the version before runs on beside the new one. What takes something away
//! says in a line of its own since which version nothing reads it.

use std::iter::Peekable;
use std::slice::Iter;

/// What begins the line that excuses a file: `-- contract: since 0.3.0 nothing reads upload.touched_at`.
const CONTRACT: &str = "-- contract: since ";

/// A piece of SQL. Comments are none, and a quoted body of a function or block is read like anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// In capitals.
    Word(String),
    /// A quoted name or a text: never a keyword.
    Quoted,
    Sign(char),
}

impl Piece {
    fn is(&self, word: &str) -> bool {
        matches!(self, Piece::Word(found) if found == word)
    }
}

/// Why a file of this name may not be published with the program of version `ours`; empty when it may.
pub(crate) fn refusals(name: &str, sql: &str, ours: &str) -> Vec<String> {
    let pieces = pieces(sql);
    let statements: Vec<&[Piece]> = pieces.split(|p| *p == Piece::Sign(';')).collect();
    let mut taken_away = Vec::new();
    let mut made = Vec::new();
    for statement in statements {
        let words: Vec<&str> = statement.iter().map(word).collect();
        taken_away.extend(in_any_statement(&words));
        match words.as_slice() {
            ["CREATE", "TABLE", rest @ ..] => made.extend(name_of(rest)),
            ["CREATE", "UNIQUE", "INDEX", rest @ ..] => {
                let on = rest.iter().position(|w| *w == "ON");
                let table = on.and_then(|at| name_of(&rest[at + 1..]));
                if table.is_none_or(|table| !made.contains(&table)) {
                    taken_away.push("CREATE UNIQUE INDEX on a table that is there".to_owned());
                }
            }
            ["ALTER", "TABLE", ..] => taken_away.extend(in_changed_table(statement)),
            ["ALTER", "TYPE", ..] => taken_away.push("ALTER TYPE".to_owned()),
            _ => {}
        }
    }
    if taken_away.is_empty() {
        return taken_away;
    }
    match contract(sql) {
        None => taken_away,
        Some(since) if !name.contains(&named(since)) => vec![format!(
            "older programs learn of it by the name of the file, which has to hold {}",
            named(since)
        )],
        Some(since) if is_before(since, ours) => Vec::new(),
        Some(since) => vec![format!(
            "the contract counts since {since}, and {ours} is not after it: that version still runs beside this one"
        )],
    }
}

fn word(piece: &Piece) -> &str {
    match piece {
        Piece::Word(word) => word,
        Piece::Quoted => "\"",
        Piece::Sign(_) => "",
    }
}

/// The name that comes next.
fn name_of<'a>(words: &[&'a str]) -> Option<&'a str> {
    let words = words
        .strip_prefix(&["IF", "NOT", "EXISTS"])
        .unwrap_or(words);
    words
        .first()
        .copied()
        .filter(|w| !w.is_empty() && *w != "\"")
}

fn in_any_statement(words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        match (*word, next) {
            ("DROP", "INDEX") => {}
            ("DROP", what) => found.push(format!("DROP {what}")),
            ("RENAME" | "TRUNCATE" | "DETACH", _) => found.push((*word).to_owned()),
            ("DELETE", "FROM") => found.push("DELETE FROM".to_owned()),
            _ => {}
        }
    }
    found
}

fn in_changed_table(statement: &[Piece]) -> Vec<String> {
    let mut found = Vec::new();
    for action in actions(statement) {
        let words: Vec<&str> = action.iter().map(word).collect();
        let has = |these: &[&str]| words.windows(these.len()).any(|w| w == these);
        let added = words.iter().position(|w| *w == "ADD");
        if words.contains(&"ALTER") && words.contains(&"TYPE") {
            found.push("ALTER … TYPE".to_owned());
        } else if has(&["SET", "NOT", "NULL"]) {
            found.push("SET NOT NULL".to_owned());
        } else if let Some(at) = added {
            let kind = words.get(at + 1).copied().unwrap_or_default();
            if [
                "CONSTRAINT",
                "CHECK",
                "UNIQUE",
                "PRIMARY",
                "FOREIGN",
                "EXCLUDE",
            ]
            .contains(&kind)
            {
                found.push(format!("ADD {kind} to a table that is there"));
            } else if has(&["NOT", "NULL"]) && !words.contains(&"DEFAULT") {
                found.push("a new column that is NOT NULL and has no DEFAULT".to_owned());
            }
        }
    }
    found
}

/// The actions of one `ALTER TABLE`, which commas outside of brackets part.
fn actions(statement: &[Piece]) -> Vec<&[Piece]> {
    let mut depth = 0_i32;
    let head = statement
        .iter()
        .take_while(|p| !p.is("ADD") && !p.is("DROP"));
    let start = match statement.iter().skip(2).position(|p| p.is("ALTER")) {
        Some(at) => (at + 2).min(head.count()),
        None => head.count(),
    };
    statement[start..]
        .split(move |piece| {
            match piece {
                Piece::Sign('(') => depth += 1,
                Piece::Sign(')') => depth -= 1,
                _ => {}
            }
            depth == 0 && *piece == Piece::Sign(',')
        })
        .collect()
}

/// How the name of a contract goes on after its number (gateway/src/store/schema.rs).
fn named(since: &str) -> String {
    format!("_contract_since_{}_", since.replace('.', "_"))
}

/// The version of the contract line, which also says what nothing reads any more.
fn contract(sql: &str) -> Option<&str> {
    sql.lines().find_map(|line| {
        let (version, why) = line.strip_prefix(CONTRACT)?.split_once(' ')?;
        let what = why.strip_prefix("nothing reads ")?;
        (numbers(version).is_some() && !what.trim().is_empty()).then_some(version)
    })
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = version.split('.').map_while(|p| p.parse().ok()).collect();
    parts.try_into().ok()
}

fn is_before(version: &str, other: &str) -> bool {
    matches!((numbers(version), numbers(other)), (Some(version), Some(other)) if version < other)
}

fn pieces(sql: &str) -> Vec<Piece> {
    let letters: Vec<char> = sql.chars().collect();
    let mut rest = letters.iter().peekable();
    let mut pieces = Vec::new();
    while let Some(&letter) = rest.next() {
        match (letter, rest.peek().map(|next| **next)) {
            ('-', Some('-')) => skip_past(&mut rest, "\n"),
            ('/', Some('*')) => skip_past(&mut rest, "*/"),
            ('\'' | '"', _) => {
                skip_past(&mut rest, &letter.to_string());
                pieces.push(Piece::Quoted);
            }
            _ if letter.is_alphanumeric() || letter == '_' => {
                let mut word = letter.to_uppercase().to_string();
                while let Some(next) = rest.next_if(|n| n.is_alphanumeric() || **n == '_') {
                    word.extend(next.to_uppercase());
                }
                pieces.push(Piece::Word(word));
            }
            // What stands between dollars is run too, then or later.
            _ if letter.is_whitespace() || letter == '$' => {}
            _ => pieces.push(Piece::Sign(letter)),
        }
    }
    pieces
}

fn skip_past(rest: &mut Peekable<Iter<'_, char>>, end: &str) {
    let mut seen = String::new();
    for letter in rest.by_ref() {
        seen.push(*letter);
        if seen.ends_with(end) {
            return;
        }
    }
}

//! Code tables (代码表): a partner's code to the canonical word, total. What is not in the table is an error, never a guess.

use super::{Data, EvaluationError, Expression, TABLES, TablesOf};
use minijinja::value::Value as Engine;
use minijinja::{Error, ErrorKind, State};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All tables of one definition, by name.
#[derive(Debug, Default)]
pub struct CodeTables {
    tables: BTreeMap<String, BTreeMap<String, CodeEntry>>,
}

/// What a code stands for.
#[derive(Debug)]
pub enum CodeEntry {
    /// A word.
    Word(String),
    /// A word that depends on the case (`= 'withdrawn' if case.withdrawal_requested else 'void'`).
    Computed(Box<Expression>),
}

impl CodeTables {
    /// Adds a table, replacing one of the same name.
    pub fn insert(&mut self, name: String, entries: BTreeMap<String, CodeEntry>) {
        self.tables.insert(name, entries);
    }

    /// Whether there is a table of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    /// Names of all tables in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// Words that a table can give, computed ones left out; `None` for an unknown table.
    #[must_use]
    pub fn words(&self, table: &str) -> Option<Vec<&str>> {
        self.tables.get(table).map(|entries| {
            entries
                .values()
                .filter_map(|entry| match entry {
                    CodeEntry::Word(word) => Some(word.as_str()),
                    CodeEntry::Computed(_) => None,
                })
                .collect()
        })
    }

    fn translate(&self, table: &str, code: &str, data: &Data) -> Result<String, EvaluationError> {
        let unknown = || EvaluationError::UnknownCode {
            table: table.to_owned(),
            code: quoted(code),
        };
        match self
            .tables
            .get(table)
            .and_then(|entries| entries.get(code))
            .ok_or_else(unknown)?
        {
            CodeEntry::Word(word) => Ok(word.clone()),
            CodeEntry::Computed(expression) => match expression.evaluate(data)? {
                Value::String(word) => Ok(word),
                _ => Err(EvaluationError::Unfit(
                    "an entry of a code table gives a word",
                )),
            },
        }
    }
}

/// The filter `code("table")`.
pub(super) fn code(state: &State<'_, '_>, value: &Engine, table: &str) -> Result<String, Error> {
    state.consume_fuel(10)?;
    let tables = state
        .lookup(TABLES)
        .and_then(|value| value.downcast_object::<TablesOf>())
        .ok_or_else(|| Error::from(ErrorKind::InvalidOperation))?;
    let root = Arc::clone(&tables.0);
    let data = Data {
        value: Engine::from_dyn_object(Arc::clone(&root)),
        root: Arc::clone(&root),
    };
    let code = match value.as_str() {
        Some(text) => text.trim().to_owned(),
        None if value.is_undefined() => return Err(Error::from(ErrorKind::UndefinedError)),
        None if value.is_integer() => value.to_string(),
        None => {
            return Err(raise(EvaluationError::Unfit(
                "a code is a text or a whole number",
            )));
        }
    };
    root.tables.translate(table, &code, &data).map_err(raise)
}

/// Our own error through the engine.
pub(super) fn raise(error: EvaluationError) -> Error {
    Error::new(ErrorKind::InvalidOperation, "refused").with_source(error)
}

/// A code as it may stand in logs and answers: what looks like a code is quoted, anything else (a name that slipped into the
/// field) only counted.
pub(crate) fn quoted(code: &str) -> String {
    let plain = !code.is_empty()
        && code.len() <= 24
        && code
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    match plain && code.chars().filter(char::is_ascii_digit).count() < 11 {
        true => format!("`{code}`"),
        false => format!("of {} characters", code.chars().count()),
    }
}

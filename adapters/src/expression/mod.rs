//! Mapping expressions (映射表达式): one value from the data of a message, and nothing else.
//!
//! The language is that of Jinja expressions (minijinja), guarded; `docs/adr/0001-mapping-language.md` says why. What always
//! holds: an expression cannot loop, call a function or a method, read a file, reach the network, see a clock or end the
//! process. Its source is at most [`SOURCE_MAX`] bytes, its work at most [`FUEL`], its result at most [`RESULT_NODES_MAX`]
//! nodes and [`RESULT_BYTES_MAX`] bytes. A name without a value is an error, never an empty text.

mod codes;
mod filters;
mod guard;
mod result;
mod time;

pub(crate) use codes::quoted;
pub use codes::{CodeEntry, CodeTables};
pub(crate) use filters::is_none_text;
pub use guard::{FILTERS, TESTS};
pub use time::{PARTNER_OFFSET, parse_partner_time};

use minijinja::value::{Object, Value as Engine};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use thiserror::Error;

/// Longest source of an expression, in bytes.
pub const SOURCE_MAX: usize = 2 * 1024;
/// Work that one evaluation may do, in minijinja's unit (an instruction, 64 bytes produced, two items visited).
pub const FUEL: u64 = 50_000;
/// Most nodes of a result.
pub const RESULT_NODES_MAX: usize = 10_000;
/// Most bytes of text in a result.
pub const RESULT_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of a result.
pub const RESULT_DEPTH_MAX: usize = 32;

/// A checked expression (`= …` in a definition, without the sign).
#[derive(Debug)]
pub struct Expression {
    source: String,
    compiled: minijinja::Expression<'static, 'static>,
    tables: Vec<String>,
}

/// Why a source is not an acceptable expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{en}")]
pub struct SourceFault {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Character of the source at which it shows, from 0.
    pub at: usize,
}

/// Why an evaluation gave nothing. Quotes nothing but the code of an unknown code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvaluationError {
    /// A name or field has no value.
    #[error("a value is missing")]
    Missing,
    /// A partner's code is not in its table; tables are total.
    #[error("code {code} is not in the table `{table}`")]
    UnknownCode {
        /// Table.
        table: String,
        /// The code, quoted; its length alone when it does not look like a code.
        code: String,
    },
    /// A value is not of the kind that an operation takes (a date that is none, a word where a number stands).
    #[error("a value does not fit: {0}")]
    Unfit(&'static str),
    /// Too much work or too large a result.
    #[error("the expression goes beyond its bounds")]
    Bound,
    /// Anything else that the engine refuses.
    #[error("the expression failed: {0}")]
    Failed(String),
}

impl EvaluationError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing_field",
            Self::UnknownCode { .. } => "unknown_code",
            Self::Unfit(_) => "unfit_value",
            Self::Bound => "expression_bound",
            Self::Failed(_) => "expression_failed",
        }
    }
}

impl Expression {
    /// Checks and compiles a source that may use the given root names.
    ///
    /// # Errors
    /// The first fault of the source.
    pub fn compile(source: &str, names: &[&str]) -> Result<Self, SourceFault> {
        Self::compile_in(&MAPPING, source, names, guard::Place::Mapping)
    }

    /// The same for an entry of a code table, which may not look into a code table itself.
    ///
    /// # Errors
    /// The first fault of the source.
    pub fn compile_entry(source: &str, names: &[&str]) -> Result<Self, SourceFault> {
        Self::compile_in(&ENTRY, source, names, guard::Place::CodeEntry)
    }

    fn compile_in(
        engine: &'static Environment<'static>,
        source: &str,
        names: &[&str],
        place: guard::Place,
    ) -> Result<Self, SourceFault> {
        let tables = guard::check(source, place)?;
        let compiled = engine
            .compile_expression_owned(source.to_owned())
            .map_err(|error| {
                let detail = error.detail().unwrap_or("syntax error").to_owned();
                SourceFault {
                    zh: format!("表达式写法有误：{detail}"),
                    en: format!("the expression is not well-formed: {detail}"),
                    at: 0,
                }
            })?;
        let mut unknown: Vec<String> = compiled
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !names.contains(&name.as_str()))
            .collect();
        unknown.sort();
        if let Some(name) = unknown.first() {
            let at = source
                .find(name.as_str())
                .map_or(0, |byte| source[..byte].chars().count());
            return Err(SourceFault {
                zh: format!("此处没有名为“{name}”的数据；可用：{}", names.join("、")),
                en: format!("there is no `{name}` here; known: {}", names.join(", ")),
                at,
            });
        }
        Ok(Self {
            source: source.to_owned(),
            compiled,
            tables,
        })
    }

    /// The source, without the equals sign.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Names of the code tables that it looks into.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// Its value over the given data.
    ///
    /// # Errors
    /// [`EvaluationError`].
    pub fn evaluate(&self, data: &Data) -> Result<Value, EvaluationError> {
        let value = self.raw(data)?;
        result::to_json(&value)
    }

    /// Whether its value is true. Only a boolean is: `"0"` is a text, and guessing at it would be a mistake.
    ///
    /// # Errors
    /// [`EvaluationError`]; [`EvaluationError::Unfit`] when the value is no boolean.
    pub fn holds(&self, data: &Data) -> Result<bool, EvaluationError> {
        match self.evaluate(data)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(EvaluationError::Unfit("true or false is expected")),
        }
    }

    fn raw(&self, data: &Data) -> Result<Engine, EvaluationError> {
        self.compiled
            .eval(data.value.clone())
            .map_err(|error| explain(&error))
    }
}

/// What an expression sees: root names and the code tables. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Data {
    value: Engine,
    root: Arc<Root>,
}

impl Data {
    /// No names yet.
    #[must_use]
    pub fn new(tables: Arc<CodeTables>) -> Self {
        Self::of(Root {
            names: BTreeMap::new(),
            tables,
        })
    }

    /// The same with one more root name; a name given again is replaced.
    #[must_use]
    pub fn with<T: Serialize>(&self, name: &'static str, value: &T) -> Self {
        self.with_named(name, value)
    }

    /// The same with several root names at once.
    #[must_use]
    pub fn with_all(&self, values: &[(&str, Value)]) -> Self {
        let mut names = self.root.names.clone();
        for (name, value) in values {
            names.insert(
                (*name).to_owned(),
                Engine::from(minijinja::value::Serde(value)),
            );
        }
        Self::of(Root {
            names,
            tables: Arc::clone(&self.root.tables),
        })
    }

    /// The same for a name that the definition chose (`$as`).
    #[must_use]
    pub fn with_named<T: Serialize>(&self, name: &str, value: &T) -> Self {
        let mut names = self.root.names.clone();
        names.insert(
            name.to_owned(),
            Engine::from(minijinja::value::Serde(value)),
        );
        Self::of(Root {
            names,
            tables: Arc::clone(&self.root.tables),
        })
    }

    fn of(root: Root) -> Self {
        let root = Arc::new(root);
        Self {
            value: Engine::from_dyn_object(Arc::clone(&root)),
            root,
        }
    }
}

#[derive(Debug)]
struct Root {
    names: BTreeMap<String, Engine>,
    tables: Arc<CodeTables>,
}

/// Under this name the filter `code` finds the tables; the guard refuses names that begin with an underscore.
const TABLES: &str = "_tables";

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Engine) -> Option<Engine> {
        match key.as_str()? {
            TABLES => Some(Engine::from_object(TablesOf(Arc::clone(self)))),
            name => self.names.get(name).cloned(),
        }
    }
}

/// The tables together with the data that their entries may see.
#[derive(Debug)]
struct TablesOf(Arc<Root>);

impl Object for TablesOf {}

fn engine(with_codes: bool) -> Environment<'static> {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    filters::register(&mut engine);
    if with_codes {
        engine.add_filter("code", codes::code);
    }
    engine
}

static MAPPING: LazyLock<Environment<'static>> = LazyLock::new(|| engine(true));
static ENTRY: LazyLock<Environment<'static>> = LazyLock::new(|| engine(false));

/// The engine's error as ours. Details of the engine may quote data, so only its kind passes.
fn explain(error: &minijinja::Error) -> EvaluationError {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(ours) = inner.downcast_ref::<EvaluationError>() {
            return ours.clone();
        }
        source = inner.source();
    }
    match error.kind() {
        ErrorKind::UndefinedError => EvaluationError::Missing,
        ErrorKind::OutOfFuel => EvaluationError::Bound,
        kind => EvaluationError::Failed(kind.to_string()),
    }
}

#[cfg(test)]
mod tests;

//! The engine's value as JSON, counted while it is built: a lazy list costs the engine nothing and would cost us everything.

use super::{EvaluationError, RESULT_BYTES_MAX, RESULT_DEPTH_MAX, RESULT_NODES_MAX};
use minijinja::value::{Value as Engine, ValueKind};
use serde_json::{Map, Number, Value};

pub(super) fn to_json(value: &Engine) -> Result<Value, EvaluationError> {
    Counter { nodes: 0, bytes: 0 }.convert(value, 0)
}

struct Counter {
    nodes: usize,
    bytes: usize,
}

impl Counter {
    fn convert(&mut self, value: &Engine, depth: usize) -> Result<Value, EvaluationError> {
        self.nodes += 1;
        if self.nodes > RESULT_NODES_MAX || depth > RESULT_DEPTH_MAX {
            return Err(EvaluationError::Bound);
        }
        match value.kind() {
            ValueKind::Undefined => Err(EvaluationError::Missing),
            ValueKind::None => Ok(Value::Null),
            ValueKind::Bool => Ok(Value::Bool(value.is_true())),
            ValueKind::Number => number(value),
            ValueKind::String => self.text(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter().map_err(|error| super::explain(&error))?;
                items
                    .map(|item| self.convert(&item, depth + 1))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
            ValueKind::Map => self.object(value, depth),
            _ => Err(EvaluationError::Unfit("the result is not data")),
        }
    }

    fn object(&mut self, value: &Engine, depth: usize) -> Result<Value, EvaluationError> {
        let mut object = Map::new();
        for key in value.try_iter().map_err(|error| super::explain(&error))? {
            let name = key
                .as_str()
                .ok_or(EvaluationError::Unfit("a key is a text"))?;
            self.charge(name.len())?;
            let inner = value
                .get_item(&key)
                .map_err(|error| super::explain(&error))?;
            object.insert(name.to_owned(), self.convert(&inner, depth + 1)?);
        }
        Ok(Value::Object(object))
    }

    fn text(&mut self, text: &str) -> Result<Value, EvaluationError> {
        self.charge(text.len())?;
        Ok(Value::String(text.to_owned()))
    }

    fn charge(&mut self, bytes: usize) -> Result<(), EvaluationError> {
        self.bytes = self.bytes.saturating_add(bytes);
        match self.bytes > RESULT_BYTES_MAX {
            true => Err(EvaluationError::Bound),
            false => Ok(()),
        }
    }
}

fn number(value: &Engine) -> Result<Value, EvaluationError> {
    let found = match value.is_integer() {
        true => i64::try_from(value.clone())
            .map(Number::from)
            .or_else(|_| u64::try_from(value.clone()).map(Number::from))
            .ok(),
        false => f64::try_from(value.clone()).ok().and_then(Number::from_f64),
    };
    found
        .map(Value::Number)
        .ok_or(EvaluationError::Unfit("the number is too large"))
}

//! Schemas compiled (编解码).
mod blocks;
mod decimal;
mod lexical;
mod moment;
mod pattern;
mod value;
pub use value::{Object, Value};

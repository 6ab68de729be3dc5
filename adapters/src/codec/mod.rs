//! Schemas compiled (编解码): values to XML and back, fast, and checked both ways.
//!
//! [`Codec::compile`] turns the components of [`crate::schema`] into flat tables once; [`Codec::decode`] reads a message in one pass
//! over the text, [`Codec::encode`] writes one in one pass over the value. Neither allocates for names, and neither looks a child up
//! that is where the schema expects it. A [`Value`] holds texts: numbers and dates are checked by the rules of XML Schema part 2 and
//! kept as they were written.
//!
//! What always holds: nothing is written that the schema does not allow; every fault names its path; nodes, bytes, levels and
//! attributes are counted before anything is built; a pattern of a schema costs linear time.

mod blocks;
mod compile;
mod decimal;
mod decode;
mod encode;
mod facets;
mod fault;
mod lexical;
mod matcher;
mod moment;
mod pattern;
mod shape;
mod simple;
mod table;
mod value;
mod write;

pub use decode::{DecodeOptions, Unknown, ValueLimits};
pub(crate) use decode::{Failure, Outcome, Piece, Reading, Tag};
pub use encode::EncodeOptions;
pub(crate) use encode::Writing;
pub use fault::{CodecFault, CodecFaultKind, Position, ValueFault, ValueRule};
pub use shape::{AttributeShape, Shape, ShapeContent, TextShape};
pub use table::Codec;
pub use value::{Object, Value};

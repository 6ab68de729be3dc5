//! Adapters (适配器): how each partner protocol says the canonical messages.
//!
//! Bytes in, bytes out. Nothing here opens a socket, reads a clock, draws a random number or touches a database: time, nonces
//! and bytes are arguments. Partner text is data everywhere; XML is read without document types, external entities or expansion
//! beyond the five built-in entities, with bounds on depth, attributes and size.

pub mod canonical;
pub mod exchange;

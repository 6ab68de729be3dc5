//! Adapters (适配器): how each partner protocol says the canonical messages.
//!
//! Bytes in, bytes out. Nothing here opens a socket, reads a clock, draws a random number or touches a database: time, nonces
//! and bytes are arguments. Partner text is data everywhere; XML is read without document types, external entities or expansion
//! beyond the five built-in entities, with bounds on depth, attributes and size.
//!
//! The way of one message: [`definition::CompiledDefinition`] is made once from a file of `config/systems/`; its templates
//! hold [`expression`]s; a request leaves as JSON, a form, [`xml`] or a [`soap`] envelope; an answer or a callback comes
//! back through [`reading`] as one plain tree, and the definition says what it means.
//!
//! A partner's own description is read by [`wsdl`] and [`schema`] and compiled by [`codec`], which writes and reads its messages and
//! checks them both ways. [`drafting`] makes a first definition of it.
//!
//! What is absent on purpose: async, I/O, a partner's name. A new partner is a new file, never new code here.

pub mod canonical;
pub mod codec;
pub mod definition;
pub mod drafting;
pub mod exchange;
pub mod expression;
pub mod reading;
pub mod schema;
pub mod soap;
pub mod text;
pub mod wsdl;
pub mod xml;

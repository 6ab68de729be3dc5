//! Drafts of definitions: every service of the collection gets one that passes the checker as it is, and a person who fills in what
//! is marked gets a definition that sends what the schema asks for.

mod collection;
mod mapping;
mod support;

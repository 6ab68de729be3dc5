//! Strict foreign tools and foreign SOAP stacks: they read what we publish, take what we send, and call us.
//!
//! `tests/run` installs them; a peer that is missing fails its tests. docs/soap-interoperation.md is the table of what is tried here.

mod callback;
mod gsoap;
mod mail;
mod node_soap;
mod notices;
mod peer;
mod php;
mod published;
mod spyne;
mod taken;

//! WSDL 1.1 (服务描述): what a department's service takes and gives.
//!
//! [`read_wsdl`] follows `import` and the schemas of `types` through a source of [`Documents`](crate::schema::Documents), and makes a
//! [`Description`]: services, bindings of SOAP 1.1 and 1.2, operations with their messages, headers, faults and attachments, and the
//! [`Schema`](crate::schema::Schema) beneath. Every message becomes elements: those of the schema for document style, and made ones
//! for rpc wrappers (section 3.5) and parts that refer to types, so that one codec writes and reads them all. [`CompiledService`]
//! puts them into envelopes.
//!
//! Descriptions in the field are not always right. What is wrong and has one meaning is taken, with a
//! [`Warning`](crate::schema::Warning); everything else is a named refusal with its place.

mod documents;
mod envelope;
mod extensions;
mod load;
mod messages;
mod model;
mod operations;
mod parts;
mod received;
mod received_fault;
mod references;

pub use envelope::{CompiledService, Decoded, EnvelopeParts, FaultDetail, MessageOptions};
pub use model::{
    Attachment, Binding, Body, Description, Exchange, FaultMessage, Header, Message, Operation,
    Port, Service, Use,
};

use crate::schema::{Documents, SchemaFault, SchemaLimits};

/// The description at a location, with all that it imports.
///
/// # Errors
/// [`SchemaFault`], with the place of what is wrong.
pub fn read_wsdl(
    source: &mut dyn Documents,
    location: &str,
    limits: &SchemaLimits,
) -> Result<Description, SchemaFault> {
    documents::read(source, location, limits)
}

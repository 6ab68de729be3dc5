//! What a WSDL describes (WSDL 1.1, sections 2 and 3), with every reference resolved.

use crate::schema::{ElementId, ExpandedName, Place, Schema, Warning};
use crate::soap::{SoapStyle, SoapVersion};

/// A description: services, bindings, and the schema that their messages are made of (服务描述).
#[derive(Debug, Clone)]
pub struct Description {
    /// Target namespace of the first document.
    pub namespace: String,
    /// Documentation of the first document.
    pub documentation: String,
    /// Services in order.
    pub services: Vec<Service>,
    /// SOAP bindings in order; those of other protocols are left out with a warning.
    pub bindings: Vec<Binding>,
    /// Components of all schemas, with elements added for parts and wrappers that no schema declares.
    pub schema: Schema,
    /// What was taken though it is wrong.
    pub warnings: Vec<Warning>,
}

/// A service (section 2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Name.
    pub name: ExpandedName,
    /// Documentation.
    pub documentation: String,
    /// Its SOAP ports.
    pub ports: Vec<Port>,
}

/// A port (section 2.6 and 3.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Name.
    pub name: String,
    /// Place of its binding in [`Description::bindings`].
    pub binding: usize,
    /// Where it is called, as written.
    pub address: String,
}

/// A binding (section 2.5 and 3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// Name.
    pub name: ExpandedName,
    /// Its port type.
    pub port_type: ExpandedName,
    /// Version of SOAP.
    pub version: SoapVersion,
    /// Transport URI, as written.
    pub transport: String,
    /// Documentation of the binding, else of the port type.
    pub documentation: String,
    /// Its operations in order. Overloads have the same name and other messages.
    pub operations: Vec<Operation>,
}

/// An operation of a binding (section 2.4, 2.5 and 3.4).
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Name.
    pub name: String,
    /// Documentation.
    pub documentation: String,
    /// Action URI; empty where none is written.
    pub soap_action: String,
    /// Style.
    pub style: SoapStyle,
    /// Direction and answer.
    pub exchange: Exchange,
    /// What is sent to the service (for the last two exchanges: what it sends as a request is `output`).
    pub input: Option<Message>,
    /// What the service sends.
    pub output: Option<Message>,
    /// Faults that it announces.
    pub faults: Vec<FaultMessage>,
    /// Where the binding names it.
    pub place: Place,
}

/// Transmission primitives (section 2.4.1 to 2.4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A message without an answer.
    OneWay,
    /// A message and its answer.
    RequestResponse,
    /// The service asks and is answered.
    SolicitResponse,
    /// The service tells.
    Notification,
}

/// How values are written in a message (section 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// By the schema.
    Literal,
    /// By the rules of an encoding; the URI is for `encodingStyle`.
    Encoded(String),
}

/// A message of an operation (section 2.3 and 3.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Name of the message.
    pub name: ExpandedName,
    /// Documentation.
    pub documentation: String,
    /// How its body is written.
    pub body_use: Use,
    /// Elements of the body.
    pub body: Body,
    /// Header blocks.
    pub headers: Vec<Header>,
    /// Parts that travel as attachments (section 5).
    pub attachments: Vec<Attachment>,
}

/// Elements of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// One element, whose value is the value of the body. `wrapped`: its fields are the parameters of the operation.
    Element {
        /// The element.
        element: ElementId,
        /// Whether it only wraps parameters: of rpc style, or of document style by the usual signs (the element is named after the
        /// operation, is a sequence of elements and has no attributes).
        wrapped: bool,
    },
    /// Several elements; the value of the body is an object of them.
    Elements(Vec<ElementId>),
}

/// A header block (section 3.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Part that it is.
    pub part: String,
    /// Its element.
    pub element: ElementId,
    /// How it is written.
    pub header_use: Use,
    /// Whether the binding requires it (`wsdl:required`).
    pub required: bool,
    /// Elements of faults that concern it (`headerfault`).
    pub faults: Vec<ElementId>,
}

/// A part in an attachment: SOAP with attachments (section 5.3 and 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Part.
    pub part: String,
    /// Content types that it may have; empty for any.
    pub content_types: Vec<String>,
}

/// An announced fault (section 3.6).
#[derive(Debug, Clone, PartialEq)]
pub struct FaultMessage {
    /// Name.
    pub name: String,
    /// Documentation.
    pub documentation: String,
    /// Element in the detail.
    pub element: ElementId,
    /// How it is written.
    pub fault_use: Use,
}

impl Description {
    /// Operations of that name over all bindings: bindings and operations by their places.
    pub fn operations_named<'d>(
        &'d self,
        name: &'d str,
    ) -> impl Iterator<Item = (&'d Binding, &'d Operation)> {
        self.bindings.iter().flat_map(move |binding| {
            let named = binding.operations.iter().filter(move |op| op.name == name);
            named.map(move |operation| (binding, operation))
        })
    }

    /// Local name and namespace of an element.
    #[must_use]
    pub fn element_name(&self, element: ElementId) -> ExpandedName {
        let name = self.schema.elements[element.index()].name;
        let (namespace, local) = self.schema.names.parts(name);
        ExpandedName::new(namespace, local)
    }
}

//! Verbs of these tests.

use serde_json::{Value as Json, json};
use tongban_adapters::codec::{CodecFault, Object, Value};
use tongban_adapters::schema::{MemoryDocuments, SchemaFault, SchemaLimits};
use tongban_adapters::wsdl::{
    Binding, CompiledService, Decoded, EnvelopeParts, Message, MessageOptions, Operation, read_wsdl,
};

pub(crate) fn compile(documents: &[(&str, &str)]) -> Result<CompiledService, SchemaFault> {
    let mut source = MemoryDocuments::new();
    for (location, text) in documents {
        source = source.with(*location, *text);
    }
    let limits = SchemaLimits::default();
    let description = read_wsdl(&mut source, documents[0].0, &limits)?;
    CompiledService::compile(description, &limits)
}

#[track_caller]
pub(crate) fn service(text: &str) -> CompiledService {
    compile(&[("a.wsdl", text)]).unwrap_or_else(|fault| panic!("{fault}"))
}

/// `<definitions>` with the usual prefixes around components; the target namespace is `urn:t`.
pub(crate) fn definitions(components: &str) -> String {
    format!(
        "<wsdl:definitions xmlns:wsdl='http://schemas.xmlsoap.org/wsdl/' xmlns:soap='http://schemas.xmlsoap.org/wsdl/soap/' xmlns:soap12='http://schemas.xmlsoap.org/wsdl/soap12/'
         xmlns:xsd='http://www.w3.org/2001/XMLSchema' xmlns:mime='http://schemas.xmlsoap.org/wsdl/mime/' xmlns:soapenc='http://schemas.xmlsoap.org/soap/encoding/' xmlns:t='urn:t' targetNamespace='urn:t'>{components}</wsdl:definitions>"
    )
}

/// Messages, port type, binding and service of one operation `op` with the given body attributes and style.
pub(crate) fn one_operation(
    types: &str,
    input: &str,
    output: &str,
    style: &str,
    body: &str,
) -> String {
    definitions(&format!(
        "<wsdl:types>{types}</wsdl:types><wsdl:message name='In'>{input}</wsdl:message><wsdl:message name='Out'>{output}</wsdl:message>
         <wsdl:portType name='P'><wsdl:operation name='op'><wsdl:input message='t:In'/><wsdl:output message='t:Out'/></wsdl:operation></wsdl:portType>
         <wsdl:binding name='B' type='t:P'><soap:binding style='{style}' transport='http://schemas.xmlsoap.org/soap/http'/>
           <wsdl:operation name='op'><soap:operation soapAction='urn:op'/><wsdl:input><soap:body {body}/></wsdl:input><wsdl:output><soap:body {body}/></wsdl:output></wsdl:operation></wsdl:binding>
         <wsdl:service name='S'><wsdl:port name='p' binding='t:B'><soap:address location='http://127.0.0.1/s'/></wsdl:port></wsdl:service>"
    ))
}

pub(crate) fn operation<'s>(
    service: &'s CompiledService,
    name: &str,
) -> (&'s Binding, &'s Operation) {
    let found = service.description().bindings.iter().find_map(|binding| {
        let operation = binding.operations.iter().find(|op| op.name == name)?;
        Some((binding, operation))
    });
    found.unwrap_or_else(|| panic!("there is no operation {name}"))
}

pub(crate) fn write(
    service: &CompiledService,
    binding: &Binding,
    message: &Message,
    headers: &Json,
    body: &Json,
) -> Result<String, CodecFault> {
    let headers = match Value::from_json(headers) {
        Value::Object(object) => object,
        _ => Object::new(),
    };
    let parts = EnvelopeParts {
        headers,
        written_headers: "",
        body: Value::from_json(body),
    };
    service.encode(binding, message, &parts, &MessageOptions::default())
}

pub(crate) fn read(
    service: &CompiledService,
    binding: &Binding,
    operation: &Operation,
    message: &Message,
    text: &str,
) -> Result<Json, CodecFault> {
    let options = MessageOptions::default();
    let text = CompiledService::prepared(binding, message, text, &options)?;
    Ok(
        match service.decode(binding, operation, message, &text, &options)? {
            Decoded::Message {
                headers,
                must_understand,
                body,
            } => {
                let mut json = json!({"body": body.to_json()});
                if !headers.is_empty() {
                    json["headers"] = Value::Object(headers).to_json();
                }
                if !must_understand.is_empty() {
                    json["must_understand"] = must_understand.into();
                }
                json
            }
            Decoded::Fault(fault) => json!({
                "code": fault.code, "reason": fault.reason, "name": fault.name, "actor": fault.actor, "detail": fault.detail.to_json(),
            }),
        },
    )
}

/// The request of an operation as it is written, and its meaning when it is read.
#[track_caller]
pub(crate) fn request(service: &CompiledService, name: &str, body: &Json) -> String {
    let (binding, operation) = operation(service, name);
    let message = operation.input.as_ref().unwrap();
    let text =
        write(service, binding, message, &Json::Null, body).unwrap_or_else(|f| panic!("{f}"));
    let again =
        read(service, binding, operation, message, &text).unwrap_or_else(|f| panic!("{f}: {text}"));
    assert_eq!(&again["body"], body, "{text}");
    text
}

/// What an answer of an operation means.
pub(crate) fn answer(
    service: &CompiledService,
    name: &str,
    text: &str,
) -> Result<Json, CodecFault> {
    let (binding, operation) = operation(service, name);
    read(
        service,
        binding,
        operation,
        operation.output.as_ref().unwrap(),
        text,
    )
}

/// An envelope of SOAP 1.1 around a body.
pub(crate) fn envelope(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:xsd='http://www.w3.org/2001/XMLSchema' xmlns:soapenc='http://schemas.xmlsoap.org/soap/encoding/' xmlns:t='urn:t'><s:Body>{body}</s:Body></s:Envelope>"
    )
}

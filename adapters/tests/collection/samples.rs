//! Every sample is read as the collection says; what is written of it, from the value itself and from its JSON, holds the same
//! elements where the use is literal, and means the same when it is read again.

use super::comparison::difference;
use super::entries::{collection, compiled, folder};
use super::infoset::bodies_differ;
use super::shortfalls::Verdicts;
use serde_json::{Map, Value as Json};
use std::fs;
use std::path::Path;
use tongban_adapters::codec::{Object, Value};
use tongban_adapters::soap::SoapVersion;
use tongban_adapters::wsdl::{
    Binding, Body, CompiledService, Decoded, EnvelopeParts, Message, MessageOptions, Operation, Use,
};

#[test]
fn every_sample_is_read_written_and_read_again() {
    let collection = collection();
    let mut verdicts = Verdicts::default();
    for (name, entry) in collection["services"].as_object().unwrap() {
        let folder = folder().join(name);
        let service = compiled(&folder, entry);
        for sample in entry["samples"].as_array().into_iter().flatten() {
            let sample = sample.as_str().unwrap();
            let outcome = match &service {
                Ok(service) => holds(service, entry, &folder.join("samples"), sample),
                Err(_) => Err("its description is not taken".to_owned()),
            };
            verdicts.note(format!("{name}/{sample}"), outcome);
        }
    }
    let (passed, all) = (verdicts.passed(), verdicts.all());
    println!("samples: {passed} of {all} read, written and read again");
    verdicts.conclude();
    assert!(all >= 300, "the collection has {all} samples");
}

fn holds(
    service: &CompiledService,
    entry: &Json,
    samples: &Path,
    sample: &str,
) -> Result<(), String> {
    let text = text_of(&fs::read(samples.join(format!("{sample}.xml"))).unwrap());
    let json = fs::read_to_string(samples.join(format!("{sample}.json"))).unwrap();
    let expected: Json = serde_json::from_str(&json).unwrap();
    let (name, direction) = sample.rsplit_once('.').unwrap();
    let mut whys = Vec::new();
    for (binding, operation) in candidates(service, entry, name, &text) {
        let message = match direction {
            "request" => operation.input.as_ref(),
            _ => operation.output.as_ref(),
        };
        let Some(message) = message else {
            whys.push("there is no such message".to_owned());
            continue;
        };
        let exchange = Sampled {
            service,
            binding,
            operation,
            message,
        };
        let held = exchange
            .holds(&text, &expected)
            .and_then(|()| match direction {
                "request" => exchange.is_called_by(&text),
                _ => Ok(()),
            });
        match held {
            Ok(()) => return Ok(()),
            Err(why) => whys.push(why),
        }
    }
    match whys.is_empty() {
        true => Err("no operation of that name and version of SOAP".to_owned()),
        false => Err(whys.join("; ")),
    }
}

/// A sample is bytes on the wire: a mark or zero bytes tell UTF-16, else its declaration says the set.
fn text_of(bytes: &[u8]) -> String {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        return text.unwrap().into_owned();
    }
    let limits = tongban_adapters::xml::Limits::default();
    tongban_adapters::xml::decoded(bytes, None, &limits)
        .unwrap()
        .0
}

/// Operations that the name of a sample may mean, in the envelope's version of SOAP. Ports and operations stand in the same order
/// in both, which the test of the descriptions sees to.
fn candidates<'s>(
    service: &'s CompiledService,
    entry: &Json,
    name: &str,
    text: &str,
) -> Vec<(&'s Binding, &'s Operation)> {
    let version = match text.contains(SoapVersion::V12.namespace()) {
        true => SoapVersion::V12,
        false => SoapVersion::V11,
    };
    let description = service.description();
    let mut found = Vec::new();
    let said = entry["services"].as_array().unwrap();
    for (service, said) in description.services.iter().zip(said) {
        let said = said["ports"].as_array().unwrap().iter();
        let said = said.filter(|port| super::described::is_soap(port));
        for (port, said) in service.ports.iter().zip(said) {
            let binding = &description.bindings[port.binding];
            let said = said["operations"].as_array().unwrap();
            for (operation, said) in binding.operations.iter().zip(said) {
                let named = |way: &str| {
                    let overload = said[way]["name"].as_str().unwrap_or_default();
                    format!("{}-{overload}", operation.name) == name
                };
                let named = operation.name == name || named("input") || named("output");
                if named && binding.version == version {
                    found.push((binding, operation));
                }
            }
        }
    }
    found
}

/// A sample with the message that it is one of.
struct Sampled<'s> {
    service: &'s CompiledService,
    binding: &'s Binding,
    operation: &'s Operation,
    message: &'s Message,
}

impl Sampled<'_> {
    fn holds(&self, text: &str, expected: &Json) -> Result<(), String> {
        let options = MessageOptions::default();
        let prepared = CompiledService::prepared(self.binding, self.message, text, &options);
        let prepared = prepared.map_err(|fault| format!("reading: {fault}"))?;
        let decoded = self
            .decoded(&prepared)
            .map_err(|why| format!("reading: {why}"))?;
        if let Some(difference) = difference("", expected, &self.said(&decoded)) {
            return Err(difference);
        }
        // What a fault says beside its code, reason and detail is not ours to write.
        if matches!(decoded, Decoded::Fault(_)) {
            return Ok(());
        }
        let written = self.written(&decoded)?;
        if self.message.body_use == Use::Literal
            && let Some(difference) = bodies_differ(text, &written)
        {
            return Err(difference);
        }
        self.written_from_json(&decoded, &written)?;
        let prepared = CompiledService::prepared(self.binding, self.message, &written, &options);
        let prepared = prepared.map_err(|fault| format!("reading {written}: {fault}"))?;
        let again = self
            .decoded(&prepared)
            .map_err(|why| format!("reading {written}: {why}"))?;
        // As JSON: the order of fields says nothing, that of elements is in `#order` where the schema leaves it open.
        match self.said(&again) == self.said(&decoded) {
            true => Ok(()),
            false => Err(format!("{written} is {again:?}, not {decoded:?}")),
        }
    }

    fn decoded<'v>(&'v self, text: &'v str) -> Result<Decoded<'v>, String> {
        let options = MessageOptions::default();
        let decoded =
            self.service
                .decode(self.binding, self.operation, self.message, text, &options);
        decoded.map_err(|fault| fault.to_string())
    }

    fn written(&self, decoded: &Decoded<'_>) -> Result<String, String> {
        let options = MessageOptions::default();
        let written = match decoded {
            Decoded::Message { headers, body, .. } => {
                let parts = EnvelopeParts {
                    headers: headers.clone(),
                    written_headers: "",
                    body: body.clone(),
                };
                self.service
                    .encode(self.binding, self.message, &parts, &options)
            }
            Decoded::Fault(_) => return Err("a fault".to_owned()),
        };
        written.map_err(|fault| format!("writing: {fault}"))
    }

    /// A mapping hands over JSON, whose fields have no order: what is written is the same.
    fn written_from_json(&self, decoded: &Decoded<'_>, written: &str) -> Result<(), String> {
        let Decoded::Message { headers, body, .. } = decoded else {
            return Ok(());
        };
        let (headers, body) = (Value::Object(headers.clone()).to_json(), body.to_json());
        let headers = match Value::from_json(&headers) {
            Value::Object(headers) => headers,
            _ => Object::new(),
        };
        let again = self.written(&Decoded::Message {
            headers,
            must_understand: Vec::new(),
            body: Value::from_json(&body),
        })?;
        match bodies_differ(written, &again) {
            None => Ok(()),
            Some(difference) => Err(format!("from JSON: {difference}")),
        }
    }

    /// What was read in the members of the collection.
    fn said(&self, decoded: &Decoded<'_>) -> Json {
        let mut said = Map::new();
        match decoded {
            Decoded::Fault(fault) => {
                let mut members = Value::Object(fault.besides.clone()).to_json();
                members["faultcode"] = fault.code.clone().into();
                members["faultstring"] = fault.reason.clone().into();
                if let Some(actor) = &fault.actor {
                    members["faultactor"] = actor.clone().into();
                }
                if fault.detail != Value::Null {
                    members["detail"] = fault.detail.to_json();
                }
                said.insert("body".to_owned(), serde_json::json!({"Fault": members}));
            }
            Decoded::Message { headers, body, .. } => {
                let description = self.service.description();
                let local = |element| description.element_name(element).local;
                let blocks = headers.iter().map(|(part, value)| {
                    let mut known = self.message.headers.iter();
                    let header = known.find(|header| header.part == part).unwrap();
                    (local(header.element), value.to_json())
                });
                let blocks: Map<String, Json> = blocks.collect();
                if !blocks.is_empty() {
                    said.insert("header".to_owned(), blocks.into());
                }
                let body = match &self.message.body {
                    Body::Empty => Json::Object(Map::new()),
                    Body::Element { element, .. } => {
                        Json::Object(Map::from_iter([(local(*element), body.to_json())]))
                    }
                    Body::Elements(_) => body.to_json(),
                };
                said.insert("body".to_owned(), body);
            }
        }
        said.into()
    }

    /// A service finds the operation by what is in the body; by the action too where several operations take the same.
    fn is_called_by(&self, text: &str) -> Result<(), String> {
        let options = MessageOptions::default();
        let operations = self.binding.operations.iter();
        let inputs = operations.filter_map(|operation| operation.input.as_ref());
        let alone = inputs
            .filter(|input| input.body == self.message.body)
            .count()
            == 1;
        let with_action = Some(self.operation.soap_action.as_str());
        let without = alone.then_some(None);
        for action in [Some(with_action), without].into_iter().flatten() {
            let called = self.service.called(self.binding, action, text, &options);
            let called = called.map_err(|fault| format!("finding the operation: {fault}"))?;
            if called.is_none_or(|called| called.name != self.operation.name) {
                let called = called.map(|called| &called.name);
                return Err(format!("taken for {called:?} with the action {action:?}"));
            }
        }
        Ok(())
    }
}

//! Faults that are received (SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4), with their details by the schema.

use super::envelope::FaultDetail;
use super::received::EnvelopeReading;
use crate::codec::{Object, Outcome, Tag, Value};
use crate::soap::SoapVersion;

/// Children of a fault that SOAP 1.1 defines.
const OWN_CHILDREN: [&str; 4] = ["faultcode", "faultstring", "faultactor", "detail"];
/// Subcodes inside one another that are looked at.
const SUBCODES_MAX: usize = 8;

impl<'v> EnvelopeReading<'v, '_> {
    /// SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4.
    pub(super) fn fault(&mut self, tag: &Tag<'v>) -> Outcome<FaultDetail<'v>> {
        let value = self.reading.undeclared(tag, 3)?;
        let version = self.version.namespace();
        let of_envelope =
            |value: &Value<'v>, local: &str| value.get(&format!("{{{version}}}{local}")).cloned();
        let code = match value.get("faultcode") {
            Some(code) => local_part(&text_of(code)),
            None => codes(&value, version).join("."),
        };
        let reason = match value.get("faultstring") {
            Some(reason) => text_of(reason),
            None => of_envelope(&value, "Reason")
                .and_then(|reason| of_envelope(&reason, "Text"))
                .map_or_else(String::new, |texts| in_chinese(&texts)),
        };
        let actor = value
            .get("faultactor")
            .cloned()
            .or_else(|| of_envelope(&value, "Role"));
        let detail = value
            .get("detail")
            .cloned()
            .or_else(|| of_envelope(&value, "Detail"));
        let detail = detail.unwrap_or(Value::Null);
        let mut besides = Object::default();
        if let (SoapVersion::V11, Value::Object(fields)) = (self.version, &value) {
            let other = |key: &str| !key.starts_with(['@', '#']) && !OWN_CHILDREN.contains(&key);
            for (key, value) in fields.fields.iter().filter(|(key, _)| other(key)) {
                besides.insert(key.clone(), value.clone());
            }
        }
        Ok(FaultDetail {
            name: self.announced(&detail),
            code,
            reason,
            actor: actor.map(|actor| text_of(&actor)),
            detail,
            besides,
        })
    }

    fn announced(&self, detail: &Value<'v>) -> Option<String> {
        let Value::Object(fields) = detail else {
            return None;
        };
        let found = self.operation.faults.iter().find(|fault| {
            let name = self
                .service
                .description
                .element_name(fault.element)
                .to_string();
            fields.get(&name).is_some()
        });
        found.map(|fault| fault.name.clone())
    }
}

fn codes(fault: &Value<'_>, version: &str) -> Vec<String> {
    let key = |local: &str| format!("{{{version}}}{local}");
    let mut found = Vec::new();
    let mut at = fault.get(&key("Code"));
    while let Some(code) = at.filter(|_| found.len() < SUBCODES_MAX) {
        found.extend(
            code.get(&key("Value"))
                .map(|value| local_part(&text_of(value))),
        );
        at = code.get(&key("Subcode"));
    }
    found
}

/// Of reasons in several languages the Chinese one, else the first.
fn in_chinese(texts: &Value<'_>) -> String {
    let Value::List(items) = texts else {
        return text_of(texts);
    };
    let language = |item: &Value<'_>| match item {
        Value::Object(object) => object.iter().any(|(key, value)| {
            key.ends_with("lang")
                && value
                    .as_text()
                    .is_some_and(|text| text.to_ascii_lowercase().starts_with("zh"))
        }),
        _ => false,
    };
    let chosen = items
        .iter()
        .find(|item| language(item))
        .or_else(|| items.first());
    chosen.map_or_else(String::new, text_of)
}

fn text_of(value: &Value<'_>) -> String {
    let text = match value {
        Value::Text(text) => text,
        Value::Object(_) => match value.get("#text") {
            Some(Value::Text(text)) => text,
            _ => "",
        },
        _ => "",
    };
    text.trim().to_owned()
}

fn local_part(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

//! `GET /openapi.json`: the interface's own description (OpenAPI 3.1), written by hand and compared with the table of routes by a test.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};

/// The document.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

/// Serves it.
pub async fn document() -> Response {
    let mut response = Response::new(Body::from(DOCUMENT));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}

#[cfg(test)]
pub(super) mod tests {
    use super::DOCUMENT;
    use crate::identity::Role;
    use crate::identity::access::{Listener, TABLE};
    use crate::registry::form::Form;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn document() -> Value {
        let value = crate::intake::json::read(DOCUMENT.as_bytes());
        value.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A schema of the document, compiled.
    pub(in crate::application) fn schema(name: &str) -> Form {
        let mut schema = document();
        schema["$ref"] = format!("#/components/schemas/{name}").into();
        Form::compile(schema).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn operations(document: &Value) -> Vec<(String, String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let each = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
        });
        each.collect()
    }

    #[test]
    fn the_document_has_exactly_the_interface_routes_of_the_table() {
        let document = document();
        let described: BTreeSet<_> = operations(&document)
            .into_iter()
            .map(|(m, p, _)| (m, p))
            .collect();
        let served = TABLE
            .iter()
            .filter(|row| matches!(row.listener, Listener::Public | Listener::Exchange));
        // Pages are for people; the document is for programs.
        let served = served.filter(|row| row.template.contains("/v1/"));
        let served: BTreeSet<_> = served
            .map(|row| (row.method.to_string(), row.template.to_owned()))
            .collect();
        assert_eq!(described, served);
    }

    #[test]
    fn what_the_table_closes_asks_for_a_credential_in_the_document() {
        for (method, path, operation) in operations(&document()) {
            let row = TABLE
                .iter()
                .find(|r| r.template == path && r.method == *method)
                .unwrap();
            let open = operation["security"].as_array().unwrap().is_empty();
            let anyone = row.roles.contains(&Role::Public);
            assert!(anyone || !open, "{method} {path}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_compiles() {
        let document = document();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 50);
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            let mut schema = document.clone();
            schema["$ref"] = format!("#/components/schemas/{name}").into();
            assert!(Form::compile(schema).is_ok(), "{name}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    references.push(reference.clone());
                }
                members.values().for_each(|v| collect(v, references));
            }
            Value::Array(values) => values.iter().for_each(|v| collect(v, references)),
            _ => {}
        }
    }
}

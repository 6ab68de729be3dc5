//! Every description is taken as `collection.json` describes it.

use super::described::{self, expected, is_soap};
use super::entries::{collection, compiled, folder};
use super::shortfalls::Verdicts;
use serde_json::Value as Json;
use tongban_adapters::schema::WarningKind;
use tongban_adapters::wsdl::CompiledService;

/// Services that must be taken, of a hundred.
const TAKEN_LEAST: usize = 95;

#[test]
fn every_description_is_taken_as_the_collection_describes_it() {
    let collection = collection();
    let services = collection["services"].as_object().unwrap();
    let mut verdicts = Verdicts::default();
    let mut operations = 0;
    for (name, entry) in services {
        let service = compiled(&folder().join(name), entry).map_err(|fault| fault.to_string());
        let outcome = service.and_then(|service| {
            let bindings = service.description().bindings.iter();
            operations += bindings
                .map(|binding| binding.operations.len())
                .sum::<usize>();
            as_described(&service, entry)
        });
        verdicts.note(name, outcome);
    }
    let (taken, all) = (verdicts.passed(), verdicts.all());
    println!("descriptions: {taken} of {all} taken, {operations} operations");
    verdicts.conclude();
    assert!(all >= 60, "the collection has {all} services");
    assert!(
        taken * 100 >= all * TAKEN_LEAST,
        "{taken} of {all} are taken"
    );
}

fn as_described(service: &CompiledService, entry: &Json) -> Result<(), String> {
    let description = service.description();
    let (wanted, read) = (expected(entry), described::services(description));
    if let Some(difference) = difference("", &wanted, &read) {
        return Err(difference);
    }
    let services = entry["services"].as_array().unwrap().iter();
    let mut ports = services.flat_map(|service| service["ports"].as_array().unwrap());
    let foreign = ports.any(|port| !is_soap(port));
    let warned = description
        .warnings
        .iter()
        .any(|warning| matches!(warning.kind, WarningKind::ForeignBinding(_)));
    match foreign && !warned {
        true => Err("a port that is not SOAP is left out without a word".to_owned()),
        false => Ok(()),
    }
}

/// The first place where they differ; what the collection does not say (null) may be anything.
fn difference(path: &str, wanted: &Json, read: &Json) -> Option<String> {
    match (wanted, read) {
        (Json::Null, _) => None,
        (Json::Object(fields), Json::Object(_)) => fields.iter().find_map(|(key, value)| {
            difference(
                &format!("{path}/{key}"),
                value,
                read.get(key).unwrap_or(&Json::Null),
            )
        }),
        (Json::Array(items), Json::Array(found)) if items.len() == found.len() => {
            let mut pairs = items.iter().zip(found).enumerate();
            pairs.find_map(|(at, (item, found))| difference(&format!("{path}/{at}"), item, found))
        }
        _ if wanted == read => None,
        _ => Some(format!(
            "{path}: the collection says {wanted}, read was {read}"
        )),
    }
}

//! What must be refused is refused by name and place, soon, and nothing is fetched for it.

use super::entries::{collection, compiled, folder};
use super::shortfalls::Verdicts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tongban_adapters::codec::{DecodeOptions, Value};
use tongban_adapters::schema::{
    Document, Documents, FaultKind, Refusal, SchemaFault, SchemaLimits,
};
use tongban_adapters::wsdl::{CompiledService, read_wsdl};

/// Longest that a verdict may take in a build without optimisation, on a busy machine.
const LONGEST: Duration = Duration::from_secs(30);

/// The code that names each refusal.
const NAMED: &[(&str, &str)] = &[
    ("asmx_help_page", "html_page"),
    ("attribute_group_of_itself", "component_circular"),
    ("binding_missing", "wsdl_component_missing"),
    ("binding_unknown_protocol", "no_operation"),
    ("doctype_alone", "xml_document_type"),
    ("element_missing", "component_missing"),
    ("empty_file", "malformed_xml"),
    ("entity_expansion", "xml_document_type"),
    ("entity_external", "xml_document_type"),
    ("group_expansion", "description_bound"),
    ("group_of_itself", "component_circular"),
    ("gsoap_bitmask", "attribute_missing"),
    ("gsoap_faults_undefined", "wsdl_component_missing"),
    ("html_page", "html_page"),
    ("import_chain_too_deep", "description_bound"),
    ("import_loop_differing_urls", "component_missing"),
    ("ladon_array_type_missing", "component_missing"),
    ("ladon_type_in_wrong_namespace", "component_missing"),
    ("ladon_unbound_prefix", "malformed_xml"),
    ("message_missing", "wsdl_component_missing"),
    ("message_twice", "wsdl_component_twice"),
    ("nesting_too_deep", "xml_bound"),
    ("occurrence_wrong", "attribute_value"),
    ("old_schema_namespace", "component_missing"),
    ("operation_not_in_port_type", "wsdl_component_missing"),
    ("pattern_too_large", "pattern"),
    ("pattern_wrong", "pattern"),
    ("port_type_missing", "wsdl_component_missing"),
    ("prefix_unbound_in_qname", "prefix_undeclared"),
    ("required_extension", "required_extension"),
    ("schema_instead", "root_element"),
    ("soap_fault_instead", "root_element"),
    ("spyne_callback_unbound", "wsdl_component_missing"),
    ("spyne_port_types_confused", "wsdl_component_missing"),
    ("substitution_ring", "component_circular"),
    ("truncated", "malformed_xml"),
    ("type_missing", "component_missing"),
    ("type_of_itself", "component_circular"),
    ("type_twice", "component_twice"),
    ("wsdl_2_0", "wsdl_20"),
    ("zip_instead", "malformed_xml"),
];

/// What a reader may take without a word if it costs nothing; the tests below see to that.
const HARMLESS: [&str; 2] = ["pattern_backtracks", "type_expansion"];

#[test]
fn every_wrong_description_is_refused_by_name_or_warned_of() {
    let collection = collection();
    let named: BTreeMap<_, _> = NAMED.iter().copied().collect();
    let mut verdicts = Verdicts::default();
    for (name, entry) in collection["refused"].as_object().unwrap() {
        let began = Instant::now();
        let outcome = compiled(&folder().join("refused").join(name), entry);
        let took = began.elapsed();
        let verdict = match outcome {
            _ if took > LONGEST => Err(format!("took {took:?}")),
            Ok(service) => match entry["warning_is_enough"] == true {
                true => warned_of(&service, name),
                false => Err(format!("was taken; wrong is {}", entry["wrong"])),
            },
            Err(fault) => refused_as(&fault, named.get(name.as_str()).copied()),
        };
        verdicts.note(format!("refused/{name}"), verdict);
    }
    let (passed, all) = (verdicts.passed(), verdicts.all());
    println!("wrong descriptions: {passed} of {all} refused or warned of");
    verdicts.conclude();
}

fn warned_of(service: &CompiledService, name: &str) -> Result<(), String> {
    let warned = !service.description().warnings.is_empty();
    match warned || HARMLESS.contains(&name) {
        true => Ok(()),
        false => Err("was taken without a warning".to_owned()),
    }
}

fn refused_as(fault: &SchemaFault, code: Option<&str>) -> Result<(), String> {
    let placed = !fault.place.location.is_empty() && fault.place.location.contains('.');
    match Some(fault.kind.code()) == code && placed {
        true => Ok(()),
        false => Err(format!(
            "refused as {}, not as {code:?}, or at no place: {fault}",
            fault.kind.code()
        )),
    }
}

#[test]
fn a_pattern_that_backtracks_in_others_costs_linear_time() {
    let collection = collection();
    let name = "pattern_backtracks";
    let entry = &collection["refused"][name];
    let service = compiled(&folder().join("refused").join(name), entry).unwrap();
    let schema = &service.description().schema;
    let element = schema.element("urn:hall:refused", "Ask").unwrap();
    let text = format!(
        "<Ask xmlns='urn:hall:refused'>{}c</Ask>",
        "a".repeat(100_000)
    );
    let began = Instant::now();
    let refused = service
        .codec()
        .decode_element(element, &text, &DecodeOptions::default());
    assert!(refused.is_err());
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
}

#[test]
fn types_that_double_at_each_step_are_kept_by_reference() {
    let collection = collection();
    let name = "type_expansion";
    let entry = &collection["refused"][name];
    let began = Instant::now();
    let service = compiled(&folder().join("refused").join(name), entry).unwrap();
    let schema = &service.description().schema;
    let element = schema.element("urn:hall:refused", "Ask").unwrap();
    let shape = service.codec().shape(schema, element);
    assert_eq!(shape.key, "Ask");
    let nothing = Value::Text("".into());
    let refused = service.codec().encode(
        element,
        &nothing,
        &tongban_adapters::codec::EncodeOptions::default(),
    );
    assert!(refused.is_err(), "its members are required");
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
}

/// A server that names one more document in every document.
struct Endless {
    asked: usize,
}

impl Documents for Endless {
    fn read(&mut self, location: &str) -> Result<Document, Refusal> {
        let folder = folder().join("refused/import_loop_differing_urls");
        let file = match location.contains('?') {
            true => "schema.xsd",
            false => location,
        };
        self.asked += 1;
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let bytes = text.replace("NEXT", &self.asked.to_string()).into_bytes();
        Ok(Document {
            bytes,
            charset: None,
        })
    }
}

#[test]
fn a_server_that_names_ever_new_documents_is_left_at_a_bound() {
    let limits = SchemaLimits::default();
    let mut server = Endless { asked: 0 };
    let fault = read_wsdl(&mut server, "service.wsdl", &limits).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Bound { .. }), "{fault}");
    assert!(
        server.asked <= limits.chain + 2,
        "{} were asked for",
        server.asked
    );
}

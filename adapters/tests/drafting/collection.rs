//! Over the whole collection.

use super::support::{checked, description, services};
use tongban_adapters::drafting::{DraftOrder, draft};

/// Every port of every service that the reader takes is drafted, and every draft passes as it is.
#[test]
fn every_port_of_the_collection_is_drafted_and_passes_the_checker() {
    let (mut ports, mut wrong, mut unread) = (0, Vec::new(), Vec::new());
    let (mut guesses, mut to_fill_in, mut without_operation) = (0, 0, 0);
    for (name, entry) in services() {
        let description = match description(&name, &entry) {
            Ok(description) => description,
            Err(fault) => {
                unread.push(format!("{name}: {fault}"));
                continue;
            }
        };
        for service in &description.services {
            for port in &service.ports {
                let order = DraftOrder {
                    id: "hall-partner",
                    source: "service.wsdl",
                    service: Some(&service.name.local),
                    port: Some(&port.name),
                };
                let made = draft(&description, &order).unwrap();
                ports += 1;
                guesses += made.guesses.len();
                to_fill_in += made.to_fill_in;
                without_operation += usize::from(made.text.contains("operations: {}"));
                assert_eq!(made.port, port.name);
                if let Err(faults) = checked(&made.text) {
                    wrong.push(format!("{name}/{}: {}", port.name, faults.join("; ")));
                }
                for operation in &description.bindings[port.binding].operations {
                    let named = made.text.contains(&operation.name);
                    assert!(named, "{name}: {} is not in the draft", operation.name);
                }
            }
        }
    }
    println!(
        "{ports} ports, {guesses} guesses, {to_fill_in} to fill in, {without_operation} without an operation"
    );
    assert_eq!(
        unread,
        Vec::<String>::new(),
        "services that the reader refuses"
    );
    assert_eq!(wrong, Vec::<String>::new(), "drafts that do not pass");
    assert!(ports > 100, "{ports} ports");
}

#[test]
fn every_place_that_is_marked_is_counted() {
    for (name, entry) in services() {
        let Ok(description) = description(&name, &entry) else {
            continue;
        };
        let made = super::support::drafted(&description);
        let body = made.text.lines().skip(2);
        let live =
            body.filter(|line| !line.trim_start().starts_with('#') && line.contains("TO FILL IN"));
        assert!(live.count() <= made.to_fill_in, "{name}\n{}", made.text);
    }
}

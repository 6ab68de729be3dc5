//! Whether two envelopes hold the same elements (XML Information Set, 2.2 and 2.3), whatever prefixes and white space they have.

use tongban_adapters::xml::{PositionedElement, TreeLimits, parse_positioned};

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Elements of the collection whose children may stand in any order (`xs:all`), and are written in that of the schema.
const ANY_ORDER: [&str; 1] = ["BatchResult"];

/// The first difference between the bodies of two envelopes.
pub(crate) fn bodies_differ(one: &str, other: &str) -> Option<String> {
    let limits = TreeLimits {
        depth: 128,
        elements: 100_000,
        attributes: 256,
    };
    let body = |text: &str| {
        let root = parse_positioned(text, &limits).unwrap();
        let mut children = root.children.into_iter();
        children.find(|child| child.name == "Body").unwrap()
    };
    let (one, other) = (body(one), body(other));
    children_differ("", &one, &other)
}

fn children_differ(
    path: &str,
    one: &PositionedElement,
    other: &PositionedElement,
) -> Option<String> {
    let sorted = |element: &PositionedElement| {
        let mut children = element.children.clone();
        if ANY_ORDER.contains(&&*element.name) {
            children.sort_by(|a, b| a.name.cmp(&b.name));
        }
        children
    };
    let (one, other) = (sorted(one), sorted(other));
    let names = |children: &[PositionedElement]| {
        let names = children.iter();
        let names = names.map(|child| format!("{{{}}}{}", child.namespace, child.name));
        names.collect::<Vec<_>>()
    };
    if names(&one) != names(&other) {
        return Some(format!(
            "{path} holds {:?}, written {:?}",
            names(&one),
            names(&other)
        ));
    }
    let mut pairs = one.iter().zip(&other);
    pairs.find_map(|(one, other)| differ(&format!("{path}/{}", one.name), one, other))
}

fn differ(path: &str, one: &PositionedElement, other: &PositionedElement) -> Option<String> {
    if attributes(one) != attributes(other) {
        return Some(format!(
            "{path} has {:?}, written {:?}",
            attributes(one),
            attributes(other)
        ));
    }
    let text = |element: &PositionedElement| match element.qualified(element.text.trim()) {
        // A qualified name may have another prefix.
        Some((namespace, local)) if element.text.contains(':') && !namespace.is_empty() => {
            format!("{{{namespace}}}{local}")
        }
        _ if element.children.is_empty() => element.text.clone(),
        _ => element.text.split_whitespace().collect(),
    };
    if text(one) != text(other) {
        return Some(format!(
            "{path} is {:?}, written {:?}",
            text(one),
            text(other)
        ));
    }
    children_differ(path, one, other)
}

/// Attributes by name, types by their expanded names.
fn attributes(element: &PositionedElement) -> Vec<(String, String, String)> {
    let own = element.attributes.iter().map(|(namespace, name, value)| {
        let is_type = &**namespace == INSTANCE && name == "type";
        let expanded = element
            .qualified(value)
            .filter(|_| is_type || value.contains(':'));
        let value = match expanded {
            Some((namespace, local)) => format!("{{{namespace}}}{local}"),
            None => value.clone(),
        };
        (namespace.to_string(), name.clone(), value)
    });
    let mut own: Vec<_> = own.collect();
    own.sort();
    own
}

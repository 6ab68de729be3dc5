//! Values of the codec beside values of the collection.
//!
//! The collection's README has its convention; [`tongban_adapters::codec`] has ours. They differ in this:
//!
//! | what | collection | codec |
//! | --- | --- | --- |
//! | names | local | expanded where a wildcard let the element in |
//! | a structure without anything in it | `{}` | empty text |
//! | an encoded array | an object with the name of its items | a list |
//! | an element that a repeating wildcard let in once | a list | its value |
//! | the code of a fault | with its prefix | without |
//! | order of repeated groups | not said | `#order` |
//! | mixed content | elements only | `#content` |
//! | a null with attributes | null | an object with `@xsi:nil` |
//! | a qualified name that zeep wrote | with its prefix | expanded |

use serde_json::{Map, Value as Json};

/// The first place where what was read is not what is expected.
pub(crate) fn difference(path: &str, expected: &Json, read: &Json) -> Option<String> {
    let here = |why: &str| Some(format!("{path}: {why}: expected {expected}, read {read}"));
    match (expected, read) {
        (Json::Object(wanted), Json::Object(found)) => {
            let wild = |name: &str| {
                found
                    .keys()
                    .any(|key| key.starts_with('{') && local(key) == name)
            };
            let found = plain(found);
            if found.get("@xsi:nil").is_some() {
                return here("null");
            }
            for (key, value) in wanted {
                let Some(found) = found.get(key) else {
                    return here(&format!("without {key}"));
                };
                // What a wildcard that repeats let in once.
                let value = match value {
                    Json::Array(items) if items.len() == 1 && wild(key) && !found.is_array() => {
                        &items[0]
                    }
                    value => value,
                };
                let difference = difference(&format!("{path}/{key}"), value, found);
                if difference.is_some() {
                    return difference;
                }
            }
            let more = found.keys().find(|key| !wanted.contains_key(*key));
            more.and_then(|key| here(&format!("{key} besides")))
        }
        (Json::Object(wanted), Json::String(text)) if wanted.is_empty() && text.is_empty() => None,
        (Json::Object(wanted), Json::Array(items)) => match wanted.iter().next() {
            Some((key, Json::Array(wanted_items))) if wanted.len() == 1 => {
                in_step(&format!("{path}/{key}"), wanted_items, items)
            }
            None if items.is_empty() => None,
            _ => here("a list"),
        },
        (Json::Array(wanted), Json::Array(found)) => in_step(path, wanted, found),
        (Json::String(wanted), Json::String(found)) if wanted == found => None,
        (Json::String(wanted), Json::String(found)) if is_qualified(wanted, found) => None,
        // Only at the code of a fault, which is told without its prefix.
        (Json::String(wanted), Json::String(found)) if path.ends_with("/Fault/faultcode") => {
            match wanted.split_once(':') {
                Some((_, local)) if local == found => None,
                _ => here("another code"),
            }
        }
        (Json::Null, Json::Null) => None,
        (Json::Null, Json::Object(found)) if found.contains_key("@xsi:nil") => None,
        _ => here("another value"),
    }
}

fn in_step(path: &str, wanted: &[Json], found: &[Json]) -> Option<String> {
    if wanted.len() != found.len() {
        let (wanted, found) = (Json::from(wanted), Json::from(found));
        return Some(format!(
            "{path}: another number: expected {wanted}, read {found}"
        ));
    }
    let pairs = wanted.iter().zip(found).enumerate();
    pairs
        .filter_map(|(at, (wanted, found))| difference(&format!("{path}[{at}]"), wanted, found))
        .next()
}

/// Fields under local names, mixed content as the fields of its elements.
fn plain(fields: &Map<String, Json>) -> Map<String, Json> {
    let mut out = Map::new();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("#order", _) => {}
            ("#content", Json::Array(pieces)) => {
                for (key, value) in pieces.iter().filter_map(Json::as_object).flatten() {
                    add(&mut out, local(key), value.clone());
                }
            }
            (key, value) => add(&mut out, local(key), value.clone()),
        }
    }
    out
}

/// Two elements of one local name in two namespaces are one list in the collection.
fn add(fields: &mut Map<String, Json>, key: String, value: Json) {
    match fields.get_mut(&key) {
        None => {
            fields.insert(key, value);
        }
        Some(Json::Array(known)) => match value {
            Json::Array(more) => known.extend(more),
            one => known.push(one),
        },
        Some(known) => *known = Json::Array(vec![known.take(), value]),
    }
}

fn local(key: &str) -> String {
    let (mark, name) = match key.strip_prefix('@') {
        Some(name) => ("@", name),
        None => ("", key),
    };
    let name = match name.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((_, local)) => local,
        None => name,
    };
    format!("{mark}{name}")
}

/// Whether `prefix:local` and `{namespace}local` may be the same.
fn is_qualified(prefixed: &str, expanded: &str) -> bool {
    let written = prefixed.split_once(':').map(|(_, local)| local);
    let read = expanded
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'));
    read.is_some() && written == read.map(|(_, local)| local)
}

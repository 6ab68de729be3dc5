//! A document as a plain tree for expressions.
//!
//! The convention, the same for every partner:
//!
//! * an element that holds text only is that text; an empty element is an empty text;
//! * any other element is an object: each attribute under `@name`, each child under its local name, its own text (unless
//!   blank) under `#text`;
//! * a child name that occurs more than once, and every name of [`Shape::lists`], is a list;
//! * attributes of XML Schema instances (`xsi:type`, `xsi:nil`, `xsi:schemaLocation`) speak to a validator and are left out;
//! * children that carry their name in an attribute ([`Shape::by`], `<Field FieldName="SBLSH">…</Field>`) become an object under
//!   the child name: `Field.SBLSH`. The same name twice is an error where it is read, never a choice.

use super::Element;
use serde_json::{Map, Value};

/// Namespace of the attributes that any element may have (XML Schema, part 1, 2.6).
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How a partner's XML is to be taken beyond the convention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Local names that are lists even when they occur once.
    pub lists: Vec<String>,
    /// Local names with the attribute that names each of them.
    pub by: Vec<(String, String)>,
}

/// The tree of an element by the convention of this module.
///
/// # Errors
/// The attribute or element name that occurs twice under [`Shape::by`], or lacks its naming attribute.
pub fn to_value(element: &Element, shape: &Shape) -> Result<Value, &'static str> {
    let attributes = || {
        let all = element.attributes.iter();
        all.filter(|a| a.namespace != SCHEMA_INSTANCE)
    };
    if element.children.is_empty() && attributes().next().is_none() {
        return Ok(Value::String(element.text.clone()));
    }
    let mut object = Map::new();
    for attribute in attributes() {
        object.insert(
            format!("@{}", attribute.name),
            Value::String(attribute.value.clone()),
        );
    }
    for child in &element.children {
        match shape.by.iter().find(|(name, _)| *name == child.name) {
            Some((_, attribute)) => insert_named(&mut object, child, attribute, shape)?,
            None => insert(&mut object, child, shape)?,
        }
    }
    if !element.text.trim().is_empty() {
        object.insert("#text".to_owned(), Value::String(element.text.clone()));
    }
    Ok(Value::Object(object))
}

fn insert(
    object: &mut Map<String, Value>,
    child: &Element,
    shape: &Shape,
) -> Result<(), &'static str> {
    let value = to_value(child, shape)?;
    match object.get_mut(&child.name) {
        None if shape.lists.contains(&child.name) => {
            object.insert(child.name.clone(), Value::Array(vec![value]));
        }
        None => {
            object.insert(child.name.clone(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(single) => {
            let first = std::mem::take(single);
            *single = Value::Array(vec![first, value]);
        }
    }
    Ok(())
}

fn insert_named(
    object: &mut Map<String, Value>,
    child: &Element,
    attribute: &str,
    shape: &Shape,
) -> Result<(), &'static str> {
    let name = child
        .attribute(attribute)
        .ok_or("a named element lacks its naming attribute")?
        .to_owned();
    let mut bare = child.clone();
    bare.attributes.retain(|a| a.name != attribute);
    let value = to_value(&bare, shape)?;
    let slot = object
        .entry(child.name.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    match slot {
        Value::Object(named) if !named.contains_key(&name) => {
            named.insert(name, value);
            Ok(())
        }
        _ => Err("a field is given twice"),
    }
}

//! Messages of the encoded use as plain trees (rpc/encoded; SOAP 1.1, section 5; SOAP 1.2 part 2, section 3).
//!
//! What an encoded message says about types and references is for its reader and not part of the values: attributes of the
//! envelope and of the encoding are dropped, and `href="#a"` (1.2: `enc:ref="a"`) is replaced by the element that has that id.
//! References are followed only where an encoding is declared, so that a literal message may have attributes of these names.

use super::{SoapError, SoapVersion};
use crate::xml::{Attribute, Element, Limits};
use std::collections::BTreeMap;

const ENCODING_11: &str = "http://schemas.xmlsoap.org/soap/encoding/";
const ENCODING_12: &str = "http://www.w3.org/2003/05/soap-encoding";
/// Its `result` names the part that is the return value (SOAP 1.2 part 2, 4.2.1): nothing that a WSDL would not say.
const RPC_12: &str = "http://www.w3.org/2003/05/soap-rpc";

/// The message element as a plain tree.
pub(super) fn plain(
    root: &Element,
    body: &Element,
    message: &Element,
    version: SoapVersion,
    limits: &Limits,
) -> Result<Element, SoapError> {
    let encoded = [root, body, message]
        .into_iter()
        .any(|e| declares(e, version));
    let mut reader = Reader {
        identified: match encoded {
            true => identified(body, version),
            false => BTreeMap::new(),
        },
        version,
        encoded,
        left: limits.elements,
        bytes_left: limits.bytes,
        depth: limits.depth,
    };
    let mut message = reader.copy(message, 0)?;
    message.children.retain(|child| child.namespace != RPC_12);
    Ok(message)
}

fn declares(element: &Element, version: SoapVersion) -> bool {
    element.attributes.iter().any(|a| {
        a.name == "encodingStyle"
            && a.namespace == version.namespace()
            && a.value
                .split_whitespace()
                .any(|style| style.starts_with(ENCODING_11) || style == ENCODING_12)
    })
}

/// Every element that has an id; of two with the same the first, as `xsd:ID` allows one only.
fn identified(body: &Element, version: SoapVersion) -> BTreeMap<&str, &Element> {
    let mut found = BTreeMap::new();
    let mut open = vec![body];
    while let Some(element) = open.pop() {
        let id = match version {
            SoapVersion::V11 => element.attribute("id"),
            SoapVersion::V12 => of_encoding(element, "id"),
        };
        if let Some(id) = id {
            found.entry(id).or_insert(element);
        }
        open.extend(element.children.iter().rev());
    }
    found
}

struct Reader<'e> {
    identified: BTreeMap<&'e str, &'e Element>,
    version: SoapVersion,
    encoded: bool,
    /// Elements that may still be made.
    left: usize,
    /// Bytes of text that may still be copied: one long text may be referred to often.
    bytes_left: usize,
    depth: usize,
}

impl<'e> Reader<'e> {
    fn copy(&mut self, element: &'e Element, depth: usize) -> Result<Element, SoapError> {
        self.left = self.left.checked_sub(1).ok_or(SoapError::Reference)?;
        // A circle ends here too.
        if depth > self.depth {
            return Err(SoapError::Reference);
        }
        if let Some(id) = self.reference(element) {
            let target = self.identified.get(id).copied();
            let target = target.ok_or(SoapError::Reference)?;
            let mut found = self.copy(target, depth + 1)?;
            found.name.clone_from(&element.name);
            found.namespace.clone_from(&element.namespace);
            return Ok(found);
        }
        let bytes = element.attributes.iter().map(|a| a.value.len());
        let bytes = element.text.len() + bytes.sum::<usize>();
        self.bytes_left = self
            .bytes_left
            .checked_sub(bytes)
            .ok_or(SoapError::Reference)?;
        let children = element
            .children
            .iter()
            .map(|child| self.copy(child, depth + 1));
        let children = children.collect::<Result<_, _>>()?;
        let attributes = element.attributes.iter().filter(|a| self.is_value(a));
        Ok(Element {
            namespace: element.namespace.clone(),
            name: element.name.clone(),
            attributes: attributes.cloned().collect(),
            children,
            text: element.text.clone(),
        })
    }

    /// Where an element only says where its content is.
    fn reference(&self, element: &'e Element) -> Option<&'e str> {
        if !self.encoded {
            return None;
        }
        match self.version {
            SoapVersion::V11 => element.attribute("href")?.strip_prefix('#'),
            SoapVersion::V12 => of_encoding(element, "ref").map(|id| id.trim_start_matches('#')),
        }
    }

    fn is_value(&self, attribute: &Attribute) -> bool {
        match attribute.namespace.as_str() {
            "" => !(self.encoded && self.version == SoapVersion::V11 && attribute.name == "id"),
            namespace => ![ENCODING_11, ENCODING_12, self.version.namespace()].contains(&namespace),
        }
    }
}

fn of_encoding<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    element
        .attributes
        .iter()
        .find(|a| a.name == name && a.namespace == ENCODING_12)
        .map(|a| a.value.as_str())
}

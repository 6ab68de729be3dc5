//! Attributes, their uses and groups (XML Schema part 1, 3.2.2, 3.5.2, 3.6.2), and `wsdl:arrayType` (WSDL 1.1, 3.5).

use super::elements::qualified;
use super::{Builder, Context, Read, documentation, parts};
use crate::schema::fault::ComponentKind;
use crate::schema::known::WSDL_11;
use crate::schema::model::*;
use crate::schema::names::*;
use crate::xml::PositionedElement;

impl<'a> Builder<'a> {
    /// The attributes that a type, a derivation or a group declares.
    pub(super) fn attributes(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<Attributes> {
        let mut found = Attributes::default();
        for part in parts(element) {
            match part.name.as_str() {
                "attribute" => {
                    let used = self.attribute_use(part, context)?;
                    found.uses.push(used);
                }
                "attributeGroup" => {
                    let reference = self.required(context.document, part, "ref")?;
                    let kind = ComponentKind::AttributeGroup;
                    let group = self.referred(part, reference, kind, context)?;
                    found.groups.push(AttributeGroupId(group));
                }
                "anyAttribute" => found.any = Some(self.wildcard(part, context)?),
                _ if element.name == "attributeGroup" => {
                    let expected = "attribute, attributeGroup or anyAttribute";
                    return Err(self.unexpected(part, expected, context));
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn attribute_use(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<AttributeUse> {
        let required = match element.attribute("use").map(str::trim) {
            None | Some("optional" | "" | "default" | "fixed") => AttributePresence::Optional,
            Some("required") => AttributePresence::Required,
            Some("prohibited") => AttributePresence::Prohibited,
            Some(other) => {
                let expected = "optional, required or prohibited";
                return Err(self.bad_value(element, "use", other, expected, context));
            }
        };
        let attribute = match element.attribute("ref") {
            Some(reference) => {
                let kind = ComponentKind::Attribute;
                AttributeId(self.referred(element, reference, kind, context)?)
            }
            None => {
                let declaration = self.attribute_declaration(element, context, false)?;
                let id = AttributeId::of(self.schema.attributes.len());
                self.schema.attributes.push(declaration);
                id
            }
        };
        let array_type = match element.attribute_in(WSDL_11, "arrayType") {
            Some(written) => Some(self.array_type(element, written, context)?),
            None => None,
        };
        Ok(AttributeUse {
            attribute,
            required,
            default: element.attribute("default").map(str::to_owned),
            fixed: element.attribute("fixed").map(str::to_owned),
            array_type,
        })
    }

    /// `xsd:string[]`, `tns:Row[,]`, `tns:Row[][]`: the item type, and the dimensions as written.
    fn array_type(
        &mut self,
        element: &PositionedElement,
        written: &str,
        context: Context,
    ) -> Read<(TypeId, String)> {
        let at = written.find('[').unwrap_or(written.len());
        let (name, dimensions) = written.split_at(at);
        let item = self.type_reference(element, name, context)?;
        Ok((item, dimensions.trim().to_owned()))
    }

    pub(super) fn attribute_declaration(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
        global: bool,
    ) -> Read<AttributeDeclaration> {
        let local = self.required(context.document, element, "name")?.trim();
        let document = &self.documents[context.document];
        let in_target = global || qualified(element, &document.root, "attributeFormDefault");
        let namespace = match in_target {
            true => document.namespace.as_str(),
            false => "",
        };
        let name = self.schema.names.name(namespace, local);
        let inline = parts(element).find(|part| part.name == "simpleType");
        let type_id = match (element.attribute("type"), inline) {
            (Some(name), _) => self.type_reference(element, name, context)?,
            (None, Some(inline)) => self.anonymous(inline, context)?,
            (None, None) => self.any_simple_type(),
        };
        Ok(AttributeDeclaration {
            name,
            type_id,
            default: element.attribute("default").map(str::to_owned),
            fixed: element.attribute("fixed").map(str::to_owned),
            documentation: documentation(element),
            place: self.documents[context.document].place(element),
        })
    }
}

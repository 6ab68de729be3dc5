//! Templates over data: what goes on the wire.

use super::template::{Part, Template};
use super::tree::Tree;
use crate::expression::{Data, EvaluationError};
use crate::text::Charset;
use crate::xml;

/// Most nodes that one rendering makes.
pub(super) const NODES_MAX: usize = 50_000;
/// Most entries that `$each` goes through.
pub(super) const EACH_MAX: usize = 2_000;

/// Why a template gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RenderError {
    Expression { at: String, error: EvaluationError },
    Shape { at: String, what: &'static str },
    TooLarge { at: String },
}

impl Template {
    /// What it gives over the data.
    pub(super) fn render(&self, data: &Data, charset: Charset) -> Result<Tree, RenderError> {
        Renderer { charset, nodes: 0 }.render(self, data)
    }
}

struct Renderer {
    charset: Charset,
    nodes: usize,
}

impl Renderer {
    fn render(&mut self, template: &Template, data: &Data) -> Result<Tree, RenderError> {
        self.nodes += 1;
        let failed = |error| RenderError::Expression {
            at: template.path.clone(),
            error,
        };
        let shape = |what| RenderError::Shape {
            at: template.path.clone(),
            what,
        };
        if self.nodes > NODES_MAX {
            return Err(RenderError::TooLarge {
                at: template.path.clone(),
            });
        }
        match &template.part {
            Part::Literal(tree) => Ok(tree.clone()),
            Part::Computed(expression) => expression.evaluate(data).map(Tree::from).map_err(failed),
            Part::Map(entries) => entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), self.render(value, data)?)))
                .collect::<Result<_, _>>()
                .map(Tree::Map),
            Part::List(items) => items
                .iter()
                .map(|item| self.render(item, data))
                .collect::<Result<_, _>>()
                .map(Tree::List),
            Part::Each { list, name, item } => {
                let serde_json::Value::Array(values) = list.evaluate(data).map_err(failed)? else {
                    return Err(shape("$each goes through a list"));
                };
                if values.len() > EACH_MAX {
                    return Err(RenderError::TooLarge {
                        at: template.path.clone(),
                    });
                }
                values
                    .iter()
                    .map(|value| self.render(item, &data.with_named(name, value)))
                    .collect::<Result<_, _>>()
                    .map(Tree::List)
            }
            Part::When { condition, then } => match condition.holds(data).map_err(failed)? {
                true => self.render(then, data),
                false => Ok(Tree::Absent),
            },
            Part::Json(content) => {
                let tree = self.render(content, data)?;
                serde_json::to_string(&tree)
                    .map(Tree::Text)
                    .map_err(|_| shape("no JSON can be made of it"))
            }
            Part::Xml(root, content) => {
                let tree = self.render(content, data)?;
                document(root, &tree, self.charset)
                    .map(Tree::Text)
                    .map_err(shape)
            }
            Part::Named { attribute, of } => match self.render(of, data)? {
                Tree::Map(entries) => Ok(Tree::Named {
                    attribute: attribute.clone(),
                    entries: without_absent(entries),
                }),
                _ => Err(shape("$of gives a mapping")),
            },
        }
    }
}

fn without_absent(entries: Vec<(String, Tree)>) -> Vec<(String, Tree)> {
    entries
        .into_iter()
        .filter(|(_, value)| *value != Tree::Absent)
        .collect()
}

/// A document as text, with a declaration that names the set in which it will travel.
pub(super) fn document(root: &str, tree: &Tree, charset: Charset) -> Result<String, &'static str> {
    let mut elements = match tree {
        Tree::Absent | Tree::Null => vec![xml::Element::named(root)],
        tree => tree.elements(root)?,
    };
    let (Some(element), true) = (elements.pop(), elements.is_empty()) else {
        return Err("an XML document has one root");
    };
    let mut out = format!("<?xml version=\"1.0\" encoding=\"{}\"?>", charset.name());
    xml::write_element(&mut out, &element).map_err(|_| "a name that XML does not allow")?;
    Ok(out)
}

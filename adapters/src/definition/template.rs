//! Templates (报文模板): a YAML tree whose leaves are literals or expressions, and five constructs whose keys begin with `$`.
//!
//! | construct | gives |
//! | --- | --- |
//! | `{ $each: "= materials", $as: material, $item: … }` | one `$item` for each entry of the list |
//! | `{ $when: "= …", $then: … }` | `$then`, or nothing at all |
//! | `{ $json: … }` | the JSON of its content as text (`spobject` in a form) |
//! | `{ $xml: { Root: … } }` | the XML document of its content as text (`xmlStr` in a form, `xml` in a SOAP parameter) |
//! | `{ $by: FieldName, $of: … }` | elements of the enclosing name, told apart by that attribute |

use super::faults::Faults;
use super::node::{Kind, Node};
use super::tree::Tree;
use crate::expression::{CodeTables, Expression};
use crate::xml;

/// A checked template with its place in the definition.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) path: String,
    pub(super) part: Part,
}

#[derive(Debug)]
pub(super) enum Part {
    Literal(Tree),
    Computed(Expression),
    Map(Vec<(String, Template)>),
    List(Vec<Template>),
    Each {
        list: Expression,
        name: String,
        item: Box<Template>,
    },
    When {
        condition: Expression,
        then: Box<Template>,
    },
    Json(Box<Template>),
    Xml(String, Box<Template>),
    Named {
        attribute: String,
        of: Box<Template>,
    },
}

/// What templates and expressions of one place may see, while they are compiled.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub(super) names: &'s [&'s str],
    pub(super) tables: &'s CodeTables,
}

/// An expression: a text that begins with an equals sign. Notes a fault and gives `None` for anything else.
pub(super) fn expression(
    node: &Node,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Expression> {
    match &node.kind {
        Kind::Text(text) if text.starts_with('=') => compile(node, &text[1..], scope, faults),
        _ => {
            faults.add_with_hint(
                node,
                "expression_expected",
                ["此处应为表达式", "an expression is expected here"],
                [
                    "以“= ”开头，例如 \"= reply.code == '0'\"",
                    "begin with `= `, for example \"= reply.code == '0'\"",
                ],
            );
            None
        }
    }
}

fn compile(
    node: &Node,
    source: &str,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Expression> {
    let source = source.trim();
    match Expression::compile(source, scope.names) {
        Ok(expression) => {
            let unknown = expression
                .tables()
                .iter()
                .find(|table| !scope.tables.contains(table));
            if let Some(table) = unknown {
                let known: Vec<&str> = scope.tables.names().collect();
                faults.add(
                    node,
                    "unknown_table",
                    format!("codes 中没有代码表“{table}”；已有：{}", known.join("、")),
                    format!(
                        "there is no code table `{table}` under `codes`; known: {}",
                        known.join(", ")
                    ),
                );
            }
            Some(expression)
        }
        Err(fault) => {
            faults.add(
                node,
                "bad_expression",
                format!("{}（表达式第 {} 个字符处）", fault.zh, fault.at + 1),
                format!(
                    "{} (at character {} of the expression)",
                    fault.en,
                    fault.at + 1
                ),
            );
            None
        }
    }
}

impl Template {
    /// Checks and compiles a template.
    pub(super) fn compile(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let part = match &node.kind {
            Kind::Null => Part::Literal(Tree::Null),
            Kind::Bool(value) => Part::Literal(Tree::Bool(*value)),
            Kind::Number(number) => Part::Literal(Tree::Number(number.clone())),
            Kind::Text(text) => match text.strip_prefix('=') {
                Some(source) => Part::Computed(compile(node, source, scope, faults)?),
                None => Part::Literal(Tree::Text(faults.substituted(node, text)?)),
            },
            Kind::List(items) => {
                let compiled: Vec<_> = items
                    .iter()
                    .map(|item| Self::compile(item, scope, faults))
                    .collect();
                Part::List(compiled.into_iter().collect::<Option<_>>()?)
            }
            Kind::Map(entries) if entries.iter().any(|(key, _)| key.starts_with('$')) => {
                construct(node, scope, faults)?
            }
            Kind::Map(entries) => {
                let compiled: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| Some((key.clone(), Self::compile(value, scope, faults)?)))
                    .collect();
                Part::Map(compiled.into_iter().collect::<Option<_>>()?)
            }
        };
        Some(Self {
            path: node.path(),
            part,
        })
    }

    /// Place in the definition.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Keys of a mapping; empty for anything else.
    pub(super) fn keys(&self) -> Vec<&str> {
        match &self.part {
            Part::Map(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// The entry of a mapping.
    pub(super) fn entry(&self, key: &str) -> Option<&Template> {
        match &self.part {
            Part::Map(entries) => entries
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether it is a list or gives one (for the types of a WSDL).
    pub(super) fn is_list(&self) -> bool {
        matches!(self.part, Part::List(_) | Part::Each { .. })
    }
}

fn construct(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Part> {
    const SHAPES: &[&[&str]] = &[
        &["$each", "$as", "$item"],
        &["$when", "$then"],
        &["$json"],
        &["$xml"],
        &["$by", "$of"],
    ];
    let Kind::Map(entries) = &node.kind else {
        return None;
    };
    let shape = SHAPES
        .iter()
        .find(|shape| entries.iter().any(|(key, _)| key == shape[0]));
    let Some(shape) = shape else {
        faults.add_with_hint(
            node,
            "unknown_construct",
            [
                "以“$”开头的键不是已知的结构",
                "a key that begins with `$` is no known construct",
            ],
            [
                "已知：$each $when $json $xml $by",
                "known: $each $when $json $xml $by",
            ],
        );
        return None;
    };
    let fields = faults.fields(node, shape)?;
    match shape[0] {
        "$each" => {
            let list = fields
                .require("$each", faults)
                .and_then(|node| expression(node, scope, faults));
            let name = fields
                .require("$as", faults)
                .and_then(|node| name_of(node, scope, faults))?;
            let mut names = scope.names.to_vec();
            names.push(&name);
            let inner = Scope {
                names: &names,
                tables: scope.tables,
            };
            let item = fields
                .require("$item", faults)
                .and_then(|node| Template::compile(node, inner, faults));
            let (list, item) = (list?, Box::new(item?));
            Some(Part::Each { list, name, item })
        }
        "$when" => {
            let condition = fields
                .require("$when", faults)
                .and_then(|node| expression(node, scope, faults));
            let then = fields
                .require("$then", faults)
                .and_then(|node| Template::compile(node, scope, faults));
            Some(Part::When {
                condition: condition?,
                then: Box::new(then?),
            })
        }
        "$json" => Some(Part::Json(Box::new(Template::compile(
            fields.require("$json", faults)?,
            scope,
            faults,
        )?))),
        "$xml" => {
            let (root, content) = root_of(fields.require("$xml", faults)?, faults)?;
            Some(Part::Xml(
                root,
                Box::new(Template::compile(content, scope, faults)?),
            ))
        }
        _ => {
            let attribute = fields
                .require("$by", faults)
                .and_then(|node| element_name(node, faults));
            let of = fields
                .require("$of", faults)
                .and_then(|node| Template::compile(node, scope, faults));
            Some(Part::Named {
                attribute: attribute?,
                of: Box::new(of?),
            })
        }
    }
}

/// A document has one root: a mapping with one key.
pub(super) fn root_of<'n>(node: &'n Node, faults: &mut Faults<'_>) -> Option<(String, &'n Node)> {
    match faults.entries(node)? {
        [(root, content)] if xml::is_name(root) => Some((root.clone(), content)),
        _ => {
            faults.add(
                node,
                "one_root",
                "XML 文档应有且只有一个根元素（合法的名称）",
                "an XML document has exactly one root element with a valid name",
            );
            None
        }
    }
}

fn element_name(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let name = faults.text(node)?;
    if xml::is_name(&name) {
        return Some(name);
    }
    faults.add(
        node,
        "bad_name",
        format!("“{name}”不是合法的 XML 名称"),
        format!("`{name}` is no XML name"),
    );
    None
}

fn name_of(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let name = faults.text(node)?;
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !fits || scope.names.contains(&name.as_str()) {
        faults.add(
            node,
            "bad_name",
            format!("“{name}”不能作名称（小写字母、数字、下划线，且未被占用）"),
            format!("`{name}` cannot be a name here (lower-case letters, digits, underscores; not in use)"),
        );
        return None;
    }
    Some(name)
}

//! From the text of a file to its tree, within the bounds and without what a file must not contain.

use std::collections::HashSet;

use serde_saphyr::granit_parser::{self, Event, Marker, Parser, ScalarStyle};

use super::tree::{Entry, Kind, Located, Node, NodeId, Step, Tree};
use super::{Finding, MAX_BYTES, MAX_DEPTH, MAX_NODES, Place};

const START: Place = Place { line: 1, column: 1 };

impl Tree {
    /// Parses a document. Duplicate keys are findings beside the tree (the first of them counts); what makes a tree
    /// impossible is the only error.
    pub(super) fn parse(text: &str) -> Result<(Self, Vec<Located>), Box<Located>> {
        if text.len() > MAX_BYTES {
            return Err(stop(START, too_large()));
        }
        let mut options = granit_parser::Options::default();
        options.set_emit_comments(false);
        let mut builder = Builder {
            tree: Tree { nodes: Vec::new() },
            open: Vec::new(),
            found: Vec::new(),
            documents: 0,
        };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) =
                event.map_err(|error| stop(place_of(error.marker()), syntax(&error.info())))?;
            builder.take(event, place_of(&span.start))?;
        }
        if builder.tree.nodes.is_empty() {
            return Err(stop(
                START,
                Finding::new("", "empty_file", "文件没有内容", "the file is empty"),
            ));
        }
        Ok((builder.tree, builder.found))
    }
}

/// Builds the tree from the parser's events.
struct Builder {
    tree: Tree,
    open: Vec<Open>,
    found: Vec<Located>,
    documents: usize,
}

/// A list or mapping whose end has not come yet.
struct Open {
    node: NodeId,
    /// The key that waits for its value, in a mapping.
    key: Option<(String, Place)>,
    /// The keys that the mapping has so far.
    keys: HashSet<String>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Box<Located>> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(stop(
                        place,
                        Finding::new(
                            "",
                            "second_document",
                            "一个文件只能有一份内容（“---”之后还有内容）",
                            "one file holds one document; something follows `---`",
                        ),
                    ));
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => return Err(stop(place, anchors())),
            Event::Scalar(text, style, anchor, tag) => {
                refuse_properties(anchor, tag.is_some(), place)?;
                self.scalar(text.into_owned(), style == ScalarStyle::Plain, place)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_properties(anchor, tag.is_some(), place)?;
                self.open(Kind::Sequence(Vec::new()), place)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_properties(anchor, tag.is_some(), place)?;
                self.open(Kind::Mapping(Vec::new()), place)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, text: String, plain: bool, place: Place) -> Result<(), Box<Located>> {
        if let Some(open) = self.open.last_mut()
            && open.key.is_none()
            && matches!(self.tree.nodes[open.node].kind, Kind::Mapping(_))
        {
            open.key = Some((text, place));
            return Ok(());
        }
        self.add(Kind::Scalar { text, plain }, place).map(|_| ())
    }

    fn open(&mut self, kind: Kind, place: Place) -> Result<(), Box<Located>> {
        if self.open.len() >= MAX_DEPTH {
            return Err(stop(
                place,
                Finding::new(
                    "",
                    "too_deep",
                    format!("嵌套超过{MAX_DEPTH}层"),
                    format!("nested deeper than {MAX_DEPTH} levels"),
                ),
            ));
        }
        let node = self.add(kind, place)?;
        self.open.push(Open {
            node,
            key: None,
            keys: HashSet::new(),
        });
        Ok(())
    }

    /// Puts a value where it belongs: into the open list, behind the waiting key, or as the root.
    fn add(&mut self, kind: Kind, place: Place) -> Result<NodeId, Box<Located>> {
        let id = self.tree.nodes.len();
        if id >= MAX_NODES {
            return Err(stop(place, too_large()));
        }
        let Some(open) = self.open.last_mut() else {
            self.tree.nodes.push(Node {
                place,
                parent: None,
                kind,
            });
            return Ok(id);
        };
        let parent = open.node;
        let step = match (&mut self.tree.nodes[parent].kind, open.key.take()) {
            (Kind::Sequence(items), _) => {
                items.push(id);
                Step::Index(items.len() - 1)
            }
            (Kind::Mapping(entries), Some((key, key_place))) => {
                if !open.keys.insert(key.clone()) {
                    self.found.push((key_place, duplicate(&key)));
                } else {
                    entries.push(Entry {
                        key: key.clone(),
                        key_place,
                        value: id,
                    });
                }
                Step::Key(key)
            }
            _ => {
                return Err(stop(
                    place,
                    Finding::new("", "key_not_text", "键必须是文字", "a key must be text"),
                ));
            }
        };
        self.tree.nodes.push(Node {
            place,
            parent: Some((parent, step)),
            kind,
        });
        Ok(id)
    }
}

/// What makes reading on impossible.
fn stop(place: Place, finding: Finding) -> Box<Located> {
    Box::new((place, finding))
}

fn place_of(marker: &Marker) -> Place {
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place {
        line: small(marker.line().max(1)),
        column: small(marker.col() + 1),
    }
}

fn refuse_properties(anchor: usize, tagged: bool, place: Place) -> Result<(), Box<Located>> {
    if anchor != 0 {
        return Err(stop(place, anchors()));
    }
    if tagged {
        return Err(stop(
            place,
            Finding::new(
                "",
                "yaml_tag",
                "不接受 YAML 标签（!…）",
                "YAML tags (`!…`) are not accepted",
            )
            .with_hint(
                "请去掉标签，按文字书写",
                "take the tag away and write plain text",
            ),
        ));
    }
    Ok(())
}

fn anchors() -> Finding {
    Finding::new(
        "",
        "yaml_anchor",
        "不接受 YAML 锚点和引用（&、*）",
        "YAML anchors and aliases (`&`, `*`) are not accepted",
    )
    .with_hint(
        "请把内容直接写在此处；以 * 或 & 开头的文字请加引号",
        "write the content out here; quote text that begins with * or &",
    )
}

fn duplicate(key: &str) -> Finding {
    Finding::new(
        "",
        "duplicate_key",
        format!("键“{key}”重复出现"),
        format!("the key `{key}` stands here a second time"),
    )
    .with_hint("请只保留一处", "keep one of them")
}

fn too_large() -> Finding {
    Finding::new(
        "",
        "too_large",
        format!("文件过大（上限 {MAX_BYTES} 字节、{MAX_NODES} 个节点）"),
        format!("the file is too large (at most {MAX_BYTES} bytes and {MAX_NODES} nodes)"),
    )
    .with_hint("请拆分成几个文件", "split it into several files")
}

fn syntax(detail: &str) -> Finding {
    Finding::new(
        "",
        "yaml_syntax",
        format!("YAML 写法有误：{detail}"),
        format!("not valid YAML: {detail}"),
    )
    .with_hint(
        "请检查缩进（只用空格）、冒号后的空格和引号",
        "look at indentation (spaces only), the space after a colon, and quotes",
    )
}

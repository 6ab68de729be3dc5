//! Reading nodes as what they should be, with every fault noted and none hiding another.

use super::node::{Kind, Node};
use tongban_catalog::source::{Fault, Finding, Placed, load_placed, nearest};

/// Collects the faults of one file, and fills secrets in.
pub(super) struct Faults<'e> {
    placed: Placed<Node>,
    found: Vec<Fault>,
    environment: &'e dyn Fn(&str) -> Option<String>,
}

impl<'e> Faults<'e> {
    /// Reads the file and gives its root.
    pub(super) fn load(
        file: &str,
        text: &str,
        environment: &'e dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Node), Vec<Fault>> {
        let placed: Placed<Node> = load_placed(file, text)?;
        let mut root = placed.value.clone();
        root.locate(String::new());
        Ok((
            Self {
                placed,
                found: Vec::new(),
                environment,
            },
            root,
        ))
    }

    /// Notes a fault of a node.
    pub(super) fn add(
        &mut self,
        node: &Node,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        let finding = Finding::new(node.pointer.clone(), code, zh, en);
        self.found.push(self.placed.fault(finding));
    }

    /// Notes a fault with what to do about it.
    pub(super) fn add_with_hint(
        &mut self,
        node: &Node,
        code: &'static str,
        message: [&str; 2],
        hint: [&str; 2],
    ) {
        let finding = Finding::new(node.pointer.clone(), code, message[0], message[1])
            .with_hint(hint[0], hint[1]);
        self.found.push(self.placed.fault(finding));
    }

    /// Whether a fault was noted.
    pub(super) fn any(&self) -> bool {
        !self.found.is_empty()
    }

    /// All faults in the order of the file.
    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        self.found
            .sort_by(|a, b| (a.line, a.column, &a.pointer).cmp(&(b.line, b.column, &b.pointer)));
        self.found.dedup();
        self.found
    }

    /// The entries of a mapping all of whose keys must be known.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.entries(node)?;
        for (key, value) in fields {
            if !known.contains(&key.as_str()) {
                let near = nearest(key, known.iter().copied());
                let hint = match near {
                    Some(near) => [
                        format!("是否想写“{near}”？"),
                        format!("did you mean `{near}`?"),
                    ],
                    None => [
                        format!("可用的键：{}", known.join("、")),
                        format!("known keys: {}", known.join(", ")),
                    ],
                };
                self.add_with_hint(
                    value,
                    "unknown_key",
                    [
                        &format!("不认识的键“{key}”"),
                        &format!("unknown key `{key}`"),
                    ],
                    [&hint[0], &hint[1]],
                );
            }
        }
        Some(Fields {
            node,
            entries: fields,
        })
    }

    /// The entries of a mapping with keys of any name.
    pub(super) fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [(String, Node)]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            _ => {
                self.add(
                    node,
                    "wrong_type",
                    "此处应为若干“键: 值”",
                    "a mapping of keys and values is expected here",
                );
                None
            }
        }
    }

    /// The items of a list.
    pub(super) fn items<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => {
                self.add(
                    node,
                    "wrong_type",
                    "此处应为列表",
                    "a list is expected here",
                );
                None
            }
        }
    }

    /// A list of texts; an absent node is an empty list.
    pub(super) fn texts(&mut self, node: Option<&Node>) -> Vec<String> {
        let Some(items) = node.and_then(|node| self.items(node)) else {
            return Vec::new();
        };
        items.iter().filter_map(|item| self.text(item)).collect()
    }

    /// A text, secrets filled in; numbers count as their digits.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Text(text) => self.substituted(node, text),
            Kind::Number(number) => Some(number.to_string()),
            _ => {
                self.add(
                    node,
                    "wrong_type",
                    "此处应为文字",
                    "a text is expected here",
                );
                None
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn filled(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.trim().is_empty() {
            self.add(node, "empty_text", "此处不能为空", "this cannot be empty");
            return None;
        }
        Some(text)
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => {
                self.add(
                    node,
                    "wrong_type",
                    "此处应为 true 或 false",
                    "true or false is expected here",
                );
                None
            }
        }
    }

    /// A whole number of a range.
    pub(super) fn whole(
        &mut self,
        node: &Node,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let number = match &node.kind {
            Kind::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            _ => None,
        };
        let found = number.filter(|n| range.contains(n));
        if found.is_none() {
            let (from, to) = range.into_inner();
            self.add(
                node,
                "wrong_number",
                format!("此处应为 {from} 至 {to} 之间的整数"),
                format!("a whole number from {from} to {to} is expected here"),
            );
        }
        found
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&mut self, node: &Node, choices: &[(&str, T)]) -> Option<T> {
        let word = self.text(node)?;
        let found = choices
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.add(
                node,
                "unknown_word",
                format!("不认识“{word}”；可用：{}", known.join("、")),
                format!("`{word}` is not known here; known: {}", known.join(", ")),
            );
        }
        found
    }

    /// `${NAME}` and `${NAME:-default}` replaced. An unset variable without a default is a fault.
    pub(super) fn substituted(&mut self, node: &Node, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            let Some(length) = rest[at..].find('}') else {
                self.add(
                    node,
                    "open_variable",
                    "“${”没有以“}”结束",
                    "`${` is not closed by `}`",
                );
                return None;
            };
            let inner = &rest[at + 2..at + length];
            let (name, default) = match inner.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inner, None),
            };
            let valid =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let value = valid.then(|| (self.environment)(name)).flatten();
            match value.or_else(|| default.filter(|_| valid).map(str::to_owned)) {
                Some(value) => out.push_str(&value),
                None => {
                    self.add_with_hint(
                        node,
                        "missing_variable",
                        [
                            &format!("环境变量“{name}”没有设置"),
                            &format!("the environment variable `{name}` is not set"),
                        ],
                        [
                            "设置它，或写成 ${名称:-默认值}",
                            "set it, or write ${NAME:-default}",
                        ],
                    );
                    return None;
                }
            }
            rest = &rest[at + length + 1..];
        }
        out.push_str(rest);
        Some(out)
    }
}

/// A mapping whose keys are known.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    pub(super) node: &'n Node,
    entries: &'n [(String, Node)],
}

impl<'n> Fields<'n> {
    /// The entries of a mapping whose keys were checked elsewhere.
    pub(super) fn of(node: &'n Node) -> Option<Self> {
        match &node.kind {
            Kind::Map(entries) => Some(Self { node, entries }),
            _ => None,
        }
    }

    /// The value of a key; `null` counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
            .filter(|value| !matches!(value.kind, Kind::Null))
    }

    /// The value of a key that must be there.
    pub(super) fn require(&self, key: &str, faults: &mut Faults<'_>) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            faults.add(
                self.node,
                "missing_key",
                format!("缺少键“{key}”"),
                format!("the key `{key}` is missing"),
            );
        }
        found
    }
}

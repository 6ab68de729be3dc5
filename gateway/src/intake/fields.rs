//! Reads the members of a JSON object one by one and keeps every fault: the reader behind all request bodies.

use super::json::below;
use serde_json::{Map, Value};
use tongban_catalog::source::{Finding, nearest};

/// An object being read. Ask for every member, then [`Fields::finish`].
pub struct Fields<'v, 'f> {
    map: Option<&'v Map<String, Value>>,
    pointer: String,
    asked: Vec<&'static str>,
    faults: &'f mut Vec<Finding>,
}

/// Whether a member must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A fault when it is absent, null or empty.
    Required,
    /// May be absent or null.
    Optional,
}

impl<'v, 'f> Fields<'v, 'f> {
    /// Of the value at `pointer`; anything but an object is a fault, and then every member reads as absent without a fault.
    pub fn of(value: &'v Value, pointer: &str, faults: &'f mut Vec<Finding>) -> Self {
        if !value.is_object() {
            faults.push(wrong_type(pointer, "对象", "an object"));
        }
        Self {
            map: value.as_object(),
            pointer: pointer.to_owned(),
            asked: Vec::new(),
            faults,
        }
    }

    /// The pointer of a member.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        below(&self.pointer, name)
    }

    /// Adds a fault of a member.
    pub fn fault(
        &mut self,
        name: &str,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.faults.push(Finding::new(self.at(name), code, zh, en));
    }

    /// Where the faults go, for members that are read by another reader.
    pub fn faults(&mut self) -> &mut Vec<Finding> {
        self.faults
    }

    /// A member as it stands.
    pub fn value(&mut self, name: &'static str, need: Need) -> Option<&'v Value> {
        self.asked.push(name);
        let map = self.map?;
        let value = map.get(name).filter(|v| !v.is_null());
        if value.is_none() && need == Need::Required {
            self.missing(name);
        }
        value
    }

    /// A text of at most `max` characters, without control characters and without white space at its ends.
    pub fn text(&mut self, name: &'static str, max: usize, need: Need) -> Option<&'v str> {
        let value = self.value(name, need)?;
        let Some(text) = value.as_str() else {
            self.faults
                .push(wrong_type(&self.at(name), "文本", "a text"));
            return None;
        };
        if text.is_empty() && need == Need::Required {
            self.missing(name);
            return None;
        }
        if text.chars().count() > max {
            self.fault(
                name,
                "too_long",
                format!("至多{max}个字符"),
                format!("at most {max} characters"),
            );
            return None;
        }
        let stray = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if text.contains(stray) || text.trim() != text {
            self.fault(
                name,
                "stray_characters",
                "首尾有空白或含控制字符",
                "has white space at an end, or control characters",
            );
            return None;
        }
        Some(text)
    }

    /// A whole number in `range`.
    pub fn number(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
        need: Need,
    ) -> Option<u32> {
        let value = self.value(name, need)?;
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok());
        let inside = number.filter(|n| range.contains(n));
        if inside.is_none() {
            let (low, high) = range.into_inner();
            self.fault(
                name,
                "not_in_range",
                format!("须为{low}至{high}的整数"),
                format!("must be a whole number from {low} to {high}"),
            );
        }
        inside
    }

    /// A list of at most `max` values; empty when absent.
    pub fn list(&mut self, name: &'static str, max: usize) -> &'v [Value] {
        let Some(value) = self.value(name, Need::Optional) else {
            return &[];
        };
        match value.as_array() {
            Some(list) if list.len() <= max => list,
            Some(_) => {
                self.fault(
                    name,
                    "too_many",
                    format!("至多{max}项"),
                    format!("at most {max} entries"),
                );
                &[]
            }
            None => {
                self.faults
                    .push(wrong_type(&self.at(name), "列表", "a list"));
                &[]
            }
        }
    }

    /// One word of a fixed set.
    pub fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&'static str, T)],
        need: Need,
    ) -> Option<T> {
        let text = self.text(name, 64, need)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let all = all.join(", ");
            self.fault(
                name,
                "unknown_word",
                format!("须为以下之一：{all}"),
                format!("must be one of: {all}"),
            );
        }
        found
    }

    /// Faults for members that nobody asked for.
    pub fn finish(self) {
        let Some(map) = self.map else { return };
        for name in map
            .keys()
            .filter(|name| !self.asked.contains(&name.as_str()))
            .take(20)
        {
            let mut fault = Finding::new(
                below(&self.pointer, name),
                "unknown_field",
                "没有此字段",
                "there is no such field",
            );
            if let Some(near) = nearest(name, self.asked.iter().copied()) {
                fault = fault.with_hint(
                    format!("是否想写“{near}”？"),
                    format!("did you mean `{near}`?"),
                );
            }
            self.faults.push(fault);
        }
    }

    fn missing(&mut self, name: &str) {
        self.fault(name, "missing_field", "此项必填", "this field is required");
    }
}

fn wrong_type(pointer: &str, zh: &str, en: &str) -> Finding {
    Finding::new(
        pointer,
        "wrong_type",
        format!("须为{zh}"),
        format!("must be {en}"),
    )
}

//! Compiling the code tables of a definition.

use super::faults::Faults;
use super::node::{Kind, Node};
use crate::expression::{CodeEntry, CodeTables, Expression};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Compiles the code tables of a definition; their computed entries see `case` alone.
pub(super) fn code_tables(
    node: Option<&Node>,
    names: &[&str],
    faults: &mut Faults<'_>,
) -> Arc<CodeTables> {
    let mut tables = CodeTables::default();
    for (name, table) in node
        .and_then(|node| faults.entries(node))
        .unwrap_or_default()
    {
        let mut entries = BTreeMap::new();
        for (code, entry) in faults.entries(table).unwrap_or_default() {
            let compiled = match &entry.kind {
                Kind::Text(text) if text.starts_with('=') => {
                    match Expression::compile_entry(text[1..].trim(), names) {
                        Ok(expression) => Some(CodeEntry::Computed(Box::new(expression))),
                        Err(fault) => {
                            faults.add(entry, "bad_expression", fault.zh, fault.en);
                            None
                        }
                    }
                }
                _ => faults.filled(entry).map(CodeEntry::Word),
            };
            if let Some(compiled) = compiled {
                entries.insert(code.clone(), compiled);
            }
        }
        tables.insert(name.clone(), entries);
    }
    Arc::new(tables)
}

//! What a table looks like, and the order in which tables are moved.

use super::MoveError;
use super::value::{Row, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Tables that say something about a database or a process, and nothing about the hall.
pub(crate) const NOT_MOVED: [&str; 2] = ["_sqlx_migrations", "store_trial"];

/// Whether a table's rows are the hall's.
pub(crate) fn is_moved(table: &str) -> bool {
    !NOT_MOVED.contains(&table)
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its name.
    pub table: String,
    /// Columns in the source's order.
    pub columns: Vec<String>,
    /// Places of the columns of its key; every column where it has none.
    pub key: Vec<usize>,
    /// Tables that it refers to.
    pub refers_to: BTreeSet<String>,
}

impl Shape {
    /// The key of a row.
    #[must_use]
    pub fn key_of(&self, row: &[Value]) -> Row {
        let one = |place: &usize| row.get(*place).cloned();
        self.key.iter().filter_map(one).collect()
    }

    /// Names of the key's columns.
    pub(crate) fn key_names(&self) -> Vec<&str> {
        let one = |place: &usize| self.columns.get(*place).map(String::as_str);
        self.key.iter().filter_map(one).collect()
    }

    /// The columns, quoted, for a query; each after `before`.
    pub(crate) fn listed(&self, before: &str) -> String {
        let quoted = self.columns.iter().map(|c| format!("{before}\"{c}\""));
        quoted.collect::<Vec<_>>().join(", ")
    }
}

/// Tables so that each comes after those it refers to.
///
/// # Errors
/// [`MoveError::Refused`] when they refer to each other in a ring: no schema of ours does.
pub(crate) fn in_order(mut shapes: Vec<Shape>) -> Result<Vec<Shape>, MoveError> {
    let known: BTreeSet<String> = shapes.iter().map(|s| s.table.clone()).collect();
    let (mut ordered, mut placed) = (Vec::new(), BTreeSet::new());
    while !shapes.is_empty() {
        let (ready, waiting): (Vec<Shape>, Vec<Shape>) = shapes.into_iter().partition(|shape| {
            let mut others = shape.refers_to.iter().filter(|t| **t != shape.table);
            others.all(|t| placed.contains(t) || !known.contains(t))
        });
        if ready.is_empty() {
            let names: Vec<_> = waiting.into_iter().map(|s| s.table).collect();
            let words = format!("tables refer to each other: {}", names.join(", "));
            return Err(MoveError::Refused(words));
        }
        placed.extend(ready.iter().map(|s| s.table.clone()));
        ordered.extend(ready);
        shapes = waiting;
    }
    Ok(ordered)
}

/// Whether the target has every table and column of the source, and none that would stay empty against the source's will.
///
/// # Errors
/// [`MoveError::Refused`], naming what is different.
pub(crate) fn same_columns(
    source: &[Shape],
    target: &BTreeMap<String, BTreeSet<String>>,
) -> Result<(), MoveError> {
    for shape in source {
        let here: BTreeSet<String> = shape.columns.iter().cloned().collect();
        let Some(there) = target.get(&shape.table) else {
            let words = format!("the target has no table {}", shape.table);
            return Err(MoveError::Refused(words));
        };
        let different: Vec<_> = here.symmetric_difference(there).cloned().collect();
        if !different.is_empty() {
            return Err(MoveError::Refused(format!(
                "{} is not the same in both databases: {}",
                shape.table,
                different.join(", ")
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(table: &str, refers_to: &[&str]) -> Shape {
        Shape {
            table: table.to_owned(),
            columns: vec!["id".to_owned()],
            key: vec![0],
            refers_to: refers_to.iter().map(|t| (*t).to_owned()).collect(),
        }
    }

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let shapes = vec![
            shape("c", &["b", "a"]),
            shape("b", &["a", "b"]),
            shape("a", &[]),
        ];
        let ordered = in_order(shapes).unwrap();
        let names: Vec<_> = ordered.iter().map(|s| s.table.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let ring = vec![shape("a", &["b"]), shape("b", &["a"])];
        assert!(in_order(ring).is_err());
    }

    #[test]
    fn a_column_that_one_side_lacks_is_named() {
        let target = BTreeMap::from([(
            "a".to_owned(),
            BTreeSet::from(["id".to_owned(), "more".to_owned()]),
        )]);
        let refused = same_columns(&[shape("a", &[])], &target).unwrap_err();
        assert!(refused.to_string().contains("more"), "{refused}");
        let refused = same_columns(&[shape("b", &[])], &target).unwrap_err();
        assert!(refused.to_string().contains("no table b"), "{refused}");
    }
}

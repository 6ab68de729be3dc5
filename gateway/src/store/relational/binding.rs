//! Materials of applications that are committed together: looked at with one query, bound with one statement.

use super::StoreError;
use super::dialect::DbConnection;
use super::rows::named_place;
use super::submissions::CaseRow;
use super::submit::Prepared;
use super::together;
use crate::store::application::NewCase;
use crate::store::sealed::{DataKey, Vault};
use std::collections::{HashMap, HashSet};

/// The row of a material, bound to a case with its key under the case's.
pub(super) struct Binding<'g> {
    pub(super) id: &'g str,
    pub(super) case: i64,
    pub(super) seq: i64,
    pub(super) key: Vec<u8>,
}

/// The free materials that a group names, with their keys. Each goes to the first application that names it.
pub(super) struct Free {
    keys: HashMap<String, DataKey>,
    /// Which applications can have all of theirs; the others get their own outcome one by one.
    pub(super) suffices: Vec<bool>,
}

impl Free {
    /// Looks at what the group names. Nothing is locked: whoever takes one of them meanwhile is noticed by [`bind`].
    pub(super) async fn look(
        connection: &mut DbConnection,
        vault: &Vault,
        group: &[Prepared],
    ) -> Result<Self, StoreError> {
        let named: Vec<&str> = group.iter().flat_map(named).collect();
        if named.is_empty() {
            return Ok(Self {
                keys: HashMap::new(),
                suffices: vec![true; group.len()],
            });
        }
        let found: Vec<(String, Vec<u8>)> = sqlx::query_as(concat!(
            "SELECT id, data_key FROM material WHERE case_id IS NULL AND id ",
            in_texts!("$1")
        ))
        .bind(serde_json::json!(named).to_string())
        .fetch_all(connection)
        .await?;
        let mut left: HashSet<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        let suffices = group
            .iter()
            .map(|prepared| named_all(prepared, &mut left))
            .collect();
        let mut keys = HashMap::with_capacity(found.len());
        for (id, wrapped) in found {
            let key = vault.open_key(&named_place("material", "data_key", &id), Some(&wrapped))?;
            keys.insert(id, key);
        }
        Ok(Self { keys, suffices })
    }

    /// The rows of those that go on.
    pub(super) fn bindings<'g>(
        &self,
        vault: &Vault,
        cases: &[CaseRow<'g>],
    ) -> Result<Vec<Binding<'g>>, StoreError> {
        let mut bindings = Vec::new();
        for row in cases {
            let new: &'g NewCase = row.case;
            for (seq, id) in &new.materials {
                let Some(key) = self.keys.get(id) else {
                    continue;
                };
                let place = named_place("material", "data_key", id);
                bindings.push(Binding {
                    id,
                    case: row.ids.case,
                    seq: i64::from(*seq),
                    key: row.sealed.key.wrap(&place, key, vault.entropy())?,
                });
            }
        }
        Ok(bindings)
    }
}

/// Binds them; false when one of them is not free any more.
pub(super) async fn bind(
    connection: &mut DbConnection,
    bindings: &[Binding<'_>],
) -> Result<bool, StoreError> {
    if bindings.is_empty() {
        return Ok(true);
    }
    let bound = together::bind_materials(connection, bindings).await?;
    Ok(usize::try_from(bound) == Ok(bindings.len()))
}

fn named(prepared: &Prepared) -> impl Iterator<Item = &str> {
    let materials = prepared.application.cases.iter().flat_map(|c| &c.materials);
    materials.map(|(_, id)| id.as_str())
}

/// Takes all that an application names from what is left, or nothing.
fn named_all(prepared: &Prepared, left: &mut HashSet<&str>) -> bool {
    let mut own: Vec<&str> = named(prepared).collect();
    let count = own.len();
    own.sort_unstable();
    own.dedup();
    let all = own.len() == count && own.iter().all(|id| left.contains(*id));
    if all {
        own.iter().for_each(|id| {
            left.remove(*id);
        });
    }
    all
}

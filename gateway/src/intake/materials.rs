//! Materials that a submission or a supplement names: known, free, of the item, of the right kind. Pure.

use super::request::NamedMaterial;
use crate::registry::item::PreparedItem;
use crate::store::material::MaterialRecord;
use std::collections::{BTreeMap, BTreeSet};
use tongban_adapters::canonical::MaterialFact;
use tongban_catalog::source::Finding;

/// The materials that a submission names, as the store knows them.
pub type KnownMaterials = BTreeMap<String, MaterialRecord>;

/// Checks named materials against the store's and the item's; returns the facts of those that are right.
pub fn check_materials(
    named: &[NamedMaterial],
    known: &KnownMaterials,
    item: Option<&PreparedItem>,
    faults: &mut Vec<Finding>,
) -> Vec<MaterialFact> {
    let (mut ids, mut seqs) = (BTreeSet::new(), BTreeSet::new());
    let mut facts = Vec::new();
    for material in named {
        let mut fault = |member: &str, code, zh: &str, en: &str| {
            faults.push(Finding::new(
                format!("{}/{member}", material.pointer),
                code,
                zh,
                en,
            ));
        };
        let seq = u16::try_from(material.seq).unwrap_or_default();
        let asked = item.and_then(|i| i.item.material(seq));
        if item.is_some() && asked.is_none() {
            fault(
                "seq",
                "unknown_material_seq",
                "此事项没有该序号的材料",
                "the item asks for no material of this number",
            );
        }
        if !seqs.insert(seq) && asked.is_some_and(|m| !m.several) {
            fault(
                "seq",
                "material_single",
                "此材料只收一个文件",
                "one file alone is taken for this material",
            );
        }
        if !ids.insert(&material.id) {
            fault(
                "id",
                "material_twice",
                "同一文件重复引用",
                "the same upload is named twice",
            );
            continue;
        }
        let Some(record) = known.get(&material.id) else {
            fault(
                "id",
                "unknown_material",
                "没有此上传文件",
                "there is no such upload",
            );
            continue;
        };
        if record.case_no.is_some() {
            fault(
                "id",
                "material_bound_elsewhere",
                "此文件已用于其他申请",
                "the upload belongs to another application",
            );
        }
        if record.scan == "infected" {
            fault(
                "id",
                "material_infected",
                "文件未通过安全检查",
                "the upload did not pass the virus scan",
            );
        }
        if asked.is_some_and(|m| !has_format(&record.file_name, &m.formats)) {
            fault(
                "id",
                "material_format",
                "此材料不收该格式的文件",
                "files of this format are not taken for this material",
            );
        }
        facts.push(fact_of(record, material.seq, asked.map_or("", |m| &m.name)));
    }
    facts
}

/// Whether a file name ends in one of the extensions; any does where none is named.
pub fn has_format(file_name: &str, formats: &[String]) -> bool {
    let extension = file_name
        .rsplit_once('.')
        .map(|(_, e)| e.to_lowercase())
        .unwrap_or_default();
    formats.is_empty() || formats.contains(&extension)
}

fn fact_of(record: &MaterialRecord, seq: u32, name: &str) -> MaterialFact {
    MaterialFact {
        seq,
        id: record.id.clone(),
        name: name.to_owned(),
        file_name: record.file_name.clone(),
        content_type: record.content_type.clone(),
        size: record.size,
        md5: record.md5.clone(),
        sha256: record.sha256.clone(),
    }
}

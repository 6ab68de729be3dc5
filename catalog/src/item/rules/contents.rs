//! Situations, materials and what applicants read.

use super::checks::{at_most, range, repeated, text, unknown_situation};
use crate::item::ServiceItem;
use crate::source::Finding;

/// The most materials of an item.
const MAX_MATERIALS: usize = 200;

pub(super) fn materials(item: &ServiceItem, found: &mut Vec<Finding>) {
    if item.materials.len() > MAX_MATERIALS {
        found.push(Finding::new(
            "/materials",
            "too_many_materials",
            format!("材料不得超过{MAX_MATERIALS}项"),
            format!("at most {MAX_MATERIALS} materials"),
        ));
    }
    repeated(
        item.materials.iter().map(|material| material.seq),
        |index, seq| {
            found.push(Finding::new(
                format!("/materials/{index}/seq"),
                "seq_repeated",
                format!("材料序号 {seq} 重复"),
                format!("a second material has the number {seq}"),
            ));
        },
    );
    repeated(
        item.situations.iter().map(|situation| &situation.id),
        |index, id| {
            found.push(Finding::new(
                format!("/situations/{index}/id"),
                "situation_repeated",
                format!("情形 {id} 重复"),
                format!("the situation {id} stands here a second time"),
            ));
        },
    );
    for (index, situation) in item.situations.iter().enumerate() {
        text(
            &format!("/situations/{index}/name"),
            &situation.name,
            100,
            found,
        );
    }
    for (index, material) in item.materials.iter().enumerate() {
        let at = format!("/materials/{index}");
        range(
            &format!("{at}/seq"),
            u32::from(material.seq),
            1..=9_999,
            found,
        );
        text(&format!("{at}/name"), &material.name, 200, found);
        range(
            &format!("{at}/originals"),
            u32::from(material.originals),
            0..=99,
            found,
        );
        range(
            &format!("{at}/copies"),
            u32::from(material.copies),
            0..=99,
            found,
        );
        at_most(
            &format!("{at}/issuer"),
            material.issuer.as_deref(),
            100,
            found,
        );
        at_most(&format!("{at}/note"), material.note.as_deref(), 500, found);
        for (place, id) in material.situations.iter().enumerate() {
            if item.situation(id).is_none() {
                found.push(unknown_situation(
                    item,
                    &format!("{at}/situations/{place}"),
                    id.as_str(),
                ));
            }
        }
    }
}

pub(super) fn guide(item: &ServiceItem, found: &mut Vec<Finding>) {
    text("/result/name", &item.result.name, 100, found);
    text("/contact/place", &item.contact.place, 100, found);
    text("/contact/hours", &item.contact.hours, 150, found);
    text(
        "/contact/consult_phone",
        &item.contact.consult_phone,
        18,
        found,
    );
    text(
        "/contact/complaint_phone",
        &item.contact.complaint_phone,
        18,
        found,
    );
    for (index, basis) in item.legal_basis.iter().enumerate() {
        text(&format!("/legal_basis/{index}/law"), &basis.law, 200, found);
        at_most(
            &format!("/legal_basis/{index}/text"),
            basis.text.as_deref(),
            1_000,
            found,
        );
    }
    for (index, question) in item.faq.iter().enumerate() {
        let both = format!("{}{}", question.question, question.answer);
        at_most(&format!("/faq/{index}"), Some(&both), 1_000, found);
    }
    for (pointer, empty) in [
        ("/conditions", item.conditions.is_empty()),
        ("/process", item.process.is_empty()),
        ("/legal_basis", item.legal_basis.is_empty()),
    ] {
        if empty {
            found.push(Finding::new(
                pointer,
                "empty",
                "至少填写一项",
                "name at least one",
            ));
        }
    }
    if item.fee.required && item.fee.basis.is_none() {
        let finding = Finding::new(
            "/fee",
            "fee_without_basis",
            "收费须有收费依据",
            "a fee has its legal basis",
        );
        found.push(
            finding
                .with_hint("请填写 basis", "write the basis")
                .compared_with("/fee/basis"),
        );
    }
}

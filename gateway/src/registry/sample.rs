//! Sample items and a snapshot for tests. Identifiers are the specimens of the standards.

#![allow(clippy::unwrap_used, reason = "a faulty sample is a faulty test")]

use super::route::{HandOver, Mode, Route};
use super::{PreparedItem, Snapshot, SystemState, SystemVersion};
use std::sync::Arc;
use tongban_adapters::definition::CompiledDefinition;
use tongban_catalog::calendar::Calendar;
use tongban_catalog::item::ServiceItem;
use tongban_catalog::snapshot::Catalogue;
use tongban_catalog::source::load_yaml;

/// Code of the open sample item.
pub(crate) const OPEN: &str = "10131300500698857413440400";

/// The system of [`snapshot_with_system`].
pub(crate) const SYSTEM: &str = "gd-explosives";

/// An item in a state, with code, id and version.
pub(crate) fn item(id: &str, code: &str, state: &str, version: u32) -> ServiceItem {
    let text = TEMPLATE
        .replace("ID", id)
        .replace("CODE", code)
        .replace("STATE", state)
        .replace("VERSION", &version.to_string());
    load_yaml::<ServiceItem>("sample.yaml", &text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Open, suspended, cancelled and draft items; everything stays with the hall.
pub(crate) fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::empty(Calendar::weekends_only());
    let mut items = Vec::new();
    for (id, code, state) in [
        ("open", OPEN, "active"),
        ("suspended", "10131300600698857413440400", "suspended"),
        ("cancelled", "10131300700698857413440400", "cancelled"),
        ("draft", "10131300800698857413440400", "draft"),
    ] {
        let item = Arc::new(item(id, code, state, 3));
        items.push(Arc::clone(&item));
        snapshot.insert_item(Arc::new(PreparedItem::prepare(item).unwrap()));
    }
    snapshot.catalogue = Arc::new(Catalogue::new(items, Arc::default()));
    snapshot.routes = vec![hall_route()];
    snapshot
}

/// The sample items, handed over on submission to the department's system of `config/systems`.
pub(crate) fn snapshot_with_system() -> Snapshot {
    let text = include_str!("../../../config/systems/gd-explosives.yaml");
    let definition = CompiledDefinition::compile("gd-explosives.yaml", text, &|_| None);
    let definition = definition.unwrap_or_else(|faults| panic!("{faults:#?}"));
    let mut snapshot = snapshot();
    snapshot
        .systems
        .entry(SYSTEM.to_owned())
        .or_default()
        .insert(SystemVersion {
            version: 1,
            state: SystemState::Active,
            definition: Arc::new(definition),
        });
    snapshot.routes = vec![Route {
        system: Some(SYSTEM.to_owned()),
        hand_over: HandOver::Apply,
        ..hall_route()
    }];
    snapshot
}

/// The hall keeps the case.
pub(crate) fn hall_route() -> Route {
    Route {
        item: None,
        level: None,
        region: None,
        situation: None,
        system: None,
        hand_over: HandOver::None,
        mode: Mode::Full,
        priority: 0,
        valid_from: None,
        valid_to: None,
    }
}

const TEMPLATE: &str = r#"schema: tongban/item/1
id: ID
version: VERSION
state: STATE
state_note: 样例
sample: true
name: 固定资产投资项目节能审查
codes:
  - { scheme: gd26, value: "CODE" }
number_scheme: gd29
type: "01"
level: city
region: "440400"
org:
  id: zhuhai-eic
  name: 珠海市科技和工业信息化局
  uscc: 114404000069885740
  organisation_code: "006988574"
org_nature: statutory
case_type: promise
audience: [person, enterprise]
channels: [window, online]
running_level: city
visits: 1
effective_from: 2016-01-01
effective_to: 2030-12-31
statutory: { n: 20, unit: working_day }
promise: { n: 7, unit: working_day }
conditions: [项目已备案]
process:
  - { name: 受理, text: 核对材料 }
legal_basis:
  - { law: 中华人民共和国节约能源法 }
fee: { required: false }
result: { kind: approval, name: 节能审查意见 }
contact: { place: 珠海市人民东路, hours: 工作日, consult_phone: 0756-2121212, complaint_phone: 0756-2121213 }
situations:
  - { id: new, name: 首次申请 }
  - { id: renewal, name: 延续 }
materials:
  - { seq: 1, name: 节能报告, required: "yes", kind: electronic, source: applicant, formats: [pdf] }
  - { seq: 2, name: 原审查意见, required: "yes", kind: electronic, source: authority, situations: [renewal] }
  - { seq: 3, name: 其他说明, required: "no", kind: electronic, source: applicant, several: true }
form:
  type: object
  additionalProperties: false
  required: [project_name]
  properties:
    project_name: { type: string, title: 项目名称, maxLength: 20 }
"#;

//! Samples of the apply pages: every kind of field, with and without faults, with text that would break a page that forgets to
//! escape.

use super::draft::{Action, Draft, FORM, Models, Upload};
use super::fill::{Drawn, Files, FillPage};
use super::review::ReviewPage;
use crate::pages::form::typed::Typed;
use crate::store::material::MaterialRecord;
use crate::text::Language;
use tongban_catalog::item::ServiceItem;
use tongban_catalog::source::Finding;

/// A text that is whole only if it is escaped, in a script that runs from right to left, with characters outside the basic plane.
const HOSTILE: &str = "<script>alert(1)</script> \"'&amp; 𠮷·买买提 ‏مرحبا";

/// An item with a field of every kind.
fn item() -> ServiceItem {
    const FORM_OF_EVERYTHING: &str = r#"
form:
  type: object
  required: [project_name, kind, agree, people]
  properties:
    project_name: { type: string, title: "项目<b>名称</b>", title_en: Project, maxLength: 20, description: "写 < 20 字 & 简短" }
    kind: { title: 类别, title_en: Kind, oneOf: [{ const: fixed, title: 固定台, title_en: Fixed }, { const: mobile, title: 车载台 }] }
    town: { title: 乡镇, enum: [一, 二, 三, 四, 五, 六, 七, 八] }
    tags: { type: array, title: 标签, items: { enum: [甲, 乙] } }
    power: { type: number, title: 功率, exclusiveMinimum: 0, maximum: 100000 }
    sets: { type: integer, title: 数量, minimum: 1 }
    since: { type: string, format: date, title: 开始日期 }
    at: { type: string, format: date-time, title: 时间 }
    email: { type: string, format: email, title: 邮箱 }
    account: { type: string, title: 账号, pattern: "^[0-9]{8,30}$" }
    content: { type: string, title: 内容, maxLength: 2000, x-multiline: true }
    coal: { type: boolean, title: 用煤 }
    plan: { type: string, title: 方案 }
    agree: { const: true, title: 我承诺属实 }
    office: { type: object, title: 办公地点, properties: { street: { type: string, title: 街道 }, rooms: { type: integer, title: 房间数 } } }
    people: { type: array, title: 人员, minItems: 2, items: { type: object, properties: { name: { type: string, title: 姓名 }, old: { type: boolean, title: 年满六十 } } } }
    areas: { type: array, title: 区域, items: { type: string } }
    free: { title: 其他 }
  if: { properties: { coal: { const: true } }, required: [coal] }
  then: { required: [plan] }
"#;
    let shipped = include_str!("../../../../config/items/explosives-sales.yaml");
    let (head, _) = shipped.split_once("\nform:").unwrap_or((shipped, ""));
    let text = format!("{head}{FORM_OF_EVERYTHING}");
    tongban_catalog::source::load_yaml("sample.yaml", &text)
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn draft(item: &ServiceItem) -> Draft {
    let mut typed = Typed::default();
    for (name, value) in [
        ("applicant/type", "enterprise"),
        ("applicant/name", HOSTILE),
        ("applicant/id_type", "unified_social_credit_code"),
        ("applicant/id_number", "91440400MA4X"),
        ("applicant/phone", "13800000000"),
        ("form/project_name", HOSTILE),
        ("form/kind", "strange<kind>"),
        ("form/town", "八"),
        ("form/tags", "甲"),
        ("form/tags", "乙"),
        ("form/power", "十二"),
        ("form/since", "下周"),
        ("form/content", "第一行\n</textarea>第二行"),
        ("form/coal", "true"),
        ("form/agree", "true"),
        ("form/office/street", "人民东路"),
        ("form/people/0/name", "张三"),
        ("form/people/2/name", HOSTILE),
        ("form/people/2/old", "false"),
        ("form/areas/1", "珠海"),
        ("form/free", "[1, 2]"),
        ("form/of_another_situation", "保留"),
    ] {
        typed.add(name, value).unwrap_or_else(|e| panic!("{e}"));
    }
    let situation = item.situations.first();
    let uploads = item.materials.iter().take(2).map(|material| Upload {
        seq: material.seq,
        id: format!("{:032x}", material.seq),
    });
    Draft {
        key: "form.0.0.0".to_owned(),
        situation: situation.map_or_else(String::new, |s| s.id.as_str().to_owned()),
        region: item.region.as_str().to_owned(),
        typed,
        words: String::new(),
        uploads: uploads.collect(),
        action: Action::Review,
    }
}

fn files(draft: &Draft) -> Files {
    let scans = ["off", "pending", "clean", "infected"];
    let each = draft.uploads.iter().zip(scans.iter().cycle());
    each.map(|(upload, scan)| {
        let record = MaterialRecord {
            id: upload.id.clone(),
            content_type: "application/pdf".to_owned(),
            file_name: format!("{HOSTILE}.pdf"),
            size: 2_340_000,
            sha256: "00".repeat(32),
            md5: "00".repeat(16),
            scan: (*scan).to_owned(),
            case_no: None,
            created_at: jiff::Timestamp::UNIX_EPOCH,
        };
        (upload.id.clone(), record)
    })
    .collect()
}

fn findings() -> Vec<Finding> {
    let at = |pointer: &str, code| Finding::new(pointer, code, "<i>不对</i>", "<i>wrong</i>");
    vec![
        at("/item_code", "item_suspended"),
        at("/applicant/id_number", "wrong_check_digit"),
        at("/applicant/phone", "missing_field"),
        at("/form/project_name", "form_too_long"),
        at("/form/kind", "form_choice"),
        at("/form/power", "form_type"),
        at("/form/since", "form_format"),
        at("/form/plan", "form_missing"),
        at("/form/people", "form_invalid"),
        at("/form/people/1/name", "form_too_long"),
        at("/form/office/rooms", "form_missing"),
        at("/materials", "material_missing").compared_with("/item/materials/1"),
        at("/materials/0/id", "material_infected"),
    ]
}

/// Samples of the form.
pub(super) fn fill_pages(language: Language) -> Vec<(&'static str, FillPage)> {
    let every = item();
    let first = Draft {
        key: "form.0.0.0".to_owned(),
        region: "440400".to_owned(),
        ..Draft::default()
    };
    let mut bare = every.clone();
    (bare.situations, bare.materials) = (Vec::new(), Vec::new());
    let full = draft(&every);
    let page = |item: &ServiceItem, draft: &Draft, findings: &[Finding], notice| {
        let models = Models::of(item, draft.situation_of(item).as_ref());
        let body = draft.body(item, &models);
        FillPage::of(&Drawn {
            item,
            draft,
            models: &models,
            files: &files(draft),
            findings,
            typed_at: &body.typed_at,
            notice,
            material_bytes_max: 20_000_000,
            language,
        })
    };
    let notice = Some(crate::pages::texts::apply::ROW_ADDED);
    vec![
        ("first", page(&every, &first, &[], None)),
        ("bare", page(&bare, &first, &[], notice)),
        ("full", page(&every, &full, &[], None)),
        ("faults", page(&every, &full, &findings(), None)),
    ]
}

/// Samples of the review.
pub(super) fn review_pages(language: Language) -> Vec<(&'static str, ReviewPage)> {
    let item = item();
    let full = draft(&item);
    let nothing = Draft {
        key: full.key.clone(),
        region: full.region.clone(),
        ..Draft::default()
    };
    let page = |draft: &Draft, notice| {
        let models = Models::of(&item, draft.situation_of(&item).as_ref());
        let body = draft.body(&item, &models);
        ReviewPage::of(
            &item,
            draft,
            &models,
            &body,
            &files(draft),
            notice,
            language,
        )
    };
    let late = Some(crate::pages::texts::apply::KEY_EXPIRED);
    vec![("full", page(&full, None)), ("late", page(&nothing, late))]
}

#[cfg(test)]
#[test]
fn the_sample_form_has_a_field_of_every_kind() {
    let item = item();
    let models = Models::of(&item, None);
    let drawn = crate::pages::form::widget::draw(
        &models.form,
        FORM,
        &Typed::default(),
        &Default::default(),
        Language::Chinese,
    );
    let kinds: std::collections::BTreeSet<&str> = drawn.iter().map(|w| w.kind).collect();
    for kind in [
        "text", "area", "select", "radio", "checks", "consent", "group", "rows",
    ] {
        assert!(kinds.contains(kind), "{kind} is in no sample");
    }
}

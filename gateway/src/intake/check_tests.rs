//! The table of bad input against the pure check: a line a rule.

use super::*;
use crate::intake::json;
use crate::registry::sample::{OPEN, snapshot};
use crate::store::material::MaterialRecord;
use proptest::prelude::*;
use serde_json::json;

fn upload(id: &str, scan: &str, case_no: Option<&str>) -> (String, MaterialRecord) {
    let record = MaterialRecord {
        id: id.into(),
        content_type: "application/pdf".into(),
        file_name: "a.pdf".into(),
        size: 1,
        sha256: "00".repeat(32),
        md5: "00".repeat(16),
        scan: scan.into(),
        case_no: case_no.map(Into::into),
        created_at: jiff::Timestamp::UNIX_EPOCH,
    };
    (id.to_owned(), record)
}

fn uploads() -> KnownMaterials {
    let mut word = upload("word", "off", None);
    word.1.file_name = "a.doc".into();
    [
        upload("m1", "off", None),
        upload("m2", "off", None),
        upload("bound", "clean", Some("N")),
        upload("bad", "infected", None),
        word,
    ]
    .into()
}

fn good() -> Value {
    json!({
        "item_code": OPEN, "situation": "new", "region": "440402",
        "applicant": {"type": "person", "name": "张三", "id_type": "resident_id",
            "id_number": "11010519491231002X", "phone": "13800000000"},
        "form": {"project_name": "x"},
        "materials": [{"seq": 1, "id": "m1"}],
    })
}

fn run(body: &Value) -> Result<CheckedApplication, Vec<(String, &'static str)>> {
    let mut faults = Vec::new();
    let request = ApplicationRequest::of_body(body, &mut faults);
    let today = jiff::civil::date(2017, 6, 5);
    check(&request, &uploads(), &snapshot(), today, faults)
        .map_err(|faults| faults.into_iter().map(|f| (f.pointer, f.code)).collect())
}

#[test]
fn a_right_application_passes_with_item_route_and_materials() {
    let checked = run(&good()).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(checked.item.item.version, 3);
    assert_eq!(checked.route, crate::registry::sample::hall_route());
    assert_eq!(checked.materials[0].name, "节能报告");
}

#[test]
fn each_fault_has_its_place_and_code() {
    let table: &[(&str, Value, &str, &str)] = &[
        ("/item_code", json!("NONE"), "/item_code", "unknown_item"),
        (
            "/item_code",
            json!("10131300800698857413440400"),
            "/item_code",
            "unknown_item",
        ),
        (
            "/item_code",
            json!("10131300600698857413440400"),
            "/item_code",
            "item_suspended",
        ),
        (
            "/item_code",
            json!("10131300700698857413440400"),
            "/item_code",
            "item_withdrawn",
        ),
        ("/item_code", json!(7), "/item_code", "wrong_type"),
        (
            "/item_code",
            json!("x".repeat(51)),
            "/item_code",
            "too_long",
        ),
        ("/item_code", json!(null), "/item_code", "missing_field"),
        ("/situation", json!(null), "/situation", "situation_missing"),
        (
            "/situation",
            json!("other"),
            "/situation",
            "unknown_situation",
        ),
        ("/region", json!("440300"), "/region", "region_not_served"),
        ("/region", json!("4404"), "/region", "region_form"),
        ("/region", json!("44040x"), "/region", "region_form"),
        ("/applicant", json!([]), "/applicant", "wrong_type"),
        (
            "/applicant/type",
            json!("robot"),
            "/applicant/type",
            "unknown_word",
        ),
        (
            "/applicant/name",
            json!(" 张三"),
            "/applicant/name",
            "stray_characters",
        ),
        (
            "/applicant/name",
            json!("a\u{0}b"),
            "/applicant/name",
            "stray_characters",
        ),
        (
            "/applicant/name",
            json!("张".repeat(201)),
            "/applicant/name",
            "too_long",
        ),
        (
            "/applicant/name",
            json!(""),
            "/applicant/name",
            "missing_field",
        ),
        (
            "/applicant/id_number",
            json!("110105194912310021"),
            "/applicant/id_number",
            "wrong_check_digit",
        ),
        (
            "/applicant/id_number",
            json!("1101051949123100"),
            "/applicant/id_number",
            "identity_number_form",
        ),
        (
            "/applicant/id_number",
            json!("110105194902300028"),
            "/applicant/id_number",
            "wrong_birth_date",
        ),
        (
            "/applicant/id_number",
            json!("110105209912310025"),
            "/applicant/id_number",
            "birth_date_in_future",
        ),
        (
            "/applicant/phone",
            json!("12"),
            "/applicant/phone",
            "phone_form",
        ),
        (
            "/applicant/phone",
            json!("138000000001"),
            "/applicant/phone",
            "phone_form",
        ),
        (
            "/applicant/email",
            json!("a@b"),
            "/applicant/email",
            "email_form",
        ),
        (
            "/applicant/nmae",
            json!("x"),
            "/applicant/nmae",
            "unknown_field",
        ),
        ("/form", json!("x"), "/form", "wrong_type"),
        (
            "/form/project_name",
            json!("x".repeat(21)),
            "/form/project_name",
            "form_too_long",
        ),
        ("/form/other", json!(1), "/form/other", "form_unknown_field"),
        ("/form", json!({}), "/form/project_name", "form_missing"),
        ("/materials", json!([]), "/materials", "material_missing"),
        (
            "/materials",
            json!([{"seq": 1, "id": "none"}]),
            "/materials/0/id",
            "unknown_material",
        ),
        (
            "/materials",
            json!([{"seq": 1, "id": "bound"}]),
            "/materials/0/id",
            "material_bound_elsewhere",
        ),
        (
            "/materials",
            json!([{"seq": 1, "id": "bad"}]),
            "/materials/0/id",
            "material_infected",
        ),
        (
            "/materials",
            json!([{"seq": 1, "id": "m1"}, {"seq": 3, "id": "m1"}]),
            "/materials/1/id",
            "material_twice",
        ),
        (
            "/materials",
            json!([{"seq": 1, "id": "m1"}, {"seq": 9, "id": "m1"}]),
            "/materials/1/seq",
            "unknown_material_seq",
        ),
        (
            "/materials",
            json!([{"seq": 0, "id": "m1"}]),
            "/materials/0/seq",
            "not_in_range",
        ),
        (
            "/materials",
            json!(vec![json!({}); 101]),
            "/materials",
            "too_many",
        ),
        (
            "/materials",
            json!([{"seq": 1, "id": "word"}]),
            "/materials/0/id",
            "material_format",
        ),
        (
            "/materials",
            json!([{"seq": 1, "id": "m1"}, {"seq": 1, "id": "m2"}]),
            "/materials/1/seq",
            "material_single",
        ),
        ("/surprise", json!(1), "/surprise", "unknown_field"),
    ];
    for (place, value, pointer, code) in table {
        let mut body = good();
        let (parent, name) = place.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value.clone();
        let faults = run(&body).err().unwrap_or_default();
        assert!(
            faults.contains(&((*pointer).to_owned(), *code)),
            "{place} = {value}: {faults:?}"
        );
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let body = json!({"item_code": "10131300600698857413440400", "situation": "renewal", "region": "440300",
        "applicant": {"type": "person", "name": "x", "id_type": "resident_id", "id_number": "1", "phone": "1"},
        "form": {}, "materials": [{"seq": 3, "id": "none"}]});
    let faults = run(&body).err().unwrap();
    let mut codes: Vec<_> = faults.into_iter().map(|(_, code)| code).collect();
    codes.sort_unstable();
    let expected = [
        "form_missing",
        "identity_number_form",
        "item_suspended",
        "material_missing",
        "material_missing",
        "phone_form",
        "region_not_served",
        "unknown_material",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn an_item_past_its_last_day_takes_no_application() {
    let mut faults = Vec::new();
    let request = ApplicationRequest::of_body(&good(), &mut faults);
    let late = jiff::civil::date(2031, 1, 1);
    let faults = check(&request, &uploads(), &snapshot(), late, faults)
        .err()
        .unwrap();
    assert!(faults.iter().any(|f| f.code == "item_not_in_force"));
}

#[test]
fn phones_of_the_mainland_are_known_in_their_usual_forms() {
    for (phone, expected) in [
        ("13800000000", true),
        ("+86 138 0000 0000", true),
        ("0756-2121212", true),
        ("010-62345678", true),
        ("10000000000", false),
        ("2121212", false),
        ("1380000000a", false),
        ("", false),
    ] {
        assert_eq!(is_phone(phone), expected, "{phone}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_check_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(value) = json::read(&bytes) {
            let _ = run(&value);
        }
    }

    #[test]
    fn no_text_in_any_field_makes_the_check_panic(
        field in proptest::sample::select(vec!["item_code", "situation", "region", "applicant/name", "applicant/id_number",
            "applicant/phone", "applicant/email", "form/project_name", "materials/0/id"]),
        kind in proptest::sample::select(vec!["resident_id", "unified_social_credit_code", "organisation_code", "passport"]),
        text in "\\PC{0,40}",
    ) {
        let mut body = good();
        body["applicant"]["id_type"] = kind.into();
        if let Some(place) = body.pointer_mut(&format!("/{field}")) {
            *place = text.into();
        } else {
            body["applicant"]["email"] = text.into();
        }
        let _ = run(&body);
    }
}

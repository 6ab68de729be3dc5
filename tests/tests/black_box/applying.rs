//! Applying by the pages alone, without JavaScript: search, guide, form, documents, faults, review, receipt.

use serde_json::json;
use tongban_tests::hall::Hall;
use tongban_tests::page::{Browser, Form, Page};
use tongban_tests::sample::{IDENTITY_NUMBER, item};

/// Opens the form of an item as somebody does who has searched for it.
async fn form_of(browser: &mut Browser, words: &str, kind: &str, situation: Option<&str>) -> Form {
    let found = browser.open(&format!("/items?q={words}")).await;
    let guide = format!("/items/{}", item(kind));
    assert!(
        found.links.iter().any(|(href, _)| *href == guide),
        "{words}: {:?}",
        found.links
    );
    let guide = browser.open(&guide).await;
    let apply = format!("/items/{}/apply", item(kind));
    assert!(
        guide.links.iter().any(|(href, _)| *href == apply),
        "{:?}",
        guide.links
    );
    let start = browser.open(&apply).await;
    assert_eq!(start.status, 200, "{}", start.text);
    let mut begin = start.form("");
    if let Some(situation) = situation {
        begin.fill("situation", situation);
    }
    let shown = browser.press(&begin, "").await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    shown.form("review")
}

fn person(form: &mut Form) {
    form.fill("applicant/type", "person");
    form.fill("applicant/name", "古丽·买买提𠮷");
    form.fill("applicant/id_type", "resident_id");
    form.fill("applicant/id_number", IDENTITY_NUMBER);
    form.fill("applicant/phone", "138 0000 0000");
}

fn company(form: &mut Form) {
    form.fill("applicant/type", "enterprise");
    form.fill("applicant/name", "古丽·买买提𠮷有限公司");
    form.fill("applicant/id_type", "unified_social_credit_code");
    form.fill("applicant/id_number", "91440300708461136t");
    form.fill("applicant/phone", "138 0000 0000");
    form.fill("applicant/contact", "古丽");
}

/// Where the summary of faults leads to.
fn faults(page: &Page) -> Vec<&str> {
    let anchors = page.links.iter().map(|(href, _)| href.as_str());
    anchors.filter(|href| href.starts_with("#f-")).collect()
}

/// Reads it over, submits it, and returns number and query code of the receipt.
async fn submit(browser: &mut Browser, form: &Form) -> (String, String) {
    let review = browser.press(form, "review").await;
    assert_eq!(review.status, 200, "{}: {:?}", review.text, faults(&review));
    let receipt = browser.press(&review.form("submit"), "submit").await;
    assert_eq!(receipt.status, 200, "{}", receipt.text);
    assert!(receipt.path.ends_with("/receipt"), "{}", receipt.path);
    let no = receipt.path.split('/').nth(2).unwrap().to_owned();
    let between = |start: &str| {
        let rest = receipt.html.split(start).nth(1).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    assert_eq!(between("id=\"number\">"), no);
    let code = between("id=\"query-code\">");
    // Pressed once more, as after going back: the same receipt.
    let again = browser.press(&review.form("submit"), "submit").await;
    assert_eq!(
        (again.status, &again.path),
        (200, &receipt.path),
        "{}",
        again.text
    );
    (no, code)
}

#[tokio::test]
async fn a_person_applies_by_the_pages_alone_and_the_department_gets_it() {
    let hall = Hall::open(&[("rest", &[])]).await;
    let mut browser = Browser::new(hall.public, "zh-CN");
    let words = "%E6%B0%91%E7%94%A8%E7%88%86%E7%82%B8%E7%89%A9%E5%93%81";
    let mut form = form_of(&mut browser, words, "rest", Some("first")).await;

    // Everything wrong or missing is told at once, and what was typed stays.
    company(&mut form);
    form.fill("form/project_name", "样<b>例</b>");
    form.fill("form/safety_officer", "王五");
    form.fill("form/storage_limit_kg", "五千");
    let faulty = browser.press(&form, "review").await;
    assert_eq!(faulty.status, 422, "{}", faulty.text);
    assert_eq!(
        faults(&faulty),
        [
            "#f-form-warehouse_address",
            "#f-form-storage_limit_kg",
            "#f-form-varieties-0",
            "#f-form-safety_officer_phone",
            "#f-file-1",
            "#f-file-2",
            "#f-file-3",
            "#f-file-4",
        ],
        "{}",
        faulty.text
    );
    let mut form = faulty.form("review");
    assert_eq!(form.value("form/storage_limit_kg"), "五千");
    assert_eq!(form.value("form/project_name"), "样<b>例</b>");
    assert_eq!(form.value("applicant/name"), "古丽·买买提𠮷有限公司");

    // Files one by one, a wrong one among them; one taken back.
    form.attach("file/1", "审批表.pdf", b"%PDF-1.4 one");
    form.attach("file/4", "资格.txt", b"words");
    form.attach("file/4", "资格 2.txt", b"more words");
    let shown = browser.press(&form, "upload").await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(
        shown.text.contains("审批表.pdf") && shown.text.contains("资格 2.txt"),
        "{}",
        shown.text
    );
    let form = shown.form("review");
    let second = form
        .values
        .iter()
        .filter(|(n, v)| n == "material" && v.starts_with("4:"))
        .nth(1);
    let id = second.unwrap().1.split_once(':').unwrap().1.to_owned();
    let shown = browser.press(&form, &format!("remove:{id}")).await;
    assert!(!shown.text.contains("资格 2.txt"), "{}", shown.text);
    let mut form = shown.form("review");
    form.attach("file/2", "执照.pdf", b"%PDF-1.4 two");
    form.attach("file/3", "评价.pdf", b"%PDF-1.4 three");
    form.fill("form/warehouse_address", "广州市样例路1号");
    form.fill("form/storage_limit_kg", "5,000");
    form.fill("form/varieties", "explosive");
    form.fill("form/varieties", "cord");
    form.fill("form/safety_officer_phone", "１３８００００００００");

    let (no, code) = submit(&mut browser, &form).await;
    let taken = tongban_tests::sample::Taken {
        no: no.clone(),
        query_code: code,
        receipt: String::new(),
    };
    let shown = hall
        .until(&taken, "the department has taken it up", |shown| {
            shown["state"] != "submitted" && shown["with"]["holder"] != "hall"
        })
        .await;
    assert_eq!(shown["situation"], "first", "{shown:#}");
    let at_partner = hall.partner("rest").case(&no).await;
    assert_eq!(
        (&at_partner["effects"], &at_partner["complaints"]),
        (&json!(1), &json!([])),
        "{at_partner:#}"
    );
}

#[tokio::test]
async fn the_other_two_items_of_the_demo_can_be_applied_for_by_the_pages() {
    let hall = Hall::open(&[]).await;
    let mut browser = Browser::new(hall.public, "en");
    let words = "%E6%94%BF%E5%BA%9C%E4%BF%A1%E6%81%AF%E5%85%AC%E5%BC%80";
    let mut form = form_of(&mut browser, words, "soap", None).await;
    person(&mut form);
    form.fill("form/project_name", "样例公开申请");
    form.fill("form/information", "样例文件\n及清单");
    form.fill("form/purpose", "research");
    form.fill("form/medium", "email");
    form.fill("form/delivery", "online");
    form.attach("file/1", "id.jpg", b"\xff\xd8\xff\xe0 a picture");
    // The condition of the form: by e-mail needs an address.
    let faulty = browser.press(&form, "review").await;
    assert_eq!(faults(&faulty), ["#f-form-email"], "{}", faulty.text);
    assert!(
        faulty.text.contains("id.jpg"),
        "the file stays: {}",
        faulty.text
    );
    let mut form = faulty.form("review");
    form.fill("form/email", "name@example.com");
    let (disclosure, _) = submit(&mut browser, &form).await;

    let words = "%E6%97%A0%E7%BA%BF%E7%94%B5%E5%8F%B0";
    let mut form = form_of(&mut browser, words, "xml", Some("new")).await;
    company(&mut form);
    for (name, value) in [
        ("form/project_name", "样例台站"),
        ("form/station_kind", "fixed"),
        ("form/frequency_mhz", "409.75"),
        ("form/power_w", "4"),
        ("form/sets", "20"),
    ] {
        form.fill(name, value);
    }
    for seq in 1..=4 {
        form.attach(
            &format!("file/{seq}"),
            "a.pdf",
            format!("%PDF-1.4 {seq}").as_bytes(),
        );
    }
    let faulty = browser.press(&form, "review").await;
    assert_eq!(
        faults(&faulty),
        ["#f-form-longitude", "#f-form-latitude"],
        "{}",
        faulty.text
    );
    assert!(
        faulty.text.contains("Required when “Kind of station” is"),
        "{}",
        faulty.text
    );
    let mut form = faulty.form("review");
    form.fill("form/longitude", "113.5");
    form.fill("form/latitude", "22.2");
    let (radio, _) = submit(&mut browser, &form).await;
    assert_ne!(disclosure, radio);
}

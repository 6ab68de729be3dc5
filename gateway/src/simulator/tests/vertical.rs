//! The vertical system's GBK wire, pull and polled course (`docs/dialects.md`, section 3).

use super::super::vertical::{read_gbk, write_gbk};
use super::super::xml::Element;
use super::super::{Scenario, SimulatorKind, document};
use super::{FORM, Partner, form, partner};
use serde_json::{Value, json};

const NO: &str = "20170605000001";

async fn raw(partner: &Partner, path: &str, token: &str, xml: &[u8]) -> Element {
    let body = form::write(&[("accessToken", token.as_bytes()), ("xmlStr", xml)]);
    let (status, answer) = partner.post(path, FORM, &body).await.unwrap();
    assert_eq!(status, 200);
    assert!(answer.starts_with(b"<?xml version=\"1.0\" encoding=\"GBK\"?>"));
    read_gbk(&answer).unwrap()
}

async fn notify(partner: &Partner, number: &str, kind: &str, more: &str) -> (String, String) {
    let xml = format!(
        "<APPROVEDATAINFO><SBLSH_SHORT>{number}</SBLSH_SHORT><SXBM>1007</SXBM><XZQHDM>440000</XZQHDM><EXPRESSTYPE>{kind}</EXPRESSTYPE>{more}</APPROVEDATAINFO>"
    );
    let answer = raw(
        partner,
        "/exchange/sendApplyNO",
        "xml-sample-token",
        &write_gbk(&xml),
    )
    .await;
    (
        answer.value("CODE").to_owned(),
        answer.value("TEXT").to_owned(),
    )
}

async fn poll(partner: &Partner, number: &str) -> Element {
    let xml = format!("<APPROVEDATAINFO><SBLSH_SHORT>{number}</SBLSH_SHORT></APPROVEDATAINFO>");
    raw(
        partner,
        "/exchange/getCourseInfo",
        "xml-sample-token",
        &write_gbk(&xml),
    )
    .await
}

fn records(course: &Element) -> Vec<&Element> {
    course
        .children
        .iter()
        .filter(|c| c.name == "RECORD")
        .collect()
}

#[tokio::test]
async fn the_default_course_pulls_the_application_and_is_shown_newest_first_when_polled() {
    let partner = partner(SimulatorKind::Xml, |_| {}).await;
    assert_eq!(poll(&partner, NO).await.value("CODE"), "300");
    assert_eq!(notify(&partner, NO, "0", "").await.0, "200");
    let case = partner.closed(NO).await;
    assert_eq!(case["complaints"], json!([]));
    let pulled = |name: &str| {
        case["application"]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f[0] == name)
            .unwrap()[1]
            .clone()
    };
    assert_eq!(
        pulled("SQRMC"),
        json!("镕基😀公司"),
        "characters that GBK lacks travel as references"
    );
    assert_eq!(case["application"]["materials"][0]["md5_matches"], true);
    assert_eq!(case["application"]["form"]["power"], "50W");

    let course = poll(&partner, NO).await;
    let records = records(&course);
    let kinds: Vec<&str> = records.iter().map(|r| r.value("KIND")).collect();
    assert_eq!(
        (course.value("CODE"), kinds),
        ("200", vec!["BANJIE", "GUOCHENG", "SHOULI"])
    );
    assert_eq!(
        (records[0].value("RECORDID"), records[0].value("JG")),
        ("3", "10")
    );
    let dates: Vec<&str> = records.iter().map(|r| r.value("SJ")).collect();
    assert_eq!(
        dates.iter().map(|d| d.len()).collect::<Vec<_>>(),
        [15, 14, 15],
        "{dates:?}: both forms occur"
    );

    let file = partner.gateway.seen().into_iter().find_map(|call| {
        let fields = form::parse(&call.body)?;
        let root = read_gbk(fields.get("xmlStr")?).ok()?;
        root.child("SPSHENPIJIEGUO").cloned()
    });
    let file = file.unwrap();
    let pdf = data_encoding::BASE64
        .decode(file.value("ATTACH_BODY").as_bytes())
        .unwrap();
    assert_eq!(file.value("ATTACH_SIGN"), document::attach_sign(&pdf));
    assert!(pdf.starts_with(b"%PDF-") && file.value("ZZMC") == "无线电台执照");
}

#[tokio::test]
async fn a_correction_is_answered_by_notice_and_pulled_again() {
    let partner = partner(SimulatorKind::Xml, |o| o.scenario = Scenario::Correction).await;
    notify(&partner, NO, "0", "").await;
    partner
        .until(NO, "notified", |case| case["open_notice"] == 1)
        .await;
    let more = "<BZCLQD>电磁兼容分析报告</BZCLQD><BZSJ>20170606T101500</BZSJ>";
    assert_eq!(notify(&partner, NO, "1", more).await.0, "200");
    assert_eq!(
        notify(&partner, NO, "1", more).await,
        ("300".to_owned(), "补正已接收".to_owned())
    );
    partner.closed(NO).await;
    let kinds: Vec<String> = records(&poll(&partner, NO).await)
        .iter()
        .map(|r| r.value("KIND").to_owned())
        .collect();
    assert_eq!(
        kinds,
        ["BANJIE", "GUOCHENG", "BUZHENGSHOULI", "BUZHENG", "SHOULI"]
    );
    let case = partner.case(NO).await;
    assert_eq!(case["receipts"]["pull"], 2);
}

#[tokio::test]
async fn bad_notices_are_refused_in_the_dialect() {
    let partner = partner(SimulatorKind::Xml, |o| o.scenario = Scenario::Silent).await;
    let refused = |text: &str| ("300".to_owned(), text.to_owned());
    assert_eq!(
        notify(&partner, "17A", "0", "").await,
        refused("业务号必须为数字")
    );
    assert_eq!(notify(&partner, NO, "0", "").await.0, "200");
    assert_eq!(notify(&partner, NO, "0", "").await, refused("业务号已存在"));
    let path = "/exchange/sendApplyNO";
    let answer = raw(&partner, path, "wrong", &write_gbk("<APPROVEDATAINFO/>")).await;
    assert_eq!(answer.value("TEXT"), "accessToken无效");
    let answer = raw(
        &partner,
        path,
        "xml-sample-token",
        b"<APPROVEDATAINFO>\xff\xff</APPROVEDATAINFO>",
    )
    .await;
    assert_eq!(answer.value("TEXT"), "报文不是GBK编码");
    assert_eq!(partner.case(NO).await["effects"], 1);
    assert_eq!(partner.case("17A").await, Value::Null);
}

#[tokio::test]
async fn a_withdrawal_ends_as_void_with_its_reason() {
    let partner = partner(SimulatorKind::Xml, |o| o.scenario = Scenario::Correction).await;
    notify(&partner, NO, "0", "").await;
    partner
        .until(NO, "notified", |case| case["open_notice"] == 1)
        .await;
    assert_eq!(
        notify(&partner, NO, "9", "<CXYY>不办了</CXYY>").await.0,
        "200"
    );
    partner.closed(NO).await;
    let course = poll(&partner, NO).await;
    let last = records(&course)[0].clone();
    assert_eq!((last.value("JG"), last.value("YY")), ("09", "申请人撤回"));
}

#[test]
fn text_comes_back_from_gbk_as_it_was() {
    let text = "珠海市㈱镕堃 €—“引号”, 生僻: 𠮷😀";
    let bytes = write_gbk(&format!("<a>{text}</a>"));
    assert!(
        std::str::from_utf8(&bytes).is_err(),
        "the bytes are GBK, not UTF-8"
    );
    assert_eq!(read_gbk(&bytes).unwrap().text, text);
}

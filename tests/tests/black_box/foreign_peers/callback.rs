//! Foreign clients call us by our WSDL: zeep (strict), node-soap and PHP.

use super::peer::{finished, lines, script};
use super::taken::Case;
use serde_json::{Value, json};
use std::path::PathBuf;
use tongban_tests::hall::{Hall, SOAP_IDENTIFY, STATE_MAX};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, submit};

/// What the callers report: markup, quotes and characters of every length.
pub(super) const NOTE: &str = "意见 & <同意> “甲” '乙' ① 𠮷😀 完";
/// The same without what GBK lacks.
pub(super) const NOTE_GBK: &str = "意见 & <同意> “甲” '乙' ① 珠海镕堃 完";

/// A platform that has a case, and what it is about to report.
pub(super) struct Platform {
    pub case: Case,
    pub taken: Taken,
    pub wsdl: String,
    report: PathBuf,
    unknown: PathBuf,
}

impl Platform {
    /// A platform whose callback is of this style, version ("1.1", "1.2" or "both"), with a delivered case.
    pub(super) async fn open(style: &'static str, version: &'static str, note: &str) -> Self {
        let form = if style == "rpc" {
            "unqualified"
        } else {
            "qualified"
        };
        Self::open_in_form(style, version, form, note).await
    }

    async fn open_in_form(
        style: &'static str,
        version: &'static str,
        form: &'static str,
        note: &str,
    ) -> Self {
        let spoken = [
            ("PEER_CALLBACK_STYLE", style),
            ("PEER_CALLBACK_VERSION", version),
            ("PEER_CALLBACK_FORM", form),
        ];
        let case = Case::open("php/platform_server.php", "platform", &spoken).await;
        let taken = case.submit("样例公开申请", "accept").await;
        case.delivery(&taken, "delivered").await;
        let folder = case.hall.folder();
        let wsdl = format!(
            "http://{}/exchange/v1/systems/peer-platform/callback?wsdl",
            case.hall.exchange
        );
        let (report, unknown) = (folder.join("report.xml"), folder.join("unknown.xml"));
        std::fs::write(&report, document(&taken.no, note)).unwrap();
        std::fs::write(&unknown, document("no-such-case", note)).unwrap();
        Self {
            case,
            taken,
            wsdl,
            report,
            unknown,
        }
    }

    /// The arguments that every caller takes.
    pub(super) fn arguments(&self, address: &str, version: &str, more: &[&str]) -> Vec<String> {
        let paths = [&self.report, &self.unknown].map(|path| path.display().to_string());
        let mut all = vec![address.to_owned()];
        all.extend(paths);
        all.extend(["peer-identify".to_owned(), version.to_owned()]);
        all.extend(more.iter().map(|text| (*text).to_owned()));
        all
    }

    /// Lets a script call, and checks everything that a caller is answered.
    async fn called_by(&self, path: &str, version: &str, more: &[&str], note: &str) {
        let mut command = script(path);
        command.args(self.arguments(&self.wsdl, version, more));
        let said = lines(&finished(command).await);
        self.answered(&said, version, "MustUnderstand");
        self.happened(note).await;
    }

    /// Five calls: wrong credential, right, the same again, an unknown case, and one that deserves a fault.
    pub(super) fn answered(&self, said: &[Value], version: &str, fault: &str) {
        let of = |name: &str| {
            let found = said.iter().find(|call| call["call"] == name);
            found.unwrap_or_else(|| panic!("no call {name}: {said:#?}"))
        };
        assert_eq!(of("wrong")["code"], "4", "{said:#?}");
        assert_eq!(
            (
                &of("right")["code"],
                &of("right")["desc"],
                &of("right")["reasons"]
            ),
            (&json!("0"), &json!("收到"), &json!([])),
            "{said:#?}"
        );
        assert_eq!(of("again")["code"], "0", "{said:#?}");
        assert_eq!(
            (&of("unknown")["code"], &of("unknown")["desc"]),
            (&json!("1"), &json!("unknown_case")),
            "{said:#?}"
        );
        let reasons = of("unknown")["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), 1, "{said:#?}");
        let found = of("fault")["fault"].as_str().unwrap_or_default();
        let expected = match (fault, version) {
            ("Client", "1.2") => "Sender",
            (other, _) => other,
        };
        assert!(found.ends_with(expected), "{said:#?}");
        assert_ne!(of("fault")["reason"], "", "{said:#?}");
    }

    /// One event came of it, with the note as it was written.
    pub(super) async fn happened(&self, note: &str) {
        let events = self
            .case
            .hall
            .until_event(&self.taken, "pre_accepted")
            .await;
        let reported: Vec<_> = events
            .iter()
            .filter(|e| e["type"] == "pre_accepted")
            .collect();
        assert_eq!(reported.len(), 1, "{events:#?}");
        assert_eq!(reported[0]["system"], "peer-platform");
        assert_eq!(reported[0]["data"]["note"], note, "{events:#?}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a partner reports by its own clock"
)]
fn document(no: &str, note: &str) -> String {
    let escaped = note.replace('&', "&amp;").replace('<', "&lt;");
    let now = jiff::tz::offset(8).to_datetime(jiff::Timestamp::now());
    let at = now.strftime("%Y-%-m-%-d %H:%M:%S");
    format!(
        "<ExInfo><standardInfo process=\"EX_GDBS_WSYSL\"><Field FieldName=\"SBLSH\">{no}</Field>\
         <Field FieldName=\"YSLZTDM\">1</Field><Field FieldName=\"YSLSJ\">{at}</Field>\
         <Field FieldName=\"BLRXM\">李四</Field><Field FieldName=\"BZ\">{escaped}</Field></standardInfo></ExInfo>"
    )
}

#[tokio::test]
async fn zeep_calls_our_callback_in_rpc_style_over_soap_11_and_12() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("rpc", "both", NOTE).await;
        let script = "python/call_callback.py";
        platform.called_by(script, version, &["UTF-8"], NOTE).await;
    }
}

#[tokio::test]
async fn zeep_calls_our_callback_in_document_style_over_soap_11_and_12() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("document", "both", NOTE).await;
        let script = "python/call_callback.py";
        platform.called_by(script, version, &["UTF-8"], NOTE).await;
    }
}

#[tokio::test]
async fn zeep_calls_our_callback_in_either_form_of_its_elements() {
    for (style, form) in [("document", "unqualified"), ("rpc", "qualified")] {
        let platform = Platform::open_in_form(style, "1.1", form, NOTE).await;
        let script = "python/call_callback.py";
        platform.called_by(script, "1.1", &["UTF-8"], NOTE).await;
    }
}

#[tokio::test]
async fn zeep_calls_our_callback_in_gbk() {
    let platform = Platform::open("document", "1.1", NOTE_GBK).await;
    let script = "python/call_callback.py";
    platform.called_by(script, "1.1", &["GBK"], NOTE_GBK).await;
}

#[tokio::test]
async fn node_soap_calls_our_callback_in_rpc_style_over_soap_11_and_12() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("rpc", "both", NOTE).await;
        platform
            .called_by("node/call_callback.js", version, &[], NOTE)
            .await;
    }
}

#[tokio::test]
async fn node_soap_calls_our_callback_in_document_style_over_soap_11_and_12() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("document", "both", NOTE).await;
        platform
            .called_by("node/call_callback.js", version, &[], NOTE)
            .await;
    }
}

#[tokio::test]
async fn php_calls_our_callback_in_rpc_style_over_soap_11_and_12() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("rpc", "both", NOTE).await;
        let more = ["UTF-8", "wsdl"];
        platform
            .called_by("php/call_callback.php", version, &more, NOTE)
            .await;
    }
}

#[tokio::test]
async fn php_calls_our_callback_in_document_style_over_soap_11_and_12() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("document", "both", NOTE).await;
        let more = ["UTF-8", "document"];
        platform
            .called_by("php/call_callback.php", version, &more, NOTE)
            .await;
    }
}

#[tokio::test]
async fn php_calls_our_callback_without_its_wsdl_in_the_encoded_use() {
    for version in ["1.1", "1.2"] {
        let platform = Platform::open("rpc", "both", NOTE).await;
        let more = ["UTF-8", "uri"];
        platform
            .called_by("php/call_callback.php", version, &more, NOTE)
            .await;
    }
}

#[tokio::test]
async fn php_calls_our_callback_in_gbk() {
    let platform = Platform::open("rpc", "1.1", NOTE_GBK).await;
    let more = ["GBK", "wsdl"];
    platform
        .called_by("php/call_callback.php", "1.1", &more, NOTE_GBK)
        .await;
}

#[tokio::test]
async fn the_shipped_platform_is_called_by_its_wsdl_too() {
    let hall = Hall::open(&[("soap", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "soap").await;
    let query = format!("case={}", taken.no);
    eventually("delivered", STATE_MAX, || async {
        let all = hall.listed(&query).await;
        all.iter().any(|d| d["state"] == "delivered").then_some(())
    })
    .await;
    let wsdl = format!(
        "http://{}/exchange/v1/systems/zhuhai-platform/callback?wsdl",
        hall.exchange
    );
    let report = hall.folder().join("report.xml");
    let text = document(&taken.no, "无").replace(
        "<Field FieldName=\"BZ\">",
        "<Field FieldName=\"BSLYY\">无</Field><Field FieldName=\"BJBZSM\">无</Field><Field FieldName=\"BZ\">",
    );
    std::fs::write(&report, text).unwrap();
    let mut command = script("python/call_callback.py");
    command.arg(wsdl).args([&report, &report]);
    command.args([SOAP_IDENTIFY, "1.1", "UTF-8"]);
    let said = lines(&finished(command).await);
    let code = |name: &str| {
        said.iter()
            .find(|c| c["call"] == name)
            .map(|c| c["code"].clone())
    };
    assert_eq!(
        (code("wrong"), code("right")),
        (Some(json!("4")), Some(json!("0")))
    );
    let events = hall.until_event(&taken, "pre_accepted").await;
    assert_eq!(events.last().unwrap()["system"], "zhuhai-platform");
}

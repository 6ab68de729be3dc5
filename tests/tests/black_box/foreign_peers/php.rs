//! Servers on PHP's ext-soap: rpc/encoded and rpc/literal by WSDL, and without one; the message is XML inside a parameter.

use super::taken::{Case, PROJECT, PROJECT_GBK};
use serde_json::{Value, json};

const SERVER: &str = "php/platform_server.php";
const SENDER: &str = "E1001: 项目名称重复｜业务校验失败：“项目” <名称> & 编号";

async fn open(more: &[(&'static str, &str)]) -> Case {
    Case::open(SERVER, "platform", more).await
}

fn parameters_are_as_agreed(call: &Value) {
    assert_eq!(
        (&call["deptCode"], &call["tableName"], &call["identify"]),
        (
            &json!("006988574"),
            &json!("EX_GDBS_SB"),
            &json!("peer-identify")
        ),
        "{call:#}"
    );
}

#[tokio::test]
async fn php_takes_our_rpc_literal_call() {
    let case = open(&[("PEER_PATH", "/literal")]).await;
    let call = case.arrives(PROJECT).await;
    assert_eq!(call["action"], "\"setDataXmlToFocus\"");
    parameters_are_as_agreed(&call);
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn php_takes_our_call_where_its_wsdl_says_rpc_encoded() {
    let case = open(&[("PEER_PATH", "/encoded")]).await;
    parameters_are_as_agreed(&case.arrives(PROJECT).await);
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn php_takes_our_call_without_a_wsdl_over_soap_11() {
    let case = open(&[("PEER_PATH", "/uri"), ("PEER_RETURN", "return")]).await;
    parameters_are_as_agreed(&case.arrives(PROJECT).await);
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn php_takes_our_call_without_a_wsdl_over_soap_12() {
    let twelve = [
        ("PEER_PATH", "/uri"),
        ("PEER_RETURN", "return"),
        ("PEER_VERSION", "1.2"),
    ];
    let case = open(&twelve).await;
    let call = case.arrives(PROJECT).await;
    let content_type = call["content_type"].as_str().unwrap();
    assert!(content_type.starts_with("application/soap+xml"), "{call:#}");
    case.refusal().await;
    case.faults(SENDER, "Receiver: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn php_takes_our_call_in_gbk_with_gbk_as_its_inner_set() {
    let case = open(&[("PEER_PATH", "/literal-gbk"), ("PEER_CHARSET", "GBK")]).await;
    let call = case.arrives(PROJECT_GBK).await;
    assert_eq!(call["content_type"], "text/xml; charset=GBK");
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn a_wrong_credential_at_php_is_a_dead_letter() {
    let case = open(&[("PEER_PATH", "/literal"), ("PEER_IDENTIFY", "other")]).await;
    case.wrong_credential().await;
}

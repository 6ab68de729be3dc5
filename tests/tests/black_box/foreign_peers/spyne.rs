//! Servers on spyne, which checks each message against the schema of its WSDL.

use super::taken::{Case, PROJECT, PROJECT_GBK};

const SERVER: &str = "python/department_server.py";
/// What the department's fault rules make of `Client.BadProject` with its detail.
const SENDER: &str = "E1001: 项目名称重复｜业务校验失败：“项目” <名称> & 编号";

async fn open(more: &[(&'static str, &str)]) -> Case {
    Case::open(SERVER, "department", more).await
}

#[tokio::test]
async fn spyne_takes_our_document_literal_call_over_soap_11() {
    let case = open(&[("PEER_PATH", "/soap11")]).await;
    let call = case.arrives(PROJECT).await;
    assert_eq!(call["content_type"], "text/xml; charset=utf-8");
    assert_eq!(call["action"], "\"receiveApplication\"");
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn spyne_takes_our_document_literal_call_over_soap_12() {
    let case = open(&[("PEER_PATH", "/soap12"), ("PEER_VERSION", "1.2")]).await;
    let call = case.arrives(PROJECT).await;
    assert_eq!(
        call["content_type"],
        "application/soap+xml; charset=utf-8; action=\"receiveApplication\""
    );
    case.refusal().await;
    case.faults(SENDER, "Receiver: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn spyne_takes_our_call_in_its_bare_style() {
    let case = Case::open(SERVER, "department-bare", &[]).await;
    case.arrives(PROJECT).await;
    case.refusal().await;
}

#[tokio::test]
async fn spyne_takes_our_call_in_gbk() {
    let case = open(&[("PEER_PATH", "/soap11"), ("PEER_CHARSET", "GBK")]).await;
    let call = case.arrives(PROJECT_GBK).await;
    assert_eq!(call["content_type"], "text/xml; charset=GBK");
    case.refusal().await;
}

#[tokio::test]
async fn a_call_in_the_wrong_version_is_a_dead_letter_that_says_so() {
    let case = open(&[("PEER_PATH", "/soap11"), ("PEER_VERSION", "1.2")]).await;
    let taken = case.submit("样例公开申请", "accept").await;
    let dead = case.delivery(&taken, "dead").await;
    let words = dead["last_words"].as_str().unwrap();
    assert!(words.contains("Envelope element was found"), "{dead:#}");
}

#[tokio::test]
async fn a_wrong_credential_at_spyne_is_a_dead_letter() {
    let case = open(&[("PEER_PATH", "/soap11"), ("PEER_IDENTIFY", "other")]).await;
    case.wrong_credential().await;
}

//! Servers on node-soap, by a WSDL with a document and an rpc binding; this one demands its SOAPAction.

use super::taken::{Case, PROJECT};

const SERVER: &str = "node/department_server.js";
const ACTION: &str = "http://department.example/receive#receiveApplication";
const SENDER: &str = "E1001: 项目名称重复｜业务校验失败：“项目” <名称> & 编号";

async fn open(more: &[(&'static str, &str)]) -> Case {
    let mut all = vec![("PEER_ACTION", ACTION)];
    all.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    all.extend_from_slice(more);
    Case::open(SERVER, "department", &all).await
}

#[tokio::test]
async fn node_soap_takes_our_document_literal_call_over_soap_11() {
    let case = open(&[("PEER_PATH", "/document11")]).await;
    let call = case.arrives(PROJECT).await;
    assert_eq!(call["action"], format!("\"{ACTION}\""));
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn node_soap_takes_our_document_literal_call_over_soap_12() {
    let case = open(&[("PEER_PATH", "/document12"), ("PEER_VERSION", "1.2")]).await;
    let call = case.arrives(PROJECT).await;
    let content_type = call["content_type"].as_str().unwrap();
    assert!(content_type.contains(ACTION), "{content_type}");
    case.refusal().await;
    case.faults(SENDER, "Receiver: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn node_soap_takes_our_rpc_literal_call() {
    let case = open(&[
        ("PEER_PATH", "/rpc"),
        ("PEER_STYLE", "rpc"),
        ("PEER_FORM", "unqualified"),
    ])
    .await;
    case.arrives(PROJECT).await;
    case.refusal().await;
    case.faults(SENDER, "Server: 系统忙，请稍后再试").await;
}

#[tokio::test]
async fn a_missing_action_where_one_is_demanded_is_a_dead_letter_that_says_so() {
    let case = open(&[
        ("PEER_PATH", "/document11"),
        ("PEER_ACTION", "receiveApplication"),
    ])
    .await;
    let taken = case.submit("样例公开申请", "accept").await;
    let dead = case.delivery(&taken, "dead").await;
    assert_eq!(
        dead["last_words"], "Client: SOAPAction 缺失或不符",
        "{dead:#}"
    );
}

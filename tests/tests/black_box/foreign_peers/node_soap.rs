//! Servers on node-soap, by a WSDL with a document and an rpc binding; this one demands its SOAPAction.

use super::taken::{Case, PROJECT};
use tongban_tests::hall::STATE_MAX;
use tongban_tests::process::eventually;

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

/// node-soap finds no operation for the action and answers with an error of its own; that may pass, so it is tried again.
#[tokio::test]
async fn a_wrong_action_at_node_soap_is_tried_again_and_its_answer_is_seen() {
    let case = open(&[
        ("PEER_PATH", "/document11"),
        ("PEER_ACTION", "receiveApplication"),
    ])
    .await;
    let taken = case.submit("样例公开申请", "accept").await;
    let query = format!("case={}", taken.no);
    let seen = eventually("a second try", STATE_MAX, || async {
        let all = case.hall.listed(&query).await;
        all.into_iter().find(|d| d["attempts"].as_u64() > Some(1))
    })
    .await;
    let words = seen["last_words"].as_str().unwrap();
    assert!(words.contains("InternalServerError: TypeError"), "{seen:#}");
    assert_ne!(seen["state"], "delivered", "{seen:#}");
}

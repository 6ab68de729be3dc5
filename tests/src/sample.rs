//! Sample applications of the three partners, with everything that their items ask for.

use crate::http::{Answer, send};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

/// The sample person's identity number (GB 11643, its own sample): nothing but the partner may ever hold it in clear.
pub const IDENTITY_NUMBER: &str = "11010519491231002X";

/// An application that was acknowledged.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its number.
    pub no: String,
    /// Its query code.
    pub query_code: String,
    /// Its receipt.
    pub receipt: String,
}

impl Taken {
    /// What a 201 says.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{}", answer.text());
        let said = answer.json();
        let text = |name: &str| {
            said[name]
                .as_str()
                .unwrap_or_else(|| panic!("no {name}: {said}"))
                .to_owned()
        };
        Self {
            no: text("application_no"),
            query_code: text("query_code"),
            receipt: text("receipt"),
        }
    }
}

/// The item that goes to a kind of partner; `filing` is an immediate item (即办件) of the SOAP partner.
#[must_use]
pub fn item(kind: &str) -> &'static str {
    match kind {
        "rest" => "10021300100693911512440000",
        "soap" => "10131300500698857413440400",
        "filing" => "10082100000698857413440400",
        _ => "1144000000693911522440117020000",
    }
}

/// The materials that the sample needs.
#[must_use]
pub fn material_seqs(kind: &str) -> &'static [u32] {
    match kind {
        "soap" | "filing" => &[1],
        _ => &[1, 2, 3, 4],
    }
}

/// A submission with these uploads.
#[must_use]
pub fn body(kind: &str, materials: &[(u32, String)]) -> Value {
    let (situation, region, form) = match kind {
        "rest" => (
            json!("first"),
            "440000",
            json!({"project_name": "样例民爆销售点", "warehouse_address": "广州市样例路1号", "storage_limit_kg": 5000,
                   "varieties": ["explosive", "detonator"]}),
        ),
        "soap" => (
            Value::Null,
            "440400",
            json!({"project_name": "样例公开申请", "information": "样例文件及清单", "purpose": "research", "medium": "paper", "delivery": "online"}),
        ),
        "filing" => (
            json!("filing"),
            "440400",
            json!({"project_name": "样例技改项目", "investment_cny_10k": 1200.5, "starts_on": "2026-03-01", "content": "新建生产线一条"}),
        ),
        _ => (
            json!("new"),
            "440000",
            json!({"project_name": "样例台站", "station_kind": "handheld", "frequency_mhz": 409.75, "power_w": 4, "sets": 20}),
        ),
    };
    let materials: Vec<Value> = materials
        .iter()
        .map(|(seq, id)| json!({"seq": seq, "id": id}))
        .collect();
    let mut body = json!({
        "item_code": item(kind), "region": region, "form": form, "materials": materials,
        "applicant": {"type": "person", "name": "张三样例", "id_type": "resident_id", "id_number": IDENTITY_NUMBER, "phone": "13800000000"},
    });
    if !situation.is_null() {
        body["situation"] = situation;
    }
    body
}

/// Uploads a file.
pub async fn upload(public: SocketAddr, content: &[u8]) -> String {
    let headers = [
        ("content-type", "application/pdf"),
        ("x-file-name", "sample.pdf"),
    ];
    let answer = send(
        public,
        "POST",
        "/api/v1/materials",
        &headers,
        content.to_vec(),
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap_or_default().to_owned()
}

/// Uploads everything that the sample of a kind needs.
pub async fn uploads(public: SocketAddr, kind: &str) -> Vec<(u32, String)> {
    let mut materials = Vec::new();
    for seq in material_seqs(kind) {
        materials.push((
            *seq,
            upload(public, format!("%PDF-1.4 sample {seq}").as_bytes()).await,
        ));
    }
    materials
}

/// Posts a submission.
pub async fn post(public: SocketAddr, key: &str, body: &Value) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    send(
        public,
        "POST",
        "/api/v1/applications",
        &headers,
        body.to_string(),
    )
    .await
}

/// A key that no other submission of this run has.
#[must_use]
pub fn fresh_key() -> String {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    format!(
        "black-box-{}-{}",
        std::process::id(),
        DRAWN.fetch_add(1, Ordering::Relaxed)
    )
}

/// Submits the sample of a kind.
pub async fn submit(public: SocketAddr, kind: &str) -> Taken {
    let materials = uploads(public, kind).await;
    Taken::of(&post(public, &fresh_key(), &body(kind, &materials)).await)
}

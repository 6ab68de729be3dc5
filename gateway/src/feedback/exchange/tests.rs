//! The room with a real store, real definitions and the real way of a case, through its handlers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use super::*;
use crate::clock::Clock;
use crate::edge::CredentialReader;
use crate::identity::Principal;
use crate::intake::Intake;
use crate::intake::in_progress::InProgress;
use crate::intake::keys::InstallationKeys;
use crate::intake::origin::Origin;
use crate::operations::metrics::Metrics;
use crate::processing::change::{CaseNews, Casework};
use crate::registry::{HandOver, Registry, SystemState, SystemVersion, SystemVersions, sample};
use crate::store::case::CaseStore;
use crate::store::material::{MaterialStore, NewMaterial, UploadOutcome};
use crate::store::sealed::MasterKeys;
use crate::store::sqlite::{SqliteStore, StoreBounds};
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tongban_adapters::definition::CompiledDefinition;
use tower::ServiceExt;

const REST: &str = include_str!("../../../../config/systems/gd-explosives.yaml");
const SOAP: &str = include_str!("../../../../config/systems/zhuhai-platform.yaml");
const XML: &str = include_str!("../../../../config/systems/national-radio.yaml");
const REST_KEY: &str = "rest-sample-key";
const XML_KEY: &str = "xml-sample-token";
const ROOM: &str = "/exchange/v1/systems";

struct Bench {
    room: ExchangeRoom,
    store: Arc<SqliteStore>,
    clock: Clock,
    case_no: String,
    material: String,
    _folder: TempDir,
}

/// One case of `gd-explosives`, not yet sent to it.
async fn bench(rest: &str) -> Bench {
    let folder = TempDir::new().unwrap();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let store = SqliteStore::open(
        folder.path(),
        keys,
        clock.clone(),
        entropy.clone(),
        StoreBounds::default(),
    );
    let store = Arc::new(store.await.unwrap());
    let mut snapshot = sample::snapshot();
    for text in [rest, SOAP, XML] {
        let definition = CompiledDefinition::compile("sample.yaml", text, &|_| None);
        let definition = Arc::new(definition.unwrap_or_else(|faults| panic!("{faults:?}")));
        let mut versions = SystemVersions::default();
        let id = definition.id().to_owned();
        versions.insert(SystemVersion {
            version: 1,
            state: SystemState::Active,
            definition,
        });
        snapshot.systems.insert(id, versions);
    }
    snapshot.routes[0].system = Some("gd-explosives".to_owned());
    snapshot.routes[0].hand_over = HandOver::Apply;
    let registry = Arc::new(Registry::new(snapshot));
    let metrics = Arc::new(Metrics::new().unwrap());
    let casework = Casework {
        store: store.clone(),
        registry: Arc::clone(&registry),
        clock: clock.clone(),
        news: CaseNews::default(),
        announcer: crate::notification::Announcer::default(),
    };
    let intake = Intake {
        store: store.clone(),
        registry,
        keys: Arc::new(InstallationKeys::new(&[2; 32], &[3; 32]).unwrap()),
        in_progress: InProgress::default(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        observer: metrics.clone(),
        announcer: crate::notification::Announcer::default(),
    };
    let (case_no, material) = submitted(&intake, &store, &clock).await;
    let feedback = Feedback {
        casework,
        observer: metrics,
    };
    let bounds = ExchangeBounds {
        callback_bytes_max: 4_096,
        document_bytes_max: 1_024,
        ..ExchangeBounds::default()
    };
    let room = ExchangeRoom::new(feedback, entropy, bounds, SharedState::alone());
    Bench {
        room,
        store,
        clock,
        case_no,
        material,
        _folder: folder,
    }
}

async fn submitted(intake: &Intake, store: &SqliteStore, clock: &Clock) -> (String, String) {
    let upload = NewMaterial {
        id: intake.entropy.capability().unwrap(),
        client: "client".to_owned(),
        content_type: "application/pdf".to_owned(),
        file_name: "节能报告.pdf".to_owned(),
        created_at: clock.now(),
        max_bytes: 1_000,
        max_unbound_bytes: 1_000,
    };
    let bytes = stream::iter([Ok(bytes::Bytes::from_static(b"%PDF-1.4 report"))]).boxed();
    let UploadOutcome::Stored(material) = store.upload(upload, bytes).await.unwrap() else {
        panic!("the material was not stored")
    };
    let body = json!({
        "item_code": sample::OPEN, "situation": "new", "region": "440402",
        "applicant": {"type": "person", "name": "张三", "id_type": "resident_id",
            "id_number": "11010519491231002X", "phone": "13800000000"},
        "form": {"project_name": "x"},
        "materials": [{"seq": 1, "id": material.id}],
    });
    let origin = Origin {
        principal: Principal::anonymous(),
        client: "client".to_owned(),
        channel: "web",
        request_id: "request-1".to_owned(),
        idempotency_key: None,
        language: crate::text::Language::Chinese,
    };
    let taken = intake
        .submit(&body, &origin, |_| None)
        .await
        .unwrap_or_else(|e| panic!("{e:?}"));
    (taken.record.cases[0].case_no.clone(), material.id)
}

impl Bench {
    async fn notified(self) -> Self {
        self.store.pin_definition(&self.case_no, 1).await.unwrap();
        self
    }

    /// As the edge does it: credentials first, then the room.
    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let (mut head, body) = request.into_parts();
        let principal = match self.room.credentials().read(Listener::Exchange, &head) {
            Some(Err(problem)) => {
                return text(refuse::<Vec<u8>>(problem, &head.extensions).map(Body::from)).await;
            }
            Some(Ok(principal)) => principal,
            None => Principal::anonymous(),
        };
        head.extensions.insert(principal);
        let at = |rest: &str| format!("{ROOM}/{{id}}/{rest}");
        let router = Router::new()
            .route(&at("events"), post(events::take))
            .route(&at("applications/{no}"), get(applications::pull))
            .route(&at("materials"), post(materials::hand_in))
            .route(&at("materials/{mid}"), get(materials::fetch))
            .route(&at("callback"), post(callback::call).get(callback::wsdl))
            .route(ROOM, get(systems::list))
            .with_state(self.room.clone());
        text(
            router
                .oneshot(Request::from_parts(head, body))
                .await
                .unwrap(),
        )
        .await
    }

    fn event(&self, kind: &str, data: &Value) -> Value {
        json!({"case_no": self.case_no, "type": kind, "data": data, "occurred_at": self.clock.now()})
    }

    async fn report(&self, body: &str) -> (u16, String) {
        let request = Request::post(format!("{ROOM}/gd-explosives/events"))
            .header("x-api-key", REST_KEY)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    async fn get(&self, path: &str, key: &str) -> (u16, String) {
        let request = Request::get(format!("{ROOM}/{path}")).header("x-api-key", key);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn hand_back(&self, system: &str, key: &str, bytes: Vec<u8>) -> (u16, String) {
        let request = Request::post(format!("{ROOM}/{system}/materials"))
            .header("x-api-key", key)
            .header("x-case-no", &self.case_no)
            .header("x-document-kind", "certificate")
            .header("x-file-name", "%E8%AF%81.pdf")
            .header(header::CONTENT_TYPE, "application/pdf");
        self.send(request.body(Body::from(bytes)).unwrap()).await
    }

    async fn call_back(&self, key: &str, body: String) -> (u16, String) {
        let request = Request::post(format!("{ROOM}/gd-explosives/callback"))
            .header("x-api-key", key)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

async fn text(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

fn code(answer: &str) -> String {
    let value: Value = serde_json::from_str(answer).unwrap_or_else(|e| panic!("{e}: {answer}"));
    value["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn canonical_events_have_one_effect_and_each_its_own_answer() {
    let bench = bench(REST).await.notified().await;
    let event = bench.event("pre_accepted", &json!({}));
    for (body, status, word) in [
        (event.clone(), 200, "applied"),
        (event.clone(), 200, "known"),
        (
            json!([event, bench.event("dreamt", &json!({}))]),
            422,
            "unknown_type",
        ),
        (json!([event]), 200, "known"),
    ] {
        let (found, answer) = bench.report(&body.to_string()).await;
        assert_eq!(found, status, "{answer}");
        assert!(answer.contains(&format!("\"{word}\"")), "{word}: {answer}");
    }
    let mut other = event.clone();
    other["data"] = json!({"note": "another"});
    let (status, answer) = bench.report(&other.to_string()).await;
    assert_eq!((status, code(&answer).as_str()), (409, "conflict"));
}

#[tokio::test]
async fn what_is_wrong_with_a_report_has_its_status_and_code() {
    let bench = bench(REST).await.notified().await;
    let mut unknown = bench.event("accepted", &json!({}));
    unknown["case_no"] = json!("0");
    for (body, status, expected) in [
        ("{\"a\":1,\"a\":2}".to_owned(), 400, "malformed_json"),
        ("[".repeat(10_000), 400, "malformed_json"),
        ("{}".to_owned(), 422, "not_canonical"),
        (unknown.to_string(), 422, "unknown_case"),
        (" ".repeat(5 << 20), 413, "body_too_large"),
    ] {
        let (found, answer) = bench.report(&body).await;
        assert_eq!((found, code(&answer).as_str()), (status, expected));
    }
    for (system, key, content_type, status, expected) in [
        (
            "gd-explosives",
            "wrong",
            "application/json",
            401,
            "unauthenticated",
        ),
        (
            "gd-explosives",
            XML_KEY,
            "application/json",
            401,
            "unauthenticated",
        ),
        (
            "nobody",
            REST_KEY,
            "application/json",
            404,
            "unknown_system",
        ),
        (
            "gd-explosives",
            REST_KEY,
            "text/plain",
            415,
            "unsupported_content_type",
        ),
    ] {
        let request = Request::post(format!("{ROOM}/{system}/events"))
            .header("x-api-key", key)
            .header(header::CONTENT_TYPE, content_type);
        let (found, answer) = bench.send(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(
            (found, code(&answer).as_str()),
            (status, expected),
            "{system} {key} {content_type}"
        );
    }
}

#[tokio::test]
async fn a_partner_reaches_only_cases_that_it_was_sent() {
    let bench = bench(REST).await;
    let pull = format!("gd-explosives/applications/{}", bench.case_no);
    let material = format!("gd-explosives/materials/{}", bench.material);
    for path in [&pull, &material] {
        assert_eq!(
            bench.get(path, REST_KEY).await.0,
            404,
            "{path} before it was sent"
        );
    }
    assert_eq!(
        bench.hand_back("gd-explosives", REST_KEY, vec![1]).await.0,
        404
    );
    let bench = bench.notified().await;
    let (status, answer) = bench.get(&pull, REST_KEY).await;
    assert!(
        status == 200 && answer.contains("张三"),
        "{status} {answer}"
    );
    assert_eq!(
        bench.get(&material, REST_KEY).await,
        (200, "%PDF-1.4 report".to_owned())
    );
    for path in ["applications", "materials"] {
        let id = if path == "materials" {
            &bench.material
        } else {
            &bench.case_no
        };
        assert_eq!(
            bench
                .get(&format!("national-radio/{path}/{id}"), XML_KEY)
                .await
                .0,
            404
        );
    }
    let (status, answer) = bench.hand_back("national-radio", XML_KEY, vec![1]).await;
    assert_eq!((status, code(&answer).as_str()), (404, "unknown_case"));
}

#[tokio::test]
async fn a_document_is_stored_once_and_never_beyond_its_bound() {
    let bench = bench(REST).await.notified().await;
    let (status, first) = bench
        .hand_back("gd-explosives", REST_KEY, b"licence".to_vec())
        .await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(
        bench
            .hand_back("gd-explosives", REST_KEY, b"licence".to_vec())
            .await,
        (201, first)
    );
    let (status, answer) = bench
        .hand_back("gd-explosives", REST_KEY, vec![0; 1_025])
        .await;
    assert_eq!((status, code(&answer).as_str()), (413, "body_too_large"));
    let documents = bench
        .store
        .documents(&crate::identity::Scope::Everything, &bench.case_no)
        .await
        .unwrap();
    assert_eq!(documents.len(), 1);
}

#[tokio::test]
async fn a_callback_is_answered_in_the_partners_protocol_refusals_included() {
    let bench = bench(REST).await.notified().await;
    let form = |case_no: &str| {
        let object = json!({"SBLSH": case_no, "SXBM": sample::OPEN, "YWLSH": "YW000000000001", "XZQHDM": "440402",
            "SJBBH": "1", "BZ": "无", "YSLBMMC": "x", "YSLBMZZJGDM": "006988574", "BLRXM": "y", "YSLZTDM": "1",
            "BSLYY": "无", "BJBZSM": "无", "YSLSJ": Offset8(bench.clock.now()).to_string()});
        let escaped: String = object
            .to_string()
            .bytes()
            .map(|b| format!("%{b:02X}"))
            .collect();
        format!("sblsh={case_no}&sptype=1&spobject={escaped}")
    };
    assert_eq!(
        bench.call_back(REST_KEY, form(&bench.case_no)).await,
        (200, "1".to_owned())
    );
    assert_eq!(
        bench.call_back(REST_KEY, form(&bench.case_no)).await,
        (200, "1".to_owned())
    );
    for (key, body, expected) in [
        ("wrong", form(&bench.case_no), "0:unauthenticated"),
        (REST_KEY, form("0"), "0:unknown_case"),
        (REST_KEY, "sblsh=1&sptype=77".to_owned(), "0:"),
        (REST_KEY, "x".repeat(5_000), "0:"),
    ] {
        let (status, answer) = bench.call_back(key, body).await;
        assert!(
            status == 200 && answer.starts_with(expected),
            "{expected}: {status} {answer}"
        );
    }
}

/// The unpadded legal time that this partner writes.
struct Offset8(jiff::Timestamp);

impl std::fmt::Display for Offset8 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = jiff::tz::Offset::constant(8).to_datetime(self.0);
        write!(
            f,
            "{}-{}-{} {}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

#[tokio::test]
async fn a_signature_is_good_once_for_callback_and_resources_together() {
    let auth = "auth: { scheme: api_key, header: x-api-key, value: \"${GD_EXPLOSIVES_CALLBACK_KEY:-rest-sample-key}\" }";
    assert!(REST.contains(auth));
    let signed = REST.replace(auth, "auth: { scheme: tif, paasid: hall, token: secret }");
    let bench = bench(&signed).await.notified().await;
    let request = |nonce: &str, path: &str, method: &str| {
        let at = bench.clock.now().as_second().to_string();
        let signature = digest(&SHA256, format!("{at}secret{nonce}{at}").as_bytes());
        let request = Request::builder()
            .method(method)
            .uri(format!("{ROOM}/gd-explosives/{path}"));
        let request = request
            .header("x-tif-paasid", "hall")
            .header("x-tif-timestamp", at);
        let request = request.header("x-tif-nonce", nonce);
        let request = request.header(
            "x-tif-signature",
            data_encoding::HEXUPPER.encode(signature.as_ref()),
        );
        request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::empty())
            .unwrap()
    };
    let pull = format!("applications/{}", bench.case_no);
    assert_eq!(bench.send(request("one", &pull, "GET")).await.0, 200);
    let (status, answer) = bench.send(request("one", &pull, "GET")).await;
    assert_eq!((status, code(&answer).as_str()), (401, "nonce_reused"));
    let (_, answer) = bench.send(request("one", "callback", "POST")).await;
    assert!(answer.starts_with("0:unauthenticated"), "{answer}");
    assert_eq!(bench.send(request("two", &pull, "GET")).await.0, 200);
}

#[tokio::test]
async fn a_wsdl_names_the_address_that_the_client_used_and_systems_show_no_secret() {
    let bench = bench(REST).await;
    let wsdl = Request::get(format!("{ROOM}/zhuhai-platform/callback?wsdl"))
        .header(header::HOST, "hall.example:8090");
    let (status, answer) = bench.send(wsdl.body(Body::empty()).unwrap()).await;
    let address = "http://hall.example:8090/exchange/v1/systems/zhuhai-platform/callback";
    assert!(
        status == 200 && answer.contains(address),
        "{status} {answer}"
    );
    let none = Request::get(format!("{ROOM}/gd-explosives/callback?wsdl"))
        .header(header::HOST, "hall.example:8090");
    assert_eq!(bench.send(none.body(Body::empty()).unwrap()).await.0, 404);
    let request = Request::get(ROOM).body(Body::empty()).unwrap();
    let (status, answer) = bench.send(request).await;
    assert!(
        status == 200 && answer.contains("zhuhai-platform"),
        "{answer}"
    );
    for secret in [REST_KEY, XML_KEY, "soap-sample-identify"] {
        assert!(!answer.contains(secret));
    }
}

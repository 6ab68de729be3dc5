//! The public interface against the real store: every test speaks HTTP to the room's router.

use super::*;
use crate::clock::Clock;
use crate::edge::ClientAddress;
use crate::edge::context::language_of;
use crate::entropy::Entropy;
use crate::identity::{Principal, PrincipalKind, Role};
use crate::intake::IntakeObserver;
use crate::intake::in_progress::InProgress;
use crate::intake::keys::InstallationKeys;
use crate::intake::receipt;
use crate::notification::Announcer;
use crate::processing::change::CaseNews;
use crate::registry::Registry;
use crate::registry::sample;
use crate::store::SharedStore;
use crate::store::sealed::MasterKeys;
use crate::store::sqlite::{SqliteStore, StoreBounds};
use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use tower::ServiceExt;

mod acting;
mod handing_in;
mod reading;
mod streaming;
mod submitting;

struct Nobody;

impl IntakeObserver for Nobody {
    fn committed(&self, _: &str, _: Duration) {}
}

/// One hall on a folder of its own.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) hall: Arc<Hall>,
    router: Router,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(sample::snapshot(), HallSettings::default()).await
    }

    pub(crate) async fn with(snapshot: crate::registry::Snapshot, settings: HallSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let masters = MasterKeys::new([7; 32], &[]).unwrap();
        let bounds = StoreBounds::default();
        let store = SqliteStore::open(
            folder.path(),
            masters,
            clock.clone(),
            entropy.clone(),
            bounds,
        )
        .await
        .unwrap();
        let store: SharedStore = Arc::new(store);
        let registry = Arc::new(Registry::new(snapshot));
        let intake = Intake {
            store: Arc::clone(&store),
            registry: Arc::clone(&registry),
            keys: Arc::new(InstallationKeys::new(&[1; 32], &[2; 32]).unwrap()),
            in_progress: InProgress::default(),
            clock: clock.clone(),
            entropy,
            observer: Arc::new(Nobody),
            announcer: Announcer::default(),
        };
        let news = CaseNews::default();
        let casework = Casework {
            store,
            registry,
            clock,
            news,
            announcer: Announcer::default(),
        };
        let hall = Hall::new(Arc::new(intake), casework, settings, SharedState::alone());
        let router =
            register_exchange(register_public(Router::new())).with_state(Arc::clone(&hall));
        Self {
            folder,
            hall,
            router,
        }
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        read(
            self.send(request("GET", path, headers, Body::empty()))
                .await,
        )
        .await
    }

    async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (StatusCode, Value) {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        read(
            self.send(request("POST", path, &all, body.to_string().into()))
                .await,
        )
        .await
    }

    /// Uploads a PDF and returns its id.
    async fn upload(&self, bytes: &'static [u8]) -> String {
        let headers = [
            ("content-type", "application/pdf"),
            ("x-file-name", "%E6%8A%A5%E5%91%8A.pdf"),
        ];
        let answer = self
            .send(request("POST", "/api/v1/materials", &headers, bytes.into()))
            .await;
        let (status, body) = read(answer).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// A right application with a fresh upload.
    async fn application(&self) -> Value {
        let id = self.upload(b"%PDF-1.7 sample").await;
        json!({
            "item_code": sample::OPEN, "situation": "new", "region": "440402",
            "applicant": {"type": "person", "name": "张三", "id_type": "resident_id",
                "id_number": IDENTITY_NUMBER, "phone": "13800000000"},
            "form": {"project_name": "改造"},
            "materials": [{"seq": 1, "id": id}],
        })
    }

    /// Submits a right application; number and query code.
    async fn submitted(&self) -> (String, String) {
        let body = self.application().await;
        let (status, answer) = self.post("/api/v1/applications", &[], &body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("application_no"), text("query_code"))
    }
}

pub(crate) const IDENTITY_NUMBER: &str = "11010519491231002X";

pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body).unwrap();
    let language = language_of(request.headers());
    request.extensions_mut().insert(language);
    request
        .extensions_mut()
        .insert(ClientAddress("192.0.2.1".parse().ok()));
    request
}

fn as_principal(mut request: Request<Body>, principal: Principal) -> Request<Body> {
    request.extensions_mut().insert(principal);
    request
}

fn applicant(subject: &str) -> Principal {
    Principal {
        subject: subject.into(),
        kind: PrincipalKind::Applicant,
        organisation: None,
        roles: BTreeSet::from([Role::Public, Role::Applicant]),
        one_time: None,
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

/// Whether any file of a folder holds these bytes.
fn any_file_holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return any_file_holds(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

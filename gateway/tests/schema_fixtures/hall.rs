//! The hall of the fixtures: a little of everything, and what has to read back of it whatever version it was stored under.

use super::audit_log;
use std::collections::BTreeSet;
use tongban_gateway::identity::Scope;
use tongban_gateway::store::SharedStore;
use tongban_gateway::store::alert::NewAlert;
use tongban_gateway::store::api_key::CreateOutcome;
use tongban_gateway::store::application::{NewApplication, NewCase, SubmitOutcome};
use tongban_gateway::store::bulk::{BulkBegun, BulkKind, NewBulkJob};
use tongban_gateway::store::case::{ChangeOutcome, NewUnread};
use tongban_gateway::store::conformance::api_keys::{engineer, id_of, new_key};
use tongban_gateway::store::conformance::deliveries::leave;
use tongban_gateway::store::conformance::documents::{decision, stored};
use tongban_gateway::store::conformance::samples::{
    ID_NUMBER, NAME, SYSTEM, acceptance, accepted, application_of, at, attempt, audit, audits,
    body, case, change, clock, events, held, lease, material, new_case, read, rejected, submitted,
    with_key,
};
use tongban_gateway::store::delivery::{DeliveryFilter, DeliveryOutcome, DeliveryState};
use tongban_gateway::store::integrity::Depth;
use tongban_gateway::store::material::UploadOutcome;
use tongban_gateway::store::notification::{NewNotice, NewNotices, NewSubscription, NoticeFilter};
use tongban_gateway::store::registry::RegistryChange;
use tongban_gateway::store::upload::{NewPart, NewUpload, PartOutcome};
use uuid::Uuid;

const ALL: Scope = Scope::Everything;
/// Serials begin anew with the day, so the numbers are known.
const FIRST: &str = "10131300500698857411706050001";
const UNFINISHED: &str = "f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2";
const MATERIAL: &str = "f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1";

/// A case whose id no test draws again.
fn kept_case(number: u64) -> NewCase {
    NewCase {
        case_id: Uuid::from_u64_pair(0x0190_ffff_0000_7000, number),
        ..new_case()
    }
}

/// The same in the run that made the fixture and in the run that reads it.
fn first_application() -> NewApplication {
    let mut case = kept_case(1);
    case.materials = vec![(1, MATERIAL.to_owned())];
    case.projection.clocks = vec![clock("acceptance", 432_000)];
    case.notices = NewNotices {
        applicant: vec![NewNotice {
            event: 0,
            kind: "received",
            channels: vec!["sms", "email"],
            urgent: false,
            merges: true,
            deadline: None,
            due_at: at(0),
        }],
        subscribers: true,
        language: "en",
    };
    NewApplication {
        cases: vec![case],
        ..with_key("hall", "key", 1)
    }
}

fn anything(_: &str, _: &[u8]) -> Result<(), &'static str> {
    Ok(())
}

/// Stores the hall: everything as the rooms have it stored.
pub(crate) async fn fill(store: &SharedStore) {
    let mut upload = material("client");
    upload.id = MATERIAL.to_owned();
    let uploaded = store.upload(upload, body(b"content")).await.unwrap();
    assert!(matches!(uploaded, UploadOutcome::Stored(_)), "{uploaded:?}");
    let first = submitted(store, first_application()).await;
    assert_eq!(first.application_no, FIRST);
    handle_first(store).await;
    fill_registry(store).await;
    audit_log::seal(store).await;
    let second = application_of(vec![kept_case(2), kept_case(3)]);
    submitted(store, second).await;
    leave_second(store).await;
    fill_operations(store).await;
}

/// The first application: taken by its partner, with messages that wait and were refused, and a decision.
async fn handle_first(store: &SharedStore) {
    let leased = lease(store, 0).await.pop().unwrap();
    let done = DeliveryOutcome::Delivered {
        partner_no: Some("P-7".to_owned()),
    };
    assert!(leave(store, &leased, "accepted", done).await);
    let mut change = change(
        &case(store, FIRST).await,
        vec![accepted(FIRST, "1", 1)],
        "handling",
    );
    change.projection.clocks = vec![clock("promise", 864_000)];
    change.projection.poll_at = Some(at(50));
    let changed = store.change(change).await.unwrap();
    assert_eq!(changed, ChangeOutcome::Applied { rev: 2 });
    assert!(store.record_feedback(held(FIRST, "2", 3)).await.unwrap());
    let refused = rejected(FIRST, "3", "clock_skew");
    assert!(store.record_feedback(refused).await.unwrap());
    let unread = NewUnread {
        system_id: SYSTEM.to_owned(),
        case_no: FIRST.to_owned(),
        way: "callback",
        code: "unknown_code".to_owned(),
        reason: "没有的状态码".to_owned(),
        received_at: at(4),
        bytes: b"<z/>".to_vec(),
    };
    store.record_unread(unread).await.unwrap();
    stored(store, decision(FIRST), b"%PDF").await;
}

/// The second: one hand-over that nobody knows the outcome of, one dead and in a bulk job.
async fn leave_second(store: &SharedStore) {
    let mut leased = lease(store, 0).await;
    let (dead, unknown) = (leased.pop().unwrap(), leased.pop().unwrap());
    let journal = serde_json::json!({"begun": "submit"});
    assert!(
        store
            .journal(unknown.id, unknown.fence, &journal)
            .await
            .unwrap()
    );
    let again = DeliveryOutcome::Again {
        at: at(100),
        unknown: true,
    };
    assert!(leave(store, &unknown, "outcome_unknown", again).await);
    assert!(leave(store, &dead, "refused", DeliveryOutcome::Dead).await);
    let job = NewBulkJob {
        kind: BulkKind::Retry,
        deliveries: vec![dead.id],
        interval_us: 200_000,
        system_id: Some(SYSTEM.to_owned()),
        asked_for: "system=zhuhai-platform".to_owned(),
        created_at: at(100),
    };
    let begun = store
        .begin_bulk(&ALL, job, 3, audit("delivery.retry"))
        .await;
    assert!(matches!(begun.unwrap(), BulkBegun::Begun(_)));
}

async fn fill_registry(store: &SharedStore) {
    let documents = vec![(
        "routes".to_owned(),
        "routes.yaml".to_owned(),
        "r".to_owned(),
    )];
    let change = RegistryChange {
        items: vec![("item-1".to_owned(), "{\"名\":1}".to_owned())],
        systems: vec![("system-1".to_owned(), "id: a".to_owned())],
        documents,
        at: at(0),
        audit: audit("registry.apply"),
    };
    store.apply(change).await.unwrap();
    let secret = store.installation_secret("receipts", [5; 32]).await;
    assert_eq!(secret.unwrap(), [5; 32]);
}

async fn fill_operations(store: &SharedStore) {
    let paused = audit("system.pause");
    store.set_paused(&ALL, "p", true, paused).await.unwrap();
    let alert = NewAlert {
        system_id: SYSTEM.to_owned(),
        kind: "oldest",
        value: 1_900,
        bound: 1_800,
        at: at(0),
    };
    assert!(store.raise_alert(alert, &["email"], at(0)).await.unwrap());
    let key = store.create_api_key(engineer(), new_key(1, 0, 100), audit("key.create"));
    assert_eq!(key.await.unwrap(), CreateOutcome::Created);
    let subscription = NewSubscription {
        id: "s1".to_owned(),
        owner: Scope::Application(FIRST.to_owned()),
        kinds: vec!["closed".to_owned()],
        url: "https://hook.example/".to_owned(),
        secret: b"first secret".to_vec(),
        at: at(0),
        most: 2,
        audit: audit("subscription.create"),
    };
    assert!(store.subscribe(subscription).await.unwrap());
    let upload = NewUpload {
        id: UNFINISHED.to_owned(),
        client: "client".to_owned(),
        content_type: "application/pdf".to_owned(),
        file_name: "张三身份证.pdf".to_owned(),
        length: 9,
        created_at: at(0),
        max_unbound_bytes: 1 << 20,
    };
    store.begin_upload(upload).await.unwrap().unwrap();
    let part = NewPart {
        id: UNFINISHED.to_owned(),
        offset: 0,
        checksum: None,
        judge: anything,
        at: at(1),
    };
    let taken = store.append(part, body(b"%PDF")).await.unwrap();
    assert!(matches!(taken, PartOutcome::Taken(_)), "{taken:?}");
}

/// What was there reads back, the store is whole, and the hall goes on. `tables`: those that there were.
pub(crate) async fn goes_on_whole(store: &SharedStore, tables: &BTreeSet<String>) {
    is_whole(store, 3).await;
    goes_on(store, tables).await;
    is_whole(store, 4).await;
}

async fn is_whole(store: &SharedStore, cases: u64) {
    let whole = store.examine(Depth::Everything, jiff::Timestamp::MAX).await;
    let whole = whole.unwrap();
    assert_eq!(whole.faults, []);
    assert_eq!(whole.cases, cases);
    assert!(whole.opened > 20, "{whole:?}");
}

/// What was there reads back, and the hall goes on.
pub(crate) async fn goes_on(store: &SharedStore, tables: &BTreeSet<String>) {
    read_first(store).await;
    read_registry(store).await;
    read_deliveries(store).await;
    read_operations(store, tables).await;
    audit_log::holds(store, tables.contains("audit_batch")).await;
    // The same words under the same key are answered as then; new ones get the next number.
    match store.submit(first_application()).await.unwrap() {
        SubmitOutcome::Replayed(record) => assert_eq!(record.application_no, FIRST),
        other => panic!("not answered as before: {other:?}"),
    }
    let before = audits(store).await.len();
    let new = submitted(store, application_of(vec![new_case()])).await;
    assert!(new.application_no.as_str() > FIRST, "{new:?}");
    assert_eq!(events(store, &new.application_no).await.len(), 1);
    assert_eq!(audits(store).await.len(), before + 1);
    assert_eq!(lease(store, 0).await[0].case_no, new.application_no);
}

/// What was stored first is there, whatever was done since.
pub(crate) async fn still_reads(store: &SharedStore) {
    assert_eq!(case(store, FIRST).await.submission.applicant.name, NAME);
    assert_eq!(events(store, FIRST).await.len(), 2);
    let (_, bytes) = store.material_bytes(&ALL, MATERIAL).await.unwrap().unwrap();
    assert_eq!(read(bytes).await, b"content");
    read_registry(store).await;
}

/// What was done, in the order of the audit log.
const DONE: [&str; 8] = [
    "application.submit",
    "case.event",
    "registry.apply",
    "application.submit",
    "delivery.retry",
    "system.pause",
    "key.create",
    "subscription.create",
];

async fn read_first(store: &SharedStore) {
    let done: Vec<String> = audits(store)
        .await
        .into_iter()
        .map(|record| record.audit.action)
        .collect();
    assert_eq!(done, DONE);
    let first = case(store, FIRST).await;
    assert_eq!((first.state.as_str(), first.rev), ("handling", 2));
    assert_eq!(first.partner_no.as_deref(), Some("P-7"));
    assert_eq!(first.submission.applicant.name, NAME);
    let story = events(store, FIRST).await;
    assert_eq!(story.len(), 2);
    assert_eq!(story[1].event, acceptance("1", 1));
    assert_eq!(
        store.held(FIRST).await.unwrap()[0].event,
        acceptance("2", 3)
    );
    let rejected = store.rejected(&ALL, None, 9).await.unwrap();
    assert_eq!(rejected[0].reason_code, "clock_skew");
    let (_, bytes) = store.material_bytes(&ALL, MATERIAL).await.unwrap().unwrap();
    assert_eq!(read(bytes).await, b"content");
    let documents = store.documents(&ALL, FIRST).await.unwrap();
    assert_eq!(documents[0].name, decision(FIRST).name);
    let found = store.by_identity_number(&ALL, ID_NUMBER, 9).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.contains(&FIRST.to_owned()));
    let clocks = store.due_clocks(at(864_000), 9).await.unwrap();
    assert_eq!(clocks, [(FIRST.to_owned(), "promise".to_owned())]);
    let polled = store.take_due_polls(at(50), 1, 9).await.unwrap();
    assert_eq!(polled, [FIRST]);
}

async fn read_registry(store: &SharedStore) {
    assert_eq!(store.item_versions().await.unwrap()[0].json, "{\"名\":1}");
    assert_eq!(store.system_versions().await.unwrap()[0].source, "id: a");
    assert_eq!(store.registry_documents().await.unwrap()[0].2, "r");
    let secret = store.installation_secret("receipts", [6; 32]).await;
    assert_eq!(secret.unwrap(), [5; 32]);
    assert_eq!(store.paused().await.unwrap(), ["p"]);
}

async fn read_deliveries(store: &SharedStore) {
    let filter = DeliveryFilter {
        item: Some("1013130050069885741*".to_owned()),
        ..DeliveryFilter::default()
    };
    let all = store.deliveries(&ALL, &filter).await.unwrap();
    let mut states: Vec<DeliveryState> = all.iter().map(|d| d.state).collect();
    states.sort_by_key(|state| format!("{state:?}"));
    let expected = [
        DeliveryState::Dead,
        DeliveryState::Delivered,
        DeliveryState::Unknown,
    ];
    assert_eq!(states, expected, "found by the item that was applied for");
    let unknown = all.iter().find(|d| d.state == DeliveryState::Unknown);
    let record = store.delivery(&ALL, unknown.unwrap().id).await.unwrap();
    assert_eq!(
        record.unwrap().attempts[0].sent,
        attempt("outcome_unknown", 1).sent
    );
    assert!(lease(store, 99).await.is_empty());
    let due = lease(store, 100).await.pop().unwrap();
    assert!(due.ask_first);
    assert_eq!(due.journal, serde_json::json!({"begun": "submit"}));
    let done = DeliveryOutcome::Delivered { partner_no: None };
    assert!(leave(store, &due, "accepted", done).await);
}

async fn read_operations(store: &SharedStore, tables: &BTreeSet<String>) {
    let there = |table: &str| usize::from(tables.contains(table));
    let alerts = store.open_alerts().await.unwrap();
    assert_eq!(alerts.len(), there("alert"));
    let keys = store.api_keys().await.unwrap();
    let ids: Vec<String> = keys.keys.into_iter().map(|key| key.id).collect();
    assert_eq!(ids, vec![id_of(1); there("api_key")]);
    let jobs = store.open_bulk_jobs().await.unwrap();
    assert_eq!(jobs.len(), there("bulk_job"));
    let unread = store.unread(&ALL, None, 9).await.unwrap();
    assert_eq!(unread.len(), there("unread_feedback"));
    let subscriptions = store.subscriptions(&ALL).await.unwrap();
    assert_eq!(subscriptions.len(), there("subscription"));
    let filter = NoticeFilter {
        limit: 9,
        ..NoticeFilter::default()
    };
    let notices = store.notices(&filter).await.unwrap();
    assert_eq!(notices.len(), 2 * there("notification"));
    let unfinished = store.unfinished_upload(UNFINISHED).await.unwrap();
    assert_eq!(
        unfinished.map_or(0, |u| u.offset),
        4 * there("upload") as u64
    );
}

//! Samples for the cases: one application and ways to vary it. The identity number is the specimen of GB 11643-1999.

use super::Subject;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::application::{
    ApplicationRecord, IdempotencyKey, NewApplication, NewCase, NewEvent, SubmitOutcome,
};
use crate::store::audit::{AuditRecord, NewAudit};
use crate::store::case::ClockRow;
use crate::store::case::{CaseChange, CaseProjection, CaseRecord, FeedbackKey, NewFeedback};
use crate::store::case::{FeedbackState, StoredEvent};
use crate::store::delivery::{AttemptRecord, LeasedDelivery, Look, NewDelivery, SystemTerms};
use crate::store::material::{ByteStream, NewMaterial, UploadOutcome};
use crate::store::notification::NewNotices;
use bytes::Bytes;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use tongban_adapters::canonical::{
    Acceptance, Applicant, ApplicantType, CaseFact, Event, EventBody, IdentityType, ItemFact,
    Reason, Remark, Submission,
};
use tongban_adapters::exchange::Operation;
use uuid::Uuid;

pub const ID_NUMBER: &str = "11010519491231002X";
pub const NAME: &str = "张三";
pub const PHONE: &str = "13800000000";
pub const ORGANISATION: &str = "org-a";
pub const SYSTEM: &str = "zhuhai-platform";
pub const OWNER: &str = "subject-of-zhangsan";
pub const STEM: &str = "1013130050069885741170605";
/// One minute, in microseconds.
pub const MINUTE_US: i64 = 60_000_000;

/// The instant `seconds` after the sample's submission, 2017-06-05 09:30 in Shanghai.
pub fn at(seconds: i64) -> Timestamp {
    let taken: Timestamp = "2017-06-05T01:30:00Z".parse().unwrap();
    taken + SignedDuration::from_secs(seconds)
}

/// A number that no other call in this process returns.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A material id: 32 hexadecimal digits.
pub fn capability() -> String {
    format!("{:032x}", unique())
}

pub fn submission() -> Submission {
    Submission {
        case: CaseFact {
            no: String::new(),
            application_no: String::new(),
            short_no: None,
            partner_no: None,
            region: "440400".to_owned(),
            channel: "web".to_owned(),
            submitted_at: at(0),
            withdrawal_requested: false,
        },
        item: ItemFact {
            code: "10131300500698857413440400".to_owned(),
            id: "item-1".to_owned(),
            version: 3,
            name: "节能审查".to_owned(),
            situation: None,
            org_name: "珠海市工业和信息化局".to_owned(),
            org_uscc: "12441500196720244T".to_owned(),
            org_code: "006988574".to_owned(),
        },
        applicant: Applicant {
            kind: ApplicantType::Person,
            name: NAME.to_owned(),
            id_type: IdentityType::ResidentId,
            id_number: ID_NUMBER.to_owned(),
            phone: PHONE.to_owned(),
            contact: None,
            email: None,
        },
        form: json!({"project_name": "张三的项目", "year": 2017}),
        materials: Vec::new(),
    }
}

pub fn event(body: EventBody, seconds: i64) -> Event {
    Event {
        body,
        serial: String::new(),
        data_version: 1,
        occurred_at: at(seconds),
        actor: None,
    }
}

pub fn applied() -> NewEvent {
    own_event(EventBody::Applied(Remark::default()), 0)
}

pub fn own_event(body: EventBody, seconds: i64) -> NewEvent {
    NewEvent {
        event: event(body, seconds),
        system_id: None,
        received_at: at(seconds),
        supersedes: None,
        key: None,
    }
}

/// A partner's acceptance of a case, with its key.
pub fn accepted(case_no: &str, serial: &str, seconds: i64) -> NewEvent {
    NewEvent {
        event: acceptance(serial, seconds),
        system_id: Some(SYSTEM.to_owned()),
        received_at: at(seconds),
        supersedes: None,
        key: Some((key(case_no, serial), [7; 32])),
    }
}

pub fn acceptance(serial: &str, seconds: i64) -> Event {
    Event {
        serial: serial.to_owned(),
        ..event(EventBody::Accepted(Acceptance::default()), seconds)
    }
}

pub fn key(case_no: &str, serial: &str) -> FeedbackKey {
    FeedbackKey {
        system_id: SYSTEM.to_owned(),
        case_no: case_no.to_owned(),
        kind: "accepted".to_owned(),
        serial: serial.to_owned(),
        data_version: 1,
    }
}

/// A message to be held until a minute after `seconds`.
pub fn held(case_no: &str, serial: &str, seconds: i64) -> NewFeedback {
    NewFeedback {
        key: key(case_no, serial),
        digest: [7; 32],
        state: FeedbackState::Held,
        reason_code: String::new(),
        received_at: at(seconds),
        held_until: Some(at(seconds + 60)),
        event: acceptance(serial, seconds),
    }
}

/// A message that was refused with a code.
pub fn rejected(case_no: &str, serial: &str, code: &str) -> NewFeedback {
    NewFeedback {
        state: FeedbackState::Rejected,
        reason_code: code.to_owned(),
        held_until: None,
        ..held(case_no, serial, 0)
    }
}

pub fn projection(state: &str) -> CaseProjection {
    CaseProjection {
        state: state.to_owned(),
        decision: None,
        folded: json!({"state": state}),
        clocks: Vec::new(),
        poll_at: None,
    }
}

pub fn delivery(system: &str, operation: Operation) -> NewDelivery {
    NewDelivery {
        system_id: system.to_owned(),
        operation,
        message: Value::Null,
        not_before: at(0),
    }
}

pub fn new_case() -> NewCase {
    NewCase {
        case_id: Uuid::from_u64_pair(0x0190_0000_0000_7000, unique()),
        number_stem: STEM.to_owned(),
        organisation_id: ORGANISATION.to_owned(),
        system_id: Some(SYSTEM.to_owned()),
        short_number: false,
        submission: submission(),
        events: vec![applied()],
        projection: projection("submitted"),
        deliveries: vec![delivery(SYSTEM, Operation::Submit)],
        materials: Vec::new(),
        notices: NewNotices::default(),
    }
}

pub fn application() -> NewApplication {
    NewApplication {
        idempotency: None,
        body_digest: [1; 32],
        owner_subject: Some(OWNER.to_owned()),
        agent: None,
        channel: "web".to_owned(),
        submitted_at: at(0),
        cases: vec![new_case()],
        partner_origin: None,
        audit: audit("application.submit"),
    }
}

/// An application with these cases.
pub fn application_of(cases: Vec<NewCase>) -> NewApplication {
    NewApplication {
        cases,
        ..application()
    }
}

pub fn with_key(caller: &str, key: &str, body: u8) -> NewApplication {
    NewApplication {
        idempotency: Some(IdempotencyKey {
            caller: caller.to_owned(),
            key: key.to_owned(),
        }),
        body_digest: [body; 32],
        ..application()
    }
}

pub fn audit(action: &str) -> NewAudit {
    NewAudit {
        at: at(0),
        actor: OWNER.to_owned(),
        actor_kind: "applicant".to_owned(),
        action: action.to_owned(),
        target: String::new(),
        organisation_id: String::new(),
        request_id: "request-1".to_owned(),
        outcome: "ok".to_owned(),
        digest: [9; 32],
        note: String::new(),
    }
}

pub fn change(case: &CaseRecord, events: Vec<NewEvent>, state: &str) -> CaseChange {
    CaseChange {
        case_no: case.case_no.clone(),
        expected_rev: case.rev,
        events,
        projection: projection(state),
        submission: None,
        partner_no: None,
        deliveries: Vec::new(),
        cancel_deliveries: false,
        materials: Vec::new(),
        settled: Vec::new(),
        notices: NewNotices::default(),
        audit: audit("case.event"),
    }
}

pub fn refused(seconds: i64) -> NewEvent {
    own_event(
        EventBody::Refused(Reason {
            reason: "材料不齐".to_owned(),
        }),
        seconds,
    )
}

pub fn attempt(code: &str, seconds: i64) -> AttemptRecord {
    AttemptRecord {
        at: at(seconds),
        step: "submit".to_owned(),
        took_us: 1500,
        code: code.to_owned(),
        words: format!("{NAME}: {code}"),
        sent: b"POST / HTTP/1.1\r\n\r\n\x00\xff".to_vec(),
        received: NAME.as_bytes().to_vec(),
    }
}

pub fn material(client: &str) -> NewMaterial {
    NewMaterial {
        id: capability(),
        client: client.to_owned(),
        content_type: "application/pdf".to_owned(),
        file_name: "张三身份证.pdf".to_owned(),
        created_at: at(0),
        max_bytes: 1 << 20,
        max_unbound_bytes: 1 << 22,
    }
}

/// A body in pieces.
pub fn body(bytes: &[u8]) -> ByteStream {
    let pieces: Vec<Result<Bytes, std::io::Error>> = bytes
        .chunks(1000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    futures_util::stream::iter(pieces).boxed()
}

pub async fn read(mut stream: ByteStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        all.extend_from_slice(&piece.unwrap());
    }
    all
}

/// Uploads and returns the id.
pub async fn uploaded(store: &SharedStore, bytes: &[u8]) -> String {
    match store.upload(material("client"), body(bytes)).await.unwrap() {
        UploadOutcome::Stored(record) => record.id,
        other => panic!("not stored: {other:?}"),
    }
}

pub async fn submitted(store: &SharedStore, new: NewApplication) -> ApplicationRecord {
    match store.submit(new).await.unwrap() {
        SubmitOutcome::Stored(record) => record,
        other => panic!("not stored: {other:?}"),
    }
}

/// A store with one application of one case; the case.
pub async fn one_case(subject: &dyn Subject) -> (SharedStore, CaseRecord) {
    let store = subject.store();
    let mut record = submitted(&store, application()).await;
    let case = record.cases.pop().unwrap();
    (store, case)
}

pub async fn case(store: &SharedStore, case_no: &str) -> CaseRecord {
    store
        .case(&Scope::Everything, case_no)
        .await
        .unwrap()
        .unwrap()
}

pub async fn events(store: &SharedStore, case_no: &str) -> Vec<StoredEvent> {
    store
        .events(&Scope::Everything, case_no, 0, 100)
        .await
        .unwrap()
}

pub async fn audits(store: &SharedStore) -> Vec<AuditRecord> {
    store.audit(&Scope::Everything, 0, 1000).await.unwrap()
}

/// A clock that ends at `seconds`.
pub fn clock(kind: &str, seconds: i64) -> ClockRow {
    ClockRow {
        kind: kind.to_owned(),
        due_at: at(seconds),
    }
}

/// Leases what is due at `seconds`, for a minute.
pub async fn lease(store: &SharedStore, seconds: i64) -> Vec<LeasedDelivery> {
    store
        .lease(Look::with(
            "worker",
            at(seconds),
            MINUTE_US,
            100,
            SystemTerms::up_to(100),
        ))
        .await
        .unwrap()
        .deliveries
}

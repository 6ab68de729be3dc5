//! The schema: strict tables, and for every column that can hold text or bytes a word on why that is no personal data in the clear.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::collections::BTreeMap;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::Store;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{DATABASE_FILE, SqliteStore, StoreBounds};

/// AES-256-GCM under the key of a case, application or material, or under a master key.
const SEALED: &[&str] = &[
    "api_key.content",
    "application.data_key",
    "application.parties",
    "audit.content",
    "bulk_job.content",
    "case_event.event",
    "case_record.data_key",
    "case_record.folded",
    "case_record.submission",
    "delivery.journal",
    "delivery.last_words",
    "delivery.message",
    "delivery_attempt.exchange",
    "document.facts",
    "feedback.content",
    "installation_secret.secret",
    "subscription.content",
    "material.data_key",
    "material.facts",
    "upload.data_key",
    "upload.facts",
    "upload_segment.data_key",
    "unread_feedback.content",
];

/// HMAC-SHA256 under the installation's digest key: found by who has the key, guessed by nobody.
const DIGESTS: &[&str] = &[
    "application.agent_digest",
    "application.owner_digest",
    "case_record.identity_digest",
    "case_record.phone_digest",
    "document.content_digest",
    "feedback.content_digest",
    "feedback.key_digest",
    "idempotency.key_digest",
    "material.client_digest",
    "subscription.owner_digest",
    "upload.client_digest",
    "unread_feedback.complaint",
];

/// In the clear, each with its reason.
const PUBLIC: &[(&str, &str)] = &[
    ("application.uid", "random id of the first case"),
    (
        "application.application_no",
        "drawn by us from item, day and serial",
    ),
    ("application.channel", "one of four words"),
    ("application.partner_system", "registered id"),
    (
        "application.partner_no",
        "business number that the partner drew; searched exactly",
    ),
    ("audit_batch.root", "SHA-256 over sealed rows, published"),
    (
        "audit_batch.previous_root",
        "SHA-256 over sealed rows, published",
    ),
    ("audit_batch.statement", "signed root, published"),
    (
        "audit_leaf.hash",
        "SHA-256 over a row whose content is ciphertext",
    ),
    ("api_key.id", "random, public part of a key"),
    (
        "api_key.digest",
        "SHA-256 of 32 random bytes, of which no guess finds one",
    ),
    ("api_key.role", "fixed vocabulary"),
    ("api_key.organisation_id", "registered id"),
    ("api_key.replaced_by", "random, public part of a key"),
    ("alert.system_id", "registered id"),
    ("alert.kind", "fixed vocabulary"),
    ("alert_message.word", "opened or resolved"),
    ("alert_message.channel", "webhook or email"),
    ("alert_message.state", "fixed vocabulary"),
    ("audit.actor_kind", "fixed vocabulary"),
    ("audit.action", "fixed vocabulary"),
    ("audit.target", "case number or registered id"),
    ("audit.organisation_id", "registered id"),
    ("audit.request_id", "made at the edge"),
    ("audit.outcome", "stable code"),
    ("audit.system_id", "registered id"),
    ("bulk_job.kind", "fixed vocabulary"),
    ("bulk_job.state", "fixed vocabulary"),
    ("bulk_job.why", "stable code"),
    ("bulk_job.system_id", "registered id"),
    ("bulk_member.state", "fixed vocabulary"),
    ("case_record.item_code", "catalogue, published"),
    ("case_clock.kind", "fixed vocabulary"),
    ("case_event.kind", "fixed vocabulary"),
    ("case_event.system_id", "registered id"),
    ("case_record.case_id", "random id"),
    (
        "case_record.case_no",
        "drawn by us from item, day and serial",
    ),
    ("case_record.short_no", "drawn by us, a counter"),
    (
        "case_record.partner_no",
        "business number that the partner drew",
    ),
    ("case_record.organisation_id", "registered id"),
    ("case_record.system_id", "registered id"),
    ("case_record.state", "fixed vocabulary"),
    ("case_record.decision", "fixed vocabulary"),
    ("delivery.system_id", "registered id"),
    ("delivery.operation", "fixed vocabulary"),
    ("delivery.state", "fixed vocabulary"),
    ("delivery.worker", "name of a worker of ours"),
    ("delivery.last_code", "stable code"),
    ("delivery_attempt.step", "name of a step in the definition"),
    ("delivery_attempt.code", "stable code"),
    ("document.id", "random capability"),
    ("document.system_id", "registered id"),
    ("document.kind", "fixed vocabulary"),
    ("feedback.system_id", "registered id"),
    ("feedback.kind", "fixed vocabulary"),
    ("feedback.state", "fixed vocabulary"),
    ("feedback.reason_code", "stable code"),
    ("installation_secret.name", "chosen by us"),
    ("item_version.item_id", "catalogue"),
    ("item_version.json", "catalogue, published"),
    ("material.id", "random capability"),
    ("material.content_type", "media type"),
    ("material.scan", "one of four words"),
    ("notification.kind", "fixed vocabulary"),
    ("notification.channel", "sms, email or webhook"),
    (
        "notification.lane",
        "a channel, or random id of a subscription",
    ),
    ("notification.subscription_id", "random id"),
    ("notification.state", "fixed vocabulary"),
    ("notification.last_code", "stable code"),
    ("notification_choice.language", "zh or en"),
    (
        "recomputation.calendar",
        "version of the calendar, published",
    ),
    ("recomputation.days", "the calendar, published"),
    ("recomputation.notices", "titles of notices, published"),
    ("recomputation.state", "fixed vocabulary"),
    ("subscription.id", "random id"),
    ("subscription.kinds", "fixed vocabulary"),
    ("subscription.state", "fixed vocabulary"),
    ("subscription.last_code", "stable code"),
    ("number_floor.from_day", "calendar day"),
    ("number_floor.to_day", "calendar day"),
    ("number_serial.stem", "item code and day"),
    ("partner_pace.system_id", "registered id"),
    ("paused_system.system_id", "registered id"),
    ("registry_document.kind", "fixed vocabulary"),
    ("registry_document.name", "file name of the configuration"),
    ("registry_document.text", "configuration"),
    ("short_serial.system_id", "registered id"),
    ("system_version.system_id", "registered id"),
    ("system_version.state", "fixed vocabulary"),
    (
        "system_version.source",
        "definition as written; secrets are names of variables",
    ),
    ("upload.id", "random capability"),
    ("upload.content_type", "media type"),
    ("upload_segment.id", "random name of a file"),
    ("upload_segment.upload_id", "random capability"),
    ("unread_feedback.system_id", "registered id"),
    ("unread_feedback.way", "callback or poll"),
    ("unread_feedback.code", "stable code"),
];

async fn schema() -> (TempDir, SqliteConnection) {
    let folder = TempDir::new().unwrap();
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let bounds = StoreBounds::default();
    let store = SqliteStore::open(folder.path(), keys, clock, entropy, bounds).await;
    store.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join(DATABASE_FILE));
    let connection = SqliteConnection::connect_with(&options).await.unwrap();
    (folder, connection)
}

#[tokio::test]
async fn every_table_is_strict() {
    let (_folder, mut connection) = schema().await;
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
         AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    for (name, strict) in tables {
        assert!(strict, "{name} is not STRICT");
    }
}

#[tokio::test]
async fn every_column_of_text_or_bytes_is_sealed_or_has_a_reason_not_to_be() {
    let (_folder, mut connection) = schema().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT t.name || '.' || c.name, c.type FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'
         AND c.type <> 'INTEGER'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    let bytes = SEALED.iter().chain(DIGESTS).map(|column| (*column, "BLOB"));
    for (column, kind) in bytes.chain(PUBLIC.iter().map(|(column, _)| (*column, ""))) {
        assert!(
            listed.insert(column, kind).is_none(),
            "{column} is listed twice"
        );
    }
    for (column, kind) in &columns {
        let expected = listed.remove(column.as_str());
        let expected =
            expected.unwrap_or_else(|| panic!("{column} is not listed: seal it, or say why not"));
        assert!(
            expected.is_empty() || expected == kind,
            "{column} is {kind}"
        );
    }
    assert!(listed.is_empty(), "listed, but not there: {listed:?}");
}

#[tokio::test]
async fn references_hold_and_the_file_is_sound() {
    let (_folder, mut connection) = schema().await;
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(sound, "ok");
    let broken = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(broken.is_empty());
}

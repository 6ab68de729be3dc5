//! Rows of a group, gathered by column: each table is one statement with an array a column.

use super::Ids;
use crate::store::StoreError;
use crate::store::application::{NewApplication, NewCase};
use crate::store::case::ClockRow;
use crate::store::delivery::NewDelivery;
use crate::store::postgres::audit::Row as AuditRow;
use crate::store::postgres::case::search_digests;
use crate::store::postgres::rows::{stored, subject_digest};
use crate::store::postgres::submit::{CaseNumber, Prepared, PreparedCase};
use crate::store::sealed::Vault;
use jiff::Timestamp;
use sqlx::PgConnection;

#[derive(Default)]
pub(super) struct Applications {
    id: Vec<i64>,
    uid: Vec<Vec<u8>>,
    no: Vec<String>,
    data_key: Vec<Vec<u8>>,
    owner: Vec<Option<Vec<u8>>>,
    agent: Vec<Option<Vec<u8>>>,
    parties: Vec<Vec<u8>>,
    channel: Vec<String>,
    submitted_at: Vec<i64>,
}

impl Applications {
    pub(super) fn push(&mut self, vault: &Vault, id: i64, prepared: &Prepared, no: &str) {
        let application: &NewApplication = &prepared.application;
        let digest =
            |subject: &Option<String>| subject.as_deref().map(|s| subject_digest(vault, s));
        self.id.push(id);
        self.uid.push(prepared.uid.clone());
        self.no.push(no.to_owned());
        self.data_key.push(prepared.wrapped.clone());
        self.owner.push(digest(&application.owner_subject));
        self.agent.push(digest(&application.agent));
        self.parties.push(prepared.parties.clone());
        self.channel.push(application.channel.clone());
        self.submitted_at
            .push(application.submitted_at.as_microsecond());
    }

    pub(super) async fn insert(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO application (id, uid, application_no, data_key, owner_digest, agent_digest, parties, channel, submitted_at)
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[],
                 $9::bigint[])",
        )
        .bind(self.id)
        .bind(self.uid)
        .bind(self.no)
        .bind(self.data_key)
        .bind(self.owner)
        .bind(self.agent)
        .bind(self.parties)
        .bind(self.channel)
        .bind(self.submitted_at)
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Cases {
    id: Vec<i64>,
    case_id: Vec<Vec<u8>>,
    application_id: Vec<i64>,
    no: Vec<String>,
    short_no: Vec<Option<String>>,
    partner_no: Vec<Option<String>>,
    organisation: Vec<String>,
    system: Vec<Option<String>>,
    data_key: Vec<Vec<u8>>,
    identity: Vec<Option<Vec<u8>>>,
    phone: Vec<Option<Vec<u8>>>,
    submission: Vec<Vec<u8>>,
    folded: Vec<Vec<u8>>,
    state: Vec<String>,
    decision: Vec<Option<String>>,
    last_seq: Vec<i64>,
    poll_at: Vec<Option<i64>>,
    item_code: Vec<String>,
}

impl Cases {
    pub(super) fn push(
        &mut self,
        vault: &Vault,
        ids: Ids,
        case: &NewCase,
        sealed: &PreparedCase,
        number: &CaseNumber,
    ) {
        let (identity, phone) = search_digests(vault, &case.submission);
        self.id.push(ids.case);
        self.case_id.push(case.case_id.as_bytes().to_vec());
        self.application_id.push(ids.application);
        self.no.push(number.case_no.clone());
        self.short_no.push(number.short_no.clone());
        self.partner_no
            .push(case.submission.case.partner_no.clone());
        self.organisation.push(case.organisation_id.clone());
        self.system.push(case.system_id.clone());
        self.data_key.push(sealed.wrapped.clone());
        self.identity.push(identity);
        self.phone.push(phone);
        self.submission.push(sealed.submission.clone());
        self.folded.push(sealed.folded.clone());
        self.state.push(case.projection.state.clone());
        self.decision.push(case.projection.decision.clone());
        self.last_seq.push(stored(case.events.len()));
        self.poll_at
            .push(case.projection.poll_at.map(Timestamp::as_microsecond));
        self.item_code.push(case.submission.item.code.clone());
    }

    pub(super) async fn insert(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO case_record (id, case_id, application_id, case_no, short_no, partner_no, organisation_id, system_id, data_key,
                 identity_digest, phone_digest, submission, folded, state, decision, rev, last_seq, poll_at, item_code)
             SELECT id, case_id, application_id, case_no, short_no, partner_no, organisation_id, system_id, data_key, identity_digest,
                 phone_digest, submission, folded, state, decision, 1, last_seq, poll_at, item_code
             FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[],
                 $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[], $14::text[], $15::text[], $16::bigint[], $17::bigint[],
                 $18::text[])
             AS new (id, case_id, application_id, case_no, short_no, partner_no, organisation_id, system_id, data_key, identity_digest,
                 phone_digest, submission, folded, state, decision, last_seq, poll_at, item_code)",
        )
        .bind(self.id)
        .bind(self.case_id)
        .bind(self.application_id)
        .bind(self.no)
        .bind(self.short_no)
        .bind(self.partner_no)
        .bind(self.organisation)
        .bind(self.system)
        .bind(self.data_key)
        .bind(self.identity)
        .bind(self.phone)
        .bind(self.submission)
        .bind(self.folded)
        .bind(self.state)
        .bind(self.decision)
        .bind(self.last_seq)
        .bind(self.poll_at)
        .bind(self.item_code)
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Events {
    case_id: Vec<i64>,
    seq: Vec<i64>,
    kind: Vec<String>,
    system: Vec<Option<String>>,
    received_at: Vec<i64>,
    supersedes: Vec<Option<i64>>,
    event: Vec<Vec<u8>>,
}

impl Events {
    pub(super) fn push(&mut self, case_row: i64, case: &NewCase, sealed: &PreparedCase) {
        for ((seq, new), event) in (1i64..).zip(&case.events).zip(&sealed.events) {
            self.case_id.push(case_row);
            self.seq.push(seq);
            self.kind.push(new.event.body.kind().to_owned());
            self.system.push(new.system_id.clone());
            self.received_at.push(new.received_at.as_microsecond());
            self.supersedes.push(new.supersedes.map(stored));
            self.event.push(event.clone());
        }
    }

    pub(super) async fn insert(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO case_event (case_id, seq, kind, system_id, received_at, supersedes, event)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])",
        )
        .bind(self.case_id)
        .bind(self.seq)
        .bind(self.kind)
        .bind(self.system)
        .bind(self.received_at)
        .bind(self.supersedes)
        .bind(self.event)
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Clocks {
    case_id: Vec<i64>,
    kind: Vec<String>,
    due_at: Vec<i64>,
}

impl Clocks {
    pub(super) fn push(&mut self, case_row: i64, clocks: &[ClockRow]) {
        for clock in clocks {
            self.case_id.push(case_row);
            self.kind.push(clock.kind.clone());
            self.due_at.push(clock.due_at.as_microsecond());
        }
    }

    pub(super) async fn insert(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.case_id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO case_clock (case_id, kind, due_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])",
        )
        .bind(self.case_id)
        .bind(self.kind)
        .bind(self.due_at)
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Deliveries {
    case_id: Vec<i64>,
    system: Vec<String>,
    operation: Vec<String>,
    due_at: Vec<i64>,
    created_at: Vec<i64>,
}

impl Deliveries {
    /// A new case's only delivery has its turn.
    pub(super) fn push(
        &mut self,
        case_row: i64,
        deliveries: &[NewDelivery],
        submitted_at: Timestamp,
    ) {
        for delivery in deliveries {
            self.case_id.push(case_row);
            self.system.push(delivery.system_id.clone());
            self.operation.push(delivery.operation.as_str().to_owned());
            self.due_at.push(delivery.not_before.as_microsecond());
            self.created_at.push(submitted_at.as_microsecond());
        }
    }

    pub(super) async fn insert(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.case_id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO delivery (case_id, system_id, operation, state, turn, due_at, created_at)
             SELECT case_id, system_id, operation, 'pending', 1, due_at, created_at
             FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
             AS new (case_id, system_id, operation, due_at, created_at)",
        )
        .bind(self.case_id)
        .bind(self.system)
        .bind(self.operation)
        .bind(self.due_at)
        .bind(self.created_at)
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Audits {
    at: Vec<i64>,
    actor_kind: Vec<String>,
    action: Vec<String>,
    target: Vec<String>,
    organisation: Vec<String>,
    request: Vec<String>,
    outcome: Vec<String>,
    application_id: Vec<Option<i64>>,
    system: Vec<Option<String>>,
    content: Vec<Vec<u8>>,
}

impl Audits {
    pub(super) fn push(&mut self, row: AuditRow) {
        self.at.push(row.audit.at.as_microsecond());
        self.actor_kind.push(row.audit.actor_kind);
        self.action.push(row.audit.action);
        self.target.push(row.audit.target);
        self.organisation.push(row.audit.organisation_id);
        self.request.push(row.audit.request_id);
        self.outcome.push(row.audit.outcome);
        self.application_id.push(row.application_id);
        self.system.push(row.system_id);
        self.content.push(row.content);
    }

    pub(super) async fn insert(self, connection: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO audit (at, actor_kind, action, target, organisation_id, request_id, outcome, application_id, system_id, content)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
                 $9::text[], $10::bytea[])",
        )
        .bind(self.at)
        .bind(self.actor_kind)
        .bind(self.action)
        .bind(self.target)
        .bind(self.organisation)
        .bind(self.request)
        .bind(self.outcome)
        .bind(self.application_id)
        .bind(self.system)
        .bind(self.content)
        .execute(connection)
        .await?;
        Ok(())
    }
}

//! Committing an application: sealed before it queues, numbered and written in one transaction.

use super::audit::{self, About};
use super::dialect::{self, DbConnection};
use super::rows::{application_place, case_place, event_place, stored, subject_digest};
use super::{
    StoreError, Verdict, application, broken, case, clock, feedback, keep, material, notification,
    numbers, outbox, undo,
};
use crate::fail_point::fail_point;
use crate::store::application::{
    ApplicationRecord, NewApplication, NewCase, PartnerOrigin, SubmitOutcome,
};
use crate::store::case::CaseRecord;
use crate::store::sealed::{DataKey, Sealed, Vault};
use serde::{Deserialize, Serialize};

/// What of an application tells who it is of.
#[derive(Serialize, Deserialize)]
pub(super) struct Parties {
    pub(super) owner_subject: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) body_digest: [u8; 32],
}

/// An application with everything sealed that can be sealed before its numbers are known.
pub(super) struct Prepared {
    pub(super) application: NewApplication,
    pub(super) uid: Vec<u8>,
    pub(super) key: DataKey,
    pub(super) wrapped: Vec<u8>,
    pub(super) parties: Vec<u8>,
    pub(super) cases: Vec<PreparedCase>,
}

pub(super) struct PreparedCase {
    pub(super) key: DataKey,
    pub(super) wrapped: Vec<u8>,
    pub(super) submission: Vec<u8>,
    pub(super) folded: Vec<u8>,
    pub(super) events: Vec<Vec<u8>>,
}

/// Seals an application on the caller's task, so that the writer only writes.
pub(super) fn prepare(vault: &Vault, application: NewApplication) -> Result<Prepared, StoreError> {
    let uid = application
        .cases
        .first()
        .ok_or_else(|| {
            broken(
                "application",
                "cases",
                "new",
                "an application without a case",
            )
        })?
        .case_id
        .as_bytes()
        .to_vec();
    let (key, wrapped) = vault.fresh_key(&application_place("data_key", &uid))?;
    let parties = Parties {
        owner_subject: application.owner_subject.clone(),
        agent: application.agent.clone(),
        body_digest: application.body_digest,
    };
    let parties = Sealed::seal(
        &key,
        &application_place("parties", &uid),
        &parties,
        vault.entropy(),
    )?
    .into_bytes();
    let cases = application
        .cases
        .iter()
        .map(|case| prepare_case(vault, case))
        .collect::<Result<_, _>>()?;
    Ok(Prepared {
        application,
        uid,
        key,
        wrapped,
        parties,
        cases,
    })
}

fn prepare_case(vault: &Vault, case: &NewCase) -> Result<PreparedCase, StoreError> {
    let id = case.case_id;
    let entropy = vault.entropy();
    let (key, wrapped) = vault.fresh_key(&case_place("data_key", id))?;
    let submission = Sealed::seal(
        &key,
        &case_place("submission", id),
        &case.submission,
        entropy,
    )?;
    let folded = Sealed::seal(
        &key,
        &case_place("folded", id),
        &case.projection.folded,
        entropy,
    )?;
    let events = (1u64..)
        .zip(&case.events)
        .map(|(seq, new)| {
            Sealed::seal(&key, &event_place(id, seq), &new.event, entropy).map(Sealed::into_bytes)
        })
        .collect::<Result<_, _>>()?;
    Ok(PreparedCase {
        key,
        wrapped,
        submission: submission.into_bytes(),
        folded: folded.into_bytes(),
        events,
    })
}

/// The write: nothing of it stays unless the outcome is [`SubmitOutcome::Stored`].
pub(super) async fn commit(
    connection: &mut DbConnection,
    vault: &Vault,
    prepared: Prepared,
) -> Result<Verdict<SubmitOutcome>, StoreError> {
    stand_alone(connection, vault, &prepared.application).await?;
    if let Some(earlier) = earlier(connection, vault, &prepared.application).await? {
        return undo(earlier);
    }
    let Some(numbers) = draw_numbers(connection, &prepared.application).await? else {
        return undo(SubmitOutcome::NumbersExhausted);
    };
    fail_point!("submit.numbered");
    let row = insert_application(connection, vault, &prepared, &numbers.application_no).await?;
    let mut not_bindable = Vec::new();
    for ((case, sealed), number) in prepared
        .application
        .cases
        .iter()
        .zip(&prepared.cases)
        .zip(&numbers.cases)
    {
        let id = insert_case(connection, vault, (row, case, sealed, number)).await?;
        insert_parts(connection, vault, (id, case, sealed, number), &prepared).await?;
        not_bindable
            .extend(material::bind(connection, vault, (id, &sealed.key), &case.materials).await?);
        fail_point!("submit.case_written");
    }
    if !not_bindable.is_empty() {
        return undo(SubmitOutcome::MaterialsNotBindable(not_bindable));
    }
    fail_point!("submit.before_audit");
    let about = about(&prepared, row, &numbers);
    audit::write(connection, vault, prepared.application.audit.clone(), about).await?;
    keep(SubmitOutcome::Stored(record(prepared, numbers)))
}

pub(super) fn about<'a>(prepared: &'a Prepared, row: i64, numbers: &'a Numbers) -> About<'a> {
    let first = prepared.application.cases.first();
    About {
        application: Some((row, &prepared.key)),
        system_id: first.and_then(|c| c.system_id.as_deref()),
        target: &numbers.application_no,
        organisation_id: first.map_or("", |c| c.organisation_id.as_str()),
    }
}

/// Two submissions under one key, at whatever nodes, are looked at one after the other.
async fn stand_alone(
    connection: &mut DbConnection,
    vault: &Vault,
    application: &NewApplication,
) -> Result<(), StoreError> {
    if let Some(key) = &application.idempotency {
        dialect::alone(connection, &application::key_digest(vault, key)).await?;
    }
    if let Some(origin) = &application.partner_origin {
        let name = format!("{}/{}", origin.system_id, origin.partner_no);
        dialect::alone(connection, name.as_bytes()).await?;
    }
    Ok(())
}

/// What was committed before under the same idempotency key or partner number.
async fn earlier(
    connection: &mut DbConnection,
    vault: &Vault,
    application: &NewApplication,
) -> Result<Option<SubmitOutcome>, StoreError> {
    let mut found = None;
    if let Some(key) = &application.idempotency {
        found = application::id_by_key(connection, vault, key).await?;
    }
    if let (None, Some(origin)) = (found, &application.partner_origin) {
        found = application::id_by_origin(connection, origin).await?;
    }
    let Some(id) = found else {
        return Ok(None);
    };
    match application::load(connection, vault, &crate::identity::Scope::Everything, id).await {
        Ok(Some(earlier)) if earlier.body_digest == application.body_digest => {
            Ok(Some(SubmitOutcome::Replayed(earlier)))
        }
        // An erased application cannot be compared any more: its key stays used.
        Ok(_) | Err(StoreError::Sealed { .. }) => Ok(Some(SubmitOutcome::KeyReused)),
        Err(error) => Err(error),
    }
}

pub(super) struct Numbers {
    pub(super) application_no: String,
    pub(super) cases: Vec<CaseNumber>,
}

pub(super) struct CaseNumber {
    pub(super) case_no: String,
    pub(super) short_no: Option<String>,
}

/// One number a case; an application of several cases has one of its own, from the stem of the first.
async fn draw_numbers(
    connection: &mut DbConnection,
    application: &NewApplication,
) -> Result<Option<Numbers>, StoreError> {
    let mut cases = Vec::with_capacity(application.cases.len());
    let mut own = None;
    if let [first, _, ..] = application.cases.as_slice() {
        match numbers::draw(connection, &first.number_stem).await? {
            None => return Ok(None),
            drawn => own = drawn,
        }
    }
    for case in &application.cases {
        let Some(case_no) = numbers::draw(connection, &case.number_stem).await? else {
            return Ok(None);
        };
        let short_no = match case.system_id.as_deref().filter(|_| case.short_number) {
            None => None,
            Some(system) => match numbers::draw_short(connection, system).await? {
                None => return Ok(None),
                drawn => drawn,
            },
        };
        cases.push(CaseNumber { case_no, short_no });
    }
    let application_no = match (own, cases.first()) {
        (Some(own), _) => own,
        (None, Some(first)) => first.case_no.clone(),
        (None, None) => return Ok(None),
    };
    Ok(Some(Numbers {
        application_no,
        cases,
    }))
}

async fn insert_application(
    connection: &mut DbConnection,
    vault: &Vault,
    prepared: &Prepared,
    application_no: &str,
) -> Result<i64, StoreError> {
    let application = &prepared.application;
    let digest = |subject: &Option<String>| subject.as_deref().map(|s| subject_digest(vault, s));
    let origin = application.partner_origin.as_ref();
    let row = sqlx::query_scalar(
        "INSERT INTO application (uid, application_no, data_key, owner_digest, agent_digest, parties, channel, submitted_at,
             partner_system, partner_no) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(&prepared.uid)
    .bind(application_no)
    .bind(&prepared.wrapped)
    .bind(digest(&application.owner_subject))
    .bind(digest(&application.agent))
    .bind(&prepared.parties)
    .bind(&application.channel)
    .bind(application.submitted_at.as_microsecond())
    .bind(origin.map(|o: &PartnerOrigin| &o.system_id))
    .bind(origin.map(|o| &o.partner_no))
    .fetch_one(&mut *connection)
    .await?;
    if let Some(key) = &application.idempotency {
        sqlx::query("INSERT INTO idempotency (key_digest, application_id) VALUES ($1, $2)")
            .bind(application::key_digest(vault, key))
            .bind(row)
            .execute(connection)
            .await?;
    }
    Ok(row)
}

async fn insert_case(
    connection: &mut DbConnection,
    vault: &Vault,
    (application, case, sealed, number): (i64, &NewCase, &PreparedCase, &CaseNumber),
) -> Result<i64, StoreError> {
    let (identity, phone) = case::search_digests(vault, &case.submission);
    Ok(sqlx::query_scalar(
        "INSERT INTO case_record (case_id, application_id, case_no, short_no, partner_no, organisation_id, system_id, data_key,
             identity_digest, phone_digest, submission, folded, state, decision, rev, last_seq, poll_at,
             item_code)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, $16, $17) RETURNING id",
    )
    .bind(case.case_id.as_bytes().as_slice())
    .bind(application)
    .bind(&number.case_no)
    .bind(&number.short_no)
    .bind(&case.submission.case.partner_no)
    .bind(&case.organisation_id)
    .bind(&case.system_id)
    .bind(&sealed.wrapped)
    .bind(identity)
    .bind(phone)
    .bind(&sealed.submission)
    .bind(&sealed.folded)
    .bind(&case.projection.state)
    .bind(&case.projection.decision)
    .bind(stored(case.events.len()))
    .bind(case.projection.poll_at.map(|t| t.as_microsecond()))
    .bind(&case.submission.item.code)
    .fetch_one(connection)
    .await?)
}

/// Events with their keys, clocks and deliveries of a new case.
async fn insert_parts(
    connection: &mut DbConnection,
    vault: &Vault,
    (id, case, sealed, number): (i64, &NewCase, &PreparedCase, &CaseNumber),
    prepared: &Prepared,
) -> Result<(), StoreError> {
    for ((seq, new), event) in (1u64..).zip(&case.events).zip(&sealed.events) {
        case::insert_event(connection, id, seq, new, event).await?;
        if let Some((key, digest)) = &new.key {
            let mut key = key.clone();
            key.case_no.clone_from(&number.case_no);
            feedback::insert_applied(connection, vault, (id, &sealed.key), (&key, digest), new)
                .await?;
        }
    }
    clock::insert(connection, &[(id, &case.projection.clocks)]).await?;
    let at = prepared.application.submitted_at;
    let owner = (id, &sealed.key);
    outbox::begin(connection, vault, owner, &case.deliveries, at).await?;
    notification::begin(connection, id, (1, &case.events), &case.notices, at).await
}

pub(super) fn record(prepared: Prepared, numbers: Numbers) -> ApplicationRecord {
    let application = prepared.application;
    let application_no = numbers.application_no;
    let cases = application
        .cases
        .into_iter()
        .zip(numbers.cases)
        .map(|(case, number)| {
            let mut submission = case.submission;
            submission.case.no.clone_from(&number.case_no);
            submission.case.application_no.clone_from(&application_no);
            submission.case.short_no.clone_from(&number.short_no);
            CaseRecord {
                case_id: case.case_id,
                case_no: number.case_no,
                application_no: application_no.clone(),
                short_no: number.short_no,
                partner_no: submission.case.partner_no.clone(),
                organisation_id: case.organisation_id,
                system_id: case.system_id,
                definition_version: 0,
                submission,
                state: case.projection.state,
                decision: case.projection.decision,
                folded: case.projection.folded,
                rev: 1,
                last_seq: case.events.len() as u64,
            }
        })
        .collect();
    ApplicationRecord {
        application_no,
        owner_subject: application.owner_subject,
        agent: application.agent,
        channel: application.channel,
        submitted_at: application.submitted_at,
        body_digest: application.body_digest,
        cases,
    }
}

//! Cases: read in a scope, changed as a whole if nobody was faster.

use super::audit::{self, About};
use super::changes::Changing;
use super::dialect::{self, Db, DbConnection};
use super::rows::{
    CaseAtHand, SELECT_CASE, application_place, case_place, case_record, count, event_place,
    identity_digest, instant, phone_digest, restrict, stored, uuid,
};
use super::{
    DatabaseStore, StoreError, Verdict, broken, clock, feedback, keep, material, notification,
    outbox, undo, unread,
};
use crate::identity::Scope;
use crate::store::application::NewEvent;
use crate::store::case::{
    CaseChange, CaseRecord, CaseStore, ChangeOutcome, FeedbackKey, FeedbackRecord, FeedbackState,
    NewFeedback, NewUnread, StoredEvent, UnreadRecord,
};
use crate::store::nodes::NodeNews;
use crate::store::sealed::{Sealed, Vault};
use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};
use tongban_adapters::canonical::{CaseReference, Submission};

#[async_trait]
impl CaseStore for DatabaseStore {
    async fn case(&self, scope: &Scope, case_no: &str) -> Result<Option<CaseRecord>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SELECT_CASE);
        query
            .push(" AND c.case_no = ")
            .push_bind(case_no.to_owned());
        restrict(&mut query, scope, &self.vault, "c.system_id");
        let mut connection = self.reader().await?;
        let row = query.build().fetch_optional(&mut *connection).await?;
        row.map(|row| case_record(&row, &self.vault)).transpose()
    }

    async fn case_of_partner(
        &self,
        system_id: &str,
        reference: &CaseReference,
    ) -> Result<Option<CaseRecord>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SELECT_CASE);
        match reference {
            CaseReference::CaseNo(no) => query.push(" AND c.case_no = ").push_bind(no.clone()),
            CaseReference::ShortNo(no) => query.push(" AND c.short_no = ").push_bind(no.clone()),
        };
        query
            .push(" AND c.system_id = ")
            .push_bind(system_id.to_owned());
        let mut connection = self.reader().await?;
        let row = query.build().fetch_optional(&mut *connection).await?;
        row.map(|row| case_record(&row, &self.vault)).transpose()
    }

    async fn events(
        &self,
        scope: &Scope,
        case_no: &str,
        after_seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT e.seq, e.system_id, e.received_at, e.supersedes, e.event, c.case_id, c.data_key
             FROM case_record c JOIN application a ON a.id = c.application_id JOIN case_event e ON e.case_id = c.id
             WHERE c.case_no = ",
        );
        query.push_bind(case_no.to_owned());
        query.push(" AND e.seq > ").push_bind(stored(after_seq));
        restrict(&mut query, scope, &self.vault, "c.system_id");
        query
            .push(" ORDER BY e.seq LIMIT ")
            .push_bind(i64::from(limit));
        let mut connection = self.reader().await?;
        let rows = query.build().fetch_all(&mut *connection).await?;
        let Some(first) = rows.first() else {
            return Ok(Vec::new());
        };
        let case_id = uuid("case_record", "case_id", case_no, first.try_get("case_id")?)?;
        let wrapped: Option<Vec<u8>> = first.try_get("data_key")?;
        let key = self
            .vault
            .open_key(&case_place("data_key", case_id), wrapped.as_deref())?;
        rows.iter()
            .map(|row| {
                const T: &str = "case_event";
                let seq = count(T, "seq", case_no, row.try_get("seq")?)?;
                let supersedes: Option<i64> = row.try_get("supersedes")?;
                Ok(StoredEvent {
                    seq,
                    event: Sealed::from_stored(row.try_get("event")?)
                        .open(&key, &event_place(case_id, seq))?,
                    system_id: row.try_get("system_id")?,
                    received_at: instant(T, "received_at", case_no, row.try_get("received_at")?)?,
                    supersedes: supersedes
                        .map(|s| count(T, "supersedes", case_no, s))
                        .transpose()?,
                })
            })
            .collect()
    }

    async fn change(&self, change: CaseChange) -> Result<ChangeOutcome, StoreError> {
        let told = self.tells_cases();
        self.changing(Changing { change, told }).await
    }

    async fn feedback(&self, key: &FeedbackKey) -> Result<Option<FeedbackRecord>, StoreError> {
        feedback::find(&mut *self.reader().await?, &self.vault, key).await
    }

    async fn record_feedback(&self, feedback: NewFeedback) -> Result<bool, StoreError> {
        self.write(move |c, vault| Box::pin(feedback::record(c, vault, feedback)))
            .await
    }

    async fn held(&self, case_no: &str) -> Result<Vec<FeedbackRecord>, StoreError> {
        feedback::held(&mut *self.reader().await?, &self.vault, case_no).await
    }

    async fn held_due(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
        feedback::held_due(&mut *self.reader().await?, now, limit).await
    }

    async fn record_unread(&self, unread: NewUnread) -> Result<(), StoreError> {
        self.write(move |c, vault| Box::pin(unread::record(c, vault, unread)))
            .await
    }

    async fn unread(
        &self,
        scope: &Scope,
        system_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<UnreadRecord>, StoreError> {
        let mut connection = self.reader().await?;
        unread::list(&mut connection, &self.vault, scope, system_id, limit).await
    }

    async fn rejected(
        &self,
        scope: &Scope,
        system_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError> {
        let mut connection = self.reader().await?;
        let which = (" AND f.state = 'rejected'", system_id);
        feedback::listed(&mut connection, &self.vault, scope, which, limit).await
    }

    async fn waiting(
        &self,
        scope: &Scope,
        system_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError> {
        let mut connection = self.reader().await?;
        let which = (" AND f.state = 'held'", system_id);
        feedback::listed(&mut connection, &self.vault, scope, which, limit).await
    }

    async fn due_clocks(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as(clock::DUE_CLOCKS)
            .bind(now.as_microsecond())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.reader().await?)
            .await?)
    }

    async fn open_clocks(&self) -> Result<Vec<(String, u64)>, StoreError> {
        clock::open(&mut *self.reader().await?).await
    }

    async fn take_due_polls(
        &self,
        now: Timestamp,
        lease_us: i64,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let until = now.as_microsecond().saturating_add(lease_us);
        let poller = self.poller();
        self.write(move |c, _| Box::pin(clock::take_due_polls(c, now, (until, poller), limit)))
            .await
    }

    async fn set_poll_at(&self, case_no: &str, at: Option<Timestamp>) -> Result<(), StoreError> {
        let case_no = case_no.to_owned();
        self.write(move |c, _| Box::pin(clock::set_poll_at(c, case_no, at)))
            .await
    }

    async fn pin_definition(&self, case_no: &str, version: u32) -> Result<u32, StoreError> {
        let case_no = case_no.to_owned();
        self.write(move |c, _| {
            Box::pin(async move {
                let pinned: Option<i64> = sqlx::query_scalar(
                    "UPDATE case_record SET definition_version = CASE WHEN definition_version = 0 THEN $1 ELSE definition_version END
                     WHERE case_no = $2 RETURNING definition_version",
                )
                .bind(i64::from(version))
                .bind(&case_no)
                .fetch_optional(c)
                .await?;
                let pinned = pinned.ok_or_else(|| no_such_case(&case_no))?;
                keep(count("case_record", "definition_version", &case_no, pinned)?)
            })
        })
        .await
    }
}

pub(super) fn no_such_case(case_no: &str) -> StoreError {
    broken("case_record", "case_no", case_no, "no such case")
}

/// The write of [`CaseStore::change`]: nothing stays unless it was applied.
pub(super) async fn commit(
    connection: &mut DbConnection,
    vault: &Vault,
    change: CaseChange,
    told: bool,
) -> Result<Verdict<ChangeOutcome>, StoreError> {
    let case = CaseAtHand::find(connection, vault, &change.case_no)
        .await?
        .ok_or_else(|| no_such_case(&change.case_no))?;
    if case.rev != change.expected_rev
        || (change.cancel_deliveries && outbox::has_left(connection, case.id).await?)
    {
        return undo(ChangeOutcome::Stale);
    }
    feedback::settle(connection, &case, &change.settled, |s| {
        s != FeedbackState::Applied
    })
    .await?;
    if !append(connection, vault, &case, &change.events).await? {
        return undo(ChangeOutcome::Duplicate);
    }
    feedback::settle(connection, &case, &change.settled, |s| {
        s == FeedbackState::Applied
    })
    .await?;
    let owner = (case.id, &case.key);
    let not_bindable = material::bind(connection, vault, owner, &change.materials).await?;
    if !not_bindable.is_empty() {
        return undo(ChangeOutcome::MaterialsNotBindable(not_bindable));
    }
    update(connection, vault, &case, &change).await?;
    if let Some(submission) = &change.submission {
        replace_submission(connection, vault, &case, submission).await?;
    }
    clock::replace(connection, &[(case.id, &change.projection.clocks)]).await?;
    if change.cancel_deliveries {
        outbox::cancel(connection, &case).await?;
    }
    let created_at = change.audit.at;
    outbox::begin(
        connection,
        vault,
        (case.id, &case.key),
        &change.deliveries,
        created_at,
    )
    .await?;
    notification::begin(
        connection,
        case.id,
        (case.last_seq + 1, &change.events),
        &change.notices,
        created_at,
    )
    .await?;
    write_audit(connection, vault, &case, change.audit).await?;
    if told {
        dialect::tell(connection, &NodeNews::Case(change.case_no)).await?;
    }
    keep(ChangeOutcome::Applied { rev: case.rev + 1 })
}

/// Appends events with the next numbers; false when one of their keys was applied before.
async fn append(
    connection: &mut DbConnection,
    vault: &Vault,
    case: &CaseAtHand,
    events: &[NewEvent],
) -> Result<bool, StoreError> {
    for (seq, new) in (case.last_seq + 1..).zip(events) {
        let place = event_place(case.case_id, seq);
        let sealed = Sealed::seal(&case.key, &place, &new.event, vault.entropy())?;
        insert_event(connection, case.id, seq, new, sealed.as_bytes()).await?;
        if let Some((key, digest)) = &new.key
            && !feedback::apply(connection, vault, case, (key, digest), new).await?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) async fn insert_event(
    connection: &mut DbConnection,
    case_row: i64,
    seq: u64,
    new: &NewEvent,
    sealed: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO case_event (case_id, seq, kind, system_id, received_at, supersedes, event) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(case_row)
    .bind(stored(seq))
    .bind(new.event.body.kind())
    .bind(&new.system_id)
    .bind(new.received_at.as_microsecond())
    .bind(new.supersedes.map(stored))
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

async fn update(
    connection: &mut DbConnection,
    vault: &Vault,
    case: &CaseAtHand,
    change: &CaseChange,
) -> Result<(), StoreError> {
    let projection = &change.projection;
    let folded = Sealed::seal(
        &case.key,
        &case_place("folded", case.case_id),
        &projection.folded,
        vault.entropy(),
    )?;
    let last_seq = case.last_seq + change.events.len() as u64;
    sqlx::query(
        "UPDATE case_record SET state = $1, decision = $2, folded = $3, poll_at = $4, partner_no = coalesce($5, partner_no),
             rev = rev + 1, last_seq = $6 WHERE id = $7",
    )
    .bind(&projection.state)
    .bind(&projection.decision)
    .bind(folded.into_bytes())
    .bind(projection.poll_at.map(|t| t.as_microsecond()))
    .bind(&change.partner_no)
    .bind(stored(last_seq))
    .bind(case.id)
    .execute(connection)
    .await?;
    Ok(())
}

async fn replace_submission(
    connection: &mut DbConnection,
    vault: &Vault,
    case: &CaseAtHand,
    submission: &Submission,
) -> Result<(), StoreError> {
    let place = case_place("submission", case.case_id);
    let sealed = Sealed::seal(&case.key, &place, submission, vault.entropy())?;
    let (identity, phone) = search_digests(vault, submission);
    sqlx::query(
        "UPDATE case_record SET submission = $1, identity_digest = $2, phone_digest = $3 WHERE id = $4",
    )
    .bind(sealed.into_bytes())
    .bind(identity)
    .bind(phone)
    .bind(case.id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Digests of the applicant's identity number and phone; none of what is empty.
pub(super) fn search_digests(
    vault: &Vault,
    submission: &Submission,
) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let applicant = &submission.applicant;
    let identity = Some(&applicant.id_number).filter(|n| !n.trim().is_empty());
    let phone = Some(&applicant.phone).filter(|n| !n.trim().is_empty());
    (
        identity.map(|n| identity_digest(vault, n)),
        phone.map(|n| phone_digest(vault, n)),
    )
}

async fn write_audit(
    connection: &mut DbConnection,
    vault: &Vault,
    case: &CaseAtHand,
    record: crate::store::audit::NewAudit,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT uid, data_key FROM application WHERE id = $1")
        .bind(case.application_id)
        .fetch_one(&mut *connection)
        .await?;
    let uid: Vec<u8> = row.try_get("uid")?;
    let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
    let key = vault.open_key(&application_place("data_key", &uid), wrapped.as_deref())?;
    let about = About {
        application: Some((case.application_id, &key)),
        system_id: case.system_id.as_deref(),
        target: &case.case_no,
        organisation_id: &case.organisation_id,
    };
    audit::write(connection, vault, record, about).await
}

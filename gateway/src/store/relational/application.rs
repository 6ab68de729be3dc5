//! Applications: read by their numbers, keys and applicants.

use super::dialect::{Db, DbConnection};
use super::rows::{
    SELECT_CASE, application_place, case_record, count, identity_digest, instant, restrict,
};
use super::submit::{self, Parties};
use super::{DatabaseStore, StoreError};
use crate::identity::Scope;
use crate::store::application::{
    ApplicationRecord, ApplicationStore, IdempotencyKey, NewApplication, PartnerOrigin,
    SubmitOutcome,
};
use crate::store::sealed::{Sealed, Vault};
use async_trait::async_trait;
use sqlx::{QueryBuilder, Row};

#[async_trait]
impl ApplicationStore for DatabaseStore {
    async fn submit(&self, application: NewApplication) -> Result<SubmitOutcome, StoreError> {
        let prepared = submit::prepare(&self.vault, application)?;
        self.commit_application(prepared).await
    }

    async fn application(
        &self,
        scope: &Scope,
        no: &str,
    ) -> Result<Option<ApplicationRecord>, StoreError> {
        let mut connection = self.reader().await?;
        let id: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM application WHERE application_no = $1
             UNION SELECT application_id FROM case_record WHERE case_no = $1",
        )
        .bind(no)
        .fetch_optional(&mut *connection)
        .await?;
        match id {
            None => Ok(None),
            Some(id) => load(&mut connection, &self.vault, scope, id).await,
        }
    }

    async fn by_idempotency_key(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<ApplicationRecord>, StoreError> {
        let mut connection = self.reader().await?;
        match id_by_key(&mut connection, &self.vault, key).await? {
            None => Ok(None),
            Some(id) => load(&mut connection, &self.vault, &Scope::Everything, id).await,
        }
    }

    async fn by_partner_origin(
        &self,
        origin: &PartnerOrigin,
    ) -> Result<Option<ApplicationRecord>, StoreError> {
        let mut connection = self.reader().await?;
        match id_by_origin(&mut connection, origin).await? {
            None => Ok(None),
            Some(id) => load(&mut connection, &self.vault, &Scope::Everything, id).await,
        }
    }

    async fn by_identity_number(
        &self,
        scope: &Scope,
        id_number: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT a.application_no FROM case_record c JOIN application a ON a.id = c.application_id
             WHERE c.identity_digest = ",
        );
        query.push_bind(identity_digest(&self.vault, id_number));
        restrict(&mut query, scope, &self.vault, "c.system_id");
        query
            .push(" GROUP BY a.id ORDER BY a.submitted_at DESC, a.id DESC LIMIT ")
            .push_bind(i64::from(limit));
        let mut connection = self.reader().await?;
        Ok(query
            .build_query_scalar()
            .fetch_all(&mut *connection)
            .await?)
    }

    async fn count_by_state(&self, scope: &Scope) -> Result<Vec<(String, u64)>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(if *scope == Scope::Everything {
            "SELECT c.state, count(*) FROM case_record c WHERE 1 = 1"
        } else {
            "SELECT c.state, count(*) FROM case_record c JOIN application a ON a.id = c.application_id WHERE 1 = 1"
        });
        restrict(&mut query, scope, &self.vault, "c.system_id");
        query.push(" GROUP BY c.state");
        let mut connection = self.reader().await?;
        let rows = query.build().fetch_all(&mut *connection).await?;
        rows.iter()
            .map(|row| {
                let state: String = row.try_get(0)?;
                let cases = count("case_record", "state", &state, row.try_get(1)?)?;
                Ok((state, cases))
            })
            .collect()
    }
}

/// An application with those of its cases that are visible; `None` when none is.
pub(super) async fn load(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    id: i64,
) -> Result<Option<ApplicationRecord>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(SELECT_CASE);
    query.push(" AND c.application_id = ").push_bind(id);
    restrict(&mut query, scope, vault, "c.system_id");
    query.push(" ORDER BY c.id");
    let rows = query.build().fetch_all(&mut *connection).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let row = sqlx::query(
        "SELECT uid, application_no, data_key, parties, channel, submitted_at FROM application WHERE id = $1",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    let uid: Vec<u8> = row.try_get("uid")?;
    let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
    let key = vault.open_key(&application_place("data_key", &uid), wrapped.as_deref())?;
    let parties: Parties = Sealed::from_stored(row.try_get("parties")?)
        .open(&key, &application_place("parties", &uid))?;
    let application_no: String = row.try_get("application_no")?;
    Ok(Some(ApplicationRecord {
        owner_subject: parties.owner_subject,
        agent: parties.agent,
        body_digest: parties.body_digest,
        channel: row.try_get("channel")?,
        submitted_at: instant(
            "application",
            "submitted_at",
            &application_no,
            row.try_get("submitted_at")?,
        )?,
        application_no,
        cases: rows
            .iter()
            .map(|row| case_record(row, vault))
            .collect::<Result<_, _>>()?,
    }))
}

pub(super) fn key_digest(vault: &Vault, key: &IdempotencyKey) -> Vec<u8> {
    vault.digest(
        "idempotency key",
        &[key.caller.as_bytes(), key.key.as_bytes()],
    )
}

pub(super) async fn id_by_key(
    connection: &mut DbConnection,
    vault: &Vault,
    key: &IdempotencyKey,
) -> Result<Option<i64>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT application_id FROM idempotency WHERE key_digest = $1")
            .bind(key_digest(vault, key))
            .fetch_optional(connection)
            .await?,
    )
}

pub(super) async fn id_by_origin(
    connection: &mut DbConnection,
    origin: &PartnerOrigin,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM application WHERE partner_system = $1 AND partner_no = $2",
    )
    .bind(&origin.system_id)
    .bind(&origin.partner_no)
    .fetch_optional(connection)
    .await?)
}

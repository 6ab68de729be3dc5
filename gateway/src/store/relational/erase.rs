//! Erasing a case (销毁密钥): its key is destroyed, so nothing that it sealed opens again, and every stored hash stays true.

use super::audit::{self, About};
use super::dialect::DbConnection;
use super::{DatabaseStore, StoreError, Verdict, keep, notification, undo};
use crate::fail_point::fail_point;
use crate::store::audit::NewAudit;
use crate::store::sealed::Vault;
use sqlx::Row;

impl DatabaseStore {
    /// Destroys the key of a case: what was submitted, its events, messages, exchanges, materials and documents never open again;
    /// it is no longer found by identity number, delivered, polled or reminded of. With the last case of an application goes the
    /// application's own key. Numbers, states and sealed bytes stay as proof. The write-ahead log is emptied before this answers,
    /// unless a reader holds it; also when the case was erased before, so that asking again finishes what ended in between.
    /// Returns false when there is no such case or it was erased before.
    ///
    /// # Errors
    /// As every write.
    pub async fn erase_case(&self, case_no: &str, audit: NewAudit) -> Result<bool, StoreError> {
        let case_no = case_no.to_owned();
        let erased = self
            .write(move |c, vault| Box::pin(commit(c, vault, case_no, audit)))
            .await?;
        fail_point!("erase.committed");
        self.forget_overwritten().await?;
        fail_point!("erase.forgotten");
        Ok(erased)
    }
}

async fn commit(
    connection: &mut DbConnection,
    vault: &Vault,
    case_no: String,
    audit: NewAudit,
) -> Result<Verdict<bool>, StoreError> {
    let row = sqlx::query(
        "UPDATE case_record SET data_key = NULL, identity_digest = NULL, phone_digest = NULL, poll_at = NULL, rev = rev + 1
         WHERE case_no = $1 AND data_key IS NOT NULL RETURNING id, application_id, organisation_id, system_id",
    )
    .bind(&case_no)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return undo(false);
    };
    fail_point!("erase.key_destroyed");
    let (case, application): (i64, i64) = (row.try_get("id")?, row.try_get("application_id")?);
    for statement in [
        "DELETE FROM case_clock WHERE case_id = $1",
        // A worker that has one now finds its fence void.
        "UPDATE delivery SET state = 'discarded', turn = 0, due_at = NULL, fence = fence + 1
         WHERE case_id = $1 AND state NOT IN ('delivered', 'discarded')",
        "UPDATE feedback SET state = 'rejected', reason_code = 'erased', held_until = NULL WHERE case_id = $1 AND state = 'held'",
        "UPDATE document SET content_digest = NULL WHERE case_id = $1",
        // Bytes that never open again need no scan, and never leave.
        "UPDATE material SET scan_due = NULL WHERE case_id = $1 AND scan = 'pending'",
    ] {
        sqlx::query(statement)
            .bind(case)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query(
        "UPDATE application SET data_key = NULL, owner_digest = NULL, agent_digest = NULL WHERE id = $1
         AND NOT EXISTS (SELECT 1 FROM case_record WHERE application_id = $1 AND data_key IS NOT NULL)",
    )
    .bind(application)
    .execute(&mut *connection)
    .await?;
    notification::erase(connection, case).await?;
    fail_point!("erase.before_audit");
    let (organisation, system): (String, Option<String>) =
        (row.try_get("organisation_id")?, row.try_get("system_id")?);
    let about = About {
        application: None,
        system_id: system.as_deref(),
        target: &case_no,
        organisation_id: &organisation,
    };
    audit::write(connection, vault, audit, about).await?;
    fail_point!("erase.written");
    keep(true)
}

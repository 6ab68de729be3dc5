//! The sweep: what nobody bound in time, and files that no row names. In bounded steps, so that nobody waits long behind it.

use super::rows::json_list;
use super::{DatabaseStore, StoreError, keep};
use crate::fail_point::fail_point;
use crate::store::material::Swept;
use jiff::Timestamp;
use std::path::Path;

/// Rows removed in one write.
const SWEPT_AT_ONCE: i64 = 500;
/// Names of files looked up in one write.
const NAMES_AT_ONCE: usize = 1_000;

pub(super) const SWEEP: &str = "DELETE FROM material WHERE id IN
    (SELECT id FROM material WHERE case_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2) AND case_id IS NULL RETURNING id";

pub(super) const OLD_UPLOADS: &str = concat!(
    "SELECT id FROM upload WHERE touched_at < $1 AND id NOT IN ",
    texts!("$2"),
    " ORDER BY touched_at, id LIMIT $3"
);

impl DatabaseStore {
    pub(super) async fn swept(&self, before: Timestamp) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        loop {
            let gone = self.sweep_materials(before).await?;
            swept.materials += gone;
            if gone < SWEPT_AT_ONCE.unsigned_abs() {
                break;
            }
        }
        loop {
            let gone = self.sweep_uploads(before).await?;
            swept.uploads += gone;
            if gone < SWEPT_AT_ONCE.unsigned_abs() {
                break;
            }
        }
        for shard in self.files.shards().await? {
            swept.files += self.sweep_files(&shard).await?;
        }
        Ok(swept)
    }

    /// Removes rows (and then files) of unbound materials; returns how many, at most [`SWEPT_AT_ONCE`].
    async fn sweep_materials(&self, before: Timestamp) -> Result<u64, StoreError> {
        let gone: Vec<String> = self
            .write(move |c, _| {
                Box::pin(async move {
                    keep(
                        sqlx::query_scalar(SWEEP)
                            .bind(before.as_microsecond())
                            .bind(SWEPT_AT_ONCE)
                            .fetch_all(c)
                            .await?,
                    )
                })
            })
            .await?;
        if !gone.is_empty() {
            fail_point!("sweep.rows_gone");
        }
        self.files.remove(&gone).await?;
        Ok(gone.len() as u64)
    }

    /// The same of unfinished uploads. Which are being written is asked inside the write: whoever begins a part later finds no row.
    async fn sweep_uploads(&self, before: Timestamp) -> Result<u64, StoreError> {
        let under_way = self.files.parts_under_way();
        let (uploads, files): (u64, Vec<String>) = self
            .write(move |c, _| {
                Box::pin(async move {
                    let written = under_way();
                    let old: Vec<String> = sqlx::query_scalar(OLD_UPLOADS)
                        .bind(before.as_microsecond())
                        .bind(json_list(written.iter().map(String::as_str)))
                        .bind(SWEPT_AT_ONCE)
                        .fetch_all(&mut *c)
                        .await?;
                    let ids = json_list(old.iter().map(String::as_str));
                    let files = sqlx::query_scalar(concat!(
                        "DELETE FROM upload_segment WHERE upload_id ",
                        in_texts!("$1"),
                        " RETURNING id"
                    ))
                    .bind(&ids)
                    .fetch_all(&mut *c)
                    .await?;
                    sqlx::query(concat!("DELETE FROM upload WHERE id ", in_texts!("$1")))
                        .bind(&ids)
                        .execute(c)
                        .await?;
                    keep((old.len() as u64, files))
                })
            })
            .await?;
        self.files.remove(&files).await?;
        Ok(uploads)
    }

    /// Removes files of a shard of the folder without a row.
    async fn sweep_files(&self, shard: &Path) -> Result<u64, StoreError> {
        let mut swept = 0;
        for some in self.files.settled_ids(shard).await?.chunks(NAMES_AT_ONCE) {
            let orphans = self.without_rows(some).await?;
            for id in &orphans {
                self.files.remove_from_folder(id).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Which of these files no row names. The writer is asked, so that a row still in its queue counts.
    pub(super) async fn without_rows(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let list = json_list(ids.iter().map(String::as_str));
        self.write(move |c, _| {
            Box::pin(async move {
                keep(
                    sqlx::query_scalar(concat!(
                        "SELECT value FROM ",
                        listed!("$1"),
                        " WHERE value NOT IN (SELECT id FROM material)
                             AND value NOT IN (SELECT id FROM upload_segment)"
                    ))
                    .bind(list)
                    .fetch_all(c)
                    .await?,
                )
            })
        })
        .await
    }
}

//! Documents that partners hand back: a material bound at once, with what it is.

use super::dialect::{self, Db, DbRow};
use super::material::{COLUMNS, case_key, first_scan, insert, material_key, record, record_of};
use super::rows::{CaseAtHand, named_place, restrict};
use super::{DatabaseStore, StoreError, case, keep, undo};
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::store::material::{ByteStream, DocumentRecord, NewDocument, NewMaterial, UploadOutcome};
use crate::store::sealed::{Sealed, Vault};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row};

/// What is written on a document.
#[derive(Serialize, Deserialize)]
struct Facts {
    name: String,
    number: String,
    issuer: String,
    validity: String,
}

/// Streams a document in; the same bytes for the same case, kind and number are the document that is there.
pub(super) async fn store(
    store: &DatabaseStore,
    document: NewDocument,
    material: NewMaterial,
    body: ByteStream,
) -> Result<Result<DocumentRecord, UploadOutcome>, StoreError> {
    let visible = Scope::System(document.system_id.clone());
    let reference = tongban_adapters::canonical::CaseReference::CaseNo(document.case_no.clone());
    if crate::store::case::CaseStore::case_of_partner(store, &document.system_id, &reference)
        .await?
        .is_none()
    {
        return Err(case::no_such_case(&document.case_no));
    }
    let received = match store.receive(&material, body, false).await? {
        Ok(received) => received,
        Err(outcome) => return Ok(Err(outcome)),
    };
    fail_point!("document.received");
    let (case_no, new_id) = (document.case_no.clone(), material.id.clone());
    let file_key = received.file.data_key()?;
    let scanning = std::sync::Arc::clone(&store.scanning);
    let written = store
        .write(move |c, vault| {
            Box::pin(async move {
                let case = CaseAtHand::find(c, vault, &document.case_no)
                    .await?
                    .ok_or_else(|| case::no_such_case(&document.case_no))?;
                let digest = vault.digest(
                    "document",
                    &[
                        case.case_id.as_bytes(),
                        document.kind.as_bytes(),
                        document.number.as_bytes(),
                        received.facts.sha256.as_bytes(),
                    ],
                );
                dialect::alone(c, &digest).await?;
                let known: Option<String> =
                    sqlx::query_scalar("SELECT id FROM document WHERE content_digest = $1")
                        .bind(&digest)
                        .fetch_optional(&mut *c)
                        .await?;
                if let Some(known) = known {
                    return undo(Err(known));
                }
                let scan = first_scan(&scanning);
                let owner = Some((case.id, &case.key));
                insert(c, vault, &material, &received, scan, owner).await?;
                fail_point!("document.material_written");
                let sealed = Sealed::seal(
                    &case.key,
                    &named_place("document", "facts", &material.id),
                    &facts(&document),
                    vault.entropy(),
                )?;
                sqlx::query(
                    "INSERT INTO document (id, case_id, system_id, kind, content_digest, facts) VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(&material.id)
                .bind(case.id)
                .bind(&document.system_id)
                .bind(&document.kind)
                .bind(digest)
                .bind(sealed.into_bytes())
                .execute(c)
                .await?;
                fail_point!("document.written");
                let material = record_of(&material, &received, scan, Some(document.case_no.clone()));
                keep(Ok(described(document, material)))
            })
        })
        .await?;
    match written {
        Ok(record) => {
            fail_point!("document.stored");
            Ok(Ok(record))
        }
        Err(known) => {
            fail_point!("document.known");
            store.files.discard(&new_id, &file_key).await?;
            fail_point!("document.discarded");
            let mut found = list(store, &visible, &case_no, Some(&known)).await?;
            found
                .pop()
                .map(Ok)
                .ok_or_else(|| case::no_such_case(&case_no))
        }
    }
}

fn facts(document: &NewDocument) -> Facts {
    Facts {
        name: document.name.clone(),
        number: document.number.clone(),
        issuer: document.issuer.clone(),
        validity: document.validity.clone(),
    }
}

fn described(
    document: NewDocument,
    material: crate::store::material::MaterialRecord,
) -> DocumentRecord {
    DocumentRecord {
        id: material.id.clone(),
        case_no: document.case_no,
        kind: document.kind,
        name: document.name,
        number: document.number,
        issuer: document.issuer,
        validity: document.validity,
        material,
    }
}

async fn rows(
    store: &DatabaseStore,
    scope: &Scope,
    no: &str,
    id: Option<&str>,
) -> Result<Vec<DbRow>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT d.kind, d.facts, ");
    query
        .push(COLUMNS)
        .push(
            " FROM case_record c JOIN application a ON a.id = c.application_id JOIN document d ON d.case_id = c.id
             JOIN material m ON m.id = d.id WHERE c.id IN (SELECT id FROM case_record WHERE case_no = ",
        )
        .push_bind(no.to_owned())
        .push(
            " UNION SELECT o.id FROM case_record o JOIN application b ON b.id = o.application_id WHERE b.application_no = ",
        )
        .push_bind(no.to_owned())
        .push(")");
    if let Some(id) = id {
        query.push(" AND d.id = ").push_bind(id.to_owned());
    }
    restrict(&mut query, scope, &store.vault, "c.system_id");
    query.push(" ORDER BY m.created_at, m.id");
    Ok(query.build().fetch_all(&mut *store.reader().await?).await?)
}

fn read(row: &DbRow, vault: &Vault) -> Result<DocumentRecord, StoreError> {
    let material = record(row, &material_key(row, vault)?)?;
    let facts: Facts = Sealed::from_stored(row.try_get("facts")?).open(
        &case_key(row, vault)?,
        &named_place("document", "facts", &material.id),
    )?;
    Ok(DocumentRecord {
        id: material.id.clone(),
        case_no: row.try_get("case_no")?,
        kind: row.try_get("kind")?,
        name: facts.name,
        number: facts.number,
        issuer: facts.issuer,
        validity: facts.validity,
        material,
    })
}

/// Documents of a case or of all cases of an application; `id` for one of them.
pub(super) async fn list(
    store: &DatabaseStore,
    scope: &Scope,
    no: &str,
    id: Option<&str>,
) -> Result<Vec<DocumentRecord>, StoreError> {
    let rows = rows(store, scope, no, id).await?;
    rows.iter().map(|row| read(row, &store.vault)).collect()
}

pub(super) async fn bytes(
    store: &DatabaseStore,
    scope: &Scope,
    no: &str,
    id: &str,
) -> Result<Option<(DocumentRecord, ByteStream)>, StoreError> {
    let rows = rows(store, scope, no, Some(id)).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let record = read(row, &store.vault)?;
    let key = material_key(row, &store.vault)?;
    Ok(Some((record, store.bytes(id, key).await?)))
}

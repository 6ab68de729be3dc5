//! Subscriptions: whose they are by keyed digest or application, where they go under a master key.

use super::audit::{self, About};
use super::dialect::{self, Db, DbConnection, DbRow};
use super::rows::{instant, named_place, subject_digest};
use super::{StoreError, Verdict, broken, keep, undo};
use crate::identity::Scope;
use crate::store::audit::NewAudit;
use crate::store::notification::{
    NewSubscription, SubscriptionChange, SubscriptionRecord, SubscriptionSecret,
};
use crate::store::sealed::Vault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row};

const T: &str = "subscription";

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    url: String,
    secrets: Vec<SubscriptionSecret>,
}

fn seal(vault: &Vault, id: &str, content: &Content) -> Result<Vec<u8>, StoreError> {
    let place = named_place(T, "content", id);
    let plain =
        serde_json::to_vec(content).map_err(|_| broken(T, "content", id, "has no stored form"))?;
    vault.wrap(&place, &plain)
}

fn open(vault: &Vault, id: &str, sealed: &[u8]) -> Result<Content, StoreError> {
    let plain = vault.unwrap(&named_place(T, "content", id), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| broken(T, "content", id, "cannot be read"))
}

/// Adds whose subscriptions are meant to a query that ends in a condition.
fn of_owner(query: &mut QueryBuilder<Db>, vault: &Vault, scope: &Scope) {
    match scope {
        Scope::Everything => {}
        Scope::Subject(subject) => {
            query
                .push(" AND owner_digest = ")
                .push_bind(subject_digest(vault, subject));
        }
        Scope::Application(no) => {
            query
                .push(" AND application_id = (SELECT id FROM application WHERE application_no = ")
                .push_bind(no.clone())
                .push(")");
        }
        Scope::Nothing | Scope::Organisations(_) | Scope::System(_) => {
            query.push(" AND 1 = 0");
        }
    }
}

/// Makes a subscription; false when the owner has its most or is none.
pub(super) async fn insert(
    connection: &mut DbConnection,
    vault: &Vault,
    new: NewSubscription,
) -> Result<Verdict<bool>, StoreError> {
    let (mut application, mut owner): (Option<i64>, Option<Vec<u8>>) = (None, None);
    match &new.owner {
        Scope::Subject(subject) => owner = Some(subject_digest(vault, subject)),
        Scope::Application(no) => {
            application = sqlx::query_scalar(
                "SELECT id FROM application WHERE application_no = $1 AND data_key IS NOT NULL",
            )
            .bind(no)
            .fetch_optional(&mut *connection)
            .await?;
        }
        _ => {}
    }
    if application.is_none() && owner.is_none() {
        return undo(false);
    }
    // Counted one after the other, at whatever nodes.
    let name = owner.clone().unwrap_or_else(|| {
        let id = application.unwrap_or_default();
        format!("subscriptions of {id}").into_bytes()
    });
    dialect::alone(connection, &name).await?;
    let mut counting = QueryBuilder::<Db>::new("SELECT count(*) FROM subscription WHERE 1 = 1");
    of_owner(&mut counting, vault, &new.owner);
    let there: i64 = counting
        .build_query_scalar()
        .fetch_one(&mut *connection)
        .await?;
    if there >= i64::from(new.most) {
        return undo(false);
    }
    let content = Content {
        url: new.url,
        secrets: vec![SubscriptionSecret {
            key: new.secret,
            until: None,
        }],
    };
    let kinds = match new.kinds.as_slice() {
        [] => String::new(),
        kinds => format!(",{},", kinds.join(",")),
    };
    sqlx::query(
        "INSERT INTO subscription (id, application_id, owner_digest, kinds, state, created_at, content)
         VALUES ($1, $2, $3, $4, 'active', $5, $6)",
    )
    .bind(&new.id)
    .bind(application)
    .bind(owner)
    .bind(kinds)
    .bind(new.at.as_microsecond())
    .bind(seal(vault, &new.id, &content)?)
    .execute(&mut *connection)
    .await?;
    let about = About {
        target: &new.id,
        ..About::default()
    };
    audit::write(connection, vault, new.audit, about).await?;
    keep(true)
}

/// Subscriptions in a scope, or one of them.
pub(super) async fn list(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    id: Option<&str>,
) -> Result<Vec<SubscriptionRecord>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT id, kinds, state, created_at, failing_since, last_at, last_code, content FROM subscription WHERE 1 = 1",
    );
    of_owner(&mut query, vault, scope);
    if let Some(id) = id {
        query.push(" AND id = ").push_bind(id.to_owned());
    }
    query.push(" ORDER BY created_at, id");
    let rows = query.build().fetch_all(connection).await?;
    rows.iter().map(|row| record(row, vault)).collect()
}

fn record(row: &DbRow, vault: &Vault) -> Result<SubscriptionRecord, StoreError> {
    let id: String = row.try_get("id")?;
    let sealed: Vec<u8> = row.try_get("content")?;
    let content = open(vault, &id, &sealed)?;
    let kinds: String = row.try_get("kinds")?;
    let at = |column: &'static str| -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = row.try_get(column)?;
        at.map(|at| instant(T, column, &id, at)).transpose()
    };
    Ok(SubscriptionRecord {
        kinds: kinds
            .split(',')
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .collect(),
        url: content.url,
        secrets: content.secrets,
        state: row.try_get("state")?,
        created_at: instant(T, "created_at", &id, row.try_get("created_at")?)?,
        failing_since: at("failing_since")?,
        last_at: at("last_at")?,
        last_code: row.try_get("last_code")?,
        id,
    })
}

/// What an owner does to one; false when it is not there in this scope.
pub(super) async fn change(
    connection: &mut DbConnection,
    vault: &Vault,
    (scope, id): (Scope, String),
    change: SubscriptionChange,
    audit: NewAudit,
) -> Result<Verdict<bool>, StoreError> {
    let mut found = QueryBuilder::<Db>::new("SELECT content FROM subscription WHERE id = ");
    found.push_bind(id.clone());
    of_owner(&mut found, vault, &scope);
    found.push(for_update!());
    let sealed: Option<Vec<u8>> = found
        .build_query_scalar()
        .fetch_optional(&mut *connection)
        .await?;
    let Some(sealed) = sealed else {
        return undo(false);
    };
    let at = audit.at.as_microsecond();
    match change {
        SubscriptionChange::Resume => {
            one(
                connection,
                "UPDATE subscription SET state = 'active', failing_since = NULL WHERE id = $1",
                &id,
            )
            .await?;
        }
        SubscriptionChange::Pause => {
            one(
                connection,
                "UPDATE subscription SET state = 'paused' WHERE id = $1",
                &id,
            )
            .await?;
        }
        SubscriptionChange::Rotate { secret, until } => {
            let mut content = open(vault, &id, &sealed)?;
            content.secrets.truncate(1);
            for old in &mut content.secrets {
                old.until = Some(until);
            }
            content.secrets.insert(
                0,
                SubscriptionSecret {
                    key: secret,
                    until: None,
                },
            );
            sqlx::query("UPDATE subscription SET content = $1 WHERE id = $2")
                .bind(seal(vault, &id, &content)?)
                .bind(&id)
                .execute(&mut *connection)
                .await?;
        }
        SubscriptionChange::Trial => {
            sqlx::query(
                "INSERT INTO notification (seq, kind, channel, lane, subscription_id, state, urgent, merges, due_at, created_at)
                 VALUES (0, 'trial', 'webhook', $1, $2, 'waiting', 0, 0, $3, $3)",
            )
            .bind(format!("s/{id}"))
            .bind(&id)
            .bind(at)
            .execute(&mut *connection)
            .await?;
        }
        SubscriptionChange::Remove => {
            one(
                connection,
                "UPDATE notification SET state = 'dropped', fence = fence + 1 WHERE lane = 's/' || $1 AND state = 'waiting'",
                &id,
            )
            .await?;
            one(connection, "DELETE FROM subscription WHERE id = $1", &id).await?;
        }
    }
    let about = About {
        target: &id,
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await?;
    keep(true)
}

async fn one(
    connection: &mut DbConnection,
    statement: &'static str,
    id: &str,
) -> Result<(), StoreError> {
    sqlx::query(statement).bind(id).execute(connection).await?;
    Ok(())
}

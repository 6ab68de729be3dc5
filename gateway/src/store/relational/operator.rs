//! Deliveries as operators see them: listed, shown with their bytes, retried, discarded, paused; every change with its audit row.

use super::audit::{self, About};
use super::cargo::message_key;
use super::dialect::{self, Db, DbConnection, DbRow};
use super::rows::{attempt_place, case_place, count, instant, restrict, uuid};
use super::words::Exchange;
use super::{StoreError, Verdict, broken, keep, outbox, undo};
use crate::identity::Scope;
use crate::store::audit::NewAudit;
use crate::store::delivery::{
    AttemptRecord, DeliveryFilter, DeliveryRecord, DeliveryState, DeliverySummary, QueueDepth,
};
use crate::store::sealed::{DataKey, Sealed, Vault};
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};

/// Lines of a list when the filter names no limit.
const LINES: u32 = 100;

const FROM: &str = " FROM delivery d JOIN case_record c ON c.id = d.case_id JOIN application a ON a.id = c.application_id
    LEFT JOIN paused_system p ON p.system_id = d.system_id WHERE 1 = 1";

pub(super) const OPEN: &str = " AND d.state NOT IN ('delivered', 'discarded')";

pub(super) fn matching(
    what: &'static str,
    vault: &Vault,
    scope: &Scope,
    filter: &DeliveryFilter,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::<Db>::new(what);
    query.push(FROM);
    if !filter.ids.is_empty() {
        let ids = serde_json::Value::from(filter.ids.clone()).to_string();
        query
            .push(concat!(" AND d.id ", in_numbers_begin!()))
            .push_bind(ids)
            .push(in_numbers_end!());
    }
    if let Some(system) = &filter.system_id {
        query.push(" AND d.system_id = ").push_bind(system.clone());
    }
    if let Some(case_no) = &filter.case_no {
        query.push(" AND c.case_no = ").push_bind(case_no.clone());
    }
    if let Some(code) = &filter.last_code {
        query.push(" AND d.last_code = ").push_bind(code.clone());
    }
    if let Some(item) = &filter.item {
        query
            .push(concat!(" AND c.item_code ", pattern!(), " "))
            .push_bind(super::dialect::pattern(item));
    }
    if let Some(from) = filter.created_from {
        query
            .push(" AND d.created_at >= ")
            .push_bind(from.as_microsecond());
    }
    if let Some(before) = filter.created_before {
        query
            .push(" AND d.created_at < ")
            .push_bind(before.as_microsecond());
    }
    if !filter.states.is_empty() {
        // The partial indexes hold open deliveries: say so when only such are wanted.
        if only_open(filter) {
            query.push(OPEN);
        }
        query.push(" AND (1 = 0");
        for state in &filter.states {
            query.push(" OR ").push(condition(*state));
        }
        query.push(")");
    }
    restrict(&mut query, scope, vault, "d.system_id");
    query
}

fn only_open(filter: &DeliveryFilter) -> bool {
    !filter.states.is_empty()
        && !filter
            .states
            .iter()
            .any(|s| matches!(s, DeliveryState::Delivered | DeliveryState::Discarded))
}

fn condition(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "(d.state = 'pending' AND p.system_id IS NULL)",
        DeliveryState::Unknown => "(d.state = 'unknown' AND p.system_id IS NULL)",
        DeliveryState::Held => "(d.state IN ('pending', 'unknown') AND p.system_id IS NOT NULL)",
        DeliveryState::Sending => "d.state = 'sending'",
        DeliveryState::Delivered => "d.state = 'delivered'",
        DeliveryState::Dead => "d.state = 'dead'",
        DeliveryState::Discarded => "d.state = 'discarded'",
    }
}

/// Oldest first, at most the filter's limit. Open deliveries are few: they are found by their index and sorted.
fn oldest_first(query: &mut QueryBuilder<Db>, filter: &DeliveryFilter) {
    let limit = if filter.limit == 0 {
        LINES
    } else {
        filter.limit
    };
    let order = if only_open(filter) { "+d.id" } else { "d.id" };
    query
        .push(" ORDER BY ")
        .push(order)
        .push(" LIMIT ")
        .push_bind(i64::from(limit));
}

const SUMMARY: &str = "SELECT d.id, d.system_id, d.operation, d.state, d.due_at, d.attempts, d.created_at, d.last_code, d.last_words,
    c.case_no, c.case_id, c.data_key, p.system_id AS paused";

pub(super) async fn list(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    filter: &DeliveryFilter,
) -> Result<Vec<DeliverySummary>, StoreError> {
    let mut query = matching(SUMMARY, vault, scope, filter);
    oldest_first(&mut query, filter);
    let rows = query.build().fetch_all(connection).await?;
    // A case that cannot be opened must not hide the others: its line comes without words.
    rows.iter()
        .map(|row| summary(row, case_key(row, vault).ok().flatten().as_ref()))
        .collect()
}

/// The key of a delivery's case; `None` when the case was erased.
fn case_key(row: &DbRow, vault: &Vault) -> Result<Option<DataKey>, StoreError> {
    let case_id = uuid(
        "case_record",
        "case_id",
        "of a delivery",
        row.try_get("case_id")?,
    )?;
    let Some(wrapped) = row.try_get::<Option<Vec<u8>>, _>("data_key")? else {
        return Ok(None);
    };
    vault
        .open_key(&case_place("data_key", case_id), Some(&wrapped))
        .map(Some)
}

fn summary(row: &DbRow, key: Option<&DataKey>) -> Result<DeliverySummary, StoreError> {
    const T: &str = "delivery";
    let id: i64 = row.try_get("id")?;
    let paused: Option<String> = row.try_get("paused")?;
    let state = state(id, row.try_get("state")?, paused.is_some())?;
    let due_at: Option<i64> = row.try_get("due_at")?;
    let last_words = match key {
        Some(key) => outbox::open_words(key, id, row.try_get("last_words")?)?,
        None => String::new(),
    };
    Ok(DeliverySummary {
        id,
        case_no: row.try_get("case_no")?,
        system_id: row.try_get("system_id")?,
        operation: outbox::operation(id, row.try_get("operation")?)?,
        state,
        attempts: count(T, "attempts", id, row.try_get("attempts")?)?,
        created_at: instant(T, "created_at", id, row.try_get("created_at")?)?,
        next_at: due_at
            // While it is leased the column says when the lease ends.
            .filter(|_| state != DeliveryState::Sending)
            .map(|t| instant(T, "due_at", id, t))
            .transpose()?,
        last_code: row.try_get("last_code")?,
        last_words,
    })
}

fn state(id: i64, word: &str, paused: bool) -> Result<DeliveryState, StoreError> {
    match word {
        "pending" | "unknown" if paused => Ok(DeliveryState::Held),
        "pending" => Ok(DeliveryState::Pending),
        "unknown" => Ok(DeliveryState::Unknown),
        "sending" => Ok(DeliveryState::Sending),
        "delivered" => Ok(DeliveryState::Delivered),
        "dead" => Ok(DeliveryState::Dead),
        "discarded" => Ok(DeliveryState::Discarded),
        _ => Err(broken("delivery", "state", id, "no state of this version")),
    }
}

pub(super) async fn count_matching(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    filter: &DeliveryFilter,
) -> Result<(u64, Option<Timestamp>), StoreError> {
    let mut query = matching("SELECT count(*), min(d.created_at)", vault, scope, filter);
    let row = query.build().fetch_one(connection).await?;
    let oldest: Option<i64> = row.try_get(1)?;
    Ok((
        count("delivery", "id", "count", row.try_get(0)?)?,
        oldest
            .map(|t| instant("delivery", "created_at", "oldest", t))
            .transpose()?,
    ))
}

pub(super) async fn show(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    id: i64,
) -> Result<Option<DeliveryRecord>, StoreError> {
    let filter = DeliveryFilter {
        ids: vec![id],
        ..DeliveryFilter::default()
    };
    let mut query = matching(SUMMARY, vault, scope, &filter);
    let Some(row) = query.build().fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let key = case_key(&row, vault)?;
    let summary = summary(&row, key.as_ref())?;
    let attempts = match &key {
        Some(key) => attempts(connection, key, id).await?,
        None => Vec::new(),
    };
    Ok(Some(DeliveryRecord {
        message_key: message_key(&summary.system_id, &summary.case_no, id),
        summary,
        attempts,
    }))
}

async fn attempts(
    connection: &mut DbConnection,
    key: &DataKey,
    id: i64,
) -> Result<Vec<AttemptRecord>, StoreError> {
    const T: &str = "delivery_attempt";
    let rows = sqlx::query(
        "SELECT ordinal, at, step, took_us, code, exchange FROM delivery_attempt WHERE delivery_id = $1 ORDER BY ordinal",
    )
    .bind(id)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let place = attempt_place(id, row.try_get("ordinal")?);
            let exchange: Exchange =
                Sealed::from_stored(row.try_get("exchange")?).open(key, &place)?;
            Ok(AttemptRecord {
                at: instant(T, "at", id, row.try_get("at")?)?,
                step: row.try_get("step")?,
                took_us: row.try_get("took_us")?,
                code: row.try_get("code")?,
                words: exchange.words,
                sent: exchange.sent,
                received: exchange.received,
            })
        })
        .collect()
}

/// Ids that match a filter and are in one of `states` (a list of SQL words).
async fn ids(
    connection: &mut DbConnection,
    vault: &Vault,
    (scope, filter): (&Scope, &DeliveryFilter),
    states: &'static str,
) -> Result<Vec<i64>, StoreError> {
    let mut query = matching("SELECT d.id", vault, scope, filter);
    query.push(OPEN).push(" AND d.state IN ").push(states);
    oldest_first(&mut query, filter);
    Ok(query.build_query_scalar().fetch_all(connection).await?)
}

pub(super) async fn retry(
    connection: &mut DbConnection,
    vault: &Vault,
    which: (&Scope, &DeliveryFilter),
    now: Timestamp,
    audit: NewAudit,
) -> Result<Verdict<u64>, StoreError> {
    let dead = ids(connection, vault, which, "('dead')").await?;
    let mut retried = 0;
    for id in &dead {
        dialect::case_of_delivery(connection, *id).await?;
        retried += sqlx::query(
            "UPDATE delivery SET state = CASE WHEN ask_first = 1 THEN 'unknown' ELSE 'pending' END, due_at = $1
             WHERE id = $2 AND state = 'dead'",
        )
        .bind(now.as_microsecond())
        .bind(id)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    }
    write_audit(connection, vault, which.1, audit).await?;
    keep(retried)
}

pub(super) async fn discard(
    connection: &mut DbConnection,
    vault: &Vault,
    which: (&Scope, &DeliveryFilter),
    audit: NewAudit,
) -> Result<Verdict<u64>, StoreError> {
    let gone = ids(connection, vault, which, "('dead', 'pending')").await?;
    let mut discarded = 0;
    for id in &gone {
        discarded += u64::from(discard_one(connection, *id).await?.is_some());
    }
    write_audit(connection, vault, which.1, audit).await?;
    keep(discarded)
}

/// Gives one delivery up and its turn to the next; returns its fence, `None` when somebody else has dealt with it.
pub(super) async fn discard_one(
    connection: &mut DbConnection,
    id: i64,
) -> Result<Option<i64>, StoreError> {
    dialect::case_of_delivery(connection, id).await?;
    let discarded: Option<(i64, i64)> = sqlx::query_as(
        "UPDATE delivery SET state = 'discarded', turn = 0, due_at = NULL WHERE id = $1 AND state IN ('dead', 'pending')
         RETURNING case_id, fence",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((case, fence)) = discarded else {
        return Ok(None);
    };
    outbox::next_turns(connection, &[case]).await?;
    Ok(Some(fence))
}

async fn write_audit(
    connection: &mut DbConnection,
    vault: &Vault,
    filter: &DeliveryFilter,
    audit: NewAudit,
) -> Result<(), StoreError> {
    let about = About {
        system_id: filter.system_id.as_deref(),
        target: filter.system_id.as_deref().unwrap_or_default(),
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await
}

/// Pauses or resumes; a system outside the scope stays as it is, without a trace.
pub(super) async fn set_paused(
    connection: &mut DbConnection,
    vault: &Vault,
    (scope, system_id): (&Scope, &str),
    paused: bool,
    audit: NewAudit,
) -> Result<Verdict<()>, StoreError> {
    let visible = match scope {
        Scope::Everything => true,
        Scope::System(own) => own == system_id,
        _ => false,
    };
    if !visible {
        return undo(());
    }
    let statement = if paused {
        "INSERT INTO paused_system (system_id, paused_at) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM paused_system WHERE system_id = $1 AND $2 IS NOT NULL"
    };
    sqlx::query(statement)
        .bind(system_id)
        .bind(audit.at.as_microsecond())
        .execute(&mut *connection)
        .await?;
    let about = About {
        system_id: Some(system_id),
        target: system_id,
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await?;
    keep(())
}

pub(super) const DEPTHS: &str = "SELECT system_id, count(*) FILTER (WHERE state <> 'dead'), count(*) FILTER (WHERE state = 'dead'), min(CASE WHEN state <> 'dead' THEN created_at END),
        min(CASE WHEN state <> 'dead' AND urgent_at < 9223372036854775807 THEN urgent_at END)
    FROM delivery WHERE state NOT IN ('delivered', 'discarded') GROUP BY system_id ORDER BY system_id";

pub(super) async fn depths(connection: &mut DbConnection) -> Result<Vec<QueueDepth>, StoreError> {
    let rows = sqlx::query(DEPTHS).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let system_id: String = row.try_get(0)?;
            let moment = |column: usize, name| -> Result<Option<Timestamp>, StoreError> {
                row.try_get::<Option<i64>, _>(column)?
                    .map(|t| instant("delivery", name, &system_id, t))
                    .transpose()
            };
            Ok(QueueDepth {
                waiting: count("delivery", "state", &system_id, row.try_get(1)?)?,
                dead: count("delivery", "state", &system_id, row.try_get(2)?)?,
                oldest: moment(3, "created_at")?,
                urgent: moment(4, "urgent_at")?,
                system_id,
            })
        })
        .collect()
}

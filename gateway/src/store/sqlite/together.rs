//! How a group of applications goes into SQLite: one statement for many rows of a table, since each statement is a trip to the
//! thread that has the connection and back.

use super::audit::Row as AuditRow;
use super::binding::Binding;
use super::changes::CaseUpdate;
use super::clock::urgent_at;
use super::dialect::next_id;
use super::rows::stored;
use super::submissions::{ApplicationRow, CaseRow, EventRow, Ids};
use super::words::{AttemptRow, DeliveryRow};
use crate::store::StoreError;
use crate::store::case::ClockRow;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, HashSet};

/// Rows of one statement. Groups are cut into powers of two up to this, so that few statements serve all sizes and stay prepared.
const ROWS_MAX: usize = 64;

type Insert<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// Inserts rows by `head`, which ends before the values; `columns` values a row.
async fn insert<'r, R>(
    connection: &mut SqliteConnection,
    head: &str,
    columns: usize,
    rows: &'r [R],
    bind: impl for<'q> Fn(Insert<'q>, &'r R) -> Insert<'q>,
) -> Result<(), StoreError> {
    with_values(connection, (head, ""), columns, rows, bind).await
}

/// Runs a statement that has the rows as `VALUES` between its head and its tail.
async fn with_values<'r, R>(
    connection: &mut SqliteConnection,
    (head, tail): (&str, &str),
    columns: usize,
    rows: &'r [R],
    bind: impl for<'q> Fn(Insert<'q>, &'r R) -> Insert<'q>,
) -> Result<(), StoreError> {
    let mut left = rows;
    while !left.is_empty() {
        let count = (1 << left.len().ilog2()).min(ROWS_MAX);
        let (these, others) = left.split_at(count);
        let row = format!("({})", vec!["?"; columns].join(","));
        let statement = format!("{head} VALUES {}{tail}", vec![row; count].join(","));
        let insert = these
            .iter()
            .fold(sqlx::query(AssertSqlSafe(statement)), &bind);
        insert.execute(&mut *connection).await?;
        left = others;
    }
    Ok(())
}

/// Row ids for so many applications of one case: only this write gives any away now.
pub(super) async fn draw_ids(
    connection: &mut SqliteConnection,
    count: usize,
) -> Result<Vec<Ids>, StoreError> {
    let application = next_id(connection, "application").await?;
    let case = next_id(connection, "case_record").await?;
    Ok((0..stored(count))
        .map(|n| Ids {
            application: application + n,
            case: case + n,
        })
        .collect())
}

/// The applications whose keys are free. Nobody else takes any until this write has ended.
pub(super) async fn take_keys(
    connection: &mut SqliteConnection,
    wanted: &BTreeMap<&[u8], i64>,
) -> Result<HashSet<i64>, StoreError> {
    let keys: Vec<String> = wanted
        .keys()
        .map(|key| data_encoding::HEXLOWER.encode(key))
        .collect();
    let keys = serde_json::json!(keys).to_string();
    let taken: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT key_digest FROM idempotency WHERE key_digest IN (SELECT unhex(value) FROM json_each($1))",
    )
    .bind(keys)
    .fetch_all(connection)
    .await?;
    let free = wanted
        .iter()
        .filter(|(key, _)| !taken.iter().any(|taken| taken == *key));
    Ok(free.map(|(_, owner)| *owner).collect())
}

/// Writes the keys of stored applications.
pub(super) async fn insert_keys(
    connection: &mut SqliteConnection,
    keys: &[(&[u8], i64)],
) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO idempotency (key_digest, application_id)";
    insert(connection, HEAD, 2, keys, |insert, (key, owner)| {
        insert.bind(key.to_vec()).bind(*owner)
    })
    .await
}

/// Moves the serials of stems on; what stands then, by stem. As one by one (`numbers::draw`): the first serial of a stem is ahead of
/// those that were given before a restore.
pub(super) async fn draw_stems(
    connection: &mut SqliteConnection,
    wanted: &BTreeMap<&str, i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    const DRAW: &str = "INSERT INTO number_serial (stem, last)
        SELECT new.key, new.value + coalesce((SELECT max(ahead) FROM number_floor
            WHERE substr(new.key, length(new.key) - 5) BETWEEN from_day AND to_day), 0)
        FROM json_each($1) AS new WHERE true
        ON CONFLICT (stem) DO UPDATE SET last = number_serial.last + excluded.last - coalesce((SELECT max(ahead) FROM number_floor
            WHERE substr(excluded.stem, length(excluded.stem) - 5) BETWEEN from_day AND to_day), 0)
        RETURNING stem, last";
    draw(connection, DRAW, wanted).await
}

/// Moves the short serials of systems on; what stands then, by system.
pub(super) async fn draw_shorts(
    connection: &mut SqliteConnection,
    wanted: &BTreeMap<&str, i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    const DRAW: &str = "INSERT INTO short_serial (system_id, last)
        SELECT new.key, new.value FROM json_each($1) AS new WHERE true
        ON CONFLICT (system_id) DO UPDATE SET last = short_serial.last + excluded.last RETURNING system_id, last";
    draw(connection, DRAW, wanted).await
}

async fn draw(
    connection: &mut SqliteConnection,
    statement: &'static str,
    wanted: &BTreeMap<&str, i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(statement)
        .bind(serde_json::json!(wanted).to_string())
        .fetch_all(connection)
        .await?)
}

/// Their applications.
pub(super) async fn insert_applications(
    connection: &mut SqliteConnection,
    rows: &[ApplicationRow<'_>],
) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO application (id, uid, application_no, data_key, owner_digest, agent_digest, parties, channel,
        submitted_at)";
    insert(connection, HEAD, 9, rows, |insert, row| {
        let prepared = row.prepared;
        insert
            .bind(row.id)
            .bind(prepared.uid.clone())
            .bind(row.no.to_owned())
            .bind(prepared.wrapped.clone())
            .bind(row.owner.clone())
            .bind(row.agent.clone())
            .bind(prepared.parties.clone())
            .bind(prepared.application.channel.clone())
            .bind(prepared.application.submitted_at.as_microsecond())
    })
    .await
}

/// Their cases.
pub(super) async fn insert_cases(
    connection: &mut SqliteConnection,
    rows: &[CaseRow<'_>],
) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO case_record (id, case_id, application_id, case_no, short_no, partner_no, organisation_id, system_id,
        data_key, identity_digest, phone_digest, submission, folded, state, decision, rev, last_seq, poll_at, item_code)";
    insert(connection, HEAD, 19, rows, |insert, row| {
        let (case, sealed) = (row.case, row.sealed);
        insert
            .bind(row.ids.case)
            .bind(case.case_id.as_bytes().to_vec())
            .bind(row.ids.application)
            .bind(row.number.case_no.clone())
            .bind(row.number.short_no.clone())
            .bind(case.submission.case.partner_no.clone())
            .bind(case.organisation_id.clone())
            .bind(case.system_id.clone())
            .bind(sealed.wrapped.clone())
            .bind(row.identity.clone())
            .bind(row.phone.clone())
            .bind(sealed.submission.clone())
            .bind(sealed.folded.clone())
            .bind(case.projection.state.clone())
            .bind(case.projection.decision.clone())
            .bind(1_i64)
            .bind(stored(case.events.len()))
            .bind(case.projection.poll_at.map(|t| t.as_microsecond()))
            .bind(case.submission.item.code.clone())
    })
    .await
}

/// Events of cases.
pub(super) async fn insert_events(
    connection: &mut SqliteConnection,
    events: &[EventRow<'_>],
) -> Result<(), StoreError> {
    const HEAD: &str =
        "INSERT INTO case_event (case_id, seq, kind, system_id, received_at, supersedes, event)";
    insert(connection, HEAD, 7, events, |insert, row| {
        insert
            .bind(row.case)
            .bind(row.seq)
            .bind(row.new.event.body.kind())
            .bind(row.new.system_id.clone())
            .bind(row.new.received_at.as_microsecond())
            .bind(row.new.supersedes.map(stored))
            .bind(row.sealed.to_vec())
    })
    .await
}

/// Clocks of cases.
pub(super) async fn insert_clocks(
    connection: &mut SqliteConnection,
    clocks: &[(i64, &ClockRow)],
) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO case_clock (case_id, kind, due_at)";
    insert(connection, HEAD, 3, clocks, |insert, (case, clock)| {
        insert
            .bind(*case)
            .bind(clock.kind.clone())
            .bind(clock.due_at.as_microsecond())
    })
    .await
}

/// Cases as changes leave them.
pub(super) async fn update_cases(
    connection: &mut SqliteConnection,
    rows: &[CaseUpdate<'_>],
) -> Result<(), StoreError> {
    const HEAD: &str = "WITH new (id, state, decision, folded, poll_at, partner_no, last_seq) AS (";
    const TAIL: &str = ") UPDATE case_record SET state = new.state, decision = new.decision, folded = new.folded, poll_at = new.poll_at,
        partner_no = coalesce(new.partner_no, case_record.partner_no), rev = rev + 1, last_seq = new.last_seq
        FROM new WHERE case_record.id = new.id";
    with_values(connection, (HEAD, TAIL), 7, rows, |update, row| {
        let projection = &row.change.projection;
        update
            .bind(row.case)
            .bind(projection.state.clone())
            .bind(projection.decision.clone())
            .bind(row.folded.clone())
            .bind(projection.poll_at.map(|t| t.as_microsecond()))
            .bind(row.change.partner_no.clone())
            .bind(row.last_seq)
    })
    .await
}

/// How urgent what waits for the partners of cases is, by case.
pub(super) async fn set_urgencies(
    connection: &mut SqliteConnection,
    rows: &[(i64, i64)],
) -> Result<(), StoreError> {
    const HEAD: &str = "WITH new (id, at) AS (";
    const TAIL: &str = ") UPDATE delivery SET urgent_at = new.at FROM new
        WHERE delivery.case_id = new.id AND state NOT IN ('delivered', 'discarded') AND urgent_at <> new.at";
    with_values(connection, (HEAD, TAIL), 2, rows, |update, (id, at)| {
        update.bind(*id).bind(*at)
    })
    .await
}

/// The deliveries of their cases: a new case's only one has its turn.
pub(super) async fn insert_deliveries(
    connection: &mut SqliteConnection,
    rows: &[CaseRow<'_>],
) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO delivery (case_id, system_id, operation, state, turn, due_at, created_at, urgent_at)";
    let deliveries: Vec<_> = rows.iter().flat_map(CaseRow::deliveries).collect();
    insert(connection, HEAD, 8, &deliveries, |insert, (case, new)| {
        insert
            .bind(case.ids.case)
            .bind(new.system_id.clone())
            .bind(new.operation.as_str())
            .bind("pending")
            .bind(1_i64)
            .bind(new.not_before.as_microsecond())
            .bind(case.handed_in_at.as_microsecond())
            .bind(urgent_at(&case.case.projection.clocks))
    })
    .await
}

/// Their audit records.
pub(super) async fn insert_audits(
    connection: &mut SqliteConnection,
    rows: &[AuditRow],
) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO audit (at, actor_kind, action, target, organisation_id, request_id, outcome, application_id,
        system_id, content)";
    insert(connection, HEAD, 10, rows, |insert, row| {
        insert
            .bind(row.audit.at.as_microsecond())
            .bind(row.audit.actor_kind.clone())
            .bind(row.audit.action.clone())
            .bind(row.audit.target.clone())
            .bind(row.audit.organisation_id.clone())
            .bind(row.audit.request_id.clone())
            .bind(row.audit.outcome.clone())
            .bind(row.application_id)
            .bind(row.system_id.clone())
            .bind(row.content.clone())
    })
    .await
}

/// Binds materials that are still free; how many were.
pub(super) async fn bind_materials(
    connection: &mut SqliteConnection,
    rows: &[Binding<'_>],
) -> Result<u64, StoreError> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.id,
                row.case,
                row.seq,
                data_encoding::HEXLOWER.encode(&row.key),
            )
        })
        .collect();
    let bound = sqlx::query(
        "UPDATE material SET case_id = new.value ->> 1, seq = new.value ->> 2, data_key = unhex(new.value ->> 3)
         FROM json_each($1) AS new WHERE material.id = new.value ->> 0 AND material.case_id IS NULL",
    )
    .bind(serde_json::json!(rows).to_string())
    .execute(connection)
    .await?;
    Ok(bound.rows_affected())
}

/// Attempts that workers made.
pub(super) async fn insert_attempts(
    connection: &mut SqliteConnection,
    rows: &[AttemptRow],
) -> Result<(), StoreError> {
    const HEAD: &str =
        "INSERT INTO delivery_attempt (delivery_id, ordinal, at, step, took_us, code, exchange)";
    insert(connection, HEAD, 7, rows, |insert, row| {
        insert
            .bind(row.delivery)
            .bind(row.ordinal)
            .bind(row.at)
            .bind(row.step.clone())
            .bind(row.took_us)
            .bind(row.code.clone())
            .bind(row.exchange.clone())
    })
    .await
}

/// What workers say of their deliveries.
pub(super) async fn update_deliveries(
    connection: &mut SqliteConnection,
    rows: &[DeliveryRow],
) -> Result<(), StoreError> {
    const HEAD: &str = "WITH new (id, state, due_at, ask_first, begun, turn, attempts, last_code, last_words, journal) AS (";
    const TAIL: &str = ") UPDATE delivery SET state = new.state, due_at = new.due_at, ask_first = new.ask_first, begun = new.begun,
        turn = new.turn, attempts = new.attempts, last_code = new.last_code, last_words = new.last_words, journal = new.journal
        FROM new WHERE delivery.id = new.id";
    with_values(connection, (HEAD, TAIL), 10, rows, |update, row| {
        update
            .bind(row.id)
            .bind(row.state.clone())
            .bind(row.due_at)
            .bind(row.ask_first)
            .bind(row.begun)
            .bind(row.turn)
            .bind(row.attempts)
            .bind(row.last_code.clone())
            .bind(row.last_words.clone())
            .bind(row.journal.clone())
    })
    .await
}

/// The partners' own numbers of cases.
pub(super) async fn set_partner_numbers(
    connection: &mut SqliteConnection,
    rows: &[(i64, String)],
) -> Result<(), StoreError> {
    const HEAD: &str = "WITH new (id, no) AS (";
    const TAIL: &str =
        ") UPDATE case_record SET partner_no = new.no FROM new WHERE case_record.id = new.id";
    with_values(connection, (HEAD, TAIL), 2, rows, |update, (id, no)| {
        update.bind(*id).bind(no.clone())
    })
    .await
}

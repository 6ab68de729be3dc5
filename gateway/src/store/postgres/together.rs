//! How a group of applications goes into PostgreSQL: one statement a table, with an array a column.

use super::audit::Row as AuditRow;
use super::binding::Binding;
use super::changes::CaseUpdate;
use super::clock::urgent_at;
use super::rows::stored;
use super::submissions::{ApplicationRow, CaseRow, EventRow, Ids};
use super::words::{AttemptRow, DeliveryRow};
use crate::store::StoreError;
use crate::store::case::ClockRow;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashSet};

/// A column of a group's rows.
fn column<'r, R, T>(rows: &'r [R], of: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// Row ids for so many applications of one case.
pub(super) async fn draw_ids(
    connection: &mut PgConnection,
    count: usize,
) -> Result<Vec<Ids>, StoreError> {
    let drawn: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT nextval('application_id_seq'), month_id('case_record_id_seq') FROM generate_series(1, $1)",
    )
    .bind(stored(count))
    .fetch_all(connection)
    .await?;
    Ok(drawn
        .into_iter()
        .map(|(application, case)| Ids { application, case })
        .collect())
}

/// Takes keys for applications; the ones that got theirs. Whoever looks for one of them waits until it is known whether it is taken.
pub(super) async fn take_keys(
    connection: &mut PgConnection,
    wanted: &BTreeMap<&[u8], i64>,
) -> Result<HashSet<i64>, StoreError> {
    super::dialect::all_alone(connection, wanted.keys().copied()).await?;
    let (names, owners): (Vec<&[u8]>, Vec<i64>) =
        wanted.iter().map(|(key, owner)| (*key, *owner)).unzip();
    let taken: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO idempotency (key_digest, application_id) SELECT * FROM unnest($1::bytea[], $2::bigint[])
         ON CONFLICT DO NOTHING RETURNING application_id",
    )
    .bind(names)
    .bind(owners)
    .fetch_all(connection)
    .await?;
    Ok(taken.into_iter().collect())
}

/// The keys are rows since they were taken.
pub(super) async fn insert_keys(
    _: &mut PgConnection,
    _: &[(&[u8], i64)],
) -> Result<(), StoreError> {
    Ok(())
}

/// Moves the serials of stems on; what stands then, by stem. As one by one (`numbers::draw`): the first serial of a stem is ahead of
/// those that were given before a restore.
pub(super) async fn draw_stems(
    connection: &mut PgConnection,
    wanted: &BTreeMap<&str, i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    const DRAW: &str = "INSERT INTO number_serial (stem, last)
        SELECT new.name, new.count + coalesce((SELECT max(ahead) FROM number_floor
            WHERE substr(new.name, length(new.name) - 5) BETWEEN from_day AND to_day), 0)
        FROM unnest($1::text[], $2::bigint[]) AS new (name, count)
        ON CONFLICT (stem) DO UPDATE SET last = number_serial.last + excluded.last - coalesce((SELECT max(ahead) FROM number_floor
            WHERE substr(excluded.stem, length(excluded.stem) - 5) BETWEEN from_day AND to_day), 0)
        RETURNING stem, last";
    draw(connection, DRAW, wanted).await
}

/// Moves the short serials of systems on; what stands then, by system.
pub(super) async fn draw_shorts(
    connection: &mut PgConnection,
    wanted: &BTreeMap<&str, i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    const DRAW: &str = "INSERT INTO short_serial (system_id, last)
        SELECT new.name, new.count FROM unnest($1::text[], $2::bigint[]) AS new (name, count)
        ON CONFLICT (system_id) DO UPDATE SET last = short_serial.last + excluded.last RETURNING system_id, last";
    draw(connection, DRAW, wanted).await
}

async fn draw(
    connection: &mut PgConnection,
    statement: &'static str,
    wanted: &BTreeMap<&str, i64>,
) -> Result<Vec<(String, i64)>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let (names, counts): (Vec<&str>, Vec<i64>) =
        wanted.iter().map(|(name, count)| (*name, *count)).unzip();
    Ok(sqlx::query_as(statement)
        .bind(names)
        .bind(counts)
        .fetch_all(connection)
        .await?)
}

/// Their applications.
pub(super) async fn insert_applications(
    connection: &mut PgConnection,
    rows: &[ApplicationRow<'_>],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO application (id, uid, application_no, data_key, owner_digest, agent_digest, parties, channel, submitted_at)
         SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[],
             $9::bigint[])",
    )
    .bind(column(rows, |r| r.id))
    .bind(column(rows, |r| r.prepared.uid.as_slice()))
    .bind(column(rows, |r| r.no))
    .bind(column(rows, |r| r.prepared.wrapped.as_slice()))
    .bind(column(rows, |r| r.owner.as_deref()))
    .bind(column(rows, |r| r.agent.as_deref()))
    .bind(column(rows, |r| r.prepared.parties.as_slice()))
    .bind(column(rows, |r| r.prepared.application.channel.as_str()))
    .bind(column(rows, |r| {
        r.prepared.application.submitted_at.as_microsecond()
    }))
    .execute(connection)
    .await?;
    Ok(())
}

/// Their cases.
pub(super) async fn insert_cases(
    connection: &mut PgConnection,
    rows: &[CaseRow<'_>],
) -> Result<(), StoreError> {
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
    .bind(column(rows, |r| r.ids.case))
    .bind(column(rows, |r| r.case.case_id.as_bytes().as_slice()))
    .bind(column(rows, |r| r.ids.application))
    .bind(column(rows, |r| r.number.case_no.as_str()))
    .bind(column(rows, |r| r.number.short_no.as_deref()))
    .bind(column(rows, |r| {
        r.case.submission.case.partner_no.as_deref()
    }))
    .bind(column(rows, |r| r.case.organisation_id.as_str()))
    .bind(column(rows, |r| r.case.system_id.as_deref()))
    .bind(column(rows, |r| r.sealed.wrapped.as_slice()))
    .bind(column(rows, |r| r.identity.as_deref()))
    .bind(column(rows, |r| r.phone.as_deref()))
    .bind(column(rows, |r| r.sealed.submission.as_slice()))
    .bind(column(rows, |r| r.sealed.folded.as_slice()))
    .bind(column(rows, |r| r.case.projection.state.as_str()))
    .bind(column(rows, |r| r.case.projection.decision.as_deref()))
    .bind(column(rows, |r| stored(r.case.events.len())))
    .bind(column(rows, |r| {
        r.case.projection.poll_at.map(|t| t.as_microsecond())
    }))
    .bind(column(rows, |r| r.case.submission.item.code.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Events of cases.
pub(super) async fn insert_events(
    connection: &mut PgConnection,
    events: &[EventRow<'_>],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO case_event (case_id, seq, kind, system_id, received_at, supersedes, event)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])",
    )
    .bind(column(events, |e| e.case))
    .bind(column(events, |e| e.seq))
    .bind(column(events, |e| e.new.event.body.kind()))
    .bind(column(events, |e| e.new.system_id.as_deref()))
    .bind(column(events, |e| e.new.received_at.as_microsecond()))
    .bind(column(events, |e| e.new.supersedes.map(stored)))
    .bind(column(events, |e| e.sealed))
    .execute(connection)
    .await?;
    Ok(())
}

/// Clocks of cases.
pub(super) async fn insert_clocks(
    connection: &mut PgConnection,
    clocks: &[(i64, &ClockRow)],
) -> Result<(), StoreError> {
    if clocks.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO case_clock (case_id, kind, due_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])",
    )
    .bind(column(clocks, |(case, _)| *case))
    .bind(column(clocks, |(_, clock)| clock.kind.as_str()))
    .bind(column(clocks, |(_, clock)| clock.due_at.as_microsecond()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Cases as changes leave them.
pub(super) async fn update_cases(
    connection: &mut PgConnection,
    rows: &[CaseUpdate<'_>],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE case_record SET state = new.state, decision = new.decision, folded = new.folded, poll_at = new.poll_at,
             partner_no = coalesce(new.partner_no, case_record.partner_no), rev = rev + 1, last_seq = new.last_seq
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::text[], $7::bigint[])
         AS new (id, state, decision, folded, poll_at, partner_no, last_seq) WHERE case_record.id = new.id",
    )
    .bind(column(rows, |r| r.case))
    .bind(column(rows, |r| r.change.projection.state.as_str()))
    .bind(column(rows, |r| r.change.projection.decision.as_deref()))
    .bind(column(rows, |r| r.folded.as_slice()))
    .bind(column(rows, |r| {
        r.change.projection.poll_at.map(|t| t.as_microsecond())
    }))
    .bind(column(rows, |r| r.change.partner_no.as_deref()))
    .bind(column(rows, |r| r.last_seq))
    .execute(connection)
    .await?;
    Ok(())
}

/// How urgent what waits for the partners of cases is, by case.
pub(super) async fn set_urgencies(
    connection: &mut PgConnection,
    rows: &[(i64, i64)],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE delivery SET urgent_at = new.at FROM unnest($1::bigint[], $2::bigint[]) AS new (id, at)
         WHERE delivery.case_id = new.id AND state NOT IN ('delivered', 'discarded') AND urgent_at <> new.at",
    )
    .bind(column(rows, |(id, _)| *id))
    .bind(column(rows, |(_, at)| *at))
    .execute(connection)
    .await?;
    Ok(())
}

/// The deliveries of their cases: a new case's only one has its turn.
pub(super) async fn insert_deliveries(
    connection: &mut PgConnection,
    rows: &[CaseRow<'_>],
) -> Result<(), StoreError> {
    let deliveries: Vec<_> = rows.iter().flat_map(CaseRow::deliveries).collect();
    if deliveries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO delivery (case_id, system_id, operation, state, turn, due_at, created_at, urgent_at)
         SELECT case_id, system_id, operation, 'pending', 1, due_at, created_at, urgent_at
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
         AS new (case_id, system_id, operation, due_at, created_at, urgent_at)",
    )
    .bind(column(&deliveries, |(case, _)| case.ids.case))
    .bind(column(&deliveries, |(_, new)| new.system_id.as_str()))
    .bind(column(&deliveries, |(_, new)| new.operation.as_str()))
    .bind(column(&deliveries, |(_, new)| {
        new.not_before.as_microsecond()
    }))
    .bind(column(&deliveries, |(case, _)| {
        case.handed_in_at.as_microsecond()
    }))
    .bind(column(&deliveries, |(case, _)| {
        urgent_at(&case.case.projection.clocks)
    }))
    .execute(connection)
    .await?;
    Ok(())
}

/// Their audit records.
pub(super) async fn insert_audits(
    connection: &mut PgConnection,
    rows: &[AuditRow],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (at, actor_kind, action, target, organisation_id, request_id, outcome, application_id, system_id, content)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
             $9::text[], $10::bytea[])",
    )
    .bind(column(rows, |r| r.audit.at.as_microsecond()))
    .bind(column(rows, |r| r.audit.actor_kind.as_str()))
    .bind(column(rows, |r| r.audit.action.as_str()))
    .bind(column(rows, |r| r.audit.target.as_str()))
    .bind(column(rows, |r| r.audit.organisation_id.as_str()))
    .bind(column(rows, |r| r.audit.request_id.as_str()))
    .bind(column(rows, |r| r.audit.outcome.as_str()))
    .bind(column(rows, |r| r.application_id))
    .bind(column(rows, |r| r.system_id.as_deref()))
    .bind(column(rows, |r| r.content.as_slice()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Binds materials that are still free; how many were.
pub(super) async fn bind_materials(
    connection: &mut PgConnection,
    rows: &[Binding<'_>],
) -> Result<u64, StoreError> {
    let bound = sqlx::query(
        "UPDATE material SET case_id = new.case_id, seq = new.seq, data_key = new.data_key
         FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[]) AS new (id, case_id, seq, data_key)
         WHERE material.id = new.id AND material.case_id IS NULL",
    )
    .bind(column(rows, |r| r.id))
    .bind(column(rows, |r| r.case))
    .bind(column(rows, |r| r.seq))
    .bind(column(rows, |r| r.key.as_slice()))
    .execute(connection)
    .await?;
    Ok(bound.rows_affected())
}

/// Attempts that workers made.
pub(super) async fn insert_attempts(
    connection: &mut PgConnection,
    rows: &[AttemptRow],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO delivery_attempt (delivery_id, ordinal, at, step, took_us, code, exchange)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bytea[])",
    )
    .bind(column(rows, |r| r.delivery))
    .bind(column(rows, |r| r.ordinal))
    .bind(column(rows, |r| r.at))
    .bind(column(rows, |r| r.step.as_str()))
    .bind(column(rows, |r| r.took_us))
    .bind(column(rows, |r| r.code.as_str()))
    .bind(column(rows, |r| r.exchange.as_slice()))
    .execute(connection)
    .await?;
    Ok(())
}

/// What workers say of their deliveries.
pub(super) async fn update_deliveries(
    connection: &mut PgConnection,
    rows: &[DeliveryRow],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE delivery SET state = new.state, due_at = new.due_at, ask_first = new.ask_first, begun = new.begun, turn = new.turn,
             attempts = new.attempts, last_code = new.last_code, last_words = new.last_words, journal = new.journal
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
             $9::bytea[], $10::bytea[])
         AS new (id, state, due_at, ask_first, begun, turn, attempts, last_code, last_words, journal) WHERE delivery.id = new.id",
    )
    .bind(column(rows, |r| r.id))
    .bind(column(rows, |r| r.state.as_str()))
    .bind(column(rows, |r| r.due_at))
    .bind(column(rows, |r| i64::from(r.ask_first)))
    .bind(column(rows, |r| i64::from(r.begun)))
    .bind(column(rows, |r| r.turn))
    .bind(column(rows, |r| r.attempts))
    .bind(column(rows, |r| r.last_code.as_str()))
    .bind(column(rows, |r| r.last_words.as_deref()))
    .bind(column(rows, |r| r.journal.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

/// The partners' own numbers of cases.
pub(super) async fn set_partner_numbers(
    connection: &mut PgConnection,
    rows: &[(i64, String)],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE case_record SET partner_no = new.no FROM unnest($1::bigint[], $2::text[]) AS new (id, no) WHERE case_record.id = new.id",
    )
    .bind(column(rows, |(id, _)| *id))
    .bind(column(rows, |(_, no)| no.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}

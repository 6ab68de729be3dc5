//! A look at the outbox: what is due, whose turn it is, and what the terms of its system leave open, leased in one write.
//!
//! Looks of several nodes come one after the other, so that the counts of what is under way and the pace of a partner hold over all of
//! them. A row that another write has at that moment is passed over and looked at again.

use super::cargo::Taken;
use super::dialect::{self, DbConnection};
use super::{StoreError, Verdict, keep, undo};
use crate::store::allotment::{open_for, share};
use crate::store::delivery::{Look, SystemTerms};
use std::collections::{BTreeMap, HashMap};

/// The name under which looks are alone.
const LOOKING: &[u8] = b"a look at the outbox";
/// A row that another write had is free again by then.
const PASSED_OVER_US: i64 = 10_000;
/// Of the most urgent deliveries of a system so many are looked at for each that may be taken: most of them may not be due yet.
const WINDOW: u32 = 8;

/// Systems with something due, found by one step of the index a system, with what is under way and how far their pace is used up.
pub(super) const SYSTEMS: &str = "WITH RECURSIVE system (id) AS (
        SELECT min(system_id) FROM delivery WHERE turn = 1 AND due_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(d.system_id) FROM delivery d WHERE d.turn = 1 AND d.due_at IS NOT NULL AND d.system_id > system.id)
        FROM system WHERE system.id IS NOT NULL)
    SELECT s.id,
        (SELECT count(*) FROM delivery u WHERE u.system_id = s.id AND u.state = 'sending' AND u.state NOT IN ('delivered', 'discarded')
            AND u.due_at > $1),
        (SELECT p.used_until FROM partner_pace p WHERE p.system_id = s.id)
    FROM system s WHERE s.id IS NOT NULL AND s.id NOT IN (SELECT system_id FROM paused_system)
        AND (SELECT min(e.due_at) FROM delivery e WHERE e.system_id = s.id AND e.turn = 1 AND e.due_at IS NOT NULL) <= $1
    ORDER BY s.id";

/// What of a system may be leased, the case whose clock ends first before all others: among the most urgent that wait, those of which an
/// outcome is unknown, those whose lease ran out, and what is due longest. What carries materials waits until all of its case's are scanned.
pub(super) const CANDIDATES: &str = "WITH candidate (id, case_id, operation, turn, due_at, urgent_at) AS (
        SELECT * FROM (SELECT id, case_id, operation, turn, due_at, urgent_at FROM delivery
            WHERE system_id = $1 AND state = 'pending' AND state NOT IN ('delivered', 'discarded') ORDER BY urgent_at, created_at, id LIMIT $3) AS p
        UNION
        SELECT * FROM (SELECT id, case_id, operation, turn, due_at, urgent_at FROM delivery
            WHERE system_id = $1 AND state = 'unknown' AND state NOT IN ('delivered', 'discarded') ORDER BY urgent_at, created_at, id LIMIT $3) AS u
        UNION
        SELECT * FROM (SELECT e.id, e.case_id, e.operation, e.turn, e.due_at, e.urgent_at FROM delivery e
            WHERE e.system_id = $1 AND e.turn = 1 AND e.due_at IS NOT NULL AND e.due_at <= $2
            AND NOT (e.operation IN ('submit', 'supplement')
                AND EXISTS (SELECT 1 FROM material m WHERE m.case_id = e.case_id AND m.scan = 'pending' AND m.seq IS NOT NULL))
            ORDER BY e.due_at, e.id LIMIT $4) AS d)
    SELECT id, urgent_at, due_at FROM candidate
    WHERE turn = 1 AND due_at <= $2
        AND NOT (operation IN ('submit', 'supplement')
            AND EXISTS (SELECT 1 FROM material m WHERE m.case_id = candidate.case_id AND m.scan = 'pending' AND m.seq IS NOT NULL))
    ORDER BY urgent_at, due_at, id LIMIT $4";

/// What a look took: rows as they are, to be opened outside of the write.
#[derive(Default)]
pub(super) struct Found {
    pub(super) taken: Vec<Taken>,
    /// When more may be had without anything happening, in microseconds.
    pub(super) again_at: Option<i64>,
}

/// A system with something due.
struct Waiting {
    system_id: String,
    terms: SystemTerms,
    used_until: i64,
}

/// Leases what the look may have.
pub(super) async fn look(
    connection: &mut DbConnection,
    look: &Look,
    worker: &str,
) -> Result<Verdict<Found>, StoreError> {
    let now = look.now.as_microsecond();
    dialect::alone_for_a_moment(connection, LOOKING).await?;
    let mut again_at = None;
    let mut waiting = Vec::new();
    let mut open = Vec::new();
    let due: Vec<(String, i64, Option<i64>)> = sqlx::query_as(SYSTEMS)
        .bind(now)
        .fetch_all(&mut *connection)
        .await?;
    for (system_id, under_way, used_until) in due {
        let (terms, used_until) = ((look.terms)(&system_id), used_until.unwrap_or_default());
        let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
        let may = open_for(&terms, under_way, used_until, now);
        if may > 0 {
            open.push(may);
            waiting.push(Waiting {
                system_id,
                terms,
                used_until,
            });
        } else if let (Some(pace), true) = (terms.pace, terms.here > 0) {
            sooner(&mut again_at, pace.next_at(used_until, now), now);
        }
    }
    let mut order = Vec::new();
    for (system, may) in waiting.iter().zip(share(look.limit, &open)) {
        order.extend(candidates(connection, &system.system_id, now, may).await?);
    }
    order.sort_unstable_by_key(|(id, urgent_at, due_at)| (*urgent_at, *due_at, *id));
    let found: Vec<i64> = order.iter().map(|(id, ..)| *id).collect();
    let ids = dialect::free_to_lease(connection, &found, now).await?;
    if ids.len() < found.len() {
        sooner(&mut again_at, now + PASSED_OVER_US, now);
    }
    if ids.is_empty() {
        let taken = Vec::new();
        return undo(Found { taken, again_at });
    }
    let until = now.saturating_add(look.lease_us);
    let mut taken = Taken::take(connection, &ids, worker, until).await?;
    let place: HashMap<i64, usize> = found.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    taken.sort_by_key(|one| place.get(&one.id).copied());
    settle_terms(connection, &waiting, &taken, now, &mut again_at).await?;
    keep(Found { taken, again_at })
}

async fn candidates(
    connection: &mut DbConnection,
    system_id: &str,
    now: i64,
    may: u32,
) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    if may == 0 {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(CANDIDATES)
        .bind(system_id)
        .bind(now)
        .bind(i64::from(may.saturating_mul(WINDOW)))
        .bind(i64::from(may))
        .fetch_all(connection)
        .await?)
}

/// Pins the definitions of cases that have none, and counts what was taken against the pace of its system.
async fn settle_terms(
    connection: &mut DbConnection,
    waiting: &[Waiting],
    taken: &[Taken],
    now: i64,
    again_at: &mut Option<i64>,
) -> Result<(), StoreError> {
    let mut versions: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for system in waiting {
        let cases: Vec<i64> = taken
            .iter()
            .filter(|one| one.system_id == system.system_id)
            .map(|one| one.case_row)
            .collect();
        if let (Some(pace), false) = (system.terms.pace, cases.is_empty()) {
            let begun = u32::try_from(cases.len()).unwrap_or(u32::MAX);
            let used_until = pace.used_until(system.used_until, now, begun);
            sooner(again_at, pace.next_at(used_until, now), now);
            sqlx::query(
                "INSERT INTO partner_pace (system_id, used_until) VALUES ($1, $2)
                 ON CONFLICT (system_id) DO UPDATE SET used_until = excluded.used_until",
            )
            .bind(&system.system_id)
            .bind(used_until)
            .execute(&mut *connection)
            .await?;
        }
        if system.terms.version > 0 {
            versions
                .entry(system.terms.version)
                .or_default()
                .extend(cases);
        }
    }
    for (version, cases) in versions {
        sqlx::query(concat!(
            "UPDATE case_record SET definition_version = $1 WHERE definition_version = 0 AND id ",
            in_numbers!("$2")
        ))
        .bind(i64::from(version))
        .bind(serde_json::json!(cases).to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn sooner(known: &mut Option<i64>, at: i64, now: i64) {
    let at = at.max(now + 1);
    *known = Some(known.map_or(at, |known| known.min(at)));
}

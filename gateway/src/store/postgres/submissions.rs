//! Applications committed together: what waits goes into one transaction, a statement a table and not a statement an application.
//!
//! No timer: the next group gathers while the last one is committed. Only plain applications go together (one case, no materials to
//! bind, not handed in by a partner); the others, and all of a group that fails for whatever reason, are committed one by one, which
//! gives each its own outcome. Keys, then stems, then systems are taken in order, so that groups of several nodes never wait for each
//! other in a circle.

use super::submit::{self, CaseNumber, Numbers, Prepared};
use super::writer::Writer;
use super::{audit, notification, rows};
use crate::store::StoreError;
use crate::store::application::SubmitOutcome;
use crate::store::sealed::Vault;
use crate::store::writing::{Verdict, keep, undo};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

mod columns;

use columns::{Applications, Audits, Cases, Clocks, Deliveries, Events};

/// Groups on their way at once: one is written while another is synced.
const LANES: usize = 2;

type Answer = oneshot::Sender<Result<SubmitOutcome, StoreError>>;

/// The queue of applications.
pub(super) struct Submissions {
    /// Gone once the store is closed.
    queue: parking_lot::Mutex<Option<mpsc::Sender<(Prepared, Answer)>>>,
    bound: usize,
    lanes: parking_lot::Mutex<Vec<JoinHandle<()>>>,
}

impl Submissions {
    /// Starts the lanes; they end when this is closed and the queue is empty.
    pub(super) fn begin(
        writer: Arc<Writer>,
        vault: Arc<Vault>,
        bound: usize,
        together: usize,
    ) -> Self {
        let bound = bound.max(1);
        let (queue, waiting) = mpsc::channel(bound);
        let waiting = Arc::new(Mutex::new(waiting));
        let lanes = (0..LANES).map(|_| {
            let lane = Lane {
                writer: Arc::clone(&writer),
                vault: Arc::clone(&vault),
                together: together.max(1),
            };
            tokio::spawn(lane.run(Arc::clone(&waiting)))
        });
        Self {
            lanes: parking_lot::Mutex::new(lanes.collect()),
            queue: parking_lot::Mutex::new(Some(queue)),
            bound,
        }
    }

    /// Commits what is queued; later ones are refused.
    pub(super) async fn close(&self) {
        drop(self.queue.lock().take());
        let lanes = std::mem::take(&mut *self.lanes.lock());
        for lane in lanes {
            lane.await.ok();
        }
    }

    /// Applications in the queue.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.queue.lock();
        queue
            .as_ref()
            .map_or(0, |queue| self.bound - queue.capacity())
    }

    /// Queues an application and waits until it is committed and synced.
    pub(super) async fn commit(&self, prepared: Prepared) -> Result<SubmitOutcome, StoreError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.lock().clone().ok_or_else(closed)?;
        queue
            .try_send((prepared, answer))
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy { bound: self.bound },
                mpsc::error::TrySendError::Closed(_) => closed(),
            })?;
        drop(queue);
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

struct Lane {
    writer: Arc<Writer>,
    vault: Arc<Vault>,
    together: usize,
}

impl Lane {
    async fn run(self, waiting: Arc<Mutex<mpsc::Receiver<(Prepared, Answer)>>>) {
        let mut taken = Vec::with_capacity(self.together);
        loop {
            // Held only while there is nothing to do: whoever has work lets the next lane look.
            if waiting
                .lock()
                .await
                .recv_many(&mut taken, self.together)
                .await
                == 0
            {
                return;
            }
            let (plain, others): (Vec<_>, Vec<_>) = taken
                .drain(..)
                .partition(|(prepared, _)| is_plain(prepared));
            self.group(plain).await;
            self.singly(others).await;
        }
    }

    async fn group(&self, group: Vec<(Prepared, Answer)>) {
        if group.len() < 2 {
            return self.singly(group).await;
        }
        let (prepared, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let prepared = Arc::new(prepared);
        let (vault, at_hand) = (Arc::clone(&self.vault), Arc::clone(&prepared));
        let numbers = self
            .writer
            .write(move |c| Box::pin(async move { commit(c, &vault, &at_hand).await }))
            .await;
        // The write has ended, and with it its share.
        let Ok(prepared) = Arc::try_unwrap(prepared) else {
            return answers.into_iter().for_each(|answer| {
                answer.send(Err(closed())).ok();
            });
        };
        let group = prepared.into_iter().zip(answers);
        match numbers {
            Ok(numbers) => {
                let mut left = Vec::new();
                for ((prepared, answer), numbers) in group.zip(numbers) {
                    match numbers {
                        Some(numbers) => {
                            let stored = SubmitOutcome::Stored(submit::record(prepared, numbers));
                            answer.send(Ok(stored)).ok();
                        }
                        None => left.push((prepared, answer)),
                    }
                }
                self.singly(left).await;
            }
            // Nothing of the group is stored, or that is not known: then each finds its key taken and is answered as before.
            Err(_) => self.singly(group.collect()).await,
        }
    }

    async fn singly(&self, group: Vec<(Prepared, Answer)>) {
        for (prepared, answer) in group {
            let vault = Arc::clone(&self.vault);
            let outcome = self
                .writer
                .write(move |c| Box::pin(async move { submit::commit(c, &vault, prepared).await }))
                .await;
            answer.send(outcome).ok();
        }
    }
}

/// Whether an application can go together with others.
fn is_plain(prepared: &Prepared) -> bool {
    let application = &prepared.application;
    match application.cases.as_slice() {
        [case] => {
            application.partner_origin.is_none()
                && case.materials.is_empty()
                && case.events.iter().all(|event| event.key.is_none())
                && case.deliveries.len() <= 1
                && case.deliveries.iter().all(|d| d.message.is_null())
        }
        _ => false,
    }
}

/// Commits a group: the numbers of each, `None` for one whose key is taken. An undone group has no numbers at all.
async fn commit(
    connection: &mut PgConnection,
    vault: &Vault,
    group: &[Prepared],
) -> Result<Verdict<Vec<Option<Numbers>>>, StoreError> {
    let ids = draw_ids(connection, group.len()).await?;
    let fresh = take_keys(connection, vault, group, &ids).await?;
    let Some(numbers) = draw_numbers(connection, group, &fresh).await? else {
        // Some stem is exhausted: one by one, whoever still gets a number.
        return undo(group.iter().map(|_| None).collect());
    };
    let (mut applications, mut cases) = (Applications::default(), Cases::default());
    let (mut events, mut clocks) = (Events::default(), Clocks::default());
    let (mut deliveries, mut audits) = (Deliveries::default(), Audits::default());
    for ((prepared, numbers), ids) in group.iter().zip(&numbers).zip(&ids) {
        let (Some(numbers), [case], [sealed]) = (
            numbers,
            prepared.application.cases.as_slice(),
            prepared.cases.as_slice(),
        ) else {
            continue;
        };
        let Some(number) = numbers.cases.first() else {
            continue;
        };
        applications.push(vault, ids.application, prepared, &numbers.application_no);
        cases.push(vault, *ids, case, sealed, number);
        events.push(ids.case, case, sealed);
        clocks.push(ids.case, &case.projection.clocks);
        deliveries.push(
            ids.case,
            &case.deliveries,
            prepared.application.submitted_at,
        );
        let about = submit::about(prepared, ids.application, numbers);
        audits.push(audit::row(
            vault,
            prepared.application.audit.clone(),
            &about,
        )?);
    }
    applications.insert(connection).await?;
    cases.insert(connection).await?;
    events.insert(connection).await?;
    clocks.insert(connection).await?;
    deliveries.insert(connection).await?;
    audits.insert(connection).await?;
    for ((prepared, ids), _) in group
        .iter()
        .zip(&ids)
        .zip(&numbers)
        .filter(|(_, n)| n.is_some())
    {
        let at = prepared.application.submitted_at;
        for case in &prepared.application.cases {
            notification::begin(connection, ids.case, (1, &case.events), &case.notices, at).await?;
        }
    }
    keep(numbers)
}

/// The row ids of one application.
#[derive(Clone, Copy)]
struct Ids {
    application: i64,
    case: i64,
}

async fn draw_ids(connection: &mut PgConnection, count: usize) -> Result<Vec<Ids>, StoreError> {
    let drawn: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT nextval('application_id_seq'), month_id('case_record_id_seq') FROM generate_series(1, $1)",
    )
    .bind(rows::stored(count))
    .fetch_all(connection)
    .await?;
    Ok(drawn
        .into_iter()
        .map(|(application, case)| Ids { application, case })
        .collect())
}

/// Takes the idempotency keys of a group, in order; which applications go on.
async fn take_keys(
    connection: &mut PgConnection,
    vault: &Vault,
    group: &[Prepared],
    ids: &[Ids],
) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<Option<Vec<u8>>> = group
        .iter()
        .map(|prepared| {
            let key = prepared.application.idempotency.as_ref();
            key.map(|key| super::application::key_digest(vault, key))
        })
        .collect();
    // The first of two under one key within the group takes it.
    let mut wanted = BTreeMap::new();
    for (key, ids) in keys.iter().zip(ids) {
        if let Some(key) = key {
            wanted.entry(key.clone()).or_insert(ids.application);
        }
    }
    // As one by one: whoever looks for a key waits until it is known whether it is taken.
    super::dialect::all_alone(connection, wanted.keys().map(Vec::as_slice)).await?;
    let (names, owners): (Vec<Vec<u8>>, Vec<i64>) = wanted.into_iter().unzip();
    let taken: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO idempotency (key_digest, application_id) SELECT * FROM unnest($1::bytea[], $2::bigint[])
         ON CONFLICT DO NOTHING RETURNING application_id",
    )
    .bind(names)
    .bind(owners)
    .fetch_all(connection)
    .await?;
    let taken: HashSet<i64> = taken.into_iter().collect();
    Ok(keys
        .iter()
        .zip(ids)
        .map(|(key, ids)| key.is_none() || taken.contains(&ids.application))
        .collect())
}

/// Serials for everyone who goes on: one step a stem and a system. `None` when some are exhausted.
async fn draw_numbers(
    connection: &mut PgConnection,
    group: &[Prepared],
    fresh: &[bool],
) -> Result<Option<Vec<Option<Numbers>>>, StoreError> {
    let going = || {
        let cases = group.iter().filter_map(|p| p.application.cases.first());
        cases
            .zip(fresh)
            .filter(|(_, fresh)| **fresh)
            .map(|(case, _)| case)
    };
    let mut stems = BTreeMap::<&str, i64>::new();
    let mut systems = BTreeMap::<&str, i64>::new();
    for case in going() {
        *stems.entry(&case.number_stem).or_default() += 1;
        if let Some(system) = case.system_id.as_deref().filter(|_| case.short_number) {
            *systems.entry(system).or_default() += 1;
        }
    }
    let mut serials = draw_serials(connection, "number_serial", "stem", &stems).await?;
    let mut shorts = draw_serials(connection, "short_serial", "system_id", &systems).await?;
    let mut next = |case: &crate::store::application::NewCase| -> Option<CaseNumber> {
        let serial = serials.get_mut(case.number_stem.as_str())?;
        *serial += 1;
        let case_no = super::numbers::of_serial(&case.number_stem, *serial)?;
        let short_no = match case.system_id.as_deref().filter(|_| case.short_number) {
            None => None,
            Some(system) => {
                let serial = shorts.get_mut(system)?;
                *serial += 1;
                Some(super::numbers::short_of_serial(*serial)?)
            }
        };
        Some(CaseNumber { case_no, short_no })
    };
    let mut numbers = Vec::with_capacity(group.len());
    for (prepared, fresh) in group.iter().zip(fresh) {
        let case = prepared.application.cases.first().filter(|_| *fresh);
        numbers.push(match case.map(&mut next) {
            None => None,
            Some(None) => return Ok(None),
            Some(Some(number)) => Some(Numbers {
                application_no: number.case_no.clone(),
                cases: vec![number],
            }),
        });
    }
    Ok(Some(numbers))
}

/// Moves serials on; what stood before, by name.
async fn draw_serials(
    connection: &mut PgConnection,
    table: &'static str,
    name: &'static str,
    wanted: &BTreeMap<&str, i64>,
) -> Result<BTreeMap<String, i64>, StoreError> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (names, counts): (Vec<String>, Vec<i64>) = wanted
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .unzip();
    // As one by one (`numbers::draw`): the first serial of a stem is ahead of those that were given before a restore.
    let floor = |stem: &str| match table {
        "number_serial" => format!(
            "coalesce((SELECT max(ahead) FROM number_floor WHERE substr({stem}, length({stem}) - 5) BETWEEN from_day AND to_day), 0)"
        ),
        _ => "0".to_owned(),
    };
    let (of_new, of_known) = (floor("new.name"), floor(&format!("excluded.{name}")));
    let statement = format!(
        "INSERT INTO {table} ({name}, last) SELECT new.name, new.count + {of_new} FROM unnest($1::text[], $2::bigint[]) AS new (name, count)
         ON CONFLICT ({name}) DO UPDATE SET last = {table}.last + excluded.last - {of_known} RETURNING {name}, last"
    );
    let drawn: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(names)
        .bind(counts)
        .fetch_all(connection)
        .await?;
    Ok(drawn
        .into_iter()
        .map(|(name, last)| {
            let before = last - wanted.get(name.as_str()).copied().unwrap_or_default();
            (name, before)
        })
        .collect())
}

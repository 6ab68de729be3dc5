//! Applications committed together: what waits goes into one transaction, a statement a table and not a statement an application.
//!
//! Only plain applications go together (one case, not handed
//! in by a partner, materials that are free); the others, and all of a group that fails for whatever reason, are committed one by one, which
//! gives each its own outcome. Keys, then stems, then systems are taken in order, so that groups of several nodes never wait for each
//! other in a circle.

use super::audit;
use super::binding::{self, Free};
use super::clock;
use super::dialect::DbConnection;
use super::lanes::{Committing, Lanes};
use super::notification;
use super::rows::subject_digest;
use super::submit::{self, CaseNumber, Numbers, Prepared, PreparedCase};
use super::together;
use super::writer::Writer;
use crate::fail_point::fail_point;
use crate::store::StoreError;
use crate::store::application::{NewApplication, NewCase, NewEvent, SubmitOutcome};
use crate::store::case::ClockRow;
use crate::store::delivery::NewDelivery;
use crate::store::sealed::Vault;
use crate::store::writing::{Verdict, keep, undo};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// The queue of applications.
pub(super) type Submissions = Lanes<Prepared, SubmitOutcome>;

/// Starts their lanes.
pub(super) fn begin(
    writer: Arc<Writer>,
    vault: Arc<Vault>,
    bound: usize,
    together: usize,
) -> Submissions {
    Lanes::begin(Submitting { writer, vault }, bound, together)
}

struct Submitting {
    writer: Arc<Writer>,
    vault: Arc<Vault>,
}

#[async_trait]
impl Committing for Submitting {
    type Work = Prepared;
    type Outcome = SubmitOutcome;
    type Share = Numbers;
    /// Keys are taken within the group.
    type Subject = Infallible;

    const LEAST: usize = 2;

    fn is_plain(&self, work: &Prepared) -> bool {
        is_plain(work)
    }

    fn subject(&self, _: &Prepared) -> Option<Infallible> {
        None
    }

    /// After one whose outcome is not known, each alone finds its key taken and is answered as before.
    async fn together(
        &self,
        group: Arc<Vec<Prepared>>,
    ) -> Result<Vec<Option<Numbers>>, StoreError> {
        let vault = Arc::clone(&self.vault);
        self.writer
            .write(move |c| Box::pin(async move { commit(c, &vault, &group).await }))
            .await
    }

    fn outcome(&self, work: Prepared, share: Numbers) -> Result<SubmitOutcome, StoreError> {
        Ok(SubmitOutcome::Stored(submit::record(work, share)))
    }

    async fn alone(&self, work: Prepared) -> Result<SubmitOutcome, StoreError> {
        let vault = Arc::clone(&self.vault);
        self.writer
            .write(move |c| Box::pin(async move { submit::commit(c, &vault, work).await }))
            .await
    }
}

/// Whether an application can go together with others.
fn is_plain(prepared: &Prepared) -> bool {
    let application = &prepared.application;
    match application.cases.as_slice() {
        [case] => {
            application.partner_origin.is_none()
                && case.events.iter().all(|event| event.key.is_none())
                && case.deliveries.len() <= 1
                && case.deliveries.iter().all(|d| d.message.is_null())
        }
        _ => false,
    }
}

/// The row of an application that goes together with others.
pub(super) struct ApplicationRow<'g> {
    pub(super) id: i64,
    pub(super) prepared: &'g Prepared,
    pub(super) no: &'g str,
    pub(super) owner: Option<Vec<u8>>,
    pub(super) agent: Option<Vec<u8>>,
}

/// The row of its one case.
pub(super) struct CaseRow<'g> {
    pub(super) ids: Ids,
    pub(super) case: &'g NewCase,
    pub(super) sealed: &'g PreparedCase,
    pub(super) number: &'g CaseNumber,
    pub(super) identity: Option<Vec<u8>>,
    pub(super) phone: Option<Vec<u8>>,
    /// When the application was handed in.
    pub(super) handed_in_at: Timestamp,
}

/// One event of such a case.
pub(super) struct EventRow<'g> {
    pub(super) case: i64,
    pub(super) seq: i64,
    pub(super) new: &'g NewEvent,
    pub(super) sealed: &'g [u8],
}

impl<'g> CaseRow<'g> {
    pub(super) fn events(&self) -> impl Iterator<Item = EventRow<'g>> + use<'g> {
        let case = self.ids.case;
        (1_i64..)
            .zip(&self.case.events)
            .zip(&self.sealed.events)
            .map(move |((seq, new), sealed)| EventRow {
                case,
                seq,
                new,
                sealed,
            })
    }

    pub(super) fn clocks(&self) -> (i64, &'g [ClockRow]) {
        (self.ids.case, &self.case.projection.clocks)
    }

    pub(super) fn deliveries(&self) -> impl Iterator<Item = (&Self, &'g NewDelivery)> {
        let case: &'g NewCase = self.case;
        case.deliveries.iter().map(move |new| (self, new))
    }
}

/// What a group writes, table by table.
#[derive(Default)]
struct Rows<'g> {
    applications: Vec<ApplicationRow<'g>>,
    cases: Vec<CaseRow<'g>>,
    audits: Vec<audit::Row>,
}

impl<'g> Rows<'g> {
    fn of(
        vault: &Vault,
        group: &'g [Prepared],
        numbers: &'g [Option<Numbers>],
        ids: &[Ids],
    ) -> Result<Self, StoreError> {
        let mut rows = Self::default();
        for ((prepared, numbers), ids) in group.iter().zip(numbers).zip(ids) {
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
            let application: &NewApplication = &prepared.application;
            let digest =
                |subject: &Option<String>| subject.as_deref().map(|s| subject_digest(vault, s));
            let (identity, phone) = super::case::search_digests(vault, &case.submission);
            rows.applications.push(ApplicationRow {
                id: ids.application,
                prepared,
                no: &numbers.application_no,
                owner: digest(&application.owner_subject),
                agent: digest(&application.agent),
            });
            rows.cases.push(CaseRow {
                ids: *ids,
                case,
                sealed,
                number,
                identity,
                phone,
                handed_in_at: application.submitted_at,
            });
            let about = submit::about(prepared, ids.application, numbers);
            rows.audits
                .push(audit::row(vault, application.audit.clone(), &about)?);
        }
        Ok(rows)
    }
}

/// Commits a group: the numbers of each, `None` for one whose key is taken. An undone group has no numbers at all.
async fn commit(
    connection: &mut DbConnection,
    vault: &Vault,
    group: &[Prepared],
) -> Result<Verdict<Vec<Option<Numbers>>>, StoreError> {
    let ids = together::draw_ids(connection, group.len()).await?;
    let keys = Keys::of(vault, group);
    let free = Free::look(connection, vault, group).await?;
    let fresh = keys.take(connection, &ids, &free.suffices).await?;
    let Some(numbers) = draw_numbers(connection, group, &fresh).await? else {
        // Some stem is exhausted: one by one, whoever still gets a number.
        return undo(group.iter().map(|_| None).collect());
    };
    let rows = Rows::of(vault, group, &numbers, &ids)?;
    let bindings = free.bindings(vault, &rows.cases)?;
    if rows.applications.is_empty() {
        return undo(numbers);
    }
    fail_point!("submit.group_numbered");
    together::insert_applications(connection, &rows.applications).await?;
    together::insert_keys(connection, &keys.of_fresh(&ids, &fresh)).await?;
    together::insert_cases(connection, &rows.cases).await?;
    let events: Vec<_> = rows.cases.iter().flat_map(CaseRow::events).collect();
    together::insert_events(connection, &events).await?;
    let clocks: Vec<_> = rows.cases.iter().map(CaseRow::clocks).collect();
    clock::insert(connection, &clocks).await?;
    together::insert_deliveries(connection, &rows.cases).await?;
    if !binding::bind(connection, &bindings).await? {
        // Somebody was faster: one by one, each hears its own.
        return undo(group.iter().map(|_| None).collect());
    }
    fail_point!("submit.group_before_audit");
    together::insert_audits(connection, &rows.audits).await?;
    for row in &rows.cases {
        let (case, at) = (row.case, row.handed_in_at);
        notification::begin(
            connection,
            row.ids.case,
            (1, &case.events),
            &case.notices,
            at,
        )
        .await?;
    }
    drop(rows);
    keep(numbers)
}

/// The row ids of one application.
#[derive(Clone, Copy)]
pub(super) struct Ids {
    pub(super) application: i64,
    pub(super) case: i64,
}

/// The idempotency keys of a group.
struct Keys(Vec<Option<Vec<u8>>>);

impl Keys {
    fn of(vault: &Vault, group: &[Prepared]) -> Self {
        let digests = group.iter().map(|prepared| {
            let key = prepared.application.idempotency.as_ref();
            key.map(|key| super::application::key_digest(vault, key))
        });
        Self(digests.collect())
    }

    /// Takes those of applications that are able to go on, in order; which do.
    async fn take(
        &self,
        connection: &mut DbConnection,
        ids: &[Ids],
        able: &[bool],
    ) -> Result<Vec<bool>, StoreError> {
        // The first of two under one key within the group takes it.
        let mut wanted = BTreeMap::new();
        for ((key, ids), able) in self.0.iter().zip(ids).zip(able) {
            if let (Some(key), true) = (key, able) {
                wanted.entry(key.as_slice()).or_insert(ids.application);
            }
        }
        let taken = together::take_keys(connection, &wanted).await?;
        Ok(self
            .0
            .iter()
            .zip(ids)
            .zip(able)
            .map(|((key, ids), able)| *able && (key.is_none() || taken.contains(&ids.application)))
            .collect())
    }

    /// The keys of those that go on, with their applications.
    fn of_fresh<'k>(&'k self, ids: &[Ids], fresh: &[bool]) -> Vec<(&'k [u8], i64)> {
        self.0
            .iter()
            .zip(ids)
            .zip(fresh)
            .filter(|(_, fresh)| **fresh)
            .filter_map(|((key, ids), _)| Some((key.as_deref()?, ids.application)))
            .collect()
    }
}

/// Serials for everyone who goes on: one step a stem and a system. `None` when some are exhausted.
async fn draw_numbers(
    connection: &mut DbConnection,
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
    let mut serials = before(&stems, together::draw_stems(connection, &stems).await?);
    let mut shorts = before(&systems, together::draw_shorts(connection, &systems).await?);
    let mut next = |case: &NewCase| -> Option<CaseNumber> {
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

/// Where the serials stood before they were moved on, by name.
fn before(wanted: &BTreeMap<&str, i64>, drawn: Vec<(String, i64)>) -> BTreeMap<String, i64> {
    let counted = |name: &str| wanted.get(name).copied().unwrap_or_default();
    drawn
        .into_iter()
        .map(|(name, last)| {
            let before = last - counted(&name);
            (name, before)
        })
        .collect()
}

//! Changes of cases committed together: what waits goes into one transaction, a statement a table and not a dozen statements a case.
//!
//! Only plain changes go together (no materials, nothing that was held, nothing cancelled, the submission as it was); the others, and
//! all of a group of which one had been applied before, are committed one by one. Cases are locked in the order of their rows, before anything
//! that hangs on them, as by every other write.

use super::audit::{self, About};
use super::case::{commit, no_such_case};
use super::clock;
use super::dialect::{self, DbConnection};
use super::lanes::{Committing, Lanes};
use super::rows::{CaseAtHand, CaseWithAuditKey, case_place, event_place, stored};
use super::submissions::EventRow;
use super::together;
use super::writer::Writer;
use super::{StoreError, Verdict, feedback, keep, notification, outbox, undo};
use crate::fail_point::fail_point;
use crate::store::case::{CaseChange, ChangeOutcome};
use crate::store::sealed::{Sealed, Vault};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// A change, and whether other nodes are told of it.
pub(super) struct Changing {
    pub(super) change: CaseChange,
    pub(super) told: bool,
}

/// The queue of changes.
pub(super) type Changes = Lanes<Changing, ChangeOutcome>;

/// Starts their lanes.
pub(super) fn begin(
    writer: Arc<Writer>,
    vault: Arc<Vault>,
    bound: usize,
    together: usize,
) -> Changes {
    Lanes::begin(Committer { writer, vault }, bound, together)
}

struct Committer {
    writer: Arc<Writer>,
    vault: Arc<Vault>,
}

#[async_trait]
impl Committing for Committer {
    type Work = Changing;
    type Outcome = ChangeOutcome;
    type Share = Result<ChangeOutcome, StoreError>;
    /// The case: of two changes of one the second was computed before the first, and is so told.
    type Subject = String;

    const LEAST: usize = 1;

    fn is_plain(&self, work: &Changing) -> bool {
        is_plain(&work.change)
    }

    fn subject(&self, work: &Changing) -> Option<String> {
        Some(work.change.case_no.clone())
    }

    /// After one whose outcome is not known, each alone finds its case changed, and is told so.
    async fn together(
        &self,
        group: Arc<Vec<Changing>>,
    ) -> Result<Vec<Option<Self::Share>>, StoreError> {
        let vault = Arc::clone(&self.vault);
        self.writer
            .write(move |c| Box::pin(async move { commit_group(c, &vault, &group).await }))
            .await
    }

    fn outcome(&self, _: Changing, share: Self::Share) -> Self::Share {
        share
    }

    async fn alone(
        &self,
        Changing { change, told }: Changing,
    ) -> Result<ChangeOutcome, StoreError> {
        let vault = Arc::clone(&self.vault);
        self.writer
            .write(move |c| Box::pin(async move { commit(c, &vault, change, told).await }))
            .await
    }
}

/// Whether a change can go together with others.
fn is_plain(change: &CaseChange) -> bool {
    change.materials.is_empty()
        && change.settled.is_empty()
        && !change.cancel_deliveries
        && change.submission.is_none()
}

/// A row of a case as a change leaves it.
pub(super) struct CaseUpdate<'g> {
    pub(super) case: i64,
    pub(super) change: &'g CaseChange,
    pub(super) folded: Vec<u8>,
    pub(super) last_seq: i64,
}

/// A change with the case that it changes.
type Paired<'g> = (&'g CaseChange, &'g CaseWithAuditKey);

/// Outcomes of a group, in its order.
type Outcomes = Vec<Option<Result<ChangeOutcome, StoreError>>>;

/// Commits a group of plain changes of different cases; nothing, and `None` for each, when one of their events had been applied before.
async fn commit_group(
    connection: &mut DbConnection,
    vault: &Vault,
    changes: &[Changing],
) -> Result<Verdict<Outcomes>, StoreError> {
    let numbers: Vec<&str> = changes.iter().map(|c| c.change.case_no.as_str()).collect();
    let mut found = CaseAtHand::find_all(connection, vault, &numbers).await?;
    let mut outcomes = Vec::with_capacity(changes.len());
    let mut cases = HashMap::new();
    for Changing { change, .. } in changes {
        outcomes.push(Some(match found.remove(&change.case_no) {
            None => Err(no_such_case(&change.case_no)),
            Some(Err(error)) => Err(error),
            Some(Ok(case)) if case.at_hand.rev != change.expected_rev => Ok(ChangeOutcome::Stale),
            Some(Ok(case)) => {
                let rev = case.at_hand.rev + 1;
                cases.insert(change.case_no.as_str(), case);
                Ok(ChangeOutcome::Applied { rev })
            }
        }));
    }
    let paired: Vec<Paired<'_>> = changes
        .iter()
        .filter_map(|c| Some((&c.change, cases.get(c.change.case_no.as_str())?)))
        .collect();
    if paired.is_empty() {
        return undo(outcomes);
    }
    if !apply_keys(connection, vault, &paired).await? {
        return undo(changes.iter().map(|_| None).collect());
    }
    write_cases(connection, vault, &paired).await?;
    fail_point!("changes.written");
    write_around(connection, vault, &paired).await?;
    let told: Vec<&str> = changes
        .iter()
        .filter(|c| c.told && cases.contains_key(c.change.case_no.as_str()))
        .map(|c| c.change.case_no.as_str())
        .collect();
    dialect::tell_cases(connection, &told).await?;
    keep(outcomes)
}

/// Marks the keys of events as applied; false when one of them was before.
async fn apply_keys(
    connection: &mut DbConnection,
    vault: &Vault,
    paired: &[Paired<'_>],
) -> Result<bool, StoreError> {
    for (change, case) in paired {
        for new in &change.events {
            if let Some((key, digest)) = &new.key
                && !feedback::apply(connection, vault, &case.at_hand, (key, digest), new).await?
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Events, cases and clocks.
async fn write_cases(
    connection: &mut DbConnection,
    vault: &Vault,
    paired: &[Paired<'_>],
) -> Result<(), StoreError> {
    let (mut sealed, mut updates, mut clocks) = (Vec::new(), Vec::new(), Vec::new());
    for (change, case) in paired {
        let case = &case.at_hand;
        for (seq, new) in (case.last_seq + 1..).zip(&change.events) {
            let place = event_place(case.case_id, seq);
            let event = Sealed::seal(&case.key, &place, &new.event, vault.entropy())?;
            sealed.push((case.id, stored(seq), new, event.into_bytes()));
        }
        let place = case_place("folded", case.case_id);
        let folded = Sealed::seal(
            &case.key,
            &place,
            &change.projection.folded,
            vault.entropy(),
        )?;
        updates.push(CaseUpdate {
            case: case.id,
            change,
            folded: folded.into_bytes(),
            last_seq: stored(case.last_seq + change.events.len() as u64),
        });
        clocks.push((case.id, change.projection.clocks.as_slice()));
    }
    let events: Vec<EventRow<'_>> = sealed
        .iter()
        .map(|(case, seq, new, sealed)| EventRow {
            case: *case,
            seq: *seq,
            new,
            sealed,
        })
        .collect();
    together::insert_events(connection, &events).await?;
    together::update_cases(connection, &updates).await?;
    clock::replace(connection, &clocks).await
}

/// What goes out because of the changes, and the audit records.
async fn write_around(
    connection: &mut DbConnection,
    vault: &Vault,
    paired: &[Paired<'_>],
) -> Result<(), StoreError> {
    let mut audits = Vec::with_capacity(paired.len());
    for (change, case) in paired {
        let (at, at_hand) = (change.audit.at, &case.at_hand);
        let owner = (at_hand.id, &at_hand.key);
        outbox::begin(connection, vault, owner, &change.deliveries, at).await?;
        let events = (at_hand.last_seq + 1, change.events.as_slice());
        notification::begin(connection, at_hand.id, events, &change.notices, at).await?;
        let about = About {
            application: Some((at_hand.application_id, &case.audit_key)),
            system_id: at_hand.system_id.as_deref(),
            target: &at_hand.case_no,
            organisation_id: &at_hand.organisation_id,
        };
        audits.push(audit::row(vault, change.audit.clone(), &about)?);
    }
    together::insert_audits(connection, &audits).await
}

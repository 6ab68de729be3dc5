//! A case is the fold of its events; a re-version folds them again with one of them replaced.

use super::reception::{Reception, Source};
use super::rejection::{Rejection, Warning};
use super::rules::Rules;
use super::state::{AppliedEvent, CaseState, EVENTS_MAX};
use super::transition::{Applied, apply, identity_of};
use thiserror::Error;
use tongban_adapters::canonical::Event;
use tongban_catalog::calendar::Calendar;

/// One applied event, as the history keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// 1, 2, 3 … without gaps.
    pub seq: u64,
    /// The event, as [`Rules::as_reported`] gave it.
    pub event: Event,
    /// How it came; [`Reception::of_stored`] rebuilds it.
    pub reception: Reception,
    /// Number of the event in force whose place it took.
    pub supersedes: Option<u64>,
}

/// Why a history does not make a case.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// There is no event.
    #[error("a case without events cannot be folded")]
    Empty,
    /// Numbers are not 1, 2, 3 ….
    #[error("event {found} stands where event {expected} belongs")]
    Gap {
        /// The number that belongs there.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// An event claims the place of one that is not in force.
    #[error("event {seq} takes the place of event {supersedes}, which is not in force")]
    NotInForce {
        /// The claiming event.
        seq: u64,
        /// The event it claims to replace.
        supersedes: u64,
    },
    /// An event does not apply any more. A re-version that causes it is rejected as a whole.
    #[error("event {seq} does not apply: {rejection}")]
    Rejected {
        /// The event that does not apply; the re-version itself or one after it.
        seq: u64,
        /// Why.
        rejection: Rejection,
    },
}

/// Folds a history into its case.
///
/// Each event that superseded another stands at the other's place. What the gateway itself had added (companions of a refusal,
/// back-fill, recalculations, deemed acceptance, lapse) follows from the other events: where a replacement took its ground away it
/// is passed over, keeps its number and has no effect.
///
/// Clocks are computed by `calendar` alone, so that a derivation names one calendar version.
///
/// # Errors
/// [`ReplayError`]; nothing is half done.
pub fn fold(
    records: &[Record],
    rules: &Rules,
    calendar: &Calendar,
) -> Result<CaseState, ReplayError> {
    Ok(fold_watching(records, 0, rules, calendar)?.case)
}

/// Replays a case with `event` in the place of event `supersedes` (row 23), as [`Rejection::ReVersion`] demanded.
///
/// The new event gets the next number; `warnings` are those of the event itself at its place.
///
/// # Errors
/// [`ReplayError::Rejected`] if the event or any later one does not apply then: the re-version is rejected as a whole. An identity
/// that the history holds already is a [`Rejection::Duplicate`].
pub fn re_version(
    records: &[Record],
    event: &Event,
    reception: &Reception,
    supersedes: u64,
    rules: &Rules,
    calendar: &Calendar,
) -> Result<Applied, ReplayError> {
    let seq = records.len() as u64 + 1;
    let event = rules.as_reported(event).into_owned();
    let identity = identity_of(&event, reception);
    // A contested completion shares type, serial and version with the one it replaces; only the same report is a repeat.
    let of: Vec<u64> = records
        .iter()
        .filter(|r| r.event == event && identity_of(&r.event, &r.reception) == identity)
        .map(|r| r.seq)
        .collect();
    let rejection = if !of.is_empty() {
        Some(Rejection::Duplicate { of })
    } else if records.len() >= EVENTS_MAX {
        Some(Rejection::TooManyEvents { max: EVENTS_MAX })
    } else {
        None
    };
    if let Some(rejection) = rejection {
        return Err(ReplayError::Rejected { seq, rejection });
    }
    let mut longer = records.to_vec();
    longer.push(Record {
        seq,
        event,
        reception: reception.clone(),
        supersedes: Some(supersedes),
    });
    fold_watching(&longer, seq, rules, calendar)
}

/// Folds and keeps the warnings of event `watched`.
fn fold_watching(
    records: &[Record],
    watched: u64,
    rules: &Rules,
    calendar: &Calendar,
) -> Result<Applied, ReplayError> {
    let effective = in_force(records)?;
    let replaced = effective.len() < records.len();
    let mut case: Option<CaseState> = None;
    let mut warnings: Vec<Warning> = Vec::new();
    let mut groundless: Vec<u64> = Vec::new();
    for record in effective {
        match apply(
            case.as_ref(),
            &record.event,
            &record.reception,
            rules,
            calendar,
        ) {
            Ok(applied) => {
                if record.seq == watched {
                    warnings = applied.warnings;
                }
                case = Some(applied.case);
            }
            Err(_) if replaced && record.reception.source == Source::Gateway => {
                groundless.push(record.seq);
            }
            Err(rejection) => {
                return Err(ReplayError::Rejected {
                    seq: record.seq,
                    rejection,
                });
            }
        }
    }
    let mut case = case.ok_or(ReplayError::Empty)?;
    case.seq = records.len() as u64;
    case.applied = remembered(records, &groundless, rules);
    Ok(Applied { case, warnings })
}

/// The events in force, each at the place of the first of its line.
fn in_force(records: &[Record]) -> Result<Vec<&Record>, ReplayError> {
    let mut effective: Vec<&Record> = Vec::with_capacity(records.len());
    for (expected, record) in (1u64..).zip(records) {
        if record.seq != expected {
            return Err(ReplayError::Gap {
                expected,
                found: record.seq,
            });
        }
        let Some(supersedes) = record.supersedes else {
            effective.push(record);
            continue;
        };
        match effective.iter_mut().find(|r| r.seq == supersedes) {
            Some(place) => *place = record,
            None => {
                return Err(ReplayError::NotInForce {
                    seq: record.seq,
                    supersedes,
                });
            }
        }
    }
    Ok(effective)
}

/// Every event by number, with what took its place. An event without ground counts as replaced by the last re-version.
fn remembered(records: &[Record], groundless: &[u64], rules: &Rules) -> Vec<AppliedEvent> {
    let last_replacement = records
        .iter()
        .rev()
        .find(|r| r.supersedes.is_some())
        .map(|r| r.seq);
    records
        .iter()
        .map(|record| {
            let direct = records
                .iter()
                .find(|r| r.supersedes == Some(record.seq))
                .map(|r| r.seq);
            let dropped = groundless
                .contains(&record.seq)
                .then_some(last_replacement)
                .flatten();
            AppliedEvent {
                seq: record.seq,
                identity: identity_of(&rules.as_reported(&record.event), &record.reception),
                superseded_by: direct.or(dropped),
            }
        })
        .collect()
}

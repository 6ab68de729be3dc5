//! Which deliveries an operator means, from a query or a body.

use super::texts;
use super::wire_jobs::BulkCriteria;
use crate::problem::Problem;
use crate::store::bulk::BULK_MEMBERS_MAX;
use crate::store::delivery::{DeliveryFilter, DeliveryState};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;

/// Lines of a list, or deliveries of one bulk change, when nothing is said.
pub(super) const LIMIT_DEFAULT: u32 = 100;
/// At most so many.
pub(super) const LIMIT_MAX: u32 = 1_000;
const WORD_MAX: usize = 128;

const STATES: &[DeliveryState] = &[
    DeliveryState::Pending,
    DeliveryState::Sending,
    DeliveryState::Unknown,
    DeliveryState::Delivered,
    DeliveryState::Dead,
    DeliveryState::Held,
    DeliveryState::Discarded,
];

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    system: Option<String>,
    state: Option<String>,
    case: Option<String>,
    code: Option<String>,
    item: Option<String>,
    from: Option<Timestamp>,
    before: Option<Timestamp>,
    limit: Option<u32>,
}

impl ListQuery {
    pub(super) fn filter(self) -> Result<DeliveryFilter, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        let criteria = BulkCriteria {
            ids: Vec::new(),
            system: self.system,
            state: self.state,
            case: self.case,
            code: self.code,
            item: self.item,
            from: self.from,
            before: self.before,
            limit: Some(limit),
        };
        built(&criteria, LIMIT_MAX)
    }
}

/// The filter of a change at once that applies to `applicable` states only. An empty one is refused: nobody means everything.
pub(super) fn of_change(
    criteria: &BulkCriteria,
    applicable: &[DeliveryState],
) -> Result<DeliveryFilter, Problem> {
    named(criteria)?;
    let mut filter = built(criteria, LIMIT_MAX)?;
    applies(&filter, applicable)?;
    if filter.states.is_empty() {
        filter.states = applicable.to_vec();
    }
    if filter.limit == 0 {
        filter.limit = LIMIT_DEFAULT;
    }
    Ok(filter)
}

/// The filter of a job: without a limit everything that matches, up to what a job may have.
pub(super) fn of_job(
    criteria: &BulkCriteria,
    applicable: &[DeliveryState],
) -> Result<DeliveryFilter, Problem> {
    named(criteria)?;
    let filter = built(criteria, BULK_MEMBERS_MAX)?;
    applies(&filter, applicable)?;
    Ok(filter)
}

fn named(criteria: &BulkCriteria) -> Result<(), Problem> {
    if criteria.names_something() {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        texts::FILTER_EMPTY,
    ))
}

fn applies(filter: &DeliveryFilter, applicable: &[DeliveryState]) -> Result<(), Problem> {
    if filter.states.iter().all(|state| applicable.contains(state)) {
        return Ok(());
    }
    let words: Vec<_> = applicable.iter().map(|s| s.as_str()).collect();
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        texts::STATE_NOT_APPLICABLE,
    )
    .detail(words.join(", ")))
}

fn built(criteria: &BulkCriteria, limit_max: u32) -> Result<DeliveryFilter, Problem> {
    if criteria
        .limit
        .is_some_and(|limit| !(1..=limit_max).contains(&limit))
    {
        return Err(unfit(format!("limit: 1 to {limit_max}")));
    }
    if criteria.ids.len() > LIMIT_MAX as usize {
        return Err(unfit(format!("ids: at most {LIMIT_MAX}")));
    }
    let too_long = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|t| t.is_empty() || t.len() > WORD_MAX)
    };
    let words = [
        &criteria.system,
        &criteria.case,
        &criteria.code,
        &criteria.item,
    ];
    if words.into_iter().any(too_long) {
        return Err(unfit(format!(
            "system, case, code, item: 1 to {WORD_MAX} bytes"
        )));
    }
    if let (Some(from), Some(before)) = (criteria.from, criteria.before)
        && from >= before
    {
        return Err(unfit("from: earlier than before"));
    }
    let state = criteria.state.as_deref().map(state).transpose()?;
    Ok(DeliveryFilter {
        ids: criteria.ids.clone(),
        system_id: criteria.system.clone(),
        states: state.into_iter().collect(),
        case_no: criteria.case.clone(),
        last_code: criteria.code.clone(),
        item: criteria.item.clone(),
        created_from: criteria.from,
        created_before: criteria.before,
        limit: criteria.limit.unwrap_or(0),
    })
}

fn state(word: &str) -> Result<DeliveryState, Problem> {
    STATES
        .iter()
        .copied()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| {
            let words: Vec<_> = STATES.iter().map(|s| s.as_str()).collect();
            unfit(format!("state: {}", words.join(", ")))
        })
}

pub(super) fn unfit(words: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, texts::UNFIT_REQUEST).detail(words)
}

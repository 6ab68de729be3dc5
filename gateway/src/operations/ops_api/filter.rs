//! Which deliveries an operator means, from a query or a body.

use super::texts;
use super::wire::BulkRequest;
use crate::problem::Problem;
use crate::store::delivery::{DeliveryFilter, DeliveryState};
use http::StatusCode;
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
    limit: Option<u32>,
}

impl ListQuery {
    pub(super) fn filter(self) -> Result<DeliveryFilter, Problem> {
        let state = self.state.as_deref().map(state).transpose()?;
        built(
            Vec::new(),
            self.system,
            state,
            self.case,
            self.code,
            self.limit,
        )
    }
}

/// The filter of a bulk change that applies to `applicable` states only. An empty one is refused: nobody means everything.
pub(super) fn of_bulk(
    request: &BulkRequest,
    applicable: &[DeliveryState],
) -> Result<DeliveryFilter, Problem> {
    let named = !request.ids.is_empty()
        || [
            &request.system,
            &request.state,
            &request.case,
            &request.code,
        ]
        .iter()
        .any(|c| c.is_some());
    if !named {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::FILTER_EMPTY,
        ));
    }
    let state = request.state.as_deref().map(state).transpose()?;
    if state.is_some_and(|state| !applicable.contains(&state)) {
        let words: Vec<_> = applicable.iter().map(|s| s.as_str()).collect();
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::STATE_NOT_APPLICABLE,
        )
        .detail(words.join(", ")));
    }
    let (system, case) = (request.system.clone(), request.case.clone());
    let mut filter = built(
        request.ids.clone(),
        system,
        state,
        case,
        request.code.clone(),
        request.limit,
    )?;
    if filter.states.is_empty() {
        filter.states = applicable.to_vec();
    }
    Ok(filter)
}

fn built(
    ids: Vec<i64>,
    system_id: Option<String>,
    state: Option<DeliveryState>,
    case_no: Option<String>,
    last_code: Option<String>,
    limit: Option<u32>,
) -> Result<DeliveryFilter, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(unfit(format!("limit: 1 to {LIMIT_MAX}")));
    }
    if ids.len() > LIMIT_MAX as usize {
        return Err(unfit(format!("ids: at most {LIMIT_MAX}")));
    }
    let too_long = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|t| t.is_empty() || t.len() > WORD_MAX)
    };
    if [&system_id, &case_no, &last_code].into_iter().any(too_long) {
        return Err(unfit(format!("system, case, code: 1 to {WORD_MAX} bytes")));
    }
    let states = state.into_iter().collect();
    Ok(DeliveryFilter {
        ids,
        system_id,
        states,
        case_no,
        last_code,
        limit,
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

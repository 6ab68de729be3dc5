//! Handing a case over later than on submission (移交): once the hall has brought it to the step that its route names.

use super::change::Loaded;
use crate::registry::{HandOver, RouteQuery};
use crate::store::application::NewEvent;
use crate::store::delivery::NewDelivery;
use jiff::Timestamp;
use serde_json::Value;
use tongban_adapters::exchange::Operation;

/// The delivery that `events`, about to be appended to a case, make due: the case reaches its hand-over step with them and had not
/// before. A case that ends with them is not handed over, and one that its own system handed in has no need to be.
#[must_use]
pub fn due(
    loaded: &Loaded,
    events: &[NewEvent],
    ended: bool,
    now: Timestamp,
) -> Option<NewDelivery> {
    let system = loaded.record.system_id.as_ref()?;
    let step = step_of(loaded, system)?;
    let applied = &loaded.state.applied;
    let reached_before = applied.iter().any(|a| step.is_reached_by(&a.identity.kind));
    let came_from_it = applied
        .first()
        .is_some_and(|a| a.identity.system.as_ref() == Some(system));
    let reached = events
        .iter()
        .any(|e| step.is_reached_by(e.event.body.kind()));
    let due = reached && !reached_before && !came_from_it && !ended;
    due.then(|| NewDelivery {
        system_id: system.clone(),
        operation: Operation::Submit,
        message: Value::Null,
        not_before: now,
    })
}

/// The step of the route that holds for the case's item, region and situation on the day it was submitted.
fn step_of(loaded: &Loaded, system: &str) -> Option<HandOver> {
    let submission = &loaded.record.submission;
    let item = loaded
        .snapshot
        .item(&submission.item.id, submission.item.version)?;
    let codes: Vec<&str> = item.item.codes.iter().map(|c| c.as_str()).collect();
    let query = RouteQuery {
        codes: &codes,
        level: item.item.level.code().parse().ok(),
        region: &submission.case.region,
        situation: submission.item.situation.as_deref(),
        today: crate::intake::compose::legal_day(submission.case.submitted_at),
    };
    let route = loaded.snapshot.route(&query).ok()?;
    (route.system.as_deref() == Some(system)).then_some(route.hand_over)
}

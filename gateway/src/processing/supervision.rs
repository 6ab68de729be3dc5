//! What time alone brings about (督办): acceptance time-outs, lapses, messages that waited long enough, uploads that nobody bound.
//!
//! Looks at ordered indexes on due times, never at all cases; compares with the one clock, which tests move.

use super::change::{Acted, Casework, ChangeError, Decision, Loaded, Plan};
use super::life_cycle::{DueAction, Reception, due_actions};
use crate::fail_point::fail_point;
use crate::feedback::Feedback;
use crate::identity::Scope;
use crate::operations::logging::seldom;
use crate::store::audit::NewAudit;
use crate::store::material::Swept;
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Cases looked at in one go.
const AT_ONCE_MAX: u32 = 256;
/// Due clocks that are acted upon at once: their changes share commits.
const ACTED_AT_ONCE: usize = 64;
/// How often uploads are swept.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// What one look found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Clocks that fell due.
    pub clocks: usize,
    /// Held messages settled.
    pub held: usize,
}

/// Told of what a sweep removed, for metrics.
pub trait SweepObserver: Send + Sync + 'static {
    /// Whole uploads that nobody bound, unfinished ones, and files without a row.
    fn swept(&self, swept: &Swept);
}

/// What is swept when.
#[derive(Clone)]
pub struct Sweep {
    /// How long uploads that nobody bound, and unfinished ones of which nothing more arrives, are kept.
    pub unbound_kept: Duration,
    /// Metrics.
    pub observer: Arc<dyn SweepObserver>,
}

/// Looks until `stop`.
pub async fn run(
    casework: Casework,
    feedback: Feedback,
    sweep: Sweep,
    tick: Duration,
    stop: CancellationToken,
) {
    let mut swept_at = Timestamp::MIN;
    loop {
        let now = casework.clock.now();
        let seen = look(&casework, &feedback, now).await;
        if now.duration_since(swept_at) >= SWEEP_EVERY {
            sweep.run(&casework, now).await;
            swept_at = now;
        }
        if seen != Seen::default() && !stop.is_cancelled() {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(tick) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One look at everything that is due at `now`.
pub async fn look(casework: &Casework, feedback: &Feedback, now: Timestamp) -> Seen {
    // Two nodes at one clock do no harm, but each would do the work of both.
    match casework.store.claim("clocks").await {
        Ok(true) => {}
        Ok(false) => return Seen::default(),
        Err(error) => {
            tracing::warn!(%error, "whose turn it is to look at clocks is not known; asking again after a tick");
            return Seen::default();
        }
    }
    Seen {
        clocks: due_clocks(casework, now).await,
        held: held(casework, feedback, now).await,
    }
}

async fn due_clocks(casework: &Casework, now: Timestamp) -> usize {
    let due = match casework.store.due_clocks(now, AT_ONCE_MAX).await {
        Ok(due) => due,
        Err(error) => {
            seldom!(warn, %error, "due clocks could not be read; looking again after a tick");
            return 0;
        }
    };
    stream::iter(by_case(due))
        .map(|(case_no, kinds)| act_on_each(casework, case_no, kinds, now))
        .buffer_unordered(ACTED_AT_ONCE)
        .fold(0, |sum, acted| std::future::ready(sum + acted))
        .await
}

/// The due clocks of each case, cases in the order in which their first one fell due. Those of one case side by side would only
/// overtake each other.
fn by_case(due: Vec<(String, String)>) -> Vec<(String, Vec<String>)> {
    let mut cases: Vec<(String, Vec<String>)> = Vec::with_capacity(due.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(due.len());
    for (case_no, kind) in due {
        let place = *places.entry(case_no.clone()).or_insert(cases.len());
        match cases.get_mut(place) {
            Some((_, kinds)) => kinds.push(kind),
            None => cases.push((case_no, vec![kind])),
        }
    }
    cases
}

async fn act_on_each(
    casework: &Casework,
    case_no: String,
    kinds: Vec<String>,
    now: Timestamp,
) -> usize {
    let mut acted = 0;
    for kind in kinds {
        fail_point!("clock.due");
        match act(casework, &case_no, &kind, now).await {
            Ok(()) => {
                fail_point!("clock.acted");
                acted += 1;
            }
            Err(error) => {
                seldom!(warn, %error, clock = %kind, "a due clock could not be acted upon");
            }
        }
    }
    acted
}

/// Applies what a due clock brings about; a clock that brings nothing about leaves the index with an audit record of its falling due.
async fn act(
    casework: &Casework,
    case_no: &str,
    kind: &str,
    now: Timestamp,
) -> Result<(), ChangeError> {
    let audit = NewAudit {
        at: now,
        actor: "gateway".to_owned(),
        actor_kind: "gateway".to_owned(),
        action: format!("clock.{kind}_due"),
        target: case_no.to_owned(),
        organisation_id: String::new(),
        request_id: String::new(),
        outcome: "ok".to_owned(),
        digest: [0; 32],
        note: String::new(),
    };
    let acted = casework
        .act(&Scope::Everything, case_no, &audit, |loaded, _| {
            Decision::Commit(Box::new(plan(loaded, now)), ())
        })
        .await?;
    match acted {
        Acted::Done(()) | Acted::Duplicate | Acted::MaterialsNotBindable(_) => Ok(()),
    }
}

fn plan(loaded: &Loaded, now: Timestamp) -> Plan {
    let mut plan = Plan::on(loaded);
    for action in due_actions(&loaded.state, now, &loaded.rules, loaded.calendar()) {
        if let DueAction::Apply(event) = action
            && let Err(rejection) = plan.apply(loaded, &event, &Reception::from_gateway(now), None)
        {
            tracing::error!(
                code = rejection.code(),
                "the life cycle refused its own timer"
            );
        }
    }
    plan
}

async fn held(casework: &Casework, feedback: &Feedback, now: Timestamp) -> usize {
    let due = match casework.store.held_due(now, AT_ONCE_MAX).await {
        Ok(due) => due,
        Err(error) => {
            seldom!(warn, %error, "held messages could not be read; looking again after a tick");
            return 0;
        }
    };
    let mut settled = 0;
    for case_no in due {
        fail_point!("held.due");
        match feedback.settle_held(&case_no, now).await {
            Ok(count) => {
                fail_point!("held.settled");
                settled += count;
            }
            Err(error) => seldom!(warn, %error, "held messages of a case could not be settled"),
        }
    }
    settled
}

impl Sweep {
    async fn run(&self, casework: &Casework, now: Timestamp) {
        let kept = SignedDuration::try_from(self.unbound_kept).unwrap_or(SignedDuration::MAX);
        let before = now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        match casework.store.sweep(before).await {
            Ok(swept) if swept.total() == 0 => {}
            Ok(swept) => {
                self.observer.swept(&swept);
                tracing::info!(
                    materials = swept.materials,
                    uploads = swept.uploads,
                    files = swept.files,
                    "uploads that nobody bound or finished, and files without a row, were removed"
                );
            }
            Err(error) => seldom!(warn, %error, "uploads could not be swept"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::by_case;

    #[test]
    fn due_clocks_of_a_case_stay_in_order_and_cases_too() {
        let due = [("b", "promise"), ("a", "promise"), ("b", "statutory")];
        let due = due.map(|(no, kind)| (no.to_owned(), kind.to_owned()));
        let cases = by_case(due.to_vec());
        let kinds = |kinds: &[&str]| kinds.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            cases,
            [
                ("b".to_owned(), kinds(&["promise", "statutory"])),
                ("a".to_owned(), kinds(&["promise"]))
            ]
        );
    }
}

//! Every history folded again by the pure life cycle: the stored state of a case is the fold of its events. The one part of the
//! harness that uses the gateway's code; it opens the store after the nodes have stopped.

use crate::checker::Violation;
use std::path::Path;
use std::sync::Arc;
use tongban_gateway::config::{self, Environment};
use tongban_gateway::identity::Scope;
use tongban_gateway::installation::Foundation;
use tongban_gateway::processing::change::{CaseNews, Casework};
use tongban_gateway::processing::life_cycle::fold;

/// Folds the history of each of these cases; how many fitted, and what did not.
///
/// # Errors
/// The store cannot be opened.
pub(crate) async fn replay(
    settings: &Path,
    environment: &[(&'static str, String)],
    numbers: &[&str],
) -> Result<(u64, Vec<Violation>), String> {
    let text = std::fs::read_to_string(settings).map_err(|e| e.to_string())?;
    let variables = environment.to_vec();
    let environment: Environment = Arc::new(move |name| {
        let known = variables.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| value.clone())
    });
    let config =
        config::read(settings, &text, &*environment).map_err(|faults| format!("{faults:?}"))?;
    let foundation = Foundation::open(&config, environment)
        .await
        .map_err(|e| e.to_string())?;
    let casework = Casework {
        store: foundation.store.clone(),
        registry: foundation.registry.clone(),
        clock: foundation.clock.clone(),
        news: CaseNews::default(),
        announcer: tongban_gateway::notification::Announcer::default(),
    };
    let (mut fitted, mut violations) = (0, Vec::new());
    for no in numbers {
        match folded_again(&casework, no).await {
            Ok(()) => fitted += 1,
            Err(words) => {
                violations.push(Violation::new("not_the_fold_of_its_events", no, words));
            }
        }
    }
    foundation.store.close().await;
    Ok((fitted, violations))
}

async fn folded_again(casework: &Casework, no: &str) -> Result<(), String> {
    let loaded = casework
        .load(&Scope::Everything, no)
        .await
        .map_err(|e| e.to_string())?;
    let history = casework.history(no).await.map_err(|e| e.to_string())?;
    let folded = fold(&history, &loaded.rules, loaded.calendar()).map_err(|e| e.to_string())?;
    if folded == loaded.state {
        return Ok(());
    }
    Err(format!("folded: {folded:?}; stored: {:?}", loaded.state))
}

//! The step journal of a delivery: a call of several steps goes on where it stopped and never begins again.
//!
//! `begun` is written (and synced) before a request may leave, `done` after its answer was understood. A worker that dies in between
//! leaves `begun` behind: whoever comes next asks the partner before anything is sent again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is written beside a delivery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Journal {
    /// What finished steps captured, by step name.
    pub done: Map<String, Value>,
    /// The step whose request may have left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<String>,
    /// Refusals of a step that may have arrived before.
    #[serde(skip_serializing_if = "is_zero")]
    pub refused_in_doubt: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Journal {
    /// The journal of a stored value; an unreadable one counts as "something may have left".
    #[must_use]
    pub fn read(stored: &Value) -> Self {
        if stored.is_null() {
            return Self::default();
        }
        serde_json::from_value(stored.clone()).unwrap_or_else(|_| Self {
            done: Map::new(),
            begun: Some("unreadable".to_owned()),
            refused_in_doubt: 0,
        })
    }

    /// The stored value.
    #[must_use]
    pub fn write(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// The first of `steps` that is not done, by index; `None` when all are.
    #[must_use]
    pub fn next(&self, steps: &[String]) -> Option<usize> {
        steps.iter().position(|step| !self.done.contains_key(step))
    }

    /// Notes that the request of `step` may leave from now on.
    pub fn begin(&mut self, step: &str) {
        self.begun = Some(step.to_owned());
    }

    /// Notes that nothing of the begun step reached the partner, or that the partner says so.
    pub fn forget(&mut self) {
        self.begun = None;
    }

    /// Notes that `step` is done, with what it captured.
    pub fn finish(&mut self, step: &str, captured: Value) {
        self.done.insert(step.to_owned(), captured);
        self.begun = None;
        self.refused_in_doubt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_of_several_steps_goes_on_where_it_stopped() {
        let steps = ["number".to_owned(), "hand_over".to_owned()];
        let mut journal = Journal::default();
        assert_eq!(journal.next(&steps), Some(0));
        journal.begin("number");
        journal.finish("number", json!({"lsh": "YW1"}));
        let journal = Journal::read(&journal.write());
        assert_eq!(journal.next(&steps), Some(1));
        assert_eq!(journal.done["number"]["lsh"], "YW1");
        assert_eq!(journal.begun, None);
    }

    #[test]
    fn an_unreadable_journal_means_that_something_may_have_left() {
        assert!(Journal::read(&json!([1])).begun.is_some());
    }
}

//! Messages that came before their predecessor and wait for it: applied with the change that brings it, whoever makes that change –
//! partner, applicant, hall or timer.

use super::change::{Loaded, Plan};
use super::life_cycle::{Disposition, Reception};
use crate::store::case::{FeedbackRecord, FeedbackState};

/// At most so many held messages are applied with the one that they waited for; the rest follow with the next.
const HELD_AT_ONCE_MAX: usize = 64;

impl Plan {
    /// Applies held messages as long as one of them fits; what turned out to be refused is settled as rejected. Those that the plan has
    /// settled already are left alone.
    pub fn apply_held(&mut self, loaded: &Loaded, mut held: Vec<FeedbackRecord>) {
        held.retain(|waiting| self.settled.iter().all(|(id, ..)| *id != waiting.id));
        let mut applied = 0;
        let mut position = 0;
        while position < held.len() && applied < HELD_AT_ONCE_MAX {
            let waiting = &held[position];
            let reception =
                Reception::from_partner(waiting.key.system_id.clone(), waiting.received_at);
            match self.apply(loaded, &waiting.event, &reception, None) {
                Ok(()) => {
                    self.settled
                        .push((waiting.id, FeedbackState::Applied, String::new()));
                    held.remove(position);
                    applied += 1;
                    position = 0;
                }
                Err(rejection) if rejection.disposition() == Disposition::Hold => position += 1,
                Err(rejection) => {
                    self.settled.push((
                        waiting.id,
                        FeedbackState::Rejected,
                        rejection.code().to_owned(),
                    ));
                    held.remove(position);
                }
            }
        }
    }
}

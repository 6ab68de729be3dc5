//! What a virus scan holds back: no delivery goes with a file that is infected or not scanned yet.

use super::decide::later;
use super::errand::{Errand, ErrandError, note};
use crate::identity::Scope;
use crate::store::case::CaseRecord;
use crate::store::delivery::DeliveryOutcome;
use std::time::Duration;
use tongban_adapters::exchange::Operation;

/// The code of a delivery that is dead because one of its files is infected.
pub const MATERIAL_INFECTED: &str = "material_infected";

/// Until a delivery whose files wait for their scan is looked at again.
const SCAN_PAUSE: Duration = Duration::from_secs(5);

impl Errand<'_> {
    /// Whether a virus scan holds this delivery back: one of its files is infected, which needs a person, or not scanned yet.
    pub(super) async fn held_back(
        &self,
        case: &CaseRecord,
    ) -> Result<Option<&'static str>, ErrandError> {
        if !matches!(
            self.lease.operation,
            Operation::Submit | Operation::Supplement
        ) {
            return Ok(None);
        }
        let store = &self.courier.store;
        let held = store
            .held_materials(&Scope::Everything, &case.case_no)
            .await?;
        let supplement = self.lease.message["materials"].as_array();
        let carried: Vec<(u32, bool)> = held
            .into_iter()
            .filter(|h| {
                let id = &h.material.id;
                supplement.is_some_and(|named| named.iter().any(|m| m["id"] == *id))
                    || case.submission.materials.iter().any(|m| m.id == *id)
            })
            .map(|h| (h.seq, h.material.scan == "infected"))
            .collect();
        if carried.is_empty() {
            return Ok(None);
        }
        let infected = carried.iter().find(|(_, infected)| *infected);
        if let Some((seq, _)) = infected.copied() {
            let words = format!("材料{seq}未通过病毒检查，未发送");
            return self.give_up(MATERIAL_INFECTED, &words).await.map(Some);
        }
        let now = self.courier.clock.now();
        // It was leased a moment before: deliveries with files that wait are not leased at all.
        let outcome = DeliveryOutcome::Again {
            at: later(now, SCAN_PAUSE),
            unknown: self.lease.ask_first,
        };
        let record = note(now, "material_pending", "");
        self.settle(record, outcome).await.map(Some)
    }
}

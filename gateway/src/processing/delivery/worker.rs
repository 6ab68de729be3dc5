//! The worker loop: leases what is due, runs each errand as a task of its own, and stops leasing when asked to drain.
//!
//! One delivery is never on two errands of one process: a lease that ran out while its errand still flew (the process stood still, the
//! clock jumped) comes back to this very loop, and waits on the ground until the errand before it has landed.

use super::Courier;
use super::breaker::Breakers;
use super::errand::{Errand, Landed};
use super::tenure::Tenure;
use super::terms::TermsAtHand;
use crate::fail_point::fail_point;
use crate::operations::logging::seldom;
use crate::store::delivery::{LeasedDelivery, Look};
use arc_swap::ArcSwap;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// Bounds of the worker. All are settings of the operator.
#[derive(Debug, Clone)]
pub struct WorkerBounds {
    /// Errands at once, all systems together.
    pub concurrency: usize,
    /// Errands at once for one system, at most; a definition may ask for fewer.
    pub per_system: u32,
    /// How long a lease lasts; longer than any total time-out of a definition.
    pub lease: Duration,
    /// The longest sleep between two looks at the outbox.
    pub tick: Duration,
    /// This node's name, for leases.
    pub name: String,
}

/// Leases and runs errands until `stop`; then waits for those in flight.
pub async fn run(
    courier: Arc<Courier>,
    live: Arc<ArcSwap<WorkerBounds>>,
    wake: Arc<Notify>,
    stop: CancellationToken,
) {
    let (done_in, mut done) = mpsc::channel::<Landing>(live.load().concurrency.max(1));
    let mut flights = Flights::default();
    loop {
        // What changes at a reload counts from the next look on; what is in flight keeps its lease.
        let bounds = live.load_full();
        while let Ok(landing) = done.try_recv() {
            land(&courier, &mut flights, &landing);
        }
        // Before the look: a lease never counts as longer than the store says.
        let tenure = Tenure::new(courier.clock.instant(), bounds.lease, courier.store.seen());
        let (leased, again) = if stop.is_cancelled() {
            (Vec::new(), None)
        } else {
            look(&courier, &bounds, &flights).await
        };
        if stop.is_cancelled() && flights.in_flight.is_empty() {
            return;
        }
        let took_off = leased.len();
        if took_off > 0 {
            fail_point!("delivery.leased");
        }
        flights.ground(leased, tenure);
        while let Some((delivery, tenure)) = flights.take_off() {
            tokio::spawn(fly(Arc::clone(&courier), delivery, tenure, done_in.clone()));
        }
        if took_off > 0 && flights.in_flight.len() < bounds.concurrency {
            continue;
        }
        tokio::select! {
            Some(landing) = done.recv() => land(&courier, &mut flights, &landing),
            () = wake.notified() => {}
            () = tokio::time::sleep(again.map_or(bounds.tick, |again| again.min(bounds.tick))) => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
}

/// An errand that has ended: its delivery, and the system.
struct Landing {
    id: i64,
    system: String,
    /// Whether the partner answered; `None`: it was not called.
    answered: Option<bool>,
}

/// Counts an errand as ended, and what it learnt of its partner.
fn land(courier: &Courier, flights: &mut Flights, landing: &Landing) {
    flights.land(landing);
    let Some(answered) = landing.answered else {
        return;
    };
    let system = &landing.system;
    let now = courier.clock.instant();
    let before = flights.breakers.allowed(system, now);
    let current = courier.registry.load().current_system(system);
    let longest = current.map_or(Duration::MAX, |(_, definition)| definition.retry().max);
    flights.breakers.heard(system, answered, now, longest);
    let after = flights.breakers.allowed(system, now);
    if after != before {
        courier.observer.breaker(system, after.level());
    }
}

/// What is in the air, and what was leased and waits for its turn.
#[derive(Default)]
struct Flights {
    of_system: HashMap<String, u32>,
    in_flight: HashSet<i64>,
    breakers: Breakers,
    /// At most one for each that flies.
    grounded: Vec<(LeasedDelivery, Tenure)>,
}

impl Flights {
    /// Takes what was leased. A newer lease of a delivery takes the place of an older one on the ground.
    fn ground(&mut self, leased: Vec<LeasedDelivery>, tenure: Tenure) {
        for delivery in leased {
            self.grounded.retain(|(older, _)| older.id != delivery.id);
            self.grounded.push((delivery, tenure));
        }
    }

    /// The next that may fly: none whose errand before it is still in the air.
    fn take_off(&mut self) -> Option<(LeasedDelivery, Tenure)> {
        let free =
            |(delivery, _): &(LeasedDelivery, Tenure)| !self.in_flight.contains(&delivery.id);
        let next = self.grounded.iter().position(free)?;
        let (delivery, tenure) = self.grounded.remove(next);
        self.in_flight.insert(delivery.id);
        *self
            .of_system
            .entry(delivery.system_id.clone())
            .or_default() += 1;
        Some((delivery, tenure))
    }

    fn land(&mut self, landing: &Landing) {
        self.in_flight.remove(&landing.id);
        if let Some(count) = self.of_system.get_mut(&landing.system) {
            *count = count.saturating_sub(1);
        }
        self.of_system.retain(|_, count| *count > 0);
    }
}

/// Looks at the outbox; what was found, and when to look again without anything happening.
async fn look(
    courier: &Courier,
    bounds: &WorkerBounds,
    flights: &Flights,
) -> (Vec<LeasedDelivery>, Option<Duration>) {
    let room = bounds.concurrency.saturating_sub(flights.in_flight.len());
    if room == 0 {
        return (Vec::new(), None);
    }
    let (now, instant) = (courier.clock.now(), courier.clock.instant());
    let terms = TermsAtHand {
        snapshot: courier.registry.load(),
        breakers: flights.breakers.clone(),
        in_the_air: flights.of_system.clone(),
        per_system: bounds.per_system,
        now,
        instant,
    };
    let look = Look {
        worker: bounds.name.clone(),
        now,
        lease_us: i64::try_from(bounds.lease.as_micros()).unwrap_or(i64::MAX),
        limit: u32::try_from(room).unwrap_or(u32::MAX),
        terms: Arc::new(move |system| terms.of(system)),
    };
    match courier.store.lease(look).await {
        Ok(leased) => {
            let again = leased
                .again_at
                .and_then(|at| Duration::try_from(at.duration_since(now)).ok());
            let trial = flights.breakers.next_trial(instant);
            (leased.deliveries, again.into_iter().chain(trial).min())
        }
        Err(error) => {
            seldom!(warn, %error, "deliveries could not be leased; trying again after a tick");
            (Vec::new(), None)
        }
    }
}

async fn fly(
    courier: Arc<Courier>,
    delivery: LeasedDelivery,
    tenure: Tenure,
    done: mpsc::Sender<Landing>,
) {
    let system = delivery.system_id.clone();
    let operation = delivery.operation.as_str();
    let started = courier.clock.instant();
    let id = delivery.id;
    let flight = Arc::clone(&courier);
    // A task of its own, so that a panic ends one errand and not the worker.
    let landed =
        tokio::spawn(async move { Errand::new(&flight, delivery, tenure).run().await }).await;
    let (word, answered) = match landed {
        Ok(Landed {
            outcome: Ok(word),
            answered,
        }) => (word, answered),
        Ok(Landed {
            outcome: Err(error),
            answered,
        }) => {
            seldom!(warn, delivery = id, %system, %error, "an errand was left; its lease runs out by itself");
            ("error", answered)
        }
        Err(error) => {
            tracing::error!(delivery = id, %system, %error, "an errand ended in a panic; its lease runs out by itself");
            ("error", None)
        }
    };
    courier
        .observer
        .settled(&system, operation, word, started.elapsed());
    // The worker waits for every errand, so the channel is open; if it is not, nobody counts any more.
    let _ = done
        .send(Landing {
            id,
            system,
            answered,
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::Value;
    use tongban_adapters::exchange::Operation;

    fn leased(id: i64, fence: i64) -> LeasedDelivery {
        LeasedDelivery {
            id,
            fence,
            case_no: "case".to_owned(),
            system_id: "system".to_owned(),
            operation: Operation::Submit,
            ask_first: fence > 1,
            interrupted: fence > 1,
            attempts: 0,
            created_at: Timestamp::UNIX_EPOCH,
            message_key: format!("system/case/{id}"),
            journal: Value::Null,
            message: Value::Null,
            case: None,
            held: Vec::new(),
        }
    }

    #[test]
    fn a_delivery_whose_lease_ran_out_in_the_air_waits_until_its_errand_has_landed() {
        let tenure = Tenure::new(
            crate::clock::Clock::system().instant(),
            Duration::from_secs(1),
            None,
        );
        let mut flights = Flights::default();
        flights.ground(vec![leased(1, 1), leased(2, 1)], tenure);
        assert_eq!(flights.take_off().map(|(d, _)| d.id), Some(1));
        assert_eq!(flights.take_off().map(|(d, _)| d.id), Some(2));
        // The clock jumped: both come back, the first one twice.
        flights.ground(vec![leased(1, 2), leased(2, 2)], tenure);
        flights.ground(vec![leased(1, 3)], tenure);
        assert!(flights.take_off().is_none(), "both are still in the air");
        assert_eq!(flights.of_system["system"], 2);
        flights.land(&Landing {
            id: 1,
            system: "system".to_owned(),
            answered: None,
        });
        let next = flights.take_off().map(|(d, _)| (d.id, d.fence));
        assert_eq!(next, Some((1, 3)), "under its newest fence");
        assert!(flights.take_off().is_none());
    }
}

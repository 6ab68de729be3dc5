//! The worker loop: leases what is due, runs each errand as a task of its own, and stops leasing when asked to drain.
//!
//! One delivery is never on two errands of one process: a lease that ran out while its errand still flew (the process stood still, the
//! clock jumped) comes back to this very loop, and waits on the ground until the errand before it has landed.

use super::Courier;
use super::errand::Errand;
use super::tenure::Tenure;
use crate::fail_point::fail_point;
use crate::operations::logging::seldom;
use crate::store::delivery::LeasedDelivery;
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
            flights.land(&landing);
        }
        // Before the look: a lease never counts as longer than the store says.
        let tenure = Tenure::new(courier.clock.instant(), bounds.lease, courier.store.seen());
        let leased = if stop.is_cancelled() {
            Vec::new()
        } else {
            lease(&courier, &bounds, &flights).await
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
            Some(landing) = done.recv() => flights.land(&landing),
            () = wake.notified() => {}
            () = tokio::time::sleep(bounds.tick) => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
}

/// An errand that has ended: its delivery, and the system.
struct Landing {
    id: i64,
    system: String,
}

/// What is in the air, and what was leased and waits for its turn.
#[derive(Default)]
struct Flights {
    of_system: HashMap<String, u32>,
    in_flight: HashSet<i64>,
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

async fn lease(courier: &Courier, bounds: &WorkerBounds, flights: &Flights) -> Vec<LeasedDelivery> {
    let room = bounds.concurrency.saturating_sub(flights.in_flight.len());
    if room == 0 {
        return Vec::new();
    }
    let snapshot = courier.registry.load();
    let busy: Vec<String> = flights
        .of_system
        .iter()
        .filter(|(system, count)| {
            let own = snapshot
                .current_system(system)
                .map_or(bounds.per_system, |(_, d)| d.limits().concurrency);
            **count >= own.min(bounds.per_system)
        })
        .map(|(system, _)| system.clone())
        .collect();
    let limit = u32::try_from(room).unwrap_or(u32::MAX);
    // One of a system at a time keeps the count of flights exact: the next look takes the next one.
    let per_system = bounds.per_system.div_ceil(4).max(1);
    let lease_us = i64::try_from(bounds.lease.as_micros()).unwrap_or(i64::MAX);
    let now = courier.clock.now();
    match courier
        .store
        .lease(&bounds.name, now, lease_us, limit, per_system, &busy)
        .await
    {
        Ok(leased) => leased,
        Err(error) => {
            seldom!(warn, %error, "deliveries could not be leased; trying again after a tick");
            Vec::new()
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
    let outcome =
        tokio::spawn(async move { Errand::new(&flight, delivery, tenure).run().await }).await;
    let word = match outcome {
        Ok(Ok(word)) => word,
        Ok(Err(error)) => {
            seldom!(warn, delivery = id, %system, %error, "an errand was left; its lease runs out by itself");
            "error"
        }
        Err(error) => {
            tracing::error!(delivery = id, %system, %error, "an errand ended in a panic; its lease runs out by itself");
            "error"
        }
    };
    courier
        .observer
        .settled(&system, operation, word, started.elapsed());
    // The worker waits for every errand, so the channel is open; if it is not, nobody counts any more.
    let _ = done.send(Landing { id, system }).await;
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
        });
        let next = flights.take_off().map(|(d, _)| (d.id, d.fence));
        assert_eq!(next, Some((1, 3)), "under its newest fence");
        assert!(flights.take_off().is_none());
    }
}

//! The worker loop: leases what is due, runs each errand as a task of its own, and stops leasing when asked to drain.

use super::Courier;
use super::errand::Errand;
use crate::operations::logging::seldom;
use crate::store::delivery::LeasedDelivery;
use arc_swap::ArcSwap;
use std::collections::HashMap;
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
    let (done_in, mut done) = mpsc::channel::<String>(live.load().concurrency.max(1));
    let mut flying: HashMap<String, u32> = HashMap::new();
    let mut in_flight = 0usize;
    loop {
        // What changes at a reload counts from the next look on; what is in flight keeps its lease.
        let bounds = live.load_full();
        while let Ok(system) = done.try_recv() {
            land(&mut flying, &mut in_flight, &system);
        }
        let leased = if stop.is_cancelled() {
            Vec::new()
        } else {
            lease(&courier, &bounds, &flying, in_flight).await
        };
        if stop.is_cancelled() && in_flight == 0 {
            return;
        }
        let took_off = leased.len();
        for delivery in leased {
            *flying.entry(delivery.system_id.clone()).or_default() += 1;
            in_flight += 1;
            tokio::spawn(fly(Arc::clone(&courier), delivery, done_in.clone()));
        }
        if took_off > 0 && in_flight < bounds.concurrency {
            continue;
        }
        tokio::select! {
            Some(system) = done.recv() => land(&mut flying, &mut in_flight, &system),
            () = wake.notified() => {}
            () = tokio::time::sleep(bounds.tick) => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
}

fn land(flying: &mut HashMap<String, u32>, in_flight: &mut usize, system: &str) {
    *in_flight = in_flight.saturating_sub(1);
    if let Some(count) = flying.get_mut(system) {
        *count = count.saturating_sub(1);
    }
    flying.retain(|_, count| *count > 0);
}

async fn lease(
    courier: &Courier,
    bounds: &WorkerBounds,
    flying: &HashMap<String, u32>,
    in_flight: usize,
) -> Vec<LeasedDelivery> {
    let room = bounds.concurrency.saturating_sub(in_flight);
    if room == 0 {
        return Vec::new();
    }
    let snapshot = courier.registry.load();
    let busy: Vec<String> = flying
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
    // One of a system at a time keeps `flying` exact: the next look takes the next one.
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

async fn fly(courier: Arc<Courier>, delivery: LeasedDelivery, done: mpsc::Sender<String>) {
    let system = delivery.system_id.clone();
    let operation = delivery.operation.as_str();
    let started = courier.clock.instant();
    let id = delivery.id;
    let flight = Arc::clone(&courier);
    // A task of its own, so that a panic ends one errand and not the worker.
    let outcome = tokio::spawn(async move { Errand::new(&flight, delivery).run().await }).await;
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
    let _ = done.send(system).await;
}

//! Metrics (contract 6): one struct of typed fields, the doc comment is the help text. prometheus stays behind this facade.
//!
//! Handles of the hot path are resolved once a route ([`RouteMetrics`]); `with_label_values` hashes and locks.

use http::StatusCode;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use std::sync::OnceLock;

/// Content type of [`Metrics::render`] (Prometheus text format 0.0.4).
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds: from a pass-through on the same host to a slow partner.
const SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// Applications a commit.
const BATCHES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ident $name:literal $([$($label:literal),*])? $(in $buckets:ident)?;)*) => {
        /// Every metric of the gateway but those of the process.
        #[derive(Debug, Clone)]
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)*
        }

        impl Metrics {
            fn register(registry: Registry) -> Result<Self, prometheus::Error> {
                Ok(Self {
                    $($field: {
                        let help = concat!($($help),+).trim();
                        let labels: &[&str] = &[$($($label),*)?];
                        let buckets: &[f64] = { let all: &[&[f64]] = &[$($buckets)?]; all.first().copied().unwrap_or(&[]) };
                        let metric = <$kind as Make>::make(concat!("tongban_", $name), help, labels, buckets)?;
                        registry.register(Box::new(metric.clone()))?;
                        metric
                    },)*
                    registry,
                })
            }
        }
    };
}

metrics! {
    /// Requests answered, by listener, route template and status.
    http_requests_total: IntCounterVec "http_requests_total" ["listener", "route", "status"];
    /// Seconds from a request's head to its answer's head.
    http_request_duration_seconds: HistogramVec "http_request_duration_seconds" ["listener", "route"] in SECONDS;
    /// Requests whose answer has not begun.
    http_in_flight: IntGauge "http_in_flight";
    /// Open connections by listener.
    http_connections: IntGaugeVec "http_connections" ["listener"];
    /// Connections closed at once because the listener had its most.
    http_connections_refused_total: IntCounterVec "http_connections_refused_total" ["listener"];
    /// Panics caught while a request was answered; each is a fault to be mended.
    http_panics_total: IntCounter "http_panics_total";
    /// Requests refused by a limit: address, credential, system.
    rate_limited_total: IntCounterVec "rate_limited_total" ["scope"];
    /// Requests refused because something was full: in_flight, rooms, system.
    shed_total: IntCounterVec "shed_total" ["scope"];
    /// Bearer tokens refused, by reason.
    tokens_refused_total: IntCounterVec "tokens_refused_total" ["reason"];
    /// Keys of programs refused, by reason: malformed, mistyped, unknown, wrong_secret, revoked, expired, not_yet.
    api_keys_refused_total: IntCounterVec "api_keys_refused_total" ["reason"];
    /// Keys of programs that end within 30 days and were not replaced.
    api_keys_ending: IntGauge "api_keys_ending";
    /// Applications by the state they entered.
    applications_total: IntCounterVec "applications_total" ["state"];
    /// Seconds from a submission's last byte to its durable commit.
    intake_duration_seconds: Histogram "intake_duration_seconds" in SECONDS;
    /// Applications in one commit.
    intake_commit_batch_size: Histogram "intake_commit_batch_size" in BATCHES;
    /// Attempts to deliver, by system, operation and outcome.
    deliveries_total: IntCounterVec "deliveries_total" ["system", "operation", "outcome"];
    /// Seconds of one attempt to deliver.
    delivery_duration_seconds: HistogramVec "delivery_duration_seconds" ["system", "operation"] in SECONDS;
    /// Deliveries that wait, by system.
    delivery_queue: IntGaugeVec "delivery_queue" ["system"];
    /// Age in seconds of the oldest delivery that waits, by system.
    delivery_oldest_seconds: IntGaugeVec "delivery_oldest_seconds" ["system"];
    /// Dead letters by system.
    dead_letters: IntGaugeVec "dead_letters" ["system"];
    /// How deliveries to a system stand: 0 flowing, 1 waiting, 2 outside its hours, 3 paused, 4 dead letters, 5 stuck.
    delivery_state: IntGaugeVec "delivery_state" ["system"];
    /// Unix time at which a system last confirmed a delivery; 0 when it never has.
    delivery_last_success_timestamp_seconds: IntGaugeVec "delivery_last_success_timestamp_seconds" ["system"];
    /// Unix time of the last failure of what is open; 0 when nothing open has failed.
    delivery_last_failure_timestamp_seconds: IntGaugeVec "delivery_last_failure_timestamp_seconds" ["system"];
    /// Whether a threshold of alerts is passed for a system: 1 or 0.
    alerts_open: IntGaugeVec "alerts_open" ["system"];
    /// Attempts to send alert messages, by channel and outcome: sent, again, given_up.
    alert_messages_total: IntCounterVec "alert_messages_total" ["channel", "outcome"];
    /// Attempts to send notifications, by channel and outcome: sent, again, dead, dropped.
    notifications_total: IntCounterVec "notifications_total" ["channel", "outcome"];
    /// Notifications that wait, by channel; also those that wait for the end of the quiet time.
    notifications_waiting: IntGaugeVec "notifications_waiting" ["channel"];
    /// Notifications that were given up, by channel.
    notifications_dead: IntGaugeVec "notifications_dead" ["channel"];
    /// Seconds for which the oldest notification of a channel has been due.
    notification_overdue_seconds: IntGaugeVec "notification_overdue_seconds" ["channel"];
    /// Bulk jobs ended, by kind and outcome.
    bulk_jobs_total: IntCounterVec "bulk_jobs_total" ["kind", "outcome"];
    /// Deliveries of ended bulk jobs, by kind and what became of them.
    bulk_deliveries_total: IntCounterVec "bulk_deliveries_total" ["kind", "outcome"];
    /// Breaker of a system: 0 closed, 1 probing, 2 open.
    breaker_state: IntGaugeVec "breaker_state" ["system"];
    /// What may be delivered to a system: 0 all, 1 one trial, 2 nothing for a while.
    delivery_breaker_state: IntGaugeVec "delivery_breaker_state" ["system"];
    /// Messages from partners, by system, type and outcome.
    feedback_total: IntCounterVec "feedback_total" ["system", "type", "outcome"];
    /// Statutory and other clocks that run.
    clocks_open: IntGaugeVec "clocks_open" ["clock"];
    /// Open clocks by warning card.
    clocks_due: IntGaugeVec "clocks_due" ["card"];
    /// Cases that a recomputation of clocks after a changed calendar has still to look at; 0 when none runs.
    clock_recomputation_remaining: IntGauge "clock_recomputation_remaining";
    /// Cases looked at by recomputations of clocks on this node, by outcome: changed, same, failed.
    clock_recomputations_total: IntCounterVec "clock_recomputations_total" ["outcome"];
    /// Whether the calendar that this node has loaded is another than what is registered: 1 or 0.
    calendar_behind: IntGauge "calendar_behind";
    /// Age in seconds of the oldest audit record that no batch covers; 0 when all are sealed.
    audit_unsealed_oldest_seconds: IntGauge "audit_unsealed_oldest_seconds";
    /// Batches of audit records closed under a signed root by this node.
    audit_batches_total: IntCounter "audit_batches_total";
    /// Audit records in the batches that this node has closed.
    audit_sealed_records_total: IntCounter "audit_sealed_records_total";
    /// Virus scans by outcome: clean, infected, too_large, failed, unreachable.
    scans_total: IntCounterVec "scans_total" ["outcome"];
    /// Files that wait for their virus scan; none of them leaves.
    scans_waiting: IntGauge "scans_waiting";
    /// Whether clamd answers: 1, or 0; 0 too while no scan is set up.
    scanner_up: IntGauge "scanner_up";
    /// Whether intake is open: 1, or 0 while the store takes no writes or its disk is short of room.
    store_available: IntGauge "store_available";
    /// Bytes free on the disk of the data folder.
    store_free_bytes: IntGauge "store_free_bytes";
    /// Writes that the store or its disk did not take.
    store_writes_failed_total: IntCounter "store_writes_failed_total";
    /// Whether the bucket of files answers: 1, or 0 while it is away; 0 too without one.
    bucket_available: IntGauge "bucket_available";
    /// Requests to the bucket of files that failed for good.
    bucket_failed_total: IntCounter "bucket_failed_total";
    /// Whether Redis is used: 1, or 0 while it is away; 0 too without one.
    redis_connected: IntGauge "redis_connected";
    /// Connections to Redis that were lost.
    redis_lost_total: IntCounter "redis_lost_total";
    /// What was done without Redis because it was away: nonces, tries, news.
    redis_degraded_total: IntCounterVec "redis_degraded_total" ["use"];
    /// Seconds until Redis answered a request's command.
    redis_answer_seconds: Histogram "redis_answer_seconds" in SECONDS;
    /// Swept: materials that nobody bound, uploads that nobody finished, files without a row.
    swept_total: IntCounterVec "swept_total" ["what"];
    /// Published service items.
    catalog_items: IntGauge "catalog_items";
    /// Reloads of configuration and catalogue by outcome.
    config_reload_total: IntCounterVec "config_reload_total" ["outcome"];
    /// Always 1; version and features of this build.
    build_info: IntGaugeVec "build_info" ["version", "features"];
}

impl Metrics {
    /// Registers everything, process metrics and `build_info` included.
    ///
    /// # Errors
    /// When two metrics have one name: a fault of this file.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        #[cfg(target_os = "linux")]
        registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        let metrics = Self::register(registry)?;
        metrics
            .build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION"), FEATURES])
            .set(1);
        Ok(metrics)
    }

    /// The text of `/metrics`; send it as [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// When a metric cannot be written: a fault of prometheus.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// The handles of one route. `route` is a template or a fixed word, never a path.
    #[must_use]
    pub fn route(&self, listener: &'static str, route: &'static str) -> RouteMetrics {
        RouteMetrics {
            duration: self
                .http_request_duration_seconds
                .with_label_values(&[listener, route]),
            requests: self.http_requests_total.clone(),
            listener,
            route,
            by_status: std::array::from_fn(|_| OnceLock::new()),
        }
    }
}

/// Cargo features that change behaviour.
pub const FEATURES: &str = match (
    cfg!(feature = "simulated-time"),
    cfg!(feature = "fail-points"),
) {
    (true, true) => "simulated-time,fail-points",
    (true, false) => "simulated-time",
    (false, true) => "fail-points",
    (false, false) => "",
};

/// Statuses with a series of their own; any other (an upstream may invent some) counts as `other`.
const STATUSES: [u16; 35] = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409,
    410, 412, 413, 415, 416, 422, 423, 429, 431, 460, 500, 501, 502, 503, 504, 505,
];

/// The handles of one route, resolved once; a series appears with its first request.
#[derive(Debug)]
pub struct RouteMetrics {
    duration: Histogram,
    requests: IntCounterVec,
    listener: &'static str,
    route: &'static str,
    by_status: [OnceLock<IntCounter>; STATUSES.len() + 1],
}

impl RouteMetrics {
    /// One request was answered with `status` after `seconds`.
    pub fn answered(&self, status: StatusCode, seconds: f64) {
        self.duration.observe(seconds);
        self.count(status);
    }

    /// One request was answered with `status`, without a time to observe.
    pub fn count(&self, status: StatusCode) {
        let index = STATUSES
            .binary_search(&status.as_u16())
            .unwrap_or(STATUSES.len());
        let counter = self.by_status[index].get_or_init(|| {
            let number = STATUSES.get(index).map(u16::to_string);
            let status = number.as_deref().unwrap_or("other");
            self.requests
                .with_label_values(&[self.listener, self.route, status])
        });
        counter.inc();
    }
}

/// How each kind of metric is made.
trait Make: Sized {
    fn make(
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<Self, prometheus::Error>;
}

macro_rules! make {
    ($($kind:ty: |$name:ident, $help:ident, $labels:ident, $buckets:ident| $make:expr;)*) => {
        $(impl Make for $kind {
            fn make($name: &str, $help: &str, $labels: &[&str], $buckets: &[f64]) -> Result<Self, prometheus::Error> {
                $make
            }
        })*
    };
}

make! {
    IntCounter: |name, help, _labels, _buckets| Self::new(name, help);
    IntGauge: |name, help, _labels, _buckets| Self::new(name, help);
    IntCounterVec: |name, help, labels, _buckets| Self::new(Opts::new(name, help), labels);
    IntGaugeVec: |name, help, labels, _buckets| Self::new(Opts::new(name, help), labels);
    Histogram: |name, help, _labels, buckets| Self::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()));
    HistogramVec: |name, help, labels, buckets| Self::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_sorted_for_the_search_and_unknown_ones_share_a_series() {
        assert!(STATUSES.is_sorted());
        let metrics = Metrics::new().unwrap();
        let route = metrics.route("public", "/x/{id}");
        route.answered(StatusCode::OK, 0.1);
        route.count(StatusCode::from_u16(599).unwrap());
        route.count(StatusCode::from_u16(477).unwrap());
        let text = metrics.render().unwrap();
        let line =
            r#"tongban_http_requests_total{listener="public",route="/x/{id}",status="200"} 1"#;
        assert!(text.contains(line), "{text}");
        let line =
            r#"tongban_http_requests_total{listener="public",route="/x/{id}",status="other"} 2"#;
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn metrics_tell_the_build_and_the_process_and_carry_their_help() {
        let text = Metrics::new().unwrap().render().unwrap();
        let features = format!(r#"features="{FEATURES}""#);
        for part in [
            "tongban_build_info{",
            &features,
            "process_resident_memory_bytes",
            "# HELP tongban_http_in_flight Requests whose answer has not begun.",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

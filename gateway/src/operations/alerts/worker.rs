//! Looks at every partner, raises and resolves, and sends what is due.

use super::decide::passed;
use super::email::Mailer;
use super::settings::AlertSettings;
use super::webhook;
use crate::clock::Clock;
use crate::operations::logging::seldom;
use crate::operations::metrics::Metrics;
use crate::operations::overview;
use crate::outbound::OutboundClient;
use crate::processing::delivery::decide::later;
use crate::quiet::due;
use crate::registry::Registry;
use crate::store::alert::{AlertRecord, LeasedMessage, MessageOutcome, NewAlert};
use crate::store::{SharedStore, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longer than any channel's deadline.
const LEASE_US: i64 = 60_000_000;
/// Messages sent in one go.
const AT_ONCE_MAX: u32 = 16;
/// The first pause after a failure; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// Then a message is given up: about three days.
const ATTEMPTS_MAX: u32 = 300;

/// Everything that the worker needs.
pub struct AlertWorker {
    /// The store.
    pub store: SharedStore,
    /// Which systems there are.
    pub registry: Arc<Registry>,
    /// The clock.
    pub clock: Clock,
    /// The way of the webhook.
    pub client: OutboundClient,
    /// Metrics.
    pub metrics: Metrics,
    /// Settings.
    pub settings: AlertSettings,
    /// The way of mail.
    pub mailer: Option<Mailer>,
}

impl AlertWorker {
    /// Works until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                seldom!(warn, %error, "partners could not be looked at for alerts; looking again");
            }
            if let Err(error) = self.send_due().await {
                seldom!(warn, %error, "alert messages could not be read; looking again");
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings.every) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let overview = overview::take(&self.store, &self.registry, &self.clock).await?;
        let open = self.store.open_alerts().await?;
        let mut open: HashMap<String, AlertRecord> = open
            .into_iter()
            .map(|alert| (alert.system_id.clone(), alert))
            .collect();
        let (now, channels) = (overview.at, self.settings.channels());
        let due_at = due(self.settings.quiet, now);
        for line in &overview.systems {
            let passed = passed(line, &self.settings.of(&line.system), now);
            let gauge = self
                .metrics
                .alerts_open
                .with_label_values(&[line.system.as_str()]);
            gauge.set(i64::from(passed.is_some()));
            match (passed, open.remove(&line.system)) {
                (Some(passed), None) => {
                    let alert = NewAlert {
                        system_id: line.system.clone(),
                        kind: passed.kind,
                        value: passed.value,
                        bound: passed.bound,
                        at: now,
                    };
                    self.store.raise_alert(alert, &channels, due_at).await?;
                }
                (None, Some(alert)) => {
                    self.store.resolve_alert(alert.id, now, due_at).await?;
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        // Of systems that are not there any more and have nothing open.
        for alert in open.into_values() {
            self.store.resolve_alert(alert.id, now, due_at).await?;
        }
        Ok(())
    }

    async fn send_due(&self) -> Result<(), StoreError> {
        let channels = self.settings.channels();
        if channels.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let due = self
            .store
            .lease_alert_messages(&channels, now, LEASE_US, AT_ONCE_MAX)
            .await?;
        let sending = due.into_iter().map(|message| self.send(message));
        for settled in futures_util::future::join_all(sending).await {
            settled?;
        }
        Ok(())
    }

    async fn send(&self, message: LeasedMessage) -> Result<(), StoreError> {
        let sent = match (
            message.channel.as_str(),
            &self.settings.webhook,
            &self.mailer,
        ) {
            ("webhook", Some(webhook), _) => {
                webhook::send(&self.client, webhook, &message, self.clock.now()).await
            }
            ("email", _, Some(mailer)) => mailer.send(&message).await,
            _ => Err("this channel is not set up any more".to_owned()),
        };
        let (outcome, word) = match &sent {
            Ok(()) => (MessageOutcome::Sent, "sent"),
            Err(_) if message.attempts >= ATTEMPTS_MAX => (MessageOutcome::GivenUp, "given_up"),
            Err(_) => {
                let pause = PAUSE.saturating_mul(1 << message.attempts.saturating_sub(1).min(16));
                let at = later(self.clock.now(), pause.min(PAUSE_MAX));
                (MessageOutcome::Again(at), "again")
            }
        };
        if let Err(words) = sent {
            seldom!(warn, channel = %message.channel, %words, "an alert could not be sent; it is tried again");
        }
        let labels = [message.channel.as_str(), word];
        self.metrics
            .alert_messages_total
            .with_label_values(&labels)
            .inc();
        self.store
            .settle_alert_message(message.id, message.fence, outcome)
            .await?;
        Ok(())
    }
}

//! Settings of alerts (`alerts:`).

use crate::edge::settings::friendly;
use crate::outbound::mail::MailTls;
use crate::quiet::Quiet;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// When somebody is told, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertSettings {
    /// How often every partner is looked at.
    #[serde(default = "every", with = "friendly")]
    pub every: Duration,
    /// Thresholds of every partner.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// Partners with thresholds of their own, by system id; what one leaves out is as for every partner.
    #[serde(default)]
    pub systems: BTreeMap<String, OwnThresholds>,
    /// From and to in Asia/Shanghai, as `22:00-07:00`: messages wait for its end.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// Signed webhook.
    #[serde(default)]
    pub webhook: Option<WebhookSettings>,
    /// Mail.
    #[serde(default)]
    pub email: Option<EmailSettings>,
}

/// Thresholds; one that is passed raises an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// The first clock of a case whose delivery does not get through ends within this time; 0 never alerts.
    #[serde(with = "friendly")]
    pub deadline: Duration,
    /// The oldest delivery has waited longer.
    #[serde(with = "friendly")]
    pub oldest: Duration,
    /// So many dead letters or more; 0 never alerts.
    pub dead: u64,
    /// One delivery was tried in vain so often or more; 0 never alerts.
    pub tries: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(24 * 3600),
            oldest: Duration::from_secs(30 * 60),
            dead: 1,
            tries: 0,
        }
    }
}

/// Thresholds of one partner, as far as they differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnThresholds {
    /// As [`Thresholds::deadline`].
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub deadline: Option<Duration>,
    /// As [`Thresholds::oldest`].
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub oldest: Option<Duration>,
    /// As [`Thresholds::dead`].
    pub dead: Option<u64>,
    /// As [`Thresholds::tries`].
    pub tries: Option<u32>,
}

impl AlertSettings {
    /// The thresholds of a system.
    #[must_use]
    pub fn of(&self, system_id: &str) -> Thresholds {
        let own = self.systems.get(system_id).copied().unwrap_or_default();
        Thresholds {
            deadline: own.deadline.unwrap_or(self.thresholds.deadline),
            oldest: own.oldest.unwrap_or(self.thresholds.oldest),
            dead: own.dead.unwrap_or(self.thresholds.dead),
            tries: own.tries.unwrap_or(self.thresholds.tries),
        }
    }

    /// The channels that are set up.
    #[must_use]
    pub fn channels(&self) -> Vec<&'static str> {
        let webhook = self.webhook.as_ref().map(|_| "webhook");
        let email = self.email.as_ref().map(|_| "email");
        webhook.into_iter().chain(email).collect()
    }
}

fn every() -> Duration {
    Duration::from_secs(15)
}

/// A webhook: `POST` of JSON, signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where to; the address policy of `outbound` holds.
    pub url: String,
    /// Key of the signature (HMAC-SHA256).
    #[serde(deserialize_with = "secret")]
    pub secret: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(reader: D) -> Result<SecretString, D::Error> {
    String::deserialize(reader).map(SecretString::from)
}

fn some_secret<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<SecretString>, D::Error> {
    secret(reader).map(Some)
}

/// Mail over SMTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSettings {
    /// Host of the server.
    pub host: String,
    /// Its port.
    #[serde(default = "submission_port")]
    pub port: u16,
    /// Protection on the way.
    #[serde(default)]
    pub tls: MailTls,
    /// Name to log in with; without one nobody logs in.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default, deserialize_with = "some_secret")]
    pub password: Option<SecretString>,
    /// Sender.
    pub from: String,
    /// Receivers.
    pub to: Vec<String>,
}

fn submission_port() -> u16 {
    587
}

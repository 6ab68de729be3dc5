//! Settings of notifications (`notifications:`). A channel that is not named is off, and then nothing is written for it.

use super::texts::{NoticeKind, NoticeTexts};
use crate::edge::settings::friendly;
use crate::outbound::mail::MailTls;
use crate::quiet::Quiet;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Who is told of events, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationSettings {
    /// SMS through an HTTP gateway.
    #[serde(default)]
    pub sms: Option<SmsSettings>,
    /// Mail.
    #[serde(default)]
    pub email: Option<MailSettings>,
    /// Signed webhooks for subscriptions.
    #[serde(default)]
    pub webhooks: Option<WebhooksSettings>,
    /// From and to in Asia/Shanghai, as `22:00-08:00`: messages to applicants wait for its end, but for urgent ones.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// What is urgent: goes in the quiet time too, and overtakes what waits for its end.
    #[serde(default)]
    pub urgent: BTreeSet<NoticeKind>,
    /// How long a message waits for a later one that says as much; urgent ones do not wait.
    #[serde(default = "together", with = "friendly")]
    pub together: Duration,
    /// Attempts before a message is given up; pauses grow from 10 s to an hour, so that 80 are about three days.
    #[serde(default = "attempts_max")]
    pub attempts_max: u32,
    /// Address of the portal, for links in mail.
    #[serde(default)]
    pub portal: Option<String>,
    /// Texts in the place of the program's own.
    #[serde(default)]
    pub texts: NoticeTexts,
}

impl NotificationSettings {
    /// The applicant's channels that are set up.
    #[must_use]
    pub fn applicant_channels(&self) -> Vec<&'static str> {
        let sms = self.sms.as_ref().map(|_| "sms");
        let email = self.email.as_ref().map(|_| "email");
        sms.into_iter().chain(email).collect()
    }
}

fn together() -> Duration {
    Duration::from_secs(30)
}

fn attempts_max() -> u32 {
    80
}

/// An SMS gateway: one HTTP request a message. `{to}`, `{text}` and `{key}` in the address and the body are filled in, written as the
/// content type of the body asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsSettings {
    /// Where to; the address policy of `outbound` holds.
    pub url: String,
    /// Method.
    #[serde(default = "post")]
    pub method: String,
    /// Headers; secrets come from the environment.
    #[serde(default)]
    pub headers: BTreeMap<String, SecretText>,
    /// Content type of the body: JSON or a form.
    #[serde(default)]
    pub body_type: BodyType,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// What of an answer says that the message was taken.
    #[serde(default)]
    pub accepted: Accepted,
}

fn post() -> String {
    "POST".to_owned()
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyType {
    /// `application/json`: values are written as inside a JSON string.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`: values are percent-encoded.
    Form,
}

/// The rule of success: every part of it must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accepted {
    /// Statuses; empty = 200 to 299.
    pub status: Vec<u16>,
    /// JSON pointer (RFC 6901) into the answer.
    pub pointer: Option<String>,
    /// What stands there, as text.
    pub equals: Option<String>,
}

/// A value that is not shown.
#[derive(Debug, Clone)]
pub struct SecretText(pub SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader).map(|text| Self(SecretString::from(text)))
    }
}

/// Mail over SMTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
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
    #[serde(default)]
    pub password: Option<SecretText>,
    /// Sender.
    pub from: String,
}

fn submission_port() -> u16 {
    587
}

/// Signed webhooks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksSettings {
    /// Subscriptions of one applicant, or of one application.
    pub subscriptions_max: u32,
    /// A subscription whose every attempt failed for so long is paused.
    #[serde(with = "friendly")]
    pub pause_after: Duration,
    /// How long the secret before signs too after a rotation.
    #[serde(with = "friendly")]
    pub secret_overlap: Duration,
    /// Whether addresses without TLS are taken, for a closed network.
    pub clear_text: bool,
}

impl Default for WebhooksSettings {
    fn default() -> Self {
        Self {
            subscriptions_max: 10,
            pause_after: Duration::from_secs(5 * 24 * 3_600),
            secret_overlap: Duration::from_secs(24 * 3_600),
            clear_text: false,
        }
    }
}

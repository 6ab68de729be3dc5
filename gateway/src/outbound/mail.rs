//! Mail over SMTP (RFC 5321): one transport for whoever sends mail.

use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// A whole exchange with the server.
const TOTAL: Duration = Duration::from_secs(30);

/// How mail is protected on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// STARTTLS, and nothing is sent without it.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None: for a relay on the same host.
    None,
}

/// Where mail is handed in.
#[derive(Debug, Clone, Copy)]
pub struct MailServer<'a> {
    /// Host.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// Protection on the way.
    pub tls: MailTls,
    /// Name to log in with.
    pub user: Option<&'a str>,
    /// Its password.
    pub password: Option<&'a SecretString>,
}

/// Why a server did not take a mail.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct MailError {
    /// In the server's words: may name the receiver, so not for logs of mail to applicants.
    pub words: String,
    /// Its reply code, when it gave one.
    pub code: Option<u16>,
}

/// A way to hand in mail; keeps connections.
#[derive(Clone)]
pub struct MailTransport {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl MailTransport {
    /// To this server; nothing is connected yet.
    ///
    /// # Errors
    /// What is no server, in words.
    pub fn new(server: MailServer<'_>) -> Result<Self, String> {
        let builder = match server.tls {
            MailTls::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(server.host),
            MailTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(server.host),
            MailTls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(
                server.host,
            )),
        };
        let mut builder = builder
            .map_err(|e| e.to_string())?
            .port(server.port)
            .timeout(Some(TOTAL));
        if let (Some(user), Some(password)) = (server.user, server.password) {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.to_owned(), password));
        }
        Ok(Self {
            transport: builder.build(),
        })
    }

    /// Hands in a mail, within 30 s.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, mail: Message) -> Result<(), MailError> {
        match tokio::time::timeout(TOTAL, self.transport.send(mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(MailError {
                code: error.status().map(u16::from),
                words: error.to_string(),
            }),
            Err(_) => Err(MailError {
                words: format!("no end within {TOTAL:?}"),
                code: None,
            }),
        }
    }
}

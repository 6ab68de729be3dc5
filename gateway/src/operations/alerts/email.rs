//! Mail over SMTP (RFC 5321), plain text in both languages.

use super::settings::{EmailSettings, MailTls};
use super::texts;
use crate::store::alert::LeasedMessage;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use std::time::Duration;

/// A whole exchange with the server.
const TOTAL: Duration = Duration::from_secs(30);

/// Sends mail to the receivers of the settings.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mailer {
    /// Reads the settings.
    ///
    /// # Errors
    /// Which of them is no address or no server, in words.
    pub fn new(settings: &EmailSettings) -> Result<Self, String> {
        let mailbox = |text: &String| -> Result<Mailbox, String> {
            let read = text.parse();
            read.map_err(|e| format!("alerts.email: {text:?} is no mail address: {e}"))
        };
        let builder = match settings.tls {
            MailTls::Starttls => {
                AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&settings.host)
            }
            MailTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&settings.host),
            MailTls::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(
                &settings.host,
            )),
        };
        let mut builder = builder
            .map_err(|e| format!("alerts.email: {e}"))?
            .port(settings.port)
            .timeout(Some(TOTAL));
        if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from: mailbox(&settings.from)?,
            to: settings.to.iter().map(mailbox).collect::<Result<_, _>>()?,
        })
    }

    /// Sends a message; the same message has the same id in every attempt.
    ///
    /// # Errors
    /// Why the server did not take it, in words.
    pub async fn send(&self, message: &LeasedMessage) -> Result<(), String> {
        let said = texts::say(&message.alert, &message.word);
        let domain = self.from.email.domain();
        let id = format!(
            "<tongban-alert-{}-{}@{domain}>",
            message.alert.id, message.id
        );
        let mut mail = Message::builder()
            .from(self.from.clone())
            .message_id(Some(id))
            .subject(said.subject)
            .header(ContentType::TEXT_PLAIN);
        for receiver in &self.to {
            mail = mail.to(receiver.clone());
        }
        let mail = mail
            .body(format!("{}\n\n{}\n", said.zh, said.en))
            .map_err(|e| e.to_string())?;
        let sending = self.transport.send(mail);
        match tokio::time::timeout(TOTAL, sending).await {
            Ok(sent) => sent.map(|_| ()).map_err(|e| e.to_string()),
            Err(_) => Err(format!("no end within {TOTAL:?}")),
        }
    }
}

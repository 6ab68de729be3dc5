//! Mail over SMTP, plain text in both languages.

use super::settings::EmailSettings;
use super::texts;
use crate::outbound::mail::{MailServer, MailTransport};
use crate::store::alert::LeasedMessage;
use lettre::Message;
use lettre::message::{Mailbox, header::ContentType};

/// Sends mail to the receivers of the settings.
pub struct Mailer {
    transport: MailTransport,
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
        let transport = MailTransport::new(MailServer {
            host: &settings.host,
            port: settings.port,
            tls: settings.tls,
            user: settings.user.as_deref(),
            password: settings.password.as_ref(),
        });
        Ok(Self {
            transport: transport.map_err(|e| format!("alerts.email: {e}"))?,
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
        self.transport.send(mail).await.map_err(|e| e.words)
    }
}

//! Mail to applicants: the text of the SMS, a link, and how to hear no more.

use super::Attempt;
use super::settings::MailSettings;
use crate::outbound::mail::{MailError, MailServer, MailTransport};
use crate::text::Language;
use lettre::Message;
use lettre::message::{Mailbox, header::ContentType};

/// Hands mail in at the server of the settings.
#[derive(Clone)]
pub struct Postman {
    transport: MailTransport,
    from: Mailbox,
}

/// A mail to an applicant. No `Debug`: it names one.
pub struct Letter<'a> {
    /// Address.
    pub to: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub text: &'a str,
    /// Address of the case's page; empty when the hall has none.
    pub link: &'a str,
    /// Message key.
    pub key: &'a str,
    /// Language.
    pub language: Language,
}

impl Postman {
    /// Reads the settings.
    ///
    /// # Errors
    /// Which of them is no address or no server, in words.
    pub fn new(settings: &MailSettings) -> Result<Self, String> {
        let from = settings.from.parse().map_err(|e| {
            format!(
                "notifications.email: {:?} is no mail address: {e}",
                settings.from
            )
        })?;
        let transport = MailTransport::new(MailServer {
            host: &settings.host,
            port: settings.port,
            tls: settings.tls,
            user: settings.user.as_deref(),
            password: settings.password.as_ref().map(|p| &p.0),
        });
        Ok(Self {
            transport: transport.map_err(|e| format!("notifications.email: {e}"))?,
            from,
        })
    }

    /// Sends a letter; the same one has the same `Message-ID` in every attempt.
    pub async fn send(&self, letter: &Letter<'_>) -> Attempt {
        let Ok(to) = letter.to.parse::<Mailbox>() else {
            return Attempt::Never("no_address".to_owned());
        };
        let id = format!("<{}@{}>", letter.key, self.from.email.domain());
        let mail = Message::builder()
            .from(self.from.clone())
            .to(to)
            .message_id(Some(id))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body(letter));
        let Ok(mail) = mail else {
            return Attempt::Never("no_mail".to_owned());
        };
        match self.transport.send(mail).await {
            Ok(()) => Attempt::Taken("accepted".to_owned()),
            Err(error) => refused(&error),
        }
    }
}

fn body(letter: &Letter<'_>) -> String {
    let (more, note) = match letter.language {
        Language::Chinese => (
            "查看办件：",
            "此邮件由系统自动发出，请勿回复。如不再需要邮件通知，请在办件查询中关闭。",
        ),
        Language::English => (
            "See the case: ",
            "This mail was sent automatically; please do not answer it. You can turn mail off at your case.",
        ),
    };
    let link = match letter.link {
        "" => String::new(),
        link => format!("{more}{link}\n\n"),
    };
    format!("{}\n\n{link}{note}\n", letter.text)
}

/// What a mailbox refuses for good (RFC 3463, class 5.1 and 5.2) is not tried again; a login that fails is the hall's own matter.
fn refused(error: &MailError) -> Attempt {
    match error.code {
        Some(code @ 550..=553) => Attempt::Never(format!("smtp_{code}")),
        Some(code) => Attempt::Again(format!("smtp_{code}")),
        None => Attempt::Again("not_sent".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_that_is_not_there_is_not_tried_again_and_a_login_that_fails_is() {
        let of = |code| {
            refused(&MailError {
                words: String::new(),
                code,
            })
        };
        assert_eq!(of(Some(550)), Attempt::Never("smtp_550".to_owned()));
        assert_eq!(of(Some(535)), Attempt::Again("smtp_535".to_owned()));
        assert_eq!(of(Some(451)), Attempt::Again("smtp_451".to_owned()));
        assert_eq!(of(None), Attempt::Again("not_sent".to_owned()));
    }
}

//! E-mail.

use std::time::Duration;

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};

use crate::{Channel, Outgoing, Undelivered};

/// For each step of a conversation with the server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The server for e-mails.
#[derive(Clone)]
pub struct MailSettings {
    /// `smtps://user:password@host:465` or `smtp://host:587?tls=required`; without TLS only for this machine.
    pub server: String,
    /// The address that mails come from.
    pub from: String,
}

impl std::fmt::Debug for MailSettings {
    /// Without the address, which may hold a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MailSettings").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Why no e-mail can be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server's address.
    #[error("the address of the mail server cannot be read: smtps://…, or smtp://…?tls=required")]
    Server,
    /// What is sent would travel in the open.
    #[error("a mail server on another machine needs TLS: smtps://…, or smtp://…?tls=required")]
    Open,
    /// The sender's address.
    #[error("the address that mails come from cannot be read")]
    From,
    /// The reader's address.
    #[error("the address that a mail is for cannot be read")]
    To,
    /// It cannot be composed.
    #[error("the mail cannot be composed")]
    Compose(#[from] lettre::error::Error),
    /// It cannot be sent.
    #[error("the mail cannot be sent")]
    Send(#[from] lettre::transport::smtp::Error),
}

impl MailError {
    fn undelivered(&self) -> Undelivered {
        match self {
            Self::Send(error) if is_no_mailbox(error.status().map(u16::from)) => {
                Undelivered::NoMailbox
            }
            Self::Send(error) if error.is_permanent() => Undelivered::Refused,
            Self::Send(_) => Undelivered::Unreachable,
            Self::Server | Self::Open | Self::From | Self::To | Self::Compose(_) => {
                Undelivered::Refused
            }
        }
    }
}

/// Sends e-mails.
pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Nothing is connected before something is sent.
    ///
    /// # Errors
    ///
    /// [`MailError`] if an address is none, or mails would travel in the open.
    pub fn new(settings: &MailSettings) -> Result<Self, MailError> {
        if !is_safe(&settings.server) {
            return Err(MailError::Open);
        }
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.server)
            .map_err(|_| MailError::Server)?
            .timeout(Some(TIMEOUT))
            .build();
        Ok(Self { server, from: settings.from.parse().map_err(|_| MailError::From)? })
    }

    /// Sends an e-mail once.
    ///
    /// # Errors
    ///
    /// [`MailError`].
    pub async fn mail(&self, message: &Outgoing) -> Result<(), MailError> {
        let Outgoing { to, subject, text, key } = message;
        let mail = Message::builder()
            .message_id(Some(format!("<{key}@{}>", self.from.email.domain())))
            .from(self.from.clone())
            .to(to.parse().map_err(|_| MailError::To)?)
            .subject(subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(text.clone())?;
        self.server.send(mail).await?;
        Ok(())
    }
}

#[async_trait]
impl Channel for Mailer {
    async fn send(&self, message: &Outgoing) -> Result<(), Undelivered> {
        self.mail(message).await.map_err(|error| error.undelivered())
    }
}

/// Whether a server says of the mailbox, and not of the sender or of the message, that it takes nothing: RFC 5321, 4.2.2
/// and 4.2.3, and RFC 7504. A server that does not know us answers 530 to 535, one that takes our mail for spam 554.
fn is_no_mailbox(code: Option<u16>) -> bool {
    matches!(code, Some(521 | 550 | 551 | 553 | 556))
}

/// Whether what is sent there cannot be read on the way.
fn is_safe(server: &str) -> bool {
    let Some((scheme, rest)) = server.split_once("://") else { return true };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let local = ["localhost", "127.0.0.1", "[::1]"];
    let name = host
        .strip_suffix(|last: char| last.is_ascii_digit())
        .map_or(host, |_| host.rsplit_once(':').map_or(host, |(name, _)| name));
    scheme == "smtps" || rest.contains("tls=required") || local.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{is_no_mailbox, is_safe};

    #[test]
    fn only_what_is_said_of_the_mailbox_counts_against_it() {
        for of_the_mailbox in [521, 550, 551, 553, 556] {
            assert!(is_no_mailbox(Some(of_the_mailbox)), "{of_the_mailbox}");
        }
        for other in [421, 450, 451, 452, 500, 503, 530, 535, 552, 554] {
            assert!(!is_no_mailbox(Some(other)), "{other}");
        }
        assert!(!is_no_mailbox(None));
    }

    #[test]
    fn a_mail_never_travels_in_the_open_to_another_machine() {
        for safe in [
            "smtps://u:p@mail.example:465",
            "smtp://mail.example:587?tls=required",
            "smtp://localhost:2525",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for open in [
            "smtp://mail.example:25",
            "smtp://localhost.example:25",
            "smtp://localhost@mail.example",
            "smtp://mail.example:587?tls=opportunistic",
        ] {
            assert!(!is_safe(open), "{open}");
        }
    }
}

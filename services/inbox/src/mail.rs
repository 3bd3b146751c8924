//! One-time codes by e-mail. Nothing personal is in them: no name, no school, no child.

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use mash_policy::Language;

use crate::texts::Texts;

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
    /// A code would travel in the open.
    #[error("a mail server on another machine needs TLS: smtps://…, or smtp://…?tls=required")]
    Open,
    /// The sender's address.
    #[error("the address that mails come from cannot be read")]
    From,
    /// It cannot be composed.
    #[error("the mail cannot be composed")]
    Compose(#[from] lettre::error::Error),
    /// It cannot be sent.
    #[error("the mail cannot be sent")]
    Send(#[from] lettre::transport::smtp::Error),
}

/// Sends e-mails.
pub(crate) struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, MailError> {
        if !is_safe(&settings.server) {
            return Err(MailError::Open);
        }
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.server)
            .map_err(|_| MailError::Server)?
            .timeout(Some(std::time::Duration::from_secs(10)))
            .build();
        Ok(Self { server, from: settings.from.parse().map_err(|_| MailError::From)? })
    }

    /// Sends a code, in the reader's language first.
    pub(crate) async fn code(
        &self,
        to: &str,
        code: &str,
        language: Language,
    ) -> Result<(), MailError> {
        let first = Texts(language);
        let in_one = |t: Texts| {
            format!("{}\n\n{}\n", t.arg("mail-code", "code", code), t.say("mail-not-you"))
        };
        let message = Message::builder()
            .from(self.from.clone())
            .to(to.parse().map_err(|_| MailError::From)?)
            .subject(format!(
                "{} / {}",
                first.say("mail-subject"),
                first.other().say("mail-subject")
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\n— — —\n\n{}", in_one(first), in_one(first.other())))?;
        self.server.send(message).await?;
        Ok(())
    }
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
    use super::*;

    #[test]
    fn a_code_never_travels_in_the_open_to_another_machine() {
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

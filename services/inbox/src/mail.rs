//! One-time codes by e-mail. Nothing personal is in them: no name, no school, no child.

use mash_mail::{MailError, Mailer, Outgoing};
use mash_policy::Language;
use uuid::Uuid;

use crate::texts::Texts;

/// Sends a code, in the reader's language first.
pub(crate) async fn send_code(
    mailer: &Mailer,
    to: &str,
    code: &str,
    language: Language,
) -> Result<(), MailError> {
    let first = Texts(language);
    let in_one =
        |t: Texts| format!("{}\n\n{}\n", t.arg("mail-code", "code", code), t.say("mail-not-you"));
    let message = Outgoing {
        to: to.to_owned(),
        subject: format!("{} / {}", first.say("mail-subject"), first.other().say("mail-subject")),
        text: format!("{}\n— — —\n\n{}", in_one(first), in_one(first.other())),
        key: Uuid::new_v4(),
    };
    mailer.mail(&message).await
}

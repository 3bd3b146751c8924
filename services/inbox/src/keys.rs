//! Keys derived from the hub's secret, tokens, and what is stored of them.
//!
//! A token is 256 bits from the operating system. What is stored is never the token: whoever reads the tables can sign
//! in as nobody.

use aws_lc_rs::{
    constant_time, hmac,
    rand::{SecureRandom as _, SystemRandom},
};

/// The purposes for which something is hashed; the same text has another hash for another purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Session,
    Link,
    Asker,
    Code,
    Email,
    Agent,
    Csrf,
    Attempts,
    State,
    Nonce,
    Verifier,
    Spent,
    Challenge,
    Passkey,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Link => "link",
            Self::Asker => "asker",
            Self::Code => "code",
            Self::Email => "email",
            Self::Agent => "agent",
            Self::Csrf => "csrf",
            Self::Attempts => "attempts",
            Self::State => "state",
            Self::Nonce => "nonce",
            Self::Verifier => "verifier",
            Self::Spent => "spent",
            Self::Challenge => "challenge",
            Self::Passkey => "passkey",
        }
    }
}

/// The keys of the inbox.
pub(crate) struct Keys(hmac::Key);

impl Keys {
    /// From the hub's secret.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let hub = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let own = hmac::sign(&hub, b"mash/inbox/1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// What is stored of a text, in hexadecimal.
    pub(crate) fn hash(&self, purpose: Purpose, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [purpose.word()].iter().chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        hex(context.sign().as_ref())
    }
}

/// Whether two hashes are the same, in the same time whether or not.
pub(crate) fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// There is no randomness, so nobody can sign in.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

/// A new token.
pub(crate) fn token() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(hex(&bytes))
}

/// A new code of eight digits, each as likely as any other.
pub(crate) fn code() -> Result<String, NoRandomness> {
    const CODES: u32 = 100_000_000;
    // The largest multiple of the number of codes: above it some would be likelier.
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let mut bytes = [0; 4];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        let drawn = u32::from_be_bytes(bytes);
        if drawn < FAIR {
            return Ok(format!("{:08}", drawn % CODES));
        }
    }
}

/// Whether a text has the form of a token.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn tokens_and_codes_have_their_form_and_do_not_repeat() {
        let tokens: BTreeSet<String> = (0..200).map(|_| token().unwrap()).collect();
        assert_eq!(tokens.len(), 200);
        assert!(tokens.iter().all(|token| is_token(token)));
        let codes: BTreeSet<String> = (0..200).map(|_| code().unwrap()).collect();
        assert!(codes.len() > 195);
        assert!(
            codes.iter().all(|code| code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()))
        );
    }

    #[test]
    fn a_hash_depends_on_the_secret_the_purpose_and_where_parts_end() {
        let keys = Keys::new(&[1; 32]);
        let one = keys.hash(Purpose::Code, &["ab", "c"]);
        assert_eq!(one, keys.hash(Purpose::Code, &["ab", "c"]));
        for other in [
            keys.hash(Purpose::Code, &["a", "bc"]),
            keys.hash(Purpose::Link, &["ab", "c"]),
            Keys::new(&[2; 32]).hash(Purpose::Code, &["ab", "c"]),
        ] {
            assert!(!same(&one, &other));
        }
    }
}

//! The hub's secret, under which opaque ids and fingerprints are made.

use std::fmt;

use aws_lc_rs::hmac;
use mash_domain::incident::CaseId;

/// A secret for message authentication codes (HMAC-SHA256).
#[derive(Clone)]
pub struct CaseSecret(hmac::Key);

/// The secret is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the case secret has fewer than 32 bytes")]
pub struct CaseSecretError;

impl CaseSecret {
    /// A secret of at least 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`CaseSecretError`] if it is shorter: references are easily guessed, so the secret must not be.
    pub fn new(bytes: &[u8]) -> Result<Self, CaseSecretError> {
        if bytes.len() < 32 {
            return Err(CaseSecretError);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The opaque id of what these parts identify, such as an organisation and its own reference. No part may hold the
    /// separator `\u{1f}`, so that no two lists of parts read alike.
    #[must_use]
    pub fn case_id(&self, parts: &[&str]) -> CaseId {
        CaseId::from_mac(&self.mac("case", parts.join("\u{1f}").as_bytes()))
    }

    /// The opaque id of the referral that this organisation, written as `school/6722301`, knows by this reference.
    #[must_use]
    pub fn referral_id(&self, organisation: &str, reference: &str) -> CaseId {
        self.case_id(&["referral", organisation, &reference.to_ascii_uppercase()])
    }

    /// A fingerprint by which the same content is known again. It is keyed, for a report could be guessed from a
    /// bare hash.
    #[must_use]
    pub fn fingerprint(&self, content: &[u8]) -> Vec<u8> {
        self.mac("content", content).to_vec()
    }

    fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(data);
        let mut mac = [0; 32];
        for (byte, from) in mac.iter_mut().zip(context.sign().as_ref()) {
            *byte = *from;
        }
        mac
    }
}

impl fmt::Debug for CaseSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CaseSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_id_is_stable_and_depends_on_the_secret_and_every_part() {
        let subject = |force: &str, number: &str| {
            CaseId::subject(&force.parse().unwrap(), &number.parse().unwrap())
        };
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let id = secret.case_id(&[&subject("62", "2600000001")]);
        // Pinned: another id for the same incident would make a second incident of it.
        assert_eq!(id.to_string(), "e0872280-3167-8b6b-ace0-0ce906663dec");
        assert_ne!(secret.case_id(&[&subject("61", "2600000001")]), id);
        assert_ne!(secret.case_id(&[&subject("62", "2600000002")]), id);
        let other = CaseSecret::new(&[8; 32]).unwrap();
        assert_ne!(other.case_id(&[&subject("62", "2600000001")]), id);
    }

    #[test]
    fn a_referral_is_known_by_its_organisation_and_reference_in_any_case() {
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let id = secret.referral_id("police/62", "ppn-1");
        assert_eq!(id, secret.referral_id("police/62", "PPN-1"));
        assert_ne!(id, secret.referral_id("police/61", "PPN-1"));
        assert_ne!(id, secret.referral_id("police/62", "PPN-2"));
        assert_ne!(id, secret.case_id(&["police/62", "PPN-1"]));
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_printed() {
        assert!(CaseSecret::new(&[7; 31]).is_err());
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        assert_eq!(format!("{secret:?}"), "CaseSecret(redacted)");
    }
}

//! What the service has to be told.

use std::fmt;

use aws_lc_rs::hmac;
use mash_domain::{
    identifier::ForceCode,
    incident::{CaseId, OccurrenceNumber},
};

/// The settings of the police service.
#[derive(Clone, Debug)]
pub struct PoliceConfig {
    /// The secret under which case ids are made. It must stay the same as long as there is any data.
    pub case_secret: CaseSecret,
    /// How many reports may wait to be stored before new ones are refused.
    pub queue: usize,
}

impl PoliceConfig {
    /// Settings with this secret and a queue of 4,096: some seconds of work on a small machine.
    #[must_use]
    pub const fn new(case_secret: CaseSecret) -> Self {
        Self { case_secret, queue: 4_096 }
    }
}

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
    /// [`CaseSecretError`] if it is shorter: occurrence numbers are easily guessed, so the secret must not be.
    pub fn new(bytes: &[u8]) -> Result<Self, CaseSecretError> {
        if bytes.len() < 32 {
            return Err(CaseSecretError);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The id of the incident that the force knows by this number.
    #[must_use]
    pub fn case_id(&self, force: &ForceCode, occurrence: &OccurrenceNumber) -> CaseId {
        CaseId::from_mac(&self.mac("case", CaseId::subject(force, occurrence).as_bytes()))
    }

    /// A fingerprint by which the same content is known again. It is keyed, for a report could be guessed from a
    /// bare hash.
    #[must_use]
    pub(crate) fn fingerprint(&self, content: &[u8]) -> Vec<u8> {
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
    fn a_case_id_is_stable_and_depends_on_the_secret_the_force_and_the_number() {
        let (force, number) = ("62".parse().unwrap(), "2600000001".parse().unwrap());
        let secret = CaseSecret::new(&[7; 32]).unwrap();
        let id = secret.case_id(&force, &number);
        // Pinned: another id for the same incident would make a second incident of it.
        assert_eq!(id.to_string(), "e0872280-3167-8b6b-ace0-0ce906663dec");
        assert_eq!(secret.case_id(&force, &number), id);
        assert_ne!(secret.case_id(&"61".parse().unwrap(), &number), id);
        assert_ne!(secret.case_id(&force, &"2600000002".parse().unwrap()), id);
        assert_ne!(CaseSecret::new(&[8; 32]).unwrap().case_id(&force, &number), id);
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_printed() {
        assert!(CaseSecret::new(&[7; 31]).is_err());
        let config = PoliceConfig::new(CaseSecret::new(&[7; 32]).unwrap());
        assert!(format!("{config:?}").contains("CaseSecret(redacted)"));
    }
}

//! What the service has to be told.

use mash_chassis::CaseSecret;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let config = PoliceConfig::new(CaseSecret::new(&[7; 32]).unwrap());
        assert!(format!("{config:?}").contains("CaseSecret(redacted)"));
    }
}

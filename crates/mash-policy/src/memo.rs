//! Remembered decisions of one rule set.
//!
//! A decision depends on its facts alone, so remembering changes its cost and nothing else.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{PoisonError, RwLock},
};

use crate::{decision::RecipientDecision, facts::RecipientFacts};

/// How many decisions are kept. A night needs some dozens; the bound is for a sender who tries them all.
const CAPACITY: usize = 8_192;

/// A multiplicative hash: the keys are small coded facts that nobody outside chooses freely, and the map is bounded.
#[derive(Default)]
pub(crate) struct FactHasher(u64);

impl FactHasher {
    const fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for FactHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        // The map takes its buckets from the high bits and the low ones, so both must be well mixed.
        self.0 ^ (self.0 >> 32)
    }
}

type Decisions = HashMap<RecipientFacts, RecipientDecision, BuildHasherDefault<FactHasher>>;

/// The remembered decisions.
#[derive(Default)]
pub(crate) struct Memo(RwLock<Decisions>);

impl Memo {
    /// The decision on these facts, remembered or made now.
    pub(crate) fn get_or_decide(
        &self,
        facts: &RecipientFacts,
        decide: impl FnOnce(&RecipientFacts) -> RecipientDecision,
    ) -> RecipientDecision {
        // A panic of another thread cannot leave a half-written entry behind, so a poisoned lock is still good.
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(facts) {
            return known.clone();
        }
        let decision = decide(facts);
        let mut decisions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if decisions.len() >= CAPACITY {
            decisions.clear();
        }
        decisions.insert(*facts, decision.clone());
        decision
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{minimum, rule::RulesetVersion, ruleset::tests::facts};

    #[test]
    fn the_memo_is_bounded() {
        let memo = Memo::default();
        let version = RulesetVersion::new("test");
        for bits in 0..=CAPACITY {
            let offered = mash_domain::data_class::DataClass::ALL
                .into_iter()
                .filter(|class| bits >> (class.number() - 1) & 1 == 1)
                .collect();
            let facts = RecipientFacts { offered, ..facts() };
            let made = memo.get_or_decide(&facts, |facts| minimum::decide(facts, &version));
            assert_eq!(made, minimum::decide(&facts, &version));
            assert!(memo.len() <= CAPACITY);
        }
    }
}

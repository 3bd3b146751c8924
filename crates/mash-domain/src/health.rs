//! What only health has: injuries that ask for an answer, teams by the child's age, labels of confidence, the clinical
//! window of a notice, and whether a child is protected.
//!
//! Deliberately absent: referrals, enquiries and invitations, which every partner has in common.

pub mod confidence;
pub mod inbox;
pub mod injury;
pub mod protection;
pub mod staff;
pub mod team;

/// Declares an enum of coded answers with the word that stands for each.
macro_rules! worded {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $value:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $value),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The word that stands for it in tables and codes.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// The value with this word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}
use worded;

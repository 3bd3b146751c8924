//! The two nations whose law the hub applies.

use std::fmt;

/// England or Wales. Each has its own duties, deadlines and words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nation {
    /// England.
    England,
    /// Wales.
    Wales,
}

impl Nation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::England, Self::Wales];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::England => "england",
            Self::Wales => "wales",
        }
    }

    /// The nation with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|nation| nation.word() == word)
    }
}

impl fmt::Display for Nation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nation_reads_back_as_written() {
        for nation in Nation::ALL {
            assert_eq!(Nation::from_word(nation.word()), Some(nation));
        }
        assert_eq!(Nation::from_word("scotland"), None);
    }
}

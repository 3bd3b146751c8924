//! The tri-state answer. "Not known" is an answer; it never means "no".

use std::fmt;

/// Yes, no, or not known.
///
/// # Examples
///
/// ```
/// use mash_domain::answer::Answer;
/// assert!(Answer::Unknown.may_be_yes());
/// assert!(!Answer::Unknown.is_yes());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Asked and not known, or not asked.
    Unknown,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Unknown];

    /// The word that stands for it in files and rules.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// The answer with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }

    /// Whether it is certain.
    #[must_use]
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Yes)
    }

    /// Whether it is certainly not so.
    #[must_use]
    pub const fn is_no(self) -> bool {
        matches!(self, Self::No)
    }

    /// Whether it has to be reckoned with: yes, or not known.
    #[must_use]
    pub const fn may_be_yes(self) -> bool {
        !self.is_no()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_known_is_neither_yes_nor_no() {
        assert!(!Answer::Unknown.is_yes());
        assert!(!Answer::Unknown.is_no());
        assert!(Answer::Unknown.may_be_yes());
    }

    #[test]
    fn an_answer_reads_back_as_written() {
        for answer in Answer::ALL {
            assert_eq!(Answer::from_word(answer.word()), Some(answer));
        }
        assert_eq!(Answer::from_word("perhaps"), None);
    }
}

//! Text about people: bounded, free of characters that deceive, and never printed.

use super::redacted;

/// Text about people. Personal data.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private(String); // INVARIANT: trimmed; no control character but a line break or tab; no bidi override.

redacted!(Private);

/// How long a text may be, in characters, and whether it may have several lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    characters: usize,
    lines: bool,
}

impl Limit {
    /// One line of at most this many characters.
    #[must_use]
    pub const fn line(characters: usize) -> Self {
        Self { characters, lines: false }
    }

    /// Any number of lines, of at most this many characters together.
    #[must_use]
    pub const fn paragraphs(characters: usize) -> Self {
        Self { characters, lines: true }
    }

    /// The most characters.
    #[must_use]
    pub const fn characters(self) -> usize {
        self.characters
    }
}

/// Why a text is not accepted. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Too many characters.
    #[error("longer than {0} characters")]
    Long(usize),
    /// A control character, or one that changes the direction or hides the presence of text.
    #[error("a control, direction-changing or invisible character")]
    Character,
}

impl Private {
    /// The text, trimmed.
    ///
    /// # Errors
    ///
    /// [`TextError`] if it is too long or holds a character that could deceive its reader.
    pub fn new(text: &str, limit: Limit) -> Result<Self, TextError> {
        let text = text.trim();
        // Counting stops at the limit, so that a huge text costs no more than one that just does not fit.
        if text.chars().nth(limit.characters).is_some() {
            return Err(TextError::Long(limit.characters));
        }
        if text.chars().any(|character| !is_plain(character, limit.lines)) {
            return Err(TextError::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself. Whoever asks answers for where it goes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether the character shows as itself. Bidirectional controls can make a name read as another one ("Trojan
/// source"), and invisible ones make two equal-looking texts differ.
fn is_plain(character: char, lines: bool) -> bool {
    match character {
        '\n' | '\r' | '\t' => lines,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' => false,
        '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' => false,
        '\u{E0000}'..='\u{E007F}' => false,
        other => !other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceiving_characters_are_refused() {
        let table = [
            ("Siân O'Néill-Wŷn", Ok(()), "accents, apostrophe, hyphen"),
            ("\u{202E}nhoJ", Err(TextError::Character), "right-to-left override"),
            ("Jo\u{200B}hn", Err(TextError::Character), "zero-width space"),
            ("Jo\0hn", Err(TextError::Character), "NUL, which PostgreSQL cannot store"),
            ("Jo\nhn", Err(TextError::Character), "a second line in a name"),
            ("Jo\u{7f}", Err(TextError::Character), "delete"),
            ("נועה", Ok(()), "a name written from right to left"),
        ];
        for (text, expected, why) in table {
            assert_eq!(Private::new(text, Limit::line(40)).map(|_| ()), expected, "{why}");
        }
        assert!(Private::new("one\r\n\ttwo", Limit::paragraphs(40)).is_ok());
    }

    #[test]
    fn length_counts_characters_after_trimming() {
        assert!(Private::new("  ŵŵŵ  ", Limit::line(3)).is_ok_and(|text| text.as_str() == "ŵŵŵ"));
        assert_eq!(Private::new("ŵŵŵŵ", Limit::line(3)), Err(TextError::Long(3)));
    }

    #[test]
    fn it_does_not_print() {
        let text = Private::new("said quietly", Limit::line(40)).unwrap();
        assert_eq!(format!("{text:?}"), "Private(redacted)");
    }
}

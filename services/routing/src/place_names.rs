//! Taking the names of places out of free text, where any of them would tell where the family is (R21).
//!
//! The names cannot be looked up: they are of surgeries, courts and nurseries that nobody stated. What can be known is
//! how they are written: a name beside a word for a sort of place, before it in English, after it in Welsh. Where it
//! is not clear what is part of a name, more is taken out and not less. A town that stands alone is not found; the
//! lines of known addresses are replaced elsewhere.

use crate::sanitise::{Token, tokens};

const WITHHELD: &str = "[place withheld]";

/// Sorts of places that tell something by being named at all, in both languages and folded.
const TELLING: [&[&str]; 33] = [
    &["surgery"],
    &["meddygfa"],
    &["feddygfa"],
    &["clinic"],
    &["clinig"],
    &["health", "centre"],
    &["medical", "centre"],
    &["medical", "practice"],
    &["canolfan", "iechyd"],
    &["ganolfan", "iechyd"],
    &["hospital"],
    &["ysbyty"],
    &["infirmary"],
    &["pharmacy"],
    &["fferyllfa"],
    &["refuge"],
    &["lloches"],
    &["loches"],
    &["safe", "house"],
    &["hostel"],
    &["shelter"],
    &["contact", "centre"],
    &["canolfan", "gyswllt"],
    &["ganolfan", "gyswllt"],
    &["family", "centre"],
    &["children", "s", "centre"],
    &["canolfan", "deulu"],
    &["canolfan", "blant"],
    &["flying", "start"],
    &["hotel"],
    &["gwesty"],
    &["llys"],
    &["lys"],
];

/// Sorts of places that everybody goes to: they tell something only with a name.
const COMMON: [&[&str]; 22] = [
    &["court"],
    &["school"],
    &["ysgol"],
    &["primary"],
    &["comprehensive"],
    &["academy"],
    &["college"],
    &["coleg"],
    &["nursery"],
    &["meithrinfa"],
    &["feithrinfa"],
    &["cylch", "meithrin"],
    &["cylch"],
    &["playgroup"],
    &["church"],
    &["eglwys"],
    &["chapel"],
    &["capel"],
    &["mosque"],
    &["library"],
    &["community", "centre"],
    &["leisure", "centre"],
];

/// Words that are no part of a name although they may stand beside one with a capital.
const NO_NAME: [&str; 84] = [
    "a",
    "an",
    "the",
    "this",
    "that",
    "at",
    "in",
    "on",
    "to",
    "from",
    "by",
    "with",
    "for",
    "near",
    "his",
    "her",
    "their",
    "my",
    "our",
    "its",
    "he",
    "she",
    "they",
    "we",
    "i",
    "it",
    "and",
    "or",
    "but",
    "when",
    "after",
    "before",
    "then",
    "was",
    "is",
    "were",
    "had",
    "has",
    "not",
    "local",
    "new",
    "old",
    "same",
    "next",
    "mother",
    "father",
    "mum",
    "dad",
    "mam",
    "tad",
    "child",
    "police",
    "officer",
    "officers",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "y",
    "yr",
    "yn",
    "ym",
    "i'r",
    "o",
    "ar",
    "mae",
    "oedd",
    "roedd",
    "ei",
    "fy",
    "wrth",
    "gan",
    "am",
    "a'r",
    "r",
    "mr",
    "mrs",
    "ms",
    "went",
    "left",
    "missed",
];

/// Words that hold a name together.
const WITHIN: [&str; 10] = ["of", "y", "yr", "r", "s", "st", "saint", "in", "and", "at"];

/// How many words of a name are looked for on either side.
const REACH: usize = 6;

/// The text without the names of places and without postcodes.
#[must_use]
pub fn without_place_names(text: &str) -> String {
    let tokens = tokens(text);
    let words: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| token.is_word).map(|(at, _)| at).collect();
    let spoken = Spoken { tokens: &tokens, words: &words };
    let mut taken = vec![false; words.len()];
    for at in 0..words.len() {
        if let Some((from, until)) = spoken.place(at).or_else(|| spoken.postcode(at)) {
            taken.iter_mut().take(until).skip(from).for_each(|word| *word = true);
        }
    }
    spoken.without(&taken)
}

/// Words and what stands between them.
struct Spoken<'a> {
    tokens: &'a [Token<'a>],
    words: &'a [usize],
}

impl Spoken<'_> {
    fn word(&self, at: usize) -> Option<&Token<'_>> {
        self.words.get(at).and_then(|place| self.tokens.get(*place))
    }

    fn key(&self, at: usize) -> &str {
        self.word(at).map_or("", |word| word.key.as_str())
    }

    /// The words of the place whose sort is named here, as a range.
    fn place(&self, at: usize) -> Option<(usize, usize)> {
        let here = |sort: &&&[&str]| {
            sort.iter().enumerate().all(|(index, word)| self.key(at + index) == *word)
        };
        let telling = TELLING.iter().find(here).map(|sort| (sort.len(), true));
        let (length, telling) =
            telling.or_else(|| COMMON.iter().find(here).map(|sort| (sort.len(), false)))?;
        let until = self.after(at + length);
        let mut from = self.before(at);
        if from == at && telling && at > 0 && !NO_NAME.contains(&self.key(at - 1)) {
            from = at - 1; // Written without capitals, it may be a name all the same.
        }
        (telling || from < at || until > at + length).then_some((from, until))
    }

    /// Where the name before this word begins.
    fn before(&self, at: usize) -> usize {
        let mut from = at;
        for place in (at.saturating_sub(REACH)..at).rev() {
            if self.is_name(place) {
                from = place;
            } else if !WITHIN.contains(&self.key(place)) {
                break;
            }
        }
        from
    }

    /// Where the name after this word ends.
    fn after(&self, at: usize) -> usize {
        let mut until = at;
        for place in at..self.words.len().min(at + REACH) {
            if self.breaks_off(place) {
                break;
            }
            if self.is_name(place) {
                until = place + 1;
            } else if !WITHIN.contains(&self.key(place)) {
                break;
            }
        }
        until
    }

    /// Whether a sentence ends before this word.
    fn breaks_off(&self, at: usize) -> bool {
        let between = |from: usize, until: usize| self.tokens.get(from + 1..until);
        let previous = at.checked_sub(1).and_then(|before| self.words.get(before));
        let (Some(from), Some(until)) = (previous, self.words.get(at)) else { return false };
        between(*from, *until)
            .is_some_and(|marks| marks.iter().any(|mark| ".;:!?)\n".contains(mark.text)))
    }

    fn is_name(&self, at: usize) -> bool {
        let Some(word) = self.word(at) else { return false };
        if NO_NAME.contains(&word.key.as_str()) {
            return false;
        }
        let capital = word.text.chars().next().is_some_and(|first| !first.is_lowercase());
        capital || self.is_joined(at)
    }

    /// Whether a hyphen joins this word to the one before it or after it, as in `Heol-las`.
    fn is_joined(&self, at: usize) -> bool {
        let hyphen = |place: Option<usize>| {
            place.and_then(|place| self.tokens.get(place)).is_some_and(|token| token.text == "-")
        };
        let here = self.words.get(at).copied();
        hyphen(here.and_then(|place| place.checked_sub(1))) || hyphen(here.map(|place| place + 1))
    }

    /// A postcode, in one word or two.
    fn postcode(&self, at: usize) -> Option<(usize, usize)> {
        let one = self.key(at).to_owned();
        let two = format!("{one}{}", self.key(at + 1));
        [(one, 1), (two, 2)]
            .into_iter()
            .find(|(text, _)| is_postcode(text))
            .map(|(_, length)| (at, at + length))
    }

    fn without(&self, taken: &[bool]) -> String {
        let mut out = String::new();
        let mut word = 0;
        for token in self.tokens {
            let here = taken.get(word).copied().unwrap_or_default();
            let within = word > 0 && here && taken.get(word - 1).copied().unwrap_or_default();
            if token.is_word {
                if !here {
                    out.push_str(token.text);
                } else if !within {
                    out.push_str(WITHHELD);
                }
                word += 1;
            } else if !within {
                out.push_str(token.text);
            }
        }
        out
    }
}

/// Whether the text, without spaces and folded, has the form of a postcode.
fn is_postcode(text: &str) -> bool {
    let Some((area, unit)) = text.len().checked_sub(3).and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let letters = area.bytes().take_while(u8::is_ascii_alphabetic).count();
    let district = area.get(letters..).unwrap_or_default();
    let unit = unit.as_bytes();
    (1..=2).contains(&letters)
        && (1..=2).contains(&district.len())
        && district.starts_with(|c: char| c.is_ascii_digit())
        && district.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && unit.first().is_some_and(u8::is_ascii_digit)
        && unit.iter().skip(1).all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_places_go_in_both_languages() {
        let table = [
            (
                "She takes him to Heol-las Surgery on Monday.",
                "She takes him to [place withheld] on Monday.",
            ),
            ("Wedi bod ym Meddygfa Tŷ'r Felin ddoe.", "Wedi bod ym [place withheld] ddoe."),
            ("at the Pencoed Health Centre, with her", "at the [place withheld], with her"),
            ("The case is at Bridgend Magistrates' Court.", "The case is at [place withheld]."),
            ("Achos yn Llys Ynadon Caerdydd.", "Achos yn [place withheld]."),
            ("They stay in a refuge.", "They stay in a [place withheld]."),
            ("Maen nhw mewn lloches.", "Maen nhw [place withheld]."),
            ("He goes to Little Acorns Nursery.", "He goes to [place withheld]."),
            ("Mae'n mynd i Ysgol Gynradd Pont-y-Bryn.", "Mae'n mynd i [place withheld]."),
            ("Seen at CF31 4AB last week.", "Seen at [place withheld] last week."),
            ("at the university hospital of Wales", "at the [place withheld]"),
            ("the pencoed surgery rang", "the [place withheld] rang"),
        ];
        for (text, expected) in table {
            assert_eq!(without_place_names(text), expected, "{text}");
        }
    }

    #[test]
    fn what_tells_no_place_stays() {
        for text in [
            "He missed school because of it.",
            "Mam said that she would go to court.",
            "The father struck the mother in the kitchen; a sibling ran out.",
            "",
        ] {
            assert_eq!(without_place_names(text), text);
        }
    }
}

//! Taking out of free text what the recipient may not know.
//!
//! Officers write as they speak: a sibling's name, the refuge, the suspect. Minimisation drops whole fields; inside a
//! field that may pass, these words are replaced by a word of relation. The comparison folds case and diacritics, so
//! that `Siân`, `SIAN` and `Sian` are one name, and knows possessives, so that `Carys's` is found too.

use std::collections::{BTreeMap, btree_map::Entry};

use mash_domain::roll::name_key;

/// A word or phrase that must not pass, and what stands in its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Replacement {
    words: Vec<String>, // INVARIANT: folded, none empty, at least one.
    with: String,
}

impl Replacement {
    /// Replaces the phrase, whole words only. `None` if the phrase holds no word.
    #[must_use]
    pub fn new(phrase: &str, with: &str) -> Option<Self> {
        let words: Vec<String> = tokens(phrase)
            .into_iter()
            .filter(|token| token.is_word)
            .map(|token| token.key)
            .collect();
        if words.is_empty() { None } else { Some(Self { words, with: with.to_owned() }) }
    }
}

/// The replacements with one word for each phrase: where two people are called the same, nobody can tell from the text
/// which of them is meant, and a neutral word says so.
#[must_use]
pub fn without_ambiguity(replacements: Vec<Replacement>, neutral: &str) -> Vec<Replacement> {
    let mut found: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for Replacement { words, with } in replacements {
        match found.entry(words) {
            Entry::Vacant(vacant) => {
                vacant.insert(with);
            }
            Entry::Occupied(mut known) if *known.get() != with => {
                neutral.clone_into(known.get_mut());
            }
            Entry::Occupied(_) => {}
        }
    }
    found.into_iter().map(|(words, with)| Replacement { words, with }).collect()
}

/// The text with every phrase replaced, the longest phrase first wherever several fit.
#[must_use]
pub fn sanitise(text: &str, replacements: &[Replacement]) -> String {
    let mut ordered: Vec<&Replacement> = replacements.iter().collect();
    ordered.sort_by_key(|replacement| std::cmp::Reverse(replacement.words.len()));
    let tokens = tokens(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = tokens.as_slice();
    while let Some((token, tail)) = rest.split_first() {
        let hit =
            ordered.iter().find_map(|replacement| Some((replacement, matched(rest, replacement)?)));
        match hit {
            Some((replacement, used)) => {
                let repeated = out.trim_end().ends_with(replacement.with.as_str());
                if !repeated {
                    out.push_str(&replacement.with);
                }
                rest = rest.get(used..).unwrap_or_default();
                if repeated {
                    out.truncate(out.trim_end().len());
                }
            }
            None => {
                out.push_str(token.text);
                rest = tail;
            }
        }
    }
    out
}

/// A word, or what stands between two words.
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) key: String,
    pub(crate) is_word: bool,
}

/// How many tokens the phrase takes up at the start of these, if it stands there. Words may be joined by anything
/// that is not a word, as in `Rees-Morgan` or `12, Heol y Bryn`.
fn matched(tokens: &[Token<'_>], replacement: &Replacement) -> Option<usize> {
    let mut position = 0;
    for (index, word) in replacement.words.iter().enumerate() {
        if index > 0 {
            position += tokens.get(position..)?.iter().take_while(|token| !token.is_word).count();
        }
        let token = tokens.get(position)?;
        if !token.is_word || &token.key != word {
            return None;
        }
        position += 1;
    }
    // A possessive belongs to the name.
    let possessive = match tokens.get(position..) {
        Some([mark, letter, ..]) if matches!(mark.text, "'" | "’") && letter.key == "s" => 2,
        _ => 0,
    };
    Some(position + possessive)
}

pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = is_letter(first);
        let end = rest.find(|c| is_letter(c) != word).unwrap_or(rest.len());
        // Separators are single characters, so that a possessive mark is a token of its own.
        let end = if word { end } else { first.len_utf8() };
        let (text, tail) = rest.split_at(end);
        found.push(Token {
            text,
            key: if word { name_key(text) } else { String::new() },
            is_word: word,
        });
        rest = tail;
    }
    found
}

/// Letters, digits and the combining marks that some systems send instead of composed letters.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, phrases: &[(&str, &str)], expected: &str) {
        let replacements: Vec<_> =
            phrases.iter().filter_map(|(phrase, with)| Replacement::new(phrase, with)).collect();
        assert_eq!(sanitise(text, &replacements), expected);
    }

    #[test]
    fn names_go_however_they_are_written() {
        check("SIAN hid with Siân.", &[("Siân", "a sibling")], "a sibling hid with a sibling.");
        check("Sia\u{302}n's bed", &[("Siân", "a sibling")], "a sibling bed");
        check(
            "Carys's book and Carys’s bag",
            &[("Carys", "a sibling")],
            "a sibling book and a sibling bag",
        );
    }

    #[test]
    fn the_longest_phrase_goes_first_and_a_repeat_is_said_once() {
        let phrases = [
            ("Dylan", "the father"),
            ("Dylan Rees-Morgan", "the father"),
            ("Rees-Morgan", "the father"),
        ];
        check("Dylan Rees-Morgan shouted", &phrases, "the father shouted");
        check("Dylan ... Rees Morgan left", &phrases, "the father left");
        check("Dylan Rees left", &phrases, "the father Rees left");
    }

    #[test]
    fn parts_of_words_stay() {
        check("Annual report on Ann", &[("Ann", "a sibling")], "Annual report on a sibling");
    }

    #[test]
    fn addresses_go_with_their_punctuation() {
        check(
            "She fled to 12, Heol y Bryn (CF31 4XX).",
            &[("12 Heol y Bryn", "[address withheld]"), ("CF31 4XX", "[address withheld]")],
            "She fled to [address withheld] ([address withheld]).",
        );
    }

    #[test]
    fn nothing_to_replace_leaves_the_text_alone() {
        check("  Plain, text. ", &[("", "x"), ("...", "x")], "  Plain, text. ");
    }
}

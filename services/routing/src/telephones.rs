//! Taking telephone numbers out of free text: a number tells whom to ring although the field for it was taken out (R29).

/// What stands in place of a number.
const WITHHELD: &str = "[number withheld]";
/// How many digits a number of this country has, with its leading zero or the code of the country.
const DIGITS: std::ops::RangeInclusive<usize> = 10..=14;

/// The text without anything that can be read as a telephone number of this country, however it is spaced.
#[must_use]
pub fn without_telephones(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_digit = false;
    while let Some(first) = rest.chars().next() {
        let length = if after_digit { None } else { number(rest) };
        let taken = length.unwrap_or_else(|| first.len_utf8());
        let Some((head, tail)) = rest.split_at_checked(taken) else { break };
        out.push_str(if length.is_some() { WITHHELD } else { head });
        after_digit = length.is_none() && first.is_ascii_digit();
        rest = tail;
    }
    out
}

/// How many bytes a number takes up at the start of the text, if one stands there.
fn number(text: &str) -> Option<usize> {
    if !text.starts_with(['0', '+', '(']) {
        return None;
    }
    let mut digits = String::new();
    let mut end = 0;
    let mut between = 0;
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => {
                digits.push(c);
                end = at + 1;
                between = 0;
            }
            // People write `07700 900-123`, `(01656) 900 123` and `+44 7700.900123`; a full stop ends a sentence.
            ' ' | '-' | '(' | ')' | '+' | '/' | '.' | '\u{a0}' | '\u{2011}' | '\u{2013}'
                if between < 2 =>
            {
                between += 1;
            }
            _ => break,
        }
    }
    let ours = digits.starts_with('0') || digits.starts_with("44");
    // A bracket belongs to the number if it closes within it, and to the sentence if it does not.
    let closed = text.get(..end).is_some_and(|taken| taken.contains(')'));
    let ours = ours && (closed || !text.starts_with('('));
    (ours && DIGITS.contains(&digits.len())).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_however_they_are_spaced() {
        let table = [
            ("Ring her on 07700 900123 before nine.", "Ring her on [number withheld] before nine."),
            ("07700900123", "[number withheld]"),
            ("Her mother (07700 900123) knows.", "Her mother ([number withheld]) knows."),
            ("(01656) 900-123, ask for mum", "[number withheld], ask for mum"),
            ("mob +44 7700 900 123.", "mob [number withheld]."),
            ("0044 7700 900123 or 029 2018 0123", "[number withheld] or [number withheld]"),
            ("Tŷ'r fam: 07700\u{a0}900\u{2011}123", "Tŷ'r fam: [number withheld]"),
        ];
        for (text, expected) in table {
            assert_eq!(without_telephones(text), expected);
        }
    }

    #[test]
    fn what_is_no_number_stays() {
        for text in [
            "NHS 999 000 0018 and occurrence 2600000001.",
            "On 01/02/2026 at 07:45 (3 times).",
            "Room 0123, 12 Heol y Bryn.",
            "",
            "(see above) + more",
            "120770090012345678",
        ] {
            assert_eq!(without_telephones(text), text);
        }
    }
}

//! The facts one by one: by which name rules read them, and in which words.

use mash_domain::{
    answer::Answer,
    sharing::{AgreementState, ChildView, ConsentState},
};

use crate::facts::{Conflict, Handling, Profile, RecipientFacts};

/// One fact, by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute(u8);

/// The facts of one decision as numbers: for each fact the place of its word, or 1 for yes and 0 for no.
pub(crate) struct Codes([u8; ROWS]);

impl Codes {
    pub(crate) fn of(&self, attribute: Attribute) -> u8 {
        self.0.get(usize::from(attribute.0)).copied().unwrap_or_default()
    }
}

/// How one fact is read.
struct Row {
    name: &'static str,
    words: Words,
    code: fn(&RecipientFacts) -> u8,
}

/// The words of a fact.
#[derive(Clone, Copy)]
enum Words {
    YesNo,
    Of(&'static str, &'static [&'static str]),
}

macro_rules! words {
    ($name:ident = $kind:ident { $($variant:ident)* }) => {
        const $name: &[&str] = &[$($kind::$variant.word()),*];
    };
}

words!(ANSWERS = Answer { Yes No Unknown });
words!(PROFILES = Profile { Minimal Middle Full });
words!(CONFLICTS = Conflict { Clear AlternateOnly Unknown });
words!(CONSENTS = ConsentState { Given Refused Withdrawn Expired NotSoughtUnsafe NotRequired NotRecorded });
words!(VIEWS = ChildView { Agrees Objects NotKnown });
words!(AGREEMENTS = AgreementState { Live Expired Absent });
words!(HANDLINGS = Handling { None Permitted Conditions Unknown });

const ANSWER: Words = Words::Of("Mash::Answer", ANSWERS);

const fn yes_no(name: &'static str, code: fn(&RecipientFacts) -> u8) -> Row {
    Row { name, words: Words::YesNo, code }
}

const fn word(name: &'static str, words: Words, code: fn(&RecipientFacts) -> u8) -> Row {
    Row { name, words, code }
}

const ROWS: usize = 24;

/// Every fact but the three sets of classes, in the order of the schema.
const TABLE: [Row; ROWS] = [
    yes_no("child_under_18", |facts| facts.child_under_18.into()),
    yes_no("child_in_force_area", |facts| facts.child_in_force_area.into()),
    word("profile", Words::Of("Mash::Profile", PROFILES), |facts| facts.profile as u8),
    yes_no("early_years_opted_in", |facts| facts.early_years_opted_in.into()),
    word("conflict", Words::Of("Mash::Conflict", CONFLICTS), |facts| facts.conflict as u8),
    word("address_protect", ANSWER, |facts| facts.address_protect as u8),
    yes_no("sexual_offence_alleged", |facts| facts.sexual_offence_alleged.into()),
    yes_no("live_investigation", |facts| facts.live_investigation.into()),
    word("collection_risk", ANSWER, |facts| facts.collection_risk as u8),
    yes_no("no_contact_requested", |facts| facts.no_contact_requested.into()),
    word("harm_suspected", ANSWER, |facts| facts.harm_suspected as u8),
    yes_no("section_47", |facts| facts.section_47.into()),
    yes_no("invited", |facts| facts.invited.into()),
    yes_no("case_cited", |facts| facts.case_cited.into()),
    word("consent", Words::Of("Mash::Consent", CONSENTS), |facts| facts.consent as u8),
    word("child_view", Words::Of("Mash::ChildView", VIEWS), |facts| facts.child_view as u8),
    word("do_not_inform_parent", ANSWER, |facts| facts.do_not_inform_parent as u8),
    word("agreement", Words::Of("Mash::Agreement", AGREEMENTS), |facts| facts.agreement as u8),
    word("intelligence", Words::Of("Mash::Handling", HANDLINGS), |facts| facts.intelligence as u8),
    word("source_identifiable", ANSWER, |facts| facts.source_identifiable as u8),
    yes_no("third_party_relevant", |facts| facts.third_party_relevant.into()),
    yes_no("exploitation_indicated", |facts| facts.exploitation_indicated.into()),
    yes_no("area_shares_missing", |facts| facts.area_shares_missing.into()),
    yes_no("debrief_accepted", |facts| facts.debrief_accepted.into()),
];

/// What a fact says, as Cedar is told.
pub(crate) enum Said {
    /// A yes or no.
    YesNo(bool),
    /// A word of a type.
    Word(&'static str, &'static str),
}

/// The facts of one decision as numbers.
pub(crate) fn codes(facts: &RecipientFacts) -> Codes {
    Codes(TABLE.map(|row| (row.code)(facts)))
}

/// The fact of this name, and whether it is a yes or no.
pub(crate) fn named(name: &str) -> Option<(Attribute, bool)> {
    let place = TABLE.iter().position(|row| row.name == name)?;
    let yes_no = matches!(TABLE.get(place)?.words, Words::YesNo);
    Some((Attribute(u8::try_from(place).ok()?), yes_no))
}

/// The number of a word of this fact, if the fact has words of this type.
pub(crate) fn code_of(attribute: Attribute, kind: &str, word: &str) -> Option<u8> {
    match TABLE.get(usize::from(attribute.0))?.words {
        Words::Of(of, words) if of == kind => {
            let place = words.iter().position(|known| *known == word)?;
            u8::try_from(place).ok()
        }
        Words::Of(..) | Words::YesNo => None,
    }
}

/// Every fact by name, and what it says.
pub(crate) fn said(facts: &RecipientFacts) -> impl Iterator<Item = (&'static str, Said)> {
    TABLE.into_iter().map(|row| {
        let code = (row.code)(facts);
        let said = match row.words {
            Words::YesNo => Said::YesNo(code != 0),
            Words::Of(kind, words) => {
                Said::Word(kind, words.get(usize::from(code)).copied().unwrap_or("unknown"))
            }
        };
        (row.name, said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_word_is_its_place() {
        let places = |words: &[&str], all: Vec<(u8, &str)>| {
            assert_eq!(words.len(), all.len());
            all.iter().for_each(|(code, word)| assert_eq!(words[usize::from(*code)], *word));
        };
        places(ANSWERS, Answer::ALL.map(|it| (it as u8, it.word())).to_vec());
        places(PROFILES, Profile::ALL.map(|it| (it as u8, it.word())).to_vec());
        places(CONFLICTS, Conflict::ALL.map(|it| (it as u8, it.word())).to_vec());
        places(CONSENTS, ConsentState::ALL.map(|it| (it as u8, it.word())).to_vec());
        places(VIEWS, ChildView::ALL.map(|it| (it as u8, it.word())).to_vec());
        places(AGREEMENTS, AgreementState::ALL.map(|it| (it as u8, it.word())).to_vec());
        places(HANDLINGS, Handling::ALL.map(|it| (it as u8, it.word())).to_vec());
    }
}

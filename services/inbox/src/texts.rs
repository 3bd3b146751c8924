//! Every word, in English and in Welsh. That both have the same keys, arguments and plural forms is checked when the
//! crate is built.

use std::{fmt::Display, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use mash_policy::Language;
use unic_langid::LanguageIdentifier;

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

type Bundle = FluentBundle<FluentResource>;

/// The texts in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) Language);

impl Texts {
    /// The language's tag.
    pub(crate) fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// The other language.
    pub(crate) fn other(self) -> Self {
        Self(self.0.choose(Language::Welsh, Language::English))
    }

    /// A text.
    pub(crate) fn say(self, key: &str) -> String {
        self.format(key, None)
    }

    /// A text with one thing put in.
    pub(crate) fn arg(self, key: &str, name: &'static str, value: impl Display) -> String {
        self.args(key, &[(name, &value.to_string())])
    }

    /// A text with things put in.
    pub(crate) fn args(self, key: &str, values: &[(&'static str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, value) in values {
            arguments.set(*name, FluentValue::from(*value));
        }
        self.format(key, Some(&arguments))
    }

    /// A text about so many.
    pub(crate) fn count(self, key: &str, count: usize) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("count", FluentValue::from(count));
        self.format(key, Some(&arguments))
    }

    /// A text about so many, with things put in.
    pub(crate) fn counted(self, key: &str, count: i64, values: &[(&'static str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("count", FluentValue::from(count));
        for (name, value) in values {
            arguments.set(*name, FluentValue::from(*value));
        }
        self.format(key, Some(&arguments))
    }

    /// A text whose name ends in a code from elsewhere, or that of another one where there is none for the code.
    pub(crate) fn code(self, front: &str, code: &str, otherwise: &str) -> String {
        let key = format!("{front}{code}");
        let known = KEYS.contains(&key.as_str());
        self.say(if known { &key } else { otherwise })
    }

    fn format(self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        static ENGLISH_BUNDLE: LazyLock<Option<Bundle>> = LazyLock::new(|| bundle("en", ENGLISH));
        static WELSH_BUNDLE: LazyLock<Option<Bundle>> = LazyLock::new(|| bundle("cy", WELSH));
        let bundle = self.0.choose(&ENGLISH_BUNDLE, &WELSH_BUNDLE).as_ref();
        let pattern = bundle.and_then(|bundle| bundle.get_message(key)?.value());
        let (Some(bundle), Some(pattern)) = (bundle, pattern) else {
            // The build checks names that are written out, a test those that are put together.
            tracing::error!(text.key = key, "there is no text of this name");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, arguments, &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(text.key = key, "a text lacks what should be put in");
        }
        text
    }
}

fn bundle(tag: &str, text: &str) -> Option<Bundle> {
    let identifier: LanguageIdentifier = tag.parse().ok()?;
    // What cannot be read has ended the build.
    let resource =
        FluentResource::try_new(text.to_owned()).unwrap_or_else(|(readable, _)| readable);
    let mut bundle = Bundle::new_concurrent(vec![identifier]);
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).ok()?;
    Some(bundle)
}

/// Every text with its name, in English and in Welsh, as a table for whoever translates.
///
/// # Errors
///
/// If the table cannot be written.
pub fn side_by_side() -> Result<String, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["name", "English", "Cymraeg"])?;
    let (english, welsh) = (sources(ENGLISH), sources(WELSH));
    for (key, text) in &english {
        let other = welsh.iter().find(|(other, _)| other == key);
        let welsh = other.map_or("", |(_, text)| text.as_str());
        table.write_record([key.as_str(), text.as_str(), welsh])?;
    }
    let bytes = table.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Each text as it is written, with its plural forms and what is put in.
fn sources(texts: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in texts.lines() {
        let begins = line.starts_with(|first: char| first.is_ascii_alphabetic());
        match (line.split_once(" = "), found.last_mut()) {
            (Some((key, text)), _) if begins => found.push((key.to_owned(), text.to_owned())),
            (_, Some((_, text))) if line.starts_with([' ', '}']) => {
                text.push('\n');
                text.push_str(line);
            }
            _ => (),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Texts = Texts(Language::English);
    const WELSH: Texts = Texts(Language::Welsh);

    #[test]
    fn every_text_is_there_in_both_languages_and_is_not_the_same_by_oversight() {
        // Names and codes that are the same on purpose.
        let same = ["service-name", "page-title", "notice-title-child", "at-time", "sign-in-email"];
        for key in KEYS {
            let (english, welsh) = (sources(super::ENGLISH), sources(super::WELSH));
            let text = |found: &[(String, String)]| {
                found.iter().find(|(name, _)| name == key).map(|(_, text)| text.clone())
            };
            let (english, welsh) = (text(&english).unwrap(), text(&welsh).unwrap());
            assert!(english != welsh || same.contains(key), "{key}: {english}");
        }
    }

    #[test]
    fn counts_have_the_forms_of_their_language() {
        assert_eq!(ENGLISH.count("notices-waiting", 1), "1 notice waits for you");
        assert_eq!(ENGLISH.count("notices-waiting", 2), "2 notices wait for you");
        for (count, starts) in
            [(0, "Nid oes"), (1, "Mae 1"), (2, "Mae 2"), (3, "Mae 3"), (6, "Mae 6"), (11, "Mae 11")]
        {
            let said = WELSH.count("notices-waiting", count);
            assert!(said.starts_with(starts), "{count}: {said}");
        }
    }

    #[test]
    fn the_table_for_translators_has_every_text_with_both_languages() {
        let table = side_by_side().unwrap();
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), KEYS.len());
        assert!(rows.iter().all(|row| row.len() == 3 && row.iter().all(|cell| !cell.is_empty())));
    }
}

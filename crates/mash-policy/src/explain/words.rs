//! The texts of explanations, in both languages.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use unic_langid::LanguageIdentifier;

use crate::language::Language;

const ENGLISH: &str = include_str!("../../locales/en/explain.ftl");
const WELSH: &str = include_str!("../../locales/cy/explain.ftl");

/// A text that the program carries cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// The texts of a language cannot be read.
    #[error("the texts of `{0}` cannot be read")]
    Unreadable(&'static str),
    /// There is no text of this name.
    #[error("there is no text `{0}`")]
    Missing(String),
}

/// The texts of one language.
pub struct Words(FluentBundle<FluentResource>);

impl Words {
    /// The words for codes: `flow-school`, `class-1` and so on.
    ///
    /// # Errors
    ///
    /// [`WordsError`] if they cannot be read.
    pub fn of_codes(language: Language) -> Result<Self, WordsError> {
        Self::of(language, language.choose(ENGLISH, WELSH))
    }

    /// Other texts, in the form of Fluent.
    ///
    /// # Errors
    ///
    /// [`WordsError`] if they cannot be read.
    pub fn of(language: Language, text: &str) -> Result<Self, WordsError> {
        let tag = language.tag();
        let unreadable = || WordsError::Unreadable(tag);
        let identifier: LanguageIdentifier = tag.parse().map_err(|_| unreadable())?;
        let resource = FluentResource::try_new(text.to_owned()).map_err(|_| unreadable())?;
        let mut bundle = FluentBundle::new(vec![identifier]);
        // Marks of direction around each name would only get into the way of a terminal.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).map_err(|_| unreadable())?;
        Ok(Self(bundle))
    }

    /// The text of this name, with names put in.
    ///
    /// # Errors
    ///
    /// [`WordsError`] if there is no such text, or a name is missing.
    pub fn say(&self, name: &str, names: &[(&str, &str)]) -> Result<String, WordsError> {
        self.format(name, names)?.ok_or_else(|| WordsError::Missing(name.to_owned()))
    }

    /// The text of this name, if there is one.
    pub(super) fn find(&self, name: &str) -> Result<Option<String>, WordsError> {
        self.format(name, &[])
    }

    fn format(&self, name: &str, names: &[(&str, &str)]) -> Result<Option<String>, WordsError> {
        let Some(pattern) = self.0.get_message(name).and_then(|message| message.value()) else {
            return Ok(None);
        };
        let mut arguments = FluentArgs::new();
        for (key, value) in names {
            arguments.set(*key, *value);
        }
        let mut errors = Vec::new();
        let text = self.0.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        if errors.is_empty() { Ok(Some(text)) } else { Err(WordsError::Missing(name.to_owned())) }
    }
}

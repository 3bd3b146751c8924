//! `manifest.toml`: what a rule set is, when its statutes begin, and how the rules that are no policy are kept.

use jiff::civil::Date;
use serde::Deserialize;

use super::load::Fault;
use crate::rule::RuleId;

/// The file's name.
pub(super) const FILE: &str = "manifest.toml";

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) version: String,
    #[expect(dead_code, reason = "for the reader of the file; required so that it is there")]
    title: String,
    #[serde(default)]
    commencement: Vec<Commencement>,
    #[serde(default)]
    realised: Vec<RealisedText>,
}

/// A day on which a statute begins to bind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commencement {
    statute: String,
    #[expect(dead_code, reason = "for the reader of the file; required so that it is there")]
    title: String,
    /// Absent while it is not confirmed.
    day: Option<Date>,
    #[expect(dead_code, reason = "for the reader of the file; required so that it is there")]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RealisedText {
    rule: String,
    title: String,
    how: String,
}

/// A rule that is kept in another way than by a permit or a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realised {
    /// The rule, such as `R31`.
    pub id: RuleId,
    /// What it is about.
    pub title: String,
    /// How it is kept.
    pub how: String,
}

impl Manifest {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            Fault::at(FILE, text, offset, error.message().to_owned())
        })
    }

    /// The day that the statute commences: `None` if the manifest does not know the statute, `Some(None)` while the
    /// day is not confirmed.
    pub(super) fn commencement(&self, statute: &str) -> Option<Option<Date>> {
        self.commencement.iter().find(|entry| entry.statute == statute).map(|entry| entry.day)
    }

    pub(super) fn realised(&self, text: &str) -> Result<Vec<Realised>, Fault> {
        self.realised
            .iter()
            .map(|entry| {
                let id = entry.rule.parse().map_err(|error| {
                    let offset = text.find(&format!("\"{}\"", entry.rule)).unwrap_or(0);
                    Fault::at(FILE, text, offset, format!("`{}`: {error}", entry.rule))
                })?;
                Ok(Realised { id, title: entry.title.clone(), how: entry.how.clone() })
            })
            .collect()
    }
}

//! Reads field after field and keeps every fault, so that a sender learns of all of them at once.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use mash_domain::incident::{Limit, Private, TextError};

use super::codes;
use crate::{convert::Violation, r#type::v1 as common};

/// Where in a request a field is. It is written out only if there is a fault to report.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    above: Option<&'a At<'a>>,
    field: &'static str,
    item: Option<usize>,
}

impl<'a> At<'a> {
    /// A field of the request itself.
    pub(super) const fn root(field: &'static str) -> Self {
        Self { above: None, field, item: None }
    }

    /// A field below this one.
    pub(super) const fn field(&'a self, field: &'static str) -> Self {
        Self { above: Some(self), field, item: None }
    }

    /// One item of a repeated field below this one.
    pub(super) const fn item(&'a self, field: &'static str, item: usize) -> Self {
        Self { above: Some(self), field, item: Some(item) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(formatter, "{above}.")?;
        }
        formatter.write_str(self.field)?;
        self.item.map_or(Ok(()), |item| write!(formatter, "[{item}]"))
    }
}

/// The faults found so far. A reading function that returns `None`, or an empty text, has left one here.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) violations: Vec<Violation>,
}

impl Reader {
    /// Records a fault.
    pub(super) fn fault(
        &mut self,
        at: &At<'_>,
        code: &'static str,
        description: impl Into<String>,
    ) {
        let description = description.into();
        self.violations.push(Violation { field: at.to_string(), code, description });
    }

    /// A text that may be empty.
    pub(super) fn text(&mut self, at: &At<'_>, text: &str, limit: Limit) -> Private {
        Private::new(text, limit).unwrap_or_else(|error| {
            let code = match error {
                TextError::Long(_) => codes::TOO_LONG,
                TextError::Character => codes::CHARACTER,
            };
            self.fault(at, code, error.to_string());
            Private::default()
        })
    }

    /// A value that may be left out; `None` if it was, or if it is none.
    pub(super) fn optional<T: FromStr>(
        &mut self,
        at: &At<'_>,
        text: &str,
        code: &'static str,
    ) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        if text.is_empty() {
            return None;
        }
        text.parse().map_err(|error: T::Err| self.fault(at, code, error.to_string())).ok()
    }

    /// A value that must be there.
    pub(super) fn required<T: FromStr>(
        &mut self,
        at: &At<'_>,
        text: &str,
        code: &'static str,
    ) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        if text.is_empty() {
            self.fault(at, codes::MISSING, "is required");
        }
        self.optional(at, text, code)
    }

    /// A message that must be there.
    pub(super) fn present<T>(&mut self, at: &At<'_>, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.fault(at, codes::MISSING, "is required");
        }
        message
    }

    /// A coded answer that must be given.
    pub(super) fn coded<T, E>(&mut self, at: &At<'_>, answer: Result<T, E>) -> Option<T> {
        let description = "must be one of the known answers; leaving it out is not one";
        answer.map_err(|_| self.fault(at, codes::NOT_AN_ANSWER, description)).ok()
    }

    /// A date.
    pub(super) fn date(&mut self, at: &At<'_>, date: common::Date) -> Option<Date> {
        Date::try_from(date).map_err(|error| self.fault(at, codes::DATE, error.to_string())).ok()
    }

    /// Whether a repeated field has no more than so many items. One fault stands for all of them: what does not
    /// fit is not looked at.
    pub(super) fn fits<T>(&mut self, at: &At<'_>, items: &[T], most: usize) -> bool {
        let fits = items.len() <= most;
        if !fits {
            self.fault(
                at,
                codes::TOO_LONG,
                format!("has {} entries; at most {most} are accepted", items.len()),
            );
        }
        fits
    }
}

//! Reads field after field and keeps every fault, so that a sender learns of all of them at once.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use mash_domain::incident::{Limit, Private, TextError};

use crate::{convert::Violation, r#type::v1 as common};

/// The codes of what can be wrong with any field, each area having its own pages.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// A required field is empty or missing.
    pub missing: &'static str,
    /// A coded answer is unspecified or not known.
    pub not_an_answer: &'static str,
    /// Too long, or too many.
    pub too_long: &'static str,
    /// A control, direction-changing or invisible character.
    pub character: &'static str,
    /// No such date or time.
    pub date: &'static str,
}

/// Where in a request a field is. It is written out only if there is a fault to report.
#[derive(Clone, Copy)]
pub struct At<'a> {
    above: Option<&'a At<'a>>,
    field: &'static str,
    item: Option<usize>,
}

impl<'a> At<'a> {
    /// A field of the request itself.
    #[must_use]
    pub const fn root(field: &'static str) -> Self {
        Self { above: None, field, item: None }
    }

    /// One item of a repeated field of the request itself.
    #[must_use]
    pub const fn root_item(field: &'static str, item: usize) -> Self {
        Self { above: None, field, item: Some(item) }
    }

    /// A field below this one.
    #[must_use]
    pub const fn field(&'a self, field: &'static str) -> Self {
        Self { above: Some(self), field, item: None }
    }

    /// One item of a repeated field below this one.
    #[must_use]
    pub const fn item(&'a self, field: &'static str, item: usize) -> Self {
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
pub struct Reader {
    /// Every fault, in the order of the fields.
    pub violations: Vec<Violation>,
    codes: &'static Codes,
}

impl Reader {
    /// Nothing is wrong yet. Faults that any field can have are told by these codes.
    #[must_use]
    pub const fn new(codes: &'static Codes) -> Self {
        Self { violations: Vec::new(), codes }
    }

    /// What was read, if nothing was wrong with it.
    ///
    /// # Errors
    ///
    /// Every violation.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Vec<Violation>> {
        match read {
            Some(read) if self.violations.is_empty() => Ok(read),
            _ => Err(self.violations),
        }
    }

    /// Records a fault.
    pub fn fault(&mut self, at: &At<'_>, code: &'static str, description: impl Into<String>) {
        let description = description.into();
        self.violations.push(Violation { field: at.to_string(), code, description });
    }

    /// A text that may be empty.
    pub fn text(&mut self, at: &At<'_>, text: &str, limit: Limit) -> Private {
        Private::new(text, limit).unwrap_or_else(|error| {
            let code = match error {
                TextError::Long(_) => self.codes.too_long,
                TextError::Character => self.codes.character,
            };
            self.fault(at, code, error.to_string());
            Private::default()
        })
    }

    /// A value that may be left out; `None` if it was, or if it is none.
    pub fn optional<T: FromStr>(&mut self, at: &At<'_>, text: &str, code: &'static str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        if text.is_empty() {
            return None;
        }
        text.parse().map_err(|error: T::Err| self.fault(at, code, error.to_string())).ok()
    }

    /// A value that must be there.
    pub fn required<T: FromStr>(&mut self, at: &At<'_>, text: &str, code: &'static str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        if text.is_empty() {
            self.fault(at, self.codes.missing, "is required");
        }
        self.optional(at, text, code)
    }

    /// A message that must be there.
    pub fn present<T>(&mut self, at: &At<'_>, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.fault(at, self.codes.missing, "is required");
        }
        message
    }

    /// A coded answer that must be given.
    pub fn coded<T, E>(&mut self, at: &At<'_>, answer: Result<T, E>) -> Option<T> {
        let description = "must be one of the known answers; leaving it out is not one";
        answer.map_err(|_| self.fault(at, self.codes.not_an_answer, description)).ok()
    }

    /// A date.
    pub fn date(&mut self, at: &At<'_>, date: common::Date) -> Option<Date> {
        Date::try_from(date)
            .map_err(|error| self.fault(at, self.codes.date, error.to_string()))
            .ok()
    }

    /// Whether a repeated field has no more than so many items. One fault stands for all of them: what does not
    /// fit is not looked at.
    pub fn fits<T>(&mut self, at: &At<'_>, items: &[T], most: usize) -> bool {
        let fits = items.len() <= most;
        if !fits {
            self.fault(
                at,
                self.codes.too_long,
                format!("has {} entries; at most {most} are accepted", items.len()),
            );
        }
        fits
    }
}

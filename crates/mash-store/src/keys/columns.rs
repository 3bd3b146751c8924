//! Sealed columns of the services' own tables.
//!
//! A store names the columns that hold content, seals what it writes there and opens what it reads, each with one line. A
//! piece is bound to its column and its row, so it opens nowhere else. What was written before the store had keys opens as
//! it is, and is sealed when it is next written. An empty piece stays empty: that is how services say that there is none.

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD as BASE64};
use mash_keys::content;
use sqlx::{Row as _, any::AnyRow};

use super::{Look, Opening, Scope, Sealing, to_open, to_seal};
use crate::{StoreError, Tx};

/// A column that holds content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The kind of record, by which it is kept: a row of `reference/retention.toml`.
    pub record: &'static str,
    /// Table and column, which what is sealed is bound to.
    pub name: &'static str,
}

/// What sealed content of a text column begins with; base64 follows.
const TEXT: &str = "sealed:1:";

impl Column {
    /// A column.
    #[must_use]
    pub const fn new(record: &'static str, name: &'static str) -> Self {
        Self { record, name }
    }

    /// What its content of this case is sealed under.
    #[must_use]
    pub fn scope(&self, case: &str) -> Scope {
        Scope::new(self.record, case)
    }

    fn place(&self, row: &str) -> String {
        [self.name, "/", row].concat()
    }

    /// The keys for the content of these cases.
    ///
    /// # Errors
    /// As [`to_seal`].
    pub async fn keys<'a>(
        &self,
        tx: &mut Tx,
        cases: impl IntoIterator<Item = &'a str>,
    ) -> Result<Sealing, StoreError> {
        let scopes: Vec<Scope> = cases.into_iter().map(|case| self.scope(case)).collect();
        to_seal(tx, &scopes).await
    }

    /// Seals one piece; see [`Column::keys`] for many.
    ///
    /// # Errors
    /// As [`to_seal`].
    pub async fn seal(
        &self,
        tx: &mut Tx,
        case: &str,
        row: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        if content.is_empty() {
            return Ok(Vec::new());
        }
        self.keys(tx, [case]).await?.column(self, case, row, content)
    }

    /// As [`Column::seal`], for a column of text.
    ///
    /// # Errors
    /// As [`to_seal`].
    pub async fn seal_text(
        &self,
        tx: &mut Tx,
        case: &str,
        row: &str,
        content: &str,
    ) -> Result<String, StoreError> {
        if content.is_empty() {
            return Ok(String::new());
        }
        self.keys(tx, [case]).await?.text(self, case, row, content)
    }

    /// Seals words about several cases that nobody can take apart: under the key of each, one inside the other, so that
    /// they go with whichever is erased first.
    ///
    /// # Errors
    /// As [`to_seal`], and where no case is named: nothing is kept that no erasure would reach.
    pub async fn seal_for_all(
        &self,
        tx: &mut Tx,
        cases: &BTreeSet<String>,
        row: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        if content.is_empty() {
            return Ok(Vec::new());
        }
        if cases.is_empty() {
            return Err(StoreError::Corrupt("content of no case"));
        }
        let keys = self.keys(tx, cases.iter().map(String::as_str)).await?;
        let mut sealed = content.to_vec();
        for case in cases {
            sealed = keys.column(self, case, row, &sealed)?;
        }
        Ok(sealed)
    }

    /// Opens what [`Column::seal_for_all`] has sealed: empty where one of its cases was erased.
    ///
    /// # Errors
    /// As [`to_open`] and [`Opening::open`], but for [`StoreError::Erased`].
    pub async fn open_for_all(
        &self,
        at: &mut dyn Look,
        row: &str,
        stored: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut inner = stored;
        while content::is_sealed(&inner) {
            let open = to_open(at, [inner.as_slice()]).await?;
            inner = open.column_or_none(self, row, inner)?;
        }
        Ok(inner)
    }
}

impl Sealing {
    /// Seals a piece for this column of this row.
    ///
    /// # Errors
    /// As [`Sealing::seal`].
    pub fn column(
        &self,
        column: &Column,
        case: &str,
        row: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        if content.is_empty() {
            return Ok(Vec::new());
        }
        self.seal(&column.scope(case), &column.place(row), content)
    }

    /// As [`Sealing::column`], for a column of text.
    ///
    /// # Errors
    /// As [`Sealing::seal`].
    pub fn text(
        &self,
        column: &Column,
        case: &str,
        row: &str,
        content: &str,
    ) -> Result<String, StoreError> {
        if content.is_empty() || !self.seals() {
            return Ok(content.to_owned());
        }
        let sealed = self.column(column, case, row, content.as_bytes())?;
        Ok(format!("{TEXT}{}", BASE64.encode(sealed)))
    }
}

pub(crate) fn of_text(stored: &str) -> Option<Vec<u8>> {
    BASE64.decode(stored.strip_prefix(TEXT)?).ok().filter(|bytes| content::is_sealed(bytes))
}

impl Opening {
    /// Opens a piece of this column of this row.
    ///
    /// # Errors
    /// As [`Opening::open`].
    pub fn column(
        &self,
        column: &Column,
        row: &str,
        stored: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        // Most pieces of some columns are empty.
        if stored.is_empty() {
            return Ok(stored);
        }
        self.open(&column.place(row), stored)
    }

    /// As [`Opening::column`], and empty where the content was erased: for columns in which nothing is a state of its own.
    ///
    /// # Errors
    /// As [`Opening::open`], but for [`StoreError::Erased`].
    pub fn column_or_none(
        &self,
        column: &Column,
        row: &str,
        stored: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        match self.column(column, row, stored) {
            Err(StoreError::Erased) => Ok(Vec::new()),
            other => other,
        }
    }

    /// As [`Opening::column`], for a column of text.
    ///
    /// # Errors
    /// As [`Opening::open`].
    pub fn text(&self, column: &Column, row: &str, stored: String) -> Result<String, StoreError> {
        let Some(sealed) = of_text(&stored) else { return Ok(stored) };
        let content = self.column(column, row, sealed)?;
        String::from_utf8(content).map_err(|_| StoreError::Corrupt("a sealed text"))
    }
}

/// The keys that these columns of these rows need, by their places.
///
/// # Errors
/// When the store or the key store fails.
pub async fn opening(
    at: &mut dyn Look,
    rows: &[AnyRow],
    columns: &[usize],
) -> Result<Opening, StoreError> {
    if at.store().vault().is_none() {
        return Ok(Opening::default());
    }
    let mut sealed = Vec::new();
    for row in rows {
        for column in columns {
            match row.try_get::<Option<Vec<u8>>, _>(*column) {
                Ok(bytes) => sealed.extend(bytes),
                Err(_) => sealed.extend(of_text(&row.try_get::<String, _>(*column)?)),
            }
        }
    }
    to_open(at, sealed.iter().map(Vec::as_slice)).await
}

/// Leaves out what was erased: to whoever asks for it, it is not there.
pub fn present<T>(read: Result<T, StoreError>) -> Option<Result<T, StoreError>> {
    match read {
        Err(StoreError::Erased) => None,
        other => Some(other),
    }
}

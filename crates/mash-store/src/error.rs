//! Why the store did not do it, without a word of what was stored.

use std::{borrow::Cow, fmt};

/// What went wrong in the store. Neither `Display` nor `Debug` ever repeats a stored value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or gave up for a reason that passes: try again.
    #[error("the store is unavailable")]
    Unavailable(#[source] Fault),
    /// The database refused the data itself (a constraint, a value it cannot hold): trying again does not help.
    #[error("the store refused the data")]
    Refused(#[source] Fault),
    /// A statement failed for another reason, such as a fault in the statement.
    #[error("a statement failed")]
    Statement(#[source] Fault),
    /// The address of the store is not one that this program knows.
    #[error("the store's address is not usable: {0}")]
    Url(&'static str),
    /// A migration that has been applied reads differently now.
    #[error("migration {version} of `{component}` was changed after it had been applied")]
    MigrationChanged {
        /// Whose migration it is.
        component: &'static str,
        /// Its version.
        version: i64,
    },
    /// A row holds what no version of this program wrote.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(&'static str),
    /// The content was erased, and nothing brings it back.
    #[error("MASH-X011: the content was erased")]
    Erased,
    /// Content could not be sealed or opened.
    #[error("content cannot be sealed or opened ({code})", code = .0.code())]
    Sealed(#[from] mash_keys::KeyError),
}

impl StoreError {
    /// Whether the same call may well succeed a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Sealed(error) => error.is_transient(),
            Self::Refused(_)
            | Self::Statement(_)
            | Self::Url(_)
            | Self::MigrationChanged { .. }
            | Self::Corrupt(_)
            | Self::Erased => false,
        }
    }

    pub(crate) fn file(error: std::io::Error) -> Self {
        Self::from(sqlx::Error::Io(error))
    }
}

/// The cause in the database's terms: a kind, a code and the name of a constraint; never a message, which may quote a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    kind: Cow<'static, str>,
    code: Option<String>,
    constraint: Option<String>,
}

impl Fault {
    /// The SQLSTATE or SQLite result code, if the database gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind)?;
        if let Some(code) = &self.code {
            write!(formatter, ", code {code}")?;
        }
        if let Some(constraint) = &self.constraint {
            write!(formatter, ", constraint {constraint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fault({self})")
    }
}

impl std::error::Error for Fault {}

impl From<sqlx::Error> for StoreError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the driver's errors may grow; all others are faults of ours"
    )]
    fn from(error: sqlx::Error) -> Self {
        let fault = |kind: Cow<'static, str>| Fault { kind, code: None, constraint: None };
        match &error {
            sqlx::Error::Database(database) => of_database(database.as_ref()),
            sqlx::Error::Io(io) => {
                Self::Unavailable(fault(format!("input/output: {}", io.kind()).into()))
            }
            sqlx::Error::Tls(_) => Self::Unavailable(fault("the TLS handshake failed".into())),
            sqlx::Error::Protocol(_) => Self::Unavailable(fault("the connection broke".into())),
            sqlx::Error::PoolTimedOut => {
                Self::Unavailable(fault("no connection became free in time".into()))
            }
            sqlx::Error::PoolClosed => Self::Unavailable(fault("the store is closed".into())),
            sqlx::Error::WorkerCrashed => {
                Self::Unavailable(fault("the database worker stopped".into()))
            }
            sqlx::Error::RowNotFound => Self::Statement(fault("no row where one must be".into())),
            sqlx::Error::ColumnNotFound(name) => {
                Self::Statement(fault(format!("no column {name}").into()))
            }
            sqlx::Error::ColumnDecode { index, .. } => {
                Self::Statement(fault(format!("column {index} has another type").into()))
            }
            sqlx::Error::Configuration(_) => Self::Url("the driver cannot read it"),
            _ => Self::Statement(fault("the driver failed".into())),
        }
    }
}

fn of_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let code = error.code().map(Cow::into_owned);
    let fault = Fault {
        kind: "the database refused a statement".into(),
        constraint: error.constraint().map(str::to_owned),
        code: code.clone(),
    };
    match code.as_deref() {
        Some(code) if passes(code) => StoreError::Unavailable(fault),
        Some(code) if is_about_data(code) => StoreError::Refused(fault),
        Some(_) | None => StoreError::Statement(fault),
    }
}

/// SQLSTATE classes of PostgreSQL are five characters; SQLite's result codes are decimal numbers.
fn passes(code: &str) -> bool {
    if let Some(primary) = sqlite_code(code) {
        // BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, CANTOPEN
        return [5, 6, 7, 9, 10, 13, 14].contains(&primary);
    }
    // Connection, roll-back (serialisation, deadlock), resources, operator intervention, system error, and
    // a lock that was not free in time.
    ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
        || code == "55P03"
        || code == "25P03"
}

fn is_about_data(code: &str) -> bool {
    match sqlite_code(code) {
        // TOOBIG, CONSTRAINT, MISMATCH
        Some(primary) => [18, 19, 20].contains(&primary),
        None => code.starts_with("22") || code.starts_with("23"),
    }
}

/// An extended result code of SQLite carries the primary code in its low byte.
fn sqlite_code(code: &str) -> Option<u32> {
    if code.len() == 5 { None } else { code.parse::<u32>().ok().map(|code| code & 0xff) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_into_what_passes_and_what_does_not() {
        let table = [
            ("57P01", true, false, "PostgreSQL shuts down"),
            ("40P01", true, false, "deadlock"),
            ("08006", true, false, "connection lost"),
            ("23505", false, true, "unique violation"),
            ("22021", false, true, "a NUL character in a text"),
            ("42P01", false, false, "no such table"),
            ("5", true, false, "SQLite is busy"),
            ("1555", false, true, "SQLite's extended code of a primary key"),
            ("1", false, false, "SQLite: an error in the SQL"),
        ];
        for (code, transient, data, why) in table {
            assert_eq!((passes(code), is_about_data(code)), (transient, data), "{why}: {code}");
        }
    }
}

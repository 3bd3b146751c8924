//! Time, as an argument.
//!
//! Decisions, deadlines and records take their time from a [`Clock`]; certificates do not: both ends of a TLS
//! connection judge those by the time of their machine, so the server and the authority have a clock of their own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The time of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved. Clones share one time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    instant: Arc<Mutex<Timestamp>>,
}

impl ManualClock {
    /// A clock that shows this instant.
    #[must_use]
    pub fn new(instant: Timestamp) -> Self {
        Self { instant: Arc::new(Mutex::new(instant)) }
    }

    /// Moves the clock to this instant, forwards or backwards.
    pub fn set(&self, instant: Timestamp) {
        *self.instant.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }

    /// Moves the clock by this much; at the end of time it stays where it is.
    pub fn advance(&self, by: SignedDuration) {
        let mut instant = self.instant.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(moved) = instant.checked_add(by) {
            *instant = moved;
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.instant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that another process sets: a file that holds one RFC 3339 instant, read again on each call.
///
/// The writer replaces the file by a rename. Whatever cannot be read keeps the last good instant, so that a scripted
/// night never falls back into the present half-way.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
    last: Mutex<Timestamp>,
}

/// Why a clock file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileClockError {
    /// It cannot be read.
    #[error("clock file cannot be read")]
    Read(#[from] io::Error),
    /// It does not hold one RFC 3339 instant.
    #[error("clock file does not hold one RFC 3339 instant")]
    Instant(#[from] jiff::Error),
}

impl FileClock {
    /// Reads the file once, so that a wrong path shows at the start.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or does not hold one RFC 3339 instant.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileClockError> {
        let path = path.into();
        let last = Mutex::new(read(&path)?);
        Ok(Self { path, last })
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read(&self.path) {
            Ok(instant) => *last = instant,
            Err(error) => {
                tracing::warn!(%error, "clock file is unreadable, the last instant stays")
            }
        }
        *last
    }
}

fn read(path: &Path) -> Result<Timestamp, FileClockError> {
    Ok(fs::read_to_string(path)?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_for_all_its_clones() {
        let clock = ManualClock::new("2026-11-10T02:10:00Z".parse().unwrap());
        let clone = clock.clone();
        clock.advance(SignedDuration::from_mins(5));
        assert_eq!(clone.now().to_string(), "2026-11-10T02:15:00Z");
        clone.set("2026-11-10T01:00:00Z".parse().unwrap());
        assert_eq!(clock.now().to_string(), "2026-11-10T01:00:00Z");
    }

    #[test]
    fn a_file_clock_follows_its_file_and_survives_its_loss() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        assert!(FileClock::open(&path).is_err(), "no file");
        fs::write(&path, "yesterday").unwrap();
        assert!(FileClock::open(&path).is_err(), "not an instant");
        fs::write(&path, "2026-11-10T02:10:00Z\n").unwrap();
        let clock = FileClock::open(&path).unwrap();
        assert_eq!(clock.now().to_string(), "2026-11-10T02:10:00Z");
        fs::write(&path, "2026-11-10T07:45:00Z").unwrap();
        assert_eq!(clock.now().to_string(), "2026-11-10T07:45:00Z");
        fs::remove_file(&path).unwrap();
        assert_eq!(clock.now().to_string(), "2026-11-10T07:45:00Z", "the last good instant stays");
    }
}

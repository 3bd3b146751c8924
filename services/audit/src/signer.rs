//! The ledger's key, in a file that only its owner can read.
//!
//! Each line of the file is a key: `PRIVATE+KEY+…` for one that signs, the verifier key alone for one that was retired. The
//! first one is the newest. While a new key comes into use, checkpoints are signed with both. Beside it lies what was
//! signed last, so that a store that was rolled back is not signed a second time.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use mash_ledger::{Checkpoint, Fault, Hash, Note, SigningKey, Use, VerifierKey};

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("MASH-L035: the file {path} cannot be read or written")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// Others than its owner can read it.
    #[error("MASH-L035: others than its owner can read {0}; `chmod 600` lets nobody else")]
    Open(PathBuf),
    /// It is no key.
    #[error("MASH-L035: {path}: {fault}")]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        fault: Fault,
    },
}

/// Signs checkpoints.
#[derive(Debug)]
pub struct Signer {
    keys: Vec<SigningKey>,
    in_use: Vec<VerifierKey>,
    retired: Vec<VerifierKey>,
    origin: String,
    /// The file beside the key; without one, only this process remembers.
    memory: Option<PathBuf>,
    last: Mutex<Option<(u64, Hash)>>,
}

impl Signer {
    /// With these keys, the newest first, of which there is at least one.
    ///
    /// # Errors
    ///
    /// [`Fault::BadKey`] if there is none, one is for another use, or they are of two ledgers.
    pub fn new(keys: Vec<SigningKey>, retired: Vec<VerifierKey>) -> Result<Self, Fault> {
        let in_use: Vec<VerifierKey> = keys.iter().map(|key| key.verifier().clone()).collect();
        let first = in_use.first().ok_or(Fault::BadKey("there is none that signs"))?;
        let origin = first.name().to_owned();
        let all = || in_use.iter().chain(&retired);
        if all().any(|key| key.purpose() != Use::Note) {
            return Err(Fault::BadKey("it is for another use"));
        }
        if all().any(|key| key.name() != origin) {
            return Err(Fault::BadKey("the keys are of two ledgers"));
        }
        Ok(Self { keys, in_use, retired, origin, memory: None, last: Mutex::default() })
    }

    /// From its file.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] if it cannot be read, others can read it, or it holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let file = |error| KeyFileError::File { path: path.to_owned(), error };
        private(path)?;
        let text = fs::read_to_string(path).map_err(file)?;
        let key = |fault| KeyFileError::Key { path: path.to_owned(), fault };
        let (mut keys, mut retired) = (Vec::new(), Vec::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if line.starts_with("PRIVATE+KEY+") {
                keys.push(SigningKey::parse(line).map_err(key)?);
            } else {
                retired.push(VerifierKey::parse(line).map_err(key)?);
            }
        }
        let mut signer = Self::new(keys, retired).map_err(key)?;
        let memory = path.with_extension("last");
        if memory.exists() {
            let text = fs::read_to_string(&memory).map_err(file)?;
            let (size, root) = text.trim().split_once(' ').unwrap_or_default();
            let last = size.parse().ok().zip(Hash::from_base64(root));
            let bad = Fault::BadKey("what was signed last cannot be read");
            let bad = KeyFileError::Key { path: memory.clone(), fault: bad };
            signer.last = Mutex::new(Some(last.ok_or(bad)?));
        }
        signer.memory = Some(memory);
        Ok(signer)
    }

    /// Which ledger it signs.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys that sign.
    #[must_use]
    pub fn in_use(&self) -> &[VerifierKey] {
        &self.in_use
    }

    /// The keys that were retired.
    #[must_use]
    pub fn retired(&self) -> &[VerifierKey] {
        &self.retired
    }

    pub(crate) fn sign(&self, says: &Checkpoint) -> Result<Note, Fault> {
        let keys: Vec<&SigningKey> = self.keys.iter().collect();
        Note::sign(&says.to_string(), &keys)
    }

    /// Whether every key that signs has signed it.
    pub(crate) fn has_signed(&self, note: &Note) -> bool {
        note.signed_by(&self.in_use).is_ok_and(|signers| signers.len() == self.in_use.len())
    }

    /// What was signed last.
    pub(crate) fn remembered(&self) -> Option<(u64, Hash)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what is signed now.
    pub(crate) fn remember(&self, size: u64, root: Hash) -> Result<(), mash_store::StoreError> {
        if let Some(path) = &self.memory {
            let written = replace(path, &format!("{size} {}\n", root.to_base64()));
            if let Err(error) = written {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "what was signed last cannot be written down");
                return Err(mash_store::StoreError::Corrupt(
                    "what was signed last cannot be written down",
                ));
            }
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((size, root));
        Ok(())
    }
}

/// Writes keys into a file that only its owner can read.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(path: &Path, lines: &[String]) -> Result<(), KeyFileError> {
    let file = |error| KeyFileError::File { path: path.to_owned(), error };
    replace(path, &format!("{}\n", lines.join("\n"))).map_err(file)
}

/// Whole or not at all, and never readable for others.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let next = path.with_extension("next");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(next, path)
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = |error| KeyFileError::File { path: path.to_owned(), error };
    let mode = fs::metadata(path).map_err(file)?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyFileError::Open(path.to_owned())) }
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

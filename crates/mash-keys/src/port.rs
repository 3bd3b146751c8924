//! The port: where wrapping keys live.

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::{KeyError, cursor::Cursor};

/// A key that was wrapped.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The version of the wrapping key.
    pub version: u32,
    /// Nonce and ciphertext; only the key store that made it can read it.
    pub bytes: Vec<u8>,
}

/// Nonce, 32 bytes of key, tag.
const WRAPPED: usize = 12 + 32 + 16;

impl Wrapped {
    /// As it is kept in a row: the version, then nonce and ciphertext.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.version.to_be_bytes()[..], &self.bytes].concat()
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when it has another length.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut cursor = Cursor::new(bytes);
        let version = u32::from_be_bytes(cursor.array().ok_or(KeyError::Malformed(SHORT))?);
        let rest = cursor.rest();
        if rest.len() != WRAPPED || version == 0 {
            return Err(KeyError::Malformed(SHORT));
        }
        Ok(Self { version, bytes: rest.to_vec() })
    }
}

const SHORT: &str = "a wrapped key has another length";

/// What is known of one version of a wrapping key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Rises by one from 1.
    pub version: u32,
    /// Whether it is the one that wraps.
    pub newest: bool,
}

/// Where wrapping keys live. A wrapping key has a name and versions: the newest wraps, the older ones only unwrap until
/// they are retired.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// Wraps a key under the newest version. `bound` is what it is for: it unwraps for nothing else.
    ///
    /// # Errors
    /// When there is no such wrapping key, or the store of keys is away.
    async fn wrap(&self, name: &str, key: &[u8; 32], bound: &[u8]) -> Result<Wrapped, KeyError>;

    /// Unwraps a key.
    ///
    /// # Errors
    /// [`KeyError::Retired`] when the version was retired, [`KeyError::Broken`] when it was wrapped for something else or
    /// altered; otherwise when the store of keys is away.
    async fn unwrap(
        &self,
        name: &str,
        wrapped: &Wrapped,
        bound: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, KeyError>;

    /// Makes the next version, the first one included, and returns its number.
    ///
    /// # Errors
    /// When it cannot be made.
    async fn rotate(&self, name: &str) -> Result<u32, KeyError>;

    /// The versions that are not retired, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn versions(&self, name: &str) -> Result<Vec<KeyVersion>, KeyError>;

    /// Destroys a version. What it wrapped, and was not wrapped again, is lost.
    ///
    /// # Errors
    /// [`KeyError::InUse`] for the newest one, [`KeyError::Retired`] when that was done before.
    async fn retire(&self, name: &str, version: u32) -> Result<(), KeyError>;
}

/// Names of wrapping keys become names of files and labels of objects.
pub(crate) fn check_name(name: &str) -> Result<(), KeyError> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 32 || !name.chars().all(fine) {
        return Err(KeyError::Malformed("the name of a wrapping key"));
    }
    Ok(())
}

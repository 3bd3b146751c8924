//! Data keys, and randomness.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

use crate::KeyError;

/// Fills an array with randomness.
///
/// # Errors
/// When the machine has none.
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Randomness)?;
    Ok(bytes)
}

/// The name of a data key: random, so that it tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 16]);

impl KeyId {
    /// A fresh one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn fresh() -> Result<Self, KeyError> {
        random().map(Self)
    }

    /// Reads what [`fmt::Display`] writes: 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = uuid::Uuid::try_parse(text).ok()?;
        (text.len() == 32).then(|| Self(id.into_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", uuid::Uuid::from_bytes(self.0).as_simple())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

/// A key for content: AES-256. It has no `Debug`, and its bytes are wiped when it is dropped.
pub struct DataKey {
    pub(crate) id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
    pub(crate) cipher: Arc<LessSafeKey>,
}

impl DataKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn fresh() -> Result<Self, KeyError> {
        Self::of(KeyId::fresh()?, Zeroizing::new(random()?))
    }

    /// One that was unwrapped.
    ///
    /// # Errors
    /// When the cipher does not take it, which it does for 32 bytes.
    pub fn of(id: KeyId, bytes: Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        let cipher = cipher(&bytes)?;
        Ok(Self { id, bytes, cipher })
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself, to be wrapped.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

pub(crate) fn cipher(bytes: &[u8; 32]) -> Result<Arc<LessSafeKey>, KeyError> {
    let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| KeyError::Malformed("a key"))?;
    Ok(Arc::new(LessSafeKey::new(key)))
}

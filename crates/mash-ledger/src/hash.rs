//! The hashes of RFC 6962, section 2.1: SHA-256, with one byte before it that tells leaves from nodes.

use std::fmt;

use aws_lc_rs::digest::{self, Context, SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A hash of the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Self::BYTES]);

impl Hash {
    /// Its length.
    pub const BYTES: usize = 32;

    /// These bytes.
    #[must_use]
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// These bytes, if they are as many as a hash has.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From Base64, in the one way in which it is written.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_slice(&STANDARD.decode(text).ok()?)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// In Base64, as checkpoints and exports write it.
    #[must_use]
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    fn of(hashed: &digest::Digest) -> Self {
        // INVARIANT: SHA-256 has 32 bytes; the library returns a slice of up to 64.
        let mut bytes = [0; Self::BYTES];
        bytes.iter_mut().zip(hashed.as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    /// As hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The root of a tree without leaves.
#[must_use]
pub fn empty() -> Hash {
    plain(&[])
}

/// The hash of a leaf that holds this.
#[must_use]
pub fn leaf(content: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(content);
    Hash::of(&context.finish())
}

/// The hash of a node above these two.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 1 + 2 * Hash::BYTES];
    let from = left.0.iter().chain(&right.0);
    bytes.iter_mut().skip(1).zip(from).for_each(|(to, from)| *to = *from);
    Hash::of(&digest::digest(&SHA256, &bytes))
}

/// SHA-256 of this, with nothing before it.
#[must_use]
pub fn plain(content: &[u8]) -> Hash {
    Hash::of(&digest::digest(&SHA256, content))
}

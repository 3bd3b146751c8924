//! Keys, as C2SP signed-note writes them.
//!
//! A verifier key is one line, `<name>+<id>+<Base64 of type and key>`; a signing key is `PRIVATE+KEY+` and the same with
//! the seed of the key. The id is the beginning of a hash of name, type and key: it tells keys apart and proves nothing.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{fault::Fault, hash};

const PRIVATE: &str = "PRIVATE+KEY+";
/// The longest name of a key, in bytes.
const LONGEST_NAME: usize = 200;
/// The bytes of a key, or of its seed.
const KEY: usize = 32;

/// What is signed with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The text of a note: the ledger's own checkpoints.
    Note,
    /// A time and a checkpoint: what a witness has seen.
    Cosignature,
}

impl Use {
    const fn number(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A key to verify with.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    purpose: Use,
    key: [u8; KEY],
}

impl VerifierKey {
    fn new(name: &str, purpose: Use, key: [u8; KEY]) -> Result<Self, Fault> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Fault::BadKey("its name is empty or too long"));
        }
        if name.chars().any(|char| char.is_whitespace() || char.is_control() || char == '+') {
            return Err(Fault::BadKey("its name has a character that no name has"));
        }
        let hashed = [name.as_bytes(), b"\n", &[purpose.number()], &key].concat();
        let [a, b, c, d, ..] = *hash::plain(&hashed).as_bytes();
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], purpose, key })
    }

    /// From its line.
    ///
    /// # Errors
    ///
    /// [`Fault::BadKey`] if it is not such a line, or its id is not that of its name and key.
    pub fn parse(line: &str) -> Result<Self, Fault> {
        let bad = || Fault::BadKey("it is not `<name>+<id>+<key>`");
        let (name, rest) = line.split_once('+').ok_or_else(bad)?;
        let (id, encoded) = rest.split_once('+').ok_or_else(bad)?;
        let key = Self::decoded(name, encoded)?;
        if id != hex(key.id) {
            return Err(Fault::BadKey("its id is not that of its name and key"));
        }
        Ok(key)
    }

    fn decoded(name: &str, encoded: &str) -> Result<Self, Fault> {
        let (purpose, key) = material(encoded)?;
        Self::new(name, purpose, key)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// What is signed with it.
    #[must_use]
    pub const fn purpose(&self) -> Use {
        self.purpose
    }

    /// Its name and its id in hexadecimal digits, as people tell keys apart.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}+{}", self.name, hex(self.id))
    }

    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    /// As its line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([&[self.purpose.number()], self.key.as_slice()].concat());
        write!(formatter, "{}+{}+{encoded}", self.name, hex(self.id))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifierKey({})", self.label())
    }
}

/// A key to sign with. It is never printed, except where it is written to its file.
pub struct SigningKey {
    verifier: VerifierKey,
    seed: [u8; KEY],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key of this name that grows from this seed, which somebody has drawn by lot.
    ///
    /// # Errors
    ///
    /// [`Fault::BadKey`] if the name cannot be one.
    pub fn from_seed(name: &str, purpose: Use, seed: [u8; KEY]) -> Result<Self, Fault> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| Fault::BadKey("no key grows from its seed"))?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| Fault::BadKey("no key grows from its seed"))?;
        Ok(Self { verifier: VerifierKey::new(name, purpose, public)?, seed, pair })
    }

    /// From its line.
    ///
    /// # Errors
    ///
    /// [`Fault::BadKey`] if it is not such a line.
    pub fn parse(line: &str) -> Result<Self, Fault> {
        let bad = || Fault::BadKey("it is not `PRIVATE+KEY+<name>+<id>+<seed>`");
        let rest = line.strip_prefix(PRIVATE).ok_or_else(bad)?;
        let (name, rest) = rest.split_once('+').ok_or_else(bad)?;
        let (id, encoded) = rest.split_once('+').ok_or_else(bad)?;
        let (purpose, seed) = material(encoded)?;
        let key = Self::from_seed(name, purpose, seed)?;
        if id != hex(key.verifier.id) {
            return Err(Fault::BadKey("its id is not that of its name and key"));
        }
        Ok(key)
    }

    /// Its line, for a file that only its owner can read.
    #[must_use]
    pub fn secret_line(&self) -> String {
        let VerifierKey { name, id, purpose, .. } = &self.verifier;
        let encoded = STANDARD.encode([&[purpose.number()], self.seed.as_slice()].concat());
        format!("{PRIVATE}{name}+{}+{encoded}", hex(*id))
    }

    /// The key to verify with.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.verifier.label())
    }
}

fn material(encoded: &str) -> Result<(Use, [u8; KEY]), Fault> {
    let bytes = STANDARD.decode(encoded).map_err(|_| Fault::BadKey("it is not in Base64"))?;
    let (number, key) = bytes.split_first().ok_or(Fault::BadKey("it is empty"))?;
    let purpose = [Use::Note, Use::Cosignature].into_iter().find(|it| it.number() == *number);
    let purpose = purpose.ok_or(Fault::BadKey("it is of a type that this ledger does not use"))?;
    let key = key.try_into().map_err(|_| Fault::BadKey("it has not the length of such a key"))?;
    Ok((purpose, key))
}

fn hex(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}

//! The key with which a hub signs what it has on record, such as the statement of a school morning (Ed25519).
//!
//! What is signed is the name of the message, a zero byte, and its bytes: a record can never be taken for one of another
//! kind.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

/// A private key.
pub struct RecordKey(Ed25519KeyPair);

/// The key cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key in PKCS #8")]
pub struct RecordKeyError;

/// The signature is not of this key over this record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the record and the key")]
pub struct BadSignature;

impl RecordKey {
    /// A new key, as it is kept: PKCS #8.
    ///
    /// # Errors
    ///
    /// [`RecordKeyError`] if there is no randomness.
    pub fn generate() -> Result<Vec<u8>, RecordKeyError> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        made.map(|key| key.as_ref().to_vec()).map_err(|_| RecordKeyError)
    }

    /// The key that was kept.
    ///
    /// # Errors
    ///
    /// [`RecordKeyError`] if it is none.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, RecordKeyError> {
        Ed25519KeyPair::from_pkcs8(bytes).map(Self).map_err(|_| RecordKeyError)
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Signs a record.
    #[must_use]
    pub fn sign(&self, schema: &str, record: &[u8]) -> Vec<u8> {
        self.0.sign(&signed(schema, record)).as_ref().to_vec()
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RecordKey(redacted)")
    }
}

/// Verifies a record against a public key, without asking anybody.
///
/// # Errors
///
/// [`BadSignature`].
pub fn verify_record(
    public_key: &[u8],
    schema: &str,
    record: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(&signed(schema, record), signature)
        .map_err(|_| BadSignature)
}

fn signed(schema: &str, record: &[u8]) -> Vec<u8> {
    [schema.as_bytes(), &[0], record].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_verifies_as_it_was_signed_and_in_no_other_way() {
        let key = RecordKey::from_pkcs8(&RecordKey::generate().unwrap()).unwrap();
        let other = RecordKey::from_pkcs8(&RecordKey::generate().unwrap()).unwrap();
        let signature = key.sign("mash.sharing.v1.Statement", b"record");
        let verify =
            |public: &[u8], schema, record| verify_record(public, schema, record, &signature);
        assert_eq!(verify(&key.public(), "mash.sharing.v1.Statement", b"record"), Ok(()));
        for (public, schema, record) in [
            (other.public(), "mash.sharing.v1.Statement", b"record".as_slice()),
            (key.public(), "mash.sharing.v1.PublicFigures", b"record"),
            (key.public(), "mash.sharing.v1.Statement", b"recorD"),
            (key.public(), "mash.sharing.v1.Statemen", b"trecord"),
            (Vec::new(), "mash.sharing.v1.Statement", b"record"),
        ] {
            assert_eq!(verify(&public, schema, record), Err(BadSignature));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_none_is_printed() {
        assert!(RecordKey::from_pkcs8(b"no key").is_err());
        let key = RecordKey::from_pkcs8(&RecordKey::generate().unwrap()).unwrap();
        assert_eq!(format!("{key:?}"), "RecordKey(redacted)");
    }
}

//! Content under a data key: what is stored, and what waits to be published.
//!
//! ```text
//! 0x00 0x01 | key id, 16 | nonce, 12 | ciphertext and tag
//! ```
//!
//! The first byte can begin no protobuf message, so that what is sealed and what is not are told apart.
//! Nonces are random: a data key serves one case, a few thousand records at most, and 2^32 would be its limit.

use aws_lc_rs::aead::{Aad, Nonce};

use crate::{DataKey, KeyError, KeyId, cursor::Cursor, random};

/// What sealed content begins with.
pub const MARK: [u8; 2] = [0x00, 0x01];
const HEADER: usize = 2 + 16 + 12;
const TAG: usize = 16;
/// How many bytes sealing adds.
pub const OVERHEAD: usize = HEADER + TAG;
/// Far longer than any content.
pub const LONGEST: usize = 64 * 1024 * 1024;

/// Whether it begins as sealed content does.
#[must_use]
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MARK)
}

/// Seals content. `place` is where it belongs, such as a column and the id of a record: it opens nowhere else.
///
/// # Errors
/// When it is too long, or there is no randomness.
pub fn seal(key: &DataKey, place: &str, content: &[u8]) -> Result<Vec<u8>, KeyError> {
    if content.len() > LONGEST {
        return Err(KeyError::TooLong(LONGEST));
    }
    let nonce: [u8; 12] = random()?;
    let mut sealed = Vec::with_capacity(content.len() + OVERHEAD);
    sealed.extend_from_slice(&MARK);
    sealed.extend_from_slice(&key.id.0);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(content);
    let (_, body) = sealed.split_at_mut(HEADER);
    let tag = key
        .cipher
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound(key.id, place)),
            body,
        )
        .map_err(|_| KeyError::TooLong(LONGEST))?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// The key that sealed it.
///
/// # Errors
/// [`KeyError::Malformed`] when it is not sealed content.
pub fn key_of(sealed: &[u8]) -> Result<KeyId, KeyError> {
    split(sealed).map(|(id, _, _)| id)
}

/// Opens content.
///
/// # Errors
/// [`KeyError::Malformed`] when it is not sealed content, [`KeyError::Unknown`] when another key sealed it, and
/// [`KeyError::Broken`] when it was altered or belongs elsewhere.
pub fn open(key: &DataKey, place: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (id, nonce, body) = split(sealed)?;
    if id != key.id {
        return Err(KeyError::Unknown(id.to_string()));
    }
    let mut content = body.to_vec();
    let length = key
        .cipher
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound(id, place)),
            &mut content,
        )
        .map_err(|_| KeyError::Broken)?
        .len();
    content.truncate(length);
    Ok(content)
}

fn split(sealed: &[u8]) -> Result<(KeyId, [u8; 12], &[u8]), KeyError> {
    const NOT: KeyError = KeyError::Malformed("it is no sealed content");
    if sealed.len() > LONGEST + OVERHEAD {
        return Err(KeyError::TooLong(LONGEST));
    }
    let mut cursor = Cursor::new(sealed);
    let mark: [u8; 2] = cursor.array().ok_or(NOT)?;
    if mark != MARK {
        return Err(NOT);
    }
    let id = cursor.array().ok_or(NOT)?;
    let nonce = cursor.array().ok_or(NOT)?;
    if cursor.rest().len() < TAG {
        return Err(NOT);
    }
    Ok((KeyId(id), nonce, cursor.rest()))
}

/// The key's own name is bound too: AES-GCM does not commit to its key, and this keeps a ciphertext from being passed off
/// as one of another key that an attacker chose.
fn bound(id: KeyId, place: &str) -> Vec<u8> {
    [b"mash content 1\0", &id.0[..], place.as_bytes()].concat()
}

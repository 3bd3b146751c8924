//! Sealing to whoever reads a topic: HPKE (RFC 9180), with contexts that are used again.
//!
//! One HPKE encapsulation costs 46 µs, one message under a key that is ready less than 1 µs. So a sender encapsulates a
//! fresh *content key* to the recipient and uses it for many messages, each with the next sequence number as its nonce:
//!
//! ```text
//! 0x00 0x02 | recipient key, 8 | sequence number, 8 | encapsulated key, 32 | sealed content key, 48 | ciphertext and tag
//! ```
//!
//! A bus that delivers at least once loses, repeats and reorders. Therefore a message carries all that it takes to open
//! it, and nothing depends on what came before: the recipient opens the encapsulation once and remembers the content key
//! (a bounded cache), and it takes sequence numbers as they come. Who counts duplicates is the consumer's seen-events table.
//!
//! *No nonce is used twice.* A content key is random and lives in the memory of one process; its counter only rises, under
//! one lock; neither is ever written down, so a restart, a replica or a relay that publishes a message a second time
//! begins with, or goes on with, a key and a number of its own. A context ends after a count and after a time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, Nonce},
    digest,
};
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE,
    hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey, HpkePublicKey},
};
use zeroize::Zeroizing;

use crate::{KeyError, cursor::Cursor, random, secret::cipher};

/// What a sealed message begins with.
pub const MARK: [u8; 2] = [0x00, 0x02];
const HEADER: usize = 2 + 8 + 8 + 32 + 48;
const TAG: usize = 16;
/// Sizes are rounded up to multiples of this, so that a length tells little.
const CLASS: usize = 256;
/// What ends the content, before the zeros that round it up (ISO/IEC 7816-4).
const END: u8 = 0x80;
const INFO: &[u8] = b"mash wire 1";
/// Contexts that a recipient remembers: far more than there are senders at a time.
const REMEMBERED: usize = 512;
/// Far longer than any message.
const LONGEST: usize = 64 * 1024 * 1024;

/// How long one context is used.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages; at least 1.
    pub messages: u64,
    /// Time since its first message.
    pub age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages: 10_000, age: Duration::from_secs(3600) }
    }
}

/// A public key to seal to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

/// Which key a message is sealed to: the first eight bytes of the digest of the public key.
pub type RecipientId = [u8; 8];

impl PublicKey {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> RecipientId {
        let digest = digest::digest(&digest::SHA256, &self.0);
        Cursor::new(digest.as_ref()).array().unwrap_or_default()
    }
}

/// A private key with its public half. It has no `Debug`.
pub struct RecipientKey {
    /// What senders seal to.
    pub public: PublicKey,
    private: HpkePrivateKey,
}

impl RecipientKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn fresh() -> Result<Self, KeyError> {
        let (public, private) = SUITE.generate_key_pair().map_err(|_| KeyError::Randomness)?;
        let public = public.0.try_into().map_err(|_| KeyError::Malformed("a public key"))?;
        Ok(Self { public: PublicKey(public), private })
    }

    /// One that was kept.
    #[must_use]
    pub fn of(public: PublicKey, private: &Zeroizing<[u8; 32]>) -> Self {
        Self { public, private: HpkePrivateKey::from(private.to_vec()) }
    }

    /// The private half, to be wrapped.
    ///
    /// # Errors
    /// When it has another length than this suite's.
    pub fn private(&self) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let bytes = self.private.secret_bytes().try_into();
        bytes.map(Zeroizing::new).map_err(|_| KeyError::Malformed("a private key"))
    }
}

/// Seals to one recipient key. One for each process and recipient; threads may share it.
pub struct Sealer {
    recipient: PublicKey,
    limits: Limits,
    context: Mutex<Option<Context>>,
}

/// A content key in use.
struct Context {
    cipher: Arc<LessSafeKey>,
    encapsulated: [u8; 32],
    sealed_key: [u8; 48],
    next: u64,
    born: Instant,
}

/// What one message is sealed with.
struct Turn {
    cipher: Arc<LessSafeKey>,
    header: [u8; HEADER],
    nonce: [u8; 12],
}

impl Sealer {
    /// A sealer to this key.
    #[must_use]
    pub fn new(recipient: PublicKey, limits: Limits) -> Self {
        Self { recipient, limits, context: Mutex::new(None) }
    }

    /// What it seals to.
    #[must_use]
    pub const fn recipient(&self) -> &PublicKey {
        &self.recipient
    }

    /// Seals a message. `bound` is what it is for, such as topic and key: it opens for nothing else.
    ///
    /// # Errors
    /// When it is too long, or there is no randomness.
    pub fn seal(&self, bound: &[u8], message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if message.len() > LONGEST {
            return Err(KeyError::TooLong(LONGEST));
        }
        let Turn { cipher, header, nonce } = self.turn()?;
        let padded = (message.len() + 1).next_multiple_of(CLASS);
        let mut sealed = Vec::with_capacity(HEADER + padded + TAG);
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(message);
        sealed.push(END);
        sealed.resize(HEADER + padded, 0);
        let (_, body) = sealed.split_at_mut(HEADER);
        let tag = cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from([&header[..], bound].concat()),
                body,
            )
            .map_err(|_| KeyError::TooLong(LONGEST))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Takes the next number of a context that may still be used, or of a fresh one.
    fn turn(&self) -> Result<Turn, KeyError> {
        // INVARIANT: a number is taken and counted up under one lock. Should a thread have died holding it, the context
        // is whole: it was either counted up or not handed out.
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = context.as_ref().is_some_and(|context| {
            context.next < self.limits.messages.max(1) && context.born.elapsed() < self.limits.age
        });
        if !usable {
            *context = Some(Context::begin(&self.recipient)?);
        }
        let Some(context) = context.as_mut() else { return Err(KeyError::Randomness) };
        let number = context.next;
        context.next += 1;
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&MARK);
        header.extend_from_slice(&self.recipient.id());
        header.extend_from_slice(&number.to_be_bytes());
        header.extend_from_slice(&context.encapsulated);
        header.extend_from_slice(&context.sealed_key);
        let header = header.try_into().map_err(|_| KeyError::Malformed("a header"))?;
        Ok(Turn { cipher: Arc::clone(&context.cipher), header, nonce: nonce(number) })
    }
}

impl Context {
    fn begin(recipient: &PublicKey) -> Result<Self, KeyError> {
        let key = Zeroizing::new(random::<32>()?);
        let (encapsulated, sealed) = SUITE
            .seal(INFO, &recipient.id(), &key[..], &HpkePublicKey(recipient.0.to_vec()))
            .map_err(|_| KeyError::Malformed("a public key"))?;
        Ok(Self {
            cipher: cipher(&key)?,
            encapsulated: fixed(encapsulated.0)?,
            sealed_key: fixed(sealed)?,
            next: 0,
            born: Instant::now(),
        })
    }
}

fn fixed<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], KeyError> {
    bytes.try_into().map_err(|_| KeyError::Malformed("an encapsulated key"))
}

fn nonce(number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    let (_, low) = nonce.split_at_mut(4);
    low.copy_from_slice(&number.to_be_bytes());
    nonce
}

/// Opens what is sealed to any of its keys.
#[derive(Default)]
pub struct Opener {
    keys: RwLock<HashMap<RecipientId, Arc<RecipientKey>>>,
    contexts: Mutex<Remembered>,
}

/// Encapsulation and sealed content key: what names a context.
type ContextId = [u8; 80];

#[derive(Default)]
struct Remembered {
    ciphers: HashMap<ContextId, Arc<LessSafeKey>>,
    oldest: VecDeque<ContextId>,
}

impl Opener {
    /// An opener with these keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = RecipientKey>) -> Self {
        let opener = Self::default();
        keys.into_iter().for_each(|key| opener.add(key));
        opener
    }

    /// Opens from now on what is sealed to this key as well.
    pub fn add(&self, key: RecipientKey) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.public.id(), Arc::new(key));
    }

    fn key(&self, recipient: &RecipientId) -> Option<Arc<RecipientKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(recipient).cloned()
    }

    /// Which key a message is sealed to.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when it is no sealed message.
    pub fn recipient(sealed: &[u8]) -> Result<RecipientId, KeyError> {
        Parts::of(sealed).map(|parts| parts.recipient)
    }

    /// Whether it holds this key.
    #[must_use]
    pub fn holds(&self, recipient: &RecipientId) -> bool {
        self.key(recipient).is_some()
    }

    /// Opens a message.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] when it is no sealed message, [`KeyError::NotForUs`] when none of the keys is the
    /// recipient's, [`KeyError::Broken`] when it was altered, or sealed for something else.
    pub fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let parts = Parts::of(sealed)?;
        let key = self.key(&parts.recipient).ok_or(KeyError::NotForUs)?;
        let cipher = self.content_key(&key, &parts)?;
        let mut message = parts.body.to_vec();
        let length = cipher
            .open_in_place(
                Nonce::assume_unique_for_key(nonce(parts.number)),
                Aad::from([parts.header, bound].concat()),
                &mut message,
            )
            .map_err(|_| KeyError::Broken)?
            .len();
        message.truncate(length);
        while message.last() == Some(&0) {
            message.pop();
        }
        if message.pop() != Some(END) {
            return Err(KeyError::Malformed("it does not end as a message does"));
        }
        Ok(message)
    }

    /// The content key of a context: remembered, or opened once. A context that does not open is not remembered, so a
    /// stranger who floods the topic pushes nothing out.
    fn content_key(
        &self,
        key: &RecipientKey,
        parts: &Parts<'_>,
    ) -> Result<Arc<LessSafeKey>, KeyError> {
        let lock = || self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cipher) = lock().ciphers.get(&parts.context) {
            return Ok(Arc::clone(cipher));
        }
        let opened = SUITE
            .open(
                &EncapsulatedSecret(parts.encapsulated.to_vec()),
                INFO,
                &parts.recipient,
                &parts.sealed_key,
                &key.private,
            )
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Broken)?;
        let bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| KeyError::Broken)?;
        let cipher = cipher(&Zeroizing::new(bytes))?;
        let mut contexts = lock();
        if contexts.ciphers.insert(parts.context, Arc::clone(&cipher)).is_none() {
            contexts.oldest.push_back(parts.context);
        }
        if contexts.oldest.len() > REMEMBERED
            && let Some(oldest) = contexts.oldest.pop_front()
        {
            contexts.ciphers.remove(&oldest);
        }
        Ok(cipher)
    }
}

/// Whether it begins as a sealed message does.
#[must_use]
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MARK)
}

/// A sealed message, taken apart.
struct Parts<'a> {
    recipient: RecipientId,
    number: u64,
    encapsulated: [u8; 32],
    sealed_key: [u8; 48],
    context: ContextId,
    header: &'a [u8],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Result<Self, KeyError> {
        const NOT: KeyError = KeyError::Malformed("it is no sealed message");
        if sealed.len() > HEADER + LONGEST + CLASS + TAG {
            return Err(KeyError::TooLong(LONGEST));
        }
        let (header, body) = sealed.split_at_checked(HEADER).ok_or(NOT)?;
        let mut cursor = Cursor::new(header);
        if cursor.array() != Some(MARK) || body.len() < TAG + CLASS {
            return Err(NOT);
        }
        let recipient = cursor.array().ok_or(NOT)?;
        let number = u64::from_be_bytes(cursor.array().ok_or(NOT)?);
        let context = Cursor::new(cursor.rest()).array().ok_or(NOT)?;
        let encapsulated = cursor.array().ok_or(NOT)?;
        let sealed_key = cursor.array().ok_or(NOT)?;
        Ok(Self { recipient, number, encapsulated, sealed_key, context, header, body })
    }
}

//! Keys: who may read content, and how content stops being readable.
//!
//! Three layers, each with one job:
//!
//! * a [`KeyStore`] holds *wrapping keys*: named, versioned, and never seen by anybody else. [`FileKeys`] keeps them in
//!   files for one machine, [`Pkcs11Keys`] in a hardware security module;
//! * a [`DataKey`] encrypts the content of one case. It is kept wrapped, and destroying it erases the content wherever a
//!   copy of it lies: [`content`];
//! * what travels over the bus is sealed once more to whoever reads the topic, with HPKE (RFC 9180): [`wire`].
//!
//! Deliberately absent: SQL, the bus, and any business noun. Nothing here prints a key or what was sealed.

mod cursor;
mod error;
mod files;
mod hsm;
mod port;
mod secret;

pub mod content;
pub mod wire;

pub use error::KeyError;
pub use files::FileKeys;
pub use hsm::{Pkcs11Keys, Pkcs11Settings};
pub use port::{KeyStore, KeyVersion, Wrapped};
pub use secret::{DataKey, KeyId, random};

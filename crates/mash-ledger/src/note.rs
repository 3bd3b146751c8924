//! Signed notes, as C2SP signed-note has them: a text, an empty line, and who has signed it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    fault::Fault,
    key::{SigningKey, Use, VerifierKey},
};

/// The longest note that is read, in bytes.
pub const LONGEST: usize = 64 * 1_024;
/// The most signatures that are read of one note.
const MOST_SIGNATURES: usize = 100;
/// What a line with a signature begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// The bytes of a time before a cosignature.
const TIME: usize = 8;
/// No cosignature is of a later time than this, in seconds since the epoch.
const LATEST: u64 = u64::MAX >> 1;

/// A text and its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, which ends with a line feed.
    text: String,
    signatures: Vec<Signature>,
}

/// A signature, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The id of the key.
    pub id: [u8; 4],
    /// What follows: the signature itself, and in a cosignature its time before it.
    pub bytes: Vec<u8>,
}

impl Signature {
    fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }

    /// When a cosignature says that it was made, in seconds since the epoch; nothing for other signatures.
    #[must_use]
    pub fn cosigned_at(&self) -> Option<u64> {
        let (time, rest) = self.bytes.split_first_chunk::<TIME>()?;
        let time = u64::from_be_bytes(*time);
        (rest.len() == 64 && time <= LATEST).then_some(time)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([self.id.as_slice(), &self.bytes].concat());
        writeln!(formatter, "{DASH}{} {encoded}", self.name)
    }
}

impl Note {
    /// Signs a text, which ends with a line feed and holds no control characters.
    ///
    /// # Errors
    ///
    /// [`Fault::NotANote`] if the text cannot be one of a note.
    pub fn sign(text: &str, keys: &[&SigningKey]) -> Result<Self, Fault> {
        let signatures = keys.iter().map(|key| Signature {
            name: key.verifier().name().to_owned(),
            id: key.verifier().id(),
            bytes: key.sign(text.as_bytes()),
        });
        let note = Self { text: text.to_owned(), signatures: signatures.collect() };
        // What cannot be read back must not be written.
        Self::parse(&note.to_string())
    }

    /// Reads a note. Nothing in it is believed yet.
    ///
    /// # Errors
    ///
    /// [`Fault::NotANote`] if it is none.
    pub fn parse(note: &str) -> Result<Self, Fault> {
        if note.len() > LONGEST {
            return Err(Fault::NotANote("it is longer than any note"));
        }
        if note.chars().any(|char| char.is_ascii_control() && char != '\n') {
            return Err(Fault::NotANote("it has control characters"));
        }
        let (text, signed) =
            note.rsplit_once("\n\n").ok_or(Fault::NotANote("no empty line stands in it"))?;
        let text = format!("{text}\n");
        let lines = signed.strip_suffix('\n').ok_or(Fault::NotANote("its last line is cut off"))?;
        let signatures: Result<Vec<_>, _> = lines.split('\n').map(signature).collect();
        let signatures = signatures?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(Fault::NotANote("it has more signatures than any note"));
        }
        Ok(Self { text, signatures })
    }

    /// The text, which is believed once a signature has been verified.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Which of these keys have signed it, each once, in the order of the note. Signatures of other keys are passed over.
    ///
    /// # Errors
    ///
    /// [`Fault::Forged`] if a signature in the name of one of these keys is not by it.
    pub fn signed_by<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, Fault> {
        let mut found: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = keys.iter().find(|key| signature.is_of(key)) else { continue };
            if found.contains(&key) {
                continue;
            }
            if !self.is_good(signature, key) {
                return Err(Fault::Forged { key: key.label() });
            }
            found.push(key);
        }
        Ok(found)
    }

    fn is_good(&self, signature: &Signature, key: &VerifierKey) -> bool {
        match key.purpose() {
            Use::Note => key.has_signed(self.text.as_bytes(), &signature.bytes),
            Use::Cosignature => signature.cosigned_at().is_some_and(|time| {
                let signed = signature.bytes.get(TIME..).unwrap_or_default();
                key.has_signed(cosigned(&self.text, time).as_bytes(), signed)
            }),
        }
    }

    /// A witness's signature of this text, at this time in seconds since the epoch.
    #[must_use]
    pub fn cosign(&self, key: &SigningKey, at: u64) -> Signature {
        let at = at.min(LATEST);
        let signed = key.sign(cosigned(&self.text, at).as_bytes());
        Signature {
            name: key.verifier().name().to_owned(),
            id: key.verifier().id(),
            bytes: [at.to_be_bytes().as_slice(), &signed].concat(),
        }
    }

    /// Adds a signature, in the place of an earlier one of the same key.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|known| known.name != signature.name || known.id != signature.id);
        self.signatures.push(signature);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(formatter, "{signature}"))
    }
}

/// What a witness signs.
fn cosigned(text: &str, at: u64) -> String {
    format!("cosignature/v1\ntime {at}\n{text}")
}

fn signature(line: &str) -> Result<Signature, Fault> {
    let bad = || Fault::NotANote("a line after the empty line is no signature");
    let (name, encoded) =
        line.strip_prefix(DASH).ok_or_else(bad)?.split_once(' ').ok_or_else(bad)?;
    if name.is_empty() || name.chars().any(|char| char.is_whitespace() || char == '+') {
        return Err(bad());
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| bad())?;
    let (id, bytes) = bytes.split_first_chunk::<4>().ok_or_else(bad)?;
    if bytes.is_empty() {
        return Err(bad());
    }
    Ok(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

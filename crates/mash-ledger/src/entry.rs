//! Entries: that something happened, when, by whom and about which case, and nothing of what was said.
//!
//! An entry holds opaque ids and one commitment: a hash over a salt and what the entry stands for, which lies with the
//! service that made it. Whoever is given both can check that they belong together. Once the salt is destroyed nobody can
//! find out what was committed to, not even by trying, and the entry still proves that there was something.
//!
//! The encoding is canonical: an entry has one, and whatever else is read is refused.

use uuid::Uuid;

use crate::{fault::Fault, hash, hash::Hash};

/// What an entry begins with.
const VERSION: u8 = 1;
/// The longest of its texts, in bytes.
const LONGEST_TEXT: usize = 120;
/// No entry is longer, in bytes.
pub const LONGEST: usize = 27 + 4 * (1 + LONGEST_TEXT) + Hash::BYTES;
/// No entry is of a later time than this, in milliseconds since the epoch: what every language can count.
const LATEST: u64 = (1 << 53) - 1;
/// The flag of an entry that was written late.
const LATE: u8 = 1;
/// The name space of entry ids.
const IDS: Uuid = Uuid::from_u128(0x6d61_7368_6c65_4d67_8a65_7200_656e_7472);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Something was permitted to be disclosed.
    Permitted,
    /// Something was refused.
    Refused,
    /// A release reached its recipient's systems.
    Delivered,
    /// A person opened it.
    Opened,
    /// A person, or a system, acknowledged it.
    Acknowledged,
    /// Nobody did in time, and somebody else was told.
    Escalated,
    /// A release was called back.
    Recalled,
    /// The state of a consent changed.
    ConsentChanged,
    /// An agreement was proposed, signed, ended or suspended.
    AgreementChanged,
    /// A person looked at a record.
    Accessed,
    /// A person looked at a record over the rules, to save a life.
    BrokeGlass,
    /// A rule set came into force.
    RulesetActivated,
    /// Content and its key were destroyed.
    Erased,
    /// A key came into use, whose line the commitment is the plain hash of.
    KeyAdded,
    /// A key went out of use, whose line the commitment is the plain hash of.
    KeyRetired,
    /// The ledger could not be reached, and releases went before their entries.
    Interrupted,
}

impl Kind {
    /// Each of them, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 16] = [
        Self::Permitted,
        Self::Refused,
        Self::Delivered,
        Self::Opened,
        Self::Acknowledged,
        Self::Escalated,
        Self::Recalled,
        Self::ConsentChanged,
        Self::AgreementChanged,
        Self::Accessed,
        Self::BrokeGlass,
        Self::RulesetActivated,
        Self::Erased,
        Self::KeyAdded,
        Self::KeyRetired,
        Self::Interrupted,
    ];

    /// Its number in an entry.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The kind with this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// As people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Permitted => "permitted",
            Self::Refused => "refused",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Recalled => "recalled",
            Self::ConsentChanged => "consent-changed",
            Self::AgreementChanged => "agreement-changed",
            Self::Accessed => "accessed",
            Self::BrokeGlass => "broke-glass",
            Self::RulesetActivated => "ruleset-activated",
            Self::Erased => "erased",
            Self::KeyAdded => "key-added",
            Self::KeyRetired => "key-retired",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The id that stays the same however often it is appended.
    pub id: Uuid,
    /// What happened.
    pub kind: Kind,
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
    /// Whether it was appended after the ledger had been out of reach for longer than releases wait for it.
    pub late: bool,
    /// Which organisation it is about: the recipient of a release, or who acted.
    pub organisation: String,
    /// The pseudonym of the case; empty if there is none.
    pub case: String,
    /// Which decision, release, consent or agreement, by its opaque id; empty if there is none.
    pub subject: String,
    /// The version of the rules that decided; empty if none did.
    pub ruleset: String,
    /// The commitment to what happened.
    pub commitment: Hash,
}

impl Entry {
    /// The id of the entry about this happening: the same words give the same id, wherever they are said again.
    #[must_use]
    pub fn id_of(words: &[&str]) -> Uuid {
        Uuid::new_v5(&IDS, words.join("\u{1f}").as_bytes())
    }

    /// Its one encoding.
    ///
    /// # Errors
    ///
    /// [`Fault::BadEntry`] if a text is too long or has characters that no id has: nobody can put words into the ledger.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        if self.at_ms > LATEST {
            return Err(Fault::BadEntry("its time is out of range"));
        }
        let mut bytes = vec![VERSION, self.kind.number(), if self.late { LATE } else { 0 }];
        bytes.extend(self.at_ms.to_be_bytes());
        bytes.extend(self.id.as_bytes());
        for text in [&self.organisation, &self.case, &self.subject, &self.ruleset] {
            check(text)?;
            let length =
                u8::try_from(text.len()).map_err(|_| Fault::BadEntry("a text is too long"))?;
            bytes.push(length);
            bytes.extend(text.as_bytes());
        }
        bytes.extend(self.commitment.as_bytes());
        Ok(bytes)
    }

    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// [`Fault::BadEntry`] if it is none, or not written in the one way in which it is written.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let mut rest = bytes;
        let [version, kind, flags] = *take::<3>(&mut rest)?;
        if version != VERSION {
            return Err(Fault::BadEntry("it is of a version that is not known here"));
        }
        let kind = Kind::of_number(kind)
            .ok_or(Fault::BadEntry("it is of a kind that is not known here"))?;
        if flags & !LATE != 0 {
            return Err(Fault::BadEntry("it has marks that are not known here"));
        }
        let at_ms = u64::from_be_bytes(*take::<8>(&mut rest)?);
        if at_ms > LATEST {
            return Err(Fault::BadEntry("its time is out of range"));
        }
        let id = Uuid::from_bytes(*take::<16>(&mut rest)?);
        let mut texts = [const { String::new() }; 4];
        for text in &mut texts {
            *text = take_text(&mut rest)?;
        }
        let [organisation, case, subject, ruleset] = texts;
        let commitment = Hash::new(*take::<{ Hash::BYTES }>(&mut rest)?);
        if !rest.is_empty() {
            return Err(Fault::BadEntry("something follows it"));
        }
        let late = flags & LATE != 0;
        Ok(Self { id, kind, at_ms, late, organisation, case, subject, ruleset, commitment })
    }

    /// Whether the two are the same entry, of which one may have been marked late since.
    #[must_use]
    pub fn is_same_but_late(&self, other: &Self) -> bool {
        Self { late: other.late, ..self.clone() } == *other
    }
}

/// The commitment to these bytes under a salt that nobody else knows.
#[must_use]
pub fn commitment(salt: &[u8; 32], content: &[u8]) -> Hash {
    hash::plain(&[b"mash-ledger-commitment/1\n".as_slice(), salt, content].concat())
}

fn check(text: &str) -> Result<(), Fault> {
    if text.len() > LONGEST_TEXT {
        return Err(Fault::BadEntry("a text is too long"));
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:+".contains(&byte);
    if text.bytes().all(known) {
        Ok(())
    } else {
        Err(Fault::BadEntry("a text has characters that no id has"))
    }
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Fault> {
    let (taken, left) = rest.split_first_chunk().ok_or(Fault::BadEntry("it is cut off"))?;
    *rest = left;
    Ok(taken)
}

fn take_text(rest: &mut &[u8]) -> Result<String, Fault> {
    let [length] = *take::<1>(rest)?;
    let (text, left) =
        rest.split_at_checked(length.into()).ok_or(Fault::BadEntry("it is cut off"))?;
    *rest = left;
    let text = std::str::from_utf8(text)
        .map_err(|_| Fault::BadEntry("a text has characters that no id has"))?;
    check(text)?;
    Ok(text.to_owned())
}

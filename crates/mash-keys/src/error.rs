//! Why a key could not be used, or something could not be opened.

/// What went wrong with a key. No message of these errors holds a key, content, or whose content it is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// What should be sealed content is not.
    #[error("what should be sealed is malformed: {0}")]
    Malformed(&'static str),
    /// The seal does not hold: it was altered, it belongs to another record, or it was made with another key.
    #[error("the seal does not hold: it was altered, moved, or made with another key")]
    Broken,
    /// No key of this id is known.
    #[error("no key `{0}` is known")]
    Unknown(String),
    /// The version of the wrapping key was retired: what it wrapped cannot be had any more.
    #[error("version {version} of wrapping key `{name}` was retired")]
    Retired {
        /// The wrapping key.
        name: String,
        /// Its version.
        version: u32,
    },
    /// The version of the wrapping key has never been, or is not on this machine.
    #[error("there is no version {version} of wrapping key `{name}` here")]
    NoVersion {
        /// The wrapping key.
        name: String,
        /// The version; 0 where there is none at all.
        version: u32,
    },
    /// The version of the wrapping key is the one that is used.
    #[error("version {version} of wrapping key `{name}` is in use: rotate first")]
    InUse {
        /// The wrapping key.
        name: String,
        /// Its version.
        version: u32,
    },
    /// The files of a wrapping key cannot be used.
    #[error("the files of the wrapping keys cannot be used: {0}")]
    Files(String),
    /// The hardware security module failed.
    #[error("the key module failed: {0}")]
    Module(String),
    /// It is sealed to a recipient key that this process does not hold.
    #[error("it is sealed to a key that this process does not hold")]
    NotForUs,
    /// It is longer than anything that is sealed.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// The machine has no randomness.
    #[error("there is no randomness")]
    Randomness,
}

impl KeyError {
    /// The code, which has a page in `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::TooLong(_) => "MASH-X001",
            Self::Broken => "MASH-X002",
            Self::Unknown(_) => "MASH-X003",
            Self::Retired { .. } => "MASH-X004",
            Self::NoVersion { .. } => "MASH-X005",
            Self::InUse { .. } => "MASH-X006",
            Self::Files(_) => "MASH-X007",
            Self::Module(_) | Self::Randomness => "MASH-X008",
            Self::NotForUs => "MASH-X009",
        }
    }

    /// Whether the same call may succeed later: a module that is away comes back, a broken seal never heals.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Module(_) | Self::Files(_) | Self::Randomness | Self::NoVersion { .. })
    }
}

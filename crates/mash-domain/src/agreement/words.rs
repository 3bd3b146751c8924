//! The coded words of agreements.

use std::fmt;

/// Makes an enum of coded words.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that stands for it in files, tables and digests.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one with this word, if there is one.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }
    };
}

words! {
    /// The form of an agreement.
    AgreementKind {
        /// An information sharing protocol under the Wales Accord on the Sharing of Personal Information.
        InformationSharingProtocol = "isp",
        /// A data disclosure agreement: one way, under the same accord.
        DataDisclosureAgreement = "dda",
        /// An information sharing agreement, as made in England.
        InformationSharingAgreement = "isa",
    }
}

words! {
    /// What a party does under an agreement.
    PartyRole {
        /// It gives.
        Discloser = "discloser",
        /// It receives.
        Recipient = "recipient",
        /// Both.
        Both = "both",
    }
}

impl PartyRole {
    /// Whether the party gives.
    #[must_use]
    pub const fn discloses(self) -> bool {
        matches!(self, Self::Discloser | Self::Both)
    }

    /// Whether the party receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::Recipient | Self::Both)
    }
}

words! {
    /// How often data goes.
    Frequency {
        /// Whenever something happens.
        PerEvent = "per-event",
        /// Once a day.
        Daily = "daily",
        /// Once a week.
        Weekly = "weekly",
        /// When the recipient asks.
        OnRequest = "on-request",
    }
}

words! {
    /// The office in which somebody signs for a party.
    SignatoryRole {
        /// The head of the organisation.
        ChiefExecutive = "chief-executive",
        /// A chief officer of police.
        ChiefOfficer = "chief-officer",
        /// A director of social services or of children's services.
        DirectorOfSocialServices = "director-of-social-services",
        /// A head teacher.
        HeadTeacher = "head-teacher",
        /// The guardian of patients' and service users' information.
        CaldicottGuardian = "caldicott-guardian",
        /// The senior information risk owner.
        SeniorInformationRiskOwner = "senior-information-risk-owner",
        /// The data protection officer.
        DataProtectionOfficer = "data-protection-officer",
    }
}

words! {
    /// Why an agreement was ended early.
    TerminationReason {
        /// A party does not want to go on.
        PartyWithdraws = "party-withdraws",
        /// A party did not keep it.
        Breach = "breach",
        /// The law on which it rests has changed.
        LawChanged = "law-changed",
        /// It was entered by mistake.
        EnteredByMistake = "entered-by-mistake",
    }
}

words! {
    /// Where an agreement stands.
    Lifecycle {
        /// Nobody has signed.
        Draft = "draft",
        /// One party has signed.
        PartlySigned = "partly-signed",
        /// Two parties have signed, and its first day is to come.
        Agreed = "agreed",
        /// In force.
        Live = "live",
        /// Its last day is over.
        Expired = "expired",
        /// Ended by a party.
        Terminated = "terminated",
        /// Another agreement has taken its place.
        Superseded = "superseded",
    }
}

impl Lifecycle {
    /// Whether nothing can come of it any more.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Expired | Self::Terminated | Self::Superseded)
    }
}

/// The lawful bases that an agreement may name. The rules have the same list with the words for each.
pub const BASES: [&str; 38] = [
    "uk-gdpr-5-1-c",
    "uk-gdpr-6-1-c",
    "uk-gdpr-6-1-e",
    "uk-gdpr-6-1-ea",
    "uk-gdpr-7-3",
    "uk-gdpr-9-2-g",
    "uk-gdpr-9-2-h",
    "uk-gdpr-10",
    "uk-gdpr-15",
    "uk-gdpr-17",
    "uk-gdpr-33",
    "dpa-2018-part-3",
    "dpa-2018-sch-1-para-2",
    "dpa-2018-sch-1-para-18",
    "dpa-2018-sch-2-para-2",
    "dpa-2018-sch-3",
    "daa-2021-s49a",
    "ca-1989-s17",
    "ca-1989-s21",
    "ca-1989-s27",
    "ca-1989-s47",
    "ca-2004-s10",
    "ca-2004-s11",
    "ca-2004-s16la",
    "ca-2004-s25",
    "ca-2004-s28",
    "sswba-2014-s130",
    "sswba-2014-s164",
    "cda-1998-s115",
    "msa-2015-s52",
    "pace-1984-s38",
    "soaa-1992-s1",
    "hra-1998-art-8",
    "common-law-confidentiality",
    "caldicott",
    "aca-2002",
    "court-order",
    "statutory-minimum",
];

/// The code of a lawful basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasisCode(&'static str); // INVARIANT: one of BASES.

impl BasisCode {
    /// The basis with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        BASES.into_iter().find(|known| *known == word).map(Self)
    }

    /// Its code.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for BasisCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

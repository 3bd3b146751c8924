//! The limits themselves, and which of them hold at one hub.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::{
    Calendars, Clock, ClockFault, Counted, Counting, HubHours,
    hours::days_later,
    parse::{self, Parsed},
};
use crate::{bank_holidays::BankHolidays, nation::Nation};

const BUILTIN: &str = include_str!("../../../../reference/clocks.toml");

/// The ids of the limits that the services start. Hubs may have others too.
pub mod ids {
    /// The referrer hears that the report has arrived.
    pub const ACKNOWLEDGE_REFERRAL: &str = "acknowledge-referral";
    /// A worker grades what has arrived.
    pub const GRADE_REFERRAL: &str = "grade-referral";
    /// The hub decides, and says so.
    pub const DECIDE_REFERRAL: &str = "decide-referral";
    /// The referrer asks again if nobody has acknowledged.
    pub const CHASE_ACKNOWLEDGEMENT: &str = "chase-acknowledgement";
    /// A report by telephone is confirmed in writing.
    pub const WRITTEN_CONFIRMATION: &str = "written-confirmation";
    /// A red referral is decided.
    pub const TRIAGE_RED: &str = "triage-red";
    /// An amber referral is decided.
    pub const TRIAGE_AMBER: &str = "triage-amber";
    /// A green referral is decided.
    pub const TRIAGE_GREEN: &str = "triage-green";
    /// A partner answers about a red referral.
    pub const ENQUIRY_RED: &str = "enquiry-red";
    /// A partner answers about an amber referral.
    pub const ENQUIRY_AMBER: &str = "enquiry-amber";
    /// A partner answers about a green referral.
    pub const ENQUIRY_GREEN: &str = "enquiry-green";
    /// The strategy discussion is held.
    pub const STRATEGY_DISCUSSION: &str = "strategy-discussion";
    /// A partner answers an invitation.
    pub const ANSWER_INVITATION: &str = "answer-invitation";
    /// The initial conference is held.
    pub const INITIAL_CONFERENCE: &str = "initial-conference";
    /// The transfer-in conference is held.
    pub const TRANSFER_IN_CONFERENCE: &str = "transfer-in-conference";
    /// The other authority accepts a transfer or refuses it.
    pub const ACCEPT_TRANSFER: &str = "accept-transfer";
    /// The assessment is complete.
    pub const ASSESSMENT: &str = "assessment";
    /// Those who disagree settle it between themselves.
    pub const DISAGREEMENT_PRACTITIONERS: &str = "disagreement-practitioners";
    /// First-line managers settle a disagreement.
    pub const DISAGREEMENT_FIRST_LINE: &str = "disagreement-first-line";
    /// Senior managers settle a disagreement.
    pub const DISAGREEMENT_SENIOR: &str = "disagreement-senior";
    /// A director settles a disagreement, and the board is told.
    pub const DISAGREEMENT_DIRECTOR: &str = "disagreement-director";
    /// Police protection ends.
    pub const POLICE_PROTECTION: &str = "police-protection";
    /// A child who was missing is offered an interview by somebody independent.
    pub const RETURN_INTERVIEW: &str = "return-interview";
    /// The authority is told of a child in custody.
    pub const CUSTODY_REFERRAL: &str = "custody-referral";
    /// The reasonable-grounds decision of the national referral mechanism.
    pub const MECHANISM_DECISION: &str = "mechanism-decision";
    /// The designated officer is told of an allegation against somebody who works with children.
    pub const DESIGNATED_OFFICER: &str = "designated-officer";
    /// A team of a health board acknowledges a notice.
    pub const CLINICAL_ACKNOWLEDGEMENT: &str = "clinical-acknowledgement";
    /// Injuries that ask for a referral are answered.
    pub const INJURY_PROMPT: &str = "injury-prompt";

    /// Every one.
    pub const ALL: [&str; 28] = [
        ACKNOWLEDGE_REFERRAL,
        GRADE_REFERRAL,
        DECIDE_REFERRAL,
        CHASE_ACKNOWLEDGEMENT,
        WRITTEN_CONFIRMATION,
        TRIAGE_RED,
        TRIAGE_AMBER,
        TRIAGE_GREEN,
        ENQUIRY_RED,
        ENQUIRY_AMBER,
        ENQUIRY_GREEN,
        STRATEGY_DISCUSSION,
        ANSWER_INVITATION,
        INITIAL_CONFERENCE,
        TRANSFER_IN_CONFERENCE,
        ACCEPT_TRANSFER,
        ASSESSMENT,
        DISAGREEMENT_PRACTITIONERS,
        DISAGREEMENT_FIRST_LINE,
        DISAGREEMENT_SENIOR,
        DISAGREEMENT_DIRECTOR,
        POLICE_PROTECTION,
        RETURN_INTERVIEW,
        CUSTODY_REFERRAL,
        MECHANISM_DECISION,
        DESIGNATED_OFFICER,
        CLINICAL_ACKNOWLEDGEMENT,
        INJURY_PROMPT,
    ];
}

/// How long a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Length {
    /// Minutes.
    Minutes(u32),
    /// Hours.
    Hours(u32),
    /// Days.
    Days(u32),
}

impl Length {
    /// As a measure of open time; a day is 24 hours.
    #[must_use]
    pub fn span(self) -> SignedDuration {
        match self {
            Self::Minutes(minutes) => SignedDuration::from_mins(i64::from(minutes)),
            Self::Hours(hours) => SignedDuration::from_hours(i64::from(hours)),
            Self::Days(days) => SignedDuration::from_hours(i64::from(days).saturating_mul(24)),
        }
    }
}

/// Who is warned, as a role; a service knows the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whoever has the referral in hand at the hub.
    HubWorker,
    /// The manager of the hub on duty.
    HubManager,
    /// The social worker to whom the case is allocated.
    AllocatedWorker,
    /// The chair of the discussion or conference.
    Chair,
    /// Whoever decides a disagreement at its stage.
    Decider,
    /// Whoever made the report.
    Referrer,
    /// Whoever answers at the partner.
    PartnerContact,
    /// The officer in the case.
    Officer,
    /// The custody officer.
    CustodyOfficer,
    /// The lead of a health team.
    TeamLead,
}

impl Role {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::HubWorker,
        Self::HubManager,
        Self::AllocatedWorker,
        Self::Chair,
        Self::Decider,
        Self::Referrer,
        Self::PartnerContact,
        Self::Officer,
        Self::CustodyOfficer,
        Self::TeamLead,
    ];

    /// The word that stands for it in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::HubWorker => "hub-worker",
            Self::HubManager => "hub-manager",
            Self::AllocatedWorker => "allocated-worker",
            Self::Chair => "chair",
            Self::Decider => "decider",
            Self::Referrer => "referrer",
            Self::PartnerContact => "partner-contact",
            Self::Officer => "officer",
            Self::CustodyOfficer => "custody-officer",
            Self::TeamLead => "team-lead",
        }
    }

    /// The one with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What stands behind a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// An Act or regulations.
    Statute,
    /// Statutory or national guidance.
    Guidance,
    /// The published practice of a hub.
    Practice,
    /// This hub's own choice, because nothing published was found.
    Choice,
}

impl Standing {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Statute, Self::Guidance, Self::Practice, Self::Choice];

    /// The word that stands for it in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Statute => "statute",
            Self::Guidance => "guidance",
            Self::Practice => "practice",
            Self::Choice => "choice",
        }
    }

    /// The one with this word, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

/// One time limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockRule {
    /// What it is called.
    pub id: String,
    /// Where it holds; none means both nations.
    pub nation: Option<Nation>,
    /// At which hub profile alone it holds; none means everywhere.
    pub profile: Option<String>,
    /// How long it is.
    pub length: Length,
    /// In what time it counts.
    pub counting: Counting,
    /// How long before its time somebody is warned.
    pub warn_before: Option<Length>,
    /// Who is warned.
    pub warns: Role,
    /// What starts it, in words.
    pub starts: String,
    /// What meets it, in words.
    pub met_by: String,
    /// What stands behind it.
    pub standing: Standing,
    /// Where it is from, and what is not certain about it.
    pub source: String,
}

impl ClockRule {
    /// When a clock that starts now is due.
    ///
    /// Working days are counted from the day after, to the close of the hub on the last. Days that run on end at the same time
    /// of day; hours are hours, however the clock on the wall is changed.
    #[must_use]
    pub fn due(&self, at: Timestamp, calendars: &Calendars) -> Counted {
        match (self.counting, self.length) {
            (Counting::WorkingDays, Length::Days(days)) => calendars.working_days_after(at, days),
            (Counting::Running, Length::Days(days)) => {
                Counted { at: days_later(at, days), uncertain: false }
            }
            (
                Counting::Running | Counting::HubHours | Counting::WorkingDays,
                length @ (Length::Minutes(_) | Length::Hours(_) | Length::Days(_)),
            ) => calendars.after(at, length.span(), self.counting),
        }
    }
}

/// A hub whose clocks have been published, or a way to keep them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubProfile {
    /// What it is called.
    pub name: String,
    /// Its nation.
    pub nation: Nation,
    /// When it is open.
    pub hours: HubHours,
    /// Where that is from.
    pub source: String,
}

/// Limits and hub profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockRules {
    rules: Vec<ClockRule>,
    profiles: Vec<HubProfile>,
}

impl ClockRules {
    /// The project's own file.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static RULES: LazyLock<ClockRules> = LazyLock::new(|| {
            // What cannot be read is left out; a test holds that there is none.
            let Parsed { rules, profiles, .. } = parse::read(BUILTIN, &[]);
            ClockRules { rules, profiles }
        });
        &RULES
    }

    /// Rules and profiles from a file like `reference/clocks.toml`.
    ///
    /// # Errors
    ///
    /// Every [`ClockFault`] that was found.
    pub fn parse(text: &str) -> Result<Self, Vec<ClockFault>> {
        let Parsed { rules, profiles, faults } = parse::read(text, &[]);
        if faults.is_empty() { Ok(Self { rules, profiles }) } else { Err(faults) }
    }

    /// These rules with those of a hub's own file before them: a rule of the same id, nation and profile is replaced, and so
    /// is a profile of the same name.
    ///
    /// # Errors
    ///
    /// Every [`ClockFault`] that was found in the file; nothing of it holds then.
    pub fn with(&self, text: &str) -> Result<Self, Vec<ClockFault>> {
        let Parsed { rules, profiles, faults } = parse::read(text, &self.profiles);
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut own = Self { rules, profiles };
        let place = |rule: &ClockRule| (rule.id.clone(), rule.nation, rule.profile.clone());
        let replaced: Vec<_> = own.rules.iter().map(place).collect();
        own.rules
            .extend(self.rules.iter().filter(|rule| !replaced.contains(&place(rule))).cloned());
        let named: Vec<_> = own.profiles.iter().map(|profile| profile.name.clone()).collect();
        own.profiles
            .extend(self.profiles.iter().filter(|known| !named.contains(&known.name)).cloned());
        Ok(own)
    }

    /// Every rule.
    pub fn iter(&self) -> impl Iterator<Item = &ClockRule> {
        self.rules.iter()
    }

    /// Every profile.
    pub fn profiles(&self) -> impl Iterator<Item = &HubProfile> {
        self.profiles.iter()
    }

    /// The rule with this id where this profile and nation meet: the profile's own one goes before the nation's, and that
    /// before the one of both. None means that there is no such limit there.
    #[must_use]
    pub fn rule(&self, id: &str, nation: Nation, profile: Option<&str>) -> Option<&ClockRule> {
        self.rules
            .iter()
            .filter(|rule| {
                rule.id == id
                    && rule.nation.is_none_or(|only| only == nation)
                    && rule.profile.as_deref().is_none_or(|only| Some(only) == profile)
            })
            .max_by_key(|rule| (rule.profile.is_some(), rule.nation.is_some()))
    }

    /// The clocks of a hub without a profile of its own: those of its nation, in office hours.
    #[must_use]
    pub fn of_nation(&'static self, nation: Nation) -> HubClocks {
        HubClocks { rules: self, nation, profile: None, calendars: Calendars::builtin() }
    }

    /// The clocks of a hub with this profile, if there is one of this name.
    #[must_use]
    pub fn of_profile(
        &'static self,
        name: &str,
        bank_holidays: &BankHolidays,
    ) -> Option<HubClocks> {
        let profile = self.profiles.iter().find(|profile| profile.name == name)?;
        Some(HubClocks {
            rules: self,
            nation: profile.nation,
            profile: Some(profile.name.clone()),
            calendars: Calendars::new(profile.hours.clone(), bank_holidays.clone()),
        })
    }
}

/// What holds at one hub.
#[derive(Clone, Debug)]
pub struct HubClocks {
    rules: &'static ClockRules,
    nation: Nation,
    profile: Option<String>,
    calendars: Calendars,
}

impl HubClocks {
    /// The rule with this id, if the hub has such a limit.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&'static ClockRule> {
        self.rules.rule(id, self.nation, self.profile.as_deref())
    }

    /// Starts the clock of this id, if the hub has such a limit.
    #[must_use]
    pub fn start(&self, id: &str, at: Timestamp) -> Option<Clock> {
        self.rule(id).map(|rule| Clock::start(rule, at, &self.calendars))
    }

    /// When time counts here.
    #[must_use]
    pub const fn calendars(&self) -> &Calendars {
        &self.calendars
    }

    /// Whose law holds.
    #[must_use]
    pub const fn nation(&self) -> Nation {
        self.nation
    }
}

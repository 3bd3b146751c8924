//! What was seen on a child's body, and the prompt that nobody can pass over in silence (P04).
//!
//! Injuries that are not explained, several, on a child who does not move about, or where accidents seldom reach, raise a
//! prompt. It asks for a referral, or for a reason of somebody with a name.
//!
//! | from \ command | record, nothing new | record, something new | refer | reason | escalate |
//! |---|---|---|---|---|---|
//! | no prompt | – | open, if there are grounds | refused | refused | refused |
//! | open | – | open | referred | reasoned | open, and the lead is told |
//! | referred | – | open again | refused | refused | refused |
//! | reasoned | – | open again | refused | refused | refused |
//!
//! `–` stays as it is. Recording never closes a prompt, whatever comes with it; nothing that was recorded is ever taken out,
//! and grounds are never withdrawn.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;

use super::{staff::Professional, worded};
use crate::{answer::Answer, incident::Private};

/// The most injuries of one record.
pub const INJURIES_LIMIT: usize = 60;
/// The most photographs of one record: as many as a referral can carry, so that none is lost on the way.
pub const PHOTOGRAPHS_LIMIT: usize = 40;
/// The fewest characters of a reason. A full stop is no reason.
pub const REASON_LEAST: usize = 10;

worded! {
    /// Where on the body.
    BodySite {
        /// The head, without the face.
        Head = "head",
        /// The face.
        Face = "face",
        /// An ear.
        Ear = "ear",
        /// The mouth.
        Mouth = "mouth",
        /// The neck.
        Neck = "neck",
        /// Chest or belly.
        Torso = "torso",
        /// The back.
        Back = "back",
        /// The buttocks.
        Buttocks = "buttocks",
        /// The genital area.
        Genitals = "genitals",
        /// An arm.
        Arm = "arm",
        /// A hand.
        Hand = "hand",
        /// A leg.
        Leg = "leg",
        /// A foot.
        Foot = "foot",
    }
}

worded! {
    /// What sort of injury.
    InjuryKind {
        /// A bruise.
        Bruise = "bruise",
        /// A burn or scald.
        Burn = "burn",
        /// A fracture.
        Fracture = "fracture",
        /// A bite.
        Bite = "bite",
        /// A cut or graze.
        Cut = "cut",
        /// Another.
        Other = "other",
    }
}

worded! {
    /// Why a prompt was raised.
    Ground {
        /// No explanation, or one that does not fit, or nobody can tell.
        NotExplained = "not-explained",
        /// More than one injury.
        Multiple = "multiple",
        /// On a child who does not surely move about: a baby does not bruise itself.
        NotMobile = "not-mobile",
        /// A bite, or a place that accidents seldom reach.
        Patterned = "patterned",
    }
}

worded! {
    /// Why no referral is needed.
    ReasonCode {
        /// A medical cause was found.
        MedicalCause = "medical-cause",
        /// It comes from birth, and is in the notes of birth.
        BirthInjury = "birth-injury",
        /// A professional saw the accident.
        AccidentWitnessed = "accident-witnessed",
        /// The authority has been told already.
        AlreadyReferred = "already-referred",
        /// Another one, in words.
        Other = "other",
    }
}

worded! {
    /// Where a prompt stands.
    PromptState {
        /// Nobody has answered it.
        Open = "open",
        /// A referral was made.
        Referred = "referred",
        /// A named professional has said why none is needed.
        Reasoned = "reasoned",
    }
}

/// A photograph that the board holds, by reference.
#[derive(Clone, PartialEq, Eq)]
pub struct Photograph {
    /// The board's own reference.
    pub reference: Private,
    /// Media type.
    pub media_type: Private,
    /// SHA-256 of the picture, if the sender gives it.
    pub digest: Option<[u8; 32]>,
    /// What it shows.
    pub description: Private,
}

/// One injury, as drawn on the body map.
#[derive(Clone, PartialEq, Eq)]
pub struct Injury {
    /// Where.
    pub site: BodySite,
    /// More precisely.
    pub detail: Private,
    /// What sort.
    pub kind: InjuryKind,
    /// What it looks like.
    pub description: Private,
    /// The explanation that was given.
    pub explanation: Private,
    /// Whether it fits.
    pub explained: Answer,
    /// Photographs of it.
    pub photographs: Vec<Photograph>,
}

impl Injury {
    /// Whether accidents seldom do this, or seldom there. General knowledge; to be confirmed by a paediatrician.
    #[must_use]
    pub const fn is_patterned(&self) -> bool {
        matches!(self.kind, InjuryKind::Bite)
            || matches!(
                self.site,
                BodySite::Ear | BodySite::Neck | BodySite::Buttocks | BodySite::Genitals
            )
    }
}

/// Why these injuries of such a child ask for an answer; empty if they do not.
#[must_use]
pub fn grounds(injuries: &[Injury], mobile: Answer) -> BTreeSet<Ground> {
    let mut grounds = BTreeSet::new();
    if injuries.iter().any(|injury| !injury.explained.is_yes()) {
        grounds.insert(Ground::NotExplained);
    }
    if injuries.len() > 1 {
        grounds.insert(Ground::Multiple);
    }
    if !injuries.is_empty() && !mobile.is_yes() {
        grounds.insert(Ground::NotMobile);
    }
    if injuries.iter().any(Injury::is_patterned) {
        grounds.insert(Ground::Patterned);
    }
    grounds
}

/// How a prompt was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// By this referral.
    Referred {
        /// Its name.
        referral: String,
    },
    /// By this reason.
    Reasoned {
        /// As a code.
        code: ReasonCode,
        /// In words.
        text: Private,
    },
}

/// Who resolved a prompt, when and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Who.
    pub by: Professional,
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: How,
}

/// A prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Why.
    pub grounds: BTreeSet<Ground>, // INVARIANT: never empty, never shrinks.
    /// When it was raised, or raised again.
    pub raised: Timestamp,
    /// How it was resolved; none while it is open.
    pub resolution: Option<Resolution>,
    /// Its time has passed.
    pub escalated: bool,
    /// The lead who was told of that, if there was one to tell.
    pub escalated_to: Option<String>,
}

impl Prompt {
    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> PromptState {
        match &self.resolution {
            None => PromptState::Open,
            Some(Resolution { how: How::Referred { .. }, .. }) => PromptState::Referred,
            Some(Resolution { how: How::Reasoned { .. }, .. }) => PromptState::Reasoned,
        }
    }
}

/// What is on record of one examination, and the prompt that it raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjuryRecord {
    /// 0 before anything was recorded, then one more each time that something was.
    pub revision: u32,
    /// Whether the child moves about on its own.
    pub mobile: Answer,
    /// Every injury that was recorded.
    pub injuries: Vec<Injury>,
    /// The prompt, if there are grounds for one.
    pub prompt: Option<Prompt>,
}

/// What somebody or something wants of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A clinician records injuries.
    Record {
        /// What she saw. What is on record already is not recorded twice.
        injuries: Vec<Injury>,
        /// Whether the child moves about on its own.
        mobile: Answer,
        /// Who.
        by: Professional,
    },
    /// A referral was made that carries every injury of this revision.
    Refer {
        /// The revision that was read.
        revision: u32,
        /// Who.
        by: Professional,
        /// The referral.
        referral: String,
    },
    /// A named professional says why no referral is needed.
    Reason {
        /// The revision that was read.
        revision: u32,
        /// Who.
        by: Professional,
        /// As a code.
        code: ReasonCode,
        /// In words.
        text: Private,
    },
    /// Its time has passed: the lead is told, if there is one.
    Escalate {
        /// The lead.
        to: Option<String>,
    },
}

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something was recorded.
    Recorded,
    /// A prompt was raised, or raised again.
    Raised,
    /// It was answered by a referral.
    Referred,
    /// It was answered by a reason.
    Reasoned,
    /// The lead was told.
    Escalated,
}

/// Why a command was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no prompt.
    #[error("there is no prompt on this record")]
    NoPrompt,
    /// It was resolved before.
    #[error("the prompt is {} already", .0.word())]
    Resolved(PromptState),
    /// Something was recorded since.
    #[error("something was recorded since; read it, then answer")]
    Stale,
    /// Who answers is no clinician, or the child is a baby and she is neither doctor nor named nurse.
    #[error("this professional may not answer for it")]
    Role,
    /// No reason, or hardly one.
    #[error("a reason has at least {REASON_LEAST} characters")]
    Reason,
    /// [`INJURIES_LIMIT`]. Nothing of it was recorded.
    #[error("a record holds at most {INJURIES_LIMIT} injuries")]
    TooManyInjuries,
    /// [`PHOTOGRAPHS_LIMIT`]. Nothing of it was recorded.
    #[error("a record holds at most {PHOTOGRAPHS_LIMIT} photographs")]
    TooManyPhotographs,
}

impl Default for InjuryRecord {
    /// Before anything was recorded.
    fn default() -> Self {
        Self { revision: 0, mobile: Answer::Unknown, injuries: Vec::new(), prompt: None }
    }
}

impl InjuryRecord {
    /// Carries out a command: what it then is, and what happened.
    ///
    /// # Errors
    ///
    /// [`Refusal`], and nothing has changed.
    pub fn apply(&self, command: Command, now: Timestamp) -> Result<(Self, Vec<Event>), Refusal> {
        match command {
            Command::Record { injuries, mobile, by } => self.record(injuries, mobile, &by, now),
            Command::Refer { revision, by, referral } => {
                let may = by.role.is_clinician();
                self.resolve(
                    revision,
                    may,
                    Resolution { by, at: now, how: How::Referred { referral } },
                )
            }
            Command::Reason { revision, by, code, text } => {
                let may = if self.is_of_a_baby() {
                    by.role.may_reason_for_a_baby()
                } else {
                    by.role.is_clinician()
                };
                if text.as_str().chars().count() < REASON_LEAST {
                    return Err(Refusal::Reason);
                }
                let how = How::Reasoned { code, text };
                self.resolve(revision, may, Resolution { by, at: now, how })
            }
            Command::Escalate { to } => self.escalate(to),
        }
    }

    /// How many photographs are on record.
    #[must_use]
    pub fn photographs(&self) -> usize {
        self.injuries.iter().map(|injury| injury.photographs.len()).sum()
    }

    fn record(
        &self,
        injuries: Vec<Injury>,
        mobile: Answer,
        by: &Professional,
        now: Timestamp,
    ) -> Result<(Self, Vec<Event>), Refusal> {
        if !by.role.is_clinician() {
            return Err(Refusal::Role);
        }
        let mut next = self.clone();
        for injury in injuries {
            if !next.injuries.contains(&injury) {
                next.injuries.push(injury);
            }
        }
        if next.injuries.len() > INJURIES_LIMIT {
            return Err(Refusal::TooManyInjuries);
        }
        if next.photographs() > PHOTOGRAPHS_LIMIT {
            return Err(Refusal::TooManyPhotographs);
        }
        next.mobile = mobile;
        if next == *self && self.revision > 0 {
            return Ok((next, Vec::new()));
        }
        next.revision = self.revision.saturating_add(1);
        let mut events = vec![Event::Recorded];
        let mut found = grounds(&next.injuries, mobile);
        if let Some(before) = &self.prompt {
            found.extend(before.grounds.iter().copied());
        }
        if !found.is_empty() {
            next.prompt = Some(match self.prompt.clone() {
                Some(open) if open.resolution.is_none() => Prompt { grounds: found, ..open },
                Some(_) | None => {
                    events.push(Event::Raised);
                    Prompt {
                        grounds: found,
                        raised: now,
                        resolution: None,
                        escalated: false,
                        escalated_to: None,
                    }
                }
            });
        }
        Ok((next, events))
    }

    fn resolve(
        &self,
        revision: u32,
        may: bool,
        resolution: Resolution,
    ) -> Result<(Self, Vec<Event>), Refusal> {
        let prompt = self.open()?;
        if revision != self.revision {
            return Err(Refusal::Stale);
        }
        if !may {
            return Err(Refusal::Role);
        }
        let event = match &resolution.how {
            How::Referred { .. } => Event::Referred,
            How::Reasoned { .. } => Event::Reasoned,
        };
        let resolved = Prompt { resolution: Some(resolution), ..prompt.clone() };
        Ok((Self { prompt: Some(resolved), ..self.clone() }, vec![event]))
    }

    fn escalate(&self, to: Option<String>) -> Result<(Self, Vec<Event>), Refusal> {
        let prompt = self.open()?;
        if prompt.escalated {
            return Ok((self.clone(), Vec::new()));
        }
        let told = Prompt { escalated: true, escalated_to: to, ..prompt.clone() };
        Ok((Self { prompt: Some(told), ..self.clone() }, vec![Event::Escalated]))
    }

    fn open(&self) -> Result<&Prompt, Refusal> {
        let prompt = self.prompt.as_ref().ok_or(Refusal::NoPrompt)?;
        match prompt.state() {
            PromptState::Open => Ok(prompt),
            ended @ (PromptState::Referred | PromptState::Reasoned) => {
                Err(Refusal::Resolved(ended))
            }
        }
    }

    fn is_of_a_baby(&self) -> bool {
        self.prompt.as_ref().is_some_and(|prompt| prompt.grounds.contains(&Ground::NotMobile))
    }
}

impl fmt::Debug for Photograph {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Photograph(redacted)")
    }
}

impl fmt::Debug for Injury {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Injury(redacted)")
    }
}

#[cfg(test)]
mod tests;

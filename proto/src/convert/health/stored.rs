//! A record of injuries and its prompt, as they are shown and as they are kept: the same message, so that what is kept is
//! what was shown.

use jiff::Timestamp;
use mash_domain::{
    health::{
        injury::{Ground, How, InjuryRecord, Prompt, PromptState, ReasonCode, Resolution},
        staff::{Professional, Role},
    },
    incident::{Limit, Private},
};

use crate::{
    convert::{
        answer_from_wire, answer_to_wire, health as read, read::At, time_from_wire, time_to_wire,
        word_from_wire,
    },
    disclosure::v1 as disclosure,
    health::v1 as wire,
};

/// The record and its prompt on the wire. What only the service knows (names, clocks, teams, the patient) is left empty.
#[must_use]
pub fn record_to_wire(record: &InjuryRecord) -> wire::InjuryPrompt {
    let shown = wire::InjuryRecord {
        revision: i32::try_from(record.revision).unwrap_or(i32::MAX),
        mobile: answer_to_wire(record.mobile),
        injuries: record.injuries.iter().map(injury_to_wire).collect(),
        ..wire::InjuryRecord::default()
    };
    let mut prompt = wire::InjuryPrompt {
        revision: shown.revision,
        record: Some(shown),
        ..wire::InjuryPrompt::default()
    };
    let Some(Prompt { grounds, raised, resolution, escalated, escalated_to }) = &record.prompt
    else {
        return prompt;
    };
    prompt.state = wire::InjuryPromptState::Open.into();
    prompt.grounds = grounds.iter().map(|ground| ground.word().to_owned()).collect();
    prompt.raise_time = Some(time_to_wire(*raised));
    prompt.escalated = *escalated;
    prompt.escalated_to = escalated_to.clone().unwrap_or_default();
    if let Some(Resolution { by, at, how }) = resolution {
        prompt.resolved_by = Some(read::professional_to_wire(by));
        prompt.resolve_time = Some(time_to_wire(*at));
        match how {
            How::Referred { referral } => {
                prompt.state = wire::InjuryPromptState::Referred.into();
                prompt.referral.clone_from(referral);
            }
            How::Reasoned { code, text } => {
                prompt.state = wire::InjuryPromptState::Reasoned.into();
                code.word().clone_into(&mut prompt.reason_code);
                text.as_str().clone_into(&mut prompt.reason);
            }
        }
    }
    prompt
}

/// What [`record_to_wire`] wrote. Nothing, if a rule has grown stricter since: then it must be mended by hand, and no word of
/// it may be lost by being written again.
#[must_use]
pub fn record_from_stored(stored: &wire::InjuryPrompt) -> Option<InjuryRecord> {
    let record = stored.record.as_ref()?;
    let mut reader = read::reader();
    let mut injuries = Vec::with_capacity(record.injuries.len());
    for (index, entry) in record.injuries.iter().enumerate() {
        let at = At::root_item("injuries", index);
        injuries.push(read::entry_of(&mut reader, &at, entry.clone())?);
    }
    if !reader.violations.is_empty() {
        return None;
    }
    Some(InjuryRecord {
        revision: u32::try_from(record.revision).ok()?,
        mobile: answer_from_wire(record.mobile).ok()?,
        injuries,
        prompt: match state(stored.state()) {
            None => None,
            Some(state) => Some(prompt(stored, state)?),
        },
    })
}

const fn state(state: wire::InjuryPromptState) -> Option<PromptState> {
    match state {
        wire::InjuryPromptState::Unspecified => None,
        wire::InjuryPromptState::Open => Some(PromptState::Open),
        wire::InjuryPromptState::Referred => Some(PromptState::Referred),
        wire::InjuryPromptState::Reasoned => Some(PromptState::Reasoned),
    }
}

fn prompt(stored: &wire::InjuryPrompt, state: PromptState) -> Option<Prompt> {
    let grounds = stored.grounds.iter().map(|word| Ground::from_word(word));
    let how = match state {
        PromptState::Open => None,
        PromptState::Referred => Some(How::Referred { referral: stored.referral.clone() }),
        PromptState::Reasoned => Some(How::Reasoned {
            code: ReasonCode::from_word(&stored.reason_code)?,
            text: private(&stored.reason),
        }),
    };
    let resolution = match how {
        None => None,
        Some(how) => Some(Resolution {
            by: professional_from_stored(stored.resolved_by.as_ref()?)?,
            at: time(stored.resolve_time.as_ref()?)?,
            how,
        }),
    };
    Some(Prompt {
        grounds: grounds.collect::<Option<_>>()?,
        raised: time(stored.raise_time.as_ref()?)?,
        resolution,
        escalated: stored.escalated,
        escalated_to: Some(stored.escalated_to.clone()).filter(|to| !to.is_empty()),
    })
}

/// A professional as she was written down.
#[must_use]
pub fn professional_from_stored(stored: &wire::Professional) -> Option<Professional> {
    Some(Professional {
        practitioner: stored.practitioner.clone(),
        name: private(&stored.name),
        role: word_from_wire::<wire::Role, Role>(stored.role).ok()?,
        telephone: private(&stored.telephone),
    })
}

fn time(stored: &prost_types::Timestamp) -> Option<Timestamp> {
    time_from_wire(stored).ok()
}

fn private(text: &str) -> Private {
    Private::new(text, Limit::paragraphs(4_000)).unwrap_or_default()
}

fn injury_to_wire(injury: &mash_domain::health::injury::Injury) -> wire::BodyMapEntry {
    let text = |private: &Private| private.as_str().to_owned();
    wire::BodyMapEntry {
        site: wire::BodySite::from(injury.site).into(),
        detail: text(&injury.detail),
        kind: wire::InjuryKind::from(injury.kind).into(),
        description: text(&injury.description),
        explanation: text(&injury.explanation),
        explained: answer_to_wire(injury.explained),
        photographs: injury
            .photographs
            .iter()
            .map(|one| disclosure::Photograph {
                reference: text(&one.reference),
                media_type: text(&one.media_type),
                digest: one.digest.map_or_else(Vec::new, Vec::from),
                description: text(&one.description),
            })
            .collect(),
    }
}

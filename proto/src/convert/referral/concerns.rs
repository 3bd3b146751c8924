//! What a report says, wire to domain.

use mash_domain::{
    answer::Answer,
    incident::{Limit, Voice},
    referral::report::{
        Attachment, Concern, Evidence, Handling, Health, Injury, Intelligence, Marks, SenderGrade,
        rules,
    },
};

use super::{answer, codes};
use crate::{
    convert::{
        read::{At, Reader},
        word_from_wire,
    },
    disclosure::v1 as disclosure,
    referral::v1 as wire,
};

const LONG: Limit = Limit::paragraphs(4_000);
const SHORT: Limit = Limit::line(200);

pub(super) fn concerns(reader: &mut Reader, at: &At<'_>, all: Vec<wire::Concern>) -> Vec<Concern> {
    let field = at.field("concerns");
    if all.is_empty() {
        reader.fault(&field, codes::NO_CONCERN, "say at least one concern");
    }
    if !reader.fits(&field, &all, rules::MOST) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, wire::Concern { what, when, r#where, evidence }) in all.into_iter().enumerate() {
        let at = at.item("concerns", index);
        if what.trim().is_empty() {
            reader.fault(&at.field("what"), codes::NO_CONCERN, "say what the concern is");
        }
        let what = reader.text(&at.field("what"), &what, LONG);
        let when = reader.text(&at.field("when"), &when, SHORT);
        let place = reader.text(&at.field("where"), &r#where, SHORT);
        match word_from_wire::<disclosure::EvidenceClass, Evidence>(evidence) {
            Ok(evidence) => read.push(Concern { what, when, place, evidence }),
            Err(_) => {
                let what = "say whether it is a fact, an observation, an opinion or hearsay";
                reader.fault(&at.field("evidence"), codes::NO_EVIDENCE_CLASS, what);
            }
        }
    }
    read
}

pub(super) fn voice(reader: &mut Reader, at: &At<'_>, wire: wire::Voice) -> Voice {
    let wire::Voice { spoken_to, words, alone, not_spoken_to_reason } = wire;
    let at = at.field("voice");
    let spoken_to = answer(reader, &at.field("spoken_to"), spoken_to);
    let reason = at.field("not_spoken_to_reason");
    if spoken_to != Answer::Yes && not_spoken_to_reason.trim().is_empty() {
        reader.fault(&reason, codes::NO_VOICE_REASON, "say why the child was not spoken to");
    }
    Voice {
        spoken_to,
        words: reader.text(&at.field("words"), &words, LONG),
        alone: answer(reader, &at.field("alone"), alone),
        not_spoken_to_reason: reader.text(&reason, &not_spoken_to_reason, Limit::paragraphs(1_000)),
    }
}

pub(super) fn marks(reader: &mut Reader, at: &At<'_>, wire: Option<&wire::Marks>) -> Marks {
    let Some(wire) = wire else { return Marks::UNKNOWN };
    let wire::Marks {
        sexual_exploitation,
        criminal_exploitation,
        referred_to_mechanism,
        missing,
        in_custody,
        refuge,
        looked_after,
    } = wire;
    let at = at.field("marks");
    let mut read = |field, number: &i32| answer(reader, &at.field(field), *number);
    Marks {
        sexual_exploitation: read("sexual_exploitation", sexual_exploitation),
        criminal_exploitation: read("criminal_exploitation", criminal_exploitation),
        referred_to_mechanism: read("referred_to_mechanism", referred_to_mechanism),
        missing: read("missing", missing),
        in_custody: read("in_custody", in_custody),
        refuge: read("refuge", refuge),
        looked_after: read("looked_after", looked_after),
    }
}

pub(super) fn attachments(
    reader: &mut Reader,
    at: &At<'_>,
    all: Vec<wire::Attachment>,
) -> Vec<Attachment> {
    if !reader.fits(&at.field("attachments"), &all, rules::MOST_PHOTOGRAPHS) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, one) in all.into_iter().enumerate() {
        read.push(document(reader, &at.item("attachments", index), &one));
    }
    read
}

fn document(reader: &mut Reader, at: &At<'_>, one: &wire::Attachment) -> Attachment {
    let wire::Attachment { reference, media_type, digest, description } = one;
    if reference.trim().is_empty() {
        reader.fault(&at.field("reference"), codes::MISSING, "is required");
    }
    let parts = media_type.split_once('/');
    let fits = parts.is_some_and(|(one, other)| !one.is_empty() && !other.is_empty());
    if !media_type.is_empty() && !fits {
        reader.fault(&at.field("media_type"), codes::SHAPE, "must be one such as `image/jpeg`");
    }
    let known = <[u8; 32]>::try_from(digest.as_slice()).ok();
    if known.is_none() && !digest.is_empty() {
        reader.fault(&at.field("digest"), codes::SHAPE, "must be the 32 bytes of a SHA-256");
    }
    Attachment {
        reference: reader.text(&at.field("reference"), reference, Limit::line(100)),
        media_type: reader.text(&at.field("media_type"), media_type, Limit::line(100)),
        digest: known,
        description: reader.text(&at.field("description"), description, SHORT),
    }
}

pub(super) fn health(reader: &mut Reader, at: &At<'_>, wire: disclosure::HealthDetail) -> Health {
    let disclosure::HealthDetail { injuries, summary, photographs } = wire;
    let at = at.field("health");
    let summary = reader.text(&at.field("summary"), &summary, LONG);
    let pictures = read_photographs(reader, &at, photographs);
    if !reader.fits(&at.field("injuries"), &injuries, rules::MOST_INJURIES) {
        return Health { injuries: Vec::new(), summary, photographs: pictures };
    }
    let mut read = Vec::with_capacity(injuries.len());
    for (index, one) in injuries.into_iter().enumerate() {
        let disclosure::Injury { site, description, explanation, explained } = one;
        let at = at.item("injuries", index);
        read.push(Injury {
            site: reader.text(&at.field("site"), &site, SHORT),
            description: reader.text(
                &at.field("description"),
                &description,
                Limit::paragraphs(1_000),
            ),
            explanation: reader.text(
                &at.field("explanation"),
                &explanation,
                Limit::paragraphs(1_000),
            ),
            explained: answer(reader, &at.field("explained"), explained),
        });
    }
    Health { injuries: read, summary, photographs: pictures }
}

fn read_photographs(
    reader: &mut Reader,
    at: &At<'_>,
    all: Vec<disclosure::Photograph>,
) -> Vec<Attachment> {
    if !reader.fits(&at.field("photographs"), &all, rules::MOST_PHOTOGRAPHS) {
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, one) in all.into_iter().enumerate() {
        let disclosure::Photograph { reference, media_type, digest, description } = one;
        let one = wire::Attachment { reference, media_type, digest, description };
        read.push(document(reader, &at.item("photographs", index), &one));
    }
    read
}

pub(super) fn grade(reader: &mut Reader, at: &At<'_>, word: &str) -> Option<SenderGrade> {
    if word.is_empty() {
        return None;
    }
    let known = SenderGrade::ALL.iter().find(|grade| grade.word() == word);
    if known.is_none() {
        let what = "must be `high`, `medium`, `standard`, `red`, `amber`, `green` or empty";
        reader.fault(&at.field("sender_grade"), codes::CODE, what);
    }
    known.copied()
}

pub(super) fn intelligence(
    reader: &mut Reader,
    at: &At<'_>,
    wire: &wire::Intelligence,
) -> Option<Intelligence> {
    let wire::Intelligence { text, handling_code, source_identifiable } = wire;
    let at = at.field("intelligence");
    let handling = Handling::ALL.iter().find(|handling| handling.word() == handling_code).copied();
    if handling.is_none() && !handling_code.is_empty() {
        let what = "must be `p`, `c`, or empty where it is not known";
        reader.fault(&at.field("handling_code"), codes::CODE, what);
    }
    let text = reader.text(&at.field("text"), text, LONG);
    let source_identifiable =
        answer(reader, &at.field("source_identifiable"), *source_identifiable);
    (!text.is_empty()).then_some(Intelligence { text, handling, source_identifiable })
}

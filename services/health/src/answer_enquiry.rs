//! A doctor or nurse answers a question of a hub, by name. Each piece says how confidential it is; a third party's leaves only
//! on her word that it bears on the enquiry (R25), and what statute restricts never leaves.

use mash_chassis::Caller;
use mash_domain::{
    health::{
        confidence::{BearsOnEnquiry, Confidentiality},
        injury::Injury,
        staff::Professional,
    },
    incident::{Limit, Private},
};
use mash_partner::Answer;
use mash_proto::{
    convert::{
        Violation,
        health::{self as read, Entitled, codes, contact_of, detail_of},
        read::{At, Reader},
        word_from_wire,
    },
    disclosure::v1::{
        ChildVoice, Content, EvidenceClass, HealthDetail, Narrative, ReportedConcern,
    },
    health::v1 as wire,
    referral::v1::StatedFacts,
};

use crate::{
    Service,
    call::{Opened, id_of},
    enquiries::ENQUIRIES,
    error::Refusal,
    submit_referral::HELD,
};

/// The most pieces of an answer.
const PIECES: usize = 40;
/// The most characters of health data, and of the child's words.
const LONG: usize = 4_000;

struct Read {
    id: String,
    by: Professional,
    nothing_known: bool,
    pieces: Vec<Piece>,
    injuries: Vec<Injury>,
    word: Option<BearsOnEnquiry>,
}

struct Piece {
    text: Private,
    label: Confidentiality,
    evidence: EvidenceClass,
}

impl Service {
    pub(crate) async fn answer_enquiry(
        &self,
        caller: &Caller,
        request: wire::AnswerEnquiryRequest,
    ) -> Result<wire::AnswerEnquiryResponse, Refusal> {
        let read = read_request(request.clone(), caller);
        let what = (request.request_id.as_str(), &request);
        let (mut call, read) = match self.open((caller, "AnswerEnquiry"), what, read).await? {
            Opened::Done(answer) => return Ok(answer),
            Opened::Fresh(call, read) => (call, read),
        };
        let id = read.id.clone();
        let (answer, held_back) = sort(read)?;
        let enquiry = self.partner.answer(&mut call, &id, answer).await?;
        if held_back > 0 {
            self.partner.raise_prompt(&mut call, (&enquiry.name, HELD), None).await?;
        } else {
            self.partner.settle_prompt(&mut call, &enquiry.name, HELD).await?;
        }
        let enquiry = Some(wire::HealthEnquiry { enquiry: Some(enquiry), team: 0 });
        Ok(call.finish(wire::AnswerEnquiryResponse { enquiry, held_back }).await?)
    }
}

/// What leaves, labelled by class, and how many pieces stay.
fn sort(read: Read) -> Result<(Answer, i32), Refusal> {
    let Read { id: _, by, nothing_known, pieces, injuries, word } = read;
    let mut content = Content::default();
    let (mut health, mut words) = (detail_of(&injuries), Vec::new());
    let (mut clinical, mut concerns, mut held) = (Vec::new(), Vec::new(), 0);
    for Piece { text, label, evidence } in pieces {
        let text = text.as_str().to_owned();
        // The label alone says what may leave; nothing else here looks at the word that was given.
        if label.class(word.as_ref()).is_err() {
            held += 1;
            continue;
        }
        match label {
            Confidentiality::Observation => {
                let evidence = evidence.into();
                concerns.push(ReportedConcern {
                    what: text,
                    evidence,
                    ..ReportedConcern::default()
                });
            }
            Confidentiality::Clinical => clinical.push(text),
            Confidentiality::ChildVoice => words.push(text),
            Confidentiality::ThirdParty => content.third_party.push(text),
            Confidentiality::Restricted => held += 1,
        }
    }
    health.summary = clinical.join("\n\n");
    let words = words.join("\n\n");
    if health.summary.chars().count() > LONG || words.chars().count() > LONG {
        let what =
            "the clinical pieces, or the child's words, have more than 4,000 characters together";
        return Err(Refusal::field("items", codes::TOO_LONG, what));
    }
    if health != HealthDetail::default() {
        content.health = Some(health);
    }
    if !concerns.is_empty() {
        content.narrative = Some(Narrative { concerns, ..Narrative::default() });
    }
    if !words.is_empty() {
        let spoken_to = mash_proto::r#type::v1::Answer::Yes.into();
        content.voice = Some(ChildVoice { spoken_to, words, ..ChildVoice::default() });
    }
    if content == Content::default() && !nothing_known {
        let what =
            "everything that was given stays here: nobody has said that it bears on the enquiry";
        return Err(Refusal::field("items", codes::NO_ANSWER, what));
    }
    let third_party_relevant = !content.third_party.is_empty();
    let facts = StatedFacts { third_party_relevant, ..StatedFacts::default() };
    Ok((Answer { content, facts, nothing_known, by: contact_of(&by) }, held))
}

fn read_request(
    request: wire::AnswerEnquiryRequest,
    caller: &Caller,
) -> Result<Read, Vec<Violation>> {
    let practitioner = caller.practitioner.clone().unwrap_or_default();
    let mut reader = read::reader();
    let id = id_of(ENQUIRIES, &request.name).map(str::to_owned);
    let id = id.map_err(|fault| reader.violations.push(fault)).ok();
    let by = (practitioner.as_str(), Entitled::DoctorOrNurse);
    let by = read::professional(&mut reader, &At::root("professional"), request.professional, by);
    let given = !request.items.is_empty() || !request.injuries.is_empty();
    if request.nothing_known == given {
        let what = "say what is known, or that nothing is, and not both";
        reader.fault(&At::root("items"), codes::NO_ANSWER, what);
    }
    let pieces = read_pieces(&mut reader, request.items);
    let injuries = read::body_map(&mut reader, "injuries", request.injuries);
    let bears = At::root("third_party_bears");
    let word = read::bears(&mut reader, &bears, request.third_party_bears, &practitioner);
    let nothing_known = request.nothing_known;
    let read = match (id, by) {
        (Some(id), Some(by)) => Some(Read { id, by, nothing_known, pieces, injuries, word }),
        _ => None,
    };
    reader.finish(read)
}

fn read_pieces(reader: &mut Reader, items: Vec<wire::LabelledItem>) -> Vec<Piece> {
    if !reader.fits(&At::root("items"), &items, PIECES) {
        return Vec::new();
    }
    let mut pieces = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let at = At::root_item("items", index);
        let wire::LabelledItem { text, confidentiality, evidence } = item;
        let label = word_from_wire::<wire::Confidentiality, Confidentiality>(confidentiality);
        let label = reader.coded(&at.field("confidentiality"), label);
        let most = if label == Some(Confidentiality::ThirdParty) { 2_000 } else { LONG };
        if text.trim().is_empty() {
            reader.fault(&at.field("text"), codes::MISSING, "is required");
        }
        let text = reader.text(&at.field("text"), &text, Limit::paragraphs(most));
        let evidence = EvidenceClass::try_from(evidence).unwrap_or_default();
        if label == Some(Confidentiality::Observation) && evidence == EvidenceClass::Unspecified {
            let what = "say whether it is a fact, an observation, an opinion or hearsay";
            reader.fault(&at.field("evidence"), codes::NOT_AN_ANSWER, what);
        }
        pieces.extend(label.map(|label| Piece { text, label, evidence }));
    }
    pieces
}

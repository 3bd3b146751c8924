//! What health records, wire to domain and back.
//!
//! Reading reports every violation at once. Answers that were left out are UNKNOWN, which protects the child everywhere
//! here: an injury is then not explained, and a child may not move about.

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    answer::Answer,
    health::{
        confidence::{BearsOnEnquiry, Confidentiality, NoWord},
        injury::{self, BodySite, Injury, InjuryKind, Photograph},
        protection::Answer as ProtectionAnswer,
        staff::{Professional, Role},
        team::{AgeThresholds, Team},
    },
    identifier::NhsNumber,
    incident::{Limit, Private},
};

pub mod codes;
mod stored;

pub use stored::{professional_from_stored, record_from_stored, record_to_wire};

use crate::{
    convert::{
        ConvertError, answer_from_wire, answer_to_wire,
        read::{At, Reader},
        word_from_wire,
    },
    disclosure::v1 as disclosure,
    health::v1 as wire,
};

words! {
    wire::Role => Role {
        Doctor, GeneralPractitioner, Nurse, Midwife, HealthVisitor, SchoolNurse, Paramedic, AlliedProfessional, NamedDoctor,
        NamedNurse, NamedMidwife, Administrator
    }
    wire::Team => Team { Midwifery, HealthVisiting, SchoolNursing, GeneralPractice }
    wire::BodySite => BodySite {
        Head, Face, Ear, Mouth, Neck, Torso, Back, Buttocks, Genitals, Arm, Hand, Leg, Foot
    }
    wire::InjuryKind => InjuryKind { Bruise, Burn, Fracture, Bite, Cut, Other }
    wire::Confidentiality => Confidentiality { Observation, Clinical, ChildVoice, ThirdParty, Restricted }
    wire::ProtectionAnswer => ProtectionAnswer { Plan, LookedAfter, UnbornPlan, NotOnFile, CannotSay }
}

const NAME: Limit = Limit::line(200);
const WORDS: Limit = Limit::paragraphs(1_000);
/// Leaves room for the word of the sort of injury, which a report puts before it.
const SEEN: Limit = Limit::paragraphs(900);

/// For what a professional has to be entitled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitled {
    /// Anybody with a name.
    Anybody,
    /// To report a child.
    Clinician,
    /// To answer for what a record says.
    DoctorOrNurse,
}

/// A reader whose faults are told by the codes of health.
#[must_use]
pub const fn reader() -> Reader {
    Reader::new(&codes::READING)
}

/// An answer; left out, it is not known.
pub fn answer(reader: &mut Reader, at: &At<'_>, number: i32) -> Answer {
    if number == 0 {
        return Answer::Unknown;
    }
    reader.coded(at, answer_from_wire(number)).unwrap_or(Answer::Unknown)
}

/// Who acts, in her name and for this practitioner.
pub fn professional(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::Professional>,
    (practitioner, entitled): (&str, Entitled),
) -> Option<Professional> {
    let wire::Professional { name, role, telephone, practitioner: _ } = reader.present(at, wire)?;
    if name.trim().is_empty() {
        reader.fault(&at.field("name"), codes::MISSING, "a professional acts in her name");
    }
    let name = reader.text(&at.field("name"), &name, NAME);
    let telephone = reader.text(&at.field("telephone"), &telephone, Limit::line(32));
    let role_at = at.field("role");
    let role = reader.coded(&role_at, word_from_wire::<wire::Role, Role>(role))?;
    let refused = match entitled {
        Entitled::Anybody => None,
        Entitled::Clinician if role.is_clinician() => None,
        Entitled::Clinician => Some((codes::NO_CLINICIAN, "a clinician has to do this")),
        Entitled::DoctorOrNurse if role.is_doctor_or_nurse() => None,
        Entitled::DoctorOrNurse => {
            Some((codes::NO_DOCTOR_OR_NURSE, "a doctor or nurse has to do this, by name"))
        }
    };
    if let Some((code, what)) = refused {
        reader.fault(&role_at, code, what);
    }
    Professional::new(practitioner, name, role, telephone).ok()
}

/// A doctor's or nurse's word that third-party data bears on the enquiry; none if it was not given.
pub fn bears(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::BearsOnEnquiry>,
    practitioner: &str,
) -> Option<BearsOnEnquiry> {
    let wire::BearsOnEnquiry { professional: by, reason } = wire?;
    let by = professional(reader, &at.field("professional"), by, (practitioner, Entitled::Anybody));
    let reason_at = at.field("reason");
    let reason = reader.text(&reason_at, &reason, WORDS);
    match BearsOnEnquiry::new(by?, reason) {
        Ok(word) => Some(word),
        Err(NoWord::Role) => {
            let role_at = at.field("professional");
            let what = "a doctor or nurse has to say so, by name";
            reader.fault(&role_at.field("role"), codes::NO_DOCTOR_OR_NURSE, what);
            None
        }
        Err(NoWord::Reason) => {
            reader.fault(&reason_at, codes::MISSING, "say how it bears on the enquiry");
            None
        }
    }
}

/// A photograph that the board holds.
fn photograph(reader: &mut Reader, at: &At<'_>, wire: disclosure::Photograph) -> Photograph {
    let disclosure::Photograph { reference, media_type, digest, description } = wire;
    if reference.trim().is_empty() {
        reader.fault(&at.field("reference"), codes::MISSING, "is required");
    }
    let known = <[u8; 32]>::try_from(digest.as_slice()).ok();
    if known.is_none() && !digest.is_empty() {
        reader.fault(&at.field("digest"), codes::PHOTOGRAPH, "must be the 32 bytes of a SHA-256");
    }
    let parts = media_type.split_once('/');
    if !media_type.is_empty() && parts.is_none_or(|(one, two)| one.is_empty() || two.is_empty()) {
        let what = "must be one such as `image/jpeg`";
        reader.fault(&at.field("media_type"), codes::PHOTOGRAPH, what);
    }
    Photograph {
        reference: reader.text(&at.field("reference"), &reference, Limit::line(100)),
        media_type: reader.text(&at.field("media_type"), &media_type, Limit::line(100)),
        digest: known,
        description: reader.text(&at.field("description"), &description, NAME),
    }
}

/// Injuries of a body map. More than a record can hold are one fault, which says so: none is left out in silence.
pub fn body_map(
    reader: &mut Reader,
    field: &'static str,
    all: Vec<wire::BodyMapEntry>,
) -> Vec<Injury> {
    if !reader.fits(&At::root(field), &all, injury::INJURIES_LIMIT) {
        return Vec::new();
    }
    let photographs: usize = all.iter().map(|entry| entry.photographs.len()).sum();
    if photographs > injury::PHOTOGRAPHS_LIMIT {
        let most = injury::PHOTOGRAPHS_LIMIT;
        let what = format!("hold {photographs} photographs; at most {most} are accepted");
        reader.fault(&At::root(field), codes::TOO_LONG, what);
        return Vec::new();
    }
    let mut read = Vec::with_capacity(all.len());
    for (index, entry) in all.into_iter().enumerate() {
        read.extend(entry_of(reader, &At::root_item(field, index), entry));
    }
    read
}

fn entry_of(reader: &mut Reader, at: &At<'_>, entry: wire::BodyMapEntry) -> Option<Injury> {
    let wire::BodyMapEntry { site, detail, kind, description, explanation, explained, photographs } =
        entry;
    let site = reader.coded(&at.field("site"), word_from_wire::<wire::BodySite, BodySite>(site));
    let kind =
        reader.coded(&at.field("kind"), word_from_wire::<wire::InjuryKind, InjuryKind>(kind));
    let detail = reader.text(&at.field("detail"), &detail, NAME);
    let description = reader.text(&at.field("description"), &description, SEEN);
    let explanation = reader.text(&at.field("explanation"), &explanation, WORDS);
    let explained = answer(reader, &at.field("explained"), explained);
    let mut pictures = Vec::with_capacity(photographs.len());
    for (index, one) in photographs.into_iter().enumerate() {
        pictures.push(photograph(reader, &at.item("photographs", index), one));
    }
    Some(Injury {
        site: site?,
        detail,
        kind: kind?,
        description,
        explanation,
        explained,
        photographs: pictures,
    })
}

/// Who was examined, once it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient {
    /// NHS number, if it is known.
    pub nhs_number: Option<NhsNumber>,
    /// Given names; may be empty.
    pub given_names: Private,
    /// Family name; may be empty.
    pub family_name: Private,
    /// Date of birth, if it is known.
    pub date_of_birth: Option<Date>,
}

/// Who was examined. Something has to say who.
pub fn patient(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::Patient>,
    today: Date,
) -> Option<Patient> {
    let wire::Patient { nhs_number, given_names, family_name, date_of_birth } =
        reader.present(at, wire)?;
    let nobody = nhs_number.is_empty() && given_names.is_empty() && family_name.is_empty();
    if nobody {
        reader.fault(at, codes::MISSING, "say who the child is: a number or a name");
    }
    let born_at = at.field("date_of_birth");
    let born = date_of_birth.and_then(|date| reader.date(&born_at, date));
    if born.is_some_and(|born| born > today) {
        reader.fault(&born_at, codes::DATE, "lies in the future");
    }
    Some(Patient {
        nhs_number: nhs_number_of(reader, &at.field("nhs_number"), &nhs_number),
        given_names: reader.text(&at.field("given_names"), &given_names, NAME),
        family_name: reader.text(&at.field("family_name"), &family_name, NAME),
        date_of_birth: born,
    })
}

/// An NHS number whose check digit holds; none if it was left out.
pub fn nhs_number_of(reader: &mut Reader, at: &At<'_>, text: &str) -> Option<NhsNumber> {
    reader.optional(at, text, codes::NHS_NUMBER)
}

/// A reference of the board's own.
pub fn reference(reader: &mut Reader, at: &At<'_>, text: &str) -> String {
    let text = text.trim();
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    if !fits {
        let what =
            "1 to 64 letters, digits, slashes, dots, hyphens or underscores; no personal data";
        reader.fault(at, codes::REFERENCE, what);
    }
    text.to_owned()
}

/// A time that has passed.
pub fn past(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<prost_types::Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let wire = reader.present(at, wire)?;
    let time = super::time_from_wire(&wire).ok();
    let Some(time) = time else {
        reader.fault(at, codes::DATE, "no such time");
        return None;
    };
    // A sender's clock may be a little ahead.
    if time > now.saturating_add(jiff::SignedDuration::from_mins(5)).unwrap_or(now) {
        reader.fault(at, codes::DATE, "lies in the future");
    }
    Some(time)
}

/// The ages of a board; left out, the usual ones.
pub fn thresholds(
    reader: &mut Reader,
    at: &At<'_>,
    wire: Option<wire::AgeThresholds>,
) -> AgeThresholds {
    let Some(wire::AgeThresholds { midwifery_days, school_age_years }) = wire else {
        return AgeThresholds::default();
    };
    let days = u8::try_from(midwifery_days).unwrap_or(u8::MAX);
    let years = u8::try_from(school_age_years).unwrap_or(u8::MAX);
    AgeThresholds::new(days, years).unwrap_or_else(|error| {
        reader.fault(at, codes::THRESHOLDS, error.to_string());
        AgeThresholds::default()
    })
}

/// For the wire, with who she is for the board.
#[must_use]
pub fn professional_to_wire(by: &Professional) -> wire::Professional {
    wire::Professional {
        name: by.name.as_str().to_owned(),
        role: wire::Role::from(by.role).into(),
        telephone: by.telephone.as_str().to_owned(),
        practitioner: by.practitioner.clone(),
    }
}

/// Whom to ask, for a disclosure.
#[must_use]
pub fn contact_of(by: &Professional) -> disclosure::ProfessionalContact {
    disclosure::ProfessionalContact {
        reference: by.practitioner.clone(),
        telephone: by.telephone.as_str().to_owned(),
        name: by.name.as_str().to_owned(),
        role: by.role.word().to_owned(),
        // The rest is the service's to say.
        ..disclosure::ProfessionalContact::default()
    }
}

/// The injuries and photographs of a body map, as health data about the child. None is left out.
#[must_use]
pub fn detail_of(injuries: &[Injury]) -> disclosure::HealthDetail {
    let text = |private: &Private| private.as_str().to_owned();
    disclosure::HealthDetail {
        injuries: injuries
            .iter()
            .map(|one| disclosure::Injury {
                site: place_of(one),
                description: format!("{}: {}", one.kind.word(), one.description.as_str()),
                explanation: text(&one.explanation),
                explained: answer_to_wire(one.explained),
            })
            .collect(),
        summary: String::new(),
        photographs: injuries
            .iter()
            .flat_map(|one| &one.photographs)
            .map(|one| disclosure::Photograph {
                reference: text(&one.reference),
                media_type: text(&one.media_type),
                digest: one.digest.map_or_else(Vec::new, Vec::from),
                description: text(&one.description),
            })
            .collect(),
    }
}

fn place_of(injury: &Injury) -> String {
    match injury.detail.as_str() {
        "" => injury.site.word().to_owned(),
        detail => {
            let place = format!("{}, {detail}", injury.site.word());
            place.chars().take(200).collect()
        }
    }
}

#[cfg(test)]
mod tests;
